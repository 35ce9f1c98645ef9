"""The events, as they travel on the topics `calls` and `tickets`.

Each event is one JSON object, told apart by its field `type`. Unknown fields are ignored by the decoder and so never
stored, logged or exported.
"""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Annotated, Final

import msgspec

ID_LENGTH_MAX: Final = 200
"""Longest contact id, in characters: ids are dictionary keys in memory, so a bound on them bounds the memory."""

CLUSTER_LENGTH_MAX: Final = 100
"""Longest cluster name, in characters: it becomes a metric label and a screen title."""

EPOCH_SECONDS_MIN: Final = -62_135_596_800
"""Earliest instant in seconds since 1970: 0001-01-01T00:00:00Z, the first that RFC 3339 can write here."""

EPOCH_SECONDS_MAX: Final = 253_402_300_799
"""Latest instant in seconds since 1970: 9999-12-31T23:59:59Z, the last whole second of RFC 3339.

The bound also catches the commonest mistake with epoch times, milliseconds: those of any day after January 1978 lie
beyond it.
"""

_RFC_3339: Final = r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:?\d{2})$"
"""What the decoder reads, for the JSON Schema: a validator may ignore `format`, and an offset is compulsory."""

_DateTime = Annotated[
    datetime,
    msgspec.Meta(
        tz=True,
        description="RFC 3339 with an offset; fractions of a second are optional.",
        examples=["2024-05-31T16:08:37.250+02:00", "2024-05-31T14:08:37Z"],
        extra_json_schema={"pattern": _RFC_3339},
    ),
]
_EpochSeconds = Annotated[
    float,
    msgspec.Meta(
        ge=EPOCH_SECONDS_MIN,
        le=EPOCH_SECONDS_MAX,
        description="Seconds (not milliseconds) since 1970-01-01T00:00:00Z; fractions are allowed.",
        examples=[1717164517.25],
    ),
]

Instant = _DateTime | _EpochSeconds
"""A moment: RFC 3339 with an offset, or seconds since 1970-01-01T00:00:00Z (fractions allowed)."""

ContactId = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=ID_LENGTH_MAX,
        description="Identifies the contact, the same in all of its events. The record's key is this text in UTF-8.",
    ),
]
ClusterName = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=CLUSTER_LENGTH_MAX,
        description="The activity cluster, spelled as in the settings of the monitor.",
    ),
]

_HappenedAt = Annotated[Instant, msgspec.Meta(description="When it happened.")]
_PlannedAt = Annotated[Instant, msgspec.Meta(description="The planned start of the appointment.")]
_PlannedAtIfAny = Annotated[
    Instant | None,
    msgspec.Meta(
        description="The planned start of the appointment. Absent or null for a walk-in, or when not known."
    ),
]


class CallEvent(msgspec.Struct, frozen=True, gc=False, tag_field="type"):
    """A fact about one telephone call.

    `call_id` is the record's key; `cluster` is the activity cluster dialled; `at` is when it happened.
    """

    call_id: ContactId
    cluster: ClusterName
    at: _HappenedAt


class Offered(CallEvent, frozen=True, gc=False, tag_field="type", tag="offered"):
    """The caller dials in: waiting starts here, in the voice menu and the queue alike.

    Once more for who had left the queue and is in it again: such a caller waits since first dialling in.
    """


class Answered(CallEvent, frozen=True, gc=False, tag_field="type", tag="answered"):
    """An employee answers: waiting ends here. An answer after the caller has left counts as none."""


class Abandoned(CallEvent, frozen=True, gc=False, tag_field="type", tag="abandoned"):
    """The caller leaves the queue before an answer: hangs up, or is sent on when the queue's time is up."""


class Ended(CallEvent, frozen=True, gc=False, tag_field="type", tag="ended"):
    """The call is over, however it went. Without an earlier answer the call is missed."""


class CallbackRequested(CallEvent, frozen=True, gc=False, tag_field="type", tag="callback_requested"):
    """A caller who waits asks to be called back: waiting ends here, without an answer and without being missed."""


class CalledBack(CallEvent, frozen=True, gc=False, tag_field="type", tag="called_back"):
    """An employee calls back somebody who asked for it."""


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
    at: _HappenedAt
    planned_at: _PlannedAtIfAny = None


class Requested(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="requested"):
    """An appointment is asked for at `at`, and given for `planned_at`. A later request moves the appointment.

    The plan of the latest request counts, whatever other facts of the ticket state.
    """

    ticket_id: ContactId
    cluster: ClusterName
    at: _HappenedAt
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


AnyCallEvent = Offered | Answered | Abandoned | Ended | CallbackRequested | CalledBack
AnyTicketEvent = Requested | Arrived | Started | Finished | Cancelled | NoShow | Left

CALL_EVENTS: Final[tuple[type[CallEvent], ...]] = (
    Offered,
    Answered,
    Abandoned,
    Ended,
    CallbackRequested,
    CalledBack,
)
TICKET_EVENTS: Final[tuple[type[TicketEvent] | type[Requested], ...]] = (
    Requested,
    Arrived,
    Started,
    Finished,
    Cancelled,
    NoShow,
    Left,
)


def instant_ms(instant: datetime | float) -> int:
    """The moment as milliseconds since 1970-01-01T00:00:00Z, to the nearest.

    Integers, because sums of waits must not depend on the order in which they are added. Cannot fail for a decoded
    event.

    Raises `OverflowError` when a float is infinite, `ValueError` when it is NaN or a datetime has no offset.

    >>> instant_ms(1717164517.25)
    1717164517250
    >>> instant_ms(datetime.fromisoformat("2024-05-31T16:08:37.250+02:00"))
    1717164517250
    """
    if not isinstance(instant, datetime):
        return round(instant * 1000)
    zone = instant.tzinfo
    epoch = _EPOCHS.get(zone)
    if epoch is None:
        epoch = _epoch_read_in(zone)
    since = instant - epoch
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000


_HALF_MILLISECOND: Final = timedelta(microseconds=500)
"""Added before rounding down, to round to the nearest."""

_EPOCHS: Final[dict[tzinfo | None, datetime]] = {}
"""The epoch as the clocks of each fixed offset read it. Python subtracts datetimes of the same offset in half the
time it takes for two different ones. The decoder's offsets are whole minutes: less than 2,900."""


def _epoch_read_in(zone: tzinfo | None) -> datetime:
    if zone is None:
        raise ValueError("expected a datetime with an offset, got one without")
    epoch = datetime(1970, 1, 1, tzinfo=UTC) - _HALF_MILLISECOND
    if type(zone) is timezone:  # others, such as Europe/Brussels, have no single offset
        epoch = _EPOCHS[zone] = epoch.astimezone(zone)
    return epoch
