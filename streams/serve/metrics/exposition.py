"""One page of metrics as text: every metric of the page, in its order, with the series there are.

Gauges and counters are written here, a line a series: a thousand clusters have a hundred thousand of them, and for
each one prometheus-client makes objects and formats the same labels anew. Histograms, which keep state, are the
library's, and so is their text.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import repeat
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric as Family

from streams.core.rules import SECOND_MS
from streams.serve.metrics.catalogue import on_page
from streams.serve.metrics.metric import Kind, Metric, Page
from streams.serve.metrics.series import Labels, Series


class _Group(NamedTuple):
    """Series that belong together, and what they were made of."""

    source: object
    lines: dict[str, tuple[str, str]]
    """By what stands before the value: the metric's name and the whole line."""


class Written:
    """What earlier scrapes of a page have written, to be written again. As much as its clusters and windows make."""

    def __init__(self) -> None:
        self.heads: defaultdict[str, dict[Labels, str]] = defaultdict(dict)
        """What stands before the value, by metric and labels."""
        self.groups: dict[Labels, _Group] = {}
        self.lines: defaultdict[str, dict[str, str]] = defaultdict(dict)
        """The lines of all groups, by metric and what stands before the value."""


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
        self._group: dict[str, tuple[str, str]] | None = None
        """The lines of the group that is being added."""
        self._groups: set[Labels] = set()

    def add(self, metric: Metric, labels: Labels, value: float | None) -> None:
        """Add one series; a value that is not known makes none."""
        if value is not None:
            self.add_all([(metric, labels, value)])

    def add_all(self, series: Iterable[Series]) -> None:
        """Add many series, all of which are known: looking up once where they go is what makes it quicker."""
        heads_of, lines_of, group = self._written.heads, self._lines, self._group
        for metric, labels, value in series:
            name = metric.name
            heads = heads_of[name]
            head = heads.get(labels)
            if head is None:
                head = heads[labels] = f"{name}{_label_text(metric.labels, labels)} "
            # a whole number is written thrice as fast as the same float, and nearly all are
            is_whole = type(value) is int and -_WHOLE_MAX < value < _WHOLE_MAX
            line = f"{head}{value}.0\n" if is_whole else f"{head}{float(value)!r}\n"
            if group is None:
                lines_of[name].append(line)
            else:
                group[head] = name, line

    def add_group(self, key: Labels, source: object, add_all: Callable[[], None]) -> None:
        """Add the series that `add_all` adds; those of an earlier scrape if `source`, which they are of, is the same.

        `source` must not change afterwards, and no two groups may have a series in common. After an error the scrape
        is lost, but not the next.
        """
        self._groups.add(key)
        known = self._written.groups.get(key)
        if known is not None and known.source == source:
            return
        self._group = {}
        add_all()
        lines, self._group = self._group, None
        self._put(key, lines)
        self._written.groups[key] = _Group(source, lines)

    def _put(self, key: Labels, lines: dict[str, tuple[str, str]]) -> None:
        """Put the lines of a group in the places of those it had."""
        written = self._written.lines
        for head, (name, line) in lines.items():
            written[name][head] = line
        if key in self._written.groups:
            before = self._written.groups[key].lines
            for head in before.keys() - lines.keys():
                del written[before[head][0]][head]

    def add_ms(self, metric: Metric, labels: Labels, milliseconds: int | None) -> None:
        """Add one series in seconds."""
        if milliseconds is not None:
            self.add(metric, labels, milliseconds / SECOND_MS if milliseconds else 0)

    def text(self, histograms: Mapping[str, Family]) -> bytes:
        """The page in the text format of Prometheus, to be served as `CONTENT_TYPE_LATEST`.

        `histograms` gives the families that are kept elsewhere, by name.
        """
        self._drop_absent_groups()
        return "".join(map(self._family, self._metrics, repeat(histograms))).encode()

    def _drop_absent_groups(self) -> None:
        for key in self._written.groups.keys() - self._groups:
            self._put(key, {})
            del self._written.groups[key]

    def _family(self, metric: Metric, histograms: Mapping[str, Family]) -> str:
        if metric.kind is Kind.HISTOGRAM:
            return generate_latest(_Registry([histograms[metric.name]])).decode()
        return "".join((*self._lines[metric.name], *self._written.lines[metric.name].values()))


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

    Raises `ValueError` when there are more names than values, or fewer.
    """
    pairs = [f'{name}="{_escaped(value)}"' for name, value in sorted(zip(names, values, strict=True))]
    return f"{{{','.join(pairs)}}}" if pairs else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
