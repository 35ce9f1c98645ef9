"""The offsets that the group commits: for tools that show lag. Workers begin where their checkpoints end.

Each commit is marked, so that offsets which somebody set by hand are known: whoever did it expects workers to begin
there, and is told.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from streams.contracts.topics import checkpoint_topic
from streams.kafka.client import KafkaProblemsError, admin_client
from streams.settings import KafkaSettings

log = logging.getLogger(__name__)

MARK: Final = "by a worker"
"""What stands beside each offset that a worker has committed."""

ANSWER_SECONDS: Final = 10.0


def marked(offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> dict[TopicPartition, OffsetAndMetadata]:
    """The same offsets, said to be a worker's."""
    return {tp: OffsetAndMetadata(each.offset, MARK) for tp, each in offsets.items()}


async def committed_by_others(kafka: KafkaSettings) -> dict[TopicPartition, int]:
    """The group's offsets that no worker of this version has committed; nothing where no broker tells."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS), admin_client(kafka) as admin:
            committed = await admin.list_consumer_group_offsets(kafka.group)
    except (TimeoutError, KafkaError, KafkaProblemsError, OSError) as error:
        log.debug("the group's offsets are not known: %r", error)
        return {}
    return {tp: each.offset for tp, each in committed.items() if each.offset >= 0 and each.metadata != MARK}


def moved(tp: TopicPartition, committed: int, next_offset: int) -> str:
    """What is said of an offset that somebody set, where the checkpoint ends elsewhere."""
    return (
        f"the group's offset of {tp.topic}-{tp.partition} was set to {committed} by hand, and that moves nothing: "
        f"workers go on where their checkpoint ends, at {next_offset}. To count everything anew that the topic still "
        f"holds, stop all workers, delete {checkpoint_topic(tp.topic)} and start again"
    )
