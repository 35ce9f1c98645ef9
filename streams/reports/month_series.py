"""The figures of months as the series that Prometheus would have of them: what dashboards ask about whole months.

Names, labels and units are those of the worker's page of whole months, so that the same query gets the same answer,
from the figures that count: frozen ones of closed months. Must not know queries or dashboards.
"""

from collections.abc import Iterator, Sequence

from streams.core.months import year_of
from streams.core.rules import SECOND_MS, Channel
from streams.core.tally import UNBOUNDED_MS, DeskTally, PhoneTally, Tally
from streams.publish.catalogue import PREFIX
from streams.publish.observed import answered_within
from streams.reports.closed_months import Basis
from streams.reports.definitions import EXCLUSIONS
from streams.reports.month import Month
from streams.reports.promql import NAME, Sample
from streams.settings import Settings


def month_series(months: Sequence[Month], settings: Settings, basis: Basis) -> list[Sample]:
    """Every count of these months, the norms of `basis`, and what the settings tell of other years."""
    found = [sample for month in months for sample in _counts(month)]
    return [*found, *_norms(basis), *_years(settings)]


def _series(name: str, value: float, **labels: str) -> Sample:
    return Sample({NAME: f"{PREFIX}{name}", **labels}, float(value))


def _counts(month: Month) -> Iterator[Sample]:
    bound_ms = month.basis.norms.service_level_seconds * SECOND_MS
    for (channel, cluster), tally in sorted(month.totals.items(), key=lambda item: item[0]):
        labels = {
            "cluster": cluster,
            "channel": channel.value,
            "year": f"{year_of(month.month)}",
            "month": month.month,
        }
        yield from _both(tally, labels)
        if isinstance(tally, PhoneTally):
            yield from _phone(tally, labels, month.basis.rules.speed_categories_ms, bound_ms)
        elif isinstance(tally, DeskTally):
            yield from _desk(tally, labels)


def _both(tally: Tally, labels: dict[str, str]) -> Iterator[Sample]:
    yield _series("month_wait_seconds", tally.wait_ms / SECOND_MS, **labels)
    for reason in EXCLUSIONS:
        yield _series("month_excluded_contacts", tally.excluded.get(reason, 0), **labels, reason=reason)


def _phone(tally: PhoneTally, labels: dict[str, str], bounds_ms: Sequence[int], bound_ms: int) -> Iterator[Sample]:
    yield _series("month_served_contacts", tally.answered, **labels)
    yield _series("month_offered_calls", tally.offered, **labels)
    yield _series("month_missed_calls", tally.missed, **labels)
    yield _series("month_within_service_level_calls", answered_within(tally, bound_ms), **labels)
    for each_ms in sorted({*bounds_ms, UNBOUNDED_MS, *tally.speed_categories}):
        up_to = "+Inf" if each_ms == UNBOUNDED_MS else f"{each_ms / SECOND_MS:g}"
        calls = tally.speed_categories.get(each_ms, 0)
        yield _series("month_speed_category_calls", calls, **labels, up_to_seconds=up_to)


def _desk(tally: DeskTally, labels: dict[str, str]) -> Iterator[Sample]:
    yield _series("month_served_contacts", tally.served, **labels)
    yield _series("month_requested_appointments", tally.requests, **labels)
    yield _series("month_lead_workdays", tally.lead_days, **labels)
    yield _series("month_requested_within_norm_appointments", tally.requests_within_norm, **labels)
    yield _series("month_implausible_requests", tally.implausible_requests, **labels)


def _norms(basis: Basis) -> Iterator[Sample]:
    rules, norms = basis.rules, basis.norms
    for channel in Channel:
        for cluster in rules.channel_clusters(channel).values():
            norm_seconds = cluster.norm_ms / SECOND_MS
            yield _series("norm_wait_seconds", norm_seconds, cluster=cluster.name, channel=channel.value)
    yield _series("norm_service_level_ratio", norms.service_level_ratio)
    yield _series("norm_service_level_seconds", norms.service_level_seconds)
    yield _series("norm_missed_ratio", norms.missed_ratio)
    yield _series("norm_lead_workdays", rules.lead_norm_days)


def _years(settings: Settings) -> Iterator[Sample]:
    for reported in settings.history:
        yield _series("reported_missed_ratio", reported.missed_ratio, year=str(reported.year))
    for each in settings.budget:
        yield _series("plan_expenses_euros", each.expenses_cents / 100, year=str(each.year), kind=each.kind)
