"""One source partition that this worker owns: its decoder, its state, and how far both have come.

Folds batches of records in order, each record once. Must not know Faust, producers or other partitions.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from aiokafka import ConsumerRecord, TopicPartition

from streams.contracts.decode import CallDecoder, TicketDecoder
from streams.contracts.rejections import Rejection
from streams.core.figures import AnyState
from streams.core.rules import Channel, Rules
from streams.core.state import CallState, TicketState
from streams.publish.dead_letters import DeadLetter, refused

LOG_APPEND_TIME: Final = 1
"""How the Kafka protocol marks a record whose time the broker has set."""


class Batch(msgspec.Struct, frozen=True):
    """Consecutive records of one partition: everything there is from offset `start` up to, not including, `end`."""

    start: int
    end: int
    records: Sequence["ConsumerRecord[bytes, bytes]"]


class BatchGapError(RuntimeError):
    """Batches did not follow each other: records would be skipped."""


class RecordTimeError(RuntimeError):
    """Sources set the records' times, so one wrong clock could make the state forget everything."""


class Partition:
    """State and position of one source partition.

    `next_offset` is the first offset that is not folded yet; `failure` is set, for good, when a fold or a write
    raised: nothing may be folded or written after that.
    """

    def __init__(
        self, tp: TopicPartition, state: AnyState, next_offset: int, *, broker_sets_times: bool = False
    ) -> None:
        """With `broker_sets_times` a record whose time its source has set is an error of the topic's settings."""
        self.tp = tp
        self._broker_sets_times = broker_sets_times
        self.state = state
        self.next_offset = next_offset
        self.failure: BaseException | None = None
        self.dead_letters: list[DeadLetter] = []
        """Rejected records since the last checkpoint; whoever writes them takes them out."""
        self.dead_letter_bytes = 0
        self._decode: Any = _decoder(state).__call__  # the bound method is found once, not for every record

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
        try:
            folded = self._fold_records(batch.records)
        except BaseException as error:
            self.failure = error
            raise
        self.next_offset = batch.end
        return folded

    def _fold_records(self, records: Sequence["ConsumerRecord[bytes, bytes]"]) -> int:
        next_offset, decode, apply = self.next_offset, self._decode, self.state.apply
        folded = 0
        for record in records:
            if record.offset < next_offset:
                continue
            event = decode(record.key, record.value, record.timestamp)
            if type(event) is Rejection:
                self._reject(record, event)
            else:
                apply(event, record.timestamp)
            folded += 1
        return folded

    def _reject(self, record: "ConsumerRecord[bytes, bytes]", rejection: Rejection) -> None:
        self.state.reject(rejection.reason.value, record.timestamp)
        letter = refused(
            record.topic,
            record.partition,
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


def restored_state(channel: Channel, rules: Rules, snapshot: bytes) -> AnyState:
    """The state that a checkpoint's snapshot holds."""
    decode = msgspec.msgpack.decode
    if channel is Channel.PHONE:
        return CallState.restore(decode(snapshot, type=CallState.snapshot_type), rules)
    return TicketState.restore(decode(snapshot, type=TicketState.snapshot_type), rules)


def _decoder(state: AnyState) -> CallDecoder | TicketDecoder:
    rules = state.rules
    kind = CallDecoder if state.channel is Channel.PHONE else TicketDecoder
    return kind(
        clusters=frozenset(rules.channel_clusters(state.channel)),
        earliest_ms=rules.earliest_ms,
        future_tolerance_ms=rules.future_tolerance_ms,
        plan_ahead_ms=rules.plan_ahead_ms,
    )
