"""What Grafana makes of a panel's answers: names, texts, colours, tables. As much of it as these dashboards use.

It follows Grafana's documented behaviour (legends, overrides, value mappings, custom units, and the transformations
merge, groupingToMatrix, organize and sortBy) and refuses whatever it does not know, so that a preview never hides a
mistake. On the answers of a simulated day it gave the same names, texts and rows for every stat, table and bar chart
as Grafana's own code (the package @grafana/data, 10.4.19 and 13.2.3).
"""

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

Json = dict[str, Any]
Ask = Callable[[Json], list[Json]]
"""Answers a target with its series."""


class Shown(NamedTuple):
    """A value as it stands on the screen."""

    name: str
    text: str
    colour: str
    value: float


class Curve(NamedTuple):
    """A series over time, with how it is drawn."""

    name: str
    points: tuple[tuple[float, float], ...]
    config: Json

    def last(self) -> str:
        """Its last value, in words."""
        return text_of(self.points[-1][1], self.config) if self.points else ""


def legend(target: Json, metric: dict[str, str]) -> str:
    """The name of a series."""
    if target["legendFormat"] == "__auto":
        return ", ".join(f"{name}={value}" for name, value in metric.items() if name != "__name__") or target["expr"]
    named: str = re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda match: metric.get(match[1], ""), target["legendFormat"])
    return named


def field_config(panel: Json, name: str, ref: str) -> Json:
    """The defaults of the panel's fields, with the overrides that match this one."""
    config = dict(panel["fieldConfig"]["defaults"])
    config["custom"] = dict(config.get("custom", {}))
    for override in panel["fieldConfig"]["overrides"]:
        if _matches(override["matcher"], name, ref):
            for each in override["properties"]:
                target = config["custom"] if each["id"].startswith("custom.") else config
                target[each["id"].removeprefix("custom.")] = each["value"]
    return config


def _matches(matcher: Json, name: str, ref: str) -> bool:
    options: str = matcher["options"]
    match matcher["id"]:
        case "byName":
            return name == options
        case "byFrameRefID":
            return ref == options
        case "byRegexp":
            return re.search(options.strip("/"), name) is not None
    raise AssertionError(f"a matcher that is not known here: {matcher}")


def text_of(value: float | str | None, config: Json) -> str:
    """A value in words, by mappings and unit."""
    mapped = _mapped(value, config)
    if mapped is not None and "text" in mapped:
        return str(mapped["text"])
    if isinstance(value, str):
        # Grafana takes a text that looks like a number for one, unless the unit says otherwise.
        if config["unit"] == "string" or not re.fullmatch(r"-?[0-9.]+", value):
            return value
        value = float(value)
    assert value is not None, "nothing has a text of its own"
    return _with_unit(value, config["unit"], config.get("decimals"))


def colour_of(value: float | str | None, config: Json) -> str:
    """The colour of a value: that of its mapping, else that of its field."""
    mapped = _mapped(value, config)
    if mapped is not None and "color" in mapped:
        return str(mapped["color"])
    return str(config["color"].get("fixedColor", ""))


def _mapped(value: float | str | None, config: Json) -> Json | None:
    nothing = value is None or (isinstance(value, float) and math.isnan(value))
    for mapping in config["mappings"]:
        options = mapping["options"]
        if mapping["type"] == "special" and nothing:
            found: Json = options["result"]
            return found
        if mapping["type"] == "value" and not nothing and (key := _key(value)) in options:
            return dict(options[key])
        if (
            mapping["type"] == "regex"
            and isinstance(value, str)
            and (match := re.fullmatch(options["pattern"], value))
        ):
            return {"text": match.expand(re.sub(r"\$(\d)", r"\\\1", options["result"]["text"]))}
    return None


def _key(value: float | str | None) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


_BYTES: Final = 1024
_MINUTE: Final = 60
_HOUR: Final = 3600


def _with_unit(value: float, unit: str, decimals: int | None) -> str:
    if unit == "percentunit":
        return f"{value * 100:.{decimals if decimals is not None else 1}f}%"
    if unit.startswith("suffix:"):
        return f"{_number(value, decimals)} {unit.removeprefix('suffix:')}"
    if unit == "none":
        return _number(value, decimals)
    if unit == "bytes":
        return f"{value / _BYTES:.1f} KiB"
    if unit == "s":
        return _duration(value, decimals)
    raise AssertionError(f"a unit that is not known here: {unit}")


