"""Days replayed: events folded at their times, and the worker's pages read every five seconds of them."""

import re
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from streams.contracts.events import AnyCallEvent, AnyTicketEvent, CallEvent, instant_ms
from streams.contracts.rejections import Reason
from streams.core.calendar import Calendar, Opening
from streams.core.rules import DAY_MS, MINUTE_MS, SECOND_MS, Channel
from streams.core.state import CallState, TicketState
from streams.publish.collector import Metrics
from streams.publish.month_metrics import MonthMetrics
from streams.publish.observed import DELETED_UNREAD, Observed, PartitionHealth, Reported
from streams.settings import Settings
from streams.sources.delimited import read_rows
from streams.sources.mapping import load_mapping
from streams.sources.simulation import SimulationPlan, simulate_day
from tests.alerting.prometheus import SCRAPE_SECONDS, Span
from tests.alerting.truth import BEFORE, Broken, Incident, Trouble, Watch, overlong_waits, silences

AnyEvent = AnyCallEvent | AnyTicketEvent

MARGIN_SECONDS: Final = 20 * 60
"""Replayed before opening and after closing: so long that every alert has ended."""

_PAGE_OF_MONTHS_SECONDS: Final = 60

LOST_RECORDS: Final = 5


class Day(NamedTuple):
    """A day to replay: its events by time, the span, and what goes wrong in it."""

    name: str
    events: list[AnyEvent]
    span: Span
    incidents: tuple[Incident, ...] = ()

    @property
    def goes_down(self) -> bool:
        """Whether no worker answers for a while."""
        return any(incident.trouble is Trouble.DOWN for incident in self.incidents)

    def has(self, trouble: Trouble, at_ms: int) -> bool:
        """Whether this goes wrong at this moment."""
        return any(incident.holds(trouble, at_ms) for incident in self.incidents)


# The days.


def simulated_days(settings: Settings, first: date, count: int) -> list[Day]:
    """As many open days from `first` on, each with a seed of its own."""
    days: list[Day] = []
    day = first
    while len(days) < count:
        events = simulate_day(SimulationPlan(), settings.rules, day, seed=len(days) + 1)
        if events:
            days.append(Day(f"simulated {day}", events, _span(settings, day)))
        day += timedelta(days=1)
    return days


def real_days(settings: Settings, mapping: Path, file: Path) -> list[Day]:
    """The days of a file of real calls, each with the calls that came in on it."""
    with file.open("rb") as stream:
        rows = [row.events for row in read_rows(stream, load_mapping(mapping)) if row.events]
    calendar = Calendar(settings.rules)
    by_day: dict[int, list[AnyEvent]] = {}
    for events in rows:
        by_day.setdefault(calendar.day(instant_ms(events[0].at)), []).extend(events)
    days = []
    for ordinal, events in sorted(by_day.items()):
        events.sort(key=lambda event: instant_ms(event.at))
        day = date.fromordinal(ordinal)
        days.append(Day(f"real {day}", events, _span(settings, day)))
    return days


