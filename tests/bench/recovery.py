"""How long a worker takes to come back: with many open contacts, and with a backlog to catch up.

What the contacts cost is the time to the figures beyond that of a worker without any: the start of the program, of
the group and of the Kafka clients is the same for both, and shown.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Final

from streams.core.rules import Channel
from streams.settings import KafkaSettings
from tests.bench.bench import Bench
from tests.bench.events import LIER_PHONE, SPAN_MS, Event, events
from tests.bench.filling import PARTITIONS, by_contact, fill
from tests.bench.report import Figure, Results, Target
from tests.bench.scraping import MeasuredWorker, Scrape
from tests.bench.spreads import spread

SECTION: Final = "Recovery"
PROMISE_SECONDS: Final = 2.0


async def measure(bench: Bench, say: Callable[[str], None]) -> Results:
    """An empty worker and one with contacts in turns, then one with a backlog."""
    contacts, backlog = bench.sizes.open_contacts, bench.sizes.backlog_events
    empty, full = await bench.topics(), await bench.topics()
    await fill(full, open_calls(contacts, bench.load(0).start_ms), by_contact(full))
    first = await asyncio.to_thread(_settle, bench, full, contacts)
    starts: list[tuple[float, float]] = []
    for _ in range(bench.sizes.repeats):
        bare = await asyncio.to_thread(_start, bench, empty, 0)
        starts.append((bare, await asyncio.to_thread(_start, bench, full, contacts)))
        say(f"figures {bare:.2f} s after an empty start, {starts[-1][1]:.2f} s with {contacts:,} open contacts")
    await fill(full, events(bench.load(backlog)), by_contact(full))
    caught_up = await asyncio.to_thread(_catch_up, bench, full, contacts, backlog)
    say(f"{backlog:,} events caught up within {caught_up:.1f} s")
    cost = spread(loaded - bare for bare, loaded in starts)
    note = f"{contacts:,} open contacts"
    size = first.total("wachtmonitor_checkpoint_size_bytes")
    seconds = first.largest("wachtmonitor_checkpoint_duration_seconds")
    return Results(
        figures=[
            Figure(SECTION, "start to figures, nothing to recover", "s", spread(bare for bare, _ in starts)),
            Figure(SECTION, "start to figures", "s", spread(loaded for _, loaded in starts), note),
            Figure(SECTION, "recovery of the contacts", "s", cost, note),
            Figure(SECTION, "checkpoints of all partitions", "bytes", spread([size]), note),
            Figure(SECTION, "longest checkpoint of a partition", "s", spread([seconds]), note),
            Figure(
                SECTION, "catching up, from the first figures on", "s", spread([caught_up]), f"{backlog:,} events"
            ),
        ],
        targets=[
            Target(f"s to recover {note}, beyond an empty start", PROMISE_SECONDS, cost.middle, at_least=False),
        ],
    )


def open_calls(count: int, start_ms: int) -> Iterator[Event]:
    """Calls that nobody has answered yet, spread over the half hour."""
    for number in range(count):
        at_ms = start_ms + number * SPAN_MS // count
        key, cluster = f"{start_ms // 1000:x}o-{number:08d}", LIER_PHONE[0]
        stamp = f"{at_ms // 1000}.{at_ms % 1000:03d}"
        value = f'{{"type":"offered","call_id":"{key}","cluster":"{cluster}","at":{stamp},"hold":0}}'
        yield Event(at_ms, Channel.PHONE, "offered", key.encode(), value.encode(), cluster, 0)


def _worker(bench: Bench, kafka: KafkaSettings) -> MeasuredWorker:
    return MeasuredWorker(kafka, bench.log("recovery"), bench.settings_file(), verbose=False)


def _settle(bench: Bench, kafka: KafkaSettings, events_there: int) -> Scrape:
    """Let a worker take in everything and leave its checkpoints."""
    worker = _worker(bench, kafka)
    try:
        worker.wait_for_events(events_there)
        settled = worker.wait_for_checkpoints()
        assert worker.terminate() == 0, worker.log()
    finally:
        worker.stop()
    return settled


def _start(bench: Bench, kafka: KafkaSettings, contacts: int) -> float:
    """Seconds from starting a worker to figures that hold all contacts."""
    started = time.perf_counter()
    worker = _worker(bench, kafka)
    try:
        shown = worker.wait(lambda scrape: _has(scrape, contacts), f"{contacts} contacts")
        assert worker.terminate() == 0, worker.log()
    finally:
        worker.stop()
    return shown.at - started


def _has(scrape: Scrape, contacts: int) -> bool:
    owned = scrape.total("wachtmonitor_owned_partitions") == 2 * PARTITIONS
    return owned and scrape.total("wachtmonitor_open_contacts") >= contacts


def _catch_up(bench: Bench, kafka: KafkaSettings, contacts: int, backlog: int) -> float:
    """Seconds from the first figures to all of the backlog."""
    worker = _worker(bench, kafka)
    try:
        first = worker.wait(lambda scrape: _has(scrape, contacts), f"{contacts} contacts")
        return worker.wait_for_events(contacts + backlog).at - first.at
    finally:
        worker.stop()
