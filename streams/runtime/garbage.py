"""When Python's garbage collector collects reference cycles.

By itself it does so whenever enough objects were allocated. A fetch allocates thousands of records that are freed at
once and are in no cycle: traversing them took a fifth of a worker's time. With a high threshold alone an idle worker
accumulates cycles (those of the web server and of Faust) for hours, and its memory grows. So it runs by the clock.
Contacts cost nothing here: they are structs without `gc`, which the collector does not traverse.
"""

import asyncio
import gc
from typing import Final

THRESHOLDS: Final = (1_000_000, 20, 100)
"""Allocations that trigger a collection all the same, and how often older generations follow: a safety net."""

COLLECT_SECONDS: Final = 10.0
"""How long a reference cycle may live. A collection takes 3 to 30 ms, the longer the more tallies there are."""


def collect_rarely() -> None:
    """Set the thresholds, for the whole process."""
    gc.set_threshold(*THRESHOLDS)


async def collect_by_the_clock(seconds: float = COLLECT_SECONDS) -> None:
    """Collect reference cycles until cancelled; what exists already (modules, classes) is frozen, since it stays."""
    gc.collect()
    gc.freeze()
    while True:
        await asyncio.sleep(seconds)
        gc.collect()
