"""What was really wrong on a replayed day, by plain arithmetic over events and folded figures, without Prometheus.

The longest wait and the silences come from the events alone; averages and shares from the tallies, which the tests of
the core hold against SQL. Must not know rules, alerts or Prometheus.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum, auto
from itertools import pairwise
from typing import Final, NamedTuple

from streams.channels.calls.counts import PhoneTally
from streams.channels.calls.events import AnyCallEvent, CallEvent, Offered
from streams.channels.figures import ClusterFigures, figures
from streams.channels.visits.counts import DeskTally
from streams.channels.visits.events import AnyTicketEvent
from streams.contracts.events import instant_ms
from streams.core.calendar import Calendar, Opening
from streams.core.norms import ServiceLevel
from streams.core.rules import MINUTE_MS, SECOND_MS, Channel
from streams.live.observed import DELETED_UNREAD, Observed

AnyEvent = AnyCallEvent | AnyTicketEvent

FAST_BURN: Final = 2.0
SLOW_BURN: Final = 1.0
MOST_UNREAD: Final = 20
MOST_REFUSED: Final = 5
"""The bounds of the alarms, once more: whoever changes one should see what it does to the measurements."""


class Trouble(Enum):
    """What can happen to the feed or the monitor."""

    SILENT = auto()
    """The source sends nothing: its events never come."""
    DOWN = auto()
    """No worker runs: it goes on from its checkpoint afterwards."""
    CUT_OFF = auto()
    """Kafka is away: the workers show no figures, and the sources keep their events until it is back."""
    BLIND = auto()
    """Prometheus is away."""
    UNWATCHED = auto()
    """Grafana is away."""
    STUCK = auto()
    """The worker answers and reads nothing."""
    REFUSED = auto()
    """A record that is no event, every ten seconds."""
    LOST = auto()
    """Kafka deletes records before the worker reads them, once, at the start."""


class Incident(NamedTuple):
    """Trouble from one second to another, since 1970."""

    trouble: Trouble
    start: int
    end: int

    def holds(self, trouble: Trouble, at_ms: int) -> bool:
        """Whether it is this trouble and goes on at this moment."""
        return self.trouble is trouble and self.start * SECOND_MS <= at_ms < self.end * SECOND_MS


BEFORE: Final = float("-inf")
"""The start of what was wrong before a replay began, and so could not be told in time."""


class Broken(NamedTuple):
    """From when to when something was wrong, in seconds since 1970, for one cluster or topic; empty for all."""

    alarm: str
    where: str
    start: float
    end: float


def overlong_waits(
    events: Iterable[AnyEvent], norms_seconds: dict[str, float], calendar: Calendar, end: float
) -> list[Broken]:
    """When somebody on the phone had waited longer than the norm of the cluster, in opening hours.

    A call waits from `offered` to its answer or end, and at most until `end`, when nobody looks any more.
    """
    began: dict[str, tuple[str, int]] = {}
    ended: dict[str, int] = {}
    for event in events:
        if isinstance(event, Offered):
            began[event.call_id] = (event.cluster, instant_ms(event.at))
        elif isinstance(event, CallEvent):
            ended[event.call_id] = min(instant_ms(event.at), ended.get(event.call_id, 1 << 62))
    waits: dict[str, list[tuple[float, float]]] = {}
    for call_id, (cluster, at_ms) in began.items():
        start = at_ms / SECOND_MS + norms_seconds[cluster]
        until = min(end, ended[call_id] / SECOND_MS) if call_id in ended else end
        waits.setdefault(cluster, []).extend(_open_parts(start, until, calendar))
    return [Broken("longest-wait", cluster, *span) for cluster, spans in waits.items() for span in union(spans)]


def _open_parts(start: float, end: float, calendar: Calendar) -> Iterator[tuple[float, float]]:
    """The parts of a span that lie in opening hours; opening changes at whole minutes."""
    at = start
    while at < end:
        minute_end = (int(at) // 60 + 1) * 60
        if calendar.opening(int(at * SECOND_MS)) is Opening.OPEN:
            yield at, min(end, minute_end)
        at = minute_end


def union(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spans that touch or overlap made one, by their start."""
    merged: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


