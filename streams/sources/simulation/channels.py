"""The channels of a simulated day: what plays each; nobody comes through a channel that nothing plays."""

from collections.abc import Iterable
from typing import Final

from streams.channels import CALLS, VISITS, channels
from streams.channels.calls.events import Offered
from streams.channels.visits.events import Arrived
from streams.contracts.decode import Event
from streams.contracts.events import instant_ms
from streams.core.rules import Channel
from streams.sources.simulation.calls import simulate_calls
from streams.sources.simulation.desks import simulate_desks
from streams.sources.simulation.simulator import Simulator

_SIMULATORS: Final[dict[Channel, Simulator]] = {
    CALLS.name: Simulator(simulate_calls, Offered),
    VISITS.name: Simulator(simulate_desks, Arrived),
}


def add_simulator(channel: Channel, simulator: Simulator) -> None:
    """Let people come through a channel that is registered."""
    _SIMULATORS[channel] = simulator


def simulators() -> dict[Channel, Simulator]:
    """What plays each channel, in the order of the channels."""
    return {each.name: _SIMULATORS[each.name] for each in channels() if each.name in _SIMULATORS}


def first_arrival_ms(events: Iterable[Event]) -> int:
    """When the first caller or visitor comes, UTC; of events by time, among which somebody comes."""
    arrivals = tuple(each.arrival for each in _SIMULATORS.values())
    return next(instant_ms(event.at) for event in events if isinstance(event, arrivals))
