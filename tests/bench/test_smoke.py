"""Each measurement runs, counts right and finds something, on few events: what it finds says nothing yet."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.bench.__main__ import MEASUREMENTS
from tests.bench.bench import EASY_HOP_SECONDS, FULL, Bench
from tests.bench.report import Results
from tests.bench.systems import TooQuickError
from tests.bench.throughput import PEERS_PYTHON
from tests.brokers.apache import ApacheKafka

SMALL = FULL._replace(
    repeats=1,
    fold_turns=1,
    worker_turns=1,
    follow_seconds=0.3,
    whole_cores=False,
    bytewax_events=5_000,
    quix_events=1_000,
    faust_events=200,
    hops_seconds=(EASY_HOP_SECONDS,),
    latency_seconds=1.0,
    latency_rates=(500,),
    scrape_clusters=(8,),
    scrape_events=2_000,
    scrapes=3,
    open_contacts=2_000,
    backlog_events=2_000,
    webhook_seconds=0.5,
    fold_events=2_000,
    fold_clusters=(7, 8),
    fold_open=(100,),
    fold_disorder=(0.5,),
)

WORKER_EVENTS = (100_000, 400_000, 1_600_000)
"""One after the other, until there are so many that they are not all counted when the worker first shows its figures:
the fewer the better, on a machine that is slow or has much else to do."""


DIFFERENCES = {"recovery of the contacts"}
"""Figures that are one time less another: with so few contacts it may be the empty start that takes longer."""


SLOW: Final = {"throughput", "workers", "recovery"}
"""Measurements that start one system after the other, which takes a minute each however few events there are."""


@pytest.mark.kafka
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] if name in SLOW else []) for name in MEASUREMENTS]
)
async def test_a_measurement_finds_what_it_is_to_find(name: str, apache_kafka: ApacheKafka, tmp_path: Path) -> None:
    if name == "throughput" and not PEERS_PYTHON.exists():
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("the peers are not installed: run `make .venv-bench/peers.stamp`")
    said: list[str] = []
    results = await measured(name, Bench(apache_kafka, tmp_path, SMALL, seed=1), said.append)
    assert said
    assert results.figures
    assert results.targets or name in {"latency", "scrape"}  # which promise nothing at these rates and sizes
    assert all(figure.value.low <= figure.value.middle <= figure.value.high for figure in results.figures)
    assert all(figure.value.high > 0 for figure in results.figures if figure.name not in DIFFERENCES)


async def measured(name: str, bench: Bench, say: Callable[[str], None]) -> Results:
    """What a measurement finds on as many events as this machine needs at this moment."""
    for events in WORKER_EVENTS:
        sizes = bench.sizes._replace(worker_events=events)
        try:
            return await MEASUREMENTS[name](bench._replace(sizes=sizes), say)
        except TooQuickError as error:
            say(str(error))
    raise AssertionError(f"{WORKER_EVENTS[-1]} events are too few to time {name}")
