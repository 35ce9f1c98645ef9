"""The other workers of the group, as their shares of the last seconds show them.

A share is judged by the clock of the broker that stamps all of them: neither a sender that stood still and sends what
it had ready, nor a reader that stood still and works off what came meanwhile, nor two clocks that differ make an old
share pass for one of now. Must not know Kafka clients nor what the figures mean.
"""

import time
from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

from streams.live.share import Share, ShareError, decode
from streams.live.whole import FRESH_MS
from streams.runtime.group.append_clock import AppendClock

AHEAD_MS: Final = 500
"""From further ahead than this no share can be: its sender goes by a clock that has been set back since."""

FORGOTTEN_MS: Final = 60_000


class StampedRecord(Protocol):
    """The part of a record that matters here."""

    @property
    def value(self) -> bytes | None:
        """As sent."""

    @property
    def timestamp(self) -> int:
        """When the broker appended it, in ms."""


class _Seen(NamedTuple):
    share: Share
    computed_ms: int


class Neighbours:
    """The newest share of each other worker, and what else is known of the group's topics."""

    def __init__(self, group: str, worker: str) -> None:
        """`worker` is this one, whose own shares come back too."""
        self.clock = AppendClock()
        self.partition_counts: Mapping[str, int] = {}
        """Partitions of each topic, as the brokers said last; empty before they have."""
        self.writing_trouble: str | None = None
        """Why others do not get this worker's share."""
        self.reading_trouble: str | None = None
        """Why this worker does not get theirs."""
        self._group = group
        self._worker = worker
        self._newest: dict[str, _Seen] = {}

    def receive(self, record: StampedRecord) -> None:
        """Take a record of the topic.

        Raises `ShareError` when it is no share.
        """
        if record.value is None:
            raise ShareError("expected a share, got a record without a value")
        share = decode(record.value)
        if share.group != self._group or share.worker == self._worker or share.computed_ms is None:
            return
        self._newest[share.worker] = _Seen(share, min(share.computed_ms, record.timestamp))

    def fresh(self) -> list[Share]:
        """The shares that count at this moment; none before it is known what time it is."""
        if not self.clock.is_set:
            return []
        now_ms = self.clock.latest_ms(time.monotonic())
        for worker, seen in list(self._newest.items()):
            if abs(now_ms - seen.computed_ms) > FORGOTTEN_MS:
                del self._newest[worker]
        return [seen.share for seen in self._newest.values() if -AHEAD_MS <= now_ms - seen.computed_ms <= FRESH_MS]
