"""The visitor's wait, the time until an appointment is had, and the figures beside them."""

from collections.abc import Callable
from typing import Any

import pytest

from streams.channels.visits.counts import DeskTally
from streams.channels.visits.events import AnyTicketEvent
from streams.core.sketch import ZERO_BUCKET, bucket_of
from tests.core.builders import (
    ALWAYS_OPEN,
    BURGERZAKEN,
    DAY,
    HOUR,
    MINUTE,
    OCMW,
    arrived,
    cancelled,
    desk_month,
    desk_window,
    finished,
    left,
    ms,
    no_show,
    requested,
    rules_with,
    shown,
    started,
    tickets,
)

PLAN = ms("2026-03-10 10:00")
"""The planned start of the appointment, a Tuesday."""


def march(*events: AnyTicketEvent, cluster: str = BURGERZAKEN) -> DeskTally:
    """What March 2026 holds of the events, before any open visit expires."""
    return desk_month(tickets(events), "2026-03", cluster=cluster)


@pytest.mark.parametrize(
    ("signed_ms", "wait_ms"),
    [(0, 0), (1, 1), (90_000, 90_000), (-1, 0), (-600_000, 0), (4 * HOUR, 4 * HOUR), (-10 * HOUR, 0)],
)
def test_the_wait_is_actual_minus_planned_start_and_never_below_zero(signed_ms: int, wait_ms: int) -> None:
    """Every moment beyond the plan counts; an early start counts as 0, and as negative in the punctuality."""
    tally = march(started(PLAN + signed_ms, PLAN))
    assert (tally.served, tally.wait_ms, tally.signed_ms) == (1, wait_ms, signed_ms)
    assert tally.sketch == {bucket_of(wait_ms) if wait_ms else ZERO_BUCKET: 1}


def test_an_early_start_does_not_make_up_for_a_late_one() -> None:
    """Two minutes early and one minute late: waits of 0 and 60 s, 30 s early on average."""
    tally = march(started(PLAN - 120_000, PLAN, "a"), started(PLAN + 60_000, PLAN, "b"))
    assert (tally.served, tally.wait_ms, tally.signed_ms) == (2, 60_000, -60_000)


@pytest.mark.parametrize(
    ("cluster", "wait_ms", "within"),
    [
        (BURGERZAKEN, 60_000, 1),
        (BURGERZAKEN, 60_001, 0),
        (OCMW, 600_000, 1),
        (OCMW, 600_001, 0),
        (BURGERZAKEN, -5_000, 1),
    ],
)
def test_a_wait_of_exactly_the_clusters_norm_is_within_it(cluster: str, wait_ms: int, within: int) -> None:
    """1 minute for Burgerzaken, 10 for OCMW."""
    assert march(started(PLAN + wait_ms, PLAN, cluster=cluster), cluster=cluster).within_norm == within


@pytest.mark.parametrize(
    ("arrival_ms", "experienced_ms"),
    [
        (-20 * MINUTE, 3 * MINUTE),  # early: waits from the planned start
        (0, 3 * MINUTE),
        (2 * MINUTE, MINUTE),  # late: waits from the arrival
        (3 * MINUTE, 0),
        (4 * MINUTE, 0),  # reported after being received
    ],
)
def test_the_experienced_wait_runs_from_the_later_of_arrival_and_plan(arrival_ms: int, experienced_ms: int) -> None:
    """The visitor is received three minutes after the plan; the official wait is three minutes in each case."""
    tally = march(requested(PLAN - DAY, PLAN), arrived(PLAN + arrival_ms), started(PLAN + 3 * MINUTE))
    assert (tally.served, tally.wait_ms) == (1, 3 * MINUTE)
    assert (tally.experienced, tally.experienced_ms) == (1, experienced_ms)


def test_received_before_the_plan_nothing_was_experienced() -> None:
    """Arrived 20 minutes early and received 5 minutes early: no wait of either kind."""
    tally = march(arrived(PLAN - 20 * MINUTE, PLAN), started(PLAN - 5 * MINUTE))
    assert (tally.wait_ms, tally.signed_ms, tally.experienced, tally.experienced_ms) == (0, -5 * MINUTE, 1, 0)


def test_without_an_arrival_the_experienced_wait_is_not_known() -> None:
    """Unknown is not zero: such a visit is not in the count that the experienced wait is averaged over."""
    tally = march(started(PLAN + 3 * MINUTE, PLAN))
    assert (tally.served, tally.experienced, tally.experienced_ms) == (1, 0, 0)


@pytest.mark.parametrize("signed_ms", [4 * HOUR + 1, -10 * HOUR - 1, 3 * DAY])
def test_a_start_too_far_from_the_plan_is_implausible(signed_ms: int) -> None:
    """Nobody starts that much later, nor on another day than planned: 10:00 less ten hours is midnight."""
    assert march(started(PLAN + signed_ms, PLAN)) == DeskTally(excluded={"implausible": 1})


