"""What must be known of a FreeSWITCH exchange to go on after a restart: its calls that are not over.

Saved as bytes in the position of the source, and so bounded: where there is no room, what costs least is forgotten
first. Holds ids of channels, times and clusters of the settings; no number, no name, no queue. Must not know the
clock or files.
"""

from typing import Final

import msgspec

from streams.sources.exchange.calls import Call, forget_least

VERSION: Final = 1


class Memory(msgspec.Struct, array_like=True):
    """Everything that is saved."""

    version: int = VERSION
    calls: dict[str, Call] = {}
    """By id, in the order in which they became known."""
    clusters: list[str] = []
    until_ms: int = 0
    """The time of the last event, UTC by the clock of the exchange."""
    ahead_ms: int = 0
    """By how much that clock is ahead of that of this machine, as far as known."""


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Memory)


def saved(memory: Memory, bytes_max: int) -> tuple[bytes, int]:
    """The memory as bytes, and how many calls had to be forgotten for want of room."""
    data = _ENCODER.encode(memory)
    forgotten = 0
    while len(data) > bytes_max and memory.calls:
        forgotten += forget_least(memory.calls, 1 - 0.98 * bytes_max / len(data))
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
