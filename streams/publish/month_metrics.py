"""The page of whole months: the official counts month by month, and the years that the settings tell of.

The numbers are the month totals of the partitions that this worker owns; over the workers they add up. A month that
has not begun is left out, though an appointment in it may have been cancelled already. This module must not know how
the observed states came about, nor how the bytes are served.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from streams.core.figures import empty_tally, month_totals
from streams.core.measure import Exclusion
from streams.core.rules import Channel
from streams.core.tally import UNBOUNDED_MS, DeskTally, PhoneTally, Tally
from streams.publish import catalogue
from streams.publish.catalogue import Page
from streams.publish.exposition import Families, Labels, Written, category_label
from streams.publish.observed import Observed, Reported, answered_within

_YEAR: Final = slice(0, 4)
"""Where the year stands in a month such as 2026-10."""


class _Place(NamedTuple):
    month: str
    channel: Channel
    cluster: str

    def labels(self) -> Labels:
        """The labels that every metric of a month has."""
        return (self.cluster, self.channel.value, self.month[_YEAR], self.month)


class MonthMetrics:
    """The metrics of `/metrics/months`: `render` reads what `observe` returns, at each scrape."""

    def __init__(self, observe: Callable[[], Observed], reported: Reported) -> None:
        """`reported` is what the settings tell of years as a whole."""
        self._observe = observe
        self._reported = reported
        self._written = Written()

    def render(self) -> bytes:
        """The Prometheus text format."""
        observed = self._observe()
        families = Families(Page.MONTHS, self._written)
        for place, tally in sorted(_totals(observed).items()):
            _add_month(families, place.labels(), tally, observed)
        _add_years(families, self._reported)
        return families.text({})


def _totals(observed: Observed) -> dict[_Place, Tally]:
    """The tally of every month that has begun, over all states."""
    totals: dict[_Place, Tally] = {}
    for state in observed.states:
        this_month = state.calendar.month(observed.now_ms)
        for (month, cluster), tally in month_totals(state, observed.now_ms).items():
            if month <= this_month:
                total = totals.setdefault(_Place(month, state.channel, cluster), empty_tally(state.channel))
                total.add_without_sketch(tally)
    return totals


def _add_month(families: Families, labels: Labels, tally: Tally, observed: Observed) -> None:
    families.add_ms(catalogue.MONTH_WAIT, labels, tally.wait_ms)
    for reason in Exclusion:
        count = tally.excluded.get(reason.value, 0)
        families.add(catalogue.MONTH_EXCLUDED_CONTACTS, (*labels, reason.value), count)
    if isinstance(tally, PhoneTally):
        _add_phone(families, labels, tally, observed)
    elif isinstance(tally, DeskTally):
        _add_desk(families, labels, tally)


def _add_phone(families: Families, labels: Labels, tally: PhoneTally, observed: Observed) -> None:
    families.add(catalogue.MONTH_SERVED_CONTACTS, labels, tally.answered)
    families.add(catalogue.MONTH_OFFERED_CALLS, labels, tally.offered)
    families.add(catalogue.MONTH_MISSED_CALLS, labels, tally.missed)
    within = answered_within(tally, observed.service_level_ms)
    families.add(catalogue.MONTH_WITHIN_SERVICE_LEVEL_CALLS, labels, within)
    # Categories of former settings too: an old month was counted by them, and its calls must not go missing.
    for bound_ms in sorted({*observed.rules.speed_categories_ms, UNBOUNDED_MS, *tally.speed_categories}):
        count = tally.speed_categories.get(bound_ms, 0)
        families.add(catalogue.MONTH_SPEED_CATEGORY_CALLS, (*labels, category_label(bound_ms)), count)


def _add_desk(families: Families, labels: Labels, tally: DeskTally) -> None:
    families.add(catalogue.MONTH_SERVED_CONTACTS, labels, tally.served)
    families.add(catalogue.MONTH_REQUESTED, labels, tally.requests)
    families.add(catalogue.MONTH_LEAD, labels, tally.lead_days)
    families.add(catalogue.MONTH_REQUESTED_WITHIN_NORM, labels, tally.requests_within_norm)
    families.add(catalogue.MONTH_IMPLAUSIBLE_REQUESTS, labels, tally.implausible_requests)


def _add_years(families: Families, reported: Reported) -> None:
    for year, ratio in reported.missed_ratios.items():
        families.add(catalogue.REPORTED_MISSED_RATIO, (str(year),), ratio)
    for (year, kind), euros in reported.expenses_euros.items():
        families.add(catalogue.PLAN_EXPENSES, (str(year), kind), euros)
