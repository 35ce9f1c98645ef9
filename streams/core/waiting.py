"""Who waits at a moment, and who has waited so long that nothing more will be heard of them.

Works by the reader's clock and not by the log's, so that a feed that stops leaves nobody on the wall for ever. Kept
up from the state's changes: going through all open contacts for each look would take a worker with a million of them
a second of every second.
"""

from collections.abc import Iterable, Iterator, Mapping
from heapq import heappop, heappush
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from streams.core.contact import Contact
from streams.core.measure import Excluded

C = TypeVar("C", bound=Contact)
K = TypeVar("K")

MonthKey = tuple[str, str]
"""Month (`YYYY-MM`) and cluster."""

_BUCKET_MS: Final = 1_000
"""Width of a queue's buckets: of those who come in the same second only the first to be looked at are compared."""

_STALE_MAX: Final = 1_000
"""Entries of those who left that may stay in the queues, besides as many as there are others."""


class Place(NamedTuple):
    """An open contact as somebody who may wait."""

    cluster: str
    due_ms: int
    """When it was, or is, to begin: it expires a set time after this."""
    since_ms: int | None
    """When the wait began or will begin; None for who does not wait, such as a visitor who has yet to arrive."""
    walk_in: bool


class Room(Protocol[C]):
    """What of a state is looked at: its open contacts."""

    @property
    def contacts(self) -> Mapping[str, C]:
        """All contacts, by id."""

    def place(self, contact: C) -> Place:
        """An open one as somebody who may wait."""

    def expired(self, contact: C) -> tuple[str, int, Excluded]:
        """Month, day and what is counted for an open one once it has expired."""


