"""The calls of a period by cluster: how many, how quickly, and the service level by the formulas of the field."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from streams.channels import CALLS
from streams.channels.calls.counts import PhoneTally
from streams.core.counts import Terms
from streams.core.places import UNBOUNDED_MS
from streams.core.rules import SECOND_MS
from streams.months.definitions import Formula
from streams.months.report.data import Quantile
from streams.months.report.declared import Apart, DeclaredCounts, Plain
from streams.months.report.indicators import counted_of, per, with_sum
from streams.months.report.parts import excluded_of, plain_counts, quantiles_of
from streams.records.closings import Basis

TOLD: Final = (
    "answered",
    "answered_too_late",
    "called_back",
    "called_back_after_ms",
    "callbacks_requested",
    "excluded",
    "long_abandoned",
    "missed",
    "offered",
    "reused_ids",
    "short_abandoned",
    "speed_categories",
    "unclear_ids",
    "wait_ms",
    "within_service_level",
)
"""The declared counts that the report of the telephone tells of in its own way; any other stands there as it is."""


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


class Phone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The calls of one cluster, or of all (cluster None)."""

    cluster: str | None
    answered: int
    missed: int
    wait_seconds: float
    """Sum of the waits of the answered calls."""
    missed_wait_seconds: float
    wait_quantiles: list[Quantile]
    """Of the waits of the answered calls."""
    categories: list[Category]
    service_level_seconds: int | None
    """The bound of the service level; None for lines of several bounds, of which each counts by its own."""
    service_levels: list[Variant]
    short_abandoned: int | None
    """Missed calls that were no longer than a short abandon; None without a bound of one, or where it is not known of
    every missed call."""
    missed_without_short: int | None
    """The others of the missed calls."""
    callbacks_requested: int
    called_back: int
    called_back_after_seconds: float
    """Sum of the times from asking to be called back until then."""
    answered_too_late: int
    reused_ids: int
    unclear_ids: int
    excluded: dict[str, int]
    counts: Plain = {}
    """What else the tally declares, as it is."""
    counts_by: Apart = {}

    @property
    def average_called_back_seconds(self) -> float | None:
        """From asking to be called back until then; None where nobody was."""
        return per(self.called_back_after_seconds, self.called_back)

    @property
    def missed_ratio(self) -> float | None:
        """Missed calls over all; None without calls."""
        return per(self.missed, self.answered + self.missed)

    @property
    def missed_without_short_ratio(self) -> float | None:
        """Missed calls without short abandons, over all calls but these."""
        missed = self.missed_without_short
        return None if missed is None else per(missed, self.answered + missed)

    @property
    def average_wait_seconds(self) -> float | None:
        """Of the answered calls; None without any."""
        return per(self.wait_seconds, self.answered)


def phone_figures(tallies: Mapping[str, PhoneTally], basis: Basis, more: DeclaredCounts) -> list[Phone]:
    """The calls of each cluster, and of all if there are several."""
    counted = counted_of(CALLS.name, tallies, basis)
    return [_phone(name, tally, counted[name], basis, more) for name, tally in with_sum(tallies)]


_Counted = Sequence[tuple[PhoneTally, Terms]]
"""What the tally of a part is the sum of, each with the terms of its line."""


def _phone(cluster: str | None, tally: PhoneTally, counted: _Counted, basis: Basis, more: DeclaredCounts) -> Phone:
    bounds_ms = {terms.service_level_ms for _, terms in counted}
    without_short = tally.missed_without_short(counted[0][1])
    return Phone(
        cluster=cluster,
        service_level_seconds=bounds_ms.pop() // SECOND_MS if len(bounds_ms) == 1 else None,
        **plain_counts(tally, Phone),
        wait_quantiles=quantiles_of(tally, tally.answered),
        categories=_categories(tally, basis.rules.speed_categories_ms),
        service_levels=_variants(tally, counted),
        short_abandoned=None if without_short is None else tally.missed - without_short,
        missed_without_short=without_short,
        excluded=excluded_of(tally),
        counts=more.plain(counted),
        counts_by=more.apart(tally, counted[0][1]),
    )


def _categories(tally: PhoneTally, bounds_ms: Sequence[int]) -> list[Category]:
    """The categories of the settings; calls counted under others, if those have changed, as a category each."""
    bounds = sorted({*bounds_ms, UNBOUNDED_MS, *tally.speed_categories})
    found, before_ms = [], 0
    for bound_ms in bounds:
        calls = tally.speed_categories.get(bound_ms, 0)
        up_to = None if bound_ms == UNBOUNDED_MS else bound_ms / SECOND_MS
        found.append(Category(before_ms / SECOND_MS, up_to, calls, per(calls, tally.answered)))
        before_ms = bound_ms
    return found


def _variants(tally: PhoneTally, counted: _Counted) -> list[Variant]:
    answered = sum(each.within_service_level(terms) for each, terms in counted)
    abandoned = sum(each.missed_within(terms.service_level_ms) for each, terms in counted)
    offered, without_short = tally.offered, tally.offered - abandoned
    return [
        Variant(Formula.ANSWERED, answered, tally.answered, per(answered, tally.answered)),
        Variant(Formula.OFFERED, answered, offered, per(answered, offered)),
        Variant(Formula.SHORT_ABANDONED_GOOD, answered + abandoned, offered, per(answered + abandoned, offered)),
        Variant(Formula.SHORT_ABANDONED_LEFT_OUT, answered, without_short, per(answered, without_short)),
    ]
