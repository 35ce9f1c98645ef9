"""What one of the workers does when its moment has come: close months, write their reports, make their snapshots.

Every worker runs the schedule, and the one that owns the first partition of the calls acts on it: the group hands
that to another when it dies. If two believe that they own it for a moment, fencing lets one through. An error here is
logged and never stops the counting. Must not know Faust.

Each minute it looks for what is due and not done yet, from what is written on Kafka. Faust's `app.crontab` would do
it at the moment alone (faust-streaming 0.15.3, faust/app/base.py): what falls due while no worker runs, or while none
is the leader, is lost until the next month; its error would end the worker; and its leader is whoever got a partition
of a topic made for that, which says nothing about the figures. Looking catches up by itself, and doing it twice is no
harm, since whatever was done stands on a topic.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final

from streams.kafka_writer import FENCED
from streams.reports.closer import close_due_months, months_to_show
from streams.reports.grafana import GrafanaError
from streams.reports.report_command import UNUSABLE
from streams.reports.report_files import ReportFileError, write_due_reports
from streams.reports.snapshot_index import SnapshotIndexError
from streams.reports.snapshots import SnapshotError, make_due
from streams.settings import Settings

log = logging.getLogger(__name__)

EXPLAINED: Final = (*UNUSABLE, ReportFileError, SnapshotError, SnapshotIndexError, GrafanaError)
"""Errors whose text says by itself what to do."""

PATIENCE_CHECKS: Final = 15
"""After a snapshot that failed, so many looks pass without another try: Grafana may be down for a while."""


async def run_schedule(settings: Settings, clock: Callable[[], int], is_in_charge: Callable[[], bool]) -> None:
    """Look every `closing.check_seconds` until cancelled; `clock` reads UTC ms."""
    looks_to_skip = 0
    while True:
        await asyncio.sleep(settings.closing.check_seconds)
        if not is_in_charge():
            continue
        await _tried("months could not be closed", close_due_months(settings, clock()))
        if settings.closing.reports_directory is not None:
            await _tried("reports could not be written", _write_reports(settings, clock()))
        if settings.grafana.url is None:
            continue
        if looks_to_skip:
            looks_to_skip -= 1
        elif not await _tried("snapshots could not be made", _make_snapshots(settings, clock())):
            looks_to_skip = PATIENCE_CHECKS


async def _write_reports(settings: Settings, now_ms: int) -> None:
    sources, shown = await months_to_show(settings, now_ms)
    for file in await asyncio.to_thread(write_due_reports, settings, sources, shown, now_ms):
        log.info("report written: %s", file)


async def _make_snapshots(settings: Settings, now_ms: int) -> None:
    for made in await make_due(settings, *await months_to_show(settings, now_ms), now_ms):
        log.info("snapshot of %s: %s", made.entry.month, made.entry.url)


async def _tried(failed: str, work: Coroutine[Any, Any, object]) -> bool:
    """Whether it came to its end."""
    try:
        await work
    except FENCED:
        log.info("another worker does the same at this moment")
    except EXPLAINED as error:
        log.error("%s, which will be tried again: %s", failed, error)
        return False
    except Exception:
        log.exception("%s, which will be tried again", failed)
        return False
    return True
