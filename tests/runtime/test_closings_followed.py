"""How old a worker's knowledge of closings may be: what nobody confirms is not shown, and said to be missing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from streams.kafka.client import admin_client, client_options, ensure_topics
from streams.kafka.embedded import BrokerProcess
from streams.runtime import closings
from streams.runtime.app import MonitorApp
from streams.runtime.closings import CONFIRM_SECONDS, STALE_SECONDS, ClosedMonths
from streams.settings import KafkaSettings
from tests.brokers.topics import kafka_settings
from tests.months.making import lier
from tests.runtime import workers

LOOKS = 200
"""So often the loop may turn until something is true."""


class Broker:
    """A partition of which fetches tell nothing, as of one that has no leader; and the clock of the worker."""

    def __init__(self) -> None:
        """It confirms what was read."""
        self.seconds = 0.0
        self.end: Callable[[], Any] = lambda: 0
        self.reads = 0
        self.asked = 0
        self.readable = True
        self.came: list[Any] = []

    async def read_to_end(self, *_: object) -> dict[int, list[Any]]:
        """The account, which is empty."""
        self.reads += 1
        if not self.readable:
            raise KafkaError("not readable")
        return {0: []}

    @asynccontextmanager
    async def consumer(self) -> AsyncIterator[Any]:
        """A client of it."""
        yield SimpleNamespace(
            assign=lambda _: None,
            seek_to_beginning=self.nothing,
            getmany=self.getmany,
            end_offsets=self.end_offsets,
            position=self.position,
        )

    async def nothing(self, *_: object, **__: object) -> dict[object, object]:
        """Answer with nothing, at once."""
        await asyncio.sleep(0)
        return {}

    async def getmany(self, **_: object) -> dict[TopicPartition, list[Any]]:
        """What has come."""
        came, self.came = self.came, []
        await asyncio.sleep(0)
        return {TopicPartition(lier().kafka.closed_months_topic, 0): came}

    async def end_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Where it ends."""
        self.asked += 1
        end = self.end()
        return {places[0]: await end if asyncio.iscoroutine(end) else end}

    async def position(self, _: TopicPartition) -> int:
        """How far was read."""
        return 0

    def refuse(self) -> int:
        """Answer with an error."""
        self.readable = False
        raise KafkaError("not my partition")


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    """What the account is read from."""
    found = Broker()
    monkeypatch.setattr(closings, "read_to_end", found.read_to_end)
    monkeypatch.setattr(closings, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(ClosedMonths, "_consumer", lambda _: found.consumer())
    return found


async def until(condition: Callable[[], bool]) -> None:
    """Let the follower turn until this is true."""
    for _ in range(LOOKS):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it does not become true")


@asynccontextmanager
async def known(broker: Broker) -> AsyncIterator[ClosedMonths]:
    """A follower that has read the account."""
    months = ClosedMonths(lier().kafka, lambda: broker.seconds)
    async with months.following():
        assert months.closings() == {}
        assert months.problems() == ()
        yield months


async def test_what_brokers_confirm_stays_known(broker: Broker) -> None:
    """However long nothing comes."""
    async with known(broker) as months:
        for _ in range(10):
            broker.seconds += CONFIRM_SECONDS
            broker.asked = 0
            await until(lambda: broker.asked > 0)
            assert months.closings() == {}
        assert broker.reads == 1


async def test_an_error_after_the_first_reading_is_said(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    """In the log at once; what was read before counts as long as without an error, and no longer."""
    async with known(broker) as months:
        broker.end = broker.refuse
        broker.seconds += CONFIRM_SECONDS
        await until(lambda: "not my partition" in caplog.text)
        assert (months.closings(), months.problems()) == ({}, ())
        broker.seconds = STALE_SECONDS + 1
        assert months.closings() is None
        await until(lambda: "not readable" in months.problems()[0].text)
        assert [each.code for each in months.problems()] == ["closed_months_unread"]
        broker.readable, broker.end = True, lambda: 0
        await until(lambda: months.closings() == {})
        assert months.problems() == ()


async def test_a_record_that_cannot_be_read_is_said_at_once(broker: Broker) -> None:
    """It may have opened a month again."""
    async with known(broker) as months:
        broker.came = [SimpleNamespace(key=b"2026-01/0002", value=b"{}")]
        await until(lambda: months.closings() is None)
        assert "2026-01/0002" in months.problems()[0].text


@pytest.mark.parametrize(
    ("is_waiting", "owns_partitions", "found"), [(True, False, {}), (False, True, {}), (False, False, None)]
)
def test_who_is_cut_off_knows_no_closings(*, is_waiting: bool, owns_partitions: bool, found: object) -> None:
    """Another worker may have read of more; while it waits for the group, it has no partitions to be wrong about."""
    app: Any = SimpleNamespace(
        closed_months=SimpleNamespace(closings=dict),
        is_waiting=lambda: is_waiting,
        owns_partitions=lambda: owns_partitions,
    )
    assert MonitorApp.known_closings(app) == found


async def test_what_nobody_confirms_is_not_known(broker: Broker) -> None:
    """A broker that never answers, while fetches tell nothing."""
    async with known(broker) as months:
        broker.end = asyncio.Event().wait
        broker.seconds += STALE_SECONDS + 1
        assert months.closings() is None
        assert "no broker has confirmed for 60 s" in months.problems()[0].text


async def test_records_that_never_come_are_read_anew(broker: Broker) -> None:
    """The partition ends later than fetches say: within the bound they may be under way."""
    async with known(broker) as months:
        broker.end = lambda: 5
        broker.seconds += CONFIRM_SECONDS
        await until(lambda: broker.asked > 3)
        assert months.closings() == {}
        broker.readable = False
        broker.seconds += STALE_SECONDS
        await until(lambda: broker.reads > 1)
        assert months.closings() is None


async def test_a_topic_that_was_made_anew_is_read_from_its_beginning(broker: Broker) -> None:
    """It ends before what was read; what it holds is known all the while."""
    async with known(broker) as months:
        broker.end = lambda: -1
        broker.seconds += CONFIRM_SECONDS
        await until(lambda: broker.reads > 1)
        assert months.closings() == {}


@pytest.mark.kafka
async def test_kafka_confirms(apache_kafka: BrokerProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until its topic has gone."""
    await confirmed_by(kafka_settings(apache_kafka, partitions=1), monkeypatch, is_deleted_then=True)


async def test_the_embedded_broker_confirms(embedded_broker: BrokerProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though it knows the end of a partition badly."""
    await confirmed_by(kafka_settings(embedded_broker, partitions=1), monkeypatch, is_deleted_then=False)


async def confirmed_by(kafka: KafkaSettings, monkeypatch: pytest.MonkeyPatch, *, is_deleted_then: bool) -> None:
    """Of a topic without records, and with some; where it has gone, nothing is known any more."""
    await ensure_topics(kafka)
    seconds = 0.0
    months = ClosedMonths(kafka, lambda: seconds)
    monkeypatch.setattr(closings, "RETRY_SECONDS", 0.05)

    def confirmed() -> bool:
        return months.closings() == {} and months._age_seconds() < CONFIRM_SECONDS

    async with months.following():
        await workers.until(confirmed, "an account that is read")
        for _ in range(2):
            seconds += CONFIRM_SECONDS
            await workers.until(confirmed, "an account that is confirmed")
            async with AIOKafkaProducer(**client_options(kafka)) as producer:
                await producer.send_and_wait(kafka.closed_months_topic, None, b"2026-01/0001", partition=0)
        if is_deleted_then:
            async with admin_client(kafka) as admin:
                await admin.delete_topics([kafka.closed_months_topic])
            seconds += CONFIRM_SECONDS
            await workers.until(lambda: months._trouble is not None, "an account that is gone")
            assert months.closings() is not None
            seconds += STALE_SECONDS
            assert months.closings() is None
            assert months.problems()
