"""The state of one partition: its clock, its memory, and what it tells the writers of checkpoints and months."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from streams.channels.calls.counts import PhoneTally
from streams.channels.calls.state import CallState
from streams.channels.figures import month_totals
from streams.channels.visits.state import TicketState
from streams.core.rules import Rules
from streams.core.settled import UnsettledError
from tests.applying import apply
from tests.core.builders import (
    ALWAYS_OPEN,
    BURGERZAKEN,
    DAY,
    HOUR,
    KCC,
    MINUTE,
    RULES,
    SECOND,
    answered,
    arrived,
    calls,
    ended,
    ms,
    offered,
    one_missed,
    phone_month,
    requested,
    rules_with,
    shown,
    started,
    tickets,
)
from tests.core.folding import restarted

TEN = ms("2026-03-02 10:00")
MEMORY = RULES.memory_ms


def test_an_invalid_record_is_counted_by_its_reason_and_changes_nothing_else() -> None:
    """It moves the log's time, and survives a restart."""
    state = calls([offered(TEN)], record_ms=TEN)
    state.reject("malformed", TEN + HOUR)
    state.reject("malformed", TEN)
    state.reject("too_late", TEN)
    again = restarted(state)
    assert state.rejected == again.rejected == {"malformed": 2, "too_late": 1}
    assert (again.log_ms, again.applied, set(again.contacts)) == (TEN + HOUR, 1, {"c"})


def test_the_logs_time_is_that_of_its_newest_record() -> None:
    """An older record's time does not turn the clock back."""
    state = CallState(RULES)
    for record_ms, log_ms in ((TEN, TEN), (TEN - HOUR, TEN), (TEN + 1, TEN + 1)):
        state.advance(record_ms)
        assert state.log_ms == log_ms


def test_the_latest_moment_of_any_fact_is_known_on_both_channels() -> None:
    """It is the age of the feed; facts come in any order."""
    phone = calls([offered(TEN), ended(TEN + 5), answered(TEN + 3)])
    desk = tickets([arrived(TEN), started(TEN + 5), requested(TEN - DAY, TEN)])
    assert phone.last_event_ms == desk.last_event_ms == TEN + 5
    assert CallState(RULES).last_event_ms is None


def test_every_fact_taken_in_is_counted_repetitions_too() -> None:
    """It is how many records a partition has folded, also after a restart."""
    state = restarted(calls([offered(TEN)] * 3))
    apply(state, offered(TEN), TEN)
    assert state.applied == 4


def test_a_month_that_changed_is_told_once_and_a_repetition_changes_nothing() -> None:
    """Taking the changes begins the note anew."""
    state = calls([offered(TEN)])
    assert state.take_changes().months == set()
    apply(state, ended(TEN + 5), TEN)
    assert state.take_changes().months == {("2026-03", KCC)}
    apply(state, ended(TEN + 5), TEN)
    apply(state, ended(TEN + 9), TEN)
    assert state.take_changes().months == set()


def test_a_correction_tells_both_of_the_months_that_it_touches() -> None:
    """An earlier `offered` moves the call to the month before: that one takes it, the other gives it back."""
    april = ms("2026-04-01 00:00")
    state = calls([offered(april), answered(april + 10)], ALWAYS_OPEN)
    state.take_changes()
    apply(state, offered(april - 1), TEN)
    assert state.take_changes().months == {("2026-03", KCC), ("2026-04", KCC)}
    assert phone_month(state, "2026-04") == PhoneTally()
    assert set(state.settle().months) == {"2026-03"}


def test_a_correction_of_the_cluster_tells_and_moves_both() -> None:
    """A call that was counted already turns out to belong to another cluster."""
    state = calls([offered(TEN, cluster="B"), ended(TEN + 5, cluster="B")])
    state.take_changes()
    apply(state, offered(TEN, cluster="A"), TEN)
    assert state.take_changes().months == {("2026-03", "A"), ("2026-03", "B")}
    assert set(state.settle().months["2026-03"]) == {"A"}


def test_changed_rules_tell_the_months_that_were_judged_anew() -> None:
    """Or the totals that a writer published before would stay."""
    state = calls([offered(TEN), ended(TEN + 5)])
    assert restarted(state).take_changes().months == set()
    assert restarted(state, rules_with(closing_days=("2026-03-02",))).take_changes().months == {("2026-03", KCC)}


def test_a_call_is_forgotten_in_the_first_hour_after_its_memory() -> None:
    """Forgetting goes by whole hours of the log, so that it does not depend on which record came just then."""
    state = calls([offered(TEN), ended(TEN + 5)], record_ms=TEN)
    state.advance(TEN + MEMORY + HOUR - 1)
    assert set(state.contacts) == {"c"}
    state.advance(TEN + MEMORY + HOUR)
    assert state.contacts == {}
    assert phone_month(state, "2026-03").missed == 1


