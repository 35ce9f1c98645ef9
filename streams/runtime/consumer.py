"""Faust's Kafka consumer, changed to deliver one message for each fetched batch of a partition.

Faust starts several asyncio tasks for each message, so a message a record limits it to some 11,000 records a
second; a message a bundle of records lets it keep up with the bare client. Faust still owns the group, the
assignment, the flow and the commits. Overridden internals are those of faust-streaming 0.15.3, which is pinned. Must
not know what is folded: positions come from, and are reported to, `Owner`.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any, Final, Protocol

import faust
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.structs import OffsetAndMetadata
from faust.tables.recovery import RebalanceAgain
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from faust.types.tuples import ack_lock

from streams.kafka.group_offsets import marked
from streams.kafka.remade import UNKNOWN_MS, Mark, SourceReplacedError, shorter
from streams.runtime.fetching.fetch import Packed, PackedConsumer
from streams.runtime.fetching.turns import Bundle, Unread, take_turns
from streams.runtime.partitions import TakeOverAbandonedError
from streams.runtime.reading import Answer

FETCH_WAIT_MS: Final = 50
"""How long the broker may wait for more records before it answers a fetch. Faust's 1,500 ms would delay every event
on a quiet topic by 375 ms in the median; 50 ms brings that to 15 ms and costs no throughput."""

FETCH_BYTES: Final = 512 * 1024
"""Most bytes of one partition in a fetch: full batches at high load, and no more records at a time than the
processor's caches hold. 4 MiB made the whole worker a quarter slower."""

FETCH_ALL_BYTES: Final = 8 * 1024 * 1024
"""Most bytes of all partitions in a fetch, however many there are."""


METADATA_SECONDS: Final = 3.0
"""How often brokers are asked for the partitions of the topics: so soon those that were added are read. The client's
five minutes would leave them unread for as long."""


LEAVE_SECONDS: Final = 2.0
"""How long saying goodbye to the group may take. A broker answers at once, but not before it has answered a join of
ours, which waits for others for half a minute; without a goodbye the group misses us after the session timeout."""


