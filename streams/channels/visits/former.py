"""What versions before held of a visit, and what they counted: one time of each fact, at one desk.

A visit was called off whether or not somebody had come for it, the plan was that of the latest fact of any kind, and
nobody was back after leaving. The version after that held all facts, but counted some otherwise. Must not know how
that is taken back.
"""

import msgspec

from streams.channels.visits.contact import Fact, Ticket
from streams.channels.visits.lives import has_news_later
from streams.channels.visits.measure import (
    ServedVisit,
    ServedWalkIn,
    Unserved,
    UnservedKind,
    VisitOutcome,
    measure_lead,
    measure_ticket,
)
from streams.core.calendar import Calendar
from streams.core.measure import Excluded, Exclusion, Measurement
from streams.core.rules import Rules


def measure_by_one_time_of_each(ticket: Ticket, rules: Rules, calendar: Calendar) -> tuple[Measurement, ...]:
    """What was counted for a visit whose checkpoint holds one time of each fact: to be taken back."""
    measured = measure_lead(ticket, calendar), _measure_visit(ticket, rules)
    return tuple(each for each in measured if each is not None)


def measure_by_one_draw(ticket: Ticket, rules: Rules, calendar: Calendar) -> tuple[Measurement, ...]:
    """What was counted when no clock was behind another's and no number was drawn twice a day: to be taken back."""
    strict = msgspec.structs.replace(rules, clock_skew_ms=0)  # which at desks nothing else goes by
    return measure_ticket(ticket, strict, calendar, has_news_later)


def _measure_visit(ticket: Ticket, rules: Rules) -> VisitOutcome | None:
    if ticket.started is not None:
        return _measure_start(ticket, ticket.started, rules)
    no_show, cancelled = _standing(ticket, ticket.no_show), _standing(ticket, ticket.cancelled)
    if no_show is not None and (cancelled is None or no_show <= cancelled):
        return Unserved(ticket.cluster, ticket.due, no_show, UnservedKind.NO_SHOW)
    if cancelled is not None:
        kind = UnservedKind.WALK_IN_LEFT if ticket.planned is None else UnservedKind.CANCELLED
        return Unserved(ticket.cluster, ticket.due, cancelled, kind)
    if ticket.finished is not None:
        return Excluded(ticket.cluster, ticket.due, ticket.finished, Exclusion.UNRESOLVED)
    return None


def _standing(ticket: Ticket, departure: int | None) -> int | None:
    """A departure that no later request has made void; arrivals made none void."""
    return departure if departure is not None and departure >= ticket.last_requested else None


def _measure_start(ticket: Ticket, started: int, rules: Rules) -> VisitOutcome | None:
    """Hours before the plan were as implausible as hours after it."""
    if ticket.planned is not None:
        signed = started - ticket.planned
        if abs(signed) > rules.longest_wait_ms:
            return Excluded(ticket.cluster, ticket.planned, started, Exclusion.IMPLAUSIBLE)
        experienced = None if ticket.arrived is None else max(0, started - max(ticket.arrived, ticket.planned))
        return ServedVisit(ticket.cluster, ticket.planned, started, max(0, signed), signed, experienced)
    if ticket.arrived is None:
        return None
    wait = started - ticket.arrived
    if 0 <= wait <= rules.longest_wait_ms:
        return ServedWalkIn(ticket.cluster, ticket.arrived, started, wait)
    return Excluded(ticket.cluster, ticket.arrived, started, Exclusion.IMPLAUSIBLE)


def is_held_otherwise(ticket: Ticket) -> bool:
    """Whether today's rules hold the same facts in another form, or another plan by them."""
    return _has_repeated_plan(ticket) or len(ticket.all_asked()) > 1 or not ticket.are_plain(_in_time(ticket))


def hold_as_today(ticket: Ticket) -> None:
    """Bring what is held of a visit to the form in which today's rules read it.

    Of several requests the plan of the latest is not known where something else stated one after it: what was stated
    last stands for it, until a later request says otherwise.
    """
    if _has_repeated_plan(ticket):
        if ticket.requested == ticket.last_requested:
            ticket.planned = ticket.first_planned
        ticket.planned_stated = ticket.last_requested
    if len(asked := ticket.all_asked()) > 1:
        ticket.asked = asked
    ticket.hold(_in_time(ticket))


def _has_repeated_plan(ticket: Ticket) -> bool:
    """Whether something else than a request said the plan, after the latest request."""
    return ticket.requested is not None and ticket.planned_stated > ticket.last_requested


def _in_time(ticket: Ticket) -> list[Fact]:
    return sorted(ticket.known(), key=lambda fact: fact.at)