@pytest.mark.parametrize("wait_ms", [0, 1, 25 * MINUTE, 4 * HOUR])
def test_a_walk_in_waits_from_the_arrival_in_figures_of_its_own(wait_ms: int) -> None:
    """Nothing of it is in the official wait, its norm or its quantiles."""
    assert march(arrived(PLAN), started(PLAN + wait_ms)) == DeskTally(walk_ins=1, walk_in_wait_ms=wait_ms)


@pytest.mark.parametrize("wait_ms", [-2_001, 4 * HOUR + 1])
def test_a_walk_ins_implausible_wait_is_left_out(wait_ms: int) -> None:
    """Below zero by more than clocks may differ, or longer than anyone waits."""
    assert march(arrived(PLAN), started(PLAN + wait_ms)) == DeskTally(excluded={"implausible": 1})


def test_a_walk_in_turns_into_an_appointment_once_a_plan_is_known() -> None:
    """The plan may come with the last fact: what was counted for the walk-in is taken back."""
    tally = march(arrived(PLAN), started(PLAN + MINUTE), finished(PLAN + HOUR, PLAN))
    assert (tally.walk_ins, tally.walk_in_wait_ms, tally.served, tally.wait_ms) == (0, 0, 1, MINUTE)


def test_a_start_with_neither_plan_nor_arrival_is_open_until_it_expires() -> None:
    """Nobody can say how long that visitor waited; nor does anyone wait there now."""
    state = tickets([started(PLAN), finished(PLAN + HOUR)])
    assert desk_month(state, "2026-03", PLAN + 12 * HOUR - 1) == DeskTally()
    assert shown(state, PLAN + HOUR, BURGERZAKEN).waiting.walk_ins == 0
    assert desk_month(state, "2026-03", PLAN + 12 * HOUR) == DeskTally(excluded={"unresolved": 1})


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([no_show(PLAN + HOUR, PLAN)], DeskTally(no_shows=1)),
        ([cancelled(PLAN - HOUR, PLAN)], DeskTally(cancelled=1)),
        ([arrived(PLAN), cancelled(PLAN + HOUR)], DeskTally(walk_ins_left=1)),
        ([arrived(PLAN, PLAN), cancelled(PLAN + HOUR)], DeskTally(left=1, left_arrived=1, left_wait_ms=HOUR)),
        ([cancelled(PLAN - HOUR, PLAN), no_show(PLAN + HOUR)], DeskTally(cancelled=1)),
        ([no_show(PLAN + HOUR, PLAN), cancelled(PLAN + 2 * HOUR)], DeskTally(no_shows=1)),
        ([arrived(PLAN, PLAN), finished(PLAN + HOUR)], DeskTally(excluded={"unresolved": 1})),
        ([finished(PLAN + HOUR)], DeskTally(excluded={"unresolved": 1})),
    ],
    ids=[
        "no-show",
        "cancelled",
        "walk-in who left",
        "left while waiting for the appointment",
        "cancelled and no-show",
        "no-show and then cancelled",
        "finished but never started",
        "only finished",
    ],
)
def test_visits_that_did_not_take_place_have_figures_of_their_own(
    events: list[AnyTicketEvent], expected: DeskTally
) -> None:
    """None of them is in an average of waits."""
    assert march(*events) == march(*events[::-1]) == expected


@pytest.mark.parametrize("other", [no_show(PLAN + HOUR), cancelled(PLAN - HOUR)], ids=["no_show", "cancelled"])
def test_a_start_wins_over_every_other_outcome(other: AnyTicketEvent) -> None:
    """Who was received was there, whatever else was registered."""
    tally = march(started(PLAN + MINUTE, PLAN), other)
    assert (tally.served, tally.no_shows, tally.cancelled) == (1, 0, 0)


def test_a_rescheduled_appointment_is_measured_against_its_latest_plan() -> None:
    """The wait counts from the last plan; the time until an appointment was had, from the first request."""
    asked, first_plan, moved_plan = ms("2026-03-02 09:00"), ms("2026-03-04 09:00"), ms("2026-03-11 09:00")
    events: list[AnyTicketEvent] = [
        requested(asked, first_plan),
        requested(asked + DAY, moved_plan),
        started(moved_plan + 30_000),
    ]
    for order in (events, events[::-1], [events[1], events[2], events[0], events[1]]):
        tally = march(*order)
        assert (tally.served, tally.wait_ms, tally.signed_ms) == (1, 30_000, 30_000)
        assert (tally.requests, tally.lead_days) == (1, 2)


