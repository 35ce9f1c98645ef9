"""The mapping file: which columns of a delimited file are which facts, as a person writes it in TOML.

    [file]                              # all optional: comma, utf-8, quote ", names in the first line
    delimiter = "\\t"
    null_values = ["0:00:00"]           # read as empty, besides the empty field itself

    [time]                              # how times are written, unless an event says otherwise
    zone = "Europe/Brussels"            # needed for times without an offset
    format = "%H:%M:%S"                 # codes of strptime, "RFC 3339" (default) or "epoch seconds"
    date_column = "date"                # needed for times without a date
    date_format = "%y%m%d"              # default %Y-%m-%d

    [id]
    columns = ["line", "call_id"]       # together they name one call or ticket
    separator = "-"                     # default

    [cluster]
    column = "queue"                    # or constant = "Burgerzaken"
    rename = { kcc = "Klantencontactcentrum" }

    [[leave_out]]                       # rows that are no contact, counted under the reason
    reason = "test call"
    when = { outcome = ["TEST", "PHANTOM"] }

    [[event]]                           # in the order in which they happen
    type = "offered"
    at = "dialled"

    [[event]]
    type = "abandoned"
    at = ["left_queue", "left_menu"]    # the first that is not empty; an event without a time did not happen
    when = { outcome = "HANG" }         # every column must hold one of its values; "" is an empty one

    [[event]]                           # tickets only: the planned start of the appointment
    type = "arrived"
    at = { column = "arrival", format = "%d/%m/%Y %H:%M" }
    planned_at = { column = "planned", date_column = "planned_day" }

What holds for every mapping, and cannot be set:

- A time of day more than 12 hours before the first time that its row has under the same date column lies after
  midnight: it belongs to the next day. A smaller step back is a clock that was off, and is left as it stands.
- A local time that comes twice, when clocks go back, is taken as its first coming. One that is skipped, when clocks
  go forward, leaves its row out.
- Spaces around a text do not count. A row without any event is unreadable, unless a [[leave_out]] names it.

This module turns such a file into `FileMapping` and finds everything wrong with it. It must not know the rows.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from streams.contracts.events import CALL_EVENTS, Requested
from streams.sources import mapping_kinds as kinds
from streams.sources.mapping_kinds import AnyEvent
from streams.sources.times import RFC_3339, Holds, what_format_holds
from streams.toml_table import WRONG, Entry, Fields, Table, parse_toml, shown

FILE: Final = (
    Entry("delimiter", kinds.DELIMITER, "delimiter", required=False),
    Entry("encoding", kinds.ENCODING, "encoding", required=False),
    Entry("quote", kinds.QUOTE, "quote", required=False),
    Entry("columns", kinds.COLUMN_NAMES, "columns", required=False),
    Entry("null_values", kinds.TEXTS, "null_values", required=False),
)
WRITTEN: Final = (
    Entry("format", kinds.TIME_FORMAT, "format", required=False),
    Entry("date_column", kinds.COLUMN, "date_column", required=False),
    Entry("date_format", kinds.DATE_FORMAT, "date_format", required=False),
)
TIME_TABLE: Final = (Entry("column", kinds.COLUMNS, "columns"), *WRITTEN)
ID: Final = (
    Entry("columns", kinds.COLUMNS, "id_columns"),
    Entry("separator", kinds.SEPARATOR, "id_separator", required=False),
)
CLUSTER: Final = (
    Entry("column", kinds.COLUMN, "cluster_column", required=False),
    Entry("constant", kinds.CLUSTER_NAME, "cluster", required=False),
)
EVENT: Final = (
    Entry("type", kinds.EVENT_TYPE, "type"),
    Entry("at", kinds.TIME, "at"),
    Entry("planned_at", kinds.TIME, "planned_at", required=False),
)


class MappingError(Exception):
    """The mapping cannot be used; `problems` names everything that is wrong with it, each with its place."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class FileFormat(msgspec.Struct, frozen=True):
    """How the bytes of the file become rows of texts."""

    delimiter: str = ","
    encoding: str = "utf-8"
    quote: str = '"'
    """The character around fields that hold the delimiter; empty for a file without quoting."""
    columns: tuple[str, ...] = ()
    """The columns' names; empty when the first line holds them."""
    null_values: frozenset[str] = frozenset()


