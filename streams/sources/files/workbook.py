"""Rows of a workbook (.xlsx), one at a time, each cell as the text that a mapping can speak of.

Dates and times are written as ISO 8601 has them, however the workbook shows them: `2026-10-05 09:30:12`, without a
time where the cell shows none. A whole number has no decimals. Formulas are what they came to when it was saved.
"""

import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import NoneType
from typing import Any, BinaryIO, Final

from streams.settings.toml.text import nearest
from streams.sources.files.lines import NumberedRow
from streams.sources.files.unpacking import FileError
from streams.sources.mapping import FileFormat

ROWS_MAX: Final = 1_048_576
"""What a sheet can have."""

SHARED_TEXTS_BYTES_MAX: Final = 128 * 1024 * 1024
"""The texts of a workbook stand in it once, and are read whole."""

SHEET_BYTES_MAX: Final = 2 * 1024 * 1024 * 1024

ROW_BYTES_MAX: Final = 8 * 1024 * 1024
"""From one row to the next: 16,384 columns of 32,767 characters are not what a contact has."""

_PIECE_BYTES: Final = 1024 * 1024


def workbook_rows(stream: BinaryIO, form: FileFormat) -> Iterator[NumberedRow]:
    """Each row with its number in the sheet; rows of empty cells are none.

    Raises `FileError` when the workbook cannot be read, or the mapping must say which sheet is meant.
    """
    _check_sizes(stream)
    book = _damaged_if_it_fails(lambda: _load(stream))
    try:
        sheet = _sheet(book, form.sheet)
        sheet.reset_dimensions()  # what the file says of its size may be anything
        rows = iter(sheet.iter_rows())
        for number in range(1, ROWS_MAX + 2):
            cells = _damaged_if_it_fails(lambda: next(rows, None))
            if cells is None:
                return
            if number <= form.lines_before:
                continue
            texts = [_text(cell) for cell in cells]
            if any(map(str.strip, texts)):
                yield number, texts
        raise FileError(f"The sheet has more than {ROWS_MAX:,} rows, which no spreadsheet has; save it as CSV.")
    finally:
        book.close()


def sheet_names(stream: BinaryIO) -> list[str]:
    """The sheets that a person sees.

    Raises `FileError` when the workbook cannot be read.
    """
    _check_sizes(stream)
    book = _damaged_if_it_fails(lambda: _load(stream))
    try:
        return [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
    finally:
        book.close()


def _load(stream: BinaryIO) -> Any:
    import openpyxl  # noqa: PLC0415 - a quarter of a second that no other file needs

    stream.seek(0)
    return openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)


def _damaged_if_it_fails(read: Any) -> Any:
    try:
        return read()
    except Exception as error:
        raise FileError(f"The workbook is damaged ({type(error).__name__}); save it again, or as CSV.") from error


def _sheet(book: Any, wanted: str) -> Any:
    names = [sheet.title for sheet in book.worksheets]
    if wanted:
        if wanted not in names:
            raise FileError(f"[file]: sheet: the workbook has no sheet {wanted!r}; {nearest(wanted, names)}")
        return book[wanted]
    shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if len(shown) != 1:
        raise FileError(
            f"The workbook has {len(shown)} sheets: {', '.join(sheet.title for sheet in shown)}; "
            'say which one is meant with sheet = "..." in [file] of the mapping.'
        )
    return shown[0]


def _text(cell: Any) -> str:
    value = cell.value
    if isinstance(value, datetime):
        return _moment(value, cell.number_format)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    for kind, write in _WRITERS:
        if isinstance(value, kind):
            return write(value)
    return str(value)


def _moment(moment: datetime, shown_as: str) -> str:
    """The time too, unless it is midnight in a cell that shows the day alone."""
    if moment.time() == time() and not any(code in shown_as.lower() for code in "hs"):
        return moment.date().isoformat()
    return moment.isoformat(" ", "milliseconds" if moment.microsecond else "seconds")


def _duration(length: timedelta) -> str:
    """As H:MM:SS, with milliseconds where there are some."""
    seconds, milliseconds = divmod(round(length.total_seconds() * 1000), 1000)
    text = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{milliseconds:03}" if milliseconds else text


_WRITERS: Final[tuple[tuple[Any, Callable[[Any], str]], ...]] = (
    (NoneType, lambda _: ""),
    (float, lambda value: str(int(value)) if value.is_integer() else f"{Decimal(repr(value)):f}"),
    (timedelta, _duration),
    ((date, time), lambda value: value.isoformat()),
)


def _check_sizes(stream: BinaryIO) -> None:
    """Return when no part of the workbook is larger than a workbook's, and none of its rows.

    Reads it once, since what it says of itself may be untrue, and the parser holds each row and all texts in memory.
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            for info in archive.infolist():
                if not info.filename.endswith((".xml", ".rels")):
                    continue
                is_sheet = info.filename.startswith("xl/worksheets/")
                if info.file_size > (SHEET_BYTES_MAX if is_sheet else SHARED_TEXTS_BYTES_MAX):
                    raise FileError(f"The workbook's {info.filename} is too large to be read; save it as CSV.")
                if is_sheet:
                    _check_rows(archive, info)
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError) as error:
        raise FileError(f"The workbook is damaged or locked by a password ({error}); save it again.") from error


def _check_rows(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    since_row = 0
    with archive.open(info) as part:
        while piece := part.read(_PIECE_BYTES):
            last = max(piece.rfind(b"<row"), piece.rfind(b":row"))
            since_row = len(piece) - last if last >= 0 else since_row + len(piece)
            if since_row > ROW_BYTES_MAX:
                raise FileError("The workbook has a row of more than 8 MiB; save it as CSV.")
