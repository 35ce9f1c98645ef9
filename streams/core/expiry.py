"""Open contacts that will not be heard of again: which have expired by a moment, kept up to date from changes.

Expiry goes by the reader's clock and not by the log, so that a feed that stops leaves nobody waiting for ever. Going
through all open contacts each time would take a worker with a million of them a second of every second. Must not
know who asks.
"""

from heapq import heapify, heappop, heappush
from typing import Any, Final

from streams.core.figures import AnyState
from streams.core.state import Changes

MonthKey = tuple[str, str]
"""Month (`YYYY-MM`) and cluster."""

_STALE_MAX: Final = 1_000
"""Entries of closed contacts that may stay in the queue, besides as many as there are open ones."""


class Expiries:
    """The expired open contacts of one state, counted by month, cluster and reason.

    Time goes forward: what has expired stays so until a fact comes for it or it is forgotten.
    """

    def __init__(self, state: AnyState) -> None:
        """Nothing has expired yet: that is for the first `update` to say."""
        self._state: Any = state
        self._queue: list[tuple[int, str]] = []
        self._fill_queue()
        self._expired: dict[str, tuple[MonthKey, str]] = {}
        self.counts: dict[MonthKey, dict[str, int]] = {}

    def _fill_queue(self) -> None:
        state = self._state
        self._queue = [(state.due_ms(contact), contact_id) for contact_id, contact in state.open.items()]
        heapify(self._queue)

    def update(self, changes: Changes[Any], now_ms: int) -> set[MonthKey]:
        """Follow the state, from its changes since the last time, to `now_ms`; where counts have changed."""
        state, changed = self._state, set[MonthKey]()
        for contact_id in changes.forgotten:
            self._take_back(contact_id, changed)
        for contact_id in changes.contacts:
            self._take_back(contact_id, changed)
            contact = state.open.get(contact_id)
            if contact is not None:
                heappush(self._queue, (state.due_ms(contact), contact_id))
        if len(self._queue) > 2 * len(state.open) + _STALE_MAX:
            self._fill_queue()
        self._expire(now_ms - state.expiry_ms, changed)
        return changed

    def _take_back(self, contact_id: str, changed: set[MonthKey]) -> None:
        found = self._expired.pop(contact_id, None)
        if found is not None:
            self._count(*found, -1)
            changed.add(found[0])

    def _expire(self, due_until_ms: int, changed: set[MonthKey]) -> None:
        state, queue = self._state, self._queue
        while queue and queue[0][0] <= due_until_ms:
            due_ms, contact_id = heappop(queue)
            contact = state.open.get(contact_id)
            if contact is None or contact_id in self._expired or state.due_ms(contact) != due_ms:
                continue  # it was closed, or is in the queue again with another moment
            excluded = state.expire(contact)
            key = state.calendar.month(excluded.period_ms), excluded.cluster
            self._expired[contact_id] = key, excluded.reason.value
            self._count(key, excluded.reason.value, 1)
            changed.add(key)

    def _count(self, key: MonthKey, reason: str, sign: int) -> None:
        counts = self.counts.setdefault(key, {})
        counts[reason] = counts.get(reason, 0) + sign
        if not counts[reason]:
            del counts[reason]
        if not counts:
            del self.counts[key]
