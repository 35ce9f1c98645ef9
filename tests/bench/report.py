"""What was measured and what it had to be, as a table in Markdown. Pure."""

from collections.abc import Iterable, Sequence

import msgspec

from tests.bench.spreads import Spread


class Figure(msgspec.Struct):
    """One line of the results."""

    section: str
    name: str
    unit: str
    value: Spread
    note: str = ""
    x: float | None = None
    """Where it stands on the axis of a curve."""


class Target(msgspec.Struct):
    """What the product promises, and what was measured of it."""

    promise: str
    limit: float
    measured: float
    at_least: bool
    """Whether the limit is the least that is enough, or else the most."""

    @property
    def met(self) -> bool:
        """The limit itself is enough."""
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit


class Results(msgspec.Struct):
    """Everything of one run of the benchmark."""

    about: list[tuple[str, str]] = []
    """Machine, versions, options: name and value."""
    figures: list[Figure] = []
    targets: list[Target] = []
    failures: list[str] = []
    """Measurements that came to nothing, and why."""

    def add(self, other: "Results") -> None:
        """Take in what another measurement found."""
        self.about += other.about
        self.figures += other.figures
        self.targets += other.targets
        self.failures += other.failures


def markdown(results: Results) -> str:
    """The whole report."""
    parts = [
        "# Measured by `make bench`",
        _list([*results.about, *(("**failed**", failure) for failure in results.failures)]),
    ]
    if results.targets:
        parts += ["## Promises", _promises(results.targets)]
    for section in dict.fromkeys(figure.section for figure in results.figures):
        found = [figure for figure in results.figures if figure.section == section]
        parts += [f"## {section}", table(("", "unit", "median", "least", "most", ""), map(_row, found))]
    return "\n\n".join(parts) + "\n"


def summary(results: Results) -> str:
    """What docs/performance.md says of it: who folds how many events a second, and what of the promises holds."""
    speeds = [
        (figure.name, number(figure.value.middle), f"{number(figure.value.low)} to {number(figure.value.high)}")
        for figure in results.figures
        if figure.unit == "events/s" and figure.section == "Throughput"
    ]
    about = dict(results.about)
    return "\n\n".join(
        (
            f"On {about['machine']} ({about['run']}):",
            table(("system", "events/s", "of all turns"), speeds),
            _promises(results.targets),
        )
    )


def _promises(targets: Iterable[Target]) -> str:
    rows = [
        (target.promise, _bound(target), number(target.measured), "yes" if target.met else "**no**")
        for target in targets
    ]
    return table(("promise", "limit", "measured", "met"), rows)


def _row(figure: Figure) -> Sequence[str]:
    low, middle, high = figure.value
    return figure.name, figure.unit, number(middle), number(low), number(high), figure.note


def _bound(target: Target) -> str:
    return f"{'at least' if target.at_least else 'at most'} {number(target.limit)}"


def _list(pairs: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in pairs)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown, its columns aligned in the source too; a bar in a cell is escaped."""
    lines = [head, *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(head))]
    padded = [" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    padded.insert(1, " | ".join("-" * width for width in widths))
    return "\n".join(f"| {line} |" for line in padded)


def number(value: float) -> str:
    """Three significant digits, thousands apart: what a noisy measurement can say."""
    if value and abs(value) < 100:
        return f"{value:.3g}"
    digits = max(0, len(str(int(abs(value)))) - 3)
    return f"{round(value, -digits):,.0f}"