def test_a_repetition_within_the_memory_is_known_as_one() -> None:
    """And it starts the memory anew."""
    state = calls([offered(TEN), ended(TEN + 5)], record_ms=TEN)
    apply(state, ended(TEN + 5), TEN + MEMORY - HOUR)
    apply(state, ended(TEN + 5), TEN + 2 * MEMORY - 3 * HOUR)
    assert phone_month(state, "2026-03") == one_missed(5)
    state.advance(TEN + 2 * MEMORY)
    assert set(state.contacts) == {"c"}


def test_a_record_that_comes_with_an_older_time_is_remembered_from_the_logs_time() -> None:
    """The time of the log when it came counts, not what its own record says: that is what a restart sees too."""
    state = CallState(RULES)
    state.advance(TEN + 10 * DAY)
    apply(state, offered(TEN), TEN)
    assert state.contacts["c"].touched == TEN + 10 * DAY


def test_a_file_of_years_ago_is_remembered_from_when_it_came() -> None:
    """Its calls may be repeated and corrected for as long as those of today."""
    now = TEN + 700 * DAY
    state = calls([offered(TEN), ended(TEN + 5)], record_ms=now)
    apply(state, answered(TEN + 3), now + MEMORY - HOUR)
    assert (phone_month(state, "2026-03").missed, phone_month(state, "2026-03").answered) == (0, 1)


def test_an_appointment_is_remembered_until_its_day_is_that_long_ago() -> None:
    """Asked for far ahead, and nothing heard since."""
    plan = TEN + 100 * DAY
    state = tickets([requested(TEN, plan)], record_ms=TEN)
    state.advance(plan + MEMORY)
    assert set(state.contacts) == {"t"}
    state.advance(plan + MEMORY + 2 * HOUR)
    assert state.contacts == {}
    assert month_totals(state.settle(), 0)["2026-06", BURGERZAKEN].excluded == {"unresolved": 1}


def test_an_open_call_that_is_forgotten_stays_unresolved_for_good() -> None:
    """At every later moment, after a restart, and told as a change of its month."""
    state = calls([offered(TEN)], record_ms=TEN)
    state.advance(TEN + MEMORY + 2 * HOUR)
    assert state.take_changes().months == {("2026-03", KCC)}
    for each in (state, restarted(state)):
        for now in (TEN, TEN + MEMORY, TEN + 3 * MEMORY):
            assert phone_month(each, "2026-03", now) == PhoneTally(excluded={"unresolved": 1})


def test_who_waits_still_waits_after_a_restart() -> None:
    """On both channels; who has an outcome does not."""
    phone = restarted(calls([offered(TEN, "a"), offered(TEN, "b"), ended(TEN, "b")], record_ms=TEN))
    desk = restarted(tickets([arrived(TEN)], record_ms=TEN))
    assert shown(phone, TEN + MINUTE, KCC).waiting.count == 1
    assert shown(desk, TEN + MINUTE, BURGERZAKEN).waiting.walk_ins == 1
    apply(phone, ended(TEN + 5, "a"), TEN)
    assert shown(phone, TEN + MINUTE, KCC).waiting.count == 0


def test_other_norms_judge_anew_what_is_remembered_and_leave_what_is_forgotten() -> None:
    """A norm of 5 s instead of 45: the forgotten call stays within the norm of its time."""
    state = calls([offered(TEN, "old"), answered(TEN + 20_000, "old")], record_ms=TEN)
    late = TEN + MEMORY + DAY
    for event in (offered(late, "new"), answered(late + 20_000, "new")):
        apply(state, event, late)
    assert set(state.contacts) == {"new"}
    stricter = tuple(msgspec.structs.replace(cluster, norm_ms=5_000) for cluster in RULES.clusters)
    again = restarted(state, rules_with(clusters=stricter))
    assert phone_month(again, "2026-03").within_norm == 1
    assert phone_month(again, "2026-04").within_norm == 0
    assert phone_month(again, "2026-04").answered == 1


@pytest.mark.parametrize(
    ("changed", "days", "slots"),
    [(rules_with(zone="Asia/Tokyo"), 0, 1), (rules_with(slot_ms=20_000), 1, 0), (rules_with(lead_norm_days=9), 1, 1)],
    ids=["zone", "slots", "neither"],
)
def test_days_of_another_zone_and_slots_of_another_length_are_not_kept(changed: Rules, days: int, slots: int) -> None:
    """What a forgotten call left there would turn up at a wrong moment; its month stays."""
    short = calls([offered(TEN), ended(TEN + 5)], rules_with(memory_ms=0), record_ms=TEN)
    short.advance(TEN + HOUR)
    assert (len(short.contacts), len(short.settle().days), len(short.settle().slots)) == (0, 1, 1)
    again = restarted(short, changed)
    assert (len(again.settle().days), len(again.settle().slots)) == (days, slots)
    assert phone_month(again, "2026-03").missed == 1


