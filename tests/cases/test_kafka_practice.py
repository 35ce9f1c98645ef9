"""What goes wrong with topics on Kafka in practice: said on every page, in the log, by `check`, with what to do."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final
from urllib.error import HTTPError

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewPartitions
from click.testing import CliRunner, Result
from msgspec.structs import replace

from streams.channels.calls.counts import PhoneTally
from streams.commands.publish import publish
from streams.kafka.client import admin_client, client_options, ensure_topics
from streams.kafka.embedded import BrokerProcess
from streams.kafka.partitioners import Partitioner, partition_of
from streams.settings import KafkaSettings
from tests.brokers.topics import kafka_settings
from tests.cases.refusing import KCC, checked, health, on_wall, working
from tests.runtime.workers import WorkerProcess, environment, month_totals, settle, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

MURMUR2, CRC32 = Partitioner.MURMUR2, Partitioner.CRC32

MAPPING: Final = f"""
[id]
columns = ["id"]
[cluster]
constant = "{KCC}"
[[event]]
type = "offered"
at = "in"
[[event]]
type = "answered"
at = "answered"
"""


def ids(prefix: str, count: int) -> list[str]:
    """Ids of calls."""
    return [f"{prefix}-{number:03d}" for number in range(count)]


def dialled(number: int, later_seconds: int = 0) -> str:
    """When the call of this number came in, or so much later."""
    return f"2026-10-05T09:30:{number % 30 + later_seconds:02d}+02:00"


async def send_calls(kafka: KafkaSettings, calls: Iterable[str], rule: Partitioner, head: bytes = b"") -> None:
    """Calls that are answered after 20 s, from a source that places its keys by this rule."""
    async with AIOKafkaProducer(**client_options(kafka)) as producer:
        for number, call_id in enumerate(calls):
            partition = partition_of(call_id.encode(), rule, kafka.partitions)
            for type_, at in (("offered", dialled(number)), ("answered", dialled(number, 20))):
                fact = {"type": type_, "call_id": call_id, "cluster": KCC, "at": at}
                value = head + json.dumps(fact).encode()
                await producer.send_and_wait(kafka.calls_topic, value, call_id.encode(), partition)


def file_of(folder: Path, calls: Sequence[str]) -> list[str]:
    """The arguments of `publish` for a file with these calls, answered after 20 s."""
    rows = [f"{each},{dialled(number)},{dialled(number, 20)}" for number, each in enumerate(calls)]
    (folder / "calls.csv").write_text("\n".join(["id,in,answered", *rows]) + "\n")
    (folder / "mapping.toml").write_text(MAPPING)
    return [str(folder / "calls.csv"), "--mapping", str(folder / "mapping.toml")]


async def published(kafka: KafkaSettings, folder: Path, calls: Sequence[str]) -> Result:
    """What `wachtmonitor publish` says of such a file."""
    invoke = CliRunner().invoke
    return await asyncio.to_thread(invoke, publish, file_of(folder, calls), env=environment(kafka, 1, None))


def applied(worker: WorkerProcess) -> float:
    """How many events are in the figures."""
    lines = worker.get("/metrics").splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("wachtmonitor_events_applied_total{"))


def behind_seconds(worker: WorkerProcess) -> float | None:
    """How old the figures of the calls are, as /health says; None where it does not know."""
    try:
        text = worker.get("/health")
    except HTTPError as error:
        text = error.read().decode()
    found: float | None = next(
        feed["behind_seconds"] for feed in json.loads(text)["feeds"] if feed["topic"] == "calls"
    )
    return found


def fault(worker: WorkerProcess, topic: str, name: str) -> float:
    """What /metrics says of a fault of a topic."""
    (line,) = (
        each
        for each in worker.get("/metrics").splitlines()
        if each.startswith("wachtmonitor_feed_fault{") and f'"{topic}"' in each and f'"{name}"' in each
    )
    return float(line.split()[-1])


# Partitions that are added while a worker runs.


async def raised(kafka: KafkaSettings, topic: str, count: int) -> None:
    """Add partitions, as with kafka-topics.sh --alter."""
    async with admin_client(kafka) as admin:
        await admin.create_partitions({topic: NewPartitions(count)})


async def test_partitions_that_are_added_are_read_at_once_and_told_until_the_settings_have_them(
    apache_kafka: BrokerProcess, tmp_path: Path
) -> None:
    """Right: everything is read within seconds; what may count twice is said until workers have the number."""
    kafka = kafka_settings(apache_kafka, partitions=2)
    more = replace(kafka, partitions=4)
    async with working(kafka, tmp_path / "worker.log") as worker:
        await send_calls(kafka, ids("before", 10), MURMUR2)
        await settle(kafka, [worker])
        assert health(worker) == []
        await raised(kafka, kafka.calls_topic, 4)
        await until(lambda: any("were raised from 2 to 4" in each for each in health(worker)), "it on /health")
        await send_calls(more, ids("after", 40), MURMUR2)
        await until(lambda: applied(worker) == 2 * 50, "all calls in the figures")
        await until(lambda: len(health(worker)) == 1, "that fault alone")
        (problem,) = health(worker)
        assert "Set partitions = 4 in [kafka]" in problem
        assert f"raise {kafka.tickets_topic} to 4 as well" in problem
        assert "so calls that had begun before may be counted twice, up to 4 hours after the raise. Set" in problem
        assert on_wall(worker) == [
            "Oproepen van daarvoor tellen mogelijk dubbel: Kafka heeft meer partities",
        ]
        assert fault(worker, kafka.calls_topic, "partitions_raised") == 1
        assert fault(worker, kafka.calls_topic, "keys_split") == 0
        assert (await checked(worker)).exit_code == 1
        assert worker.log().count("were raised from 2 to 4") == 1
        assert worker.terminate() == 0
    await raised(kafka, kafka.tickets_topic, 4)
    async with working(more, tmp_path / "again.log") as worker:
        await until(lambda: worker.owned_partitions() == 8 and not health(worker), "a worker that is well")
        assert applied(worker) == 2 * 50


# A transaction that does not end.


async def test_a_transaction_that_hangs_is_told_with_how_old_the_figures_are_and_over_with_it(
    apache_kafka: BrokerProcess, tmp_path: Path
) -> None:
    """Right: what waits behind it is told with the tool that ends it, and `behind_seconds` grows meanwhile."""
    kafka = kafka_settings(apache_kafka, partitions=1)
    async with working(kafka, tmp_path / "worker.log") as worker:
        await send_calls(kafka, ids("before", 2), MURMUR2)
        await settle(kafka, [worker])
        async with AIOKafkaProducer(**client_options(kafka), transactional_id=f"source-{kafka.group}") as source:
            await source.begin_transaction()
            await source.send_and_wait(kafka.calls_topic, b"{}", b"hangs")
            await send_calls(kafka, ids("behind", 3), MURMUR2)
            await until(lambda: len(health(worker)) == 1, "the fault on /health")
            (problem,) = health(worker)
            assert "find-hanging" in problem
            assert "7 records" in problem
            assert applied(worker) == 2 * 2
            assert (behind_seconds(worker) or 0) >= 5
            assert on_wall(worker) == ["Oproepen worden opgehouden door een bron die haar zending niet afsluit"]
            assert fault(worker, kafka.calls_topic, "transaction_hangs") == 1
            await until(lambda: worker.log().count("find-hanging") == 1, "it in the log")
            told = await checked(worker)
            assert told.exit_code == 1
            assert f"✗ wrong    transactions on {kafka.calls_topic}: " in told.output
            await source.abort_transaction()
        await until(lambda: not health(worker) and applied(worker) == 2 * 5, "a healthy worker with all calls")
        assert worker.log().count("ERROR a transaction of a source") == 1


# A schema registry.


async def test_json_behind_the_bytes_of_a_schema_registry_counts_and_avro_is_told_as_what_it_is(
    apache_kafka: BrokerProcess, tmp_path: Path
) -> None:
    """Right: the JSON is counted; what needs the registry is refused as that, with what to do."""
    kafka = kafka_settings(apache_kafka, partitions=1)
    head = b"\0\0\0\0\x2a"
    await ensure_topics(kafka)
    await send_calls(kafka, ids("json", 3), MURMUR2, head)
    async with working(kafka, tmp_path / "worker.log") as worker:
        await settle(kafka, [worker])
        assert health(worker) == []
        assert applied(worker) == 2 * 3
        async with AIOKafkaProducer(**client_options(kafka)) as producer:
            for number in range(12):
                await producer.send_and_wait(kafka.calls_topic, head + b"\x0cavro-%d" % number, b"avro-%d" % number)
        await until(lambda: len(health(worker)) == 1, "the refusal on /health")
        (problem,) = health(worker)
        assert "schema_registry" in problem
        assert "Let the source write JSON" in problem
        assert applied(worker) == 2 * 3


# Two partitioners.


async def test_a_source_with_the_default_partitioner_of_librdkafka_beside_a_file_is_said_everywhere(
    apache_kafka: BrokerProcess, tmp_path: Path
) -> None:
    """Right: red on every page, once in the log, wrong in `check`, with the setting of the source that mends it."""
    kafka = kafka_settings(apache_kafka, partitions=2)
    calls = ids("kcc", 20)
    assert (await published(kafka, tmp_path, calls)).exit_code == 0
    async with working(kafka, tmp_path / "worker.log") as worker:
        await settle(kafka, [worker])
        assert health(worker) == []
        assert fault(worker, kafka.calls_topic, "keys_split") == 0
        await send_calls(kafka, calls, CRC32)
        await until(lambda: len(health(worker)) == 1, "the fault on /health")
        (problem,) = health(worker)
        assert f"keys of {kafka.calls_topic}: " in problem
        assert "CRC32 (librdkafka's default)" in problem
        assert "partitioner=murmur2_random" in problem
        assert on_wall(worker) == ["Oproepen tellen mogelijk dubbel: bronnen verdelen de sleutels verschillend"]
        assert fault(worker, kafka.calls_topic, "keys_split") == 1
        assert fault(worker, kafka.tickets_topic, "keys_split") == 0
        told = await checked(worker)
        assert told.exit_code == 1
        assert f"✗ wrong    keys of {kafka.calls_topic}: " in told.output
        assert "partitioner=murmur2_random" in told.output
        await send_calls(kafka, ids("more", 20), CRC32)
        await settle(kafka, [worker])
        assert worker.log().count("ERROR keys of ") == 1
    again = WorkerProcess(kafka, tmp_path / "again.log", verbose=False)
    try:
        await until(again.is_healthy, "a healthy worker")
        await until(lambda: any("keys of " in each for each in health(again)), "the fault after a restart too")
    finally:
        again.stop()


async def test_a_topic_of_which_all_keys_go_by_another_rule_is_well_and_publish_follows_it(
    apache_kafka: BrokerProcess, tmp_path: Path
) -> None:
    """Right: 20 calls are 20, though a live source by CRC32 and a file have the same ones; nothing is wrong."""
    kafka = kafka_settings(apache_kafka, partitions=4)
    calls = ids("kcc", 20)
    await ensure_topics(kafka)
    await send_calls(kafka, calls, CRC32)
    async with working(kafka, tmp_path / "worker.log") as worker:
        found = await published(kafka, tmp_path, calls)
        assert found.exit_code == 0
        assert f"Keys are placed by CRC32, as the records of {kafka.calls_topic} are." in found.output
        await settle(kafka, [worker])
        told = await checked(worker)
        assert "all placed by CRC32" in told.output
        assert health(worker) == []
        assert worker.terminate() == 0
    counted = (await month_totals(kafka)).values()
    assert sum(tally.answered for tally in counted if isinstance(tally, PhoneTally)) == len(calls)
