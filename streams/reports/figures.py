"""The five indicators from month totals, each against its norm, and everything that explains them.

Every comparison with a norm is made on the figures themselves, never on what is left of them after rounding. A
figure without contacts is None, and then no norm is met or missed. Must not know how anything is shown.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

import msgspec

from streams.core.calendar import Calendar
from streams.core.coverage import silent_hours
from streams.core.rules import SECOND_MS, Channel
from streams.core.tally import UNBOUNDED_MS, DeskTally, PhoneTally, Tally
from streams.publish.observed import answered_within
from streams.reports.closed_months import Basis
from streams.reports.definitions import EXCLUSIONS, Formula, Indicator
from streams.reports.month import Month

T = TypeVar("T", bound=Tally)


class Unit(StrEnum):
    """What a figure is measured in."""

    SECONDS = "seconds"
    RATIO = "ratio"
    WORKING_DAYS = "working_days"


class Comparison(StrEnum):
    """How a figure must compare to its norm."""

    BELOW = "<"
    AT_MOST = "<="
    AT_LEAST = ">="


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One indicator of one cluster, or of all clusters of its channel, over one period."""

    indicator: Indicator
    cluster: str | None
    """None for all clusters together."""
    value: float | None
    unit: Unit
    contacts: int
    """What the value was made from: calls, visitors or requests."""
    norm: float | None
    comparison: Comparison
    met: bool | None
    """Whether the norm is met; None without contacts or without a norm for this period."""


class Category(msgspec.Struct, frozen=True):
    """A speed category of answered calls."""

    from_seconds: float
    """The bound of the category before; waits in this one are longer (or 0)."""
    up_to_seconds: float | None
    """The bound, which is in it; None for the slowest."""
    calls: int
    ratio: float | None


class Variant(msgspec.Struct, frozen=True):
    """The service level by one formula: `good` of `calls`."""

    formula: Formula
    good: int
    calls: int
    ratio: float | None


class Phone(msgspec.Struct, frozen=True, kw_only=True):
    """The calls of one cluster, or of all (cluster None)."""

    cluster: str | None
    answered: int
    missed: int
    wait_seconds: float
    """Sum of the waits of the answered calls."""
    missed_wait_seconds: float
    categories: list[Category]
    service_levels: list[Variant]
    excluded: dict[str, int]

    @property
    def missed_ratio(self) -> float | None:
        """Missed calls over all; None without calls."""
        return _per(self.missed, self.answered + self.missed)

    @property
    def average_wait_seconds(self) -> float | None:
        """Of the answered calls; None without any."""
        return _per(self.wait_seconds, self.answered)


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """The visits of one cluster, or of all (cluster None)."""

    cluster: str | None
    served: int
    wait_seconds: float
    signed_seconds: float
    """Sum of actual minus planned starts, early ones negative."""
    within_norm: int
    experienced: int
    experienced_seconds: float
    walk_ins: int
    walk_in_wait_seconds: float
    walk_ins_left: int
    no_shows: int
    cancelled: int
    requests: int
    lead_working_days: int
    requests_within_norm: int
    implausible_requests: int
    excluded: dict[str, int]


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """In how many of its opening hours a feed said something."""

    channel: Channel
    opening_hours: int
    """Hours of the clock with opening time that have ended."""
    silent_hours: int
    silent_minutes: int
    """Opening time within the silent hours."""
    silent_from_ms: list[int]
    """When each silent hour began, UTC ms."""


class Figures(msgspec.Struct, frozen=True):
    """Everything that was counted in one month, or in the months of a year."""

    period: str
    """`2026-10` or `2026`."""
    lines: list[Line]
    phone: list[Phone]
    desks: list[Desk]
    coverage: list[Coverage]


def figures_of(period: str, months: Sequence[Month], until_ms: int) -> Figures:
    """The figures of one month, or of several together, by the settings of the newest.

    Hours after `until_ms` have not ended and count as neither silent nor not.
    """
    basis = months[-1].basis
    phone = {name: phone_tally(months, name) for name in clusters(months, Channel.PHONE)}
    desks = {name: desk_tally(months, name) for name in clusters(months, Channel.DESK)}
    return Figures(
        period,
        indicator_lines(phone, desks, basis),
        phone_figures(phone, basis),
        desk_figures(desks),
        _added([each for month in months for each in _coverage(month, until_ms)]),
    )


def phone_tally(months: Iterable[Month], cluster: str) -> PhoneTally:
    """The calls of a cluster over these months."""
    total = PhoneTally()
    for month in months:
        tally = month.tally(Channel.PHONE, cluster)
        assert isinstance(tally, PhoneTally), "the channel decides the kind of tally"
        total.add(tally)
    return total


