"""Checkpoints where they are kept: on a real Kafka, written and found again by whoever owns the partition."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from types import SimpleNamespace
from typing import Any, Final

import msgspec
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete
from msgspec.structs import replace

from streams.channels.calls.events import Offered
from streams.contracts.topics import checkpoint_topic
from streams.core.rules import Channel
from streams.core.snapshot import EARLIEST_FACTS_VERSION
from streams.kafka.client import admin_client, client_options, ensure_topics, read_to_end
from streams.kafka.embedded import BrokerProcess
from streams.records.checkpoint import HEAD_KEY, CheckpointError, Layout, compress, encode_part
from streams.runtime import partitions
from streams.runtime.fetching.fetched import Fetched
from streams.runtime.partition import Partition, new_state
from streams.runtime.partitions import Partitions
from streams.settings import Settings, load
from tests.brokers.topics import kafka_settings
from tests.records.test_checkpoint import everything
from tests.runtime.test_partition import NOW_MS
from tests.runtime.unasked import Unasked

pytestmark = pytest.mark.kafka

BROKER_LIMIT_BYTES: Final = 1024 * 1024
"""The largest record that Kafka takes unless told otherwise."""

CALLS: Final = 40_000
"""Open calls whose ids alone, which nothing compresses, are more than a record holds."""


@pytest.fixture
async def settings(apache_kafka: BrokerProcess, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Those of a worker with one partition of calls, whose topics are there; what it folds is not on them."""
    monkeypatch.setattr(partitions, "Sources", Unasked)
    found = load(None, {})
    found = replace(found, kafka=kafka_settings(apache_kafka, partitions=1))
    await ensure_topics(found.kafka)
    return found


@asynccontextmanager
async def owning(settings: Settings) -> AsyncIterator[tuple[Partitions, Partition]]:
    """Whoever takes the partition over now, and the partition as found."""
    owner, tp = Partitions(settings, lambda: NOW_MS), TopicPartition(settings.kafka.calls_topic, 0)
    await owner.load({tp})
    try:
        yield owner, owner._owned[tp].partition
    finally:
        await owner.release({tp})


def offered(start: int, end: int) -> Fetched:
    """Calls that come in and wait, one a record."""
    records: list[Any] = []
    for offset in range(start, end):
        call_id = sha256(b"%d" % offset).hexdigest()
        event = Offered(call_id=call_id, cluster="Klantencontactcentrum", at=NOW_MS / 1000 - 60)
        key, value = call_id.encode(), msgspec.json.encode(event)
        records.append(SimpleNamespace(offset=offset, timestamp=NOW_MS, timestamp_type=1, key=key, value=value))
    return Fetched(start, end, records)


async def checkpoint_records(settings: Settings) -> list[tuple[bytes, bytes]]:
    """Everything that is committed to the topic of checkpoints."""
    (found,) = (await read_to_end(settings.kafka, checkpoint_topic(settings.kafka.calls_topic), [0])).values()
    return [(record.key or b"", record.value or b"") for record in found]


async def test_a_state_larger_than_a_record_is_written_and_found_again(settings: Settings) -> None:
    async with owning(settings) as (owner, partition):
        await owner.fold(partition.tp, offered(0, CALLS))
        await owner.checkpoint()
        await owner.fold(partition.tp, offered(CALLS, CALLS + 10))
        await owner.checkpoint()
        written = everything(partition.state)  # type: ignore[arg-type]  # a state of calls
    sizes = [len(value) for key, value in await checkpoint_records(settings) if key != HEAD_KEY]
    assert sum(sizes) > BROKER_LIMIT_BYTES
    assert max(sizes) < BROKER_LIMIT_BYTES
    async with owning(settings) as (_, found):
        assert found.next_offset == CALLS + 10
        assert everything(found.state) == written  # type: ignore[arg-type]  # a state of calls


