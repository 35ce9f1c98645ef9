"""What plays one channel on a simulated day."""

from collections.abc import Callable, Sequence

import msgspec

from streams.contracts.decode import Event
from streams.sources.simulation.hours import DayHours
from streams.sources.simulation.plan import SimulationPlan

Play = Callable[[SimulationPlan, Sequence[str], DayHours, int], Sequence[Event]]
"""The plan, the channel's clusters, the hours of an open day and the seed: all events, those of one contact by time;
none without clusters."""


class Simulator(msgspec.Struct, frozen=True):
    """How people reach the city through one channel, made up."""

    play: Play
    arrival: type[Event]
    """The event with which somebody comes in: what lies before the first of them was arranged on earlier days."""