def desk_tally(months: Iterable[Month], cluster: str) -> DeskTally:
    """The visits to a cluster over these months."""
    total = DeskTally()
    for month in months:
        tally = month.tally(Channel.DESK, cluster)
        assert isinstance(tally, DeskTally), "the channel decides the kind of tally"
        total.add(tally)
    return total


def clusters(months: Sequence[Month], channel: Channel) -> list[str]:
    """The clusters of the newest month's settings in their order, then any others of these months."""
    found = months[-1].clusters(channel)
    others = {cluster for month in months for cluster in month.clusters(channel)} - set(found)
    return found + sorted(others)


def with_sum(tallies: Mapping[str, T], empty: T) -> list[tuple[str | None, T]]:
    """The tallies by cluster and, if there are several, their sum under None, which `empty` becomes."""
    named: list[tuple[str | None, T]] = list(tallies.items())
    if len(named) > 1:
        for tally in tallies.values():
            empty.add(tally)
        named.append((None, empty))
    return named


# Indicators.


def indicator_lines(phone: dict[str, PhoneTally], desks: dict[str, DeskTally], basis: Basis) -> list[Line]:
    """Every indicator of every cluster, in the order of the definitions."""
    rules = basis.rules
    desk_norms = {name: each.norm_ms for name, each in rules.channel_clusters(Channel.DESK).items()}
    phone_norms = {name: each.norm_ms for name, each in rules.channel_clusters(Channel.PHONE).items()}
    calls = with_sum(phone, PhoneTally())
    return [
        *(_visitor_wait(name, tally, desk_norms.get(name)) for name, tally in desks.items()),
        *(_call_wait(name, tally, phone_norms.get(name)) for name, tally in phone.items()),
        *(_service_level(name, tally, basis) for name, tally in calls),
        *(missed_share(name, tally, None) for name, tally in calls),
        *(_lead_time(name, tally, rules.lead_norm_days) for name, tally in desks.items()),
    ]


def _visitor_wait(cluster: str, tally: DeskTally, norm_ms: int | None) -> Line:
    return Line(
        indicator=Indicator.VISITOR_WAIT,
        cluster=cluster,
        value=_per(tally.wait_ms / SECOND_MS, tally.served),
        unit=Unit.SECONDS,
        contacts=tally.served,
        norm=None if norm_ms is None else norm_ms / SECOND_MS,
        comparison=Comparison.AT_MOST,
        met=tally.wait_ms <= norm_ms * tally.served if norm_ms is not None and tally.served else None,
    )


def _call_wait(cluster: str, tally: PhoneTally, norm_ms: int | None) -> Line:
    return Line(
        indicator=Indicator.CALL_WAIT,
        cluster=cluster,
        value=_per(tally.wait_ms / SECOND_MS, tally.answered),
        unit=Unit.SECONDS,
        contacts=tally.answered,
        norm=None if norm_ms is None else norm_ms / SECOND_MS,
        comparison=Comparison.BELOW,
        met=tally.wait_ms < norm_ms * tally.answered if norm_ms is not None and tally.answered else None,
    )


def _service_level(cluster: str | None, tally: PhoneTally, basis: Basis) -> Line:
    norms = basis.norms
    value = _per(answered_within(tally, norms.service_level_seconds * SECOND_MS), tally.answered)
    return Line(
        indicator=Indicator.SERVICE_LEVEL,
        cluster=cluster,
        value=value,
        unit=Unit.RATIO,
        contacts=tally.answered,
        norm=norms.service_level_ratio,
        comparison=Comparison.AT_LEAST,
        met=None if value is None else value >= norms.service_level_ratio,
    )


def missed_share(cluster: str | None, tally: PhoneTally, norm_ratio: float | None) -> Line:
    """The share of missed calls; its norm holds for a year, so a month has none.

    The ratio of two counts is the float nearest to it, as the norm is to its percentage: equal ones are equal.
    """
    value = _per(tally.missed, tally.offered)
    return Line(
        indicator=Indicator.MISSED_SHARE,
        cluster=cluster,
        value=value,
        unit=Unit.RATIO,
        contacts=tally.offered,
        norm=norm_ratio,
        comparison=Comparison.AT_MOST,
        met=None if value is None or norm_ratio is None else value <= norm_ratio,
    )


def _lead_time(cluster: str, tally: DeskTally, norm_days: int) -> Line:
    return Line(
        indicator=Indicator.LEAD_TIME,
        cluster=cluster,
        value=_per(tally.lead_days, tally.requests),
        unit=Unit.WORKING_DAYS,
        contacts=tally.requests,
        norm=float(norm_days),
        comparison=Comparison.AT_MOST,
        met=tally.lead_days <= norm_days * tally.requests if tally.requests else None,
    )


def _per(part: float, whole: int) -> float | None:
    """No average of nothing: that is neither 0 nor 100 %."""
    return part / whole if whole else None


# What stands behind them.


