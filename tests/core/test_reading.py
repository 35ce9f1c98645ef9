"""Reading never writes: whatever is read of a state, how often, of which moments and in which order."""

import copy
from collections.abc import Callable
from typing import Any, Final

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.channels.figures import figures, month_keys, month_totals
from streams.core.changes import Changes
from tests.applying import apply
from tests.core.builders import DAY, HOUR, STEADY
from tests.core.folding import MOMENTS, NewState, everything, fold
from tests.core.histories import HISTORY_RULES, NOON
from tests.core.test_state_properties import Facts, logs, on_both_channels, spans

Read = Callable[[Any, int], Any]


def _who_waits(state: Any, now_ms: int) -> Any:
    room = state.settle().look(now_ms)
    waiting = {(each.cluster, each.walk_in): (each.count, room.since_ms(each)) for each in room.lines if each.count}
    return waiting, room.open_count, room.months, room.days


def _slot_sums(state: Any, now_ms: int) -> Any:
    """Of the longest window, and of what no window asks for."""
    slot = now_ms // HISTORY_RULES.slot_ms
    return [list(state.settle().slot_sums(slot - length, slot + 1)) for length in (1, 97, 360, 1000)]


def _judged(state: Any, _: int) -> Any:
    """What is asked about contacts one by one."""
    measured = {each: state.measure(contact) for each, contact in state.contacts.items()}
    over = {each: state.is_over(state.contacts[each], found) for each, found in measured.items()}
    due = {each: state.due_ms(contact) for each, contact in state.contacts.items()}
    waits = {each: (state.place(contact), state.expired(contact)) for each, contact in state.open.items()}
    return measured, over, due, waits


READS: Final[dict[str, Read]] = {
    "settle": lambda state, _: state.settle() is state.settle(),
    "months": lambda state, _: state.settle().months,
    "days": lambda state, _: state.settle().days,
    "slots": lambda state, _: state.settle().slots,
    "slot sums": _slot_sums,
    "who waits": _who_waits,
    "figures": lambda state, now_ms: figures([state.settle()], HISTORY_RULES, now_ms),
    "month totals": lambda state, now_ms: month_totals(state.settle(), now_ms),
    "totals of no month": lambda state, now_ms: month_totals(state.settle(), now_ms, {("1999-01", "nowhere")}),
    "month keys": lambda state, _: month_keys(state.settle()),
    "open": lambda state, _: state.open,
    "contacts": _judged,
    "slices": lambda state, _: list(state.contact_slices(2)),
    "snapshot": lambda state, _: state.settle().snapshot(),
    "parts": lambda state, now_ms: state.settle().snapshot_of(
        Changes(periods={("1999-01", now_ms // DAY): {"nowhere"}}, slots={now_ms: {"nowhere"}})
    ),
    "unjudged": lambda state, _: state.unjudged,
}
"""All that a state, its settled view and the figures made of it are asked, at a moment."""


def written(state: Any) -> bytes:
    """The state as a checkpoint has it."""
    return msgspec.msgpack.encode(state.settle().snapshot())


@on_both_channels
@settings(STEADY, max_examples=30)
@given(data=st.data(), span_ms=spans)
def test_reading_never_writes(new_state: NewState, histories: Facts, data: st.DataObject, span_ms: int) -> None:
    """The same answers in any order, the same state to the byte, and what is folded later finds nothing of it."""
    events = data.draw(histories)
    log = data.draw(logs(len(events), span_ms))
    cut = data.draw(st.integers(0, len(events)))
    state, other, unread = (fold(new_state, HISTORY_RULES, events[:cut], log=log[:cut]) for _ in range(3))
    before = written(unread)

    moments = st.sampled_from([*MOMENTS, NOON - HOUR])
    reads = data.draw(st.lists(st.tuples(st.sampled_from([*READS]), moments), max_size=8))
    answers = {(what, at): copy.deepcopy(READS[what](state, at)) for what, at in reads}
    assert answers == {(what, at): READS[what](other, at) for what, at in data.draw(st.permutations(reads * 2))}
    assert before == written(state) == written(other)

    for event, record_ms in zip(events[cut:], log[cut:], strict=True):
        for each in (state, other, unread):
            apply(each, event, record_ms)
    never_read = everything(unread, with_touched=True)
    assert everything(state, with_touched=True) == never_read == everything(other, with_touched=True)
