"""Reference cycles are collected by the clock, however few they are; what was there at the start is left alone."""

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from streams.runtime.garbage import THRESHOLDS, collect_by_the_clock, collect_rarely
from tests.runtime.workers import until


class Ring:
    """Refers to itself."""

    def __init__(self) -> None:
        self.next = self


@pytest.fixture(autouse=True)
def _collector() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


async def test_a_circle_goes_although_hardly_anything_was_made() -> None:
    """A quiet worker makes some hundred objects a second: left to its thresholds it would keep them for hours."""
    collect_rarely()
    looking = asyncio.create_task(collect_by_the_clock(0.0))
    await until(lambda: gc.get_freeze_count() > 0, "what is there at the start is frozen")
    cycle = weakref.ref(Ring())
    await until(lambda: cycle() is None, "the cycle is collected")
    assert gc.get_threshold() == THRESHOLDS
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
