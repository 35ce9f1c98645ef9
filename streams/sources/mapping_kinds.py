"""The kinds of values in a mapping file: what they take and how to say so, for the fields of `mapping`."""

import io
from collections.abc import Callable
from typing import Annotated, Final, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, Strict

from streams.channels.named_events import event_types
from streams.contracts.decode import Event
from streams.contracts.events import CLUSTER_LENGTH_MAX
from streams.settings.kinds import read_zone
from streams.settings.toml.section import Expected
from streams.settings.toml.text import did_you_mean, nearest, shown
from streams.sources.times import check_date_formats, check_duration_formats, check_time_formats
from streams.sources.times.durations import HOURS
from streams.sources.times.durations import NAMES as DURATIONS
from streams.sources.times.formats import DATE_NAMES as DATES
from streams.sources.times.formats import NAMES as TIMES


def _listed(value: object) -> object:
    """One text is a list of one."""
    return [value] if isinstance(value, str) else value


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("a name comes twice")
    return names


def _short_enough(name: str) -> str:
    if len(name) > CLUSTER_LENGTH_MAX:
        raise ValueError(f"it has {len(name)}")
    return name


def _encoding(name: str) -> str:
    try:
        for byte in range(256):  # some encodings of the library read names of hosts and not any bytes
            io.TextIOWrapper(io.BytesIO(bytes([byte])), name, errors="replace").read()
    except LookupError as error:
        raise ValueError(str(error)) from None
    return name


_Checked = TypeVar("_Checked")


def _checked(check: Callable[[_Checked], object]) -> Callable[[_Checked], _Checked]:
    """A value that `check` accepts; what it says in its ValueError goes into the message."""

    def read(value: _Checked) -> _Checked:
        check(value)
        return value

    return read


def _known_durations(formats: tuple[str, ...]) -> tuple[str, ...]:
    if unknown := next((each for each in formats if each not in DURATIONS), ""):
        raise ValueError(did_you_mean(unknown, DURATIONS, shown))
    return formats


def _or(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _event_type(value: object) -> type[Event]:
    if not isinstance(value, str) or not value:
        raise ValueError
    known = event_types()
    if value not in known:
        raise ValueError(nearest(value, known))
    return known[value]


_Filled = Annotated[str, Field(min_length=1)]
_Texts = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]

Text = Annotated[_Filled, Expected("a text", '"test call"')]
OptionalText = Annotated[_Filled, Expected("a text", '"Calls"')]
Column = Annotated[_Filled, Expected("the name of a column", '"date"')]
Columns = Annotated[_Texts, Expected("a column or a list of columns", '["line", "call_id"]')]
ColumnNames = Annotated[_Texts, AfterValidator(_distinct), Expected("a list of names", '["line", "call_id"]')]
OneOf = Annotated[
    frozenset[str],
    BeforeValidator(_listed),
    Field(min_length=1),
    Expected("a text or a list of texts", '["AGENT", "HANG"]'),
]
Delimiter = Annotated[str, Field(pattern=r"^[^\r\n]$"), Expected("one character, no line end", '";"')]
Quote = Annotated[str, Field(pattern=r"^[^\r\n]?$"), Expected("one character, or none", '"\'"')]
Encoding = Annotated[_Filled, AfterValidator(_encoding), Expected("the name of a text encoding", '"cp1252"')]
LINES_SKIPPED_MAX: Final = 1000
"""So many rows at the end are held back until it is known that they are the last."""
FewLines = Annotated[
    int, Strict(), Field(ge=0, le=LINES_SKIPPED_MAX), Expected(f"a whole number from 0 to {LINES_SKIPPED_MAX}", "3")
]
YesNo = Annotated[bool, Strict(), Expected("true or false", "true")]
Separator = Annotated[str, Expected("a text, or none", '"-"')]
ClusterName = Annotated[
    _Filled,
    AfterValidator(_short_enough),
    Expected(f"a name of at most {CLUSTER_LENGTH_MAX} characters", '"Burgerzaken"'),
]
ZONE_EXAMPLE: Final = '"Europe/Brussels"'
Zone = Annotated[ZoneInfo, PlainValidator(read_zone), Expected("the IANA name of a time zone", ZONE_EXAMPLE)]
TimeFormats = Annotated[
    _Texts,
    AfterValidator(_checked(check_time_formats)),
    Expected(f"{_or(TIMES)} or the codes of strptime, or a list of these", '"%H:%M:%S"'),
]
DateFormats = Annotated[
    _Texts,
    AfterValidator(_checked(check_date_formats)),
    Expected(f"{_or(DATES)} or the codes of strptime for a day, or a list of these", '"%y%m%d"'),
]
DurationFormats = Annotated[
    _Texts,
    AfterValidator(_known_durations),
    AfterValidator(_checked(check_duration_formats)),
    Expected(f"one or a list of {_or(DURATIONS)}", f'"{HOURS}"'),
]
EventType = Annotated[type[Event], PlainValidator(_event_type), Expected("a type of event", '"offered"')]
