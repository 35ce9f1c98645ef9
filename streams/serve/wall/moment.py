"""What there is to tell on the wall at one moment: figures without words.

Made by `figures`, said by `say`.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from streams.core.norms import Norms
from streams.core.rules import Channel
from streams.live.staffing import Staff
from streams.serve.wall.payload import FeedStatus, Opening
from streams.words import Message


class ClusterNow(msgspec.Struct, frozen=True, kw_only=True):
    """One line or desk: who waits now, and its windows by name (`5m`, `15m`, `60m`, `today`).

    What a window is, is for the channel's own layout to know.
    """

    channel: Channel
    cluster: str
    norm_seconds: float
    waiting: int
    longest_wait_seconds: float | None
    windows: Mapping[str, Any]
    staff: Staff | None = None
    """Who serves it, where that is known."""


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong; the figures of `channels` are grey meanwhile, and nothing is live."""

    message: Message
    channels: tuple[Channel, ...]


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the wall at one moment.

    `at` is RFC 3339 with the offset of the city's zone. `recent_minutes` names the rolling window on the wall; every
    cluster must have it, and `today`.
    """

    at: str
    opening: Opening
    demo: bool
    feeds: Mapping[Channel, FeedStatus]
    clusters: tuple[ClusterNow, ...]
    norms: Norms
    recent_minutes: int = 15
    problems: tuple[Trouble, ...] = ()
    """The first of them is the most telling."""

    def __post_init__(self) -> None:
        """Refuse what the page cannot show.

        Raises `ValueError` when clusters lack a window, with all of them, rather than leaving a hole on the wall.
        """
        wanted = {self.recent, "today"}
        gaps = [
            f"{c.cluster} lacks {', '.join(sorted(gap))}" for c in self.clusters if (gap := wanted - set(c.windows))
        ]
        if gaps:
            raise ValueError(f"every cluster on the wall needs the windows {sorted(wanted)}: {'; '.join(gaps)}")

    def named(self, channel: Channel) -> tuple[str, ...]:
        """The clusters of a channel."""
        return tuple(each.cluster for each in self.clusters if each.channel == channel)

    @property
    def recent(self) -> str:
        """The name of the rolling window."""
        return f"{self.recent_minutes}m"

    @property
    def is_closed(self) -> bool:
        """Whether the city is closed: silence is no fault then."""
        return self.opening != "open"