class TimeSource(msgspec.Struct, frozen=True):
    """Where a time stands: the first of `columns` that is not empty, and how it is written."""

    columns: tuple[str, ...]
    format: str
    holds: Holds
    date_column: str
    """The column of its date; empty unless the time is one of day."""
    date_format: str


Conditions = dict[str, frozenset[str]]
"""Column to the texts of which it must hold one; no condition holds always."""


class LeaveOut(msgspec.Struct, frozen=True):
    """Rows that are no contact, left out and counted under the reason."""

    reason: str
    when: Conditions


class EventRule(msgspec.Struct, frozen=True):
    """One event of a row: what it is, when it was, and of which rows it holds."""

    type: type[AnyEvent]
    at: TimeSource
    planned_at: TimeSource | None
    when: Conditions

    def times(self) -> dict[str, TimeSource]:
        """Its times by their keys in the mapping."""
        return {"at": self.at} | ({} if self.planned_at is None else {"planned_at": self.planned_at})


class FileMapping(msgspec.Struct, frozen=True):
    """A mapping file, complete and free of contradictions; only the columns have yet to be met in a file."""

    file: FileFormat
    zone: ZoneInfo
    """The zone of local times; UTC when no time is local."""
    id_columns: tuple[str, ...]
    id_separator: str
    cluster_column: str
    """Empty when `cluster` is the same for all rows."""
    cluster: str
    cluster_names: dict[str, str]
    """Cluster as the file writes it to its name; others keep theirs."""
    leave_out: tuple[LeaveOut, ...]
    events: tuple[EventRule, ...]

    def named_columns(self) -> Iterator[tuple[str, str]]:
        """Every column that the mapping reads, after the place where it is named."""
        yield from (("[id]: columns", column) for column in self.id_columns)
        if self.cluster_column:
            yield "[cluster]: column", self.cluster_column
        for number, rule in enumerate(self.leave_out, 1):
            yield from ((f"[[leave_out]] {number} {shown(rule.reason)}: when", column) for column in rule.when)
        for number, event in enumerate(self.events, 1):
            place = f"[[event]] {number} {shown(event.type.__struct_config__.tag)}"
            yield from ((f"{place}: when", column) for column in event.when)
            for key, source in event.times().items():
                yield from ((f"{place}: {key}", column) for column in source.columns)
                if source.date_column:
                    yield f"{place}: {key}: date_column", source.date_column


def load_mapping(path: Path) -> FileMapping:
    """The mapping in a TOML file; `MappingError` with all problems, OSError if it cannot be read."""
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise MappingError([f"expected UTF-8 text: {error.reason} at byte {error.start}"]) from None
    return parse_mapping(text)


def parse_mapping(text: str) -> FileMapping:
    """The mapping in a TOML text; `MappingError` with all problems."""
    try:
        values = parse_toml(text)
    except ValueError as error:
        raise MappingError([f"expected TOML: {error}"]) from None
    problems: list[str] = []
    mapping = _mapping(Table(values, "", problems), problems)
    if problems:
        raise MappingError(problems)
    return mapping


