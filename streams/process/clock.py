"""The machine's clock, read in one place. The core never reads one: it is handed what this says."""

import time
from typing import Final

NS_PER_MS: Final = 1_000_000


def system_clock() -> int:
    """The moment by this machine: milliseconds since 1970-01-01T00:00:00Z."""
    return time.time_ns() // NS_PER_MS
