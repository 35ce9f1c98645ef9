"""How far each source was read and whether it is heard: one record for each source on a compacted topic.

It is written with the facts that came before its position, in one transaction where there are transactions, and again
every few seconds, so that its age tells whether anybody follows the source. Must not know Kafka clients.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from streams.core.rules import Channel

FORMAT: Final = 1


class SourceRecordError(ValueError):
    """A record of a source cannot be used."""


class SourceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one source; times are UTC ms by the clock of whoever follows it."""

    format: int = FORMAT
    source: str
    """Its name in the settings."""
    kind: str
    position: bytes | None
    """From where a follower goes on; opaque to all but the source itself. None before there is one."""
    follower: str
    """Who wrote it: of one process, so that two of the same name know each other."""
    written_ms: int
    connected: bool
    since_ms: int
    """Since when it is connected, or not."""
    why: str = ""
    """Why it is not, for people."""
    last_fact_ms: int | None = None
    """When the newest of its facts happened."""
    channels: tuple[Channel, ...] = ()
    """Those that it feeds."""


def source_record(record: SourceRecord) -> tuple[bytes, bytes]:
    """Key and value: the name, and a JSON object in which the position is base64."""
    return record.source.encode(), msgspec.json.encode(record)


def read_source(key: bytes | None, value: bytes) -> SourceRecord:
    """The record of one source.

    Raises `SourceRecordError` when it cannot be read.
    """
    name = (key or b"").decode(errors="replace")
    try:
        said = msgspec.json.decode(value, type=_Head).format
        record = msgspec.json.decode(value, type=SourceRecord) if said == FORMAT else None
    except msgspec.DecodeError as error:
        raise SourceRecordError(
            f"The record {name} of the sources cannot be read: {error}. Is sources_topic in the settings the right "
            "one, and written by no other program?"
        ) from error
    if record is None:
        raise SourceRecordError(
            f"The record {name} of the sources has format {said}, this version of wachtmonitor reads {FORMAT}. Use "
            "the version that wrote it."
        )
    return record


def newest_of(name: str, records: Iterable[tuple[bytes | None, bytes | None]]) -> SourceRecord | None:
    """The newest record of one source among all of the topic, in its order; those of others are not looked at."""
    newest = dict(records).get(name.encode())
    return None if newest is None else read_source(name.encode(), newest)


class _Head(msgspec.Struct, frozen=True):
    """What a record of any format says."""

    format: int
