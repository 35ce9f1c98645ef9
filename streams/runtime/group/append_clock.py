"""The time by the clock that stamps the records of a partition, as precisely as sending records can tell.

Clocks of machines differ, so that none of them says how old a record of another machine is; the broker that stamps
them all does. A record of ours was stamped between our sending it and hearing of it. Must not know Kafka.
"""

from collections import deque
from math import ceil, floor
from typing import Final, NamedTuple

STAMPS_KEPT: Final = 8
"""The quickest of so many round trips tells the time."""

KEPT_SECONDS: Final = 30.0
"""Clocks drift apart by less than a millisecond in so long."""

_MS: Final = 1_000


class _Stamp(NamedTuple):
    """That clock minus ours is between the two, in ms."""

    at: float
    low_ms: float
    high_ms: float


class AppendClock:
    """Reads in ms what the stamping broker's clock shows, at moments of our steady clock in seconds."""

    def __init__(self) -> None:
        """Nothing is known before the first stamp."""
        self._stamps: deque[_Stamp] = deque(maxlen=STAMPS_KEPT)
        self._low_ms = 0.0
        self._high_ms = 0.0

    @property
    def is_set(self) -> bool:
        """Whether a stamp was seen."""
        return bool(self._stamps)

    def note(self, sent: float, heard: float, stamp_ms: int) -> None:
        """A record sent and heard of at these moments bears this stamp, which is in whole ms, rounded down."""
        stamp = _Stamp(heard, stamp_ms - heard * _MS, stamp_ms + 1 - sent * _MS)
        self._stamps.append(stamp)
        while heard - self._stamps[0].at > KEPT_SECONDS:
            self._stamps.popleft()
        if not self._read():  # another broker stamps now, or its clock was set: only the newest tells its time
            self._stamps.clear()
            self._stamps.append(stamp)
            self._read()

    def _read(self) -> bool:
        self._low_ms = max(stamp.low_ms for stamp in self._stamps)
        self._high_ms = min(stamp.high_ms for stamp in self._stamps)
        return self._low_ms <= self._high_ms

    def earliest_ms(self, moment: float) -> int:
        """It showed this or more."""
        return floor(moment * _MS + self._low_ms)

    def latest_ms(self, moment: float) -> int:
        """It showed this or less."""
        return ceil(moment * _MS + self._high_ms)
