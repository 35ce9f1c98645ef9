"""One visit to a desk, as far as its facts are known."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from sys import intern
from typing import Final, NamedTuple, TypeVar

from streams.channels.visits.events import (
    AnyTicketEvent,
    Arrived,
    Cancelled,
    Finished,
    Left,
    NoShow,
    Requested,
    Started,
    TicketEvent,
)
from streams.core.contact import Contact
from streams.core.pool import APART_MS
from streams.core.rules import DAY_MS

T = TypeVar("T")

_NEVER: Final = -(10**15)
"""Before any instant: 30,000 years before 1970."""

TIMES_KEPT: Final = 4
"""So many of the earliest and so many of the latest times of one type are kept of a day, in UTC."""

TICKET_FACTS: Final[dict[type[TicketEvent] | type[Requested], tuple[str, int]]] = {
    Requested: ("requested", 0),
    Arrived: ("arrived", 1),
    Started: ("started", 2),
    Finished: ("finished", 3),
    Cancelled: ("cancelled", 4),
    NoShow: ("no_show", 5),
    Left: ("left", 6),
}
"""Event to the fact it states and its rank in saying the cluster: the one asked for before the one that served."""

_SERVED: Final = frozenset({Started, Finished})
"""What happens once a visitor was received."""

ARRIVED, STARTED, FINISHED, CANCELLED, NO_SHOW, LEFT = range(1, 7)
"""The ranks, which tell the facts of a visit apart as well."""

DEPARTURES: Final = (NO_SHOW, LEFT, CANCELLED)
"""What ends a visit before it has begun; of several at one instant the first here is what happened."""


class Fact(NamedTuple):
    """One fact other than a request: what happened, when (UTC ms), and at which desk."""

    kind: int
    at: int
    cluster: str


class Asked(NamedTuple):
    """One request: when it was made, for when the appointment was given (UTC ms), and at which desk."""

    at: int
    planned: int
    cluster: str


class _Known(Contact, gc=False, array_like=True):
    """What one time of each fact tells: the earliest, of a cancellation and a no-show the latest."""

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


class Ticket(_Known, gc=False, array_like=True, kw_only=True):
    """One visit to a desk: the times of its facts, UTC ms, and what was planned.

    `first_planned` is what the first request got (for the time until an appointment is had); `planned` is what
    counts on the day: the plan of the latest request, whatever others repeat. Only where no request is known it is
    the plan of the latest other fact that states one.
    """

    facts: tuple[Fact, ...] = ()
    """Every fact but the requests, in order, as soon as there is more to tell than one time of each at one desk,
    within hours.

    Most visits have none, which saves their memory and the time of looking through them.
    """
    asked: tuple[Asked, ...] = ()
    """Every request, in order, as soon as there are two: one that comes when a visit is over asks for another."""

    def fits(self, event: AnyTicketEvent, at: int) -> bool:
        """Whether one time of each fact and one desk still tell everything, once a fact is taken in."""
        kind = type(event)
        if self.facts or kind is Left or (self.cluster != event.cluster and self.cluster):
            return False
        if kind is Requested:
            return self.started is self.finished is None or not self._asks_after(at, self.started, self.finished)
        known: int | None = getattr(self, TICKET_FACTS[kind][0])
        if known is not None and known != at:
            return False
        if self.last_requested > at + APART_MS and kind in _SERVED:
            return False
        for each in (self.arrived, self.started, self.finished, self.cancelled, self.no_show):
            if each is not None and not -APART_MS <= each - at <= APART_MS:  # in a loop: `all` takes twice as long
                return False
        return True

    @staticmethod
    def _asks_after(at: int, *over: int | None) -> bool:
        """Whether an appointment is asked for hours after the visitor was received or the visit over."""
        return any(each is not None and at > each + APART_MS for each in over)

    def merge(self, event: AnyTicketEvent, at: int, planned: int | None) -> bool:
        """Take in one fact, which happened at `at` and states the plan `planned` (ms), if it states any.

        Whether what is counted may have changed.
        """
        return (self.merge_plain if self.fits(event, at) else self.merge_beside)(event, at, planned)

    def merge_plain(self, event: AnyTicketEvent, at: int, planned: int | None) -> bool:
        """The same of a fact that fits."""
        name, rank = TICKET_FACTS[type(event)]
        changed = False
        if not rank and planned is not None and self.requested is not None:  # else it is the first
            self._ask(Asked(at, planned, event.cluster))
        if rank <= self.cluster_rank and self.is_stated_better(rank, at, event.cluster):
            changed = event.cluster != self.cluster
            self.state_cluster(rank, at, event.cluster)
        if planned is not None:
            changed |= self._state_plan(at, planned, is_request=not rank)
        if not rank or getattr(self, name) is not None:
            return changed
        setattr(self, name, at)
        return True

    def merge_beside(self, event: AnyTicketEvent, at: int, planned: int | None) -> bool:
        """The same of a fact beside others of its type, from another desk, or hours from the others."""
        _, rank = TICKET_FACTS[type(event)]
        before = self.facts, self.cluster, self.planned, self.asked_for, self.last_requested, self.asked
        facts = set(self.known())
        if not rank and planned is not None:
            self._ask(Asked(at, planned, event.cluster))
        if rank <= self.cluster_rank and self.is_stated_better(rank, at, event.cluster):
            self.state_cluster(rank, at, event.cluster)
        if planned is not None:
            self._state_plan(at, planned, is_request=not rank)
        if rank:
            facts.add(Fact(rank, at, intern(event.cluster)))
        self.hold(facts)
        after = self.facts, self.cluster, self.planned, self.asked_for, self.last_requested, self.asked
        return before != after

    @classmethod
    def of(cls, facts: Sequence[Fact], asked: Sequence[Asked] = ()) -> "Ticket":
        """A visit of which these facts and requests are known."""
        ticket = cls()
        for kind, at, cluster in sorted(facts)[:1]:
            ticket.state_cluster(kind, at, cluster)
        ticket.hold_asked(asked)
        ticket.hold(facts)
        return ticket

    def hold(self, facts: Iterable[Fact]) -> None:
        """Hold these facts and no others, within the bound of each type and day."""
        kept = sorted(_bounded(facts, lambda fact: (fact.kind, fact.at // DAY_MS)), key=_IN_TIME)
        times = [(fact.kind, fact.at) for fact in kept]
        for name, kind in _EARLIEST_COUNTS.items():
            setattr(self, name, min((at for each, at in times if each == kind), default=None))
        for name, kind in _LATEST_COUNTS.items():
            setattr(self, name, max((at for each, at in times if each == kind), default=None))
        self.facts = () if self.are_plain(kept) else tuple(kept)

    def are_plain(self, facts: Sequence[Fact]) -> bool:
        """Whether `fits` is true of these, in the order of time, one after the other in whatever order."""
        kinds = {fact.kind for fact in facts}
        return not facts or (
            LEFT not in kinds
            and len(kinds) == len(facts)
            and all(fact.cluster == self.cluster for fact in facts)
            and facts[-1].at - facts[0].at <= APART_MS
            and not self._asks_after(self.last_requested, self.started, self.finished)
        )

    def known(self) -> Iterator[Fact]:
        """Every fact that is known but the requests."""
        if self.facts:
            yield from self.facts
            return
        for name, kind in (*_EARLIEST_COUNTS.items(), *_LATEST_COUNTS.items()):
            at: int | None = getattr(self, name)
            if at is not None:
                yield Fact(kind, at, self.cluster)

    # Requests and plans.

    def _ask(self, asked: Asked) -> None:
        """Keep a request beside others. Before it is taken in: what is known of a single one is not kept twice."""
        known = self.all_asked()
        if known and asked not in known:
            self.asked = tuple(sorted(_bounded((*known, asked), lambda each: each.at // DAY_MS)))

    def all_asked(self) -> tuple[Asked, ...]:
        """Every request that is known; of a ticket of former versions the first and the last."""
        if self.asked or self.requested is None:
            return self.asked
        first = Asked(self.requested, self.first_planned, self.cluster)
        if self.planned is None or (self.last_requested, self.planned) == first[:2]:
            return (first,)
        return first, Asked(self.last_requested, self.planned, self.cluster)

    def hold_asked(self, asked: Sequence[Asked]) -> None:
        """Hold these requests and no others, with the plan that follows from them."""
        self.asked = tuple(asked) if len(asked) > 1 else ()
        if not asked:
            return
        self.requested, self.last_requested, self.planned = None, _NEVER, None
        for at, planned, cluster in asked:
            if self.is_stated_better(0, at, cluster):
                self.state_cluster(0, at, cluster)
            self._state_plan(at, planned, is_request=True)

    def _state_plan(self, at: int, planned: int, *, is_request: bool) -> bool:
        if not is_request:
            return self.requested is None and self._replace_plan(at, planned)
        if self.requested is None:
            changed = planned != self.planned
            self.planned_stated, self.planned = at, planned
        else:
            changed = self._replace_plan(at, planned)
        changed |= at > self.last_requested
        self.last_requested = max(at, self.last_requested)
        if self.requested is not None and (at, planned) >= (self.requested, self.first_planned):
            return changed
        self.requested, self.first_planned = at, planned
        return True

    def _replace_plan(self, at: int, planned: int) -> bool:
        if self.planned is not None and (at, planned) <= (self.planned_stated, self.planned):
            return False
        changed = planned != self.planned
        self.planned_stated, self.planned = at, planned
        return changed

    @property
    def asked_for(self) -> tuple[str, int | None, int]:
        """What the time until an appointment is had depends on: the desk, when it was asked for, what was given."""
        return self.cluster, self.requested, self.first_planned

    # What the facts tell together.

    @property
    def arrival(self) -> int | None:
        """The arrival from which the visitor waits, ms; None before it.

        Who left and came back waits since the first one. A departure that a later request has made void takes the
        arrivals before it along: they were for the appointment of before.
        """
        arrived = self.arrived
        if arrived is None or (self.cancelled is self.no_show is None and not self.facts):
            return arrived
        void = max((each.at for each in self.all(DEPARTURES) if each.at < self.last_requested), default=_NEVER)
        arrivals = (each for each in self.all((ARRIVED,)) if each.at > void and not self._is_sent_on(each))
        return min((each.at for each in arrivals), default=None)

    def _is_sent_on(self, arrival: Fact) -> bool:
        """Whether an arrival is at another desk, after the first had received the visitor."""
        if self.started is None or arrival.at <= self.started:
            return False
        return arrival.cluster != next(self.all((STARTED,))).cluster

    @property
    def departure(self) -> Fact | None:
        """How the visit ended before it began: by the first departure after the visitor last asked for it or came.

        None where a later request or arrival has made all of them void.
        """
        if self.cancelled is self.no_show is None and not self.facts:
            return None  # as most are whenever they are asked for
        last_arrival = max((each.at for each in self.all((ARRIVED,))), default=_NEVER)
        since = max(self.last_requested, last_arrival)
        standing = [each for each in self.all(DEPARTURES) if each.at >= since]
        return min(standing, key=lambda each: (each.at, DEPARTURES.index(each.kind)), default=None)

    def all(self, kinds: tuple[int, ...]) -> Iterator[Fact]:
        """The facts of some kinds; in their order where there are `facts`."""
        return (fact for fact in self.known() if fact.kind in kinds)

    @property
    def desk(self) -> str:
        """The desk of the first wait: where no earlier fact says it, not that of an arrival at the next one."""
        if (
            self.facts
            and self.cluster_rank == ARRIVED
            and self._is_sent_on(Fact(ARRIVED, self.cluster_at, self.cluster))
        ):
            return next(self.all((STARTED,))).cluster
        return self.cluster

    @property
    def waits_since(self) -> int | None:
        """When the wait began or will begin, ms: the later of arrival and plan; None before the arrival."""
        arrival = self.arrival
        if arrival is None or self.planned is None:
            return arrival
        return max(arrival, self.planned)

    @property
    def due(self) -> int:
        """When the visit was to begin, ms: the plan, else the arrival, else the earliest fact known."""
        if self.planned is not None:
            return self.planned
        if self.arrived is not None:
            return self.arrived
        return min(fact.at for fact in self.known())


def _bounded(times: Iterable[T], day_of: Callable[[T], object]) -> Iterator[T]:
    """The earliest and the latest few of each day, by what is told apart."""
    of_days: dict[object, list[T]] = {}
    for each in sorted(times):  # type: ignore[type-var]  # tuples, in their order
        of_days.setdefault(day_of(each), []).append(each)
    for of_day in of_days.values():
        del of_day[TIMES_KEPT:-TIMES_KEPT]
        yield from of_day


_EARLIEST_COUNTS: Final = {"arrived": ARRIVED, "started": STARTED, "finished": FINISHED}
_LATEST_COUNTS: Final = {"cancelled": CANCELLED, "no_show": NO_SHOW}
"""Facts of which the latest counts, because a request after an earlier one makes that void."""

_IN_TIME: Final = itemgetter(1, 0, 2)
"""Facts in the order in which they happened."""
