"""Examples of records: of every event one that is valid, of every reason one that is refused for it.

Everything in them is invented. They are published in the generated documents and decoded by the tests, so that what
the documents show is what the decoder does. Must not hold data of any real contact.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from streams.contracts.decode import NESTING_MAX, VALUE_BYTES_MAX
from streams.contracts.events import (
    ID_LENGTH_MAX,
    Abandoned,
    Answered,
    AnyCallEvent,
    AnyTicketEvent,
    Arrived,
    CallbackRequested,
    CalledBack,
    Cancelled,
    Ended,
    Finished,
    Left,
    NoShow,
    Offered,
    Requested,
    Started,
)
from streams.contracts.rejections import Reason


class Kind(StrEnum):
    """The topics of events, by their default names."""

    CALLS = "calls"
    TICKETS = "tickets"


class Example(msgspec.Struct, frozen=True):
    """A valid record and the event that it holds."""

    kind: Kind
    title: str
    key: str
    value: str
    timestamp_ms: int
    event: AnyCallEvent | AnyTicketEvent


class BadExample(msgspec.Struct, frozen=True):
    """A record that is refused, and why."""

    kind: Kind
    title: str
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    reason: Reason


CLUSTERS: Final = {
    Kind.CALLS: frozenset({"Klantencontactcentrum"}),
    Kind.TICKETS: frozenset({"Burgerzaken", "Wonen"}),
}
"""The clusters that the settings must have for the examples to be valid."""

_NOON_MS: Final = 1_717_149_600_000
"""31 May 2024, 12:00 in Brussels (10:00 UTC)."""


def examples() -> tuple[Example, ...]:
    """At least one example of each event, calls first, in the order of a contact's life."""
    return (*_calls(), *_tickets())


def _calls() -> tuple[Example, ...]:
    def call(title: str, value: str, event: AnyCallEvent) -> Example:
        return Example(Kind.CALLS, title, event.call_id, value, _NOON_MS, event)

    hall = "Klantencontactcentrum"
    return (
        call(
            "A caller dials in; the time is RFC 3339 with the offset of Brussels in summer",
            '{"type":"offered","call_id":"call-1001","cluster":"Klantencontactcentrum",'
            '"at":"2024-05-31T11:40:02+02:00"}',
            Offered("call-1001", hall, datetime.fromisoformat("2024-05-31T11:40:02+02:00")),
        ),
        call(
            "The same call is answered after 21.5 s; the time is in seconds since 1970",
            '{"type":"answered","call_id":"call-1001","cluster":"Klantencontactcentrum","at":1717148423.5}',
            Answered("call-1001", hall, 1_717_148_423.5),
        ),
        call(
            "The same call is over; fields that the contract does not know are ignored and never stored",
            '{"type":"ended","call_id":"call-1001","cluster":"Klantencontactcentrum",'
            '"at":"2024-05-31T09:44:10.250Z","queue":{"name":"main","position":3},"agents":[12,14]}',
            Ended("call-1001", hall, datetime.fromisoformat("2024-05-31T09:44:10.250Z")),
        ),
        call(
            "Another caller hangs up before an answer",
            '{"type":"abandoned","call_id":"call-1002","cluster":"Klantencontactcentrum","at":1717148500}',
            Abandoned("call-1002", hall, 1_717_148_500.0),
        ),
        call(
            "A third caller asks to be called back instead of waiting on",
            '{"type":"callback_requested","call_id":"call-1003","cluster":"Klantencontactcentrum","at":1717148520}',
            CallbackRequested("call-1003", hall, 1_717_148_520.0),
        ),
        call(
            "An employee calls this caller back",
            '{"type":"called_back","call_id":"call-1003","cluster":"Klantencontactcentrum","at":1717148700}',
            CalledBack("call-1003", hall, 1_717_148_700.0),
        ),
    )


