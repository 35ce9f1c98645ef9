"""What Amazon Connect says of a contact, by an event or by a record of it: no more than is needed.

Its documentation writes the names of fields with a small and with a capital letter first, so both are read. Numbers
of callers and attributes are never looked at: a contact has no place for them. Must not know settings.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import Enum, StrEnum, auto
from typing import Any, Final

import msgspec

from streams.contracts.events import instant_ms

EVENT_KIND: Final = "Amazon Connect Contact Event"
"""What EventBridge calls such an event."""

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NUMBER_TAG: Final = "aws:connect:systemendpoint"
_NONE_BEFORE_MS: Final = 946_684_800_000
"""The year 2000: Connect writes the first milliseconds of 1970 for a moment that has not come."""


class Unread(StrEnum):
    """Why something tells of no contact."""

    NOT_JSON = "not_json"
    NO_CONTACT = "no_contact"
    """JSON, but neither a contact event nor a record."""
    OTHER_EVENT = "other_event"
    """Something else that EventBridge brought."""
    OTHER_CHANNEL = "other_channel"
    """Chat, a task or e-mail."""
    BAD_ID = "bad_id"
    """An id that Connect does not write, so that it might be anything."""


class Way(Enum):
    """How a contact began."""

    DIALLED_IN = auto()
    """A caller dialled in."""
    NEXT_QUEUE = auto()
    """A caller who waits was sent to another queue."""
    HANDED_ON = auto()
    """An employee handed on who was answered already."""
    CALLBACK = auto()
    """A caller asked to be called back: an employee is to take that, and then calls."""
    CALLBACK_ASKED = auto()
    """The same where the citizen is called first: the asking."""
    CALLBACK_DIALLED = auto()
    """The same: the call, for which an employee is to be found."""
    OTHER = auto()
    """Nobody called: outbound, internal, listening in, what follows a hang-up."""


_WAYS: Final[Mapping[str, Way]] = {
    "INBOUND": Way.DIALLED_IN,
    "WEBRTC_API": Way.DIALLED_IN,
    "QUEUE_TRANSFER": Way.NEXT_QUEUE,
    "TRANSFER": Way.HANDED_ON,
    "CALLBACK": Way.CALLBACK,
    "CALLBACK_CUSTOMER_FIRST_QUEUED": Way.CALLBACK_ASKED,
    "CALLBACK_CUSTOMER_FIRST_DIALED": Way.CALLBACK_DIALLED,
}


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """One contact, as far as it has come. A call has more than one where it is sent on or called back."""

    contact: str
    call: str
    """The first contact of the call, which is this one where it has none before it."""
    way: Way
    number: str = ""
    """The number of the contact centre that was dialled, in E.164."""
    queues: tuple[str, ...] = ()
    """By what the settings may know its queue: ARN, the id at the end of that, and in records the name."""
    began_ms: int | None = None
    queued_ms: int | None = None
    answered_ms: int | None = None
    ended_ms: int | None = None


def contact_of_event(body: str | bytes) -> Contact | Unread:
    """The contact in a message of EventBridge."""
    try:
        event = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Unread.NOT_JSON
    if not isinstance(event, dict) or not isinstance(event.get("detail"), dict):
        return Unread.NO_CONTACT
    if event.get("detail-type") != EVENT_KIND:
        return Unread.OTHER_EVENT
    return _contact(_lowered(event["detail"]))


def contacts_of_record(line: bytes) -> Iterator[Contact | Unread]:
    """The contact records in a line of a file: one, or all where Firehose wrote them without line ends."""
    try:
        records = [msgspec.json.decode(line)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        records = list(_joined(line))
    for record in records:
        yield (
            _contact(_lowered(record))
            if isinstance(record, dict)
            else record
            if isinstance(record, Unread)
            else (Unread.NO_CONTACT)
        )


def _joined(line: bytes) -> Iterator[Any]:
    """JSON that stands side by side, up to what is none."""
    text = line.decode("utf-8", "replace")
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            yield Unread.NOT_JSON
            return
        yield value
        while at < len(text) and text[at].isspace():
            at += 1


def _contact(said: Mapping[str, Any]) -> Contact | Unread:
    channel, contact = said.get("channel"), said.get("contactid")
    if not isinstance(channel, str) or not isinstance(contact, str):
        return Unread.NO_CONTACT
    if channel.upper() != "VOICE":
        return Unread.OTHER_CHANNEL
    call = said.get("initialcontactid") or contact
    if not _is_id(contact) or not _is_id(call):
        return Unread.BAD_ID
    queue, agent = _group(said, "queueinfo", "queue"), _group(said, "agentinfo", "agent")
    return Contact(
        contact=contact.lower(),
        call=call.lower(),
        way=_WAYS.get(str(said.get("initiationmethod")).upper(), Way.OTHER),
        number=_text(_group(said, "systemendpoint").get("address")) or _text(_group(said, "tags").get(_NUMBER_TAG)),
        queues=tuple(_queue_names(queue)),
        began_ms=_moment_ms(said.get("initiationtimestamp")),
        queued_ms=_moment_ms(queue.get("enqueuetimestamp")),
        answered_ms=_moment_ms(agent.get("connectedtoagenttimestamp")),
        ended_ms=_moment_ms(said.get("disconnecttimestamp")),
    )


def _lowered(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name.lower(): value for name, value in fields.items()}


def _group(said: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """The first of these groups of fields that is there."""
    return next((_lowered(said[name]) for name in names if isinstance(said.get(name), dict)), {})


def _queue_names(queue: Mapping[str, Any]) -> Iterator[str]:
    arn = _text(queue.get("queuearn")) or _text(queue.get("arn"))
    if arn:
        yield arn
        yield arn.rsplit("/", 1)[-1]
    if name := _text(queue.get("name")):
        yield name


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _is_id(value: object) -> bool:
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def _moment_ms(value: object) -> int | None:
    try:
        moment = msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        return None
    at_ms = instant_ms(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
    return at_ms if at_ms >= _NONE_BEFORE_MS else None
