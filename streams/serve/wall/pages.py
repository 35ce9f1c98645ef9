"""Which clusters stand on the wall together: all of them, or as many as are legible from 5 m, page after page.

Sizes are in the units of the page's style: a screen of 16:9 has a hundred of them in its width. Must not know any
channel, nor how a page is drawn.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from streams.serve.wall.payload import Form, WallPart

TILE_UNITS: Final = 18.0
"""Height of a cluster's row of tiles."""

TABLE_UNITS: Final = 5.5
"""Height of a table without its rows."""

ROW_UNITS: Final = 4.1

GAP_UNITS: Final = 0.9

ONE_PAGE_UNITS: Final = 60.0
"""What stands on a single page, which makes letters smaller by up to a sixth: a telephone line and eight desks."""

PAGE_UNITS: Final = 44.0
"""What stands on one of several pages below the summary, with letters of full size: nine desks."""

TILES_MAX: Final = 2
"""So many clusters of a channel have large tiles on one of several pages; more of them stand in a table."""

FEWEST_ROWS: Final = 3
"""Fewer rows do not begin at the foot of a page, unless they are all."""

TURN_SECONDS: Final = 10
"""How long a page stays: to find a name among nine and read its figures."""


class Shown(msgspec.Struct, frozen=True):
    """A channel on the wall, as far as its room goes."""

    form: Form
    clusters: int


def pages_of(channels: Sequence[Shown]) -> tuple[tuple[WallPart, ...], ...]:
    """The pages, each with its parts of channels in their order; none where everything stands on one.

    >>> pages_of([Shown("tiles", 1), Shown("table", 6)])
    ()
    >>> [[(part.first, part.count) for part in page] for page in pages_of([Shown("table", 25)])]
    [[(0, 9)], [(9, 8)], [(17, 8)]]
    """
    heights = [_whole(each) for each in channels if each.clusters]
    if sum(heights) + GAP_UNITS * (len(heights) - 1) <= ONE_PAGE_UNITS:
        return ()
    filling = _Filling()
    for index, each in enumerate(channels):
        if each.form == "tiles" and each.clusters <= TILES_MAX:
            for first in range(each.clusters):
                filling.add(WallPart(channel=index, form="tiles", first=first, count=1), TILE_UNITS)
        elif each.clusters:
            _add_table(filling, index, each.clusters)
    return tuple(map(tuple, filling.pages))


def turn_seconds(pages: Sequence[object]) -> int:
    """How long it takes until a page is back."""
    return max(1, len(pages)) * TURN_SECONDS


def _whole(each: Shown) -> float:
    return TILE_UNITS * each.clusters if each.form == "tiles" else TABLE_UNITS + ROW_UNITS * each.clusters


class _Filling:
    """Pages that are filled from top to bottom."""

    def __init__(self) -> None:
        self.pages: list[list[WallPart]] = []
        self._used = PAGE_UNITS

    @property
    def left(self) -> float:
        """The room at the foot of the last page."""
        return PAGE_UNITS - self._used - GAP_UNITS

    def add(self, part: WallPart, units: float) -> None:
        """Put a part at the foot of the last page, or on a new one."""
        if units > self.left:
            self.pages.append([])
            self._used = -GAP_UNITS
        self.pages[-1].append(part)
        self._used += GAP_UNITS + units


def _add_table(filling: _Filling, index: int, clusters: int) -> None:
    """What fits at the foot of the last page, then pages that are as full as each other."""
    at_foot = min(clusters, _rows(filling.left))
    counts = [at_foot] if at_foot >= min(FEWEST_ROWS, clusters) else []
    if rest := clusters - sum(counts):
        pages = -(-rest // _rows(PAGE_UNITS))
        counts += [rest // pages + (page < rest % pages) for page in range(pages)]
    first = 0
    for count in counts:
        filling.add(WallPart(channel=index, form="table", first=first, count=count), TABLE_UNITS + ROW_UNITS * count)
        first += count


def _rows(units: float) -> int:
    return max(0, int((units - TABLE_UNITS) / ROW_UNITS))
