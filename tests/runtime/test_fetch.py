"""What is fetched: every record as it was sent, however its source packs its batches."""

import asyncio

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from streams.kafka.client import client_options, ensure_topics
from streams.kafka.embedded import BrokerProcess
from streams.runtime.fetching.fetch import PackedConsumer
from streams.runtime.fetching.record import Record
from streams.settings import KafkaSettings
from tests.brokers.topics import kafka_settings
from tests.runtime.workers import PATIENCE_SECONDS

pytestmark = pytest.mark.kafka


@pytest.mark.parametrize("compression", [None, "gzip", "snappy", "lz4", "zstd"])
async def test_records_are_read_however_their_batch_is_compressed(
    apache_kafka: BrokerProcess, compression: str | None
) -> None:
    """Exchanges with a client in Java often compress with LZ4 or Zstandard."""
    kafka = kafka_settings(apache_kafka)
    await ensure_topics(kafka)
    sent = [(b"c-%d" % number, b'{"call_id": "c-%d"}' % number * 20) for number in range(200)]
    async with AIOKafkaProducer(**client_options(kafka), compression_type=compression, linger_ms=20) as producer:
        for key, value in sent:
            await producer.send(kafka.calls_topic, value, key, partition=0)
    found = await _read(kafka, len(sent))
    assert [(record.key, record.value) for record in found] == sent


@pytest.mark.parametrize("compression", [None, "gzip"])
async def test_reading_begins_within_a_batch(apache_kafka: BrokerProcess, compression: str | None) -> None:
    """A checkpoint may end anywhere; the broker sends the whole batch that its offset is in."""
    kafka = kafka_settings(apache_kafka)
    await ensure_topics(kafka)
    async with AIOKafkaProducer(**client_options(kafka), compression_type=compression, linger_ms=500) as producer:
        batch = producer.create_batch()
        for number in range(10):
            batch.append(key=b"c-%d" % number, value=b"{}", timestamp=None)
        await (await producer.send_batch(batch, kafka.calls_topic, partition=0))
    assert [record.offset for record in await _read(kafka, 3, start=7)] == [7, 8, 9]


async def test_what_a_producer_took_back_is_not_read(apache_kafka: BrokerProcess) -> None:
    """Neither its records nor the markers that end transactions, whatever stands between and behind them."""
    kafka = kafka_settings(apache_kafka)
    await ensure_topics(kafka)
    async with AIOKafkaProducer(**client_options(kafka), transactional_id=f"{kafka.group}-test") as producer:
        for number, is_kept in enumerate([True, False, False, True]):
            await producer.begin_transaction()
            for part in range(2):
                await producer.send(kafka.calls_topic, b"%d-%d" % (number, part), b"k", partition=0)
            await (producer.commit_transaction() if is_kept else producer.abort_transaction())
    async with AIOKafkaProducer(**client_options(kafka)) as plain:
        await plain.send_and_wait(kafka.calls_topic, b"plain", b"k", partition=0)
    found = await _read(kafka, 5)
    assert [record.value for record in found] == [b"0-0", b"0-1", b"3-0", b"3-1", b"plain"]


async def _read(kafka: KafkaSettings, count: int, start: int = 0) -> list[Record]:
    """At least so many records of the first partition of calls."""
    place = TopicPartition(kafka.calls_topic, 0)
    found: list[Record] = []
    async with PackedConsumer(**client_options(kafka), isolation_level="read_committed") as consumer:
        consumer.assign([place])
        consumer.seek(place, start)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(found) < count:
                for batch in (await consumer.getmany(timeout_ms=1000)).get(place, []):
                    found += [record for part in batch.open().parts for record in part.read()]
    return found
