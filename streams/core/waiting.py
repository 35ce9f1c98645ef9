"""Who waits at a moment, and who has waited so long that nothing more will be heard of them.

Works by the reader's clock and not by the log's, so that a feed that stops leaves nobody on the wall for ever. Kept
up from the state's changes: going through all open contacts for each look would take a worker with a million of them
a second of every second. Must not know who looks.
"""

from collections.abc import Iterable, Mapping
from heapq import heapify, heappop, heappush
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from streams.core.measure import Excluded

C = TypeVar("C")
K = TypeVar("K")

MonthKey = tuple[str, str]
"""Month (`YYYY-MM`) and cluster."""

_STALE_MAX: Final = 1_000
"""Entries of those who left that may stay in a queue, besides as many as there are others."""


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
    def open(self) -> Mapping[str, C]:
        """All of them, by id."""

    def place(self, contact: C) -> Place:
        """One of them as somebody who may wait."""

    def expired(self, contact: C) -> tuple[str, int, Excluded]:
        """Month, day and what is counted for one of them once it has expired."""


class Line(msgspec.Struct):
    """Those who wait for one cluster, with or without an appointment."""

    count: int = 0
    queue: list[tuple[int, str]] = []
    """When each wait began, and whose it is; those who left stay until they come to the front."""


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
        self.changed_months: set[MonthKey] = set()
        """Where counts of expired contacts changed, until somebody clears it."""
        self._clear()

    def _clear(self) -> None:
        self._places: dict[str, Place] = {}
        self._by_due: list[tuple[int, str]] = []
        self._expired: dict[str, _Expired] = {}
        self.lines: dict[tuple[str, bool], Line] = {}
        """By cluster and whether without an appointment."""
        self.months: dict[MonthKey, dict[str, int]] = {}
        """Expired contacts by reason, by month and cluster."""
        self.days: dict[tuple[int, str], dict[str, int]] = {}
        """The same by local day and cluster."""

    def update(self, contact_ids: Iterable[str]) -> None:
        """Follow the state: these contacts may have changed, opened or closed."""
        if self._now_ms is None:
            return
        contacts, places, expired = self._room.open, self._places, self._expired
        for contact_id in contact_ids:
            contact = contacts.get(contact_id)
            if contact is None:
                if contact_id in places:
                    self._leave(contact_id)
                continue
            place = self._room.place(contact)
            if contact_id not in places:
                self._enter(contact_id, place)
            elif place != places[contact_id] or contact_id in expired:
                self._leave(contact_id)
                self._enter(contact_id, place)

    def look(self, now_ms: int) -> None:
        """Bring everything to a moment. Time mostly goes forward; going back takes a look at everybody."""
        if self._now_ms is None or now_ms < self._now_ms:
            self.changed_months |= self.months.keys()
            self._clear()
            self._now_ms = now_ms
            self.update(list(self._room.open))
        self._now_ms = now_ms
        if len(self._by_due) > 2 * len(self._places) + _STALE_MAX:
            self._sweep()
        self._expire(now_ms - self._expiry_ms)

    def longest_ms(self, cluster: str, *, walk_in: bool, now_ms: int) -> int | None:
        """How long the longest of a line has waited, 0 where no wait has begun; None when nobody is in it."""
        key = cluster, walk_in
        line = self.lines[key]
        while line.queue:
            since_ms, contact_id = line.queue[0]
            place = self._places.get(contact_id)
            if (
                place is not None
                and place.since_ms == since_ms
                and (place.cluster, place.walk_in) == key
                and contact_id not in self._expired
            ):
                return max(0, now_ms - since_ms)
            heappop(line.queue)
        return None

    def _enter(self, contact_id: str, place: Place) -> None:
        self._places[contact_id] = place
        heappush(self._by_due, (place.due_ms, contact_id))
        if place.since_ms is not None:
            key = place.cluster, place.walk_in
            line = self.lines.get(key)
            if line is None:
                line = self.lines[key] = Line()
            line.count += 1
            heappush(line.queue, (place.since_ms, contact_id))

    def _leave(self, contact_id: str) -> None:
        place = self._places.pop(contact_id)
        expired = self._expired.pop(contact_id, None)
        if expired is not None:
            self._count(expired, -1)
        elif place.since_ms is not None:
            self.lines[place.cluster, place.walk_in].count -= 1

    def _expire(self, due_until_ms: int) -> None:
        queue = self._by_due
        while queue and queue[0][0] <= due_until_ms:
            due_ms, contact_id = heappop(queue)
            place = self._places.get(contact_id)
            if place is None or place.due_ms != due_ms or contact_id in self._expired:
                continue  # left, or in the queue again with another moment
            if place.since_ms is not None:
                self.lines[place.cluster, place.walk_in].count -= 1
            month, day, excluded = self._room.expired(self._room.open[contact_id])
            expired = _Expired((month, place.cluster), (day, place.cluster), excluded.reason.value)
            self._expired[contact_id] = expired
            self._count(expired, 1)

    def _count(self, expired: _Expired, sign: int) -> None:
        _bump(self.months, expired.month, expired.reason, sign)
        _bump(self.days, expired.day, expired.reason, sign)
        self.changed_months.add(expired.month)

    def _sweep(self) -> None:
        """Make the queues anew from those who are there."""
        waiting = [each for each in self._places.items() if each[0] not in self._expired]
        self._by_due = [(place.due_ms, contact_id) for contact_id, place in waiting]
        heapify(self._by_due)
        for line in self.lines.values():
            line.queue = []
        for contact_id, place in waiting:
            if place.since_ms is not None:
                self.lines[place.cluster, place.walk_in].queue.append((place.since_ms, contact_id))
        for line in self.lines.values():
            heapify(line.queue)


def _bump(counts: dict[K, dict[str, int]], key: K, reason: str, sign: int) -> None:
    by_reason = counts.setdefault(key, {})
    by_reason[reason] = by_reason.get(reason, 0) + sign
    if not by_reason[reason]:
        del by_reason[reason]
    if not by_reason:
        del counts[key]
