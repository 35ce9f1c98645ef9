"""Ticket numbers that begin anew: the visits that the facts of one number are of.

A visitor without an appointment comes and is gone within a day, so an arrival on a later local day than everything
before it is another visitor's. Where an appointment or a plan is known a visit may be spread over days: there a
request on a later day than the visit that was asked for before was over asks for another visit. Whatever else one
visit hardly has cannot be told, and is counted as unclear.

Calls are parted by another rule, in `streams.core.pool`: by hours without a fact, since a call lasts hours at most. A
visit lasts weeks from its request on, with days without a fact in it, so local days and requests tell there, and each
request goes with the visit that it asked for. What both say of it is one: `ReusedId` and `UnclearId`.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from streams.channels.visits.contact import ARRIVED, DEPARTURES, FINISHED, STARTED, Asked, Fact, Ticket
from streams.core.calendar import Calendar
from streams.core.pool import APART_MS
from streams.core.rules import QUARTER_MS

VISITS_KEPT: Final = 64
"""So many visits of one ticket number are kept, the latest: of a number that is used every day, two months."""

_BACK_WITHIN_MS: Final = QUARTER_MS
"""Whoever comes to the same desk later than this after its end may well be somebody else."""

_Part = tuple[list[Fact], list[Asked]]
"""What is known of one visit."""


def lives(ticket: Ticket, calendar: Calendar) -> Sequence[Ticket]:
    """The visits of one ticket number, the earliest first: the ticket itself where it is one."""
    if not ticket.facts:
        return (ticket,)
    parts = _parts(ticket, calendar)
    return (ticket,) if len(parts) == 1 else [Ticket.of(*part) for part in parts]


def _parts(ticket: Ticket, calendar: Calendar) -> list[_Part]:
    begins = _asked_anew(ticket, calendar) if ticket.planned is not None else _drawn_anew(ticket.facts, calendar)
    parts: list[_Part] = [([], []) for _ in range(len(begins) + 1)]
    for fact in ticket.facts:
        parts[bisect_right(begins, fact.at)][0].append(fact)
    for asked in ticket.all_asked() if begins else ():
        parts[bisect_right(begins, asked.at)][1].append(asked)
    return parts


def _drawn_anew(facts: Iterable[Fact], calendar: Calendar) -> list[int]:
    """When others drew the number, who came without an appointment."""
    return [
        fact.at
        for before, fact in pairwise(facts)
        if fact.kind == ARRIVED and _is_later_day(before.at, fact.at, calendar)
    ]


def _asked_anew(ticket: Ticket, calendar: Calendar) -> list[int]:
    """When another visit was asked for, the one that was asked for before being over."""
    if not ticket.asked:
        return []
    finishes = [fact.at for fact in ticket.all((FINISHED,))]
    return [
        asked.at
        for before, asked in pairwise(ticket.asked)
        if any(before.at < at and _is_later_day(at, asked.at, calendar) for at in finishes)
    ]


def _is_later_day(before: int, at: int, calendar: Calendar) -> bool:
    """Whether a moment is on a later local day, and not just past midnight."""
    return at > before + APART_MS and calendar.day(at) > calendar.day(before)


def is_unclear(ticket: Ticket, calendar: Calendar) -> bool:
    """Whether somebody comes, asks or is received on a later day than the visit was received or over, or draws the
    number again once it was."""
    return bool(ticket.facts) and (_is_drawn_again(ticket) or has_news_later(ticket, calendar))


def _is_drawn_again(ticket: Ticket) -> bool:
    """Whether somebody comes to the desk that was the last to receive the number, or to see its end, a while before.

    Numbers of two digits begin anew within a day. Who has left without an appointment is one of those, while people
    with one may come late, when nobody counts on them any more.
    """
    kinds = (STARTED, FINISHED) if ticket.planned is not None else (STARTED, FINISHED, *DEPARTURES)
    ends = list(ticket.all(kinds))
    arrivals = list(ticket.all((ARRIVED,)))
    for arrival in arrivals[1:]:
        last = max((end.at for end in ends if arrivals[0].at <= end.at < arrival.at), default=arrival.at)
        is_here = any(end.at == last and end.cluster == arrival.cluster for end in ends)
        if is_here and arrival.at > last + _BACK_WITHIN_MS:
            return True
    return False


def has_news_later(ticket: Ticket, calendar: Calendar) -> bool:
    """Whether somebody comes, asks or is received on a later day than the visit was received or over."""
    served = min((fact.at for fact in ticket.all((STARTED, FINISHED))), default=None)
    if served is None:
        return False
    moments = [fact.at for fact in ticket.all((ARRIVED, STARTED))]
    return any(_is_later_day(served, at, calendar) for at in (*moments, ticket.last_requested))


def forget(ticket: Ticket, calendar: Calendar) -> None:
    """Let go of the earliest visits of a number that has had too many: what was counted for them stays."""
    if max(len(ticket.facts), len(ticket.asked)) > VISITS_KEPT:
        parts = _parts(ticket, calendar)
        if len(parts) > VISITS_KEPT:
            kept = parts[-VISITS_KEPT:]
            ticket.hold_asked([asked for _, of_part in kept for asked in of_part])
            ticket.hold([fact for of_part, _ in kept for fact in of_part])
