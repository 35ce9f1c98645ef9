"""The Month dashboard filled with the figures of one month, so that it shows them without any data source.

Takes whatever dashboard Grafana has under the uid (classic schema): every query becomes the frames that answer it,
every variable the value that it has in this month, every repeat the panels that it stands for, and the time range
absolute. The form is that of Grafana's own snapshots (public/app/features/dashboard-scene/serialization,
`transformSceneToSaveModel` and `trimDashboardForSnapshot`). Must not know HTTP.
"""

import copy
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from streams.months.snapshot.frames import TABLE, Frame, Sample, series_frames, table_frame

Json = dict[str, Any]

GRAFANA: Final = {"type": "grafana", "uid": "grafana"}
"""The data source inside Grafana that hands a panel the frames that it holds itself."""

COLUMNS: Final = 24
"""Width of the grid of a dashboard."""

_RESOLVED: Final = frozenset({"targets", "repeat", "repeatDirection", "maxPerRow"})
"""Keys of a panel of which the result is in the snapshot."""

_LABEL_VALUES: Final = re.compile(r"^\s*label_values\((?:(?P<query>.+),)?\s*(?P<label>\w+)\s*\)\s*$", re.DOTALL)
_REFERENCE: Final = re.compile(r"\$(\w+)|\$\{(\w+)(?:\.[^:}]+)?(?::(\w+))?\}|\[\[(\w+)(?::(\w+))?\]\]")
"""A variable as Grafana writes it: `$name`, `${name}`, `${name:format}`, `[[name]]`."""


_OF_LATER: Final = "late_facts"
"""In the names of what came after a closing: what is told of it alone is no part of the month, and goes on coming."""


class Figures(Protocol):
    """Who answers queries."""

    def query(self, expr: str) -> Sequence[Sample]:
        """The series of a query. Raises `ValueError` when there is no answer to it."""

    def label_values(self, selector: str, label: str) -> Sequence[str]:
        """The values that a label has in these series."""


class DashboardError(ValueError):
    """The dashboard cannot be filled; the text says which part, and why."""


class Chosen:
    """The values of a dashboard's variables."""

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        """By name; a variable of which all is chosen has several."""
        self.values = dict(values)

    def with_value(self, name: str, value: str) -> "Chosen":
        """The same with one value for a variable, as inside a repeat."""
        return Chosen({**self.values, name: [value]})

    def into(self, text: str, *, query: bool = False) -> str:
        """The text with values in the place of variables; in a query several become a pattern."""

        def replaced(found: "re.Match[str]") -> str:
            name = found[1] or found[2] or found[4]
            if name not in self.values:
                return found[0]
            return self._written(self.values[name], found[3] or found[5] or "", query=query)

        return _REFERENCE.sub(replaced, text)

    @staticmethod
    def _written(values: Sequence[str], form: str, *, query: bool) -> str:
        if form == "csv":
            return ",".join(values)
        if form == "pipe" or (query and form != "raw" and len(values) > 1):
            return "|".join(re.escape(value) if query else value for value in values)
        return values[0] if len(values) == 1 else " + ".join(values)


def filled(
    dashboard: Json, figures: Figures, *, period: Mapping[str, str], from_ms: int, to_ms: int, zone: str, title: str
) -> Json:
    """The dashboard with everything in it that it shows. Raises `DashboardError`.

    `period` has the values of the labels that say which month it is, such as `month` and `year`: variables over them
    get these. The frames are of the last moment before `to_ms`.
    """
    if "panels" not in dashboard:
        raise DashboardError(
            "The dashboard has no panels in the classic schema. Expected a list `panels` in the JSON model; save it "
            "in the classic schema (Grafana: Settings, JSON model)."
        )
    result = copy.deepcopy(dashboard)
    chosen, variables = _choose(result.get("templating", {}).get("list", []), figures, period)
    filler = _Filler(figures, at_ms=to_ms - 1)
    result["panels"] = filler.panels(_flat(result["panels"]), chosen)
    result |= {
        "title": title,
        "description": chosen.into(result.get("description") or ""),
        "templating": {"list": variables},
        "annotations": {"list": []},
        "links": [],
        "time": {"from": _iso(from_ms), "to": _iso(to_ms - 1)},
        "timezone": zone,
        "refresh": "",
        "editable": False,
        "liveNow": False,
    }
    for changes_by_itself in ("version", "iteration"):
        result.pop(changes_by_itself, None)
    result.setdefault("timepicker", {})["hidden"] = True
    result["snapshot"] = {"timestamp": _iso(to_ms - 1)}
    return result


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _flat(panels: Sequence[Json]) -> list[Json]:
    """Panels of collapsed rows come after their row, which is opened: nobody can load them later."""
    flat: list[Json] = []
    for panel in panels:
        if _is_of_later(panel):
            continue
        inside = panel.pop("panels", None) if panel.get("type") == "row" else None
        flat.append(panel)
        if panel.get("type") == "row":
            panel |= {"panels": [], "collapsed": False}
            flat.extend(inside or [])
    return flat


