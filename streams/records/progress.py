"""What stands beside the month totals on their topic: how far each source partition has come, and what came when.

A *position* says up to which record the totals of a partition go, and by which rules they are counted. It is written
in the same transaction as they are, so whoever has read both knows exactly what the totals hold. A *feed* says of one
month in which quarters of an hour a partition had events, and how many facts came once the month was over. Both are
written under keys of their own, so that the newest record of every key together makes the whole. Must not know Kafka
clients.
"""

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote

import msgspec

from streams.core.coverage import QuarterMap
from streams.core.month_notes import MonthNote
from streams.core.rules import Channel

POSITION_PREFIX: Final = b"position/"
FEED_PREFIX: Final = b"feed/"


class MonthFeedsError(ValueError):
    """A record beside the month totals cannot be read."""


class Position(msgspec.Struct, frozen=True):
    """How far the totals of one source partition go."""

    source: str
    """The partition as the totals name it, such as `calls-3`."""
    channel: Channel
    topic: str
    partition: int
    next_offset: int
    """The first record that is not in the totals."""
    log_ms: int
    """The time of the newest record that is in them, UTC ms; 0 before there is one."""
    rules: str = ""
    """Digest of the rules that they are counted by; versions from before it was there lack it."""


class Feed(msgspec.Struct):
    """What one source partition says of a month besides its totals; of several partitions it adds up."""

    month: str
    channel: Channel
    source: str
    quarters: QuarterMap = msgspec.field(default_factory=QuarterMap)
    late_facts: dict[str, int] = {}
    """By cluster: facts about the month from records of after its end, repeated ones included."""


class BesideTotals(msgspec.Struct):
    """The records beside the totals, read: positions by source, feeds by month and source."""

    positions: dict[str, Position]
    feeds: dict[tuple[str, str], Feed]


def position_record(position: Position) -> tuple[bytes, bytes]:
    """Key and value; the value is a JSON object with the struct's fields."""
    return POSITION_PREFIX + quote(position.source, safe="").encode(), msgspec.json.encode(position)


def feed_record(feed: Feed) -> tuple[bytes, bytes]:
    """Key and value; in the JSON object `quarters.bits` is base64, lowest bit first."""
    key = FEED_PREFIX + f"{feed.month}/{quote(feed.source, safe='')}".encode()
    late_facts = dict(sorted(feed.late_facts.items()))
    return key, msgspec.json.encode(msgspec.structs.replace(feed, late_facts=late_facts))


def feed_records(notes: Mapping[str, MonthNote], channel: Channel, source: str) -> list[tuple[bytes, bytes]]:
    """The notes of these months as feeds of one source partition, as records."""
    return [
        feed_record(Feed(month, channel, source, note.quarters, note.late_facts)) for month, note in notes.items()
    ]


def is_beside(key: bytes) -> bool:
    """Whether the key is that of a position or a feed and not of a total."""
    return key.startswith((POSITION_PREFIX, FEED_PREFIX))


def read_beside(records: Iterable[tuple[bytes, bytes | None]]) -> BesideTotals:
    """Positions and feeds among all records of the topic, in its order; totals are passed over.

    Raises `MonthFeedsError` when a value is neither.
    """
    newest = {key: value for key, value in records if is_beside(key)}
    found = BesideTotals({}, {})
    for key, value in newest.items():
        if value is None:
            continue
        try:
            if key.startswith(POSITION_PREFIX):
                position = msgspec.json.decode(value, type=Position)
                found.positions[position.source] = position
            else:
                feed = msgspec.json.decode(value, type=Feed)
                found.feeds[feed.month, feed.source] = feed
        except msgspec.DecodeError as error:
            raise MonthFeedsError(
                f"the record {key.decode(errors='replace')} beside the month totals cannot be read: {error}. Is the "
                "topic of month totals in the settings the right one, and written by no other program?"
            ) from error
    return found
