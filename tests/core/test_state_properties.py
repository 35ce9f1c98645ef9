"""The promise of the core: order, repetition and restarts change nothing, and no contact is lost or counted twice."""

import copy
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import pairwise
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.channels.calls.counts import PhoneTally
from streams.channels.calls.events import AnyCallEvent
from streams.channels.calls.measure import CallbackOvertaken
from streams.channels.calls.state import CallState
from streams.channels.figures import MonthTotals, figures, month_totals
from streams.channels.visits.counts import DeskTally
from streams.channels.visits.events import AnyTicketEvent, Requested
from streams.channels.visits.lives import lives
from streams.channels.visits.onward import further_waits
from streams.channels.visits.state import TicketState
from streams.core.counts import Tally
from streams.core.rules import Rules
from tests.applying import apply, batch_of
from tests.core.builders import DAY, HOUR, SECOND, STEADY, rules_with
from tests.core.folding import MOMENTS, NewState, assert_canonical, everything, fold, restarted
from tests.core.histories import HISTORY_RULES, NOON, OTHER_RULES, call_events, ticket_events

Facts = st.SearchStrategy[list[Any]]

call_histories = st.lists(call_events(), min_size=1, max_size=14)
ticket_histories = st.lists(ticket_events(), min_size=1, max_size=14)

on_both_channels = pytest.mark.parametrize(
    ("new_state", "histories"),
    [pytest.param(CallState, call_histories, id="calls"), pytest.param(TicketState, ticket_histories, id="visits")],
)

SHORT_MEMORY: Final[Rules] = rules_with(HISTORY_RULES, memory_ms=2 * HOUR)
"""Under which contacts are forgotten in the middle of a history."""

spans = st.sampled_from([20 * SECOND, 3 * HOUR, 3 * DAY, 6 * DAY])
"""How long the log of a history is: slots, hours and days fall out of it in turn."""


@st.composite
def told_again(draw: st.DrawFn, events: list[Any]) -> tuple[list[Any], set[int]]:
    """The same facts in another order, some of them more than once, and where to restart in between."""
    repeated = draw(st.lists(st.sampled_from(events), max_size=8))
    order = draw(st.permutations([*events, *repeated]))
    return order, draw(st.sets(st.integers(0, len(order)), max_size=4))


@st.composite
def logs(draw: st.DrawFn, length: int, span_ms: int) -> list[int]:
    """Times of so many records, increasing, within a span from noon on."""
    return sorted(NOON + draw(st.integers(0, span_ms)) for _ in range(length))


# Order, repetition, restarts.


@on_both_channels
@STEADY
@given(data=st.data())
def test_any_order_with_repetitions_and_restarts_gives_the_same_state(
    new_state: NewState, histories: Facts, data: st.DataObject
) -> None:
    """All records of one time: the state is the same to the last field, but for the number of facts taken in."""
    events = data.draw(histories)
    again, restarts = data.draw(told_again(events))
    once = fold(new_state, HISTORY_RULES, events)
    other = fold(new_state, HISTORY_RULES, again, restarts=restarts)
    assert everything(once, with_touched=True) == everything(other, with_touched=True)
    assert other.applied == len(again)
    assert_canonical(other)


@on_both_channels
@STEADY
@given(data=st.data(), span_ms=spans)
def test_it_does_not_matter_when_the_records_come(
    new_state: NewState, histories: Facts, data: st.DataObject, span_ms: int
) -> None:
    """The log's time moves on between the facts, other facts meet other horizons: what is left is the same."""
    events = data.draw(histories)
    again, restarts = data.draw(told_again(events))
    once = fold(new_state, HISTORY_RULES, events, log=data.draw(logs(len(events), span_ms)))
    other = fold(new_state, HISTORY_RULES, again, log=data.draw(logs(len(again), span_ms)), restarts=restarts)
    for state in (once, other):
        state.advance(NOON + span_ms)
    assert everything(once) == everything(other)
    assert_canonical(other)


