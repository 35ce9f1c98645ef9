"""A checkpoint is read back as it was written, or refused: never half, never guessed at."""

import zlib
from typing import Any

import msgspec
import pytest

from streams.channels.calls.events import Answered, Offered
from streams.channels.calls.state import CallState
from streams.core.coverage import QuarterMap
from streams.core.month_notes import MonthNote
from streams.core.rules import HOUR_MS, Channel
from streams.core.snapshot import EARLIEST_FACTS_VERSION
from streams.records import checkpoint
from streams.records.checkpoint import (
    FORMAT,
    HEAD_KEY,
    CheckpointError,
    Layout,
    LostCheckpointError,
    compress,
    encode_part,
)
from streams.runtime.partition import new_state, restore
from streams.settings import load
from tests.applying import apply

RULES = load(None, {}).rules
NINE_ON_MONDAY_MS = 1_791_183_600_000
"""Monday 5 October 2026, 09:00 in Brussels."""


def state_of(calls: int) -> CallState:
    """A state with so many answered calls; the ids do not compress well."""
    state = CallState(RULES)
    for number in range(calls):
        call_id = f"{zlib.crc32(b'%d' % number):08x}{zlib.adler32(b'%d!' % number):08x}"
        at = NINE_ON_MONDAY_MS / 1000 + number % 3600
        apply(state, Offered(call_id=call_id, cluster="Klantencontactcentrum", at=at), NINE_ON_MONDAY_MS)
        apply(state, Answered(call_id=call_id, cluster="Klantencontactcentrum", at=at + 20), NINE_ON_MONDAY_MS)
    return state


def whole(state: CallState, next_offset: int, layout: Layout | None = None) -> list[tuple[bytes, bytes]]:
    """The records of a checkpoint of the whole state."""
    part = compress(encode_part(state.settle().snapshot(), next_offset))
    return (layout or Layout()).add([part], next_offset, whole=True)


def changed(state: CallState, next_offset: int, layout: Layout) -> list[tuple[bytes, bytes]]:
    """The records of a checkpoint of what has changed in the state."""
    part = compress(encode_part(state.settle().snapshot_of(state.take_changes()), next_offset))
    return layout.add([part], next_offset, whole=False)


def restored(found: checkpoint.Checkpoint | None) -> CallState:
    """The state in a checkpoint."""
    assert found is not None
    state = new_state(Channel.PHONE, RULES)
    for _ in restore(state, found.snapshots):
        pass
    assert isinstance(state, CallState)
    return state


def everything(state: CallState) -> Any:
    """All of a state, comparable."""
    return msgspec.to_builtins(state.settle().snapshot(), str_keys=True)


def test_no_records_hold_no_checkpoint() -> None:
    assert checkpoint.decode([], "calls-checkpoints-0") is None