class Watch:
    """Looks at the figures every few seconds and remembers since when each is over its bound."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._since: dict[tuple[str, str], float] = {}
        self._refused: deque[tuple[int, int]] = deque()
        self._backlog_since: int | None = None
        self.broken: list[Broken] = []

    def look(self, at: int, observed: Observed, *, down: bool, blind: bool = False) -> None:
        """Take note of what is wrong at this second."""
        is_open = self._calendar.opening(at * SECOND_MS) is Opening.OPEN
        wrong = set(self._wrong(at, observed)) if is_open else set()
        if is_open and not observed.partitions and not down:
            wrong |= {("partitions-without-worker", topic) for topic in ("calls", "tickets")}
        if down or blind:
            wrong = (wrong if blind else set()) | {("monitor-down", "")}
        for key in self._since.keys() - wrong:
            self.broken.append(Broken(*key, self._since.pop(key), at))
        for key in wrong - self._since.keys():
            self._since[key] = at

    def end(self, at: int) -> None:
        """The day is over: what is still wrong ends."""
        self.broken.extend(Broken(*key, since, at) for key, since in self._since.items())
        self._since.clear()

    def _wrong(self, at: int, observed: Observed) -> Iterator[tuple[str, str]]:
        for each in figures(observed.settle(), observed.rules, observed.now_ms):
            cluster = each.cluster.name
            alarms = _phone_alarms(each, observed) if each.cluster.channel is Channel.PHONE else _desk_alarms(each)
            yield from ((alarm, cluster) for alarm in alarms)
        yield from self._troubles(at, observed)

    def _troubles(self, at: int, observed: Observed) -> Iterator[tuple[str, str]]:
        unread = sum(each.lag or 0 for each in observed.feed(Channel.PHONE))
        self._backlog_since = (self._backlog_since or at) if unread > MOST_UNREAD else None
        if self._backlog_since is not None and at - self._backlog_since >= MINUTE_MS // SECOND_MS:
            yield "monitor-behind", "calls"
        lost = sum(each.state.rejected.get(DELETED_UNREAD, 0) for each in observed.feed(Channel.PHONE))
        if lost:
            yield "records-lost", "calls"
        refused = sum(sum(each.state.rejected.values()) for each in observed.feed(Channel.PHONE)) - lost
        self._refused.append((at, refused))
        while self._refused[0][0] < at - 15 * 60:
            self._refused.popleft()
        if refused - self._refused[0][1] > MOST_REFUSED:
            yield "records-rejected", "calls"


def _phone_alarms(each: ClusterFigures, observed: Observed) -> Iterator[str]:
    windows = {name: tally for name, tally in each.windows.items() if isinstance(tally, PhoneTally)}
    quarter, hour, today = windows["15m"], windows["60m"], windows["today"]
    if quarter.answered >= 5 and quarter.wait_ms / quarter.answered > each.cluster.norm_ms:
        yield "average-wait"
    level = observed.norms.service_level(each.cluster.channel, each.cluster.name)
    slow = [_slow_burn(tally, level) for tally in (quarter, hour)]
    if hour.answered >= 20 and quarter.answered and min(slow) > FAST_BURN:
        yield "service-level-hour"
    missed = [_missed_burn(tally, observed) for tally in (quarter, hour)]
    if hour.offered >= 20 and quarter.offered and min(missed) > FAST_BURN:
        yield "missed-calls-hour"
    month, year = _longer(each, observed)
    if today.answered >= 100 and min(_slow_burn(today, level), _slow_burn(month, level)) > SLOW_BURN:
        yield "service-level-month"
    if today.offered >= 100 and min(_missed_burn(today, observed), _missed_burn(year, observed)) > SLOW_BURN:
        yield "missed-calls-year"


def _desk_alarms(each: ClusterFigures) -> Iterator[str]:
    hour = each.windows["60m"]
    if isinstance(hour, DeskTally) and hour.served >= 3 and hour.wait_ms / hour.served > each.cluster.norm_ms:
        yield "desk-wait"


def _longer(each: ClusterFigures, observed: Observed) -> tuple[PhoneTally, PhoneTally]:
    """The tallies of the month and of the calendar year so far."""
    month, year = PhoneTally(), PhoneTally()
    for state in observed.settle():
        this_month = state.calendar.month(observed.now_ms)
        for name, by_cluster in state.months.items():
            tally = by_cluster.get(each.cluster.name)
            if isinstance(tally, PhoneTally):
                if name == this_month:
                    month.add(tally)
                if name[:4] == this_month[:4]:
                    year.add(tally)
    return month, year


def _slow_burn(tally: PhoneTally, level: ServiceLevel) -> float:
    if not tally.answered:
        return 0.0
    share = tally.answered_within(level.seconds * SECOND_MS) / tally.answered
    return (1 - share) / (1 - level.ratio)


def _missed_burn(tally: PhoneTally, observed: Observed) -> float:
    return tally.missed / tally.offered / observed.norms.missed_ratio if tally.offered else 0.0


def silences(events: Sequence[AnyEvent], incidents: Iterable[Incident]) -> Iterator[Broken]:
    """From the last event before a source fell silent to the first one after it, for all feeds and for each topic.

    A worker that reads nothing sees the same silence, though events come: until it reads again.
    """
    moments = [
        (instant_ms(event.at) / SECOND_MS, "calls" if isinstance(event, CallEvent) else "tickets") for event in events
    ]
    for incident in incidents:
        if incident.trouble in (Trouble.SILENT, Trouble.STUCK):
            for alarm, where, topics in (
                ("feed-silent", "", ("calls", "tickets")),
                ("feed-lost", "calls", ("calls",)),
            ):
                before = [at for at, topic in moments if topic in topics and at < incident.start]
                after = [at for at, topic in moments if topic in topics and at >= incident.start]
                over = incident.end if incident.trouble is Trouble.STUCK else min(after, default=incident.end)
                if before:
                    yield Broken(alarm, where, max(before), over)


def quiet_times(moments: Sequence[float], shortest_seconds: float) -> Iterator[Broken]:
    """When no event came for long, though nothing was broken: that is what `feed-silent` says, and it is true."""
    for before, after in pairwise(moments):
        if after - before > shortest_seconds:
            yield Broken("feed-silent", "", before, after)
