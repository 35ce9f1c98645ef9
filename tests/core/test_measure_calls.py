"""The two indicators of answered calls, the share of missed calls, and each reason to leave a call out."""

from collections.abc import Callable

import pytest

from streams.channels.calls.counts import PhoneTally
from streams.channels.calls.events import AnyCallEvent, Ended, Offered
from streams.channels.calls.state import CallState
from streams.channels.figures import month_totals
from streams.core.calendar import public_holidays
from streams.core.places import UNBOUNDED_MS
from streams.core.rules import Channel, Cluster, DatedHours
from streams.core.sketch import bucket_of
from tests.applying import apply
from tests.core.builders import (
    ALWAYS_OPEN,
    HOUR,
    KCC,
    RULES,
    SECOND,
    abandoned,
    answered,
    calls,
    ended,
    hours,
    ms,
    offered,
    one_missed,
    phone_month,
    phone_window,
    rules_with,
    shown,
)

MONDAY = ms("2026-03-02 10:00")
"""A moment within opening hours."""


def answered_after(wait_ms: int, call: str = "c") -> list[AnyCallEvent]:
    """A call within opening hours that is answered after a wait."""
    return [offered(MONDAY, call), answered(MONDAY + wait_ms, call)]


def march(*events: AnyCallEvent) -> PhoneTally:
    """What March 2026 holds of the events, before any open call expires."""
    return phone_month(calls(events), "2026-03")


def excluded(reason: str) -> PhoneTally:
    """A month in which one call is left out, and nothing else is counted."""
    return PhoneTally(excluded={reason: 1})


@pytest.mark.parametrize(
    ("wait_ms", "category_ms"),
    [
        (0, 30_000),
        (29_999, 30_000),
        (30_000, 30_000),
        (30_001, 60_000),
        (60_000, 60_000),
        (60_001, 90_000),
        (90_000, 90_000),
        (90_001, 120_000),
        (120_000, 120_000),
        (120_001, 300_000),
        (300_000, 300_000),
        (300_001, UNBOUNDED_MS),
        (4 * HOUR, UNBOUNDED_MS),
    ],
)
def test_a_speed_category_holds_its_upper_bound(wait_ms: int, category_ms: int) -> None:
    """30.000 s is in 0-30 s, 30.001 s in 31-60 s, and so on to the last, unbounded category."""
    assert march(*answered_after(wait_ms)).speed_categories == {category_ms: 1}


def test_other_speed_categories_are_data() -> None:
    """The bounds come from the rules."""
    state = calls(answered_after(30_000), rules_with(speed_categories_ms=(20_000, 40_000)))
    assert phone_month(state, "2026-03").speed_categories == {40_000: 1}


@pytest.mark.parametrize(("wait_ms", "within"), [(0, 1), (44_999, 1), (45_000, 1), (45_001, 0)])
def test_a_wait_of_exactly_the_norm_is_within_it(wait_ms: int, within: int) -> None:
    """The norm is 45 s."""
    assert march(*answered_after(wait_ms)).within_norm == within


def test_everything_that_one_answered_call_counts_for() -> None:
    """One answered call, its wait from dialling in to the answer; the end of the talk plays no part."""
    assert march(*answered_after(31_500), ended(MONDAY + 400_000)) == PhoneTally(
        answered=1, wait_ms=31_500, within_norm=1, speed_categories={60_000: 1}, sketch={bucket_of(31_500): 1}
    )


def test_the_average_is_over_answered_calls_only() -> None:
    """Waits of 10 s and 50 s were answered, one of 120 s was not: 30 s on average, one of three missed."""
    tally = march(
        *answered_after(10 * SECOND, "a"),
        *answered_after(50 * SECOND, "b"),
        offered(MONDAY, "c"),
        abandoned(MONDAY + 120 * SECOND, "c"),
    )
    assert (tally.answered, tally.wait_ms, tally.missed, tally.offered) == (2, 60_000, 1, 3)
    assert tally.missed_wait_ms == 120_000
    assert sum(tally.speed_categories.values()) == sum(tally.sketch.values()) == 2


