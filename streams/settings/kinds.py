"""The kinds of values in the settings file: what is expected, how to say so, and what it means inside.

The file has hours, percents and dates; inside are milliseconds, ratios and cents. Must not know the keys.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import holidays

from streams.contracts.events import CLUSTER_LENGTH_MAX
from streams.core.calendar import public_holidays
from streams.core.rules import OpenInterval
from streams.settings.model import Secret
from streams.toml_table import Kind, UnfitError, shown

TOPIC_LENGTH_MAX: Final = 200
"""Longest topic name, in characters: Kafka allows 249, and the names of the checkpoint topics are longer."""

_TOPIC: Final = re.compile(rf"[A-Za-z0-9._-]{{1,{TOPIC_LENGTH_MAX}}}")
_SERVER: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})")
_HOST: Final = re.compile(r"[A-Za-z0-9._:-]+")
_HOURS: Final = re.compile(r"(\d\d):([0-5]\d)\s*-\s*(\d\d):([0-5]\d)", re.ASCII)
_TIME: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_WHOLE: Final = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_PORT_MAX: Final = 65_535
_DAY_MINUTES: Final = 24 * 60


# Numbers.


def _number_of_text(text: str) -> object:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return int(number) if _WHOLE.fullmatch(text) else number


def whole(unit: str, low: int, high: int, example: int, *, factor: int = 1) -> Kind:
    """A whole number within bounds; `factor` turns the file's unit into the one inside."""

    def read(value: object) -> int:
        return _whole(value, low, high) * factor

    expected = f"a whole number{f' of {unit}' if unit else ''} from {low} to {high}"
    return Kind(expected, str(example), read, _number_of_text)


def ascending(unit: str, low: int, high: int, example: str, *, factor: int = 1) -> Kind:
    """Whole numbers within bounds, each larger than the one before it; a tuple of at least one."""

    def read(value: object) -> tuple[int, ...]:
        numbers = [_whole(item, low, high) for item in _list(value)]
        for one, other in pairwise(numbers):
            if one >= other:
                raise UnfitError(f"{other} comes after {one}")
        return tuple(number * factor for number in numbers)

    return Kind(f"an ascending list of whole numbers of {unit} from {low} to {high}", example, read)


def decimal(unit: str, low: str, high: str, example: str) -> Kind:
    """A number of the unit within bounds, as a float."""

    def read(value: object) -> float:
        return float(_decimal(value, Decimal(low), Decimal(high)))

    return Kind(f"a number of {unit} from {low} to {high}", example, read, _number_of_text)


def _read_percent(value: object) -> float:
    return float(_decimal(value, Decimal(0), Decimal(100)) / 100)


def _read_euro(value: object) -> int:
    cents = _decimal(value, Decimal(0), Decimal(10**9)) * 100
    if cents != cents.to_integral_value():
        raise UnfitError("a cent is the smallest part")
    return int(cents)


def percent(example: str) -> Kind:
    """A percentage, read as a ratio."""
    return Kind("a percentage from 0 to 100", example, _read_percent, _number_of_text)


"""A ratio inside. By way of decimals, so that 16.14 % is the float nearest to 0.1614."""

EURO: Final = Kind("an amount in euro, not negative, with at most two decimals", "4842.84", _read_euro)
"""Whole cents inside."""


def _read_copies(value: object) -> int:
    return -1 if value == -1 else _whole(value, 1, 100)


COPIES: Final = Kind("1 to 100 copies, or -1 to leave it to the broker", "3", _read_copies, _number_of_text)


