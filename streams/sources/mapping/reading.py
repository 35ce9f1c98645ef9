"""A mapping file as what reads rows needs it: complete, and free of contradictions."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from streams.channels.named_events import PLAN_FIELD, name_of
from streams.contracts.decode import Event
from streams.settings.toml.problems import Problems, read
from streams.settings.toml.text import parse_toml, shown
from streams.sources import mapping_kinds as kinds
from streams.sources.mapping.packaged import extended
from streams.sources.mapping.tables import (
    Conditions,
    DurationSource,
    EventTable,
    FileFormat,
    LeaveOut,
    MappingFile,
    Met,
    TimeSource,
    WrittenTimes,
    duration_source,
    time_source,
)


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
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise MappingError([f"expected UTF-8 text: {error.reason} at byte {error.start}"]) from None
    return parse_mapping(text)


def parse_mapping(text: str) -> FileMapping:
    """The mapping in a TOML text.

    Raises `MappingError`, with all problems, when it is wrong.
    """
    try:
        values = parse_toml(text)
    except ValueError as error:
        raise MappingError([f"expected TOML: {error}"]) from None
    return read_mapping(values)


def read_mapping(values: Mapping[str, Any]) -> FileMapping:
    """The mapping in tables as `tomllib` gives them.

    Raises `MappingError`, with all problems, when it is wrong.
    """
    met, problems = Met(), []
    try:
        whole = {"time": {}, "cluster": {}} | extended(values)
        file = read(MappingFile, whole, context=met, inline=True)
    except Problems as found:
        problems = found.texts
    if met.local and met.written and met.written.zone is None:
        problems.append(
            f"[time]: zone: missing, expected the zone of the local times; add zone = {kinds.ZONE_EXAMPLE}"
        )
    if problems:
        raise MappingError(problems)
    return _mapping(file)


def _mapping(file: MappingFile) -> FileMapping:
    return FileMapping(
        file=file.file,
        zone=file.time.zone,
        id_columns=file.id.columns,
        id_separator=file.id.separator,
        cluster_column=file.cluster.column,
        cluster=file.cluster.constant or "",
        cluster_names=file.cluster.rename,
        leave_out=file.leave_out,
        events=tuple(_event(event, file.time) for event in file.event),
    )


def _event(event: EventTable, written: WrittenTimes) -> EventRule:
    return EventRule(
        type=event.type,
        at=time_source(event.at, written),
        plus=None if event.plus is None else duration_source(event.plus, written),
        planned_at=None if event.planned_at is None else time_source(event.planned_at, written),
        when=event.when,
    )