@pytest.mark.parametrize(
    ("rest", "held_on_ms"),
    [
        ([abandoned(MONDAY + 7_000)], 7_000),
        ([ended(MONDAY + 9_000)], 9_000),
        ([abandoned(MONDAY + 7_000), ended(MONDAY + 9_000)], 7_000),
        ([ended(MONDAY + 5_000), abandoned(MONDAY + 7_000)], 5_000),
        ([abandoned(MONDAY)], 0),
    ],
    ids=["abandoned", "ended", "abandoned, then ended", "ended before abandoned", "abandoned at once"],
)
def test_a_call_that_ends_without_an_answer_is_missed(rest: list[AnyCallEvent], held_on_ms: int) -> None:
    """The caller held on to whichever end came first."""
    assert march(offered(MONDAY), *rest) == one_missed(held_on_ms)


@pytest.mark.parametrize("end_ms", [20_000, 90_000])
def test_what_comes_after_the_answer_changes_nothing(end_ms: int) -> None:
    """A call that has `abandoned` or `ended` from the answer on is answered, and waited until the answer."""
    tally = march(*answered_after(20_000), abandoned(MONDAY + end_ms), ended(MONDAY + end_ms))
    assert (tally.answered, tally.missed, tally.wait_ms) == (1, 0, 20_000)


def test_an_answer_at_the_instant_of_the_end_still_replaces_the_missed_call() -> None:
    """Only the kind of the outcome changes, not its moments nor its length."""
    state = calls([offered(MONDAY), abandoned(MONDAY + 20_000)])
    apply(state, answered(MONDAY + 20_000), 0)
    tally = phone_month(state, "2026-03")
    assert (tally.answered, tally.missed, tally.missed_wait_ms) == (1, 0, 0)


def test_the_earliest_time_of_each_fact_counts() -> None:
    """A call that is transferred is offered and answered more than once."""
    again: list[AnyCallEvent] = [offered(MONDAY + 60_000), answered(MONDAY + 90_000)]
    assert (
        march(*answered_after(12_000), *again)
        == march(*again, *answered_after(12_000))
        == march(*answered_after(12_000))
    )


def test_the_cluster_dialled_counts_whoever_answers() -> None:
    """The cluster of `offered` is the one dialled, also when it becomes known last."""
    events: list[AnyCallEvent] = [ended(MONDAY + 9, cluster="Z"), answered(MONDAY + 5, cluster="A"), offered(MONDAY)]
    for order in (events, events[::-1]):
        state = calls(order)
        assert set(state.settle().months["2026-03"]) == {"Klantencontactcentrum"}
        assert phone_month(state, "2026-03").answered == 1


@pytest.mark.parametrize(
    ("local", "counts"),
    [
        ("2026-03-02 08:29:59.999", False),
        ("2026-03-02 08:30:00.000", True),
        ("2026-03-02 16:59:59.999", True),
        ("2026-03-02 17:00:00.000", False),
        ("2026-03-03 19:59:59.999", True),  # Tuesday, the late evening
        ("2026-03-03 20:00:00.000", False),
        ("2026-03-04 11:59:59.999", True),  # Wednesday, before, in and after the break
        ("2026-03-04 12:00:00.000", False),
        ("2026-03-04 12:59:59.999", False),
        ("2026-03-04 13:00:00.000", True),
        ("2026-03-07 10:00", False),  # Saturday
        ("2026-03-08 10:00", False),  # Sunday
    ],
)
def test_only_calls_dialled_in_within_opening_hours_count(local: str, counts: bool) -> None:
    """The first millisecond of opening counts, that of closing no longer; all others are shown apart."""
    tally = march(offered(ms(local)), ended(ms(local) + 1))
    assert tally == (one_missed(1) if counts else excluded("outside_opening_hours"))


