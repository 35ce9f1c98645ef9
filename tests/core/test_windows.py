"""The rolling windows and today: which moments see which call, to the edge.

Every rolling window is a whole number of slots of 10 s, and ends with the slot that the moment lies in. In the
drawings a column is a slot, `[` and `]` are what a window holds, `x` is when the outcome of a call became known.
"""

from collections import Counter
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.channels.calls.counts import PhoneTally
from streams.channels.calls.events import AnyCallEvent
from streams.channels.calls.state import CallState
from streams.channels.figures import figures, window_names
from streams.channels.visits.counts import DeskTally
from streams.core.rules import Channel, Cluster, Rules
from tests.applying import apply
from tests.core.builders import (
    ALWAYS_OPEN,
    DAY,
    HOUR,
    KCC,
    MINUTE,
    RULES,
    SECOND,
    STEADY,
    answered,
    calls,
    ended,
    ms,
    offered,
    one_missed,
    phone_month,
    phone_window,
    rules_with,
    shown,
    tickets,
)
from tests.core.builders import arrived as visitor_arrived

SLOT: Final = 10 * SECOND
TEN: Final = ms("2026-03-02 10:00")
"""A moment within opening hours, on the edge of a slot."""

WINDOWS: Final = [("5m", 5 * MINUTE), ("15m", 15 * MINUTE), ("60m", 60 * MINUTE)]


def answered_at(at: int, wait_ms: int = 20_000, call: str = "c") -> list[AnyCallEvent]:
    """A call that is answered at a moment, after a wait."""
    return [offered(at - wait_ms, call), answered(at, call)]


def test_the_windows_are_named_by_their_minutes() -> None:
    """The names are labels of metrics, so they are pinned here; the local day comes last."""
    assert window_names(RULES) == ("5m", "15m", "60m", "today")
    assert window_names(rules_with(windows_minutes=(1, 30))) == ("1m", "30m", "today")


@pytest.mark.parametrize(("window", "length_ms"), WINDOWS)
@pytest.mark.parametrize("within_slot_ms", [0, 1, SLOT - 1])
def test_both_edges_of_every_window(window: str, length_ms: int, within_slot_ms: int) -> None:
    """An outcome is shown from the start of its slot until its window's length later, and at no other moment.

    For the window of 5 minutes, 30 slots, and an answer at 10:00:00 up to 10:00:09.999:

        slot      09:59:50   10:00:00   10:00:10   ...   10:04:50   10:05:00
        answer                  x
        now 10:00:00     ...---]                                                 the first moment it is shown
        now 10:04:59.999       [--------------------------------]                the last
        now 10:05:00                       [-------------------------------]     no longer
    """
    state = calls(answered_at(TEN + within_slot_ms))
    seen = {
        now: phone_window(state, now, window).answered
        for now in (TEN - 1, TEN, TEN + SLOT, TEN + length_ms - 1, TEN + length_ms)
    }
    assert list(seen.values()) == [0, 1, 1, 1, 0]


@pytest.mark.parametrize(("window", "length_ms"), WINDOWS)
def test_a_window_moves_in_steps_of_a_slot(window: str, length_ms: int) -> None:
    """Between two edges of slots nothing changes; at an edge exactly the slot that falls out is gone.

    slot      10:00:00   10:00:10   10:00:20  ...
    answers      x x         x
    """
    events = [
        *answered_at(TEN, call="a"),
        *answered_at(TEN + SLOT - 1, call="b"),
        *answered_at(TEN + SLOT, call="c"),
    ]
    state = calls(events)
    last = TEN + length_ms
    moments = (last - SLOT, last - 1, last, last + SLOT - 1, last + SLOT)
    assert [phone_window(state, now, window).answered for now in moments] == [3, 3, 1, 1, 0]


