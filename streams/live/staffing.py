"""How many employees serve each cluster now, from all that sources told: the same whoever reads it, in any order.

Of each source the newest counts, and those of several sources add up. Where one of them has been silent for too long
nothing is known of the cluster, since a part must not pass for the whole. Must not know Kafka.
"""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Final, NamedTuple

import msgspec

from streams.channels.staffing import channel_told
from streams.contracts.events import instant_ms
from streams.contracts.staffing import OTHER_PAUSE, Staffing
from streams.core.rules import DAY_MS, SECOND_MS, Channel

FORGOTTEN_MS: Final = DAY_MS
"""A source that has said nothing of a cluster for so long does not serve it any more."""

PLACES_MAX: Final = 10_000
"""So many sources and clusters are remembered, and the one told of least recently is forgotten first."""

Place = tuple[Channel, str]
"""A cluster with its channel."""


class Staff(msgspec.Struct, frozen=True, kw_only=True):
    """Who serves one cluster. None is what no source tells, and not 0."""

    logged_in: int | None = None
    free: int | None = None
    talking: int | None = None
    wrapping_up: int | None = None
    paused: int | None = None
    paused_by: Mapping[str, int] | None = None
    """Of the paused how many for each kind of the settings, and for all others."""
    desks_open: int | None = None


class _Told(NamedTuple):
    """What one source told of one cluster; of the same moment the greater text counts, whichever came first."""

    at_ms: int
    text: bytes
    event: Staffing


class Roster:
    """Everything that was told, as far as it counts."""

    def __init__(self, pauses: Sequence[str], stale_seconds: float) -> None:
        """`pauses` are the kinds that are told apart."""
        self._pauses = tuple(pauses)
        self._stale_ms = stale_seconds * SECOND_MS
        self._newest: dict[tuple[str, Channel, str], _Told] = {}

    def take(self, event: Staffing) -> None:
        """Take an event in; one that is older than what is known changes nothing."""
        place = (event.source, channel_told(event), event.cluster)
        told = _Told(instant_ms(event.at), msgspec.json.encode(msgspec.structs.replace(event, at=0.0)), event)
        known = self._newest.get(place)
        if known is None or told[:2] > known[:2]:
            self._newest[place] = told
        if len(self._newest) > PLACES_MAX:
            del self._newest[min(self._newest, key=lambda each: self._newest[each].at_ms)]

    def told(self, now_ms: int) -> set[Place]:
        """The clusters of which any source has told something within a day, whether it counts still or not."""
        return {
            (channel, cluster)
            for (_, channel, cluster), told in self._newest.items()
            if now_ms - told.at_ms <= FORGOTTEN_MS
        }

    def now(self, now_ms: int) -> dict[Place, Staff]:
        """The clusters of which enough is known at this moment."""
        by_place: dict[Place, list[_Told]] = {}
        for (_, channel, cluster), told in self._newest.items():
            if now_ms - told.at_ms <= FORGOTTEN_MS:
                by_place.setdefault((channel, cluster), []).append(told)
        return {
            place: self._sum([each.event for each in all_told])
            for place, all_told in by_place.items()
            if all(now_ms - each.at_ms <= self._stale_ms for each in all_told)
        }

    def _sum(self, events: Sequence[Staffing]) -> Staff:
        counts = {name: _added(map(attrgetter(name), events)) for name in _NUMBERS}
        kinds = [self._by_kind(each) for each in events if each.paused_by is not None]
        by_kind = {name: sum(each[name] for each in kinds) for name in (*self._pauses, OTHER_PAUSE)}
        return Staff(**counts, paused_by=by_kind if kinds else None)

    def _by_kind(self, event: Staffing) -> dict[str, int]:
        told = event.paused_by or {}
        named = {name: told.get(name, 0) for name in self._pauses}
        paused = sum(told.values()) if event.paused is None else event.paused
        return {**named, OTHER_PAUSE: max(0, paused - sum(named.values()))}


_NUMBERS: Final = tuple(name for name in Staff.__struct_fields__ if name != "paused_by")


def _added(counts: Iterable[int | None]) -> int | None:
    """What is told of a count, by all who tell it."""
    told = [each for each in counts if each is not None]
    return sum(told) if told else None
