"""Events at a steady pace, as a process of its own: prints when each of them was due.

Run with the bootstrap address, the topics of calls and tickets, the rate, the seconds and the seed. Times are those
of the monotonic clock, which all processes of a machine share. An event counts from when it was due, so that a
producer or broker that falls behind makes the latency longer, not the load lighter.
"""

import asyncio
import gc
import json
import sys
import time
from collections import Counter
from typing import Final

import msgspec

from streams.settings import KafkaSettings, load
from tests.bench.events import Load, events
from tests.bench.filling import Filler, by_contact

TICK_SECONDS: Final = 0.005
"""The events of a tick go out together."""

Due = tuple[str, int, int, float]
"""Topic, partition, records produced to it so far, when the last of them was due."""


async def produce(kafka: KafkaSettings, rate: int, seconds: float, seed: int) -> list[Due]:
    """Produce at the rate; when each tick's records were due, by partition."""
    prepared = list(
        events(Load(int(rate * seconds), int(time.time() * 1000) - 60_000, seed, span_ms=int(seconds * 1000)))
    )
    gc.freeze()
    place, due = by_contact(kafka), list[Due]()
    made: Counter[tuple[str, int]] = Counter()
    async with Filler(kafka) as filler:
        started, sent = time.perf_counter() + 0.2, 0
        while sent < len(prepared):
            await asyncio.sleep(started + sent / rate + TICK_SECONDS - time.perf_counter())
            end = min(len(prepared), max(sent + 1, int((time.perf_counter() - started) * rate)))
            touched = {}
            for number, event in enumerate(prepared[sent:end], start=sent):
                home = await filler.add(event, *place(event))
                made[home] += 1
                touched[home] = started + number / rate
            due += [(*home, made[home], at) for home, at in touched.items()]
            sent = end
            await filler.flush()
    return due


if __name__ == "__main__":
    address, calls, tickets, rate, seconds, seed = sys.argv[1:]
    kafka = msgspec.structs.replace(
        load(None, {}).kafka, bootstrap_servers=(address,), calls_topic=calls, tickets_topic=tickets
    )
    print(json.dumps(asyncio.run(produce(kafka, int(rate), float(seconds), int(seed)))))
