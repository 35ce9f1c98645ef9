"""The clock of the shell: what `now` is for waiting times. The core is handed its readings and never reads it.

A replay runs on a clock of its own, so that a day of calls can pass in minutes and every wait still has its length.
"""

import time
from collections.abc import Callable
from typing import Final

Clock = Callable[[], int]
"""Reads the moment: milliseconds since 1970-01-01T00:00:00Z."""

_NS_PER_MS: Final = 1_000_000


def system_clock() -> int:
    """The machine's time."""
    return time.time_ns() // _NS_PER_MS


def accelerated_clock(origin_ms: int, speed: float) -> Clock:
    """A clock that shows `origin_ms` now and runs `speed` times as fast as the machine's."""
    started = time.monotonic_ns()

    def read() -> int:
        return origin_ms + round((time.monotonic_ns() - started) / _NS_PER_MS * speed)

    return read