def _number(value: float, decimals: int | None) -> str:
    return f"{value:.{decimals}f}" if decimals is not None else f"{value:.6g}"


def _duration(seconds: float, decimals: int | None) -> str:
    for size, name in ((_HOUR, "hours"), (_MINUTE, "mins")):
        if abs(seconds) >= size:
            return f"{seconds / size:.{decimals if decimals is not None else 1}f} {name}"
    return f"{_number(seconds, decimals)} s" if abs(seconds) >= 1 else f"{seconds * 1000:.0f} ms"


# What each kind of panel shows.


def values(panel: Json, ask: Ask) -> list[Shown]:
    """The values of a panel that shows the last one of each series."""
    found = []
    for target in panel["targets"]:
        for series in ask(target):
            name, value = legend(target, series["metric"]), float(series["value"][1])
            config = field_config(panel, name, target["refId"])
            found.append(Shown(name, text_of(value, config), colour_of(value, config), value))
    return found


def curves(panel: Json, ask: Ask) -> list[Curve]:
    """The series of a panel that draws them over time."""
    found = []
    for target in panel["targets"]:
        for series in ask(target):
            name = legend(target, series["metric"])
            points = tuple((float(at), float(value)) for at, value in series["values"])
            found.append(Curve(name, points, field_config(panel, name, target["refId"])))
    return found


class Table(NamedTuple):
    """Columns with their configuration, and rows of values."""

    columns: tuple[tuple[str, Json], ...]
    rows: tuple[tuple[float | str | None, ...], ...]


def table(panel: Json, ask: Ask) -> Table:
    """What the panel's transformations make of its answers."""
    frames = [_frame(target, ask(target), alone=len(panel["targets"]) == 1) for target in panel["targets"]]
    rows: list[Json] = []
    names: list[str] = []
    for step in panel["transformations"]:
        match step["id"]:
            case "merge":
                rows = _merge(frames)
            case "groupingToMatrix":
                rows = _matrix(frames[0], step["options"])
            case "organize":
                rows = _organize(rows, step["options"])
                names = list(step["options"]["renameByName"].values())
            case "sortBy":
                (by,) = step["options"]["sort"]
                rows.sort(key=lambda row: row[by["field"]], reverse=by.get("desc", False))
            case unknown:
                raise AssertionError(f"a transformation that is not known here: {unknown}")
    names = list(dict.fromkeys([*names, *(name for row in rows for name in row)]))
    columns = tuple((name, field_config(panel, name, "")) for name in names)
    return Table(columns, tuple(tuple(row.get(name) for name in names) for row in rows))


def _frame(target: Json, series: Sequence[Json], *, alone: bool) -> list[Json]:
    """An answer as rows: the labels, and the value under the name that Grafana gives it."""
    name = "Value" if alone else f"Value #{target['refId']}"
    return [
        {"Time": 0.0, **{k: v for k, v in each["metric"].items() if k != "__name__"}, name: float(each["value"][1])}
        for each in series
    ]


def _merge(frames: Sequence[list[Json]]) -> list[Json]:
    """Rows that agree in every field they share become one."""
    merged: list[Json] = []
    for frame in frames:
        for row in frame:
            for other in merged:
                shared = row.keys() & other.keys()
                if all(row[name] == other[name] for name in shared):
                    other.update(row)
                    break
            else:
                merged.append(dict(row))
    return merged


def _matrix(frame: Sequence[Json], options: Json) -> list[Json]:
    """A row for each value of one field and a column for each of another."""
    row_field, column_field = options["rowField"], options["columnField"]
    rows: dict[str, Json] = {}
    for each in frame:
        row = rows.setdefault(each[row_field], {f"{row_field}\\{column_field}": each[row_field]})
        row[each[column_field]] = each[options["valueField"]]
    return list(rows.values())


def _organize(rows: Sequence[Json], options: Json) -> list[Json]:
    order, renamed = options["indexByName"], options["renameByName"]
    kept = {name for row in rows for name in row if not options["excludeByName"].get(name)}
    unknown = kept - order.keys() if order else set()
    assert not unknown, f"columns without a place: {unknown}"
    return [
        {
            renamed.get(name, name): row[name]
            for name in sorted((each for each in row if each in kept), key=lambda each: order.get(each, -1))
        }
        for row in rows
    ]
