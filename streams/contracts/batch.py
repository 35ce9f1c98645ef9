"""A batch of records on its way from the decoder to the fold: what they say, column by column.

Columns of one length each, since an object for each record would cost more than counting what it says. Rejected
records stand beside the columns, each with its place among all of the batch.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

import msgspec

from streams.contracts.rejections import Rejection
from streams.contracts.spelling import Repaired

E = TypeVar("E")


class RejectedRecord(NamedTuple):
    """A record of a batch that holds no event."""

    place: int
    """Its index among all records of the batch."""
    rejection: Rejection


class Batch(msgspec.Struct, Generic[E], frozen=True):
    """Consecutive records, decoded: events in their order, and the records that hold none.

    >>> batch = Batch(events=["offered", "answered"], instants_ms=[1_000, 5_000], record_times_ms=[1_100, 5_050])
    >>> batch.record_count
    2
    """

    events: Sequence[E]
    instants_ms: Sequence[int]
    """When each event happened."""
    record_times_ms: Sequence[int]
    """The time of the record that each event was read from: the only clock there is."""
    rejected: Sequence[RejectedRecord] = ()
    """In the order of their places."""
    repaired: Mapping[Repaired, int] = {}
    """How many records had a cluster in another spelling than the settings have; the events have theirs."""

    @property
    def record_count(self) -> int:
        """How many records were decoded."""
        return len(self.events) + len(self.rejected)

    def outcomes(self) -> "list[E | Rejection]":
        """What each record holds, an event or why there is none, in the order of the records."""
        outcomes: list[E | Rejection] = list(self.events)
        for rejected in self.rejected:
            outcomes.insert(rejected.place, rejected.rejection)
        return outcomes

    def stretches(self) -> "Iterator[tuple[Batch[E], RejectedRecord | None]]":
        """The batch in the order of its records: some events without a rejection, then the rejection behind them.

        Behind the last events there is none.

        >>> from streams.contracts.rejections import Reason
        >>> empty = RejectedRecord(1, Rejection(Reason.EMPTY, "expected an object"))
        >>> batch = Batch(["offered", "answered"], [1_000, 5_000], [1_100, 5_050], [empty])
        >>> [(part.events, bad and bad.place) for part, bad in batch.stretches()]
        [(['offered'], 1), (['answered'], None)]
        """
        if not self.rejected:
            yield self, None
            return
        start = 0
        for number, rejected in enumerate(self.rejected):
            end = rejected.place - number
            yield self._between(start, end), rejected
            start = end
        yield self._between(start, len(self.events)), None

    def _between(self, start: int, end: int) -> "Batch[E]":
        return Batch(self.events[start:end], self.instants_ms[start:end], self.record_times_ms[start:end])
