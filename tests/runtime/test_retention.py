"""Records that are gone before they were read are told of."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from streams.channels.calls.events import Offered
from streams.kafka.client import admin_client
from streams.kafka.embedded import BrokerProcess
from streams.process.clock import system_clock
from streams.settings import KafkaSettings
from tests.brokers.topics import kafka_settings
from tests.runtime import workers
from tests.runtime.workers import WorkerProcess

pytestmark = pytest.mark.kafka

KCC: Final = "Klantencontactcentrum"


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[WorkerProcess]]:
    """The workers of a test, gone at its end; each has a log of its own."""
    running: list[WorkerProcess] = []
    yield running
    for worker in running:
        worker.stop()


def start(kafka: KafkaSettings, tmp_path: Path, started: list[WorkerProcess]) -> WorkerProcess:
    """One more worker."""
    started.append(WorkerProcess(kafka, tmp_path / f"{len(started)}.log", verbose=False))
    return started[-1]


def offered(first: int, count: int) -> Iterator[Offered]:
    """So many calls."""
    now = system_clock() / 1000
    return (Offered(f"call-{number}", KCC, now) for number in range(first, first + count))


async def test_records_deleted_before_they_were_read_are_counted_and_said(
    apache_kafka: BrokerProcess, tmp_path: Path, started: list[WorkerProcess]
) -> None:
    """The worker is down while five of ten records go; it goes on with the others, and a restart still knows."""
    kafka = kafka_settings(apache_kafka, partitions=1)
    await workers.send(kafka, offered(0, 3))
    first = start(kafka, tmp_path, started)
    await workers.settle(kafka, [first])
    assert first.terminate() == 0, first.log()
    await workers.send(kafka, offered(3, 10))
    async with admin_client(kafka) as admin:
        await admin.delete_records({TopicPartition(kafka.calls_topic, 0): RecordsToDelete(8)})
    second = start(kafka, tmp_path, started)
    await workers.settle(kafka, [second])
    assert second.terminate() == 0, second.log()
    assert f"{kafka.calls_topic}-0: 5 records from offset 3 on were deleted before they were read" in second.log()
    third = start(kafka, tmp_path, started)
    await workers.until(lambda: third.owned_partitions() == 2, "the third worker owns everything")
    series = f'wachtmonitor_records_deleted_unread_total{{partition="0",topic="{kafka.calls_topic}"}} 5.0'
    assert series in third.get("/metrics")
    assert f'wachtmonitor_events_applied_total{{partition="0",topic="{kafka.calls_topic}"}} 8.0' in third.get(
        "/metrics"
    )
