"""States under a steady load stop growing once they forget, and what is forgotten leaves nothing behind."""

import gc
import tracemalloc
from collections.abc import Iterator
from itertools import takewhile
from typing import Final

import pytest

from streams.channels.calls.events import CallEvent, Offered
from streams.channels.calls.state import CallState
from streams.channels.visits.events import Requested
from streams.channels.visits.state import TicketState
from streams.contracts.events import instant_ms
from streams.core.rules import DAY_MS, HOUR_MS
from streams.settings import load
from tests.applying import apply
from tests.core.builders import rules_with
from tests.soak.pace import Hour, busiest_hour, copies

RULES: Final = rules_with(load(None, {}).rules, memory_ms=DAY_MS)
START_MS: Final = 1_727_827_200_000
"""2024-10-02T00:00:00Z; every hour of the load is the same."""


@pytest.fixture
def traced() -> Iterator[None]:
    gc.collect()
    tracemalloc.start()
    yield
    tracemalloc.stop()


def traced_bytes() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def few_events() -> Hour:
    """Sixty events of the busiest hour, none that asks for an appointment: those are kept until it is over."""
    hour = busiest_hour(RULES)
    return Hour(hour.start_ms, tuple(event for event in hour.events if not isinstance(event, Requested))[:60])


class Load:
    """A part of the busiest hour of the simulation, hour after hour, folded into a state for each channel."""

    def __init__(self) -> None:
        self.states = (CallState(RULES), TicketState(RULES))
        self._events = copies(few_events(), 1, START_MS)

    def go_on_to(self, end_ms: int) -> int:
        """Fold up to a moment and look at who waits then, as a wall does; the memory that is in use."""
        calls, tickets = self.states
        for event in takewhile(lambda event: instant_ms(event.at) < end_ms, self._events):
            at_ms = instant_ms(event.at)
            if isinstance(event, CallEvent):
                apply(calls, event, at_ms)
            else:
                apply(tickets, event, at_ms)
        for state in self.states:
            state.settle().look(end_ms)
            state.take_changes()
        return traced_bytes()


def test_memory_is_flat_once_as_much_is_forgotten_as_comes(traced: None) -> None:
    """Five days are the warm-up: contacts are remembered for a day here, and tallies of days for three.

    What may still grow are the calendar's memories of minutes and quarters, which have bounds of their own: a tenth
    of the little that is here. Contacts that nobody forgot would add a third in the two days.
    """
    load = Load()
    early = load.go_on_to(START_MS + 5 * DAY_MS)
    late = load.go_on_to(START_MS + 7 * DAY_MS)
    assert all(len(state.contacts) > 100 for state in load.states)
    assert late < 1.2 * early


def test_calls_that_never_end_leave_nothing_behind_once_they_are_forgotten(traced: None) -> None:
    state = CallState(RULES)
    before = traced_bytes()
    for number in range(20_000):
        at_ms = START_MS + number
        apply(state, Offered(call_id=f"ghost-{number}", cluster="Klantencontactcentrum", at=at_ms / 1000), at_ms)
    assert state.settle().look(START_MS + HOUR_MS) is not None
    full = traced_bytes()
    state.advance(START_MS + RULES.call_expiry_ms + DAY_MS + 2 * HOUR_MS)
    state.settle().look(START_MS + 2 * DAY_MS)
    state.take_changes()
    assert (len(state.contacts), len(state.open)) == (0, 0)
    assert sum(state.settle().months["2024-10"]["Klantencontactcentrum"].excluded.values()) == 20_000
    assert full - before > 20_000 * 100
    # what stays are the tables of two dictionaries, which the next contacts fill again
    assert traced_bytes() - before < 0.1 * (full - before)
