"""Who serves, as workers hear of it on Kafka: all of them the same, and one dead letter for what is refused."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack

import msgspec
import pytest

from streams.contracts.staffing import Staffing
from streams.core.rules import Channel
from streams.kafka.client import ensure_topics, read_to_end
from streams.kafka.embedded import BrokerProcess
from streams.live.staffing import Staff
from streams.process.clock import system_clock
from streams.records.dead_letters import read_dead_letter
from streams.runtime.staffing import StaffingFollowed
from streams.runtime.staffing_letters import StaffingLetters
from streams.settings import Settings, StaffingSettings, load
from streams.sources.sender import EventSender
from tests.brokers.topics import kafka_settings

PATIENCE_SECONDS = 60.0
LINE = "Klantencontactcentrum"


async def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.01)


def told_by_anybody(broker: BrokerProcess) -> Settings:
    """Settings by which staffing is read."""
    staffing = StaffingSettings(told_by="anybody", pauses=("lunch",))
    return msgspec.structs.replace(load(None, {}), kafka=kafka_settings(broker), staffing=staffing)


@pytest.mark.kafka
async def test_all_workers_show_the_same_and_one_writes_the_letters(broker: BrokerProcess) -> None:
    settings = told_by_anybody(broker)
    kafka, now_ms = settings.kafka, system_clock()
    await ensure_topics(kafka)
    before = Staffing("kcc", "phone", LINE, now_ms / 1000 - 5, logged_in=7, free=3, paused=1, paused_by={"lunch": 1})
    after = msgspec.structs.replace(before, at=now_ms / 1000, free=2)
    wrong = msgspec.structs.replace(before, cluster="Onbekend")
    async with EventSender(kafka) as sender:
        await sender.send(before)
        await sender.send(wrong)
    first, second = StaffingFollowed(settings), StaffingFollowed(settings)
    letters = [StaffingLetters(settings) for _ in range(2 if kafka.writer == "transactional" else 0)]  # else 5 s each
    place = (Channel.PHONE, LINE)
    async with AsyncExitStack() as stack:
        for following in (first.following(), second.following(), *(each.following() for each in letters)):
            await stack.enter_async_context(following)
        assert [each.now(now_ms)[place].free for each in (first, second)] == [3, 3]
        async with EventSender(kafka) as sender:
            await sender.send(after)
            await sender.send(before)
        await until(lambda: all(each.now(now_ms)[place].free == 2 for each in (first, second)))
        expected = Staff(logged_in=7, free=2, paused=1, paused_by={"lunch": 1, "other": 0})
        assert first.now(now_ms) == second.now(now_ms) == {place: expected}
        if letters:
            await until(lambda: sum((each.rejected() or Counter())["unknown_cluster"] for each in letters) == 1)
            (record,) = (await read_to_end(kafka, kafka.dead_letters_topic, [0]))[0]
            letter = read_dead_letter(record.value, record.headers)
            assert (letter.topic, letter.reason) == (kafka.staffing_topic, "unknown_cluster")


async def test_where_nobody_tells_it_nothing_is_read_and_nothing_shown() -> None:
    settings = load(None, {})
    followed, letters = StaffingFollowed(settings), StaffingLetters(settings)
    async with followed.following(), letters.following():
        assert (followed.now(0), letters.rejected()) == ({}, None)
    assert settings.kafka.staffing_topic in settings.unused_topics
