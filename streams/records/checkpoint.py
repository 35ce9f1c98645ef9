"""The checkpoint of a source partition as records of a compacted topic, and back.

A checkpoint is the state and the notes of each month, together with the next source offset. It consists of parts,
each a snapshot of the state or of what has changed in it since the part before, cut into chunks below the broker's
message limit. One head, written last, names the parts that belong to it. As long as changes are small beside the
state, a checkpoint adds one part to those before; then it starts anew. Keys of alternating generations keep what is
half written away from what the last head points to.
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import cramjam
import msgspec

from streams.core.month_notes import MonthNote
from streams.core.snapshot import READ_VERSIONS, SNAPSHOT_VERSION, Snapshot

FORMAT: Final = 3
"""Format of head, parts and chunks. A newer one than this is refused, never guessed at; what an older one holds is
counted again, since its snapshot is older too."""

CHUNK_BYTES: Final = 800_000
"""Largest chunk: below the 1 MiB that brokers take unless told otherwise, with room for key and batch header."""

HEAD_KEY: Final = b"head"

_COMPRESSION_LEVEL: Final = 1
"""The quickest regular one of Zstandard: contacts shrink to a sixth, harder levels gain nothing for their time."""

LATER_PARTS_MAX: Final = 100
"""Parts with changes before the whole state is written again: a bound on what a restart has to read."""

LATER_BYTES_MIN: Final = 64 * 1024
"""Changes may always take so much, however small the state is: writing a small state again costs as much."""

LATER_BYTES_RATIO: Final = 3
"""Changes may take so many times the bytes of the state they follow: a state that grows is then written in whole each
time that it has grown to four times its size, and not to twice, at the price of a longer reading on a restart."""

Record = tuple[bytes, bytes]
"""Key and value."""


class CheckpointError(RuntimeError):
    """A checkpoint that must not be used; the text says why and what to do."""


class LostCheckpointError(CheckpointError):
    """No checkpoint of a partition can be read, but its records may still be there to be counted again."""


class _Body(msgspec.Struct, array_like=True):
    snapshot_version: int
    next_offset: int
    snapshot: msgspec.Raw
    notes: dict[str, MonthNote] = {}


class _PartHead(msgspec.Struct, array_like=True):
    chunks: int
    crc32: int


class _Head(msgspec.Struct):
    format: int
    generation: int
    next_offset: int
    parts: list[_PartHead]


class Checkpoint(msgspec.Struct, frozen=True):
    """A checkpoint read back: where to read on, and the snapshots, undecoded, the whole state first."""

    next_offset: int
    generation: int
    snapshots: tuple[msgspec.Raw, ...]
    notes: dict[str, MonthNote]
    """By month."""
    is_former: bool = False
    """Whether a version of before wrote any of it."""
    damage: str | None = None
    """What is wrong with a later checkpoint, in whose place this one stands."""


def encode_part(
    snapshot: Snapshot[Any, Any], next_offset: int, notes: Mapping[str, MonthNote] | None = None
) -> bytes:
    """A part, to be compressed; snapshot and notes may change when this is done.

    `notes` are those of all months in a part of the whole, else those that have changed.
    """
    return msgspec.msgpack.encode((SNAPSHOT_VERSION, next_offset, snapshot, notes or {}))  # as `_Body`


def compress(part: bytes) -> bytes:
    """The part as it is written. Lets other threads run."""
    return bytes(cramjam.zstd.compress(part, _COMPRESSION_LEVEL))


class Layout:
    """Which parts the checkpoints of a partition consist of, and when the whole state is due again."""

    def __init__(self, generation: int = 0) -> None:
        """`generation` is that of the checkpoint that was restored. The first to be written is a whole one."""
        self._generation = generation
        self._parts: list[_PartHead] = []
        self._later_parts = 0
        self._whole_bytes = 0
        self._later_bytes = 0

    def whole_is_due(self) -> bool:
        """Whether the next checkpoint holds the whole state, and not only what has changed."""
        return (
            not self._parts
            or self._later_parts >= LATER_PARTS_MAX
            or self._later_bytes > max(LATER_BYTES_RATIO * self._whole_bytes, LATER_BYTES_MIN)
        )

    def add(self, parts: Sequence[bytes], next_offset: int, *, whole: bool) -> list[Record]:
        """The records of a checkpoint, in the order in which they must be written: the head comes last.

        `parts` are compressed; `next_offset` is where the last of them leaves off.
        """
        size = sum(len(part) for part in parts)
        if whole:
            self._generation += 1
            self._parts, self._later_parts = [], 0
            self._whole_bytes, self._later_bytes = size, 0
        else:
            self._later_parts += len(parts)
            self._later_bytes += size
        records = [record for part in parts for record in self._add_part(part)]
        head = _Head(FORMAT, self._generation, next_offset, self._parts)
        return [*records, (HEAD_KEY, msgspec.json.encode(head))]

    def _add_part(self, part: bytes) -> list[Record]:
        chunks = [part[start : start + CHUNK_BYTES] for start in range(0, len(part), CHUNK_BYTES)]
        number = len(self._parts)
        self._parts.append(_PartHead(len(chunks), zlib.crc32(part)))
        return [(_chunk_key(self._generation, number, index), chunk) for index, chunk in enumerate(chunks)]


def _chunk_key(generation: int, part: int, index: int) -> bytes:
    return b"chunk/%d/%d/%d" % (generation % 2, part, index)


def decode(records: Iterable[tuple[bytes | None, bytes | None]], where: str) -> Checkpoint | None:
    """The last whole checkpoint among the records of a partition, in log order; None where there is none.

    One that is corrupt is passed over for the one before it, as long as the broker has not compacted that away.
    Raises `LostCheckpointError` when none is whole, `CheckpointError` for one of a newer format; `where` names its
    place in the message.
    """
    log = [(key, value) for key, value in records if key is not None and value is not None]
    damage: LostCheckpointError | None = None
    for index in reversed([index for index, (key, _) in enumerate(log) if key == HEAD_KEY]):
        try:
            found = _decode_newest(dict(log[: index + 1]), where)
        except LostCheckpointError as error:
            damage = damage or error
        else:
            return found if damage is None else msgspec.structs.replace(found, damage=str(damage))
    if damage is not None:
        raise damage
    return None


def _decode_newest(latest: dict[bytes, bytes], where: str) -> Checkpoint:
    """The checkpoint of the head among the records, each key with its latest value."""
    head = _decode_head(latest[HEAD_KEY], where)
    snapshots, notes, is_former = [], dict[str, MonthNote](), False
    for number, part in enumerate(head.parts):
        keys = [_chunk_key(head.generation, number, index) for index in range(part.chunks)]
        body = _decode_part(_join(latest, keys, part.crc32, where), where)
        snapshots.append(body.snapshot)
        notes |= body.notes
        is_former = is_former or body.snapshot_version != SNAPSHOT_VERSION
    return Checkpoint(head.next_offset, head.generation, tuple(snapshots), notes, is_former)


def _decode_head(value: bytes, where: str) -> _Head:
    try:
        version = msgspec.json.decode(value, type=dict[str, Any]).get("format")
        if version == FORMAT:
            return msgspec.json.decode(value, type=_Head)
    except msgspec.MsgspecError as error:
        raise _corrupt(where, f"its head is unreadable: {error}") from error
    raise _other_version(where, "a checkpoint", version, FORMAT)


def _join(latest: dict[bytes, bytes], keys: Sequence[bytes], crc32: int, where: str) -> bytes:
    """The bytes of a part, still compressed."""
    missing = next((key for key in keys if key not in latest), None)
    if missing is not None:
        raise _corrupt(where, f"its {missing.decode()} is missing")
    packed = b"".join(latest[key] for key in keys)
    if zlib.crc32(packed) != crc32:
        raise _corrupt(where, f"the checksum of a part is {zlib.crc32(packed)}, the head says {crc32}")
    return packed


def _decode_part(packed: bytes, where: str) -> _Body:
    try:
        unpacked = bytes(cramjam.zstd.decompress(packed))  # the snapshot is a view of it: a buffer would be freed
        body = msgspec.msgpack.decode(unpacked, type=_Body)
    except (cramjam.DecompressionError, msgspec.MsgspecError) as error:
        raise _corrupt(where, str(error)) from error
    if body.snapshot_version not in READ_VERSIONS:
        raise _other_version(where, "a snapshot", body.snapshot_version, SNAPSHOT_VERSION)
    return body


def _other_version(where: str, what: str, found: object, known: int) -> CheckpointError:
    if isinstance(found, int) and found < known:
        return LostCheckpointError(
            f"{where} holds {what} of format {found}, which is older than format {known} that this version of "
            "wachtmonitor reads."
        )
    return CheckpointError(
        f"{where} holds {what} of format {found}, this version of wachtmonitor reads format {known}. "
        "Run the version that wrote it; nothing was changed."
    )


def _corrupt(where: str, problem: str) -> LostCheckpointError:
    return LostCheckpointError(f"The checkpoint in {where} is corrupt: {problem}.")
