"""Rows of a delimited file to events, as a mapping says.

Each row stands for itself: it becomes all of its events, or it is left out with a reason and the rest goes on.
Texts are taken without the spaces around them, and a null value of the mapping is an empty text everywhere.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import BinaryIO, Final
from zoneinfo import ZoneInfo

import msgspec

from streams.channels.named_events import maker, needs_plan
from streams.contracts.decode import Event
from streams.contracts.events import CLUSTER_LENGTH_MAX, ID_LENGTH_MAX
from streams.sources.files.columns import Fields, header, used_columns
from streams.sources.files.json_lines import Cells, numbered_lines, record_of
from streams.sources.files.lines import numbered_rows
from streams.sources.files.row import AFTER_LAST, LeftOut, Row, RowLeftOutError, Unreadable, begun, unreadable
from streams.sources.files.unpacking import Content, unpacked
from streams.sources.files.workbook import workbook_rows
from streams.sources.mapping import Conditions, EventRule, FileMapping, TimeSource
from streams.sources.times import (
    Holds,
    NonexistentTimeError,
    instant_parser,
    local_parser,
    other_epoch,
    past_midnight,
    time_of_day_parser,
    to_utc,
)

TEXTS_REMEMBERED: Final = 100_000
"""Distinct times of day and dates whose reading is kept: more than the seconds of a day, some 20 MB at most."""

TIME_CHARACTERS_MAX: Final = 100
"""Longest text that may be a time or a date: those that were read are remembered, so it bounds the memory."""

UNDECODABLE: Final = "\N{REPLACEMENT CHARACTER}"
"""What stands where bytes are no text in the file's encoding."""


class Notes(msgspec.Struct):
    """What is to be said of a file that was read to its end."""

    texts: list[str] = []
    misnamed: bool = False
    """Whether the mapping names something that is surely called otherwise in the file."""


def read_rows(stream: BinaryIO, mapping: FileMapping, notes: Notes | None = None) -> Iterator[Row]:
    """The rows of a file, one at a time; the stream must stay open while they are read, and is left open.

    Raises `MappingError`, before the first row, when the file lacks columns that the mapping names, and `FileError`,
    then or later, when it is no file of rows, or not whole.
    """
    return begun(_read(stream, mapping, Notes() if notes is None else notes))


def _read(stream: BinaryIO, mapping: FileMapping, notes: Notes) -> Iterator[Row]:
    form = mapping.file
    with unpacked(stream, form.encoding) as (content, plain):
        if content is Content.JSON_LINES:
            yield from _records(plain, mapping, notes)
            return
        is_book = content is Content.WORKBOOK
        numbered = workbook_rows(plain, form) if is_book else numbered_rows(plain, form)
        columns = form.columns or header(numbered, mapping)
        read = RowReader(mapping, columns, uneven=is_book)
        yield from _but_last((_row(line, texts, read) for line, texts in numbered), form.rows_after)


def _records(stream: BinaryIO, mapping: FileMapping, notes: Notes) -> Iterator[Row]:
    cells, events_of = Cells(mapping), CellReader(mapping)
    met_any = False
    for number, line in numbered_lines(stream):
        met_any = True
        try:
            yield Row(number, events_of(cells(record_of(line))))
        except RowLeftOutError as error:
            yield Row(number, [], error.left_out)
    for text, is_surely in cells.unmet() if met_any else ():
        notes.texts.append(text)
        notes.misnamed |= is_surely


def _but_last(rows: Iterable[Row], after: int) -> Iterator[Row]:
    """The rows, the last ones as left out on purpose: totals, whatever stands in them."""
    held: deque[Row] = deque()
    for row in rows:
        held.append(row)
        if len(held) > after:
            yield held.popleft()
    for row in held:
        yield Row(row.line, [], LeftOut(AFTER_LAST, on_purpose=True))


def _row(line: int, texts: list[str] | None, events_of: "RowReader") -> Row:
    try:
        if texts is None:
            raise unreadable(Unreadable.ROW)
        return Row(line, events_of(texts))
    except RowLeftOutError as error:
        return Row(line, [], error.left_out)