def test_the_outcome_decides_the_window_not_the_moment_of_dialling() -> None:
    """Dialled 20 minutes before the answer: in the window of 5 minutes after the answer all the same."""
    state = calls(answered_at(TEN + 20 * MINUTE, wait_ms=20 * MINUTE))
    assert phone_window(state, TEN, "5m") == PhoneTally()
    assert phone_window(state, TEN + 20 * MINUTE, "5m").wait_ms == 20 * MINUTE


def test_what_is_known_already_but_has_yet_to_happen_is_not_shown() -> None:
    """A source whose clock runs two minutes ahead: its answer is in no window until the moment itself."""
    state = calls(answered_at(TEN + 2 * MINUTE), record_ms=TEN)
    for window, _ in WINDOWS:
        assert phone_window(state, TEN, window) == PhoneTally()
        assert phone_window(state, TEN + 2 * MINUTE - 1, window) == PhoneTally()
        assert phone_window(state, TEN + 2 * MINUTE, window).answered == 1


def test_tomorrow_is_not_today() -> None:
    """A call dialled after midnight by a clock that runs ahead is in today once it is tomorrow."""
    midnight = ms("2026-03-03 00:00")
    state = calls(answered_at(midnight + 30_000), ALWAYS_OPEN, record_ms=midnight - MINUTE)
    assert phone_window(state, midnight - 1, "today") == PhoneTally()
    assert phone_window(state, midnight, "today").answered == 1


@pytest.mark.parametrize(
    ("day", "length_hours"),
    [("2026-03-02", 24), ("2026-03-29", 23), ("2026-10-25", 25), ("2026-12-31", 24), ("2028-02-29", 24)],
)
def test_today_is_the_local_day_from_midnight_to_midnight(day: str, length_hours: int) -> None:
    """One call dialled in the first and one in the last millisecond; the calls on either side are of other days.

    23 hours on the day that summer time begins, 25 on the day that it ends.
    """
    start = ms(f"{day} 00:00")
    end = start + length_hours * HOUR
    events: list[AnyCallEvent] = []
    for call, at in (("before", start - 1), ("first", start), ("last", end - 1), ("after", end)):
        events += [offered(at, call), answered(at, call)]
    state = calls(events, ALWAYS_OPEN)
    counts = [phone_window(state, now, "today").answered for now in (start - 1, start, end - 1, end)]
    assert counts == [1, 2, 2, 1]


def test_today_is_that_of_the_rules_zone() -> None:
    """At 22:30 UTC in March it is tomorrow in Jerusalem and still today in Brussels."""
    at = ms("2026-03-02 22:30", "UTC")
    midnight_jerusalem = ms("2026-03-03 00:00", "Asia/Jerusalem")
    for zone, expected in (("Asia/Jerusalem", 0), ("Europe/Brussels", 1)):
        state = calls(answered_at(midnight_jerusalem - 1), rules_with(ALWAYS_OPEN, zone=zone))
        assert phone_window(state, at, "today").answered == expected


