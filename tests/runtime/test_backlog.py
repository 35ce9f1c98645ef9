"""A worker that was away for a day works the backlog off, and shows nothing as current before it is done."""

import asyncio
from datetime import date
from typing import Any

import aiohttp
import msgspec
import pytest
from aiokafka import TopicPartition

from streams.core.rules import DAY_MS
from streams.kafka.client import ensure_topics
from streams.kafka.writer import FencedWriter
from streams.process.clock import system_clock
from streams.runtime import clock_watch
from streams.runtime.app import MonitorApp
from streams.runtime.clock_watch import ClockWatch
from streams.runtime.fetching.fetched import Fetched
from streams.runtime.partitions import Partitions
from streams.runtime.worker import running_worker
from streams.serve.wall.payload import BEHIND_AFTER_SECONDS, WallPayload
from streams.settings import Settings, load
from streams.sources.sender import EventSender
from streams.sources.simulation import SimulationPlan, simulate_day
from tests.brokers.apache import ApacheKafka
from tests.brokers.ports import next_port
from tests.brokers.topics import kafka_settings
from tests.runtime.workers import until
from tests.soak.watch import summed

pytestmark = pytest.mark.kafka

DAY = date(2024, 10, 2)
"""A working day."""

LAG = "wachtmonitor_consumer_lag_records"
APPLIED = "wachtmonitor_events_applied_total"


class Gate:
    """Lets one batch of a partition through, and the others once it is opened: a worker that is slow as we like."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.waiting: set[TopicPartition] = set()
        self._passed: set[TopicPartition] = set()

    async def pass_through(self, tp: TopicPartition) -> None:
        if tp in self._passed:
            self.waiting.add(tp)
            await self.open.wait()
        self._passed.add(tp)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate, fold = Gate(), Partitions.fold

    async def slowly(self: Partitions, tp: TopicPartition, batch: Fetched) -> int:
        await gate.pass_through(tp)
        return await fold(self, tp, batch)

    monkeypatch.setattr(Partitions, "fold", slowly)
    monkeypatch.setattr("streams.runtime.fetching.turns.BATCH_RECORDS", 200)
    return gate


@pytest.fixture
async def settings(apache_kafka: ApacheKafka) -> tuple[Settings, int]:
    """Settings with a day of events on topics of their own, and how many there are."""
    settings = load(None, {})
    kafka = kafka_settings(apache_kafka, partitions=1)
    await ensure_topics(kafka)
    events = simulate_day(SimulationPlan(), settings.rules, DAY, 1)
    async with EventSender(kafka) as sender:
        for event in events:
            await sender.send(event)
    web = msgspec.structs.replace(settings.web, port=next_port())
    return msgspec.structs.replace(settings, kafka=kafka, web=web), len(events)


def ignore_the_brokers_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """They give no record a time that is past, so a worker of a day later is one whose clock is a day ahead.

    Theirs would hold its clock back, and they would refuse what it writes by it.
    """
    new_writer = Partitions._new_writer

    def by_the_machines_time(self: Partitions, tp: TopicPartition) -> FencedWriter:
        writer = new_writer(self, tp)
        writer._clock = None
        return writer

    monkeypatch.setattr(Partitions, "_new_writer", by_the_machines_time)
    monkeypatch.setattr(ClockWatch, "hear", lambda *_: None)
    monkeypatch.setattr(clock_watch, "FIRST_SECONDS", 0)


async def test_a_day_of_backlog_is_worked_off_while_the_wall_says_how_far_behind_it_is(
    settings: tuple[Settings, int], gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, sent = settings
    ignore_the_brokers_clock(monkeypatch)

    def a_day_later() -> int:
        return system_clock() + DAY_MS

    async with running_worker(ours, clock=a_day_later) as app:
        await until(lambda: len(gate.waiting) == 2, "both partitions with one batch folded")
        figures, wall = await shown(app)
        assert 0 < figures[APPLIED] < sent
        assert figures[LAG] == sent - figures[APPLIED] == sum(feed.lag or 0 for feed in wall.feeds)
        for feed in wall.feeds:
            assert feed.lag
            assert (feed.behind_seconds or 0) > DAY_MS / 1000 - 60 > BEHIND_AFTER_SECONDS
        gate.open.set()

        async def done() -> bool:
            figures, wall = await shown(app)
            return figures[LAG] == 0 and [(feed.lag, feed.behind_seconds) for feed in wall.feeds] == [(0, 0), (0, 0)]

        await until(done, "nothing that waits, and a wall that says so")
        assert (await shown(app))[0][APPLIED] == sent


async def shown(app: MonitorApp) -> tuple[dict[str, float], WallPayload]:
    """The metrics, and what a wall that has just connected receives."""
    address = f"http://{app.pages_address}"
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{address}/metrics") as answer:
            figures = summed(await answer.text())
        async with session.get(f"{address}/wall/events") as answer:
            return figures, msgspec.json.decode(await payload(answer), type=WallPayload)


async def payload(answer: aiohttp.ClientResponse) -> bytes:
    """The first figures of a stream of events: the first data is the page's version."""
    async for line in answer.content:
        found: Any = line.partition(b"data: ")[2].strip()
        if found.startswith(b"{"):
            return bytes(found)
    raise AssertionError("the stream ended without figures")
