"""From a contact's facts to what is counted: the five indicators of the city's action plan.

The source of each indicator and norm is the action plan of the city of Lier, "01/16/SAP/01 Klantgerichte
dienstverlening". A measurement is a pure function of facts and rules, so what was counted for a contact can always
be computed again and taken back.
"""

from enum import StrEnum
from typing import Final

import msgspec

from streams.core.calendar import Calendar, Opening
from streams.core.contact import Call, Ticket
from streams.core.rules import Rules

_OPEN: Final = Opening.OPEN
"""Looked up once: finding a member in its enum takes longer than the rest of asking for the opening."""


class Exclusion(StrEnum):
    """Why a contact is in none of the averages and shares."""

    OUTSIDE_OPENING_HOURS = "outside_opening_hours"
    """Dialled in before or after opening hours: the exchange registers such calls as missed by a software error."""
    CLOSING_DAY = "closing_day"
    """Dialled in on a public holiday or a local closing day."""
    UNRESOLVED = "unresolved"
    """How it ended is not known, and will not be: it expired, or its facts do not tell."""
    IMPLAUSIBLE = "implausible"
    """Its times contradict each other: an answer before the call, or a wait longer than anyone waits."""


class Measurement(msgspec.Struct, frozen=True, gc=False):
    """What is counted for a contact, and where."""

    cluster: str
    period_ms: int
    """The moment that decides the day and the month: when the citizen called, or was to be received."""
    known_ms: int
    """The moment that decides the rolling window: when the outcome was known."""


class AnsweredCall(Measurement, frozen=True, gc=False):
    """Counts for "Gemiddelde wachttijd beantwoorde oproepen" and "Beantwoorde oproepen naar snelheidscategorie".

    The wait runs from dialling in to the answer by an employee. Answered calls only; norms: below 45 s on average
    in the month, at least 70 % within 30 s. Counts as answered for "Aandeel gemiste oproepen" too.
    """

    wait_ms: int


class MissedCall(Measurement, frozen=True, gc=False):
    """Counts for "Aandeel gemiste oproepen": unanswered calls over all calls, dialled in within opening hours.

    Norm: at most 20 % in the year. `wait_ms` is how long the caller held on.
    """

    wait_ms: int


class Excluded(Measurement, frozen=True, gc=False):
    """A contact that is left out of the indicators, and counted with the reason."""

    reason: Exclusion


class ServedVisit(Measurement, frozen=True, gc=False):
    """Counts for "Bezoekerswachttijd per activiteitcluster": actual minus planned start of the appointment.

    Every minute beyond the planned start counts, an early start counts as 0. Norm per cluster, in the month.
    `signed_ms` is the same with early starts negative (punctuality); `experienced_ms` is what the visitor sat out,
    from the later of arrival and planned start, and None where the arrival is not known.
    """

    wait_ms: int
    signed_ms: int
    experienced_ms: int | None


class ServedWalkIn(Measurement, frozen=True, gc=False):
    """A visitor without an appointment, received: waits from the arrival, in figures of its own."""

    wait_ms: int


class UnservedKind(StrEnum):
    """How a visit ended without a start."""

    NO_SHOW = "no_show"
    CANCELLED = "cancelled"
    WALK_IN_LEFT = "walk_in_left"


class Unserved(Measurement, frozen=True, gc=False):
    """A visit that did not take place, in figures of its own."""

    kind: UnservedKind


class LeadTime(Measurement, frozen=True, gc=False):
    """Counts for "Wachttijd tot het verkrijgen van een afspraak", in the month of the request.

    Working days between asking for an appointment and its planned day; norm: at most 5. None where the planned day
    is before the day of asking: such a request is counted as implausible.
    """

    working_days: int | None


CallMeasurement = AnsweredCall | MissedCall | Excluded
VisitOutcome = ServedVisit | ServedWalkIn | Unserved | Excluded


