"""Invented figures for the tests of the web server and the wall page: a plausible Monday morning."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from streams.core.norms import Norms
from streams.core.rules import Channel
from streams.serve.wall.calls import CallsWindow
from streams.serve.wall.moment import ClusterNow, Moment, Trouble
from streams.serve.wall.payload import FeedStatus, Opening, WallPayload
from streams.serve.wall.say import said
from streams.serve.wall.visits import VisitsWindow
from streams.words import Language, words_of

NORMS: Final = Norms(service_level_seconds=30, service_level_ratio=0.70, missed_ratio=0.20)
NO_CALLS: Final = CallsWindow(count=0, average_wait_seconds=None, within_ratio=None, missed=0, missed_ratio=None)
NO_VISITS: Final = VisitsWindow(count=0, average_wait_seconds=None)
BUSY_QUARTER: Final = CallsWindow(
    count=41, average_wait_seconds=38.6, within_ratio=0.71, missed=3, missed_ratio=0.068
)
BUSY_DAY: Final = CallsWindow(
    count=812, average_wait_seconds=39.2, within_ratio=0.743, missed=60, missed_ratio=0.0688
)


def phone(
    *,
    cluster: str = "Klantencontactcentrum",
    waiting: int = 3,
    longest: float | None = 32.1,
    quarter: CallsWindow = BUSY_QUARTER,
    today: CallsWindow = BUSY_DAY,
) -> ClusterNow:
    """A telephone line with the norm of 45 seconds."""
    return ClusterNow(
        channel=Channel.PHONE,
        cluster=cluster,
        norm_seconds=45.0,
        waiting=waiting,
        longest_wait_seconds=longest,
        windows={"15m": quarter, "today": today},
    )


def desk(  # noqa: PLR0917 - a table of desks reads best in columns
    cluster: str,
    norm: float,
    waiting: int = 0,
    longest: float | None = None,
    quarter: float | None = None,
    today: float | None = None,
) -> ClusterNow:
    """A desk; waits and averages in seconds, None for a window without visitors."""
    return ClusterNow(
        channel=Channel.DESK,
        cluster=cluster,
        norm_seconds=norm,
        waiting=waiting,
        longest_wait_seconds=longest,
        windows={
            "15m": NO_VISITS if quarter is None else VisitsWindow(count=4, average_wait_seconds=quarter),
            "today": NO_VISITS
            if today is None
            else VisitsWindow(count=33, average_wait_seconds=today, walk_ins=5, no_shows=1),
        },
    )


def lier_desks() -> list[ClusterNow]:
    """The six desks, one of them over its norm and one that is quiet."""
    return [
        desk("Burgerzaken", 60, 4, 83.0, 74.0, 52.0),
        desk("Energieloket", 300, 0, None, None, 118.0),
        desk("Mobiliteit", 120, 1, 35.0, 64.0, 71.0),
        desk("OCMW", 600, 6, 412.0, 365.0, 421.0),
        desk("Omgeving", 300, 2, 141.0, 127.0, 190.0),
        desk("Wonen", 300, 1, 12.0, 88.0, 240.0),
    ]


def wall_moment(
    *clusters: ClusterNow,
    at: str = "2026-11-23T10:31:05+01:00",
    opening: Opening = "open",
    demo: bool = False,
    ages: Sequence[float | None] = (1.2, 3.4),
    lag: int = 0,
    problems: Sequence[Trouble] = (),
) -> Moment:
    """A moment with these clusters, or else with Lier's; `ages` are of the topics calls and tickets."""
    calls, tickets = ages
    return Moment(
        at=at,
        opening=opening,
        demo=demo,
        feeds={
            Channel.PHONE: FeedStatus(topic="calls", age_seconds=calls, lag=lag, stale_after_seconds=90),
            Channel.DESK: FeedStatus(topic="tickets", age_seconds=tickets, lag=lag, stale_after_seconds=90),
        },
        clusters=clusters or (phone(), *lier_desks()),
        norms=NORMS,
        problems=tuple(problems),
    )


def with_feeds(moment: Moment, **changes: Any) -> Moment:
    """The moment with other feeds, all changed alike."""
    feeds = {channel: msgspec.structs.replace(feed, **changes) for channel, feed in moment.feeds.items()}
    return msgspec.structs.replace(moment, feeds=feeds)


def wall_payload(moment: Moment | None = None, language: Language = Language.DUTCH) -> WallPayload:
    """What the page is told of a moment."""
    return said(moment or wall_moment(), words_of(language))
