"""Asks the brokers for their time: sends a tiny record to each, and reads the timestamp in its acknowledgement.

Nothing else in Kafka's protocol tells a broker's time. The records go to the topic of live figures, whose readers
know them by their key.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaProducer, TopicPartition

from streams.channels import topics_of
from streams.contracts.topics import PROBE_KEY
from streams.kafka.broker_time import BrokerTime, Place, Reading, heard, one_clock
from streams.kafka.client import LOG_APPEND_TIME, KafkaProblemsError, client_options
from streams.kafka.writer import disconnect
from streams.settings import KafkaSettings

PATIENCE_SECONDS: Final = 5.0
"""How long one broker may take to answer: the difference is known to half of it, and no better."""

GOODBYE_SECONDS: Final = 1.0
"""How long disconnecting may take: nothing that was written matters."""

MILLISECONDS: Final = 1_000
"""In a second."""


def monotonic_ms() -> float:
    """A clock that never jumps."""
    return time.monotonic() * MILLISECONDS


class BrokerClocks:
    """The clocks of the brokers, read through one connected producer."""

    def __init__(self, producer: AIOKafkaProducer, kafka: KafkaSettings, own_clock: Callable[[], int]) -> None:
        self._producer = producer
        self._topic = kafka.live_topic
        self._key = f"{PROBE_KEY}/{kafka.group}".encode()
        self._own_clock = own_clock

    async def readings(self) -> list[Reading]:
        """The clock of each broker that leads a partition of the live topic and answers.

        Raises `KafkaProblemsError` when none does, or the topic lets clients set the time.
        """
        by_leader: dict[int, int] = {}
        for (_, partition), leader in (await self.leaders([self._topic])).items():
            by_leader.setdefault(leader, partition)
        asked = (self._read(broker, partition) for broker, partition in sorted(by_leader.items()))
        answers = await asyncio.gather(*asked, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, KafkaProblemsError):
                raise answer
        if found := [answer for answer in answers if isinstance(answer, Reading)]:
            return found
        raise KafkaProblemsError(
            [
                f"The brokers do not tell their time: a record to topic {self._topic} was not confirmed within "
                f"{PATIENCE_SECONDS:.0f} s ({'; '.join(map(repr, answers)) or 'it has no leader'}). Are they up, and "
                "may this program write there?"
            ]
        )

    async def _read(self, broker: int, partition: int) -> Reading | None:
        """What a broker shows; None when another one has answered, because it leads the partition now."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            sent_ms, own_ms = monotonic_ms(), self._own_clock()
            sent = await self._producer.send(self._topic, b"", self._key, partition=partition)
            answer = await sent
            half_ms = (monotonic_ms() - sent_ms) / 2
        if answer.timestamp_type != LOG_APPEND_TIME:
            raise KafkaProblemsError(
                [
                    f"Topic {self._topic} lets clients set the time of records, so that the brokers' time is not "
                    "known: expected message.timestamp.type=LogAppendTime. wachtmonitor check says how to set it."
                ]
            )
        if self._leader(self._topic, partition) != broker:
            return None
        return Reading(
            broker=broker,
            shown_ms=answer.timestamp,
            ahead_ms=own_ms + half_ms - answer.timestamp,
            error_ms=half_ms + 1,  # times are whole milliseconds
            sent_ms=sent_ms,
        )

    async def leaders(self, topics: Iterable[str]) -> dict[Place, int]:
        """The broker that leads each partition of these topics, where there is one."""
        found: dict[Place, int] = {}
        for topic in topics:
            for partition in sorted(await self._partitions(topic)):
                leader = self._leader(topic, partition)
                if leader is not None and leader >= 0:
                    found[topic, partition] = leader
        return found

    async def _partitions(self, topic: str) -> set[int]:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                partitions: set[int] = await self._producer.partitions_for(topic)
        except TimeoutError:
            raise KafkaProblemsError(
                [f"The brokers do not tell within {PATIENCE_SECONDS:.0f} s who leads topic {topic}. Is it there?"]
            ) from None
        return partitions

    def _leader(self, topic: str, partition: int) -> int | None:
        leader: int | None = self._producer.client.cluster.leader_for_partition(TopicPartition(topic, partition))
        return leader


@asynccontextmanager
async def broker_clocks(kafka: KafkaSettings, own_clock: Callable[[], int]) -> AsyncIterator[BrokerClocks]:
    """The brokers' clocks, to be asked as often as one likes; `own_clock` reads this machine's, UTC ms."""
    # One broker's answer is enough: nothing that is written here has to last.
    producer = AIOKafkaProducer(**client_options(kafka), acks=1)
    try:
        await producer.start()
        yield BrokerClocks(producer, kafka, own_clock)
    finally:
        await disconnect(producer, GOODBYE_SECONDS)


async def broker_time(kafka: KafkaSettings, own_clock: Callable[[], int]) -> BrokerTime:
    """What time it is by the brokers' clocks, and who leads the source partitions.

    The embedded broker keeps the time that a client sets, whatever the topic says; but it runs on this machine, as
    the one worker does that it can have, so there is one clock. Raises `KafkaProblemsError` and other errors when
    the brokers do not tell.
    """
    if kafka.writer == "plain":
        return one_clock(own_clock())
    async with broker_clocks(kafka, own_clock) as clocks:
        leaders = await clocks.leaders(list(topics_of(kafka)))
        return heard(await clocks.readings(), leaders)
