"""Draws dashboards as Grafana would lay them out, with real figures, for whoever has no Grafana at hand.

`python -m tests.dashboards.preview DIRECTORY` starts Kafka, two workers and Prometheus on a simulated day, and writes
a picture of each dashboard. Places, sizes of text and colours are Grafana's own, from its documentation and the
source of its stat panel; curves and bars are only sketched.
"""

import asyncio
import html
import json
import math
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TypeGuard

from playwright.async_api import Browser

from tests.brokers.apache import ApacheKafka, kafka_jars
from tests.browser import chromium
from tests.dashboards.built import DASHBOARDS, with_values
from tests.dashboards.frames import Ask, Curve, Shown, colour_of, curves, table, text_of, values
from tests.dashboards.monitored import Monitored

Json = dict[str, Any]

SCREEN: Final = (1920, 1080)
PADDING_PX: Final = 16
GAP_PX: Final = 8
CELL_PX: Final = 38
HEADER_PX: Final = 32
INSIDE_PX: Final = 8
WIDE_FROM: Final = 2.5
"""A value that is so many times as wide as high has its name beside it and not above."""

STYLE: Final = """
* { box-sizing: border-box; } body { margin: 0; background: #111217; color: #ccccdc; font: 14px Inter, sans-serif; }
.panel { position: absolute; background: #181b1f; border: 1px solid #25272c; border-radius: 2px; overflow: hidden; }
.panel > h2 { margin: 0; padding: 0 8px; height: 32px; font: 500 14px/32px Inter, sans-serif; white-space: nowrap; }
.row { position: absolute; font-weight: 500; line-height: 30px; } .inside { position: absolute; inset: 32px 8px 8px; }
.cell { position: absolute; display: flex; align-items: center; border-radius: 2px; overflow: hidden; }
.cell > div { display: flex; flex-wrap: wrap; flex-grow: 1; } .cell .value { font-weight: 500; }
.cell div div { line-height: 1.2; } .wide > div { flex-direction: row; align-items: center;
justify-content: space-between; } .high > div { flex-direction: column; }
table { width: 100%; border-collapse: collapse; } th { color: #6e9fff; font-weight: 500; text-align: left; }
td, th { padding: 8px; border-bottom: 1px solid #25272c; } td.number { text-align: right; } svg { width: 100%; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; font-size: 12px; }
"""


def page(dashboard: Json, ask: Ask) -> str:
    """The dashboard as one HTML page, as wide as the screen."""
    drawn = "".join(_panel(panel, ask) for panel in dashboard["panels"])
    return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><body>{drawn}</body>"


def asking(monitored: Monitored) -> Ask:
    """The answers of Prometheus."""

    def ask(target: Json) -> list[Json]:
        expr = target["expr"]
        return monitored.query(expr) if target["instant"] else monitored.query_range(expr, seconds=120)

    return ask


def opened(dashboard: Json, monitored: Monitored) -> Json:
    """A dashboard with the values that its lists hold when it opens."""
    filled: Json = json.loads(with_values(json.dumps(dashboard), monitored.variables(dashboard)))
    return filled


def place(panel: Json) -> tuple[float, float, float, float]:
    """Left, top, width and height in pixels."""
    column = (SCREEN[0] - 2 * PADDING_PX - 23 * GAP_PX) / 24
    at = panel["gridPos"]
    return (
        PADDING_PX + at["x"] * (column + GAP_PX),
        PADDING_PX + at["y"] * CELL_PX,
        at["w"] * (column + GAP_PX) - GAP_PX,
        at["h"] * CELL_PX - GAP_PX,
    )


def _panel(panel: Json, ask: Ask) -> str:
    left, top, width, height = place(panel)
    box = f"left:{left:.0f}px;top:{top:.0f}px;width:{width:.0f}px;height:{height:.0f}px"
    if panel["type"] == "row":
        return f'<div class="row" style="{box}">⌄ {_text(panel["title"])}</div>'
    inner = (width - 2 * INSIDE_PX, height - HEADER_PX - INSIDE_PX)
    inside = {
        "stat": lambda: _stat(panel, values(panel, ask), inner),
        "timeseries": lambda: _lines(curves(panel, ask), inner),
        "barchart": lambda: _bars(panel, ask, inner),
        "table": lambda: _table(panel, ask),
    }[panel["type"]]()
    return (
        f'<section class="panel" style="{box}"><h2>{_text(panel["title"])}</h2>'
        f'<div class="inside">{inside}</div></section>'
    )


def _text(words: str) -> str:
    return html.escape(words)


def _stat(panel: Json, shown: Sequence[Shown], inner: tuple[float, float]) -> str:
    """The layout of Grafana's stat panel: rows below each other or beside, the name beside or above the value."""
    width, height = inner
    if not shown:
        return "Geen gegevens"
    count, sizes = len(shown), panel["options"].get("text", {})
    rows = panel["options"]["orientation"] == "horizontal" or width <= height
    cell = (width, (height + GAP_PX) / count - GAP_PX) if rows else ((width + GAP_PX) / count - GAP_PX, height)
    cells = []
    for at, each in enumerate(shown):
        offset = at * ((cell[1] if rows else cell[0]) + GAP_PX)
        x, y = (0, offset) if rows else (offset, 0)
        cells.append(_value(each, (x, y, *cell), sizes))
    return "".join(cells)


