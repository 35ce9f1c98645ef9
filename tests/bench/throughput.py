"""Events a second: the worker doing its whole job, the bare client, and the peers, in turns on one broker."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.bench.bench import SAME_HOP_SECONDS, Bench
from tests.bench.events import events
from tests.bench.filling import Windows, by_cluster, by_contact, create_topic, fill
from tests.bench.peers.watch import Job
from tests.bench.report import Figure, Results, Target
from tests.bench.spreads import spread
from tests.bench.systems import ROOT, WARM_UP_RATIO, Expected, Run, run_bare, run_peer, run_worker

SECTION: Final = "Throughput"

PEERS_PYTHON: Final = ROOT / ".venv-bench" / "bin" / "python"

WORKER: Final = "worker, its whole job"
BARE: Final = "bare aiokafka + msgspec"
TUNED: Final = "bare aiokafka + msgspec, garbage collected as in the worker"
DETAILS: Final = {
    "longest_checkpoint_seconds": "longest checkpoint of a partition, as scraped",
    "checkpoint_bytes": "last checkpoints of all partitions",
}

WINDOW_SECONDS: Final = 300


class Peer(NamedTuple):
    """One peer with one width of its steps."""

    name: str
    module: str
    python: Path
    events: int
    hop_seconds: int
    times: float
    """How many times its throughput the worker promises."""


def peers(bench: Bench) -> list[Peer]:
    """Everyone who has a place in the table."""
    sizes, stock = bench.sizes, Path(sys.executable)
    return [
        Peer(name, module, python, size * (1 if hop == SAME_HOP_SECONDS else 2), hop, times)
        for name, module, python, size, times in (
            ("Bytewax", "bytewax_window", PEERS_PYTHON, sizes.bytewax_events, 3),
            ("Quix Streams", "quix_window", PEERS_PYTHON, sizes.quix_events, 10),
            ("stock Faust Tables", "faust_window", stock, sizes.faust_events, 100),
        )
        for hop in sizes.hops_seconds
    ]


async def measure(bench: Bench, say: Callable[[str], None]) -> Results:
    """Every system in turn, and that several times over."""
    kafka, expected = await bench.topics(), Expected(Windows(WINDOW_SECONDS, SAME_HOP_SECONDS))
    load = bench.load(bench.sizes.worker_events)
    await fill(kafka, map(expected.add, events(load)), by_contact(kafka))
    settings_file = bench.settings_file()

    async def worker() -> Run:
        fresh = await bench.topics(calls_topic=kafka.calls_topic, tickets_topic=kafka.tickets_topic)
        return await run_worker(fresh, expected, settings_file, bench.log("worker"))

    turns: list[tuple[str, Callable[[], Awaitable[Run]]]] = [
        (WORKER, worker),
        (BARE, lambda: run_bare(kafka, expected, collector="plain")),
        (TUNED, lambda: run_bare(kafka, expected, collector="tuned")),
    ]
    shown = peers(bench) if bench.sizes.peers else []
    turns += [(label(peer), await _ready(bench, peer)) for peer in shown]
    runs: dict[str, list[Run]] = {name: [] for name, _ in turns}
    for _ in range(bench.sizes.repeats):
        for name, turn in turns:
            run = await turn()
            runs[name].append(run)
            say(f"{name}: {run.rate:,.0f} events/s, {run.cpu_microseconds:.2f} us of processor time each")
    return _results(runs, shown)


def label(peer: Peer) -> str:
    """The peer's name in the table."""
    return f"{peer.name}, window moved each {peer.hop_seconds} s"


async def _ready(bench: Bench, peer: Peer) -> Callable[[], Awaitable[Run]]:
    """The peer's topic, filled, and what runs it."""
    expected = Expected(Windows(WINDOW_SECONDS, peer.hop_seconds))
    kafka = await bench.topics()
    topic = f"{kafka.calls_topic}-{peer.module}-{peer.hop_seconds}"
    await create_topic(kafka, topic)
    await fill(kafka, map(expected.add, events(bench.load(peer.events))), by_cluster(topic))
    job = Job(bench.broker.bootstrap, topic, peer.events, WARM_UP_RATIO, WINDOW_SECONDS, peer.hop_seconds)
    return lambda: run_peer(label(peer), peer.python, f"tests.bench.peers.{peer.module}", job, expected)


def _results(runs: dict[str, list[Run]], shown: Sequence[Peer]) -> Results:
    results, ratios = Results(), {}
    for name, found in runs.items():
        counted = f"{found[0].events:,} events counted"
        results.figures += [
            Figure(SECTION, name, "events/s", spread(run.rate for run in found), counted),
            Figure(SECTION, name, "processor us/event", spread(run.cpu_microseconds for run in found)),
        ]
        ratios[name] = spread(mine.rate / theirs.rate for mine, theirs in zip(runs[WORKER], found, strict=True))
    results.figures += [
        Figure(SECTION, f"worker over {name}", "ratio, turn by turn", ratio)
        for name, ratio in ratios.items()
        if name != WORKER
    ]
    for detail, unit in (("longest_checkpoint_seconds", "s"), ("checkpoint_bytes", "bytes")):
        values = spread(run.details[detail] for run in runs[WORKER])
        results.figures.append(Figure(SECTION, f"worker: {DETAILS[detail]}", unit, values))
    results.targets = [Target(f"of the throughput of {BARE}", 0.5, ratios[BARE].middle, at_least=True)]
    results.targets += [
        Target(f"times {label(peer)}", peer.times, ratios[label(peer)].middle, at_least=True)
        for peer in shown
        if peer.hop_seconds == SAME_HOP_SECONDS  # the same work; the easier one is shown beside it
    ]
    return results
