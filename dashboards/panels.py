"""How something is drawn: panels as Grafana's JSON, without a place on the screen.

Colours are those of Okabe and Ito, which colour-blind people tell apart, and never speak alone: a sign before a name
(`queries.GOOD`, `queries.BAD`) says the same. Must not know what is asked or which dashboard it is for.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dashboards.queries import BAD, CHANNELS, GOOD, NEUTRAL, REASONS, Query

Json = dict[str, Any]
"""A JSON object, as Grafana names its keys."""

DATASOURCE: Final[Json] = {"type": "prometheus", "uid": "prometheus"}
"""The data source that `deploy/grafana` provides."""

SKY_BLUE: Final = "#56B4E9"
VERMILLION: Final = "#D55E00"
SERIES: Final = (SKY_BLUE, "#E69F00", "#009E73", "#CC79A7", "#F0E442")
"""The colours of a panel's queries, in their order."""
STROKES: Final = ((), (30, 8), (4, 8), (30, 8, 4, 8), (16, 16))
"""Their dashes where they are drawn as curves: pixels of line and of gap, none for a whole line."""

NORM: Final = "#B4B4B4"
"""A norm, whatever it is the norm of: lighter than any figure and of no colour."""
CALM: Final = "#14507A"
"""Behind a figure that keeps its norm: dark, so that the eye goes to the others."""
SLATE: Final = "#34404C"
"""Behind what is not judged, such as a count."""

NOTHING: Final = "–"
"""Shown where there is no figure, which is neither 0 nor 100 %."""

SECONDS: Final = "suffix:s"
MINUTES: Final = "suffix:min"
SHARE: Final = "percentunit"
COUNT: Final = "none"
EUROS: Final = "suffix:euro"
BYTES: Final = "bytes"
AS_IT_IS: Final = "string"
"""For labels: without it Grafana would take a label such as 2022 for a number and give it the unit of the figures."""


# Targets.

_REFS: Final = "ABCDEFGHIJKLMNOP"
"""Letters of a panel's queries."""


def _target(query: Query, ref: str, *, instant: bool, table: bool) -> Json:
    return {
        "refId": ref,
        "datasource": DATASOURCE,
        "expr": query.expr,
        "legendFormat": query.legend or "__auto",
        "instant": instant,
        "range": not instant,
        "format": "table" if table else "time_series",
        "editorMode": "code",
    }


def _targets(queries: Sequence[Query], *, instant: bool, table: bool = False) -> list[Json]:
    return [_target(query, ref, instant=instant, table=table) for query, ref in zip(queries, _REFS, strict=False)]


# Fields: units, colours, texts.


def _text_for_nothing() -> Json:
    return {"type": "special", "options": {"match": "null+nan", "result": {"text": NOTHING, "index": 0}}}


def texts(mapping: Mapping[str, str]) -> Json:
    """Values that are shown as texts."""
    options = {value: {"text": text, "index": index} for index, (value, text) in enumerate(mapping.items())}
    return {"type": "value", "options": options}


def _defaults(unit: str, *, decimals: int | None = None, colour: str | None = None) -> Json:
    """What holds for every field; thresholds are one step, since the norms come with the data."""
    return {
        "unit": unit,
        **({} if decimals is None else {"decimals": decimals}),
        "noValue": NOTHING,
        "mappings": [_text_for_nothing()],
        "thresholds": {"mode": "absolute", "steps": [{"color": colour or SLATE, "value": None}]},
        "color": _fixed(colour or SKY_BLUE),
    }


def _fixed(colour: str) -> Json:
    return {"mode": "fixed", "fixedColor": colour}


def override(matcher: str, options: str, **properties: Any) -> Json:
    """Properties of the fields that a matcher such as `byName` or `byFrameRefID` finds; `custom_x` is `custom.x`."""
    return {
        "matcher": {"id": matcher, "options": options},
        "properties": [
            {"id": name.replace("custom_", "custom."), "value": value} for name, value in properties.items()
        ],
    }


def _judgements() -> list[Json]:
    """The colour of a judged figure, by the sign in its name."""
    colours = {GOOD: CALM, BAD: VERMILLION, NEUTRAL: SLATE}
    return [override("byRegexp", f"/^{sign}/", color=_fixed(colour)) for sign, colour in colours.items()]


def _strokes(queries: Sequence[Query]) -> list[Json]:
    """A colour and dashes for each query. Series of one query differ in their names alone: see `shades`."""
    return [
        override("byFrameRefID", ref, color=_fixed(colour), **_dashes(stroke))
        for ref, colour, stroke in zip(_REFS, SERIES[: len(queries)], STROKES, strict=False)
    ]


