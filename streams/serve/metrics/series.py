"""Counts as metrics: the series of a tally, of a window as of a month, and the metrics that they are series of.

Everything follows from what the tally's fields declare: the names, units, labels and definitions. The metric of a
month is called as that of a window, with `month_` before it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import repeat
from operator import attrgetter
from typing import Any, Final, NamedTuple

import msgspec

from streams.core.counts import By, Declared, Shown, Tally, Terms
from streams.serve.metrics.metric import PREFIX, Aggregation, Metric, Page

Labels = tuple[str, ...]


class _Over(NamedTuple):
    """What metrics over one span of time have in common."""

    prefix: str
    labels: Labels
    page: Page
    period: str


_OVER: Final[Mapping[Shown, _Over]] = {
    Shown.WINDOW: _Over(PREFIX, ("cluster", "channel", "window"), Page.LIVE, "window"),
    Shown.MONTH: _Over(f"{PREFIX}month_", ("cluster", "channel", "year", "month"), Page.MONTHS, "month"),
}


def metric_of(declared: Declared, over: Shown) -> Metric:
    """The metric of one count over windows, or over months."""
    span, count = _OVER[over], declared.count
    labels = span.labels if count.by is None else (*span.labels, count.by.label)
    meaning = count.meaning.replace("{period}", span.period)
    return Metric(f"{span.prefix}{declared.name}", labels, meaning, page=span.page)


@cache
def closed(month: Metric) -> Metric:
    """What is counted of an open month, as it is frozen: whole at every worker, so that the largest counts."""
    name = month.name.replace("month_", "closed_month_", 1)
    return msgspec.structs.replace(month, name=name, aggregation=Aggregation.MAX)


Series = tuple[Metric, Labels, float]
"""A metric, the values of its labels, and the value."""


def series(over: Shown, tally: Tally, labels: Labels, terms: Terms) -> list[Series]:
    """The series of a tally of a window, or of a month: one of each count that is shown, one for each part of it.

    `labels` are the values of the labels that all metrics over that span have: cluster, channel, and window or year
    and month. Parts of which nothing was counted are there at 0, what the terms do not say is not.
    """
    plan = _plan(type(tally), over)
    found: list[Series] = list(zip(plan.whole, repeat(labels), plan.get_whole(tally), strict=False))
    for (metric, per), value in zip(plan.scaled, plan.get_scaled(tally), strict=True):
        found.append((metric, labels, value / per if value else 0))  # a whole number is written thrice as fast
    for metric, given_terms in plan.of_terms:
        if (read := given_terms(tally, terms)) is not None:
            found.append((metric, labels, read))
    for metric, get, by in plan.parts:
        counted = get(tally)
        found += [(metric, (*labels, text), counted.get(key, 0)) for key, text in terms.parts(by, counted).items()]
    return found


class _Plan(NamedTuple):
    """What `series` needs of each count, looked up once: a thousand clusters have tens of thousands of tallies."""

    whole: tuple[Metric, ...]
    """Of numbers that are shown as they are counted, which are read all at once."""
    get_whole: Callable[[Tally], tuple[int, ...]]
    scaled: tuple[tuple[Metric, int], ...]
    """Of the others, each with how many of what is counted make one of its unit."""
    get_scaled: Callable[[Tally], tuple[int, ...]]
    of_terms: tuple[tuple[Metric, Callable[[Tally, Terms], int | None]], ...]
    parts: tuple[tuple[Metric, Callable[[Tally], Mapping[Any, int]], By], ...]


@cache
def _plan(tally_type: type[Tally], over: Shown) -> _Plan:
    shown = [(metric_of(each, over), each) for each in tally_type.shown(over)]
    numbers = [(metric, each) for metric, each in shown if each.count.by is None and not each.needs_terms]
    whole = [(metric, each) for metric, each in numbers if each.count.unit.per == 1]
    scaled = [(metric, each) for metric, each in numbers if each.count.unit.per != 1]
    return _Plan(
        whole=tuple(metric for metric, _ in whole),
        get_whole=_getter([each.field for _, each in whole]),
        scaled=tuple((metric, each.count.unit.per) for metric, each in scaled),
        get_scaled=_getter([each.field for _, each in scaled]),
        of_terms=tuple((metric, each.get) for metric, each in shown if each.needs_terms),
        parts=tuple((metric, each.get, by) for metric, each in shown if (by := each.count.by) is not None),
    )


def _getter(fields: Sequence[str]) -> Callable[[Tally], tuple[int, ...]]:
    """Reads so many attributes at once; `attrgetter` of less than two gives no tuple."""
    if len(fields) > 1:
        return attrgetter(*fields)
    return lambda tally: tuple(getattr(tally, field) for field in fields)


def metrics_of_counts(tallies: Sequence[type[Tally]], over: Shown) -> dict[str, tuple[Metric, ...]]:
    """The metrics over windows, or over months, by whose they are: first what all channels count, then each its own.

    Channels that count under one name share a metric, which is defined as what the one counts, or the other.
    """
    metrics = {tally: [metric_of(each, over) for each in tally.shown(over)] for tally in tallies}
    shared = _shared(metrics)
    found = {f"{'both' if len(tallies) == 2 else 'all'} channels": shared}  # noqa: PLR2004 - both are two
    for tally, mine in metrics.items():
        known = {metric.name for others in found.values() for metric in others}
        found[tally.title] = [metric for metric in mine if metric.name not in known]
    meanings = joined((metric.name, metric.help) for mine in metrics.values() for metric in mine)
    return {title: tuple(_defined(metric, meanings) for metric in mine) for title, mine in found.items() if mine}


def _shared(metrics: Mapping[type[Tally], Sequence[Metric]]) -> list[Metric]:
    """What all channels count, what each declares of its own before what they declare together."""
    first, *others = ({metric.name: metric for metric in mine} for mine in metrics.values())
    shared = [metric for name, metric in first.items() if all(name in other for other in others)]
    return sorted(shared, key=lambda metric: all(other[metric.name] == metric for other in others))


def _defined(metric: Metric, meanings: Mapping[str, str]) -> Metric:
    return Metric(metric.name, metric.labels, meanings[metric.name], page=metric.page)


def labels_of_counts(tallies: Iterable[type[Tally]]) -> dict[str, str]:
    """The labels that tell the parts of counts apart, with what their values are."""
    counts = (each.count for tally in tallies for each in tally.declared if each.count.shown)
    return joined((count.by.label, count.by.values) for count in counts if count.by is not None)


def joined(definitions: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What each name means: the one or the other, where several meanings are given.

    >>> joined([("served", "Calls answered."), ("served", "Visitors received."), ("missed", "Calls missed.")])
    {'served': 'Calls answered, or visitors received.', 'missed': 'Calls missed.'}
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, meaning in definitions:
        if meaning not in found[name]:
            found[name].append(meaning)
    return {name: _or(*meanings) for name, meanings in found.items()}


def _or(first: str, *others: str) -> str:
    *before, last = (first, *(f"{each[0].lower()}{each[1:]}" for each in others))
    return ", or ".join((*(each.removesuffix(".") for each in before), last))
