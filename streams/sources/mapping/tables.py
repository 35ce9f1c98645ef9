"""The mapping file: which columns of a delimited file are which facts, as a person writes it in TOML.

    # extends = "asterisk-queue-log"    # one that comes along says all that this one does not

    [file]                              # all optional: comma, utf-8, quote ", names in the first line
    delimiter = "\\t"                    # a first line such as sep=; says it too, and is obeyed
    null_values = ["0:00:00"]           # read as empty, besides the empty field itself
    lines_before = 3                    # titles above the names; without names, above the first row
    rows_after = 1                      # totals below the last row
    sheet = "Oproepen"                  # of a workbook (.xlsx) with more than one
    uneven_rows = true                  # rows may lack fields at their end: these are empty

    [time]                              # how times are written, unless an event says otherwise
    zone = "Europe/Brussels"            # needed for times without an offset
    format = "%H:%M:%S"                 # default "RFC 3339"; a list where a column has several
    date_column = "date"                # needed for times without a date
    date_format = "%y%m%d"              # default %Y-%m-%d
    duration_format = "H:MM:SS"         # default

    [id]
    columns = ["line", "call_id"]       # together they name one call or ticket
    separator = "-"                     # default

    [cluster]
    column = "queue"                    # or constant = "Burgerzaken"
    rename = { kcc = "Klantencontactcentrum" }
    named_only = true                   # rows of others than these are left out and counted; default false

    [[leave_out]]                       # rows that are no contact, counted under the reason
    reason = "test call"
    when = { outcome = ["TEST", "PHANTOM"] }

    [[leave_out]]                       # last: rows for which no [[event]] holds, such as verbs that nobody lists
    reason = "no call"
    all_else = true

    [[event]]                           # in the order in which they happen
    type = "offered"
    at = "dialled"

    [[event]]
    type = "abandoned"
    at = ["left_queue", "left_menu"]    # the first that is not empty; an event without a time did not happen
    when = { outcome = "HANG" }         # every column must hold one of its values; "" is an empty one

    [[event]]                           # a duration is added to the time: start and waiting time
    type = "ended"
    at = "dialled"
    plus = ["waited", "spoken"]         # all of them; where one is empty, the event did not happen

    [[event]]
    type = "answered"
    at = "dialled"
    plus = { column = "waited", format = "seconds" }

    [[event]]                           # tickets only: the planned start of the appointment
    type = "arrived"
    at = { column = "arrival", format = "%d/%m/%Y %H:%M" }
    planned_at = { column = "planned", date_column = "planned_day" }

What holds for every mapping, and cannot be set:

- A time of day more than 12 hours before the first time that its row has under the same date column lies after
  midnight: it belongs to the next day. A smaller step back is a clock that was off, and is left as it stands.
- Of a local time that comes twice, when clocks go back, the order of the row's events tells which coming is meant:
  no event is before the one that the mapping has before it, and all of them together took as little time as can be.
  Where that does not tell, it is the first coming, and how many rows these are is said. A local time that is skipped,
  when clocks go forward, leaves its row out.
- A duration is added in time that passed, not by the clock. Where the first 200 rows show that a column of times of
  day holds durations (most lie more than 2 hours before the first time of their row, or 4 hours after it if midnight
  had passed), nothing is sent, and the message says what to write instead.
- Spaces around a text do not count, and a row of empty fields is none. A row without any event is unreadable, unless
  a [[leave_out]] names it. `all_else` takes rows for which no `when` of an event holds: where one holds but its time
  is empty, the row stays unreadable, since it is not what the mapping expects.
- What a file is, its first bytes say: .gz, .zip with one file in it, .xlsx, JSON lines, delimited text.
- In a workbook a date is read as `2026-10-05`, with its time as `2026-10-05 09:30:12`, a duration as `0:03:10`,
  whatever the cells look like, and rows may be uneven.
- In JSON lines a column is the name of a field, with dots between where it stands in others:
  `Queue.EnqueueTimestamp`, `Legs.0.Start`. What a record does not have is empty.
- Where rows are uneven, fields beyond the last column may only be empty.

This module holds what such a file may say; `reading` turns it into a `FileMapping`. The structs that are a `Section`
declare the keys of the file, each once.
"""

from dataclasses import dataclass
from typing import Annotated

