"""Nothing that is handed over is lost in a rebalance: the engine itself, with a stand-in for its Kafka client alone.

When it resumes, Faust throws away what waits for an agent, and it does so after the positions were set anew. What was
handed over in between would be lost.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from aiokafka import TopicPartition
from faust.types import TP

from streams.runtime.app import MonitorApp, create_app
from streams.runtime.consumer import BatchSchema
from streams.settings import load
from tests.runtime.test_consumer import one

CALLS = TP("calls", 0)
PATIENCE_SECONDS = 60.0
STEPS = 200
"""Turns of the event loop, not time: far more than the engine needs to fetch and to hand over."""


class Client:
    """The client's thread: one partition with two records. Seeking takes a while, and fetching goes on beside it."""

    def __init__(self) -> None:
        self.assigned: set[TP] = set()
        self.position = 0

    def assignment(self) -> set[TP]:
        """What the group has given us."""
        return self.assigned

    def highwater(self, _: TP) -> int:
        """The end."""
        return 2

    async def seek_wait(self, positions: Mapping[TP, int]) -> None:
        """Set the position, and answer late."""
        self.position = positions[CALLS]
        await turns()

    async def getmany(self, active: set[TP] | None, _: float) -> dict[TP, list[Any]]:
        """Everything from the position on, to whoever asks for the partition."""
        await asyncio.sleep(0)
        if CALLS not in (active or ()):
            return {}
        start, self.position = self.position, 2
        return {CALLS: [one(offset) for offset in range(start, 2)]} if start < 2 else {}


class Owner:
    """The owner of the states: nothing is folded, so every take-over begins at the first record."""

    def __init__(self) -> None:
        self.loaded = asyncio.Event()
        self.loaded.set()

    async def load(self, partitions: set[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Wait until the checkpoints are read."""
        await self.loaded.wait()
        return dict.fromkeys(partitions, 0)

    async def checkpoint(self, **_: bool) -> None:
        """One write or load at a time, as the real one does it."""
        await self.loaded.wait()

    def abandon_judging(self) -> None:
        """Nothing is judged."""

    def abandon_loading(self) -> None:
        """Nothing is given up in the middle."""

    async def release(self, _: set[TopicPartition]) -> None:
        """Nothing to give up."""

    def covered(self) -> Mapping[TopicPartition, int]:
        """No checkpoint is written."""
        return {}


async def turns() -> None:
    """Let everybody else go on for a while."""
    for _ in range(STEPS):
        await asyncio.sleep(0)


@pytest.fixture
async def app() -> AsyncIterator[MonitorApp]:
    """The engine without brokers; its agents are so slow that they never take a batch."""
    app = create_app(load(None, {}))
    app.owner = Owner()  # type: ignore[assignment]  # a stand-in
    app.consumer._thread.thread_loop.close()
    app.consumer._thread = Client()
    yield app
    await app._fetcher.stop()


def waiting_for_agent(app: MonitorApp) -> Any:
    """The queue of one who reads the topic."""
    return aiter(app.topic("calls", schema=BatchSchema())).queue


async def assign(app: MonitorApp, assigned: set[TP], generation: int) -> None:
    """What the engine does once the group has decided."""
    app.consumer._thread.assigned = assigned
    app.consumer_generation_id = generation
    app.consumer._set_active_tps(assigned)
    app.consumer.pause_partitions(assigned)
    await app.topics.on_partitions_assigned(assigned)


async def resume(app: MonitorApp, generation: int) -> None:
    """What the engine's recovery does then: set positions, throw away what waits, let everything flow."""
    await app.tables.recovery._resume_streams(generation)


async def first_batch(queue: Any) -> Any:
    """What an agent gets at last."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        return (await queue.get()).value


async def test_a_worker_that_had_nothing_before_loses_nothing(app: MonitorApp) -> None:
    """The flow is open while it takes over its first partitions: there was nothing to stop it for."""
    queue = waiting_for_agent(app)
    await assign(app, set(), 1)
    await resume(app, 1)
    await assign(app, {CALLS}, 2)
    await resume(app, 2)
    assert (await first_batch(queue)).start == 0


async def test_a_rebalance_during_a_take_over_loses_nothing(app: MonitorApp) -> None:
    """The take-over ends when the next rebalance has begun, and the engine opens the flow for it."""
    queue = waiting_for_agent(app)
    await assign(app, {CALLS}, 1)
    app.owner.loaded.clear()  # type: ignore[attr-defined]  # the stand-in's
    taking_over = asyncio.create_task(resume(app, 1))
    await turns()
    revoking = asyncio.create_task(app.consumer.on_partitions_revoked({CALLS}))
    await turns()
    app.owner.loaded.set()  # type: ignore[attr-defined]  # the stand-in's
    await asyncio.gather(taking_over, revoking)
    await assign(app, {CALLS}, 2)
    await resume(app, 2)
    assert (await first_batch(queue)).start == 0
