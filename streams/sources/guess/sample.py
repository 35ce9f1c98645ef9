"""How a file is written, and its first rows: enough to tell what it holds, whatever its size."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, takewhile
from typing import Any, BinaryIO, Final, TypeVar

import msgspec

from streams.sources.files.columns import DELIMITERS
from streams.sources.files.json_lines import fields, numbered_lines, record_of
from streams.sources.files.lines import NumberedRow, numbered_rows, said_separator
from streams.sources.files.row import RowLeftOutError
from streams.sources.files.unpacking import Content, FileError, unpacked
from streams.sources.files.workbook import sheet_names, workbook_rows
from streams.sources.guess.written import is_name
from streams.sources.mapping import FileFormat

SAMPLE_BYTES: Final = 1024 * 1024
ROWS: Final = 2_000
COLUMNS_MAX: Final = 500
TITLES_MAX: Final = 30
"""Rows in which the names are looked for."""

_TOTALS: Final = ("totaal", "total", "som", "sum", "gemiddeld", "average", "moyenne", "aantal")
_MAJORITY: Final = 0.6
_DOS_LETTERS: Final = frozenset(range(0x80, 0xA6))
_WINDOWS_LETTERS: Final = frozenset(range(0xC0, 0x100))


class Sample(msgspec.Struct, kw_only=True):
    """The first rows of a file, and how it is written."""

    content: Content
    columns: list[str]
    """Their names, or numbered ones."""
    rows: list[list[str]]
    """All of one width."""
    has_names: bool = True
    is_whole: bool = True
    """Whether there are no other rows."""
    delimiter: str = ","
    says_delimiter: bool = False
    encoding: str = "utf-8"
    lines_before: int = 0
    rows_after: int = 0
    is_uneven: bool = False
    sheets: list[str] = []
    records: list[dict[str, Any]] = []
    """Of JSON lines."""

    def values(self, column: str) -> list[str]:
        """What stands in a column."""
        place = self.columns.index(column)
        return [row[place] for row in self.rows]


_Sized = TypeVar("_Sized")


def _few(rows: Iterable[_Sized], size: Callable[[_Sized], int]) -> Iterator[_Sized]:
    """The first rows, and no more than fit into memory however long they are."""
    left = SAMPLE_BYTES
    for row in islice(rows, ROWS):
        yield row
        left -= size(row)
        if left < 0:
            return


def _characters(numbered: NumberedRow) -> int:
    return sum(map(len, numbered[1] or ()))


def look(stream: BinaryIO) -> Sample:
    """The sample of a file.

    Raises `FileError` when there are no rows in it, or it is of a kind that nobody reads.
    """
    with unpacked(stream, "") as (content, plain):
        if content is Content.JSON_LINES:
            return _records(plain)
        if content is Content.WORKBOOK:
            return _workbook(plain)
        return _text(plain)


def _records(stream: BinaryIO) -> Sample:
    records = []
    for _, line in _few(numbered_lines(stream), lambda numbered: len(numbered[1] or b"")):
        try:
            records.append(record_of(line))
        except RowLeftOutError:
            continue
    found = [dict(islice(fields(record), COLUMNS_MAX)) for record in records]
    columns = list(dict.fromkeys(name for record in found for name in record))[:COLUMNS_MAX]
    rows = [[record.get(name, "").strip() for name in columns] for record in found]
    return Sample(content=Content.JSON_LINES, columns=columns, rows=rows, is_whole=len(rows) < ROWS, records=records)


def _workbook(stream: BinaryIO) -> Sample:
    sheets = sheet_names(stream)
    if not sheets:
        raise FileError("The workbook has no sheet that is seen.")
    rows = list(_few(workbook_rows(stream, FileFormat(sheet=sheets[0])), _characters))
    sample = _table(rows, Content.WORKBOOK, is_whole=len(rows) < ROWS)
    sample.sheets = sheets
    sample.is_uneven = False
    return sample


def _text(stream: BinaryIO) -> Sample:
    data = stream.read(SAMPLE_BYTES)
    is_whole = len(data) < SAMPLE_BYTES
    if not is_whole:
        data = data[: data.rfind(b"\n") + 1] or data
    encoding = _encoding(data)
    text = data.decode(encoding, "replace")
    said = said_separator(text.partition("\n")[0])
    delimiter = said or _delimiter(text)
    form = FileFormat(delimiter=delimiter, encoding=encoding, quote='"' if '"' in text else "")
    rows = list(islice(numbered_rows(io.BytesIO(data), form), ROWS))
    if not is_whole and len(rows) > 1:
        rows.pop()  # perhaps a part of it
    sample = _table(rows, Content.TEXT, is_whole=is_whole and len(rows) < ROWS)
    sample.delimiter, sample.says_delimiter, sample.encoding = delimiter, said is not None, encoding
    if sample.lines_before == 1 and said:
        sample.lines_before = 0
    return sample


def _encoding(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        data.decode()
    except UnicodeDecodeError:
        seen = Counter(data)
        dos, windows = (sum(seen[byte] for byte in letters) for letters in (_DOS_LETTERS, _WINDOWS_LETTERS))
        return "cp850" if dos > windows else "cp1252"
    return "utf-8"


def _delimiter(text: str) -> str:
    """The character that splits most rows into as many fields as most others have."""
    lines = [line for line in islice(text.splitlines(), 200) if line.strip()]

    def fit(delimiter: str) -> tuple[float, int]:
        widths = Counter(map(len, _parsed(lines, delimiter)))
        split = sum(count for width, count in widths.items() if width > 1) / max(1, widths.total())
        width, count = max(widths.items(), key=lambda each: (each[0] > 1, each[1]), default=(1, 0))
        return (split + count / max(1, widths.total()), width) if width > 1 else (0.0, 1)

    return max(DELIMITERS, key=fit)


def _parsed(lines: Sequence[str], delimiter: str) -> Iterator[list[str]]:
    rows = csv.reader(lines, delimiter=delimiter)
    while True:
        try:
            yield next(rows)
        except StopIteration:
            return
        except csv.Error:
            continue


def _table(numbered: list[NumberedRow], content: Content, *, is_whole: bool) -> Sample:
    found = [(line, [text.strip() for text in row]) for line, row in numbered if row is not None]
    if not found:
        raise FileError("The file has no rows.")
    widest = max(len(row) for _, row in found)
    usual, _ = Counter(len(row) for _, row in found).most_common(1)[0]
    names_at = _names_at([row for _, row in found[:TITLES_MAX]], usual)
    if names_at is None:
        columns = [f"column{number}" for number in range(1, min(widest, COLUMNS_MAX) + 1)]
        rows, before = found, 0
    else:
        line, names = found[names_at]
        columns, rows, before = names[:COLUMNS_MAX], found[names_at + 1 :], line - 1
    width = len(columns)
    after = _totals_below([row for _, row in rows]) if is_whole else 0
    rows = rows[: len(rows) - after]
    uneven = any(len(row) != width and not any(row[width:]) for _, row in rows)
    even = [[*row[:width], *[""] * (width - len(row))] for _, row in rows]
    return Sample(
        content=content,
        columns=columns,
        rows=even,
        has_names=names_at is not None,
        is_whole=is_whole,
        lines_before=before,
        rows_after=after,
        is_uneven=uneven,
    )


def _totals_below(rows: Sequence[Sequence[str]]) -> int:
    """How many of the last rows begin with a word for totals."""
    words = (next(filter(None, row), "").casefold() for row in reversed(rows))
    return sum(1 for _ in takewhile(lambda word: word.startswith(_TOTALS), words))


def _names_at(rows: list[list[str]], usual: int) -> int | None:
    """The place of the row of names, None where the first row is one of data."""
    for place, row in enumerate(rows):
        filled = [text for text in row if text]
        if len(filled) < max(2, _MAJORITY * usual) and usual > 1:
            continue
        names = sum(map(is_name, filled))
        return place if names == len(filled) and len(set(filled)) == len(filled) else None
    return None
