"""The wall: eight tiles for televisions, to be read at five metres on 1920 x 1080 in kiosk mode.

Above the telephone, below the desks. Sizes are in pixels of that screen. On a television of 55 inches a pixel is
0.63 mm, and a capital 0.73 of the size of its letters: names of 32 pixels are 15 mm high, the smallest values 19 mm.
At 5 m a sign needs capitals of 14 mm (the 30 feet to the inch of the United States Sign Council).

The tiles of the telephone hold one line, as Lier has. A second one is named and shown, but no longer fits in them.
"""

from collections.abc import Sequence
from typing import Final

from dashboards.grafana import COUNT, MINUTES, SECONDS, SHARE, Json, Unit
from dashboards.layout import Band, dashboard
from dashboards.panels import heading, override, stat, units
from dashboards.queries import Query
from dashboards.wall import queries

_VALUE_PX: Final = 64
_NAME_PX: Final = 32
_ROW_PX: Final = 42
_ROW_NAME_PX: Final = 32


def build() -> Json:
    """The dashboard."""
    now = [queries.LINE_WAITING, queries.LINE_LONGEST]
    averages = [queries.LINE_AVERAGE_SHORT, queries.LINE_AVERAGE_DAY]
    missed = [queries.LINE_MISSED_DAY, queries.LINE_MISSED_SHARE_DAY]
    share_of_missed = override("byFrameRefID", "B", unit=SHARE, decimals=1)
    telephone = (
        (6, _tile("wall-now", now, COUNT, overrides=units({"B": SECONDS}))),
        (6, _tile("wall-averages", averages, SECONDS, decimals=1)),
        (4, _tile("wall-in-time", [queries.LINE_SERVICE_LEVEL_DAY], SHARE, decimals=1)),
        (4, _tile("wall-missed", missed, COUNT, overrides=[share_of_missed])),
        (4, _tile("wall-age", [queries.FEED_AGE, queries.MONITOR_STOPPED], SECONDS)),
    )
    desks = (
        (8, _rows("wall-desks-now", queries.DESK_HEADINGS[0], queries.DESK_LONGEST)),
        (8, _rows("wall-desks-short", queries.DESK_HEADINGS[1], queries.DESK_AVERAGE_SHORT)),
        (8, _rows("wall-desks-today", queries.DESK_HEADINGS[2], queries.DESK_AVERAGE_DAY)),
    )
    return dashboard("wall", [Band(11, telephone), Band(15, desks)], since="now/d", refresh="5s", hide_time=True)


def _tile(key: str, shown: Sequence[Query], unit: Unit, *, decimals: int = 0, overrides: Sequence[Json] = ()) -> Json:
    return stat(
        key,
        shown,
        unit,
        value_px=_VALUE_PX,
        name_px=_NAME_PX,
        rows=True,
        decimals=decimals,
        overrides=overrides,
    )


def _rows(key: str, words: Query, shown: Query) -> Json:
    """A row for each desk, below words that can be read from afar."""
    return stat(
        key,
        [words, shown],
        MINUTES,
        value_px=_ROW_PX,
        name_px=_ROW_NAME_PX,
        rows=True,
        decimals=1,
        overrides=[heading("A")],
    )
