"""A checkpoint is read back as it was written, or refused: never half, never guessed at."""

import zlib
from typing import Any

import msgspec
import pytest

from streams.contracts.events import Answered, Offered
from streams.core.state import CallState
from streams.runtime import checkpoint
from streams.runtime.checkpoint import HEAD_KEY, CheckpointError
from streams.settings import load

RULES = load(None, {}).rules
NINE_ON_MONDAY_MS = 1_791_183_600_000
"""Monday 5 October 2026, 09:00 in Brussels."""


def state_of(calls: int) -> CallState:
    """A state with so many answered calls; the ids do not compress well."""
    state = CallState(RULES)
    for number in range(calls):
        call_id = f"{zlib.crc32(b'%d' % number):08x}{zlib.adler32(b'%d!' % number):08x}"
        at = NINE_ON_MONDAY_MS / 1000 + number % 3600
        state.apply(Offered(call_id=call_id, cluster="Klantencontactcentrum", at=at), NINE_ON_MONDAY_MS)
        state.apply(Answered(call_id=call_id, cluster="Klantencontactcentrum", at=at + 20), NINE_ON_MONDAY_MS)
    return state


def restored(found: checkpoint.Checkpoint | None) -> CallState:
    """The state in a checkpoint."""
    assert found is not None
    return CallState.restore(msgspec.msgpack.decode(found.snapshot, type=CallState.snapshot_type), RULES)


def everything(state: CallState) -> Any:
    """All of a state, comparable."""
    return msgspec.to_builtins(state.snapshot(), str_keys=True)


def test_no_records_hold_no_checkpoint() -> None:
    assert checkpoint.decode([], "calls-checkpoints-0") is None


def test_what_is_written_is_read_back() -> None:
    state = state_of(100)
    found = checkpoint.decode(checkpoint.encode(state, 4711, 3), "calls-checkpoints-0")
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
    records = checkpoint.encode(state, 9, 1)
    assert len(records) > 10
    assert all(len(value) <= 500 for _, value in records)
    assert records[-1][0] == HEAD_KEY
    assert everything(restored(checkpoint.decode(records, "here"))) == everything(state)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("missing", [1, 2, 5])
def test_a_half_written_checkpoint_leaves_the_one_before(missing: int) -> None:
    before, after = state_of(200), state_of(400)
    first, second = checkpoint.encode(before, 200, 1), checkpoint.encode(after, 400, 2)
    assert len(second) > missing
    found = checkpoint.decode([*first, *second[:-missing]], "here")
    assert found is not None
    assert found.next_offset == 200
    assert everything(restored(found)) == everything(before)


@pytest.mark.usefixtures("small_chunks")
def test_a_smaller_checkpoint_replaces_a_larger_one() -> None:
    larger = [checkpoint.encode(state_of(400), 400 + n, n) for n in (1, 2)]
    records = [*larger[0], *larger[1], *checkpoint.encode(state_of(5), 500, 3)]
    found = checkpoint.decode(records, "here")
    assert found is not None
    assert found.next_offset == 500
    assert everything(restored(found)) == everything(state_of(5))


def test_compaction_changes_nothing() -> None:
    """Of each key only the newest record is left, wherever the broker has got to."""
    records = [record for n in (1, 2, 3) for record in checkpoint.encode(state_of(10 * n), 10 * n, n)]
    newest = list({key: (key, value) for key, value in records}.values())
    assert checkpoint.decode(newest, "here") == checkpoint.decode(records, "here")


def test_a_damaged_chunk_is_refused_with_its_place() -> None:
    *chunks, head = checkpoint.encode(state_of(10), 10, 1)
    key, value = chunks[0]
    damaged = [(key, value[:-1] + bytes([value[-1] ^ 1])), *chunks[1:], head]
    with pytest.raises(CheckpointError, match=r"checkpoint in calls-checkpoints-2 is corrupt: its checksum"):
        checkpoint.decode(damaged, "calls-checkpoints-2")


def test_a_missing_chunk_is_refused() -> None:
    with pytest.raises(CheckpointError, match=r"corrupt: chunk 1 of 1 is missing"):
        checkpoint.decode(checkpoint.encode(state_of(10), 10, 1)[-1:], "here")


def test_an_unreadable_head_is_refused() -> None:
    with pytest.raises(CheckpointError, match=r"corrupt: its head is unreadable"):
        checkpoint.decode([(HEAD_KEY, b"{not json")], "here")


def test_a_newer_format_is_refused_and_says_what_to_do() -> None:
    with pytest.raises(CheckpointError, match=r"format 99.*reads format 1.*Run the version that wrote it"):
        checkpoint.decode([(HEAD_KEY, b'{"format":99}')], "here")


def test_a_newer_snapshot_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "SNAPSHOT_VERSION", 7)
    records = checkpoint.encode(state_of(1), 1, 1)
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match=r"a snapshot of format 7"):
        checkpoint.decode(records, "here")
