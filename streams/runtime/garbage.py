"""When Python looks for objects that refer to each other in a circle and that nobody else needs.

By itself it does so whenever so many new objects are there. A fetch makes thousands of records that go again at once
and are in no circle: looking through them took a fifth of a worker's time. Left alone at a high threshold instead, a
quiet worker gathers circles (those of the web server and of the engine) for hours, and its memory grows. So it looks
by the clock. Contacts cost nothing in this: they are no part of what is looked through. Must not know a worker.
"""

import asyncio
import gc
from typing import Final

THRESHOLDS: Final = (1_000_000, 20, 100)
"""New objects before Python looks all the same, and how often at older ones: a net below `COLLECT_SECONDS`."""

COLLECT_SECONDS: Final = 10.0
"""How long a circle may stay. Looking takes 3 to 30 ms, the longer the more tallies there are."""


def collect_rarely() -> None:
    """Set the thresholds, for the whole process."""
    gc.set_threshold(*THRESHOLDS)


async def collect_by_the_clock(seconds: float = COLLECT_SECONDS) -> None:
    """Look for circles until cancelled, but not among what is there already: modules and classes stay to the end."""
    gc.collect()
    gc.freeze()
    while True:
        await asyncio.sleep(seconds)
        gc.collect()
