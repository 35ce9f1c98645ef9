"""Whether a partition is still the one that was read, or was made anew since, under the same name.

A partition that was made anew ends before what was read of the former one, or holds at an offset that was read a
record that is newer than everything that was. Without asking, its records up to there would pass for read.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from streams.contracts.topics import checkpoint_topic
from streams.kafka.client import client_options
from streams.settings import KafkaSettings

log = logging.getLogger(__name__)

ANSWER_SECONDS: Final = 3.0
"""How long brokers may take to tell. Who gets no answer knows nothing, and asks again before the next checkpoint."""

SURE_AFTER_SECONDS: Final = 0.5
"""A claim is checked once more after this: a broker that has just become leader may know less than the one before."""

READABLE_WITHIN_MS: Final = 1_000
"""How long the first record from some offset on may take to come: where none does, nobody may read it."""


class Mark(NamedTuple):
    """What is known of the records of a partition that were read."""

    next_offset: int
    """They are those before this offset."""
    newest_ms: int
    """None of them has a later time of its own."""


UNKNOWN_MS: Final = 2**53
"""In the place of the newest time of a mark where only the offset is known: no record is newer."""


class SourceReplacedError(RuntimeError):
    """Source partitions are not those that were read."""

    def __init__(self, found: Mapping[TopicPartition, str], marks: Mapping[TopicPartition, Mark]) -> None:
        """What is wrong with each, and how far each was read."""
        super().__init__(" ".join(found.values()))
        self.found = dict(found)
        self.marks = {tp: marks[tp] for tp in found}

    def of(self, topic: str) -> str:
        """What is wrong with the partitions of a topic; empty where nothing is."""
        return " ".join(text for tp, text in self.found.items() if tp.topic == topic)


class Sources:
    """Asks the brokers; connects when first asked, and stays connected until `stop`."""

    def __init__(self, kafka: KafkaSettings) -> None:
        """The embedded broker answers wrongly where partitions end, and when: nothing is asked of it."""
        self._kafka = kafka
        self._is_asked = kafka.writer == "transactional"
        self._client: AIOKafkaConsumer | None = None

    async def stop(self) -> None:
        """Let go of the connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.stop()

    async def require_same(self, marks: Mapping[TopicPartition, Mark]) -> None:
        """Raise `SourceReplacedError` when partitions are not those that were read; return where nobody can tell."""
        if found := await self.replaced(marks):
            raise SourceReplacedError(found, marks)

    async def replaced(self, marks: Mapping[TopicPartition, Mark]) -> dict[TopicPartition, str]:
        """What is wrong with those that were made anew; nothing where brokers do not answer."""
        return await self._asked(marks) or {}

    async def are_same(self, marks: Mapping[TopicPartition, Mark]) -> bool:
        """Whether all are those that were read, for certain: brokers say so."""
        return await self._asked(marks) == {}

    async def _asked(self, marks: Mapping[TopicPartition, Mark]) -> dict[TopicPartition, str] | None:
        """What is wrong with those that were made anew; None where brokers do not answer."""
        read = {tp: mark for tp, mark in marks.items() if mark.next_offset}
        if not (read and self._is_asked):
            return {}
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                suspects = await self._replaced(read)
                if not suspects:
                    return {}
                await asyncio.sleep(SURE_AFTER_SECONDS)
                return await self._replaced({tp: read[tp] for tp in suspects})
        except (TimeoutError, KafkaError, OSError) as error:
            log.debug("whether topics were made anew is not known: %r", error)
            await self._drop_client()
            return None

    async def _drop_client(self) -> None:
        """What it knows of the brokers may be what keeps it from an answer."""
        with suppress(TimeoutError, KafkaError, OSError):
            async with asyncio.timeout(ANSWER_SECONDS):
                await self.stop()

    async def _replaced(self, marks: Mapping[TopicPartition, Mark]) -> dict[TopicPartition, str]:
        client = await self._connected()
        ends = await client.end_offsets(list(marks))
        later = await client.offsets_for_times({tp: mark.newest_ms + 1 for tp, mark in marks.items()})
        found = {}
        for tp, mark in marks.items():
            if ends[tp] < mark.next_offset:
                found[tp] = shorter(tp, ends[tp], mark.next_offset)
            elif (newer := later.get(tp)) is not None and newer.offset < mark.next_offset:
                record = await _first_readable(client, tp, newer.offset)
                if record is not None and record.offset < mark.next_offset and record.timestamp > mark.newest_ms:
                    found[tp] = _newer(tp, record, mark)
        return found

    async def _connected(self) -> AIOKafkaConsumer:
        if self._client is None:
            self._client = AIOKafkaConsumer(
                **client_options(self._kafka), isolation_level="read_committed", enable_auto_commit=False
            )
            try:
                await self._client.start()
            except BaseException:
                await self._drop_client()
                raise
        return self._client


async def _first_readable(
    client: AIOKafkaConsumer, tp: TopicPartition, offset: int
) -> "ConsumerRecord[bytes, bytes] | None":
    """The first record from an offset on that a reader gets: markers and what was never committed are none."""
    client.assign([tp])
    try:
        client.seek(tp, offset)
        for records in (await client.getmany(tp, timeout_ms=READABLE_WITHIN_MS, max_records=1)).values():
            for record in records:
                return record
        return None
    finally:
        client.unsubscribe()


def shorter(tp: TopicPartition, end: int, next_offset: int) -> str:
    """What is said of a partition that ends before what was read."""
    return (
        f"Partition {tp.partition} of topic {tp.topic} ends at offset {end}, but its checkpoint covers the records "
        f"up to {next_offset}: {_made_anew(tp)}"
    )


def _newer(tp: TopicPartition, record: "ConsumerRecord[bytes, bytes]", mark: Mark) -> str:
    return (
        f"Partition {tp.partition} of topic {tp.topic} holds at offset {record.offset} a record of "
        f"{_moment(record.timestamp)}, but its checkpoint covers the records up to {mark.next_offset}, and none of "
        f"them is newer than {_moment(mark.newest_ms)}: {_made_anew(tp)}"
    )


def _made_anew(tp: TopicPartition) -> str:
    return (
        "the topic was deleted and made anew, or its brokers lost records. Nothing that was counted of it is kept. "
        f"If it was made anew on purpose, stop all workers, delete {checkpoint_topic(tp.topic)} too and start again: "
        "counting then begins with what the topic holds now."
    )


def _moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")
