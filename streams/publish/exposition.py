"""One page of metrics as text: every metric of the page, in its order, with the series there are.

Gauges and counters are written here, a line a series: a thousand clusters have a hundred thousand of them, and for
each one prometheus-client makes objects and formats the same labels anew. Histograms, which keep state, are the
library's, and so is their text. Must not know what is observed, nor how the bytes are served.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric as Family

from streams.core.rules import SECOND_MS
from streams.core.tally import UNBOUNDED_MS
from streams.publish.catalogue import Kind, Metric, Page, on_page

Labels = tuple[str, ...]


class Written:
    """What earlier scrapes of a page have written, to be written again. As much as its clusters and windows make."""

    def __init__(self) -> None:
        self.heads: defaultdict[str, dict[Labels, str]] = defaultdict(dict)
        """What stands before the value, by metric and labels."""
        self.groups: dict[Labels, tuple[object, list[tuple[str, str]]]] = {}
        """What a group was made of, and its lines with the names of their metrics."""


_WHOLE_MAX: Final = 10**15
"""Below this a float is written with all its digits and `.0`."""


class Families:
    """The families of one page for one scrape, except histograms, which keep themselves."""

    def __init__(self, page: Page, written: Written | None = None) -> None:
        """`written` is kept from one scrape of the page to the next."""
        self._metrics: Final = on_page(page)
        self._written = Written() if written is None else written
        self._lines: dict[str, list[str]] = {
            metric.name: [_definition(metric)] for metric in self._metrics if metric.kind is not Kind.HISTOGRAM
        }
        self._group: list[tuple[str, str]] = []
        """The lines of the group that is being added."""

    def add(self, metric: Metric, labels: Labels, value: float | None) -> None:
        """Add one series; a value that is not known makes none."""
        if value is None:
            return
        name = metric.name
        heads = self._written.heads[name]
        head = heads.get(labels)
        if head is None:
            head = heads[labels] = f"{name}{_label_text(metric.labels, labels)} "
        # a whole number is written thrice as fast as the same float, and nearly all are
        is_whole = type(value) is int and -_WHOLE_MAX < value < _WHOLE_MAX
        line = f"{head}{value}.0\n" if is_whole else f"{head}{float(value)!r}\n"
        self._lines[name].append(line)
        self._group.append((name, line))

    def add_group(self, key: Labels, source: object, add_all: Callable[[], None]) -> None:
        """Add the series that `add_all` adds; those of an earlier scrape if `source`, which they are of, is the same.

        `source` must not change afterwards.
        """
        known = self._written.groups.get(key)
        if known is None or known[0] != source:
            self._group = []
            add_all()
            self._written.groups[key], self._group = (source, self._group), []
            return
        for name, line in known[1]:
            self._lines[name].append(line)

    def add_ms(self, metric: Metric, labels: Labels, milliseconds: int | None) -> None:
        """Add one series in seconds."""
        if milliseconds is not None:
            self.add(metric, labels, milliseconds / SECOND_MS if milliseconds else 0)

    def text(self, histograms: Mapping[str, Family]) -> bytes:
        """The page in the text format of Prometheus, to be served as `CONTENT_TYPE_LATEST`.

        `histograms` gives the families that are kept elsewhere, by name.
        """
        parts = (
            generate_latest(_Registry([histograms[metric.name]])).decode()
            if metric.kind is Kind.HISTOGRAM
            else "".join(self._lines[metric.name])
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