class RowReader:
    """Reads rows with these columns: calling it with a row's texts gives its events, in the mapping's order.

    Raises `MappingError`, with all problems, when the columns are not those that the mapping names.
    """

    def __init__(self, mapping: FileMapping, columns: Sequence[str], *, uneven: bool = False) -> None:
        self._cells = Fields(mapping, columns, uneven=uneven or mapping.file.uneven_rows)
        self._events = CellReader(mapping)

    def __call__(self, row: Sequence[str]) -> list[Event]:
        """The events of one row.

        Raises `RowLeftOutError` when it becomes none.
        """
        return self._events(self._cells(row))


class CellReader:
    """Reads the cells of one row, those of the used columns in their order: calling it gives the row's events."""

    def __init__(self, mapping: FileMapping) -> None:
        self._mapping = mapping
        self._used = used_columns(mapping)
        at = {column: place for place, column in enumerate(self._used)}
        self._id_places = [at[column] for column in mapping.id_columns]
        self._cluster_place = at.get(mapping.cluster_column)
        self._leave_out = [
            (_places(rule.when, at), LeftOut(rule.reason, on_purpose=True))
            for rule in mapping.leave_out
            if not rule.all_else
        ]
        self._else = next(
            (LeftOut(rule.reason, on_purpose=True) for rule in mapping.leave_out if rule.all_else), None
        )
        self._events = [_EventReader(rule, at, mapping.zone) for rule in mapping.events]

    def __call__(self, cells: Sequence[str]) -> list[Event]:
        """The events of one row.

        Raises `RowLeftOutError` when it becomes none.
        """
        if UNDECODABLE in "".join(cells):
            garbled = next(column for column, text in zip(self._used, cells, strict=True) if UNDECODABLE in text)
            raise unreadable(Unreadable.TEXT, garbled, self._mapping.file.encoding)
        for when, left_out in self._leave_out:
            if _hold(when, cells):
                raise RowLeftOutError(left_out)
        if self._else is not None and not any(read.holds(cells) for read in self._events):
            raise RowLeftOutError(self._else)
        contact_id, cluster = self._contact_id(cells), self._cluster(cells)
        firsts: dict[int, datetime] = {}
        events = [event for read in self._events if (event := read(cells, contact_id, cluster, firsts)) is not None]
        if not events:
            raise unreadable(Unreadable.NOTHING)
        return events

    def _contact_id(self, cells: Sequence[str]) -> str:
        for place in self._id_places:
            if not cells[place]:
                raise unreadable(Unreadable.ID, self._used[place])
        contact_id = self._mapping.id_separator.join([cells[place] for place in self._id_places])
        if len(contact_id) > ID_LENGTH_MAX:
            raise unreadable(Unreadable.ID_LENGTH, expected=f"at most {ID_LENGTH_MAX} characters")
        return contact_id

    def _cluster(self, cells: Sequence[str]) -> str:
        if self._cluster_place is None:
            return self._mapping.cluster
        written = cells[self._cluster_place]
        if not written:
            raise unreadable(Unreadable.CLUSTER, self._mapping.cluster_column)
        cluster = self._mapping.cluster_names.get(written, written)
        if len(cluster) > CLUSTER_LENGTH_MAX:
            raise unreadable(
                Unreadable.CLUSTER_LENGTH, self._mapping.cluster_column, f"at most {CLUSTER_LENGTH_MAX} characters"
            )
        return cluster


_PlacedConditions = list[tuple[int, frozenset[str]]]


def _places(conditions: Conditions, at: dict[str, int]) -> _PlacedConditions:
    return [(at[column], texts) for column, texts in conditions.items()]


def _hold(conditions: _PlacedConditions, cells: Sequence[str]) -> bool:
    return all(cells[place] in texts for place, texts in conditions)


