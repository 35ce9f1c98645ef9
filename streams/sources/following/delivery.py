"""Takes facts to Kafka, and the position after them: both or none, and never the position first.

With `writer = "transactional"` both are one transaction, whose id holds the source's name: a second follower of the
same name fences the first. With the plain writer the position goes once the facts before it are acknowledged. Where
Kafka is away, or says nothing, the same is written again until it is there: facts may come twice, which changes no
figure, and none is skipped.
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from aiokafka.errors import KafkaError

from streams.channels import topics_of
from streams.contracts.decode import Event
from streams.kafka.client import KafkaProblemsError, client_options, ensure_topics, is_there, read_to_end
from streams.kafka.partitioners import Partitioner, partition_of
from streams.kafka.permission import require_rights
from streams.kafka.rights import Role, follower_id
from streams.kafka.writer import FENCED, FencedWriter, OutgoingRecord
from streams.records.sources import SourceRecord, SourceRecordError, newest_of, source_record
from streams.settings import KafkaSettings
from streams.sources.sender import topic_of

log = logging.getLogger(__name__)

WRITE_SECONDS: Final = 15.0
"""How long brokers may take to answer a write before it is tried anew; a healthy one needs some hundredths."""

RETRY_SECONDS: Final = 1.0

LEAVE_SECONDS: Final = 1.0
"""How long what was given up may take to end."""

LOOKS: Final = 5
"""How often it is looked who has fenced this follower, a second apart: another one says so as soon as it starts.
Where nobody does, Kafka itself has ended a transaction that took too long."""

NOT_TAKEN: Final = (KafkaError, KafkaProblemsError, OSError)
"""What is raised where Kafka takes nothing; a TimeoutError is an OSError."""

Placing = Callable[[KafkaSettings], Awaitable[Mapping[str, Partitioner]]]
"""Says by which rule the keys of a topic are placed, where that is not murmur2."""


class DeliveryError(Exception):
    """Kafka cannot be used as it is needed, and waiting does not mend it; the text says what to do."""


class FencedError(DeliveryError):
    """Another follower of the same source has taken over."""


class Delivery:
    """What goes to Kafka of one source, written by this follower alone."""

    def __init__(
        self,
        kafka: KafkaSettings,
        source: str,
        told: Callable[[str], None],
        placing: Placing | None = None,
        *,
        staffing: bool = False,
    ) -> None:
        """`told` is called with why Kafka takes nothing, each time, and with an empty text once it does.

        With `staffing` the source tells how many employees serve, too.
        """
        self.follower = uuid.uuid4().hex
        self._kafka = kafka
        self._source = source
        self._told = told
        self._placing = placing
        self._topics = (*topics_of(kafka), kafka.sources_topic, *((kafka.staffing_topic,) if staffing else ()))
        self._roles = (Role.FOLLOWER, *((Role.STAFF_SOURCE,) if staffing else ()))
        self._rules: Mapping[str, Partitioner] = {}
        self._former = ""
        """Who followed the source before: what that one wrote says nothing of who follows it now."""
        self._writer: FencedWriter | None = None

    async def open(self) -> SourceRecord | None:
        """What the last follower of this source wrote, once topics are there and that one is fenced; waits for Kafka.

        Raises `DeliveryError` for what waiting does not mend.
        """
        while True:
            try:
                return await self._opened()
            except SourceRecordError as error:
                raise DeliveryError(str(error)) from error
            except NOT_TAKEN as error:
                if isinstance(error, KafkaProblemsError) and await is_there(self._kafka):
                    raise DeliveryError(str(error)) from error
                await self._not_taken(error)

    async def _opened(self) -> SourceRecord | None:
        for role in self._roles:
            await require_rights(self._kafka, role)
        await ensure_topics(self._kafka, only=self._topics)
        if self._placing is not None:
            self._rules = await self._placing(self._kafka)
        await self._start_writer()
        newest = await self._newest()  # with the last word of the former follower, which is fenced now
        self._former = "" if newest is None else newest.follower
        self._told("")
        return newest

    async def write(
        self, records: Sequence[tuple[Event, tuple[bytes, bytes]]], state: Callable[[], SourceRecord]
    ) -> None:
        """Return when these facts are in Kafka, and what `state` says after them.

        Waits for as long as that takes, and tries again. Raises `FencedError` when another follower has taken over.
        """
        while True:
            try:
                await bounded(self._write_once(records, state), WRITE_SECONDS)
            except FENCED:
                await self._drop_writer()
                await self._look_who_fenced()
            except NOT_TAKEN as error:
                await self._not_taken(error)
            else:
                self._told("")
                return

    async def close(self) -> None:
        """Disconnect."""
        await self._drop_writer()

    async def _write_once(
        self, records: Sequence[tuple[Event, tuple[bytes, bytes]]], state: Callable[[], SourceRecord]
    ) -> None:
        if self._writer is None:
            await self._require_own(await self._newest())  # before it is fenced by this one's start
            await self._start_writer()
        assert self._writer is not None
        facts = [await self._fact(event, *record) for event, record in records]
        key, value = source_record(state())
        await self._writer.write([*facts, OutgoingRecord(self._kafka.sources_topic, key, value)])

    async def _fact(self, event: Event, key: bytes, value: bytes) -> OutgoingRecord:
        topic = topic_of(event, self._kafka)
        rule = self._rules.get(topic, Partitioner.MURMUR2)
        if rule is Partitioner.MURMUR2:  # the client's own
            return OutgoingRecord(topic, key, value)
        assert self._writer is not None
        return OutgoingRecord(topic, key, value, partition_of(key, rule, await self._writer.partition_count(topic)))

    async def _start_writer(self) -> None:
        transactional = self._kafka.writer == "transactional"
        writer = FencedWriter(
            client_options(self._kafka), follower_id(self._kafka, self._source) if transactional else None
        )
        await bounded(writer.start(), WRITE_SECONDS)
        self._writer = writer

    async def _drop_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.stop()

    async def _newest(self) -> SourceRecord | None:
        topic = self._kafka.sources_topic
        records = (await read_to_end(self._kafka, topic, [0]))[0]
        return newest_of(self._source, ((record.key, record.value) for record in records))

    async def _not_taken(self, error: BaseException) -> None:
        text = f"no answer within {WRITE_SECONDS:.0f} s" if isinstance(error, TimeoutError) else str(error)
        self._told(text or repr(error))
        await self._drop_writer()
        await asyncio.sleep(RETRY_SECONDS)

    async def _look_who_fenced(self) -> None:
        for _ in range(LOOKS):
            with suppress(*NOT_TAKEN):
                await self._require_own(await self._newest())
            await asyncio.sleep(RETRY_SECONDS)
        log.info("source %s: Kafka ended a transaction that took too long; its facts are sent again", self._source)

    async def _require_own(self, newest: SourceRecord | None) -> None:
        """Raises `FencedError` when another follower has written since."""
        if newest is not None and newest.follower not in (self.follower, self._former):
            raise FencedError(
                f"another follower of the source {self._source} has started and goes on in the place of this one: "
                "exactly one may follow a source. Stop one of them, or give it a name of its own in the settings"
            )


async def bounded(work: Coroutine[Any, Any, None], seconds: float) -> None:
    """Wait so long for what may not end where brokers do not answer, not even once it is cancelled.

    Raises `TimeoutError` when it takes longer.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
        if not task.done():
            raise TimeoutError
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=LEAVE_SECONDS)
            task.add_done_callback(_hear)
    task.result()


def _hear(task: "asyncio.Task[None]") -> None:
    """Nobody waits for it any more, so nobody is told how it ended."""
    if not task.cancelled():
        task.exception()
