"""Whether the topics of events are those that workers have counted, and whether somebody set the group's offsets."""

import asyncio
from collections.abc import Iterable, Mapping

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.channels import topics_of
from streams.commands.check.finding import Finding, Status
from streams.kafka.client import KafkaProblemsError, read_to_end, require_topics
from streams.kafka.group_offsets import Moved, committed_by_others, moved
from streams.kafka.remade import Mark, Sources
from streams.records.progress import MonthFeedsError, read_beside
from streams.settings import KafkaSettings


async def source_findings(kafka: KafkaSettings, patience_seconds: float) -> list[Finding]:
    """A finding for each partition that is not what was read, or not where somebody set it to go on.

    Empty where no worker has counted anything, or no broker can be reached.
    """
    sources = Sources(kafka)
    try:
        async with asyncio.timeout(patience_seconds):
            marks = await _marks(kafka)
            problems = await sources.replaced(marks)
    except (OSError, KafkaError, KafkaProblemsError, MonthFeedsError):
        return []  # said of the brokers and topics already
    finally:
        await sources.stop()
    return [
        *(Finding(Status.WRONG, "topics of events", problem) for problem in problems.values()),
        *_moved(kafka, marks, await committed_by_others(kafka)),
    ]


async def _marks(kafka: KafkaSettings) -> dict[TopicPartition, Mark]:
    """How far each source partition was read, as is written with each checkpoint."""
    await require_topics(kafka, [kafka.month_totals_topic])
    (records,) = (await read_to_end(kafka, kafka.month_totals_topic, [0])).values()
    positions = read_beside((record.key or b"", record.value) for record in records).positions.values()
    topics = topics_of(kafka)
    return {
        TopicPartition(each.topic, each.partition): Mark(each.next_offset, each.log_ms)
        for each in positions
        if each.topic in topics
    }


def _moved(
    kafka: KafkaSettings, marks: Mapping[TopicPartition, Mark], committed: Mapping[TopicPartition, int]
) -> Iterable[Finding]:
    """A note, since nothing is wrong with the figures."""
    for topic in topics_of(kafka):
        offsets = {tp: offset for tp, offset in sorted(committed.items()) if tp.topic == topic}
        found = [
            Moved(tp.partition, offset, mark and mark.next_offset)
            for tp, offset in offsets.items()
            if (mark := marks.get(tp)) is None or mark.next_offset != offset
        ]
        if found:
            yield Finding(Status.NOTE, f"group's offsets of {topic}", moved(topic, found))
