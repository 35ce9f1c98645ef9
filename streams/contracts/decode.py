"""From a record's key, value and timestamp to an event or a typed rejection.

A batch in which every record is an event, as nearly all are, is decoded and checked by a few calls for all of it; any
other record by record. Only a value that the typed decoder refuses is looked at again, field by field, to name the
reason: speed where it is needed, precision where it helps. Whatever the bytes are, the answer is an event or a
rejection, in bounded time and memory. Must not know Kafka clients or what an event means.

What is strict and what is not:

- Invalid UTF-8 is refused anywhere in the value, in ignored fields too: whether a record is valid must not change
  when a field is added to the contract.
- Unknown fields must be well-formed JSON; apart from that their content is skipped, never stored.
- A field that is given twice counts with its last value, if each of its values is valid by itself and both values
  of `type` are the same. JSON leaves this open (RFC 8259, section 4); such records are refused otherwise.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter, sub
from typing import Any, ClassVar, Final, Generic, NamedTuple, TypeVar, cast

import msgspec

from streams.contracts.events import (
    CALL_EVENTS,
    CLUSTER_LENGTH_MAX,
    ID_LENGTH_MAX,
    TICKET_EVENTS,
    AnyCallEvent,
    AnyTicketEvent,
    CallEvent,
    Requested,
    TicketEvent,
    instant_ms,
)
from streams.contracts.rejections import Reason, Rejection

VALUE_BYTES_MAX: Final = 16 * 1024
"""Largest value that is read, in bytes. The fields of an event need less than 4 KiB with every character of the
longest id and cluster escaped; the rest is room for fields that are ignored. It bounds the time of one record."""

NESTING_MAX: Final = 100
"""Deepest nesting of arrays and objects that is read. The parser recurses, and its own limit depends on how deep the
caller's stack is; this one makes the answer depend on the value alone."""

_SHORT_BYTES: Final = 2 * NESTING_MAX
"""A value of at most so many bytes cannot be well-formed and nested too deeply, and is not examined for it."""

_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
"""A JSON string, also one that is cut off. Possessive, so that its time is linear whatever the bytes are."""

_DEPTH_CHANGES: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}

_KINDS: Final = {'"': "string", "{": "object", "[": "array", "t": "boolean", "f": "boolean", "n": "null"}
"""Kind of a JSON value by its first character; the rest are numbers."""

_AnyEvent = CallEvent | TicketEvent | Requested
E = TypeVar("E", bound=_AnyEvent)


_ID_EXPECTATION: Final = (("string",), Reason.INVALID_ID, f"1 to {ID_LENGTH_MAX} characters")
_INSTANT_EXPECTATION: Final = (
    ("string", "number"),
    Reason.INVALID_TIME,
    "RFC 3339 with an offset or seconds since 1970, in the years 1 to 9999",
)
_EXPECTATIONS: Final[Mapping[str, tuple[tuple[str, ...], Reason, str]]] = {
    "call_id": _ID_EXPECTATION,
    "ticket_id": _ID_EXPECTATION,
    "cluster": (("string",), Reason.UNKNOWN_CLUSTER, f"1 to {CLUSTER_LENGTH_MAX} characters"),
    "at": _INSTANT_EXPECTATION,
    "planned_at": _INSTANT_EXPECTATION,
}
"""For each field the kinds of JSON value it takes, the reason when the kind is right and the value is not, and what
was expected then."""

_REPEATED_FIELD: Final = Rejection(
    Reason.MALFORMED_JSON, "expected each field once, got one twice of which the first is no valid value or type"
)
"""All that is left when the last value of every field is valid and the typed decoder refused the record."""

_EMPTY: Final = Rejection(Reason.EMPTY, "expected a JSON object, got no value")
_TOO_LARGE: Final = Rejection(Reason.TOO_LARGE, f"expected at most {VALUE_BYTES_MAX} bytes, got more")
_TOO_DEEP: Final = Rejection(Reason.MALFORMED_JSON, f"expected at most {NESTING_MAX} levels of nesting, got more")
_UNKNOWN_CLUSTER: Final = Rejection(
    Reason.UNKNOWN_CLUSTER, "expected `cluster` to be one of this channel's clusters in the settings, got another"
)
_TOO_EARLY: Final = Rejection(Reason.TIME_TOO_EARLY, "expected `at` not before the earliest time in the settings")
_IN_FUTURE: Final = Rejection(
    Reason.TIME_IN_FUTURE, "expected `at` not after the record's own time and the tolerance in the settings"
)
_PLANNED_TOO_EARLY: Final = Rejection(
    Reason.TIME_TOO_EARLY, "expected `planned_at` not before the earliest time in the settings"
)
_PLANNED_TOO_FAR: Final = Rejection(
    Reason.TIME_IN_FUTURE, "expected `planned_at` not further after `at` than the settings allow"
)


