"""What the events of all channels are made of: the id of a contact, the name of a cluster, and moments.

Each event is one JSON object, told apart by its field `type`; which there are is said by each channel in its
`events.py`. Unknown fields are ignored by the decoder and so never stored, logged or exported.
"""

from collections.abc import Sequence
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

HappenedAt = Annotated[Instant, msgspec.Meta(description="When it happened.")]


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


def instants_ms(instants: Sequence[datetime | float]) -> list[int]:
    """`instant_ms` of each."""
    try:
        return [round(instant * 1000) for instant in instants]  # type: ignore[operator] # a datetime raises TypeError
    except TypeError:
        return list(map(instant_ms, instants))


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
