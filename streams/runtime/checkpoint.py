"""The checkpoint of a source partition as records of a compacted topic, and back.

A checkpoint is the state together with the next source offset. It is written as numbered chunks below the broker's
message limit and then one head, which names the chunks that belong to it. Successive checkpoints use chunk keys of
alternating generations, so a half-written one never touches what the last head points to. Must not know how
records reach the broker.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from streams.core.figures import AnyState
from streams.core.state import SNAPSHOT_VERSION

FORMAT: Final = 1
"""Format of head and chunks. A newer one than this is refused, never guessed at."""

CHUNK_BYTES: Final = 800_000
"""Largest chunk: below the 1 MiB that brokers take unless told otherwise, with room for key and batch header."""

HEAD_KEY: Final = b"head"

_COMPRESSION_LEVEL: Final = 1
"""The quickest of zlib: contacts are repetitive and shrink to a fifth, harder levels gain little for their time."""

Record = tuple[bytes, bytes]
"""Key and value."""


class CheckpointError(RuntimeError):
    """A checkpoint that must not be used; the text says why and what to do."""


class _Body(msgspec.Struct, array_like=True):
    snapshot_version: int
    next_offset: int
    snapshot: msgspec.Raw


class _Head(msgspec.Struct):
    format: int
    generation: int
    chunks: int
    crc32: int
    next_offset: int


class Checkpoint(msgspec.Struct, frozen=True):
    """A checkpoint read back: the state's snapshot, undecoded, and where to read on."""

    next_offset: int
    generation: int
    snapshot: msgspec.Raw


def encode(state: AnyState, next_offset: int, generation: int) -> list[Record]:
    """The records of a checkpoint, in the order in which they must be written: the head comes last.

    `generation` is that of the checkpoint before plus one.
    """
    snapshot = msgspec.Raw(msgspec.msgpack.encode(state.snapshot()))
    body = msgspec.msgpack.encode(_Body(SNAPSHOT_VERSION, next_offset, snapshot))
    packed = zlib.compress(body, _COMPRESSION_LEVEL)
    chunks = [packed[start : start + CHUNK_BYTES] for start in range(0, len(packed), CHUNK_BYTES)]
    head = _Head(FORMAT, generation, len(chunks), zlib.crc32(packed), next_offset)
    records = [(_chunk_key(generation, index), chunk) for index, chunk in enumerate(chunks)]
    return [*records, (HEAD_KEY, msgspec.json.encode(head))]


def _chunk_key(generation: int, index: int) -> bytes:
    return b"chunk/%d/%d" % (generation % 2, index)


def decode(records: Iterable[tuple[bytes | None, bytes | None]], where: str) -> Checkpoint | None:
    """The last complete checkpoint among the records of a partition, in log order; None where there is none.

    Raises `CheckpointError` for one that is corrupt or of a newer format; `where` names its place in the message.
    """
    latest = {key: value for key, value in records if key is not None and value is not None}
    if HEAD_KEY not in latest:
        return None
    head = _decode_head(latest[HEAD_KEY], where)
    packed = b"".join(_chunks(latest, head, where))
    if zlib.crc32(packed) != head.crc32:
        raise _corrupt(where, f"its checksum is {zlib.crc32(packed)}, the head says {head.crc32}")
    try:
        body = msgspec.msgpack.decode(zlib.decompress(packed), type=_Body)
    except (zlib.error, msgspec.MsgspecError) as error:
        raise _corrupt(where, str(error)) from error
    if body.snapshot_version != SNAPSHOT_VERSION:
        raise _other_version(where, "a snapshot", body.snapshot_version, SNAPSHOT_VERSION)
    return Checkpoint(body.next_offset, head.generation, body.snapshot)


def _decode_head(value: bytes, where: str) -> _Head:
    try:
        version = msgspec.json.decode(value, type=dict[str, Any]).get("format")
        if version != FORMAT:
            raise _other_version(where, "a checkpoint", version, FORMAT)
        return msgspec.json.decode(value, type=_Head)
    except msgspec.MsgspecError as error:
        raise _corrupt(where, f"its head is unreadable: {error}") from error


def _chunks(latest: dict[bytes, bytes], head: _Head, where: str) -> Iterator[bytes]:
    for index in range(head.chunks):
        chunk = latest.get(_chunk_key(head.generation, index))
        if chunk is None:
            raise _corrupt(where, f"chunk {index + 1} of {head.chunks} is missing")
        yield chunk


def _other_version(where: str, what: str, found: object, known: int) -> CheckpointError:
    return CheckpointError(
        f"{where} holds {what} of format {found}, this version of wachtmonitor reads format {known}. "
        "Run the version that wrote it; nothing was changed."
    )


def _corrupt(where: str, problem: str) -> CheckpointError:
    return CheckpointError(
        f"The checkpoint in {where} is corrupt: {problem}. The worker does not start with a state it cannot trust; "
        "nothing was changed."
    )
