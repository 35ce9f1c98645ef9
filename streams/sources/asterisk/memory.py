"""What must be known of an exchange to go on after a restart: its calls that are not over, and who has told what.

Saved as bytes in the position of the source, and so bounded: where there is no room, what costs least is forgotten
first. Holds ids of channels, times and clusters of the settings; no number, no name, no queue. Must not know the
clock or files.
"""

from typing import Final

import msgspec

VERSION: Final = 1

NOT_KNOWN: Final = -1
"""In the place of a cluster."""

OFFERED: Final = 1
ANSWERED: Final = 2
LEFT: Final = 4
"""Facts of a call that are told, as bits."""


class Call(msgspec.Struct, array_like=True, gc=False):
    """A call that is not over. Times are UTC ms by the clock of the exchange."""

    dialled_ms: int
    cluster: int = NOT_KNOWN
    """Place in `Memory.clusters`."""
    answered_ms: int | None = None
    left_ms: int | None = None
    """When it seemed to be over, by queue_log: unless more is heard of it, it was."""
    seen_ms: int = 0
    """When it was last known to live."""
    told: int = 0
    joined: bool = False
    """Whether it has been in a queue."""
    in_queue: bool = False
    idle: bool = False
    """Whether it is neither in a queue nor in a talk any more: its end is likely to be next."""
    aside: bool = False
    """It was answered before anybody watched, and nothing tells when: left out."""


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
    """When that line was written, UTC."""


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
    newest: tuple[int, int] = (0, 0)
    """Second and number of the newest channel since the exchange started."""
    ahead_ms: int | None = None
    """By how much the clock of the exchange is ahead of that of this machine, as far as known."""
    place: Place | None = None
    log_begun: bool = False
    """Whether queue_log has been read to its end: what it has behind the place, or has at all without one, is
    news."""


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Memory)


def saved(memory: Memory, bytes_max: int) -> tuple[bytes, int]:
    """The memory as bytes, and how many calls had to be forgotten for want of room.

    Those of no cluster go first, then those that are answered, of which but the end would be told; the oldest first.
    What is over comes before all of them: it only spares facts that are told already from being told again.
    """
    data = _ENCODER.encode(memory)
    forgotten = 0
    while len(data) > bytes_max:
        share = 1 - 0.98 * bytes_max / len(data)
        if memory.over:
            for each in list(memory.over)[: max(1, len(memory.over) // 2)]:
                del memory.over[each]
        else:
            least = sorted(memory.calls, key=lambda each: _worth(memory.calls[each]))
            if not least:
                break
            least = least[: max(1, int(len(least) * share))]
            for each in least:
                del memory.calls[each]
            forgotten += len(least)
        data = _ENCODER.encode(memory)
    return data, forgotten


def _worth(call: Call) -> tuple[int, int]:
    if call.cluster == NOT_KNOWN or call.aside:
        return 0, call.dialled_ms
    return (1 if call.answered_ms is not None else 2), call.dialled_ms


def restored(data: bytes) -> Memory:
    """What was saved. Raises `ValueError` for anything else."""
    try:
        memory = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None
    if memory.version != VERSION:
        raise ValueError(f"expected version {VERSION}, got {memory.version}")
    return memory