def _dashes(stroke: Sequence[int]) -> Json:
    return {"custom_lineStyle": {"fill": "dash", "dash": list(stroke)}} if stroke else {}


def heading(ref: str) -> Json:
    """Words in a row of a tile: a query whose name is shown without its value, which is 0."""
    blank = {"type": "value", "options": {"0": {"text": "\u00a0", "index": 0}}}
    return override("byFrameRefID", ref, mappings=[blank], color=_fixed("transparent"))


def units(unit_of: Mapping[str, str]) -> list[Json]:
    """The units of the queries that have another than the panel, by letter."""
    return [override("byFrameRefID", ref, unit=unit) for ref, unit in unit_of.items()]


# Panels.


def _panel(kind: str, title: str, description: str, **more: Any) -> Json:
    return {"type": kind, "title": title, "description": description, "datasource": DATASOURCE, **more}


def stat(
    title: str,
    description: str,
    queries: Sequence[Query],
    unit: str,
    *,
    value_px: int | None = None,
    name_px: int | None = None,
    rows: bool = False,
    decimals: int | None = 0,
    overrides: Sequence[Json] = (),
) -> Json:
    """Large values of this moment, each with its name, coloured by the sign in its name.

    `rows` puts one below the other; sizes are in pixels, and Grafana's own choice without.
    """
    sizes = {name: px for name, px in (("valueSize", value_px), ("titleSize", name_px)) if px is not None}
    return _panel(
        "stat",
        title,
        description,
        targets=_targets(queries, instant=True),
        fieldConfig={
            "defaults": _defaults(unit, decimals=decimals, colour=SLATE),
            "overrides": [*_judgements(), *overrides],
        },
        options={
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "orientation": "horizontal" if rows else "auto",
            "textMode": "value_and_name",
            "colorMode": "background",
            "graphMode": "none",
            "justifyMode": "auto",
            **({"text": sizes} if sizes else {}),
        },
    )


