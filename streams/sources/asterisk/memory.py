"""What must be known of an exchange to go on after a restart: its calls that are not over, and who has told what.

Saved as bytes in the position of the source, and so bounded: where there is no room, what costs least is forgotten
first. Holds ids of channels, times and clusters of the settings; no number, no name, no queue. Must not know the
clock or files.
"""

from typing import Final

import msgspec

from streams.sources.exchange.calls import Call, forget_least

VERSION: Final = 1

NO_CHANNEL: Final = (0, 0)
"""Stands where no channel is known."""


class Place(msgspec.Struct, array_like=True, frozen=True):
    """How far queue_log is read: a file, told by its content and not only by its number, and the bytes before it."""

    inode: int
    offset: int
    """Bytes."""
    head: bytes
    """What the file begins with: a digest of the second and channel of its first line."""
    last: bytes
    """The same of the last line that was read."""
    second: int
    """When that line was written, UTC, or the last before it that says."""


class Watched(msgspec.Struct, array_like=True, frozen=True):
    """A stretch of time in which the manager interface told everything, UTC ms."""

    since_ms: int
    until_ms: int


class Memory(msgspec.Struct, array_like=True):
    """Everything that is saved."""

    version: int = VERSION
    calls: dict[str, Call] = {}
    """By id, in the order in which they became known."""
    over: dict[str, int] = {}
    """Calls and other channels of which nothing more is to be told, with when that was, until queue_log is past
    it."""
    watched: list[Watched] = []
    clusters: list[str] = []
    until_ms: int = 0
    """Until when the manager interface was last heard."""
    line_ms: int = 0
    """The last time read in queue_log."""
    newest: tuple[int, int] = NO_CHANNEL
    """Second and number of the newest channel since the exchange started; of one without a name."""
    ahead_ms: int | None = None
    """By how much the clock of the exchange is ahead of that of this machine, as far as known."""
    place: Place | None = None
    log_begun: bool = False
    """Whether queue_log has been read to its end: what it has behind the place, or has at all without one, is
    news."""
    newest_by_system: dict[str, tuple[int, int]] = {}
    """The same of exchanges with a name: several may write one queue_log."""

    @property
    def systems(self) -> int:
        """How many exchanges have been heard of lately."""
        return len(self.newest_by_system) + (self.newest != NO_CHANNEL)


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Memory)


def saved(memory: Memory, bytes_max: int) -> tuple[bytes, int]:
    """The memory as bytes, and how many calls had to be forgotten for want of room.

    What is over goes first: it only spares facts that are told already from being told again.
    """
    data = _ENCODER.encode(memory)
    forgotten = 0
    while len(data) > bytes_max:
        share = 1 - 0.98 * bytes_max / len(data)
        if memory.over:
            for each in list(memory.over)[: max(1, len(memory.over) // 2)]:
                del memory.over[each]
        else:
            if not memory.calls:
                break
            forgotten += forget_least(memory.calls, share)
        data = _ENCODER.encode(memory)
    return data, forgotten


def restored(data: bytes) -> Memory:
    """What was saved. Raises `ValueError` for anything else."""
    try:
        memory = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None
    if memory.version != VERSION:
        raise ValueError(f"expected version {VERSION}, got {memory.version}")
    return memory
