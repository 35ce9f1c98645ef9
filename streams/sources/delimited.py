"""Rows of a delimited file to events, as a mapping says.

Each row stands for itself: it becomes all of its events, or it is left out with a reason and the rest goes on.
Texts are taken without the spaces around them, and a null value of the mapping is an empty text everywhere.

It must not know where the bytes come from, where events go, or what they mean for waiting.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache, lru_cache
from typing import BinaryIO, Final, Self, cast
from zoneinfo import ZoneInfo

import msgspec

from streams.contracts.events import CLUSTER_LENGTH_MAX, ID_LENGTH_MAX, CallEvent, Requested
from streams.sources.mapping import Conditions, EventRule, FileFormat, FileMapping, MappingError, TimeSource
from streams.sources.mapping_kinds import AnyEvent
from streams.sources.times import (
    Holds,
    NonexistentTimeError,
    instant_parser,
    local_parser,
    past_midnight,
    time_of_day_parser,
    to_utc,
)
from streams.toml_table import shown

TEXTS_REMEMBERED: Final = 100_000
"""Distinct times of day and dates whose reading is kept: more than the seconds of a day, some 20 MB at most."""

ROW_CHARACTERS_MAX: Final = 128 * 1024
"""Longest row, all of its lines together: as much as the csv module lets one field have. Bounds time and memory."""

TIME_CHARACTERS_MAX: Final = 100
"""Longest text that may be a time or a date: those that were read are remembered, so it bounds the memory."""

UNDECODABLE: Final = "\N{REPLACEMENT CHARACTER}"
"""What stands where bytes are no text in the file's encoding."""


class Unreadable(StrEnum):
    """Why a row could not be read. Rows left out on purpose have the mapping's own reasons instead."""

    ROW = "broken quoting or row too long"
    FIELDS = "other number of fields than columns"
    TEXT = "bytes that are no text in the file's encoding"
    ID = "no id"
    CLUSTER = "no cluster"
    ID_LENGTH = "id too long"
    CLUSTER_LENGTH = "cluster too long"
    TIME = "unreadable time"
    NONEXISTENT = "local time skipped when clocks went forward"
    PLAN = "request without planned time"
    NOTHING = "no event in the row"


class LeftOut(msgspec.Struct, frozen=True):
    """Why a row became no event; it names columns and formats, never what stands in them."""

    reason: str
    on_purpose: bool = False
    column: str = ""
    expected: str = ""


class Row(msgspec.Struct, frozen=True):
    """What became of one row: its events, or why there are none. `line` is its first line, from 1."""

    line: int
    events: list[AnyEvent]
    left_out: LeftOut | None = None


class RowLeftOutError(Exception):
    """A row becomes no event."""

    def __init__(self, left_out: LeftOut) -> None:
        super().__init__(left_out.reason)
        self.left_out = left_out


def _unreadable(reason: Unreadable, column: str = "", expected: str = "") -> RowLeftOutError:
    return RowLeftOutError(LeftOut(reason, column=column, expected=expected))


def read_rows(stream: BinaryIO, mapping: FileMapping) -> Iterator[Row]:
    """The rows of a file, one at a time; the stream must stay open while they are read, and is left open.

    `MappingError`, before the first row, if the file has not the columns that the mapping names.
    """
    lines = _numbered_rows(stream, mapping.file)
    return _rows(lines, RowReader(mapping, mapping.file.columns or _header(lines)))


def _rows(lines: Iterable[tuple[int, list[str] | None]], events_of: "RowReader") -> Iterator[Row]:
    for line, row in lines:
        try:
            if row is None:
                raise _unreadable(Unreadable.ROW)
            yield Row(line, events_of(row))
        except RowLeftOutError as error:
            yield Row(line, [], error.left_out)


