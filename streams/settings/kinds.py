"""The kinds of values in the settings file: what they take and how to say so, for the fields of `model` and `file`.

Most stay what they are in the file; days, hours and secrets become what the code has.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from ipaddress import IPv6Address
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import holidays
from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, SecretStr, ValidationInfo

from streams.channels import CALLS, VISITS, channels
from streams.contracts.events import CLUSTER_LENGTH_MAX
from streams.contracts.staffing import OTHER_PAUSE, PAUSE_PATTERN, PAUSES_MAX
from streams.core.rules import Channel, OpenInterval
from streams.settings.toml.section import Expected, Unit, Whole
from streams.settings.toml.text import did_you_mean, nearest, shown

TOPIC_LENGTH_MAX: Final = 200
"""Longest topic name, in characters: Kafka allows 249, and the names of the checkpoint topics are longer."""

NO_HOLIDAYS: Final = "none"
"""In the place of a country: none of its public holidays is a closing day."""

_SERVER: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})")
_HOURS: Final = re.compile(r"(\d\d):([0-5]\d)\s*-\s*(\d\d):([0-5]\d)", re.ASCII)
_TIME: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_PORT_MAX: Final = 65_535
_DAY_MINUTES: Final = 24 * 60


# Numbers.


def number(value: object) -> object:
    """A number of the file, so that pydantic takes no text for one."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError
    return value


def _ascending(numbers: tuple[int, ...]) -> tuple[int, ...]:
    for one, other in pairwise(numbers):
        if one >= other:
            raise ValueError(f"{other} comes after {one}")
    return numbers


def _whole_cents(euro: Decimal) -> Decimal:
    if euro * 100 % 1:
        raise ValueError("a cent is the smallest part")
    return euro


Seconds = Annotated[float, BeforeValidator(number), Field(allow_inf_nan=False)]

Percent = Annotated[
    Decimal, BeforeValidator(number), Field(ge=0, le=100), Expected("a percentage from 0 to 100", "20")
]
"""Exact, so that 16.14 % becomes the float nearest to 0.1614."""

Euro = Annotated[
    Decimal,
    BeforeValidator(number),
    Field(ge=0, le=10**9),
    AfterValidator(_whole_cents),
    Expected("an amount in euro, not negative, with at most two decimals", "4842.84"),
]

BOUNDS_SECONDS: Final = range(1, 3_601)
"""What the bound of a speed category may be, and so that of a service level."""

_BOUND: Final = Field(ge=BOUNDS_SECONDS[0], le=BOUNDS_SECONDS[-1])

Bound = Annotated[Whole, _BOUND, Unit("seconds")]

SpeedCategories = Annotated[
    tuple[Annotated[Whole, _BOUND], ...],
    Field(min_length=1),
    AfterValidator(_ascending),
    Expected("an ascending list of whole numbers of seconds from 1 to 3600"),
]
WindowMinutes = Annotated[
    tuple[Annotated[Whole, Field(ge=1, le=1_440)], ...],
    Field(min_length=1),
    AfterValidator(_ascending),
    Expected("an ascending list of whole numbers of minutes from 1 to 1440"),
]


def _copies(value: int) -> int:
    if not value:
        raise ValueError
    return value


Copies = Annotated[
    Whole,
    Field(ge=-1, le=100, examples=["3"]),
    AfterValidator(_copies),
    Expected("1 to 100 copies, or -1 to leave it to the broker"),
]


# Texts.


def _title(text: str) -> str:
    if text != text.strip() or not text.isprintable():
        raise ValueError
    return text


def _host(text: str) -> str:
    if ":" in text:
        try:
            IPv6Address(text)
        except ValueError:
            raise ValueError("no IPv6 address; a port stands in the key port") from None
    return text


def _topic(text: str) -> str:
    if text in (".", ".."):
        raise ValueError
    return text


Name = Annotated[str, Field(min_length=1, max_length=CLUSTER_LENGTH_MAX), AfterValidator(_title)]

ClusterName = Annotated[
    Name,
    Expected(f"a name of 1 to {CLUSTER_LENGTH_MAX} printable characters without spaces around it", '"Wonen"'),
]
ClusterNames = Annotated[tuple[ClusterName, ...], Expected("a list of names", '["Contactcenter"]')]
Group = Annotated[Name, Expected("the name of a consumer group, without spaces around it", '"wachtmonitor"')]
User = Annotated[str, Field(min_length=1), Expected("a user name", '"wachtmonitor"')]
Host = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9._:-]+$"),
    AfterValidator(_host),
    Expected("the name or address of this machine to listen on"),
]
RemoteHost = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9._:-]+$"),
    AfterValidator(_host),
    Expected("the name or address of a machine"),
]
Topic = Annotated[
    str,
    Field(pattern=rf"^[A-Za-z0-9._-]{{1,{TOPIC_LENGTH_MAX}}}$"),
    AfterValidator(_topic),
    Expected(f"a topic name of 1 to {TOPIC_LENGTH_MAX} letters, digits, dots, dashes or underscores"),
]


