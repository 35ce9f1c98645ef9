"""Visitors who are sent on to another desk with the same ticket: each further desk is a further wait.

A start at another desk than the one before is the next desk; a start that is repeated at the same desk is a
repetition. Of starts at one instant the desk that comes first by its name counts.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from streams.channels.visits.contact import ARRIVED, DEPARTURES, FINISHED, STARTED, Fact, Ticket


class Onward(NamedTuple):
    """A wait at a further desk."""

    cluster: str
    since: int | None
    """When it began, ms: with the arrival at that desk after the desk before had received the visitor, else when
    that desk was done; None where neither is known."""
    started: int | None
    """When that desk received the visitor; None if it has not."""
    over: Fact | None = None
    """How the wait ended without a start: the visitor left, or the desk says that the visit is over."""

    @property
    def goes_on(self) -> bool:
        """Whether the visitor waits there."""
        return self.started is None and self.over is None


def further_waits(ticket: Ticket) -> tuple[Onward, ...]:
    """The waits of a visitor beyond the first, in their order; only of the last one the visitor may be waiting."""
    if not ticket.facts or ticket.started is None:
        return ()
    desks = list(_desks(ticket.all((STARTED,))))
    waits = tuple(_received(ticket, before, desk) for before, desk in pairwise(desks))
    last = _not_received(ticket, desks[-1])
    return waits if last is None else (*waits, last)


def _desks(starts: Iterable[Fact]) -> Iterator[Fact]:
    """The first start at each desk in turn."""
    before: Fact | None = None
    for start in starts:
        if before is not None and start.at == before.at:
            continue
        if before is None or start.cluster != before.cluster:
            yield start
        before = start


def _received(ticket: Ticket, before: Fact, desk: Fact) -> Onward:
    arrivals = (
        fact.at for fact in ticket.all((ARRIVED,)) if fact.cluster == desk.cluster and before.at < fact.at <= desk.at
    )
    since = min(arrivals, default=None)
    if since is None:
        since = min((each.at for each in ticket.all((FINISHED,)) if before.at <= each.at <= desk.at), default=None)
    return Onward(desk.cluster, since, desk.at)


def _not_received(ticket: Ticket, desk: Fact) -> Onward | None:
    arrivals = [fact for fact in ticket.all((ARRIVED,)) if fact.at > desk.at and fact.cluster != desk.cluster]
    if not arrivals:
        return None
    first, last = arrivals[0], arrivals[-1]
    over = next((fact for fact in ticket.all(DEPARTURES) if fact.at >= last.at), None) or next(
        (fact for fact in ticket.all((FINISHED,)) if fact.at >= first.at and fact.cluster == first.cluster), None
    )
    return Onward(first.cluster, first.at, None, over)