def test_the_plan_of_the_latest_request_counts_whatever_other_facts_repeat() -> None:
    """Moved from 10:00 to 10:20; the kiosk goes on saying 10:00, and the clerk's screen 11:00."""
    asked, moved = ms("2026-03-02 09:00"), PLAN + 20 * MINUTE
    events: list[AnyTicketEvent] = [
        requested(asked, PLAN),
        requested(asked + DAY, moved),
        arrived(PLAN - MINUTE, PLAN),
        started(moved + MINUTE, PLAN + HOUR),
    ]
    for order in (events, events[::-1], [*events[2:], *events[:2]]):
        tally = march(*order)
        assert (tally.served, tally.wait_ms, tally.experienced_ms, tally.lead_days) == (1, MINUTE, MINUTE, 6)


def test_without_a_request_the_plan_of_the_latest_fact_counts() -> None:
    """Any fact may say the plan then; the one that happened last is right."""
    tally = march(arrived(PLAN - MINUTE, PLAN), started(PLAN + 10 * MINUTE, PLAN + 9 * MINUTE))
    assert (tally.served, tally.wait_ms) == (1, MINUTE)


def test_two_plans_stated_at_one_instant_are_settled_the_same_in_any_order() -> None:
    """The later plan is taken for the day, the earlier one for the time until an appointment was had."""
    asked = ms("2026-03-02 09:00")
    events: list[AnyTicketEvent] = [requested(asked, PLAN), requested(asked, PLAN + DAY), started(PLAN + DAY)]
    assert march(*events) == march(*events[::-1])
    assert (march(*events).wait_ms, march(*events).lead_days) == (0, 6)


def test_a_visit_belongs_to_the_day_and_month_it_was_planned_for() -> None:
    """Planned for the last minutes of March, received in April; requested in February."""
    asked, plan = ms("2026-02-27 12:00"), ms("2026-03-31 23:59")
    state = tickets([requested(asked, plan), started(plan + 2 * MINUTE)], ALWAYS_OPEN)
    assert desk_month(state, "2026-02") == DeskTally(requests=1, lead_days=22)
    assert desk_month(state, "2026-03").served == 1
    assert desk_month(state, "2026-04") == DeskTally()


def test_a_walk_in_belongs_to_the_day_of_the_arrival() -> None:
    """Arrived in the last minute of the year."""
    at = ms("2026-12-31 23:59:59.999")
    state = tickets([arrived(at), started(at + 1)])
    assert desk_month(state, "2026-12").walk_ins == 1
    assert desk_month(state, "2027-01") == DeskTally()


def test_a_no_show_belongs_to_the_planned_day_not_to_that_of_its_registration() -> None:
    """Registered the day after, in another month."""
    plan = ms("2026-03-31 16:00")
    state = tickets([requested(plan - DAY, plan), no_show(plan + DAY)])
    assert desk_month(state, "2026-03").no_shows == 1
    assert desk_month(state, "2026-04") == DeskTally()
    assert desk_window(state, plan, "today").no_shows == 1


@pytest.mark.parametrize(
    ("asked", "planned", "working_days"),
    [
        ("2026-03-02 09:00", "2026-03-02 16:00", 0),  # the same day
        ("2026-03-02 16:00", "2026-03-02 09:00", 0),  # the same day, an hour already gone
        ("2026-03-02 23:59:59.999", "2026-03-03 00:00", 1),  # a millisecond, but the next day
        ("2026-03-02 09:00", "2026-03-06 09:00", 4),  # Monday to Friday
        ("2026-03-06 09:00", "2026-03-07 09:00", 0),  # Friday to Saturday
        ("2026-03-06 09:00", "2026-03-09 09:00", 1),  # Friday to Monday
        ("2026-03-07 09:00", "2026-03-09 09:00", 1),  # Saturday to Monday
        ("2026-03-08 09:00", "2026-03-08 10:00", 0),  # within a Sunday
        ("2026-03-02 09:00", "2026-03-09 09:00", 5),  # a week
        ("2026-03-02 09:00", "2026-03-16 09:00", 10),  # two weeks
        ("2026-04-03 09:00", "2026-04-07 09:00", 1),  # Good Friday to Tuesday: Easter Monday is a holiday
        ("2026-07-20 09:00", "2026-07-22 09:00", 1),  # over 21 July
        ("2026-07-20 09:00", "2026-07-21 09:00", 0),  # planned on the holiday itself
        ("2026-06-04 09:00", "2026-06-08 09:00", 1),  # over a local closing day and a weekend
        ("2026-12-23 09:00", "2026-12-28 09:00", 1),  # local closing day, Christmas, weekend
        ("2026-12-31 09:00", "2027-01-04 09:00", 1),  # the year's end: New Year's Day and a weekend
        ("2028-02-28 09:00", "2028-03-01 09:00", 2),  # 29 February 2028 is a Tuesday
        ("2028-02-29 09:00", "2028-03-01 09:00", 1),
        ("2026-03-27 23:30", "2026-03-30 00:30", 1),  # over the short night to summer time
        ("2026-10-23 23:30", "2026-10-26 00:30", 1),  # over the long night to winter time
    ],
)
def test_working_days_until_the_appointment(asked: str, planned: str, working_days: int) -> None:
    """The days after the request's, up to and including the planned one, that people work on."""
    state = tickets([requested(ms(asked), ms(planned))])
    tally = desk_month(state, asked[:7])
    assert (tally.requests, tally.lead_days, tally.implausible_requests) == (1, working_days, 0)


