"""The simulated day: repeatable, possible (nobody is in two places), on the calendar, and plausible."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cache
from itertools import pairwise
from math import exp, factorial
from random import Random
from statistics import mean
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.channels.calls.events import Answered, AnyCallEvent, CallEvent, Offered
from streams.channels.calls.state import CallState
from streams.channels.visits.events import AnyTicketEvent, Arrived, Requested, Started
from streams.channels.visits.state import TicketState
from streams.contracts.events import instant_ms
from streams.core.calendar import Calendar, Opening, public_holidays
from streams.core.rules import HOUR_MS, MINUTE_MS, SECOND_MS, Channel, Cluster, DatedHours, OpenInterval, Rules
from streams.sources.simulation import SimulationPlan, simulate_day
from streams.sources.simulation.calls import agents_staffed, rate_segments
from streams.sources.simulation.chance import Segment, exponential, log_normal, poisson_times
from streams.sources.simulation.hours import DayHours
from streams.sources.simulation.staffing import agents_needed, hang_up_ratio
from tests.applying import apply

MONDAY = date(2026, 3, 23)
SPRING_SUNDAY = date(2026, 3, 29)
AUTUMN_SUNDAY = date(2026, 10, 25)
BRUSSELS = ZoneInfo("Europe/Brussels")
PLAN = SimulationPlan()
NORMS_MINUTES = {"Burgerzaken": 1, "Energieloket": 5, "Mobiliteit": 2, "OCMW": 10, "Omgeving": 5, "Wonen": 5}

Event = Any
"""Of either channel: what the simulator gives is an event of any."""
Story = dict[str, Event]
"""One contact's events by type."""


def city(*hours: tuple[int, int], weekend: bool = False, phones: tuple[str, ...] = ("KCC",)) -> Rules:
    """The rules of a city that is open at these local hours, from Monday to Friday or every day."""
    day = tuple(OpenInterval(start * 60, end * 60) for start, end in hours)
    desks = tuple(Cluster(name, Channel.DESK, norm * MINUTE_MS) for name, norm in NORMS_MINUTES.items())
    return Rules(
        clusters=tuple(Cluster(name, Channel.PHONE, 45 * SECOND_MS) for name in phones) + desks,
        zone="Europe/Brussels",
        opening_hours=(day,) * 7 if weekend else (day,) * 5 + ((), ()),
        closing_days=("2026-03-24",),
        public_holidays=public_holidays("BE"),
    )


RULES = city((9, 12), (13, 16))


@cache
def default_day(seed: int) -> list[Event]:
    """A Monday by the default plan, simulated once a run for each seed."""
    return simulate_day(PLAN, RULES, MONDAY, seed)


def contact_id(event: Event) -> str:
    """The id of the call or the ticket."""
    return event.call_id if isinstance(event, CallEvent) else event.ticket_id


def tag(event: Event) -> str:
    """The type as it travels."""
    return str(event.__struct_config__.tag)


def ms(event: Event) -> int:
    """When it happened, in milliseconds."""
    return instant_ms(event.at)


def planned_ms(event: Event) -> int | None:
    """The planned start, if the event names one."""
    planned_at = None if isinstance(event, CallEvent) else event.planned_at
    return None if planned_at is None else instant_ms(planned_at)


def stories(events: Iterable[Event], *, calls: bool) -> list[Story]:
    """The contacts of one channel; fails when a contact has two events of a type."""
    found: dict[str, Story] = defaultdict(dict)
    for event in events:
        if isinstance(event, CallEvent) is calls:
            story = found[contact_id(event)]
            assert tag(event) not in story
            story[tag(event)] = event
    return list(found.values())


def most_at_once(spans: Iterable[tuple[int, int]]) -> int:
    """The largest number of half-open spans that share a moment."""
    steps = sorted([(end, -1) for _, end in spans] + [(start, 1) for start, _ in spans])
    level = highest = 0
    for _, step in steps:
        level += step
        highest = max(highest, level)
    return highest


def served(story: Story, start: str, end: str) -> tuple[int, int]:
    """When an employee was busy with the contact."""
    return ms(story[start]), ms(story[end])


