"""The soak: a real worker on a real Kafka at several times the busiest hour, for hours. Its memory must stay flat."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from streams.kafka import ensure_topics
from streams.runtime.clock import system_clock
from streams.settings import KafkaSettings, load
from streams.sources.pacing import paced
from streams.sources.sender import EventSender
from tests.bench.events import LIER_DESKS, LIER_PHONE
from tests.bench.settings import write_settings
from tests.runtime.workers import WorkerProcess, settle, until
from tests.soak.pace import busiest_hour, copies
from tests.soak.watch import Watch, slope_an_hour

BEFORE_MS: Final = 80 * 60_000
"""What happened so long before the start is sent at once: the longest window is full from the beginning."""

WARM_UP_RATIO: Final = 0.25
"""Share of the time after which memory is judged: pools, caches and the first whole checkpoints are there by then."""

GROWTH_BYTES_AN_HOUR: Final = 8 * 1024 * 1024
"""What flat means: the slope of the memory after the warm-up, by least squares. The worker remembers every contact
for 35 days, which is meant to grow (by some 3 MiB in such an hour); the rest is for the noise of an allocator."""

REPORT_SECONDS: Final = 300.0

_MIB: Final = 1024 * 1024


async def soak(kafka: KafkaSettings, directory: Path, hours: float, times: int, say: Callable[[str], None]) -> bool:
    """Run it, say what came of it; whether the memory stayed flat and every event was counted."""
    hour = busiest_hour(load(None, {}).rules)
    rate = len(hour.events) * times
    say(f"busiest hour of the simulation: {len(hour.events)} events; {times} times that: {rate:,} events an hour")
    settings_file = write_settings(directory / "wachtmonitor.toml", LIER_PHONE, LIER_DESKS)
    await ensure_topics(kafka)
    worker = WorkerProcess(kafka, directory / "worker.log", settings_file, verbose=False)
    try:
        await until(worker.is_healthy, "a healthy worker")
        watch = Watch(worker)
        async with watch.watching(), EventSender(kafka) as sender:
            telling = asyncio.create_task(_tell(watch, say))
            sent = 0
            end_ms = system_clock() + round(hours * 3_600_000)
            events = copies(hour, times, system_clock() - BEFORE_MS)
            async for event in paced(events, clock=system_clock, sleep=asyncio.sleep, speed=1.0):
                if system_clock() >= end_ms:
                    break
                await sender.send(event)
                sent += 1
            telling.cancel()
            await sender.flush()
            await settle(kafka, [worker])
            return await _judge(watch, sent, hours, say)
    finally:
        worker.stop()


async def _tell(watch: Watch, say: Callable[[str], None]) -> None:
    while True:
        await asyncio.sleep(REPORT_SECONDS)
        last = watch.samples[-1]
        say(
            f"{last.seconds / 60:5.1f} min  {last.rss_bytes / _MIB:6.1f} MiB  "
            f"{last.remembered:,.0f} contacts remembered  {watch.frames} frames on the wall"
        )


async def _judge(watch: Watch, sent: int, hours: float, say: Callable[[str], None]) -> bool:
    figures = await watch.figures()
    applied, rejected = figures["wachtmonitor_events_applied_total"], figures["wachtmonitor_records_rejected_total"]
    from_seconds = hours * 3600 * WARM_UP_RATIO
    judged = [each for each in watch.samples if each.seconds >= from_seconds]
    slope = slope_an_hour(judged)
    flat, exact = slope <= GROWTH_BYTES_AN_HOUR, (applied, rejected) == (sent, 0)
    first, last = judged[0], judged[-1]
    say(f"events         sent {sent:,}, counted {applied:,.0f}, refused {rejected:,.0f}: {_verdict(exact)}")
    say(f"wall           {watch.frames} frames, {len(watch.samples)} scrapes")
    say(
        f"memory         {first.rss_bytes / _MIB:.1f} MiB after the warm-up, {last.rss_bytes / _MIB:.1f} MiB at the "
        f"end, at most {max(each.rss_bytes for each in watch.samples) / _MIB:.1f} MiB"
    )
    say(
        f"slope          {slope / _MIB:+.2f} MiB an hour over {(last.seconds - first.seconds) / 60:.0f} minutes and "
        f"{len(judged)} samples, {last.remembered - first.remembered:,.0f} more contacts remembered; "
        f"at most {GROWTH_BYTES_AN_HOUR / _MIB:.0f}: {_verdict(flat)}"
    )
    return flat and exact


def _verdict(good: bool) -> str:
    return "ok" if good else "NOT OK"


def elapsed(started: float) -> str:
    """Minutes and seconds since a moment of the monotonic clock."""
    minutes, seconds = divmod(round(time.monotonic() - started), 60)
    return f"{minutes}:{seconds:02d}"
