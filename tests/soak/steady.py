"""The soak: a real worker on a real Kafka at several times the busiest hour, for hours. Its memory must stay flat."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from streams.core.rules import HOUR_MS
from streams.kafka.client import ensure_topics
from streams.process.clock import system_clock
from streams.settings import KafkaSettings, load
from streams.sources.pacing import paced
from streams.sources.sender import EventSender
from tests.bench.events import LIER_DESKS, LIER_PHONE
from tests.bench.settings import write_settings
from tests.runtime.workers import WorkerProcess, settle, until
from tests.soak.pace import busiest_hour, copies
from tests.soak.watch import Watch, slope_an_hour

BEFORE_MS: Final = 130 * 60_000
"""What happened so long before the start is sent at once: as much as states keep of the longest window."""

WARM_UP_AFTER_MS: Final = 60_000
"""The warm-up ends so long after the next full hour, up to which windows grow: what has left them is thrown away at
full hours. The memory is judged from then on."""

GROWTH_BYTES_AN_HOUR: Final = 4 * 1024 * 1024
"""What flat means: the slope of the memory after the warm-up, by least squares. Every contact is remembered for 35
days, which is meant to grow, by some 1.5 MiB in such an hour; the rest is for the noise of an allocator."""

REPORT_SECONDS: Final = 300.0

_MIB: Final = 1024 * 1024


async def soak(kafka: KafkaSettings, directory: Path, hours: float, times: int, say: Callable[[str], None]) -> bool:
    """Run it for so many hours after the warm-up; whether the memory stayed flat and every event was counted."""
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
            started_ms = system_clock()
            warm_ms = (started_ms // HOUR_MS + 1) * HOUR_MS + WARM_UP_AFTER_MS
            end_ms = warm_ms + round(hours * HOUR_MS)
            say(f"warm-up for {(warm_ms - started_ms) / 60_000:.0f} minutes, then {hours:g} h that are judged")
            events = copies(hour, times, started_ms - BEFORE_MS)
            async for event in paced(events, clock=system_clock, sleep=asyncio.sleep, speed=1.0):
                if system_clock() >= end_ms:
                    break
                await sender.send(event)
                sent += 1
            telling.cancel()
            await sender.flush()
            await settle(kafka, [worker])
            watch.write(directory / "memory.csv")
            return await _judge(watch, sent, (warm_ms - started_ms) / 1000, say)
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


async def _judge(watch: Watch, sent: int, from_seconds: float, say: Callable[[str], None]) -> bool:
    figures = await watch.figures()
    applied, rejected = figures["wachtmonitor_events_applied_total"], figures["wachtmonitor_records_rejected_total"]
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
