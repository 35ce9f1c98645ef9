"""The telephone on the wall: a row of tiles for each line."""

from collections.abc import Sequence
from typing import Final

import msgspec

from streams.channels import CALLS
from streams.channels.calls.indicators import MISSED_SHARE, SERVICE_LEVEL, WAIT
from streams.core.norms import ServiceLevel
from streams.core.rules import SECOND_MS
from streams.serve.wall.cells import average, longest, norm_of, ratio, share, waiting
from streams.serve.wall.moment import ClusterNow, Moment
from streams.serve.wall.payload import Cell, Column, Form
from streams.words import Words


class CallsWindow(msgspec.Struct, frozen=True, kw_only=True):
    """The calls of one window. None means that there were no calls to speak of: no figure is not 0 and not 100 %.

    `count` calls were answered after `average_wait_seconds`, `within_ratio` of them within the service level's bound.
    `missed` calls were not, a `missed_ratio` of all calls with a known outcome; `without_short_ratio` is the same
    without short abandons, None also where the settings name no bound of these, or not every call was counted by it.
    """

    count: int
    average_wait_seconds: float | None
    within_ratio: float | None
    missed: int
    missed_ratio: float | None
    without_short_ratio: float | None = None


class CallsLayout:
    """Averages must stay under their norm, and shares of the day are judged too."""

    form: Final[Form] = "tiles"
    feed: Final = "calls"
    title: Final = "wall-phone-title"
    place: Final = "wall-phone-place"

    def window(self, sums: Sequence[int]) -> CallsWindow:
        """Answered, waited (ms), answered within the service level, missed, of these short abandons and others."""
        answered, waited_ms, within, missed, short, long = sums
        return CallsWindow(
            count=answered,
            average_wait_seconds=ratio(waited_ms / SECOND_MS, answered),
            within_ratio=ratio(within, answered),
            missed=missed,
            missed_ratio=ratio(missed, answered + missed),
            without_short_ratio=ratio(long, answered + long) if short + long == missed > 0 else None,
        )

    def columns(self, moment: Moment, words: Words) -> tuple[Column, ...]:
        """Who waits, how long, and how it has gone."""
        return (
            Column(key="waiting", label=words("wall-phone-waiting"), unit="count", is_now=True),
            Column(key="longest", label=words("wall-phone-longest"), unit="seconds", is_now=True),
            Column(key="average", label=words("wall-phone-average", minutes=moment.recent_minutes), unit="seconds"),
            Column(key="service_level", label=_within(moment, words), unit="ratio"),
            Column(key="missed", label=words("wall-phone-missed"), unit="ratio"),
        )

    def cells(self, cluster: ClusterNow, moment: Moment, words: Words) -> tuple[Cell, ...]:
        """One for each column."""
        recent: CallsWindow = cluster.windows[moment.recent]
        today: CallsWindow = cluster.windows["today"]
        level = moment.norms.service_level(cluster.channel, cluster.cluster)
        return (
            waiting(cluster, moment, words),
            longest(cluster, words),
            average(
                recent.average_wait_seconds,
                cluster.norm_seconds,
                WAIT.comparison,
                words,
                empty=_empty(recent, moment, words),
                note=_calls("wall-phone-answered-count", recent.count, words),
            ),
            share(
                today.within_ratio,
                level.ratio,
                SERVICE_LEVEL.comparison,
                words,
                norm="" if _common_bound(moment) else _norm_within(level, words),
                empty=_empty(today, moment, words),
                note=_calls("wall-phone-answered-count", today.count, words),
                contacts=today.count,
            ),
            share(
                today.missed_ratio,
                moment.norms.missed_ratio,
                MISSED_SHARE.comparison,
                words,
                empty=_empty(today, moment, words),
                note=_missed(today, words),
                decimals=1,
                contacts=today.count + today.missed,
            ),
        )

    def norm(self, cluster: ClusterNow, words: Words) -> str:
        """An average must stay under it."""
        return norm_of(WAIT.comparison, words.norm_duration(cluster.norm_seconds), words)

    def note(self, cluster: ClusterNow, moment: Moment, words: Words) -> str:
        """Where lines have bounds of their own, within which this one's calls are to be answered."""
        if _common_bound(moment):
            return ""
        return _norm_within(moment.norms.service_level(cluster.channel, cluster.cluster), words)


def _common_bound(moment: Moment) -> int | None:
    """The bound of the service level of all lines, if they have one."""
    return moment.norms.common_bound_seconds(CALLS.name, moment.named(CALLS.name))


def _norm_within(level: ServiceLevel, words: Words) -> str:
    """A norm with its bound, in as few words as a tile has room for."""
    return words("wall-norm-within", norm=words.percent(level.ratio, 0), bound=words.norm_duration(level.seconds))


def _within(moment: Moment, words: Words) -> str:
    """Within which bound, or each within its own."""
    bound = _common_bound(moment)
    if bound is None:
        return words("wall-phone-in-time")
    return words("wall-phone-within", bound=words.norm_duration(bound))


def _empty(window: CallsWindow, moment: Moment, words: Words) -> str:
    """Why a window has no figure. No figure is not 0, and no answered call is not no call."""
    if window.missed > 0:
        return words("wall-phone-none-answered")
    return words("wall-closed-window" if moment.is_closed else "wall-phone-none")


def _calls(key: str, count: int, words: Words) -> str:
    return words(key, count=count) if count > 0 else ""


def _missed(window: CallsWindow, words: Words) -> str:
    """The second figure in few words, which never gets a verdict, or else how many calls were missed."""
    if window.without_short_ratio is None:
        return _calls("wall-phone-missed-count", window.missed, words)
    return words("wall-phone-without-short", share=words.percent(window.without_short_ratio, 1))
