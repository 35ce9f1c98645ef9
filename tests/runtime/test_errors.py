"""A worker that cannot go on says why and what to do, ends with status 1, and changes nothing."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete

from streams.channels.calls.events import Offered
from streams.contracts.topics import checkpoint_topic
from streams.kafka.client import admin_client, client_options, ensure_topics, read_to_end
from streams.kafka.embedded import BrokerProcess
from streams.process.clock import system_clock
from streams.records.checkpoint import FORMAT, HEAD_KEY
from streams.settings import KafkaSettings
from tests.brokers.topics import kafka_settings
from tests.runtime import workers
from tests.runtime.workers import WorkerProcess

pytestmark = pytest.mark.kafka

KCC: Final = "Klantencontactcentrum"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Any]:
    """Starts workers, and makes sure that they are gone at the end."""
    started: list[WorkerProcess] = []

    def start_one(kafka: KafkaSettings, settings_file: Path | None = None) -> WorkerProcess:
        started.append(WorkerProcess(kafka, tmp_path / f"{len(started)}.log", settings_file, verbose=False))
        return started[-1]

    yield start_one
    for worker in started:
        worker.stop()


async def produce(kafka: KafkaSettings, topic: str, key: bytes, value: bytes) -> None:
    """Write one record to partition 0."""
    async with AIOKafkaProducer(**client_options(kafka)) as producer:
        await producer.send_and_wait(topic, value, key, partition=0)


def calls(count: int) -> Iterator[Offered]:
    """So many calls that come in now."""
    now = system_clock() / 1000
    return (Offered(f"call-{number}", KCC, now) for number in range(count))


async def ended_with(worker: WorkerProcess) -> str:
    """What a worker said that ended by itself with status 1."""
    await workers.until(lambda: worker.exit_status() is not None, "the worker ends")
    assert worker.exit_status() == 1, worker.log()
    said = worker.log()
    assert "Traceback" not in said, said
    return said


async def test_a_corrupt_checkpoint_is_made_anew_from_all_records(apache_kafka: BrokerProcess, start: Any) -> None:
    """There is no earlier one, but the topic holds everything since its first record."""
    kafka = kafka_settings(apache_kafka, partitions=1)
    await workers.send(kafka, calls(5))
    topic = checkpoint_topic(kafka.calls_topic)
    await produce(kafka, topic, HEAD_KEY, b"{not json")
    worker = start(kafka)
    await workers.until(worker.is_healthy, "the worker serves its pages")
    written = f'wachtmonitor_checkpoint_timestamp_seconds{{partition="0",topic="{kafka.calls_topic}"}}'
    await workers.until(lambda: written in worker.get("/metrics"), "a checkpoint is written anew")
    await workers.settle(kafka, [worker])
    assert worker.terminate() == 0, worker.log()
    assert f"The checkpoint in {topic}-0 is corrupt: its head is unreadable" in worker.log()
    assert f"Every record of {kafka.calls_topic}-0 is read again" in worker.log()
    assert (await workers.covered(kafka))[kafka.calls_topic, 0] == 5


async def test_a_corrupt_checkpoint_is_refused_where_records_are_gone(
    apache_kafka: BrokerProcess, start: Any
) -> None:
    """What was counted of them would be lost without a word. The checkpoint is left alone."""
    kafka = kafka_settings(apache_kafka, partitions=1)
    await workers.send(kafka, calls(5))
    await delete_first(kafka, 2)
    topic = checkpoint_topic(kafka.calls_topic)
    await produce(kafka, topic, HEAD_KEY, b"{not json")
    said = await ended_with(start(kafka))
    assert f"{kafka.calls_topic}-0 has no records before offset 2 any more" in said
    assert len((await read_to_end(kafka, topic, [0]))[0]) == 1


async def counted_and_lost(kafka: KafkaSettings, start: Any) -> None:
    """Five calls are counted, and then somebody deletes the checkpoints."""
    await workers.send(kafka, calls(5))
    worker = start(kafka)
    await workers.settle(kafka, [worker])
    assert worker.terminate() == 0, worker.log()
    async with admin_client(kafka) as admin:
        await admin.delete_topics([checkpoint_topic(kafka.calls_topic)])


async def delete_first(kafka: KafkaSettings, count: int) -> None:
    """As retention does it."""
    async with admin_client(kafka) as admin:
        await admin.delete_records({TopicPartition(kafka.calls_topic, 0): RecordsToDelete(count)})


def says(worker: WorkerProcess, name: str, count: int) -> bool:
    """Whether a worker shows a count of the only partition of calls."""
    line = f'wachtmonitor_{name}{{partition="0",topic="{worker.kafka.calls_topic}"}} {count}.0'
    return worker.is_healthy() and line in worker.get("/metrics")


async def test_a_lost_checkpoint_is_made_anew_from_all_records(apache_kafka: BrokerProcess, start: Any) -> None:
    kafka = kafka_settings(apache_kafka, partitions=1)
    await counted_and_lost(kafka, start)
    worker = start(kafka)
    await workers.until(lambda: says(worker, "events_applied_total", 5), "everything is counted again")
    said = worker.log()
    assert f"The checkpoint in {checkpoint_topic(kafka.calls_topic)}-0 is gone" in said
    assert f"Every record of {kafka.calls_topic}-0 is read again" in said


async def test_a_lost_checkpoint_is_refused_where_records_are_gone(
    apache_kafka: BrokerProcess, start: Any, tmp_path: Path
) -> None:
    """Only when somebody says so it goes on without, and says what is lacking."""
    kafka = kafka_settings(apache_kafka, partitions=1)
    await counted_and_lost(kafka, start)
    await delete_first(kafka, 2)
    said = await ended_with(start(kafka))
    assert f"{kafka.calls_topic}-0 has no records before offset 2 any more" in said
    assert 'checkpoint.when_lost = "go_on"' in said
    path = tmp_path / "settings.toml"
    packaged = files("streams").joinpath("wachtmonitor.toml").read_text(encoding="utf-8")
    path.write_text(packaged.replace('when_lost = "refuse"', 'when_lost = "go_on"'), encoding="utf-8")
    worker = start(kafka, path)
    await workers.until(lambda: says(worker, "events_applied_total", 3), "what is left is counted")
    assert says(worker, "records_deleted_unread_total", 2)
    assert "Going on without it" in worker.log()


async def test_a_new_worker_on_an_old_topic_says_what_it_lacks(apache_kafka: BrokerProcess, start: Any) -> None:
    """Nothing was counted before, so nothing is lost: it begins with what is there."""
    kafka = kafka_settings(apache_kafka, partitions=1)
    await workers.send(kafka, calls(5))
    await delete_first(kafka, 2)
    worker = start(kafka)
    await workers.until(lambda: says(worker, "events_applied_total", 3), "what is there is counted")
    assert says(worker, "records_deleted_unread_total", 2)
    assert f"{kafka.calls_topic}-0: 2 records from offset 0 on were deleted before they were read" in worker.log()


async def test_a_checkpoint_of_a_newer_version_is_refused(embedded_broker: BrokerProcess, start: Any) -> None:
    kafka = kafka_settings(embedded_broker)
    await ensure_topics(kafka)
    await produce(kafka, checkpoint_topic(kafka.tickets_topic), HEAD_KEY, b'{"format":%d}' % (FORMAT + 1))
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
        assert f"Cannot connect to a Kafka broker at {kafka.bootstrap_servers[0]}" in await ended_with(worker)
    finally:
        worker.stop()
