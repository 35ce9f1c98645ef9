"""Month totals on their topic: additive over partitions, exact over restarts, written only where they changed."""

import json
from itertools import chain, permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.channels.calls.counts import PhoneTally
from streams.channels.calls.events import AnyCallEvent
from streams.channels.calls.state import CallState
from streams.channels.figures import month_totals
from streams.channels.visits.events import AnyTicketEvent
from streams.channels.visits.state import TicketState
from streams.core.counts import Tally
from streams.core.rules import Channel, Cluster
from streams.core.state import AnyState
from streams.records.month_totals import (
    MonthRecord,
    MonthTotalsError,
    MonthTotalsWriter,
    month_records,
    sum_month_totals,
)
from tests.applying import apply
from tests.core.builders import (
    ALWAYS_OPEN,
    BURGERZAKEN,
    DAY,
    HOUR,
    KCC,
    OCMW,
    SECOND,
    STEADY,
    abandoned,
    answered,
    arrived,
    calls,
    cancelled,
    ms,
    offered,
    requested,
    rules_with,
    started,
    tickets,
)

TEN = ms("2026-03-02 10:00")
LATER = TEN + 5 * HOUR
"""Past the expiry of a call that was offered at ten."""


def march_calls() -> CallState:
    """Two calls answered after 20 and 40 s, one missed after 5 s."""
    return calls(
        [
            offered(TEN, "a"),
            answered(TEN + 20 * SECOND, "a"),
            offered(TEN, "b"),
            answered(TEN + 40 * SECOND, "b"),
            offered(TEN, "c"),
            abandoned(TEN + 5 * SECOND, "c"),
        ],
        record_ms=TEN,
    )


def totals_of(state: AnyState, now_ms: int = LATER) -> dict[tuple[str, Channel, str], Tally]:
    """What the topic should say of the state."""
    return {
        (month, state.channel, cluster): tally
        for (month, cluster), tally in month_totals(state.settle(), now_ms).items()
    }


def restarted(state: TicketState) -> TicketState:
    """The state as a new owner has it from a checkpoint."""
    snapshot = msgspec.msgpack.encode(state.settle().snapshot())
    return TicketState.restore(msgspec.msgpack.decode(snapshot, type=TicketState.snapshot_type), state.rules)


# The records.


def test_a_record_is_readable_and_complete() -> None:
    """Every field of the tally stands in the value, those that are 0 too, so that SQL finds its columns."""
    (record,) = month_records(march_calls().settle(), "calls-3", TEN)
    assert record.key == b"2026-03/phone/Klantencontactcentrum/calls-3"
    assert record.value is not None
    value = json.loads(record.value)
    sketch = value.pop("sketch")
    assert sum(sketch.values()) == 2
    new = (
        "reused_ids",
        "unclear_ids",
        "answered_too_late",
        "callbacks_requested",
        "called_back",
        "called_back_after_ms",
    )
    assert [value.pop(name) for name in new] == [0] * len(new)
    assert value == {
        "month": "2026-03",
        "channel": "phone",
        "cluster": KCC,
        "source": "calls-3",
        "within_norm": 2,
        "wait_ms": 60_000,
        "excluded": {},
        "answered": 2,
        "missed": 1,
        "missed_wait_ms": 5_000,
        "speed_categories": {"30000": 1, "60000": 1},
        "missed_categories": {"30000": 1},
        "missed_short": {},
        "missed_long": {},
    }


@STEADY
@given(st.lists(st.tuples(st.text("a/%é ", min_size=1), st.text("a/%-", min_size=1)), min_size=2, unique=True))
def test_two_places_never_share_a_key(places: list[tuple[str, str]]) -> None:
    keys = set()
    for cluster, source in places:
        rules = rules_with(ALWAYS_OPEN, clusters=(Cluster(cluster, Channel.PHONE, 45_000),))
        state = calls([offered(TEN, cluster=cluster), answered(TEN, cluster=cluster)], rules, TEN)
        (record,) = month_records(state.settle(), source, TEN)
        assert record.key.count(b"/") == 3
        keys.add(record.key)
    assert len(keys) == len(places)