# Sources.

_SOURCE_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII)


@dataclass(frozen=True)
class OfChannel:
    """Marks the name of a cluster of this channel, which the settings must have."""

    channel: Channel


@dataclass(frozen=True)
class NotOurs:
    """Marks the name of a topic that must be none of the settings."""


def is_source_name(text: str) -> bool:
    """Whether it may name a source: it becomes part of a transactional id, of variables and of labels."""
    return _SOURCE_NAME.fullmatch(text) is not None


def source_name(text: str) -> str:
    """The name of a source, checked."""
    if not is_source_name(text):
        raise ValueError("expected a name of 1 to 40 small letters, digits and dashes that begins with a letter")
    return text


def _key_title(text: str) -> str:
    try:
        return _title(text)
    except ValueError:
        raise ValueError("expected a name without spaces around it as the key") from None


PhoneCluster = Annotated[
    Name, OfChannel(CALLS.name), Expected('the name of a cluster whose channel is "phone"', '"Burgerzaken"')
]
DeskCluster = Annotated[
    Name, OfChannel(VISITS.name), Expected('the name of a cluster whose channel is "desk"', '"Burgerzaken"')
]


def _channel(name: str) -> Channel:
    known = {each.name.value: each.name for each in channels()}
    if name not in known:
        raise ValueError(nearest(name, known))
    return known[name]


Channels = Annotated[
    tuple[Annotated[Channel, BeforeValidator(_channel)], ...],
    Field(min_length=1),
    Expected("a list of channels", '["desk"]'),
]
LineId = Annotated[str, Field(pattern=r"^[0-9]{1,20}$"), Unit("line")]
WorkflowSid = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,64}$"), Unit("workflow")]
QueueName = Annotated[str, Field(min_length=1), AfterValidator(_key_title), Unit("queue")]
DialledNumber = Annotated[str, Field(min_length=1), AfterValidator(_key_title), Unit("dialled number")]


def _pauses(names: tuple[str, ...]) -> tuple[str, ...]:
    if OTHER_PAUSE in names or len(set(names)) < len(names):
        raise ValueError
    return names


Pauses = Annotated[
    tuple[Annotated[str, Field(pattern=PAUSE_PATTERN)], ...],
    Field(max_length=PAUSES_MAX - 1),
    AfterValidator(_pauses),
    Expected(
        f"a list of at most {PAUSES_MAX - 1} short names in small letters, each once and none of them "
        f'"{OTHER_PAUSE}"',
        '["lunch", "training"]',
    ),
]


def _other_channel(name: str) -> str:
    others = [each.name.value for each in channels() if not each.topic_setting]
    if name in others:
        return name
    if not others:
        raise ValueError("expected no key here: every channel that there is has a key of its own; remove this one")
    raise ValueError(f"expected a channel without a key of its own as the key; {nearest(name, others)}")


OtherChannel = Annotated[str, AfterValidator(_other_channel), Unit("channel")]
"""The name of a registered channel whose topic and silence have no keys of their own."""


_UIDS_OF_BEFORE: Final = {"wachtmonitor-maand": "wachtmonitor-month"}
"""Settings of before 2026-12 name the Month dashboard so."""

DashboardUid = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_-]{1,40}$"),
    AfterValidator(lambda uid: _UIDS_OF_BEFORE.get(uid, uid)),
    Expected("the uid of a dashboard, 1 to 40 letters, digits, dashes or underscores"),
]
"""What Grafana takes for a uid (pkg/util/shortid_generator.go)."""


def _servers(servers: tuple[str, ...]) -> tuple[str, ...]:
    for number, server in enumerate(servers, 1):
        found = _SERVER.fullmatch(server)
        if found is None or not 0 < int(found[1]) <= _PORT_MAX:
            raise ValueError(f"entry {number} is not host:port")
    return servers


Servers = Annotated[
    tuple[str, ...],
    Field(min_length=1),
    AfterValidator(_servers),
    # secret, since somebody may write user:password@host
    Expected("a list of brokers as host:port", '["kafka-1:9092", "kafka-2:9092"]', secret=True),
]

Password = Annotated[SecretStr, Expected("a password", secret=True)]
"""Only for the environment: the file must not hold one."""


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - raises for one that is none
    except ValueError:
        raise ValueError from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError
    if parts.username is not None or parts.password is not None:
        raise ValueError("a password must not stand in it")
    return value.rstrip("/")


