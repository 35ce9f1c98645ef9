"""The desks of a simulated day: appointments on a grid, walk-ins, and the queue for the staffed desks.

A free desk takes the waiting appointment that was planned first, and a walk-in only when no appointment waits, so
visits that overrun make later ones wait. Must not know calls.
"""

from collections.abc import Generator, Sequence
from random import Random
from typing import Any, Final

import msgspec
import simpy

from streams.channels.visits.events import AnyTicketEvent, Arrived, Cancelled, Finished, NoShow, Requested, Started
from streams.core.rules import MINUTE_MS
from streams.sources.simulation.chance import Segment, exponential, log_normal, poisson_times, stream
from streams.sources.simulation.hours import DayHours, Span
from streams.sources.simulation.plan import SimulationPlan

_REQUEST_MINUTES: Final = (8 * 60, 22 * 60 - 1)
"""First and last minute of the local day at which appointments are asked for: at the counter, by phone or online."""

_APPOINTMENT, _WALK_IN = 0, 1
"""Classes of the queue: appointments go before walk-ins."""


class _Desk(msgspec.Struct, frozen=True):
    """One desk cluster on one day: what its figures are and where its chances come from."""

    cluster: str
    staffed: int
    grid_ms: int
    id_prefix: str
    plan: SimulationPlan
    hours: DayHours
    rng: Random


class _Visitor(msgspec.Struct, frozen=True, gc=False):
    """What one visitor brings along, drawn before the day is played; lengths in milliseconds."""

    ticket_id: str
    planned_ms: int | None
    arrived_ms: int
    service_ms: int
    patience_ms: int | None
    """None waits for ever: whoever has an appointment stays."""


def simulate_desks(plan: SimulationPlan, clusters: Sequence[str], hours: DayHours, seed: int) -> list[AnyTicketEvent]:
    """The events of all visits of an open day, cluster by cluster; those of one visit are by time."""
    events: list[AnyTicketEvent] = []
    for index, cluster in enumerate(clusters):
        desk = _Desk(
            cluster=cluster,
            staffed=plan.desks_staffed[index % len(plan.desks_staffed)],
            grid_ms=plan.grid_minutes[index % len(plan.grid_minutes)] * MINUTE_MS,
            id_prefix=f"sim-{hours.day.isoformat()}-{seed}-desk{index + 1}",
            plan=plan,
            hours=hours,
            rng=stream(f"desk {cluster}", hours.day, seed),
        )
        visitors = [*_appointments(desk, events), *_walk_ins(desk)]
        _play(desk, visitors, events)
    return events


def _appointments(desk: _Desk, events: list[AnyTicketEvent]) -> list[_Visitor]:
    """Book the day: adds the requests, cancellations and no-shows to the events, returns those who will come."""
    visitors: list[_Visitor] = []
    for span in desk.hours.common_spans:
        for planned_ms in range(span.from_ms, span.to_ms - desk.grid_ms + 1, desk.grid_ms):
            for place in range(desk.staffed):
                if desk.rng.random() < desk.plan.booked_ratio:
                    ticket_id = f"{desk.id_prefix}-{(planned_ms - desk.hours.whole.from_ms) // MINUTE_MS}-{place + 1}"
                    visitors += _book(desk, ticket_id, planned_ms, span, events)
    return visitors


def _book(
    desk: _Desk, ticket_id: str, planned_ms: int, doors: Span, events: list[AnyTicketEvent]
) -> tuple[_Visitor, ...]:
    """One appointment: what is known of it before the visit, and its visitor, if one comes.

    Every appointment draws the same chances in the same order, whatever becomes of it.
    """
    requested_ms, fate, rest = _requested_ms(desk), desk.rng.random(), desk.rng.random()
    visitor = _expected_visitor(desk, ticket_id, planned_ms, doors)
    planned_at = planned_ms / 1000
    events.append(Requested(ticket_id, desk.cluster, requested_ms / 1000, planned_at))
    if fate < desk.plan.cancelled_ratio:
        cancelled_ms = requested_ms + int(rest * (planned_ms - requested_ms))
        events.append(Cancelled(ticket_id, desk.cluster, cancelled_ms / 1000, planned_at))
        return ()
    if fate < desk.plan.cancelled_ratio + desk.plan.no_show_ratio:
        given_up_ms = planned_ms + round(desk.plan.no_show_after_minutes * MINUTE_MS)
        events.append(NoShow(ticket_id, desk.cluster, given_up_ms / 1000, planned_at))
        return ()
    return (visitor,)