@on_both_channels
@STEADY
@given(data=st.data(), span_ms=spans)
def test_restarts_change_nothing_even_where_contacts_are_forgotten(
    new_state: NewState, histories: Facts, data: st.DataObject, span_ms: int
) -> None:
    """The same log with and without restarts, to the last field, with a memory far too short."""
    events = data.draw(histories)
    log = data.draw(logs(len(events), span_ms))
    restarts = data.draw(st.sets(st.integers(0, len(events))))
    once = fold(new_state, SHORT_MEMORY, events, log=log)
    other = fold(new_state, SHORT_MEMORY, events, log=log, restarts=restarts)
    assert everything(once, with_touched=True) == everything(other, with_touched=True)
    assert once.applied == other.applied == len(events)
    assert_canonical(other)


@on_both_channels
@STEADY
@given(data=st.data(), span_ms=spans)
def test_batches_change_nothing(new_state: NewState, histories: Facts, data: st.DataObject, span_ms: int) -> None:
    """The same log fact by fact and in batches with readers in between, to the last field; the memory is short."""
    events = data.draw(histories)
    log = data.draw(logs(len(events), span_ms))
    once, other = fold(new_state, SHORT_MEMORY, events, log=log), new_state(SHORT_MEMORY)
    for batch in _cut(list(zip(events, log, strict=True)), data.draw(st.sets(st.integers(0, len(events))))):
        facts: list[Any] = [event for event, _ in batch]
        other.fold(batch_of(facts, [record_ms for _, record_ms in batch]))
        for now in MOMENTS[:3]:
            # a reader leaves sums behind, and may not find old ones later
            figures([other.settle()], SHORT_MEMORY, now)
    assert everything(once, with_touched=True) == everything(other, with_touched=True)
    assert once.applied == other.applied


def _cut(log: list[tuple[Any, int]], cuts: set[int]) -> list[list[tuple[Any, int]]]:
    edges = [0, *sorted(cuts), len(log)]
    return [log[start:end] for start, end in pairwise(edges)]


@on_both_channels
@STEADY
@given(data=st.data(), span_ms=spans)
def test_a_whole_and_the_changes_since_are_the_state(
    new_state: NewState, histories: Facts, data: st.DataObject, span_ms: int
) -> None:
    """The whole in slices between which the log goes on, then changes, with a memory far too short."""
    events = data.draw(histories)
    log = data.draw(logs(len(events), span_ms))
    first, *rest = _cut(list(zip(events, log, strict=True)), data.draw(st.sets(st.integers(0, len(events)))))
    state: Any = new_state(SHORT_MEMORY)
    parts = []
    _apply(state, first)
    state.take_changes()
    for contacts in state.contact_slices(data.draw(st.integers(1, 3))):
        parts.append(_written(state, state.snapshot_of_contacts(contacts)))
        if rest:
            _apply(state, rest.pop(0))
    parts.append(_written(state, state.settle().snapshot(state.take_changes().contacts)))
    for batch in rest:
        _apply(state, batch)
        parts.append(_written(state, state.settle().snapshot_of(state.take_changes())))
    whole, *later = parts
    for changes in later:
        whole.update(changes)
    again = type(state).restore(whole, state.rules)
    assert everything(again, with_touched=True) == everything(state, with_touched=True)
    assert again.applied == state.applied
    assert_canonical(again)


def _apply(state: Any, batch: list[tuple[Any, int]]) -> None:
    for event, record_ms in batch:
        apply(state, event, record_ms)


def _written(state: Any, snapshot: Any) -> Any:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(snapshot), type=state.snapshot_type)


@on_both_channels
@STEADY
@given(data=st.data(), span_ms=spans)
def test_who_waits_follows_the_state(
    new_state: NewState, histories: Facts, data: st.DataObject, span_ms: int
) -> None:
    """Looked at again and again while log and clock go on, and by somebody who comes in at that moment."""
    events = data.draw(histories)
    log = data.draw(logs(len(events), span_ms))
    state, now = new_state(SHORT_MEMORY), NOON
    for batch in _cut(list(zip(events, log, strict=True)), data.draw(st.sets(st.integers(0, len(events))))):
        _apply(state, batch)
        now += data.draw(st.sampled_from([-HOUR, 0, HOUR, 5 * HOUR, 13 * HOUR]))
        if data.draw(st.booleans()):
            state.take_changes()
        newcomer = restarted(state)
        assert figures([state.settle()], SHORT_MEMORY, now) == figures([newcomer.settle()], SHORT_MEMORY, now)
        assert month_totals(state.settle(), now) == month_totals(newcomer.settle(), now)


