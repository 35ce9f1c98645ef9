"""The kinds of values in a mapping file: what is expected, how to say so, and what a value means.

It must not know the keys of the file.
"""

import io
from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from streams.contracts.events import CALL_EVENTS, CLUSTER_LENGTH_MAX, TICKET_EVENTS, AnyCallEvent, AnyTicketEvent
from streams.sources.times import EPOCH_SECONDS, RFC_3339, check_date_format, what_format_holds
from streams.toml_table import Kind, UnfitError, nearest

AnyEvent = AnyCallEvent | AnyTicketEvent

EVENT_TYPES: Final[dict[str, type[AnyEvent]]] = {
    str(event.__struct_config__.tag): event  # type: ignore[misc]  # every struct in these tuples is one of the union
    for event in (*CALL_EVENTS, *TICKET_EVENTS)
}
"""Name of an event type, as the contract writes it, to its struct."""


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise UnfitError
    return value


def _texts(value: object) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise UnfitError
    return tuple(texts)


def _set(value: object) -> frozenset[str]:
    return frozenset(_texts(value))


def _distinct(value: object) -> tuple[str, ...]:
    names = _texts(value)
    if len(set(names)) < len(names):
        raise UnfitError("a name comes twice")
    return names


def _character(value: object) -> str:
    if not isinstance(value, str) or len(value) != 1 or value in "\r\n":
        raise UnfitError
    return value


def _character_or_none(value: object) -> str:
    return "" if value == "" else _character(value)


def _separator(value: object) -> str:
    return "" if value == "" else _text(value)


def _cluster_name(value: object) -> str:
    name = _text(value)
    if len(name) > CLUSTER_LENGTH_MAX:
        raise UnfitError(f"it has {len(name)}")
    return name


def _encoding(value: object) -> str:
    name = _text(value)
    try:
        for byte in range(256):  # some encodings of the library read names of hosts and not any bytes
            io.TextIOWrapper(io.BytesIO(bytes([byte])), name, errors="replace").read()
    except (LookupError, ValueError) as error:
        raise UnfitError(str(error)) from None
    return name


def _zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(_text(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):  # what zoneinfo raises for an unknown or impossible name
        raise UnfitError from None


def _checked(check: Callable[[str], object]) -> Callable[[object], str]:
    """A text that `check` accepts; what it says in its ValueError goes into the message."""

    def read(value: object) -> str:
        text = _text(value)
        try:
            check(text)
        except ValueError as error:
            raise UnfitError(str(error)) from None
        return text

    return read


def _event_type(value: object) -> type[AnyEvent]:
    name = _text(value)
    if name not in EVENT_TYPES:
        raise UnfitError(nearest(name, EVENT_TYPES))
    return EVENT_TYPES[name]


def _time(value: object) -> object:
    return value if isinstance(value, dict) else _texts(value)


TEXT: Final = Kind("a text", '"test call"', _text)
TEXTS: Final = Kind("a text or a list of texts", '["AGENT", "HANG"]', _set)
COLUMN: Final = Kind("the name of a column", '"date"', _text)
COLUMNS: Final = Kind("a column or a list of columns", '["line", "call_id"]', _texts)
COLUMN_NAMES: Final = Kind("a list of names", '["line", "call_id"]', _distinct)
DELIMITER: Final = Kind("one character, no line end", '";"', _character)
QUOTE: Final = Kind("one character, or none", '"\'"', _character_or_none)
ENCODING: Final = Kind("the name of a text encoding", '"cp1252"', _encoding)
SEPARATOR: Final = Kind("a text, or none", '"-"', _separator)
CLUSTER_NAME: Final = Kind(f"a name of at most {CLUSTER_LENGTH_MAX} characters", '"Burgerzaken"', _cluster_name)
ZONE: Final = Kind("a zone of the IANA database", '"Europe/Brussels"', _zone)
TIME_FORMAT: Final = Kind(
    f'"{RFC_3339}", "{EPOCH_SECONDS}" or the codes of strptime', '"%H:%M:%S"', _checked(what_format_holds)
)
DATE_FORMAT: Final = Kind("the codes of strptime for a day", '"%y%m%d"', _checked(check_date_format))
EVENT_TYPE: Final = Kind("a type of event", '"offered"', _event_type)
TIME: Final = Kind("a column, a list of columns or a table", '{ column = "start", format = "RFC 3339" }', _time)
