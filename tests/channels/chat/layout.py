"""Chats on the wall: a table with who waits, how long, the average of a while and the share of who left today."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from streams.core.rules import SECOND_MS
from streams.serve.wall.cells import average, longest, norm_of, ratio, share, waiting
from streams.serve.wall.moment import ClusterNow, Moment
from streams.serve.wall.payload import Cell, Column, Form
from streams.words import Words
from tests.channels.chat.indicators import ABANDONED_SHARE, WAIT


class ChatsWindow(NamedTuple):
    """The chats of one window."""

    answered: int
    average_wait_seconds: float | None
    known: int
    abandoned_ratio: float | None


class ChatsLayout:
    """What the wall shows of chats."""

    form: Final[Form] = "table"
    feed: Final = "chats"
    title: Final = "wall-chat-title"
    place: Final = "wall-chat-place"

    def window(self, sums: Sequence[int]) -> ChatsWindow:
        """Answered, waited (ms), answered within the norm, abandoned."""
        answered, waited_ms, _, abandoned = sums
        known = answered + abandoned
        return ChatsWindow(answered, ratio(waited_ms / SECOND_MS, answered), known, ratio(abandoned, known))

    def columns(self, moment: Moment, words: Words) -> tuple[Column, ...]:
        """Four figures."""
        return (
            Column(key="waiting", label=words("wall-chat-waiting"), unit="count", is_now=True),
            Column(key="longest", label=words("wall-chat-longest"), unit="seconds", is_now=True),
            Column(key="average", label=words("wall-chat-average", minutes=moment.recent_minutes), unit="seconds"),
            Column(key="abandoned", label=words("wall-chat-abandoned"), unit="ratio"),
        )

    def cells(self, cluster: ClusterNow, moment: Moment, words: Words) -> tuple[Cell, ...]:
        """One for each column."""
        recent: ChatsWindow = cluster.windows[moment.recent]
        today: ChatsWindow = cluster.windows["today"]
        mean, norm = recent.average_wait_seconds, cluster.norm_seconds
        return (
            waiting(cluster, moment, words),
            longest(cluster, words),
            average(mean, norm, WAIT.comparison, words, empty=words("wall-chat-none")),
            share(
                today.abandoned_ratio,
                moment.norms.indicators.get(ABANDONED_SHARE.name),
                ABANDONED_SHARE.comparison,
                words,
                empty=words("wall-chat-none"),
                contacts=today.known,
            ),
        )

    def norm(self, cluster: ClusterNow, words: Words) -> str:
        """An average may be as long."""
        return norm_of(WAIT.comparison, words.norm_duration(cluster.norm_seconds), words)

    def note(self, _: ClusterNow, __: Moment, ___: Words) -> str:
        """Nothing more."""
        return ""
