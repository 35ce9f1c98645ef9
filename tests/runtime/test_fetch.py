"""What is fetched: every record as it was sent, however its source packs its batches."""

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from streams.kafka import client_options, ensure_topics
from streams.runtime.embedded import BrokerProcess
from streams.runtime.fetch import RawConsumer, Record
from tests.brokers.topics import kafka_settings

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
    place = TopicPartition(kafka.calls_topic, 0)
    found: list[Record] = []
    async with RawConsumer(**client_options(kafka), auto_offset_reset="earliest") as consumer:
        consumer.assign([place])
        while len(found) < len(sent):
            found += (await consumer.getmany(timeout_ms=1000)).get(place, [])
    assert [(record.key, record.value) for record in found] == sent
