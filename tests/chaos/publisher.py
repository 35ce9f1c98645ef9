"""Publishes a scenario's records and keeps account of them: every one arrives, be it after a broker's restart.

It must not know what the records say.
"""

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.kafka.client import client_options
from streams.process.clock import system_clock
from streams.settings import KafkaSettings
from tests.chaos.events import CALLS, TICKETS, EventSource, Record

TICK_SECONDS: Final = 0.1

REQUEST_MS: Final = 8_000
"""After this a record that no broker confirms is sent again, so it may stand in its topic twice."""

AGAIN_SECONDS: Final = 0.2


class Publisher:
    """Publishes what a source draws, a number of records a second, from `start` to `finish`."""

    def __init__(self, kafka: KafkaSettings, source: EventSource, records_per_second: int) -> None:
        self.source = source
        self.confirmed: list[Record] = []
        """Every record that all in-sync replicas have."""
        self.sent_again = 0
        """Records of which nobody knew whether they had arrived."""
        self.ends: Counter[tuple[str, int]] = Counter()
        """The offset after the last confirmed record, by topic and partition."""
        self._kafka = kafka
        self._topics = {CALLS: kafka.calls_topic, TICKETS: kafka.tickets_topic}
        self._per_tick = max(1, round(records_per_second * TICK_SECONDS))
        self._stopping = asyncio.Event()
        self._producer: AIOKafkaProducer | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to publish."""
        self._task = asyncio.create_task(self._publish(), name="publisher")

    async def finish(self) -> None:
        """Tell what is still untold; return when everything is confirmed."""
        assert self._task is not None, "started before it finishes"
        self._stopping.set()
        await self._task
        await self._deliver(self.source.rest())

    async def close(self) -> None:
        """Give up what is under way."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError, KafkaError):
                await self._task
        await self._disconnect()

    async def _publish(self) -> None:
        while not self._stopping.is_set():
            await self._deliver(self.source.draw(self._per_tick, system_clock()))
            await asyncio.sleep(TICK_SECONDS)

    async def _deliver(self, records: list[Record]) -> None:
        while records:
            try:
                refused = await self._send(records)
            except (KafkaError, TimeoutError, OSError):
                refused = records
            if refused:
                self.sent_again += len(refused)
                await self._disconnect()
                await asyncio.sleep(AGAIN_SECONDS)
            records = refused

    async def _send(self, records: list[Record]) -> list[Record]:
        """The records that were not confirmed."""
        producer = await self._connected()
        async with asyncio.timeout(2 * REQUEST_MS / 1000):
            sent = [await producer.send(self._topics[each.kind], each.value, each.key) for each in records]
            answers = await asyncio.gather(*sent, return_exceptions=True)
        refused = []
        for record, answer in zip(records, answers, strict=True):
            if isinstance(answer, BaseException):
                refused.append(record)
            else:
                self.confirmed.append(record)
                place = (answer.topic, answer.partition)
                self.ends[place] = max(self.ends[place], answer.offset + 1)
        return refused

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                **client_options(self._kafka), acks="all", enable_idempotence=True, request_timeout_ms=REQUEST_MS
            )
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    async def _disconnect(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(KafkaError, TimeoutError, OSError):
                async with asyncio.timeout(5):
                    await producer.stop()
