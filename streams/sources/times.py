"""Times as files write them: text in some format, often local and without its date, becomes an instant in UTC.

Two rules for what a local clock cannot say:

- When clocks go back, an hour comes twice: a time in it is taken as its first coming (summer time).
- When clocks go forward, an hour is skipped: a time in it never was, which is an error and not a guess.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from enum import Enum
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import msgspec

RFC_3339: Final = "RFC 3339"
"""Format name: date, time and offset, such as 2024-03-31T09:00:00+02:00."""

EPOCH_SECONDS: Final = "epoch seconds"
"""Format name: seconds since 1970-01-01T00:00:00Z, fractions allowed."""

EPOCH_MILLISECONDS: Final = "epoch milliseconds"
"""Format name: thousandths of a second since then."""

_MILLISECONDS_FROM: Final = 1e11
"""What is less, in milliseconds, lies before March 1973; what is not, in seconds, after the year 5000."""

MIDNIGHT_JUMP: Final = timedelta(hours=12)
"""A time of day this much before its row's first fact cannot be a clock that is a little off: midnight passed."""

_PROBE: Final = datetime(2001, 2, 13, 16, 5, tzinfo=UTC)
"""Written and read back, it shows what a format holds: its day is no month, its hour is past noon."""

_NO_DATE: Final = datetime(1900, 1, 1, tzinfo=UTC).date()
"""The date that strptime gives where the format has none."""

_AwareDatetime = Annotated[datetime, msgspec.Meta(tz=True)]


class NonexistentTimeError(ValueError):
    """The local time was skipped when the clocks went forward."""


class Holds(Enum):
    """What a text in some format says by itself."""

    INSTANT = "an instant"
    LOCAL = "a local date and time"
    TIME_OF_DAY = "a time of day"


def what_format_holds(time_format: str) -> Holds:
    """What a text in this format says; ValueError, with what to do, for a format that does not name a moment."""
    if time_format in {RFC_3339, EPOCH_SECONDS, EPOCH_MILLISECONDS}:
        return Holds.INSTANT
    read = _read_back(time_format)
    if (read.hour, read.minute) != (_PROBE.hour, _PROBE.minute):
        raise ValueError("hours and minutes of 24 hours must be in it: %H:%M, or %I:%M with %p")
    if read.date() == _PROBE.date():
        return Holds.LOCAL if read.tzinfo is None else Holds.INSTANT
    if read.date() != _NO_DATE or read.tzinfo is not None:
        raise ValueError("year, month and day must be in it, or no date at all")
    return Holds.TIME_OF_DAY


def check_date_format(date_format: str) -> None:
    """Return when the format names a day.

    Raises `ValueError`, with the reason, when it does not.
    """
    if _read_back(date_format).date() != _PROBE.date():
        raise ValueError("year, month and day must be in it")


def _read_back(time_format: str) -> datetime:
    if "%Z" in time_format:
        raise ValueError(
            "a zone's abbreviation (%Z) may mean several zones; use an offset (%z) or the zone in [time]"
        )
    try:
        return datetime.strptime(_PROBE.strftime(time_format), time_format)  # noqa: DTZ007 - whether it has one is the question
    except re.error:
        raise ValueError("a code comes twice in it") from None


def instant_parser(time_format: str) -> Callable[[str], datetime]:
    """A function from text to an aware datetime, for a format that holds an instant.

    It raises `ValueError` or `OverflowError` when the text is none in this format.

    >>> instant_parser("epoch seconds")("1717164517.25").isoformat()
    '2024-05-31T14:08:37.250000+00:00'
    """
    if time_format == RFC_3339:
        return lambda text: msgspec.convert(text, _AwareDatetime)
    if time_format == EPOCH_SECONDS:
        return lambda text: datetime.fromtimestamp(float(text), UTC)
    if time_format == EPOCH_MILLISECONDS:
        return _from_milliseconds
    return lambda text: datetime.strptime(text, time_format)  # noqa: DTZ007 - such a format holds %z


def _from_milliseconds(text: str) -> datetime:
    milliseconds = float(text)
    if 0 <= milliseconds < _MILLISECONDS_FROM:
        raise ValueError("seconds, to judge by their size")
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)


def other_epoch(time_format: str, text: str) -> str:
    """The format by which a number would be a moment of these days; empty when this is not about such a one."""
    try:
        size = float(text)
    except ValueError:
        return ""
    if time_format == EPOCH_SECONDS and _MILLISECONDS_FROM <= size < _MILLISECONDS_FROM * 100:
        return EPOCH_MILLISECONDS
    return EPOCH_SECONDS if time_format == EPOCH_MILLISECONDS and 0 < size < _MILLISECONDS_FROM else ""


def local_parser(time_format: str) -> Callable[[str], datetime]:
    """A function from text to a naive local datetime, for dates too: these have the time 0:00.

    It raises `ValueError` when the text is none in this format.
    """
    return lambda text: datetime.strptime(text, time_format)  # noqa: DTZ007 - `to_utc` gives it its zone


def time_of_day_parser(time_format: str) -> Callable[[str], timedelta]:
    """A function from text to the time since 0:00 by the clock on the wall.

    It raises `ValueError` when the text is none in this format.

    >>> time_of_day_parser("%H:%M")("09:30")
    datetime.timedelta(seconds=34200)
    """
    parse = local_parser(time_format)

    def since_midnight(text: str) -> timedelta:
        read = parse(text)
        return read - datetime.combine(read.date(), time())

    return since_midnight


def past_midnight(local: datetime, first: datetime) -> datetime:
    """The local time, a day later if it lies more than `MIDNIGHT_JUMP` before the row's first fact.

    A smaller step back is a clock that was set, and is left as it stands.

    >>> past_midnight(datetime(2026, 10, 5, 0, 10), first=datetime(2026, 10, 5, 23, 50))
    datetime.datetime(2026, 10, 6, 0, 10)
    """
    return local + timedelta(days=1) if first - local > MIDNIGHT_JUMP else local


def to_utc(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a naive local time; of an hour that comes twice the first.

    Raises `NonexistentTimeError` when clocks skip that time.

    >>> to_utc(datetime(2026, 10, 25, 2, 30), ZoneInfo("Europe/Brussels")).isoformat()
    '2026-10-25T00:30:00+00:00'
    """
    first = local.replace(tzinfo=zone)
    # PEP 495: in a skipped hour the offset of fold 0 is the smaller one, in an hour that comes twice the greater one.
    if first.utcoffset() < first.replace(fold=1).utcoffset():  # type: ignore[operator]  # a zone always has an offset
        raise NonexistentTimeError
    return first.astimezone(UTC)