@on_both_channels
@STEADY
@given(data=st.data(), elsewhere=st.sets(st.sampled_from("abc")))
def test_contacts_may_be_spread_over_partitions(
    new_state: NewState, histories: Facts, data: st.DataObject, elsewhere: set[str]
) -> None:
    """Each contact's facts in one partition: the figures of both together are those of one."""
    events = data.draw(histories)
    parts = [[event for event in events if (_contact_id(event) in elsewhere) is side] for side in (False, True)]
    whole = fold(new_state, HISTORY_RULES, events)
    states = [fold(new_state, HISTORY_RULES, part).settle() for part in parts]
    for now in MOMENTS:
        assert figures(states, HISTORY_RULES, now) == figures([whole.settle()], HISTORY_RULES, now)
        assert _summed(month_totals(state, now) for state in states) == month_totals(whole.settle(), now)


def _contact_id(event: AnyCallEvent | AnyTicketEvent) -> str:
    return event.ticket_id if hasattr(event, "ticket_id") else event.call_id


def _summed(parts: Iterable[MonthTotals]) -> MonthTotals:
    totals: MonthTotals = {}
    for part in parts:
        for key, tally in part.items():
            totals.setdefault(key, type(tally)()).add(tally)
    return totals


# Nobody is lost.


@STEADY
@given(call_histories, st.sampled_from(MOMENTS))
def test_every_call_is_offered_excluded_called_back_or_waiting(events: list[AnyCallEvent], now: int) -> None:
    """At any moment each call is in exactly one of them; calls never seen to be offered wait nowhere, and expire."""
    state = fold(CallState, HISTORY_RULES, events)
    counted = calls = 0
    for tally in month_totals(state.settle(), now).values():
        assert isinstance(tally, PhoneTally)
        counted += tally.offered + sum(tally.excluded.values()) + tally.callbacks_requested
        calls += tally.reused_ids
    calls += len(state.contacts)
    measured = [each for call in state.contacts.values() for each in state.measure(call)]
    overtaken = sum(isinstance(each, CallbackOvertaken) for each in measured)
    assert sum(each.is_outcome for each in measured) + len(state.open) == calls
    waiting = sum(each.waiting.count for each in figures([state.settle()], HISTORY_RULES, now))
    not_yet_offered = sum(
        call.offered is None and state.due_ms(call) > now - HISTORY_RULES.call_expiry_ms
        for call in state.open.values()
    )
    assert counted - overtaken + waiting + not_yet_offered == calls


@STEADY
@given(ticket_histories)
def test_every_visit_has_one_outcome_in_the_end_and_every_request_is_counted(events: list[AnyTicketEvent]) -> None:
    """A year later every visit is served, unserved or excluded, once for each desk, and so is every request."""
    state = fold(TicketState, HISTORY_RULES, events)
    outcomes = requests = 0
    for tally in month_totals(state.settle(), NOON + 366 * DAY).values():
        assert isinstance(tally, DeskTally)
        outcomes += (
            tally.served + tally.walk_ins + tally.walk_ins_left + tally.no_shows + tally.cancelled + tally.left
        )
        outcomes += sum(tally.excluded.values()) + tally.onward + tally.onward_left
        requests += tally.requests + tally.implausible_requests
    visits = [visit for ticket in state.contacts.values() for visit in lives(ticket, state.calendar)]
    assert outcomes == sum(1 + len(further_waits(visit)) for visit in visits)
    assert requests == sum(visit.requested is not None for visit in visits)
    assert requests >= len({event.ticket_id for event in events if isinstance(event, Requested)})