class _Faults:
    """Finds out why the typed decoder refused a value, for the events of one topic."""

    _text: ClassVar = msgspec.json.Decoder(str)
    _anything: ClassVar = msgspec.json.Decoder(msgspec.Raw)
    _object: ClassVar = msgspec.json.Decoder(dict[str, msgspec.Raw])

    def __init__(self, events: Sequence[type[_AnyEvent]]) -> None:
        self._fields: dict[str, list[_Field]] = {
            str(event.__struct_config__.tag): [_Field(info) for info in msgspec.structs.fields(event)]
            for event in events
        }

    def diagnose(self, value: bytes) -> Rejection:
        """The first fault of a value that the typed decoder refused."""
        try:
            text = value.decode()
        except UnicodeDecodeError as error:
            return Rejection(Reason.INVALID_UTF8, f"expected UTF-8, got another byte at position {error.start}")
        try:
            self._anything.decode(text)
        except msgspec.DecodeError:
            return Rejection(Reason.MALFORMED_JSON, "expected one complete JSON object, got malformed JSON")
        if (kind := _kind(text)) != "object":
            return Rejection(Reason.NOT_AN_OBJECT, f"expected a JSON object, got {kind}")
        return self._diagnose_fields(self._object.decode(text))

    def _diagnose_fields(self, values: Mapping[str, msgspec.Raw]) -> Rejection:
        if (raw_type := values.get("type")) is None:
            return _missing("type")
        if (kind := _kind_of(raw_type)) != "string":
            return _wrong_type("type", "string", kind)
        fields = self._fields.get(self._text.decode(raw_type))
        if fields is None:
            return Rejection(
                Reason.UNKNOWN_TYPE, f"expected `type` to be one of {', '.join(self._fields)}, got another"
            )
        faults = (field.fault(values.get(field.name)) for field in fields)
        return next((fault for fault in faults if fault is not None), _REPEATED_FIELD)


class _Field:
    """One field of an event: whether a value is fit for it, and if not, why."""

    def __init__(self, info: msgspec.structs.FieldInfo) -> None:
        self.name = info.encode_name
        self._required = info.required
        self._decoder = msgspec.json.Decoder(info.type)

    def fault(self, raw: msgspec.Raw | None) -> Rejection | None:
        """What is wrong with the field's value, None for nothing; `raw` None means that the field is absent."""
        if raw is None:
            return _missing(self.name) if self._required else None
        try:
            self._decoder.decode(raw)
        except msgspec.DecodeError:
            kinds, reason, expected = _EXPECTATIONS[self.name]
            if (kind := _kind_of(raw)) not in kinds:
                return _wrong_type(self.name, " or ".join(kinds), kind)
            return Rejection(reason, f"expected `{self.name}` to be {expected}, got another {kind}")
        return None


class Decoded(NamedTuple, Generic[E]):
    """A batch of records, decoded: three lists of the same length and the places that hold no event."""

    events: list[E | Rejection]
    instants_ms: list[int]
    """When each event happened; 0 for a rejection."""
    refused: list[int]
    """Indexes of the rejections, in their order."""


