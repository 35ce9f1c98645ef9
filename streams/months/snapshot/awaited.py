"""Whether Prometheus has the figures of months that count, before anything is made of them.

A snapshot stays, so it must not hold what was scraped before the closing, what a worker showed half while its
partitions moved, or what a rule has not recorded yet. Every count, quantile and norm of its months is compared with
what is frozen, or stands on Kafka.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from streams.months.month import Month
from streams.months.snapshot.frames import NAME, Sample
from streams.serve.metrics import catalogue
from streams.serve.metrics.metric import Page
from streams.serve.metrics.months import Frozen, month_series, so_far, year_series
from streams.serve.metrics.series import Series

QUERY: Final = (
    '{__name__=~"(cluster_month|cluster_month_reason|cluster_month_category|cluster_month_share|month):'
    'wachtmonitor_(closed_)?(month|year)_.+:(sum|max)|city:wachtmonitor_closed_months_unread:max"}'
)
"""What the recording rules say of each month, before anything is divided by anything."""

HELD_SECONDS: Final = 60
"""So long the figures must have been there: rules of one's own that are made of them are evaluated each minute."""

TOLERANCE: Final = 1e-6
"""Sums of seconds over several workers are not exact in binary."""

_RULE: Final = re.compile(r"\w+:(\w+):\w+")
_APART: Final = {catalogue.CLOSED_MONTH_LATE_FACTS.name}
"""What goes on changing after the closing."""

Key = tuple[str, frozenset[tuple[str, str]]]


def why_not_yet(months: Sequence[Month], query: Callable[[str], Iterable[Sample]]) -> str | None:
    """The first thing that Prometheus says otherwise, in words; None when it has had the months as they count."""
    now = _difference(months, query(QUERY))
    if now is None and _difference(months, query(f"{QUERY} offset {HELD_SECONDS}s")) is not None:
        return f"it has had them for less than {HELD_SECONDS} s"
    return now


def _difference(months: Sequence[Month], found: Iterable[Sample]) -> str | None:
    expected, names = _expected(months), {month.month for month in months}
    shown = {key: value for key, value in _shown(found).items() if dict(key[1]).get("month") in {*names, None}}
    for key in sorted(expected.keys() | shown.keys(), key=lambda each: (each[0], sorted(each[1]))):
        if not _are_equal(expected.get(key), shown.get(key)):
            return f"{_written(key)} is {_number(shown.get(key))} there, and {_number(expected.get(key))} counts"
    return None


def _shown(found: Iterable[Sample]) -> dict[Key, float]:
    """By the metric behind the rule; figures of the whole city are sums of these."""
    shown: dict[Key, float] = {}
    for sample in found:
        labels = {name: value for name, value in sample.labels.items() if name != NAME}
        matched = _RULE.fullmatch(sample.labels.get(NAME, ""))
        if matched is not None and matched[1] not in _APART and _has_all_labels(matched[1], labels):
            shown[matched[1], frozenset(labels.items())] = sample.value
    return shown


def _has_all_labels(name: str, labels: Mapping[str, str]) -> bool:
    known = {metric.name: metric.labels for metric in catalogue.on_page(Page.MONTHS)}
    return set(known.get(name, ())) == labels.keys()


def _expected(months: Sequence[Month]) -> dict[Key, float]:
    """What the rules must say of these months, and of their years up to each of them."""
    expected = [(catalogue.CLOSED_MONTHS_UNREAD, (), 0.0), *_of_months(months)]
    return {
        (metric.name, frozenset(zip(metric.labels, labels, strict=True))): value for metric, labels, value in expected
    }


def _of_months(months: Sequence[Month]) -> Iterator[Series]:
    closed: dict[str, Frozen] = {}
    for each in months:
        at_ms = None if each.closing is None else each.closing.at_ms
        yield from month_series(each.month, each.totals, each.basis, at_ms)
        if each.closing is not None:
            closed[each.month] = Frozen(each.month, each.totals, each.basis)
    for names in so_far(closed):
        yield from year_series([closed[name] for name in names])


def _are_equal(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _written(key: Key) -> str:
    return key[0] + "{" + ", ".join(f'{name}="{value}"' for name, value in sorted(key[1])) + "}"


def _number(value: float | None) -> str:
    return "absent" if value is None else f"{value:g}"
