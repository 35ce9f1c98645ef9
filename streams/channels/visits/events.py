"""What comes in about visits: the events of the topic `tickets`, and what tells them from what is refused.

A visit may be planned, so besides what any event is refused for there is a plan that it cannot have.
"""

from collections.abc import Sequence
from typing import Annotated, Final, get_args

import msgspec

from streams.contracts.decode import Decoder
from streams.contracts.events import ClusterName, ContactId, HappenedAt, Instant, instant_ms, instants_ms
from streams.contracts.rejections import Reason, Rejection

_PlannedAt = Annotated[Instant, msgspec.Meta(description="The planned start of the appointment.")]
_PlannedAtIfAny = Annotated[
    Instant | None,
    msgspec.Meta(
        description="The planned start of the appointment. Absent or null for a walk-in, or when not known."
    ),
]

_PLANNED_TOO_EARLY: Final = Rejection(
    Reason.TIME_TOO_EARLY, "expected `planned_at` not before the earliest time in the settings"
)
_PLANNED_TOO_FAR: Final = Rejection(
    Reason.TIME_IN_FUTURE, "expected `planned_at` not further after `at` than the settings allow"
)


class TicketEvent(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field="type"):
    """A fact about one visit to a desk.

    `ticket_id` is the record's key; `planned_at` is the planned start of the appointment, which counts where no
    `requested` is known: that of the latest fact. A ticket that never names one is a walk-in. For each type and day
    the four earliest and the four latest times of a ticket are kept. An `arrived` of a walk-in on a later day than
    all else of the ticket is another visitor, with a number that began anew; of one number the latest 64 visits are
    kept.
    """

    ticket_id: ContactId
    cluster: ClusterName
    at: HappenedAt
    planned_at: _PlannedAtIfAny = None


class Requested(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="requested"):
    """An appointment is asked for at `at`, and given for `planned_at`. A later request moves the appointment.

    The plan of the latest request counts, whatever other facts of the ticket state.
    """

    ticket_id: ContactId
    cluster: ClusterName
    at: HappenedAt
    planned_at: _PlannedAt


class Arrived(TicketEvent, frozen=True, gc=False, tag_field="type", tag="arrived"):
    """The visitor reports at the desk or draws a number."""


class Started(TicketEvent, frozen=True, gc=False, tag_field="type", tag="started"):
    """An employee receives the visitor: waiting ends here."""


class Finished(TicketEvent, frozen=True, gc=False, tag_field="type", tag="finished"):
    """The visit is over."""


class Cancelled(TicketEvent, frozen=True, gc=False, tag_field="type", tag="cancelled"):
    """The appointment is called off. After `arrived` it means that the waiting visitor leaves, as `left` does."""


class NoShow(TicketEvent, frozen=True, gc=False, tag_field="type", tag="no_show"):
    """The visitor did not come to the appointment."""


class Left(TicketEvent, frozen=True, gc=False, tag_field="type", tag="left"):
    """The visitor leaves the hall before being received. Who is back waits again: send `arrived` once more."""


AnyTicketEvent = Requested | Arrived | Started | Finished | Cancelled | NoShow | Left

TICKET_EVENTS: Final[tuple[type[TicketEvent] | type[Requested], ...]] = get_args(AnyTicketEvent)


class TicketDecoder(Decoder[AnyTicketEvent]):
    """Decodes the records of the topic of tickets."""

    events = TICKET_EVENTS
    id_field = "ticket_id"
    has_plans = True

    def has_plan_fault(self, events: Sequence[AnyTicketEvent], events_ms: Sequence[int]) -> bool:
        """Whether any event's plan is one that `plan_fault` refuses; plans that all events may have are most."""
        plans_ms = instants_ms([event.planned_at for event in events if event.planned_at is not None])
        if not plans_ms:
            return False
        all_near = max(plans_ms) <= min(events_ms) + self.plan_ahead_ms
        return min(plans_ms) < self.earliest_ms or (not all_near and any(map(self.plan_fault, events, events_ms)))

    def plan_fault(self, event: AnyTicketEvent, at_ms: int) -> Rejection | None:
        """What is wrong with the plan of an event; None for nothing."""
        if event.planned_at is None:
            return None
        planned_ms = instant_ms(event.planned_at)
        if planned_ms < self.earliest_ms:
            return _PLANNED_TOO_EARLY
        return _PLANNED_TOO_FAR if planned_ms > at_ms + self.plan_ahead_ms else None
