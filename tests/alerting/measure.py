"""Alarms measured on replayed days: how soon they fire, how often for nothing, and whether they flap."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from dashboards.alarms.alerts import EVALUATION_SECONDS, held
from dashboards.alarms.rules import ALARMS, Alarm
from streams.core.calendar import Calendar, Opening
from streams.core.rules import SECOND_MS
from streams.settings import Settings
from tests.alerting.grafana import Firing, firings
from tests.alerting.prometheus import GRAFANA_PHASE, Prometheus, Span, needed_by, on_grid, raw_metrics
from tests.alerting.replay import Day, Replay
from tests.alerting.truth import BEFORE, Broken, Incident, Trouble

FLAP_SECONDS: Final = 600
"""Two messages about one thing within this time are a flap."""

LATEST_SECONDS: Final = 30
"""How late a firing may be, and how long after the trouble is over it may still begin."""

AGE_SECONDS: Final = 4 + 4 + 4
"""How old what Grafana sees is at most here: scrape, figures and alarms, each 4 s after the one before."""


class Seen(NamedTuple):
    """What Grafana saw of one alert instance on one day: each evaluation's second and value, None where none was."""

    alarm: Alarm
    where: str
    values: list[tuple[float, float | None]]


class Fired(NamedTuple):
    """One firing of one alert instance."""

    alarm: Alarm
    where: str
    firing: Firing


class Measured(NamedTuple):
    """What an alarm did over some days. Delays count from the moment that something was wrong, without the hold."""

    alarm: Alarm
    wrong: int
    firings: int
    delays: tuple[float, ...]
    missed: int
    false: int
    flaps: int
    outside: int


def replay(settings: Settings, days: Sequence[Day], directory: Path) -> tuple[list[Seen], list[Broken]]:
    """Play the days in a Prometheus in `directory`: what Grafana sees, and what was wrong."""
    passes = needed_by({alarm.series for alarm in ALARMS})
    run = Replay(settings, raw_metrics(passes))
    with Prometheus(directory) as prometheus:
        prometheus.add(run.day(day) for day in days)
        spans = [day.span for day in days]
        prometheus.record(passes, spans, _spans(days, Trouble.BLIND))
        for alarm in ALARMS:
            _expect_everything(prometheus, alarm, [day.span for day in days if not day.loses_data])
        seen = [each for alarm in ALARMS for each in _seen(prometheus, alarm, spans)]
    unwatched = _spans(days, Trouble.UNWATCHED)
    return [_watched(each, unwatched) for each in seen], run.broken


def _spans(days: Iterable[Day], trouble: Trouble) -> list[Span]:
    return [Span(each.start, each.end) for day in days for each in day.incidents if each.trouble is trouble]


def _watched(seen: Seen, away: Sequence[Span]) -> Seen:
    """Without the evaluations of a Grafana that was away."""
    return seen._replace(
        values=[(at, value) for at, value in seen.values if not any(each.start <= at < each.end for each in away)]
    )


def fired(seen: Iterable[Seen]) -> list[Fired]:
    """Every day begins anew: nights are not replayed, and nothing fires in them."""
    return [Fired(each.alarm, each.where, firing) for each in seen for firing in firings(each.alarm, each.values)]


def _expect_everything(prometheus: Prometheus, alarm: Alarm, spans: Iterable[Span]) -> None:
    """Grafana takes a rule for one without data when any of its queries has none (eval.go, `IsNoData`).

    When workers go down the queries lose their data one after the other, and the alarms keep their states.
    """
    for span in spans:
        compared, *others = (
            {
                at
                for values in prometheus.range(expr, span, EVALUATION_SECONDS, GRAFANA_PHASE).values()
                for at, _ in values
            }
            for expr in (held(alarm), alarm.figure, alarm.norm)
            if expr
        )
        for seen in others:
            assert compared <= seen, f"{alarm.uid}: a figure or norm is absent at {sorted(compared - seen)[:3]}"


def _seen(prometheus: Prometheus, alarm: Alarm, spans: Iterable[Span]) -> Iterator[Seen]:
    for span in spans:
        step = EVALUATION_SECONDS
        found = prometheus.range(held(alarm), span, step, GRAFANA_PHASE)
        for labels, values in found.items():
            names = dict(labels)
            where = names.get("cluster", names.get("topic", ""))
            yield Seen(alarm, where, list(on_grid(values, span, step)))


