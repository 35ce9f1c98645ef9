"""How long a scrape takes, over the number of clusters: a worker at rest whose windows are full."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from tests.bench.bench import Bench, cluster_names
from tests.bench.events import events
from tests.bench.filling import by_contact, fill
from tests.bench.report import Figure, Results, Target
from tests.bench.scraping import MeasuredWorker, Scrape
from tests.bench.spreads import spread

SECTION: Final = "Scrape"
SCRAPES: Final = 25
PAUSE_SECONDS: Final = 0.13
"""Between two scrapes; no divisor of a second, at which the worker draws its wall."""
PROMISES: Final = {7: 0.010, 1_000: 0.150}
"""Clusters to seconds."""


async def measure(bench: Bench, say: Callable[[str], None]) -> Results:
    """One worker for each number of clusters."""
    results = Results()
    for clusters in bench.sizes.scrape_clusters:
        phone, desks = cluster_names(clusters)
        kafka = await bench.topics()
        await fill(kafka, events(bench.load(bench.sizes.scrape_events, phone, desks)), by_contact(kafka))
        settings_file = bench.settings_file(phone, desks)
        worker = MeasuredWorker(kafka, bench.log(f"scrape-{clusters}"), settings_file, verbose=False)
        try:
            scrapes = await asyncio.to_thread(_scrapes, worker, bench.sizes.scrape_events)
        finally:
            worker.stop()
        seconds = spread(scrape.seconds for scrape in scrapes)
        size = f"{len(scrapes[-1].text) / 1024:,.0f} KiB"
        results.figures.append(Figure(SECTION, f"{clusters:,} clusters", "s", seconds, size, clusters))
        if clusters in PROMISES:
            promise = f"s for a scrape of a worker at rest, {clusters:,} clusters"
            results.targets.append(Target(promise, PROMISES[clusters], seconds.middle, at_least=False))
        say(f"{clusters:,} clusters: {seconds.middle * 1000:.1f} ms, {size}")
    return results


def _scrapes(worker: MeasuredWorker, count: int) -> list[Scrape]:
    worker.wait_for_events(count)
    worker.wait_for_checkpoints()
    found = []
    for _ in range(SCRAPES):
        time.sleep(PAUSE_SECONDS)
        found.append(worker.scrape())
    return found