def encoded(events: list[Event]) -> bytes:
    """The events as they are written."""
    return msgspec.json.Encoder().encode_lines(events)


# Repeatable


def test_same_seed_and_date_give_the_same_bytes() -> None:
    assert encoded(simulate_day(PLAN, RULES, MONDAY, 7)) == encoded(simulate_day(PLAN, RULES, MONDAY, 7))


def test_another_seed_or_date_gives_another_day_with_ids_of_its_own() -> None:
    days = [
        simulate_day(PLAN, RULES, MONDAY, 1),
        simulate_day(PLAN, RULES, MONDAY, 2),
        simulate_day(PLAN, RULES, date(2026, 3, 25), 1),
    ]
    ids = [{contact_id(event) for event in events} for events in days]
    assert all(ids)
    assert not ids[0] & (ids[1] | ids[2])
    assert len({tuple(ms(event) % MINUTE_MS for event in events) for events in days}) == 3


def test_what_changes_on_the_phone_leaves_the_desks_as_they_were_and_the_reverse() -> None:
    def channel(plan: SimulationPlan, *, calls: bool) -> list[Event]:
        return [event for event in simulate_day(plan, RULES, MONDAY, 3) if isinstance(event, CallEvent) is calls]

    assert channel(PLAN, calls=False) == channel(SimulationPlan(calls_per_day=50, agents=2), calls=False)
    assert channel(PLAN, calls=True) == channel(SimulationPlan(booked_ratio=0.3, desks_staffed=(1,)), calls=True)


def test_other_agents_meet_the_same_callers() -> None:
    def offered(plan: SimulationPlan) -> list[Event]:
        return [event for event in simulate_day(plan, RULES, MONDAY, 3) if tag(event) == "offered"]

    assert offered(SimulationPlan(agents=3)) == offered(SimulationPlan(agents=30))


# Possible


def test_events_are_sorted_and_pass_the_strict_decoder_to_the_millisecond() -> None:
    events = default_day(1)
    assert [ms(event) for event in events] == sorted(ms(event) for event in events)
    calls, tickets = msgspec.json.Decoder(AnyCallEvent), msgspec.json.Decoder(AnyTicketEvent)
    for event in events:
        decoder = calls if isinstance(event, CallEvent) else tickets
        assert decoder.decode(msgspec.json.encode(event)) == event
        assert event.at == ms(event) / 1000


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(), calls=st.sampled_from([5, 80, 400]), agents=st.sampled_from([None, 1, 4]))
def test_each_call_ends_in_exactly_one_way_and_agents_take_one_at_a_time(
    seed: int, calls: int, agents: int | None
) -> None:
    plan = SimulationPlan(calls_per_day=calls, agents=agents, booked_ratio=0)
    found = stories(simulate_day(plan, RULES, MONDAY, seed), calls=True)
    ways = {("offered", "abandoned"), ("offered", "answered", "ended"), ("offered", "ended")}
    for story in found:
        assert tuple(story) in ways
        assert len({event.cluster for event in story.values()}) == 1
        if "answered" in story:
            assert ms(story["offered"]) < ms(story["answered"])
    busy = [served(story, "answered", "ended") for story in found if "answered" in story]
    staff = agents or agents_staffed(plan, rate_segments(plan, DayHours.of(RULES, MONDAY)))
    assert most_at_once(busy) <= staff


@pytest.mark.parametrize("seed", range(3))
def test_calls_queue_only_while_every_agent_is_busy_and_in_the_order_of_the_queue(seed: int) -> None:
    plan = SimulationPlan(agents=6, lunch_away_ratio=0, menu_seconds=(5, 5))
    found = stories(simulate_day(plan, RULES, MONDAY, seed), calls=True)
    answered = sorted((ms(s["offered"]), *served(s, "answered", "ended")) for s in found if "answered" in s)
    assert all(first[1] <= second[1] for first, second in pairwise(answered))
    queued = [(offered, start) for offered, start, _ in answered if start > offered + 5 * SECOND_MS]
    assert queued
    for _, start in queued:
        assert sum(begin <= start - 1 < end for _, begin, end in answered) == 6