def test_a_late_fact_moves_what_is_still_in_the_window() -> None:
    """A missed call turns out to have been answered: its slot gives it back, the slot of the answer takes it.

    slot      10:00:00   10:00:10  ...  10:00:30
    before       x missed
    after                               x answered
    """
    state = calls([offered(TEN - 5_000), ended(TEN)], record_ms=TEN)
    assert phone_window(state, TEN + MINUTE, "5m") == one_missed(5_000)
    apply(state, offered(TEN + 30_000), TEN + MINUTE)
    apply(state, answered(TEN + 30_000), TEN + MINUTE)
    window = phone_window(state, TEN + MINUTE, "5m")
    assert (window.missed, window.missed_wait_ms, window.answered, window.wait_ms) == (0, 0, 1, 35_000)
    assert set(state.settle().slots) == {(TEN + 30_000) // SLOT}


def test_a_fact_that_corrects_a_dropped_slot_corrects_the_month_alone() -> None:
    """Two hours later the slots are gone: the day and the month take the answer, and no slot comes back."""
    state = calls([offered(TEN - 5_000), ended(TEN)], record_ms=TEN)
    apply(state, offered(TEN + 5_000), TEN + 2 * HOUR)
    apply(state, answered(TEN + 5_000), TEN + 2 * HOUR)
    assert state.settle().slots == {}
    for tally in (phone_month(state, "2026-03"), phone_window(state, TEN + 2 * HOUR, "today")):
        assert (tally.missed, tally.answered, tally.wait_ms) == (0, 1, 10_000)


def test_a_correction_across_the_horizon_keeps_the_side_that_is_still_there() -> None:
    """Missed at 10:00, whose slot is gone, answered at 11:55 after all, whose slot is not.

    slot      10:00:00   ...   horizon   ...   11:55:00   now 12:10
    missed       x
    answered                                      x
    """
    state = calls([offered(TEN - 5_000), ended(TEN)], record_ms=TEN)
    answer, now = ms("2026-03-02 11:55"), ms("2026-03-02 12:10")
    state.advance(now)
    assert state.settle().slots == {}
    apply(state, offered(answer), now)
    apply(state, answered(answer), now)
    assert set(state.settle().slots) == {answer // SLOT}
    assert (phone_window(state, now, "60m").missed, phone_window(state, now, "60m").answered) == (0, 1)
    assert (phone_month(state, "2026-03").missed, phone_month(state, "2026-03").answered) == (0, 1)


def test_a_call_that_is_late_as_a_whole_is_in_the_month_alone() -> None:
    """A file of last week is published: no rolling window moves, last week's month does."""
    state = calls(answered_at(TEN), record_ms=TEN + 7 * DAY)
    assert (state.settle().slots, state.settle().days) == ({}, {})
    assert phone_month(state, "2026-03").answered == 1


def test_days_are_dropped_three_days_back_and_months_are_not() -> None:
    """Days are for today; a record of the fifth day drops the first."""
    state = calls(answered_at(TEN), record_ms=TEN)
    for days_later, kept in ((1, 1), (3, 1), (4, 0)):
        state.advance(TEN + days_later * DAY)
        assert len(state.settle().days) == kept
    assert phone_month(state, "2026-03").answered == 1


@pytest.mark.parametrize("late", [False, True], ids=["in time", "late"])
@pytest.mark.parametrize(("past_edge_ms", "kept"), [(-1, False), (0, True)])
def test_a_slot_is_kept_up_to_the_horizon_whenever_its_fact_came(past_edge_ms: int, kept: bool, late: bool) -> None:
    """At 12:10 slots from 10:50 on are kept, 70 minutes before the hour: no matter whether counted before or now."""
    edge, now = ms("2026-03-02 10:50"), ms("2026-03-02 12:10")
    state = calls(answered_at(edge + past_edge_ms), record_ms=now if late else edge)
    state.advance(now)
    assert bool(state.settle().slots) is kept


@pytest.mark.parametrize("late", [False, True], ids=["in time", "late"])
@pytest.mark.parametrize(("past_edge_ms", "kept"), [(-1, False), (0, True)])
def test_a_day_is_kept_up_to_the_horizon_whenever_its_fact_came(past_edge_ms: int, kept: bool, late: bool) -> None:
    """On Thursday the days from Monday on are kept: no matter whether counted before or now."""
    edge, now = ms("2026-03-02 00:00"), ms("2026-03-05 23:59")
    dialled: list[AnyCallEvent] = [offered(edge + past_edge_ms), ended(edge + MINUTE)]
    state = calls(dialled, ALWAYS_OPEN, record_ms=now if late else edge)
    state.advance(now)
    assert bool(state.settle().days) is kept


def test_a_reader_ten_minutes_behind_sees_the_whole_of_the_longest_window() -> None:
    """On the hour, when the log has just dropped what it no longer needs: 11:50 sees from 10:50:10 on."""
    first = ms("2026-03-02 10:50:10")
    state = calls(answered_at(first), record_ms=first)
    state.advance(ms("2026-03-02 12:00"))
    assert phone_window(state, ms("2026-03-02 11:50"), "60m").answered == 1


def test_no_slot_is_kept_beyond_what_a_window_can_ask_for() -> None:
    """A day of calls every minute leaves no more slots than the longest window and some hours' grace need."""
    state = CallState(ALWAYS_OPEN)
    for minute in range(24 * 60):
        for event in answered_at(TEN + minute * MINUTE, call=str(minute)):
            apply(state, event, TEN + minute * MINUTE)
    assert len(state.settle().slots) <= 60 + 10 + 60


@st.composite
def answers(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Some calls as the moment of the answer, relative to `TEN`, and the wait; many near the edges of slots."""
    at = st.one_of(
        st.integers(0, 2 * HOUR),
        st.builds(lambda slot, off: slot * SLOT + off, st.integers(0, 720), st.sampled_from([-1, 0, 1])),
    )
    return draw(st.lists(st.tuples(at, st.integers(0, 20 * MINUTE)), max_size=25))


@STEADY
@given(answers(), st.integers(0, 2 * HOUR + 10 * MINUTE), st.sampled_from([1, 5, 7, 20]), st.booleans())
def test_a_window_holds_the_calls_of_its_slots(
    chosen: list[tuple[int, int]], now: int, slot_seconds: int, reader_is_behind: bool
) -> None:
    """Against a count over all calls, at any moment, also where the reader's clock is 10 minutes behind."""
    rules: Rules = rules_with(ALWAYS_OPEN, slot_ms=slot_seconds * SECOND, windows_minutes=(5, 15, 60))
    log_ms = TEN + now + (10 * MINUTE if reader_is_behind else 0)
    state = CallState(rules)
    for index, (at, wait) in enumerate(chosen):
        for event in answered_at(TEN + at, wait, str(index)):
            apply(state, event, min(TEN + at, log_ms))
    state.advance(log_ms)
    last = (TEN + now) // rules.slot_ms
    for minutes in rules.windows_minutes:
        first = last - minutes * 60 // slot_seconds + 1
        waits = [wait for at, wait in chosen if first <= (TEN + at) // rules.slot_ms <= last]
        tally = phone_window(state, TEN + now, f"{minutes}m")
        assert (tally.answered, tally.wait_ms) == (len(waits), sum(waits))
        assert tally.within_norm == sum(wait <= 45_000 for wait in waits)
        assert sum(tally.speed_categories.values()) == len(waits)


def test_an_empty_window_is_an_empty_tally_for_every_cluster() -> None:
    """Clusters without a call are there, in the order of the settings, with nothing in them."""
    found = figures([CallState(RULES).settle()], RULES, TEN)
    assert [each.cluster.name for each in found] == ["Klantencontactcentrum", "Burgerzaken", "OCMW"]
    assert all(tally.is_empty() for each in found for tally in each.windows.values())
    assert all(set(each.windows) == {"5m", "15m", "60m", "today"} for each in found)
    assert all((each.waiting.count, each.waiting.longest_ms) == (0, None) for each in found)


def test_the_figures_of_several_partitions_add_up() -> None:
    """Counts and sums add; of the longest waits the largest counts; phone and desks never mix."""
    one = calls([*answered_at(TEN, 20_000, "a"), offered(TEN - 40_000, "b")])
    two = calls([*answered_at(TEN, 50_000, "c"), offered(TEN - 10_000, "d"), offered(TEN, "e")])
    desk = tickets([visitor_arrived(TEN)])
    found = {
        each.cluster.name: each for each in figures([each.settle() for each in (one, desk, two)], RULES, TEN + SECOND)
    }
    tally = found[KCC].windows["5m"]
    assert isinstance(tally, PhoneTally)
    assert (tally.answered, tally.wait_ms, tally.within_norm) == (2, 70_000, 1)
    assert tally.speed_categories == Counter({30_000: 1, 60_000: 1})
    waiting = found[KCC].waiting
    assert (waiting.count, waiting.longest_ms, waiting.walk_ins) == (3, 41_000, 0)
    assert found["Burgerzaken"].waiting.walk_ins == 1


def test_a_cluster_of_the_same_name_on_the_other_channel_is_another_cluster() -> None:
    """The city may call a telephone line and a desk alike."""
    rules = rules_with(clusters=(Cluster("Wonen", Channel.PHONE, 45_000), Cluster("Wonen", Channel.DESK, 300_000)))
    phone = calls([offered(TEN, "a", "Wonen"), ended(TEN + 5, "a", "Wonen"), offered(TEN, "b", "Wonen")], rules)
    desk = tickets([visitor_arrived(TEN, cluster="Wonen")], rules)
    by_phone, at_desk = figures([phone.settle(), desk.settle()], rules, TEN + MINUTE)
    assert (by_phone.cluster.channel, at_desk.cluster.channel) == (Channel.PHONE, Channel.DESK)
    assert by_phone.windows["5m"] == one_missed(5)
    assert at_desk.windows["5m"] == DeskTally()
    assert (by_phone.waiting.count, by_phone.waiting.walk_ins) == (1, 0)
    assert (at_desk.waiting.count, at_desk.waiting.walk_ins) == (0, 1)


def test_a_call_that_expired_is_unresolved_on_the_day_it_was_dialled_alone() -> None:
    """Dialled at 23:00 and expired half an hour later: not in tomorrow's today."""
    dialled = ms("2026-03-02 23:00")
    state = calls([offered(dialled)], rules_with(ALWAYS_OPEN, call_expiry_ms=30 * MINUTE))
    assert phone_window(state, dialled + 30 * MINUTE, "today") == PhoneTally(excluded={"unresolved": 1})
    assert phone_window(state, dialled + 5 * HOUR, "today") == PhoneTally()


@pytest.mark.parametrize(("now", "count", "longest_ms"), [(TEN, 1, 0), (TEN + 90_000, 1, 90_000)])
def test_a_waiting_caller_waits_from_dialling_in(now: int, count: int, longest_ms: int) -> None:
    """To the millisecond, and a caller who has just dialled in waits 0."""
    waiting = shown(calls([offered(TEN)]), now, KCC).waiting
    assert (waiting.count, waiting.longest_ms) == (count, longest_ms)


@pytest.mark.parametrize("local", ["2026-03-02 08:29:59", "2026-03-08 10:00", "2026-04-06 10:00"])
def test_a_call_that_will_not_count_never_waits_on_the_wall(local: str) -> None:
    """Before opening, on a Sunday, on a holiday: nobody will answer, and nobody should look for the caller."""
    waiting = shown(calls([offered(ms(local))]), ms(local) + MINUTE, KCC).waiting
    assert (waiting.count, waiting.longest_ms) == (0, None)


@pytest.mark.parametrize("end", [answered, ended])
def test_a_call_with_an_outcome_waits_no_longer(end: Callable[[int], AnyCallEvent]) -> None:
    """Whatever the outcome, and also when it came before the call itself."""
    for events in ([offered(TEN), end(TEN + 5)], [end(TEN + 5), offered(TEN)]):
        assert shown(calls(events), TEN + MINUTE, KCC).waiting.count == 0


@pytest.mark.parametrize("late_minutes", [2, 7, 20], ids=["minute", "five minutes", "quarter"])
def test_a_late_fact_is_in_every_sum_of_slots_that_was_shown_before(late_minutes: int) -> None:
    """At 11:00 the slots from 10:00:10 to 10:45:10 are read as sums of a minute, of five and of fifteen."""
    state, now = calls([], ALWAYS_OPEN, record_ms=TEN), TEN + HOUR
    at = TEN + late_minutes * MINUTE
    for count in (1, 2):
        for event in (offered(at, f"c-{count}"), answered(at + SECOND, f"c-{count}")):
            apply(state, event, now)
        assert phone_window(state, now, "60m").answered == count
