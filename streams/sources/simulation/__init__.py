"""A simulated day of calls and visits, for trying the monitor without an exchange or a ticket system.

The same plan, rules, day and seed give the same events, byte for byte. Everything that people do by chance (when
they come, how long they stay, when they give up) is drawn before the day is played, from a random stream for each
purpose; the queues that follow are played on SimPy without further chance. So another number of agents meets the
same callers, and other calls leave the desks as they were.

Must not know Kafka, the settings file or the clock.
"""

from datetime import date

from streams.contracts.decode import Event
from streams.contracts.events import instant_ms
from streams.core.rules import Rules
from streams.sources.simulation.channels import first_arrival_ms, simulators
from streams.sources.simulation.hours import DayHours
from streams.sources.simulation.plan import SimulationPlan

__all__ = ["SimulationPlan", "first_arrival_ms", "simulate_day"]


def simulate_day(plan: SimulationPlan, rules: Rules, day: date, seed: int) -> list[Event]:
    """All events of one local day on the channels that are played, by time; none on a day that is closed.

    Appointments bring the requests (and some cancellations) of earlier days along, and whoever is still waiting at
    closing time is served after it, so the first and last events may lie outside the day. Times are epoch seconds
    with millisecond precision. Ids hold the day and the seed, so several days or seeds may share a topic.
    """
    hours = DayHours.of(rules, day)
    if not hours.open_spans:
        return []
    events = [
        event
        for channel, simulator in simulators().items()
        for event in simulator.play(plan, list(rules.channel_clusters(channel)), hours, seed)
    ]
    return sorted(events, key=lambda event: instant_ms(event.at))
