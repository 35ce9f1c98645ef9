"""A consumer ends in order while its broker is away, which aiokafka's own does not."""

import asyncio
import logging
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.kafka.client import client_options, ensure_topics
from streams.kafka.consumer import Consumer
from streams.kafka.embedded import EmbeddedBroker
from tests.brokers.ports import next_port
from tests.brokers.topics import kafka_settings
from tests.runtime.workers import until

pytestmark = pytest.mark.kafka

LONG_MS = 600_000
"""So long a fetch that has failed waits: the test need not hit a moment."""


async def waiting_to_fetch_again(
    kind: type[AIOKafkaConsumer], directory: Path, caplog: pytest.LogCaptureFixture
) -> AIOKafkaConsumer:
    """A consumer whose broker has gone, so that its last fetch failed."""
    caplog.set_level(logging.ERROR, logger="aiokafka.consumer.fetcher")
    async with EmbeddedBroker(directory, next_port()) as broker:
        kafka = kafka_settings(broker, partitions=1)
        await ensure_topics(kafka)
        consumer = kind(**client_options(kafka), enable_auto_commit=False, retry_backoff_ms=LONG_MS)
        await consumer.start()
        consumer.assign([TopicPartition(kafka.calls_topic, 0)])
        await consumer.getmany(timeout_ms=0)
        await consumer.position(TopicPartition(kafka.calls_topic, 0))
    await until(lambda: "Failed fetch messages" in caplog.text, "a fetch that has failed")
    return consumer


async def test_it_stops_while_a_fetch_waits_to_be_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    consumer = await waiting_to_fetch_again(Consumer, tmp_path, caplog)
    async with asyncio.timeout(30):
        await consumer.stop()
    assert not consumer._client._conns, "it has hung up"
    await consumer.stop()  # once more does no harm


async def test_the_client_itself_takes_its_own_cancellation_for_that_of_who_stops_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """When this fails aiokafka has mended it, and our consumer may go."""
    consumer = await waiting_to_fetch_again(AIOKafkaConsumer, tmp_path, caplog)
    with pytest.raises(asyncio.CancelledError):
        await consumer.stop()
    await consumer._client.close()


async def test_one_that_never_started_stops_too() -> None:
    await Consumer(bootstrap_servers=f"127.0.0.1:{next_port()}").stop()
