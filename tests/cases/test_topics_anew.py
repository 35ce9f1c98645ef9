"""A topic of events made anew under its name, and offsets set by hand: told, and never counted as if nothing were."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from streams.kafka.client import admin_client, client_options
from streams.kafka.embedded import BrokerProcess
from streams.settings import KafkaSettings
from tests.brokers.topics import kafka_settings
from tests.cases.refusing import Fact, call, checked, health, on_wall, send, working
from tests.cases.test_hours_and_names import figure
from tests.cases.test_kafka_practice import behind_seconds
from tests.runtime.workers import Totals, WorkerProcess, ends, month_totals, settle, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

ANEW: Final = "the topic was deleted and made anew"


def some_calls(prefix: str, count: int) -> list[Fact]:
    """Calls that dial in now and are missed at once, so that month totals hold them."""
    offered = [call(f"{prefix}{number}") for number in range(count)]
    return [*offered, *({**each, "type": "abandoned"} for each in offered)]


async def make_anew(kafka: KafkaSettings, facts: list[Fact]) -> None:
    """Delete the topic of calls, and send into a new one of its name."""
    async with admin_client(kafka) as admin:
        await admin.delete_topics([kafka.calls_topic])

        async def is_gone() -> bool:
            return kafka.calls_topic not in await admin.list_topics()

        await until(is_gone, "the topic is gone")
    await send(kafka, facts)


async def counted(kafka: KafkaSettings) -> Totals:
    """What is written of the month."""
    totals = await month_totals(kafka)
    assert totals
    return totals


async def stands_still(worker: WorkerProcess, *words: str) -> None:
    """Wait until the worker says why it counts nothing; every side says so, the log once, until it is stopped."""
    await until(lambda: bool(told(worker)), "it on /health")
    assert [each for each in (ANEW, *words) if each not in told(worker)[0]] == []
    assert "Oproepen worden niet geteld: hun topic is opnieuw aangemaakt" in on_wall(worker)
    assert figure(worker, "feed_fault", topic=worker.kafka.calls_topic, fault="topic_anew") == 1
    await until(lambda: worker.last_words().count(ANEW) > 0, "it in the log")
    assert worker.last_words().count(ANEW) == 1
    assert "Traceback" not in worker.last_words()
    await until(lambda: behind_seconds(worker) is None, "that nobody knows how old the figures are")
    assert worker.get("/health/worker")  # to start it again would change nothing
    assert worker.exit_status() is None


def told(worker: WorkerProcess) -> list[str]:
    """What /health says of a topic made anew; nothing before there is a page."""
    try:
        return [each for each in health(worker) if ANEW in each]
    except OSError:
        return []


@pytest.mark.parametrize(
    "later_calls",
    [
        pytest.param(2, id="shorter than before", marks=pytest.mark.long),
        pytest.param(12, id="longer than before"),
    ],
)
async def test_a_topic_that_was_made_anew_between_two_runs_is_not_taken_for_the_old_one(
    apache_kafka: BrokerProcess, tmp_path: Path, later_calls: int
) -> None:
    """Right: nothing of it is counted, `check` and the worker's last words say why and what to do."""
    kafka = kafka_settings(apache_kafka, partitions=1)
    await send(kafka, some_calls("before", 5))
    async with working(kafka, tmp_path / "log") as worker:
        await settle(kafka, [worker])
        assert worker.terminate() == 0
        before = await counted(kafka)
        await make_anew(kafka, some_calls("after", later_calls))
        worker.start_again()
        delete = f"stop all workers, delete {kafka.calls_topic}-checkpoints too and start again"
        await stands_still(worker, delete)
        found = await checked(worker)
        assert (found.exit_code, ANEW in found.output) == (1, True)
        assert await counted(kafka) == before


