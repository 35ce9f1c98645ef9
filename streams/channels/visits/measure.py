"""From a visit's facts to what is counted: the indicators of the desks in the city's action plan.

The source of each indicator and norm is the action plan of the city of Lier, "01/16/SAP/01 Klantgerichte
dienstverlening".
"""

from collections.abc import Callable
from enum import StrEnum
from typing import ClassVar

from streams.channels.visits.contact import CANCELLED, FINISHED, NO_SHOW, Fact, Ticket
from streams.channels.visits.lives import is_unclear, lives
from streams.channels.visits.onward import Onward, further_waits
from streams.core.calendar import Calendar
from streams.core.measure import Excluded, Exclusion, Measurement, ReusedId, UnclearId
from streams.core.rules import Rules


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


class ServedOnward(Measurement, frozen=True, gc=False):
    """A visitor who was sent on, received at a further desk: a second wait, in figures of its own.

    Without a planned start it is a wait as that of a walk-in, but no further visitor. It counts at the further desk.
    """

    wait_ms: int


class UnservedKind(StrEnum):
    """How a visit ended without a start."""

    NO_SHOW = "no_show"
    CANCELLED = "cancelled"
    WALK_IN_LEFT = "walk_in_left"
    ONWARD_LEFT = "onward_left"


class Unserved(Measurement, frozen=True, gc=False):
    """A visit that did not take place, in figures of its own."""

    kind: UnservedKind


class LeftHall(Measurement, frozen=True, gc=False):
    """A visitor with an appointment who left the hall before being received, in figures of its own.

    `wait_ms` is what the visitor sat out until leaving, from the later of arrival and planned start, and None where
    the arrival is not known.
    """

    wait_ms: int | None


class LeadTime(Measurement, frozen=True, gc=False):
    """Counts for "Wachttijd tot het verkrijgen van een afspraak", in the month of the request.

    Working days between asking for an appointment and its planned day; norm: at most 5. None where the planned day
    is before the day of asking: such a request is counted as implausible.
    """

    is_outcome: ClassVar[bool] = False

    working_days: int | None


OnwardOutcome = ServedOnward | Unserved | Excluded

VisitOutcome = ServedVisit | ServedWalkIn | Unserved | LeftHall | Excluded


def measure_ticket(
    ticket: Ticket,
    rules: Rules,
    calendar: Calendar,
    is_unclear: Callable[[Ticket, Calendar], bool] = is_unclear,
) -> tuple[Measurement, ...]:
    """Everything that is counted for a ticket number: for each visit that had it, the outcome last.

    Of an earlier visit nothing more will be heard, since somebody else has its number: it is over or `unresolved`.
    What `is_unclear` was another question in versions before.
    """
    visits = lives(ticket, calendar)
    measured: list[Measurement] = []
    for number, visit in enumerate(visits):
        lead = measure_lead(visit, calendar)
        if lead is not None:
            measured.append(lead)
        if number:
            measured.append(ReusedId(visit.desk, visit.due, visit.due))
        if is_unclear(visit, calendar):
            measured.append(UnclearId(visit.desk, visit.due, visit.due))
        outcome = measure_visit(visit, rules, calendar)
        if outcome is not None:
            measured.append(outcome)
        measured += measure_onward(visit, rules)
        if visit is not visits[-1] and (outcome is None or waits_onward(visit)):
            measured.append(expire_visit(visit))
    return tuple(measured)


def measure_visit(ticket: Ticket, rules: Rules, calendar: Calendar) -> VisitOutcome | None:
    """What is counted for a visit, or None while it is open."""
    if ticket.started is not None:
        return _measure_start(ticket, ticket.started, rules, calendar)
    departure = ticket.departure
    if departure is not None:
        return _measure_departure(ticket, departure, rules)
    if ticket.finished is not None:
        return Excluded(ticket.desk, ticket.due, ticket.finished, Exclusion.UNRESOLVED)
    return None


