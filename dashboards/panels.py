"""How something is drawn: panels as Grafana's JSON, without a place on the screen.

A panel is named by a key: its title is the message `grafana-KEY`, and `grafana-KEY-about` says what it shows.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from dashboards.grafana import (
    AS_IT_IS,
    CALM,
    COUNT,
    DATASOURCE,
    NORM,
    NOTHING,
    SERIES,
    SKY_BLUE,
    SLATE,
    STROKES,
    VERMILLION,
    Json,
    Unit,
)
from dashboards.queries import BAD, GOOD, NEUTRAL, Query
from streams.words.message import Message, message

Text = str | Message
"""What stays as it is, or is said in the language of the dashboard."""

# Targets.

_REFS: Final = "ABCDEFGHIJKLMNOP"
"""Letters of a panel's queries."""


def _target(query: Query, ref: str, *, instant: bool, table: bool) -> Json:
    return {
        "refId": ref,
        "datasource": DATASOURCE,
        "expr": query.expr,
        "legendFormat": query.name or "__auto",
        "instant": instant,
        "range": not instant,
        "format": "table" if table else "time_series",
        "editorMode": "code",
    }


def _named(queries: Iterable[Query]) -> list[tuple[str, Query]]:
    """Each query with its letter. Raises `ValueError` when there are more of them than letters."""
    listed = list(queries)
    if len(listed) > len(_REFS):
        raise ValueError(f"expected {len(_REFS)} queries in a panel at most, got {len(listed)}")
    return list(zip(_REFS, listed, strict=False))


def _targets(queries: Iterable[Query], *, instant: bool, table: bool = False) -> list[Json]:
    return [_target(query, ref, instant=instant, table=table) for ref, query in _named(queries)]


# Fields: units, colours, texts.


def text_for_nothing() -> Json:
    """A dash where there is no figure."""
    return {"type": "special", "options": {"match": "null+nan", "result": {"text": NOTHING, "index": 0}}}


def texts(mapping: Mapping[str, Message]) -> Json:
    """Values that are shown as texts."""
    options = {value: {"text": text, "index": index} for index, (value, text) in enumerate(mapping.items())}
    return {"type": "value", "options": options}


def _defaults(unit: Unit, *, decimals: int | None = None, colour: str | None = None) -> Json:
    """What holds for every field; thresholds are one step, since the norms come with the data."""
    return {
        "unit": unit,
        **({} if decimals is None else {"decimals": decimals}),
        "noValue": NOTHING,
        "mappings": [text_for_nothing()],
        "thresholds": {"mode": "absolute", "steps": [{"color": colour or SLATE, "value": None}]},
        "color": _fixed(colour or SKY_BLUE),
    }


def _fixed(colour: str) -> Json:
    return {"mode": "fixed", "fixedColor": colour}


def override(matcher: str, options: Text, **properties: Any) -> Json:
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
    if len(queries) > len(SERIES):
        raise ValueError(f"expected {len(SERIES)} queries at most, one for each colour, got {len(queries)}")
    return [
        override("byFrameRefID", ref, color=_fixed(colour), **_dashes(stroke))
        for (ref, _), colour, stroke in zip(_named(queries), SERIES, STROKES, strict=False)
    ]


def _norm_lines(queries: Sequence[Query]) -> list[Json]:
    """A norm is drawn dashed and in a colour of its own, over whatever it is the norm of."""
    return [
        override("byFrameRefID", ref, color=_fixed(NORM), **_dashes((10, 10)), custom_lineWidth=3)
        for ref, query in _named(queries)
        if query.is_norm
    ]


def _dashes(stroke: Sequence[int]) -> Json:
    return {"custom_lineStyle": {"fill": "dash", "dash": list(stroke)}} if stroke else {}


def heading(ref: str) -> Json:
    """Words in a row of a tile: a query whose name is shown without its value, which is 0."""
    blank = {"type": "value", "options": {"0": {"text": "\u00a0", "index": 0}}}
    return override("byFrameRefID", ref, mappings=[blank], color=_fixed("transparent"))


def units(unit_of: Mapping[str, Unit]) -> list[Json]:
    """The units of the queries that have another than the panel, by letter."""
    return [override("byFrameRefID", ref, unit=unit) for ref, unit in unit_of.items()]


# Panels.


def _panel(kind: str, key: str, **more: Any) -> Json:
    title, description = message(f"grafana-{key}"), message(f"grafana-{key}-about")
    return {"type": kind, "title": title, "description": description, "datasource": DATASOURCE, **more}


def column(code: str) -> Message:
    """The heading of a column or of a row of bars."""
    return message(f"grafana-column-{code}")


