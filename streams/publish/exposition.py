"""The families of one page of metrics: every metric of the page, in its order, with the series there are.

Must not know what is observed, nor how the bytes are served.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from streams.core.rules import SECOND_MS
from streams.core.tally import UNBOUNDED_MS
from streams.publish.catalogue import Kind, Metric, Page, on_page

Labels = tuple[str, ...]

_FAMILIES: Final = {Kind.GAUGE: GaugeMetricFamily, Kind.COUNTER: CounterMetricFamily}


class Families:
    """The families of one page for one scrape, except histograms, which keep themselves."""

    def __init__(self, page: Page) -> None:
        self._metrics: Final = on_page(page)
        self._families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {
            metric.name: _FAMILIES[metric.kind](metric.name, metric.help, labels=metric.labels)
            for metric in self._metrics
            if metric.kind is not Kind.HISTOGRAM
        }

    def add(self, metric: Metric, labels: Labels, value: float | None) -> None:
        """Add one series; a value that is not known makes none."""
        if value is not None:
            self._families[metric.name].add_metric(labels, value)

    def add_ms(self, metric: Metric, labels: Labels, milliseconds: int | None) -> None:
        """Add one series in seconds."""
        if milliseconds is not None:
            self._families[metric.name].add_metric(labels, milliseconds / SECOND_MS)

    def in_order(self, histograms: Mapping[str, Family]) -> Iterator[Family]:
        """Every family in the order of the catalogue; `histograms` gives those that are kept elsewhere, by name."""
        for metric in self._metrics:
            yield histograms[metric.name] if metric.kind is Kind.HISTOGRAM else self._families[metric.name]


class Exposition(Collector):
    """One page in the text format of Prometheus, read anew at each scrape.

    It has a registry of its own, so that nothing else in the process gets into the page.
    """

    def __init__(self, collect: Callable[[], Iterator[Family]]) -> None:
        """`collect` is called once for each scrape, in the thread that renders."""
        self._collect = collect
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def collect(self) -> Iterator[Family]:
        """The families of this scrape, as the registry asks for them."""
        return self._collect()

    def describe(self) -> list[Family]:
        """Nothing: registering must not read figures that are not there yet."""
        return []

    def render(self) -> bytes:
        """The Prometheus text format, to be served as `CONTENT_TYPE_LATEST`."""
        return generate_latest(self._registry)


def category_label(bound_ms: int) -> str:
    """A speed category by its upper bound, as the label `up_to_seconds` has it."""
    return "+Inf" if bound_ms == UNBOUNDED_MS else f"{bound_ms / SECOND_MS:g}"