def _requested_ms(desk: _Desk) -> int:
    """A moment of an earlier working day; the days between are exponential, cut to whole days, from 1 on."""
    lead_days = 1 + int(exponential(desk.rng, desk.plan.lead_mean_days - 0.5))
    day = desk.hours.working_day_before(lead_days)
    minute_ms = desk.hours.at_minute_ms(day, desk.rng.randint(*_REQUEST_MINUTES))
    return minute_ms + desk.rng.randrange(MINUTE_MS)


def _expected_visitor(desk: _Desk, ticket_id: str, planned_ms: int, doors: Span) -> _Visitor:
    """Early as a rule, but not before the doors open; late sometimes, but not so late as to be a no-show."""
    offset_minutes = desk.rng.gauss(*desk.plan.arrival_offset_minutes)
    latest_ms = planned_ms + round(desk.plan.no_show_after_minutes * MINUTE_MS)
    return _Visitor(
        ticket_id=ticket_id,
        planned_ms=planned_ms,
        arrived_ms=min(latest_ms, max(doors.from_ms, planned_ms + round(offset_minutes * MINUTE_MS))),
        service_ms=_service_ms(desk),
        patience_ms=None,
    )


def _walk_ins(desk: _Desk) -> list[_Visitor]:
    """Visitors without an appointment, evenly over the opening hours, in proportion to the appointments."""
    per_ms = desk.plan.walk_in_ratio * desk.plan.booked_ratio * desk.staffed / desk.grid_ms
    segments = [Segment(s.from_ms, s.to_ms, per_ms * (s.to_ms - s.from_ms)) for s in desk.hours.common_spans]
    return [
        _Visitor(
            ticket_id=f"{desk.id_prefix}-walkin-{number}",
            planned_ms=None,
            arrived_ms=arrived_ms,
            service_ms=_service_ms(desk),
            patience_ms=round(exponential(desk.rng, desk.plan.walk_in_patience_mean_minutes) * MINUTE_MS),
        )
        for number, arrived_ms in enumerate(poisson_times(desk.rng, segments), start=1)
    ]


def _service_ms(desk: _Desk) -> int:
    return round(log_normal(desk.rng, desk.plan.service_ratio * desk.grid_ms, desk.plan.service_variation))


def _play(desk: _Desk, visitors: list[_Visitor], events: list[AnyTicketEvent]) -> None:
    env = simpy.Environment(initial_time=desk.hours.whole.from_ms)
    places = simpy.PriorityResource(env, capacity=desk.staffed)
    for visitor in visitors:
        env.process(_visit(env, places, desk.cluster, visitor, events))
    env.run()


def _visit(
    env: simpy.Environment,
    places: simpy.PriorityResource,
    cluster: str,
    visitor: _Visitor,
    events: list[AnyTicketEvent],
) -> Generator[Any, Any, None]:
    """One visit from arrival to its end, as a SimPy process.

    The events repeat the planned start, so that a visit can be read without its request.
    """
    planned_at = None if visitor.planned_ms is None else visitor.planned_ms / 1000

    def happened(event: type[Arrived | Started | Finished | Cancelled]) -> None:
        events.append(event(visitor.ticket_id, cluster, env.now / 1000, planned_at))

    yield env.timeout(visitor.arrived_ms - env.now)
    happened(Arrived)
    with places.request(priority=_turn(visitor)) as place:
        leaves = env.event() if visitor.patience_ms is None else env.timeout(visitor.patience_ms)
        yield place | leaves
        if not place.triggered:
            happened(Cancelled)
            return
        happened(Started)
        yield env.timeout(visitor.service_ms)
        happened(Finished)


def _turn(visitor: _Visitor) -> tuple[int, int]:
    """The order of the queue: appointments by planned start, then walk-ins by arrival."""
    if visitor.planned_ms is None:
        return _WALK_IN, visitor.arrived_ms
    return _APPOINTMENT, visitor.planned_ms
