"""A state in which nothing is pending, for whoever reads: `State.settle` returns it.

Reading counts nothing and makes nothing. Once more is folded, this is no longer what the state holds and refuses to
be read, so that no reader shows figures that lack what is noted but not counted yet.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Generic, Protocol, TypeVar

from streams.core.calendar import Calendar
from streams.core.changes import Changes
from streams.core.contact import Contact
from streams.core.counts import Tally
from streams.core.ledger import Ledger
from streams.core.rules import Channel, Rules
from streams.core.snapshot import Parts, Snapshot, Spans, parts_of
from streams.core.waiting import WaitingRoom

C = TypeVar("C", bound=Contact)
T = TypeVar("T", bound=Tally)


class UnsettledError(RuntimeError):
    """More was folded since the state was settled."""


class Source(Protocol[C, T]):
    """What is read of a state besides its tallies and who waits."""

    channel: Channel
    rules: Rules
    calendar: Calendar
    contacts: dict[str, C]

    def snapshot_with(
        self, contacts: dict[str, C], months: Parts[str, T], days: Parts[int, T], slots: Parts[int, T]
    ) -> Snapshot[C, T]:
        """A snapshot of these parts."""


class Settled(Generic[C, T]):
    """A state to be read, until more is folded."""

    def __init__(self, state: Source[C, T], ledger: Ledger[T], room: WaitingRoom[C]) -> None:
        """Of a state that has just counted everything."""
        self.channel = state.channel
        self.rules = state.rules
        self.calendar = state.calendar
        self._state = state
        self._ledger = ledger
        self._room = room
        self._is_over = False

    def end(self) -> None:
        """More is about to be folded."""
        self._is_over = True

    def _check(self) -> None:
        if self._is_over:
            raise UnsettledError("The state was folded on since it was settled: call settle() again, then read.")

    @property
    def months(self) -> Spans[str, T]:
        """Tallies by month and cluster; not to be changed."""
        self._check()
        return self._ledger.months

    @property
    def days(self) -> Spans[int, T]:
        """The same by local day."""
        self._check()
        return self._ledger.days

    @property
    def slots(self) -> Spans[int, T]:
        """The same by slot of the rolling windows."""
        self._check()
        return self._ledger.slots

    def slot_sums(self, first: int, end: int) -> Iterator[Mapping[str, T]]:
        """Tallies by cluster that add up to the slots from `first` up to, not including, `end`; not to be changed."""
        self._check()
        return self._ledger.slot_sums(first, end)

    def look(self, now_ms: int) -> WaitingRoom[C]:
        """Bring the waiting room to a moment, and have it: who waits then. To be read before looking again."""
        self._check()
        self._room.look(now_ms)
        return self._room

    # Snapshots.

    def snapshot(self, contacts: dict[str, C] | None = None) -> Snapshot[C, T]:
        """The state as plain data that shares its parts: encode it before folding on.

        With `contacts`, those instead of all.
        """
        spans: Any = (self.months, self.days, self.slots)
        return self._state.snapshot_with(self._state.contacts if contacts is None else contacts, *spans)

    def snapshot_of(self, changes: Changes[C]) -> Snapshot[C, T]:
        """The changed parts as they are now, sharing them with the state: encode them before folding on."""
        months: Parts[str, T] = {}
        days: Parts[int, T] = {}
        slots: Parts[int, T] = {}
        for (month, day), clusters in changes.periods.items():
            months.setdefault(month, {}).update(parts_of(self.months, month, clusters))
            days.setdefault(day, {}).update(parts_of(self.days, day, clusters))
        for slot, clusters in changes.slots.items():
            slots[slot] = parts_of(self.slots, slot, clusters)
        return self._state.snapshot_with(changes.contacts, months, days, slots)


AnySettled = Settled[Any, Any]
"""Of whatever channel."""
