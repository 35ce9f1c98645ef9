"""Alarms measured on replayed days: how soon they fire, how often for nothing, and whether they flap.

`python -m tests.alerting.measure` prints the table for twenty simulated days, and for the real calls where they are.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from dashboards.alarms import ALARMS, Alarm
from dashboards.alerts import EVALUATION_SECONDS
from streams.core.calendar import Calendar, Opening
from streams.core.rules import SECOND_MS
from streams.settings import Settings
from tests.alerting.grafana import Firing, firings
from tests.alerting.prometheus import Prometheus, Span, needed_by, on_grid, raw_metrics
from tests.alerting.replay import Day, Replay
from tests.alerting.truth import Broken

FLAP_SECONDS: Final = 600
"""Two messages about one thing within this time are a flap."""

LATEST_SECONDS: Final = 30
"""How late a firing may be, and how long after the trouble is over it may still begin: scrape, rules and Grafana
look every 5, 5 and 10 s, each on its own."""


class Fired(NamedTuple):
    """One firing of one alert instance."""

    alarm: Alarm
    where: str
    firing: Firing


class Measured(NamedTuple):
    """What an alarm did over some days. Delays count from the moment that something was wrong, without the hold."""

    alarm: Alarm
    firings: int
    delays: tuple[float, ...]
    missed: int
    false: int
    flaps: int
    outside: int


def replay(settings: Settings, days: Sequence[Day], directory: Path) -> tuple[list[Fired], list[Broken]]:
    """Play the days in a Prometheus in `directory`: what fired, and what was wrong."""
    passes = needed_by({alarm.series for alarm in ALARMS})
    run = Replay(settings, raw_metrics(passes) - {"up"})
    with Prometheus(directory) as prometheus:
        for day in days:
            prometheus.add(run.day(day))
        spans = [day.span for day in days]
        prometheus.record(passes, spans)
        fired = [each for alarm in ALARMS for each in _fired(prometheus, alarm, spans)]
    return fired, run.broken


def _fired(prometheus: Prometheus, alarm: Alarm, spans: Iterable[Span]) -> Iterator[Fired]:
    """Every span begins anew: nights are not replayed, and nothing fires in them."""
    for span in spans:
        step = EVALUATION_SECONDS
        found = prometheus.range(alarm.series, span, step, phase=2)
        for labels, values in found.items():
            names = dict(labels)
            where = names.get("cluster", names.get("topic", ""))
            yield from (Fired(alarm, where, each) for each in firings(alarm, on_grid(values, span, step)))


def measure(alarm: Alarm, fired: Iterable[Fired], broken: Iterable[Broken], calendar: Calendar) -> Measured:
    """Compare what an alarm did with what was wrong."""
    mine = [each for each in fired if each.alarm is alarm]
    wrong = [each for each in broken if each.alarm == alarm.uid]
    delays: list[float] = []
    missed = 0
    for each in wrong:
        answer = _answer(alarm, each, mine)
        if answer is not None:
            delays.append(answer)
        elif each.end - each.start > alarm.hold_seconds + LATEST_SECONDS:
            missed += 1
    return Measured(
        alarm=alarm,
        firings=len(mine),
        delays=tuple(delays),
        missed=missed,
        false=sum(not any(_explains(cause, each) for cause in wrong) for each in mine),
        flaps=sum(
            after.firing.start - before.firing.start < FLAP_SECONDS
            for before in mine
            for after in mine
            if after.where == before.where and after.firing.start > before.firing.start
        ),
        outside=sum(calendar.opening(int(each.firing.start * SECOND_MS)) is not Opening.OPEN for each in mine),
    )


def _answer(alarm: Alarm, cause: Broken, fired: Iterable[Fired]) -> float | None:
    """Seconds from the cause, without the hold, to the firing that began in it; None if none did.

    A cause that begins while the alert goes on from an earlier one needs no message and has no delay.
    """
    for each in fired:
        if each.where == cause.where and cause.start <= each.firing.start <= cause.end + LATEST_SECONDS:
            return each.firing.start - cause.start - alarm.hold_seconds
    if any(each.where == cause.where and each.firing.start < cause.start <= each.firing.end for each in fired):
        return 0.0
    return None


def _explains(cause: Broken, each: Fired) -> bool:
    return cause.where == each.where and cause.start <= each.firing.start <= cause.end + LATEST_SECONDS
