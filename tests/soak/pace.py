"""The events of a soak: the busiest hour that the simulator knows of, several times over, again and again.

Must not know Kafka, nor the worker.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any, Final

import msgspec

from streams.channels.calls.events import CallEvent
from streams.contracts.events import instant_ms
from streams.core.calendar import Calendar
from streams.core.rules import HOUR_MS, Rules
from streams.sources.pacing import shift
from streams.sources.simulation import SimulationPlan, simulate_day

Event = Any
"""Of either channel: what the simulator gives is an event of any."""

FIRST_DAY: Final = date(2026, 10, 5)
DAYS: Final = 28
"""Four weeks without a holiday: enough that the busiest hour of the week is among them several times."""

SEED: Final = 1

JITTER_MS: Final = 30_000
"""Copies of a call begin within this time of it, not all in the same millisecond."""


class Hour(msgspec.Struct, frozen=True):
    """An hour of the simulation and everything that happened in it."""

    start_ms: int
    events: tuple[Event, ...]


def busiest_hour(rules: Rules) -> Hour:
    """The hour with the most events in four simulated weeks. Calls and visits that it cuts in two stay so."""
    calendar = Calendar(rules)
    hours: dict[int, list[Event]] = {}
    for number in range(DAYS):
        for event in simulate_day(SimulationPlan(), rules, FIRST_DAY + timedelta(number), SEED):
            hours.setdefault(instant_ms(event.at) // HOUR_MS, []).append(event)
    number, events = max(hours.items(), key=lambda hour: len(hour[1]))
    assert calendar.opening(number * HOUR_MS).value == "open", "the busiest hour is one of the opening hours"
    return Hour(number * HOUR_MS, tuple(sorted(events, key=lambda event: instant_ms(event.at))))


def copies(hour: Hour, times: int, start_ms: int) -> Iterator[Event]:
    """The hour `times` over from `start_ms` on, by time, and again when it is over: without end."""
    rng, number = Random(SEED), 0
    while True:
        delta_ms = start_ms + number * HOUR_MS - hour.start_ms
        batch = list(_one_hour(hour.events, times, delta_ms, f"{number}-", rng))
        yield from sorted(batch, key=lambda event: instant_ms(event.at))
        number += 1


def _one_hour(events: Sequence[Event], times: int, delta_ms: int, prefix: str, rng: Random) -> Iterator[Event]:
    for copy in range(times):
        later_ms = delta_ms + rng.randrange(JITTER_MS)
        for event in events:
            yield _renamed(shift(event, later_ms), f"{prefix}{copy}-")


def _renamed(event: Event, prefix: str) -> Event:
    if isinstance(event, CallEvent):
        return msgspec.structs.replace(event, call_id=prefix + event.call_id)
    return msgspec.structs.replace(event, ticket_id=prefix + event.ticket_id)
