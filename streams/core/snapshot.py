"""A state as plain data, whole or the parts that have changed: what a checkpoint holds of it.

The format is kept: whatever it wrote is read by every later version, or refused by its number.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Generic, Self, TypeVar

import msgspec

from streams.core.contact import Contact
from streams.core.counts import Tally
from streams.core.rules import Rules

SNAPSHOT_VERSION: Final = 5
"""Format of `Snapshot`: raise it whenever a field changes its meaning, or what is counted for the same facts."""

ONE_DRAW_VERSION: Final = 4
"""A format of before, which is read: a desk's clock had to agree with that of the kiosk, and a number that is drawn
again within a day was counted as if nobody had come."""

EARLIEST_FACTS_VERSION: Final = 3
"""A format of before, which is read: of a contact it holds the earliest of each fact, and was counted by those."""

READ_VERSIONS: Final = (SNAPSHOT_VERSION, ONE_DRAW_VERSION, EARLIEST_FACTS_VERSION)

K = TypeVar("K")
C = TypeVar("C", bound=Contact)
T = TypeVar("T", bound=Tally)

Spans = dict[K, dict[str, T]]
"""Tallies by span of time and cluster."""

Parts = dict[K, dict[str, T | None]]
"""The same where only some may be given, and None says that there is none any more."""


class Snapshot(msgspec.Struct, Generic[C, T], omit_defaults=True):
    """A state, or what has changed in it, as plain data. The rules are those by which its tallies were made.

    In changes, `contacts` are those that records came for and the tallies those that were counted in; None stands
    for a tally in which nothing is left.
    """

    version: int
    rules: Rules
    log_ms: int
    applied: int
    last_event_ms: int | None
    contacts: dict[str, C]
    months: Parts[str, T]
    days: Parts[int, T]
    slots: Parts[int, T]
    rejected: dict[str, int]
    repaired: dict[str, int] = {}

    def update(self, later: Self) -> None:
        """Take in what has changed since."""
        self.rules, self.log_ms, self.applied = later.rules, later.log_ms, later.applied
        self.last_event_ms, self.rejected, self.repaired = later.last_event_ms, later.rejected, later.repaired
        self.contacts.update(later.contacts)
        _update_spans(self.months, later.months)
        _update_spans(self.days, later.days)
        _update_spans(self.slots, later.slots)


def _update_spans(mine: Parts[K, T], later: Parts[K, T]) -> None:
    for span, by_cluster in later.items():
        mine.setdefault(span, {}).update(by_cluster)


def parts_of(spans: Mapping[K, Mapping[str, T]], span: K, clusters: Iterable[str]) -> dict[str, T | None]:
    """The tallies of these clusters in one span, None where there is none."""
    by_cluster = spans.get(span, {})
    return {cluster: by_cluster.get(cluster) for cluster in clusters}


def without_gaps(spans: Parts[K, T]) -> Spans[K, T]:
    """The tallies that there are."""
    kept = {
        span: {cluster: tally for cluster, tally in by_cluster.items() if tally is not None}
        for span, by_cluster in spans.items()
    }
    return {span: by_cluster for span, by_cluster in kept.items() if by_cluster}
