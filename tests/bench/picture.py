"""The results as one picture. Runs in the environment of the peers, reads the results as JSON, writes a PNG."""

import json
import sys
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot

Figure = dict[str, Any]

OURS, THEIRS = "#1f5fa8", "#9aa5b1"


def draw(figures: list[Figure], path: str) -> None:
    """Throughput to the left, on a logarithmic axis; latency, scrapes and curves to the right."""
    mpl.use("Agg")
    mpl.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    drawing = pyplot.figure(figsize=(12, 6.2), layout="constrained")
    grid = drawing.add_gridspec(2, 4)
    _throughput(drawing.add_subplot(grid[:, :2]), figures)
    curves = [
        ("Latency from event to /metrics", "events/s", "s"),
        ("Scrape", "clusters", "s"),
    ]
    for place, (section, x, unit) in zip((grid[0, 2], grid[0, 3]), curves, strict=True):
        _curves(drawing.add_subplot(place), section, x, unit, _points(figures, "section", section))
    for place, axis in ((grid[1, 2], "open contacts"), (grid[1, 3], "disorder")):
        found = _points(figures, "note", axis)
        _curves(drawing.add_subplot(place), "Cost of an event in the fold", axis, "processor us", found)
    drawing.savefig(path, dpi=110)


def _points(figures: list[Figure], field: str, value: str) -> list[Figure]:
    return [figure for figure in figures if figure[field] == value and figure["x"] is not None]


def _throughput(axes: Any, figures: list[Figure]) -> None:
    bars = [f for f in figures if f["section"] == "Throughput" and f["unit"] == "events/s"]
    for row, bar in enumerate(reversed(bars)):
        low, middle, high = bar["value"]
        error = [[middle - low], [high - middle]]
        axes.barh(row, middle, xerr=error, color=OURS if bar["name"].startswith("worker") else THEIRS, capsize=3)
        axes.text(high * 1.12, row, f"{middle:,.0f}", va="center")
    axes.set(xscale="log", yticks=range(len(bars)), xlabel="events/s, median of the turns, least and most")
    axes.set_yticklabels([bar["name"].replace(", ", ",\n") for bar in reversed(bars)])
    axes.set_title("Throughput", loc="left")
    axes.margins(x=0.25)


def _curves(axes: Any, title: str, x_label: str, unit: str, found: list[Figure]) -> None:
    """A line for each kind of figure (what its name says behind a comma), least and most as bars."""
    kinds = dict.fromkeys(_kind(figure) for figure in found)
    for kind in kinds:
        points = sorted((f["x"], f["value"]) for f in found if _kind(f) == kind)
        places = [x for x, _ in points]
        middles = [value[1] for _, value in points]
        errors = [[value[1] - value[0] for _, value in points], [value[2] - value[1] for _, value in points]]
        axes.errorbar(places, middles, yerr=errors, marker="o", capsize=3, label=kind)
        if min(places) > 0:
            axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set(xlabel=x_label, ylabel=unit)
    axes.set_title(title, loc="left")
    if len(kinds) > 1:
        axes.legend(frameon=False)


def _kind(figure: Figure) -> str:
    return str(figure["name"]).rpartition(", ")[2] if "percentile" in figure["name"] else ""


if __name__ == "__main__":
    draw(json.load(sys.stdin)["figures"], sys.argv[1])
