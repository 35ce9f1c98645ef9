"""The partitions that this worker owns: taking over, folding, checkpoints, giving up.

The checkpoint is the truth about a partition. Taking over fences the former owner first and reads the checkpoint
then, so that nobody can write between the two. Any doubt ends the process: the next start reads the last
checkpoint. Must not know Faust.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Final

from aiokafka import TopicPartition

from streams.channels import topics_of
from streams.contracts.topics import checkpoint_topic
from streams.core.rules import SECOND_MS, Channel
from streams.kafka.client import client_options, raise_partitions
from streams.kafka.group_offsets import Moved, moved
from streams.kafka.remade import Mark, Sources
from streams.kafka.writer import FENCED, FencedWriter
from streams.live.observed import PartitionHealth
from streams.live.problems import Problem
from streams.records import checkpoint
from streams.runtime.capture import Capture
from streams.runtime.clock import Clock
from streams.runtime.feed_faults import NEWS_SECONDS, offsets_set
from streams.runtime.fetching.fetched import Fetched
from streams.runtime.owned import Owned
from streams.runtime.partition import Partition, new_state, restore
from streams.runtime.placements import Placements
from streams.runtime.reading import Answer
from streams.runtime.refusals import Refusals
from streams.runtime.slices import SLICE_SECONDS, in_slices
from streams.runtime.stored import Stored
from streams.settings import Settings
from streams.words import message

log = logging.getLogger(__name__)

DEAD_LETTER_BYTES: Final = 4 * 1024 * 1024
"""Rejected bytes that may be held before they are written, so that a flood of them cannot fill the memory."""

DEAD_LETTERS: Final = 1_000
"""Dead letters that may be held: with those of a batch they take a transaction well under a second, and one that
outlasted its limit would end every worker that tries."""

TAKE_OVER_SECONDS: Final = 60.0
"""How long brokers may take to hand over what is stored of partitions. Restoring it takes what it takes."""


ASK_SOURCES_SECONDS: Final = 5.0
"""How often at least brokers are asked whether the topics are those that were read: they may be empty anew."""


class TakeOverError(RuntimeError):
    """Partitions were assigned to this worker, but their state cannot be had."""


class TakeOverAbandonedError(RuntimeError):
    """The partitions that were being taken over are to be given up already."""


class Partitions:
    """All partitions of this worker. One checkpoint, take-over or release runs at a time; folding goes on beside."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Nothing is owned until `load`."""
        self.client_options: Mapping[str, Any] = client_options(settings.kafka)
        self._settings = settings
        self._clock = clock
        self._owned: dict[TopicPartition, Owned] = {}
        self.refusals = Refusals(settings.kafka, settings.rules, clock)
        self.placements = Placements(settings.kafka)
        self._moving = asyncio.Lock()
        self._loading: asyncio.Task[None] | None = None
        self.is_restoring = False
        """Whether partitions that are taken over are being restored, which takes as long as there is to restore."""
        self._is_leaving = False
        # The embedded broker gets the bounds of a new partition wrong when two producers write to it first at once:
        # what one of them wrote is then never read. Month totals and dead letters are for all writers.
        fenced = settings.kafka.writer == "transactional"
        self._turn: AbstractAsyncContextManager[Any] = nullcontext() if fenced else asyncio.Lock()
        self._channels = topics_of(settings.kafka)
        self._stored = Stored(settings.kafka, settings.checkpoint.when_lost)
        self._sources = Sources(settings.kafka)
        self._asked_at = -ASK_SOURCES_SECONDS
        self.committed_by_others: Mapping[TopicPartition, int] = {}
        """Offsets of the group that no worker has committed, as they were when this one started."""

    # Reading.

    def owned(self) -> set[TopicPartition]:
        """The partitions owned now."""
        return set(self._owned)

    def covered(self) -> Mapping[TopicPartition, int]:
        """The next offset of each partition's last written checkpoint."""
        return {tp: owned.covered for tp, owned in self._owned.items() if owned.covered is not None}

    def health(
        self,
        high_watermarks: Mapping[TopicPartition, int | None],
        answers: Mapping[TopicPartition, Answer | None],
    ) -> list[PartitionHealth]:
        """What the pages say of each partition, with what the brokers said of it last."""
        now = time.monotonic()
        return [
            PartitionHealth(
                topic=tp.topic,
                partition=tp.partition,
                state=owned.partition.state,
                next_offset=owned.partition.next_offset,
                high_watermark=high_watermarks.get(tp),
                reading=owned.watch.look(now, answers.get(tp), owned.partition.next_offset),
                age_ms=owned.watch.age_ms(now),
                held_ms=round(owned.held_back.look(now, answers.get(tp)) * SECOND_MS),
                notes=owned.partition.notes.months,
                delay_ms=owned.delay_ms,
                checkpoint_offset=owned.covered,
                checkpoint_written_ms=owned.written_ms,
                checkpoint_bytes=owned.written_bytes,
                checkpoint_seconds=owned.written_seconds,
            )
            for tp, owned in self._owned.items()
        ]

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the records that these partitions get."""
        refused = self.refusals.problems(owned.partition for owned in self._owned.values())
        return (*refused, *self.placements.problems(), *offsets_set(self._channels, self._moved(is_news=True)))

    def notes(self) -> tuple[str, ...]:
        """What is worth knowing about these partitions, though no figure is in doubt for it."""
        return tuple(moved(topic, found) for topic, found in self._moved(is_news=False).items())

    def _moved(self, *, is_news: bool) -> Mapping[str, Sequence[Moved]]:
        """The group's offsets that somebody had set, by topic: those of which it is news, or the others."""
        found: dict[str, list[Moved]] = {}
        for tp, owned in sorted(self._owned.items()):
            if owned.moved is not None and is_news is (owned.owned_seconds < NEWS_SECONDS):
                found.setdefault(tp.topic, []).append(owned.moved)
        return found

    def refused_topics(self) -> frozenset[str]:
        """The topics of which most of what these partitions get, or all of a cluster, is refused."""
        by_topic = self.refusals.by_topic(owned.partition for owned in self._owned.values())
        return frozenset(topic for topic, problems in by_topic.items() if problems)

    # Folding.

    async def fold(self, tp: TopicPartition, batch: Fetched) -> int:
        """Fold a batch into its partition; the number of records folded, 0 for a partition given up meanwhile."""
        owned = self._owned.get(tp)
        if owned is None:
            return 0
        folded = owned.partition.fold(batch)
        if batch.newest_ms is not None:
            owned.delay_ms = self._clock() - batch.newest_ms
        if self._many_dead_letters():
            await in_slices(self._judge_where_dead_letters_are())
            await self.checkpoint()
        return folded

    def _judge_where_dead_letters_are(self) -> Iterator[None]:
        """Nothing of a partition is written before it is judged."""
        while not self._is_leaving and any(
            self._judge(owned) for owned in self._owned.values() if owned.partition.dead_letters
        ):
            yield

    def _many_dead_letters(self) -> bool:
        partitions = [owned.partition for owned in self._owned.values()]
        return (
            sum(len(each.dead_letters) for each in partitions) > DEAD_LETTERS
            or sum(each.dead_letter_bytes for each in partitions) > DEAD_LETTER_BYTES
        )

    def judge_slice(self) -> bool:
        """Judge anew, for a slice of time, what is counted by the rules of before; whether there was anything."""
        return any(self._judge(owned) for owned in self._owned.values())

    def _judge(self, owned: Owned) -> bool:
        if not owned.partition.state.unjudged:
            return False
        owned.partition.judge(SLICE_SECONDS)
        return True

    def judging(self) -> tuple[Problem, ...]:
        """Why figures cannot be trusted while changed rules are being applied; empty once they are."""
        unjudged: dict[Channel, int] = {}
        for owned in self._owned.values():
            state = owned.partition.state
            if state.unjudged:
                unjudged[state.channel] = unjudged.get(state.channel, 0) + state.unjudged
        if not unjudged:
            return ()
        return (
            Problem(
                code="judging_anew",
                text="norms, hours or other rules have changed: "
                + " and ".join(f"{count} contacts ({channel})" for channel, count in sorted(unjudged.items()))
                + " are still counted by those of before. It ends by itself; official totals are written then",
                on_wall=message("problem-rules-changed"),
                channels=tuple(sorted(unjudged)),
            ),
        )

    # Taking over and giving up.

    async def load(self, partitions: set[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Own exactly these partitions; the offset to read each from.

        Raises `TakeOverError` when brokers do not hand over in time what is stored of them, `TakeOverAbandonedError`
        after `abandon_loading`, `CheckpointError` for a checkpoint that cannot be used, and the client's
        errors.
        """
        self._is_leaving = False
        loading = self._loading = asyncio.create_task(self._load(partitions), name="load")
        try:
            await asyncio.wait({loading})
        finally:
            if not loading.done():  # we are cancelled
                loading.cancel()
                await asyncio.wait({loading})
        if loading.cancelled():
            raise TakeOverAbandonedError
        loading.result()
        return {tp: self._owned[tp].partition.next_offset for tp in partitions}

    def abandon_loading(self) -> None:
        """Give up what `load` is at, if it is at anything: the group waits until we are ready to share anew."""
        if self._loading is not None:
            self._loading.cancel()

    def abandon_judging(self) -> None:
        """Let no fold wait for judging until the next `load`: the group, or whoever stops us, waits for the folds.

        What is not judged is not written, and whoever takes over begins anew.
        """
        self._is_leaving = True

    async def _load(self, partitions: set[TopicPartition]) -> None:
        try:
            async with asyncio.timeout(TAKE_OVER_SECONDS) as limit, self._moving:
                await self._drop(set(self._owned) - partitions)
                await self._take_over(sorted(partitions - set(self._owned)), limit)
        except TimeoutError:
            raise TakeOverError(
                f"Partitions could not be taken over within {TAKE_OVER_SECONDS:.0f} s: their checkpoints cannot be "
                "read, or a transaction of the former owner is still open. Are all brokers up?"
            ) from None

    async def _take_over(self, wanted: Sequence[TopicPartition], limit: asyncio.Timeout) -> None:
        """Own these too, all at once when the last of them is restored."""
        await self._raise_checkpoints(wanted)
        writers = {tp: self._new_writer(tp) for tp in wanted}
        try:
            await asyncio.gather(*(writer.start() for writer in writers.values()))
            found = await self._stored.read(wanted)
            limit.reschedule(None)
            self.is_restoring = True
            owned = {tp: await self._restore(tp, writers[tp], found.pop(tp)) for tp in wanted}
            await self._sources.require_same({tp: each.mark for tp, each in owned.items()})
        except BaseException:
            await asyncio.gather(*(writer.stop() for writer in writers.values()))
            raise
        finally:
            self.is_restoring = False
        self._owned |= owned

    async def _raise_checkpoints(self, wanted: Iterable[TopicPartition]) -> None:
        """Partitions that were added to a topic of events are added to that of its checkpoints."""
        kafka = self._settings.kafka
        counts = {tp.topic: tp.partition + 1 for tp in sorted(wanted) if tp.partition >= kafka.partitions}
        for topic, count in counts.items():
            log.warning("%s has more partitions than the settings say; so will %s", topic, checkpoint_topic(topic))
            await raise_partitions(kafka, checkpoint_topic(topic), count)

    def _new_writer(self, tp: TopicPartition) -> FencedWriter:
        kafka = self._settings.kafka
        fenced = kafka.writer == "transactional"
        if not fenced:
            return FencedWriter(self.client_options, None)
        return FencedWriter(self.client_options, f"{kafka.group}-{tp.topic}-{tp.partition}", self._clock)

    async def _restore(self, tp: TopicPartition, writer: FencedWriter, found: checkpoint.Checkpoint | None) -> Owned:
        state, next_offset, generation = new_state(self._channels[tp.topic], self._settings.rules), 0, 0
        if found is None:
            log.info("%s-%d: no checkpoint, starting at the beginning", tp.topic, tp.partition)
        else:
            if found.damage is not None:
                log.error("%s The one before it takes its place", found.damage)
            await in_slices(restore(state, found.snapshots))
            next_offset, generation = found.next_offset, found.generation
            log.info("%s-%d: restored, going on at offset %d", tp.topic, tp.partition, next_offset)
            if state.unjudged:
                log.info("%s-%d: %d contacts to judge by changed rules", tp.topic, tp.partition, state.unjudged)
        broker_sets_times = self._settings.kafka.writer == "transactional"
        notes = None if found is None else found.notes
        partition = Partition(
            tp,
            state,
            next_offset,
            broker_sets_times=broker_sets_times,
            notes=notes,
            refusals=self.refusals.of(tp.topic),
            keys=self.placements.of(tp.topic),
        )
        capture = Capture(partition, self._settings.kafka, self._clock, generation=generation)
        owned = Owned(partition, writer, capture, None if found is None else next_offset)
        committed = self.committed_by_others.get(tp, next_offset)
        if committed != next_offset and (found is None or not found.is_former):  # which marked nothing
            owned.moved = Moved(tp.partition, committed, None if found is None else next_offset)
        return owned

    async def release(self, partitions: set[TopicPartition]) -> None:
        """Release the partitions; what no checkpoint covers is read again by their next owner."""
        async with self._moving:
            await self._drop(partitions)

    async def _drop(self, partitions: set[TopicPartition]) -> None:
        dropped = [owned for tp in partitions if (owned := self._owned.pop(tp, None)) is not None]
        await asyncio.gather(*(owned.writer.stop() for owned in dropped))
        if not self._owned:
            await self._sources.stop()

    # Checkpoints.

    async def checkpoint(self, *, leaving: bool = False) -> None:
        """Write a checkpoint of every partition that has moved since its last one.

        Raises when a write fails. On `leaving`, being fenced is no error: the partition has its new owner already.
        """
        async with self._moving:
            await self._ask_sources()
            writes = (self._write(owned, leaving=leaving) for owned in self._owned.values())
            # All of them end before the lock is released: two captures of one partition would share its changes out.
            for result in await asyncio.gather(*writes, return_exceptions=True):
                if isinstance(result, BaseException):
                    raise result

    async def _ask_sources(self) -> None:
        """Raise `SourceReplacedError` before anything is written that was counted of topics made anew."""
        is_due = any(owned.is_due for owned in self._owned.values())
        if is_due or time.monotonic() - self._asked_at >= ASK_SOURCES_SECONDS:
            self._asked_at = time.monotonic()
            await self._sources.require_same({tp: owned.mark for tp, owned in self._owned.items()})

    async def _write(self, owned: Owned, *, leaving: bool) -> None:
        partition = owned.partition
        if partition.failure is not None or partition.state.unjudged:
            return  # what two sets of rules have counted could not be taken back: the last checkpoint holds
        try:
            async with self._turn:
                if owned.is_due:
                    await self._write_checkpoint(owned)
                else:
                    await self._write_month_totals(owned)
        except BaseException as error:
            # What was taken out of the state for this write may not have arrived: nothing may be written after it.
            partition.failure = error
            if not (leaving and isinstance(error, FENCED)):
                raise
            log.warning("%s: another worker has taken over; left without a last checkpoint", partition.name)

    async def _write_month_totals(self, owned: Owned) -> None:
        records = owned.capture.take_month_totals()
        if records:
            await owned.writer.write(records)

    async def _write_checkpoint(self, owned: Owned) -> None:
        started = time.perf_counter()
        captured = await owned.capture.take()
        await owned.writer.write(captured.records)
        owned.covered, owned.is_changed = captured.next_offset, False
        owned.mark = Mark(captured.next_offset, captured.log_ms)
        owned.written_bytes = sum(len(record.value or b"") for record in captured.records)
        owned.written_ms = self._clock()
        owned.written_seconds = time.perf_counter() - started
