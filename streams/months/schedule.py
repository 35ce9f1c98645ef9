"""What one of the workers does when its moment has come: close months, write their reports, make their snapshots.

Every worker runs the schedule, and the one that owns the first partition of the calls acts on it: the group hands
that to another when it dies. If two believe that they own it for a moment, fencing lets one through. An error here is
logged and never stops the counting. The time is the brokers', never this machine's, and where the two are minutes
apart nothing is done. Must not know Faust.

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

from streams.kafka.broker_time import BrokerTime
from streams.kafka.clock import broker_time
from streams.kafka.writer import FENCED
from streams.months.aside import aside
from streams.months.closing.close import close_due_months, months_to_show
from streams.months.reading import UNUSABLE
from streams.months.report.files import ReportFileError, write_due_reports
from streams.months.snapshot.grafana import GrafanaError, token_of
from streams.months.snapshot.make import AwaitedError, SnapshotError, make_due
from streams.months.snapshot.prometheus import PrometheusError
from streams.records.snapshots import SnapshotIndexError
from streams.settings import KafkaSettings, Secret, Settings

log = logging.getLogger(__name__)

EXPLAINED: Final = (*UNUSABLE, ReportFileError, SnapshotError, SnapshotIndexError, GrafanaError, PrometheusError)
"""Errors whose text says by itself what to do."""

PATIENCE_CHECKS: Final = 15
"""After a snapshot that failed, so many looks pass without another try: a Grafana or Prometheus may be down for a
while. A token that is new is tried at once."""

AWAITED_CHECKS: Final = 5
"""For so many looks it is no trouble that Prometheus has not come to a month's figures: it reads them each minute."""


async def run_schedule(settings: Settings, clock: Callable[[], int], is_in_charge: Callable[[], bool]) -> None:
    """Look every `closing.check_seconds` until cancelled; `clock` reads this machine's time, UTC ms."""
    official = OfficialTime(settings.kafka, clock)
    snapshots = Snapshots(settings)
    while True:
        await asyncio.sleep(settings.closing.check_seconds)
        if not is_in_charge():
            continue
        if (time := await official.look()) is None:
            continue
        await _tried("months could not be closed", close_due_months(settings, time))
        if settings.closing.reports_directory is not None:
            await _tried("reports could not be written", _write_reports(settings, time))
        if settings.grafana.url is not None:
            await snapshots.look(time)


class Snapshots:
    """Makes those that are due; what they wait for is said when it begins, changes and ends, and not at each look."""

    def __init__(self, settings: Settings) -> None:
        """The settings name a Grafana, which need not be there."""
        self._settings = settings
        self._looks_to_skip = 0
        self._looks_awaited = 0
        self._token: Secret | None = None
        self._waits_for: str | None = None

    async def look(self, time: BrokerTime) -> None:
        """Make what is due, unless it must wait."""
        try:
            token = await aside(lambda: token_of(self._settings.grafana))
        except GrafanaError as error:
            self._token = None
            self._say(str(error))
            return
        if token != self._token:
            self._token, self._looks_to_skip = token, 0
        if self._looks_to_skip:
            self._looks_to_skip -= 1
            return
        try:
            await _make_snapshots(self._settings, time)
        except FENCED:
            log.info("another worker does the same at this moment")
        except AwaitedError as error:
            self._looks_awaited += 1
            if self._looks_awaited > AWAITED_CHECKS:
                self._say(str(error))
            else:
                log.info("%s", error)
        except Exception as error:
            self._looks_to_skip = PATIENCE_CHECKS
            if not isinstance(error, EXPLAINED):
                log.exception("snapshots could not be made, which will be tried again")
            else:
                self._say(str(error))
        else:
            self._looks_awaited = 0
            self._say(None)

    def _say(self, waits_for: str | None) -> None:
        if waits_for == self._waits_for:
            return
        self._waits_for = waits_for
        if waits_for is None:
            log.info("snapshots wait no longer")
        else:
            log.warning("snapshots wait, and nothing else: %s", waits_for)


class OfficialTime:
    """The brokers' time, as long as there is no doubt about it; a doubt is said when it begins and when it ends."""

    def __init__(self, kafka: KafkaSettings, clock: Callable[[], int]) -> None:
        self._kafka = kafka
        self._clock = clock
        self._in_doubt = False

    async def look(self) -> BrokerTime | None:
        """What time it is; None when nothing official may be done."""
        try:
            time = await broker_time(self._kafka, self._clock)
            doubt = time.doubt
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody knows the time, and the next look asks anew
            time, doubt = None, str(error) if isinstance(error, EXPLAINED) else repr(error)
        if self._in_doubt != (doubt is not None):
            self._in_doubt = doubt is not None
            if doubt is None:
                log.info("months, reports and snapshots wait no longer: the time is beyond doubt")
            else:
                log.warning("months, reports and snapshots wait: %s", doubt)
        return time if doubt is None else None


async def _write_reports(settings: Settings, time: BrokerTime) -> None:
    sources, shown = await months_to_show(settings, time)
    for file in await asyncio.to_thread(write_due_reports, settings, sources, shown, time.now_ms):
        log.info("report written: %s", file)


async def _make_snapshots(settings: Settings, time: BrokerTime) -> None:
    for made in await make_due(settings, *await months_to_show(settings, time), time.now_ms):
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