@pytest.mark.parametrize(("planned", "within"), [("2026-03-09 09:00", 1), ("2026-03-10 09:00", 0)])
def test_five_working_days_are_within_the_norm_and_six_are_not(planned: str, within: int) -> None:
    """Asked for on Monday 2 March."""
    asked = ms("2026-03-02 09:00")
    assert march(requested(asked, ms(planned))).requests_within_norm == within
    looser = tickets([requested(asked, ms(planned))], rules_with(lead_norm_days=6))
    assert desk_month(looser, "2026-03").requests_within_norm == 1


def test_an_appointment_planned_before_the_day_of_asking_is_implausible() -> None:
    """Counted apart: it is in neither the number of requests nor the sum of days."""
    assert march(requested(PLAN, PLAN - DAY)) == DeskTally(implausible_requests=1)


def test_the_request_counts_in_its_own_month_and_whatever_came_of_it() -> None:
    """A cancelled appointment was asked for all the same."""
    asked, plan = ms("2026-03-31 23:59:59.999"), ms("2026-04-01 09:00")
    state = tickets([requested(asked, plan), cancelled(asked + HOUR)])
    assert desk_month(state, "2026-03") == DeskTally(requests=1, lead_days=1, requests_within_norm=1)
    assert desk_month(state, "2026-04") == DeskTally(cancelled=1)


def test_a_visit_without_an_end_is_unresolved_at_its_expiry_after_the_plan() -> None:
    """Twelve hours after the planned start, however long ago it was asked for; the request counts at once."""
    state = tickets([requested(PLAN - 5 * DAY, PLAN)])
    asked = DeskTally(requests=1, lead_days=3, requests_within_norm=1)
    assert desk_month(state, "2026-03", PLAN + 12 * HOUR - 1) == asked
    after = desk_month(state, "2026-03", PLAN + 12 * HOUR)
    assert after == DeskTally(requests=1, lead_days=3, requests_within_norm=1, excluded={"unresolved": 1})


def test_a_waiting_visitor_with_an_appointment_waits_from_the_planned_start() -> None:
    """By the official definition, and not before it."""
    state = tickets([requested(PLAN - DAY, PLAN), arrived(PLAN - 10 * MINUTE)])
    early = shown(state, PLAN - MINUTE, BURGERZAKEN).waiting
    late = shown(state, PLAN + MINUTE, BURGERZAKEN).waiting
    assert (early.count, early.longest_ms, early.walk_ins) == (1, 0, 0)
    assert (late.count, late.longest_ms, late.walk_ins, late.longest_walk_in_ms) == (1, MINUTE, 0, None)


def test_an_appointment_without_an_arrival_waits_for_nobody() -> None:
    """Nobody is there yet, also when the plan has passed."""
    state = tickets([requested(PLAN - DAY, PLAN)])
    waiting = shown(state, PLAN + MINUTE, BURGERZAKEN).waiting
    assert (waiting.count, waiting.longest_ms) == (0, None)


def test_a_waiting_walk_in_waits_from_the_arrival_apart() -> None:
    """Walk-ins are counted beside the appointments."""
    state = tickets([arrived(PLAN, ticket="a"), arrived(PLAN + MINUTE, ticket="b")])
    waiting = shown(state, PLAN + 3 * MINUTE, BURGERZAKEN).waiting
    assert (waiting.count, waiting.longest_ms, waiting.walk_ins, waiting.longest_walk_in_ms) == (
        0,
        None,
        2,
        3 * MINUTE,
    )


@pytest.mark.parametrize("ending", [cancelled, no_show], ids=["cancelled", "no_show"])
def test_a_ticket_that_is_booked_again_starts_anew(ending: Callable[..., Any]) -> None:
    """A request after a cancellation or no-show makes it void: the visitor waits and is served like any other."""
    again = PLAN + 7 * DAY
    first = [requested(PLAN - 3 * DAY, PLAN), ending(PLAN - HOUR), requested(PLAN + DAY, again)]
    waiting = tickets([*first, arrived(again - MINUTE)])
    assert shown(waiting, again + MINUTE, BURGERZAKEN).waiting.count == 1
    served = tickets([*first, arrived(again - MINUTE), started(again + 2 * MINUTE)])
    tally = desk_window(served, again + 3 * MINUTE, "today")
    assert (tally.served, tally.wait_ms, tally.no_shows, tally.cancelled) == (1, 2 * MINUTE, 0, 0)


