"""Exchanges shares with the other workers over the topic of live figures: writes its own, reads theirs.

Errors here are logged and retried; they never end or delay the worker, since counting needs none of it.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Protocol

from aiokafka import AIOKafkaProducer, TopicPartition

from streams.channels import topics_of
from streams.contracts.topics import LIVE_MESSAGE_BYTES, PROBE_KEY
from streams.kafka.client import LOG_APPEND_TIME, client_options
from streams.live.share import Share, ShareError, encode
from streams.runtime.fetching.fetch import Packed, PackedConsumer
from streams.runtime.fetching.record import Record
from streams.runtime.group.neighbours import Neighbours
from streams.settings import KafkaSettings

log = logging.getLogger(__name__)

_PROBE: Final = f"{PROBE_KEY}/".encode()
"""Begins the key of a record by which somebody asks a broker for its time."""

SHARE_SECONDS: Final = 1.0
"""Between two shares."""

LOOK_SECONDS: Final = 0.25
"""Between two looks at what is owned: who has given up or caught up says so without waiting for the next share."""

RETRY_SECONDS: Final = 1.0

REQUEST_SECONDS: Final = 2.0
"""A share that is not written by then is worth nothing any more."""

PARTITIONS_SECONDS: Final = 3.0
"""How often brokers are asked how many partitions there are."""

CLOSE_SECONDS: Final = 2.0

SHARED_PARTITION: Final = 0
"""All shares are in one partition, so that one broker stamps them all."""

FETCH_WAIT_MS: Final = 500

STRANGERS_TOLD: Final = 10
"""Kinds of records that are no shares of which the log tells: enough to see what they are."""


class ClockError(RuntimeError):
    """Producers set the timestamps on the topic, so the age of a share is unknown."""


class Sharer(Protocol):
    """Who has a share."""

    def share(self, computed_ms: int | None) -> Share:
        """What this worker shows now; the moment by the brokers' clock is for the others."""

    def standing(self) -> Hashable:
        """What the others should hear of at once when it changes."""


@asynccontextmanager
async def exchanging(kafka: KafkaSettings, sharer: Sharer, neighbours: Neighbours) -> AsyncIterator[None]:
    """Exchange shares for as long as the block lasts."""
    exchange = _Exchange(kafka, sharer, neighbours)
    tasks = [
        asyncio.create_task(exchange.look(), name="look at the partitions"),
        asyncio.create_task(_persist(exchange.write, exchange.is_written), name="write shares"),
        asyncio.create_task(_persist(exchange.read, exchange.is_read), name="read shares"),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=2 * CLOSE_SECONDS)


async def _persist(work: Callable[[], Awaitable[None]], note: Callable[[str | None], None]) -> None:
    """Run a coroutine that should never end, and restart it when it does."""
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the worker goes on counting
            note(str(error) or repr(error))
        await asyncio.sleep(RETRY_SECONDS)


