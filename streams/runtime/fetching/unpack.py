"""Decompresses what a source compressed, never beyond a bound.

A size that the packed bytes declare is never believed: whatever is unpacked goes into memory that was set aside for
it.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final

import cramjam

from streams.contracts.rejections import Reason
from streams.contracts.topics import UNPACKED_BYTES_MAX

_GZIP: Final = 16 + zlib.MAX_WBITS
"""How zlib is told to expect the header and the checksum of gzip."""

_FIRST_RATIO: Final = 16
"""How much memory is set aside first, for each packed byte: most batches of events fit."""

_FIRST_BYTES_MIN: Final = 16 * 1024

_GROWTH: Final = 4
"""How much more is set aside when that was too little."""

_XERIAL: Final = b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01"
"""What Java's Snappy streams begin with; blocks follow, each after its length."""

_BLOCK_LENGTH: Final = struct.Struct(">i")

Bytes = bytes | bytearray | memoryview


class UnpackError(Exception):
    """A batch, or the rest of one, that is not read."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.explanation)
        self.reason = reason


def unpack(codec: int, packed: memoryview, room: int = UNPACKED_BYTES_MAX) -> Bytes:
    """The bytes that were packed with the codec of this number in Kafka's protocol.

    Raises `UnpackError` when there are more than `room` bytes, or when they are not packed so.
    """
    if codec == 0:
        return _bounded(packed, room)
    unpacker = _UNPACKERS.get(codec)
    if unpacker is None:
        raise UnpackError(Reason.BATCH_UNREADABLE)
    try:
        return unpacker(packed, room)
    except (zlib.error, cramjam.DecompressionError, struct.error, EOFError) as error:
        raise UnpackError(_reason(error)) from error


def _bounded(unpacked: memoryview, room: int) -> memoryview:
    if len(unpacked) > room:
        raise UnpackError(Reason.BATCH_TOO_LARGE)
    return unpacked


def _reason(error: Exception) -> Reason:
    """Which of the two it was that a decompressor did not like."""
    text = str(error)
    too_large = "whole buffer" in text or "smaller than required" in text or "too much memory" in text
    return Reason.BATCH_TOO_LARGE if too_large else Reason.BATCH_UNREADABLE


def _ungzip(packed: memoryview, room: int) -> bytes:
    parts, rest = [], bytes(packed)
    while rest:
        member = zlib.decompressobj(_GZIP)
        part = member.decompress(rest, room + 1)
        room -= len(part)
        if room < 0:
            raise UnpackError(Reason.BATCH_TOO_LARGE)
        if not member.eof:
            raise EOFError("cut off")
        parts.append(part)
        rest = member.unused_data.lstrip(b"\0")  # members may follow each other, padded with zeros
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _into_more_and_more(decompress_into: Callable[[Any, Any], int]) -> Callable[[memoryview, int], Bytes]:
    """An unpacker that fills memory of a fixed size, and sets more aside while that was too little."""

    def unpacked(packed: memoryview, room: int) -> Bytes:
        for size in _sizes(len(packed), room):
            memory = bytearray(size)
            try:
                return memoryview(memory)[: decompress_into(packed, memory)]
            except cramjam.DecompressionError as error:
                if size == room or _reason(error) is Reason.BATCH_UNREADABLE:
                    raise
        raise AssertionError("the last size is the bound")

    return unpacked


def _sizes(packed_bytes: int, room: int) -> Iterator[int]:
    size = max(_FIRST_RATIO * packed_bytes, _FIRST_BYTES_MIN)
    while size < room:
        yield size
        size *= _GROWTH
    yield room


def _unsnap(packed: memoryview, room: int) -> Bytes:
    """Snappy writes what it declares, or nothing."""
    blocks = _xerial_blocks(packed) if bytes(packed[: len(_XERIAL)]) == _XERIAL else [packed]
    total = 0
    for block in blocks:
        total += cramjam.snappy.decompress_raw_len(block)
        if total > room:
            raise UnpackError(Reason.BATCH_TOO_LARGE)
    memory, at = memoryview(bytearray(total)), 0
    for block in blocks:
        at += cramjam.snappy.decompress_raw_into(block, memory[at:])
    return memory[:at]


def _xerial_blocks(packed: memoryview) -> list[memoryview]:
    blocks, at = [], len(_XERIAL)
    while at < len(packed):
        (length,) = _BLOCK_LENGTH.unpack_from(packed, at)
        start, at = at + _BLOCK_LENGTH.size, at + _BLOCK_LENGTH.size + length
        if length < 0 or at > len(packed):
            raise EOFError("cut off")
        blocks.append(packed[start:at])
    return blocks


_UNPACKERS: Final[dict[int, Callable[[memoryview, int], Bytes]]] = {
    1: _ungzip,
    2: _unsnap,
    3: _into_more_and_more(cramjam.lz4.decompress_into),
    4: _into_more_and_more(cramjam.zstd.decompress_into),
}
"""By the number that Kafka's protocol gives them."""
