"""A partition that this worker owns, between its taking over and its giving up. Must not know Faust."""

import time

from streams.kafka.group_offsets import Moved
from streams.kafka.remade import Mark
from streams.kafka.writer import FencedWriter
from streams.runtime.capture import Capture
from streams.runtime.partition import Partition
from streams.runtime.reading import HeldBackWatch, ReadingWatch


class Owned:
    """A partition with what it takes to write its checkpoints, and what is known of that."""

    def __init__(self, partition: Partition, writer: FencedWriter, capture: Capture, covered: int | None) -> None:
        self.partition = partition
        self.writer = writer
        self.capture = capture
        self.is_changed = partition.state.has_other_rules
        """Whether there is more to write than its position tells: it was restored under other rules."""
        self.covered = covered
        """Next offset of the last written checkpoint; None before there is one."""
        self.mark = Mark(partition.next_offset, partition.state.log_ms)
        """What that checkpoint covers, by which its source is known."""
        self.moved: Moved | None = None
        """The group's offset that somebody had set when it was taken over."""
        self._since = time.monotonic()
        self.watch = ReadingWatch(self._since)
        self.held_back = HeldBackWatch()
        self.delay_ms: int | None = None
        """Age of the last record when it was folded, by its own time; None before one was."""
        self.written_ms: int | None = None
        self.written_bytes: int | None = None
        self.written_seconds: float | None = None

    @property
    def owned_seconds(self) -> float:
        """For how long."""
        return time.monotonic() - self._since

    @property
    def is_due(self) -> bool:
        """Whether there is more to write than month totals that time has changed."""
        return self.is_changed or self.partition.next_offset != (self.covered or 0)
