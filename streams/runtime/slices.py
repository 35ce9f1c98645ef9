"""Long work on the event loop, cut into slices so that other tasks run in between: pages, folding, the engine."""

import asyncio
import time
from collections.abc import Iterable
from typing import Final

SLICE_SECONDS: Final = 0.01
"""How long nobody else is served; a step that has begun is taken to its end. As long as a batch is folded."""


async def in_slices(steps: Iterable[None]) -> None:
    """Run all steps, yielding to the event loop after each slice of them."""
    ends = time.perf_counter() + SLICE_SECONDS
    for _ in steps:
        if time.perf_counter() >= ends:
            await asyncio.sleep(0)
            ends = time.perf_counter() + SLICE_SECONDS
