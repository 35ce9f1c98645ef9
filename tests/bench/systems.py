"""The systems that read the same events: how each is run as a process, timed, and held to the right result.

A system is timed once it has counted the first fifth of the events, until it has counted the last: its start, first
fetches and warm-up are left out for all alike. Whoever gets a sum wrong is not timed at all. Must not know how
results are shown.
"""

import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from streams.core.tally import DeskTally, PhoneTally
from streams.settings import KafkaSettings
from tests.bench.events import Event
from tests.bench.filling import Windows, forget_checkpoints
from tests.bench.scraping import MeasuredWorker, Scrape
from tests.runtime import workers

ROOT: Final = Path(__file__).parents[2]

SCRAPE_SECONDS: Final = 5.0
"""How often a Prometheus asks."""

LAST_PART: Final = 0.99
"""Above this share of the events the end is near, and is waited for with a scrape each `POLL_SECONDS`."""
POLL_SECONDS: Final = 0.05

WARM_UP_RATIO: Final = 0.2

RUN_SECONDS: Final = 300.0
"""Bound on one run of one system."""


class WrongResultError(AssertionError):
    """A system did not do its job; its time means nothing."""


class Run(msgspec.Struct):
    """One timed run of a system."""

    system: str
    events: int
    seconds: float
    cpu_seconds: float
    details: Mapping[str, float] = {}

    @property
    def rate(self) -> float:
        """Events a second, by the clock on the wall."""
        return self.events / self.seconds

    @property
    def cpu_microseconds(self) -> float:
        """Processor time of one event."""
        return self.cpu_seconds / self.events * 1e6


class Expected:
    """What the systems must have counted after the events that were added here."""

    def __init__(self, windows: Windows) -> None:
        self.windows = windows
        self.count = 0
        self.served: Counter[str] = Counter()
        """Calls answered and visitors received, by cluster."""

    def add(self, event: Event) -> Event:
        """Note an event on its way to the topics."""
        self.count += 1
        self.windows.add(event)
        if event.kind in {"answered", "started"}:
            self.served[event.cluster] += 1
        return event


async def run_worker(kafka: KafkaSettings, expected: Expected, settings_file: Path, log: Path) -> Run:
    """The worker as its user runs it, with a scrape each 5 s; `kafka` names the filled topics."""
    await forget_checkpoints(kafka)
    worker = MeasuredWorker(kafka, log, settings_file, verbose=False)
    try:
        run = await asyncio.to_thread(_time_worker, worker, expected.count)
        status = worker.terminate()
        if status != 0:
            raise WrongResultError(f"the worker ended with status {status}: {worker.log()}")
    finally:
        worker.stop()
    await _check_worker(kafka, expected)
    return run


def _time_worker(worker: MeasuredWorker, count: int) -> Run:
    first = _warmed_up(worker, count)
    cpu = worker.cpu_seconds()
    seen, longest_checkpoint, scrapes = first, 0.0, []
    while seen.applied() < count:
        rate = (seen.applied() - first.applied()) / max(seen.at - first.at, 1e-9)
        left = (count * LAST_PART - seen.applied()) / rate if rate else 0.5
        time.sleep(min(SCRAPE_SECONDS, max(POLL_SECONDS, left)))
        answer = worker.scrape()
        if answer is None or answer.at - first.at > RUN_SECONDS:
            raise WrongResultError(f"{seen.applied()} of {count} events within {RUN_SECONDS:.0f} s: {worker.log()}")
        seen = answer
        scrapes.append(seen.seconds)
        longest_checkpoint = max(longest_checkpoint, seen.largest("wachtmonitor_checkpoint_duration_seconds"))
    cpu = worker.cpu_seconds() - cpu
    if seen.total("wachtmonitor_records_rejected_total"):
        raise WrongResultError("the worker rejected records of the benchmark")
    details = {
        "longest_checkpoint_seconds": longest_checkpoint,
        "checkpoint_bytes": seen.total("wachtmonitor_checkpoint_size_bytes"),
        "longest_scrape_seconds": max(scrapes),
    }
    return Run("worker", seen.applied() - first.applied(), seen.at - first.at, cpu, details)


def _warmed_up(worker: MeasuredWorker, count: int) -> Scrape:
    """The first answer after the warm-up: time counts from there on, and what it shows is left out."""
    given_up = time.perf_counter() + RUN_SECONDS
    while time.perf_counter() < given_up:
        answer = worker.scrape()
        if answer is not None and answer.applied() >= count * WARM_UP_RATIO:
            return answer
        time.sleep(POLL_SECONDS)
    raise WrongResultError(f"the worker folded next to nothing within {RUN_SECONDS:.0f} s: {worker.log()}")


async def _check_worker(kafka: KafkaSettings, expected: Expected) -> None:
    """The official totals after its last checkpoint, over all months."""
    found: Counter[str] = Counter()
    for (_, _, cluster), tally in (await workers.month_totals(kafka)).items():
        if isinstance(tally, PhoneTally):
            found[cluster] += tally.answered
        elif isinstance(tally, DeskTally):
            found[cluster] += tally.served + tally.walk_ins
    if found != expected.served:
        raise WrongResultError(f"worker: expected {expected.served} served, got {found}")


async def run_program(
    system: str, arguments: Sequence[str], expected: Expected, python: str = sys.executable
) -> tuple[Run, Any]:
    """A program that times itself and prints one line of JSON: its run, and all that it printed."""
    process = await asyncio.create_subprocess_exec(
        python,
        *arguments,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(RUN_SECONDS):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise WrongResultError(f"{system} ended with status {process.returncode}: {err.decode()[-2000:]}")
    told = json.loads(out.splitlines()[-1])
    return Run(system, told["events"], told["seconds"], told["cpu_seconds"]), told


async def run_bare(kafka: KafkaSettings, expected: Expected) -> Run:
    """The bare client over the same topics."""
    topics = f"{kafka.calls_topic},{kafka.tickets_topic}"
    arguments = [
        "-m",
        "tests.bench.bare",
        kafka.bootstrap_servers[0],
        topics,
        str(expected.count),
        str(WARM_UP_RATIO),
    ]
    run, told = await run_program("bare", arguments, expected)
    wanted = {
        cluster: [sums.count, sums.total, sums.longest] for cluster, sums in expected.windows.by_cluster().items()
    }
    if told["by_cluster"] != wanted:
        raise WrongResultError(f"bare: expected {wanted}, got {told['by_cluster']}")
    return run
