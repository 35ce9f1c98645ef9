"""Days replayed: events folded at their times, and the worker's pages read every five seconds of them."""

import re
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from streams.channels.calls.events import CallEvent
from streams.channels.calls.state import CallState
from streams.channels.visits.state import TicketState
from streams.contracts.events import instant_ms
from streams.contracts.rejections import Reason
from streams.core.calendar import Calendar, Opening
from streams.core.rules import DAY_MS, MINUTE_MS, SECOND_MS, Channel
from streams.live.observed import DELETED_UNREAD, Observed, PartitionHealth, Reported
from streams.serve.metrics.collector import Metrics
from streams.serve.metrics.months import MonthMetrics
from streams.settings import Settings
from streams.sources.files.events import read_rows
from streams.sources.mapping import load_mapping
from streams.sources.simulation import SimulationPlan, simulate_day
from tests.alerting.prometheus import SCRAPE_SECONDS, Span
from tests.alerting.truth import BEFORE, Broken, Incident, Trouble, Watch, overlong_waits, silences
from tests.applying import apply

AnyEvent = Any
"""Of either channel: what the simulator gives is an event of any."""

MARGIN_SECONDS: Final = 20 * 60
"""Replayed before opening and after closing: so long that every alert has ended."""

_PAGE_OF_MONTHS_SECONDS: Final = 60

LOST_RECORDS: Final = 5

GIVES_UP_SECONDS: Final = 10
"""After this time without Kafka a worker shows no figures; measured were six."""

JOINS_SECONDS: Final = 10
"""After this time a worker that was started, or that has Kafka again, owns its partitions."""

SOURCES_SECONDS: Final = 30
"""After this time the sources have found Kafka again, and send all that they have kept."""

SCRAPES_SECONDS: Final = 10
"""After this time a Prometheus that was started has scraped; its rules are evaluated from the beginning."""


class Day(NamedTuple):
    """A day to replay: its events by time, the span, and what goes wrong in it."""

    name: str
    events: list[AnyEvent]
    span: Span
    incidents: tuple[Incident, ...] = ()

    @property
    def loses_data(self) -> bool:
        """Whether Prometheus has no figures for a while."""
        return any(incident.trouble in (Trouble.DOWN, Trouble.CUT_OFF, Trouble.BLIND) for incident in self.incidents)

    def has(self, trouble: Trouble, at_ms: int, *, after: int = 0, late: int = 0) -> bool:
        """Whether this goes wrong at this moment; `after` so many seconds of it, or until `late` seconds after it."""
        return any(
            incident._replace(start=incident.start + after, end=incident.end + late).holds(trouble, at_ms)
            for incident in self.incidents
        )

    def is_owned(self, at_ms: int) -> bool:
        """Whether workers own the partitions."""
        down = self.has(Trouble.DOWN, at_ms, late=JOINS_SECONDS)
        return not down and not self.has(Trouble.CUT_OFF, at_ms, after=GIVES_UP_SECONDS, late=JOINS_SECONDS)

    def published_ms(self, at_ms: int) -> int:
        """When Kafka has an event of this moment: at once, or when the source finds Kafka again."""
        for incident in self.incidents:
            back = incident._replace(end=incident.end + SOURCES_SECONDS)
            if back.holds(Trouble.CUT_OFF, at_ms):
                return back.end * SECOND_MS
        return at_ms


# The days.


def simulated_days(settings: Settings, first: date, count: int, plan: SimulationPlan | None = None) -> list[Day]:
    """As many open days from `first` on, each with a seed of its own."""
    days: list[Day] = []
    day = first
    while len(days) < count:
        events = simulate_day(plan or SimulationPlan(), settings.rules, day, seed=len(days) + 1)
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
        self._owns = True
        self._live = Metrics(self._observed)
        self._months = MonthMetrics(self._observed, Reported())
        self._month_lines: list[str] = []
        self._watch = Watch(self.calendar)
        self.broken: list[Broken] = []

    def day(self, day: Day) -> Iterator[str]:
        """The samples of one day, as lines; when they are read, `broken` knows what was wrong on it."""
        events = [event for event in day.events if not day.has(Trouble.SILENT, instant_ms(event.at))]
        times = [day.published_ms(instant_ms(event.at)) for event in events]
        applied = 0
        for at in range(day.span.start - day.span.start % SCRAPE_SECONDS, day.span.end + 1, SCRAPE_SECONDS):
            self._now_ms = at * SECOND_MS
            due = bisect_right(times, self._now_ms)
            owned = day.is_owned(self._now_ms)
            # who takes a partition first shows what its checkpoint has
            if owned and self._owns and not day.has(Trouble.STUCK, self._now_ms):
                self._apply(events[applied:due], times[applied:due])
                applied = due
            self._owns = owned
            self._unread = due - applied
            if day.has(Trouble.REFUSED, self._now_ms) and at % 10 == 0:
                self._calls.reject(Reason.MALFORMED_JSON.value, self._now_ms)
            if day.has(Trouble.LOST, self._now_ms):
                self._calls.rejected[DELETED_UNREAD] = LOST_RECORDS
            yield from self._look(day, at)
        self._apply(events[applied:], times[applied:])
        self._conclude(day, events)

    def page(self, events: Sequence[AnyEvent], at: int) -> bytes:
        """What a worker shows at this second that has just read these events."""
        self._now_ms = at * SECOND_MS
        self._apply(events, [instant_ms(event.at) for event in events])
        return self._live.render()

    def _apply(self, events: Iterable[AnyEvent], times: Iterable[int]) -> None:
        for event, at_ms in zip(events, times, strict=True):
            if isinstance(event, CallEvent):
                apply(self._calls, event, at_ms)
            else:
                apply(self._tickets, event, at_ms)

    def _look(self, day: Day, at: int) -> Iterator[str]:
        """What Prometheus and the truth see at this second."""
        down = day.has(Trouble.DOWN, self._now_ms)
        blind = day.has(Trouble.BLIND, self._now_ms, late=SCRAPES_SECONDS)
        if not down and not blind:
            if not self._month_lines or at % _PAGE_OF_MONTHS_SECONDS == 0:
                self._month_lines = _lines(self._months.render(), self._wanted)
            yield from (f"{line} {at}" for line in (*_lines(self._live.render(), self._wanted), *self._month_lines))
        self._watch.look(at, self._observed(), down=down, blind=blind)

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
        web = self.settings.web
        return Observed(
            now_ms=self._now_ms,
            rules=self.settings.rules,
            norms=self.settings.norms,
            stale_seconds=web.silences(),
            partitions=[self._health("calls", self._calls), self._health("tickets", self._tickets)]
            if self._owns
            else [],
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
