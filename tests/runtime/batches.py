"""Batches of records made by hand, byte by byte: what no client would send, too."""

import gzip
import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import Final

import cramjam
from aiokafka import codec
from aiokafka.record.util import calc_crc32c

NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)
CODECS: Final = {"none": NONE, "gzip": GZIP, "snappy": SNAPPY, "lz4": LZ4, "zstd": ZSTD}

TIME_MS: Final = 1_717_149_600_000
LOG_APPEND_TIME: Final = 0x08

Headers = Sequence[tuple[bytes, bytes | None]]


def compressed(name: int, body: bytes) -> bytes:
    """As clients compress."""
    if name == GZIP:
        return gzip.compress(body, 9)
    if name == SNAPPY:
        return bytes(codec.snappy_encode(body))
    if name == LZ4:
        return bytes(codec.lz4_encode(body))
    return bytes(cramjam.zstd.compress(body)) if name == ZSTD else body


def varint(number: int) -> bytes:
    """A number of variable length."""
    raw, out = (number << 1) ^ (number >> 63), bytearray()
    while raw > 0x7F:
        out.append(raw & 0x7F | 0x80)
        raw >>= 7
    return bytes([*out, raw])


def _field(value: bytes | None) -> bytes:
    return varint(-1) if value is None else varint(len(value)) + value


def record(offset_delta: int, key: bytes | None, value: bytes | None, headers: Headers = ()) -> bytes:
    """A record of the format of today."""
    body = b"\0" + varint(0) + varint(offset_delta) + _field(key) + _field(value) + varint(len(headers))
    body += b"".join(_field(name) + _field(text) for name, text in headers)
    return varint(len(body)) + body


def batch(
    body: bytes,
    records: int,
    *,
    base: int = 0,
    name: int = NONE,
    packed: bytes | None = None,
    last_delta: int | None = None,
    attributes: int = LOG_APPEND_TIME,
    time_ms: int = TIME_MS,
) -> bytes:
    """A batch of the format of today around records; `packed` stands for what its compression would make of them."""
    content = compressed(name, body) if packed is None else packed
    last = records - 1 if last_delta is None else last_delta
    checked = struct.pack(">hiqqqhii", attributes | name, last, time_ms, time_ms, -1, -1, -1, records) + content
    return struct.pack(">qiibI", base, len(checked) + 9, -1, 2, calc_crc32c(checked)) + checked


def batch_of(
    pairs: Iterable[tuple[bytes | None, bytes | None]], *, base: int = 0, name: int = NONE, time_ms: int = TIME_MS
) -> bytes:
    """A batch of these keys and values."""
    records = [record(number, key, value) for number, (key, value) in enumerate(pairs)]
    return batch(b"".join(records), len(records), base=base, name=name, time_ms=time_ms)


def message(
    offset: int,
    key: bytes | None,
    value: bytes | None,
    *,
    magic: int = 1,
    attributes: int = 0,
    time_ms: int = TIME_MS,
) -> bytes:
    """A message of one of the formats before that."""
    time = struct.pack(">q", time_ms) if magic else b""
    fields = b"".join(struct.pack(">i", -1 if each is None else len(each)) + (each or b"") for each in (key, value))
    checked = struct.pack(">bb", magic, attributes) + time + fields
    return struct.pack(">qiI", offset, len(checked) + 4, zlib.crc32(checked)) + checked


def wrapped(
    offset: int,
    inner: bytes,
    *,
    name: int,
    magic: int = 1,
    attributes: int = LOG_APPEND_TIME,
    packed: bytes | None = None,
) -> bytes:
    """Messages packed into another one, whose offset is that of the last of them."""
    value = compressed(name, inner) if packed is None else packed
    return message(offset, None, value, magic=magic, attributes=attributes | name)


MIB: Final = 1024 * 1024


def packed_zeros(name: int, head: bytes, zeros: int, tail: bytes = b"") -> bytes:
    """What comes of compressing `head`, so many zeros and `tail`, without ever holding them."""
    zero, (whole, rest) = bytes(MIB), divmod(zeros, MIB)
    pieces = [head, *[zero] * whole, bytes(rest), tail]
    if name == GZIP:
        packer = zlib.compressobj(9, wbits=31)
        return b"".join([*map(packer.compress, pieces), packer.flush()])
    assert name in (LZ4, ZSTD), "Snappy packs no more than twenty to one"
    lz4 = cramjam.lz4.Compressor(level=9, content_checksum=False, block_linked=False)
    frame = lz4 if name == LZ4 else cramjam.zstd.Compressor()
    for piece in pieces:
        frame.compress(piece)
    return bytes(frame.finish())


def field_of_zeros(name: int, count: int, *, is_key: bool = False) -> bytes:
    """A batch of one record with so many zeros as its value, or as its key."""
    start, end = b"\0" + varint(0) + varint(0), b"\0"
    start, end = (start, varint(-1) + end) if is_key else (start + varint(-1), end)
    start += varint(count)
    head = varint(len(start) + count + len(end)) + start
    if name in (NONE, SNAPPY):
        return batch(head + bytes(count) + end, 1, name=name)
    return batch(b"", 1, name=name, packed=packed_zeros(name, head, count, end))


def window_without_end(blocks: int) -> bytes:
    """A batch in Zstandard that has its reader remember 128 MiB, and fills them with blocks of 128 KiB of zeros."""
    block_bytes, run = 128 * 1024, 1
    frame = struct.pack("<IBB", 0xFD2FB528, 0, 17 << 3)
    for number in range(blocks):
        is_last = number == blocks - 1
        frame += (block_bytes << 3 | run << 1 | is_last).to_bytes(3, "little") + b"\0"
    return batch(b"", 1, name=ZSTD, packed=frame)


def headers_without_end(name: int, key: bytes, value: bytes, count: int) -> bytes:
    """A batch of one record with so many empty headers, of two bytes each."""
    fields = b"\0" + varint(0) + varint(0) + _field(key) + _field(value) + varint(count)
    head = varint(len(fields) + 2 * count) + fields
    if name in (GZIP, LZ4, ZSTD):
        return batch(b"", 1, name=name, packed=packed_zeros(name, head, 2 * count))
    return batch(head + bytes(2 * count), 1, name=name)


def empties(name: int, count: int) -> bytes:
    """A batch of so many records that hold nothing."""
    body = b"".join(record(number, None, None) for number in range(count))
    return batch(body, count, name=name)


def as_sent(made: bytes) -> bytes:
    """The same batch as brokers take it: its time is that of its source."""
    checked = bytearray(made[21:])
    checked[1] &= ~LOG_APPEND_TIME
    return made[:17] + struct.pack(">I", calc_crc32c(bytes(checked))) + checked
