"""Tallies: additive records of what was counted, for one cluster over any span of time.

`count` adds a measurement or, with sign -1, takes it back; `add` adds whole tallies. Every figure is an integer
(waits in ms), so the result never depends on the order. Must not know where a tally belongs.
"""

from bisect import bisect_left
from typing import Final, NamedTuple, Self, TypeVar

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
from streams.core.sketch import ZERO_BUCKET, bucket_of

K = TypeVar("K")

UNBOUNDED_MS: Final = 10**12
"""Stands for the missing upper bound of the slowest category: 31 years, longer than any plausible wait."""


class WaitPlace(NamedTuple):
    """Where a measurement falls by the rules: worked out once, and counted in a month, a day and a slot."""

    within_norm: bool = False
    bucket: int = ZERO_BUCKET
    category_ms: int = UNBOUNDED_MS


_NO_WAIT: Final = WaitPlace()


def place_of(measured: Measurement, rules: Rules, norm_ms: int) -> WaitPlace:
    """Where a measurement falls, under the rules and its cluster's norm."""
    if isinstance(measured, AnsweredCall | ServedVisit):
        wait_ms = measured.wait_ms
        return WaitPlace(wait_ms <= norm_ms, bucket_of(wait_ms), speed_category(wait_ms, rules))
    if isinstance(measured, LeadTime):
        days = measured.working_days
        return WaitPlace(within_norm=days is not None and days <= rules.lead_norm_days)
    return _NO_WAIT


class Tally(msgspec.Struct, gc=False, omit_defaults=True):
    """What tallies of both channels share."""

    within_norm: int = 0
    """Waits at or below the cluster's norm."""
    wait_ms: int = 0
    """Sum of the official waits."""
    excluded: dict[str, int] = {}
    """Contacts left out, by reason."""
    sketch: dict[int, int] = {}
    """Official waits in log-spaced buckets, for quantiles."""

    def add(self, other: Self) -> None:
        """Add another tally of the same channel."""
        for name in self.__struct_fields__:
            theirs = getattr(other, name)
            if not theirs:
                continue
            if isinstance(theirs, dict):
                _add_counts(getattr(self, name), theirs)
            else:
                setattr(self, name, getattr(self, name) + theirs)

    def is_empty(self) -> bool:
        """Whether nothing is counted, so that the tally need not be kept."""
        return not any(getattr(self, name) for name in self.__struct_fields__)

    def count(self, measured: Measurement, sign: int, place: "WaitPlace") -> None:
        """Add (sign 1) or take back (sign -1) one measurement of the tally's channel."""
        raise NotImplementedError

    def _count_wait(self, wait_ms: int, sign: int, place: "WaitPlace") -> None:
        self.wait_ms += sign * wait_ms
        self.within_norm += sign * place.within_norm
        _bump(self.sketch, place.bucket, sign)


class PhoneTally(Tally, gc=False, omit_defaults=True):
    """Calls of one cluster. `offered` is `answered + missed`: the calls whose outcome is known and counts."""

    answered: int = 0
    missed: int = 0
    missed_wait_ms: int = 0
    speed_categories: dict[int, int] = {}
    """Answered calls by the upper bound, in ms, of their category (`UNBOUNDED_MS` for the last)."""

    @property
    def offered(self) -> int:
        """All calls that count, the denominator of the missed share."""
        return self.answered + self.missed

    def count(self, measured: Measurement, sign: int, place: "WaitPlace") -> None:
        """Add (sign 1) or take back (sign -1) one call."""
        if isinstance(measured, AnsweredCall):
            self.answered += sign
            self._count_wait(measured.wait_ms, sign, place)
            _bump(self.speed_categories, place.category_ms, sign)
        elif isinstance(measured, MissedCall):
            self.missed += sign
            self.missed_wait_ms += sign * measured.wait_ms
        elif isinstance(measured, Excluded):
            _bump(self.excluded, measured.reason.value, sign)


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

    def count(self, measured: Measurement, sign: int, place: "WaitPlace") -> None:
        """Add (sign 1) or take back (sign -1) one measurement of a visit."""
        match measured:
            case ServedVisit():
                self._count_served(measured, sign, place)
            case ServedWalkIn():
                self.walk_ins += sign
                self.walk_in_wait_ms += sign * measured.wait_ms
            case Unserved():
                self._count_unserved(measured.kind, sign)
            case LeadTime():
                self._count_lead(measured.working_days, sign, place)
            case Excluded():
                _bump(self.excluded, measured.reason.value, sign)

    def _count_served(self, measured: ServedVisit, sign: int, place: "WaitPlace") -> None:
        self.served += sign
        self.signed_ms += sign * measured.signed_ms
        self._count_wait(measured.wait_ms, sign, place)
        if measured.experienced_ms is not None:
            self.experienced += sign
            self.experienced_ms += sign * measured.experienced_ms

    def _count_unserved(self, kind: UnservedKind, sign: int) -> None:
        if kind is UnservedKind.NO_SHOW:
            self.no_shows += sign
        elif kind is UnservedKind.CANCELLED:
            self.cancelled += sign
        else:
            self.walk_ins_left += sign

    def _count_lead(self, working_days: int | None, sign: int, place: "WaitPlace") -> None:
        if working_days is None:
            self.implausible_requests += sign
            return
        self.requests += sign
        self.lead_days += sign * working_days
        self.requests_within_norm += sign * place.within_norm


def _bump(counts: dict[K, int], key: K, sign: int) -> None:
    value = counts.get(key, 0) + sign
    if value:
        counts[key] = value
    else:
        del counts[key]


def _add_counts(mine: dict[K, int], theirs: dict[K, int]) -> None:
    for key, value in theirs.items():
        mine[key] = mine.get(key, 0) + value


def speed_category(wait_ms: int, rules: Rules) -> int:
    """Upper bound, in ms, of the speed category of a wait; a category holds its bound."""
    bounds = rules.speed_categories_ms
    index = bisect_left(bounds, wait_ms)
    return bounds[index] if index < len(bounds) else UNBOUNDED_MS
