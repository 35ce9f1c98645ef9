"""How long a scrape takes, over the number of clusters: a worker whose windows are full, with events before each."""

import asyncio
import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final

from streams.settings import KafkaSettings
from tests.bench.bench import Bench, cluster_names
from tests.bench.events import Load, events
from tests.bench.filling import by_contact, fill
from tests.bench.report import Figure, Results, Target
from tests.bench.scraping import MeasuredWorker, Scrape
from tests.bench.spreads import spread

SECTION: Final = "Scrape"
EVENTS_BETWEEN: Final = 500
"""New events before each scrape, as 100 a second bring in the 5 s between two of Prometheus: a worker that nothing
happens to may say again what it has said."""
PAUSE_SECONDS: Final = 0.63
"""Between the events and the scrape, to fold them; no divisor of a second, at which the worker draws its wall."""
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
            await asyncio.to_thread(worker.wait_for_events, bench.sizes.scrape_events)
            await asyncio.to_thread(worker.wait_for_checkpoints)
            scrapes = await _scrapes(worker, kafka, bench.sizes.scrapes, phone, desks)
            sent = bench.sizes.scrape_events + bench.sizes.scrapes * EVENTS_BETWEEN
            shown = await asyncio.to_thread(worker.wait_for_events, sent)
        finally:
            worker.stop()
        assert shown.total("wachtmonitor_events_applied_total") == sent, "every event, and each once"
        seconds = spread(scrape.seconds for scrape in scrapes)
        size = f"{len(scrapes[-1].text) / 1024:,.0f} KiB"
        results.figures.append(Figure(SECTION, f"{clusters:,} clusters", "s", seconds, size, clusters))
        if clusters in PROMISES:
            promise = f"s for a scrape at {clusters:,} clusters"
            results.targets.append(Target(promise, PROMISES[clusters], seconds.middle, at_least=False))
        say(f"{clusters:,} clusters: {seconds.middle * 1000:.1f} ms, {size}")
    return results


async def _scrapes(
    worker: MeasuredWorker, kafka: KafkaSettings, times: int, phone: Sequence[str], desks: Sequence[str]
) -> list[Scrape]:
    """Each after new events of the last minutes."""
    count = times * EVENTS_BETWEEN
    coming = events(
        Load(count, int(time.time() * 1000) - 600_000, seed=77, phone=phone, desks=desks, span_ms=300_000)
    )
    found = []
    for _ in range(times):
        await fill(kafka, islice(coming, EVENTS_BETWEEN), by_contact(kafka))
        await asyncio.sleep(PAUSE_SECONDS)
        found.append(await asyncio.to_thread(worker.scrape))
    return found
