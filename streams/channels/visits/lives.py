"""Ticket numbers that begin anew: the visits that the facts of one number are of.

A visitor without an appointment comes and is gone within a day, so an arrival on a later local day than everything
before it is another visitor's. Where an appointment or a plan is known a visit may be spread over days: there it
cannot be told, and facts that one visit hardly has are counted as unclear.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from streams.channels.visits.contact import ARRIVED, FINISHED, STARTED, Fact, Ticket
from streams.core.calendar import Calendar
from streams.core.pool import APART_MS

VISITS_KEPT: Final = 64
"""So many visits of one ticket number are kept, the latest: of a number that is used every day, two months."""


def lives(ticket: Ticket, calendar: Calendar) -> Sequence[Ticket]:
    """The visits of one ticket number, the earliest first: the ticket itself where it is one."""
    if not ticket.facts or ticket.planned is not None:
        return (ticket,)
    parts = _parts(ticket.facts, calendar)
    return (ticket,) if len(parts) == 1 else [Ticket.of(part) for part in parts]


def _parts(facts: Iterable[Fact], calendar: Calendar) -> list[list[Fact]]:
    parts: list[list[Fact]] = []
    for fact in facts:
        if parts and not (fact.kind == ARRIVED and _is_later_day(parts[-1][-1].at, fact.at, calendar)):
            parts[-1].append(fact)
        else:
            parts.append([fact])
    return parts


def _is_later_day(before: int, at: int, calendar: Calendar) -> bool:
    """Whether a moment is on a later local day, and not just past midnight."""
    return at > before + APART_MS and calendar.day(at) > calendar.day(before)


def is_unclear(ticket: Ticket, calendar: Calendar) -> bool:
    """Whether somebody comes, asks or is received on a later day than the visit was received or over."""
    if not ticket.facts:
        return False
    served = min((fact.at for fact in ticket.all((STARTED, FINISHED))), default=None)
    if served is None:
        return False
    moments = [fact.at for fact in ticket.all((ARRIVED, STARTED))]
    return any(_is_later_day(served, at, calendar) for at in (*moments, ticket.last_requested))


def forget(ticket: Ticket, calendar: Calendar) -> None:
    """Let go of the earliest visits of a number that has had too many: what was counted for them stays."""
    if len(ticket.facts) > VISITS_KEPT and ticket.planned is None:
        parts = _parts(ticket.facts, calendar)[-VISITS_KEPT:]
        ticket.hold([fact for part in parts for fact in part])