class _EventReader:
    """Reads one event of a row; None when the row does not have it."""

    def __init__(self, rule: EventRule, at: dict[str, int], zone: ZoneInfo) -> None:
        self._when = _places(rule.when, at)
        self._make = maker(rule.type)
        self._needs_plan = needs_plan(rule.type)
        self._at = _TimeReader(rule.at, at, zone)
        self._planned_at = None if rule.planned_at is None else _TimeReader(rule.planned_at, at, zone)

    def holds(self, cells: Sequence[str]) -> bool:
        """Whether the row is one of those that have it, with a time or without."""
        return _hold(self._when, cells)

    def __call__(
        self, cells: Sequence[str], contact_id: str, cluster: str, firsts: dict[int, datetime]
    ) -> Event | None:
        if not _hold(self._when, cells) or (happened := self._at(cells, firsts)) is None:
            return None
        planned = None if self._planned_at is None else self._planned_at(cells, firsts)
        if planned is None and self._needs_plan:
            raise unreadable(Unreadable.PLAN)
        return self._make(contact_id, cluster, happened, planned)


class _TimeReader:
    """Reads one time of a row as an instant in UTC; None when all its columns are empty."""

    def __init__(self, source: TimeSource, at: dict[str, int], zone: ZoneInfo) -> None:
        self._source = source
        self._columns = [(at[column], column) for column in source.columns]
        self._to_instant = _instant_reader(source, at, zone)

    def __call__(self, cells: Sequence[str], firsts: dict[int, datetime]) -> datetime | None:
        for place, column in self._columns:
            if text := cells[place]:
                return self._instant(text, column, cells, firsts)
        return None

    def _instant(self, text: str, column: str, cells: Sequence[str], firsts: dict[int, datetime]) -> datetime:
        try:
            return self._to_instant(_short(text), cells, firsts)
        except NonexistentTimeError:
            raise self._unreadable(Unreadable.NONEXISTENT, column) from None
        except (ValueError, OverflowError, OSError):  # the three that datetime raises for what is no moment
            raise self._unreadable(Unreadable.TIME, column, text) from None

    def _unreadable(self, reason: Unreadable, column: str, text: str = "") -> RowLeftOutError:
        source = self._source
        if other := other_epoch(source.format, text):
            return unreadable(reason, column, f"{source.format}; by its size it is {other}: say so in format")
        if source.date_column:
            return unreadable(reason, f"{source.date_column} {column}", f"{source.date_format} {source.format}")
        return unreadable(reason, column, source.format)


def _short(text: str) -> str:
    if len(text) > TIME_CHARACTERS_MAX:
        raise ValueError("too long for a time")
    return text


_InstantReader = Callable[[str, Sequence[str], dict[int, datetime]], datetime]
"""Text of a time, the row's cells, and the first local time of the row by the place of its date: the instant."""


def _instant_reader(source: TimeSource, at: dict[str, int], zone: ZoneInfo) -> _InstantReader:
    if source.holds is Holds.INSTANT:
        instant = instant_parser(source.format)
        return lambda text, _cells, _firsts: instant(text).astimezone(UTC)
    if source.holds is Holds.LOCAL:
        local = local_parser(source.format)
        return lambda text, _cells, _firsts: to_utc(local(text), zone)
    day, time_of_day = _remembered_days(source.date_format), _remembered_times_of_day(source.format)
    date_place = at[source.date_column]

    def on_its_day(text: str, cells: Sequence[str], firsts: dict[int, datetime]) -> datetime:
        moment = day(_short(cells[date_place])) + time_of_day(text)
        return to_utc(past_midnight(moment, firsts.setdefault(date_place, moment)), zone)

    return on_its_day


@cache
def _remembered_days(date_format: str) -> Callable[[str], datetime]:
    return lru_cache(TEXTS_REMEMBERED)(local_parser(date_format))


@cache
def _remembered_times_of_day(time_format: str) -> Callable[[str], timedelta]:
    return lru_cache(TEXTS_REMEMBERED)(time_of_day_parser(time_format))
