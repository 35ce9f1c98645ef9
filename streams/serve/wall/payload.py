"""What the wall page and the health check are told: one JSON document for the figures, one for the health.

The structs are the contract between the worker and the browser; the page reads nothing else. Every text in them is
said in the language of the screen.
"""

from typing import Final, Literal

import msgspec

from streams.core.rules import Channel
from streams.live.problems import Problem

Opening = Literal["open", "outside_opening_hours", "closing_day"]
"""Whether the city is open at this moment; a silent feed is only suspect while it is."""

Unit = Literal["count", "seconds", "ratio"]
"""What a figure is measured in."""

State = Literal["none", "good", "bad"]
"""How a figure stands to its norm; `none` where there is nothing to judge or to judge by."""

Form = Literal["tiles", "table"]
"""How a channel is shown: a row of large tiles for each cluster, or a table with a row for each."""

BEHIND_AFTER_SECONDS: Final = 15.0
"""Further behind than this, figures turn grey. Another worker that takes partitions over is behind for less."""


class FeedStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How fresh one topic's figures are.

    `age_seconds` is the time since the topic's last record, None when there never was one. `lag` counts the records
    that wait to be read, and `behind_seconds` says how far behind the figures are meanwhile; 0 when none waits, both
    None where nobody reads the topic. Figures older than `stale_after_seconds`, which the settings have for each
    feed, turn grey in opening hours, those that are further behind than `BEHIND_AFTER_SECONDS` at any hour.
    """

    topic: str
    """What the wall calls the feed, whatever its topic is named in the settings: `calls`, `tickets`."""
    age_seconds: float | None
    lag: int | None
    behind_seconds: float | None = 0.0
    stale_after_seconds: float

    @property
    def is_behind(self) -> bool:
        """Whether the figures are too far behind to pass for those of now."""
        return (self.behind_seconds or 0) > BEHIND_AFTER_SECONDS


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that every cluster of a channel has: its key for programs, its label for people."""

    key: str
    label: str
    unit: Unit
    is_now: bool = False
    """Whether it is of this very moment; the others are of a window of time."""


class Cell(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One figure of one cluster.

    One with `limit_seconds` grows by a second each second, and says `over` once it is more than that.
    """

    value: float | None = None
    """The figure itself, unrounded: people, seconds or a ratio. None where there is no figure, which is not 0."""
    text: str = ""
    """What stands there: the figure as it is written, or the words in its place."""
    is_words: bool = False
    """Whether the text is words in the place of a figure."""
    norm: str = ""
    note: str = ""
    """What the figure was made from."""
    contacts: int | None = None
    """How many contacts it was made from."""
    verdict: str = ""
    state: State = "none"
    limit_seconds: float | None = None
    over: str = ""


class WallCluster(msgspec.Struct, frozen=True, kw_only=True):
    """One line or desk, with a cell for each column of its channel."""

    cluster: str
    cells: tuple[Cell, ...]
    norm: str = ""
    """The norm of its average wait."""
    note: str = ""
    """What else there is to tell, where there is room for it."""
    state: State = "none"
    """How its average wait of the recent window stands to its norm."""


class WallChannel(msgspec.Struct, frozen=True, kw_only=True):
    """A channel with its clusters, and why its figures are grey, if they are.

    While the page is connected they are grey when there is a `stale` or `silent_seconds` is not None. Without a
    reason of their own they say their age by `age`, in which `{duration}` stands for it.
    """

    channel: str
    form: Form
    title: str
    place: str
    """What one of its clusters is called."""
    columns: tuple[Column, ...]
    clusters: tuple[WallCluster, ...]
    stale: str
    """Why the figures are grey; empty while there is no reason but their age."""
    never: str
    """Said at any age: that there never was a record. Empty if there was."""
    age: str
    silent_seconds: float | None
    """How old the figures are, if they are too old."""


class WallPart(msgspec.Struct, frozen=True, kw_only=True):
    """Consecutive clusters of a channel on one of several pages, and how they are shown there."""

    channel: int
    """The place of their channel among those of the payload."""
    form: Form
    first: int
    count: int


class WallProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong, in a few words; the figures of `channels` are grey meanwhile, and nothing is live."""

    text: str
    channels: tuple[Channel, ...]


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the figures are live, as the head of the wall says it."""

    state: Literal["problem", "behind", "open", "outside_opening_hours", "closing_day"]
    text: str


class WallPayload(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the wall at one moment.

    `at` is RFC 3339 with the offset of the city's zone: the wall's clock shows it, because the clock of a television
    is nobody's care. `announcement` is one sentence for a screen reader, new only when a verdict turns.
    """

    at: str
    opening: Opening
    demo: bool
    link: Link
    announcement: str
    feeds: tuple[FeedStatus, ...]
    channels: tuple[WallChannel, ...]
    problems: tuple[WallProblem, ...] = ()
    """The first of them is the most telling."""
    pages: tuple[tuple[WallPart, ...], ...] = ()
    """The pages that a television shows in turn; none while everything is legible on one."""
    turn_seconds: int = 10
    """How long each of them stays. Which one it is follows from `at`, so that all screens show the same."""


class HealthPayload(msgspec.Struct, frozen=True, kw_only=True):
    """The health of the group or of a worker: healthy as long as there are no `problems`."""

    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    """What is worth knowing, in English, though no figure is in doubt for it."""
    feeds: tuple[FeedStatus, ...] = ()