def _is_of_later(panel: Json) -> bool:
    targets = panel.get("targets") or []
    return bool(targets) and all(_OF_LATER in str(target.get("expr")) for target in targets)


# Variables.


def _choose(variables: Sequence[Json], figures: Figures, period: Mapping[str, str]) -> tuple[Chosen, list[Json]]:
    """The value of each variable, in their order since one may depend on another, and what stands for it."""
    chosen = Chosen({})
    kept = []
    for variable in variables:
        name = variable["name"]
        values = _values(variable, figures, period, chosen)
        chosen.values[name] = values
        kept.append(_frozen(variable, values))
    return chosen, kept


def _values(variable: Json, figures: Figures, period: Mapping[str, str], chosen: Chosen) -> list[str]:
    if variable.get("type") != "query":
        return _current(variable)
    query = variable.get("query", "")
    text = query.get("query", "") if isinstance(query, dict) else query
    found = _LABEL_VALUES.match(text)
    if found is None:
        raise DashboardError(
            f"The variable {variable['name']} asks {text!r}. Expected label_values(series, label) of whole months."
        )
    if found["label"] in period:
        return [period[found["label"]]]
    selector = chosen.into(found["query"] or "", query=True)
    if not selector:
        raise DashboardError(f"The variable {variable['name']} must name the series whose label it wants: {text!r}.")
    values = list(_answered(lambda: figures.label_values(selector, found["label"]), f"variable {variable['name']}"))
    if variable.get("includeAll") or variable.get("multi"):
        return values
    return values[:1]


def _current(variable: Json) -> list[str]:
    """What was chosen when the dashboard was saved."""
    value = (variable.get("current") or {}).get("value", variable.get("query", ""))
    values = value if isinstance(value, list) else [value]
    if values == ["$__all"]:
        values = [option["value"] for option in variable.get("options", []) if option.get("value") != "$__all"]
    return [str(each) for each in values]


_KEPT: Final = frozenset({"name", "label", "hide", "multi", "includeAll"})


def _frozen(variable: Json, values: Sequence[str]) -> Json:
    """A variable with one choice that asks nothing of anybody, as Grafana's own snapshots have it."""
    several = len(values) > 1
    current = {
        "selected": True,
        "text": list(values) if several else "".join(values),
        "value": list(values) if several else "".join(values),
    }
    kept: Json = {key: value for key, value in variable.items() if key in _KEPT}
    return {
        **kept,
        "type": "custom",
        "query": "",
        "current": current,
        "options": [{"selected": True, "text": value, "value": value} for value in values],
        "skipUrlSync": True,
    }


# Panels.


