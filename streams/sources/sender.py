"""Events into Kafka: the one place where a source hands over what it knows, and learns whether it arrived.

Every source sends through `EventSender`. It must not know where events come from or what they mean for waiting.
"""

import asyncio
from types import TracebackType
from typing import Final, Self

import click
import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.contracts.events import AnyCallEvent, AnyTicketEvent, CallEvent
from streams.kafka import KafkaProblemsError, client_options, ensure_topics
from streams.kafka_permission import require_rights
from streams.kafka_rights import Role
from streams.settings import KafkaSettings

LINGER_MS: Final = 5
"""How long a record may wait for company: far below what a wall screen shows, and enough to fill batches."""

BATCH_BYTES: Final = 256 * 1024
"""Largest batch of one partition. One batch fills while one travels, so this bounds the memory for records in
flight: twice this for each partition; `send` waits when both are full."""


class SendError(click.ClickException):
    """Kafka did not take every event. A command that lets it through ends with its text and no stack trace."""

    exit_code = 3


async def ensure_source_topics(kafka: KafkaSettings) -> None:
    """Return when the topics of events are there and may be written; a source needs no others.

    Raises `KafkaProblemsError` when they are not, or no broker answers.
    """
    await require_rights(kafka, Role.SOURCE)
    await ensure_topics(kafka, only=(kafka.calls_topic, kafka.tickets_topic))


class EventSender:
    """Sends events to the topic of their kind, keyed by the contact's id, many in flight at once.

    Used as `async with EventSender(kafka) as sender:`; leaving the block without an error waits until the brokers
    have acknowledged every event. A record may be written twice when an acknowledgement gets lost on the way
    (never with `writer = "transactional"`, which is idempotent); the fold does not mind duplicates.

    Raises `SendError` from `__aenter__`, `send`, `flush` or `__aexit__` as soon as one event is known to be lost.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        self.acknowledged = 0
        """Events that every in-sync replica has confirmed."""
        self._kafka = kafka
        self._producer: AIOKafkaProducer | None = None
        self._encode = msgspec.json.Encoder().encode
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

    async def send(self, event: AnyCallEvent | AnyTicketEvent, timestamp_ms: int | None = None) -> None:
        """Hand over one event; returns once it is on its way, not once it has arrived.

        `timestamp_ms` is the record's own time, UTC; None means now. A topic with LogAppendTime replaces it.
        """
        assert self._producer is not None, "use `async with EventSender(...) as sender`"
        self._raise_failure()
        if isinstance(event, CallEvent):
            topic, contact_id = self._kafka.calls_topic, event.call_id
        else:
            topic, contact_id = self._kafka.tickets_topic, event.ticket_id
        try:
            future: asyncio.Future[object] = await self._producer.send(
                topic, self._encode(event), contact_id.encode(), timestamp_ms=timestamp_ms
            )
        except KafkaError as error:
            raise self._error(f"Topic {topic} does not take the events", error) from error
        self._outstanding += 1
        self._all_settled.clear()
        future.add_done_callback(self._settle)

    async def flush(self) -> None:
        """Wait until every event handed over is acknowledged; raises `SendError` if one is not."""
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
