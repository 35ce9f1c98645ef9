"""Query results as Grafana's data frames in JSON, shaped as its Prometheus data source shapes them.

Panels find their columns by the names of fields, and stats and legends by display names, so both must be the data
source's own: one frame for each query of format `table` with a column for each label, else one for each series. The
JSON is Grafana's `DataFrameJSON` (packages/grafana-data/src/dataframe/DataFrameJSON.ts); the shapes are those of
`transformDFToTable` in @grafana/prometheus. Must not know dashboards.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

Frame = dict[str, Any]

NAME: Final = "__name__"
"""The label that holds the name of a series."""


class Sample(NamedTuple):
    """One series of an answer."""

    labels: Mapping[str, str]
    value: float


VALUE: Final = "Value"
TIME: Final = "Time"
TABLE: Final = "table"


def value_field(ref_id: str, queries: int) -> str:
    """The name of a table's column of values: with the query's letter where a panel has several."""
    return VALUE if queries == 1 else f"{VALUE} #{ref_id}"


def table_frame(ref_id: str, vector: Sequence[Sample], at_ms: int, queries: int) -> Frame:
    """One frame: the time, a column for each label in the order of their names, the values."""
    names = sorted({name for sample in vector for name in sample.labels})
    fields: list[Frame] = [
        {"name": TIME, "type": "time", "typeInfo": {"frame": "time.Time"}, "config": {}},
        *(
            {"name": name, "type": "string", "typeInfo": {"frame": "string"}, "config": {"filterable": True}}
            for name in names
        ),
        {
            "name": value_field(ref_id, queries),
            "type": "number",
            "typeInfo": {"frame": "float64"},
            "config": {"displayName": value_field(ref_id, queries)} if queries > 1 else {},
        },
    ]
    columns: list[list[Any]] = [
        [at_ms] * len(vector),
        *([sample.labels.get(name, "") for sample in vector] for name in names),
    ]
    return _frame(ref_id, None, fields, columns, [sample.value for sample in vector])


def series_frames(ref_id: str, vector: Sequence[Sample], at_ms: int, legend: str) -> list[Frame]:
    """A frame for each series, named by its legend; one without values where there are no series."""
    if not vector:
        return [_frame(ref_id, None, [], [], None)]
    frames = []
    for sample in vector:
        name = display_name(sample.labels, legend)
        labels = dict(sample.labels)
        fields: list[Frame] = [
            {"name": TIME, "type": "time", "typeInfo": {"frame": "time.Time"}, "config": {}},
            {
                "name": VALUE,
                "type": "number",
                "typeInfo": {"frame": "float64"},
                "labels": labels,
                "config": {"displayNameFromDS": name},
            },
        ]
        frames.append(_frame(ref_id, name, fields, [[at_ms]], [sample.value]))
    return frames


def display_name(labels: Mapping[str, str], legend: str) -> str:
    """The legend with `{{label}}` as its value; without a legend the series as Prometheus writes it."""
    if legend and legend != "__auto":
        return re.sub(r"\{\{\s*(.+?)\s*\}\}", lambda found: labels.get(found[1], ""), legend)
    rest = ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items()) if name != NAME)
    return labels.get(NAME, "") + (f"{{{rest}}}" if rest or NAME not in labels else "")


def _frame(
    ref_id: str, name: str | None, fields: list[Frame], columns: list[list[Any]], values: list[float] | None
) -> Frame:
    schema: Frame = {"refId": ref_id, "fields": fields, "meta": {"custom": {"resultType": "vector"}}}
    if name is not None:
        schema["name"] = name
    if values is None:
        return {"schema": schema, "data": {"values": columns}}
    encoded, entities = _encoded(values)
    data: Frame = {"values": [*columns, encoded]}
    if entities:
        data["entities"] = [*([None] * len(columns)), entities]
    return {"schema": schema, "data": data}


def _encoded(values: Sequence[float]) -> tuple[list[float | None], dict[str, list[int]]]:
    """JSON has no NaN and no infinity: they are null, and the frame says where which of them is."""
    entities = {
        "NaN": [index for index, value in enumerate(values) if math.isnan(value)],
        "Inf": [index for index, value in enumerate(values) if value == math.inf],
        "NegInf": [index for index, value in enumerate(values) if value == -math.inf],
    }
    encoded = [value if math.isfinite(value) else None for value in values]
    return encoded, {name: indexes for name, indexes in entities.items() if indexes}
