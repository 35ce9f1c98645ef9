"""Contacts: the facts known about one call or one visit, merged so that order and repetition do not matter.

For each event type the earliest time seen counts. Which cluster a contact belongs to is said by its lowest-ranked
fact (the one nearest to what the citizen asked for), the earliest of those. Must not know what is measured.
"""

from typing import Final

import msgspec

from streams.contracts.events import (
    Abandoned,
    Answered,
    AnyTicketEvent,
    Arrived,
    CallEvent,
    Cancelled,
    Ended,
    Finished,
    NoShow,
    Offered,
    Requested,
    Started,
    TicketEvent,
)

_NEVER: Final = -(10**15)
"""Before any instant: 30,000 years before 1970."""

_UNSTATED: Final = 99
"""Rank of a cluster that no fact has stated yet: above every event's rank."""


class _MayBeOpen(msgspec.Struct, gc=False, array_like=True, kw_only=True):
    """In a checkpoint, fields that are given by name come last: older ones lack this one.

    A field that is new in `Call` or `Ticket` would come before it, so it takes another `SNAPSHOT_VERSION`.
    """

    is_open: bool = True
    """Whether it is without an outcome, and was not forgotten as such. After a restart it follows from the facts."""


class Contact(_MayBeOpen, gc=False, array_like=True):
    """What calls and visits share: the cluster, and when a record about the contact last came."""

    cluster: str = ""
    cluster_rank: int = _UNSTATED
    """Rank of the fact that stated the cluster."""
    cluster_at: int = 0
    """When that fact happened, UTC ms."""
    touched: int = 0
    """Log time of the newest record about this contact, ms: what forgetting goes by."""

    def is_stated_better(self, rank: int, at: int, cluster: str) -> bool:
        """Whether a fact says the cluster with more right than the one that has said it so far."""
        return (rank, at, cluster) < (self.cluster_rank, self.cluster_at, self.cluster)

    def state_cluster(self, rank: int, at: int, cluster: str) -> None:
        """Take the cluster from a fact that happened at `at` (ms)."""
        self.cluster_rank, self.cluster_at, self.cluster = rank, at, cluster


class Call(Contact, gc=False, array_like=True):
    """One telephone call: the earliest time of each fact, UTC ms."""

    offered: int | None = None
    answered: int | None = None
    abandoned: int | None = None
    ended: int | None = None


class Ticket(Contact, gc=False, array_like=True):
    """One visit to a desk: the earliest time of each fact, UTC ms, and what was planned.

    A ticket may be cancelled, or its visitor not come, and be booked again: of these two facts and of the requests
    the latest is kept too, since a request after them makes them void.

    `first_planned` is what the first request got (for the time until an appointment is had); `planned` is what
    counts on the day: of all facts that state a plan, that of the latest one.
    """

    requested: int | None = None
    last_requested: int = _NEVER
    first_planned: int = 0
    planned: int | None = None
    planned_stated: int = 0
    arrived: int | None = None
    started: int | None = None
    finished: int | None = None
    cancelled: int | None = None
    no_show: int | None = None

    def merge(self, event: AnyTicketEvent, at: int, planned: int | None) -> bool:
        """Take in one fact, which happened at `at` and states the plan `planned` (ms), if it states any.

        Whether what is counted may have changed.
        """
        name, rank = TICKET_FACTS[type(event)]
        changed = False
        if rank <= self.cluster_rank and self.is_stated_better(rank, at, event.cluster):
            changed = event.cluster != self.cluster
            self.state_cluster(rank, at, event.cluster)
        if planned is not None:
            changed |= self._state_plan(at, planned)
            if name == "requested":
                return self._state_request(at, planned) or changed
        known: int | None = getattr(self, name)
        if known is None or (at > known if name in _LATEST_COUNTS else at < known):
            setattr(self, name, at)
            return True
        return changed

    def _state_plan(self, at: int, planned: int) -> bool:
        if self.planned is not None and (at, planned) <= (self.planned_stated, self.planned):
            return False
        changed = planned != self.planned
        self.planned_stated, self.planned = at, planned
        return changed

    def _state_request(self, at: int, planned: int) -> bool:
        changed = at > self.last_requested
        self.last_requested = max(at, self.last_requested)
        if self.requested is not None and (at, planned) >= (self.requested, self.first_planned):
            return changed
        self.requested, self.first_planned = at, planned
        return True

    def standing(self, ended: int | None) -> int | None:
        """A cancellation or no-show, unless a later request has made it void."""
        return ended if ended is not None and ended >= self.last_requested else None

    @property
    def asked_for(self) -> tuple[str, int | None, int]:
        """What the time until an appointment is had depends on: the desk, when it was asked for, what was given."""
        return self.cluster, self.requested, self.first_planned

    @property
    def waits_since(self) -> int | None:
        """When the wait began or will begin, ms: the later of arrival and plan; None before the arrival."""
        if self.arrived is None or self.planned is None:
            return self.arrived
        return max(self.arrived, self.planned)

    @property
    def due(self) -> int:
        """When the visit was to begin, ms: the plan, else the arrival, else the earliest fact known."""
        if self.planned is not None:
            return self.planned
        if self.arrived is not None:
            return self.arrived
        return min(at for at in (self.started, self.finished, self.cancelled, self.no_show) if at is not None)


OFFERED_RANK: Final = 0
"""Rank of `offered`."""

ANSWERED_RANK: Final = 1
"""Rank of `answered`: the facts above it do not change what is counted for an answered call."""

_LATEST_COUNTS: Final = frozenset({"cancelled", "no_show"})
"""Facts of which the latest counts, because a request after an earlier one makes that void."""

CALL_FACTS: Final[dict[type[CallEvent], tuple[str, int]]] = {
    Offered: ("offered", OFFERED_RANK),
    Answered: ("answered", ANSWERED_RANK),
    Abandoned: ("abandoned", 2),
    Ended: ("ended", 3),
}
"""Event to the fact it states and its rank in saying the cluster: the one dialled before the one that answered."""

TICKET_FACTS: Final[dict[type[TicketEvent] | type[Requested], tuple[str, int]]] = {
    Requested: ("requested", 0),
    Arrived: ("arrived", 1),
    Started: ("started", 2),
    Finished: ("finished", 3),
    Cancelled: ("cancelled", 4),
    NoShow: ("no_show", 5),
}
"""Event to the fact it states and its rank in saying the cluster: the one asked for before the one that served."""
