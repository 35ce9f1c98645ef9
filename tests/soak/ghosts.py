"""A million calls come in and nobody hears of them again: they wait on the wall, expire, and are counted as such."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from streams.channels.calls.events import Offered
from streams.core.rules import HOUR_MS
from streams.kafka.client import ensure_topics
from streams.process.clock import system_clock
from streams.settings import KafkaSettings
from streams.sources.sender import EventSender
from tests.bench.events import LIER_DESKS, LIER_PHONE
from tests.bench.settings import write_settings
from tests.runtime.workers import WorkerProcess, settle, until
from tests.soak.watch import Watch, peak_bytes, rss_bytes

WAITING_SECONDS: Final = 300.0
"""How long the first of them wait before they expire: time to send a million of them and to look."""

SPREAD_SECONDS: Final = 60.0
"""They expire one after the other within this time."""

EXPIRE_PATIENCE_SECONDS: Final = 900.0

_MIB: Final = 1024 * 1024
_WAITING: Final = "wachtmonitor_waiting_contacts"
_UNRESOLVED: Final = "wachtmonitor_month_excluded_contacts:unresolved"


async def haunt(kafka: KafkaSettings, directory: Path, count: int, say: Callable[[str], None]) -> bool:
    """Run it, say what came of it; whether all of them waited, expired and were counted, over a restart too."""
    settings_file = write_settings(directory / "wachtmonitor.toml", LIER_PHONE, LIER_DESKS)
    text = settings_file.read_text(encoding="utf-8").replace("call_expiry_hours = 4", "call_expiry_hours = 1")
    settings_file.write_text(text, encoding="utf-8")
    await ensure_topics(kafka)
    worker = WorkerProcess(kafka, directory / "worker.log", settings_file, verbose=False)
    try:
        await until(worker.is_healthy, "a healthy worker")
        empty = rss_bytes(worker.pid)
        started = time.monotonic()
        async with EventSender(kafka) as sender:
            for event in _ghosts(count, system_clock()):
                await sender.send(event)
        await settle(kafka, [worker])
        waiting = (await Watch(worker).figures())[_WAITING]
        say(f"{waiting:,.0f} of {count:,} calls wait, {time.monotonic() - started:.0f} s after the first was sent")
        full = rss_bytes(worker.pid)
        worker.kill()
        started = time.monotonic()
        worker = WorkerProcess(kafka, directory / "worker.log", settings_file, verbose=False)
        await until(worker.is_healthy, "a healthy worker")
        say(f"a worker that was killed and started again has them after {time.monotonic() - started:.1f} s")
        again = (await Watch(worker).figures())[_WAITING]
        unresolved, left = await _expired(worker, count)
        say(f"memory         {empty / _MIB:.0f} MiB empty, {full / _MIB:.0f} MiB with all of them open")
        say(
            f"               started again: at most {peak_bytes(worker.pid) / _MIB:.0f} MiB, "
            f"{rss_bytes(worker.pid) / _MIB:.0f} MiB when all have expired"
        )
        good = waiting == again == unresolved == count and left == 0
        verdict = "ok" if good else "NOT OK"
        say(f"ghosts         {unresolved:,.0f} counted as unresolved, {left:,.0f} still wait: {verdict}")
        return good
    finally:
        worker.stop()


def _ghosts(count: int, now_ms: int) -> Iterator[Offered]:
    first_ms = now_ms - HOUR_MS + round(WAITING_SECONDS * 1000)
    for number in range(count):
        at_ms = first_ms + round(number / count * SPREAD_SECONDS * 1000)
        yield Offered(call_id=f"ghost-{number:08d}", cluster=LIER_PHONE[0], at=at_ms / 1000)


async def _expired(worker: WorkerProcess, count: int) -> tuple[float, float]:
    """How many are counted as unresolved, and how many wait, once all or as many as do have expired."""
    watch = Watch(worker)
    until_moment = time.monotonic() + EXPIRE_PATIENCE_SECONDS
    while True:
        unresolved = (await watch.figures("/metrics/months"))[_UNRESOLVED]
        waiting = (await watch.figures())[_WAITING]
        if unresolved >= count or time.monotonic() > until_moment:
            return unresolved, waiting
        await asyncio.sleep(1.0)
