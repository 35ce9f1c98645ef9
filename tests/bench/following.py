"""What it takes to follow a source: processor time at a steady pace of facts, and how many there may be at most.

The source is made up and in the same process; its part is in the figures. Every fact has a position of its own.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from typing import Final

import msgspec

from streams.channels.calls.events import Offered
from streams.settings import KafkaSettings, load
from streams.sources.following import Follower
from streams.sources.source import Link, Step
from tests.bench.bench import Bench
from tests.bench.events import LIER_PHONE
from tests.bench.report import Figure, Results, Target
from tests.bench.spreads import spread
from tests.sources.following.scripted import ScriptedTable

SECTION: Final = "Following"
PACE: Final = 1_000
"""Facts a second: a city of a million has some dozens in its busiest minute."""
SHARE: Final = 0.2
"""Of a core, which that may take."""
POSITION: Final = b"x" * 512
LOOK_SECONDS: Final = 0.01


class Paced:
    """Tells so many facts a second; as many as are taken without a pace."""

    def __init__(self, pace: float | None) -> None:
        self._pace = pace

    async def steps(self, _: bytes | None) -> AsyncGenerator[Step]:
        """Never ends."""
        yield Step(link=Link(connected=True))
        begun, told = time.monotonic(), 0
        while True:
            due = told + 100 if self._pace is None else int((time.monotonic() - begun) * self._pace)
            for number in range(told, due):
                yield Step(events=(Offered(f"call-{number}", LIER_PHONE[0], time.time()),), position=POSITION)
            told = due
            await asyncio.sleep(0 if self._pace is None else LOOK_SECONDS)


async def measure(bench: Bench, say: Callable[[str], None]) -> Results:
    """At the pace, and without one."""
    results, turns = Results(), range(bench.sizes.repeats)
    paced = [await _followed(await bench.topics(), PACE, bench.sizes.follow_seconds) for _ in turns]
    free = [await _followed(await bench.topics(), None, bench.sizes.follow_seconds) for _ in turns]
    share, most = spread(each[1] for each in paced), spread(each[0] for each in free)
    assert min(each[0] for each in paced) > PACE / 2, "it keeps up"
    results.figures += [
        Figure(SECTION, f"at {PACE:,} facts/s", "of a core", share),
        Figure(SECTION, "without a pace", "facts/s", most),
    ]
    promise = f"of a core to follow a source of {PACE:,} facts/s"
    results.targets.append(Target(promise, SHARE, share.middle, at_least=False))
    say(f"{share.middle:.1%} of a core at {PACE:,} facts/s; {most.middle:,.0f} facts/s at most")
    return results


async def _followed(kafka: KafkaSettings, pace: float | None, seconds: float) -> tuple[float, float]:
    """Facts a second that Kafka took, and the share of a core meanwhile."""
    settings = msgspec.structs.replace(load(None, {}), kafka=kafka)
    follower, stop = Follower("paced", ScriptedTable(), Paced(pace), settings), asyncio.Event()
    task = asyncio.create_task(follower.run(stop))
    try:
        while not any(follower.followed().facts.values()):  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(LOOK_SECONDS)
        await asyncio.sleep(min(1.0, seconds))  # the first transactions are slower
        before = sum(follower.followed().facts.values())
        begun, used = time.monotonic(), time.process_time()
        await asyncio.sleep(seconds)
        took, used = time.monotonic() - begun, time.process_time() - used
        return (sum(follower.followed().facts.values()) - before) / took, used / took
    finally:
        stop.set()
        await task
