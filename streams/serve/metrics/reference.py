"""The catalogue as Markdown: the reference of metrics in the documentation."""

from collections.abc import Iterable
from typing import Final

from streams.serve.metrics.catalogue import label_meanings, sections
from streams.serve.metrics.metric import Metric

_INTRODUCTION: Final = """\
Rolling windows hold the contacts whose outcome became known in them; `today` and `month` those whose citizen called,
or was to be received, in the local day or month. Over several workers, combine series with the operator in the column
"over workers", such as `sum by (cluster, channel) (wachtmonitor_waiting_contacts)`. Figures are counts and sums: an
average is `sum by (cluster, channel, window) (wachtmonitor_wait_seconds)` divided by the same of
`wachtmonitor_served_contacts`, and a window without calls has none. Official figures come from the month totals:
`/metrics/months` serves those of every month that is remembered, exact to the call, for a scrape each minute. Of a
closed month these are the frozen ones, which every worker shows whole: `max`, and never `sum`. The recording rules
`cluster_month:...` give the figures of all months, open and closed, under one name.
"""


def catalogue_markdown() -> str:
    """The catalogue as Markdown, for the reference."""
    parts = [_INTRODUCTION, *(_section(title, metrics) for title, metrics in sections().items()), _labels()]
    return "\n".join(parts)


def _section(title: str, metrics: tuple[Metric, ...]) -> str:
    rows = [(f"`{each.name}`", each.kind, each.aggregation, _codes(each.labels), each.help) for each in metrics]
    return f"## {title}\n\n" + _table(("metric", "kind", "over workers", "labels", "definition"), rows)


def _labels() -> str:
    rows = [(f"`{label}`", meaning) for label, meaning in label_meanings().items()]
    return "## Labels\n\n" + _table(("label", "values"), rows)


def _codes(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (head, ("---",) * len(head), *rows)
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