def test_an_appointment_that_is_called_off_twice_is_called_off() -> None:
    again = PLAN + 7 * DAY
    booked_twice = [requested(PLAN - 3 * DAY, PLAN), requested(PLAN, again)]
    state = tickets([*booked_twice, cancelled(PLAN - HOUR), cancelled(PLAN + HOUR)])
    assert desk_window(state, again, "today").cancelled == 1


def test_who_comes_late_has_not_waited_before_coming() -> None:
    state = tickets([requested(PLAN - DAY, PLAN), arrived(PLAN + 50 * MINUTE)])
    assert shown(state, PLAN + 52 * MINUTE, BURGERZAKEN).waiting.longest_ms == 2 * MINUTE


# Visitors who leave, and who are back.


@pytest.mark.parametrize("ends", [left, cancelled])
@pytest.mark.parametrize(
    ("arrival_ms", "left_ms", "wait_ms"),
    [
        (-5 * MINUTE, 50 * MINUTE, 50 * MINUTE),  # waits from the planned start
        (10 * MINUTE, 50 * MINUTE, 40 * MINUTE),  # came late
        (-20 * MINUTE, -5 * MINUTE, 0),  # left before the planned start
        (0, 4 * HOUR, 4 * HOUR),
    ],
)
def test_who_leaves_the_hall_is_told_from_a_cancellation(
    ends: Callable[..., AnyTicketEvent], arrival_ms: int, left_ms: int, wait_ms: int
) -> None:
    """With what was sat out, from the later of arrival and plan."""
    events: list[AnyTicketEvent] = [
        requested(PLAN - DAY, PLAN),
        arrived(PLAN + arrival_ms),
        ends(PLAN + left_ms),
    ]
    tally = march(*events)
    assert (tally.left, tally.left_arrived, tally.left_wait_ms, tally.cancelled) == (1, 1, wait_ms, 0)
    assert march(*events[::-1]) == tally


def test_who_is_said_to_have_left_was_there_although_no_arrival_is_known() -> None:
    tally = march(left(PLAN + HOUR, PLAN))
    assert (tally.left, tally.left_arrived, tally.left_wait_ms) == (1, 0, 0)


def test_nobody_sits_in_the_hall_longer_than_anybody_waits() -> None:
    """As when a system calls off at night whatever is still open."""
    assert march(arrived(PLAN, PLAN), cancelled(PLAN + 13 * HOUR)) == DeskTally(excluded={"implausible": 1})


@pytest.mark.parametrize("ends", [left, cancelled, no_show])
@pytest.mark.parametrize("plan", [None, PLAN], ids=["walk-in", "appointment"])
def test_who_left_and_is_back_waits_since_the_first_arrival(
    ends: Callable[..., AnyTicketEvent], plan: int | None
) -> None:
    """And is received after all, as if nothing had been."""
    events: list[AnyTicketEvent] = [
        arrived(PLAN, plan),
        ends(PLAN + 10 * MINUTE),
        arrived(PLAN + 15 * MINUTE),
    ]
    for order in (events, events[::-1]):
        waiting = shown(tickets(order), PLAN + 20 * MINUTE, BURGERZAKEN).waiting
        assert waiting.count + waiting.walk_ins == 1
        assert (waiting.longest_ms or waiting.longest_walk_in_ms) == 20 * MINUTE
    tally = march(*events, started(PLAN + 30 * MINUTE))
    assert tally.experienced_ms + tally.walk_in_wait_ms == 30 * MINUTE
    assert (tally.left, tally.cancelled, tally.no_shows, tally.walk_ins_left) == (0, 0, 0, 0)


def test_who_leaves_for_good_after_being_back_has_left_then() -> None:
    """Whatever is registered after that."""
    gone: list[AnyTicketEvent] = [
        left(PLAN + 10 * MINUTE),
        arrived(PLAN + 15 * MINUTE),
        left(PLAN + 40 * MINUTE),
        no_show(PLAN + HOUR),
    ]
    tally = march(arrived(PLAN, PLAN), *gone)
    assert (tally.left, tally.left_wait_ms, tally.no_shows) == (1, 40 * MINUTE, 0)


def test_who_books_again_after_leaving_does_not_wait_until_arriving_again() -> None:
    again = PLAN + 7 * DAY
    events: list[AnyTicketEvent] = [
        requested(PLAN - DAY, PLAN),
        arrived(PLAN),
        left(PLAN + HOUR),
        requested(PLAN + 2 * HOUR, again),
    ]
    assert shown(tickets(events), again + MINUTE, BURGERZAKEN).waiting.count == 0
    late = tickets([*events, arrived(again + 5 * MINUTE)])
    assert shown(late, again + 9 * MINUTE, BURGERZAKEN).waiting.longest_ms == 4 * MINUTE


