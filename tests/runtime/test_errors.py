"""A worker that cannot go on says why and what to do, ends with status 1, and changes nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from aiokafka import AIOKafkaProducer

from streams.contracts.topics import checkpoint_topic
from streams.kafka import client_options, ensure_topics, read_to_end
from streams.runtime.checkpoint import HEAD_KEY
from streams.runtime.embedded import BrokerProcess
from streams.settings import KafkaSettings
from tests.brokers.topics import kafka_settings
from tests.runtime import workers
from tests.runtime.workers import WorkerProcess

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

KCC: Final = "Klantencontactcentrum"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Any]:
    """Starts workers, and makes sure that they are gone at the end."""
    started: list[WorkerProcess] = []

    def start_one(kafka: KafkaSettings) -> WorkerProcess:
        started.append(WorkerProcess(kafka, tmp_path / f"{len(started)}.log", verbose=False))
        return started[-1]

    yield start_one
    for worker in started:
        worker.stop()


async def produce(kafka: KafkaSettings, topic: str, key: bytes, value: bytes) -> None:
    """Write one record to partition 0."""
    async with AIOKafkaProducer(**client_options(kafka)) as producer:
        await producer.send_and_wait(topic, value, key, partition=0)


async def ended_with(worker: WorkerProcess) -> str:
    """What a worker said that ended by itself with status 1."""
    await workers.until(lambda: worker.exit_status() is not None, "the worker ends")
    assert worker.exit_status() == 1, worker.log()
    said = worker.log()
    assert "Traceback" not in said, said
    return said


async def test_a_corrupt_checkpoint_is_refused_and_left_alone(embedded_broker: BrokerProcess, start: Any) -> None:
    kafka = kafka_settings(embedded_broker)
    await ensure_topics(kafka)
    topic = checkpoint_topic(kafka.calls_topic)
    await produce(kafka, topic, HEAD_KEY, b"{not json")
    said = await ended_with(start(kafka))
    assert f"Error: The worker has stopped. The checkpoint in {topic}-0 is corrupt: its head is unreadable" in said
    assert len((await read_to_end(kafka, topic, [0]))[0]) == 1


async def test_a_checkpoint_of_a_newer_version_is_refused(embedded_broker: BrokerProcess, start: Any) -> None:
    kafka = kafka_settings(embedded_broker)
    await ensure_topics(kafka)
    await produce(kafka, checkpoint_topic(kafka.tickets_topic), HEAD_KEY, b'{"format":3}')
    assert "Run the version that wrote it" in await ended_with(start(kafka))


async def test_topics_whose_sources_set_the_time_are_refused(apache_kafka: BrokerProcess, start: Any) -> None:
    """On a real Kafka: made by somebody else, without the settings of the contract."""
    kafka = kafka_settings(apache_kafka, partitions=1)
    await workers.create_plain_topic(kafka, kafka.calls_topic)
    await produce(kafka, kafka.calls_topic, b"a", b"{}")
    said = await ended_with(start(kafka))
    assert f"Topic {kafka.calls_topic} lets sources set the time of records" in said
    assert not any((await workers.covered(kafka)).values())


async def test_a_port_in_use_is_named(embedded_broker: BrokerProcess, start: Any) -> None:
    kafka = kafka_settings(embedded_broker)
    first = start(kafka)
    await workers.until(first.is_healthy, "the first worker serves its pages")
    second = WorkerProcess(kafka, first.log_file.with_name("second.log"), verbose=False, port=first.port)
    try:
        assert f"port {first.port} on 127.0.0.1 should be free" in await ended_with(second)
    finally:
        second.stop()


async def test_a_broker_that_is_not_there_is_named(tmp_path: Path) -> None:
    kafka = workers.nowhere()
    worker = WorkerProcess(kafka, tmp_path / "worker.log", verbose=False)
    try:
        assert f"No Kafka broker of {kafka.bootstrap_servers[0]} lets us in" in await ended_with(worker)
    finally:
        worker.stop()