class _Filler:
    """Fills panels, giving each an id of its own."""

    def __init__(self, figures: Figures, at_ms: int) -> None:
        self._figures = figures
        self._at_ms = at_ms
        self._next_id = 1

    def panels(self, panels: Sequence[Json], chosen: Chosen) -> list[Json]:
        """All panels; repeats push what is below them down."""
        result: list[Json] = []
        pushed = 0
        for row, inside in _rows(panels):
            for scope in _scopes(row, chosen):
                band, height = self._band(row, inside, scope, pushed)
                result.extend(band)
                pushed += height
            pushed -= _height(row, inside)  # what follows lies below one copy already
        return result

    def _band(self, row: Json | None, inside: Sequence[Json], chosen: Chosen, pushed: int) -> tuple[list[Json], int]:
        """A row and its panels, moved down by `pushed`; and the height that they take with their repeats."""
        result: list[Json] = []
        if row is not None:
            result.append(self._filled(row, chosen, _moved(row["gridPos"], pushed)))
        grown: list[tuple[int, int]] = []
        for panel in inside:
            above = sum(growth for bottom, growth in grown if bottom <= panel["gridPos"]["y"])
            place = _moved(panel["gridPos"], pushed + above)
            copies = list(_copies(panel, chosen, place))
            result.extend(self._filled(panel, scope, position) for scope, position in copies)
            lowest = max((position["y"] + position["h"] for _, position in copies), default=place["y"])
            grown.append((panel["gridPos"]["y"] + place["h"], lowest - place["y"] - place["h"]))
        return result, _height(row, inside) + sum(growth for _, growth in grown)

    def _filled(self, panel: Json, chosen: Chosen, position: Json) -> Json:
        shown = {key: value for key, value in panel.items() if key not in _RESOLVED}
        result: Json = {**_replaced(shown, chosen), "id": self._next_id, "gridPos": position}
        self._next_id += 1
        if "links" in result:
            result["links"] = []
        if targets := panel.get("targets"):
            frames = self._frames(panel, targets, chosen)
            result["datasource"] = GRAFANA
            result["targets"] = [{"refId": "A", "datasource": GRAFANA, "queryType": "snapshot", "snapshot": frames}]
        return result

    def _frames(self, panel: Json, targets: Sequence[Json], chosen: Chosen) -> list[Frame]:
        asked = [target for target in targets if not target.get("hide")]
        where = f"panel {panel.get('id')} ({chosen.into(panel.get('title') or 'without a title')})"
        return [frame for target in asked for frame in self._answer(target, len(asked), chosen, where)]

    def _answer(self, target: Json, queries: int, chosen: Chosen, where: str) -> list[Frame]:
        expr = target.get("expr")
        if not isinstance(expr, str):
            raise DashboardError(f"Query {target.get('refId')} of {where} is none of Prometheus: {target!r:.80}.")
        query, ref_id = chosen.into(expr, query=True), target["refId"]
        vector = _answered(lambda: self._figures.query(query), f"query {ref_id} of {where}")
        if target.get("format") == TABLE:
            return [table_frame(ref_id, vector, self._at_ms, queries)]
        return series_frames(ref_id, vector, self._at_ms, chosen.into(target.get("legendFormat") or ""))


def _answered(ask: Callable[[], Any], what: str) -> Any:
    try:
        return ask()
    except ValueError as error:
        raise DashboardError(f"The {what} cannot be answered: {error}") from error


def _replaced(value: Any, chosen: Chosen) -> Any:
    """Values in the place of variables, in every text of a panel."""
    if isinstance(value, str):
        return chosen.into(value)
    if isinstance(value, list):
        return [_replaced(each, chosen) for each in value]
    if isinstance(value, dict):
        return {key: _replaced(each, chosen) for key, each in value.items()}
    return value


# Repeats.


def _rows(panels: Sequence[Json]) -> Iterator[tuple[Json | None, list[Json]]]:
    """Each row with the panels below it; panels above the first row have none."""
    row: Json | None = None
    inside: list[Json] = []
    for panel in panels:
        if panel.get("type") == "row":
            if row is not None or inside:
                yield row, inside
            row, inside = panel, []
        else:
            inside.append(panel)
    if row is not None or inside:
        yield row, inside


def _scopes(row: Json | None, chosen: Chosen) -> list[Chosen]:
    """A row that repeats is there once for each value."""
    if row is None or not (name := row.get("repeat")):
        return [chosen]
    return [chosen.with_value(name, value) for value in chosen.values.get(name, [])]


def _copies(panel: Json, chosen: Chosen, place: Json) -> Iterator[tuple[Chosen, Json]]:
    """A panel with its place; one that repeats once for each value, beside or below each other as Grafana does."""
    name = panel.get("repeat")
    if not name:
        yield chosen, place
        return
    values = chosen.values.get(name, [])
    vertical = panel.get("repeatDirection") == "v"
    per_row = 1 if vertical else min(len(values), panel.get("maxPerRow") or 4)
    width = place["w"] if vertical else COLUMNS // max(per_row, 1)
    for index, value in enumerate(values):
        x = place["x"] if vertical else index % per_row * width
        y = place["y"] + index // per_row * place["h"]
        yield chosen.with_value(name, value), place | {"x": x, "y": y, "w": width}


def _moved(place: Json, down: int) -> Json:
    return {**place, "y": place["y"] + down}


def _height(row: Json | None, inside: Sequence[Json]) -> int:
    places = [panel["gridPos"] for panel in (*([] if row is None else [row]), *inside)]
    bottom: int = max(place["y"] + place["h"] for place in places)
    top: int = min(place["y"] for place in places)
    return bottom - top
