"""Sends events to Kafka: the one place where a source hands events over and learns whether they arrived.

Every source sends through `EventSender`.
"""

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.channels import channel_of_event, topics_of
from streams.contracts.decode import Event
from streams.contracts.staffing import Staffing
from streams.kafka.client import KafkaProblemsError, client_options, ensure_topics
from streams.kafka.partitioners import Partitioner, partition_of
from streams.kafka.permission import require_rights
from streams.kafka.rights import Role
from streams.settings import KafkaSettings

LINGER_MS: Final = 5
"""How long a record may wait for company: far below what a wall screen shows, and enough to fill batches."""

BATCH_BYTES: Final = 256 * 1024
"""Largest batch of one partition. One batch fills while one travels, so this bounds the memory for records in
flight: twice this for each partition; `send` waits when both are full."""


class SendError(Exception):
    """Kafka did not take every event; the text says how many it took, and what to do."""


async def ensure_source_topics(kafka: KafkaSettings, *, staffing: bool = False) -> None:
    """Return when the topics of events are there and may be written, with `staffing` that one too.

    Raises `KafkaProblemsError` when they are not, or when no broker answers.
    """
    await require_rights(kafka, Role.SOURCE)
    if staffing:
        await require_rights(kafka, Role.STAFF_SOURCE)
    await ensure_topics(kafka, only=(*topics_of(kafka), *((kafka.staffing_topic,) if staffing else ())))


_encode: Final = msgspec.json.Encoder().encode


def encoded(event: Event) -> tuple[bytes, bytes]:
    """Key and value of the event's record."""
    if isinstance(event, Staffing):
        return event.key.encode(), _encode(event)
    contact_id: str = getattr(event, channel_of_event(event).decoder.id_field)
    return contact_id.encode(), _encode(event)


def topic_of(event: Event, kafka: KafkaSettings) -> str:
    """The topic of the event's record."""
    return kafka.staffing_topic if isinstance(event, Staffing) else channel_of_event(event).topic(kafka)


class EventSender:
    """Sends events to the topic of their kind, keyed by the contact's id, many in flight at once.

    Used as `async with EventSender(kafka) as sender:`; leaving the block without an error waits until the brokers
    have acknowledged every event. A record may be written twice when an acknowledgement gets lost on the way
    (never with `writer = "transactional"`, which is idempotent); the fold does not mind duplicates.

    `__aenter__`, `send`, `flush` and `__aexit__` raise `SendError` when an event is known to be lost.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        """Keys are placed by murmur2 until `rules` says otherwise."""
        self.acknowledged = 0
        """Events that every in-sync replica has confirmed."""
        self.rules: Mapping[str, Partitioner] = {}
        """By which rule keys are placed in the partitions of a topic, where that is not murmur2, the client's own."""
        self._kafka = kafka
        self._producer: AIOKafkaProducer | None = None
        self._outstanding = 0
        self._all_settled = asyncio.Event()
        self._all_settled.set()
        self._failure: BaseException | None = None

    async def __aenter__(self) -> Self:
        try:
            self._producer = await self._started()
        except (KafkaError, KafkaProblemsError) as error:
            raise self._error("Cannot reach Kafka", error) from error
        return self

    async def _started(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            **client_options(self._kafka),
            acks="all",
            linger_ms=LINGER_MS,
            max_batch_size=BATCH_BYTES,
            # The embedded broker has no InitProducerId, so only a broker known to have transactions is asked for it.
            enable_idempotence=self._kafka.writer == "transactional",
        )
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        return producer

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._producer is not None
        try:
            if kind is None:
                await self.flush()
        finally:
            await self._producer.stop()

    async def send(self, event: Event, timestamp_ms: int | None = None) -> None:
        """Hand over one event; returns once it is on its way, not once it has arrived.

        `timestamp_ms` is the record's own time, UTC; None means now. A topic with LogAppendTime replaces it.
        """
        key, value = encoded(event)
        topic = topic_of(event, self._kafka)
        await self.send_record(topic, key, value, timestamp_ms=timestamp_ms)

    async def partitions(self, topic: str) -> frozenset[int]:
        """The partitions that a topic has."""
        assert self._producer is not None, "use `async with EventSender(...) as sender`"
        return frozenset(await self._producer.partitions_for(topic))

    async def send_record(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        *,
        partition: int | None = None,
        timestamp_ms: int | None = None,
    ) -> None:
        """The same of a record as it is; without `partition` to the one of its key."""
        assert self._producer is not None, "use `async with EventSender(...) as sender`"
        self._raise_failure()
        try:
            if partition is None and key is not None:
                partition = await self._partition(topic, key)
            future: asyncio.Future[object] = await self._producer.send(
                topic, value, key, partition, timestamp_ms=timestamp_ms
            )
        except KafkaError as error:
            raise self._error(f"Topic {topic} does not take the events", error) from error
        self._outstanding += 1
        self._all_settled.clear()
        future.add_done_callback(self._settle)

    async def _partition(self, topic: str, key: bytes) -> int | None:
        """Where the key belongs; None leaves it to the client."""
        rule = self.rules.get(topic, Partitioner.MURMUR2)
        if rule is Partitioner.MURMUR2:
            return None
        return partition_of(key, rule, len(await self.partitions(topic)))

    async def flush(self) -> None:
        """Wait until every event handed over is acknowledged.

        Raises `SendError` when one is not.
        """
        await self._all_settled.wait()
        self._raise_failure()

    def _settle(self, future: asyncio.Future[object]) -> None:
        self._outstanding -= 1
        error = asyncio.CancelledError("the sender was stopped") if future.cancelled() else future.exception()
        if error is None:
            self.acknowledged += 1
        else:
            self._failure = self._failure or error
        if self._outstanding == 0:
            self._all_settled.set()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._error("Not every event arrived", self._failure) from self._failure

    def _error(self, what: str, cause: BaseException) -> SendError:
        servers = ", ".join(self._kafka.bootstrap_servers)
        return SendError(
            f"{what}: {cause} (brokers {servers}; acknowledged so far: {self.acknowledged}). "
            "Check the brokers with `wachtmonitor check`, then run it again: events that did arrive count once."
        )
