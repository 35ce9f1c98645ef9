"""Chats of a simulated day: one at each opening, answered at once."""

from collections.abc import Sequence

from streams.sources.simulation import SimulationPlan
from streams.sources.simulation.hours import DayHours
from tests.channels.chat.events import Answered, AnyChatEvent, Offered


def simulate_chats(_: SimulationPlan, clusters: Sequence[str], hours: DayHours, seed: int) -> list[AnyChatEvent]:
    """Two events for each cluster and opening."""
    events: list[AnyChatEvent] = []
    for cluster in clusters:
        for number, span in enumerate(hours.open_spans):
            name, at = f"sim-{hours.day}-{seed}-chat-{number}", span.from_ms / 1000
            events += (Offered(name, cluster, at), Answered(name, cluster, at + 10))
    return events
