"""Old files fill old months exactly, and leave what is shown of now alone."""

from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from streams.channels.calls.state import CallState
from streams.channels.figures import figures, month_totals
from streams.channels.visits.state import TicketState
from streams.core.months import months_of_year
from tests.applying import apply
from tests.core.builders import (
    BURGERZAKEN,
    DAY,
    MINUTE,
    RULES,
    STEADY,
    abandoned,
    answered,
    ms,
    offered,
    requested,
    started,
)

NOW: Final = ms("2026-11-24 10:00")
OLD: Final = st.lists(
    st.tuples(st.integers(ms("2024-01-01 00:00"), NOW - 40 * DAY), st.integers(0, 400_000), st.booleans()),
    min_size=1,
    max_size=25,
)


def today(number: int = 3) -> list[Any]:
    """Calls of this morning, one of them still waiting."""
    facts: list[Any] = []
    for each in range(number):
        at = NOW - 20 * MINUTE + each * MINUTE
        facts += [offered(at, f"now-{each}"), answered(at + 15_000, f"now-{each}")]
    return [*facts, offered(NOW - MINUTE, "waiting")]


def old_calls(rows: list[tuple[int, int, bool]]) -> list[Any]:
    """Calls as an old file has them."""
    facts: list[Any] = []
    for number, (at, wait, is_answered) in enumerate(rows):
        name = f"old-{number}"
        facts += [offered(at, name), (answered if is_answered else abandoned)(at + wait, name)]
    return facts


@given(OLD)
@STEADY
def test_old_calls_change_old_months_alone(rows: list[tuple[int, int, bool]]) -> None:
    """Windows, today and who waits are as without them; this month too; old months as if each had been read then."""
    live, filled, alone = CallState(RULES), CallState(RULES), CallState(RULES)
    for event in today():
        apply(live, event, NOW)
        apply(filled, event, NOW)
    for event in old_calls(rows):
        apply(filled, event, NOW)
        apply(alone, event, NOW)
    assert figures([filled.settle()], RULES, NOW) == figures([live.settle()], RULES, NOW)
    months = month_totals(filled.settle(), NOW)
    assert {key: tally for key, tally in months.items() if key[0] == "2026-11"} == month_totals(live.settle(), NOW)
    assert {key: tally for key, tally in months.items() if key[0] != "2026-11"} == month_totals(alone.settle(), NOW)


def test_a_year_of_visits_fills_its_twelve_months() -> None:
    """Read in one go, years later."""
    state = TicketState(RULES)
    for month in months_of_year(2024):
        at = ms(f"{month}-02 10:00")
        apply(state, requested(at - DAY, at, f"t-{month}"), NOW)
        apply(state, started(at + 2 * MINUTE, None, f"t-{month}"), NOW)
    totals = month_totals(state.settle(), NOW)
    assert all(totals[month, BURGERZAKEN].wait_ms == 2 * MINUTE for month in months_of_year(2024))
    assert not state.settle().days
    assert not state.settle().slots
