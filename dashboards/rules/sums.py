"""The sum over workers of every metric that adds up, or the largest, as recording rules.

Named level:metric:operation, where the level says which labels are left.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from streams.channels import counted
from streams.serve.metrics import catalogue
from streams.serve.metrics.metric import Aggregation, Kind, Metric, Page
from streams.serve.metrics.norms import norm_metrics, of_month
from streams.serve.metrics.series import closed

_BY_HAND: Final[dict[Metric, str]] = {
    catalogue.OPEN: "counts for a minute only",
    catalogue.CLUSTERS: "stands beside the norms of each worker",
    catalogue.LAST_EVENT: "is shown as an age",
    catalogue.CHECKPOINT_TIMESTAMP: "is shown as an age",
    catalogue.UNJUDGED_CONTACTS: "is shown by health and wall alone",
    catalogue.CLOCK_AHEAD: "is shown of each worker",
    catalogue.BUILD_INFO: "is counted",
}
"""Gauges without a rule of their own, with what is done instead. What grows is measured from its least value."""

_LEVELS: Final = {
    ("cluster", "channel", "year", "month"): "cluster_month",
    ("cluster", "channel", "window"): "cluster_window",
    ("cluster", "channel"): "cluster",
    ("year", "month"): "month",
}
"""What a level is called by the labels that it begins with, the longest first; other labels follow by their names."""


class Rule(NamedTuple):
    """One recording rule."""

    record: str
    expr: str


_AT: Final = catalogue.CLOSED_MONTH_TIMESTAMP.name
_BEGIN: Final = catalogue.MONTH_BEGIN.name
_UNREAD: Final = catalogue.CLOSED_MONTHS_UNREAD.name

_LACKING: Final = Rule(
    "month:wachtmonitor_month:lacking",
    f"max by (year, month) ({_BEGIN} < bool scalar(max({_BEGIN}))) * on () group_left () max({_UNREAD})",
)
"""1 for each month but the running one while some worker shows that alone: of an open one its part is lacking."""


def sums(page: Page) -> dict[str, list[Rule]]:
    """The rules of the metrics of one page, by the heading that the docs give those."""
    first = {"Open months that workers do not all show": [_LACKING]} if page is Page.MONTHS else {}
    found = {title: list(_rules(page, metrics)) for title, metrics in catalogue.sections().items()}
    return first | {title: rules for title, rules in found.items() if rules}


def _rules(page: Page, metrics: tuple[Metric, ...]) -> Iterator[Rule]:
    open_months, month_norms = catalogue.open_months(), set(map(of_month, norm_metrics()))
    apart = {*map(closed, open_months), *_BY_HAND}
    for metric in metrics:
        if metric.page is not page or metric.kind is not Kind.GAUGE or metric in apart:
            continue
        if metric in open_months:
            yield _of_months(metric, closed(metric))
        elif metric in month_norms:
            yield _of_months(metric, metric)
        elif metric in _OF_CLOSINGS:
            yield Rule(sum_of(metric, metric.labels).record, _of_newest(metric, _OF_CLOSINGS[metric]))
        else:
            yield sum_of(metric, _kept(metric))


_OF_CLOSINGS: Final = {
    catalogue.CLOSED_MONTH_WAIT_QUANTILE: "month",
    catalogue.CLOSED_YEAR_WAIT_QUANTILE: "year",
}
"""What follows from closings alone, each with the label of the time whose closings it follows from."""


def _of_months(of_open: Metric, of_closed: Metric) -> Rule:
    """A figure of all months: what is frozen of the closed ones, and what workers have of the open ones together.

    An open month of which a worker's part is lacking is absent.
    """
    whole = sum_of(of_open, of_open.labels)
    lacking = f" unless on (month) {_LACKING.record} == 1" if of_open.aggregation is Aggregation.SUM else ""
    return Rule(whole.record, f"{_of_newest(of_closed, 'month')} or ({whole.expr} unless on (month) {_AT}{lacking})")


def _of_newest(frozen: Metric, span: str) -> str:
    """What is frozen of a month or a year: where workers differ for a moment, that of the newest closing alone.

    It counts whole: no series of it is filled with another one.
    """
    at = _AT if span == "month" else f"max by (job, instance, {span}) ({_AT})"
    newest = f"{at} == on ({span}) group_left () max by ({span}) ({_AT})"
    return f"max by ({', '.join(frozen.labels)}) ({frozen.name} and on (job, instance, {span}) ({newest}))"


def _kept(metric: Metric) -> tuple[str, ...]:
    """All labels, but of a topic those alone that name it."""
    return ("topic",) if "topic" in metric.labels else metric.labels


def sum_of(metric: Metric, kept: tuple[str, ...]) -> Rule:
    """The rule by which series of a metric become one for each value of the labels that are kept."""
    by = f" by ({', '.join(kept)}) " if kept else ""
    return Rule(f"{level(kept)}:{metric.name}:{metric.aggregation}", f"{metric.aggregation}{by}({metric.name})")


def level(kept: tuple[str, ...]) -> str:
    """What names of rules call the labels that are left.

    >>> level(("cluster", "channel", "window", "up_to_seconds")), level(("year", "kind")), level(())
    ('cluster_window_category', 'year_kind', 'city')
    """
    splits = (each.count.by for tally in counted.tallies() for each in tally.declared)
    called = {by.label: by.level or by.label for by in splits if by is not None}
    start = next((labels for labels in _LEVELS if kept[: len(labels)] == labels), ())
    names = [called.get(label, label) for label in kept[len(start) :]]
    return "_".join([_LEVELS[start], *names] if start else names) or "city"
