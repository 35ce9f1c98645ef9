"""A partition folds each record once, in order, and says so when records would be skipped."""

import dataclasses
from typing import Any

import msgspec
import pytest
from aiokafka import ConsumerRecord, TopicPartition
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.channels.calls.events import Answered, Offered
from streams.contracts.rejections import Reason
from streams.core.rules import Channel
from streams.runtime.fetching.fetched import Fetched, RefusedTogether
from streams.runtime.fetching.packed import Origin
from streams.runtime.partition import BatchGapError, Partition, RecordTimeError, new_state
from streams.settings import load

RULES = load(None, {}).rules
NOW_MS = 1_791_187_200_000
"""Monday 5 October 2026, 10:00 in Brussels."""
TP = TopicPartition("calls", 3)


def partition() -> Partition:
    """An empty one."""
    return Partition(TP, new_state(Channel.PHONE, RULES), 0)


def record(offset: int, value: bytes | None = None, key: bytes | None = None) -> "ConsumerRecord[Any, Any]":
    """A record with an offered and answered call in turn, unless a value is given."""
    if value is None and key is None:
        kind = (Offered, Answered)[offset % 2]
        call_id = f"c{offset // 2}"
        event = kind(call_id=call_id, cluster="Klantencontactcentrum", at=NOW_MS / 1000 - 100 + offset % 2 * 20)
        key, value = call_id.encode(), msgspec.json.encode(event)
    return ConsumerRecord("calls", 3, offset, NOW_MS, 1, key, value, None, 0, 0, ())


def batch(start: int, end: int) -> Fetched:
    """All records of a span of offsets."""
    return Fetched(start, end, [record(offset) for offset in range(start, end)])


def test_batches_that_overlap_count_once() -> None:
    folded = partition()
    assert folded.fold(batch(0, 10)) == 10
    assert folded.fold(batch(0, 10)) == 0
    assert folded.fold(batch(6, 14)) == 4
    assert (folded.next_offset, folded.state.applied) == (14, 14)


def test_a_gap_between_batches_is_refused_before_anything_is_folded() -> None:
    folded = partition()
    folded.fold(batch(0, 4))
    with pytest.raises(BatchGapError, match="calls-3: expected offset 4, got a batch from 6"):
        folded.fold(batch(6, 8))
    assert (folded.next_offset, folded.state.applied) == (4, 4)


def test_offsets_without_records_inside_a_batch_are_no_gap() -> None:
    folded = partition()
    folded.fold(Fetched(0, 9, [record(2), record(8)]))
    assert (folded.next_offset, folded.state.applied) == (9, 2)


@settings(derandomize=True, deadline=None)  # a busy machine is no failure
@given(st.lists(st.integers(0, 40), max_size=6), st.lists(st.booleans(), min_size=7, max_size=7))
def test_any_split_into_batches_gives_the_same(cuts: list[int], repeated: list[bool]) -> None:
    whole, split = partition(), partition()
    whole.fold(batch(0, 40))
    edges = [0, *sorted(cuts), 40]
    for start, end, again in zip(edges, edges[1:], repeated, strict=False):
        for _ in range(2 if again else 1):
            split.fold(batch(start, end)) if end > start else None
    assert split.next_offset == whole.next_offset
    assert msgspec.to_builtins(split.state.settle().snapshot(), str_keys=True) == msgspec.to_builtins(
        whole.state.settle().snapshot(), str_keys=True
    )


def test_a_source_may_not_set_the_time_where_the_broker_should() -> None:
    folded = Partition(TP, new_state(Channel.PHONE, RULES), 0, broker_sets_times=True)
    folded.fold(batch(0, 2))
    late = [dataclasses.replace(record(2), timestamp_type=0)]
    with pytest.raises(RecordTimeError, match=r"Topic calls .* expected message.timestamp.type=LogAppendTime"):
        folded.fold(Fetched(2, 3, late))
    assert folded.next_offset == 2


def test_a_bad_record_becomes_a_dead_letter_and_the_rest_goes_on() -> None:
    folded = partition()
    folded.fold(Fetched(0, 3, [record(0), record(1, b"{", b"k"), record(2)]))
    (letter,) = folded.dead_letters
    assert (letter.topic, letter.partition, letter.offset) == ("calls", 3, 1)
    assert (letter.reason, letter.key, letter.value) == (Reason.MALFORMED_JSON.value, b"k", b"{")
    assert folded.state.rejected == {"malformed_json": 1}
    assert folded.state.applied == 2
    assert folded.dead_letter_bytes == 2


def test_an_error_in_the_fold_is_remembered_and_nothing_is_folded_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    folded = partition()

    def fail(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(folded.state, "fold", fail)
    with pytest.raises(RuntimeError, match="boom"):
        folded.fold(batch(0, 2))
    monkeypatch.undo()
    assert folded.failure is not None
    with pytest.raises(RuntimeError, match="boom"):
        folded.fold(batch(0, 2))
    assert folded.next_offset == 0


def refused(start: int, end: int, timestamp_type: int = 1) -> Fetched:
    """Records that are refused together."""
    return Fetched(
        start, end, (), refused=RefusedTogether(Reason.BATCH_TOO_LARGE, Origin(NOW_MS, timestamp_type, 305_780))
    )


def test_records_that_are_refused_together_count_each_and_have_one_letter() -> None:
    folded = partition()
    folded.fold(batch(0, 4))
    assert folded.fold(refused(4, 604)) == 600
    assert folded.fold(refused(4, 604)) == 0
    folded.fold(batch(604, 606))
    assert folded.state.rejected == {"batch_too_large": 600}
    assert (folded.next_offset, folded.state.applied) == (606, 6)
    (letter,) = folded.dead_letters
    assert (letter.topic, letter.partition, letter.offset, letter.records) == ("calls", 3, 4, 600)
    assert (letter.key, letter.value, letter.value_bytes) == (None, None, 305_780)


def test_of_records_that_are_refused_together_those_that_were_folded_do_not_count() -> None:
    folded = partition()
    folded.fold(batch(0, 4))
    assert folded.fold(refused(2, 6)) == 2
    assert folded.state.rejected == {"batch_too_large": 2}
    assert [(letter.offset, letter.records) for letter in folded.dead_letters] == [(4, 2)]


def test_a_refused_batch_whose_source_set_its_time_is_an_error_of_the_topic_too() -> None:
    folded = Partition(TP, new_state(Channel.PHONE, RULES), 0, broker_sets_times=True)
    with pytest.raises(RecordTimeError):
        folded.fold(refused(0, 4, timestamp_type=0))


def test_offsets_without_any_record_are_passed_over() -> None:
    folded = Partition(TP, new_state(Channel.PHONE, RULES), 0, broker_sets_times=True)
    assert folded.fold(Fetched(0, 4, ())) == 0
    assert folded.next_offset == 4
