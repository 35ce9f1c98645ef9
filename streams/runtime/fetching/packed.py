"""Record batches as their producers packed them, read in parts of a bounded size.

A batch is unpacked when its turn has come, no further than a bound, and its records become objects only where they
are folded: what waits in between are bytes. The records of an ordinary batch are read by aiokafka's C parser in
place. A batch that is large when unpacked is cut into parts of its own first, since the parser makes objects of
headers that take forty times their bytes, and what waits must not hold on to all of it. Numbers in a batch are not
believed where memory or positions depend on them.
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, Final, NamedTuple, Protocol

import msgspec
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.util import calc_crc32c

from streams.contracts.rejections import Reason
from streams.contracts.topics import UNPACKED_BYTES_MAX
from streams.records.dead_letters import KEY_BYTES_KEPT, VALUE_BYTES_KEPT
from streams.runtime.fetching.record import CutRecord, Record
from streams.runtime.fetching.unpack import Bytes, UnpackError, unpack

PLAIN_BYTES: Final = 1024 * 1024
"""A batch of at most so many bytes, unpacked, is read in place."""

PART_BYTES: Final = 512 * 1024
"""A larger one is cut into parts of at most so many; a single record may be larger, and is cut itself."""

PART_RECORDS: Final = 2_000
"""Most records in a part of those."""

CODEC_MASK: Final = 0x07
_LOG_APPEND_TIME_MASK: Final = 0x08
_TRANSACTIONAL_MASK: Final = 0x10
_CONTROL_MASK: Final = 0x20

_ATTRIBUTES_AT: Final = 21
_COUNT_AT: Final = 57

_PADDING: Final = bytes(64)
"""What the C parser may read of when a number at the very end says that there is more."""

_PARSER_ERRORS: Final = (CorruptRecordException, ValueError, OverflowError, MemoryError, SystemError)
"""What the C parser says of records that are wrong in themselves, and of header names that are not UTF-8."""


_VARINT_BYTES_MAX: Final = 10
_VARINT_LAST_MAX: Final = 0x7F
"""A byte of a number of variable length that no other one follows is at most so large."""


class EndedError(Exception):
    """A record is shorter than its own length says."""


class Header(NamedTuple):
    """What a batch of today's format says of itself, in Kafka's order."""

    base_offset: int
    length: int
    leader_epoch: int
    magic: int
    crc: int
    attributes: int
    last_offset_delta: int
    first_timestamp: int
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    records: int


HEADER: Final = struct.Struct(">qiibIhiqqqhii")


class Origin(NamedTuple):
    """What is reported of a batch, or of the rest of one, that is not read."""

    timestamp: int
    timestamp_type: int
    packed_bytes: int


class Section(Protocol):
    """Records that were unpacked and are still bytes."""

    def take(self, first: int, end: int) -> list[Record]:
        """Those with these numbers, `end` not included; fewer where what follows cannot be told apart."""


class Part(msgspec.Struct, frozen=True):
    """Consecutive records of a batch that are read together: all there is from offset `start` up to, not including,
    `end`. Without a section it is refused, for the reason."""

    start: int
    end: int
    size_bytes: int
    origin: Origin
    section: Section | None = None
    first: int = 0
    """Number of its first record in the section."""
    count: int = 0
    is_divisible: bool = False
    """Whether its records stand at consecutive offsets, so that it can be divided anywhere."""
    reason: Reason = Reason.BATCH_UNREADABLE

    def divided(self, count: int) -> "tuple[Part, Part]":
        """The first so many records, and the rest."""
        middle, size_bytes = self.start + count, self.size_bytes * count // self.count
        return msgspec.structs.replace(self, end=middle, size_bytes=size_bytes, count=count), msgspec.structs.replace(
            self,
            start=middle,
            size_bytes=self.size_bytes - size_bytes,
            first=self.first + count,
            count=self.count - count,
        )

    def read(self) -> list[Record]:
        """Its records; those missing at the end could not be parsed."""
        if self.section is None:
            return []
        records = self.section.take(self.first, self.first + self.count)
        if records and records[0].offset < self.start:
            records = [record for record in records if record.offset >= self.start]
        if not records:
            return []
        first, last = records[0].offset, records[-1].offset
        is_as_said = self.start <= first and last < self.end and len(records) <= last - first + 1
        return records if is_as_said else []


class Whole:
    """A batch as its source packed it, in the format of today (2)."""

    def __init__(self, view: memoryview) -> None:
        if len(view) < HEADER.size:
            raise CorruptRecordException(f"A batch takes at least {HEADER.size} bytes, got {len(view)}")
        self._view = view
        self._header = header = Header._make(HEADER.unpack_from(view))
        # What aiokafka asks of a batch, several times over: sources may send each record in a batch of its own.
        self.producer_id = header.producer_id
        """-1 where there is none."""
        self.base_offset = header.base_offset
        self.offset = header.base_offset + max(header.last_offset_delta, 0)
        """Of its last record; it never points back, which would have it read for ever."""
        self.next_offset = self.offset + 1
        """The first offset behind it."""
        self.is_transactional = bool(header.attributes & _TRANSACTIONAL_MASK)
        """Whether it is part of a transaction."""
        self.is_control_batch = bool(header.attributes & _CONTROL_MASK)
        """Whether it holds the broker's markers, and no records of a source."""
        self.start = header.base_offset
        """First offset that is asked for."""

    def validate_crc(self) -> bool:
        """Whether the checksum matches what the broker accepted."""
        crc: int = calc_crc32c(self._view[_ATTRIBUTES_AT:])
        return crc == self._header.crc

    def __next__(self) -> Any:
        """The next record of a control batch: its marker."""
        return next(DefaultRecordBatch(self._view))

    def __iter__(self) -> "Iterator[Whole]":
        """The batch itself in the place of its records; nothing when compaction has removed all of them."""
        if self._header.records != 0:
            yield self

    # What it holds.

    @property
    def head(self) -> memoryview:
        """Its header as it came."""
        return self._view[: HEADER.size]

    @property
    def origin(self) -> Origin:
        """What is said of it when it is not read."""
        header = self._header
        is_of_broker = bool(header.attributes & _LOG_APPEND_TIME_MASK)
        return Origin(header.max_timestamp, int(is_of_broker), len(self._view))

    def open(self, plain_bytes: int = PLAIN_BYTES, room: int = UNPACKED_BYTES_MAX) -> "Opened":
        """Unpack it, to be read in place up to so many bytes, and refused beyond `room`."""
        header = self._header
        try:
            body = unpack(header.attributes & CODEC_MASK, self._view[HEADER.size :], room)
        except UnpackError as error:
            return Opened(iter([refused(self.start, self.next_offset, self.origin, error.reason)]))
        is_dense = 0 < header.records == header.last_offset_delta + 1
        if is_dense and len(body) <= plain_bytes:
            section = _Plain(_bare(self.head, body, header.records))
            said = (self.base_offset, self.next_offset, len(body), self.origin, section, 0, header.records)
            part = Part(*said, is_divisible=True)
            skipped = self.start - self.base_offset
            return Opened(iter([part.divided(skipped)[1] if skipped else part]))
        return Opened(_cut(self, header, memoryview(body)), is_large=len(body) > plain_bytes)


