"""The systems that read the same events: how each is run as a process, timed, and held to the right result.

A system is timed once it has counted the first fifth of the events, until it has counted the last: its start, first
fetches and warm-up are left out for all alike. Whoever gets a sum wrong is not timed at all. Must not know how
results are shown.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from streams.channels.calls.counts import PhoneTally
from streams.channels.visits.counts import DeskTally
from streams.settings import KafkaSettings
from tests.bench.events import Event
from tests.bench.filling import PARTITIONS, Sums, Windows, forget_checkpoints
from tests.bench.peers.watch import Job, Window, job_arguments
from tests.bench.scraping import MeasuredWorker, NotServingError, Scrape
from tests.bench.turns import half_a_core_each
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


class TooQuickError(RuntimeError):
    """All events were counted before time began."""


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


async def run_worker(
    kafka: KafkaSettings,
    expected: Expected,
    settings_file: Path,
    log: Path,
    *,
    workers_at_once: int = 1,
    half_cores: bool = False,
) -> Run:
    """The worker as its user runs it over filled topics, scraped each 5 s; or several that share the partitions.

    With `half_cores` each has half of a core.
    """
    await forget_checkpoints(kafka)
    crew = [MeasuredWorker(kafka, log, settings_file, verbose=False) for _ in range(workers_at_once)]
    try:
        with half_a_core_each([worker.signal for worker in crew] if half_cores else []):
            run = await asyncio.to_thread(_time_workers, crew, expected.count)
        for worker in crew:
            if (status := worker.terminate()) != 0:
                raise WrongResultError(f"a worker ended with status {status}: {worker.log()}")
    finally:
        for worker in crew:
            worker.stop()
    await _check_worker(kafka, expected)
    return run


def _time_workers(crew: Sequence[MeasuredWorker], count: int) -> Run:
    first = _warmed_up(crew, count)
    if first.applied == count:
        raise TooQuickError(f"{count} events are too few to time: all were counted at the first look")
    cpu_before = sum(worker.cpu_seconds() for worker in crew)
    last, longest_checkpoint = first, 0.0
    while last.applied < count:
        rate = (last.applied - first.applied) / max(last.at - first.at, 1e-9)
        left = (count * LAST_PART - last.applied) / rate if rate else 0.5
        time.sleep(min(SCRAPE_SECONDS, max(POLL_SECONDS, left)))
        last = _look(crew)
        longest_checkpoint = max(longest_checkpoint, last.largest("wachtmonitor_checkpoint_duration_seconds"))
        if last.at - first.at > RUN_SECONDS:
            raise WrongResultError(f"{last.applied} of {count} events within {RUN_SECONDS:.0f} s: {crew[0].log()}")
    cpu = sum(worker.cpu_seconds() for worker in crew) - cpu_before
    if last.total("wachtmonitor_records_rejected_total"):
        raise WrongResultError("the worker rejected records of the benchmark")
    details = {
        "longest_checkpoint_seconds": longest_checkpoint,
        "checkpoint_bytes": last.total("wachtmonitor_checkpoint_size_bytes"),
    }
    return Run("worker", last.applied - first.applied, last.at - first.at, cpu, details)


class Look(NamedTuple):
    """All workers, scraped one after the other."""

    scrapes: Sequence[Scrape]

    @property
    def at(self) -> float:
        """When the last answer had come."""
        return self.scrapes[-1].at

    @property
    def applied(self) -> int:
        """Events in the figures."""
        return int(self.total("wachtmonitor_events_applied_total"))

    def total(self, name: str) -> float:
        """The sum of a metric over its series."""
        return sum(scrape.total(name) for scrape in self.scrapes)

    def largest(self, name: str) -> float:
        """The maximum of a metric over its series."""
        return max(scrape.largest(name) for scrape in self.scrapes)


def _look(crew: Sequence[MeasuredWorker]) -> Look:
    return Look([worker.scrape() for worker in crew])


def _warmed_up(crew: Sequence[MeasuredWorker], count: int) -> Look:
    """After the warm-up, and when the partitions are shared: time counts from there on, what it shows is left out."""
    shares = [2 * PARTITIONS / len(crew)] * len(crew)
    given_up = time.perf_counter() + RUN_SECONDS
    while time.perf_counter() < given_up:
        with suppress(NotServingError):
            look = _look(crew)
            owned = [scrape.total("wachtmonitor_owned_partitions") for scrape in look.scrapes]
            if owned == shares and look.applied >= count * WARM_UP_RATIO:
                return look
        time.sleep(POLL_SECONDS)
    raise WrongResultError(f"the worker folded next to nothing within {RUN_SECONDS:.0f} s: {crew[0].log()}")


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


async def run_bare(kafka: KafkaSettings, expected: Expected, *, collector: str) -> Run:
    """The bare client over the same topics; `collector` is `plain` or, with the worker's settings of it, `tuned`."""
    topics = f"{kafka.calls_topic},{kafka.tickets_topic}"
    arguments = [kafka.bootstrap_servers[0], topics, str(expected.count), str(WARM_UP_RATIO), collector]
    told = await run_program(Path(sys.executable), "tests.bench.bare", arguments)
    sums = expected.windows.by_cluster()
    wanted = {cluster: [found.count, found.total, found.longest] for cluster, found in sums.items()}
    if told["by_cluster"] != wanted:
        raise WrongResultError(f"bare client: expected {wanted}, got {told['by_cluster']}")
    return _run("bare client", told)


async def run_peer(name: str, python: Path, module: str, job: Job, expected: Expected) -> Run:
    """A peer over its topic: every window that it gave must be right, and every one that is over must be given."""
    told = await run_program(python, module, job_arguments(job))
    check_windows(name, told["windows"], expected.windows)
    return _run(name, told)


def check_windows(name: str, told: Iterable[Window], windows: Windows) -> None:
    """Raise `WrongResultError` where a window is wrong, or where one is missing that is over."""
    found = {(cluster, start): Sums(*sums) for cluster, start, *sums in told}
    wanted = windows.by_window()
    wrong = [key for key, sums in found.items() if wanted.get(key) != sums]
    missing = [key for key in wanted if key not in found and windows.is_over(*key)]
    if wrong or missing:
        raise WrongResultError(f"{name}: {len(wrong)} windows are wrong, {len(missing)} missing, of {len(wanted)}")


def _run(system: str, told: Mapping[str, Any]) -> Run:
    return Run(system, told["events"], told["seconds"], told["cpu_seconds"])


async def run_program(python: Path, module: str, arguments: Sequence[str]) -> Any:
    """Run a module to its end; the JSON on its last line."""
    process = await asyncio.create_subprocess_exec(
        python, "-m", module, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(RUN_SECONDS):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise WrongResultError(f"{module} ended with status {process.returncode}: {err.decode()[-2000:]}")
    return json.loads(out.splitlines()[-1])
