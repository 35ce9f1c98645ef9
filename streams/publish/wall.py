"""What the wall page and the health check are told: one JSON document for the figures, one for the health.

The structs are the contract between the worker and the browser; `wall.html` reads nothing else. This module must
not know where the figures come from, how they are sent, nor how they look.
"""

from typing import Final, Literal

import msgspec

Opening = Literal["open", "outside_opening_hours", "closing_day"]
"""Whether the city is open at this moment; a silent feed is only suspect while it is."""


STALE_AFTER_SECONDS: Final = 90.0
"""Silence of a topic, in opening hours, after which its figures turn grey: a contact centre that is called every
minute or so is hardly ever silent for longer."""


BEHIND_AFTER_SECONDS: Final = 15.0
"""Further behind than this, figures turn grey. Another worker that takes partitions over is behind for less."""


class FeedStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How fresh one topic's figures are.

    `age_seconds` is the time since the topic's last record, None when there never was one. `lag` counts the records
    that wait to be read, and `behind_seconds` says how far behind the figures are meanwhile; 0 when none waits.
    Figures older than `stale_after_seconds` turn grey in opening hours (a quiet line needs more than the default),
    those that are further behind than `BEHIND_AFTER_SECONDS` at any hour.
    """

    topic: Literal["calls", "tickets"]
    age_seconds: float | None
    lag: int
    behind_seconds: float = 0.0
    stale_after_seconds: float = STALE_AFTER_SECONDS


class PhoneWindow(msgspec.Struct, frozen=True, kw_only=True):
    """The calls of one window. None means that there were no calls to speak of: no figure is not 0 and not 100 %.

    `count` calls were answered after `average_wait_seconds`, `within_30_ratio` of them within the norm's
    `service_level_seconds`. `missed` calls were not, a `missed_ratio` of all calls with a known outcome.
    """

    count: int
    average_wait_seconds: float | None
    within_30_ratio: float | None
    missed: int
    missed_ratio: float | None


class DeskWindow(msgspec.Struct, frozen=True, kw_only=True):
    """The visits of one window; `average_wait_seconds` is over the `count` visitors with an appointment, or None."""

    count: int
    average_wait_seconds: float | None
    walk_ins: int = 0
    no_shows: int = 0


class PhoneCluster(msgspec.Struct, frozen=True, kw_only=True, tag_field="channel", tag="phone"):
    """One telephone line: who waits now, and its windows by name (`5m`, `15m`, `60m`, `today`)."""

    cluster: str
    norm_seconds: float
    waiting: int
    longest_wait_seconds: float | None
    windows: dict[str, PhoneWindow]


class DeskCluster(msgspec.Struct, frozen=True, kw_only=True, tag_field="channel", tag="desk"):
    """One desk: who waits now, and its windows by name (`5m`, `15m`, `60m`, `today`)."""

    cluster: str
    norm_seconds: float
    waiting: int
    longest_wait_seconds: float | None
    windows: dict[str, DeskWindow]


class Norms(msgspec.Struct, frozen=True, kw_only=True):
    """The norms that hold for every telephone line: at least `within_30_ratio`, at most `missed_ratio`.

    `service_level_seconds` is the bound that the first one counts within; the plan's 30 gave the field its name.
    """

    within_30_ratio: float
    missed_ratio: float
    service_level_seconds: float = 30.0


class WallPayload(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the wall at one moment.

    `at` is RFC 3339 with the offset of the city's zone: the wall's clock shows it, because the clock of a television
    is nobody's care. `recent_minutes` names the rolling window on the wall; every cluster must have it, and `today`.
    """

    at: str
    opening: Opening
    demo: bool
    feeds: tuple[FeedStatus, ...]
    clusters: tuple[PhoneCluster | DeskCluster, ...]
    norms: Norms
    recent_minutes: int = 15

    def __post_init__(self) -> None:
        """Refuse a payload that the page cannot show.

        Raises ValueError with every cluster that lacks a window, rather than leaving a hole on the wall.
        """
        wanted = {f"{self.recent_minutes}m", "today"}
        gaps = [
            f"{c.cluster} lacks {', '.join(sorted(gap))}" for c in self.clusters if (gap := wanted - set(c.windows))
        ]
        if gaps:
            raise ValueError(f"every cluster on the wall needs the windows {sorted(wanted)}: {'; '.join(gaps)}")


class HealthPayload(msgspec.Struct, frozen=True, kw_only=True):
    """The worker's health: healthy as long as there are no `problems`, each a sentence for whoever is on call."""

    problems: tuple[str, ...] = ()
    feeds: tuple[FeedStatus, ...] = ()