def test_fewer_agents_answer_at_lunch_however_many_wait() -> None:
    whole_day, plan = city((9, 17)), SimulationPlan(calls_per_day=2000, agents=8, lunch_away_ratio=0.25)
    found = stories(simulate_day(plan, whole_day, MONDAY, 1), calls=True)
    busy = [served(story, "answered", "ended") for story in found if "answered" in story]
    lunch = [
        sum(begin <= start < end for begin, end in busy)
        for start, _ in busy
        if datetime.fromtimestamp(start / 1000, BRUSSELS).hour == 12
    ]
    assert max(lunch) == 6
    assert most_at_once(busy) == 8


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(), booked=st.sampled_from([0.4, 1.0]), walk_ins=st.sampled_from([0.0, 0.5]))
def test_each_visit_is_possible_and_desks_take_one_visitor_at_a_time(
    seed: int, booked: float, walk_ins: float
) -> None:
    plan = SimulationPlan(calls_per_day=1, booked_ratio=booked, walk_in_ratio=walk_ins, desks_staffed=(3, 1))
    found = stories(simulate_day(plan, RULES, MONDAY, seed), calls=False)
    ways = {
        ("requested", "arrived", "started", "finished"),
        ("requested", "no_show"),
        ("requested", "cancelled"),
        ("arrived", "started", "finished"),
        ("arrived", "cancelled"),
    }
    busy: Mapping[str, list[tuple[int, int]]] = defaultdict(list)
    for story in found:
        assert tuple(story) in ways
        assert len({event.cluster for event in story.values()}) == 1
        if "started" in story:
            busy[story["started"].cluster].append(served(story, "started", "finished"))
    staffed = dict(zip(NORMS_MINUTES, (3, 1, 3, 1, 3, 1), strict=True))
    assert set(busy) == set(staffed)
    assert all(most_at_once(spans) <= staffed[cluster] for cluster, spans in busy.items())


@pytest.mark.parametrize("seed", range(3))
def test_a_free_desk_takes_the_earliest_planned_visitor_and_walk_ins_last(seed: int) -> None:
    plan = SimulationPlan(walk_in_ratio=0.4, calls_per_day=1)
    visits = [s for s in stories(simulate_day(plan, RULES, MONDAY, seed), calls=False) if "started" in s]
    passed_over = 0
    for story in visits:
        start, mine = ms(story["started"]), planned_ms(story["arrived"])
        for other in visits:
            theirs = planned_ms(other["arrived"])
            waited = ms(other["arrived"]) < start < ms(other["started"])
            if waited and other["arrived"].cluster == story["arrived"].cluster and theirs is not None:
                assert mine is not None
                assert mine <= theirs
            passed_over += waited and mine is not None and theirs is None
    assert passed_over > 0


def test_a_walk_in_never_names_a_planned_start_and_an_appointment_always_the_same() -> None:
    walk_ins = 0
    for story in stories(default_day(1), calls=False):
        planned = {planned_ms(event) for event in story.values()}
        assert len(planned) == 1
        assert (planned == {None}) is ("requested" not in story)
        walk_ins += planned == {None}
    assert walk_ins > 0


# On the calendar


@pytest.mark.parametrize(
    "day",
    [date(2026, 3, 22), date(2026, 3, 24), date(2026, 12, 25)],
    ids=["Sunday", "local closing day", "Christmas"],
)
def test_a_closed_day_has_no_events(day: date) -> None:
    assert simulate_day(PLAN, RULES, day, 1) == []


def test_a_city_without_phones_or_desks_has_a_day_of_the_other_kind() -> None:
    phones, desks = (
        msgspec.structs.replace(RULES, clusters=tuple(RULES.channel_clusters(channel).values()))
        for channel in (Channel.PHONE, Channel.DESK)
    )
    assert {isinstance(event, CallEvent) for event in simulate_day(PLAN, phones, MONDAY, 1)} == {True}
    assert {isinstance(event, CallEvent) for event in simulate_day(PLAN, desks, MONDAY, 1)} == {False}


