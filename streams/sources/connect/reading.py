"""Which files of contact records were read, as the position of a source: what one follower wrote the next one reads.

Files are known by name and time of change. Of those that changed long before the newest no name is kept: they were
read. Must not know Kafka or settings.
"""

from typing import Final, NamedTuple

import msgspec

from streams.core.rules import HOUR_MS
from streams.sources.source import SourceError

FORMAT: Final = 1

LATE_MS: Final = HOUR_MS
"""A file may appear so much later than one that changed after it."""

NAMES_MAX: Final = 2_000
"""Names that are kept: far less than what fits in a position. With more the oldest count as read."""


class File(NamedTuple):
    """A file of contact records."""

    name: str
    changed_ms: int
    size: int


class _Position(msgspec.Struct, frozen=True):
    place: str
    since_ms: int
    read: dict[str, int]
    format: int = FORMAT


class Reading:
    """How far the files of one place were read."""

    def __init__(self, place: str, position: bytes | None, now_ms: int) -> None:
        """From a position on, or with what changed of late where there is none, or one of another place.

        Raises `SourceError` when the position cannot be read.
        """
        self._place = place
        self._since_ms = now_ms - LATE_MS
        self._read: dict[str, int] = {}
        if position is not None and (said := _decoded(position)).place == place:
            self._since_ms, self._read = said.since_ms, dict(said.read)

    def is_new(self, file: File) -> bool:
        """Whether it was not read as it is now."""
        return file.changed_ms >= self._since_ms and self._read.get(file.name) != file.changed_ms

    def note(self, file: File) -> bytes:
        """The position once a file was read."""
        self._read[file.name] = file.changed_ms
        self._since_ms = max(self._since_ms, max(self._read.values()) - LATE_MS)
        if len(self._read) > NAMES_MAX:
            self._since_ms = max(self._since_ms, sorted(self._read.values())[-NAMES_MAX])
        self._read = {name: at_ms for name, at_ms in self._read.items() if at_ms >= self._since_ms}
        return msgspec.json.encode(_Position(self._place, self._since_ms, self._read))


def _decoded(position: bytes) -> _Position:
    try:
        said = msgspec.json.decode(position, type=_Position)
    except msgspec.DecodeError as error:
        raise SourceError(
            f"the position of the contact records cannot be read: {error}. Was it another kind before?"
        ) from None
    if said.format != FORMAT:
        raise SourceError(
            f"the position of the contact records has format {said.format}, this version of wachtmonitor reads "
            f"{FORMAT}. Use the version that wrote it"
        )
    return said
