"""One source partition that this worker owns: its decoder, its state, and how far both have come.

Folds batches of records in order, each record once. Must not know Faust, producers or other partitions.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from aiokafka import TopicPartition

from streams.channels import channel_of
from streams.channels.acceptance import Explainer, Refused, decoder_of
from streams.channels.refusals import RECENT_RECORDS, RecentRefusals
from streams.contracts.batch import Batch, RejectedRecord
from streams.contracts.rejections import Rejection
from streams.core.month_notes import MonthNote, MonthNotes
from streams.core.rules import Channel, Rules
from streams.core.state import AnyState
from streams.kafka.client import LOG_APPEND_TIME
from streams.live.observed import DELETED_UNREAD
from streams.records.dead_letters import DeadLetter, refused, refused_together
from streams.runtime.fetching.fetched import Fetched, RefusedTogether
from streams.runtime.fetching.record import CutRecord, Record
from streams.runtime.placements import TopicKeys

log = logging.getLogger(__name__)

JUDGED_AT_ONCE: Final = 200
"""Contacts that are judged anew before the time is looked at: some milliseconds."""


class BatchGapError(RuntimeError):
    """Batches did not follow each other: records would be skipped. Nothing was folded."""


class RecordTimeError(RuntimeError):
    """Sources set the records' times, so one wrong clock could make the state forget everything."""


