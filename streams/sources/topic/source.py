"""Reads a topic of somebody else's, from the offsets of its position on.

The offsets are the position, which goes to Kafka with the facts of the records before it: so each record comes to
ours exactly once where there are transactions. No consumer group is needed, and nothing is committed on that topic.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from typing import Any, Final

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from streams.kafka.client import FETCH_WAIT_MS, KafkaProblemsError, client_options, require_topics
from streams.kafka.consumer import Consumer
from streams.settings import KafkaSettings, Settings
from streams.settings.sources import TopicSource
from streams.sources.documents.facts import DocumentFacts
from streams.sources.mapping import MappingError
from streams.sources.mapping.documents import load_document_mapping
from streams.sources.source import Link, SourceError, Step
from streams.sources.topic.documents import told
from streams.sources.topic.offsets import decode, encode

RETRY_SECONDS: Final = 2.0

LOOK_MS: Final = 500
"""How long one look for new records lasts."""

RECORDS_AT_ONCE: Final = 500
"""Records of one step: some milliseconds of reading."""

UNANSWERED_SECONDS: Final = 10.0
"""After so long without an answer of a broker it counts as not connected."""

PARTITIONS_SECONDS: Final = 30.0
"""How often is looked whether partitions were added."""

DELETED: Final = "deleted_unread"
"""Records that were deleted by the topic's retention before they were read."""

ANEW: Final = "topic_anew"
"""Partitions that end before what was read: the topic was made anew, and is read from its beginning."""

RAISED: Final = (KafkaError, KafkaProblemsError, OSError)


def topic_source(name: str, table: TopicSource, settings: Settings) -> "Topic":
    """What reads the topic of a source.

    Raises `SourceError` when its mapping cannot be used.
    """
    try:
        mapping = load_document_mapping(table.mapping)
    except OSError as error:
        raise SourceError(f"[source.{name}]: mapping: the file cannot be read ({error.strerror}); mend it") from None
    except MappingError as error:
        problems = "".join(f"\n- {problem}" for problem in error.problems)
        raise SourceError(f"[source.{name}]: mapping: what is wrong in {table.mapping}:{problems}") from None
    return Topic(settings.kafka, table, DocumentFacts(mapping))


class Topic:
    """A topic that is read."""

    def __init__(self, kafka: KafkaSettings, table: TopicSource, facts: DocumentFacts) -> None:
        self._kafka = kafka
        self._topic = table.topic
        self._from_beginning = table.begin == "earliest"
        self._facts = facts

    async def steps(self, position: bytes | None) -> AsyncGenerator[Step]:
        """What its records tell, from a position on; from where the settings say before there is one."""
        offsets = decode(position, self._topic)
        while True:
            try:
                async with aclosing(self._read(offsets)) as steps:
                    async for step in steps:
                        yield step
            except TopicAuthorizationFailedError:
                raise SourceError(f"Kafka does not allow this program to Read topic {self._topic}") from None
            except RAISED as error:
                yield Step(link=Link(connected=False, why=str(error) or repr(error)))
            await asyncio.sleep(RETRY_SECONDS)

    async def _read(self, offsets: dict[int, int]) -> AsyncGenerator[Step]:
        """Read on until something is wrong, or partitions were added; notes in `offsets` how far."""
        await require_topics(self._kafka, [self._topic])
        consumer = Consumer(
            **client_options(self._kafka),
            isolation_level="read_committed",
            auto_offset_reset="none",
            enable_auto_commit=False,
            fetch_max_wait_ms=FETCH_WAIT_MS * 10,
        )
        try:
            await consumer.start()
            places = await self._places(consumer)
            yield await self._begin(consumer, places, offsets)
            ends = await consumer.end_offsets(places)
            looked = time.monotonic()
            while time.monotonic() - looked < PARTITIONS_SECONDS or len(places) == len(await self._places(consumer)):
                looked = looked if time.monotonic() - looked < PARTITIONS_SECONDS else time.monotonic()
                fetched = await consumer.getmany(timeout_ms=LOOK_MS)
                for place, records in fetched.items():
                    for some in _slices(records):
                        yield self._step(place, some, offsets, fills=some[-1].offset < ends[place])
                        await asyncio.sleep(0)
                if not fetched:
                    _require_answers(consumer, places)
        finally:
            await consumer.stop()

    async def _places(self, consumer: Any) -> list[TopicPartition]:
        """All partitions that the topic has now."""
        await consumer._client.force_metadata_update()
        numbers = consumer.partitions_for_topic(self._topic) or ()
        return [TopicPartition(self._topic, number) for number in sorted(numbers)]

    async def _begin(self, consumer: Any, places: Sequence[TopicPartition], offsets: dict[int, int]) -> Step:
        """Stand where each partition was read to, and say what is not there any more."""
        first, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
        is_new = not offsets
        deleted = anew = 0
        consumer.assign(places)
        for place in places:
            begin = first[place] if self._from_beginning or not is_new else ends[place]
            known = offsets.get(place.partition, begin)
            if known > ends[place]:
                anew += 1
                known = first[place]
            deleted += max(0, first[place] - known)
            offsets[place.partition] = max(known, first[place])
            consumer.seek(place, offsets[place.partition])
        left_out = {reason: count for reason, count in ((DELETED, deleted), (ANEW, anew)) if count}
        return Step(link=Link(connected=True), left_out=left_out, position=encode(self._topic, offsets))

    def _step(
        self, place: TopicPartition, records: "Sequence[ConsumerRecord]", offsets: dict[int, int], *, fills: bool
    ) -> Step:
        found = told((record.value for record in records), self._facts)
        offsets[place.partition] = records[-1].offset + 1
        position = encode(self._topic, offsets)
        return Step(events=found.events, left_out=found.left_out, position=position, missed_before=fills)


def _slices(records: "Sequence[ConsumerRecord]") -> "Iterator[Sequence[ConsumerRecord]]":
    for start in range(0, len(records), RECORDS_AT_ONCE):
        yield records[start : start + RECORDS_AT_ONCE]


def _require_answers(consumer: Any, places: Sequence[TopicPartition]) -> None:
    """Raises `TimeoutError` when no broker has answered for too long: the client says nothing of it."""
    told_ms = [at_ms for place in places if (at_ms := consumer.last_poll_timestamp(place)) is not None]
    if told_ms and time.time() - max(told_ms) / 1000 > UNANSWERED_SECONDS:
        raise TimeoutError(f"no broker has answered for {UNANSWERED_SECONDS:.0f} s")
