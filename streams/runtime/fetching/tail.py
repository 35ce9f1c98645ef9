"""The newest records of a topic, or all of them, read once: within bounds on memory, whatever they decompress to.

Changes nothing on Kafka.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final

from aiokafka import TopicPartition

from streams.contracts.rejections import Reason
from streams.contracts.topics import UNPACKED_BYTES_MAX
from streams.kafka.client import FETCH_WAIT_MS, client_options
from streams.kafka.placement import SeenKeys
from streams.runtime.fetching.fetch import Packed, PackedConsumer
from streams.runtime.fetching.fetched import Fetched
from streams.runtime.fetching.packed import PLAIN_BYTES, Opened, Part
from streams.runtime.fetching.turns import Bundle
from streams.settings import KafkaSettings

TAIL_RECORDS: Final = 200
"""So many of the newest records of each partition are read: enough to see a line that rings now and then."""

TAIL_BYTES: Final = 16 * 1024 * 1024
"""Reading stops at so much of one topic, packed; events need a hundredth of it."""

UNPACKED_BYTES: Final = 16 * UNPACKED_BYTES_MAX
"""No more is unpacked after so much of one topic, which takes some seconds; what comes first is the newest."""


async def newest(kafka: KafkaSettings, topic: str, partitions: int, patience_seconds: float) -> list[Packed]:
    """The batches that hold the newest records of a topic, the newest first, still packed."""
    return newest_first((await newest_of_each(kafka, topic, partitions, patience_seconds)).values())


def newest_first(found: Iterable[Iterable[Packed]]) -> list[Packed]:
    """The batches of all partitions in one row."""
    batches = chain.from_iterable(found)
    return sorted(batches, key=lambda batch: (batch.origin.timestamp, batch.offset), reverse=True)


async def newest_of_each(
    kafka: KafkaSettings, topic: str, partitions: int, patience_seconds: float
) -> dict[int, list[Packed]]:
    """The batches that hold the newest records of each partition of a topic, in their order, still packed."""
    consumer = PackedConsumer(
        **client_options(kafka),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_bytes=TAIL_BYTES,
        fetch_max_wait_ms=FETCH_WAIT_MS,
    )
    places = [TopicPartition(topic, partition) for partition in range(partitions)]
    try:
        async with asyncio.timeout(patience_seconds):
            await consumer.start()
            consumer.assign(places)
            firsts = await consumer.beginning_offsets(places)
            ends = await consumer.end_offsets(places)
            for place in places:
                consumer.seek(place, max(firsts[place], ends[place] - TAIL_RECORDS))
            fetched = await _read(consumer, ends)
    finally:
        await consumer.stop()
    return {place.partition: list(_last(batches)) for place, batches in fetched.items()}


async def every(kafka: KafkaSettings, topic: str, partitions: int, patience_seconds: float) -> AsyncGenerator[Packed]:
    """All batches of a topic up to its end of now, still packed, as they come.

    Raises `TimeoutError` when nothing comes for `patience_seconds`.
    """
    consumer = PackedConsumer(
        **client_options(kafka),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=FETCH_WAIT_MS,
    )
    places = [TopicPartition(topic, partition) for partition in range(partitions)]
    try:
        async with asyncio.timeout(patience_seconds):
            await consumer.start()
            consumer.assign(places)
            listed = await consumer.end_offsets(places)
        ends: dict[TopicPartition, int] = {}
        while True:
            found, is_read = await _more(consumer, listed, ends, patience_seconds)
            for batch in chain.from_iterable(found):
                yield batch
            if is_read:
                return
    finally:
        await consumer.stop()


async def _more(
    consumer: PackedConsumer,
    listed: Mapping[TopicPartition, int],
    ends: dict[TopicPartition, int],
    patience_seconds: float,
) -> tuple[Iterable[Sequence[Packed]], bool]:
    """The next batches, and whether all are read: none come where a partition is empty."""
    async with asyncio.timeout(patience_seconds):
        while True:
            found = await consumer.getmany(timeout_ms=FETCH_WAIT_MS)
            is_read = await _are_read(consumer, listed, ends)
            if found or is_read:
                return found.values(), is_read


async def _are_read(
    consumer: PackedConsumer, listed: Mapping[TopicPartition, int], ends: dict[TopicPartition, int]
) -> bool:
    """Whether the end of each partition is reached, which is noted in `ends` once the first answer tells it."""
    for place in listed.keys() - ends.keys():
        if (told := consumer.last_stable_offset(place)) is not None:
            ends[place] = max(told, listed[place])
    return ends.keys() == listed.keys() and not [
        place for place, end in ends.items() if await consumer.position(place) < end
    ]


async def _read(
    consumer: PackedConsumer, listed: Mapping[TopicPartition, int]
) -> Mapping[TopicPartition, Sequence[Packed]]:
    """The newest batches of each partition up to the end that the first answer to a fetch tells, or the listed one.

    The embedded broker lists too little.
    """
    found = {place: deque[Packed](maxlen=TAIL_RECORDS) for place in listed}
    ends: dict[TopicPartition, int] = {}
    size = 0
    while size <= TAIL_BYTES:
        for place, batches in (await consumer.getmany(timeout_ms=FETCH_WAIT_MS)).items():
            found[place].extend(batches)
            size += sum(batch.origin.packed_bytes for batch in batches)
        if await _are_read(consumer, listed, ends):
            break
    return found


def _last(batches: Sequence[Packed]) -> Iterator[Packed]:
    """Those of one partition's batches that hold its newest records, which alone are asked for."""
    first = batches[-1].next_offset - TAIL_RECORDS if batches else 0
    for batch in batches:
        if batch.next_offset > first:
            batch.start = max(batch.start, first)
            yield batch


def unpacked(
    batches: Iterable[Packed], plain_bytes: int = PLAIN_BYTES, in_all_bytes: int = UNPACKED_BYTES
) -> Iterator[Fetched]:
    """The records that are asked for, one batch after another; only the records of one part are held at a time.

    What unpacks to at most `plain_bytes` has its headers. Ends once `in_all_bytes` are unpacked.
    """
    left = in_all_bytes
    for batch in batches:
        opened = batch.open(plain_bytes)
        for part in opened.parts:
            yield from Bundle(part.start, part.end, (part,)).batches()
            left -= _cost(opened, part)
        if left <= 0:
            return


def _cost(opened: Opened, part: Part) -> int:
    """What was unpacked for a part, rather too much than too little."""
    is_refused = part.section is None and part.reason is Reason.BATCH_TOO_LARGE
    return UNPACKED_BYTES_MAX if opened.is_large or is_refused else part.size_bytes


def seen_keys(found: Mapping[int, Sequence[Packed]]) -> SeenKeys:
    """The keys of the newest records of a topic with their partitions, in the order of their batches' time.

    A batch that unpacks to more than is read in place holds no keys worth the memory that it takes.
    """
    keys = SeenKeys(len(found))
    placed = [(batch.origin.timestamp, partition, batch) for partition, batches in found.items() for batch in batches]
    for _, partition, batch in sorted(placed, key=lambda each: each[:2]):
        keys.note(partition, filter(None, _keys_in(batch)))
    return keys


def _keys_in(batch: Packed) -> list[bytes | None]:
    opened = batch.open(PLAIN_BYTES, PLAIN_BYTES)
    bundles = (fetched for part in opened.parts for fetched in Bundle(part.start, part.end, (part,)).batches())
    return [record.key for fetched in bundles for record in fetched.records]
