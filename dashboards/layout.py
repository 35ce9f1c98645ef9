"""Where panels stand: Grafana's grid of 24 columns, and the frame of a dashboard around them.

Must not know what panels show.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from dashboards.panels import Json

COLUMNS: Final = 24
"""Width of Grafana's grid; a row is 30 pixels high, with 8 between rows."""

ROW_PX: Final = 30
GAP_PX: Final = 8

SCHEMA_VERSION: Final = 39
"""The classic dashboard model as of Grafana 10.4; newer ones bring it up to their own when they read it."""

UIDS: Final[dict[str, str]] = {
    "wachtmonitor-wand": "Wand",
    "wachtmonitor-team": "Team",
    "wachtmonitor-maand": "Maand",
    "wachtmonitor-gezondheid": "Gezondheid",
    "wachtmonitor-draaiboek": "Draaiboek",
}
"""The dashboards: their lasting addresses and the names on their links."""


WALL_PATH: Final = "/d/wachtmonitor-wand?kiosk&_dash.hideTimePicker=true&_dash.hideLinks=true"
"""The wall as televisions show it: since Grafana 11.3, `kiosk` alone leaves the controls on the screen."""


class At(NamedTuple):
    """A place: column, row, width and height in units of the grid."""

    x: int
    y: int
    w: int
    h: int


class Band(NamedTuple):
    """Panels beside each other, each with its width; together at most 24 columns wide."""

    height: int
    panels: tuple[tuple[int, Json], ...]
    heading: str = ""
    """A line above the band, when a new part of the dashboard begins."""


def stacked(bands: Sequence[Band]) -> list[Json]:
    """Bands below each other, with their headings, each panel with its place and an id in reading order."""
    placed: list[Json] = []
    y = 0
    for band in bands:
        if band.heading:
            placed.append(_place(_heading(band.heading), At(0, y, COLUMNS, 1), len(placed) + 1))
            y += 1
        x = 0
        for width, panel in band.panels:
            placed.append(_place(panel, At(x, y, width, band.height), len(placed) + 1))
            x += width
        if x > COLUMNS:
            raise ValueError(f"expected panels of {COLUMNS} columns side by side at most, got {x} in row {y}")
        y += band.height
    return placed


def _place(panel: Json, at: At, number: int) -> Json:
    return {"id": number, **panel, "gridPos": at._asdict()}


def _heading(title: str) -> Json:
    return {"type": "row", "title": title, "collapsed": False, "panels": []}


def dashboard(
    uid: str,
    description: str,
    panels: list[Json],
    *,
    since: str,
    refresh: str,
    variables: Sequence[Json] = (),
    hide_time: bool = False,
) -> dict[str, Any]:
    """A whole dashboard. It is shown from `since` until now and read anew every `refresh`."""
    return {
        "uid": uid,
        "title": f"Wachtmonitor · {UIDS[uid]}",
        "description": description,
        "tags": ["wachtmonitor"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "timezone": "",
        "weekStart": "monday",
        "fiscalYearStartMonth": 0,
        "liveNow": False,
        "refresh": refresh,
        "time": {"from": since, "to": "now"},
        "timepicker": {"hidden": hide_time},
        "templating": {"list": list(variables)},
        "annotations": {"list": []},
        "links": _links(uid),
        "panels": panels,
    }


def _links(here: str) -> list[Json]:
    """The other dashboards, the wall as a television shows it, with the same time range where that makes sense."""
    return [_link(uid, name) for uid, name in UIDS.items() if uid != here]


def _link(uid: str, name: str) -> Json:
    wall = uid == "wachtmonitor-wand"
    return {
        "type": "link",
        "title": name,
        "url": WALL_PATH if wall else f"/d/{uid}",
        "icon": "external link" if uid == "wachtmonitor-draaiboek" else "dashboard",
        "tooltip": "Op volledig scherm; Escape gaat terug" if wall else "",
        "tags": [],
        "asDropdown": False,
        "targetBlank": False,
        "includeVars": False,
        "keepTime": False,
    }


def choice(name: str, label: str, query: str) -> Json:
    """A list to choose one value from, the newest first, filled from a label of a metric."""
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": {"type": "prometheus", "uid": "prometheus"},
        "query": {"qryType": 1, "query": query, "refId": f"PrometheusVariableQueryEditor-{name}"},
        "refresh": 1,
        "sort": 2,
        "multi": False,
        "includeAll": False,
        "hide": 0,
        "skipUrlSync": False,
        "regex": "",
        "options": [],
        "current": {"selected": False, "text": "", "value": ""},
    }
