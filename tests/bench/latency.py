"""From producing an event to reading it on /metrics.

Every event is a marker: the worker says how many records of each partition are in its figures, and the producer when
each record was due. How often the page is read is part of the figure: half of `POLL_SECONDS` on average.
"""

import asyncio
import re
import sys
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from streams.settings import KafkaSettings
from tests.bench.bench import Bench
from tests.bench.filling import PARTITIONS
from tests.bench.producer import Due
from tests.bench.report import Figure, Results, Target
from tests.bench.scraping import WAIT_SECONDS, MeasuredWorker, Scrape
from tests.bench.spreads import percentile, spread
from tests.bench.systems import run_program

SECTION: Final = "Latency from event to /metrics"
POLL_SECONDS: Final = 0.05
WARM_UP_SECONDS: Final = 2.0
PROMISES: Final = {1_000: 0.25, 20_000: 1.0}
"""Rate to seconds for the 99th percentile."""

Home = tuple[str, int]


class Seen(NamedTuple):
    """What a reader of the page knew at a moment: records in the figures, by partition."""

    at: float
    applied: Mapping[Home, int]


async def measure(bench: Bench, say: Callable[[str], None]) -> Results:
    """Each rate in turn, on one worker that is scraped all the time."""
    kafka = await bench.topics()
    worker = MeasuredWorker(kafka, bench.log("latency"), bench.settings_file(), verbose=False)
    results = Results()
    try:
        await asyncio.to_thread(worker.wait_for_partitions, 2 * PARTITIONS)
        for rate in bench.sizes.latency_rates:
            runs = []
            for turn in range(bench.sizes.repeats):
                runs.append(await _run(bench, kafka, worker, rate, bench.seed + 1 + turn))
                shown = f"{percentile(runs[-1], 0.5) * 1000:.0f} ms, 99th {percentile(runs[-1], 0.99) * 1000:.0f} ms"
                say(f"{rate:,} events/s: median {shown}")
            results.add(_results(rate, runs))
    finally:
        worker.stop()
    return results


async def _run(bench: Bench, kafka: KafkaSettings, worker: MeasuredWorker, rate: int, seed: int) -> list[float]:
    seconds = WARM_UP_SECONDS + bench.sizes.latency_seconds
    before, stop = _seen(worker.scrape()), threading.Event()
    goal = sum(before.applied.values()) + int(rate * seconds)
    reading = asyncio.create_task(asyncio.to_thread(_read, worker, goal, stop))
    topics = (kafka.calls_topic, kafka.tickets_topic)
    arguments = [kafka.bootstrap_servers[0], *topics, str(rate), str(seconds), str(seed)]
    try:
        due: list[Due] = [
            (*each,) for each in await run_program(Path(sys.executable), "tests.bench.producer", arguments)
        ]
        seen = await asyncio.wait_for(reading, timeout=WAIT_SECONDS)
    finally:
        stop.set()
    return latencies(due, before.applied, seen, WARM_UP_SECONDS)


def _read(worker: MeasuredWorker, goal: int, stop: threading.Event) -> list[Seen]:
    """Read the page at a steady pace until it shows as many events as the goal says."""
    seen = [_seen(worker.scrape())]
    while sum(seen[-1].applied.values()) < goal and not stop.is_set():
        time.sleep(max(0.0, POLL_SECONDS - (time.perf_counter() - seen[-1].at)))
        seen.append(_seen(worker.scrape()))
    return seen


def _seen(scrape: Scrape) -> Seen:
    samples = scrape.samples("wachtmonitor_events_applied_total")
    return Seen(scrape.at, {_home(sample.labels): int(sample.value) for sample in samples})


def _home(labels: str) -> Home:
    found = dict(re.findall(r'(\w+)="([^"]*)"', labels))
    return found["topic"], int(found["partition"])


def latencies(
    due: Sequence[Due], before: Mapping[Home, int], seen: Sequence[Seen], warm_up_seconds: float
) -> list[float]:
    """Seconds from when each produced record was due to the first look that showed it, without those of the warm-up.

    Records of a partition that were produced together count with the due time of the last of them.
    """
    begun = min(at for *_, at in due) + warm_up_seconds
    counts: dict[Home, list[int]] = {}
    made: dict[Home, int] = {}
    found = []
    for topic, partition, produced, at in due:
        home = topic, partition
        together, made[home] = produced - made.get(home, 0), produced
        if at >= begun:
            if home not in counts:
                counts[home] = [look.applied.get(home, 0) - before.get(home, 0) for look in seen]
            found += [seen[bisect_left(counts[home], produced)].at - at] * together
    return found


def _results(rate: int, runs: Sequence[Sequence[float]]) -> Results:
    high = spread(percentile(run, 0.99) for run in runs)
    note = f"{sum(map(len, runs)):,} events, page read each {POLL_SECONDS * 1000:.0f} ms"
    name = f"{rate:,} events/s"
    return Results(
        figures=[
            Figure(
                SECTION, f"{name}, 50th percentile", "s", spread(percentile(run, 0.5) for run in runs), note, rate
            ),
            Figure(SECTION, f"{name}, 99th percentile", "s", high, note, rate),
            Figure(SECTION, f"{name}, slowest", "s", spread(map(max, runs)), note),
        ],
        targets=[
            Target(f"s from event to metric, 99th percentile at {name}", PROMISES[rate], high.middle, at_least=False)
        ]
        if rate in PROMISES
        else [],
    )
