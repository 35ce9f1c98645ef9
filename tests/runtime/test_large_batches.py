"""Batches that unpack to much more than they take on the broker: refused and counted, and reading goes on."""

import re
from collections import Counter
from pathlib import Path
from typing import Final

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.channels.calls.events import Answered, Offered
from streams.contracts.rejections import Reason
from streams.kafka.client import client_options, ensure_topics
from streams.kafka.embedded import BrokerProcess
from streams.process.clock import system_clock
from streams.settings import KafkaSettings
from tests.brokers.topics import kafka_settings
from tests.fuzz.large import PEAK_BYTES_MAX, peak_bytes
from tests.runtime import workers
from tests.runtime.batches import (
    GZIP,
    LZ4,
    MIB,
    SNAPPY,
    ZSTD,
    batch_of,
    empties,
    field_of_zeros,
    headers_without_end,
)
from tests.runtime.raw import send_raw
from tests.runtime.workers import WorkerProcess

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

KCC: Final = "Klantencontactcentrum"


def call(call_id: str) -> list[tuple[bytes | None, bytes | None]]:
    """The records of an answered call."""
    at = system_clock() / 1000 - 60
    events = (Offered(call_id=call_id, cluster=KCC, at=at), Answered(call_id=call_id, cluster=KCC, at=at + 7))
    return [(call_id.encode(), msgspec.json.encode(event)) for event in events]


async def test_a_worker_reads_past_what_unpacks_large(apache_kafka: BrokerProcess, tmp_path: Path) -> None:
    kafka = kafka_settings(apache_kafka)
    await ensure_topics(kafka)
    key, value = call("headers")[0]
    assert key is not None
    assert value is not None
    bad = {
        field_of_zeros(GZIP, 300 * MIB): Counter({Reason.BATCH_TOO_LARGE: 1}),
        field_of_zeros(ZSTD, 300 * MIB): Counter({Reason.BATCH_TOO_LARGE: 1}),
        field_of_zeros(LZ4, 230 * MIB): Counter({Reason.BATCH_TOO_LARGE: 1}),
        field_of_zeros(GZIP, 31 * MIB): Counter({Reason.TOO_LARGE: 1}),
        field_of_zeros(ZSTD, 31 * MIB): Counter({Reason.TOO_LARGE: 1}),
        batch_of([(b"k" * 9 * MIB, b"v" * 9 * MIB)], name=SNAPPY): Counter({Reason.TOO_LARGE: 1}),
        empties(ZSTD, 20_000): Counter({Reason.EMPTY: 20_000}),
        headers_without_end(ZSTD, key, value, 15 * MIB): Counter(),
        headers_without_end(ZSTD, key, value, MIB // 2 - 200): Counter(),
    }
    refused: Counter[Reason] = Counter()
    good = 0
    for partition in range(kafka.partitions):
        for topic in (kafka.calls_topic, kafka.tickets_topic):
            for number, batch in enumerate(bad):
                if bad[batch][Reason.EMPTY] and (partition or topic == kafka.tickets_topic):
                    continue
                behind = batch_of(call(f"good-{partition}-{number}"))
                await send_raw(kafka, topic, partition, batch, behind)
                if topic == kafka.calls_topic:
                    good += 2 if bad[batch] else 3
                    refused += bad[batch]
                else:
                    refused += bad[batch] or Counter({Reason.UNKNOWN_TYPE: 1})
                    refused[Reason.UNKNOWN_TYPE] += 2
    worker = WorkerProcess(kafka, tmp_path / "worker.log")
    try:
        await workers.until(lambda: is_settled(kafka, worker), "checkpoints that cover every record")
        exposition = worker.get("/metrics")
        peak = peak_bytes(worker.pid)
        assert worker.terminate() == 0, worker.log()
    finally:
        worker.stop()
    print(f"peak {peak / MIB:.0f} MiB")
    counted: Counter[str] = Counter()
    for reason, count in re.findall(r'records_rejected_total{.*reason="(.*?)".*} (.*)', exposition):
        counted[reason] += int(float(count))
    assert counted == Counter({reason.value: count for reason, count in refused.items()})
    letters = await workers.dead_letters(kafka)
    assert sum(letter.records or 1 for letter in letters) == counted.total()
    applied = re.findall(r"events_applied_total{.*} (.*)", exposition)
    assert sum(map(float, applied)) == good
    assert peak < PEAK_BYTES_MAX


async def is_settled(kafka: KafkaSettings, worker: WorkerProcess) -> bool:
    """Whether checkpoints cover everything; the topics are not read, which would take the memory of the tests."""
    assert worker.exit_status() is None, worker.log()
    async with AIOKafkaConsumer(**client_options(kafka)) as consumer:
        places = [
            TopicPartition(topic, number)
            for topic in (kafka.calls_topic, kafka.tickets_topic)
            for number in range(kafka.partitions)
        ]
        ends = await consumer.end_offsets(places)
    return await workers.covered(kafka) == {tuple(place): end for place, end in ends.items()}
