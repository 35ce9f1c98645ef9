"""Takes everything that belongs to one checkpoint out of a partition, as records in the order of writing.

What is taken out is of one moment, although folding goes on while a large state is being encoded: contacts that
change meanwhile are among the changes of the checkpoint's last part.
"""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from streams.contracts.topics import checkpoint_topic
from streams.core.month_notes import MonthNote
from streams.kafka.writer import OutgoingRecord
from streams.records.checkpoint import Layout, compress, encode_part
from streams.records.dead_letters import dead_letter_record
from streams.records.month_totals import MonthTotalsWriter
from streams.records.progress import Position, feed_records, position_record
from streams.runtime.clock import Clock
from streams.runtime.partition import Partition
from streams.settings import KafkaSettings

CONTACTS_PER_PART: Final = 20_000
"""Contacts that are encoded at a time: some 10 ms in which nothing else runs."""

_SMALL_BYTES: Final = 32 * 1024
"""A part of at most so many bytes is compressed at once; a larger one in a thread, beside the folding."""


class Captured(NamedTuple):
    """The records of one checkpoint."""

    records: list[OutgoingRecord]
    next_offset: int
    """The first offset that the checkpoint does not hold."""
    log_ms: int
    """The newest time of the records before it."""


class Capture:
    """What of one partition is in its checkpoints so far."""

    def __init__(self, partition: Partition, kafka: KafkaSettings, clock: Clock, *, generation: int) -> None:
        """`partition` as restored, nothing folded since; `generation` of the checkpoint that it was restored from."""
        self._partition = partition
        self._kafka = kafka
        self._clock = clock
        self._layout = Layout(generation)
        self._months = MonthTotalsWriter(partition.name, partition.state)
        self._rules = partition.state.rules.digest()
        self._has_told_position = False

    async def take(self) -> Captured:
        """Everything that has changed since the last time; it must be written, or nothing may be any more."""
        state = self._partition.state
        whole = self._layout.whole_is_due()
        changes = state.take_changes()
        slices = state.contact_slices(CONTACTS_PER_PART) if whole else ()
        parts = [await self._compressed(state.snapshot_of_contacts(contacts)) for contacts in slices]
        # From here to the last part nothing may be awaited: all of this is of one moment.
        if self._partition.failure is not None:
            raise self._partition.failure  # a fold beside the slices may have left a batch half folded
        later = state.take_changes()
        changes.add(later)
        next_offset, log_ms = self._partition.next_offset, state.log_ms
        changed_notes = self._partition.notes.take_changed()
        records = [*self._dead_letters(), *self._month_totals(changes), *self._beside_totals(changed_notes)]
        settled = state.settle()
        last = settled.snapshot(later.contacts) if whole else settled.snapshot_of(changes)
        parts.append(await self._compressed(last, self._partition.notes.months if whole else changed_notes))
        return Captured(records + self._chunks(parts, next_offset, whole=whole), next_offset, log_ms)

    def take_month_totals(self) -> list[OutgoingRecord]:
        """The month totals that have changed by nothing but time; for when no record has come.

        The first time with the position, which former versions wrote without the rules: a silent partition would
        keep months from closing.
        """
        records = list(self._month_totals(self._partition.state.take_changes()))
        if not self._has_told_position and self._partition.next_offset:
            records += self._beside_totals({})
        return records

    async def _compressed(self, snapshot: Any, notes: Mapping[str, MonthNote] | None = None) -> bytes:
        # before the first await, so of this very moment
        part = encode_part(snapshot, self._partition.next_offset, notes)
        return compress(part) if len(part) <= _SMALL_BYTES else await asyncio.to_thread(compress, part)

    def _dead_letters(self) -> Iterator[OutgoingRecord]:
        partition = self._partition
        letters, partition.dead_letters, partition.dead_letter_bytes = partition.dead_letters, [], 0
        for record in map(dead_letter_record, letters):
            yield OutgoingRecord(self._kafka.dead_letters_topic, record.key, record.value, headers=record.headers)

    def _month_totals(self, changes: Any) -> Iterator[OutgoingRecord]:
        for key, value in self._months.changed(changes, self._clock()):
            yield OutgoingRecord(self._kafka.month_totals_topic, key, value)

    def _beside_totals(self, notes: Mapping[str, MonthNote]) -> Iterator[OutgoingRecord]:
        """What stands beside the month totals: with every checkpoint, so that it says where the totals end."""
        partition = self._partition
        channel, tp = partition.state.channel, partition.tp
        position = Position(
            partition.name,
            channel,
            tp.topic,
            tp.partition,
            partition.next_offset,
            partition.state.log_ms,
            self._rules,
        )
        self._has_told_position = True
        for key, value in (position_record(position), *feed_records(notes, channel, partition.name)):
            yield OutgoingRecord(self._kafka.month_totals_topic, key, value)

    def _chunks(self, parts: list[bytes], next_offset: int, *, whole: bool) -> list[OutgoingRecord]:
        tp = self._partition.tp
        topic = checkpoint_topic(tp.topic)
        chunks = self._layout.add(parts, next_offset, whole=whole)
        return [OutgoingRecord(topic, key, value, tp.partition) for key, value in chunks]