def test_every_phone_line_gets_its_share_of_the_calls() -> None:
    events = simulate_day(PLAN, city((9, 12), phones=("een", "twee")), MONDAY, 1)
    shares = Counter(event.cluster for event in events if tag(event) == "offered")
    assert set(shares) == {"een", "twee"}
    assert min(shares.values()) > 0.4 * shares.total()


def test_calls_outside_opening_hours_are_registered_without_an_answer_and_no_others() -> None:
    calendar, outside = Calendar(RULES), Counter[str]()
    for seed in range(5):
        for story in stories(default_day(seed), calls=True):
            opening = calendar.opening(ms(story["offered"]))
            assert (opening is not Opening.OPEN) is (tuple(story) == ("offered", "ended"))
            if opening is not Opening.OPEN:
                assert opening is Opening.OUTSIDE_OPENING_HOURS
                outside[f"{datetime.fromtimestamp(ms(story['offered']) / 1000, BRUSSELS):%H}"] += 1
    assert set(outside) <= {"07", "08", "12", "16", "17"}
    assert {"08", "12", "16"} <= set(outside)


def test_a_line_with_hours_of_its_own_is_called_in_these_and_desks_keep_the_common_ones() -> None:
    evening = Cluster(
        "evening", Channel.PHONE, 45_000, dated_hours=(DatedHours(MONDAY.isoformat(), (OpenInterval(1020, 1200),)),)
    )
    rules = msgspec.structs.replace(RULES, clusters=(*RULES.clusters, evening))
    calendar, answered = Calendar(rules), set[str]()
    for event in simulate_day(SimulationPlan(calls_per_day=300), rules, MONDAY, 1):
        if isinstance(event, Answered):
            answered.add(event.cluster)
        if isinstance(event, Requested):
            assert calendar.opening(instant_ms(event.planned_at)) is Opening.OPEN
        if isinstance(event, Offered) and calendar.opening_of_any(ms(event)) is Opening.OPEN:
            assert calendar.of(event.cluster).opening(ms(event)) is Opening.OPEN
    assert "evening" in answered


def test_appointments_lie_on_the_grid_and_are_asked_for_on_an_earlier_working_day() -> None:
    calendar = Calendar(RULES)
    grids = dict(zip(NORMS_MINUTES, (10, 20, 15) * 2, strict=True))
    leads = []
    for event in default_day(2):
        if isinstance(event, Requested):
            planned = planned_ms(event)
            assert planned is not None
            local = datetime.fromtimestamp(planned / 1000, BRUSSELS)
            assert (local.minute % grids[event.cluster], local.second, local.date()) == (0, 0, MONDAY)
            assert calendar.opening(planned) is Opening.OPEN
            assert calendar.opening(planned + grids[event.cluster] * MINUTE_MS - 1) is Opening.OPEN
            assert calendar.is_working_day(calendar.day(ms(event)))
            leads.append(calendar.working_days(calendar.day(ms(event)), calendar.day(planned)))
    assert min(leads) == 1
    assert 3 < mean(leads) < 5
    assert 0.1 < mean(lead > 5 for lead in leads) < 0.4


def test_an_appointment_that_would_not_end_before_closing_is_not_given() -> None:
    plan = SimulationPlan(grid_minutes=(50,), booked_ratio=1)
    events = simulate_day(plan, RULES, MONDAY, 1)
    starts = {
        f"{datetime.fromtimestamp(planned / 1000, BRUSSELS):%H:%M}"
        for event in events
        if (planned := planned_ms(event)) is not None
    }
    assert starts == {"09:00", "09:50", "10:40", "13:00", "13:50", "14:40"}


def test_visitors_come_while_the_doors_are_open_or_shortly_after_the_last_appointment() -> None:
    calendar = Calendar(RULES)
    for event in default_day(3):
        if isinstance(event, Arrived):
            planned = planned_ms(event)
            late = planned is not None and 0 <= ms(event) - planned <= 15 * MINUTE_MS
            assert late or calendar.opening(ms(event)) is Opening.OPEN


