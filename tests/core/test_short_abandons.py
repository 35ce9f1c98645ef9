"""Missed calls without short abandons: a second figure, known where every missed call was counted by the bound."""

from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.channels.calls.counts import PhoneTally
from streams.channels.calls.state import CallState
from streams.core.counts import Terms
from streams.core.rules import Rules
from tests.applying import apply
from tests.core.builders import (
    DAY,
    RULES,
    SECOND,
    STEADY,
    abandoned,
    answered,
    calls,
    ms,
    offered,
    phone_month,
    phone_window,
    rules_with,
)
from tests.core.folding import restarted
from tests.core.test_judging import taken_in

MONDAY: Final = ms("2026-03-02 10:00")
NOW: Final = MONDAY + 40 * 60 * SECOND
WITH_FIVE: Final = rules_with(short_abandon_ms=5 * SECOND)


def missed(*held_on_ms: int, at: int = MONDAY, rules: Rules = WITH_FIVE) -> CallState:
    """Callers who held on for so long, and one who was answered, from records of the day."""
    events: list[Any] = [offered(at, "answered"), answered(at + SECOND, "answered")]
    for number, span in enumerate(held_on_ms):
        events += [offered(at, f"{number}"), abandoned(at + span, f"{number}")]
    return calls(events, rules, at)


def without_short(tally: PhoneTally, rules: Rules) -> int | None:
    """As the rules read it."""
    return tally.missed_without_short(Terms(rules, 30_000))


def test_a_short_abandon_holds_its_bound_and_stays_missed() -> None:
    tally = phone_month(missed(4_999, 5_000, 5_001, 80_000), "2026-03")
    assert (tally.missed, without_short(tally, WITH_FIVE)) == (4, 2)


def test_without_a_bound_nothing_is_told_apart_or_written() -> None:
    """Tallies and rules are those of settings that never named one."""
    tally = phone_month(missed(1_000, rules=RULES), "2026-03")
    assert without_short(tally, RULES) is None
    assert b"short" not in msgspec.json.encode(tally)
    assert rules_with(WITH_FIVE, short_abandon_ms=None).digest() == RULES.digest() != WITH_FIVE.digest()


@pytest.mark.parametrize("window", ["5m", "60m", "today"])
def test_where_nobody_was_missed_nobody_was_without_short_abandons(window: str) -> None:
    """Nobody missed is 0 without short abandons, as it is with them."""
    tally = phone_window(missed(), MONDAY + 60 * SECOND, window)
    assert (tally.answered, tally.missed, without_short(tally, WITH_FIVE)) == (1, 0, 0)


@STEADY
@given(
    held_on=st.lists(st.integers(0, 90 * SECOND) | st.sampled_from([4_999, 5_000, 5_001]), max_size=20),
    bound_ms=st.sampled_from([1_000, 5_000, 30_000, 45_000]),
)
def test_no_other_figure_knows_of_the_bound(held_on: list[int], bound_ms: int) -> None:
    """Of windows, the day and the month: all that is counted without a bound, and the two counts beside it."""
    rules = rules_with(short_abandon_ms=bound_ms)
    told, plain = missed(*held_on, rules=rules), missed(*held_on, rules=RULES)
    short = sum(span <= bound_ms for span in held_on)
    for window in ("15m", "60m", "today", ""):
        mine, theirs = (
            phone_window(state, NOW - 35 * 60 * SECOND, window) if window else phone_month(state, "2026-03")
            for state in (told, plain)
        )
        assert without_short(mine, rules) == len(held_on) - short
        mine.missed_short, mine.missed_long = theirs.missed_short, theirs.missed_long
        assert mine == theirs


def test_a_bound_that_is_set_later_counts_all_that_is_remembered() -> None:
    before = missed(4_000, 6_000, rules=RULES)
    state = taken_in(before, WITH_FIVE, 1)
    state.judge(10)
    for counted in (state, restarted(before, WITH_FIVE)):
        assert without_short(phone_month(counted, "2026-03"), WITH_FIVE) == 1


def test_what_was_forgotten_before_the_bound_was_set_leaves_the_month_without_the_figure() -> None:
    """Not a smaller one: nobody knows how long the forgotten callers held on."""
    rules = rules_with(memory_ms=DAY)
    before = missed(4_000, 6_000, rules=rules)
    later = MONDAY + 2 * DAY
    for event in (offered(later, "later"), abandoned(later + SECOND, "later")):
        apply(before, event, later)
    state = restarted(before, rules_with(rules, short_abandon_ms=5 * SECOND))
    tally = phone_month(state, "2026-03")
    assert (tally.missed, tally.missed_short, tally.missed_long) == (3, {5_000: 1}, {})
    assert without_short(tally, state.rules) is None
    assert without_short(phone_window(state, later, "today"), state.rules) == 0


def test_another_bound_reads_nothing_of_what_was_counted_by_this_one() -> None:
    tally = phone_month(missed(4_000, 6_000), "2026-03")
    assert without_short(tally, rules_with(short_abandon_ms=10 * SECOND)) is None