def _measure_start(ticket: Ticket, started: int, rules: Rules, calendar: Calendar) -> VisitOutcome | None:
    arrival = ticket.arrival
    longest = rules.longest_wait_ms
    if ticket.planned is not None:
        signed = started - ticket.planned
        if signed > longest or (
            signed < 0 and _days_early(ticket.planned, started, calendar) > rules.early_start_days
        ):
            return Excluded(ticket.desk, ticket.planned, started, Exclusion.IMPLAUSIBLE)
        experienced = None if arrival is None else max(0, started - max(arrival, ticket.planned))
        return ServedVisit(ticket.desk, ticket.planned, started, max(0, signed), signed, experienced)
    if arrival is None:
        if further_waits(ticket):
            return Excluded(ticket.desk, started, started, Exclusion.UNRESOLVED)
        return None  # neither plan nor arrival yet: one of them may still come
    wait = started - arrival
    if -rules.clock_skew_ms <= wait <= longest:  # the desk's clock may be a little behind that of the kiosk
        return ServedWalkIn(ticket.desk, arrival, started, max(0, wait))
    return Excluded(ticket.desk, arrival, started, Exclusion.IMPLAUSIBLE)


def _days_early(planned: int, started: int, calendar: Calendar) -> int:
    """By how many local days a start lies before the planned one: hours do not matter on the day itself."""
    return calendar.day(planned) - calendar.day(started)


def _measure_departure(ticket: Ticket, departure: Fact, rules: Rules) -> VisitOutcome:
    cluster, due, left = ticket.desk, ticket.due, departure.at
    if departure.kind == NO_SHOW:
        return Unserved(cluster, due, left, UnservedKind.NO_SHOW)
    if ticket.planned is None:
        return Unserved(cluster, due, left, UnservedKind.WALK_IN_LEFT)
    since = ticket.waits_since
    if since is None:
        if departure.kind == CANCELLED:
            return Unserved(cluster, due, left, UnservedKind.CANCELLED)
        return LeftHall(cluster, due, left, None)
    wait = max(0, left - since)
    if wait > rules.longest_wait_ms:
        return Excluded(cluster, due, left, Exclusion.IMPLAUSIBLE)
    return LeftHall(cluster, due, left, wait)


def measure_onward(ticket: Ticket, rules: Rules) -> tuple[OnwardOutcome, ...]:
    """What is counted for the waits at further desks; nothing for the one that goes on."""
    return tuple(_measure_further(each, rules) for each in further_waits(ticket) if not each.goes_on)


def _measure_further(each: Onward, rules: Rules) -> OnwardOutcome:
    if each.started is None:
        assert each.since is not None, "somebody came"
        assert each.over is not None, "it does not go on"
        if each.over.kind == FINISHED:
            return Excluded(each.cluster, each.since, each.over.at, Exclusion.UNRESOLVED)
        return Unserved(each.cluster, each.since, each.over.at, UnservedKind.ONWARD_LEFT)
    if each.since is None:
        return Excluded(each.cluster, each.started, each.started, Exclusion.UNRESOLVED)
    wait = each.started - each.since
    if wait > rules.longest_wait_ms:
        return Excluded(each.cluster, each.since, each.started, Exclusion.IMPLAUSIBLE)
    return ServedOnward(each.cluster, each.since, each.started, wait)


def waits_onward(ticket: Ticket) -> Onward | None:
    """The wait at a further desk that goes on, if the visitor is in one."""
    waits = further_waits(ticket)
    return waits[-1] if waits and waits[-1].goes_on else None


def expire_visit(ticket: Ticket) -> Excluded:
    """What is counted for an open visit that will not be heard of again."""
    onward = waits_onward(ticket)
    if onward is not None and onward.since is not None:
        return Excluded(onward.cluster, onward.since, onward.since, Exclusion.UNRESOLVED)
    return Excluded(ticket.desk, ticket.due, ticket.due, Exclusion.UNRESOLVED)


def measure_lead(ticket: Ticket, calendar: Calendar) -> LeadTime | None:
    """The time until an appointment was had, or None where none was asked for."""
    asked = ticket.requested
    if asked is None:
        return None
    asked_day, planned_day = calendar.day(asked), calendar.day(ticket.first_planned)
    days = calendar.working_days(asked_day, planned_day) if planned_day >= asked_day else None
    return LeadTime(ticket.cluster, asked, asked, days)
