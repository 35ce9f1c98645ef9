"""Tallies: additive records of what was counted, for one cluster over any span of time.

`count_in` adds a measurement or, with sign -1, takes it back; `add` adds whole tallies. Every figure is an integer
(waits in ms), so the result never depends on the order. Must not know where a tally belongs.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Self, TypeVar

import msgspec

from streams.core.measure import (
    AnsweredCall,
    Excluded,
    LeadTime,
    Measurement,
    MissedCall,
    ServedVisit,
    ServedWalkIn,
    Unserved,
    UnservedKind,
)
from streams.core.rules import Rules
from streams.core.sketch import buckets_of, known_buckets

K = TypeVar("K")

UNBOUNDED_MS: Final = 10**12
"""Stands for the missing upper bound of the slowest category: 31 years, longer than any plausible wait."""


class _Nothing(dict[K, int]):
    """No counts, and none to come: a tally that gets its first makes a dictionary of its own (`_added`)."""

    def __setitem__(self, key: K, value: int) -> None:
        raise TypeError("shared by all tallies without counts: give the tally a dictionary of its own")


_NONE: Final = _Nothing[Any]()
"""One object for all tallies: most of the hundreds of thousands there are lack most kinds of counts."""


class Places:
    """Where official waits fall under one set of rules."""

    def __init__(self, rules: Rules, norms_ms: Mapping[str, int]) -> None:
        """`norms_ms` by cluster; one that the rules no longer have is judged by 0."""
        self.norms_ms = norms_ms
        self.lead_norm_days = rules.lead_norm_days
        known_buckets()  # made now, and not in the middle of a batch
        self._categories: Final = (*rules.speed_categories_ms, UNBOUNDED_MS)

    def categories(self, sorted_ms: Sequence[int], sign: int) -> dict[int, int]:
        """How many of the waits, times `sign`, are in each speed category, by its upper bound, which it holds."""
        counts: dict[int, int] = {}
        start = 0
        for bound in self._categories:
            end = bisect_right(sorted_ms, bound, start)
            if end > start:
                counts[bound] = sign * (end - start)
                if end == len(sorted_ms):
                    break
                start = end
        return counts


class Tally(msgspec.Struct, gc=False, omit_defaults=True):
    """What tallies of both channels share."""

    within_norm: int = 0
    """Waits at or below the cluster's norm."""
    wait_ms: int = 0
    """Sum of the official waits."""
    excluded: dict[str, int] = _NONE
    """Contacts left out, by reason."""
    sketch: dict[int, int] = _NONE
    """Official waits in log-spaced buckets, for quantiles; in tallies of months alone, which are all that is kept."""

    def add(self, other: Self) -> None:
        """Add another tally of the same channel."""
        self.add_without_sketch(other)
        if other.sketch:
            self.sketch = _added(self.sketch, other.sketch)

    def add_without_sketch(self, other: Self) -> None:
        """Add everything but the sketch, for who shows no quantiles.

        Field by field and without a call for those that both channels share: tens of thousands of tallies are added
        for each look at the windows of a thousand clusters.
        """
        raise NotImplementedError

    def exclude(self, excluded: Mapping[str, int]) -> None:
        """Add contacts left out, by reason."""
        self.excluded = _added(self.excluded, excluded)

    def is_empty(self) -> bool:
        """Whether nothing is counted, so that the tally need not be kept."""
        return not any(getattr(self, name) for name in self.__struct_fields__)

    @staticmethod
    def count_in(tallies: Sequence[Any], measured: Measurement, sign: int, places: Places) -> None:
        """Add (sign 1) or take back (sign -1) one measurement of the tallies' channel in each of them.

        The first of them is the month's: it alone keeps a sketch.
        """
        raise NotImplementedError


