"""Words of a channel that there is in the tests alone, and how it stands on the wall."""

from collections.abc import Sequence
from typing import Final

from streams.core.indicators import Comparison
from streams.serve.wall.cells import longest, norm_of, waiting
from streams.serve.wall.moment import ClusterNow, Moment
from streams.serve.wall.payload import Cell, Column, Form
from streams.words import Words


class ChatsLayout:
    """A table with who waits, how long, and how many chats were offered today."""

    form: Final[Form] = "table"
    feed: Final = "chats"
    title: Final = "wall-chat-title"
    place: Final = "wall-chat-place"

    def window(self, sums: Sequence[int]) -> int:
        """The chats that were offered."""
        return sums[0]

    def columns(self, _: Moment, words: Words) -> tuple[Column, ...]:
        """Three figures."""
        return (
            Column(key="waiting", label=words("wall-desk-waiting"), unit="count", is_now=True),
            Column(key="longest", label=words("wall-desk-longest"), unit="seconds", is_now=True),
            Column(key="offered", label=words("wall-chat-offered"), unit="count"),
        )

    def cells(self, cluster: ClusterNow, moment: Moment, words: Words) -> tuple[Cell, ...]:
        """One for each column."""
        offered: int = cluster.windows["today"]
        return (
            waiting(cluster, moment, words),
            longest(cluster, words),
            Cell(value=offered, text=words.number(offered)),
        )

    def norm(self, cluster: ClusterNow, words: Words) -> str:
        """The longest wait may be as long."""
        return norm_of(Comparison.AT_MOST, words.norm_duration(cluster.norm_seconds), words)

    def note(self, _: ClusterNow, __: Moment, ___: Words) -> str:
        """Nothing more."""
        return ""