def _span(settings: Settings, day: date) -> Span:
    """From before opening to after closing."""
    calendar = Calendar(settings.rules)
    noon_ms = (day - date(1970, 1, 1)).days * DAY_MS + DAY_MS // 2
    minutes = range(noon_ms - DAY_MS, noon_ms + DAY_MS, MINUTE_MS)
    is_open = [at for at in minutes if calendar.day(at) == day.toordinal() and calendar.opening(at) is Opening.OPEN]
    margin = MARGIN_SECONDS
    return Span(is_open[0] // SECOND_MS - margin, is_open[-1] // SECOND_MS + MINUTE_MS // SECOND_MS + margin)


# The replay.


def _lines(page: bytes, wanted: Container[str]) -> list[str]:
    """The series of some metrics on a page: of a page of a thousand lines Prometheus would keep a fifth here."""
    return [line for line in page.decode().splitlines() if re.split("[{ ]", line, maxsplit=1)[0] in wanted]


class Replay:
    """Folds days one after the other; months go on over them, as in a worker."""

    def __init__(self, settings: Settings, wanted: Iterable[str]) -> None:
        """`wanted` are the metrics that are sampled."""
        self.settings = settings
        self.calendar = Calendar(settings.rules)
        self._calls = CallState(settings.rules)
        self._tickets = TicketState(settings.rules)
        self._wanted = frozenset(wanted)
        self._now_ms = 0
        self._unread = 0
        self._live = Metrics(self._observed)
        self._months = MonthMetrics(self._observed, Reported())
        self._month_lines: list[str] = []
        self._watch = Watch(self.calendar)
        self.broken: list[Broken] = []

    def day(self, day: Day) -> Iterator[str]:
        """The samples of one day, as lines; when they are read, `broken` knows what was wrong on it."""
        events = [event for event in day.events if not day.has(Trouble.SILENT, instant_ms(event.at))]
        times = [instant_ms(event.at) for event in events]
        applied = 0
        for at in range(day.span.start - day.span.start % SCRAPE_SECONDS, day.span.end + 1, SCRAPE_SECONDS):
            self._now_ms = at * SECOND_MS
            due = bisect_right(times, self._now_ms)
            if not day.has(Trouble.STUCK, self._now_ms):
                self._apply(events[applied:due])
                applied = due
            self._unread = due - applied
            if day.has(Trouble.REFUSED, self._now_ms) and at % 10 == 0:
                self._calls.reject(Reason.MALFORMED_JSON.value, self._now_ms)
            if day.has(Trouble.LOST, self._now_ms):
                self._calls.rejected[DELETED_UNREAD] = LOST_RECORDS
            down = day.has(Trouble.DOWN, self._now_ms)
            yield from self._scrape(at, down=down)
            self._watch.look(at, self._observed(), down=down)
        self._apply(events[applied:])
        self._conclude(day, events)

    def _apply(self, events: Iterable[AnyEvent]) -> None:
        for event in events:
            if isinstance(event, CallEvent):
                self._calls.apply(event, instant_ms(event.at))
            else:
                self._tickets.apply(event, instant_ms(event.at))

    def _scrape(self, at: int, *, down: bool) -> Iterator[str]:
        yield f'up{{job="wachtmonitor",instance="worker:9464"}} {int(not down)} {at}'
        if not down:
            if not self._month_lines or at % _PAGE_OF_MONTHS_SECONDS == 0:
                self._month_lines = _lines(self._months.render(), self._wanted)
            yield from (f"{line} {at}" for line in (*_lines(self._live.render(), self._wanted), *self._month_lines))

    def _conclude(self, day: Day, events: list[AnyEvent]) -> None:
        self._watch.end(day.span.end)
        clusters = self.settings.rules.channel_clusters(Channel.PHONE)
        norms = {name: cluster.norm_ms / SECOND_MS for name, cluster in clusters.items()}
        wrong = [
            *self._watch.broken,
            *overlong_waits(events, norms, self.calendar, day.span.end),
            *silences(events, day.incidents),
        ]
        start, end = day.span
        self.broken += [
            each if each.start > start else each._replace(start=BEFORE) for each in wrong if start < each.end <= end
        ]
        self._watch.broken = []

    def _observed(self) -> Observed:
        norms, web = self.settings.norms, self.settings.web
        return Observed(
            now_ms=self._now_ms,
            rules=self.settings.rules,
            service_level_ratio=norms.service_level_ratio,
            service_level_seconds=norms.service_level_seconds,
            missed_ratio=norms.missed_ratio,
            calls_stale_seconds=web.calls_stale_seconds,
            tickets_stale_seconds=web.tickets_stale_seconds,
            partitions=[self._health("calls", self._calls), self._health("tickets", self._tickets)],
        )

    def _health(self, topic: str, state: CallState | TicketState) -> PartitionHealth:
        return PartitionHealth(
            topic=topic,
            partition=0,
            state=state,
            next_offset=state.applied,
            high_watermark=state.applied + (self._unread if state is self._calls else 0),
            checkpoint_offset=state.applied,
            checkpoint_written_ms=self._now_ms,
        )
