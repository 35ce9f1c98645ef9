"""The partitions that this worker owns: taking over, folding, checkpoints, giving up.

The checkpoint is the truth about a partition. Taking over fences the former owner first and reads the checkpoint
then, so that nobody can write between the two. Any doubt ends the process: whoever starts again reads the last
checkpoint. Must not know Faust.
"""

import asyncio
import logging
import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Final

from aiokafka import TopicPartition

from streams.contracts.topics import checkpoint_topic
from streams.core.rules import Channel
from streams.kafka import client_options, first_offset, read_to_end
from streams.kafka_writer import FENCED, FencedWriter
from streams.publish.month_totals import counted_sources
from streams.publish.observed import PartitionHealth
from streams.runtime import checkpoint
from streams.runtime.capture import Capture
from streams.runtime.clock import Clock
from streams.runtime.partition import Batch, Partition, new_state, restored_state
from streams.settings import Settings

log = logging.getLogger(__name__)

DEAD_LETTER_BYTES: Final = 4 * 1024 * 1024
"""Rejected bytes a partition may hold before they are written, so that a flood of them cannot fill the memory."""


class _Owned:
    """A partition with what it takes to write its checkpoints."""

    def __init__(self, partition: Partition, writer: FencedWriter, capture: Capture, covered: int | None) -> None:
        self.partition = partition
        self.writer = writer
        self.capture = capture
        self.covered = covered
        """Next offset of the last written checkpoint; None before there is one."""
        self.delay_ms: int | None = None
        """Age of the last record when it was folded, by its own time; None before one was."""
        self.written_ms: int | None = None
        self.written_bytes: int | None = None
        self.written_seconds: float | None = None


