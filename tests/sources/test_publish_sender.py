"""The way into Kafka: the right topic and key, nothing silently lost."""

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar

import msgspec
import pytest
from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError
from msgspec.structs import replace

from streams.channels.calls.events import Answered, Offered
from streams.channels.visits.events import Arrived, Requested
from streams.kafka.client import ensure_topics, read_to_end
from streams.kafka.embedded import BrokerProcess
from streams.settings import KafkaSettings, load
from streams.sources import sender as module
from streams.sources.sender import EventSender, SendError
from tests.brokers.topics import kafka_settings

OFFERED = Offered("call-1", "Klantencontactcentrum", 1_700_000_000.0)
ANSWERED = Answered("call-1", "Klantencontactcentrum", 1_700_000_041.0)
REQUESTED = Requested("ticket-1", "Wonen", 1_700_000_000.0, 1_700_100_000.0)
ARRIVED = Arrived("ticket-1", "Wonen", 1_700_100_000.0)


class FakeProducer:
    """Keeps what it is sent; a test settles the futures, or lets `start` or `send` fail."""

    made: ClassVar[list["FakeProducer"]] = []
    start_error: Exception | None = None
    send_error: Exception | None = None

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.stopped = False
        self.records: list[tuple[str, bytes, bytes, int | None]] = []
        self.futures: list[asyncio.Future[object]] = []
        self.made.append(self)

    async def start(self) -> None:
        if self.start_error is not None:
            raise self.start_error

    async def stop(self) -> None:
        self.stopped = True

    async def send(
        self, topic: str, value: bytes, key: bytes, partition: int | None = None, timestamp_ms: int | None = None
    ) -> asyncio.Future[object]:
        assert partition is None, "by the rule of these topics the client chooses it"
        if self.send_error is not None:
            raise self.send_error
        self.records.append((topic, key, value, timestamp_ms))
        self.futures.append(asyncio.get_running_loop().create_future())
        return self.futures[-1]

    def acknowledge(self) -> None:
        for future in self.futures:
            if not future.done():
                future.set_result(None)


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> KafkaSettings:
    """The packaged settings; whoever connects gets a `FakeProducer`."""
    monkeypatch.setattr(FakeProducer, "made", [])
    monkeypatch.setattr(module, "AIOKafkaProducer", FakeProducer)
    return load(None, {}).kafka


async def test_events_go_to_the_topic_of_their_kind_under_their_contact_s_id(kafka: KafkaSettings) -> None:
    async with EventSender(kafka) as sender:
        for event in (OFFERED, ANSWERED, REQUESTED, ARRIVED):
            await sender.send(event)
        (producer,) = FakeProducer.made
        producer.acknowledge()
    assert [(topic, key) for topic, key, _, _ in producer.records] == [
        (kafka.calls_topic, b"call-1"),
        (kafka.calls_topic, b"call-1"),
        (kafka.tickets_topic, b"ticket-1"),
        (kafka.tickets_topic, b"ticket-1"),
    ]
    assert msgspec.json.decode(producer.records[1][2], type=Answered) == ANSWERED
    assert producer.stopped


async def test_a_record_has_its_own_time_only_where_one_is_given(kafka: KafkaSettings) -> None:
    async with EventSender(kafka) as sender:
        await sender.send(OFFERED)
        await sender.send(ANSWERED, timestamp_ms=1_700_000_041_000)
        FakeProducer.made[0].acknowledge()
    assert [timestamp for _, _, _, timestamp in FakeProducer.made[0].records] == [None, 1_700_000_041_000]


@pytest.mark.parametrize(("writer", "idempotent"), [("transactional", True), ("plain", False)])
async def test_only_a_broker_with_transactions_is_asked_for_idempotence(
    kafka: KafkaSettings, writer: str, *, idempotent: bool
) -> None:
    async with EventSender(replace(kafka, writer=writer)):
        assert FakeProducer.made[0].options["enable_idempotence"] is idempotent
        assert FakeProducer.made[0].options["acks"] == "all"


