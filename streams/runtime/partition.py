"""One source partition that this worker owns: its decoder, its state, and how far both have come.

Folds batches of records in order, each record once. Must not know Faust, producers or other partitions.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from aiokafka import TopicPartition

from streams.contracts.decode import CallDecoder, TicketDecoder
from streams.contracts.rejections import Rejection
from streams.core.figures import AnyState
from streams.core.month_notes import MonthNote, MonthNotes
from streams.core.rules import Channel, Rules
from streams.core.state import CallState, TicketState
from streams.publish.dead_letters import DeadLetter, refused
from streams.publish.observed import DELETED_UNREAD
from streams.runtime.fetch import Record

log = logging.getLogger(__name__)

LOG_APPEND_TIME: Final = 1
"""How the Kafka protocol marks a record whose time the broker has set."""


class Batch(msgspec.Struct, frozen=True):
    """Consecutive records of one partition: everything there is from offset `start` up to, not including, `end`."""

    start: int
    end: int
    records: Sequence[Record]
    deleted: int = 0
    """Records from `start` on that Kafka deleted before anybody read them."""


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
    ) -> None:
        """With `broker_sets_times` a record whose time its source has set is an error of the topic's settings.

        `notes` are those of the checkpoint.
        """
        self.tp = tp
        self._broker_sets_times = broker_sets_times
        self.state = state
        self.notes = MonthNotes(state.calendar, state.rules.zone, notes)
        self.next_offset = next_offset
        self.failure: BaseException | None = None
        self.dead_letters: list[DeadLetter] = []
        """Rejected records since the last checkpoint; whoever writes them takes them out."""
        self.dead_letter_bytes = 0
        self._decode: Any = _decoder(state).decode_batch

    @property
    def name(self) -> str:
        """Topic and partition as one word, as in keys and messages."""
        return f"{self.tp.topic}-{self.tp.partition}"

    def fold(self, batch: Batch) -> int:
        """Fold a batch, leaving out what is folded already; the number of records folded.

        Raises `BatchGapError` when records before the batch are missing, `RecordTimeError` when the topic is not as
        it must be, and whatever the core raises.
        """
        if self.failure is not None:
            raise self.failure
        if batch.start > self.next_offset:
            raise BatchGapError(f"{self.name}: expected offset {self.next_offset}, got a batch from {batch.start}")
        if batch.end <= self.next_offset:
            return 0
        if self._broker_sets_times and batch.records[0].timestamp_type != LOG_APPEND_TIME:
            raise RecordTimeError(
                f"Topic {self.tp.topic} lets sources set the time of records, our only clock: expected "
                "message.timestamp.type=LogAppendTime. Set it with kafka-configs.sh and make the topic anew, or wait "
                "until the records from before have gone."
            )
        if batch.deleted:
            self._note_deleted(batch)
        try:
            folded = self._fold_records(batch.records)
        except BaseException as error:
            self.failure = error
            raise
        self.next_offset = batch.end
        return folded

    def _note_deleted(self, batch: Batch) -> None:
        log.error(
            "%s: %d records from offset %d on were deleted before they were read, and the figures lack them. Let the "
            "topic keep records for longer than workers may be down (retention.ms, retention.bytes)",
            self.name,
            batch.deleted,
            batch.start,
        )
        self.state.rejected[DELETED_UNREAD] = self.state.rejected.get(DELETED_UNREAD, 0) + batch.deleted

    def _fold_records(self, records: Sequence[Record]) -> int:
        if records[0].offset < self.next_offset:
            records = [record for record in records if record.offset >= self.next_offset]
        values = [record.value for record in records]
        times_ms = [record.timestamp for record in records]
        events, instants_ms, refused_at = self._decode([record.key for record in records], values, times_ms)
        start = 0
        for index in refused_at:
            self._fold_events(events[start:index], instants_ms[start:index], times_ms[start:index])
            self._reject(records[index], events[index])
            start = index + 1
        if start:
            events, instants_ms, times_ms = events[start:], instants_ms[start:], times_ms[start:]
        self._fold_events(events, instants_ms, times_ms)
        return len(records)

    def _fold_events(self, events: Sequence[Any], instants_ms: Sequence[int], times_ms: Sequence[int]) -> None:
        self.state.fold(events, instants_ms, times_ms)
        self.notes.fold(events, instants_ms, times_ms)

    def _reject(self, record: Record, rejection: Rejection) -> None:
        self.state.reject(rejection.reason.value, record.timestamp)
        letter = refused(
            self.tp.topic,
            self.tp.partition,
            record.offset,
            reason=rejection.reason.value,
            key=record.key,
            value=record.value,
            timestamp_ms=record.timestamp,
        )
        self.dead_letters.append(letter)
        self.dead_letter_bytes += len(letter.key or b"") + len(letter.value or b"")


def new_state(channel: Channel, rules: Rules) -> AnyState:
    """The empty state of a source partition of the channel's topic."""
    return CallState(rules) if channel is Channel.PHONE else TicketState(rules)


def restored_state(channel: Channel, rules: Rules, snapshots: Iterable[bytes]) -> AnyState:
    """The state that a checkpoint's snapshots hold: the whole, then what changed."""
    if channel is Channel.PHONE:
        return CallState.restore(_whole(CallState.snapshot_type, snapshots), rules)
    return TicketState.restore(_whole(TicketState.snapshot_type, snapshots), rules)


def _whole(snapshot_type: Any, snapshots: Iterable[bytes]) -> Any:
    decoder = msgspec.msgpack.Decoder(snapshot_type)
    decoded = (decoder.decode(snapshot) for snapshot in snapshots)
    whole = next(decoded)
    for later in decoded:
        whole.update(later)
    return whole


def _decoder(state: AnyState) -> CallDecoder | TicketDecoder:
    rules = state.rules
    kind = CallDecoder if state.channel is Channel.PHONE else TicketDecoder
    return kind(
        clusters=frozenset(rules.channel_clusters(state.channel)),
        earliest_ms=rules.earliest_ms,
        future_tolerance_ms=rules.future_tolerance_ms,
        plan_ahead_ms=rules.plan_ahead_ms,
    )