class PhoneTally(Tally, gc=False, omit_defaults=True):
    """Calls of one cluster. `offered` is `answered + missed`: the calls whose outcome is known and counts."""

    answered: int = 0
    missed: int = 0
    missed_wait_ms: int = 0
    speed_categories: dict[int, int] = _NONE
    """Answered calls by the upper bound, in ms, of their category (`UNBOUNDED_MS` for the last)."""
    missed_categories: dict[int, int] = _NONE
    """Missed calls by how long the caller held on, in the same categories: other ways to count the service level
    than the city's need to know who hung up within its bound."""

    @property
    def offered(self) -> int:
        """All calls that count, the denominator of the missed share."""
        return self.answered + self.missed

    def add_without_sketch(self, other: Self) -> None:
        self.within_norm += other.within_norm
        self.wait_ms += other.wait_ms
        if other.excluded:
            self.excluded = _added(self.excluded, other.excluded)
        self.answered += other.answered
        self.missed += other.missed
        self.missed_wait_ms += other.missed_wait_ms
        if other.speed_categories:
            self.speed_categories = _added(self.speed_categories, other.speed_categories)
        if other.missed_categories:
            self.missed_categories = _added(self.missed_categories, other.missed_categories)

    @staticmethod
    def count_in(tallies: "Sequence[PhoneTally]", measured: Measurement, sign: int, places: Places) -> None:
        """Add (sign 1) or take back (sign -1) one call in each of the tallies."""
        if type(measured) is AnsweredCall:
            count_answered({measured.cluster: tallies}, {measured.cluster: [measured.wait_ms]}, sign, places)
            add_to_sketch(tallies[0], [measured.wait_ms], sign)
        elif type(measured) is MissedCall:
            count_missed({measured.cluster: tallies}, {measured.cluster: [measured.wait_ms]}, sign, places)
        elif type(measured) is Excluded:
            _count_excluded(tallies, measured, sign, places)


def count_answered(
    tallies_of: Mapping[str, Sequence[PhoneTally]], waits_of: Mapping[str, list[int]], sign: int, places: Places
) -> None:
    """`PhoneTally.count_in` for so many answered calls, by cluster, without the sketch.

    The waits are put in order, in place: then one search finds where those of a category end.
    """
    for cluster, waits_ms in waits_of.items():
        waits_ms.sort()
        answered, wait_ms = sign * len(waits_ms), sign * sum(waits_ms)
        within_norm = sign * bisect_right(waits_ms, places.norms_ms.get(cluster, 0))
        categories = places.categories(waits_ms, sign)
        for tally in tallies_of[cluster]:
            tally.answered += answered
            tally.wait_ms += wait_ms
            tally.within_norm += within_norm
            tally.speed_categories = _added(tally.speed_categories, categories, sign)


def count_missed(
    tallies_of: Mapping[str, Sequence[PhoneTally]], waits_of: Mapping[str, list[int]], sign: int, places: Places
) -> None:
    """The same for missed calls."""
    for cluster, waits_ms in waits_of.items():
        waits_ms.sort()
        missed, missed_wait_ms = sign * len(waits_ms), sign * sum(waits_ms)
        categories = places.categories(waits_ms, sign)
        for tally in tallies_of[cluster]:
            tally.missed += missed
            tally.missed_wait_ms += missed_wait_ms
            tally.missed_categories = _added(tally.missed_categories, categories, sign)


class DeskTally(Tally, gc=False, omit_defaults=True):
    """Visits of one cluster. `served` are the appointments received, walk-ins have counts of their own."""

    served: int = 0
    signed_ms: int = 0
    """Sum of actual minus planned starts, early ones negative."""
    experienced: int = 0
    """Appointments received whose arrival is known."""
    experienced_ms: int = 0
    walk_ins: int = 0
    walk_in_wait_ms: int = 0
    walk_ins_left: int = 0
    no_shows: int = 0
    cancelled: int = 0
    requests: int = 0
    """Appointments asked for."""
    lead_days: int = 0
    """Sum of the working days between asking and the planned day."""
    requests_within_norm: int = 0
    implausible_requests: int = 0

    def add_without_sketch(self, other: Self) -> None:
        self.within_norm += other.within_norm
        self.wait_ms += other.wait_ms
        if other.excluded:
            self.excluded = _added(self.excluded, other.excluded)
        self.served += other.served
        self.signed_ms += other.signed_ms
        self.experienced += other.experienced
        self.experienced_ms += other.experienced_ms
        self.walk_ins += other.walk_ins
        self.walk_in_wait_ms += other.walk_in_wait_ms
        self.walk_ins_left += other.walk_ins_left
        self.no_shows += other.no_shows
        self.cancelled += other.cancelled
        self.requests += other.requests
        self.lead_days += other.lead_days
        self.requests_within_norm += other.requests_within_norm
        self.implausible_requests += other.implausible_requests

    @staticmethod
    def count_in(tallies: "Sequence[DeskTally]", measured: Measurement, sign: int, places: Places) -> None:
        """Add (sign 1) or take back (sign -1) one measurement of a visit in each of the tallies."""
        _DESK_COUNTS[type(measured)](tallies, measured, sign, places)


