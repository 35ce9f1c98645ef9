"""The clock outside the core: what `now` is for waiting times. The core gets its readings as parameters.

A replay runs on a clock of its own, so that a day of calls can pass in minutes and every wait still has its length.
The brokers' clocks bound a worker's.
"""

import time
from collections.abc import Callable

from streams.kafka.broker_time import DIFFERENT_MS
from streams.process.clock import NS_PER_MS

Clock = Callable[[], int]
"""Reads the moment: milliseconds since 1970-01-01T00:00:00Z."""


class HeldBackClock:
    """A clock that is never ahead of the brokers', as far as they are known.

    A contact expires by the clock that gives events their time, since what a wrong clock expires would be in the
    official totals. Of two clocks the one that is behind counts, whichever is wrong: what is counted late is counted
    in the end. Everything that reads a state has to use the same clock, because going back in time means visiting all
    contacts.
    """

    def __init__(self, own: Clock, monotonic_ms: Callable[[], float]) -> None:
        """`monotonic_ms` extrapolates the brokers' time between two of their answers."""
        self._own = own
        self._monotonic_ms = monotonic_ms
        self._brokers_lead_ms: float | None = None
        self._last_ms = 0

    def hold_back(self, brokers_lead_ms: float) -> None:
        """Bound the brokers' time: from now on it is at most this much ahead of the monotonic clock."""
        self._brokers_lead_ms = brokers_lead_ms

    def __call__(self) -> int:
        own_ms = self._own()
        if self._brokers_lead_ms is None:
            return own_ms
        now_ms = min(own_ms, int(self._monotonic_ms() + self._brokers_lead_ms))
        if now_ms < self._last_ms <= now_ms + DIFFERENT_MS:  # the brokers' latency varies: stand still then
            return self._last_ms
        self._last_ms = now_ms
        return now_ms


def accelerated_clock(origin_ms: int, speed: float) -> Clock:
    """A clock that shows `origin_ms` now and runs `speed` times as fast as the machine's."""
    started = time.monotonic_ns()

    def read() -> int:
        return origin_ms + round((time.monotonic_ns() - started) / NS_PER_MS * speed)

    return read