@on_both_channels
@STEADY
@given(data=st.data())
def test_months_days_and_slots_count_the_same(new_state: NewState, histories: Facts, data: st.DataObject) -> None:
    """With a log so old that nothing is dropped: the days of a month are the month, and all slots are all months.

    But for the sketches, which months alone keep.
    """
    events = data.draw(histories)
    state = fold(new_state, HISTORY_RULES, events, log=[0] * len(events))
    by_month: dict[tuple[str, str], Tally] = {}
    for day, by_cluster in state.settle().days.items():
        _add(by_month, date.fromordinal(day).isoformat()[:7], by_cluster)
    totals: dict[tuple[str, str], Tally] = {}
    for (month, cluster), tally in month_totals(state.settle(), 0).items():
        _add(totals, month, {cluster: _without_sketch(tally)})
    assert by_month == totals
    in_slots: dict[tuple[str, str], Tally] = {}
    in_months: dict[tuple[str, str], Tally] = {}
    for by_cluster in state.settle().slots.values():
        _add(in_slots, "all", by_cluster)
    for by_cluster in state.settle().months.values():
        _add(in_months, "all", {cluster: _without_sketch(tally) for cluster, tally in by_cluster.items()})
    assert in_slots == in_months


def _without_sketch(tally: Tally) -> Tally:
    return msgspec.structs.replace(tally, sketch={})


def _add(totals: dict[tuple[str, str], Tally], span: str, by_cluster: Mapping[str, Tally]) -> None:
    for cluster, tally in by_cluster.items():
        totals.setdefault((span, cluster), type(tally)()).add(tally)


# Changed rules.


@on_both_channels
@STEADY
@given(data=st.data(), rules=st.sampled_from(OTHER_RULES), span_ms=spans)
def test_changed_rules_are_as_if_they_had_always_held(
    new_state: NewState, histories: Facts, data: st.DataObject, rules: Rules, span_ms: int
) -> None:
    """What is remembered is judged anew at the restart, and the rest of the log by the new rules."""
    events = data.draw(histories)
    log = data.draw(logs(len(events), span_ms))
    cut = data.draw(st.integers(0, len(events)))
    state = restarted(fold(new_state, HISTORY_RULES, events[:cut], log=log[:cut]), rules)
    for event, record_ms in zip(events[cut:], log[cut:], strict=True):
        apply(state, event, record_ms)
    always = fold(new_state, rules, events, log=log)
    assert everything(state, with_touched=True) == everything(always, with_touched=True)
    assert state.rules == rules
    assert_canonical(state)


@on_both_channels
@STEADY
@given(data=st.data(), rules=st.sampled_from(OTHER_RULES))
def test_rules_changed_and_changed_back_leave_no_trace(
    new_state: NewState, histories: Facts, data: st.DataObject, rules: Rules
) -> None:
    """Whatever a mistaken settings file did is undone by mending it."""
    state = fold(new_state, HISTORY_RULES, data.draw(histories))
    before = everything(state, with_touched=True)
    mended = restarted(restarted(state, rules), HISTORY_RULES)
    assert everything(mended, with_touched=True) == before


# Forgetting.


@on_both_channels
@STEADY
@given(data=st.data())
def test_forgetting_keeps_what_was_counted(new_state: NewState, histories: Facts, data: st.DataObject) -> None:
    """After the memory no contact is left, and the months are what they were once all open ones had expired."""
    state = fold(new_state, HISTORY_RULES, data.draw(histories))
    late = NOON + HISTORY_RULES.memory_ms + 20 * DAY
    expected = copy.deepcopy(month_totals(state.settle(), late))
    state.advance(late)
    assert (state.contacts, state.open, state.settle().slots, state.settle().days) == ({}, {}, {}, {})
    assert month_totals(state.settle(), late) == month_totals(state.settle(), NOON) == expected
    assert_canonical(state)


def test_the_histories_are_judged_by_rules_that_differ() -> None:
    """Or the tests of changed rules would say nothing."""
    assert len({HISTORY_RULES, *OTHER_RULES}) == 1 + len(OTHER_RULES)