class Partition:
    """State and position of one source partition.

    `next_offset` is the first offset that is not folded yet; `failure` is set, for good, when a fold or a write
    raised: nothing may be folded or written after that.
    """

    def __init__(
        self,
        tp: TopicPartition,
        state: AnyState,
        next_offset: int,
        *,
        broker_sets_times: bool = False,
        notes: Mapping[str, MonthNote] | None = None,
        refusals: RecentRefusals | None = None,
        keys: TopicKeys | None = None,
    ) -> None:
        """With `broker_sets_times` a record whose time its source has set is an error of the topic's settings.

        `notes` are those of the checkpoint; `refusals` and `keys`, those of the whole topic, are told of every batch.
        """
        self.tp = tp
        self._broker_sets_times = broker_sets_times
        self.state = state
        self.notes = MonthNotes(state.calendar, state.rules.zone, notes)
        self.next_offset = next_offset
        self.failure: BaseException | None = None
        self.dead_letters: list[DeadLetter] = []
        """Letters of rejected records since the last checkpoint; whoever writes them takes them out."""
        self.dead_letter_bytes = 0
        self._decode: Any = decoder_of(state.channel, state.rules).decode_batch
        self._refusals = refusals
        self._explainer = Explainer(state.channel, state.rules)
        self._keys = keys

    @property
    def name(self) -> str:
        """Topic and partition as one word, as in keys and messages."""
        return f"{self.tp.topic}-{self.tp.partition}"

    def fold(self, fetched: Fetched) -> int:
        """Fold a batch, leaving out what is folded already; the number of records folded.

        Raises `BatchGapError` when records before the batch are missing, `RecordTimeError` when the topic is not as
        it must be, and whatever the core raises.
        """
        if self.failure is not None:
            raise self.failure
        if fetched.start > self.next_offset:
            raise BatchGapError(f"{self.name}: expected offset {self.next_offset}, got a batch from {fetched.start}")
        if fetched.end <= self.next_offset:
            return 0
        if self._broker_sets_times and fetched.timestamp_type not in (LOG_APPEND_TIME, None):
            raise RecordTimeError(
                f"Topic {self.tp.topic} lets sources set the time of records, our only clock: expected "
                "message.timestamp.type=LogAppendTime. Set it with kafka-configs.sh and make the topic anew, or wait "
                "until the records from before have gone."
            )
        if fetched.deleted:
            self._note_deleted(fetched)
        try:
            if fetched.refused is None:
                folded = self._fold_records(fetched.records)
            else:
                folded = self._refuse(fetched, fetched.refused)
        except BaseException as error:
            self.failure = error
            raise
        self.next_offset = fetched.end
        return folded

    def judge(self, seconds: float) -> None:
        """Judge, for so long, contacts that are still counted by the rules of before."""
        if self.failure is not None:
            raise self.failure
        ends = time.perf_counter() + seconds
        try:
            while self.state.unjudged and time.perf_counter() < ends:
                self.state.judge(JUDGED_AT_ONCE)
        except BaseException as error:
            self.failure = error
            raise
        if not self.state.unjudged:
            log.info("%s: everything that is remembered is judged by today's norms and hours", self.name)

    def _note_deleted(self, fetched: Fetched) -> None:
        log.error(
            "%s: %d records from offset %d on were deleted before they were read, and the figures lack them. Let the "
            "topic keep records for longer than workers may be down (retention.ms, retention.bytes)",
            self.name,
            fetched.deleted,
            fetched.start,
        )
        self.state.rejected[DELETED_UNREAD] = self.state.rejected.get(DELETED_UNREAD, 0) + fetched.deleted

    def _refuse(self, fetched: Fetched, refused: RefusedTogether) -> int:
        """Refuse records that nobody can read, or should: they are counted, and have one dead letter together."""
        start = max(fetched.start, self.next_offset)
        records, origin = fetched.end - start, refused.origin
        self.state.reject(refused.reason.value, origin.timestamp, records)
        if self._refusals is not None:
            some = min(records, RECENT_RECORDS)
            rejection = Rejection(refused.reason, refused.reason.explanation)
            rejected = [RejectedRecord(place, rejection) for place in range(some)]
            self._refusals.note([None] * some, [origin.timestamp] * some, rejected)
        self.dead_letters.append(
            refused_together(
                self.tp.topic,
                self.tp.partition,
                start,
                records=records,
                reason=refused.reason.value,
                packed_bytes=origin.packed_bytes,
                timestamp_ms=origin.timestamp,
                detail=refused.reason.explanation,
            )
        )
        return records

    def _fold_records(self, records: Sequence[Record]) -> int:
        if records and records[0].offset < self.next_offset:
            records = [record for record in records if record.offset >= self.next_offset]
        if not records:
            return 0
        values = [record.value for record in records]
        times_ms = [record.timestamp for record in records]
        batch = self._decode([record.key for record in records], values, times_ms)
        if self._refusals is not None:
            self._refusals.note(values, times_ms, batch.rejected)
        for repaired, count in batch.repaired.items():
            self.state.note_repaired(repaired.repair.value, count)
        if self._keys is not None:
            self._keys.note(self.tp.partition, records, batch.rejected)
        for events, rejected in batch.stretches():
            self._fold_events(events)
            if rejected is not None:
                self._reject(records[rejected.place], rejected.rejection)
        return len(records)

    def _fold_events(self, batch: Batch[Any]) -> None:
        self.state.fold(batch)
        self.notes.fold(batch)

    def _reject(self, record: Record, rejection: Rejection) -> None:
        self.state.reject(rejection.reason.value, record.timestamp)
        letter = refused(
            self.tp.topic,
            self.tp.partition,
            record.offset,
            reason=rejection.reason.value,
            key=record.key,
            value=record.value,
            value_bytes=record.value_bytes if isinstance(record, CutRecord) else None,
            timestamp_ms=record.timestamp,
            detail=self._explainer.detail(Refused(rejection, record.value, record.timestamp)),
        )
        self.dead_letters.append(letter)
        self.dead_letter_bytes += len(letter.key or b"") + len(letter.value or b"")


def new_state(channel: Channel, rules: Rules) -> AnyState:
    """The empty state of a source partition of the channel's topic."""
    return channel_of(channel).state(rules)


def restore(state: AnyState, snapshots: Iterable[bytes]) -> Iterator[None]:
    """Take a checkpoint's snapshots, the whole and then what changed, into an empty state, step by step."""
    decoder = msgspec.msgpack.Decoder(state.snapshot_type)
    whole: Any = None
    for snapshot in snapshots:
        part = decoder.decode(snapshot)
        yield
        if whole is None:
            whole = part
        else:
            whole.update(part)
            yield
    yield from state.take_in(whole)
