"""Owning partitions: what a failed write leaves behind, with a writer that fails in place of a broker."""

import asyncio
import dataclasses
from collections.abc import Sequence
from typing import Any
from unittest.mock import AsyncMock

import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError, ProducerFenced

from streams.core.rules import DAY_MS
from streams.kafka.writer import OutgoingRecord
from streams.records.progress import Feed, read_beside
from streams.runtime import capture, partitions, stored
from streams.runtime.fetching.fetched import Fetched
from streams.runtime.partitions import DEAD_LETTERS, Partitions, TakeOverAbandonedError
from streams.settings import load
from tests.runtime.test_partition import NOW_MS, record
from tests.runtime.unasked import Unasked

TP = TopicPartition("calls", 3)


class Writer:
    """Takes what is written; raises `error` instead as long as it is set."""

    error: Exception | None = None

    def __init__(self, *_: Any) -> None:
        self.written: list[Sequence[OutgoingRecord]] = []
        self._writing = 0
        self.most_at_once = 0

    async def start(self) -> None:
        """Nothing to connect to."""

    async def stop(self) -> None:
        """Nothing to disconnect from."""

    async def write(self, records: Sequence[OutgoingRecord]) -> None:
        """Take or refuse the records."""
        if self.error is not None:
            raise self.error
        self._writing += 1
        self.most_at_once = max(self.most_at_once, self._writing)
        await asyncio.sleep(0)  # whoever else may write does so now
        self._writing -= 1
        self.written.append(records)


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> Writer:
    """The only writer there is."""
    only = Writer()

    async def nothing(_: Any, __: str, numbers: Sequence[int]) -> dict[int, list[Any]]:
        return {number: [] for number in numbers}

    monkeypatch.setattr(partitions, "FencedWriter", lambda *_: only)
    monkeypatch.setattr(stored, "read_to_end", nothing)
    monkeypatch.setattr(partitions, "Sources", Unasked)
    return only


async def with_a_rejected_record() -> Partitions:
    """Owned partitions with something to write: two events and a dead letter between them."""
    owned = Partitions(load(None, {}), lambda: NOW_MS)
    await owned.load({TP})
    await owned.fold(TP, Fetched(0, 3, [record(0), record(1, b"{", b"k"), record(2)]))
    return owned


async def test_a_checkpoint_holds_dead_letters_and_covers_what_was_folded(writer: Writer) -> None:
    owned = await with_a_rejected_record()
    await owned.checkpoint()
    (written,) = writer.written
    assert [each.topic for each in written][:1] == ["dead-letters"]
    assert written[-1].topic == "calls-checkpoints"
    assert owned.covered() == {TP: 3}
    await owned.checkpoint()
    assert len(writer.written) == 1, "nothing has moved since"


async def test_a_flood_of_rejected_records_is_spread_over_transactions(writer: Writer) -> None:
    """One of 600,000 letters outlasted what the brokers allow, and ended every worker that tried."""
    others = TopicPartition("calls", 2)
    owned = Partitions(load(None, {}), lambda: NOW_MS)
    await owned.load({TP, others})
    for start in range(0, 20_000, 500):
        for tp in (TP, others):
            bad = [record(offset, b"{", b"k") for offset in range(start, start + 500)]
            await owned.fold(tp, Fetched(start, start + 500, bad))
    await owned.checkpoint()
    letters = [sum(each.topic == "dead-letters" for each in written) for written in writer.written]
    assert sum(letters) == 2 * 20_000
    assert max(letters) <= DEAD_LETTERS + 500
    assert owned.covered() == {TP: 20_000, others: 20_000}


@pytest.mark.parametrize(("kind", "at_once"), [("plain", 1), ("transactional", 2)])
async def test_plain_writers_take_turns(writer: Writer, kind: str, at_once: int) -> None:
    """The embedded broker may lose the first batches of a topic when two producers write to it at once."""
    settings = load(None, {"WACHTMONITOR_KAFKA_WRITER": kind})
    others = TopicPartition("calls", 2)
    owned = Partitions(settings, lambda: NOW_MS)
    await owned.load({TP, others})
    for tp in (TP, others):
        await owned.fold(tp, Fetched(0, 1, [record(0)]))
    await owned.checkpoint()
    assert len(writer.written) == 2
    assert writer.most_at_once == at_once


async def test_nothing_is_written_after_a_failed_write(writer: Writer) -> None:
    """The dead letters of the failed write are not in the next one: only a restart knows them again."""
    owned = await with_a_rejected_record()
    writer.error = KafkaTimeoutError()
    with pytest.raises(KafkaTimeoutError):
        await owned.checkpoint()
    writer.error = None
    await owned.checkpoint(leaving=True)
    assert writer.written == []
    assert owned.covered() == {}
    with pytest.raises(KafkaTimeoutError):
        await owned.fold(TP, Fetched(3, 4, [record(3)]))


async def test_being_fenced_is_an_error_unless_the_partition_is_left(writer: Writer) -> None:
    owned = await with_a_rejected_record()
    writer.error = ProducerFenced()
    await owned.checkpoint(leaving=True)
    assert owned.covered() == {}
    other = await with_a_rejected_record()
    with pytest.raises(ProducerFenced):
        await other.checkpoint()


async def test_what_is_released_is_neither_shown_nor_folded(writer: Writer) -> None:
    owned = await with_a_rejected_record()
    await owned.release({TP})
    assert (owned.owned(), owned.health({}, {}), owned.covered()) == (set(), [], {})
    assert await owned.fold(TP, Fetched(3, 4, [record(3)])) == 0