def measure_call(call: Call, rules: Rules, calendar: Calendar) -> CallMeasurement | None:
    """What is counted for a call, or None while it is open."""
    offered = call.offered
    if offered is None:
        return None
    opening = calendar.opening(offered)
    if opening is not _OPEN:
        return Excluded(call.cluster, offered, offered, Exclusion(opening.value))
    kind: type[AnsweredCall | MissedCall] = AnsweredCall
    ended = call.answered
    if ended is None:
        kind, ended = MissedCall, earliest(call.abandoned, call.ended)
        if ended is None:
            return None
    wait = ended - offered
    if 0 <= wait <= rules.longest_wait_ms:
        return kind(call.cluster, offered, ended, wait)
    return Excluded(call.cluster, offered, ended, Exclusion.IMPLAUSIBLE)


def expire_call(call: Call, calendar: Calendar) -> Excluded:
    """What is counted for an open call that will not be heard of again."""
    at = earliest(call.offered, call.answered, call.abandoned, call.ended)
    assert at is not None, "a contact has at least one fact"
    opening = calendar.opening(at)
    reason = Exclusion.UNRESOLVED if opening is Opening.OPEN else Exclusion(opening.value)
    return Excluded(call.cluster, at, at, reason)


def measure_visit(ticket: Ticket, rules: Rules) -> VisitOutcome | None:
    """What is counted for a visit, or None while it is open."""
    if ticket.started is not None:
        return _measure_start(ticket, ticket.started, rules)
    if ticket.no_show is ticket.cancelled is ticket.finished is None:
        return None  # as most are whenever they are asked for
    no_show, cancelled = ticket.standing(ticket.no_show), ticket.standing(ticket.cancelled)
    if no_show is not None and (cancelled is None or no_show <= cancelled):  # the first of the two is what happened
        return Unserved(ticket.cluster, ticket.due, no_show, UnservedKind.NO_SHOW)
    if cancelled is not None:
        kind = UnservedKind.WALK_IN_LEFT if ticket.planned is None else UnservedKind.CANCELLED
        return Unserved(ticket.cluster, ticket.due, cancelled, kind)
    if ticket.finished is not None:
        return Excluded(ticket.cluster, ticket.due, ticket.finished, Exclusion.UNRESOLVED)
    return None


def _measure_start(ticket: Ticket, started: int, rules: Rules) -> VisitOutcome | None:
    longest = rules.longest_wait_ms
    if ticket.planned is not None:
        signed = started - ticket.planned
        if abs(signed) > longest:
            return Excluded(ticket.cluster, ticket.planned, started, Exclusion.IMPLAUSIBLE)
        experienced = None if ticket.arrived is None else max(0, started - max(ticket.arrived, ticket.planned))
        return ServedVisit(ticket.cluster, ticket.planned, started, max(0, signed), signed, experienced)
    if ticket.arrived is None:
        return None  # neither plan nor arrival yet: one of them may still come
    wait = started - ticket.arrived
    if 0 <= wait <= longest:
        return ServedWalkIn(ticket.cluster, ticket.arrived, started, wait)
    return Excluded(ticket.cluster, ticket.arrived, started, Exclusion.IMPLAUSIBLE)


def expire_visit(ticket: Ticket) -> Excluded:
    """What is counted for an open visit that will not be heard of again."""
    return Excluded(ticket.cluster, ticket.due, ticket.due, Exclusion.UNRESOLVED)


def measure_lead(ticket: Ticket, calendar: Calendar) -> LeadTime | None:
    """The time until an appointment was had, or None where none was asked for."""
    asked = ticket.requested
    if asked is None:
        return None
    asked_day, planned_day = calendar.day(asked), calendar.day(ticket.first_planned)
    days = calendar.working_days(asked_day, planned_day) if planned_day >= asked_day else None
    return LeadTime(ticket.cluster, asked, asked, days)


def earliest(*instants: int | None) -> int | None:
    """The earliest of the instants that are known."""
    earliest_known = None
    for at in instants:
        if at is not None and (earliest_known is None or at < earliest_known):
            earliest_known = at
    return earliest_known