class Opened(NamedTuple):
    """What a batch unpacks to."""

    parts: Iterator[Part]
    is_large: bool = False
    """Whether all that it unpacked to is held until the last part was taken."""


def refused(start: int, end: int, origin: Origin, reason: Reason = Reason.BATCH_UNREADABLE) -> Part:
    """Records that are not read. They count as a whole part, since unpacking them took as long."""
    return Part(start, end, PART_BYTES, origin, reason=reason)


class _Plain:
    """Uncompressed records behind a header, for the C parser."""

    def __init__(self, batch: memoryview) -> None:
        self._batch = batch
        self._parse: Callable[[memoryview], Iterable[Record]] = DefaultRecordBatch
        self._parsed: Iterator[Record] | None = None
        self._next = 0

    def take(self, first: int, end: int) -> list[Record]:
        """Those with these numbers."""
        try:
            return self._take(first, end)
        except _PARSER_ERRORS:
            self._parse, self._parsed = _carefully, None
            return self._take(first, end)

    def _take(self, first: int, end: int) -> list[Record]:
        if self._parsed is None or self._next != first:  # mostly they are the next ones
            self._parsed = chain(self._parse(self._batch))  # the C parser itself cannot be asked twice for more
            list(islice(self._parsed, first, first))
        self._next = end
        return list(islice(self._parsed, end - first))


