"""Rows of a file to events, as a mapping says: delimited text, a workbook or JSON lines.

Each row stands for itself: it becomes all of its events, or it is left out with a reason and the rest goes on.
Texts are taken without the spaces around them, and a null value of the mapping is an empty text everywhere.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import BinaryIO, Final

import msgspec

from streams.sources.files.clocks import check_clocks
from streams.sources.files.columns import Fields, header
from streams.sources.files.json_lines import Cells, numbered_lines, record_of
from streams.sources.files.lines import NumberedRow, numbered_rows
from streams.sources.files.row import (
    AFTER_LAST,
    LeftOut,
    NumberedCells,
    Row,
    RowLeftOutError,
    Unreadable,
    begun,
)
from streams.sources.files.row_events import RowEvents
from streams.sources.files.unpacking import Content, unpacked
from streams.sources.files.workbook import workbook_rows
from streams.sources.mapping import FileMapping

ROWS_LOOKED_AT: Final = 200
"""So many rows are read before the first event is sent, to see whether the mapping means what it says."""

LINES_SHOWN: Final = 3


class Notes(msgspec.Struct):
    """What is to be said of a file that was read to its end."""

    texts: list[str] = []
    misnamed: bool = False
    """Whether the mapping names something that is surely called otherwise in the file."""


def read_rows(stream: BinaryIO, mapping: FileMapping, notes: Notes | None = None) -> Iterator[Row]:
    """The rows of a file, one at a time; the stream must stay open while they are read, and is left open.

    Raises `MappingError`, before the first row, when the file is not as the mapping says: it lacks columns, or holds
    durations where times of day are expected. Raises `FileError`, then or later, when it is no file of rows, or not
    whole.
    """
    return begun(_read(stream, mapping, Notes() if notes is None else notes))


def _read(stream: BinaryIO, mapping: FileMapping, notes: Notes) -> Iterator[Row]:
    with unpacked(stream, mapping.file.encoding) as (content, plain):
        is_json = content is Content.JSON_LINES
        numbered = _of_records(plain, mapping, notes) if is_json else _of_table(plain, mapping, content)
        looked_at = list(islice(numbered, ROWS_LOOKED_AT))
        check_clocks(mapping, looked_at)
        yield from _events(chain(looked_at, numbered), mapping, notes)


def _of_table(stream: BinaryIO, mapping: FileMapping, content: Content) -> Iterator[NumberedCells]:
    form, is_book = mapping.file, content is Content.WORKBOOK
    numbered = workbook_rows(stream, form) if is_book else numbered_rows(stream, form)
    columns = form.columns or header(numbered, mapping)
    fields = Fields(mapping, columns, uneven=is_book or form.uneven_rows)
    return _but_last((_cells(row, fields) for row in numbered), form.rows_after)


def _cells(row: NumberedRow, fields: Fields) -> NumberedCells:
    line, texts = row
    try:
        return line, LeftOut(Unreadable.ROW) if texts is None else fields(texts)
    except RowLeftOutError as error:
        return line, error.left_out


def _of_records(stream: BinaryIO, mapping: FileMapping, notes: Notes) -> Iterator[NumberedCells]:
    cells = Cells(mapping)
    met_any = False
    for number, line in numbered_lines(stream):
        met_any = True
        try:
            yield number, cells(record_of(line))
        except RowLeftOutError as error:
            yield number, error.left_out
    for text, is_surely in cells.unmet() if met_any else ():
        notes.texts.append(text)
        notes.misnamed |= is_surely


def _but_last(rows: Iterable[NumberedCells], after: int) -> Iterator[NumberedCells]:
    """The rows, the last ones as left out on purpose: totals, whatever stands in them."""
    held: deque[NumberedCells] = deque()
    for row in rows:
        held.append(row)
        if len(held) > after:
            yield held.popleft()
    for line, _ in held:
        yield line, LeftOut(AFTER_LAST, on_purpose=True)


def _events(rows: Iterable[NumberedCells], mapping: FileMapping, notes: Notes) -> Iterator[Row]:
    events_of = RowEvents(mapping)
    ambiguous: list[int] = []
    count = 0
    for line, cells in rows:
        row = _row(line, cells, events_of)
        if row.is_ambiguous:
            count += 1
            ambiguous += [line] if len(ambiguous) < LINES_SHOWN else []
        yield row
    if count:
        notes.texts.append(_told_of_ambiguous(count, ambiguous))


def _row(line: int, cells: list[str] | LeftOut, events_of: RowEvents) -> Row:
    if isinstance(cells, LeftOut):
        return Row(line, [], cells)
    try:
        told = events_of(cells)
    except RowLeftOutError as error:
        return Row(line, [], error.left_out)
    return Row(line, told.events, is_ambiguous=told.is_ambiguous)


def _told_of_ambiguous(count: int, lines: list[int]) -> str:
    places = ", ".join(map(str, lines)) + (", …" if count > len(lines) else "")
    return (
        "Rows in the hour that comes twice as clocks go back, taken as its first coming since nothing in them tells: "
        f"{count:,} ({'line' if count == 1 else 'lines'} {places}). Times with an offset, or in UTC, would tell."
    )