def _mapping(top: Table, problems: list[str]) -> FileMapping:
    """What the tables say; a value that is wrong stands as `WRONG` in it, and a problem is noted."""
    file = _file_format(top.table("file", "[file]", required=False))
    time = top.table("time", "[time]", required=False)
    written = {"format": RFC_3339, "date_column": "", "date_format": "%Y-%m-%d"} | time.read(WRITTEN)
    zone = time.read((Entry("zone", kinds.ZONE, "zone", required=False),)).get("zone")
    contact = _id(top.table("id", "[id]", required=True)) | _cluster(
        top.table("cluster", "[cluster]", required=False)
    )
    rules = top.tables("leave_out", title="reason") if "leave_out" in top.unread() else []
    leave_out = tuple(_leave_out(table) for table in rules)
    events = tuple(_event(table, written, problems) for table in top.tables("event", title="type"))
    if zone is None and any(
        source.holds is not Holds.INSTANT for event in events for source in event.times().values()
    ):
        time.problem(f"missing, expected the zone of the local times; add zone = {kinds.ZONE.example}", "zone")
    time.close()
    top.close()
    return FileMapping(**contact, file=file, zone=zone or ZoneInfo("UTC"), leave_out=leave_out, events=events)


def _file_format(table: Table) -> FileFormat:
    form = FileFormat(**table.read(FILE))
    if form.quote == form.delimiter:
        table.problem("expected another character than the delimiter", "quote")
    table.close()
    return form


def _id(table: Table) -> Fields:
    fields = {"id_separator": "-"} | table.read(ID)
    table.close()
    return fields


def _cluster(table: Table) -> Fields:
    fields = {"cluster_column": "", "cluster": ""} | table.read(CLUSTER)
    if bool(fields["cluster_column"]) == bool(fields["cluster"]):
        table.problem("expected either column or constant")
    rename = table.table("rename", "[cluster]: rename", required=False)
    names = rename.read([Entry(written, kinds.CLUSTER_NAME, written) for written in rename.unread()])
    if names and fields["cluster"]:
        table.problem("a constant has no other names", "rename")
    table.close()
    return fields | {"cluster_names": names}


def _leave_out(table: Table) -> LeaveOut:
    fields = table.read((Entry("reason", kinds.TEXT, "reason"),))
    when = _when(table)
    if not when:
        table.problem("expected at least one column, or every row is left out", "when")
    table.close()
    return LeaveOut(**fields, when=when)


def _when(table: Table) -> Conditions:
    conditions = table.table("when", f"{table.place}: when", required=False)
    return conditions.read([Entry(column, kinds.TEXTS, column) for column in conditions.unread()])


def _event(table: Table, written: Fields, problems: list[str]) -> EventRule:
    fields = table.read(EVENT)
    kind, planned = fields["type"], fields.get("planned_at")
    if kind is Requested and planned is None:
        table.problem("missing, expected since a request names the planned start", "planned_at")
    if kind in CALL_EVENTS and planned is not None:
        table.problem("only tickets are planned, not calls", "planned_at")
    rule = EventRule(
        type=kind,
        at=_time_source(fields["at"], f"{table.place}: at", written, problems),
        planned_at=None
        if planned is None
        else _time_source(planned, f"{table.place}: planned_at", written, problems),
        when=_when(table),
    )
    table.close()
    return rule


def _time_source(value: Any, place: str, written: Fields, problems: list[str]) -> TimeSource:
    """Where a time stands: columns, written as [time] says, or a table that says otherwise."""
    own: Fields = {"columns": value}
    if isinstance(value, dict):
        table = Table(value, place, problems)
        own = table.read(TIME_TABLE)
        table.close()
    fields = written | own
    if WRONG in (fields["columns"], fields["format"]):
        return TimeSource(**fields, holds=Holds.INSTANT)
    holds = what_format_holds(fields["format"])
    if holds is Holds.TIME_OF_DAY and not fields["date_column"]:
        problems.append(
            f"{place}: a time as {shown(fields['format'])} has no date; add date_column here or in [time]"
        )
    if holds is not Holds.TIME_OF_DAY:
        fields["date_column"] = ""
        if "date_column" in own:
            problems.append(f"{place}: a time as {shown(fields['format'])} has a date already; remove date_column")
    return TimeSource(**fields, holds=holds)