@pytest.mark.parametrize(("day", "whole", "night"), [(SPRING_SUNDAY, 23, 3), (AUTUMN_SUNDAY, 25, 5)])
def test_opening_hours_follow_the_clock_on_the_wall_when_it_changes(day: date, whole: int, night: int) -> None:
    hours = DayHours.of(city((0, 24), weekend=True), day)
    assert [span.to_ms - span.from_ms for span in hours.open_spans] == [whole * HOUR_MS]
    hours = DayHours.of(city((1, 5), (9, 12), weekend=True), day)
    assert [span.to_ms - span.from_ms for span in hours.open_spans] == [night * HOUR_MS, 3 * HOUR_MS]


@pytest.mark.parametrize("day", [SPRING_SUNDAY, AUTUMN_SUNDAY])
@pytest.mark.parametrize("opening", [((1, 5),), ((0, 24),), ((9, 12), (13, 16))])
def test_a_day_on_which_the_clock_changes_is_a_day_like_any_other(day: date, opening: tuple[tuple[int, int]]) -> None:
    rules = city(*opening, weekend=True)
    calendar, plan = Calendar(rules), SimulationPlan(calls_per_day=400)
    events = simulate_day(plan, rules, day, 1)
    offered = [ms(event) for event in events if tag(event) == "offered"]
    within = [at for at in offered if calendar.opening(at) is Opening.OPEN]
    assert {date.fromordinal(calendar.day(at)) for at in offered} == {day}
    assert 330 < len(within) < 470
    planned = [at for event in events if isinstance(event, Requested) and (at := planned_ms(event)) is not None]
    assert planned
    assert all(calendar.opening(at) is Opening.OPEN and at % (5 * MINUTE_MS) == 0 for at in planned)
    spans = DayHours.of(rules, day).open_spans
    assert max(planned) - min(planned) > 0.9 * (spans[-1].to_ms - spans[0].from_ms) - 20 * MINUTE_MS


# Plausible


def phone_figures(events: list[Event]) -> tuple[float, float]:
    """Mean wait of answered calls in seconds, and the share missed, among calls within opening hours."""
    found = [story for story in stories(events, calls=True) if tuple(story) != ("offered", "ended")]
    waits = [(ms(s["answered"]) - ms(s["offered"])) / SECOND_MS for s in found if "answered" in s]
    return mean(waits), 1 - len(waits) / len(found)


def desk_waits_minutes(events: list[Event]) -> dict[str, float]:
    """Mean wait after the planned start by cluster, in minutes, an early start counting as none."""
    waits: dict[str, list[float]] = defaultdict(list)
    for event in events:
        if isinstance(event, Started) and (planned := planned_ms(event)) is not None:
            waits[event.cluster].append(max(0, ms(event) - planned) / MINUTE_MS)
    return {cluster: mean(found) for cluster, found in waits.items()}


def test_phone_waits_are_near_the_norm_on_some_days_above_it_and_on_others_below() -> None:
    figures = [phone_figures(default_day(seed)) for seed in range(10)]
    assert all(20 < wait < 65 for wait, _ in figures)
    assert all(0.08 < missed < 0.20 for _, missed in figures)
    assert min(wait for wait, _ in figures) < 45 < max(wait for wait, _ in figures)


@pytest.mark.parametrize("opening", [((9, 17),), ((8, 12), (13, 19)), ((9, 12),)])
@pytest.mark.parametrize("calls", [150, 5000])
def test_staff_matches_the_calls_of_a_small_and_a_large_centre_on_any_day(
    calls: int, opening: tuple[tuple[int, int]]
) -> None:
    figures = [
        phone_figures(simulate_day(SimulationPlan(calls_per_day=calls), city(*opening), MONDAY, s)) for s in (1, 2)
    ]
    assert 10 < mean(wait for wait, _ in figures) < 75
    assert 0.04 < mean(missed for _, missed in figures) < 0.25


def test_desks_run_between_on_time_and_ten_minutes_late_and_norms_are_both_met_and_missed() -> None:
    days = [desk_waits_minutes(default_day(seed)) for seed in range(10)]
    assert all(0 < mean(day[cluster] for day in days) < 5 for cluster in NORMS_MINUTES)
    assert all(wait < 12 for day in days for wait in day.values())
    met = Counter((cluster, wait <= NORMS_MINUTES[cluster]) for day in days for cluster, wait in day.items())
    assert min(met["Burgerzaken", True], met["Burgerzaken", False], met["OCMW", True], met["Mobiliteit", False]) > 0


