"""One page of metrics as text: every metric of the page, in its order, with the series there are.

Gauges and counters are written here, a line a series: a thousand clusters have a hundred thousand of them, and for
each one prometheus-client makes objects and formats the same labels anew. Histograms, which keep state, are the
library's, and so is their text. Must not know what is observed, nor how the bytes are served.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric as Family

from streams.core.rules import SECOND_MS
from streams.core.tally import UNBOUNDED_MS
from streams.publish.catalogue import Kind, Metric, Page, on_page

Labels = tuple[str, ...]


class _Series:
    """One series as it was last written: most are written again as they were."""

    __slots__ = ("head", "line", "value")

    def __init__(self, head: str) -> None:
        self.head = head
        self.value: float | None = None
        self.line = ""


class Written(defaultdict[str, dict[Labels, _Series]]):
    """The series of earlier scrapes of a page by metric and labels. As many as its clusters and windows make."""

    def __init__(self) -> None:
        super().__init__(dict)


class Families:
    """The families of one page for one scrape, except histograms, which keep themselves."""

    def __init__(self, page: Page, written: Written | None = None) -> None:
        """`written` is kept from one scrape of the page to the next."""
        self._metrics: Final = on_page(page)
        written = Written() if written is None else written
        self._families: dict[str, tuple[list[str], dict[Labels, _Series]]] = {
            metric.name: ([_definition(metric)], written[metric.name])
            for metric in self._metrics
            if metric.kind is not Kind.HISTOGRAM
        }

    def add(self, metric: Metric, labels: Labels, value: float | None) -> None:
        """Add one series; a value that is not known makes none."""
        if value is None:
            return
        lines, known = self._families[metric.name]
        series = known.get(labels)
        if series is None:
            series = known[labels] = _Series(f"{metric.name}{_label_text(metric.labels, labels)}")
        if value != series.value:
            series.value, series.line = value, f"{series.head} {float(value)!r}\n"
        lines.append(series.line)

    def add_ms(self, metric: Metric, labels: Labels, milliseconds: int | None) -> None:
        """Add one series in seconds."""
        if milliseconds is not None:
            self.add(metric, labels, milliseconds / SECOND_MS)

    def text(self, histograms: Mapping[str, Family]) -> bytes:
        """The page in the text format of Prometheus, to be served as `CONTENT_TYPE_LATEST`.

        `histograms` gives the families that are kept elsewhere, by name.
        """
        parts = (
            generate_latest(_Registry([histograms[metric.name]])).decode()
            if metric.kind is Kind.HISTOGRAM
            else "".join(self._families[metric.name][0])
            for metric in self._metrics
        )
        return "".join(parts).encode()


class _Registry(CollectorRegistry):
    """What the library writes: these families and no others."""

    def __init__(self, families: Iterable[Family]) -> None:
        super().__init__()
        self._families = families

    def collect(self) -> Iterable[Family]:
        return self._families


def _definition(metric: Metric) -> str:
    definition = metric.help.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {metric.name} {definition}\n# TYPE {metric.name} {metric.kind}\n"


def _label_text(names: tuple[str, ...], values: Labels) -> str:
    """Labels as the text format has them, in the order of the alphabet, as the library writes them.

    Raises ValueError when there are more names than values, or fewer.
    """
    pairs = [f'{name}="{_escaped(value)}"' for name, value in sorted(zip(names, values, strict=True))]
    return f"{{{','.join(pairs)}}}" if pairs else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def category_label(bound_ms: int) -> str:
    """A speed category by its upper bound, as the label `up_to_seconds` has it."""
    return "+Inf" if bound_ms == UNBOUNDED_MS else f"{bound_ms / SECOND_MS:g}"
