"""Where panels stand: Grafana's grid of 24 columns, and the frame of a dashboard around them."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from dashboards.grafana import DATASOURCE, Json
from streams.words.message import message

COLUMNS: Final = 24
"""Width of Grafana's grid; a row is 30 pixels high, with 8 between rows."""

ROW_PX: Final = 30
GAP_PX: Final = 8

SCHEMA_VERSION: Final = 39
"""The classic dashboard model as of Grafana 10.4; newer ones bring it up to their own when they read it."""

UIDS: Final[dict[str, str]] = {key: f"wachtmonitor-{key}" for key in ("wall", "team", "month", "health", "runbook")}
"""The dashboards: their keys, in the order of the links, and their lasting addresses."""


WALL_PATH: Final = f"/d/{UIDS['wall']}?kiosk&_dash.hideTimePicker=true&_dash.hideLinks=true"
"""The wall as televisions show it: since Grafana 11.3, `kiosk` alone leaves the controls on the screen."""


class At(NamedTuple):
    """A place: column, row, width and height in units of the grid."""

    x: int
    y: int
    w: int
    h: int


Panels = tuple[tuple[int, Json], ...]
"""Panels beside each other, each with its width."""


class Band(NamedTuple):
    """Panels beside each other, each with its width; together at most 24 columns wide."""

    height: int
    panels: Panels
    heading: str = ""
    """The key of a line above the band, when a new part of the dashboard begins."""


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


def _heading(key: str) -> Json:
    return {"type": "row", "title": message(f"grafana-{key}"), "collapsed": False, "panels": []}


def dashboard(
    key: str,
    bands: Sequence[Band],
    *,
    since: str,
    refresh: str,
    variables: Sequence[Json] = (),
    hide_time: bool = False,
) -> Json:
    """A whole dashboard. It is shown from `since` until now and read anew every `refresh`.

    Its name is the message `grafana-KEY`, and `grafana-KEY-about` says what it is for.
    """
    return {
        "uid": UIDS[key],
        "title": message("grafana-title", name=message(f"grafana-{key}")),
        "description": message(f"grafana-{key}-about"),
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
        "links": [_link(other) for other in UIDS if other != key],
        "panels": stacked(bands),
    }


def _link(key: str) -> Json:
    """To another dashboard; to the wall as a television shows it."""
    wall = key == "wall"
    return {
        "type": "link",
        "title": message(f"grafana-{key}"),
        "url": WALL_PATH if wall else f"/d/{UIDS[key]}",
        "icon": "external link" if key == "runbook" else "dashboard",
        "tooltip": message("grafana-full-screen") if wall else "",
        "tags": [],
        "asDropdown": False,
        "targetBlank": False,
        "includeVars": False,
        "keepTime": False,
    }


def choice(name: str, query: str) -> Json:
    """A list to choose one value from, the newest first, filled from a label of a metric."""
    return {
        "type": "query",
        "name": name,
        "label": message(f"grafana-choose-{name}"),
        "datasource": DATASOURCE,
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
