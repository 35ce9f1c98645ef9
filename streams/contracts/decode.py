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
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import reduce
from operator import attrgetter, or_, sub
from typing import ClassVar, Final, Generic, Protocol, TypeVar, cast

import msgspec

from streams.contracts.batch import Batch, RejectedRecord
from streams.contracts.events import instant_ms, instants_ms
from streams.contracts.faults import Expectation, Faults
from streams.contracts.framed import is_framed, plain
from streams.contracts.rejections import Reason, Rejection
from streams.contracts.spelling import Repaired, Spellings

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


class Event(Protocol):
    """What the events of all channels have, besides the id of their contact."""

    @property
    def cluster(self) -> str:
        """The activity cluster."""

    @property
    def at(self) -> datetime | float:
        """When it happened."""


E = TypeVar("E", bound=Event)


_EMPTY: Final = Rejection(Reason.EMPTY, "expected a JSON object, got no value")
_TOO_LARGE: Final = Rejection(Reason.TOO_LARGE, f"expected at most {VALUE_BYTES_MAX} bytes, got more")
_TOO_DEEP: Final = Rejection(Reason.MALFORMED_JSON, f"expected at most {NESTING_MAX} levels of nesting, got more")
_FRAMED: Final = Rejection(
    Reason.SCHEMA_REGISTRY, "expected a JSON object behind the five bytes of a schema registry, got something else"
)
_UNKNOWN_CLUSTER: Final = Rejection(
    Reason.UNKNOWN_CLUSTER, "expected `cluster` to be one of this channel's clusters in the settings, got another"
)
_TOO_EARLY: Final = Rejection(Reason.TIME_TOO_EARLY, "expected `at` not before the earliest time in the settings")
_IN_FUTURE: Final = Rejection(
    Reason.TIME_IN_FUTURE, "expected `at` not after the record's own time and the tolerance in the settings"
)