def test_equal_totals_are_equal_bytes_in_whatever_order_the_facts_came() -> None:
    waits = (10, 45, 3_000)
    events: list[list[AnyCallEvent]] = [[offered(TEN, str(w)), answered(TEN + w * SECOND, str(w))] for w in waits]
    values = {
        month_records(calls(chain(*order), record_ms=TEN).settle(), "calls-0", TEN)[0]
        for order in permutations(events)
    }
    assert len(values) == 1


def test_only_the_months_and_clusters_asked_for_are_recorded() -> None:
    """What is asked for and is not there is taken back by a tombstone."""
    state = march_calls()
    assert month_records(state.settle(), "calls-0", TEN, set()) == []
    assert month_records(state.settle(), "calls-0", TEN, {("2026-03", KCC)}) == month_records(
        state.settle(), "calls-0", TEN
    )
    gone = MonthRecord(b"2026-02/phone/Klantencontactcentrum/calls-0", None)
    assert month_records(state.settle(), "calls-0", TEN, {("2026-02", KCC)}) == [gone]


# The sum.


def test_the_newest_record_of_each_key_counts_and_a_tombstone_takes_it_back() -> None:
    before = calls([offered(TEN, "a"), answered(TEN + 20 * SECOND, "a")], record_ms=TEN)
    (old,), (new,) = (
        month_records(before.settle(), "calls-0", TEN),
        month_records(march_calls().settle(), "calls-0", TEN),
    )
    assert old.key == new.key
    assert sum_month_totals([old, new]) == totals_of(march_calls())
    assert sum_month_totals([old, new, MonthRecord(new.key, None)]) == {}


def test_a_record_that_is_no_month_total_is_named() -> None:
    with pytest.raises(MonthTotalsError, match=r"the record 2026-03/x should hold a month total"):
        sum_month_totals([(b"2026-03/x", b'{"month": 3}')])


_CALLS = st.lists(st.tuples(st.integers(0, 2), st.integers(-40, 40), st.integers(0, 400), st.booleans()), max_size=15)


@STEADY
@given(_CALLS)
def test_the_records_of_all_partitions_sum_to_the_totals_of_one(drawn: list[tuple[int, int, int, bool]]) -> None:
    """Over month ends, with calls that never end counted as unresolved."""
    alone, parts = CallState(ALWAYS_OPEN), [CallState(ALWAYS_OPEN) for _ in range(3)]
    for number, (part, days, wait, ends) in enumerate(drawn):
        at = TEN + days * DAY
        for event in (offered(at, str(number)), answered(at + wait * SECOND, str(number)))[: 1 + ends]:
            apply(alone, event, TEN)
            apply(parts[part], event, TEN)
    records = [
        record
        for number, part in enumerate(parts)
        for record in month_records(part.settle(), f"calls-{number}", LATER)
    ]
    assert sum_month_totals(records) == totals_of(alone)


# The writer.


def test_everything_is_written_first_and_then_only_what_changed() -> None:
    state = march_calls()
    apply(state, offered(ms("2026-04-01 10:00"), "d"), TEN)
    apply(state, answered(ms("2026-04-01 10:01"), "d"), TEN)
    writer = MonthTotalsWriter("calls-0", state)
    assert writer.changed(state.take_changes(), TEN) == month_records(state.settle(), "calls-0", TEN)
    assert writer.changed(state.take_changes(), TEN) == []
    apply(state, offered(TEN, "e"), TEN)
    apply(state, answered(TEN + SECOND, "e"), TEN)
    assert writer.changed(state.take_changes(), TEN) == month_records(
        state.settle(), "calls-0", TEN, {("2026-03", KCC)}
    )
    assert writer.changed(state.take_changes(), TEN) == []


def test_a_fact_that_changes_no_total_is_not_written() -> None:
    state = march_calls()
    writer = MonthTotalsWriter("calls-0", state)
    writer.changed(state.take_changes(), TEN)
    apply(state, offered(TEN, "a"), TEN)
    assert writer.changed(state.take_changes(), TEN) == []


def test_a_total_that_vanished_is_taken_back() -> None:
    """The desk that received the visitor is known first, the desk the visitor came for later."""
    state = tickets([started(TEN, TEN, cluster=OCMW)], record_ms=TEN)
    writer = MonthTotalsWriter("tickets-0", state)
    writer.changed(state.take_changes(), TEN)
    apply(state, requested(TEN - DAY, TEN, cluster=BURGERZAKEN), TEN)
    topic = dict(writer.changed(state.take_changes(), TEN))
    assert topic[b"2026-03/desk/OCMW/tickets-0"] is None
    assert topic[b"2026-03/desk/Burgerzaken/tickets-0"] is not None