def stat(
    key: str,
    queries: Sequence[Query],
    unit: Unit,
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
        key,
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
    key: str,
    queries: Sequence[Query],
    unit: Unit,
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
        key,
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
            "overrides": [*strokes, *_norm_lines(queries), *overrides],
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


def bars(
    key: str,
    of: Mapping[str, Query],
    unit: Unit,
    *,
    x: tuple[str, str],
    decimals: int | None = None,
    overrides: Sequence[Json] = (),
    stacked: bool = False,
) -> Json:
    """Bars by a label (months, years), one for each query of `of`, by the codes of their names.

    `x` holds the label and the code of what it is called.
    """
    label, heading = x[0], column(x[1])
    if len(of) > len(SERIES):
        raise ValueError(f"expected {len(SERIES)} queries at most, one for each colour, got {len(of)}")
    return _panel(
        "barchart",
        key,
        targets=_targets(of.values(), instant=True, table=True),
        transformations=_side_by_side(of, labels={label: heading}, sort=label),
        fieldConfig={
            "defaults": {
                **_defaults(unit, decimals=decimals),
                "min": 0,
                "custom": {"lineWidth": 1, "fillOpacity": 80},
            },
            "overrides": [
                override("byName", heading, unit=AS_IT_IS),
                *(
                    override("byName", column(code), color=_fixed(NORM if query.is_norm else colour))
                    for (code, query), colour in zip(of.items(), SERIES, strict=False)
                ),
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
    key: str,
    of: Mapping[str, Query],
    *,
    labels: Mapping[str, str],
    unit: Unit = COUNT,
    decimals: int | None = None,
    column_units: Mapping[str, Unit] = {},
    sort: str | None = None,
    descending: bool = False,
    overrides: Sequence[Json] = (),
) -> Json:
    """A row for each combination of `labels`, a column for each query of `of`; headings are named by their codes.

    `sort` is a label or the code of a column.
    """
    shown_units = {**dict.fromkeys(labels.values(), AS_IT_IS), **column_units}
    by_name = [override("byName", column(code), unit=column_unit) for code, column_unit in shown_units.items()]
    headings = {label: column(code) for label, code in labels.items()}
    return _panel(
        "table",
        key,
        targets=_targets(of.values(), instant=True, table=True),
        transformations=_side_by_side(of, labels=headings, sort=sort, descending=descending),
        fieldConfig={
            "defaults": {
                **_defaults(unit, decimals=decimals),
                "custom": {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False},
            },
            "overrides": [*by_name, *overrides],
        },
        options={"showHeader": True, "cellHeight": "md"},
    )


def matrix(key: str, query: Query, unit: Unit, *, rows: tuple[str, str], columns: str, decimals: int) -> Json:
    """A table of one query: a row for each value of the label in `rows`, a column for each of the label `columns`.

    `rows` holds the code of the first column's heading too; Grafana names that column after both labels.
    """
    label, heading = rows
    corner = f"{label}\\{columns}"
    options = {"rowField": label, "columnField": columns, "valueField": "Value", "emptyValue": "null"}
    panel = table(key, {heading: query}, labels={label: heading}, unit=unit, decimals=decimals)
    named = {"excludeByName": {}, "indexByName": {}, "renameByName": {corner: column(heading)}}
    return {
        **panel,
        "transformations": [
            {"id": "groupingToMatrix", "options": options},
            {"id": "sortBy", "options": {"fields": {}, "sort": [{"field": corner, "desc": False}]}},
            {"id": "organize", "options": named},
        ],
    }


def _side_by_side(
    of: Mapping[str, Query], *, labels: Mapping[str, Message], sort: str | None, descending: bool = False
) -> list[Json]:
    """Rows with the same labels become one, and each query a column of its own under its name.

    Grafana calls the values `Value`, or `Value #A` and so on where there are several queries.
    """
    values = ["Value"] if len(of) == 1 else [f"Value #{ref}" for ref, _ in _named(of.values())]
    renamed = {**labels, **{value: column(code) for value, code in zip(values, of, strict=True)}}
    order = {name: at for at, name in enumerate([*labels, *values])}
    steps: list[Json] = [
        {"id": "merge", "options": {}},
        {
            "id": "organize",
            "options": {"excludeByName": {"Time": True}, "indexByName": order, "renameByName": renamed},
        },
    ]
    if sort is not None:
        by = {"field": labels[sort] if sort in labels else column(sort), "desc": descending}
        steps.append({"id": "sortBy", "options": {"fields": {}, "sort": [by]}})
    return steps


def text(title: str, markdown: str, description: Message) -> Json:
    """Words, written in Markdown."""
    options = {"mode": "markdown", "content": markdown, "code": {"language": "plaintext", "showLineNumbers": False}}
    return {"type": "text", "title": title, "description": description, "options": options}
