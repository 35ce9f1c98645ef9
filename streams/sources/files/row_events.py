"""The events of one row, of its cells in the columns that a mapping names. Each row stands for itself."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from streams.channels.named_events import Make, maker, needs_plan
from streams.contracts.decode import Event
from streams.contracts.events import CLUSTER_LENGTH_MAX, ID_LENGTH_MAX
from streams.sources.files.columns import used_columns
from streams.sources.files.conditions import hold, placed
from streams.sources.files.moments import DurationReader, Firsts, MomentReader
from streams.sources.files.row import OTHER_CLUSTER, LeftOut, RowLeftOutError, Unreadable, unreadable
from streams.sources.mapping import EventRule, FileMapping
from streams.sources.times import Moment
from streams.sources.times.order import in_order

UNDECODABLE: Final = "\N{REPLACEMENT CHARACTER}"
"""What stands where bytes are no text in the file's encoding."""


_SHORTENED: Final = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]{2,3}")
"""A long number as a spreadsheet shows it, 1.23457E+15: without digits that would tell it from its neighbours."""


class Told(NamedTuple):
    """What a row tells."""

    events: list[Event]
    is_ambiguous: bool
    """Whether a time in it comes twice, and nothing tells which coming is meant."""


class RowEvents:
    """Reads the cells of one row, those of the used columns in their order: calling it gives the row's events."""

    def __init__(self, mapping: FileMapping) -> None:
        self._mapping = mapping
        self._used = used_columns(mapping)
        at = {column: place for place, column in enumerate(self._used)}
        self._id_places = [at[column] for column in mapping.id_columns]
        self._cluster_place = at.get(mapping.cluster_column)
        self._leave_out = [
            (placed(rule.when, at), LeftOut(rule.reason, on_purpose=True))
            for rule in mapping.leave_out
            if not rule.all_else
        ]
        self._else = next(
            (LeftOut(rule.reason, on_purpose=True) for rule in mapping.leave_out if rule.all_else), None
        )
        self._events = [_EventReader(rule, at, mapping.zone) for rule in mapping.events]

    def __call__(self, cells: Sequence[str]) -> Told:
        """The events of one row.

        Raises `RowLeftOutError` when it becomes none.
        """
        if UNDECODABLE in "".join(cells):
            garbled = next(column for column, text in zip(self._used, cells, strict=True) if UNDECODABLE in text)
            raise unreadable(Unreadable.TEXT, garbled, self._mapping.file.encoding)
        for when, left_out in self._leave_out:
            if hold(when, cells):
                raise RowLeftOutError(left_out)
        if self._else is not None and not any(read.holds(cells) for read in self._events):
            raise RowLeftOutError(self._else)
        contact_id, cluster = self._contact_id(cells), self._cluster(cells)
        firsts: Firsts = {}
        happened = [found for read in self._events if (found := read(cells, firsts)) is not None]
        if not happened:
            raise unreadable(Unreadable.NOTHING)
        return _told(happened, contact_id, cluster)

    def _contact_id(self, cells: Sequence[str]) -> str:
        for place in self._id_places:
            if not cells[place]:
                raise unreadable(Unreadable.ID, self._used[place])
            if "E+" in cells[place] and _SHORTENED.fullmatch(cells[place]):
                raise unreadable(Unreadable.ID_SHORTENED, self._used[place])
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
        if self._mapping.named_only and written not in self._mapping.cluster_names:
            raise RowLeftOutError(LeftOut(OTHER_CLUSTER, on_purpose=True, column=self._mapping.cluster_column))
        cluster = self._mapping.cluster_names.get(written, written)
        if len(cluster) > CLUSTER_LENGTH_MAX:
            raise unreadable(
                Unreadable.CLUSTER_LENGTH, self._mapping.cluster_column, f"at most {CLUSTER_LENGTH_MAX} characters"
            )
        return cluster


class _EventReader:
    """Reads one event of a row; None when the row does not have it."""

    def __init__(self, rule: EventRule, at: Mapping[str, int], zone: ZoneInfo | None) -> None:
        self._make = maker(rule.type)
        self._when = placed(rule.when, at)
        self._needs_plan = needs_plan(rule.type)
        self._at = MomentReader(rule.at, at, zone)
        self._plus = None if rule.plus is None else DurationReader(rule.plus, at)
        self._planned_at = None if rule.planned_at is None else MomentReader(rule.planned_at, at, zone)

    def holds(self, cells: Sequence[str]) -> bool:
        """Whether the row is one of those that have it, with a time or without."""
        return hold(self._when, cells)

    def __call__(self, cells: Sequence[str], firsts: Firsts) -> "_Happened | None":
        if not hold(self._when, cells) or (at := self._at(cells, firsts)) is None:
            return None
        if self._plus is not None:
            if (later := self._plus(at, cells)) is None:
                return None
            at = later
        planned = None if self._planned_at is None else self._planned_at(cells, firsts)
        if planned is None and self._needs_plan:
            raise unreadable(Unreadable.PLAN)
        return _Happened(self._make, at, planned)


class _Happened(NamedTuple):
    """An event of a row before it is known which coming of an hour is meant."""

    make: Make
    at: Moment
    planned: Moment | None


def _told(happened: Sequence[_Happened], contact_id: str, cluster: str) -> Told:
    times, is_ambiguous = in_order([each.at for each in happened])
    events = [
        each.make(contact_id, cluster, at, _first(each.planned)) for each, at in zip(happened, times, strict=True)
    ]
    is_ambiguous |= any(each.planned is not None and each.planned.second is not None for each in happened)
    return Told(events, is_ambiguous)


def _first(planned: Moment | None) -> datetime | None:
    """A plan stands alone: nothing tells which coming it means."""
    return None if planned is None else planned.first