def _whole(value: object, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise UnfitError
    return value


def _decimal(value: object, low: Decimal, high: Decimal) -> Decimal:
    if not isinstance(value, int | Decimal) or isinstance(value, bool):
        raise UnfitError
    number = Decimal(value)
    if not number.is_finite() or not low <= number <= high:
        raise UnfitError
    return number


# Texts.


def pattern(expected: str, example: str, accepts: Callable[[str], bool]) -> Kind:
    """A text that is accepted as it is."""

    def read(value: object) -> str:
        if not isinstance(value, str) or not accepts(value):
            raise UnfitError
        return value

    return Kind(expected, f'"{example}"', read)


def choice(names: Sequence[str], *, result: Callable[[str], Any] = str) -> Kind:
    """One of the names."""

    def read(value: object) -> Any:
        if value not in names:
            raise UnfitError(_did_you_mean(value, names))
        return result(str(value))

    return Kind(f"one of {', '.join(shown(name) for name in names)}", shown(names[0]), read)


def _did_you_mean(value: object, names: Sequence[str]) -> str:
    close = get_close_matches(str(value), names, n=1)
    return f"did you mean {shown(close[0])}?" if close else ""


def _is_title(text: str) -> bool:
    return 0 < len(text) <= CLUSTER_LENGTH_MAX and text == text.strip() and text.isprintable()


def _is_topic(text: str) -> bool:
    return _TOPIC.fullmatch(text) is not None and text not in (".", "..")


CLUSTER_NAME: Final = pattern(
    f"a name of 1 to {CLUSTER_LENGTH_MAX} printable characters without spaces around it", "Wonen", _is_title
)
_TOPIC_EXPECTED: Final = f"a topic name of 1 to {TOPIC_LENGTH_MAX} letters, digits, dots, dashes or underscores"
GROUP: Final = pattern("the name of a consumer group, without spaces around it", "wachtmonitor", _is_title)
USER: Final = pattern("a user name", "wachtmonitor", bool)
HOST: Final = pattern(
    "the name or address of this machine to listen on", "127.0.0.1", lambda text: _HOST.fullmatch(text) is not None
)


def topic(example: str) -> Kind:
    """The name of a topic; each has an example of its own, since no two may have the same name."""
    return pattern(_TOPIC_EXPECTED, example, _is_topic)


def _read_servers(value: object) -> tuple[str, ...]:
    servers = _list(value)
    for number, server in enumerate(servers, 1):
        found = _SERVER.fullmatch(server) if isinstance(server, str) else None
        if found is None or not 0 < int(found[1]) <= _PORT_MAX:
            raise UnfitError(f"entry {number} is not host:port")
    return tuple(servers)


SERVERS: Final = Kind(
    "a list of brokers as host:port",
    '["kafka-1:9092", "kafka-2:9092"]',
    _read_servers,
    from_text=lambda text: [server.strip() for server in text.split(",")],
    secret=True,  # somebody may write user:password@host
)


def _read_secret(value: object) -> Secret:
    return Secret(str(value))


PASSWORD: Final = Kind("a password", '"..."', _read_secret, secret=True)
"""Only for the environment: the file must not hold one."""


def readable_file(expected: str, base: Path) -> Kind:
    """A file that can be read, as a path; in the settings file relative to `base`, in the environment to here.

    Its name is not repeated in messages: somebody may write the password where its file is asked for.
    """

    def read(value: object) -> Path:
        if not isinstance(value, str) or not value:
            raise UnfitError
        path = base / value
        try:
            path.open("rb").close()
        except (OSError, ValueError) as error:
            raise UnfitError(f"what is named here cannot be read ({_reason(error)})") from None
        return path

    return Kind(expected, '"/run/secrets/kafka"', read, lambda text: str(Path(text).absolute()), secret=True)


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror or "unknown reason") if isinstance(error, OSError) else "not a path"


def files(expected: str, base: Path, example: str) -> Kind:
    """Files by their names, looked up from `base` and not yet read; in the environment with commas between them."""

    def read(value: object) -> tuple[Path, ...]:
        names = _list(value, empty=True)
        if not all(isinstance(name, str) and name for name in names):
            raise UnfitError
        return tuple(base / name for name in names)

    return Kind(
        expected, example, read, lambda text: [str(Path(name.strip()).absolute()) for name in text.split(",")]
    )


