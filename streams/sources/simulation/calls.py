"""The phone of a simulated day: callers who queue for a limited number of agents and may hang up.

The queue is an Erlang-A one (Palm's M/M/n with impatient callers), loosened where contact centres are known to
differ: the rate changes over the day, conversations are log-normal, and agents go to lunch. Must not know desks.
"""

from collections.abc import Generator, Sequence
from itertools import pairwise
from random import Random
from typing import Any, Final

import msgspec
import simpy

from streams.channels.calls.events import Abandoned, Answered, AnyCallEvent, Ended, Offered
from streams.core.rules import MINUTE_MS, SECOND_MS
from streams.sources.simulation.chance import Segment, exponential, log_normal, poisson_times, stream
from streams.sources.simulation.hours import DayHours
from streams.sources.simulation.plan import SimulationPlan
from streams.sources.simulation.staffing import agents_needed

_PROFILE: Final[tuple[tuple[int, float], ...]] = (
    (0, 0.05),
    (7 * 60, 0.2),
    (8 * 60, 0.6),
    (9 * 60, 1.0),
    (9 * 60 + 30, 1.4),
    (11 * 60, 1.4),
    (12 * 60, 0.9),
    (13 * 60, 0.8),
    (14 * 60, 1.15),
    (15 * 60 + 30, 1.15),
    (17 * 60, 0.6),
    (20 * 60, 0.3),
    (24 * 60, 0.05),
)
"""Relative busyness by minute of the local day, straight lines between: the two humps around a lunch dip that
contact centres see on working days. Only the ratios count; it spans the whole day since a city may open at any hour.
"""

_STEP_MS: Final = 5 * MINUTE_MS
"""Length of the steps in which the rate of calls changes, in milliseconds: fine enough to look smooth."""

_BREAK, _CALL = 0, 1
"""Priorities of a free agent: whoever is due for lunch goes before taking another call."""


class _Caller(msgspec.Struct, frozen=True, gc=False):
    """What one caller brings along, drawn before the day is played; lengths in milliseconds."""

    call_id: str
    cluster: str
    offered_ms: int
    menu_ms: int
    patience_ms: int
    handle_ms: int


def simulate_calls(plan: SimulationPlan, clusters: Sequence[str], hours: DayHours, seed: int) -> list[AnyCallEvent]:
    """The events of all calls of an open day; those of one call are by time. No cluster, no calls."""
    if not clusters:
        return []
    segments = rate_segments(plan, hours)
    callers = _draw_callers(plan, clusters, segments, hours, seed)
    answered = _play(plan, hours, callers, agents_staffed(plan, segments))
    return answered + _outside_calls(plan, clusters, hours, seed)


def rate_segments(plan: SimulationPlan, hours: DayHours) -> list[Segment]:
    """The expected calls in each step of the opening hours, `calls_per_day` together."""
    steps = [
        (start, min(start + _STEP_MS, span.to_ms))
        for span in hours.open_spans
        for start in range(span.from_ms, span.to_ms, _STEP_MS)
    ]
    weights = [(end - start) * _busyness(hours.minute(start)) for start, end in steps]
    scale = plan.calls_per_day / sum(weights)
    return [Segment(start, end, weight * scale) for (start, end), weight in zip(steps, weights, strict=True)]


def agents_staffed(plan: SimulationPlan, segments: list[Segment]) -> int:
    """The plan's agents, or as many as the busiest step needs; lunch makes no difference to the number."""
    if plan.agents is not None:
        return plan.agents
    calls_per_ms = max(segment.expected / (segment.to_ms - segment.from_ms) for segment in segments)
    return agents_needed(
        load=calls_per_ms * plan.handle_mean_seconds * SECOND_MS,
        impatience=plan.handle_mean_seconds / plan.patience_mean_seconds,
        accepted_ratio=plan.accepted_hang_up_ratio,
    )


def _busyness(minute: int) -> float:
    for (start, low), (end, high) in pairwise(_PROFILE):
        if minute < end:
            return low + (high - low) * (minute - start) / (end - start)
    return _PROFILE[-1][1]


