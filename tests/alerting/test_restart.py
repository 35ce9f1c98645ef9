"""A restart of a real Prometheus tells of nothing, though it answers with the samples of before for five minutes.

What it had scraped and recorded until it went away is put into its store; the rest is real: its start, its first
evaluations, which come before the first scrape, and the scrapes of a worker that was there all the time.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Final

import pytest

from dashboards.alarms.alerts import held, nameless
from dashboards.alarms.rules import ALARMS
from streams.channels.calls.events import Answered, Offered
from streams.contracts.events import instant_ms
from streams.core.rules import SECOND_MS
from streams.settings import Settings, load
from tests.alerting import scraped
from tests.alerting.prometheus import Prometheus, Span, needed_by, raw_metrics
from tests.alerting.replay import AnyEvent, Day, Replay
from tests.dashboards.monitored import SETTINGS
from tests.deploy.tools import needs

HISTORY_SECONDS: Final = 32 * 60
"""Scraped before: more than the half hour that the pace of the feed is taken of."""

AWAY_SECONDS: Final = 120
"""For at least this long Prometheus is away; and while the history is made."""

ANSWERED_SECONDS: Final = 300
"""For this long Prometheus answers with a sample, where nothing has told it that there are no more."""

REFUSES_SECONDS: Final = 12
"""The worker is found this long after the start: some evaluations come before the first scrape."""

PACE_SECONDS: Final = 7
"""A call comes in each so many seconds, all the time."""

MONITOR: Final = "monitor-down"


def always_open(directory: Path) -> Settings:
    """The settings of Lier, but open at all times."""
    text = SETTINGS.read_text(encoding="utf-8")
    for hours in ("08:30-12:00, 13:00-16:00", "closed"):
        text = text.replace(f'"{hours}"', '"00:00-24:00"')
    file = directory / "wachtmonitor.toml"
    file.write_text(text.replace('public_holidays = "BE"', 'public_holidays = "none"'), encoding="utf-8")
    return load(file, {})


def calls(start: int, end: int) -> list[AnyEvent]:
    """Calls that are answered within the norm."""
    events: list[AnyEvent] = []
    for at in range(start, end, PACE_SECONDS):
        events.append(Offered(call_id=f"{at}", cluster="Klantencontactcentrum", at=at))
        events.append(Answered(call_id=f"{at}", cluster="Klantencontactcentrum", at=at + 20))
    return sorted(events, key=lambda event: instant_ms(event.at))


class Worker:
    """A worker that reads on while Prometheus is away; it shows its page once it `answers`."""

    def __init__(self, settings: Settings, wanted: set[str], events: list[AnyEvent]) -> None:
        self._replay = Replay(settings, wanted)
        self._unread = events
        self._lock = Lock()
        self.answers = False

    def scraped(self, span: Span) -> Iterator[str]:
        """The samples of a span that is over."""
        known = [event for event in self._unread if instant_ms(event.at) <= span.end * SECOND_MS]
        self._unread = self._unread[len(known) :]
        return self._replay.day(Day("history", known, span))

    def page(self) -> bytes | None:
        """The page of this second."""
        with self._lock:
            now = int(time.time())
            known = [event for event in self._unread if instant_ms(event.at) <= now * SECOND_MS]
            self._unread = self._unread[len(known) :]
            page = self._replay.page(known, now)
        return page if self.answers else None


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    """A worker, and in `tmp_path`/data what a Prometheus scraped of it until it went away."""
    needs("promtool")
    passes = needed_by({alarm.series for alarm in ALARMS})
    end = int(time.time()) - AWAY_SECONDS
    end -= end % PACE_SECONDS
    span = Span(end - HISTORY_SECONDS, end)
    made = Worker(always_open(tmp_path), raw_metrics(passes), calls(span.start, end + 3600))
    with Prometheus(tmp_path) as store:
        store.add([made.scraped(span)])
        store.record(passes, [span])
    return made


def above(url: str) -> set[str]:
    """The alarms whose bound is passed, as Grafana sees them now."""
    return {
        alarm.uid
        for alarm in ALARMS
        if any(value > alarm.fires_above for _, value in scraped.series(url, nameless(held(alarm))))
    }


@pytest.mark.timeout(300)
def test_nothing_is_told_when_prometheus_comes_back(worker: Worker, tmp_path: Path) -> None:
    with (
        scraped.pages(worker.page) as target,
        scraped.prometheus(scraped.configuration([target], {}), tmp_path) as url,
    ):
        ((_, old),) = scraped.series(
            url, "time() - timestamp(wachtmonitor_last_event_timestamp_seconds{topic='calls'})"
        )
        assert AWAY_SECONDS < old < ANSWERED_SECONDS, "it does not answer with the samples of before"
        began = time.monotonic()
        while time.monotonic() < began + REFUSES_SECONDS:
            assert above(url) <= {MONITOR}
            time.sleep(1)
        # nobody is reached, and that is told at once, though `up` of before is still answered
        assert above(url) == {MONITOR}
        worker.answers = True
        scraped.wait_for(lambda: above(url) == set(), "the worker is scraped")
        fresh = "topic:wachtmonitor_feed_age_seconds:min{topic='calls'} < 30"
        began = time.monotonic()
        while time.monotonic() < began + REFUSES_SECONDS:
            assert above(url) == set()
            assert scraped.series(url, fresh)
            time.sleep(1)