def test_the_moment_of_dialling_in_decides_not_that_of_the_answer() -> None:
    """Dialled in a second before closing and answered after it counts; dialled in before opening never does."""
    before_closing = ms("2026-03-02 16:59:59")
    assert march(offered(before_closing), answered(before_closing + 20_000)).answered == 1
    before_opening = ms("2026-03-02 08:29:59")
    assert march(offered(before_opening), answered(before_opening + 20_000)) == excluded("outside_opening_hours")


@pytest.mark.parametrize(
    ("local", "reason"),
    [
        ("2026-01-01 10:00", "closing_day"),
        ("2026-04-06 10:00", "closing_day"),  # Easter Monday
        ("2026-05-01 10:00", "closing_day"),
        ("2026-05-14 10:00", "closing_day"),  # Ascension Day
        ("2026-05-25 10:00", "closing_day"),  # Whit Monday
        ("2026-07-21 10:00", "closing_day"),
        ("2026-08-15 10:00", "closing_day"),  # a Saturday too: the holiday is the better reason
        ("2026-11-11 10:00", "closing_day"),
        ("2026-12-25 10:00", "closing_day"),
        ("2026-06-05 10:00", "closing_day"),  # local
        ("2026-12-24 10:00", "closing_day"),  # local
        ("2026-04-06 03:00", "closing_day"),  # whatever the hour
        ("2026-04-06 00:00", "closing_day"),
        ("2026-04-06 23:59:59.999", "closing_day"),
        ("2026-04-07 00:00", "outside_opening_hours"),
        ("2026-04-05 23:59:59.999", "closing_day"),  # Easter Sunday
    ],
)
def test_calls_on_closing_days_are_left_out(local: str, reason: str) -> None:
    """Belgian public holidays and the local closing days, from midnight to midnight."""
    state = calls([offered(ms(local)), answered(ms(local) + 1)])
    assert phone_month(state, local[:7]) == excluded(reason)


@pytest.mark.parametrize("local", ["2026-04-03 10:00", "2026-04-07 10:00", "2026-07-20 10:00", "2026-06-04 10:00"])
def test_the_days_around_closing_days_count(local: str) -> None:
    """Good Friday is no public holiday in Belgium; the others are the days before and after."""
    state = calls([offered(ms(local)), answered(ms(local) + 1)])
    assert phone_month(state, local[:7]).answered == 1


def test_holidays_are_those_of_the_country_in_the_rules() -> None:
    """Without a country only the local closing days are left."""
    events: list[AnyCallEvent] = [offered(ms("2026-07-21 10:00")), answered(ms("2026-07-21 10:00:01"))]
    assert phone_month(calls(events, rules_with(public_holidays=())), "2026-07").answered == 1
    assert phone_month(calls(events, rules_with(public_holidays=public_holidays("FR"))), "2026-07").answered == 1
    local = rules_with(public_holidays=(), closing_days=("2026-07-21",))
    assert phone_month(calls(events, local), "2026-07") == excluded("closing_day")


@pytest.mark.parametrize("wait_ms", [-2_001, -HOUR, 4 * HOUR + 1, 48 * HOUR])
@pytest.mark.parametrize("end", [answered, abandoned, ended])
def test_a_wait_below_zero_or_too_long_is_implausible(end: Callable[[int], AnyCallEvent], wait_ms: int) -> None:
    """A clock went wrong, not a citizen waited: neither answered nor missed, and in no sum."""
    assert march(offered(MONDAY), end(MONDAY + wait_ms)) == excluded("implausible")


@pytest.mark.parametrize("wait_ms", [0, 4 * HOUR])
def test_the_shortest_and_the_longest_plausible_waits_count(wait_ms: int) -> None:
    """The bounds themselves are plausible."""
    assert march(*answered_after(wait_ms)).wait_ms == wait_ms
    assert march(offered(MONDAY), ended(MONDAY + wait_ms)).missed_wait_ms == wait_ms


