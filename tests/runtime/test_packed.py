"""Batches are read as they were packed, no further than the bound, and every offset is read or refused."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CorruptRecordException
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.rejections import Reason
from streams.contracts.topics import UNPACKED_BYTES_MAX
from streams.records.dead_letters import KEY_BYTES_KEPT, VALUE_BYTES_KEPT
from streams.runtime.fetching.fetch import Batches, Packed
from streams.runtime.fetching.fetched import Fetched
from streams.runtime.fetching.packed import PART_BYTES
from streams.runtime.fetching.record import CutRecord
from streams.runtime.fetching.turns import BATCH_RECORDS, Bundle, Unread, take_turns
from tests.core.builders import STEADY
from tests.runtime.batches import (
    CODECS,
    GZIP,
    MIB,
    NONE,
    SNAPPY,
    ZSTD,
    batch,
    batch_of,
    compressed,
    field_of_zeros,
    headers_without_end,
    message,
    record,
    varint,
    window_without_end,
    wrapped,
)

TP = TopicPartition("calls", 0)
OTHER = TopicPartition("calls", 1)

Pair = tuple[bytes | None, bytes | None]

fields = st.none() | st.binary(max_size=40)
some_pairs = st.tuples(fields, fields)
codecs = st.sampled_from(sorted(CODECS.values()))


def fetched(data: bytes, start: int = 0) -> Iterator[Packed]:
    """The batches of an answer to a fetch from an offset."""
    batches = Batches(data)
    while batches.has_next():
        found = batches.next_batch()
        assert found.validate_crc()
        if found.next_offset > start:
            found.start = max(found.start, start)
            yield found


def bundles(data: bytes, start: int = 0) -> list[Bundle]:
    """What of them is handed out."""
    return [bundle for _, bundle in take_turns([(TP, Unread(start, list(fetched(data, start))))])]


def read(data: bytes, start: int = 0) -> list[Fetched]:
    """What is folded of them: one after the other, without a gap."""
    found = [each for bundle in bundles(data, start) for each in bundle.batches()]
    assert all(before.end == after.start for before, after in pairwise(found))
    assert all(each.start < each.end for each in found)
    return found


def pairs(found: list[Fetched]) -> list[Pair]:
    """The keys and values that were read."""
    return [(each.key, each.value) for batch in found for each in batch.records]


def refusals(found: list[Fetched]) -> list[tuple[int, int, Reason]]:
    """What was refused together, and why."""
    return [(each.start, each.end, each.refused.reason) for each in found if each.refused is not None]


@STEADY
@given(st.lists(st.tuples(codecs, st.lists(some_pairs, min_size=1, max_size=30)), min_size=1, max_size=4))
def test_records_are_read_as_aiokafka_reads_them(packed: list[tuple[int, list[Pair]]]) -> None:
    """However they are spread over batches, and wherever reading begins."""
    data, base = b"", 7
    for name, several in packed:
        data += batch_of(several, base=base, name=name)
        base += len(several)
    theirs, expected = MemoryRecords(data), []
    while theirs.has_next():
        expected += [(each.offset, each.timestamp, each.key, each.value) for each in theirs.next_batch()]
    for start in range(7, base):
        found = [each for batch in read(data, start) for each in batch.records]
        assert [(each.offset, each.timestamp, each.key, each.value) for each in found] == [
            each for each in expected if each[0] >= start
        ]


class Lies(NamedTuple):
    """What a batch may say of itself."""

    records: int
    last_delta: int
    name: int
    is_packed: bool


lies = st.builds(Lies, st.integers(-2, 12), st.integers(-2, 12), codecs, st.booleans())


@STEADY
@given(st.binary(max_size=200), st.lists(some_pairs, max_size=6), lies, st.integers(0, 6))
def test_every_offset_is_read_or_refused_whatever_the_bytes(
    garbage: bytes, several: list[Pair], said: Lies, start: int
) -> None:
    """Brokers look at what they take, but not all of them at everything."""
    body = b"".join(record(number, *pair) for number, pair in enumerate(several)) + garbage
    packed = None if said.is_packed else body
    made = batch(body, said.records, name=said.name, packed=packed, last_delta=said.last_delta)
    end = max(said.last_delta, 0) + 1
    if start >= end or said.records == 0:  # nothing is said to be in it
        return
    found = read(made, start)
    covered = [each.offset for batch in found for each in batch.records]
    covered += [offset for first, behind, _ in refusals(found) for offset in range(first, behind)]
    assert found[0].start == start
    assert len(covered) == len(set(covered))
    assert set(covered) <= set(range(start, end))


@STEADY
@given(st.binary(max_size=200), codecs, st.integers(0, 1), st.booleans())
def test_the_formats_before_are_read_whatever_the_bytes(
    garbage: bytes, name: int, magic: int, is_packed: bool
) -> None:
    inner = b"".join(message(number, b"k", b"v%d" % number, magic=magic) for number in range(3)) + garbage
    made = wrapped(2, inner, name=name, magic=magic, packed=None if is_packed else inner)
    found = read(made)
    assert (found[0].start, found[-1].end) == (0, 3)


@pytest.mark.parametrize("name", CODECS.values(), ids=CODECS)
@pytest.mark.parametrize("magic", [0, 1])
def test_the_formats_before_are_read_as_aiokafka_reads_them(name: int, magic: int) -> None:
    inner = b"".join(message(number + 5 * (not magic), b"k", b"v%d" % number, magic=magic) for number in range(3))
    made = wrapped(7, inner, name=name, magic=magic) if name else message(5, b"k", b"v0", magic=magic)
    found = read(made, 5)
    count = 3 if name else 1
    assert [(each.offset, each.key, each.value) for batch in found for each in batch.records] == [
        (5 + number, b"k", b"v%d" % number) for number in range(count)
    ]
    assert pairs(read(made, 7)) == ([(b"k", b"v2")] if name else [])


@pytest.mark.parametrize(
    "made",
    [
        *(field_of_zeros(name, UNPACKED_BYTES_MAX) for name in CODECS.values()),
        headers_without_end(GZIP, b"k", b"{}", UNPACKED_BYTES_MAX // 2),
        window_without_end(300),
        batch(b"", 1, name=SNAPPY, packed=varint(2**30)),
        wrapped(0, message(0, None, bytes(UNPACKED_BYTES_MAX)), name=ZSTD),
    ],
    ids=[*CODECS, "headers", "window", "declared", "before"],
)
def test_what_unpacks_to_more_than_the_bound_is_refused_and_reading_goes_on(made: bytes) -> None:
    found = read(made + batch_of([(b"k", b"v")], base=1))
    assert refusals(found) == [(0, 1, Reason.BATCH_TOO_LARGE)]
    assert pairs(found) == [(b"k", b"v")]


@pytest.mark.parametrize("name", [name for name in CODECS.values() if name != NONE])
def test_what_cannot_be_unpacked_is_refused_and_reading_goes_on(name: int) -> None:
    packed = compressed(name, record(0, b"k", b"v" * 1000))
    for wrong in (packed[:-1], packed[:20], packed[9:], b"", bytes(50)):
        found = read(batch(b"", 5, name=name, packed=wrong) + batch_of([(b"k", b"v")], base=5))
        assert refusals(found) == [(0, 5, Reason.BATCH_UNREADABLE)]
        assert pairs(found) == [(b"k", b"v")]


def test_records_are_read_up_to_where_they_cannot_be_told_apart() -> None:
    body = record(0, b"a", b"1") + record(1, b"b", b"2") + b"\x40garbage"
    found = read(batch(body, 6), 1)
    assert pairs(found) == [(b"b", b"2")]
    assert refusals(found) == [(2, 6, Reason.BATCH_UNREADABLE)]


@pytest.mark.parametrize("records", [-1, -(2**31)])
def test_a_batch_that_says_to_hold_fewer_than_no_records_is_refused(records: int) -> None:
    """And its last offset agrees with it."""
    made = batch(record(0, b"a", b"1"), records, last_delta=max(records - 1, -(2**31)))
    found = read(made + batch_of([(b"last", None)], base=1))
    assert refusals(found) == [(0, 1, Reason.BATCH_UNREADABLE)]
    assert pairs(found) == [(b"last", None)]


@pytest.mark.parametrize("deltas", [(0, 0, 0), (2, 1, 0), (0, 1, 1), (1, 2, 3)])
def test_no_offset_is_counted_twice_whatever_records_say_of_theirs(deltas: tuple[int, ...]) -> None:
    """Brokers number those that are not compressed by where they stand, and leave what they say of it."""
    made = batch(b"".join(record(delta, b"k", b"v") for delta in deltas), 3)
    found = read(made + batch_of([(b"last", None)], base=3))
    assert refusals(found) == [(0, 3, Reason.BATCH_UNREADABLE)]
    assert pairs(found) == [(b"last", None)]


def test_names_of_headers_that_are_no_text_do_no_harm() -> None:
    """Brokers take them; aiokafka raises."""
    body = record(0, b"a", b"1", [(b"\xff\xfe", None)]) + record(1, b"b", b"2")
    assert pairs(read(batch(body, 2))) == [(b"a", b"1"), (b"b", b"2")]


@pytest.mark.parametrize("name", [GZIP, SNAPPY, ZSTD])
@pytest.mark.parametrize("start", [0, 1, 4_321, 29_999])
def test_a_large_batch_is_read_from_anywhere_in_bounded_parts(name: int, start: int) -> None:
    several: list[Pair] = [(b"c-%d" % number, b"v" * (number % 300)) for number in range(30_000)]
    made = batch_of(several, name=name) + batch_of([(b"last", None)], base=30_000)
    found = read(made, start)
    assert pairs(found) == [*several[start:], (b"last", None)]
    assert refusals(found) == []
    for bundle in bundles(made, start):
        assert sum(part.count for part in bundle.parts) <= BATCH_RECORDS
        assert sum(part.size_bytes for part in bundle.parts) <= 2 * PART_BYTES


def test_compaction_may_leave_holes() -> None:
    body = record(2, b"a", b"1") + record(5, b"b", b"2")
    found = read(batch(body, 2, last_delta=9) + batch_of([(b"c", b"3")], base=10))
    assert [(each.offset, each.value) for batch in found for each in batch.records] == [
        (2, b"1"),
        (5, b"2"),
        (10, b"3"),
    ]
    assert refusals(found) == []


def test_a_record_larger_than_a_letter_is_cut_and_its_neighbours_are_read() -> None:
    body = record(0, b"a", b"1") + record(1, b"k" * MIB, b"v" * 5 * MIB) + record(2, b"b", b"2")
    first, large, last = [each for batch in read(batch(body, 3, name=ZSTD)) for each in batch.records]
    assert isinstance(large, CutRecord)
    assert (first.value, last.value) == (b"1", b"2")
    assert (large.key, large.value) == (b"k" * KEY_BYTES_KEPT, b"v" * VALUE_BYTES_KEPT)
    assert large.value_bytes == 5 * MIB


def test_headers_of_any_number_leave_their_record_as_it_is() -> None:
    for count in (MIB // 2 - 100, 10 * MIB):
        assert pairs(read(headers_without_end(ZSTD, b"k", b"{}", count))) == [(b"k", b"{}")]


def test_partitions_take_turns_but_only_one_large_batch_is_held_at_a_time() -> None:
    small = b"".join(batch_of([(b"k", b"v")] * 1_500, base=base) for base in (0, 1_500))
    large = batch_of([(b"k", bytes(500))] * 9_000, name=ZSTD)
    order = [
        tp.partition
        for tp, _ in take_turns([(TP, Unread(0, list(fetched(small)))), (OTHER, Unread(0, list(fetched(large))))])
    ]
    assert order == [0, *[1] * (len(order) - 2), 0]
    assert len(order) > 5


def test_a_batch_without_room_for_its_header_is_an_error_of_the_brokers() -> None:
    short = batch_of([(b"k", b"v")])[:40]
    with pytest.raises(CorruptRecordException):
        Batches(short[:8] + (28).to_bytes(4, "big") + short[12:]).next_batch()
