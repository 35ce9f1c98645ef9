"""An indicator judges by its counts, and by a norm of its own period alone."""

from typing import Final

import pytest

from streams.channels import CALLS, VISITS, indicator_of, indicators
from streams.channels.calls import indicators as calls
from streams.channels.calls.counts import PhoneTally
from streams.channels.visits import indicators as visits
from streams.core.counts import Terms
from streams.core.indicators import Comparison, Judged, Measure, Period, Unit
from streams.words import Language, words_of
from tests.core.builders import RULES

TERMS: Final = Terms(RULES, 30_000)


@pytest.mark.parametrize(
    ("wait_ms", "comparison", "met"),
    [
        (90_000, Comparison.BELOW, False),
        (89_999, Comparison.BELOW, True),
        (90_000, Comparison.AT_MOST, True),
        (90_001, Comparison.AT_MOST, False),
        (90_000, Comparison.AT_LEAST, True),
        (89_999, Comparison.AT_LEAST, False),
    ],
)
def test_a_norm_is_compared_to_the_counts_themselves(wait_ms: int, comparison: Comparison, met: bool) -> None:
    """An average of 45 s over two calls, and what differs from it by half a millisecond."""
    measure = Measure(name="x", part="wait_ms", whole="answered", unit=Unit.SECONDS, comparison=comparison)
    judged = measure.judged([(PhoneTally(answered=2, wait_ms=wait_ms), TERMS)], 45_000, Period.MONTH)
    assert judged == Judged(wait_ms / 1_000 / 2, 2, 45.0, met)


def test_without_contacts_there_is_no_figure_and_no_verdict() -> None:
    assert calls.WAIT.judged([(PhoneTally(), TERMS)], 45_000, Period.MONTH) == Judged(None, 0, 45.0, None)


def test_a_norm_for_the_year_judges_no_month() -> None:
    tally = PhoneTally(answered=3, missed=1)
    assert calls.MISSED_SHARE.judged([(tally, TERMS)], 0.25, Period.MONTH) == Judged(0.25, 4, None, None)
    assert calls.MISSED_SHARE.judged([(tally, TERMS)], 0.25, Period.YEAR) == Judged(0.25, 4, 0.25, True)


def test_a_count_that_is_read_by_the_bound_of_the_service_level() -> None:
    tally = PhoneTally(answered=4, speed_categories={30_000: 3, 60_000: 1})
    assert calls.SERVICE_LEVEL.judged([(tally, TERMS)], 0.7, Period.MONTH) == Judged(0.75, 4, 0.7, True)


def test_a_count_that_is_not_declared_is_named() -> None:
    measure = Measure(name="x", part="laughed", whole="answered", unit=Unit.RATIO, comparison=Comparison.BELOW)
    with pytest.raises(LookupError, match="expected a count of PhoneTally, got laughed: it has"):
        measure.judged([(PhoneTally(), TERMS)], None, Period.MONTH)


def test_the_indicators_are_the_plans_in_its_order() -> None:
    order = (visits.WAIT, calls.WAIT, calls.SERVICE_LEVEL, calls.MISSED_SHARE, visits.LEAD_TIME)
    assert indicators() == order
    assert [indicator_of(each.name)[1] for each in order] == [VISITS, CALLS, CALLS, CALLS, VISITS]
    assert [each for each in order if each.period is Period.YEAR] == [calls.MISSED_SHARE]


@pytest.mark.parametrize("language", Language)
def test_every_catalogue_has_the_words_of_every_indicator(language: Language) -> None:
    needed = {key for each in indicators() for key in each.word_keys}
    assert needed - words_of(language).keys.keys() == set()