def test_what_is_written_is_read_back() -> None:
    state = state_of(100)
    found = checkpoint.decode(whole(state, 4711, Layout(2)), "calls-checkpoints-0")
    assert found is not None
    assert (found.next_offset, found.generation) == (4711, 3)
    assert everything(restored(found)) == everything(state)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks so small that a small state needs many."""
    monkeypatch.setattr(checkpoint, "CHUNK_BYTES", 500)


@pytest.mark.usefixtures("small_chunks")
def test_a_large_state_is_written_in_chunks_below_the_limit() -> None:
    state = state_of(300)
    records = whole(state, 9)
    assert len(records) > 10
    assert all(len(value) <= 500 for _, value in records)
    assert records[-1][0] == HEAD_KEY
    assert everything(restored(checkpoint.decode(records, "here"))) == everything(state)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("missing", [1, 2, 5])
def test_a_half_written_checkpoint_leaves_the_one_before(missing: int) -> None:
    before, after = state_of(200), state_of(400)
    layout = Layout()
    first, second = whole(before, 200, layout), whole(after, 400, layout)
    assert len(second) > missing
    found = checkpoint.decode([*first, *second[:-missing]], "here")
    assert found is not None
    assert found.next_offset == 200
    assert everything(restored(found)) == everything(before)


@pytest.mark.usefixtures("small_chunks")
def test_a_smaller_checkpoint_replaces_a_larger_one() -> None:
    layout = Layout()
    larger = [whole(state_of(400), 400 + n, layout) for n in (1, 2)]
    records = [*larger[0], *larger[1], *whole(state_of(5), 500, layout)]
    found = checkpoint.decode(records, "here")
    assert found is not None
    assert found.next_offset == 500
    assert everything(restored(found)) == everything(state_of(5))


def test_compaction_changes_nothing() -> None:
    """Of each key only the newest record is left, wherever the broker has got to."""
    layout = Layout()
    records = [record for n in (1, 2, 3) for record in whole(state_of(10 * n), 10 * n, layout)]
    newest = list({key: (key, value) for key, value in records}.values())
    assert checkpoint.decode(newest, "here") == checkpoint.decode(records, "here")


def test_a_damaged_chunk_is_refused_with_its_place() -> None:
    *chunks, head = whole(state_of(10), 10)
    key, value = chunks[0]
    damaged = [(key, value[:-1] + bytes([value[-1] ^ 1])), *chunks[1:], head]
    with pytest.raises(
        CheckpointError, match=r"checkpoint in calls-checkpoints-2 is corrupt: the checksum of a part"
    ):
        checkpoint.decode(damaged, "calls-checkpoints-2")


def test_a_missing_chunk_is_refused() -> None:
    with pytest.raises(CheckpointError, match=r"corrupt: its chunk/1/0/0 is missing"):
        checkpoint.decode(whole(state_of(10), 10)[-1:], "here")


def test_an_unreadable_head_is_refused() -> None:
    with pytest.raises(CheckpointError, match=r"corrupt: its head is unreadable"):
        checkpoint.decode([(HEAD_KEY, b"{not json")], "here")


def test_a_newer_format_is_refused_and_says_what_to_do() -> None:
    with pytest.raises(CheckpointError, match=r"format 99.*reads format 3.*Run the version that wrote it"):
        checkpoint.decode([(HEAD_KEY, b'{"format":99}')], "here")


def test_a_newer_snapshot_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "SNAPSHOT_VERSION", 7)
    records = whole(state_of(1), 1)
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match=r"a snapshot of format 7"):
        checkpoint.decode(records, "here")


# Parts.


def test_changes_are_added_to_the_whole() -> None:
    """The state is read back from the whole and every change since, whatever happened in between."""
    state, layout = state_of(50), Layout()
    state.take_changes()
    records = whole(state, 100, layout)
    offered_at = NINE_ON_MONDAY_MS / 1000
    for number in range(5):
        call_id, hours_later = f"new-{number}", NINE_ON_MONDAY_MS + number * HOUR_MS  # so that things are forgotten
        apply(state, Answered(call_id=call_id, cluster="Klantencontactcentrum", at=offered_at + 9), hours_later)
        apply(state, Offered(call_id=call_id, cluster="Klantencontactcentrum", at=offered_at), hours_later)
        records += changed(state, 101 + number, layout)
    found = checkpoint.decode(records, "here")
    assert found is not None
    assert (found.next_offset, len(found.snapshots)) == (105, 6)
    assert everything(restored(found)) == everything(state)


def test_a_tally_that_a_change_has_emptied_is_gone() -> None:
    """A call turns out to have come before opening hours: its window, day and cluster hold nothing any more."""
    state, layout = state_of(1), Layout()
    state.take_changes()
    records = whole(state, 2, layout)
    (call_id,) = state.contacts
    apply(
        state,
        Offered(call_id=call_id, cluster="Klantencontactcentrum", at=NINE_ON_MONDAY_MS / 1000 - 7_200),
        NINE_ON_MONDAY_MS,
    )
    records += changed(state, 3, layout)
    assert state.settle().months["2026-10"]["Klantencontactcentrum"].answered == 0
    assert everything(restored(checkpoint.decode(records, "here"))) == everything(state)


def test_the_notes_of_each_month_are_those_that_were_written_last() -> None:
    """A part holds those that have changed."""
    state, layout, records = state_of(3), Layout(), list[tuple[bytes, bytes]]()
    for number, month in enumerate(("2026-09", "2026-10", "2026-10")):
        note = MonthNote(QuarterMap(bytearray([number])), {"Klantencontactcentrum": number})
        part = compress(encode_part(state.settle().snapshot_of(state.take_changes()), 5 + number, {month: note}))
        records += layout.add([part], 5 + number, whole=not number)
    found = checkpoint.decode(records, "here")
    assert found is not None
    assert {month: note.late_facts for month, note in found.notes.items()} == {
        "2026-09": {"Klantencontactcentrum": 0},
        "2026-10": {"Klantencontactcentrum": 2},
    }
    assert found.notes["2026-10"].quarters.bits == bytearray([2])


@pytest.mark.usefixtures("small_chunks")
def test_a_half_written_change_leaves_the_checkpoint_before() -> None:
    state, layout = state_of(50), Layout()
    state.take_changes()
    records, before = whole(state, 100, layout), everything(state)
    for number in range(50):
        event = Offered(call_id=f"new-{number}", cluster="Klantencontactcentrum", at=NINE_ON_MONDAY_MS / 1000)
        apply(state, event, NINE_ON_MONDAY_MS)
    later = changed(state, 150, layout)
    assert len(later) > 2
    for missing in range(1, len(later)):
        found = checkpoint.decode([*records, *later[:-missing]], "here")
        assert found is not None
        assert found.next_offset == 100
        assert everything(restored(found)) == before


def test_the_whole_is_due_first_after_many_changes_and_after_large_ones() -> None:
    layout = Layout()
    assert layout.whole_is_due()
    layout.add([b"x" * 10], 1, whole=True)
    assert not layout.whole_is_due()
    for number in range(checkpoint.LATER_PARTS_MAX):
        assert not layout.whole_is_due()
        layout.add([b"y"], 2 + number, whole=False)
    assert layout.whole_is_due()
    layout.add([b"x" * 200_000], 200, whole=True)
    layout.add([b"y" * 200_000] * checkpoint.LATER_BYTES_RATIO, 201, whole=False)
    assert not layout.whole_is_due()
    layout.add([b"y"], 202, whole=False)
    assert layout.whole_is_due()


@pytest.mark.parametrize("older", [1, FORMAT - 1])
def test_a_checkpoint_of_an_older_format_is_lost(older: int) -> None:
    """So its records are counted again, and it is not refused for good as a newer one is."""
    records = whole(state_of(1), 1)
    records[-1] = (HEAD_KEY, msgspec.json.encode(msgspec.json.decode(records[-1][1]) | {"format": older}))
    with pytest.raises(LostCheckpointError, match=f"a checkpoint of format {older}, which is older"):
        checkpoint.decode(records, "here")


def test_an_older_snapshot_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "SNAPSHOT_VERSION", EARLIEST_FACTS_VERSION - 1)
    records = whole(state_of(1), 1)
    monkeypatch.undo()
    with pytest.raises(LostCheckpointError, match=r"a snapshot of format 2, which is older"):
        checkpoint.decode(records, "here")


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("damaged", ["whole", "changes", "head"])
def test_a_corrupt_checkpoint_is_passed_over_for_the_one_before_it(damaged: str) -> None:
    """Whatever of it is corrupt, the state and the offset are those of the one before, and it says so."""
    layout, state = Layout(4), state_of(50)
    first = whole(state, 100, layout)
    before = everything(state)
    apply(state, Offered(call_id="late", cluster="Klantencontactcentrum", at=NINE_ON_MONDAY_MS / 1000), 0)
    second = changed(state, 101, layout) if damaged == "changes" else whole(state, 101, layout)
    where = -1 if damaged == "head" else 0
    second[where] = (second[where][0], b"\x00" + second[where][1])
    found = checkpoint.decode([*first, *second], "calls-checkpoints-0")
    assert found is not None
    assert found.next_offset == 100
    assert everything(restored(found)) == before
    assert found.damage is not None
    assert "calls-checkpoints-0 is corrupt" in found.damage


def test_a_newer_format_is_no_damage_to_pass_over() -> None:
    """Whoever wrote it knew more: going back behind it would be a reset."""
    newer = (HEAD_KEY, b'{"format":99}')
    with pytest.raises(CheckpointError, match=r"Run the version that wrote it"):
        checkpoint.decode([*whole(state_of(3), 7), newer], "calls-checkpoints-0")