@pytest.mark.parametrize(("days", "served"), [(0, 0), (1, 1)])
def test_a_start_on_an_earlier_day_is_implausible_unless_the_settings_allow_it(days: int, served: int) -> None:
    state = tickets([started(PLAN - 20 * HOUR, PLAN)], rules_with(early_start_days=days))
    tally = desk_month(state, "2026-03")
    assert (tally.served, tally.wait_ms, tally.excluded.get("implausible", 0)) == (served, 0, 1 - served)


# A further desk.

FIRST_DESK: list[AnyTicketEvent] = [arrived(PLAN), started(PLAN + 5 * MINUTE)]


def further(*events: AnyTicketEvent) -> tuple[DeskTally, DeskTally]:
    """What the first and the second desk count, which must not depend on the order."""
    tallies = [
        tuple(desk_month(tickets(order), "2026-03", cluster=cluster) for cluster in (BURGERZAKEN, OCMW))
        for order in (events, events[::-1])
    ]
    assert tallies[0] == tallies[1]
    first, second = tallies[0]
    return first, second


def test_a_second_desk_is_a_second_wait_from_the_arrival_there() -> None:
    first, second = further(
        *FIRST_DESK,
        finished(PLAN + 15 * MINUTE),
        arrived(PLAN + 16 * MINUTE, cluster=OCMW),
        started(PLAN + 46 * MINUTE, cluster=OCMW),
        finished(PLAN + 50 * MINUTE, cluster=OCMW),
    )
    assert first == DeskTally(walk_ins=1, walk_in_wait_ms=5 * MINUTE)
    assert second == DeskTally(onward=1, onward_wait_ms=30 * MINUTE)


def test_without_an_arrival_there_the_second_wait_runs_from_the_end_at_the_first_desk() -> None:
    """Also where the number for the second desk was drawn at the entrance."""
    early = arrived(PLAN + MINUTE, cluster=OCMW)
    for events in ([], [early]):
        _, second = further(
            *FIRST_DESK, *events, finished(PLAN + 15 * MINUTE), started(PLAN + 46 * MINUTE, cluster=OCMW)
        )
        assert second == DeskTally(onward=1, onward_wait_ms=31 * MINUTE)


def test_a_second_wait_of_which_no_begin_is_known_is_unresolved() -> None:
    first, second = further(*FIRST_DESK, started(PLAN + 46 * MINUTE, cluster=OCMW))
    assert (first.walk_ins, second) == (1, DeskTally(excluded={"unresolved": 1}))


def test_a_start_that_is_repeated_at_the_same_desk_is_a_repetition() -> None:
    first, second = further(*FIRST_DESK, started(PLAN + 9 * MINUTE), started(PLAN + 10 * MINUTE))
    assert (first, second) == (DeskTally(walk_ins=1, walk_in_wait_ms=5 * MINUTE), DeskTally())


def test_the_indicator_stays_one_for_the_ticket_at_the_first_desk() -> None:
    first, second = further(
        requested(PLAN - DAY, PLAN),
        started(PLAN + MINUTE),
        arrived(PLAN + 10 * MINUTE, cluster=OCMW),
        started(PLAN + 20 * MINUTE, cluster=OCMW),
    )
    assert (first.served, first.wait_ms) == (1, MINUTE)
    assert second == DeskTally(onward=1, onward_wait_ms=10 * MINUTE)


def test_who_is_sent_on_and_back_waits_three_times() -> None:
    first, second = further(
        *FIRST_DESK,
        arrived(PLAN + 10 * MINUTE, cluster=OCMW),
        started(PLAN + 12 * MINUTE, cluster=OCMW),
        arrived(PLAN + 20 * MINUTE),
        started(PLAN + 23 * MINUTE),
    )
    assert (first.walk_ins, first.onward, first.onward_wait_ms) == (1, 1, 3 * MINUTE)
    assert (second.onward, second.onward_wait_ms) == (1, 2 * MINUTE)