@pytest.mark.parametrize("with_head", [False, True])
async def test_what_was_written_half_when_its_worker_died_is_never_read(settings: Settings, with_head: bool) -> None:
    """The transaction is open when the next owner comes, and undone by it: be the head written already or not."""
    async with owning(settings) as (owner, partition):
        await owner.fold(partition.tp, offered(0, 5))
        await owner.checkpoint()
        before = everything(partition.state)  # type: ignore[arg-type]  # a state of calls
        await owner.fold(partition.tp, offered(5, 9))
        half = await owner._owned[partition.tp].capture.take()
        writer = owner._owned[partition.tp].writer
        producer: Any = writer._producer
        await producer.begin_transaction()
        await writer._send(half.records if with_head else half.records[:-1])
        async with owning(settings) as (_, found):
            assert found.next_offset == 5
            assert everything(found.state) == before  # type: ignore[arg-type]  # a state of calls


@pytest.mark.parametrize("damaged", ["head", "chunk"])
async def test_the_one_before_a_damaged_checkpoint_takes_its_place(
    settings: Settings, caplog: pytest.LogCaptureFixture, damaged: str
) -> None:
    """It says so, and the next checkpoint is whole again."""
    async with owning(settings) as (owner, partition):
        await owner.fold(partition.tp, offered(0, 5))
        await owner.checkpoint()
        before = everything(partition.state)  # type: ignore[arg-type]  # a state of calls
        await owner.fold(partition.tp, offered(5, 9))
        records = (await owner._owned[partition.tp].capture.take()).records
    *chunks, head = [(each.key, each.value or b"") for each in records if each.topic.endswith("-checkpoints")]
    broken = [*chunks, (head[0], b"{")] if damaged == "head" else [(key, value[1:]) for key, value in chunks] + [head]
    async with AIOKafkaProducer(**client_options(settings.kafka)) as producer:
        for key, value in broken:
            await producer.send_and_wait(checkpoint_topic(partition.tp.topic), value, key, partition=0)
    async with owning(settings) as (owner, found):
        assert "The one before it takes its place" in caplog.text
        assert found.next_offset == 5
        assert everything(found.state) == before  # type: ignore[arg-type]  # a state of calls
        await owner.fold(found.tp, offered(5, 10))
        await owner.checkpoint()
    caplog.clear()
    async with owning(settings) as (_, found):
        assert found.next_offset == 10
    assert "takes its place" not in caplog.text


async def write_old(settings: Settings) -> None:
    """Twenty records, and a checkpoint that covers them of a snapshot too old to be read."""
    old = Partition(TopicPartition("calls", 0), new_state(Channel.PHONE, settings.rules), 0)
    batch = offered(0, 20)
    old.fold(batch)
    body = msgspec.msgpack.decode(encode_part(old.state.settle().snapshot(), 20))
    part = compress(msgspec.msgpack.encode([EARLIEST_FACTS_VERSION - 1, *body[1:]]))
    kafka = settings.kafka
    async with AIOKafkaProducer(**client_options(kafka)) as producer:
        for record in batch.records:
            await producer.send_and_wait(kafka.calls_topic, record.value, record.key, partition=0)
        topic = checkpoint_topic(kafka.calls_topic)
        for key, value in Layout().add([part], 20, whole=True):
            await producer.send_and_wait(topic, value, key, partition=0)


async def test_what_an_older_checkpoint_holds_is_counted_again(settings: Settings) -> None:
    """From all its records; where the first are gone it is refused and left alone."""
    await write_old(settings)
    async with owning(settings) as (_, found):
        assert found.next_offset == 0
    before = await checkpoint_records(settings)
    async with admin_client(settings.kafka) as admin:
        await admin.delete_records({TopicPartition(settings.kafka.calls_topic, 0): RecordsToDelete(1)})
    with pytest.raises(CheckpointError, match=r"snapshot of format 2, .* no records before offset 1 any more"):
        async with owning(settings):
            pass
    assert await checkpoint_records(settings) == before
