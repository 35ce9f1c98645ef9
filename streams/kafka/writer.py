"""Writes records atomically, as the only writer of what they are about: a checkpoint, a closed month, a source.

On a real Kafka they are one transaction of a producer whose id says what it is about; starting it fences the producer
that had the id before. The embedded broker has no transactions: there the records are written in order, the last one
once the others are acknowledged, which is exact as long as one worker runs.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import IllegalOperation, InvalidProducerEpoch, ProducerFenced

log = logging.getLogger(__name__)

REQUEST_BYTES: Final = 4 * 1024 * 1024
"""Largest request to a broker: several chunks of a checkpoint, or the largest dead letter there can be."""

TRANSACTION_TIMEOUT_MS: Final = 10_000
"""After this the broker aborts the transaction of a worker that died in it; until then its successor waits."""

SENT_AT_A_TIME: Final = 200
"""Records that are handed to the client in one go, some 5 ms: by itself it only waits when its memory is full."""

STOP_SECONDS: Final = 5.0
"""How long disconnecting may take. The client waits for brokers as long as they do not answer, and what was written
counts only when `write` has returned."""

FENCED: Final = (ProducerFenced, InvalidProducerEpoch)
"""How the client says that another worker has taken over."""


class OutgoingRecord(msgspec.Struct, frozen=True):
    """A record to write; `partition` None leaves the choice to the key."""

    topic: str
    key: bytes
    value: bytes | None
    partition: int | None = None
    headers: Sequence[tuple[str, bytes]] = ()


class FencedWriter:
    """The one writer of what its transactional id names: a source partition, the closed months, or a source."""

    def __init__(
        self,
        client_options: Mapping[str, Any],
        transactional_id: str | None,
        clock: Callable[[], int] | None = None,
    ) -> None:
        """With a `transactional_id` every write is a transaction and the former owner of that id is fenced.

        `clock` gives records their time, without it this machine's: brokers refuse what is an hour ahead of them.
        """
        self._clock = clock
        self._transactional = transactional_id is not None
        self._options: dict[str, Any] = {**client_options, "acks": "all", "max_request_size": REQUEST_BYTES}
        if transactional_id is not None:
            self._options |= {
                "transactional_id": transactional_id,
                "transaction_timeout_ms": TRANSACTION_TIMEOUT_MS,
            }
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Connect; on return the former owner is fenced, and its open transaction is aborted."""
        producer = AIOKafkaProducer(**self._options)
        try:
            await producer.start()
        except BaseException:
            await disconnect(producer, STOP_SECONDS)
            raise
        self._producer = producer

    async def stop(self) -> None:
        """Disconnect; stopping twice does nothing."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await disconnect(producer, STOP_SECONDS)

    async def partition_count(self, topic: str) -> int:
        """How many partitions a topic has."""
        assert self._producer is not None, "the writer is started before it is asked"
        return len(await self._producer.partitions_for(topic))

    async def write(self, records: Sequence[OutgoingRecord]) -> None:
        """Return when every record is on the broker for good; raise when that is not known."""
        assert self._producer is not None, "the writer is started before it writes"
        if self._transactional:
            try:
                async with self._producer.transaction():
                    await self._send(records)
            except IllegalOperation as error:
                # the client's answer to a `send` when it was fenced since the transaction began
                raise ProducerFenced from error
        else:
            await self._send(records[:-1])
            await self._send(records[-1:])

    async def _send(self, records: Sequence[OutgoingRecord]) -> None:
        producer = self._producer
        assert producer is not None, "the writer is started before it writes"
        at_ms = None if self._clock is None else self._clock()
        sent: list[Any] = []
        for number, record in enumerate(records, 1):
            sent.append(
                await producer.send(
                    record.topic,
                    record.value,
                    record.key,
                    partition=record.partition,
                    timestamp_ms=at_ms,
                    headers=list(record.headers) or None,
                )
            )
            if number % SENT_AT_A_TIME == 0:
                await asyncio.sleep(0)
        await asyncio.gather(*sent)


async def disconnect(producer: AIOKafkaProducer, seconds: float) -> None:
    """Stop a producer, by force when it does not within `seconds`; never raises what the brokers say."""
    stopping = asyncio.create_task(producer.stop())
    _, late = await asyncio.wait({stopping}, timeout=seconds)
    for task in late:
        task.cancel()
    if not late and (error := stopping.exception()) is not None:
        log.warning("disconnecting from Kafka: %r", error)