def test_who_is_sent_on_waits_in_the_line_of_the_second_desk() -> None:
    """From the moment the arrival there is known until the start, and expires from then."""
    sent = [*FIRST_DESK, arrived(PLAN + 10 * MINUTE, cluster=OCMW), finished(PLAN + 11 * MINUTE)]
    state = tickets(sent)
    assert shown(state, PLAN + 12 * MINUTE, BURGERZAKEN).waiting.walk_ins == 0
    waiting = shown(state, PLAN + 12 * MINUTE, OCMW).waiting
    assert (waiting.count, waiting.walk_ins, waiting.longest_walk_in_ms) == (0, 1, 2 * MINUTE)
    received = tickets([*sent, started(PLAN + 13 * MINUTE, cluster=OCMW)])
    assert shown(received, PLAN + 14 * MINUTE, OCMW).waiting.walk_ins == 0
    after = PLAN + 10 * MINUTE + 12 * HOUR
    assert desk_month(state, "2026-03", after - 1, OCMW) == DeskTally()
    assert desk_month(state, "2026-03", after, OCMW) == DeskTally(excluded={"unresolved": 1})
    assert desk_month(state, "2026-03", after) == DeskTally(walk_ins=1, walk_in_wait_ms=5 * MINUTE)


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        (left, DeskTally(onward_left=1)),
        (cancelled, DeskTally(onward_left=1)),
        (finished, DeskTally(excluded={"unresolved": 1})),
    ],
)
def test_who_is_sent_on_and_not_received_is_counted_at_the_second_desk(
    ends: Callable[..., AnyTicketEvent], expected: DeskTally
) -> None:
    first, second = further(
        *FIRST_DESK, arrived(PLAN + 10 * MINUTE, cluster=OCMW), ends(PLAN + 20 * MINUTE, cluster=OCMW)
    )
    assert (first.walk_ins, second) == (1, expected)


def test_a_source_that_repeats_itself_takes_no_more_memory() -> None:
    """Four of the earliest and four of the latest times of a type and day are kept, in whatever order they come."""
    times = [PLAN + offset * MINUTE for offset in range(50)]
    states = [tickets([arrived(at) for at in order]) for order in (times, times[::-1])]
    kept = {tuple(fact.at for fact in state.contacts["t"].facts) for state in states}
    assert kept == {(*times[:4], *times[-4:])}


# Ticket numbers that begin anew.


def day_of_number(day: int, wait_ms: int) -> list[AnyTicketEvent]:
    """A visitor without an appointment who has the number on a day."""
    at = PLAN + day * DAY
    return [arrived(at), started(at + wait_ms), finished(at + wait_ms + 5 * MINUTE)]


@pytest.mark.parametrize("later_days", [1, 3])
def test_a_number_that_begins_anew_on_another_day_is_another_visitor(later_days: int) -> None:
    events = [*day_of_number(0, 4 * MINUTE), *day_of_number(later_days, 30 * MINUTE)]
    for order in (events, events[::-1], [*events[::2], *events[1::2], *events]):
        tally = march(*order)
        assert (tally.walk_ins, tally.walk_in_wait_ms) == (2, 34 * MINUTE)
        assert (tally.reused_ids, tally.unclear_ids, tally.excluded) == (1, 0, {})


def test_who_has_the_number_now_waits_and_who_had_it_before_does_not() -> None:
    """Of the first, nothing more will be heard."""
    state = tickets([arrived(PLAN), arrived(PLAN + DAY)])
    waiting = shown(state, PLAN + DAY + 9 * MINUTE, BURGERZAKEN).waiting
    assert (waiting.walk_ins, waiting.longest_walk_in_ms) == (1, 9 * MINUTE)
    tally = desk_month(state, "2026-03")
    assert (tally.excluded, tally.reused_ids) == ({"unresolved": 1}, 1)


def test_a_number_at_two_desks_on_two_days_is_two_visitors_at_their_desks() -> None:
    second: list[AnyTicketEvent] = [arrived(PLAN + DAY, cluster=OCMW), started(PLAN + DAY + MINUTE, cluster=OCMW)]
    first, other = further(*day_of_number(0, MINUTE), *second)
    assert (first.walk_ins, first.onward, other.walk_ins, other.onward) == (1, 0, 1, 0)


def test_a_visit_that_lasts_over_midnight_is_one() -> None:
    at = ms("2026-03-10 23:50")
    tally = march(arrived(at), arrived(at + 20 * MINUTE), started(at + 30 * MINUTE))
    assert (tally.walk_ins, tally.walk_in_wait_ms, tally.reused_ids) == (1, 30 * MINUTE, 0)


@pytest.mark.parametrize(
    "later",
    [[arrived(PLAN + DAY)], [started(PLAN + DAY)]],
    ids=["arrived again", "received again"],
)
def test_where_it_cannot_be_told_the_number_is_counted_as_unclear(later: list[AnyTicketEvent]) -> None:
    """With a plan, a visit may be spread over days."""
    events = [requested(PLAN - DAY, PLAN), started(PLAN), finished(PLAN + MINUTE), *later]
    for order in (events, events[::-1]):
        assert march(*order).unclear_ids == 1
    assert march(*events[:3]).unclear_ids == 0