class Owner(Protocol):
    """Who owns the states: the consumer asks it where to read on and what may be committed."""

    client_options: Mapping[str, Any]

    async def load(self, partitions: set[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Take over the partitions; the offset to read each from."""

    def abandon_loading(self) -> None:
        """Make a running `load` raise `TakeOverAbandonedError`."""

    def abandon_judging(self) -> None:
        """Let no fold wait for long work of its own until the next `load`."""

    async def release(self, partitions: set[TopicPartition]) -> None:
        """Release the partitions: nothing of them is shown or written any more."""

    async def checkpoint(self, *, leaving: bool = False) -> None:
        """Write a checkpoint of every partition that has moved."""

    def covered(self) -> Mapping[TopicPartition, int]:
        """The next offset of each partition's last written checkpoint: what may be committed."""


class BatchSchema(faust.Schema):
    """Passes batches through: decoding happens in the fold."""

    def loads_key(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> Any:  # noqa: ARG002 - Faust's signature
        """The key, which a batch has none of."""
        return message.key

    def loads_value(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> Any:  # noqa: ARG002 - Faust's signature
        """The `Bundle`."""
        return message.value


class GroupMember(PackedConsumer):
    """A client that knows until when its group membership is certain.

    The client keeps its partitions while no broker answers; the brokers give them to others after a session timeout.
    """

    certain_until = 0.0
    """By the monotonic clock, which goes on while the process is stopped."""

    async def start(self) -> None:
        """Connect, and note from now on what the group's coordinator confirms."""
        await super().start()
        self._note_confirmations()
        self._bound_leaving()

    async def commit(self, offsets: Mapping[TopicPartition, OffsetAndMetadata] | None = None) -> None:
        """Commit offsets, and say that it was a worker."""
        await super().commit(None if offsets is None else marked(offsets))

    def _bound_leaving(self) -> None:
        coordinator = self._coordinator
        leave = coordinator._maybe_leave_group

        async def bounded_leave() -> None:
            try:
                async with asyncio.timeout(LEAVE_SECONDS):
                    await leave()
            except TimeoutError:
                coordinator.reset_generation()

        coordinator._maybe_leave_group = bounded_leave

    def _note_confirmations(self) -> None:
        coordinator = self._coordinator
        heartbeat, rejoin = coordinator._do_heartbeat, coordinator._do_rejoin_group

        async def noted_heartbeat() -> bool:
            asked = time.monotonic()
            confirmed: bool = await heartbeat()
            if confirmed:
                self._is_certain_from(asked)
            return confirmed

        async def noted_rejoin(subscription: Any) -> bool:
            joined: bool = await rejoin(subscription)
            if joined:
                self._is_certain_from(time.monotonic())
            return joined

        coordinator._do_heartbeat, coordinator._do_rejoin_group = noted_heartbeat, noted_rejoin

    def _is_certain_from(self, moment: float) -> None:
        self.certain_until = moment + self._session_timeout_ms / 1000


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread with a client that answers quickly and holds our own security settings."""

    def is_member(self) -> bool:
        """Whether group membership is certain: no other worker can own its partitions."""
        return self._consumer is not None and time.monotonic() < self._consumer.certain_until

    def answer(self, tp: TopicPartition, handed_to: int | None) -> Answer | None:
        """What the last answer to a fetch said of an assigned partition; None before there was one."""
        subscription = None if self._consumer is None else self._consumer._subscription.subscription
        assignment = None if subscription is None else subscription.assignment
        state = None if assignment is None else assignment.state_value(tp)
        if state is None or state.timestamp is None or state.lso is None or not state.has_valid_position:
            return None
        age_seconds = max(0.0, time.time() - state.timestamp / 1000)
        return Answer(age_seconds, state.lso, state.position, handed_to, state.highwater or 0)

    def _create_worker_consumer(self, transport: Any) -> GroupMember:  # noqa: ARG002 - Faust's signature
        conf = self.app.conf
        return GroupMember(
            **self.consumer.owner.client_options,
            group_id=conf.id,
            partition_assignment_strategy=[RoundRobinPartitionAssignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_bytes=FETCH_ALL_BYTES,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            metadata_max_age_ms=int(METADATA_SECONDS * 1000),
            max_poll_interval_ms=int(conf.broker_max_poll_interval * 1000),
            isolation_level="read_committed",
        )


class _NoReadOffsets(dict[TP, int | None]):
    """Faust's note of what it has read, by which it drops what comes again; ours is `BatchConsumer._position`.

    It is written after a batch was handed over, which may be after the position was set anew.
    """

    def __getitem__(self, _: TP) -> None:
        """Nothing is known to be read."""

    def __setitem__(self, _: TP, __: int | None) -> None:
        """Not noted."""


class BatchConsumer(driver.Consumer):
    """A consumer that yields batches, starts at checkpoints and commits what they cover."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._position: dict[TopicPartition, int] = {}
        """Next offset to hand over, for each partition of this assignment."""
        self._jumps: dict[TopicPartition, int] = {}
        """Where a fetch skipped offsets once; a second time at the same place the log itself has none there."""
        self._assignments = 0
        super().__init__(*args, **kwargs)
        self._read_offset = _NoReadOffsets()

    @property
    def owner(self) -> Owner:
        """The owner of the states."""
        owner: Owner = self.app.owner
        return owner

    def is_member(self) -> bool:
        """Whether this worker's partitions are its own for certain."""
        return bool(self._thread.is_member())

    def answers(self, tps: Iterable[TopicPartition]) -> Mapping[TopicPartition, Answer | None]:
        """What the brokers said last of each of these partitions."""
        return {tp: self._thread.answer(tp, self._position.get(tp)) for tp in tps}

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # Fetching.

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109 - Faust's signature
        """Bundles of each partition in turn, so that none waits for the whole fetch of another."""
        assignments = self._assignments
        generation = self.app.consumer_generation_id
        fetched, active = await self._wait_next_records(timeout)
        if not fetched or self.should_stop:
            return
        if not self._still(assignments, generation):
            # Records of before a rebalance, or fetched across one: what is dropped here must be fetched again.
            await self._seek_back(set(fetched))
            return
        usable = {
            tp: found
            for tp, found in fetched.items()
            if active is None or TP(*tp) in active | self._buffered_partitions
        }
        await self._seek_back(set(fetched) - set(usable))
        unread = [(tp, await self._unread(tp, found)) for tp, found in usable.items()]
        for tp, bundle in take_turns(unread):
            await asyncio.sleep(0)  # to unpack this one may have taken a while
            if not self._still(assignments, generation):
                return  # the rebalance that is under way starts every partition at its checkpoint
            self._position[tp] = bundle.end
            yield TP(*tp), self._message(tp, bundle, generation)

    def _still(self, assignments: int, generation: int) -> bool:
        """Whether nothing was assigned or revoked since; anything that has awaited must check this again."""
        same = assignments == self._assignments and generation == self.app.consumer_generation_id
        return same and self.flow_active

    async def _unread(self, tp: TopicPartition, fetched: list[Packed]) -> Unread | None:
        """What of a fetch follows on the position; None where there is nothing, or where offsets were skipped."""
        position = self._position.get(tp)
        if position is None:
            return None  # revoked while another partition of the same fetch was looked at
        batches = [batch for batch in fetched if batch.next_offset > position]
        if not batches:
            await self._check_end(tp, position)
            return None
        batches[0].start = first = max(batches[0].start, position)
        deleted = 0
        if first > position:
            if self._jumps.get(tp) != first:
                self._jumps[tp] = first
                await self._seek_back({tp})
                return None
            deleted = await self._deleted_from(tp, position)
        self.app.monitor.track_tp_end_offset(TP(*tp), self.highwater(tp))
        return Unread(position, batches, deleted)

    async def _check_end(self, tp: TopicPartition, position: int) -> None:
        """Raises `SourceReplacedError` when the partition ends before the position.

        Its fetches then begin anew at its first record, all of which would pass for read.
        """
        if self.highwater(tp) >= position:
            return
        end = (await self.highwaters(TP(*tp)))[TP(*tp)]  # a new leader may not know the end that fetches tell yet
        if end < position:
            raise SourceReplacedError({tp: shorter(tp, end, position)}, {tp: Mark(position, UNKNOWN_MS)})

    async def _deleted_from(self, tp: TopicPartition, position: int) -> int:
        """How many records from the position on Kafka deleted before they were read; other gaps never held any."""
        begin: int = (await self.earliest_offsets(TP(*tp)))[TP(*tp)]
        return max(0, begin - position)

    async def _seek_back(self, tps: set[TopicPartition]) -> None:
        assigned = self.assignment()
        positions = {TP(*tp): self._position[tp] for tp in tps if TP(*tp) in assigned and tp in self._position}
        if positions:
            await self.seek_wait(positions)

    def _message(self, tp: TopicPartition, bundle: Bundle, generation: int) -> ConsumerMessage:
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            bundle.end - 1,
            bundle.origin.timestamp / 1000.0,
            bundle.origin.timestamp_type,
            (),
            None,
            bundle,
            None,
            0,
            0,
            TP(*tp),
            generation_id=generation,
        )

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Offsets inside a batch are no gaps in the acknowledged ones: commits follow checkpoints."""

    # Assignment.

    async def perform_seek(self) -> None:
        """Start every assigned partition at its checkpoint: committed offsets are only a hint.

        Faust resumes the flow after this and throws away what waits for an agent then. Mostly nothing flows by now,
        but it does when nothing was assigned before (there was nothing to stop the flow for), and when the take-over
        before this one ended after this rebalance had begun (it resumed the flow). So the flow stops here anyway.
        """
        self._assignments += 1
        self.stop_flow()
        self.app.flow_control.suspend()
        try:
            offsets = await self.owner.load({TopicPartition(*tp) for tp in self.assignment()})
        except TakeOverAbandonedError:
            raise RebalanceAgain from None  # so that Faust's recovery waits for what is assigned next
        self._position = dict(offsets)
        self._jumps.clear()
        for tp, offset in offsets.items():
            self._committed_offset[TP(*tp)] = None if offset == 0 else offset
        await self.seek_wait({TP(*tp): offset for tp, offset in offsets.items()})

    async def wait_empty(self) -> None:
        """Let the agents finish, then write and commit what they folded: revocation and shutdown pass here."""
        self.owner.abandon_judging()
        await super().wait_empty()
        await self.owner.checkpoint(leaving=True)
        await self.commit()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Give the partitions up once Faust has let its agents finish (`wait_empty`).

        What is still being taken over is given up at once: a worker that has more to restore than the group waits for
        would be put out, and the one that is given everything then has as much to restore when the first comes back.
        """
        self.owner.abandon_loading()
        try:
            await super().on_partitions_revoked(revoked)
        finally:
            self._assignments += 1
            self._position.clear()  # a batch that nobody owns would be an error, not a batch to pass over
            await self.owner.release({TopicPartition(*tp) for tp in revoked})

    # Commits.

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (TP(*tp) for tp in self.owner.covered() if topics is None or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        """What the last written checkpoint covers, whatever was acknowledged since."""
        with ack_lock:
            # Faust collects acknowledged offsets until a commit takes them; here none does.
            self._acked.pop(tp, None)
            self._acked_index.pop(tp, None)
        return self.owner.covered().get(TopicPartition(*tp))


class BatchProducer(driver.Producer):
    """Faust's own producer, which sends nothing here but must connect like every other client."""

    def _new_producer(self, transactional_id: str | None = None) -> AIOKafkaProducer:  # noqa: ARG002 - Faust's signature
        return AIOKafkaProducer(**self.app.owner.client_options)


class BatchTransport(driver.Transport):
    """Faust's Kafka transport with the consumer and the producer of this module."""

    Consumer = BatchConsumer
    Producer = BatchProducer