def test_a_snapshot_names_its_format() -> None:
    """A reader of an old checkpoint sees that it is one."""
    assert calls([]).settle().snapshot().version == tickets([]).settle().snapshot().version == 5


@pytest.mark.parametrize("state", [calls([]), tickets([])], ids=["calls", "visits"])
def test_an_empty_state_comes_back_empty(state: CallState | TicketState) -> None:
    """The first checkpoint of a partition holds nothing."""
    again = restarted(state)
    found = again.settle()
    assert (again.contacts, found.months, found.days, found.slots, again.log_ms) == ({}, {}, {}, {}, 0)
    assert month_totals(again.settle(), TEN) == {}


def test_a_shorter_memory_forgets_nobody_uncounted() -> None:
    """At once, at the next restart in the same hour, and later: who was unresolved stays so."""
    state = calls([offered(TEN, "x")], record_ms=TEN)
    apply(state, offered(TEN + 10 * DAY, "y"), TEN + 10 * DAY)
    shorter, now = rules_with(memory_ms=5 * DAY), TEN + 10 * DAY + HOUR
    for _ in range(3):
        state = restarted(state, shorter)
        assert month_totals(state.settle(), now)["2026-03", KCC].excluded == {"unresolved": 1}
    assert set(state.contacts) == {"y"}


def _carried(state: CallState, snapshot: object) -> Any:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(snapshot), type=state.snapshot_type)


def test_who_waits_after_a_restart_follows_from_the_hours_of_today() -> None:
    """A call in the evening is left out, until the evening belongs to the opening hours."""
    evening = ms("2026-03-02 20:00")
    state = calls([offered(evening)], RULES)
    for rules, is_waiting in ((RULES, False), (ALWAYS_OPEN, True), (RULES, False)):
        state = restarted(state, rules)
        assert (state.settle().look(evening).open_count, list(state.open)) == (is_waiting, ["c"] * is_waiting)


def test_contacts_of_a_checkpoint_that_does_not_tell_who_is_open() -> None:
    """As the first ones do not: it follows from the facts."""
    state = calls([offered(TEN, "open"), offered(TEN, "answered"), answered(TEN + SECOND, "answered")], ALWAYS_OPEN)
    written = msgspec.to_builtins(state.settle().snapshot())
    for facts in written["contacts"].values():
        assert isinstance(facts[-2], bool)
        del facts[-2:]
    again = CallState.restore(_carried(state, written), ALWAYS_OPEN)
    assert again.open.keys() == {"open"}
    assert again.contacts == state.contacts


def test_an_answer_is_among_the_changes_since_somebody_took_them() -> None:
    """Or a restart would find the call open, and its tallies as they were before."""
    state = calls([offered(TEN)], ALWAYS_OPEN)
    whole = _carried(state, state.settle().snapshot(state.take_changes().contacts))
    apply(state, answered(TEN + 20 * SECOND), 0)
    changes = state.take_changes()
    assert (changes.months, len(changes.slots)) == ({("2026-03", KCC)}, 1)
    whole.update(_carried(state, state.settle().snapshot_of(changes)))
    again = CallState.restore(whole, ALWAYS_OPEN)
    found, expected = again.settle(), state.settle()
    assert (found.months, found.days, found.slots) == (expected.months, expected.days, expected.slots)
    assert found.months["2026-03"][KCC].answered == 1
    assert (again.contacts, again.open) == (state.contacts, {})


def test_what_came_before_a_look_stays_among_the_changes() -> None:
    state = calls([offered(TEN, "a")], ALWAYS_OPEN)
    state.settle().look(TEN)
    apply(state, offered(TEN, "b"), 0)
    assert state.take_changes().contacts.keys() == {"a", "b"}


def test_a_call_is_remembered_from_the_record_of_its_answer_on() -> None:
    state = calls([offered(TEN)], rules_with(ALWAYS_OPEN, memory_ms=2 * HOUR), record_ms=TEN)
    apply(state, answered(TEN + 20 * SECOND), TEN + 110 * MINUTE)
    state.advance(TEN + 3 * HOUR)
    assert state.contacts.keys() == {"c"}