def _count_served(tallies: Sequence[DeskTally], measured: ServedVisit, sign: int, places: Places) -> None:
    wait_ms, signed_ms = sign * measured.wait_ms, sign * measured.signed_ms
    within_norm = sign if measured.wait_ms <= places.norms_ms.get(measured.cluster, 0) else 0
    is_known = measured.experienced_ms is not None
    experienced, experienced_ms = sign * is_known, sign * (measured.experienced_ms or 0)
    add_to_sketch(tallies[0], [measured.wait_ms], sign)
    for tally in tallies:
        tally.served += sign
        tally.wait_ms += wait_ms
        tally.signed_ms += signed_ms
        tally.within_norm += within_norm
        tally.experienced += experienced
        tally.experienced_ms += experienced_ms


def _count_walk_in(tallies: Sequence[DeskTally], measured: ServedWalkIn, sign: int, _: Places) -> None:
    for tally in tallies:
        tally.walk_ins += sign
        tally.walk_in_wait_ms += sign * measured.wait_ms


def _count_unserved(tallies: Sequence[DeskTally], measured: Unserved, sign: int, _: Places) -> None:
    for tally in tallies:
        if measured.kind is UnservedKind.NO_SHOW:
            tally.no_shows += sign
        elif measured.kind is UnservedKind.CANCELLED:
            tally.cancelled += sign
        else:
            tally.walk_ins_left += sign


def _count_lead(tallies: Sequence[DeskTally], measured: LeadTime, sign: int, places: Places) -> None:
    days = measured.working_days
    if days is None:
        for tally in tallies:
            tally.implausible_requests += sign
        return
    within_norm = sign if days <= places.lead_norm_days else 0
    for tally in tallies:
        tally.requests += sign
        tally.lead_days += sign * days
        tally.requests_within_norm += within_norm


def _count_excluded(tallies: Sequence[Tally], excluded: Excluded, sign: int, _: Places) -> None:
    for tally in tallies:
        tally.excluded = _added(tally.excluded, {excluded.reason.value: sign}, sign)


_DESK_COUNTS: Final[Mapping[type[Measurement], Callable[[Sequence[Any], Any, int, Places], None]]] = {
    ServedVisit: _count_served,
    ServedWalkIn: _count_walk_in,
    Unserved: _count_unserved,
    LeadTime: _count_lead,
    Excluded: _count_excluded,
}


def add_to_sketch(tally: Tally, waits_ms: Sequence[int], sign: int) -> None:
    """Add official waits to the sketch of a month's tally, or take them back."""
    sketch = tally.sketch = tally.sketch or {}
    buckets = buckets_of(waits_ms)
    for bucket in buckets:
        sketch[bucket] = sketch.get(bucket, 0) + sign
    if sign < 0:
        tally.sketch = _without_zeros(sketch, set(buckets))


def _added(mine: dict[K, int], theirs: Mapping[K, int], sign: int = 1) -> dict[K, int]:
    """My counts with theirs, to be kept in place of mine, which may or may not be the same dictionary.

    What is taken back (sign -1) may leave none of a key.
    """
    if not mine:
        return dict(theirs) or _NONE
    for key, value in theirs.items():
        mine[key] = mine.get(key, 0) + value
    return mine if sign > 0 else _without_zeros(mine, theirs)


def _without_zeros(counts: dict[K, int], keys: Iterable[K]) -> dict[K, int]:
    for key in keys:
        if not counts[key]:
            del counts[key]
    return counts or _NONE
