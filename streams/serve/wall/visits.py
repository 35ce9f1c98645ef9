"""The desks on the wall: a table with a row for each desk."""

from collections.abc import Sequence
from typing import Final

import msgspec

from streams.channels.visits.indicators import WAIT
from streams.core.rules import SECOND_MS
from streams.serve.wall.cells import average, longest, norm_of, ratio, waiting
from streams.serve.wall.moment import ClusterNow, Moment
from streams.serve.wall.payload import Cell, Column, Form
from streams.words import Words


class VisitsWindow(msgspec.Struct, frozen=True, kw_only=True):
    """The visits of one window; `average_wait_seconds` is over the `count` visitors with an appointment, or None."""

    count: int
    average_wait_seconds: float | None
    walk_ins: int = 0
    no_shows: int = 0


class VisitsLayout:
    """An average may reach its norm."""

    form: Final[Form] = "table"
    feed: Final = "tickets"
    title: Final = "wall-desk-title"
    place: Final = "wall-desk-place"

    def window(self, sums: Sequence[int]) -> VisitsWindow:
        """Served, waited (ms), walk-ins, no-shows."""
        served, waited_ms, walk_ins, no_shows = sums
        return VisitsWindow(
            count=served,
            average_wait_seconds=ratio(waited_ms / SECOND_MS, served),
            walk_ins=walk_ins,
            no_shows=no_shows,
        )

    def columns(self, moment: Moment, words: Words) -> tuple[Column, ...]:
        """Who waits, how long, and how it has gone."""
        return (
            Column(key="waiting", label=words("wall-desk-waiting"), unit="count", is_now=True),
            Column(key="longest", label=words("wall-desk-longest"), unit="seconds", is_now=True),
            Column(key="average", label=words("wall-desk-average", minutes=moment.recent_minutes), unit="seconds"),
            Column(key="average_today", label=words("wall-desk-average-today"), unit="seconds"),
        )

    def cells(self, cluster: ClusterNow, moment: Moment, words: Words) -> tuple[Cell, ...]:
        """One for each column."""
        return (
            waiting(cluster, moment, words),
            longest(cluster, words),
            *(_average(cluster, window, moment, words) for window in (moment.recent, "today")),
        )

    def norm(self, cluster: ClusterNow, words: Words) -> str:
        """An average may be as long."""
        return norm_of(WAIT.comparison, words.norm_duration(cluster.norm_seconds), words)

    def note(self, cluster: ClusterNow, _: Moment, words: Words) -> str:
        """All who came today, and who did not."""
        today: VisitsWindow = cluster.windows["today"]
        return words("wall-desk-visits", served=today.count, walkins=today.walk_ins, noshows=today.no_shows)


def _average(cluster: ClusterNow, name: str, moment: Moment, words: Words) -> Cell:
    window: VisitsWindow = cluster.windows[name]
    empty = _empty(window, moment, words)
    return average(window.average_wait_seconds, cluster.norm_seconds, WAIT.comparison, words, empty=empty)


def _empty(window: VisitsWindow, moment: Moment, words: Words) -> str:
    """Why a window has no average: visitors without an appointment are none of those it is about."""
    if window.walk_ins > 0:
        return words("wall-desk-no-appointments")
    return words("wall-closed-window" if moment.is_closed else "wall-desk-none")
