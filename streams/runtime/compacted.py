"""Reads a topic of one partition of which all records matter: what there is, then what comes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from aiokafka import ConsumerRecord, TopicPartition

from streams.kafka.client import FETCH_WAIT_MS, client_options, read_to_end
from streams.kafka.consumer import Consumer
from streams.settings import KafkaSettings

CLOSE_SECONDS: Final = 2.0

LOOK_MS: Final = 1_000
"""How long one look for new records lasts."""


async def records_of(kafka: KafkaSettings, topic: str) -> AsyncGenerator[Sequence[ConsumerRecord]]:
    """First all records that there are, then those that come, some at a time or none; never ends by itself.

    Raises whatever the client does, also where the topic was made anew: all of it must be read again then.
    """
    place = TopicPartition(topic, 0)
    found = (await read_to_end(kafka, topic, [0]))[0]
    yield found
    async with _consumer(kafka) as consumer:
        consumer.assign([place])
        if found:
            consumer.seek(place, found[-1].offset + 1)
        else:
            await consumer.seek_to_beginning(place)
        while True:
            yield (await consumer.getmany(timeout_ms=LOOK_MS)).get(place, ())


@asynccontextmanager
async def _consumer(kafka: KafkaSettings) -> AsyncIterator[Any]:
    consumer = Consumer(
        **client_options(kafka),
        isolation_level="read_committed",
        auto_offset_reset="none",  # where the topic was made anew, all of it must be read again
        enable_auto_commit=False,
        fetch_max_wait_ms=FETCH_WAIT_MS * 10,
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        with suppress(Exception):  # it is thrown away, whatever brokers say to that
            await asyncio.wait_for(consumer.stop(), CLOSE_SECONDS)
