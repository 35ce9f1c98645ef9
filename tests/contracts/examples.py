"""Records that show the contract: those that the documents publish, and of every reason one that is refused for it.

Everything in them is invented.
"""

from typing import Any, Final

import msgspec

from streams.channels import channels
from streams.contracts.decode import NESTING_MAX, VALUE_BYTES_MAX
from streams.contracts.events import ID_LENGTH_MAX
from streams.contracts.rejections import Reason
from streams.core.rules import Channel

NOON_MS: Final = 1_717_149_600_000
"""31 May 2024, 12:00 in Brussels (10:00 UTC): the time of the records."""

CLUSTERS: Final = {
    Channel.PHONE: frozenset({"Klantencontactcentrum"}),
    Channel.DESK: frozenset({"Burgerzaken", "Wonen"}),
}
"""The clusters that the settings must have for the examples to be valid."""


class GoodExample(msgspec.Struct, frozen=True):
    """A record that the documents publish, and the event that it holds."""

    channel: Channel
    title: str
    key: str
    value: str
    timestamp_ms: int
    event: Any


class BadExample(msgspec.Struct, frozen=True):
    """A record that is refused, and why."""

    channel: Channel
    title: str
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    reason: Reason


def examples() -> tuple[GoodExample, ...]:
    """All that the documents publish, in their order."""
    return tuple(
        GoodExample(
            channel.name, each.title, getattr(each.event, channel.decoder.id_field), each.value, NOON_MS, each.event
        )
        for channel in channels()
        for each in channel.examples()
    )


_GOOD_CALL: Final = (
    b'{"type":"answered","call_id":"call-1","cluster":"Klantencontactcentrum","at":"2024-05-31T11:40:02+02:00"}'
)
_GOOD_TICKET: Final = (
    b'{"type":"requested","ticket_id":"t-1","cluster":"Wonen","at":1717140000,"planned_at":1717144200}'
)


def bad_examples() -> tuple[BadExample, ...]:
    """At least one example of each reason, in the order of the reasons: a valid record with one fault."""
    return (*_unreadable(), *_not_as_agreed(), *_invalid_times(), *_out_of_bounds())


def _unreadable() -> tuple[BadExample, ...]:
    deep = b"[" * NESTING_MAX + b"]" * NESTING_MAX
    empty, malformed = Reason.EMPTY, Reason.MALFORMED_JSON
    too_large = _GOOD_CALL.replace(b"{", b'{"note":"' + b"x" * VALUE_BYTES_MAX + b'",')
    return (
        BadExample(Channel.PHONE, "null, as a tombstone has it", b"call-1", None, NOON_MS, empty),
        BadExample(Channel.PHONE, "no bytes", b"call-1", b"", NOON_MS, empty),
        BadExample(
            Channel.PHONE, "an ignored field larger than all", b"call-1", too_large, NOON_MS, Reason.TOO_LARGE
        ),
        _call("Avro behind a schema's number", b"\0\0\0\0\x07\x0ccall-1", Reason.SCHEMA_REGISTRY),
        _call("an id in Latin-1", _GOOD_CALL.replace(b"call-1", b"caf\xe9"), Reason.INVALID_UTF8),
        _call("Latin-1 in an ignored field", _GOOD_CALL.replace(b"{", b'{"x":"\xe9",'), Reason.INVALID_UTF8),
        _call("cut off", _GOOD_CALL[:-20], malformed),
        _call("two objects", _GOOD_CALL + b"\n" + _GOOD_CALL, malformed),
        _call("NaN is no JSON", _GOOD_CALL.replace(b'"2024-05-31T11:40:02+02:00"', b"NaN"), malformed),
        _call("nested too deeply", _GOOD_CALL.replace(b"{", b'{"x":' + deep + b","), malformed),
        _call("a type twice, differing", _GOOD_CALL.replace(b"{", b'{"type":"ended",'), malformed),
        _call("an array of events", b"[" + _GOOD_CALL + b"]", Reason.NOT_AN_OBJECT),
        _call("a text", b'"call-1"', Reason.NOT_AN_OBJECT),
    )


