"""Bar charts as SVG that stands in the page: no script, no request, sharp on paper.

One kind of chart is enough for everything in the report: bars beside each other, each with its figure above it, and a
line for the norm.
"""

from html import escape
from typing import Final

from streams.months.report.section import Chart

WIDTH: Final = 720
HEIGHT: Final = 250
TOP: Final = 34
"""Room above the highest bar for its figure."""
BOTTOM: Final = 30
"""Room for the labels below."""
LEGEND: Final = 24
BAR_RATIO: Final = 0.68
"""A bar's share of its place."""
BAR_WIDTH_MAX: Final = 64
HEADROOM: Final = 1.05


def svg(chart: Chart) -> str:
    """The chart as an SVG element; its text is its description for those who cannot see it."""
    plot_bottom = HEIGHT - BOTTOM - (LEGEND if chart.legend else 0)
    top_value = max([*(value for value in chart.values if value is not None), chart.norm or 0, 1e-9]) * HEADROOM
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(_description(chart), quote=True)}">',
        f'<line class="axis" x1="0" y1="{plot_bottom}" x2="{WIDTH}" y2="{plot_bottom}"/>',
    ]
    bars = [_bar(chart, index, plot_bottom, top_value) for index in range(len(chart.labels))]
    parts.extend(shape for shape, _ in bars)
    if chart.norm is not None:
        parts.extend(_norm(chart, plot_bottom, top_value))
    parts.extend(words for _, words in bars)  # last, so that the line of the norm does not strike them through
    if chart.legend is not None:
        parts.extend(_legend(chart.legend))
    return "".join([*parts, "</svg>"])


def _description(chart: Chart) -> str:
    bars = ", ".join(f"{label} {text}" for label, text in zip(chart.labels, chart.texts, strict=True) if text)
    return f"{chart.title}: {bars}{'; ' + chart.norm_text if chart.norm_text else ''}"


def _bar(chart: Chart, index: int, plot_bottom: float, top_value: float) -> tuple[str, str]:
    """The bar, and the words at it."""
    step = WIDTH / len(chart.labels)
    middle = step * (index + 0.5)
    label = f'<text x="{middle:.1f}" y="{plot_bottom + 19}">{escape(chart.labels[index])}</text>'
    value = chart.values[index]
    if value is None:
        return "", label
    height = (plot_bottom - TOP) * value / top_value
    y, width = plot_bottom - height, min(step * BAR_RATIO, BAR_WIDTH_MAX)
    kind = "bar marked" if chart.marked[index] else "bar"
    place = f'x="{middle - width / 2:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return (
        f'<rect class="{kind}" {place}/>',
        f'<text class="figure" x="{middle:.1f}" y="{y - 6:.1f}">{escape(chart.texts[index])}</text>{label}',
    )


def _norm(chart: Chart, plot_bottom: float, top_value: float) -> list[str]:
    assert chart.norm is not None, "asked for only where there is one"
    y = plot_bottom - (plot_bottom - TOP) * chart.norm / top_value
    return [
        f'<line class="norm" x1="0" y1="{y:.1f}" x2="{WIDTH}" y2="{y:.1f}"/>',
        f'<text class="norm" x="{WIDTH}" y="{y - 5:.1f}">{escape(chart.norm_text)}</text>',
    ]


def _legend(names: tuple[str, str]) -> list[str]:
    parts, x = [], 2
    for kind, name in zip(("bar", "bar marked"), names, strict=True):
        parts.append(f'<rect class="{kind}" x="{x}" y="{HEIGHT - 15}" width="12" height="12"/>')
        parts.append(f'<text class="legend" x="{x + 18}" y="{HEIGHT - 4}">{escape(name)}</text>')
        x += 40 + 8 * len(name)
    return parts