def _tickets() -> tuple[Example, ...]:
    def ticket(title: str, value: str, event: AnyTicketEvent) -> Example:
        return Example(Kind.TICKETS, title, event.ticket_id, value, _NOON_MS, event)

    planned = datetime.fromisoformat("2024-05-31T11:30:00+02:00")
    return (
        ticket(
            "An appointment is asked for, and given for four days later",
            '{"type":"requested","ticket_id":"ticket-7","cluster":"Burgerzaken",'
            '"at":"2024-05-27T15:12:44+02:00","planned_at":"2024-05-31T11:30:00+02:00"}',
            Requested("ticket-7", "Burgerzaken", datetime.fromisoformat("2024-05-27T15:12:44+02:00"), planned),
        ),
        ticket(
            "The visitor with that appointment arrives early",
            '{"type":"arrived","ticket_id":"ticket-7","cluster":"Burgerzaken",'
            '"at":"2024-05-31T11:21:30+02:00","planned_at":"2024-05-31T11:30:00+02:00"}',
            Arrived("ticket-7", "Burgerzaken", datetime.fromisoformat("2024-05-31T11:21:30+02:00"), planned),
        ),
        ticket(
            "A walk-in draws a number: no planned time",
            '{"type":"arrived","ticket_id":"ticket-8","cluster":"Wonen","at":1717147800}',
            Arrived("ticket-8", "Wonen", 1_717_147_800.0),
        ),
        ticket(
            "An employee receives the walk-in; a planned time of null says the same as none",
            '{"type":"started","ticket_id":"ticket-8","cluster":"Wonen","at":1717148100.75,"planned_at":null}',
            Started("ticket-8", "Wonen", 1_717_148_100.75),
        ),
        ticket(
            "The visit is over",
            '{"type":"finished","ticket_id":"ticket-8","cluster":"Wonen","at":"2024-05-31T09:50:00Z"}',
            Finished("ticket-8", "Wonen", datetime.fromisoformat("2024-05-31T09:50:00Z")),
        ),
        ticket(
            "An appointment is called off",
            '{"type":"cancelled","ticket_id":"ticket-9","cluster":"Burgerzaken","at":1717140000}',
            Cancelled("ticket-9", "Burgerzaken", 1_717_140_000.0),
        ),
        ticket(
            "A visitor does not come to the appointment",
            '{"type":"no_show","ticket_id":"ticket-10","cluster":"Wonen",'
            '"at":"2024-05-31T11:00:00+02:00","planned_at":1717144200}',
            NoShow("ticket-10", "Wonen", datetime.fromisoformat("2024-05-31T11:00:00+02:00"), 1_717_144_200.0),
        ),
        ticket(
            "A visitor leaves the hall before being received",
            '{"type":"left","ticket_id":"ticket-11","cluster":"Burgerzaken","at":"2024-05-31T11:05:00+02:00"}',
            Left("ticket-11", "Burgerzaken", datetime.fromisoformat("2024-05-31T11:05:00+02:00")),
        ),
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
        BadExample(Kind.CALLS, "null, as a tombstone has it", b"call-1", None, _NOON_MS, empty),
        BadExample(Kind.CALLS, "no bytes", b"call-1", b"", _NOON_MS, empty),
        BadExample(Kind.CALLS, "an ignored field larger than all", b"call-1", too_large, _NOON_MS, Reason.TOO_LARGE),
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
        BadExample(Kind.CALLS, "no key", None, _GOOD_CALL, _NOON_MS, mismatch),
        BadExample(Kind.CALLS, "the key of another call", b"call-2", _GOOD_CALL, _NOON_MS, mismatch),
        _call("a cluster of the desks", _GOOD_CALL.replace(b"Klantencontactcentrum", b"Wonen"), unknown),
        _call("an empty cluster", _GOOD_CALL.replace(b"Klantencontactcentrum", b""), unknown),
        _call("a clock that was reset", _GOOD_CALL.replace(b"2024", b"1970"), Reason.TIME_TOO_EARLY),
        _ticket("planned long ago", _GOOD_TICKET.replace(b"1717144200", b"0"), Reason.TIME_TOO_EARLY),
        _call("after the record's own time", _GOOD_CALL.replace(b"05-31", b"06-01"), Reason.TIME_IN_FUTURE),
        _ticket("planned for 2064", _GOOD_TICKET.replace(b"1717144200", b"2979448200"), Reason.TIME_IN_FUTURE),
    )


def _call(title: str, value: bytes, reason: Reason) -> BadExample:
    return BadExample(Kind.CALLS, title, b"call-1", value, _NOON_MS, reason)


def _ticket(title: str, value: bytes, reason: Reason) -> BadExample:
    return BadExample(Kind.TICKETS, title, b"t-1", value, _NOON_MS, reason)