def _not_as_agreed() -> tuple[BadExample, ...]:
    long_id = b"7" * (ID_LENGTH_MAX + 1)
    missing, wrong = Reason.MISSING_FIELD, Reason.WRONG_TYPE
    return (
        _call("no type", _GOOD_CALL.replace(b'"type":"answered",', b""), missing),
        _call("no cluster", _GOOD_CALL.replace(b'"cluster":"Klantencontactcentrum",', b""), missing),
        _ticket("a request without a planned time", _GOOD_TICKET.replace(b',"planned_at":1717144200', b""), missing),
        _call("a number as type", _GOOD_CALL.replace(b'"answered"', b"2"), wrong),
        _call("a number as id", _GOOD_CALL.replace(b'"call-1"', b"1"), wrong),
        _call("a boolean as time", _GOOD_CALL.replace(b'"2024-05-31T11:40:02+02:00"', b"true"), wrong),
        _ticket("a planned time of null in a request", _GOOD_TICKET.replace(b"1717144200", b"null"), wrong),
        _call("a type that there is not", _GOOD_CALL.replace(b"answered", b"parked"), Reason.UNKNOWN_TYPE),
        _ticket("a call among the tickets", _GOOD_CALL, Reason.UNKNOWN_TYPE),
        _call("an empty id", _GOOD_CALL.replace(b"call-1", b""), Reason.INVALID_ID),
        _call("an id that is too long", _GOOD_CALL.replace(b"call-1", long_id), Reason.INVALID_ID),
    )


def _invalid_times() -> tuple[BadExample, ...]:
    time, invalid = b'"2024-05-31T11:40:02+02:00"', Reason.INVALID_TIME
    return (
        _call("a time without an offset", _GOOD_CALL.replace(b"+02:00", b""), invalid),
        _call("a day that there is not", _GOOD_CALL.replace(b"05-31", b"06-31"), invalid),
        _call("milliseconds since 1970", _GOOD_CALL.replace(time, b"1717148402000"), invalid),
        _call("a number without end", _GOOD_CALL.replace(time, b"1e999"), invalid),
    )


def _out_of_bounds() -> tuple[BadExample, ...]:
    mismatch, unknown = Reason.KEY_MISMATCH, Reason.UNKNOWN_CLUSTER
    return (
        BadExample(Channel.PHONE, "no key", None, _GOOD_CALL, NOON_MS, mismatch),
        BadExample(Channel.PHONE, "the key of another call", b"call-2", _GOOD_CALL, NOON_MS, mismatch),
        _call("a cluster of the desks", _GOOD_CALL.replace(b"Klantencontactcentrum", b"Wonen"), unknown),
        _call("an empty cluster", _GOOD_CALL.replace(b"Klantencontactcentrum", b""), unknown),
        _call("a clock that was reset", _GOOD_CALL.replace(b"2024", b"1970"), Reason.TIME_TOO_EARLY),
        _ticket("planned long ago", _GOOD_TICKET.replace(b"1717144200", b"0"), Reason.TIME_TOO_EARLY),
        _call("after the record's own time", _GOOD_CALL.replace(b"05-31", b"06-01"), Reason.TIME_IN_FUTURE),
        _ticket("planned for 2064", _GOOD_TICKET.replace(b"1717144200", b"2979448200"), Reason.TIME_IN_FUTURE),
    )


def _call(title: str, value: bytes, reason: Reason) -> BadExample:
    return BadExample(Channel.PHONE, title, b"call-1", value, NOON_MS, reason)


def _ticket(title: str, value: bytes, reason: Reason) -> BadExample:
    return BadExample(Channel.DESK, title, b"t-1", value, NOON_MS, reason)
