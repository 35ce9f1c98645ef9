"""What is counted of calls, of one cluster over any span of time.

`count_in` adds a call or, with sign -1, takes it back; the counting of many at once is written by hand, because it is
done for every call.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Final

from streams.channels.calls.measure import AnsweredCall, CallbackRequested, CalledBack, LateAnswer, MissedCall
from streams.core.counts import (
    NONE,
    SECONDS,
    SERVED,
    By,
    Count,
    Shown,
    Tally,
    Terms,
    Unit,
    add_to_sketch,
    added,
    count_excluded,
    count_ids,
)
from streams.core.measure import Excluded, Measurement
from streams.core.places import UNBOUNDED_MS, Places, category_label

CALLS: Final = Unit("calls")

BY_CATEGORY: Final = By(
    "up_to_seconds",
    "upper bound of a speed category, which holds its bound; `+Inf` is the slowest. "
    "Not `le`: categories do not accumulate",
    lambda rules: (*rules.speed_categories_ms, UNBOUNDED_MS),
    category_label,
    level="category",
)


BY_SHORT: Final = By(
    "short_abandon_seconds",
    "bound of a short abandon, which holds its bound",
    lambda rules: () if rules.short_abandon_ms is None else (rules.short_abandon_ms,),
    category_label,
)


class PhoneTally(Tally, gc=False, omit_defaults=True):
    """Calls of one cluster, of which the outcome is known and counts."""

    title: ClassVar[str] = "phone"

    answered: Annotated[int, Count(CALLS, "Calls answered.", metric=SERVED)] = 0
    missed: Annotated[int, Count(CALLS, "Calls dialled in within opening hours that ended without an answer.")] = 0
    missed_wait_ms: Annotated[
        int, Count(SECONDS, "Sum of how long the callers of missed calls held on.", Shown.WINDOW)
    ] = 0
    speed_categories: Annotated[
        dict[int, int],
        Count(
            CALLS,
            "Calls answered, by speed category (snelheidscategorie) of their wait.",
            by=BY_CATEGORY,
            metric="speed_category_calls",
        ),
    ] = NONE
    """By the upper bound, in ms, of their category (`UNBOUNDED_MS` for the last)."""
    missed_categories: Annotated[
        dict[int, int], Count(CALLS, "Missed calls, by how long the caller held on.", Shown.NOWHERE, by=BY_CATEGORY)
    ] = NONE
    """In the same categories: other ways to count the service level than the city's need to know who hung up within
    its bound."""
    missed_short: Annotated[
        dict[int, int],
        Count(CALLS, "Missed calls whose caller held on no longer than a bound.", Shown.NOWHERE, by=BY_SHORT),
    ] = NONE
    missed_long: Annotated[
        dict[int, int],
        Count(CALLS, "Missed calls whose caller held on longer than a bound.", Shown.NOWHERE, by=BY_SHORT),
    ] = NONE
    """Both by the bound, in ms, that the rules had when they were counted: none of either without one. So what was
    counted by another bound, or by none, cannot pass for what was counted by this one."""

    answered_too_late: Annotated[
        int,
        Count(
            CALLS,
            "Missed calls with an answer after the caller had left, without coming back: of a source that says so of "
            "many, one of the two is wrong.",
            metric="answered_too_late_calls",
        ),
    ] = 0
    callbacks_requested: Annotated[
        int,
        Count(
            CALLS,
            "Callers who asked to be called back while they waited: neither answered nor missed.",
            metric="callback_requested_calls",
        ),
    ] = 0
    called_back: Annotated[int, Count(CALLS, "Callers who asked for it and were called back.")] = 0
    called_back_after_ms: Annotated[
        int, Count(SECONDS, "Sum of the times from asking to be called back until being called back.")
    ] = 0

    @property
    def offered(
        self,
    ) -> Annotated[
        int,
        Count(
            CALLS,
            "Calls dialled in within opening hours whose outcome is known, answered or missed: what the share of "
            "missed calls divides by.",
        ),
    ]:
        """All calls that count."""
        return self.answered + self.missed

    def within_service_level(
        self, terms: Terms
    ) -> Annotated[
        int,
        Count(
            CALLS,
            "Calls answered within the bound of the line's service level "
            "(wachtmonitor_norm_cluster_service_level_seconds).",
        ),
    ]:
        """Calls answered within the bound of the terms."""
        return self.answered_within(terms.service_level_ms)

    def short_abandoned(
        self, terms: Terms
    ) -> Annotated[
        int | None,
        Count(
            CALLS,
            "Missed calls whose caller held on no longer than wachtmonitor_short_abandon_seconds; absent where the "
            "settings name no such bound.",
        ),
    ]:
        """Short abandons by the bound of the terms."""
        bound_ms = terms.rules.short_abandon_ms
        return None if bound_ms is None else self.missed_short.get(bound_ms, 0)

    def long_abandoned(
        self, terms: Terms
    ) -> Annotated[
        int | None,
        Count(
            CALLS,
            "Missed calls whose caller held on longer than that: the missed calls without short abandons where they "
            "and the short ones are all there are, since what was counted without the bound is neither.",
        ),
    ]:
        """The other missed calls by the bound of the terms."""
        bound_ms = terms.rules.short_abandon_ms
        return None if bound_ms is None else self.missed_long.get(bound_ms, 0)

    def missed_without_short(self, terms: Terms) -> int | None:
        """Missed calls without short abandons; None where that is not known of every missed call."""
        short, long = self.short_abandoned(terms), self.long_abandoned(terms)
        return long if short is not None and long is not None and short + long == self.missed else None

    def answered_within(self, bound_ms: int) -> int:
        """Calls answered within a bound, which must be the bound of a speed category."""
        return sum(count for bound, count in self.speed_categories.items() if bound <= bound_ms)

    def missed_within(self, bound_ms: int) -> int:
        """Missed calls whose caller held on for no longer than a bound, which must be that of a speed category."""
        return sum(count for bound, count in self.missed_categories.items() if bound <= bound_ms)

    shared_sums: ClassVar[int] = 6

    def shared(self, terms: Terms) -> tuple[int, ...]:
        """Answered, their waits in ms, those within the service level, missed, of these short abandons and others.

        These two are less than the missed where it is not known of every one.
        """
        short, long = self.short_abandoned(terms) or 0, self.long_abandoned(terms) or 0
        return self.answered, self.wait_ms, self.within_service_level(terms), self.missed, short, long

    @staticmethod
    def count_in(tallies: "Sequence[PhoneTally]", measured: Measurement, sign: int, places: Places) -> None:
        """Add (sign 1) or take back (sign -1) one call in each of the tallies."""
        if type(measured) is AnsweredCall:
            count_answered({measured.cluster: tallies}, {measured.cluster: [measured.wait_ms]}, sign, places)
            add_to_sketch(tallies[0], [measured.wait_ms], sign)
        elif type(measured) is MissedCall:
            count_missed({measured.cluster: tallies}, {measured.cluster: [measured.wait_ms]}, sign, places)
        elif type(measured) is Excluded:
            count_excluded(tallies, measured, sign, places)
        elif isinstance(measured, LateAnswer | CallbackRequested | CalledBack):
            _count_aside(tallies, measured, sign)
        else:
            count_ids(tallies, measured, sign, places)


def _count_aside(
    tallies: Sequence[PhoneTally], measured: LateAnswer | CallbackRequested | CalledBack, sign: int
) -> None:
    """Count what is in none of the indicators."""
    for tally in tallies:
        if isinstance(measured, LateAnswer):
            tally.answered_too_late += sign
        elif isinstance(measured, CallbackRequested):
            tally.callbacks_requested += sign
        else:
            tally.called_back += sign
            tally.called_back_after_ms += sign * measured.after_ms


def count_answered(
    tallies_of: Mapping[str, Sequence[PhoneTally]], waits_of: Mapping[str, list[int]], sign: int, places: Places
) -> None:
    """`PhoneTally.count_in` for so many answered calls, by cluster, without the sketch.

    The waits are put in order, in place: then one search finds where those of a category end.
    """
    for cluster, waits_ms in waits_of.items():
        waits_ms.sort()
        answered, wait_ms = sign * len(waits_ms), sign * sum(waits_ms)
        within_norm = sign * bisect_right(waits_ms, places.norms_ms.get(cluster, 0))
        categories = places.categories(waits_ms, sign)
        for tally in tallies_of[cluster]:
            tally.answered += answered
            tally.wait_ms += wait_ms
            tally.within_norm += within_norm
            tally.speed_categories = added(tally.speed_categories, categories, sign)


def count_missed(
    tallies_of: Mapping[str, Sequence[PhoneTally]], waits_of: Mapping[str, list[int]], sign: int, places: Places
) -> None:
    """The same for missed calls."""
    for cluster, waits_ms in waits_of.items():
        waits_ms.sort()
        missed, missed_wait_ms = sign * len(waits_ms), sign * sum(waits_ms)
        categories = places.categories(waits_ms, sign)
        for tally in tallies_of[cluster]:
            tally.missed += missed
            tally.missed_wait_ms += missed_wait_ms
            tally.missed_categories = added(tally.missed_categories, categories, sign)
        if places.short_abandon_ms is not None:
            _count_short(tallies_of[cluster], waits_ms, sign, places.short_abandon_ms)


def _count_short(tallies: Sequence[PhoneTally], sorted_ms: Sequence[int], sign: int, bound_ms: int) -> None:
    """Tell short abandons from the other missed calls."""
    short = bisect_right(sorted_ms, bound_ms)
    long = len(sorted_ms) - short
    for tally in tallies:
        if short:
            tally.missed_short = added(tally.missed_short, {bound_ms: sign * short}, sign)
        if long:
            tally.missed_long = added(tally.missed_long, {bound_ms: sign * long}, sign)