def phone_figures(tallies: dict[str, PhoneTally], basis: Basis) -> list[Phone]:
    """The calls of each cluster, and of all if there are several."""
    return [_phone(name, tally, basis) for name, tally in with_sum(tallies, PhoneTally())]


def _phone(cluster: str | None, tally: PhoneTally, basis: Basis) -> Phone:
    return Phone(
        cluster=cluster,
        answered=tally.answered,
        missed=tally.missed,
        wait_seconds=tally.wait_ms / SECOND_MS,
        missed_wait_seconds=tally.missed_wait_ms / SECOND_MS,
        categories=_categories(tally, basis.rules.speed_categories_ms),
        service_levels=_variants(tally, basis.norms.service_level_seconds * SECOND_MS),
        excluded=_excluded(tally),
    )


def _categories(tally: PhoneTally, bounds_ms: Sequence[int]) -> list[Category]:
    """The categories of the settings; calls counted under others, if those have changed, as a category each."""
    bounds = sorted({*bounds_ms, UNBOUNDED_MS, *tally.speed_categories})
    found, before_ms = [], 0
    for bound_ms in bounds:
        calls = tally.speed_categories.get(bound_ms, 0)
        up_to = None if bound_ms == UNBOUNDED_MS else bound_ms / SECOND_MS
        found.append(Category(before_ms / SECOND_MS, up_to, calls, _per(calls, tally.answered)))
        before_ms = bound_ms
    return found


def _variants(tally: PhoneTally, bound_ms: int) -> list[Variant]:
    answered = answered_within(tally, bound_ms)
    abandoned = sum(count for bound, count in tally.missed_categories.items() if bound <= bound_ms)
    offered, without_short = tally.offered, tally.offered - abandoned
    return [
        Variant(Formula.ANSWERED, answered, tally.answered, _per(answered, tally.answered)),
        Variant(Formula.OFFERED, answered, offered, _per(answered, offered)),
        Variant(Formula.SHORT_ABANDONED_GOOD, answered + abandoned, offered, _per(answered + abandoned, offered)),
        Variant(Formula.SHORT_ABANDONED_LEFT_OUT, answered, without_short, _per(answered, without_short)),
    ]


def _excluded(tally: Tally) -> dict[str, int]:
    """By reason, in the order of the report; those of nobody too."""
    reasons = (*EXCLUSIONS, *sorted(tally.excluded.keys() - EXCLUSIONS))
    return {reason: tally.excluded.get(reason, 0) for reason in reasons}


def desk_figures(tallies: dict[str, DeskTally]) -> list[Desk]:
    """The visits of each cluster, and of all if there are several."""
    return [_desk(name, tally) for name, tally in with_sum(tallies, DeskTally())]


def _desk(cluster: str | None, tally: DeskTally) -> Desk:
    return Desk(
        cluster=cluster,
        served=tally.served,
        wait_seconds=tally.wait_ms / SECOND_MS,
        signed_seconds=tally.signed_ms / SECOND_MS,
        within_norm=tally.within_norm,
        experienced=tally.experienced,
        experienced_seconds=tally.experienced_ms / SECOND_MS,
        walk_ins=tally.walk_ins,
        walk_in_wait_seconds=tally.walk_in_wait_ms / SECOND_MS,
        walk_ins_left=tally.walk_ins_left,
        no_shows=tally.no_shows,
        cancelled=tally.cancelled,
        requests=tally.requests,
        lead_working_days=tally.lead_days,
        requests_within_norm=tally.requests_within_norm,
        implausible_requests=tally.implausible_requests,
        excluded=_excluded(tally),
    )


def _added(parts: Sequence[Coverage]) -> list[Coverage]:
    """The hours of several months by channel."""
    by_channel: dict[Channel, list[Coverage]] = {}
    for part in parts:
        by_channel.setdefault(part.channel, []).append(part)
    return [
        Coverage(
            channel=channel,
            opening_hours=sum(each.opening_hours for each in mine),
            silent_hours=sum(each.silent_hours for each in mine),
            silent_minutes=sum(each.silent_minutes for each in mine),
            silent_from_ms=[at for each in mine for at in each.silent_from_ms],
        )
        for channel, mine in by_channel.items()
    ]


def _coverage(month: Month, until_ms: int) -> list[Coverage]:
    """Of the channels whose hours were recorded."""
    rules = month.basis.rules
    calendar = Calendar(rules)
    found = []
    for channel in Channel:
        if channel not in month.spoke:
            continue
        ended, silent = silent_hours(month.month, rules.zone, calendar, month.spoke[channel], until_ms)
        found.append(
            Coverage(
                channel=channel,
                opening_hours=len(ended),
                silent_hours=len(silent),
                silent_minutes=sum(hour.open_minutes for hour in silent),
                silent_from_ms=[hour.start_ms for hour in silent],
            )
        )
    return found
