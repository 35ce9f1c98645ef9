"""What is counted of visits, of one cluster over any span of time.

`count_in` adds a measurement of a visit or, with sign -1, takes it back.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final

from streams.channels.visits.measure import (
    LeadTime,
    LeftHall,
    ServedOnward,
    ServedVisit,
    ServedWalkIn,
    Unserved,
    UnservedKind,
)
from streams.core.counts import (
    CONTACTS,
    SECONDS,
    SERVED,
    WORKDAYS,
    Count,
    Shown,
    Tally,
    Terms,
    Unit,
    add_to_sketch,
    count_excluded,
    count_ids,
)
from streams.core.measure import Excluded, Measurement, ReusedId, UnclearId
from streams.core.places import Places

APPOINTMENTS: Final = Unit("appointments")
WALK_INS: Final = Unit("walk_ins")
REQUESTS: Final = Unit("requests")


class DeskTally(Tally, gc=False, omit_defaults=True):
    """Visits of one cluster. `served` are the appointments received, walk-ins have counts of their own."""

    title: ClassVar[str] = "desks"

    served: Annotated[int, Count(CONTACTS, "Visitors with an appointment received.", metric=SERVED)] = 0
    signed_ms: Annotated[
        int,
        Count(
            SECONDS,
            "Sum of actual minus planned starts of the visitors served, early starts negative.",
            Shown.WINDOW,
            metric="signed_wait_seconds",
        ),
    ] = 0
    experienced: Annotated[
        int, Count(CONTACTS, "Visitors served with an appointment whose arrival is known.", Shown.WINDOW)
    ] = 0
    experienced_ms: Annotated[
        int,
        Count(
            SECONDS,
            "Sum of the experienced waits of visitors whose arrival is known, from the later of arrival and planned "
            "start.",
            Shown.WINDOW,
            metric="experienced_wait_seconds",
        ),
    ] = 0
    walk_ins: Annotated[int, Count(WALK_INS, "Visitors received without an appointment.", Shown.WINDOW)] = 0
    walk_in_wait_ms: Annotated[
        int,
        Count(
            SECONDS,
            "Sum of the waits of the visitors received without an appointment, from arrival to start.",
            Shown.WINDOW,
        ),
    ] = 0
    walk_ins_left: Annotated[
        int, Count(WALK_INS, "Visitors without an appointment who left before they were received.", Shown.WINDOW)
    ] = 0
    no_shows: Annotated[
        int,
        Count(APPOINTMENTS, "Appointments to which the visitor did not come.", Shown.WINDOW, metric="no_shows"),
    ] = 0
    cancelled: Annotated[int, Count(APPOINTMENTS, "Appointments called off.", Shown.WINDOW)] = 0
    left: Annotated[
        int,
        Count(APPOINTMENTS, "Appointments whose visitor left the hall after arriving, before being received."),
    ] = 0
    left_arrived: Annotated[
        int, Count(APPOINTMENTS, "Appointments whose visitor left the hall, and whose arrival is known.")
    ] = 0
    left_wait_ms: Annotated[
        int,
        Count(
            SECONDS,
            "Sum of what visitors who left the hall had waited by then, from the later of arrival and planned start.",
        ),
    ] = 0
    onward: Annotated[
        int,
        Count(CONTACTS, "Waits at a further desk of visitors who were sent on with the same ticket, received there."),
    ] = 0
    onward_wait_ms: Annotated[
        int,
        Count(
            SECONDS,
            "Sum of those waits, from the arrival at the further desk, or else from when the desk before was done.",
        ),
    ] = 0
    onward_left: Annotated[
        int, Count(CONTACTS, "Visitors who were sent on to a further desk and left before being received there.")
    ] = 0
    requests: Annotated[int, Count(APPOINTMENTS, "Appointments asked for.", metric="requested_appointments")] = 0
    lead_days: Annotated[
        int,
        Count(
            WORKDAYS,
            "Sum of the working days (a unit of its own, no number of seconds) from asking for an appointment to its "
            "planned day.",
        ),
    ] = 0
    requests_within_norm: Annotated[
        int,
        Count(
            APPOINTMENTS,
            "Appointments asked for and given within the norm (wachtmonitor_norm_lead_workdays).",
            metric="requested_within_norm_appointments",
        ),
    ] = 0
    implausible_requests: Annotated[
        int,
        Count(
            REQUESTS, "Appointments whose planned day lies before the day of asking: left out of the requested ones."
        ),
    ] = 0

    def shared(self, _: Terms) -> tuple[int, ...]:
        """Served, their waits in ms, walk-ins, no-shows."""
        return self.served, self.wait_ms, self.walk_ins, self.no_shows

    @staticmethod
    def count_in(tallies: "Sequence[DeskTally]", measured: Measurement, sign: int, places: Places) -> None:
        """Add (sign 1) or take back (sign -1) one measurement of a visit in each of the tallies."""
        _COUNTS[type(measured)](tallies, measured, sign, places)


def _count_served(tallies: Sequence[DeskTally], measured: ServedVisit, sign: int, places: Places) -> None:
    wait_ms, signed_ms = sign * measured.wait_ms, sign * measured.signed_ms
    within_norm = sign if measured.wait_ms <= places.norms_ms.get(measured.cluster, 0) else 0
    is_known = measured.experienced_ms is not None
    experienced, experienced_ms = sign * is_known, sign * (measured.experienced_ms or 0)
    add_to_sketch(tallies[0], [measured.wait_ms], sign)
    for tally in tallies:
        tally.served += sign
        tally.wait_ms += wait_ms
        tally.signed_ms += signed_ms
        tally.within_norm += within_norm
        tally.experienced += experienced
        tally.experienced_ms += experienced_ms


def _count_walk_in(tallies: Sequence[DeskTally], measured: ServedWalkIn, sign: int, _: Places) -> None:
    for tally in tallies:
        tally.walk_ins += sign
        tally.walk_in_wait_ms += sign * measured.wait_ms


def _count_unserved(tallies: Sequence[DeskTally], measured: Unserved, sign: int, _: Places) -> None:
    for tally in tallies:
        if measured.kind is UnservedKind.NO_SHOW:
            tally.no_shows += sign
        elif measured.kind is UnservedKind.CANCELLED:
            tally.cancelled += sign
        elif measured.kind is UnservedKind.ONWARD_LEFT:
            tally.onward_left += sign
        else:
            tally.walk_ins_left += sign


def _count_onward(tallies: Sequence[DeskTally], measured: ServedOnward, sign: int, _: Places) -> None:
    for tally in tallies:
        tally.onward += sign
        tally.onward_wait_ms += sign * measured.wait_ms


def _count_left(tallies: Sequence[DeskTally], measured: LeftHall, sign: int, _: Places) -> None:
    is_known = measured.wait_ms is not None
    for tally in tallies:
        tally.left += sign
        tally.left_arrived += sign * is_known
        tally.left_wait_ms += sign * (measured.wait_ms or 0)


def _count_lead(tallies: Sequence[DeskTally], measured: LeadTime, sign: int, places: Places) -> None:
    days = measured.working_days
    if days is None:
        for tally in tallies:
            tally.implausible_requests += sign
        return
    within_norm = sign if days <= places.lead_norm_days else 0
    for tally in tallies:
        tally.requests += sign
        tally.lead_days += sign * days
        tally.requests_within_norm += within_norm


_COUNTS: Final[Mapping[type[Measurement], Callable[[Sequence[Any], Any, int, Places], None]]] = {
    ServedVisit: _count_served,
    ServedWalkIn: _count_walk_in,
    Unserved: _count_unserved,
    ServedOnward: _count_onward,
    LeftHall: _count_left,
    LeadTime: _count_lead,
    Excluded: count_excluded,
    ReusedId: count_ids,
    UnclearId: count_ids,
}
