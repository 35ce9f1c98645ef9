"""Judging anew after changed rules goes on beside everything else, and ends as if it had been done at once.

What is folded, read, noted or forgotten in between must not matter, nor in how many steps it is done.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.channels.calls.state import CallState
from streams.channels.figures import figures
from streams.core.rules import Rules
from streams.records.month_totals import MonthTotalsWriter, month_records
from tests.applying import apply
from tests.core.builders import (
    BURGERZAKEN,
    HOUR,
    KCC,
    MINUTE,
    RULES,
    SECOND,
    STEADY,
    answered,
    calls,
    ms,
    offered,
    rules_with,
)
from tests.core.folding import MOMENTS, NewState, assert_canonical, everything, fold, restarted
from tests.core.histories import HISTORY_RULES, NOON, OTHER_RULES
from tests.core.test_state_properties import Facts, logs, on_both_channels, spans

MEMORIES: Final = (HISTORY_RULES.memory_ms, 2 * HOUR)
"""Long, and so short that contacts are forgotten in the middle of a history, before or after they are judged."""


def taken_in(state: Any, rules: Rules, at_once: int) -> Any:
    """The state as a worker finds it again after its rules have changed, with nothing judged that need not be."""
    written = msgspec.msgpack.decode(msgspec.msgpack.encode(state.settle().snapshot()), type=state.snapshot_type)
    again = type(state)(rules)
    for _ in again.take_in(written, at_once):
        pass
    return again


def unjudged(state: Any) -> int:
    """Counted one by one."""
    return sum(contact.is_open is None for contact in state.contacts.values())


@on_both_channels
@STEADY
@given(data=st.data(), span_ms=spans)
def test_judging_beside_the_fold_is_judging_before_it(
    new_state: NewState, histories: Facts, data: st.DataObject, span_ms: int
) -> None:
    """To the last field, whatever is folded, read, noted and forgotten between any steps."""
    rules_before, rules = (
        rules_with(data.draw(st.sampled_from(some)), memory_ms=data.draw(st.sampled_from(MEMORIES)))
        for some in ((HISTORY_RULES,), OTHER_RULES)
    )
    events = data.draw(histories)
    log = data.draw(logs(len(events), span_ms))
    cut = data.draw(st.integers(0, len(events)))
    before = fold(new_state, rules_before, events[:cut], log=log[:cut])
    at_once, beside = restarted(before, rules), taken_in(before, rules, data.draw(st.integers(1, 3)))
    for event, record_ms in zip(events[cut:], log[cut:], strict=True):
        for step in data.draw(st.lists(st.sampled_from(["judge", "read", "note"]), max_size=2)):
            _take(step, beside)
        apply(at_once, event, record_ms)
        apply(beside, event, record_ms)
        assert beside.unjudged == unjudged(beside)
    beside.judge(len(events))
    assert beside.unjudged == unjudged(beside) == 0
    assert everything(beside, with_touched=True) == everything(at_once, with_touched=True)
    assert beside.applied == at_once.applied
    assert_canonical(beside)


def _take(step: str, state: Any) -> None:
    if step == "judge":
        state.judge(1)
    elif step == "read":
        for now in MOMENTS[:3]:
            figures([state.settle()], state.rules, now)
    else:
        state.take_changes()


@on_both_channels
@STEADY
@given(data=st.data(), rules=st.sampled_from(OTHER_RULES), now=st.sampled_from(MOMENTS))
def test_the_totals_written_after_judging_take_the_place_of_those_before(
    new_state: NewState, histories: Facts, data: st.DataObject, rules: Rules, now: int
) -> None:
    """Those that are gone too: what a reader finds then is what today's rules give."""
    before = fold(new_state, HISTORY_RULES, data.draw(histories))
    topic = dict(month_records(before.settle(), "source", now))
    state = taken_in(before, rules, 1)
    _write_anew(topic, state, now)
    assert _read(topic) == dict(month_records(restarted(before, rules).settle(), "source", now))


def test_a_caller_who_was_given_up_is_taken_back_where_changed_hours_leave_him_out_in_another_month() -> None:
    """In Tokyo he called before opening time, and in April."""
    offered_at = ms("2026-03-31 19:00")
    before = calls([offered(offered_at)], record_ms=offered_at)
    now = offered_at + 2 * RULES.call_expiry_ms
    topic = dict(month_records(before.settle(), "source", now))
    state = taken_in(before, rules_with(RULES, zone="Asia/Tokyo"), 1)
    _write_anew(topic, state, now)
    assert [key.partition(b"/")[0] for key in _read(topic)] == [b"2026-04"]


def _write_anew(topic: dict[bytes, bytes | None], state: Any, now: int) -> None:
    """What a worker writes that has taken the state over, once it has judged everything."""
    writer = MonthTotalsWriter("source", state)
    while state.unjudged:
        state.judge(1)
    topic |= dict(writer.changed(state.take_changes(), now))


def _read(topic: dict[bytes, bytes | None]) -> dict[bytes, bytes | None]:
    return {key: value for key, value in topic.items() if value is not None}


def test_nothing_can_be_written_of_a_state_that_is_partly_judged() -> None:
    """Its tallies are made by two sets of rules: a restart could not take them back."""
    state = taken_in(_answered(3), _other_norm(KCC), 2)
    assert state.unjudged == 3
    state.judge(1)
    settled, changes = state.settle(), state.take_changes()
    writes: tuple[Callable[[], object], ...] = (settled.snapshot, lambda: settled.snapshot_of(changes))
    for write in writes:
        with pytest.raises(RuntimeError, match="2 contacts are still counted by the rules of before"):
            write()
    state.judge(2)
    assert state.settle().snapshot().rules == _other_norm(KCC)


def test_the_newest_are_judged_first() -> None:
    """The windows and the day are right long before the months are."""
    state = taken_in(_answered(3), _other_norm(KCC), 2)
    state.judge(1)
    assert [state.contacts[call_id].is_open for call_id in ("0", "1", "2")] == [None, None, False]


def test_what_is_forgotten_at_once_by_shorter_memory_does_not_stand_for_what_is_to_be_judged() -> None:
    """Of three calls the first is forgotten when the state is taken in, the others are judged."""
    before = _answered(3)
    apply(before, offered(NOON + 3 * HOUR, "later"), NOON + 3 * HOUR)
    before.contacts["1"].touched = before.contacts["2"].touched = NOON + 3 * HOUR
    state = restarted(before, rules_with(RULES, memory_ms=2 * HOUR))
    assert state.contacts.keys() == {"1", "2", "later"}
    assert state.unjudged == unjudged(state) == 0


def test_what_both_rules_count_alike_is_left_alone() -> None:
    """Nothing of another cluster is taken back and counted again: most of what is remembered, mostly."""
    state = taken_in(_answered(3), _other_norm(BURGERZAKEN), 2)
    state.judge(3)
    assert state.rules == _other_norm(BURGERZAKEN)
    changes = state.take_changes()
    assert (changes.months, changes.slots) == (set(), {})


def _other_norm(name: str) -> Rules:
    clusters = tuple(
        msgspec.structs.replace(cluster, norm_ms=cluster.norm_ms + MINUTE) if cluster.name == name else cluster
        for cluster in RULES.clusters
    )
    return rules_with(RULES, clusters=clusters)


def _answered(count: int) -> CallState:
    moments = [NOON + number * SECOND for number in range(count)]
    facts = [(offered(at, str(i)), answered(at + MINUTE, str(i))) for i, at in enumerate(moments)]
    return calls([fact for both in facts for fact in both], record_ms=NOON)