Url = Annotated[
    str,
    AfterValidator(_url),
    Expected("an address that begins with http:// or https://", '"https://grafana.lier.be"', secret=True),
]
"""Without a slash at its end. Not repeated in messages: somebody may write a password into it."""


# Files. Their names are not repeated in messages: somebody may write the password where its file is asked for.


def _from_base(value: object, info: ValidationInfo) -> Path:
    """A file of the settings, looked up from the directory that the context is."""
    if not isinstance(value, str) or not value:
        raise ValueError
    return cast("Path", info.context) / value


def _readable(path: Path) -> Path:
    try:
        path.open("rb").close()
    except OSError as error:
        raise ValueError(f"what is named here cannot be read ({error.strerror or 'unknown reason'})") from None
    except ValueError:
        raise ValueError("what is named here cannot be read (not a path)") from None
    return path


FileToCome = Annotated[Path, BeforeValidator(_from_base)]
"""A file that is read when it is needed and may be yet to come."""

ReadableFile = Annotated[FileToCome, AfterValidator(_readable)]

PemFile = Annotated[ReadableFile, Expected("a PEM file", '"/run/secrets/kafka"', secret=True)]

Directory = Annotated[FileToCome, Expected("a directory", '"/srv/reports"')]
"""One that may be yet to be made."""


# Days, hours and places.


def read_zone(value: object) -> ZoneInfo:
    """The zone of an IANA name.

    Raises `ValueError`, with the nearest name if there is one, when it names none.
    """
    if not isinstance(value, str):
        raise ValueError
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # what zoneinfo raises for an unknown or impossible name
        raise ValueError(did_you_mean(value, sorted(available_timezones()), shown)) from None


Zone = Annotated[
    str,
    AfterValidator(lambda name: read_zone(name).key),
    Expected("the IANA name of a time zone", '"Europe/Brussels"'),
]


def _country(value: str) -> str:
    if value != NO_HOLIDAYS and value not in holidays.list_supported_countries():
        raise ValueError
    return value


Country = Annotated[
    str, AfterValidator(_country), Expected(f'the ISO 3166 code of a country, or "{NO_HOLIDAYS}"', '"BE"')
]


def _day(value: object) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("write it without quotes and without a time" if isinstance(value, str | datetime) else "")
    return value


def _days(days: tuple[date, ...]) -> tuple[date, ...]:
    if twice := sorted({day.isoformat() for day in days if days.count(day) > 1}):
        raise ValueError(f"{', '.join(twice)} more than once")
    return days


Day = Annotated[date, PlainValidator(_day), Expected("a date", "2016-01-01")]

Days = Annotated[tuple[Day, ...], AfterValidator(_days), Expected("a list of dates", "[2026-12-24, 2026-12-31]")]


def read_hours(value: object) -> tuple[OpenInterval, ...]:
    """The intervals of a day such as "08:30-12:00, 13:00-16:00"; none for "closed".

    Raises `ValueError` when intervals are backwards, overlap or are out of order.
    """
    if not isinstance(value, str):
        raise ValueError
    if value == "closed":
        return ()
    intervals = tuple(_interval(part.strip()) for part in value.split(","))
    for one, other in pairwise(intervals):
        if other.from_minute < one.to_minute:
            raise ValueError(f"{_clock(other.from_minute)} lies before {_clock(one.to_minute)}")
    return intervals


def _date_key(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise ValueError("expected a date such as 2026-12-24 as the key")
    return text


DateKey = Annotated[str, AfterValidator(_date_key), Unit("date")]
"""A date as the key of an entry, which TOML has as a text."""

Hours = Annotated[
    tuple[OpenInterval, ...],
    PlainValidator(read_hours),
    Expected('opening hours in ascending order, or "closed"', '"08:30-12:00, 13:00-16:00"'),
]


def _minutes(value: object) -> int:
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError
    return int(found[1]) * 60 + int(found[2])


TimeOfDay = Annotated[
    int,
    PlainValidator(_minutes),
    Expected("a time of day from 00:00 to 23:59", write=lambda minutes: shown(_clock(minutes))),
]
"""Minutes since midnight."""


def _interval(text: str) -> OpenInterval:
    found = _HOURS.fullmatch(text)
    if found is None:
        raise ValueError(f"{shown(text)} is not hh:mm-hh:mm")
    from_hour, from_minute, to_hour, to_minute = map(int, found.groups())
    interval = OpenInterval(from_hour * 60 + from_minute, to_hour * 60 + to_minute)
    if interval.to_minute > _DAY_MINUTES:
        raise ValueError(f"{shown(text)} ends after 24:00")
    if interval.from_minute >= interval.to_minute:
        raise ValueError(f"{shown(text)} ends before it begins; split hours across midnight over two days")
    return interval


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
