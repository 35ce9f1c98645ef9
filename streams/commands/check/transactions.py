"""Whether transactions of sources end: nobody may read what comes after one that does not."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.channels import topics_of
from streams.commands.check.finding import Finding, Status
from streams.kafka.client import FETCH_WAIT_MS, KafkaProblemsError, admin_client, client_options
from streams.kafka.consumer import Consumer
from streams.live.faults import unended
from streams.settings import KafkaSettings

ORDINARY_SECONDS: Final = 5.0
"""So long may a transaction take; only where there is one this is waited for."""


async def transaction_findings(kafka: KafkaSettings, patience_seconds: float) -> list[Finding]:
    """A finding for each topic with records that nobody may read; empty where no broker can be reached."""
    try:
        options = client_options(kafka)
    except KafkaProblemsError:
        return []  # said of the brokers already
    consumer = Consumer(
        **options,
        isolation_level="read_committed",
        enable_auto_commit=False,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        fetch_max_bytes=1,  # the answers matter, and not what is in them
        max_partition_fetch_bytes=1,
    )
    try:
        async with asyncio.timeout(patience_seconds + ORDINARY_SECONDS):
            await consumer.start()
            before = await _held_back(consumer, await _at_beginning(consumer, kafka))
            if not before:
                return []
            await asyncio.sleep(ORDINARY_SECONDS)
            after = await _held_back(consumer, before)
    except (OSError, KafkaError, KafkaProblemsError):
        return []  # said of the brokers already
    finally:
        await consumer.stop()
    held = [place for place, end in after.items() if before.get(place) == end]
    by_topic = {place.topic: sorted(each.partition for each in held if each.topic == place.topic) for place in held}
    server = kafka.bootstrap_servers[0]
    return [
        Finding(Status.WRONG, f"transactions on {topic}", unended(topic, partitions, server))
        for topic, partitions in sorted(by_topic.items())
    ]


async def _at_beginning(consumer: Consumer, kafka: KafkaSettings) -> Iterable[TopicPartition]:
    """Stand where any answer tells the end that may be read, in all partitions of the topics of events."""
    async with admin_client(kafka) as admin:
        # All topics, because the embedded broker creates those that are asked for by name.
        found = {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}
    topics = topics_of(kafka)
    places = [TopicPartition(topic, number) for topic in topics for number in range(found.get(topic, 0))]
    if not places:
        return ()
    consumer.assign(places)
    for place, first in (await consumer.beginning_offsets(places)).items():
        consumer.seek(place, first)
    return places


async def _held_back(consumer: Consumer, places: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
    """Up to where partitions may be read that hold more than that, by the answers to fetches."""
    unknown = set(places)
    ends: dict[TopicPartition, int] = {}
    asked_ms = time.time() * 1000
    while unknown:
        await consumer.getmany(timeout_ms=FETCH_WAIT_MS)
        for place in tuple(unknown):
            told_ms, end = consumer.last_poll_timestamp(place), consumer.last_stable_offset(place)
            if end is None or told_ms is None or told_ms < asked_ms:
                continue
            unknown.discard(place)
            if end < (consumer.highwater(place) or 0):
                ends[place] = end
    return ends