async def test_a_fold_that_fails_beside_a_capture_is_not_written(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state of a batch that was folded half belongs to no offset."""
    owned = await with_a_rejected_record()

    def compress_meanwhile(part: bytes) -> bytes:
        owned._owned[TP].partition.failure = MemoryError()
        return part

    monkeypatch.setattr(capture, "_SMALL_BYTES", 0)  # every part is compressed in a thread, and folding goes on
    monkeypatch.setattr(capture, "compress", compress_meanwhile)
    with pytest.raises(MemoryError):
        await owned.checkpoint()
    assert writer.written == []


async def test_a_checkpoint_ends_for_all_partitions_before_another_begins(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of them fails while another is still being written: that one's changes are in nobody else's hands."""
    released, other = asyncio.Event(), TopicPartition("calls", 4)

    async def write(_: Sequence[OutgoingRecord]) -> None:
        if not released.is_set():
            await released.wait()
        raise KafkaTimeoutError

    slow = Writer()
    monkeypatch.setattr(slow, "write", write)
    writers = iter([writer, slow])
    monkeypatch.setattr(partitions, "FencedWriter", lambda *_: next(writers))
    monkeypatch.setattr(partitions, "raise_partitions", AsyncMock())
    writer.error = KafkaTimeoutError()
    owned = Partitions(load(None, {}), lambda: NOW_MS)
    await owned.load({TP, other})
    for tp in (TP, other):
        await owned.fold(tp, Fetched(0, 1, [record(0)]))
    first = asyncio.create_task(owned.checkpoint())
    for _ in range(10):  # steps of the loop, not time: enough for the first write to fail
        await asyncio.sleep(0)
    assert owned._owned[TP].partition.failure is not None
    second = asyncio.create_task(owned.checkpoint(leaving=True))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not first.done()
    assert not second.done()
    released.set()
    with pytest.raises(KafkaTimeoutError):
        await first
    await second


@pytest.mark.parametrize("how", ["abandoned", "cancelled"])
async def test_a_take_over_that_is_given_up_leaves_nothing(
    writer: Writer, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Be it that the group shares anew or that the worker stops: its writers are gone, and the next one can begin."""
    reading, stopped = asyncio.Event(), asyncio.Event()

    async def read(*_: Any) -> dict[int, list[Any]]:
        reading.set()
        return await asyncio.Future()

    async def stop() -> None:
        stopped.set()

    owned = Partitions(load(None, {}), lambda: NOW_MS)
    with monkeypatch.context() as patch:
        patch.setattr(stored, "read_to_end", read)
        patch.setattr(writer, "stop", stop)
        loading = asyncio.create_task(owned.load({TP}))
        await reading.wait()
        if how == "abandoned":
            owned.abandon_loading()
        else:
            loading.cancel()
        with pytest.raises(TakeOverAbandonedError if how == "abandoned" else asyncio.CancelledError):
            await loading
        assert stopped.is_set()
        assert owned.owned() == set()
    owned.abandon_loading()  # nothing is under way any more
    assert await owned.load({TP}) == {TP: 0}


# What is noted of each month.


def late_batch(start: int, end: int) -> Fetched:
    """Records of a month later, about calls of this one."""
    later_ms = NOW_MS + 31 * DAY_MS
    return Fetched(start, end, [dataclasses.replace(record(each), timestamp=later_ms) for each in range(start, end)])


def feeds(writer: Writer) -> dict[str, Feed]:
    """The newest feed of each month."""
    written = [(each.key, each.value) for records in writer.written for each in records]
    month_records = [(key, value) for key, value in written if key.startswith((b"position/", b"feed/"))]
    return {month: feed for (month, _), feed in read_beside(month_records).feeds.items()}


def find_what_was_written(monkeypatch: pytest.MonkeyPatch, writer: Writer, *, damaged: int | None) -> None:
    """What was written is what is read; the records of the checkpoint `damaged` are of no use."""
    records = [
        msgspec.structs.replace(each, value=b"damaged") if number == damaged else each
        for number, written in enumerate(writer.written)
        for each in written
        if each.topic == "calls-checkpoints"
    ]

    async def read(_: Any, topic: str, numbers: Sequence[int]) -> dict[int, list[OutgoingRecord]]:
        assert topic == "calls-checkpoints", "a checkpoint holds all that it takes to go on"
        return dict.fromkeys(numbers, records)

    monkeypatch.setattr(stored, "read_to_end", read)


@pytest.mark.parametrize("damaged", [None, 1, 2])
async def test_late_facts_count_once_from_whatever_checkpoint_a_worker_goes_on(
    writer: Writer, monkeypatch: pytest.MonkeyPatch, damaged: int | None
) -> None:
    """Each of three checkpoints holds more of them; the last may be damaged, and what it held is read again."""
    owned = Partitions(load(None, {}), lambda: NOW_MS)
    await owned.load({TP})
    for number in range(3):
        await owned.fold(TP, late_batch(4 * number, 4 * number + 4))
        await owned.checkpoint()
    before = feeds(writer)["2026-10"]
    assert before.late_facts == {"Klantencontactcentrum": 12}
    find_what_was_written(monkeypatch, writer, damaged=damaged)
    again = Partitions(load(None, {}), lambda: NOW_MS)
    start = (await again.load({TP}))[TP]
    assert start == (12 if damaged is None else 4 * damaged)
    await again.fold(TP, late_batch(start, 14))
    await again.checkpoint()
    after = feeds(writer)["2026-10"]
    assert after.late_facts == {"Klantencontactcentrum": 14}
    assert after.quarters == before.quarters
