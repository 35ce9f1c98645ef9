"""The consumer between a fetch and a rebalance, and how long it is sure of its partitions; no broker is needed."""

import asyncio
import time
from typing import Any

import pytest
from aiokafka import TopicPartition
from faust.types import TP

from streams.runtime import consumer as consuming
from streams.runtime.consumer import BatchConsumer, ConsumerThread, GroupMember
from streams.runtime.fetching.fetch import Batches, Packed
from tests.runtime.batches import batch_of

CALLS = TopicPartition("calls", 0)
TICKETS = TopicPartition("tickets", 0)


def one(offset: int) -> Packed:
    """A batch of one record."""
    return Batches(batch_of([(b"k", b"{}")], base=offset)).next_batch()


class App:
    """What the consumer asks of Faust's app."""

    consumer_generation_id = 1


class Fetching(BatchConsumer):
    """A consumer that has fetched two partitions, the first of them beyond its position."""

    should_stop = False
    flow_active = True
    _buffered_partitions: frozenset[TP] = frozenset()

    def __init__(self, *, revoke: bool) -> None:
        """With `revoke` the partitions are revoked while it seeks."""
        self.app = App()
        self._position = {CALLS: 0, TICKETS: 0}
        self._jumps = {}
        self._assignments = 1
        self._revoke = revoke
        self.sought: list[Any] = []

    async def _wait_next_records(self, _: float) -> tuple[Any, Any]:
        return {CALLS: [one(7)], TICKETS: [one(0)]}, {TP(*CALLS), TP(*TICKETS)}

    def assignment(self) -> set[TP]:
        """Both partitions."""
        return {TP(*CALLS), TP(*TICKETS)}

    def highwater(self, _: Any) -> int:
        """Far on."""
        return 100

    async def seek_wait(self, partitions: Any) -> None:
        """The moment at which a rebalance may strike."""
        self.sought.append(partitions)
        if self._revoke:
            self._position.clear()
            self._assignments += 1


async def batches(consumer: Fetching) -> list[TopicPartition]:
    """The partitions of which something is handed over."""
    consumer.app.monitor = Monitor()  # type: ignore[attr-defined]  # a stand-in without a type
    return [tp async for tp, _ in consumer.getmany(0)]


class Monitor:
    """Takes what Faust's monitor takes."""

    def track_tp_end_offset(self, tp: Any, offset: int) -> None:
        """Nothing."""


async def test_a_jump_is_fetched_again_and_the_other_partitions_go_on() -> None:
    consumer = Fetching(revoke=False)
    assert await batches(consumer) == [TP(*TICKETS)]
    assert consumer.sought == [{TP(*CALLS): 0}]


async def test_a_rebalance_in_the_middle_of_a_fetch_drops_the_rest_of_it() -> None:
    """It is no error: the partitions start at their checkpoints again."""
    assert await batches(Fetching(revoke=True)) == []


class Coordinator:
    """The group's coordinator in the client: says of each heartbeat what it is told to."""

    confirms = True
    answers = True
    generation = 3

    async def _maybe_leave_group(self) -> None:
        if not self.answers:
            await asyncio.Event().wait()
        self.reset_generation()

    def reset_generation(self) -> None:
        """It is a member no more."""
        self.generation = -1

    async def _do_heartbeat(self) -> bool:
        return self.confirms

    async def _do_rejoin_group(self, _: Any) -> bool:
        return self.confirms


async def test_a_member_is_certain_for_a_session_timeout_after_each_confirmed_heartbeat(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker that was suspended, or gets no answers, shows nothing that another one may show already."""
    member, thread = GroupMember.__new__(GroupMember), ConsumerThread.__new__(ConsumerThread)
    member._coordinator, member._session_timeout_ms, thread._consumer = Coordinator(), 6_000, member
    member._closed = True
    clock = 1_000.0
    monkeypatch.setattr(time, "monotonic", lambda: clock)
    member._note_confirmations()
    assert not thread.is_member()
    await member._coordinator._do_rejoin_group(None)
    assert thread.is_member()
    clock += 5.0
    await member._coordinator._do_heartbeat()
    clock += 5.9
    assert thread.is_member()
    member._coordinator.confirms = False
    await member._coordinator._do_heartbeat()
    clock += 0.2
    assert not thread.is_member()


@pytest.mark.parametrize("answers", [True, False])
async def test_saying_goodbye_to_the_group_waits_for_no_answer_for_long(
    monkeypatch: pytest.MonkeyPatch, *, answers: bool
) -> None:
    """The broker gives none while a join of ours waits for others."""
    monkeypatch.setattr(consuming, "LEAVE_SECONDS", 0.05)
    member = GroupMember.__new__(GroupMember)
    member._coordinator, member._closed = Coordinator(), True
    member._coordinator.answers = answers
    member._bound_leaving()
    async with asyncio.timeout(10):
        await member._coordinator._maybe_leave_group()
    assert member._coordinator.generation == -1