class Partitions:
    """All partitions of this worker. One checkpoint, take-over or release runs at a time; folding goes on beside."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Nothing is owned until `load`."""
        self.client_options: Mapping[str, Any] = client_options(settings.kafka)
        self._settings = settings
        self._clock = clock
        self._owned: dict[TopicPartition, _Owned] = {}
        self._moving = asyncio.Lock()
        # The embedded broker gets the bounds of a new partition wrong when two producers write to it first at once:
        # what one of them wrote is then never read. Month totals and dead letters are for all writers.
        fenced = settings.kafka.writer == "transactional"
        self._turn: AbstractAsyncContextManager[Any] = nullcontext() if fenced else asyncio.Lock()
        self._channels = {
            settings.kafka.calls_topic: Channel.PHONE,
            settings.kafka.tickets_topic: Channel.DESK,
        }

    # Reading.

    def owned(self) -> set[TopicPartition]:
        """The partitions owned now."""
        return set(self._owned)

    def covered(self) -> Mapping[TopicPartition, int]:
        """The next offset of each partition's last written checkpoint."""
        return {tp: owned.covered for tp, owned in self._owned.items() if owned.covered is not None}

    def health(self, high_watermarks: Mapping[TopicPartition, int | None]) -> list[PartitionHealth]:
        """What the metrics say of each partition."""
        return [
            PartitionHealth(
                topic=tp.topic,
                partition=tp.partition,
                state=owned.partition.state,
                next_offset=owned.partition.next_offset,
                high_watermark=high_watermarks.get(tp),
                delay_ms=owned.delay_ms,
                checkpoint_offset=owned.covered,
                checkpoint_written_ms=owned.written_ms,
                checkpoint_bytes=owned.written_bytes,
                checkpoint_seconds=owned.written_seconds,
            )
            for tp, owned in self._owned.items()
        ]

    # Folding.

    async def fold(self, tp: TopicPartition, batch: Batch) -> int:
        """Fold a batch into its partition; the number of records folded, 0 for a partition given up meanwhile."""
        owned = self._owned.get(tp)
        if owned is None:
            return 0
        folded = owned.partition.fold(batch)
        owned.delay_ms = self._clock() - batch.records[-1].timestamp
        if owned.partition.dead_letter_bytes > DEAD_LETTER_BYTES:
            await self.checkpoint()
        return folded

    # Taking over and giving up.

    async def load(self, partitions: set[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Own exactly these partitions; the offset to read each from.

        Raises `checkpoint.CheckpointError` for a checkpoint that cannot be used, and the client's errors.
        """
        async with self._moving:
            await self._drop(set(self._owned) - partitions)
            wanted = sorted(partitions - set(self._owned))
            writers = {tp: self._new_writer(tp) for tp in wanted}
            try:
                await asyncio.gather(*(writer.start() for writer in writers.values()))
                found = await self._read_checkpoints(wanted)
            except BaseException:
                await asyncio.gather(*(writer.stop() for writer in writers.values()))
                raise
            for tp in wanted:
                self._owned[tp] = self._restore(tp, writers[tp], found[tp])
        return {tp: self._owned[tp].partition.next_offset for tp in partitions}

    def _new_writer(self, tp: TopicPartition) -> FencedWriter:
        kafka = self._settings.kafka
        fenced = kafka.writer == "transactional"
        return FencedWriter(self.client_options, f"{kafka.group}-{tp.topic}-{tp.partition}" if fenced else None)

    async def _read_checkpoints(
        self, partitions: Iterable[TopicPartition]
    ) -> dict[TopicPartition, checkpoint.Checkpoint | None]:
        by_topic: dict[str, list[int]] = {}
        for tp in partitions:
            by_topic.setdefault(tp.topic, []).append(tp.partition)
        found: dict[TopicPartition, checkpoint.Checkpoint | None] = {}
        lost: dict[TopicPartition, str] = {}
        for topic, numbers in by_topic.items():
            source = checkpoint_topic(topic)
            for number, records in (await read_to_end(self._settings.kafka, source, numbers)).items():
                pairs = [(record.key, record.value) for record in records]
                try:
                    found[TopicPartition(topic, number)] = checkpoint.decode(pairs, f"{source}-{number}")
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
        topic = self._settings.kafka.month_totals_topic
        (records,) = (await read_to_end(self._settings.kafka, topic, [0])).values()
        counted = counted_sources(record.key for record in records)
        return {
            tp: f"The checkpoint in {checkpoint_topic(tp.topic)}-{tp.partition} is gone: {topic} holds what was "
            "counted with it."
            for tp in missing
            if f"{tp.topic}-{tp.partition}" in counted
        }

    async def _allow_loss(self, tp: TopicPartition, loss: str) -> None:
        """Raise unless the source partition still holds every record, of which the state is a function."""
        first = await first_offset(self._settings.kafka, tp.topic, tp.partition)
        if first == 0:
            log.error("%s Every record of %s-%d is read again", loss, tp.topic, tp.partition)
        elif self._settings.checkpoint.when_lost == "go_on":
            log.error("%s Going on without it, as checkpoint.when_lost says", loss)
        else:
            raise checkpoint.CheckpointError(
                f"{loss} {tp.topic}-{tp.partition} has no records before offset {first} any more, so they cannot be "
                f"counted again. Nothing was changed. Restore {checkpoint_topic(tp.topic)}; or, to go on without "
                'what was counted before, start once with checkpoint.when_lost = "go_on".'
            )

    def _restore(self, tp: TopicPartition, writer: FencedWriter, found: checkpoint.Checkpoint | None) -> _Owned:
        channel, rules = self._channels[tp.topic], self._settings.rules
        if found is None:
            log.info("%s-%d: no checkpoint, starting at the beginning", tp.topic, tp.partition)
            state, next_offset, generation = new_state(channel, rules), 0, 0
        else:
            if found.damage is not None:
                log.error("%s The one before it takes its place", found.damage)
            log.info("%s-%d: restored, going on at offset %d", tp.topic, tp.partition, found.next_offset)
            state, next_offset = restored_state(channel, rules, found.snapshots), found.next_offset
            generation = found.generation
        broker_sets_times = self._settings.kafka.writer == "transactional"
        notes = None if found is None else found.notes
        partition = Partition(tp, state, next_offset, broker_sets_times=broker_sets_times, notes=notes)
        capture = Capture(partition, self._settings, self._clock, generation=generation)
        return _Owned(partition, writer, capture, None if found is None else next_offset)

    async def release(self, partitions: set[TopicPartition]) -> None:
        """Give the partitions up; what no checkpoint covers is read again by whoever takes over."""
        async with self._moving:
            await self._drop(partitions)

    async def _drop(self, partitions: set[TopicPartition]) -> None:
        dropped = [owned for tp in partitions if (owned := self._owned.pop(tp, None)) is not None]
        await asyncio.gather(*(owned.writer.stop() for owned in dropped))

    # Checkpoints.

    async def checkpoint(self, *, leaving: bool = False) -> None:
        """Write a checkpoint of every partition that has moved since its last one.

        Raises when a write fails. On `leaving`, being fenced is no error: the partition has its new owner already.
        """
        async with self._moving:
            writes = (self._write(owned, leaving=leaving) for owned in self._owned.values())
            # All of them end before the lock is released: two captures of one partition would share its changes out.
            for result in await asyncio.gather(*writes, return_exceptions=True):
                if isinstance(result, BaseException):
                    raise result

    async def _write(self, owned: _Owned, *, leaving: bool) -> None:
        partition = owned.partition
        if partition.failure is not None:
            return
        try:
            async with self._turn:
                if partition.next_offset == (owned.covered or 0):
                    await self._write_month_totals(owned)
                else:
                    await self._write_checkpoint(owned)
        except BaseException as error:
            # What was taken out of the state for this write may not have arrived: nothing may be written after it.
            partition.failure = error
            if not (leaving and isinstance(error, FENCED)):
                raise
            log.warning("%s: another worker has taken over; left without a last checkpoint", partition.name)

    async def _write_month_totals(self, owned: _Owned) -> None:
        records = owned.capture.take_month_totals()
        if records:
            await owned.writer.write(records)

    async def _write_checkpoint(self, owned: _Owned) -> None:
        started = time.perf_counter()
        captured = await owned.capture.take()
        await owned.writer.write(captured.records)
        owned.covered = captured.next_offset
        owned.written_bytes = sum(len(record.value or b"") for record in captured.records)
        owned.written_ms = self._clock()
        owned.written_seconds = time.perf_counter() - started
