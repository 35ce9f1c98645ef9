"""The snapshots that were made, by month: an account of our own, since Grafana does not tell by whom and of what.

Each snapshot is one key on a compacted topic. It is written as planned, with the keys that it is to have in Grafana,
before Grafana is asked, and as made afterwards: whoever was killed between the two finds out what became of it. Must
not know Kafka or Grafana.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

FORMAT: Final = 1


class SnapshotIndexError(ValueError):
    """A record of the index cannot be used."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One snapshot in Grafana, or about to be."""

    format: int = FORMAT
    month: str
    state: Literal["planned", "made", "deleted"]
    """What was deleted on demand stays in the index, so that nobody makes it again unasked."""
    key: str
    delete_key: str
    """Whoever has it may delete the snapshot: it is shown to nobody."""
    name: str
    url: str = ""
    digest: str
    """Of everything that it shows, to tell whether another one would be the same."""
    at_ms: int
    checked_ms: int = 0
    """When it was last found to show what it should, or deleted, UTC ms."""
    expires_ms: int | None
    """When Grafana throws it away, UTC ms; None is never."""

    @property
    def newest_ms(self) -> int:
        """When the last was done about it."""
        return max(self.at_ms, self.checked_ms)


Index = dict[str, list[Entry]]
"""The snapshots of each month, the oldest first."""


def record(entry: Entry) -> tuple[bytes, bytes]:
    """Key and value: `2026-10/<key>` and a JSON object."""
    return record_key(entry), msgspec.json.encode(entry)


def record_key(entry: Entry) -> bytes:
    """The key alone, to write a tombstone under."""
    return f"{entry.month}/{entry.key}".encode()


def read_index(records: Iterable[tuple[bytes | None, bytes | None]]) -> Index:
    """The index from the topic's records, in their order.

    Raises `SnapshotIndexError` when a record cannot be read.
    """
    newest: Mapping[bytes, bytes | None] = {key or b"": value for key, value in records}
    index: Index = {}
    for key, value in newest.items():
        if value is not None:
            entry = _read(key, value)
            index.setdefault(entry.month, []).append(entry)
    for entries in index.values():
        entries.sort(key=lambda entry: (entry.at_ms, entry.key))
    return dict(sorted(index.items()))


def _read(key: bytes, value: bytes) -> Entry:
    try:
        entry = msgspec.json.decode(value, type=Entry)
    except msgspec.DecodeError as error:
        raise SnapshotIndexError(
            f"The record {key.decode(errors='replace')} of the snapshots cannot be read: {error}. Is snapshots_topic "
            "in the settings the right one, and written by no other program?"
        ) from error
    if entry.format != FORMAT:
        raise SnapshotIndexError(
            f"The record {key.decode(errors='replace')} of the snapshots has format {entry.format}, this version of "
            f"wachtmonitor reads format {FORMAT}. Use the version that wrote it."
        )
    return entry
