"""What follows from the brokers' clocks: no moment has passed on a partition of which nobody knows it."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.months import months_of_year
from streams.kafka.broker_time import (
    APART_MS,
    DIFFERENT_MS,
    Bounds,
    BrokerTime,
    Place,
    Reading,
    farthest,
    heard,
    one_clock,
)
from streams.months.closing.due import closing_ms
from streams.settings import ClosingSettings
from tests.core.builders import DAY, HOUR, MINUTE, SECOND, STEADY, ZONE

NOW: Final = 1_780_000_000_000


def reading(broker: int = 1, shown_ms: int = NOW, *, ahead_ms: float = 0, error_ms: float = 2) -> Reading:
    """The clock of one broker."""
    return Reading(broker=broker, shown_ms=shown_ms, ahead_ms=ahead_ms, error_ms=error_ms, sent_ms=0)


def bounds(*, is_passed: bool) -> Bounds:
    """A partition with records; whether one is from the moment on."""
    return Bounds(0, 7, is_passed)


# When a moment has passed.

PLACES: Final = [(topic, partition) for topic in ("calls", "tickets") for partition in range(3)]

moments = st.builds(
    lambda year, month, day, minute: closing_ms(
        months_of_year(year)[month], ClosingSettings(day=day, time_minutes=minute), ZONE
    ),
    st.integers(2024, 2030),
    st.integers(0, 11),
    st.integers(1, 28),
    st.integers(0, 1439),
)
"""Closing moments: over leap years, turns of the year and the changes of the clock, in the hour that is twice too."""

clocks = st.dictionaries(st.integers(1, 3), st.integers(-DAY, DAY), min_size=1)
"""By broker, how far past the moment its clock is."""

leaderships = st.fixed_dictionaries({}, optional={place: st.integers(1, 4) for place in PLACES})


@given(moments, clocks, leaderships, st.sets(st.sampled_from(PLACES)))
@STEADY
def test_a_moment_has_passed_on_a_partition_by_its_records_or_by_its_leaders_clock_and_by_nothing_else(
    moment_ms: int, past_ms: dict[int, int], leaders: dict[Place, int], spoken: set[Place]
) -> None:
    """The clock of another broker says nothing, nor does a leader that was not heard."""
    time = heard([reading(broker, moment_ms + each) for broker, each in past_ms.items()], leaders)
    awaited = set(time.awaited({place: bounds(is_passed=place in spoken) for place in PLACES}, moment_ms))
    for topic, partition in PLACES:
        passed = (topic, partition) in spoken or past_ms.get(leaders.get((topic, partition), 0), -1) >= 0
        assert (f"{topic}-{partition}" in awaited) != passed
    assert time.now_ms == moment_ms + min(past_ms.values()), "it is no later than on the broker that is behind"


def test_where_there_is_one_clock_it_decides_for_every_partition() -> None:
    silent = {place: bounds(is_passed=False) for place in PLACES}
    assert one_clock(NOW).awaited(silent, NOW) == []
    assert len(one_clock(NOW).awaited(silent, NOW + 1)) == len(PLACES)
    assert one_clock(NOW).doubt is None


# How far clocks are apart.


@pytest.mark.parametrize(
    ("ahead_ms", "error_ms", "is_different", "is_apart"),
    [
        (0, 1, False, False),
        (DIFFERENT_MS + 1, 2, False, False),  # the answer took as long as it might be wrong
        (DIFFERENT_MS + 3, 2, True, False),
        (-DIFFERENT_MS - 3, 2, True, False),
        (APART_MS + 3, 2, True, True),
        (-5 * HOUR, 5 * SECOND, True, True),
        (APART_MS, 5 * SECOND, True, False),
    ],
)
def test_clocks_differ_only_where_it_is_certain(
    ahead_ms: float, error_ms: float, is_different: bool, is_apart: bool
) -> None:
    found = reading(ahead_ms=ahead_ms, error_ms=error_ms)
    assert (found.is_apart(DIFFERENT_MS), found.is_apart(APART_MS)) == (is_different, is_apart)
    assert (BrokerTime(NOW, [reading(2), found]).doubt is not None) == is_apart


def test_of_several_brokers_the_one_that_differs_most_for_certain_is_told() -> None:
    slow, wrong = reading(2, ahead_ms=20 * SECOND, error_ms=19 * SECOND), reading(3, ahead_ms=-8 * SECOND)
    assert farthest([reading(1), slow, wrong]) is wrong
    assert farthest([]) is None


@pytest.mark.parametrize(
    ("ahead_ms", "said"),
    [
        (8 * DAY, "8.0 days ahead of that of broker 1"),
        (-5 * HOUR, "5.0 h behind that of broker 1"),
        (10 * MINUTE, "10.0 min ahead of that of broker 1"),
        (-10.2 * SECOND, "10.2 s behind that of broker 1"),
    ],
)
def test_a_difference_is_told_as_people_say_it(ahead_ms: float, said: str) -> None:
    assert str(reading(ahead_ms=ahead_ms)) == said


def test_a_doubt_says_what_to_do() -> None:
    doubt = BrokerTime(NOW, [reading(ahead_ms=8 * DAY)]).doubt
    assert doubt is not None
    assert doubt.startswith("this machine's clock is 8.0 days ahead of that of broker 1, and nobody knows which is")
    assert "time synchronisation" in doubt