class _Decoder(Generic[E]):
    """What the decoders of both topics share."""

    _union: ClassVar[Any]
    _events: ClassVar[Sequence[type[_AnyEvent]]]
    _id_field: ClassVar[str]
    _has_plans: ClassVar[bool]
    """Whether there is a plan to check: asking costs less than a method that does nothing."""

    def __init__(
        self, *, clusters: frozenset[str], earliest_ms: int, future_tolerance_ms: int, plan_ahead_ms: int
    ) -> None:
        """A decoder that accepts the given clusters and times.

        `earliest_ms` is an instant; an event may lie `future_tolerance_ms` after its record's timestamp, and an
        appointment `plan_ahead_ms` after its event.
        """
        self._clusters = clusters
        self._earliest_ms = earliest_ms
        self._future_tolerance_ms = future_tolerance_ms
        self._plan_ahead_ms = plan_ahead_ms
        self._decode = msgspec.json.Decoder(self._union).decode
        self._contact_id = attrgetter(self._id_field)
        self._faults = _Faults(self._events)
        self._key_mismatch = Rejection(
            Reason.KEY_MISMATCH, f"expected the record's key to be `{self._id_field}` in UTF-8, got another or none"
        )

    def __call__(self, key: bytes | None, value: bytes | None, timestamp_ms: int) -> E | Rejection:
        """The event that one record holds, or why it holds none."""
        return self.decode_batch((key,), (value,), (timestamp_ms,)).events[0]

    def decode_batch(
        self, keys: Sequence[bytes | None], values: Sequence[bytes | None], timestamps_ms: Sequence[int]
    ) -> Decoded[E]:
        """The events that records hold, or why one holds none; raises for no record.

        The three sequences are of the same length; `timestamps_ms` are the records' own times: the only clock there
        is.
        """
        return self._decode_plain(keys, values, timestamps_ms) or self._decode_each(keys, values, timestamps_ms)

    def _decode_plain(
        self, keys: Sequence[bytes | None], values: Sequence[bytes | None], timestamps_ms: Sequence[int]
    ) -> Decoded[E] | None:
        """The events of a batch of valid ones in short ASCII, or None where any of its records may be something else.

        Everything that `_decode_each` asks of a record is asked of all at once here: by loops in C, which take half
        the time.
        """
        if not (values and all(values) and all(keys)):
            return None
        texts, ids = cast("Sequence[bytes]", values), b"\n".join(cast("Sequence[bytes]", keys))
        if max(map(len, texts)) > _SHORT_BYTES or not b"".join(texts).isascii():
            return None
        try:
            events: list[E] = [self._decode(text) for text in texts]
        except msgspec.DecodeError:
            return None
        instants_ms = _instants_ms([event.at for event in events])
        is_valid = (
            ids.count(b"\n") == len(keys) - 1  # no line break in a key that could pass for one between two
            and "\n".join(map(self._contact_id, events)).encode() == ids
            and self._clusters.issuperset([event.cluster for event in events])
            and min(instants_ms) >= self._earliest_ms
            and max(map(sub, instants_ms, timestamps_ms)) <= self._future_tolerance_ms
            and not (self._has_plans and self._has_plan_fault(events, instants_ms))
        )
        return Decoded(cast("list[E | Rejection]", events), instants_ms, []) if is_valid else None

    def _has_plan_fault(self, events: Sequence[E], instants_ms: Sequence[int]) -> bool:  # noqa: ARG002 - for the topic with plans
        return False

    def _decode_each(
        self, keys: Sequence[bytes | None], values: Sequence[bytes | None], timestamps_ms: Sequence[int]
    ) -> Decoded[E]:
        """The same, record by record: one loop over locals, since a call for each check doubles the time."""
        decode, contact_id, clusters, plan_fault = self._decode, self._contact_id, self._clusters, self._plan_fault
        earliest_ms, tolerance_ms, has_plans = self._earliest_ms, self._future_tolerance_ms, self._has_plans
        decoded: Decoded[E] = Decoded([], [], [])
        add_event, add_instant = decoded.events.append, decoded.instants_ms.append
        for key, value, timestamp_ms in zip(keys, values, timestamps_ms, strict=True):
            try:
                if value and len(value) <= _SHORT_BYTES and value.isascii():
                    event: E = decode(value)
                else:
                    event = self._decode_unusual(value)
            except (msgspec.DecodeError, UnicodeDecodeError):
                self._refuse(decoded, self._why_unread(value))
                continue
            at_ms = instant_ms(event.at)
            if (
                contact_id(event).encode() == key
                and event.cluster in clusters
                and earliest_ms <= at_ms <= timestamp_ms + tolerance_ms
                and not (has_plans and plan_fault(event, at_ms))
            ):
                add_event(event)
                add_instant(at_ms)
            else:
                self._refuse(decoded, self._why_refused(event, key, at_ms, timestamp_ms))
        return decoded

    def _refuse(self, decoded: Decoded[E], rejection: Rejection) -> None:
        decoded.refused.append(len(decoded.events))
        decoded.events.append(rejection)
        decoded.instants_ms.append(0)

    def _decode_unusual(self, value: bytes | None) -> E:
        """Decode what is longer than an event needs to be, or not in ASCII."""
        if not value or _refuse_unread(value) is not None:
            raise msgspec.DecodeError("not read")
        event: E = self._decode(value.decode())
        return event

    def _why_unread(self, value: bytes | None) -> Rejection:
        if not value:
            return _EMPTY
        return _refuse_unread(value) or self._faults.diagnose(value)

    def _why_refused(self, event: E, key: bytes | None, at_ms: int, timestamp_ms: int) -> Rejection:
        """The first thing that is wrong with a well-formed event of which something is."""
        if self._contact_id(event).encode() != key:
            return self._key_mismatch
        if event.cluster not in self._clusters:
            return _UNKNOWN_CLUSTER
        if at_ms < self._earliest_ms:
            return _TOO_EARLY
        if at_ms > timestamp_ms + self._future_tolerance_ms:
            return _IN_FUTURE
        fault = self._plan_fault(event, at_ms)
        assert fault is not None, "an event without a fault is not refused"
        return fault

    def _plan_fault(self, event: E, at_ms: int) -> Rejection | None:  # noqa: ARG002 - for the topic with plans
        return None