async def test_leaving_waits_until_every_event_is_acknowledged(kafka: KafkaSettings) -> None:
    sender = EventSender(kafka)

    async def send_two() -> None:
        async with sender:
            await sender.send(OFFERED)
            await sender.send(ANSWERED)

    leaving = asyncio.create_task(send_two())
    await _until(lambda: bool(FakeProducer.made) and len(FakeProducer.made[0].futures) == 2)
    producer = FakeProducer.made[0]
    producer.futures[0].set_result(None)
    await _until(lambda: sender.acknowledged == 1)
    assert not leaving.done()
    assert not producer.stopped
    producer.acknowledge()
    await leaving
    assert sender.acknowledged == 2


async def _until(condition: Callable[[], bool]) -> None:
    """Let the event loop run until the condition holds; the test's own timeout ends a wait in vain."""
    while not condition():  # noqa: ASYNC110 - what it waits for has no event to wait on
        await asyncio.sleep(0)


@pytest.mark.parametrize("after", ["flush", "leave", "send"])
async def test_an_event_that_kafka_does_not_take_is_an_error(kafka: KafkaSettings, after: str) -> None:
    sender = EventSender(kafka)

    async def lose_the_second() -> None:
        async with sender:
            await sender.send(OFFERED)
            await sender.send(ANSWERED)
            taken, lost = FakeProducer.made[0].futures
            taken.set_result(None)
            lost.set_exception(KafkaTimeoutError())
            if after == "flush":
                await sender.flush()
            if after == "send":
                await _until(lambda: sender.acknowledged == 1)
                await sender.send(ARRIVED)

    with pytest.raises(SendError, match=r"Not every event arrived: .*acknowledged so far: 1"):
        await lose_the_second()
    assert FakeProducer.made[0].stopped
    assert len(FakeProducer.made[0].records) == 2


async def test_an_event_whose_sending_was_given_up_is_an_error(kafka: KafkaSettings) -> None:
    async def give_up() -> None:
        async with EventSender(kafka) as sender:
            await sender.send(OFFERED)
            FakeProducer.made[0].futures[0].cancel()

    with pytest.raises(SendError, match="Not every event arrived: the sender was stopped"):
        await give_up()


async def test_a_topic_that_takes_nothing_is_an_error_that_names_it(
    kafka: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeProducer, "send_error", KafkaTimeoutError())
    with pytest.raises(SendError, match=f"Topic {kafka.tickets_topic} does not take the events: KafkaTimeoutError"):
        async with EventSender(kafka) as sender:
            await sender.send(ARRIVED)


async def test_brokers_that_cannot_be_reached_are_named_and_the_connection_is_given_up(
    kafka: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeProducer, "start_error", KafkaConnectionError("refused"))
    with pytest.raises(SendError, match=f"Cannot reach Kafka: .*refused .brokers {kafka.bootstrap_servers[0]}"):
        async with EventSender(kafka):
            pytest.fail("there is nothing to send to")
    assert FakeProducer.made[0].stopped


async def test_an_error_of_the_sender_s_user_is_not_hidden(kafka: KafkaSettings) -> None:
    async def fail() -> None:
        async with EventSender(kafka) as sender:
            await sender.send(OFFERED)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert FakeProducer.made[0].stopped


@pytest.mark.kafka
async def test_every_event_arrives_at_a_broker_under_its_key(apache_kafka: BrokerProcess) -> None:
    own = kafka_settings(apache_kafka)
    await ensure_topics(own)
    calls = [Offered(f"call-{number}", "Klantencontactcentrum", 1_700_000_000.0) for number in range(20_000)]
    async with EventSender(own) as sender:
        for call in calls:
            await sender.send(call)
    by_partition = await read_to_end(own, own.calls_topic, range(own.partitions))
    records = [record for partition in by_partition.values() for record in partition]
    assert sender.acknowledged == len(calls)
    assert {record.key.decode() for record in records} == {call.call_id for call in calls}
    assert all(msgspec.json.decode(record.value)["call_id"] == record.key.decode() for record in records)
    assert all(len(partition) > 0 for partition in by_partition.values())
