"""Batches in Kafka's formats of before 2017: messages one by one, or packed into the value of another message.

Brokers keep and send what they took in before they were upgraded. Few will ever be read, so this reads them record by
record.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from aiokafka.errors import CorruptRecordException

from streams.contracts.topics import UNPACKED_BYTES_MAX
from streams.records.dead_letters import KEY_BYTES_KEPT, VALUE_BYTES_KEPT
from streams.runtime.fetching.packed import (
    CODEC_MASK,
    PART_BYTES,
    PART_RECORDS,
    PLAIN_BYTES,
    EndedError,
    Held,
    Opened,
    Origin,
    Part,
    refused,
)
from streams.runtime.fetching.record import CutRecord
from streams.runtime.fetching.unpack import UnpackError, unpack

_HEAD: Final = struct.Struct(">qiIbb")
_TIME: Final = struct.Struct(">q")
_LENGTH: Final = struct.Struct(">i")

_CHECKED_FROM: Final = 16
"""The checksum is of what follows it."""

_LOG_APPEND_TIME_MASK: Final = 0x08
_UNKNOWN_MS: Final = -1
"""The first format has no times."""


class _Message(NamedTuple):
    offset: int
    attributes: int
    magic: int
    timestamp: int
    crc: int
    key: memoryview | None
    value: memoryview | None
    end: int
    """Where it ends."""


class Legacy:
    """A message of one of the old formats (0 and 1), perhaps with others packed in it."""

    producer_id = None
    is_transactional = False
    is_control_batch = False

    def __init__(self, view: memoryview) -> None:
        self._view = view
        try:
            self._message = _message(view, 0)
        except EndedError:
            raise CorruptRecordException("A message is shorter than what it says that it holds") from None
        self.start = 0
        """First offset that is asked for; the first one in a message that others are packed in is not told."""

    # What aiokafka asks of a batch.

    @property
    def base_offset(self) -> int:
        """The only one that is told: its last."""
        return self._message.offset

    @property
    def next_offset(self) -> int:
        """The first offset behind it."""
        return self._message.offset + 1

    def validate_crc(self) -> bool:
        """Whether it is as the broker took it."""
        return zlib.crc32(self._view[_CHECKED_FROM:]) == self._message.crc

    def __iter__(self) -> "Iterator[Legacy]":
        """Itself, posing as its only record."""
        yield self

    @property
    def offset(self) -> int:
        """Of its last record."""
        return self._message.offset

    # What it holds.

    @property
    def origin(self) -> Origin:
        """What is said of it when it is not read."""
        message = self._message
        return Origin(message.timestamp, _timestamp_type(message), len(self._view))

    def open(self, plain_bytes: int = PLAIN_BYTES, room: int = UNPACKED_BYTES_MAX) -> Opened:
        """Unpack it, as one that is large where that makes more than so many bytes; refused beyond `room`."""
        wrapper = self._message
        codec = wrapper.attributes & CODEC_MASK
        try:
            body = memoryview(unpack(codec, wrapper.value or memoryview(b""), room)) if codec else self._view
        except UnpackError as error:
            return Opened(iter([refused(self.start, self.next_offset, self.origin, error.reason)]))
        records = _unwrapped(body, wrapper) if codec else _first(body)
        return Opened(self._parts(records), is_large=len(body) > plain_bytes)

    def _parts(self, records: Iterator[tuple[CutRecord, int]]) -> Iterator[Part]:
        held: list[CutRecord] = []
        behind, end, held_bytes = self.start, self.next_offset, 0
        for record, size_bytes in records:
            expected = held[-1].offset + 1 if held else behind
            if record.offset < self.start:
                continue  # folded before
            if not expected <= record.offset < end:
                break
            if len(held) == PART_RECORDS or (held and held_bytes + size_bytes > PART_BYTES):
                yield self._part(behind, held, held_bytes)
                behind, held, held_bytes = held[-1].offset + 1, [], 0
            held.append(record)
            held_bytes += size_bytes
        if held:
            yield self._part(behind, held, held_bytes)
            behind = held[-1].offset + 1
        if behind < end:
            yield refused(behind, end, self.origin)

    def _part(self, start: int, held: list[CutRecord], held_bytes: int) -> Part:
        size_bytes = min(held_bytes, PART_BYTES)
        return Part(start, held[-1].offset + 1, size_bytes, self.origin, Held(held), 0, len(held))


def _first(body: memoryview) -> Iterator[tuple[CutRecord, int]]:
    message = _message(body, 0)
    yield _record(message, message.offset, message), message.end


def _unwrapped(body: memoryview, wrapper: _Message) -> Iterator[tuple[CutRecord, int]]:
    """The records packed in a message, with the bytes that each took, up to where they cannot be told apart."""
    at = 0
    try:
        # The second format counts offsets within the message, and the last one is the message's own.
        base = wrapper.offset - _last_offset(body) if wrapper.magic else 0
        while at < len(body):
            message = _message(body, at)
            if message.attributes & CODEC_MASK:
                return  # packed twice, which no client does
            yield _record(message, base + message.offset, wrapper), message.end - at
            at = message.end
    except EndedError:
        return


def _last_offset(body: memoryview) -> int:
    at = offset = 0
    while at < len(body):
        try:
            offset, length, *_ = _HEAD.unpack_from(body, at)
        except struct.error:
            raise EndedError from None
        at += _LENGTH.size + _TIME.size + max(length, 0)
    return offset


def _record(message: _Message, offset: int, wrapper: _Message) -> CutRecord:
    is_of_broker = bool(_timestamp_type(wrapper))
    key, value = message.key, message.value
    return CutRecord(
        offset=offset,
        timestamp=wrapper.timestamp if is_of_broker else message.timestamp,
        timestamp_type=int(is_of_broker),
        key=None if key is None else bytes(key[:KEY_BYTES_KEPT]),
        value=None if value is None else bytes(value[:VALUE_BYTES_KEPT]),
        value_bytes=len(value or b""),
    )


def _timestamp_type(message: _Message) -> int:
    return int(bool(message.magic and message.attributes & _LOG_APPEND_TIME_MASK))


def _message(body: memoryview, at: int) -> _Message:
    """The message that begins there. Raises `EndedError` when it holds less than it says."""
    try:
        offset, length, crc, magic, attributes = _HEAD.unpack_from(body, at)
        end = at + _TIME.size + _LENGTH.size + length
        at += _HEAD.size
        timestamp = _UNKNOWN_MS
        if magic:
            (timestamp,) = _TIME.unpack_from(body, at)
            at += _TIME.size
        key, at = _field(body, at)
        value, at = _field(body, at)
    except struct.error:
        raise EndedError from None
    if at != end or end > len(body):
        raise EndedError
    return _Message(offset, attributes, magic, timestamp, crc, key, value, end)


def _field(body: memoryview, at: int) -> tuple[memoryview | None, int]:
    length: Any
    (length,) = _LENGTH.unpack_from(body, at)
    at += _LENGTH.size
    if length < 0:
        return None, at
    if at + length > len(body):
        raise EndedError
    return body[at : at + length], at + length
