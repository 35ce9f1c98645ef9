"""The offsets that the group commits: for tools that show lag. Workers begin where their checkpoints end.

Each commit is marked, so that offsets which somebody set by hand are known: whoever did it expects workers to begin
there, and is told.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

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

SHOWN: Final = 3
"""So many partitions are named."""


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


class Moved(NamedTuple):
    """An offset that somebody set, and where workers go on instead; None without a checkpoint."""

    partition: int
    committed: int
    next_offset: int | None


def moved(topic: str, found: Sequence[Moved]) -> str:
    """What is said of offsets of a topic that somebody set, where workers go on elsewhere."""
    shown = [
        f"{topic}-{each.partition} to {each.committed}, where they {_goes_on(each.next_offset)}"
        for each in found[:SHOWN]
    ]
    more = f", and of {len(found) - SHOWN} more partitions" if len(found) > SHOWN else ""
    return (
        f"the group's offsets were set by hand, and that moves nothing, since workers go by their checkpoints: "
        f"{'; '.join(shown)}{more}. No figure is wrong for it. To count everything anew that the topic still holds, "
        f"stop all workers, delete {checkpoint_topic(topic)} and start again; to leave records out, delete them "
        "before, with kafka-delete-records.sh"
    )


def _goes_on(next_offset: int | None) -> str:
    return "begin with the first record there is" if next_offset is None else f"go on at {next_offset}"