def test_what_was_counted_before_a_look_stays_among_the_changes() -> None:
    """Two clusters of one day and slot: or a restart would lose the calls of the first."""
    state = CallState(ALWAYS_OPEN)
    for cluster in ("A", "B"):
        for event in (offered(TEN, cluster, cluster), answered(TEN + SECOND, cluster, cluster)):
            apply(state, event, TEN)
        state.settle().look(TEN)
    changes = state.take_changes()
    assert changes.months == {("2026-03", "A"), ("2026-03", "B")}
    assert list(changes.periods.values()) == list(changes.slots.values()) == [{"A", "B"}]


def test_a_call_that_is_judged_anew_is_in_the_day_of_the_new_zone() -> None:
    """Beside one that was forgotten, whose tally therefore stays when the other is taken back."""
    state = calls([offered(TEN, "old"), ended(TEN + 5, "old")], rules_with(ALWAYS_OPEN, memory_ms=0), record_ms=TEN)
    for event in (offered(TEN, "new"), ended(TEN + 5, "new")):
        apply(state, event, TEN + HOUR)
    assert set(state.contacts) == {"new"}
    again = restarted(state, rules_with(state.rules, zone="Asia/Tokyo"))
    assert [tally.missed for by_cluster in again.settle().days.values() for tally in by_cluster.values()] == [1]


def test_an_answer_to_a_call_that_was_forgotten_since_somebody_looked_begins_anew() -> None:
    """The call is among the changes, but no longer among the contacts; it was counted as unresolved."""
    state = calls([offered(TEN)], rules_with(ALWAYS_OPEN, memory_ms=HOUR), record_ms=TEN)
    apply(state, answered(TEN + 20 * SECOND), TEN + 3 * HOUR)
    assert (state.contacts["c"].offered, state.contacts["c"].is_open) == (None, True)
    assert state.settle().months == {"2026-03": {KCC: PhoneTally(excluded={"unresolved": 1})}}


def test_calls_that_nobody_looks_at_do_not_pile_up() -> None:
    """Who looks next would wait for all of them to be counted."""
    state = CallState(ALWAYS_OPEN)
    for number in range(40_000):
        apply(state, offered(TEN + number, f"c-{number}"), 0)
        apply(state, answered(TEN + number + SECOND, f"c-{number}"), 0)
    assert 0 < sum(len(waits.waits_ms) for waits in state._answered.values()) <= 30_000
    assert state.settle().months["2026-03"][KCC].answered == 40_000


def test_a_count_that_broke_off_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows what of it is in the tallies already."""
    state = calls([offered(TEN), answered(TEN + SECOND)], ALWAYS_OPEN)

    def out_of_memory(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("streams.channels.calls.state.count_answered", out_of_memory)
        with pytest.raises(MemoryError):
            state.take_changes()
    for look in (lambda: state.settle().months, state.take_changes, lambda: state.settle().look(TEN)):
        with pytest.raises(RuntimeError, match="Let the worker start again"):
            look()


def test_what_was_settled_before_more_was_folded_refuses_to_be_read() -> None:
    """Whatever is read of it would lack what is noted but not counted yet."""
    state = calls([offered(TEN)], ALWAYS_OPEN)
    settled = state.settle()
    assert settled.months == {}
    apply(state, answered(TEN + SECOND), TEN)
    reads = (lambda: settled.months, lambda: settled.days, lambda: settled.slots, settled.snapshot)
    for read in (*reads, lambda: settled.slot_sums(0, 1), lambda: settled.look(TEN)):
        with pytest.raises(UnsettledError, match=r"call settle\(\) again"):
            read()
    assert state.settle().months["2026-03"][KCC].answered == 1


def test_a_state_that_is_judged_or_forgets_is_settled_anew() -> None:
    """Both count."""
    before = calls([offered(TEN), answered(TEN + SECOND)], record_ms=TEN)
    state = CallState(rules_with(lead_norm_days=9))
    for _ in state.take_in(_carried(before, before.settle().snapshot())):
        pass
    changes: tuple[Callable[[], None], ...] = (lambda: state.judge(1), lambda: state.advance(TEN + 2 * HOUR))
    for change in changes:
        settled = state.settle()
        change()
        with pytest.raises(UnsettledError):
            settled.look(TEN)


def test_reading_changes_nothing() -> None:
    """Looking a cluster up that nothing is counted for makes no tally, and a second look finds what the first did."""
    state = calls([offered(TEN), answered(TEN + SECOND)], ALWAYS_OPEN, TEN)
    state.take_changes()
    before = msgspec.msgpack.encode(state.settle().snapshot())
    near = state._ledger.near_slot(TEN // RULES.slot_ms)
    with pytest.raises(KeyError):
        near["no such cluster"]
    shown(state, TEN, KCC)
    assert msgspec.msgpack.encode(state.settle().snapshot()) == before
    assert (state.take_changes().months, state.take_changes().slots) == (set(), {})
