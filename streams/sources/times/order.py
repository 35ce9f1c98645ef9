"""The hour that comes twice when clocks go back: which of its two comings is meant, by the order of a row's times."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from streams.sources.times.clock import Moment

BACK_MAX: Final = timedelta(seconds=2)
"""So far a later event may lie before an earlier one: two clocks are never quite the same."""


def in_order(moments: Sequence[Moment]) -> tuple[list[datetime], bool]:
    """The instants of a row's times, which are in the order in which they happened, and whether some remain a guess.

    Once the clocks went back they stay so: the first of the times that come twice are of before, the others of after.
    Of those ways in which no time goes back the one holds in which all of it took least; where several did, or none,
    each time is taken as its first coming.
    """
    firsts = [moment.first for moment in moments]
    twice = [place for place, moment in enumerate(moments) if moment.second is not None]
    if not twice:
        return firsts, False
    ways = [_way(moments, after) for after in [*twice, len(moments)]]
    shortest = sorted((max(way) - min(way), way) for way in ways if _never_goes_back(way))
    if not shortest or (len(shortest) > 1 and shortest[0][0] == shortest[1][0]):
        return firsts, True
    return shortest[0][1], False


def _way(moments: Sequence[Moment], after: int) -> list[datetime]:
    """The times when clocks went back before that of this place."""
    return [
        moment.first if moment.second is None or place < after else moment.second
        for place, moment in enumerate(moments)
    ]


def _never_goes_back(way: Sequence[datetime]) -> bool:
    return all(earlier - later <= BACK_MAX for earlier, later in pairwise(way))
