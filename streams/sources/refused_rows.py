"""The account of rows that the settings refuse: by fault, with how many, the first lines, and what to do.

Shows a cluster's name as far as it looks like one, and times; nothing else of what a row holds.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from streams.channels.acceptance import Explainer
from streams.channels.named_events import PLAN_FIELD, tag_of
from streams.channels.staffing import channel_told
from streams.contracts.events import instant_ms
from streams.contracts.names import as_toml, most_like, sentence, shown
from streams.contracts.rejections import Reason
from streams.contracts.spelling import Repaired
from streams.core.rules import SECOND_MS, Channel, Rules
from streams.sources.files.row import RefusedEvent

LINES_SHOWN: Final = 3
"""Lines named for each fault: enough to find it in the file."""

FAULTS_SHOWN: Final = 10
"""Faults that are spelt out, the most frequent: a summary that fits on a screen."""

FAULTS_KEPT: Final = 1_000
"""Different faults that are told apart. A column of anything but clusters has a new name in every row."""


_REMEDIES: Final = {
    Reason.TIME_IN_FUTURE: "Correct the rows, or the format of their times in the mapping: day and month are swapped "
    "easily.",
    Reason.TIME_TOO_EARLY: "Correct the format of the times in the mapping; or, to count what is so old, set an "
    "earlier day as `earliest` in [limits] of the settings and start the workers again.",
}
"""What to do in a file, where it is something else than at a source that sends by itself."""


class Fault(NamedTuple):
    """What rows of one fault have in common; `cluster` is the name that is not known, empty for other faults."""

    reason: Reason
    channel: Channel
    detail: str
    cluster: str = ""


class RefusedRows:
    """Rows that the settings refuse, counted by fault."""

    def __init__(self, rules: Rules) -> None:
        self.count = 0
        self._rules = rules
        self._zone = ZoneInfo(rules.zone)
        self._faults: Counter[Fault] = Counter()
        self._lines: dict[Fault, list[str]] = {}
        self._first: dict[Fault, RefusedEvent] = {}

    def add(self, line: int, refused: RefusedEvent) -> None:
        """Count the row that begins on a line."""
        self.count += 1
        fault = _fault_of(refused)
        if fault not in self._faults and len(self._faults) >= FAULTS_KEPT:
            return
        self._faults[fault] += 1
        self._first.setdefault(fault, refused)
        lines = self._lines.setdefault(fault, [])
        if len(lines) < LINES_SHOWN:
            lines.append(f"    line {line}{_moments(refused, self._zone)}")

    def lines(self) -> Iterator[str]:
        """The account, a line for each fault and what belongs to it."""
        for fault, count in self._faults.most_common(FAULTS_SHOWN):
            yield f"  {fault.reason}: {count:,}"
            yield f"    {self._explained(fault)}"
            yield from self._lines[fault]
            if count > LINES_SHOWN:
                yield f"    and {count - LINES_SHOWN:,} more"
        told = sum(count for _, count in self._faults.most_common(FAULTS_SHOWN))
        if told < self.count:
            yield f"  refused for other faults: {self.count - told:,}"

    def _explained(self, fault: Fault) -> str:
        """What is wrong, and what to do about it."""
        explainer = Explainer(fault.channel, self._rules)
        if not fault.cluster:
            first = self._first[fault]
            remedy = _REMEDIES.get(fault.reason, fault.reason.remedy)
            return f"{fault.detail}{explainer.by_how_much(first.event, first.record_ms)}. {remedy}"
        wrong = sentence(explainer.about(fault.cluster))
        if shown(fault.cluster) is None:
            return f"{wrong} Is the column in [cluster] of the mapping the right one?"
        like = most_like(fault.cluster, explainer.clusters)
        meant = "..." if like is None else like.name
        return (
            f"{wrong} Give it a name of the settings in the mapping, such as rename = "
            f"{{ {as_toml(fault.cluster)} = {as_toml(meant)} }} in [cluster], or add a [[cluster]] to the settings."
        )


def repaired_lines(repaired: Mapping[Repaired, int]) -> Iterator[str]:
    """The account of events that call their cluster otherwise than the settings and count all the same."""
    if not repaired:
        return
    yield f"Events whose cluster's name was repaired: {sum(repaired.values()):,}"
    most = sorted(repaired.items(), key=lambda each: -each[1])
    for (spelling, name, repair), count in most[:FAULTS_SHOWN]:
        yield f'  {shown(spelling) or "a name that is not shown"} counts for "{name}" ({repair}): {count:,}'
    if others := sum(count for _, count in most[FAULTS_SHOWN:]):
        yield f"  other spellings: {others:,}"


def _fault_of(refused: RefusedEvent) -> Fault:
    event, (reason, detail) = refused.event, (refused.rejection.reason, refused.rejection.detail)
    cluster = event.cluster if reason is Reason.UNKNOWN_CLUSTER else ""
    return Fault(reason, channel_told(event), detail, cluster)


def _moments(refused: RefusedEvent, zone: ZoneInfo) -> str:
    """The event's name and times, where these are what is wrong."""
    event = refused.event
    if refused.rejection.reason not in (Reason.TIME_IN_FUTURE, Reason.TIME_TOO_EARLY):
        return ""
    planned = getattr(event, PLAN_FIELD, None)
    told = f": {tag_of(type(event))} at {_written(event.at, zone)}"
    return told if planned is None else f"{told}, planned at {_written(planned, zone)}"


def _written(instant: datetime | float, zone: ZoneInfo) -> str:
    try:
        return datetime.fromtimestamp(instant_ms(instant) / SECOND_MS, zone).isoformat(timespec="seconds")
    except OverflowError:  # the first and the last day of all have no local time everywhere
        return datetime.fromtimestamp(instant_ms(instant) / SECOND_MS, UTC).isoformat(timespec="seconds")