@pytest.mark.parametrize(
    "later_calls",
    [
        pytest.param(2, id="shorter than before", marks=pytest.mark.long),
        pytest.param(40, id="longer than before"),
    ],
)
async def test_a_topic_that_is_made_anew_while_a_worker_runs_stops_it(
    apache_kafka: BrokerProcess, tmp_path: Path, later_calls: int
) -> None:
    """Right: before anything that was counted of the new one is written, and again at each start."""
    kafka = kafka_settings(apache_kafka, partitions=1)
    async with working(kafka, tmp_path / "log") as worker:
        await send(kafka, some_calls("before", 5))
        await settle(kafka, [worker])
        before = await counted(kafka)
        await make_anew(kafka, some_calls("after", later_calls))
        for again in range(2):
            await stands_still(worker)
            assert await counted(kafka) == before
            assert worker.terminate() == 0
            if not again:
                worker.start_again()


async def test_aborted_transactions_of_a_source_do_not_pass_for_a_topic_made_anew(
    apache_kafka: BrokerProcess, tmp_path: Path
) -> None:
    """Right: their records and markers lie before the end, are newer than everything that was read, and are none."""
    kafka = kafka_settings(apache_kafka, partitions=1)
    async with working(kafka, tmp_path / "log") as worker:
        await send(kafka, some_calls("before", 3))
        await in_transaction(kafka, lambda producer: producer.abort_transaction())
        await in_transaction(kafka, lambda producer: producer.commit_transaction())
        await until(lambda: figure(worker, "events_applied_total", topic=kafka.calls_topic) == 7, "all are counted")
        await in_transaction(kafka, lambda producer: producer.abort_transaction())
        assert worker.terminate() == 0, worker.log()
        worker.start_again()
        await until(worker.is_healthy, "a healthy worker")
        assert (await checked(worker)).output.count("made anew") == 0
        assert health(worker) == []


async def in_transaction(kafka: KafkaSettings, finish: Callable[[AIOKafkaProducer], Awaitable[None]]) -> None:
    """A call in a transaction of a source."""
    async with AIOKafkaProducer(**client_options(kafka), transactional_id="source") as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(kafka.calls_topic, json.dumps(call("x")).encode(), b"x")
        await finish(producer)


async def test_offsets_that_were_set_by_hand_are_told_and_move_nothing(
    apache_kafka: BrokerProcess, tmp_path: Path
) -> None:
    """Right: everything is counted once; log, `/health` and `check` say what to do who wants it otherwise."""
    kafka = kafka_settings(apache_kafka, partitions=1)
    place = TopicPartition(kafka.calls_topic, 0)
    await send(kafka, some_calls("a", 4))
    async with working(kafka, tmp_path / "log") as worker:
        await settle(kafka, [worker])
        await until(lambda: _is_committed(kafka, place), "the group's offset is the checkpoint's")
        assert worker.terminate() == 0
        before = await counted(kafka)
        assert "by hand" not in worker.log() + (await checked(worker)).output
        await set_by_hand(kafka, place)
        said = f"{kafka.calls_topic}-0 to 0, where they go on at 8"
        assert said in (await checked(worker)).output
        worker.start_again()
        await until(lambda: worker.owned_partitions() == 2, "the worker has its partitions")
        await until(lambda: worker.last_words().count(said) == 1, "it in the log")
        (problem,) = health(worker)
        assert said in problem
        assert f"delete {kafka.calls_topic}-checkpoints and start again" in problem
        assert on_wall(worker) == ["Leesplaatsen van oproepen zijn met de hand verzet: dat verandert niets"]
        assert figure(worker, "feed_fault", topic=kafka.calls_topic, fault="offsets_set") == 1
        assert worker.last_words().count(said) == 1
        assert await counted(kafka) == before


async def set_by_hand(kafka: KafkaSettings, place: TopicPartition) -> None:
    """The group begins anew, as `kafka-consumer-groups.sh --reset-offsets --to-earliest` has it."""
    consumer = AIOKafkaConsumer(**client_options(kafka), group_id=kafka.group, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([place])
        await consumer.commit({place: OffsetAndMetadata(0, "")})
    finally:
        await consumer.stop()


async def _is_committed(kafka: KafkaSettings, place: TopicPartition) -> bool:
    async with admin_client(kafka) as admin:
        committed = await admin.list_consumer_group_offsets(kafka.group)
    return place in committed and committed[place].offset == (await ends(kafka))[place.topic, place.partition]
