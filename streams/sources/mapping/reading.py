"""A mapping file as what reads rows needs it: complete, and free of contradictions."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from streams.channels.named_events import PLAN_FIELD, name_of
from streams.contracts.decode import Event
from streams.settings.toml.problems import Problems, read
from streams.settings.toml.section import Section
from streams.settings.toml.text import parse_toml, shown
from streams.sources import mapping_kinds as kinds
from streams.sources.mapping import packaged
from streams.sources.mapping.packaged import extended
from streams.sources.mapping.tables import (
    ClusterTable,
    Conditions,
    DurationSource,
    EventTable,
    FileFormat,
    IdTable,
    LeaveOut,
    MappingFile,
    Met,
    TimeSource,
    WrittenTimes,
    duration_source,
    time_source,
)

Tables = TypeVar("Tables", bound=Section)


class MappingError(Exception):
    """The mapping cannot be used; `problems` names everything that is wrong with it, each with its place."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class EventRule(msgspec.Struct, frozen=True):
    """One event of a row: what it is, when it was, and of which rows it holds."""

    type: type[Event]
    at: TimeSource
    plus: DurationSource | None
    """What is added to the time."""
    planned_at: TimeSource | None
    when: Conditions

    def times(self) -> dict[str, TimeSource]:
        """Its times by their keys in the mapping."""
        return {"at": self.at} | ({} if self.planned_at is None else {PLAN_FIELD: self.planned_at})


class FileMapping(msgspec.Struct, frozen=True):
    """A mapping file, complete and free of contradictions; only the columns have yet to be met in a file."""

    file: FileFormat
    zone: ZoneInfo | None
    """The zone of local times; None only where each time may have an offset."""
    id_columns: tuple[str, ...]
    id_separator: str
    cluster_column: str
    """Empty when `cluster` is the same for all rows."""
    cluster: str
    cluster_names: dict[str, str]
    """Cluster as the file writes it to its name; others keep theirs, or rows of them are left out."""
    named_only: bool
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
            place = f"[[event]] {number} {shown(name_of(event.type))}"
            yield from ((f"{place}: when", column) for column in event.when)
            for key, source in event.times().items():
                yield from ((f"{place}: {key}", column) for column in source.columns)
                if source.date_column:
                    yield f"{place}: {key}: date_column", source.date_column
            if event.plus:
                yield from ((f"{place}: plus", column) for column in event.plus.columns)


def load_mapping(path: Path) -> FileMapping:
    """The mapping in a TOML file.

    Raises `MappingError`, with all problems, when it is wrong, and `OSError` when it cannot be read.
    """
    return parse_mapping(text_in(path))


def text_in(path: Path) -> str:
    """The text of a file.

    Raises `MappingError` when it is none, and `OSError` when it cannot be read.
    """
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise MappingError([f"expected UTF-8 text: {error.reason} at byte {error.start}"]) from None


def parse_mapping(text: str) -> FileMapping:
    """The mapping in a TOML text.

    Raises `MappingError`, with all problems, when it is wrong.
    """
    return read_mapping(values_in(text))


def values_in(text: str) -> dict[str, Any]:
    """The values of a TOML text.

    Raises `MappingError` when it is none.
    """
    try:
        return parse_toml(text)
    except ValueError as error:
        raise MappingError([f"expected TOML: {error}"]) from None


def read_mapping(values: Mapping[str, Any]) -> FileMapping:
    """The mapping in tables as `tomllib` gives them.

    Raises `MappingError`, with all problems, when it is wrong.
    """
    file = read_tables(MappingFile, extended(values, packaged.NAMES))
    return mapping_of(file, file.file, file.event)


def read_tables(tables: type[Tables], values: Mapping[str, Any]) -> Tables:
    """The tables of a mapping of this kind.

    Raises `MappingError`, with all problems, when they are wrong.
    """
    met, problems = Met(), []
    try:
        file = read(tables, {"time": {}, "cluster": {}, **values}, context=met, inline=True)
    except Problems as found:
        problems = found.texts
    if met.local and met.written and met.written.zone is None:
        problems.append(
            f"[time]: zone: missing, expected the zone of the local times; add zone = {kinds.ZONE_EXAMPLE}"
        )
    if problems:
        raise MappingError(problems)
    return file


class FactTables(Protocol):
    """The tables that mappings of all kinds have."""

    @property
    def time(self) -> WrittenTimes:
        """How times are written."""

    @property
    def id(self) -> IdTable:
        """What names a contact."""

    @property
    def cluster(self) -> ClusterTable:
        """Which cluster it is of."""

    @property
    def leave_out(self) -> tuple[LeaveOut, ...]:
        """What is no contact."""


def mapping_of(file: FactTables, form: FileFormat, events: Iterable[EventTable]) -> FileMapping:
    """The mapping that tables without contradictions are."""
    return FileMapping(
        file=form,
        zone=file.time.zone,
        id_columns=file.id.columns,
        id_separator=file.id.separator,
        cluster_column=file.cluster.column,
        cluster=file.cluster.constant or "",
        cluster_names=file.cluster.rename,
        named_only=file.cluster.named_only,
        leave_out=file.leave_out,
        events=tuple(_event(event, file.time) for event in events),
    )


def _event(event: EventTable, written: WrittenTimes) -> EventRule:
    return EventRule(
        type=event.type,
        at=time_source(event.at, written),
        plus=None if event.plus is None else duration_source(event.plus, written),
        planned_at=None if event.planned_at is None else time_source(event.planned_at, written),
        when=event.when,
    )
