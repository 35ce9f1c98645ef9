"""Events onto topics of the benchmark's broker, quickly and in a fixed order, and the sums to expect of them.

Batches are built by hand: the ordinary `send` costs more than the systems under test. Must not know the systems.
"""

import asyncio
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewTopic

from streams.contracts.topics import checkpoint_topic
from streams.core.rules import Channel
from streams.kafka.client import admin_client, client_options, ensure_topics
from streams.settings import KafkaSettings
from tests.bench.events import Event

PARTITIONS: Final = 4
BATCH_BYTES: Final = 16 * 1024
"""The default of Kafka's producers."""

IN_FLIGHT: Final = 64
"""Batches that may be under way."""


K = TypeVar("K")


class Sums(msgspec.Struct):
    """Count, sum and maximum of the seconds waited."""

    count: int = 0
    total: int = 0
    longest: int = 0

    def add(self, seconds: int) -> None:
        """Take in one event."""
        self.count += 1
        self.total += seconds
        self.longest = max(self.longest, seconds)


class Windows:
    """What a hopping window over the events must give, by cluster and start of the window."""

    def __init__(self, size_seconds: int, hop_seconds: int) -> None:
        self.size_ms, self.hop_ms = size_seconds * 1000, hop_seconds * 1000
        self._slots: dict[tuple[str, int], Sums] = defaultdict(Sums)
        self._last_ms: dict[str, int] = {}

    def add(self, event: Event) -> None:
        """Take in one event."""
        self._slots[event.cluster, event.at_ms // self.hop_ms].add(event.hold)
        self._last_ms[event.cluster] = event.at_ms  # events come by time

    def is_over(self, cluster: str, start_ms: int) -> bool:
        """Whether an event of the cluster came after the window."""
        return start_ms + self.size_ms <= self._last_ms[cluster]

    def by_cluster(self) -> dict[str, Sums]:
        """Over all time."""
        return _merged((cluster, sums) for (cluster, _), sums in self._slots.items())

    def by_window(self) -> dict[tuple[str, int], Sums]:
        """By cluster and start (ms); a window holds its start and not its end."""
        hops = self.size_ms // self.hop_ms
        return _merged(
            ((cluster, (slot - back) * self.hop_ms), sums)
            for (cluster, slot), sums in self._slots.items()
            for back in range(hops)
        )


def _merged(parts: Iterable[tuple[K, Sums]]) -> dict[K, Sums]:
    merged: dict[K, Sums] = defaultdict(Sums)
    for key, part in parts:
        sums = merged[key]
        sums.count += part.count
        sums.total += part.total
        sums.longest = max(sums.longest, part.longest)
    return dict(merged)


Place = Callable[[Event], tuple[str, bytes]]
"""Topic and key of an event."""


def by_contact(kafka: KafkaSettings) -> Place:
    """As every source publishes: keyed by the contact."""
    topics = {Channel.PHONE: kafka.calls_topic, Channel.DESK: kafka.tickets_topic}
    return lambda event: (topics[event.channel], event.key)


def by_cluster(topic: str) -> Place:
    """Keyed by the cluster, on one topic: as the peers' windows want it, who need not move records for it then."""
    return lambda event: (topic, event.cluster.encode())


async def fill(kafka: KafkaSettings, events: Iterable[Event], place: Place) -> None:
    """Produce the events onto topics that exist; return when the broker has them all."""
    async with Filler(kafka) as filler:
        for event in events:
            await filler.add(event, *place(event))


class Filler:
    """A producer of whole batches; leaving the block waits for the broker."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._producer = AIOKafkaProducer(**client_options(kafka), acks=1, max_batch_size=BATCH_BYTES)
        self._batches: dict[tuple[str, int], Any] = {}
        self._sent: set[asyncio.Future[object]] = set()

    async def __aenter__(self) -> "Filler":
        await self._producer.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                await self.flush()
                await asyncio.gather(*self._sent)
        finally:
            await self._producer.stop()

    async def add(self, event: Event, topic: str, key: bytes) -> tuple[str, int]:
        """Put an event into its partition's batch, of which the topic and number are returned; send a full batch."""
        home = topic, zlib.crc32(key) % PARTITIONS
        batch = self._batches.get(home)
        if batch is None or batch.append(key=key, value=event.value, timestamp=event.at_ms) is None:
            if batch is not None:
                await self._send(home, batch)
            batch = self._batches[home] = self._producer.create_batch()
            assert batch.append(key=key, value=event.value, timestamp=event.at_ms) is not None
        return home

    async def flush(self) -> None:
        """Send what is waiting for company."""
        batches, self._batches = self._batches, {}
        for home, batch in batches.items():
            await self._send(home, batch)

    async def _send(self, home: tuple[str, int], batch: Any) -> None:
        topic, partition = home
        self._sent.add(await self._producer.send_batch(batch, topic, partition=partition))
        if len(self._sent) >= IN_FLIGHT:
            done, self._sent = await asyncio.wait(self._sent, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()


async def create_topic(kafka: KafkaSettings, topic: str) -> None:
    """A topic with the broker's own settings."""
    async with admin_client(kafka) as admin:
        await admin.create_topics([NewTopic(topic, PARTITIONS, 1)])


async def forget_checkpoints(kafka: KafkaSettings) -> None:
    """Make the checkpoint topics anew, so that the next worker reads the events from the beginning."""
    names = [checkpoint_topic(topic) for topic in (kafka.calls_topic, kafka.tickets_topic)]
    async with admin_client(kafka) as admin:
        await admin.delete_topics(names)
        async with asyncio.timeout(30):
            while set(names) & set(await admin.list_topics()):  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(0.1)
    await ensure_topics(kafka)