def directory(expected: str, base: Path) -> Kind:
    """A directory that may be yet to be made, as a path; in the settings file relative to `base`, else to here."""

    def read(value: object) -> Path:
        if not isinstance(value, str) or not value:
            raise UnfitError
        return base / value

    return Kind(expected, '"/srv/reports"', read, lambda text: str(Path(text).absolute()))


def _read_url(value: object) -> str:
    if not isinstance(value, str):
        raise UnfitError
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - raises for one that is none
    except ValueError:
        raise UnfitError from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise UnfitError
    if parts.username is not None or parts.password is not None:
        raise UnfitError("a password must not stand in it")
    return value.rstrip("/")


URL: Final = Kind(
    "an address that begins with http:// or https://", '"https://grafana.lier.be"', _read_url, secret=True
)
"""Without a slash at its end inside. Not repeated in messages: somebody may write a password into it."""


# Days, hours and places.


def _read_zone(value: object) -> str:
    if not isinstance(value, str):
        raise UnfitError
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnfitError(_did_you_mean(value, sorted(available_timezones()))) from None
    return value


ZONE: Final = Kind("the IANA name of a time zone", '"Europe/Brussels"', _read_zone)


def _read_holidays(value: object) -> tuple[str, ...]:
    if value == "none":
        return ()
    if not isinstance(value, str) or value not in holidays.list_supported_countries():
        raise UnfitError
    return public_holidays(value)


HOLIDAYS: Final = Kind('the ISO 3166 code of a country, or "none"', '"BE"', _read_holidays)
"""The country's public holidays inside, as ISO dates."""


def _read_day(value: object) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise UnfitError("write it without quotes and without a time" if isinstance(value, str | datetime) else "")
    return value


def _read_days(value: object) -> tuple[str, ...]:
    days = [_read_day(item).isoformat() for item in _list(value, empty=True)]
    twice = sorted({day for day in days if days.count(day) > 1})
    if twice:
        raise UnfitError(f"{', '.join(twice)} more than once")
    return tuple(days)


DAY: Final = Kind("a date", "2016-01-01", _read_day)

DAYS: Final = Kind("a list of dates", "[2026-12-24, 2026-12-31]", _read_days)
"""ISO dates inside."""


def read_hours(value: object) -> tuple[OpenInterval, ...]:
    """The intervals of a day such as "08:30-12:00, 13:00-16:00"; none for "closed".

    Raises `UnfitError` for intervals that are backwards, overlap or are out of order.
    """
    if not isinstance(value, str):
        raise UnfitError
    if value == "closed":
        return ()
    intervals = tuple(_interval(part.strip()) for part in value.split(","))
    for one, other in pairwise(intervals):
        if other.from_minute < one.to_minute:
            raise UnfitError(f"{_clock(other.from_minute)} lies before {_clock(one.to_minute)}")
    return intervals


HOURS: Final = Kind('opening hours in ascending order, or "closed"', '"08:30-12:00, 13:00-16:00"', read_hours)


def _read_time(value: object) -> int:
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise UnfitError
    return int(found[1]) * 60 + int(found[2])


TIME: Final = Kind("a time of day from 00:00 to 23:59", '"06:00"', _read_time)
"""Minutes since midnight inside."""


def _interval(text: str) -> OpenInterval:
    found = _HOURS.fullmatch(text)
    if found is None:
        raise UnfitError(f"{shown(text)} is not hh:mm-hh:mm")
    from_hour, from_minute, to_hour, to_minute = map(int, found.groups())
    interval = OpenInterval(from_hour * 60 + from_minute, to_hour * 60 + to_minute)
    if interval.to_minute > _DAY_MINUTES:
        raise UnfitError(f"{shown(text)} ends after 24:00")
    if interval.from_minute >= interval.to_minute:
        raise UnfitError(f"{shown(text)} ends before it begins; split hours across midnight over two days")
    return interval


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _list(value: object, *, empty: bool = False) -> list[Any]:
    if not isinstance(value, list) or not (value or empty):
        raise UnfitError
    return value


def midnight_ms(day: date, zone: str) -> int:
    """When the day begins by the clocks of the zone."""
    return round(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp() * 1000)