class Held:
    """Records that were read already, since there was no cheaper way to tell where they end."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records

    def take(self, first: int, end: int) -> list[Record]:
        """Those with these numbers."""
        return list(self._records[first:end])


def _bare(head: memoryview, body: Bytes, count: int) -> memoryview:
    """A batch of these uncompressed records, of which there are so many, under the same header."""
    header = bytearray(head)
    header[_ATTRIBUTES_AT + 1] &= ~CODEC_MASK
    header[_COUNT_AT:] = count.to_bytes(4, "big")
    return memoryview(b"".join((header, body, _PADDING)))[: -len(_PADDING)]


class _Stretch(NamedTuple):
    """Where records that become a part stand among the unpacked bytes."""

    begin: int
    stop: int
    last: int
    """Where the last of them begins."""
    records: int


def _cut(whole: Whole, header: Header, body: memoryview) -> Iterator[Part]:
    """The records in parts; from where they cannot be told apart, or offsets go astray, one part that is refused."""
    behind, end, origin = whole.start, whole.next_offset, whole.origin
    try:
        for stretch in _stretches(body, header.records):
            last = read_record(body[stretch.last : stretch.stop], header)
            if last.offset < whole.start:
                continue  # folded before
            if not behind <= last.offset < end:
                raise EndedError
            records = body[stretch.begin : stretch.stop]
            is_single = len(records) > PART_BYTES
            section: Section = Held([last]) if is_single else _Plain(_bare(whole.head, records, stretch.records))
            yield Part(behind, last.offset + 1, min(len(records), PART_BYTES), origin, section, 0, stretch.records)
            behind = last.offset + 1
    except EndedError:
        if behind < end:
            yield refused(behind, end, origin)


def _stretches(body: memoryview, records: int) -> Iterator[_Stretch]:
    """What parts hold: at most `PART_RECORDS`, and `PART_BYTES` unless a single record is larger.

    Raises `EndedError`, after the last that can be had, where records cannot be told apart and when some are left.
    This loop is all that a record costs beyond what the C parser does, so a step takes as little as it can.
    """
    at = begin = last = number = 0
    full = min(PART_BYTES, len(body))
    for _ in range(records):
        start = at
        try:
            low, high = body[at], body[at + 1]
        except IndexError:
            at = len(body) + 1
        else:
            is_common = low > _VARINT_LAST_MAX >= high and not low & 1  # two bytes, and not below 0
            at = at + 2 + ((low & _VARINT_LAST_MAX | high << 7) >> 1) if is_common else _behind(body, at)
        if at > full or number == PART_RECORDS:
            if number:
                yield _Stretch(begin, start, last, number)
            if at > len(body):
                raise EndedError
            begin, full, number = start, min(start + PART_BYTES, len(body)), 0
        last = start
        number += 1
    if number:
        yield _Stretch(begin, at, last, number)
    if at < len(body) or records < 0:
        raise EndedError


def _behind(body: memoryview, at: int) -> int:
    """Where the record ends that begins there; beyond the body where that cannot be told."""
    try:
        length, at = _varint(body, at)
    except EndedError:
        length = -1
    return len(body) + 1 if length < 0 else at + length


def _carefully(batch: memoryview) -> Iterator[Record]:
    """The records of an uncompressed batch up to where they cannot be told apart, whatever headers they have."""
    header, body = Header._make(HEADER.unpack_from(batch)), batch[HEADER.size :]
    at = 0
    try:
        for _ in range(header.records):
            start, at = at, _behind(body, at)
            if at > len(body):
                return
            yield read_record(body[start:at], header)
    except EndedError:
        return


def read_record(record: memoryview, header: Header) -> CutRecord:
    """A record, without its headers. Raises `EndedError` when it holds less than it says."""
    _, at = _varint(record, 0)
    delta_ms, at = _varint(record, at + 1)  # a byte of attributes, of which there are none
    offset_delta, at = _varint(record, at)
    key_bytes, at = _varint(record, at)
    key = _bytes(record, at, key_bytes, KEY_BYTES_KEPT)
    value_bytes, at = _varint(record, at + max(key_bytes, 0))
    value = _bytes(record, at, value_bytes, VALUE_BYTES_KEPT)
    is_of_broker = bool(header.attributes & _LOG_APPEND_TIME_MASK)
    return CutRecord(
        offset=header.base_offset + offset_delta,
        timestamp=header.max_timestamp if is_of_broker else header.first_timestamp + delta_ms,
        timestamp_type=int(is_of_broker),
        key=key,
        value=value,
        value_bytes=max(value_bytes, 0),
    )


def _bytes(record: memoryview, at: int, length: int, kept: int) -> bytes | None:
    if at + length > len(record):
        raise EndedError
    return None if length < 0 else bytes(record[at : at + min(length, kept)])


def _varint(record: memoryview, at: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    raw = shift = 0
    for byte in record[at : at + _VARINT_BYTES_MAX]:
        at += 1
        raw |= (byte & 0x7F) << shift
        if byte <= _VARINT_LAST_MAX:
            return (raw >> 1) ^ -(raw & 1), at
        shift += 7
    raise EndedError