class _Lines:
    """The lines of a text, of each row no more than `ROW_CHARACTERS_MAX`: a quote that nobody closes has no end."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self.number = 0
        """Of the last line that was read, from 1."""
        self._text = text
        self._left = 0

    def begin_row(self) -> None:
        """Lines now belong to the next row."""
        self._left = ROW_CHARACTERS_MAX

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        """The next line; `csv.Error`, once all of it is passed over, when it makes the row too long."""
        line = self._text.readline(self._left + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) <= self._left:
            self._left -= len(line)
            return line
        while line and line[-1] not in "\r\n":
            line = self._text.readline(ROW_CHARACTERS_MAX)
        raise csv.Error("row too long")


def _numbered_rows(stream: BinaryIO, form: FileFormat) -> Iterator[tuple[int, list[str] | None]]:
    """Each row with the number of its first line; None for a row that is broken. Blank lines are no rows."""
    # A byte order mark before UTF-8 is no part of the first name; a file without one reads the same.
    marked = "utf-8-sig" if form.encoding.lower() in {"utf-8", "utf8"} else form.encoding
    text = io.TextIOWrapper(stream, marked, errors="replace", newline="")
    try:
        yield from _parsed(_Lines(text), form)
    finally:
        if not stream.closed:
            text.detach()  # else the wrapper would close a stream that is not its own


def _parsed(lines: _Lines, form: FileFormat) -> Iterator[tuple[int, list[str] | None]]:
    reader = csv.reader(
        lines,
        delimiter=form.delimiter,
        quotechar=form.quote or None,
        quoting=csv.QUOTE_MINIMAL if form.quote else csv.QUOTE_NONE,
        strict=True,
    )
    while True:
        lines.begin_row()
        line = lines.number + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield line, None
            continue
        if row:
            yield line, row


def _header(lines: Iterator[tuple[int, list[str] | None]]) -> list[str]:
    _, names = next(lines, (1, []))
    if names is None:
        raise MappingError(
            ["the data: expected the columns' names in its first line, but its quoting is broken or it is too long"]
        )
    return [name.strip() for name in names]


class RowReader:
    """Reads rows with these columns: calling it with a row's texts gives its events, in the mapping's order.

    `MappingError`, with all problems, if the columns are not those that the mapping names.
    """

    def __init__(self, mapping: FileMapping, columns: Sequence[str]) -> None:
        _check_columns(mapping, columns)
        self._mapping = mapping
        self._width = len(columns)
        self._used = list(dict.fromkeys(column for _, column in mapping.named_columns()))
        self._used_places = [columns.index(column) for column in self._used]
        at = {column: place for place, column in enumerate(self._used)}
        self._id_places = [at[column] for column in mapping.id_columns]
        self._cluster_place = at.get(mapping.cluster_column)
        self._leave_out = [
            (_places(rule.when, at), LeftOut(rule.reason, on_purpose=True)) for rule in mapping.leave_out
        ]
        self._events = [_EventReader(rule, at, mapping.zone) for rule in mapping.events]

    def __call__(self, row: Sequence[str]) -> list[AnyEvent]:
        """The events of one row; `RowLeftOutError` if it becomes none."""
        if len(row) != self._width:
            raise _unreadable(Unreadable.FIELDS, expected=str(self._width))
        nulls = self._mapping.file.null_values
        cells = ["" if (text := row[place].strip()) in nulls else text for place in self._used_places]
        if UNDECODABLE in "".join(cells):
            garbled = next(column for column, text in zip(self._used, cells, strict=True) if UNDECODABLE in text)
            raise _unreadable(Unreadable.TEXT, garbled, self._mapping.file.encoding)
        for when, left_out in self._leave_out:
            if _hold(when, cells):
                raise RowLeftOutError(left_out)
        contact_id, cluster = self._contact_id(cells), self._cluster(cells)
        firsts: dict[int, datetime] = {}
        events = [event for read in self._events if (event := read(cells, contact_id, cluster, firsts)) is not None]
        if not events:
            raise _unreadable(Unreadable.NOTHING)
        return events

    def _contact_id(self, cells: Sequence[str]) -> str:
        for place in self._id_places:
            if not cells[place]:
                raise _unreadable(Unreadable.ID, self._used[place])
        contact_id = self._mapping.id_separator.join([cells[place] for place in self._id_places])
        if len(contact_id) > ID_LENGTH_MAX:
            raise _unreadable(Unreadable.ID_LENGTH, expected=f"at most {ID_LENGTH_MAX} characters")
        return contact_id

    def _cluster(self, cells: Sequence[str]) -> str:
        if self._cluster_place is None:
            return self._mapping.cluster
        written = cells[self._cluster_place]
        if not written:
            raise _unreadable(Unreadable.CLUSTER, self._mapping.cluster_column)
        cluster = self._mapping.cluster_names.get(written, written)
        if len(cluster) > CLUSTER_LENGTH_MAX:
            raise _unreadable(
                Unreadable.CLUSTER_LENGTH, self._mapping.cluster_column, f"at most {CLUSTER_LENGTH_MAX} characters"
            )
        return cluster


def _check_columns(mapping: FileMapping, columns: Sequence[str]) -> None:
    places: dict[str, list[str]] = {}
    for place, column in mapping.named_columns():
        places.setdefault(column, []).append(place)
    if not any(column in columns for column in places):
        # Perhaps a row of data: what stands in it may be about a person, and is not shown.
        raise MappingError(
            [
                f"[file]: none of the columns {', '.join(places)} is in the first line of the data, which has "
                f"{len(columns)} when split at {shown(mapping.file.delimiter)}; correct delimiter, or if that line "
                "holds no names, add columns = [...]"
            ]
        )
    problems = []
    for column, named in places.items():
        if (count := columns.count(column)) == 0:
            problems.append(f"{', '.join(named)}: no column {column!r}; the file has: {', '.join(columns)}")
        elif count > 1:
            problems.append(
                f"{', '.join(named)}: {count} columns are called {column!r}; rename them in [file]: columns"
            )
    if problems:
        raise MappingError(problems)


_PlacedConditions = list[tuple[int, frozenset[str]]]


def _places(conditions: Conditions, at: dict[str, int]) -> _PlacedConditions:
    return [(at[column], texts) for column, texts in conditions.items()]


def _hold(conditions: _PlacedConditions, cells: Sequence[str]) -> bool:
    return all(cells[place] in texts for place, texts in conditions)


class _EventReader:
    """Reads one event of a row; None when the row does not have it."""

    def __init__(self, rule: EventRule, at: dict[str, int], zone: ZoneInfo) -> None:
        self._when = _places(rule.when, at)
        self._build = cast("Callable[..., AnyEvent]", rule.type)
        self._is_call = issubclass(rule.type, CallEvent)
        self._needs_plan = rule.type is Requested
        self._at = _TimeReader(rule.at, at, zone)
        self._planned_at = None if rule.planned_at is None else _TimeReader(rule.planned_at, at, zone)

    def __call__(
        self, cells: Sequence[str], contact_id: str, cluster: str, firsts: dict[int, datetime]
    ) -> AnyEvent | None:
        if not _hold(self._when, cells) or (happened := self._at(cells, firsts)) is None:
            return None
        if self._is_call:
            return self._build(contact_id, cluster, happened)
        planned = None if self._planned_at is None else self._planned_at(cells, firsts)
        if planned is None and self._needs_plan:
            raise _unreadable(Unreadable.PLAN)
        return self._build(contact_id, cluster, happened, planned)


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
            raise self._unreadable(Unreadable.TIME, column) from None

    def _unreadable(self, reason: Unreadable, column: str) -> RowLeftOutError:
        source = self._source
        if source.date_column:
            return _unreadable(reason, f"{source.date_column} {column}", f"{source.date_format} {source.format}")
        return _unreadable(reason, column, source.format)


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
