"""Quantiles from the sketch stay within one percent of the waits themselves, and what is added can be taken back."""

import math
from random import Random
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.channels.calls.counts import PhoneTally
from streams.channels.calls.measure import AnsweredCall
from streams.core.places import Places
from streams.core.rules import Rules
from streams.core.sketch import RELATIVE_ERROR, ZERO_BUCKET, bucket_of, buckets_of, quantile_ms
from tests.core.builders import HOUR, RULES, STEADY

LONGEST_MS: Final = 4 * HOUR
ROUNDING: Final = 1e-9
"""Allowance for the last bits of floating point, far below anything that matters."""

waits = st.one_of(st.integers(0, LONGEST_MS), st.integers(0, 200), st.integers(30_000, 60_000))


def sketch_of(each: list[int]) -> dict[int, int]:
    """The sketch of some waits, as a tally makes it."""
    tally = PhoneTally()
    for wait in each:
        count(tally, wait, 1)
    return tally.sketch


def count(tally: PhoneTally, wait_ms: int, sign: int, rules: Rules = RULES) -> None:
    """Add or take back an answered call with a wait."""
    PhoneTally.count_in((tally,), AnsweredCall("k", 0, wait_ms, wait_ms), sign, Places(rules, {"k": 45_000}))


@STEADY
@given(
    st.lists(waits, min_size=1, max_size=60), st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.5, 0.9, 0.95, 1.0]))
)
def test_a_quantile_is_within_one_percent_of_the_wait_of_its_rank(values: list[int], quantile: float) -> None:
    """Against the sorted list, for any quantile; 1 % is what the metric catalogue promises."""
    assert RELATIVE_ERROR == 0.01
    exact = sorted(values)[math.floor(quantile * (len(values) - 1))]
    found = quantile_ms(sketch_of(values), quantile)
    assert found is not None
    assert abs(found - exact) <= (0.01 + ROUNDING) * exact


@given(st.lists(waits, min_size=1))
@example([179_999, 180_000])  # where the table ends
def test_the_buckets_of_many_waits_are_those_of_each(values: list[int]) -> None:
    """Looked up or worked out, the same wait is in the same bucket."""
    assert buckets_of(values) == [bucket_of(wait_ms) for wait_ms in values]


def test_every_wait_up_to_the_longest_is_within_one_percent() -> None:
    """One by one around the edge of each bucket that a plausible wait can be in, where the error is largest."""
    edges = {1, 2, 3, LONGEST_MS}
    growth = (1 + 0.01) / (1 - 0.01)
    for bucket in range(bucket_of(LONGEST_MS) + 1):
        edges.update(max(1, math.floor(growth**bucket) + step) for step in (-1, 0, 1, 2))
    for wait in edges:
        found = quantile_ms({bucket_of(wait): 1}, 0.5)
        assert found is not None
        assert abs(found - wait) <= (0.01 + ROUNDING) * wait, wait


def test_no_wait_lies_so_near_the_edge_of_a_bucket_that_a_machine_could_matter() -> None:
    """A wait counted on one machine is taken back on another: both must name the same bucket.

    The bucket is a rounded logarithm, of which the last bits may differ between mathematical libraries. The waits
    nearest to an edge are still a thousand times farther from it than such a difference; only 1 ms is on an edge,
    and its logarithm is exactly 0 everywhere.
    """
    growth = (1 + 0.01) / (1 - 0.01)
    for bucket in range(1, bucket_of(LONGEST_MS) + 1):
        edge = growth**bucket
        for wait in (math.floor(edge), math.ceil(edge)):
            assert abs(math.log(wait) - bucket * math.log(growth)) > 1e-11, (bucket, wait)


@STEADY
@given(st.integers(0, LONGEST_MS), st.integers(0, LONGEST_MS))
def test_longer_waits_are_never_in_lower_buckets(one: int, other: int) -> None:
    """Or quantiles would be out of order."""
    assert (bucket_of(min(one, other))) <= bucket_of(max(one, other))


def test_a_wait_of_nothing_is_exact() -> None:
    """No wait at all is common, and 1 % of nothing is nothing."""
    assert bucket_of(0) == ZERO_BUCKET < bucket_of(1)
    assert quantile_ms(sketch_of([0, 0, 0, 50]), 0.5) == 0.0


def test_without_waits_there_is_no_quantile() -> None:
    """No figure is not 0."""
    assert quantile_ms({}, 0.9) is None


@pytest.mark.parametrize(("quantile", "wait"), [(0.0, 10_000), (0.5, 20_000), (0.99, 20_000), (1.0, 30_000)])
def test_the_lower_quantile_is_taken(quantile: float, wait: int) -> None:
    """Of three waits the middle one is the 0.5 quantile, and the largest only the 1.0."""
    found = quantile_ms(sketch_of([30_000, 10_000, 20_000]), quantile)
    assert found == pytest.approx(wait, rel=0.0101)


@STEADY
@given(st.lists(waits, max_size=40), st.randoms(use_true_random=False))
def test_taking_everything_back_leaves_nothing(values: list[int], random: Random) -> None:
    """In any order, and what remains in between is the sketch of what remains."""
    tally = PhoneTally()
    for wait in values:
        count(tally, wait, 1)
    back = random.sample(values, len(values))
    half = len(back) // 2
    for wait in back[:half]:
        count(tally, wait, -1)
    assert tally.sketch == sketch_of(back[half:])
    for wait in back[half:]:
        count(tally, wait, -1)
    assert tally == PhoneTally()
