"""What is Grafana's own: its JSON, the data source, units, and the colours that are drawn with.

Colours are those of Okabe and Ito, which colour-blind people tell apart, and never speak alone: a sign before a name
(`queries.GOOD`, `queries.BAD`) says the same.
"""

from typing import Any, Final

from streams.words.message import Message, message

Json = dict[str, Any]
"""A JSON object, as Grafana names its keys. Where people read a text it holds a `Message`, until it is known in which
language: see `dashboards.language`."""

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
EUROS: Final = message("grafana-unit-euros")
BYTES: Final = "bytes"
AS_IT_IS: Final = "string"
"""For labels: without it Grafana would take a label such as 2022 for a number and give it the unit of the figures."""

Unit = str | Message
"""One of these, or words."""