def test_a_line_with_hours_of_its_own_counts_by_these_and_the_others_do_not() -> None:
    """Until eight in the evening of a date that is opened for it alone."""
    line = Cluster("Avondlijn", Channel.PHONE, 45_000, dated_hours=(DatedHours("2026-03-02", hours("17:00-20:00")),))
    rules, evening = rules_with(clusters=(*RULES.clusters, line)), ms("2026-03-02 19:30")
    for cluster, counted in (("Avondlijn", one_missed(20_000)), (KCC, excluded("outside_opening_hours"))):
        state = CallState(rules)
        apply(state, Offered("c", cluster, evening / 1000), evening)
        apply(state, Ended("c", cluster, evening / 1000 + 20), evening + 20_000)
        assert month_totals(state.settle(), evening)["2026-03", cluster] == counted


def test_outside_opening_hours_comes_before_implausible() -> None:
    """A call that would not count anyway is left out for the first reason, whatever else is wrong with it."""
    sunday = ms("2026-03-08 10:00")
    assert march(offered(sunday), answered(sunday - 1)) == excluded("outside_opening_hours")


def test_an_open_call_becomes_unresolved_at_its_expiry_and_not_before() -> None:
    """Four hours after dialling in it is counted with its reason, and waits no longer."""
    state = calls([offered(MONDAY)])
    assert phone_month(state, "2026-03", MONDAY + 4 * HOUR - 1) == PhoneTally()
    assert shown(state, MONDAY + 4 * HOUR - 1, "Klantencontactcentrum").waiting.count == 1
    assert phone_month(state, "2026-03", MONDAY + 4 * HOUR) == excluded("unresolved")
    assert shown(state, MONDAY + 4 * HOUR, "Klantencontactcentrum").waiting.count == 0
    assert phone_window(state, MONDAY + 4 * HOUR, "today") == excluded("unresolved")


def test_an_unresolved_call_that_ends_after_all_is_counted_by_its_end() -> None:
    """Late facts correct: the reason goes, the outcome comes."""
    late = rules_with(call_expiry_ms=HOUR)
    state = calls([offered(MONDAY)], late)
    assert phone_month(state, "2026-03", MONDAY + 2 * HOUR) == excluded("unresolved")
    apply(state, ended(MONDAY + 5_000), MONDAY + 2 * HOUR)
    assert phone_month(state, "2026-03", MONDAY + 2 * HOUR) == one_missed(5_000)


@pytest.mark.parametrize(
    ("local", "reason"),
    [
        ("2026-03-02 10:00", "unresolved"),
        ("2026-03-02 07:00", "outside_opening_hours"),
        ("2026-04-06 10:00", "closing_day"),
    ],
)
def test_a_call_never_seen_to_be_offered_is_left_out_after_its_expiry(local: str, reason: str) -> None:
    """An answer alone says nothing of a wait: not counted before the expiry, left out after it."""
    state = calls([answered(ms(local)), ended(ms(local) + 60_000)])
    assert phone_month(state, local[:7], ms(local) + 4 * HOUR - 1) == PhoneTally()
    assert phone_month(state, local[:7], ms(local) + 4 * HOUR) == excluded(reason)


def test_a_call_belongs_to_the_month_in_which_it_was_dialled() -> None:
    """Dialled in the last millisecond of March (and of the year), answered in the next month."""
    for last, month, following in (
        ("2026-03-31 23:59:59.999", "2026-03", "2026-04"),
        ("2026-12-31 23:59:59.999", "2026-12", "2027-01"),
        ("2028-02-29 23:59:59.999", "2028-02", "2028-03"),
    ):
        state = calls([offered(ms(last)), answered(ms(last) + 10_000)], ALWAYS_OPEN)
        assert phone_month(state, month).answered == 1
        assert phone_month(state, following) == PhoneTally()
        state = calls([offered(ms(last) + 1), answered(ms(last) + 10_000)], ALWAYS_OPEN)
        assert phone_month(state, month) == PhoneTally()
        assert phone_month(state, following).answered == 1


def test_an_excluded_call_is_counted_once_however_often_its_facts_come() -> None:
    """Duplicates and further facts add nothing."""
    sunday = ms("2026-03-08 10:00")
    events: list[AnyCallEvent] = [offered(sunday), ended(sunday + 5), abandoned(sunday + 4)]
    assert march(*events * 3) == excluded("outside_opening_hours")
