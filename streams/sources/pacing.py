"""Gives events out at the pace of a clock, and moves them in time.

The clock and the sleep are given, so that a day may pass in a minute and a test needs no time at all.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import TypeVar

import msgspec

from streams.channels.named_events import PLAN_FIELD
from streams.contracts.decode import Event
from streams.contracts.events import Instant, instant_ms

E = TypeVar("E", bound=Event)


async def paced(
    events: Iterable[E], *, clock: Callable[[], int], sleep: Callable[[float], Awaitable[None]], speed: float
) -> AsyncIterator[E]:
    """Yield each event once the clock has reached its time: never early, and at once when it is late.

    `clock` gives UTC milliseconds and runs `speed` (> 0) times as fast as `sleep`, which takes seconds. The events
    must be sorted by time: one that is due before its predecessor waits for it.
    """
    for event in events:
        due_ms = instant_ms(event.at)
        while (early_ms := due_ms - clock()) > 0:
            await sleep(early_ms / 1000 / speed)
        yield event


def shift(event: E, delta_ms: int) -> E:
    """The same event, later by `delta_ms` milliseconds (earlier if negative), with its planned start if it has one.

    Times come out as epoch seconds with millisecond precision, whatever form they had.
    """
    at = _moved(event.at, delta_ms)
    replace: Callable[..., E] = msgspec.structs.replace
    planned_at = getattr(event, PLAN_FIELD, None)
    if planned_at is None:
        return replace(event, at=at)
    return replace(event, at=at, **{PLAN_FIELD: _moved(planned_at, delta_ms)})


def _moved(instant: Instant, delta_ms: int) -> float:
    return (instant_ms(instant) + delta_ms) / 1000
