"""Prometheus, the workers, Kafka and Grafana away for a while, with calls coming in all the time: what is told of it.

What may be told is what is wrong: that nobody measures, or that nobody reads the partitions. False is every other
message: of people who do not wait, of a feed that is not silent. The days are simulated as those of `measure`, and so
are the clocks, at their unluckiest; how long everybody needs to be back is in `replay`.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Final, NamedTuple

from streams.contracts.events import instant_ms
from streams.core.rules import SECOND_MS
from streams.settings import Settings
from streams.sources.simulation import SimulationPlan
from tests.alerting.measure import Fired, explains, fired, replay
from tests.alerting.prometheus import Span
from tests.alerting.replay import JOINS_SECONDS, MARGIN_SECONDS, Day
from tests.alerting.truth import Broken, Incident, Trouble, quiet_times

MINUTES: Final = (1, 5, 30)

BUSY: Final = SimulationPlan(calls_per_day=1200)
"""Twice the calls of an ordinary day: so many that no minute is quiet by itself."""

AWAY: Final = {
    Trouble.BLIND: "Prometheus",
    Trouble.DOWN: "the workers",
    Trouble.CUT_OFF: "Kafka",
    Trouble.UNWATCHED: "Grafana",
}

QUIET_SECONDS: Final = 55
"""A silence of this length is told truly: `feed-silent` fires at 63 s without an event, as of the last scrape."""

BEFORE_SECONDS: Final = 35 * 60
"""Replayed before: the pace of a feed is that of the half hour before."""

AFTER_SECONDS: Final = 35 * 60
"""Replayed afterwards: as long as anything looks back."""

SETTLED_SECONDS: Final = 60
"""After the return, hold and keep-firing this long: then nothing about the monitor is told any more."""

DAY_SECONDS: Final = 86_400

MONITORS: Final = frozenset({"monitor-down", "partitions-without-worker", "monitor-behind", "checkpoint-overdue"})


class Outage(NamedTuple):
    """Who is away, for how many minutes."""

    trouble: Trouble
    minutes: int


OUTAGES: Final = tuple(Outage(*each) for each in product(AWAY, MINUTES))


class Outcome(NamedTuple):
    """What was told in the replays of an outage: by the monitor's own alarms, falsely by any, and for too long."""

    outage: Outage
    replays: int
    told: tuple[Fired, ...]
    false: tuple[Fired, ...]
    lasting: tuple[Fired, ...]


def with_outage(day: Day, outage: Outage, number: int) -> Day:
    """The day with an outage in its first hours: at no round time, so that it meets every phase of the clocks."""
    start = day.span.start + MARGIN_SECONDS + BEFORE_SECONDS + 5 * 60 + number * 13
    incident = Incident(outage.trouble, start, start + outage.minutes * 60)
    return day._replace(
        span=Span(start - BEFORE_SECONDS, incident.end + AFTER_SECONDS),
        incidents=(incident,),
        name=f"{day.name} {outage}",
    )


def outcomes(
    settings: Settings, days: Sequence[Day], outages: Sequence[Outage], directory: Path
) -> Iterator[Outcome]:
    """Replay the outages, each on as many days as there are for it, and say what was told."""
    troubled = [with_outage(day, outages[number % len(outages)], number) for number, day in enumerate(days)]
    seen, broken = replay(settings, troubled, directory)
    told = fired(seen)
    broken += [quiet for day in troubled for quiet in quiet_times(_moments(day), QUIET_SECONDS)]
    for number, outage in enumerate(outages):
        mine = troubled[number :: len(outages)]
        yield _outcome(outage, mine, [each for each in told if any(_in(each, day.span) for day in mine)], broken)


def _moments(day: Day) -> list[float]:
    """When events came to be seen."""
    return [day.published_ms(instant_ms(event.at)) / SECOND_MS for event in day.events]


def _in(each: Fired, span: Span) -> bool:
    return span.start <= each.firing.start <= span.end


def _outcome(outage: Outage, days: Sequence[Day], told: Sequence[Fired], broken: Sequence[Broken]) -> Outcome:
    return Outcome(
        outage,
        len(days),
        tuple(each for each in told if each.alarm.uid in MONITORS),
        tuple(
            each
            for each in told
            if not any(explains(cause, each) for cause in broken if cause.alarm == each.alarm.uid)
        ),
        tuple(each for each in told if each.alarm.uid in MONITORS and _lasts(each, days)),
    )


def _lasts(each: Fired, days: Iterable[Day]) -> bool:
    (back,) = (day.incidents[0].end + JOINS_SECONDS for day in days if _in(each, day.span))
    return each.firing.end > back + each.alarm.hold_seconds + each.alarm.keep_firing_seconds + SETTLED_SECONDS


HEAD: Final = "| away | for | told | of replays | false | told too long |"


def table(outcome: Iterable[Outcome]) -> str:
    """What was told, and in how many of the replays, as Markdown."""
    lines = [HEAD, "| --- |" + " --- |" * 5]
    for each in outcome:
        names = sorted({told.alarm.uid for told in each.told})
        cells = (
            AWAY[each.outage.trouble],
            f"{each.outage.minutes} min",
            ", ".join(f"`{name}`" for name in names) or "-",
            ", ".join(f"{_replays(each, name)} of {each.replays}" for name in names) or "-",
            ", ".join(f"`{wrong.alarm.uid}`" for wrong in each.false) or "0",
            ", ".join(f"`{late.alarm.uid}`" for late in each.lasting) or "0",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _replays(outcome: Outcome, alarm: str) -> int:
    """In how many replays, a day each, an alarm was told."""
    return len({int(each.firing.start) // DAY_SECONDS for each in outcome.told if each.alarm.uid == alarm})