@pytest.mark.parametrize(
    "before",
    [[started(PLAN + MINUTE), finished(PLAN + 9 * MINUTE)], [started(PLAN + 9 * MINUTE)], [left(PLAN + 9 * MINUTE)]],
    ids=["received", "of which no end came", "left"],
)
def test_a_number_that_is_drawn_again_within_a_day_is_unclear(before: list[AnyTicketEvent]) -> None:
    """Within a quarter of an hour it may be the same visitor, and at another desk it is a further wait."""
    for later, desk, unclear in ((25 * MINUTE, BURGERZAKEN, 1), (24 * MINUTE, BURGERZAKEN, 0), (HOUR, OCMW, 0)):
        events = [arrived(PLAN), *before, arrived(PLAN + later, cluster=desk)]
        for order in (events, events[::-1]):
            assert march(*order).unclear_ids == unclear


def test_the_clock_of_a_desk_may_be_a_little_behind_that_of_the_kiosk() -> None:
    """Then the visitor was received at once; what is further off is implausible."""
    skew = ALWAYS_OPEN.clock_skew_ms
    tally = march(arrived(PLAN), started(PLAN - skew))
    assert (tally.walk_ins, tally.walk_in_wait_ms, tally.excluded) == (1, 0, {})
    assert march(arrived(PLAN), started(PLAN - skew - 1)).excluded == {"implausible": 1}


def asked_again(at: int, plan: int) -> list[AnyTicketEvent]:
    """A visit that was asked for on an earlier day, began 2 minutes late and is over."""
    return [requested(at, plan), arrived(plan), started(plan + 2 * MINUTE), finished(plan + 9 * MINUTE)]


@pytest.mark.parametrize("asked_ms", [9 * MINUTE + 14 * HOUR, 5 * DAY])
def test_an_appointment_that_is_asked_for_on_a_day_after_the_visit_is_another_visit(asked_ms: int) -> None:
    """With its own plan, its own wait and its own time until it was had."""
    again = PLAN + 9 * DAY
    events = [*asked_again(PLAN - DAY, PLAN), *asked_again(PLAN + asked_ms, again)]
    for order in (events, events[::-1], [*events[::2], *events[1::2], *events]):
        tally = march(*order)
        assert (tally.served, tally.wait_ms, tally.requests) == (2, 4 * MINUTE, 2)
        assert (tally.reused_ids, tally.unclear_ids, tally.excluded) == (1, 0, {})


def test_who_has_asked_again_waits_by_the_new_plan() -> None:
    """The visit before is over; until the visitor comes nobody waits."""
    again = PLAN + 9 * DAY
    asked = [*asked_again(PLAN - DAY, PLAN), requested(PLAN + 2 * DAY, again)]
    assert shown(tickets(asked), again, BURGERZAKEN).waiting.count == 0
    waiting = shown(tickets([*asked, arrived(again)]), again + 7 * MINUTE, BURGERZAKEN).waiting
    assert (waiting.count, waiting.longest_ms) == (1, 7 * MINUTE)


@pytest.mark.parametrize(
    "events",
    [
        [arrived(PLAN), started(PLAN), finished(PLAN + MINUTE), requested(PLAN + 2 * DAY, PLAN + 9 * DAY)],
        [requested(PLAN - DAY, PLAN), started(PLAN), requested(PLAN + 2 * DAY, PLAN + 9 * DAY)],
    ],
    ids=["never asked for before", "not said to be over"],
)
def test_a_later_request_is_unclear_where_nothing_says_that_the_visit_before_was_another(
    events: list[AnyTicketEvent],
) -> None:
    for order in (events, events[::-1]):
        assert (march(*order).reused_ids, march(*order).unclear_ids) == (0, 1)


def test_an_appointment_that_is_moved_after_the_visit_before_is_moved_and_not_another_once_more() -> None:
    again = PLAN + 9 * DAY
    moved = [requested(PLAN + 2 * DAY, again - DAY), *asked_again(PLAN + 3 * DAY, again)]
    for order in (moved, moved[::-1]):
        tally = march(*asked_again(PLAN - DAY, PLAN), *order)
        assert (tally.served, tally.wait_ms, tally.requests, tally.reused_ids) == (2, 4 * MINUTE, 2, 1)


def test_a_number_that_is_asked_for_for_years_takes_no_more_memory() -> None:
    plans = [PLAN + 7 * week * DAY for week in range(100)]
    visits = [event for plan in plans for event in asked_again(plan - DAY, plan)]
    state = tickets(visits, rules_with(public_holidays=()))
    served = [tally.served for by_cluster in state.settle().months.values() for tally in by_cluster.values()]
    assert sum(served) == 100
    assert len(state.contacts["t"].facts) < 4 * 70
    assert len(state.contacts["t"].asked) < 70


def test_a_number_that_is_used_for_years_takes_no_more_memory() -> None:
    state = tickets([event for day in range(200) for event in day_of_number(day, MINUTE)])
    counted = [desk_month(state, f"2026-{month:02d}").walk_ins for month in range(3, 10)]
    assert sum(counted) == 200
    assert len(state.contacts["t"].facts) < 3 * 70
