"""From what a worker observes to what the wall is told: averages and shares, where there is anything to divide by.

The only place that divides: everything before it adds up. Must not know how the page looks or is sent.
"""

from datetime import UTC, datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

from streams.core.figures import ClusterFigures, figures
from streams.core.rules import SECOND_MS, Channel, Rules
from streams.core.tally import DeskTally, PhoneTally
from streams.publish.observed import Observed, answered_within, last_event_ms
from streams.publish.wall import DeskCluster, DeskWindow, FeedStatus, Norms, PhoneCluster, PhoneWindow, WallPayload

RECENT_MINUTES: Final = 15
"""The rolling window that the wall would show: long enough for some calls, short enough to act on."""

_FEEDS: Final[dict[Channel, Literal["calls", "tickets"]]] = {Channel.PHONE: "calls", Channel.DESK: "tickets"}
"""What the wall calls the feed of each channel, whatever its topic is named in the settings."""


def wall_payload(observed: Observed, *, demo: bool) -> WallPayload:
    """Everything on the wall at the observed moment; `demo` says that nobody really waits."""
    rules = observed.rules
    return WallPayload(
        at=_local(observed.now_ms, rules),
        opening=observed.opening.value,
        demo=demo,
        feeds=feeds(observed),
        clusters=tuple(_cluster(each, observed) for each in figures(observed.states, rules, observed.now_ms)),
        norms=Norms(
            within_30_ratio=observed.service_level_ratio,
            missed_ratio=observed.missed_ratio,
            service_level_seconds=observed.service_level_seconds,
        ),
        recent_minutes=min(rules.windows_minutes, key=lambda minutes: abs(minutes - RECENT_MINUTES)),
    )


def feeds(observed: Observed) -> tuple[FeedStatus, ...]:
    """How fresh each feed is, as far as this worker's partitions tell; a lag that is not known counts as none."""
    return tuple(_feed(observed, channel) for channel in Channel)


def _feed(observed: Observed, channel: Channel) -> FeedStatus:
    partitions = observed.feed(channel)
    last_ms = last_event_ms(partitions)
    return FeedStatus(
        topic=_FEEDS[channel],
        age_seconds=None if last_ms is None else max(0, observed.now_ms - last_ms) / SECOND_MS,
        lag=sum(each.lag or 0 for each in partitions),
        behind_seconds=max((each.behind_ms for each in partitions), default=0) / SECOND_MS,
        stale_after_seconds=observed.stale_seconds(channel),
    )


def _local(at_ms: int, rules: Rules) -> str:
    return (
        datetime.fromtimestamp(at_ms / SECOND_MS, UTC).astimezone(ZoneInfo(rules.zone)).isoformat(timespec="seconds")
    )


def _cluster(each: ClusterFigures, observed: Observed) -> PhoneCluster | DeskCluster:
    cluster, waiting = each.cluster, each.waiting
    longest_seconds = None if waiting.longest_ms is None else waiting.longest_ms / SECOND_MS
    if cluster.channel is Channel.PHONE:
        return PhoneCluster(
            cluster=cluster.name,
            norm_seconds=cluster.norm_ms / SECOND_MS,
            waiting=waiting.count,
            longest_wait_seconds=longest_seconds,
            windows={
                name: _phone_window(tally, observed.service_level_ms)
                for name, tally in each.windows.items()
                if isinstance(tally, PhoneTally)
            },
        )
    return DeskCluster(
        cluster=cluster.name,
        norm_seconds=cluster.norm_ms / SECOND_MS,
        waiting=waiting.count,
        longest_wait_seconds=longest_seconds,
        windows={name: _desk_window(tally) for name, tally in each.windows.items() if isinstance(tally, DeskTally)},
    )


def _phone_window(tally: PhoneTally, service_level_ms: int) -> PhoneWindow:
    return PhoneWindow(
        count=tally.answered,
        average_wait_seconds=_ratio(tally.wait_ms / SECOND_MS, tally.answered),
        within_30_ratio=_ratio(answered_within(tally, service_level_ms), tally.answered),
        missed=tally.missed,
        missed_ratio=_ratio(tally.missed, tally.offered),
    )


def _desk_window(tally: DeskTally) -> DeskWindow:
    return DeskWindow(
        count=tally.served,
        average_wait_seconds=_ratio(tally.wait_ms / SECOND_MS, tally.served),
        walk_ins=tally.walk_ins,
        no_shows=tally.no_shows,
    )


def _ratio(total: float, count: int) -> float | None:
    """The quotient; None where nothing was counted, since no figure is neither 0 nor 100 %."""
    return total / count if count else None