class _Exchange:
    def __init__(self, kafka: KafkaSettings, sharer: Sharer, neighbours: Neighbours) -> None:
        self._kafka = kafka
        self._sharer = sharer
        self._neighbours = neighbours
        self._news = asyncio.Event()
        self._place = TopicPartition(kafka.live_topic, SHARED_PARTITION)
        self._topics = tuple(topics_of(kafka))
        self._strange: set[str] = set()

    # How it goes.

    def is_written(self, trouble: str | None) -> None:
        """Note and log once why shares are not written, or that they are again."""
        _tell("The figures of this worker do not reach the others", self._neighbours.writing_trouble, trouble)
        self._neighbours.writing_trouble = trouble

    def is_read(self, trouble: str | None) -> None:
        """Note and log once why shares are not read, or that they are again."""
        _tell("The figures of the other workers are not read", self._neighbours.reading_trouble, trouble)
        self._neighbours.reading_trouble = trouble

    # One's own share.

    async def look(self) -> None:
        """Trigger a write as soon as something changes."""
        known = None
        failing = False
        while True:
            try:
                standing = self._sharer.standing()
                failing = False
            except Exception:
                standing = known
                if not failing:
                    log.exception("this worker's partitions cannot be looked at: the others do not hear of changes")
                failing = True
            if standing != known:
                known = standing
                self._news.set()
            await asyncio.sleep(LOOK_SECONDS)

    async def write(self) -> None:
        """Write a share every second, and at once when something changes."""
        async with _closing(
            AIOKafkaProducer(
                **client_options(self._kafka),
                acks=1,
                request_timeout_ms=int(REQUEST_SECONDS * 1000),
                max_request_size=LIVE_MESSAGE_BYTES,
            )
        ) as producer:
            while True:
                self._news.clear()
                await self._write_one(producer)
                self.is_written(None)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), SHARE_SECONDS)

    async def _write_one(self, producer: Any) -> None:
        clock, moment = self._neighbours.clock, time.monotonic()
        known = clock.is_set
        share = self._sharer.share(clock.earliest_ms(moment) if known else None)
        sent = await producer.send_and_wait(
            self._kafka.live_topic,
            encode(share),
            f"{share.group}/{share.worker}".encode(),
            partition=SHARED_PARTITION,
        )
        self._check_clock(sent)
        clock.note(moment, time.monotonic(), sent.timestamp)
        if not known:
            self._news.set()  # now the others can tell how old a share is

    def _check_clock(self, sent: Any) -> None:
        """The embedded broker stamps nothing; there all workers are on one machine and go by one clock."""
        if sent.timestamp_type != LOG_APPEND_TIME and self._kafka.writer == "transactional":
            topic = self._kafka.live_topic
            raise ClockError(
                f"topic {topic} should have message.timestamp.type=LogAppendTime and has not: `wachtmonitor check` "
                "says how to change it"
            )

    # Those of others.

    async def read(self) -> None:
        """Read shares as they come, and how many partitions there are."""
        async with _closing(
            PackedConsumer(
                **client_options(self._kafka),
                auto_offset_reset="latest",
                enable_auto_commit=False,
                fetch_max_wait_ms=FETCH_WAIT_MS,
                max_partition_fetch_bytes=LIVE_MESSAGE_BYTES,
                metadata_max_age_ms=int(PARTITIONS_SECONDS * 1000),
            )
        ) as consumer:
            consumer.assign([self._place])
            for topic in self._topics:
                consumer._client.add_topic(topic)  # else it would ask for its own topic alone
            while True:
                fetched = await consumer.getmany(timeout_ms=FETCH_WAIT_MS)
                self.is_read(None)
                await self._receive(fetched.get(self._place, ()))
                found = {topic: consumer.partitions_for_topic(topic) for topic in self._topics}
                counts = {topic: len(numbers) for topic, numbers in found.items() if numbers}
                self._neighbours.partition_counts = counts

    async def _receive(self, batches: Iterable[Packed]) -> None:
        """Take shares in; whoever may write here may write anything, so nothing is unpacked further than a bound."""
        for batch in batches:
            for part in batch.open().parts:
                records = part.read()
                for record in records:
                    self._take(record)
                if not records:
                    self._tell_of_stranger(part.reason.explanation)
                await asyncio.sleep(0)  # to unpack this one may have taken a while

    def _take(self, record: Record) -> None:
        if not record.value and (record.key or b"").startswith(_PROBE):
            return
        try:
            self._neighbours.receive(record)
        except ShareError as error:
            self._tell_of_stranger(str(error))

    def _tell_of_stranger(self, why: str) -> None:
        if why not in self._strange and len(self._strange) < STRANGERS_TOLD:
            self._strange.add(why)
            log.warning("a record of topic %s is passed over: %s", self._kafka.live_topic, why)


def _tell(what: str, before: str | None, now: str | None) -> None:
    if now is not None and before is None:
        log.warning("%s: %s. Counting goes on, and this is tried again", what, now)
    elif now is None and before is not None:
        log.info("%s: that is over", what)


@asynccontextmanager
async def _closing(client: Any) -> AsyncIterator[Any]:
    """A started client that is stopped within a bound."""
    try:
        await client.start()
        yield client
    finally:
        with suppress(Exception):  # it is thrown away, whatever brokers say to that
            await asyncio.wait_for(client.stop(), CLOSE_SECONDS)
