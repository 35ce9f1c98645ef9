"""Bad records end in the dead letters, each with its reason, and change nothing else."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from streams.channels import channel_of
from streams.channels.calls.events import Answered, Offered
from streams.channels.visits.events import Arrived, Started
from streams.contracts.rejections import OF_BATCHES, Reason
from streams.documents.schema import topic_of
from streams.kafka.client import client_options, ensure_topics
from streams.kafka.embedded import BrokerProcess
from streams.process.clock import system_clock
from streams.settings import KafkaSettings
from tests.brokers.topics import kafka_settings
from tests.contracts.examples import bad_examples
from tests.runtime import workers
from tests.runtime.workers import WorkerProcess

pytestmark = pytest.mark.kafka

KCC: Final = "Klantencontactcentrum"
YEAR_SECONDS: Final = 366 * 24 * 3600
Record = tuple[str, bytes | None, bytes | None]
"""Topic, key and value."""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the worker's log goes."""
    return tmp_path / "worker.log"


@pytest.fixture
def bad_records() -> list[tuple[Record, Reason]]:
    """One of every kind, as the contract's examples have them and as hostile sources send them."""
    now = system_clock() / 1000
    far = [
        (("calls", b"f", msgspec.json.encode(Offered(call_id="f", cluster=KCC, at=at))), reason)
        for at, reason in (
            (now + YEAR_SECONDS, Reason.TIME_IN_FUTURE),
            (now - 40 * YEAR_SECONDS, Reason.TIME_TOO_EARLY),
        )
    ]
    hostile: list[tuple[Record, Reason]] = [
        (("calls", None, None), Reason.EMPTY),
        (("calls", b"tombstone", None), Reason.EMPTY),
        (("tickets", b"k", b'{"type":"arrived","ticket_id":"k'), Reason.MALFORMED_JSON),
        (("tickets", b"k", b'{"type":"arrived","ticket_id":"k","cluster":"Wonen","at":1}\xff'), Reason.INVALID_UTF8),
        (("calls", b"k", b'{"call_id":"' + b"x" * 1_000_000 + b'"}'), Reason.TOO_LARGE),
    ]
    # the examples' own clusters and times are those of the document, so only what is wrong by itself is sent here
    by_itself = [
        ((topic_of(channel_of(bad.channel)), bad.key, bad.value), bad.reason)
        for bad in bad_examples()
        if bad.reason not in (Reason.TIME_IN_FUTURE, Reason.TIME_TOO_EARLY, Reason.UNKNOWN_CLUSTER)
    ]
    return [*far, *hostile, *by_itself]


async def produce(kafka: KafkaSettings, records: list[Record]) -> None:
    """Write raw records."""
    topics = {"calls": kafka.calls_topic, "tickets": kafka.tickets_topic}
    async with AIOKafkaProducer(**client_options(kafka), max_request_size=2 << 20) as producer:
        for topic, key, value in records:
            if key is None and value is None:  # which `send` refuses, and other clients send
                batch = producer.create_batch()
                batch.append(key=None, value=None, timestamp=None)
                await (await producer.send_batch(batch, topics[topic], partition=0))
            else:
                await producer.send_and_wait(topics[topic], value, key)


def good_records() -> Iterator[Record]:
    """Two answered calls and one visitor received."""
    now = system_clock() / 1000 - 60
    for call_id in ("good-1", "good-2"):
        for call in (
            Offered(call_id=call_id, cluster=KCC, at=now),
            Answered(call_id=call_id, cluster=KCC, at=now + 7),
        ):
            yield "calls", call_id.encode(), msgspec.json.encode(call)
    for visit in (
        Arrived(ticket_id="good-3", cluster="Wonen", at=now - 40, planned_at=now),
        Started(ticket_id="good-3", cluster="Wonen", at=now + 9, planned_at=now),
    ):
        yield "tickets", b"good-3", msgspec.json.encode(visit)


async def test_every_kind_of_bad_record_is_kept_with_its_reason_and_changes_nothing_else(
    apache_kafka: BrokerProcess, bad_records: list[tuple[Record, Reason]], log: Path
) -> None:
    kafka = kafka_settings(apache_kafka)
    await ensure_topics(kafka)
    good = list(good_records())
    await produce(kafka, good[:3])
    await produce(kafka, [record for record, _ in bad_records])
    await produce(kafka, good[3:])
    worker = WorkerProcess(kafka, log)
    try:
        await workers.settle(kafka, [worker])
        exposition = worker.get("/metrics")
        assert worker.terminate() == 0, worker.log()
    finally:
        worker.stop()
    kept = await workers.dead_letters(kafka)
    names = {kafka.calls_topic: "calls", kafka.tickets_topic: "tickets"}
    assert Counter((names[each.topic], each.key, each.value, each.reason) for each in kept) == Counter(
        (topic, key, value, reason.value) for (topic, key, value), reason in bad_records
    )
    assert {reason for _, reason in bad_records} == set(Reason) - {Reason.UNKNOWN_CLUSTER} - OF_BATCHES
    assert _rejected(exposition) == Counter(reason.value for _, reason in bad_records)
    assert _applied(exposition) == len(good)


def _samples(exposition: str, name: str) -> Iterator[tuple[str, float]]:
    for line in exposition.splitlines():
        if line.startswith(f"{name}{{"):
            labels, value = line.removeprefix(name).rsplit(" ", 1)
            yield labels, float(value)


def _rejected(exposition: str) -> Counter[str]:
    counted: Counter[str] = Counter()
    for labels, value in _samples(exposition, "wachtmonitor_records_rejected_total"):
        counted[labels.split('reason="')[1].split('"')[0]] += int(value)
    return +counted


def _applied(exposition: str) -> int:
    return int(sum(value for _, value in _samples(exposition, "wachtmonitor_events_applied_total")))
