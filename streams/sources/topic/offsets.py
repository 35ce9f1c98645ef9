"""How far a topic was read, as the position of a source: what one follower wrote the next one reads. Must not know
Kafka."""

from collections.abc import Mapping
from typing import Final

import msgspec

from streams.sources.source import SourceError

FORMAT: Final = 1


class Offsets(msgspec.Struct, frozen=True):
    """The next offset of each partition of which anything was read."""

    topic: str
    next: Mapping[int, int]
    format: int = FORMAT


def encode(topic: str, offsets: Mapping[int, int]) -> bytes:
    """The position of a topic."""
    return msgspec.json.encode(Offsets(topic, dict(sorted(offsets.items()))))


def decode(position: bytes | None, topic: str) -> dict[int, int]:
    """The offsets in a position; none in one of another topic, which the settings named before.

    Raises `SourceError` when it cannot be read.
    """
    if position is None:
        return {}
    try:
        said = msgspec.json.decode(position, type=Offsets)
    except msgspec.DecodeError as error:
        raise SourceError(
            f"the position of topic {topic} cannot be read: {error}. Was it another kind before?"
        ) from None
    if said.format != FORMAT:
        raise SourceError(
            f"the position of topic {topic} has format {said.format}, this version of wachtmonitor reads {FORMAT}. "
            "Use the version that wrote it"
        )
    return dict(said.next) if said.topic == topic else {}
