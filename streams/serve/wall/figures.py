"""From the whole of what workers observe to the moment on the wall: averages and shares, where there is a divisor.

Everything before it adds up.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from streams.channels import channel_of
from streams.channels.figures import wait_ms, window_names
from streams.core.rules import SECOND_MS, Channel, Cluster, Rules
from streams.live.observed import Observed
from streams.live.share import Line, counts_in_line, parts_of
from streams.live.whole import Whole, alone
from streams.serve.wall.layout import LAYOUTS
from streams.serve.wall.moment import ClusterNow, Moment, Trouble
from streams.serve.wall.payload import FeedStatus

RECENT_MINUTES: Final = 15
"""The rolling window that the wall would show: long enough for some calls, short enough to act on."""


def wall_moment(observed: Observed, whole: Whole | None = None, *, demo: bool) -> Moment:
    """Everything on the wall at the observed moment; `demo` says that nobody really waits.

    Without a whole to show, what is observed here is all there is.
    """
    whole = whole or alone(parts_of(observed))
    rules = observed.rules
    return Moment(
        at=_local(observed.now_ms, rules),
        opening=observed.opening.value,
        demo=demo,
        feeds=_feeds(observed, whole),
        clusters=tuple(_cluster(each, whole.lines[each.channel].get(each.name), observed) for each in rules.clusters),
        norms=observed.norms,
        recent_minutes=min(rules.windows_minutes, key=lambda minutes: abs(minutes - RECENT_MINUTES)),
        problems=tuple(Trouble(message=each.on_wall, channels=each.channels) for each in whole.problems),
    )


def feeds(observed: Observed, whole: Whole | None = None) -> tuple[FeedStatus, ...]:
    """How fresh each feed is, as far as the partitions at hand tell."""
    return tuple(_feeds(observed, whole or alone(parts_of(observed, with_figures=False))).values())


def _feeds(observed: Observed, whole: Whole) -> Mapping[Channel, FeedStatus]:
    return {channel: _feed(observed, whole, channel) for channel in LAYOUTS}


def _feed(observed: Observed, whole: Whole, channel: Channel) -> FeedStatus:
    feed = whole.feeds.get(channel)
    age_ms = None if feed is None else wait_ms(feed.last_event_ms, observed.now_ms)
    return FeedStatus(
        topic=LAYOUTS[channel].feed,
        age_seconds=None if age_ms is None else age_ms / SECOND_MS,
        lag=None if feed is None else feed.lag,
        behind_seconds=None if feed is None else feed.behind_ms / SECOND_MS,
        stale_after_seconds=observed.stale_seconds[channel],
    )


def _local(at_ms: int, rules: Rules) -> str:
    return (
        datetime.fromtimestamp(at_ms / SECOND_MS, UTC).astimezone(ZoneInfo(rules.zone)).isoformat(timespec="seconds")
    )


def _cluster(cluster: Cluster, line: Line | None, observed: Observed) -> ClusterNow:
    if line is None:
        line = Line(cluster.name, None, [0] * counts_in_line(cluster.channel, observed.rules))
    longest_ms = wait_ms(line.since_ms, observed.now_ms)
    layout = LAYOUTS[cluster.channel]
    return ClusterNow(
        channel=cluster.channel,
        cluster=cluster.name,
        norm_seconds=cluster.norm_ms / SECOND_MS,
        waiting=line.counts[0],
        longest_wait_seconds=None if longest_ms is None else longest_ms / SECOND_MS,
        staff=observed.staffing.get((cluster.channel, cluster.name)),
        windows={name: layout.window(sums) for name, sums in _windows(cluster.channel, line, observed.rules)},
    )


def _windows(channel: Channel, line: Line, rules: Rules) -> Iterator[tuple[str, list[int]]]:
    """The sums of each window."""
    sums = channel_of(channel).tally.shared_sums
    for index, name in enumerate(window_names(rules)):
        start = 1 + sums * index
        yield name, line.counts[start : start + sums]
