"""The formats in which a file may write a time: some have a name, all others are the codes of strptime.

What a format holds (an instant, a local time, a time of day) it says by itself: a moment is written in it and read
back.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from enum import Enum
from functools import cache
from typing import Annotated, Final, NamedTuple

import msgspec

from streams.sources.times import serial
from streams.sources.times.alternatives import UNREADABLE, Format, check, reader
from streams.sources.times.names import numbered
from streams.sources.times.serial import RoundedError

RFC_3339: Final = "RFC 3339"
"""Date, time and offset, such as 2024-03-31T09:00:00+02:00."""

EPOCH_SECONDS: Final = "epoch seconds"
"""Seconds since 1970-01-01T00:00:00Z, fractions allowed."""

EPOCH_MILLISECONDS: Final = "epoch milliseconds"
"""Thousandths of a second since then."""

EPOCH_MICROSECONDS: Final = "epoch microseconds"
"""Millionths of a second since then."""

LOCAL_MILLISECONDS: Final = "local milliseconds"
"""Thousandths of a second since the turn of 1970 by the clock on the wall: as Debezium has columns without a zone."""

LOCAL_MICROSECONDS: Final = "local microseconds"
"""The same in millionths."""

POSTGRESQL: Final = "postgresql"
"""As PostgreSQL writes a timestamp, with an offset such as +02 or without: 2024-03-31 09:00:00.25+02."""

EXCEL_DAYS: Final = "excel days"
"""Days since the turn of 1900, the time as a fraction: 45382.375."""

EXCEL_DAYS_1904: Final = "excel days 1904"
"""The same since 1904, as workbooks of the first Macs have it."""

_SECONDS_BELOW: Final = 1e11
"""What is less, in milliseconds, lies before March 1973; what is not, in seconds, after the year 5000. So it is with
milliseconds and microseconds, of a thousand times as much."""

_PROBE: Final = datetime(2001, 2, 13, 16, 5, tzinfo=UTC)
"""Written and read back, it shows what a format holds: its day is no month, its hour is past noon."""

_CONFUSABLE: Final = tuple(
    datetime(*parts, tzinfo=UTC)
    for parts in ((2001, 2, 3, 4, 5, 6, 70_000), (2011, 12, 10, 11, 9, 8, 0), (2004, 5, 25, 16, 17, 18, 0))
)
"""Their days may be months, their years days, their minutes hours; but no two of these are the same."""

_NO_DATE: Final = datetime(1900, 1, 1, tzinfo=UTC).date()
"""The date that strptime gives where the format has none."""

_THESE_YEARS: Final = range(1990, 2100)
"""Of which a file of contacts may be."""

_AwareDatetime = Annotated[datetime, msgspec.Meta(tz=True)]


class Holds(Enum):
    """What a text in some format says by itself."""

    INSTANT = "an instant"
    LOCAL = "a local date and time"
    EITHER = "a date and time, by the local clock where it has no offset"
    TIME_OF_DAY = "a time of day"


class _Named(NamedTuple):
    holds: Holds
    read: Callable[[str], datetime]
    """Naive when it is by the local clock."""
    write: Callable[[datetime], str]


def _from_rfc_3339(text: str) -> datetime:
    return msgspec.convert(text, _AwareDatetime)


_EPOCH: Final = re.compile(r"-?[0-9]+(?:\.([0-9]*))?(?:[eE]\+?([0-9]{1,2}))?")


def _number(text: str, of_second: float) -> float:
    """A plain number of what there are so many of in a second.

    Raises `RoundedError` for one with an exponent that leaves its second open, as spreadsheets show long numbers.
    """
    found = _EPOCH.fullmatch(text)
    if found is None:
        raise ValueError("no number")
    decimals, exponent = len(found[1] or ""), int(found[2] or 0)
    if exponent > decimals and 10 ** (exponent - decimals) > of_second:
        raise RoundedError("its second is lost")
    return float(text)


def _from_seconds(text: str) -> datetime:
    return datetime.fromtimestamp(_number(text, 1), UTC)


def _from_milliseconds(text: str) -> datetime:
    milliseconds = _number(text, 1_000)
    if 0 <= milliseconds < _SECONDS_BELOW:
        raise ValueError("seconds, to judge by their size")
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)


def _from_microseconds(text: str) -> datetime:
    microseconds = _number(text, 1_000_000)
    if 0 <= microseconds < _SECONDS_BELOW * 1_000:
        raise ValueError("milliseconds, to judge by their size")
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=microseconds)


def _to_milliseconds(moment: datetime) -> str:
    return str(round(moment.replace(tzinfo=UTC).timestamp() * 1_000))


def _to_microseconds(moment: datetime) -> str:
    return str(round(moment.replace(tzinfo=UTC).timestamp() * 1_000_000))


_POSTGRESQL: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:[+-][0-9]{2}(?::[0-9]{2}){0,2})?"
)


def _from_postgresql(text: str) -> datetime:
    if not _POSTGRESQL.fullmatch(text):
        raise ValueError("no timestamp, or one without a date such as infinity")
    return datetime.fromisoformat(text)


_NAMED: Final[Mapping[str, _Named]] = {
    RFC_3339: _Named(Holds.INSTANT, _from_rfc_3339, datetime.isoformat),
    EPOCH_SECONDS: _Named(Holds.INSTANT, _from_seconds, lambda moment: repr(moment.timestamp())),
    EPOCH_MILLISECONDS: _Named(Holds.INSTANT, _from_milliseconds, _to_milliseconds),
    EPOCH_MICROSECONDS: _Named(Holds.INSTANT, _from_microseconds, _to_microseconds),
    POSTGRESQL: _Named(Holds.EITHER, _from_postgresql, lambda moment: moment.isoformat(" ").removesuffix(":00")),
    EXCEL_DAYS: _Named(Holds.LOCAL, serial.from_1900, serial.to_1900),
    EXCEL_DAYS_1904: _Named(Holds.LOCAL, serial.from_1904, serial.to_1904),
    LOCAL_MILLISECONDS: _Named(Holds.LOCAL, lambda text: _on_the_wall(_from_milliseconds(text)), _to_milliseconds),
    LOCAL_MICROSECONDS: _Named(Holds.LOCAL, lambda text: _on_the_wall(_from_microseconds(text)), _to_microseconds),
}
"""All formats that have a name."""

NAMES: Final = tuple(_NAMED)

DATE_NAMES: Final = (EXCEL_DAYS, EXCEL_DAYS_1904)
"""Those in which a day alone may be written."""


@cache
def what_format_holds(time_format: str) -> Holds:
    """What a text in this format says; ValueError, with what to do, for a format that does not name a moment."""
    if named := _NAMED.get(time_format):
        return named.holds
    read = _read_back(time_format)
    if (read.hour, read.minute) != (_PROBE.hour, _PROBE.minute):
        raise ValueError("hours and minutes of 24 hours must be in it: %H:%M, or %I:%M with %p")
    if read.date() == _PROBE.date():
        return Holds.LOCAL if read.tzinfo is None else Holds.INSTANT
    if read.date() != _NO_DATE or read.tzinfo is not None:
        raise ValueError("year, month and day must be in it, or no date at all")
    return Holds.TIME_OF_DAY


def what_formats_hold(formats: Sequence[str]) -> Holds:
    """What a text in one of these formats says.

    Raises `ValueError`, with what to do, when some have a date and some have none.
    """
    kinds = set(map(what_format_holds, formats))
    if len(kinds) == 1:
        return kinds.pop()
    if Holds.TIME_OF_DAY in kinds:
        raise ValueError("times of day and times with their date cannot be mixed; give them columns of their own")
    return Holds.EITHER


def need_zone(formats: Sequence[str]) -> bool:
    """Whether one of these formats never has an offset."""
    return any(what_format_holds(each) in (Holds.LOCAL, Holds.TIME_OF_DAY) for each in formats)


def check_time_formats(formats: Sequence[str]) -> None:
    """Return when each names a moment and no two are confused.

    Raises `ValueError`, with the reason, when not.
    """
    if what_formats_hold(formats) is Holds.TIME_OF_DAY:
        check([_of_day(each) for each in formats], map(_since_midnight, _CONFUSABLE))
    else:
        check([_of_moment(each) for each in formats], _CONFUSABLE, _on_the_wall)


def check_date_formats(formats: Sequence[str]) -> None:
    """Return when each names a day and no two are confused.

    Raises `ValueError`, with the reason, when not.
    """
    for each in formats:
        if each not in DATE_NAMES and _read_back(each).date() != _PROBE.date():
            raise ValueError("year, month and day must be in it")
    check([_of_date(each) for each in formats], map(_midnight, _CONFUSABLE), datetime.date)


def _read_back(time_format: str) -> datetime:
    if "%Z" in time_format:
        raise ValueError(
            "a zone's abbreviation (%Z) may mean several zones; use an offset (%z) or the zone in [time]"
        )
    codes = _of_codes(time_format)
    try:
        return codes.read(codes.write(_PROBE))
    except re.error:
        raise ValueError("a code comes twice in it") from None


def _of_codes(codes: str) -> Format[datetime]:
    plain, rewrite = numbered(codes) or (codes, str)
    return Format(
        codes,
        lambda text: datetime.strptime(rewrite(text), plain),  # noqa: DTZ007 - a local time gets its zone later
        lambda moment: moment.strftime(codes),
    )


def _of_moment(time_format: str) -> Format[datetime]:
    named = _NAMED.get(time_format)
    return Format(time_format, named.read, named.write) if named else _of_codes(time_format)


def _of_date(date_format: str) -> Format[datetime]:
    whole = _of_moment(date_format)

    def read(text: str) -> datetime:
        moment = whole.read(text)
        if moment.time() != time():
            raise ValueError("more than a day")
        return moment

    return Format(date_format, read, whole.write)


def _of_day(time_format: str) -> Format[timedelta]:
    codes = _of_codes(time_format)
    return Format(
        time_format, lambda text: _since_midnight(codes.read(text)), lambda since: codes.write(_NO_MOMENT + since)
    )


_NO_MOMENT: Final = datetime.combine(_NO_DATE, time())


def _since_midnight(moment: datetime) -> timedelta:
    return _on_the_wall(moment) - datetime.combine(moment.date(), time())


def examples() -> Iterator[tuple[str, Holds, str]]:
    """Each format that has a name, with what it holds and a time that is written in it."""
    for name, named in _NAMED.items():
        yield name, named.holds, named.write(_PROBE)


def _midnight(moment: datetime) -> datetime:
    return datetime.combine(moment.date(), time(), moment.tzinfo)


def _on_the_wall(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def moment_parser(formats: Sequence[str]) -> Callable[[str], datetime]:
    """A function from text to a datetime with its date: aware, or naive where it is by the local clock.

    It raises one of `UNREADABLE` when the text is none in these formats.

    >>> moment_parser(["epoch seconds"])("1717164517.25").isoformat()
    '2024-05-31T14:08:37.250000+00:00'
    """
    return reader([_of_moment(each) for each in formats])


def day_parser(formats: Sequence[str]) -> Callable[[str], datetime]:
    """A function from text to a local day at 0:00; it raises `ValueError` when the text is none in these formats."""
    return reader([_of_date(each) for each in formats])


def time_of_day_parser(formats: Sequence[str]) -> Callable[[str], timedelta]:
    """A function from text to the time since 0:00 by the clock on the wall.

    It raises `ValueError` when the text is none in these formats.

    >>> time_of_day_parser(["%H:%M"])("09:30")
    datetime.timedelta(seconds=34200)
    """
    return reader([_of_day(each) for each in formats])


def other_format(formats: Sequence[str], text: str) -> str:
    """The format with a name by which a text would be a moment of these days; empty when there is none.

    >>> other_format(["epoch seconds"], "1780300800000")
    'epoch milliseconds'
    """
    for name, named in _NAMED.items():
        if name not in formats:
            try:
                read = named.read(text)
            except UNREADABLE:
                continue
            if read.year in _THESE_YEARS:
                return name
    return ""


def is_rounded(formats: Sequence[str], text: str) -> bool:
    """Whether a text is a time in one of these formats but for digits that were lost.

    >>> is_rounded(["epoch milliseconds"], "1.79119E+12")
    True
    """
    for name in formats:
        try:
            _of_moment(name).read(text)
        except RoundedError:
            return True
        except UNREADABLE:
            continue
    return False