def _value(shown: Shown, box: tuple[float, float, float, float], sizes: Json) -> str:
    x, y, width, height = box
    wide = width / height > WIDE_FROM
    value_px = sizes.get("valueSize") or min(height * 0.45, width * (0.3 if wide else 1) / len(shown.text) * 1.7)
    name_px = sizes.get("titleSize") or min(30, value_px * 0.7, width * (0.6 if wide else 1) / len(shown.name) * 1.8)
    padding = 12 if height > 100 else 8
    return (
        f'<div class="cell {"wide" if wide else "high"}" style="left:{x:.0f}px;top:{y:.0f}px;width:{width:.0f}px;'
        f'height:{height:.0f}px;padding:{padding}px;background:{shown.colour};color:#fff"><div>'
        f'<div class="name" style="font-size:{name_px:.0f}px">{_text(shown.name)}</div>'
        f'<div class="value" style="font-size:{value_px:.0f}px">{_text(shown.text)}</div></div></div>'
    )


def _lines(drawn: Sequence[Curve], inner: tuple[float, float]) -> str:
    width, height = inner[0], inner[1] - 16 - 18 * len(drawn)
    points = [point for each in drawn for point in each.points]
    if not points:
        return "Geen gegevens"
    first, last = min(at for at, _ in points), max(at for at, _ in points)
    top = max((value for _, value in points if not math.isnan(value)), default=1) or 1
    paths, names = [], []
    for at, each in enumerate(drawn):
        colour = _curve_colour(each, at, len(drawn))
        dashes = " ".join(map(str, each.config["custom"].get("lineStyle", {}).get("dash", ())))
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        path = " ".join(
            f"{(t - first) / (last - first or 1) * width:.0f},{height - value / top * height * 0.95:.0f}"
            for t, value in each.points
            if not math.isnan(value)
        )
        paths.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashed}/>')
        stroke = f'<line x2="60" y1="4" y2="4" stroke="{colour}" stroke-width="3"{dashed}/>'
        sample = f'<svg style="width:60px;height:8px">{stroke}</svg>'
        names.append(f"<div>{sample} {_text(each.name)} <b>{_text(each.last())}</b></div>")
    return f'<svg height="{max(height, 20):.0f}">{"".join(paths)}</svg>{"".join(names)}'


def _curve_colour(curve: Curve, at: int, count: int) -> str:
    """The series' own colour, or one of its shades."""
    colour: str = curve.config["color"]["fixedColor"]
    if curve.config["color"]["mode"] == "fixed":
        return colour
    return f"color-mix(in srgb, {colour} {100 - at * 75 // count}%, #002)"


def _is_number(value: float | str | None) -> TypeGuard[float]:
    return isinstance(value, float) and not math.isnan(value)


def _bars(panel: Json, ask: Ask, inner: tuple[float, float]) -> str:
    found = table(panel, ask)
    numbers = found.columns[1:]
    top = max((each for row in found.rows for each in row[1:] if _is_number(each)), default=1) or 1
    group = inner[0] / max(len(found.rows), 1)
    width, height = group * 0.8 / len(numbers), inner[1] - 60
    drawn = []
    for at, row in enumerate(found.rows):
        drawn.append(f'<text x="{at * group + 4:.0f}" y="{height + 40:.0f}" fill="#ccc">{_text(str(row[0]))}</text>')
        for bar, (_, config) in enumerate(numbers):
            if _is_number(value := row[bar + 1]):
                colour = config["color"]["fixedColor"]
                x, high = at * group + bar * width, value / top * height
                drawn.append(
                    f'<rect x="{x:.0f}" y="{height - high + 20:.0f}" width="{width - 2:.0f}" height="{high:.0f}"'
                    f' fill="{colour}"/><text x="{x:.0f}" y="{height - high + 16:.0f}" fill="#ccc" font-size="11">'
                    f"{_text(text_of(value, config))}</text>"
                )
    names = " · ".join(_text(name) for name, _ in numbers)
    return f'<svg height="{height + 44:.0f}">{"".join(drawn)}</svg><div>{names}</div>'


def _table(panel: Json, ask: Ask) -> str:
    found = table(panel, ask)
    head = "".join(f"<th>{_text(name)}</th>" for name, _ in found.columns)
    rows = []
    for row in found.rows:
        cells = []
        for (_, config), value in zip(found.columns, row, strict=True):
            colour = (
                colour_of(value, config)
                if config["custom"].get("cellOptions", {}).get("type") == "color-text"
                else ""
            )
            kind = "number" if isinstance(value, float) else ""
            cells.append(f'<td class="{kind}" style="color:{colour}">{_text(text_of(value, config))}</td>')
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>"


async def picture(browser: Browser, text: str, height: int, path: Path) -> None:
    """A screenshot of a page."""
    tab = await browser.new_page(viewport={"width": SCREEN[0], "height": height})
    await tab.set_content(text)
    await tab.screenshot(path=path)
    await tab.close()


async def draw(monitored: Monitored, directory: Path) -> None:
    """A picture of every dashboard."""
    async with chromium() as browser:
        for name, dashboard in DASHBOARDS.items():
            bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"])
            height = SCREEN[1] if name == "wall" else bottom * CELL_PX + 2 * PADDING_PX
            await picture(
                browser, page(opened(dashboard, monitored), asking(monitored)), height, directory / f"{name}.png"
            )


async def main(directory: Path, temporary: Path) -> None:
    """Start everything, draw, and stop."""
    async with (
        ApacheKafka(temporary, kafka_jars()) as broker,
        Monitored(broker, temporary) as monitored,
    ):
        await draw(monitored, directory)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        asyncio.run(main(Path(sys.argv[1]), Path(scratch)))