import msgspec
from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from streams.channels import channel_of_type
from streams.channels.named_events import has_plan, needs_plan, planned_contacts
from streams.settings.toml.section import Always, Expected, Section, together
from streams.settings.toml.text import shown
from streams.sources import mapping_kinds as kinds
from streams.sources.mapping import packaged
from streams.sources.times import Holds, need_zone, what_formats_hold
from streams.sources.times.durations import HOURS
from streams.sources.times.formats import RFC_3339


def _other_than_delimiter(quote: str, info: ValidationInfo) -> str:
    if quote == info.data.get("delimiter"):
        raise together("expected another character than the delimiter")
    return quote


class FileFormat(Section, frozen=True, kw_only=True):
    """How the bytes of the file become rows of texts."""

    delimiter: kinds.Delimiter = ","
    encoding: kinds.Encoding = "utf-8"
    quote: Annotated[kinds.Quote, AfterValidator(_other_than_delimiter), Always()] = '"'
    """The character around fields that hold the delimiter; empty for a file without quoting."""
    columns: kinds.ColumnNames = ()
    """The columns' names; empty when the first line holds them."""
    null_values: kinds.OneOf = frozenset()
    lines_before: kinds.FewLines = 0
    """Lines above the names, a `sep=` line among them, or above the first row when `columns` holds the names."""
    rows_after: kinds.FewLines = 0
    """Rows below the last one that is a contact or an event, such as totals."""
    sheet: kinds.OptionalText = ""
    """The sheet of a workbook; empty when it has one."""
    uneven_rows: kinds.YesNo = False
    """Whether rows may lack fields at their end, or have empty ones too many."""


class WrittenTimes(Section, frozen=True, kw_only=True):
    """How times are written, unless an event says otherwise."""

    format: kinds.TimeFormats = (RFC_3339,)
    date_column: kinds.Column = ""
    date_format: kinds.DateFormats = ("%Y-%m-%d",)
    duration_format: kinds.DurationFormats = (HOURS,)
    zone: kinds.Zone | None = None


class OwnTime(Section, frozen=True, kw_only=True):
    """Where a time stands, and what it says otherwise than [time]."""

    column: kinds.Columns
    format: kinds.TimeFormats | None = None
    date_column: kinds.Column | None = None
    date_format: kinds.DateFormats | None = None


class OwnDuration(Section, frozen=True, kw_only=True):
    """Where durations stand that are added to a time, and how they are written otherwise than [time] says."""

    column: kinds.Columns
    format: kinds.DurationFormats | None = None


class TimeSource(msgspec.Struct, frozen=True):
    """Where a time stands: the first of `columns` that is not empty, and how it is written."""

    columns: tuple[str, ...]
    formats: tuple[str, ...]
    """Tried in this order."""
    holds: Holds
    date_column: str
    """The column of its date; empty unless the time is one of day."""
    date_formats: tuple[str, ...]


class DurationSource(msgspec.Struct, frozen=True):
    """Where durations stand that are added to a time: all of `columns`."""

    columns: tuple[str, ...]
    formats: tuple[str, ...]


def time_source(own: OwnTime, written: WrittenTimes) -> TimeSource:
    """A time as [time] says, unless it says otherwise itself.

    Raises `ValueError` when it has no date, or two.
    """
    formats, date_column = own.format or written.format, own.date_column or written.date_column
    holds = what_formats_hold(formats)
    if holds is not Holds.TIME_OF_DAY:
        if own.date_column:
            raise ValueError(f"a time as {shown(formats[0])} has a date already; remove date_column")
        date_column = ""
    elif not date_column:
        raise ValueError(f"a time as {shown(formats[0])} has no date; add date_column here or in [time]")
    return TimeSource(own.column, formats, holds, date_column, own.date_format or written.date_format)


def duration_source(own: OwnDuration, written: WrittenTimes) -> DurationSource:
    """Durations as [time] says, unless they say otherwise themselves."""
    return DurationSource(own.column, own.format or written.duration_format)


@dataclass
class Met:
    """What the tables of one file share while they are checked."""

    written: WrittenTimes | None = None
    """None as long as it is not right."""
    local: bool = False
    """Whether some time is by a local clock."""


def _keep_written(written: WrittenTimes, info: ValidationInfo) -> WrittenTimes:
    _met(info).written = written
    return written


def _check_time(own: OwnTime, info: ValidationInfo) -> OwnTime:
    met = _met(info)
    if met.written is not None:
        try:
            met.local |= need_zone(time_source(own, met.written).formats)
        except ValueError as error:
            raise together(str(error)) from None
    return own