def measure(alarm: Alarm, told: Iterable[Fired], broken: Iterable[Broken], calendar: Calendar) -> Measured:
    """Compare what an alarm did with what was wrong."""
    mine = [each for each in told if each.alarm is alarm]
    wrong = [each for each in broken if each.alarm == alarm.uid]
    delays: list[float] = []
    missed = 0
    for each in (each for each in wrong if each.start > BEFORE and not _told_already(each, mine)):
        delay = _delay(alarm, each, mine)
        if delay is not None:
            delays.append(delay)
        elif each.end - each.start > alarm.hold_seconds + LATEST_SECONDS:
            missed += 1
    return Measured(
        alarm=alarm,
        wrong=len(wrong),
        firings=len(mine),
        delays=tuple(delays),
        missed=missed,
        false=sum(not any(explains(cause, each) for cause in wrong) for each in mine),
        flaps=sum(
            after.firing.start - before.firing.start < FLAP_SECONDS
            for before in mine
            for after in mine
            if after.where == before.where and after.firing.start > before.firing.start
        ),
        outside=sum(not _open_when_seen(calendar, each.firing.start) for each in mine),
    )


def _told_already(cause: Broken, told: Iterable[Fired]) -> bool:
    """Whether the alert goes on from something earlier when this begins, so that it needs no message."""
    return any(each.where == cause.where and each.firing.start < cause.start <= each.firing.end for each in told)


def _delay(alarm: Alarm, cause: Broken, told: Iterable[Fired]) -> float | None:
    """Seconds from the cause, without the hold, to the firing that began in it; None if none did."""
    starts = [each.firing.start for each in told if each.where == cause.where]
    begun = min((at for at in starts if cause.start <= at <= cause.end + LATEST_SECONDS), default=None)
    return None if begun is None else max(0.0, begun - cause.start - alarm.hold_seconds)


def explains(cause: Broken, each: Fired) -> bool:
    """Whether an alert fired about this: it held while the cause did, by hysteresis perhaps a little longer."""
    latest = cause.end + each.alarm.hold_seconds + LATEST_SECONDS
    return cause.where == each.where and cause.start <= each.firing.start <= latest


def _open_when_seen(calendar: Calendar, at: float) -> bool:
    """Whether it was open at the moment that Grafana's figures are of: closing is seen as late as the rest."""
    return any(calendar.opening(int(at - age) * SECOND_MS) is Opening.OPEN for age in range(AGE_SECONDS + 1))


# The days that are measured.

_BEFORE_SECONDS: Final = 40 * 60
"""Replayed before trouble begins: the pace of a feed is that of the half hour before."""

_AFTER_SECONDS: Final = 15 * 60

TROUBLES: Final = (
    *[Incident(Trouble.SILENT, start, start + 600) for start in range(3_900, 3_900 + 20 * 290, 290)],
    *[Incident(Trouble.DOWN, start, start + 120) for start in (4_000, 5_003, 6_007)],
    *[Incident(Trouble.STUCK, start, start + 600) for start in (4_000, 5_003, 6_007)],
    *[Incident(Trouble.REFUSED, start, start + 300) for start in (4_000, 5_003, 6_007)],
    Incident(Trouble.LOST, 4_000, 4_300),
)
"""One for each day, in seconds after opening: at no round time, so that it meets every phase of the clocks.

What was lost counts for a day, so that comes last."""


def troubled(days: Sequence[Day], margin: int) -> list[Day]:
    """The days with trouble in each, and no more of them than that needs."""
    found = []
    for day, trouble in zip(days, TROUBLES, strict=False):
        opened = day.span.start + margin
        incident = Incident(trouble.trouble, opened + trouble.start, opened + trouble.end)
        span = Span(incident.start - _BEFORE_SECONDS, incident.end + _AFTER_SECONDS)
        found.append(day._replace(span=span, incidents=(incident,)))
    return found


TROUBLE_ALARMS: Final = frozenset(
    {
        "feed-silent",
        "feed-lost",
        "monitor-down",
        "monitor-behind",
        "records-rejected",
        "records-lost",
    }
)
"""What is measured on days with trouble; what they do on ordinary days is measured there."""


def all_measured(settings: Settings, days: Sequence[Day], directory: Path, *, trouble: bool) -> list[Measured]:
    """Replay some days and measure every alarm, or on days with trouble those that tell of it."""
    seen, broken = replay(settings, days, directory)
    told, calendar = fired(seen), Calendar(settings.rules)
    return [measure(alarm, told, broken, calendar) for alarm in ALARMS if not trouble or alarm.uid in TROUBLE_ALARMS]


HEAD: Final = "| alarm | held for | wrong | fired | seconds to firing | missed | false | flaps | outside hours |"


def table(title: str, measured: Iterable[Measured]) -> str:
    """The measurements as Markdown; seconds are median and maximum, from the wrong moment and without the hold."""
    lines = [f"**{title}**", "", HEAD, "| --- |" + " --- |" * 8]
    for each in measured:
        delays = f"{median(each.delays):.0f}, {max(each.delays):.0f}" if each.delays else "-"
        cells = (
            f"`{each.alarm.uid}`",
            f"{each.alarm.hold_seconds} s",
            each.wrong,
            each.firings,
            delays,
            each.missed,
            each.false,
            each.flaps,
            each.outside,
        )
        lines.append(f"| {' | '.join(str(cell) for cell in cells)} |")
    return "\n".join(lines) + "\n"
