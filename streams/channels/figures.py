"""What is shown at a moment: waiting now, rolling windows, today, months.

Views of settled states that change nothing in them; the moment comes in as `now_ms`. Everything here adds up over
states, and so over partitions and workers, except the longest wait, of which the largest counts.
"""

from collections.abc import Iterable, Mapping, Set
from itertools import pairwise
from typing import Final

import msgspec

from streams.channels import empty_tally
from streams.core.counts import Tally
from streams.core.rules import MINUTE_MS, Channel, Cluster, Rules
from streams.core.settled import AnySettled
from streams.core.waiting import MonthKey

TODAY: Final = "today"
"""Name of the window that is the local day; the rolling ones are named `5m`, `15m` and so on."""


class Waiting(msgspec.Struct, gc=False):
    """Who waits now in one cluster. The longest waits are None when nobody waits."""

    count: int = 0
    """Callers, or visitors with an appointment who have arrived."""
    longest_ms: int | None = None
    """For visitors from the later of arrival and planned start: who comes late has not waited before coming."""
    since_ms: int | None = None
    """The moment from which the longest wait counts, which may be yet to come."""
    walk_ins: int = 0
    """Visitors without an appointment, in figures of their own."""
    longest_walk_in_ms: int | None = None

    def add(self, count: int, since_ms: int | None, now_ms: int) -> None:
        """Add callers, or visitors with an appointment."""
        self.count += count
        self.since_ms = earlier(self.since_ms, since_ms)
        self.longest_ms = wait_ms(self.since_ms, now_ms)

    def add_walk_ins(self, count: int, since_ms: int | None, now_ms: int) -> None:
        """Add visitors without an appointment."""
        self.walk_ins += count
        self.longest_walk_in_ms = _longer(self.longest_walk_in_ms, wait_ms(since_ms, now_ms))


def earlier(one_ms: int | None, other_ms: int | None) -> int | None:
    """The earlier of two moments, of which either may be none."""
    return min((each for each in (one_ms, other_ms) if each is not None), default=None)


def wait_ms(since_ms: int | None, now_ms: int) -> int | None:
    """How long somebody has waited, 0 before the wait begins; None for nobody."""
    return None if since_ms is None else max(0, now_ms - since_ms)


class ClusterFigures(msgspec.Struct, gc=False):
    """Everything shown of one cluster: `windows` by name, empty tallies included."""

    cluster: Cluster
    waiting: Waiting
    windows: dict[str, Tally]


MonthTotals = dict[MonthKey, Tally]
"""Tally by month (`YYYY-MM`) and cluster."""


def window_name(minutes: int) -> str:
    """Name of a rolling window, as in labels and on screens."""
    return f"{minutes}m"


def window_names(rules: Rules) -> tuple[str, ...]:
    """The names of all windows, the local day last."""
    return (*(window_name(minutes) for minutes in rules.windows_minutes), TODAY)


def figures(states: Iterable[AnySettled], rules: Rules, now_ms: int) -> list[ClusterFigures]:
    """The figures of every cluster of the rules over the given states, in the order of the settings."""
    shown = {
        (cluster.channel, cluster.name): ClusterFigures(
            cluster, Waiting(), {name: empty_tally(cluster.channel) for name in window_names(rules)}
        )
        for cluster in rules.clusters
    }
    for state in states:
        mine = {name: each for (channel, name), each in shown.items() if channel is state.channel}
        _add_windows(mine, state, now_ms)
        _add_open(mine, state, now_ms)
    _nest_windows(shown.values(), rules)
    return list(shown.values())


def _add_windows(shown: dict[str, ClusterFigures], state: AnySettled, now_ms: int) -> None:
    """A window of W minutes ends with the slot that `now` lies in and holds W minutes of slots.

    Each slot is added once, to the shortest window that holds it; `_nest_windows` makes the longer ones whole.
    """
    rules = state.rules
    end = now_ms // rules.slot_ms + 1
    newest = end
    for minutes in sorted(rules.windows_minutes):
        first = end - minutes * MINUTE_MS // rules.slot_ms
        tallies = _tallies(shown, window_name(minutes))
        for by_cluster in state.slot_sums(first, newest):
            _add_span(tallies, by_cluster)
        newest = first
    _add_span(_tallies(shown, TODAY), state.days.get(state.calendar.day(now_ms), {}))


def _tallies(shown: dict[str, ClusterFigures], window: str) -> dict[str, Tally]:
    return {name: each.windows[window] for name, each in shown.items()}


def _nest_windows(shown: Iterable[ClusterFigures], rules: Rules) -> None:
    """Add each window to the next longer one, which holds it."""
    names = [window_name(minutes) for minutes in sorted(rules.windows_minutes)]
    for each in shown:
        for shorter, longer in pairwise(names):
            each.windows[longer].add_without_sketch(each.windows[shorter])


def _add_span(tallies: dict[str, Tally], by_cluster: Mapping[str, Tally]) -> None:
    for name, tally in by_cluster.items():
        if name in tallies:
            tallies[name].add_without_sketch(tally)


def _add_open(shown: dict[str, ClusterFigures], state: AnySettled, now_ms: int) -> None:
    """Open contacts wait, unless they have expired: then they count as `unresolved` in their day."""
    room = state.look(now_ms)
    for line in room.lines:
        if line.count and line.cluster in shown:
            waiting = shown[line.cluster].waiting
            add = waiting.add_walk_ins if line.walk_in else waiting.add
            add(line.count, room.since_ms(line), now_ms)
    today = state.calendar.day(now_ms)
    for (day, cluster), excluded in room.days.items():
        if day == today and cluster in shown:
            shown[cluster].windows[TODAY].exclude(excluded)


def _longer(one_ms: int | None, other_ms: int | None) -> int | None:
    return max((each for each in (one_ms, other_ms) if each is not None), default=None)


def month_totals(state: AnySettled, now_ms: int, only: Set[MonthKey] | None = None) -> MonthTotals:
    """Every month's tally of one state, with the open contacts that have expired by `now_ms` as `unresolved`.

    With `only`, those of the given months and clusters in which anything is counted. Tallies without expired contacts
    are the state's own, not copies: encode them before folding on.
    """
    expired = state.look(now_ms).months
    keys = month_keys(state) | expired.keys() if only is None else only
    totals: MonthTotals = {}
    months: Mapping[str, Mapping[str, Tally]] = state.months
    for month, cluster in keys:
        tally = months.get(month, {}).get(cluster)
        excluded = expired.get((month, cluster))
        if excluded is not None:
            tally = _sum(state.channel, tally)
            tally.exclude(excluded)
        if tally is not None:
            totals[month, cluster] = tally
    return totals


def month_keys(state: AnySettled) -> set[MonthKey]:
    """The months and clusters in which anything is counted."""
    return {(month, cluster) for month, by_cluster in state.months.items() for cluster in by_cluster}


def _sum(channel: Channel, tally: Tally | None) -> Tally:
    copy = empty_tally(channel)
    if tally is not None:
        copy.add(tally)
    return copy