class Decoder(Generic[E]):
    """What the decoders of all topics share: a channel's own names its events and the field of its contacts' ids.

    Besides that id and its cluster, an event holds moments and what is `expected`.
    """

    events: ClassVar[Sequence[type[msgspec.Struct]]]
    """The types of its events, told apart by `type`."""
    id_field: ClassVar[str]
    """The field of its contacts' ids, which are the keys of its records."""
    key_called: ClassVar[str] = ""
    """What the key is, where it is no field."""
    expected: ClassVar[Mapping[str, Expectation]] = {}
    """What its events hold besides, by the field."""
    has_plans: ClassVar[bool] = False
    """Whether there is a plan to check, by `plan_fault`: asking costs less than a method that does nothing."""

    def __init__(
        self,
        *,
        clusters: frozenset[str],
        earliest_ms: int,
        future_tolerance_ms: int,
        plan_ahead_ms: int,
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        """A decoder that accepts the given clusters, whose `aliases` have the cluster of each, and times.

        `earliest_ms` is an instant; an event may lie `future_tolerance_ms` after its record's timestamp, and an
        appointment `plan_ahead_ms` after its event.
        """
        self._clusters = clusters
        self._spellings = Spellings(clusters, aliases)
        self.earliest_ms = earliest_ms
        self._future_tolerance_ms = future_tolerance_ms
        self.plan_ahead_ms = plan_ahead_ms
        any_of_them = cast("type[E]", reduce(or_, self.events))
        self._decode = msgspec.json.Decoder(any_of_them).decode
        self._contact_id = attrgetter(self.id_field)
        self._faults = Faults(self.events, self.id_field, self.expected)
        key = self.key_called or f"`{self.id_field}`"
        self._key_mismatch = Rejection(
            Reason.KEY_MISMATCH, f"expected the record's key to be {key} in UTF-8, got another or none"
        )

    def __call__(self, key: bytes | None, value: bytes | None, timestamp_ms: int) -> E | Rejection:
        """The event that one record holds, or why it holds none."""
        (outcome,) = self.decode_batch((key,), (value,), (timestamp_ms,)).outcomes()
        return outcome

    def read(self, value: bytes | None) -> E | None:
        """The event that a value holds, acceptable or not: to say more of one that was refused."""
        try:
            return self._decode_unusual(plain(value))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    def decode_batch(
        self, keys: Sequence[bytes | None], values: Sequence[bytes | None], timestamps_ms: Sequence[int]
    ) -> Batch[E]:
        """The events that records hold, and which hold none and why; raises for no record.

        The three sequences are of the same length; `timestamps_ms` are the records' own times: the only clock there
        is.
        """
        batch = self._decode_plain(keys, values, timestamps_ms)
        if batch is None and values and is_framed(values[0]):  # so are the others, if their source is one
            values = [plain(value) for value in values]
            batch = self._decode_plain(keys, values, timestamps_ms)
        return batch or self._decode_each(keys, values, timestamps_ms)

    def _decode_plain(
        self, keys: Sequence[bytes | None], values: Sequence[bytes | None], timestamps_ms: Sequence[int]
    ) -> Batch[E] | None:
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
        events_ms = instants_ms([event.at for event in events])
        repaired: Mapping[Repaired, int] | None = {}
        is_valid = (
            ids.count(b"\n") == len(keys) - 1  # no line break in a key that could pass for one between two
            and "\n".join(map(self._contact_id, events)).encode() == ids
            and (
                self._clusters.issuperset([event.cluster for event in events])
                or (repaired := self._repair(events)) is not None
            )
            and min(events_ms) >= self.earliest_ms
            and max(map(sub, events_ms, timestamps_ms)) <= self._future_tolerance_ms
            and not (self.has_plans and self.has_plan_fault(events, events_ms))
        )
        return Batch(events, events_ms, timestamps_ms, repaired=repaired or {}) if is_valid else None

    def _repair(self, events: Sequence[E]) -> Mapping[Repaired, int] | None:
        """Give the events, of which some have another, the settings' own spelling of their clusters.

        How many of each there were; None where a cluster is not known.
        """
        clusters, repaired = self._clusters, Counter[Repaired]()
        for event in events:
            if event.cluster not in clusters:
                found = self._spellings.repaired(event.cluster)
                if found is None:
                    return None
                _rename(event, found)
                repaired[found] += 1
        return repaired

    def has_plan_fault(self, events: Sequence[E], events_ms: Sequence[int]) -> bool:
        """Whether any event's plan is one that `plan_fault` refuses."""
        return any(map(self.plan_fault, events, events_ms))

    def _decode_each(
        self, keys: Sequence[bytes | None], values: Sequence[bytes | None], timestamps_ms: Sequence[int]
    ) -> Batch[E]:
        """The same, record by record: one loop over locals, since a call for each check doubles the time."""
        decode, contact_id, clusters, plan_fault = self._decode, self._contact_id, self._clusters, self.plan_fault
        earliest_ms, tolerance_ms, has_plans = self.earliest_ms, self._future_tolerance_ms, self.has_plans
        events: list[E] = []
        events_ms: list[int] = []
        rejected: list[RejectedRecord] = []
        find, repaired = self._spellings.repaired, Counter[Repaired]()
        add_event, add_instant = events.append, events_ms.append
        for key, value, timestamp_ms in zip(keys, values, timestamps_ms, strict=True):
            try:
                if value and len(value) <= _SHORT_BYTES and value.isascii():
                    event: E = decode(value)
                else:
                    event = self._decode_unusual(value)
            except (msgspec.DecodeError, UnicodeDecodeError):
                found = self._behind_frame(value)
                if isinstance(found, Rejection):
                    rejected.append(RejectedRecord(len(events) + len(rejected), found))
                    continue
                event = found
            at_ms = instant_ms(event.at)
            spelling: Repaired | None = None
            if (
                contact_id(event).encode() == key
                and (event.cluster in clusters or (spelling := find(event.cluster)) is not None)
                and earliest_ms <= at_ms <= timestamp_ms + tolerance_ms
                and not (has_plans and plan_fault(event, at_ms))
            ):
                add_event(event)
                add_instant(at_ms)
                if spelling is not None:
                    _rename(event, spelling)
                    repaired[spelling] += 1
            else:
                rejection = self._why_refused(event, key, at_ms, timestamp_ms)
                rejected.append(RejectedRecord(len(events) + len(rejected), rejection))
        if rejected:
            places = {each.place for each in rejected}
            timestamps_ms = [at_ms for place, at_ms in enumerate(timestamps_ms) if place not in places]
        return Batch(events, events_ms, timestamps_ms, rejected, repaired)

    def _decode_unusual(self, value: bytes | None) -> E:
        """Decode what is longer than an event needs to be, or not in ASCII."""
        if not value or _refuse_unread(value) is not None:
            raise msgspec.DecodeError("not read")
        event: E = self._decode(value.decode())
        return event

    def _behind_frame(self, value: bytes | None) -> E | Rejection:
        """The event behind the bytes of a schema registry, in a value that is none as it is; or why there is none."""
        behind = plain(value)
        try:
            return self._why_unread(value) if behind is value else self._decode_unusual(behind)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self._why_unread(behind)

    def _why_unread(self, value: bytes | None) -> Rejection:
        if not value:
            return _EMPTY
        if len(value) <= VALUE_BYTES_MAX and is_framed(value):  # of JSON they are gone by now
            return _FRAMED
        return _refuse_unread(value) or self._faults.diagnose(value)

    def _why_refused(self, event: E, key: bytes | None, at_ms: int, timestamp_ms: int) -> Rejection:
        """The first thing that is wrong with a well-formed event of which something is."""
        if self._contact_id(event).encode() != key:
            return self._key_mismatch
        if event.cluster not in self._clusters and self._spellings.repaired(event.cluster) is None:
            return _UNKNOWN_CLUSTER
        if at_ms < self.earliest_ms:
            return _TOO_EARLY
        if at_ms > timestamp_ms + self._future_tolerance_ms:
            return _IN_FUTURE
        fault = self.plan_fault(event, at_ms)
        assert fault is not None, "an event without a fault is not refused"
        return fault

    def plan_fault(self, event: E, at_ms: int) -> Rejection | None:  # noqa: ARG002 - for channels with plans
        """What is wrong with the plan of an event; None for nothing."""
        return None


def _rename(event: Event, found: Repaired) -> None:
    """Give an event that nobody else has yet the settings' name of its cluster."""
    msgspec.structs.force_setattr(cast("msgspec.Struct", event), "cluster", found.name)


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
