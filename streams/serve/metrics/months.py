"""The page of whole months: the official counts month by month, and the years that the settings tell of.

Of an open month the numbers are the month totals of the partitions that this worker owns; over the workers they add
up. Of a closed month they are the frozen ones, whole at every worker and under names of their own, whatever has come
since and whoever owns what. A month that has not begun is left out, though an appointment in it may have been
cancelled already.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate, groupby
from operator import itemgetter
from typing import Final, NamedTuple

from streams.channels import empty_tally, indicator_of
from streams.channels.figures import month_totals
from streams.core.counts import SERVED, Shown, Tally, Terms
from streams.core.months import month_start_ms
from streams.core.rules import SECOND_MS, Channel
from streams.core.sketch import SHOWN, quantile_ms
from streams.core.terms import AllTerms
from streams.live.observed import Observed, Reported
from streams.records.closings import Basis, Closing, frozen_totals, summed
from streams.serve.metrics import catalogue
from streams.serve.metrics.exposition import Families, Written
from streams.serve.metrics.metric import Metric, Page
from streams.serve.metrics.norms import norm_series, of_month
from streams.serve.metrics.series import Labels, Series, closed, series

_YEAR: Final = slice(0, 4)
"""Where the year stands in a month such as 2026-10."""


class _Place(NamedTuple):
    month: str
    channel: Channel
    cluster: str

    def labels(self) -> Labels:
        """The labels that every metric of a month has."""
        return (self.cluster, self.channel.value, self.month[_YEAR], self.month)


class Frozen(NamedTuple):
    """A closed month: its totals, and the settings that it is judged by."""

    month: str
    totals: Mapping[tuple[Channel, str], Tally]
    basis: Basis


class MonthMetrics:
    """The metrics of `/metrics/months`: `render` reads what `observe` and `closings` return, at each scrape."""

    def __init__(
        self,
        observe: Callable[[], Observed],
        reported: Reported,
        closings: Callable[[], Mapping[str, Closing] | None] = dict,
    ) -> None:
        """`reported` is what the settings tell of years as a whole, `closings` what is frozen of each closed month.

        Where nobody knows which months are closed, it is None: then only the month that runs is shown, for its
        figures cannot be frozen yet.
        """
        self._observe = observe
        self._reported = reported
        self._closings = closings
        self._written = Written()

    def render(self) -> bytes:
        """The Prometheus text format."""
        observed, closings = self._observe(), self._closings()
        families, terms = Families(Page.MONTHS, self._written), observed.terms
        open_months = _totals(observed, closings)
        for place, tally in sorted(open_months.items()):
            families.add_all(series(Shown.MONTH, tally, place.labels(), terms.of(place.channel, place.cluster)))
        begun = {place.month for place in open_months}
        if closings is None:  # whoever adds up must know which one it is that is shown alone
            begun |= {each.state.calendar.month(observed.now_ms) for each in observed.partitions}
        for month in begun:
            families.add_all(_basis_series(month, _todays(observed)))
        for closing in (closings or {}).values():
            key, of = ("closed", closing.month), (closing.number, closing.at_ms)
            families.add_group(key, of, partial(_add_closed, families, closing))
            _add_late(families, closing, observed)
        families.add(catalogue.CLOSED_MONTHS_UNREAD, (), int(closings is None))
        _add_years_so_far(families, closings or {})
        _add_years(families, self._reported)
        return families.text({})


def _todays(observed: Observed) -> Basis:
    """By what an open month is judged."""
    return Basis(observed.rules, observed.norms)


def _totals(observed: Observed, closings: Mapping[str, Closing] | None) -> dict[_Place, Tally]:
    """The tally of every open month that has begun, over all states."""
    totals: dict[_Place, Tally] = {}
    for state in observed.settle():
        if observed.unjudged(state.channel):
            continue  # counted by two sets of rules
        this_month = state.calendar.month(observed.now_ms)
        for (month, cluster), tally in month_totals(state, observed.now_ms).items():
            is_open = month == this_month if closings is None else month not in closings
            if month <= this_month and is_open:
                total = totals.setdefault(_Place(month, state.channel, cluster), empty_tally(state.channel))
                total.add_without_sketch(tally)
    return totals


# Closed months.


def _add_closed(families: Families, closing: Closing) -> None:
    """What is frozen of a month, as that of a closed one, and by what it is judged."""
    of_open = {metric.name for metric in catalogue.open_months()}
    for metric, labels, value in month_series(closing.month, _frozen(closing), closing.basis, closing.at_ms):
        families.add(closed(metric) if metric.name in of_open else metric, labels, value)


def _frozen(closing: Closing) -> dict[tuple[Channel, str], Tally]:
    return summed(frozen_totals(closing))


def month_series(
    month: str, totals: Mapping[tuple[Channel, str], Tally], basis: Basis, closed_at_ms: int | None
) -> Iterator[Series]:
    """All that is said of one month: its counts, by what it is judged; of a closed one when, and its quantiles."""
    all_terms = AllTerms(basis.rules, basis.norms)
    for (channel, cluster), tally in totals.items():
        labels, terms = _Place(month, channel, cluster).labels(), all_terms.of(channel, cluster)
        yield from series(Shown.MONTH, tally, labels, terms)
        if closed_at_ms is not None:
            yield from _quantiles(catalogue.CLOSED_MONTH_WAIT_QUANTILE, labels, tally, terms)
    yield from _basis_series(month, basis)
    if closed_at_ms is not None:
        yield (catalogue.CLOSED_MONTH_TIMESTAMP, (month[_YEAR], month), closed_at_ms / SECOND_MS)


def _quantiles(metric: Metric, labels: Labels, tally: Tally, terms: Terms) -> Iterator[Series]:
    """Those that are shown; none where the sketch does not hold every wait."""
    (served,) = (
        value
        for counted, _, value in series(Shown.MONTH, tally, labels, terms)
        if counted.name.endswith(f"_{SERVED}")
    )
    if sum(tally.sketch.values()) == served:
        for share in SHOWN:
            if (found := quantile_ms(tally.sketch, share)) is not None:
                yield (metric, (*labels, f"{share:g}"), found / SECOND_MS)


def _basis_series(month: str, basis: Basis) -> Iterator[Series]:
    """By what a month is judged, and when it began."""
    when = (month[_YEAR], month)
    yield (catalogue.MONTH_BEGIN, when, month_start_ms(month, basis.rules.zone) / SECOND_MS)
    for norm, labels, value in norm_series(basis.rules, basis.norms):
        yield (of_month(norm), (*labels, *when), value)


def _add_years_so_far(families: Families, closings: Mapping[str, Closing]) -> None:
    """The quantiles of each year up to each of its closed months."""
    for months in so_far(closings):
        mine = [closings[month] for month in months]
        of = tuple((each.month, each.number) for each in mine)
        families.add_group(("so far", months[-1]), of, partial(_add_year_so_far, families, mine))


def _add_year_so_far(families: Families, closings: Iterable[Closing]) -> None:
    families.add_all(year_series([Frozen(each.month, _frozen(each), each.basis) for each in closings]))


def so_far(months: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """For each of these months those of its year up to it.

    >>> list(so_far(["2026-02", "2025-12", "2026-01"]))
    [('2025-12',), ('2026-01',), ('2026-01', '2026-02')]
    """
    for _, group in groupby(sorted(months), key=itemgetter(_YEAR)):
        yield from accumulate((month,) for month in group)


def year_series(months: Sequence[Frozen]) -> Iterator[Series]:
    """The quantiles of a year, whose sketches add up, over its closed months up to the last of these."""
    totals: dict[tuple[Channel, str], Tally] = {}
    for each in months:
        for (channel, cluster), tally in each.totals.items():
            totals.setdefault((channel, cluster), empty_tally(channel)).add(tally)
    last = months[-1]
    terms = AllTerms(last.basis.rules, last.basis.norms)
    for (channel, cluster), tally in totals.items():
        labels, mine = _Place(last.month, channel, cluster).labels(), terms.of(channel, cluster)
        yield from _quantiles(catalogue.CLOSED_YEAR_WAIT_QUANTILE, labels, tally, mine)


def _add_late(families: Families, closing: Closing, observed: Observed) -> None:
    """The facts about a closed month that have come to this worker's partitions since."""
    before = {feed.source: feed.late_facts for feed in closing.feeds}
    named: dict[Channel, set[str]] = {}
    for each in closing.totals:
        named.setdefault(each.channel, set()).add(each.cluster)
    late: dict[_Place, int] = {}
    for partition in observed.partitions:
        channel, note = partition.state.channel, partition.notes.get(closing.month)
        now, then = (note.late_facts if note else {}), before.get(partition.source, {})
        for cluster in named.get(channel, set()) | now.keys():
            place = _Place(closing.month, channel, cluster)
            late[place] = late.get(place, 0) + now.get(cluster, 0) - then.get(cluster, 0)
    for place, count in sorted(late.items()):
        families.add(catalogue.CLOSED_MONTH_LATE_FACTS, place.labels(), count)


def _add_years(families: Families, reported: Reported) -> None:
    for (indicator, year), value in reported.indicators.items():
        measure, _ = indicator_of(indicator)
        families.add(catalogue.reported(measure), (str(year),), value)
    for (year, kind), euros in reported.expenses_euros.items():
        families.add(catalogue.PLAN_EXPENSES, (str(year), kind), euros)