class _Queue:
    """Ids in the order of their moments, in buckets of a second: a tuple for each would double what one takes."""

    def __init__(self) -> None:
        self._buckets: dict[int, list[str]] = {}
        self._firsts: list[int] = []

    def push(self, at_ms: int, contact_id: str) -> None:
        """Put in; who leaves or moves stays in its old place until that comes to the front."""
        bucket = at_ms // _BUCKET_MS
        ids = self._buckets.get(bucket)
        if ids is None:
            self._buckets[bucket] = [contact_id]
            heappush(self._firsts, bucket)
        else:
            ids.append(contact_id)

    def front(self, until_ms: int | None = None) -> Iterator[tuple[int, list[str]]]:
        """The buckets in their order, up to that of a moment."""
        while self._firsts and (until_ms is None or self._firsts[0] <= until_ms // _BUCKET_MS):
            yield self._firsts[0], self._buckets[self._firsts[0]]

    def replace_front(self, ids: list[str]) -> None:
        """Leave only these in the first bucket, or take it away."""
        if ids:
            self._buckets[self._firsts[0]] = ids
        else:
            del self._buckets[heappop(self._firsts)]


class Line:
    """Those who wait for one cluster, with or without an appointment."""

    def __init__(self, cluster: str, *, walk_in: bool) -> None:
        self.cluster = cluster
        self.walk_in = walk_in
        self.count = 0
        self.queue = _Queue()


class _Expired(NamedTuple):
    month: MonthKey
    day: tuple[int, str]
    reason: str


class WaitingRoom(Generic[C]):
    """The open contacts of one state at the moment of the last `look`."""

    def __init__(self, room: Room[C], expiry_ms: int) -> None:
        """A contact expires `expiry_ms` after it was due. Nobody is in before the first `look`."""
        self._room = room
        self._expiry_ms = expiry_ms
        self._now_ms: int | None = None
        self._changed_months: set[MonthKey] = set()
        """Where counts of expired contacts changed, until somebody takes it."""
        self._clear()

    def _clear(self) -> None:
        self._inside: dict[str, Line | None] = {}
        """Everybody, and the line that counts them; None for who does not wait, or has expired."""
        self._by_due = _Queue()
        self._pushed = 0
        self._expired: dict[str, _Expired] = {}
        self._ways: dict[_Expired, _Expired] = {}
        """How contacts have expired, each way as one object: a tuple for each takes as much as the contact."""
        self._lines: dict[tuple[str, bool], Line] = {}
        self.months: dict[MonthKey, dict[str, int]] = {}
        """Expired contacts by reason, by month and cluster."""
        self.days: dict[tuple[int, str], dict[str, int]] = {}
        """The same by local day and cluster."""

    @property
    def lines(self) -> Iterable[Line]:
        """All lines, empty ones included."""
        return self._lines.values()

    @property
    def open_count(self) -> int:
        """Open contacts, those who do not wait and those who have expired included."""
        return len(self._inside)

    def update(self, changed: Mapping[str, C], forgotten: Iterable[str] = ()) -> None:
        """Follow the state: contacts that may have changed, opened or closed, and open ones that were forgotten."""
        if self._now_ms is None:
            return
        for contact_ids in (changed.keys(), set(forgotten)):
            for contact_id in self._inside.keys() & contact_ids:
                self._leave(contact_id)
        for contact_id, contact in changed.items():
            if contact.is_open:
                self._enter(contact_id, self._room.place(contact))

    def begin(self, now_ms: int) -> None:
        """Start at a moment at which nobody is in yet: whoever is open is to be told of by `update`.

        Without this the first `look` goes through all contacts there are at once.
        """
        self._clear()
        self._now_ms = now_ms

    def look(self, now_ms: int) -> None:
        """Bring everything to a moment. Time mostly goes forward; going back is a look at all contacts there are."""
        if self._now_ms is None or now_ms < self._now_ms:
            self._changed_months |= self.months.keys()
            self._clear()
            self._now_ms = now_ms
            self.update(self._room.contacts)
        self._now_ms = now_ms
        if self._pushed > 2 * len(self._inside) + _STALE_MAX:
            self._queue_anew()
        self._expire(now_ms - self._expiry_ms)

    def take_changed_months(self) -> set[MonthKey]:
        """Where counts of expired contacts changed since this was last called."""
        changed, self._changed_months = self._changed_months, set()
        return changed

    def since_ms(self, line: Line) -> int | None:
        """Since when the longest of a line waits, or will begin to; None when nobody is in it."""
        for bucket, contact_ids in line.queue.front():
            begun_ms = {contact_id: self._since(contact_id, line) for contact_id in contact_ids}
            here = {each: at for each, at in begun_ms.items() if at is not None and at // _BUCKET_MS == bucket}
            line.queue.replace_front(list(here))
            if here:
                return min(here.values())
        return None

    def _since(self, contact_id: str, line: Line) -> int | None:
        if self._inside.get(contact_id) is not line:
            return None
        return self._room.place(self._room.contacts[contact_id]).since_ms

    def _enter(self, contact_id: str, place: Place) -> None:
        line = None
        self._by_due.push(place.due_ms, contact_id)
        self._pushed += 1
        if place.since_ms is not None:
            key = place.cluster, place.walk_in
            line = self._lines.get(key)
            if line is None:
                line = self._lines[key] = Line(place.cluster, walk_in=place.walk_in)
            line.count += 1
            line.queue.push(place.since_ms, contact_id)
        self._inside[contact_id] = line

    def _leave(self, contact_id: str) -> None:
        line = self._inside.pop(contact_id)
        if line is not None:
            line.count -= 1
        if contact_id in self._expired:
            self._count(self._expired.pop(contact_id), -1)

    def _expire(self, due_until_ms: int) -> None:
        for bucket, contact_ids in self._by_due.front(due_until_ms):
            later = []
            for contact_id in contact_ids:
                if contact_id in self._inside and contact_id not in self._expired:
                    contact = self._room.contacts[contact_id]
                    if self._room.place(contact).due_ms <= due_until_ms:
                        self._give_up(contact_id, contact)
                    else:
                        later.append(contact_id)
            if bucket == due_until_ms // _BUCKET_MS:
                self._by_due.replace_front(later)
                return
            self._by_due.replace_front([])  # who is due later is in the queue with that moment too

    def _give_up(self, contact_id: str, contact: C) -> None:
        line = self._inside[contact_id]
        if line is not None:
            line.count -= 1
            self._inside[contact_id] = None
        month, day, excluded = self._room.expired(contact)
        expired = _Expired((month, excluded.cluster), (day, excluded.cluster), excluded.reason.value)
        expired = self._expired[contact_id] = self._ways.setdefault(expired, expired)
        self._count(expired, 1)

    def _count(self, expired: _Expired, sign: int) -> None:
        _bump(self.months, expired.month, expired.reason, sign)
        _bump(self.days, expired.day, expired.reason, sign)
        self._changed_months.add(expired.month)

    def _queue_anew(self) -> None:
        """Make the queues anew from those who are there."""
        self._by_due, self._pushed = _Queue(), 0
        for line in self._lines.values():
            line.queue = _Queue()
        for contact_id, counted_in in self._inside.items():
            if contact_id not in self._expired:
                place = self._room.place(self._room.contacts[contact_id])
                self._by_due.push(place.due_ms, contact_id)
                self._pushed += 1
                if counted_in is not None and place.since_ms is not None:
                    counted_in.queue.push(place.since_ms, contact_id)


def _bump(counts: dict[K, dict[str, int]], key: K, reason: str, sign: int) -> None:
    by_reason = counts.setdefault(key, {})
    by_reason[reason] = by_reason.get(reason, 0) + sign
    if not by_reason[reason]:
        del by_reason[reason]
    if not by_reason:
        del counts[key]