class CallDecoder(_Decoder[AnyCallEvent]):
    """Decodes the records of the topic of calls."""

    _union = AnyCallEvent
    _events = CALL_EVENTS
    _id_field = "call_id"
    _has_plans = False


class TicketDecoder(_Decoder[AnyTicketEvent]):
    """Decodes the records of the topic of tickets."""

    _union = AnyTicketEvent
    _events = TICKET_EVENTS
    _id_field = "ticket_id"
    _has_plans = True

    def _has_plan_fault(self, events: Sequence[AnyTicketEvent], instants_ms: Sequence[int]) -> bool:
        """Whether any event's plan is one that `_plan_fault` refuses; plans that all events may have are most."""
        plans_ms = _instants_ms([event.planned_at for event in events if event.planned_at is not None])
        if not plans_ms:
            return False
        all_near = max(plans_ms) <= min(instants_ms) + self._plan_ahead_ms
        return min(plans_ms) < self._earliest_ms or (not all_near and any(map(self._plan_fault, events, instants_ms)))

    def _plan_fault(self, event: AnyTicketEvent, at_ms: int) -> Rejection | None:
        if event.planned_at is None:
            return None
        planned_ms = instant_ms(event.planned_at)
        if planned_ms < self._earliest_ms:
            return _PLANNED_TOO_EARLY
        return _PLANNED_TOO_FAR if planned_ms > at_ms + self._plan_ahead_ms else None


def _instants_ms(instants: Sequence[datetime | float]) -> list[int]:
    """`instant_ms` of each."""
    try:
        return [round(instant * 1000) for instant in instants]  # type: ignore[operator] # a datetime raises TypeError
    except TypeError:
        return list(map(instant_ms, instants))


def _refuse_unread(value: bytes) -> Rejection | None:
    """What can be said against a value before it is parsed: its size and how deep it is nested."""
    if len(value) > VALUE_BYTES_MAX:
        return _TOO_LARGE
    if value.count(b"[") + value.count(b"{") <= NESTING_MAX:
        return None
    depth = 0
    for byte in _STRING.sub(b"", value):
        depth += _DEPTH_CHANGES.get(byte, 0)
        if depth > NESTING_MAX:
            return _TOO_DEEP
    return None


def _missing(field: str) -> Rejection:
    return Rejection(Reason.MISSING_FIELD, f"expected a field `{field}`, got none")


def _wrong_type(field: str, expected: str, kind: str) -> Rejection:
    return Rejection(Reason.WRONG_TYPE, f"expected `{field}` to be {expected}, got {kind}")


def _kind_of(raw: msgspec.Raw) -> str:
    return _kind(bytes(raw).decode())


def _kind(text: str) -> str:
    """The kind of a well-formed JSON text."""
    return _KINDS.get(text.lstrip()[0], "number")