def lines(
    title: str,
    description: str,
    queries: Sequence[Query],
    unit: str,
    *,
    overrides: Sequence[Json] = (),
    decimals: int | None = None,
    shades: bool = False,
) -> Json:
    """Curves over the time range. A gap stays a gap: without calls there is no average.

    A query has a colour and dashes of its own; with `shades` the series have colours, from dark to light, where one
    query has many.
    """
    strokes = [] if shades else _strokes(queries)
    return _panel(
        "timeseries",
        title,
        description,
        targets=_targets(queries, instant=False),
        fieldConfig={
            "defaults": {
                **_defaults(unit, decimals=decimals),
                **({"color": {"mode": "shades", "fixedColor": SKY_BLUE}} if shades else {}),
                "min": 0,
                "custom": {
                    "drawStyle": "line",
                    "lineWidth": 2,
                    "fillOpacity": 0,
                    "showPoints": "never",
                    "spanNulls": False,
                },
            },
            "overrides": [*strokes, _norm_line(), *overrides],
        },
        options={
            "legend": {
                "showLegend": True,
                "displayMode": "table",
                "placement": "bottom",
                "calcs": ["lastNotNull", "max"],
            },
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
    )


def _norm_line() -> Json:
    """A norm is drawn dashed and in a colour of its own, over whatever it is the norm of."""
    return override("byRegexp", "/^norm/", color=_fixed(NORM), **_dashes((10, 10)), custom_lineWidth=3)


def bars(
    title: str,
    description: str,
    queries: Sequence[Query],
    unit: str,
    *,
    x: tuple[str, str],
    names: Sequence[str],
    decimals: int | None = None,
    overrides: Sequence[Json] = (),
    stacked: bool = False,
) -> Json:
    """Bars by a label (months, years), one for each query, which `names` names in their order.

    `x` holds the label and what it is called.
    """
    label, heading = x
    return _panel(
        "barchart",
        title,
        description,
        targets=_targets(queries, instant=True, table=True),
        transformations=_side_by_side(queries, names, labels={label: heading}, sort=label),
        fieldConfig={
            "defaults": {
                **_defaults(unit, decimals=decimals),
                "min": 0,
                "custom": {"lineWidth": 1, "fillOpacity": 80},
            },
            "overrides": [
                override("byName", heading, unit=AS_IT_IS),
                *(
                    override("byName", name, color=_fixed(colour))
                    for name, colour in zip(names, SERIES, strict=False)
                ),
                override("byRegexp", "/^norm/", color=_fixed(NORM)),
                *overrides,
            ],
        },
        options={
            "xField": heading,
            "orientation": "auto",
            "barWidth": 0.9,
            "groupWidth": 0.8,
            "stacking": "normal" if stacked else "none",
            "showValue": "always",
            "xTickLabelRotation": 0,
            "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []},
            "tooltip": {"mode": "multi", "sort": "none"},
        },
    )


def table(
    title: str,
    description: str,
    queries: Sequence[Query],
    columns: Sequence[str],
    *,
    labels: Mapping[str, str],
    unit: str = COUNT,
    decimals: int | None = None,
    column_units: Mapping[str, str] = {},
    sort: str | None = None,
    descending: bool = False,
    overrides: Sequence[Json] = (),
) -> Json:
    """A row for each combination of `labels` (label to heading), a column for each query.

    `sort` is a label or a column.
    """
    shown_units = {**dict.fromkeys(labels.values(), AS_IT_IS), **column_units}
    by_name = [override("byName", name, unit=column_unit) for name, column_unit in shown_units.items()]
    return _panel(
        "table",
        title,
        description,
        targets=_targets(queries, instant=True, table=True),
        transformations=_side_by_side(queries, columns, labels=labels, sort=sort, descending=descending),
        fieldConfig={
            "defaults": {
                **_defaults(unit, decimals=decimals),
                "custom": {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False},
            },
            "overrides": [*by_name, *overrides],
        },
        options={"showHeader": True, "cellHeight": "md"},
    )


def matrix(
    title: str, description: str, query: Query, unit: str, *, rows: tuple[str, str], columns: str, decimals: int
) -> Json:
    """A table of one query: a row for each value of the label in `rows`, a column for each of the label `columns`.

    `rows` holds the first column's heading too; Grafana names that column after both labels.
    """
    label, heading = rows
    corner = f"{label}\\{columns}"
    options = {"rowField": label, "columnField": columns, "valueField": "Value", "emptyValue": "null"}
    panel = table(title, description, [query], ["Value"], labels={label: heading}, unit=unit, decimals=decimals)
    return {
        **panel,
        "transformations": [
            {"id": "groupingToMatrix", "options": options},
            {"id": "sortBy", "options": {"fields": {}, "sort": [{"field": corner, "desc": False}]}},
            {
                "id": "organize",
                "options": {"excludeByName": {}, "indexByName": {}, "renameByName": {corner: heading}},
            },
        ],
    }


def _side_by_side(
    queries: Sequence[Query],
    names: Sequence[str],
    *,
    labels: Mapping[str, str],
    sort: str | None,
    descending: bool = False,
) -> list[Json]:
    """Rows with the same labels become one, and each query a column of its own under its name.

    Grafana calls the values `Value`, or `Value #A` and so on where there are several queries.
    """
    if len(queries) != len(names):
        raise ValueError(f"expected a name for each of {len(queries)} queries, got {len(names)}: {', '.join(names)}")
    values = ["Value"] if len(queries) == 1 else [f"Value #{ref}" for ref in _REFS[: len(queries)]]
    renamed = {**labels, **dict(zip(values, names, strict=True))}
    order = {name: at for at, name in enumerate([*labels, *values])}
    steps: list[Json] = [
        {"id": "merge", "options": {}},
        {
            "id": "organize",
            "options": {"excludeByName": {"Time": True}, "indexByName": order, "renameByName": renamed},
        },
    ]
    if sort is not None:
        by = {"field": labels.get(sort, sort), "desc": descending}
        steps.append({"id": "sortBy", "options": {"fields": {}, "sort": [by]}})
    return steps


def text(title: str, markdown: str, description: str) -> Json:
    """Words, written in Markdown."""
    options = {"mode": "markdown", "content": markdown, "code": {"language": "plaintext", "showLineNumbers": False}}
    return {"type": "text", "title": title, "description": description, "options": options}


def verdict_column(name: str) -> Json:
    """A column of 0 and 1 that says whether a norm is kept."""
    says = {"0": {"text": f"{GOOD} binnen de norm", "color": SKY_BLUE, "index": 0}}
    says["1"] = {"text": f"{BAD} boven de norm", "color": VERMILLION, "index": 1}
    return override(
        "byName",
        name,
        mappings=[{"type": "value", "options": says}, _text_for_nothing()],
        custom_cellOptions={"type": "color-text"},
    )


def bounds_column(name: str) -> Json:
    """A column of speed categories, whose bounds come with zeros before them so that they sort."""
    says = {"pattern": "^0*([0-9]+)$", "result": {"text": "tot en met $1 s", "index": 0}}
    return override("byName", name, mappings=[{"type": "regex", "options": says}])


def reasons_column(name: str) -> Json:
    """A column of reasons, in Dutch."""
    return override("byName", name, mappings=[texts(REASONS)])


def channel_column(name: str) -> Json:
    """A column of channels, in Dutch."""
    return override("byName", name, mappings=[texts(CHANNELS)])