def test_visitors_are_early_as_a_rule_and_few_stay_away() -> None:
    offsets, ends = [], Counter[str]()
    for seed in range(5):
        for story in stories(default_day(seed), calls=False):
            if "requested" in story:
                ends[list(story)[-1]] += 1
                planned = planned_ms(story["requested"])
                if "arrived" in story and planned is not None:
                    offsets.append((ms(story["arrived"]) - planned) / MINUTE_MS)
    assert -5 < mean(offsets) < -3
    assert 0.15 < mean(offset > 0 for offset in offsets) < 0.27
    assert 0.03 < ends["no_show"] / ends.total() < 0.09
    assert 0.02 < ends["cancelled"] / ends.total() < 0.07


def test_calls_peak_before_and_after_a_lunch_dip() -> None:
    rules, per_half_hour = city((8, 18)), Counter[float]()
    for seed in range(8):
        for event in simulate_day(SimulationPlan(booked_ratio=0), rules, MONDAY, seed):
            if tag(event) == "offered":
                local = datetime.fromtimestamp(ms(event) / 1000, BRUSSELS)
                per_half_hour[local.hour + local.minute // 30 / 2] += 1
    peak, dip, second, evening = (
        mean(per_half_hour[half] for half in halves)
        for halves in ((9.5, 10, 10.5), (12.5, 13), (14, 14.5, 15), (17, 17.5))
    )
    assert peak > second > dip > evening


def test_the_monitor_finds_an_outcome_for_every_simulated_contact() -> None:
    events, calls, tickets = default_day(1), CallState(RULES), TicketState(RULES)
    for event in events:
        if isinstance(event, CallEvent):
            apply(calls, event, ms(event))
        else:
            apply(tickets, event, ms(event))
    tally, told = calls.settle().months["2026-03"]["KCC"], Counter(tag(event) for event in events)
    assert (tally.answered, tally.missed) == (told["answered"], told["abandoned"])
    assert tally.excluded == {"outside_opening_hours": told["offered"] - told["answered"] - told["abandoned"]}
    assert calls.open == {}
    assert tickets.open == {}


# Its mathematics


def test_callers_as_patient_as_calls_are_long_make_a_poisson_queue() -> None:
    """With patience as long as a call all callers leave at the same rate, served or not: M/M/inf, a closed form."""
    load, agents = 5.0, 4
    chances = [exp(-load) * load**k / factorial(k) for k in range(60)]
    expected = sum((k - agents) * chance for k, chance in enumerate(chances) if k > agents) / load
    assert hang_up_ratio(load, 1.0, agents) == pytest.approx(expected)


@given(load=st.floats(0.01, 500), impatience=st.floats(0.1, 3), accepted=st.floats(0.01, 0.5))
def test_agents_needed_are_enough_and_one_less_is_not(load: float, impatience: float, accepted: float) -> None:
    agents = agents_needed(load, impatience, accepted)
    assert hang_up_ratio(load, impatience, agents) <= accepted
    assert agents == 1 or hang_up_ratio(load, impatience, agents - 1) > accepted


def test_arrivals_follow_the_rate_of_each_segment() -> None:
    segments = [Segment(0, 1000, 4000.0), Segment(5000, 6000, 0.0), Segment(9000, 10_000, 1000.0)]
    times = poisson_times(Random(1), segments)
    assert times == sorted(times)
    counts = [sum(s.from_ms <= at < s.to_ms for at in times) for s in segments]
    assert sum(counts) == len(times)
    assert counts == pytest.approx([4000, 0, 1000], rel=0.1)


def test_log_normal_and_exponential_figures_have_the_mean_that_was_asked_for() -> None:
    rng = Random(1)
    assert mean(log_normal(rng, 240, 0.8) for _ in range(20_000)) == pytest.approx(240, rel=0.03)
    assert mean(exponential(rng, 300) for _ in range(20_000)) == pytest.approx(300, rel=0.03)