def test_a_call_that_expires_is_written_although_no_record_came() -> None:
    state = calls([offered(TEN)], record_ms=TEN)
    writer = MonthTotalsWriter("calls-0", state)
    writer.changed(state.take_changes(), TEN)
    expired = sum_month_totals(writer.changed(state.take_changes(), LATER))
    assert expired == {("2026-03", Channel.PHONE, KCC): PhoneTally(excluded={"unresolved": 1})}
    assert writer.changed(state.take_changes(), LATER) == []


@pytest.mark.parametrize("restart", [False, True])
def test_an_expired_contact_that_turns_up_elsewhere_is_taken_back(*, restart: bool) -> None:
    """It counted as unresolved, which is in no state and no checkpoint."""
    state = tickets([arrived(TEN, cluster=OCMW)], record_ms=TEN)
    expired = TEN + 13 * HOUR
    writer = MonthTotalsWriter("tickets-0", state)
    topic = dict(writer.changed(state.take_changes(), expired))
    if restart:
        state = restarted(state)
        writer = MonthTotalsWriter("tickets-0", state)
    apply(state, requested(TEN - DAY, TEN, cluster=BURGERZAKEN), TEN)
    apply(state, started(TEN), TEN)
    topic.update(writer.changed(state.take_changes(), expired))
    assert sum_month_totals(topic.items()) == totals_of(state, now_ms=expired)
    assert topic[b"2026-03/desk/OCMW/tickets-0"] is None


def test_after_a_restart_everything_is_written_once_more() -> None:
    """The former owner may have stopped before it came to it."""
    state = tickets([started(TEN, TEN)], record_ms=TEN)
    written = MonthTotalsWriter("tickets-0", state).changed(state.take_changes(), TEN)
    state = restarted(state)
    assert MonthTotalsWriter("tickets-0", state).changed(state.take_changes(), TEN) == written != []


_PLACES = st.sampled_from([BURGERZAKEN, OCMW])
_TIMES = st.sampled_from([TEN - 40 * DAY, TEN - DAY, TEN, TEN + HOUR])
_FACTS: st.SearchStrategy[AnyTicketEvent] = st.one_of(
    st.builds(requested, _TIMES, _TIMES, st.sampled_from("xyz"), _PLACES),
    st.builds(arrived, _TIMES, st.none() | _TIMES, st.sampled_from("xyz"), _PLACES),
    st.builds(started, _TIMES, st.none() | _TIMES, st.sampled_from("xyz"), _PLACES),
    st.builds(cancelled, _TIMES, st.none() | _TIMES, st.sampled_from("xyz"), _PLACES),
)
_STEPS = st.lists(_FACTS | st.sampled_from(["write", "crash", "wait", "age"]), max_size=25)


def _log(steps: list[AnyTicketEvent | str]) -> list[tuple[AnyTicketEvent, int]]:
    """The facts with their records' times; at each "age" all that was known before is forgotten."""
    log, record_ms = [], TEN
    for step in steps:
        if not isinstance(step, str):
            log.append((step, record_ms))
        elif step == "age":
            record_ms += 40 * DAY
    return log


@STEADY
@given(_STEPS)
def test_the_topic_says_what_the_state_says_whatever_happens(steps: list[AnyTicketEvent | str]) -> None:
    """Facts, time that passes, forgetting, writes together with a checkpoint, crashes back to the last of them."""
    log = _log(steps)
    state, now, folded = TicketState(ALWAYS_OPEN), TEN, 0
    checkpoint, covered = restarted(state), folded
    writer, topic = MonthTotalsWriter("tickets-0", state), dict[bytes, bytes | None]()
    for step in [*steps, *log, "write"]:
        if step in ("wait", "age"):
            now += 13 * HOUR
        elif step == "write":
            topic.update(writer.changed(state.take_changes(), now))
            checkpoint, covered = restarted(state), folded
        elif step == "crash":
            state, folded = restarted(checkpoint), covered
            writer = MonthTotalsWriter("tickets-0", state)
        elif folded < len(log):
            apply(state, *log[folded])
            folded += 1
    assert folded == len(log)
    assert sum_month_totals(topic.items()) == totals_of(state, now_ms=now)