def _met(info: ValidationInfo) -> Met:
    assert isinstance(info.context, Met)
    return info.context


def _in_table(value: object) -> object:
    """Columns alone are a time, or a duration, that says nothing otherwise."""
    return value if isinstance(value, dict | Section) else {"column": value}


Time = Annotated[
    OwnTime,
    BeforeValidator(_in_table),
    AfterValidator(_check_time),
    Expected("a column, a list of columns or a table", '{ column = "start", format = "RFC 3339" }'),
]

Durations = Annotated[
    OwnDuration,
    BeforeValidator(_in_table),
    Expected("a column, a list of columns or a table", '{ column = "waited", format = "seconds" }'),
]

Conditions = dict[str, kinds.OneOf]
"""Column to the texts of which it must hold one; no condition holds always."""


class IdTable(Section, frozen=True, kw_only=True):
    """Which columns name one call or ticket."""

    columns: kinds.Columns
    separator: kinds.Separator = "-"


def _one_of_two(constant: str, info: ValidationInfo) -> str:
    if bool(constant) == bool(info.data.get("column", not constant)):
        got = "both; remove one" if constant else "neither; add one"
        raise together(f"expected either column or constant, got {got}", key="")
    return constant


def _no_constant(names: dict[str, str], info: ValidationInfo) -> dict[str, str]:
    if names and info.data.get("constant"):
        raise together("a constant has no other names")
    return names


def _some_named(named_only: bool, info: ValidationInfo) -> bool:
    if named_only and "rename" in info.data and not info.data["rename"]:
        raise together("expected names in rename, or every row is left out; add some")
    return named_only


class ClusterTable(Section, frozen=True, kw_only=True):
    """Which cluster a row is of."""

    column: kinds.Column = ""
    constant: Annotated[kinds.ClusterName | None, AfterValidator(_one_of_two), Always()] = None
    rename: Annotated[dict[str, kinds.ClusterName], AfterValidator(_no_constant)] = msgspec.field(
        default_factory=dict
    )
    named_only: Annotated[kinds.YesNo, AfterValidator(_some_named)] = False
    """Whether rows of other clusters than `rename` names are left out."""


def _some(conditions: Conditions, info: ValidationInfo) -> Conditions:
    if info.data.get("all_else"):
        if conditions:
            raise together("all_else takes every other row, without conditions; remove one of the two")
    elif not conditions:
        raise together("expected at least one column, or every row is left out; for rows without an event: all_else")
    return conditions


class LeaveOut(Section, frozen=True, kw_only=True):
    """Rows that are no contact, left out and counted under the reason."""

    reason: kinds.Text
    all_else: kinds.YesNo = False
    """Whether these are all rows for which no event holds."""
    when: Annotated[Conditions, AfterValidator(_some), Always()] = msgspec.field(default_factory=dict)


def _all_else_once(rules: tuple[LeaveOut, ...]) -> tuple[LeaveOut, ...]:
    if sum(rule.all_else for rule in rules) > 1:
        raise together("all_else is in two of them; all other rows have one reason")
    return rules


def _planned(planned: OwnTime | None, info: ValidationInfo) -> OwnTime | None:
    event = info.data.get("type")
    if event is None:
        return planned
    if planned is None and needs_plan(event):
        raise together("missing, expected since a request names the planned start")
    if planned is not None and not has_plan(event):
        raise together(f"only {', '.join(planned_contacts())} are planned, not {channel_of_type(event).contacts}")
    return planned


class EventTable(Section, frozen=True, kw_only=True):
    """One event of a row, as the file has it."""

    type: kinds.EventType
    at: Time
    plus: Durations | None = None
    planned_at: Annotated[Time | None, AfterValidator(_planned), Always()] = None
    when: Conditions = msgspec.field(default_factory=dict)


TimeTable = Annotated[WrittenTimes, AfterValidator(_keep_written)]
LeaveOuts = Annotated[tuple[LeaveOut, ...], Field(min_length=1), AfterValidator(_all_else_once)]
EventTables = Annotated[tuple[EventTable, ...], Field(min_length=1)]


class MappingFile(Section, frozen=True, kw_only=True):
    """The tables of the file. That of times comes before those that depend on it."""

    extends: packaged.Name | None = None
    """The mapping that comes along and says all that this one does not."""
    file: FileFormat = FileFormat()
    time: TimeTable
    id: IdTable
    cluster: ClusterTable
    leave_out: LeaveOuts = ()
    event: EventTables
