"""What is stored of partitions that are taken over: their checkpoints, and what becomes of one that is gone."""

import asyncio
import logging
from collections.abc import Collection, Iterable

from aiokafka import TopicPartition

from streams.contracts.topics import checkpoint_topic
from streams.kafka.client import first_offset, read_to_end
from streams.records import checkpoint
from streams.records.month_totals import counted_sources
from streams.settings import KafkaSettings, WhenLost

log = logging.getLogger(__name__)


class Stored:
    """The topics of checkpoints."""

    def __init__(self, kafka: KafkaSettings, when_lost: WhenLost) -> None:
        """They are read when partitions are taken over; `when_lost` says what to do about one that is gone."""
        self._kafka = kafka
        self._when_lost = when_lost

    async def read(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, checkpoint.Checkpoint | None]:
        """The last checkpoint of each of these partitions; None for one that has had none yet.

        Raises `checkpoint.CheckpointError` where one is gone, or cannot be used, and its records with it.
        """
        by_topic: dict[str, list[int]] = {}
        for tp in partitions:
            by_topic.setdefault(tp.topic, []).append(tp.partition)
        found: dict[TopicPartition, checkpoint.Checkpoint | None] = {}
        lost: dict[TopicPartition, str] = {}
        for topic, numbers in by_topic.items():
            source = checkpoint_topic(topic)
            for number, records in (await read_to_end(self._kafka, source, numbers)).items():
                pairs = [(record.key, record.value) for record in records]
                try:
                    # in a thread: unpacking hundreds of MB takes a second in which nobody else would be served
                    read = await asyncio.to_thread(checkpoint.decode, pairs, f"{source}-{number}")
                    found[TopicPartition(topic, number)] = read
                except checkpoint.LostCheckpointError as error:
                    lost[TopicPartition(topic, number)] = f"{error} There is no other one."
        missing = [tp for tp, each in found.items() if each is None]
        for tp, loss in (lost | await self._lost_among(missing)).items():
            await self._allow_loss(tp, loss)
            found[tp] = None
        return found

    async def _lost_among(self, missing: Collection[TopicPartition]) -> dict[TopicPartition, str]:
        """What is known of partitions without a checkpoint that had one: their month totals came with it."""
        if not missing:
            return {}
        topic = self._kafka.month_totals_topic
        (records,) = (await read_to_end(self._kafka, topic, [0])).values()
        counted = counted_sources(record.key for record in records)
        return {
            tp: f"The checkpoint in {checkpoint_topic(tp.topic)}-{tp.partition} is gone: {topic} holds what was "
            "counted with it."
            for tp in missing
            if f"{tp.topic}-{tp.partition}" in counted
        }

    async def _allow_loss(self, tp: TopicPartition, loss: str) -> None:
        """Raise unless the source partition still holds every record, of which the state is a function."""
        first = await first_offset(self._kafka, tp.topic, tp.partition)
        if first == 0:
            log.error("%s Every record of %s-%d is read again", loss, tp.topic, tp.partition)
        elif self._when_lost == "go_on":
            log.error("%s Going on without it, as checkpoint.when_lost says", loss)
        else:
            raise checkpoint.CheckpointError(
                f"{loss} {tp.topic}-{tp.partition} has no records before offset {first} any more, so they cannot be "
                f"counted again. Nothing was changed. Restore {checkpoint_topic(tp.topic)}; or, to go on without "
                'what was counted before, start once with checkpoint.when_lost = "go_on".'
            )