def _draw_callers(
    plan: SimulationPlan, clusters: Sequence[str], segments: list[Segment], hours: DayHours, seed: int
) -> list[_Caller]:
    rng = stream("calls", hours.day, seed)
    return [
        _Caller(
            call_id=f"sim-{hours.day.isoformat()}-{seed}-call-{number}",
            cluster=rng.choice(hours.open_lines(clusters, offered_ms)),
            offered_ms=offered_ms,
            menu_ms=round(rng.uniform(*plan.menu_seconds) * SECOND_MS),
            patience_ms=round(exponential(rng, plan.patience_mean_seconds) * SECOND_MS),
            handle_ms=round(log_normal(rng, plan.handle_mean_seconds, plan.handle_variation) * SECOND_MS),
        )
        for number, offered_ms in enumerate(poisson_times(rng, segments), start=1)
    ]


def _play(plan: SimulationPlan, hours: DayHours, callers: list[_Caller], agents: int) -> list[AnyCallEvent]:
    env = simpy.Environment(initial_time=hours.whole.from_ms)
    staff = simpy.PriorityResource(env, capacity=agents)
    events: list[AnyCallEvent] = []
    for caller in callers:
        env.process(_call(env, staff, caller, events))
    lunch_from_ms, lunch_to_ms = (hours.at_minute_ms(hours.day, minute) for minute in plan.lunch_minutes)
    for _ in range(round(agents * plan.lunch_away_ratio)):
        env.process(_lunch(env, staff, lunch_from_ms, lunch_to_ms))
    env.run()
    return events


def _call(
    env: simpy.Environment, staff: simpy.PriorityResource, caller: _Caller, events: list[AnyCallEvent]
) -> Generator[Any, Any, None]:
    """One call from dialling to its end, as a SimPy process."""

    def happened(event: type[AnyCallEvent]) -> None:
        events.append(event(caller.call_id, caller.cluster, env.now / 1000))

    yield env.timeout(caller.offered_ms - env.now)
    happened(Offered)
    hangs_up = env.timeout(caller.patience_ms)
    yield env.timeout(caller.menu_ms) | hangs_up
    if hangs_up.processed:
        happened(Abandoned)
        return
    with staff.request(priority=_CALL) as agent:
        yield agent | hangs_up
        if not agent.triggered:
            happened(Abandoned)
            return
        happened(Answered)
        yield env.timeout(caller.handle_ms)
        happened(Ended)


def _lunch(
    env: simpy.Environment, staff: simpy.PriorityResource, from_ms: int, to_ms: int
) -> Generator[Any, Any, None]:
    """An agent's lunch as a SimPy process: it begins after the call at hand and ends on time."""
    yield env.timeout(from_ms - env.now)
    with staff.request(priority=_BREAK) as agent:
        yield agent
        yield env.timeout(max(0, to_ms - env.now))


def _outside_calls(plan: SimulationPlan, clusters: Sequence[str], hours: DayHours, seed: int) -> list[AnyCallEvent]:
    """Calls to a closed centre: the exchange registers them as offered and ended, without an answer."""
    rng = stream("calls outside opening hours", hours.day, seed)
    spans = hours.closed_spans(plan.outside_margin_minutes * MINUTE_MS)
    total_ms = sum(span.to_ms - span.from_ms for span in spans)
    segments = [
        Segment(span.from_ms, span.to_ms, plan.outside_calls_per_day * (span.to_ms - span.from_ms) / total_ms)
        for span in spans
    ]
    events: list[AnyCallEvent] = []
    for number, offered_ms in enumerate(poisson_times(rng, segments), start=1):
        call_id, cluster = f"sim-{hours.day.isoformat()}-{seed}-closed-{number}", rng.choice(clusters)
        ended_ms = offered_ms + _message_ms(rng, plan)
        events += (Offered(call_id, cluster, offered_ms / 1000), Ended(call_id, cluster, ended_ms / 1000))
    return events


def _message_ms(rng: Random, plan: SimulationPlan) -> int:
    return round(rng.uniform(*plan.outside_message_seconds) * SECOND_MS)
