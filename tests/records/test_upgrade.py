"""An installation of the version before goes on: its checkpoint is read, and counted by what facts mean today."""

import base64
import json
from typing import Any

import msgspec
import pytest

from streams.channels.calls.events import AnyCallEvent
from streams.channels.calls.state import CallState
from streams.channels.visits.state import TicketState
from streams.contracts.topics import checkpoint_topic
from streams.core.snapshot import EARLIEST_FACTS_VERSION
from streams.records import checkpoint
from streams.records.month_totals import month_records, sum_month_totals
from streams.records.progress import is_beside
from tests.core.builders import abandoned, answered, calls, ended, ms, offered, phone_month
from tests.core.folding import assert_canonical
from tests.records import former

FORMER: Any = json.loads(former.FILE.read_text())

TEN = ms("2026-03-02 10:00")

Records = list[tuple[bytes, bytes | None]]


def topic_of(channel: str, name: str) -> Records:
    """The records of one topic as the version before wrote them."""
    return decoded(FORMER[channel][name])


def decoded(records: Any) -> Records:
    """Keys and values as they are in the file, as bytes."""
    return [(base64.b64decode(key), value and base64.b64decode(value)) for key, value in records]


@pytest.fixture(params=[("phone", "calls", CallState), ("desk", "tickets", TicketState)], ids=["calls", "visits"])
def restored(request: pytest.FixtureRequest) -> tuple[Any, str, str]:
    """The state that is found in the former checkpoint, by the rules it was written by."""
    channel, source, state = request.param
    found = checkpoint.decode(topic_of(channel, checkpoint_topic(source)), "here")
    assert found is not None
    assert found.damage is None
    whole, *later = (msgspec.msgpack.decode(each, type=state.snapshot_type) for each in found.snapshots)
    for changes in later:
        whole.update(changes)
    return state.restore(whole, whole.rules), channel, source


def test_the_former_checkpoint_is_the_state_that_the_former_totals_were_written_from(
    restored: tuple[Any, str, str],
) -> None:
    """Every count of every month total; what is counted since, and was not then, is nothing of the facts there."""
    state, channel, source = restored
    assert_canonical(state)
    totals = {key: value for key, value in topic_of(channel, "month-totals") if not is_beside(key)}
    now = month_records(state.settle(), f"{source}-0", former.LATER_MS)
    assert len(totals) >= 1
    written = dict(now)
    assert written.keys() == {key for key, value in totals.items() if value is not None}
    for key, value in written.items():
        assert_same_but_for_new(json.loads(value or b""), json.loads(totals[key] or b""))
    assert all(not tally.is_empty() for tally in sum_month_totals(totals.items()).values())


async def test_what_is_written_now_is_what_the_former_version_wrote() -> None:
    """To the last figure, of visits and calls that hold nothing which is understood otherwise."""
    now = await former.written()
    for channel, topics in FORMER.items():
        for name, records in topics.items():
            if name.endswith("-checkpoints"):
                before, after = unpacked(records), unpacked(now[channel][name])
                assert len(after.snapshots) == len(before.snapshots)
                for mine, theirs in zip(after.snapshots, before.snapshots, strict=True):
                    assert_same_but_for_new(tallied(mine), tallied(theirs))
            else:
                for (key, mine), (former_key, theirs) in zip(
                    decoded(now[channel][name]), decoded(records), strict=True
                ):
                    assert key == former_key
                    if mine != theirs:
                        assert_same_but_for_new(json.loads(mine or b""), json.loads(theirs or b""))


def tallied(snapshot: bytes) -> Any:
    """What a snapshot holds, and of its contacts whose they are: more is told of a contact now, and by more rules."""
    held = msgspec.msgpack.decode(snapshot)
    return held | {"contacts": sorted(held["contacts"]), "version": None, "rules": None}


def assert_same_but_for_new(now: Any, before: Any) -> None:
    """Everything of before is as it was, and what is new says nothing: it is zero or empty, and comes last."""
    if isinstance(before, dict):
        assert all(not value for key, value in now.items() if key not in before), now
        for key, value in before.items():
            if not (key == "rules" and isinstance(value, str)):  # a digest, which new rules change
                assert_same_but_for_new(now[key], value)
    elif isinstance(before, list):
        assert not any(now[len(before) :]), now
        for mine, theirs in zip(now, before, strict=False):
            assert_same_but_for_new(mine, theirs)
    else:
        assert now == before


def unpacked(records: Any) -> Any:
    """What a checkpoint holds, to the byte."""
    return checkpoint.decode(decoded(records), "here")


def test_calls_that_were_counted_by_their_earliest_facts_are_counted_by_all_of_them() -> None:
    """Answered after hanging up, an answer of before: the one is missed now, and what was counted is taken back."""
    before: list[AnyCallEvent] = [
        offered(TEN, "left"),
        answered(TEN + 20_000, "left"),
        offered(TEN, "held"),
        answered(TEN + 9_000, "held"),
    ]
    written = msgspec.to_builtins(calls(before).settle().snapshot())
    written["version"] = EARLIEST_FACTS_VERSION
    written["contacts"] = {call: facts[:-1] for call, facts in written["contacts"].items()}
    written["contacts"]["left"][6] = TEN + 5_000
    former_one = msgspec.convert(written, type=CallState.snapshot_type, strict=False)
    state = CallState.restore(former_one, former_one.rules)
    assert state.contacts["left"].abandoned == TEN + 5_000
    today = calls([*before, abandoned(TEN + 5_000, "left")])
    assert state.settle().months == today.settle().months
    assert state.settle().slots == today.settle().slots
    assert phone_month(state, "2026-03").answered_too_late == 1
    assert_canonical(state)


def test_only_what_may_differ_is_judged_anew() -> None:
    """Of millions that are remembered nearly all mean what they meant."""
    before: list[AnyCallEvent] = [
        offered(TEN, "a"),
        answered(TEN + 20_000, "a"),
        offered(TEN, "b"),
        ended(TEN + 9_000, "b"),
    ]
    snapshot = calls(before).settle().snapshot()
    snapshot.version = EARLIEST_FACTS_VERSION
    state = CallState(snapshot.rules)
    for _ in state.take_in(snapshot):
        pass
    assert state.unjudged == 0
