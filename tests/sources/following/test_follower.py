"""A source that is followed: stopped, killed or cut off at any moment it repeats, and never skips."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka.errors import KafkaTimeoutError

from streams.channels.staffing import AnyStaffing
from streams.contracts.events import instant_ms
from streams.contracts.staffing import Staffing
from streams.core.rules import Channel
from streams.kafka import writer
from streams.kafka.client import client_options, read_to_end
from streams.kafka.embedded import BrokerProcess, EmbeddedBroker
from streams.kafka.rights import follower_id
from streams.kafka.writer import FencedWriter
from streams.process.clock import system_clock
from streams.records.sources import SourceRecord, newest_of
from streams.runtime.followed import FollowedSources
from streams.settings import KafkaSettings, load
from streams.sources.following import FencedError, Follower, delivery, follower
from streams.sources.source import Link, SourceError, Step
from tests.brokers.ports import next_port
from tests.brokers.topics import kafka_settings, settings_at
from tests.sources.following.scripted import Scripted, ScriptedTable, calls

NAME = "kcc"
PATIENCE_SECONDS = 60.0


def following(kafka: KafkaSettings, source: Any) -> Follower:
    """A follower of the source."""
    settings = msgspec.structs.replace(load(None, {}), kafka=kafka)
    return Follower(NAME, ScriptedTable(), source, settings)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.01)


def facts(one: Follower) -> int:
    """How many facts Kafka took of it."""
    return sum(one.followed().facts.values())


@asynccontextmanager
async def running(one: Follower) -> AsyncIterator[asyncio.Event]:
    """The follower runs while the block does, and is stopped in order after it."""
    stop = asyncio.Event()
    task = asyncio.create_task(one.run(stop))
    try:
        yield stop
    finally:
        stop.set()
        await task


async def keys(kafka: KafkaSettings) -> list[bytes]:
    """Those of the facts that may be read, in the order of each partition."""
    found = await read_to_end(kafka, kafka.calls_topic, range(kafka.partitions))
    return [record.key for records in found.values() for record in records]


async def stored(kafka: KafkaSettings) -> SourceRecord:
    """What stands on the topic of sources."""
    records = (await read_to_end(kafka, kafka.sources_topic, [0]))[0]
    found = newest_of(NAME, ((record.key, record.value) for record in records))
    assert found is not None
    return found


@pytest.mark.kafka
async def test_a_restart_goes_on_after_what_was_sent(broker: BrokerProcess) -> None:
    kafka, script = kafka_settings(broker), calls(12)
    first, second = Scripted(script[:8]), Scripted(script)
    one = following(kafka, first)
    assert not one.followed().connected
    async with running(one):
        await until(lambda: facts(one) == 16)
        assert one.followed().problems() == ()
    assert one.followed().facts[Channel.PHONE, "offered"] == 8
    found = await stored(kafka)
    assert (found.position, found.connected, found.channels) == (b"8", False, (Channel.PHONE,))
    assert "stopped" in found.why
    other = following(kafka, second)
    async with running(other):
        await until(lambda: facts(other) == 8)
        assert (await stored(kafka)).connected
    assert (first.began, second.began) == ([None], [b"8"])
    assert sorted(await keys(kafka)) == sorted(f"call-{n}".encode() for n in range(12) for _ in range(2))
    assert other.followed().last_fact_ms == 1_700_000_011_500


class StaffedTable(ScriptedTable, frozen=True, kw_only=True):
    """A source that tells how many serve, too."""

    @property
    def tells_staff(self) -> bool:
        """Yes."""
        return True


@pytest.mark.kafka
async def test_how_many_serve_goes_to_a_topic_of_its_own_with_the_position(broker: BrokerProcess) -> None:
    kafka = kafka_settings(broker)
    (step,) = calls(1)
    staffing = Staffing(NAME, "phone", "Klantencontactcentrum", 1_700_000_900.0, logged_in=7, free=3)
    both = msgspec.structs.replace(step, events=[*step.events, staffing])
    settings = msgspec.structs.replace(load(None, {}), kafka=kafka)
    one = Follower(NAME, StaffedTable(), Scripted([both]), settings)
    async with running(one):
        await until(lambda: facts(one) == len(both.events))
    (record,) = (await read_to_end(kafka, kafka.staffing_topic, [0]))[0]
    assert (record.key, AnyStaffing(settings.rules)(record.key, record.value, record.timestamp)) == (
        b"kcc/phone/Klantencontactcentrum",
        staffing,
    )
    assert len(await keys(kafka)) == len(step.events)
    known, found = one.followed(), await stored(kafka)
    assert (known.facts[Channel.PHONE, "staffing"], found.position) == (1, both.position)
    assert found.last_fact_ms == max(instant_ms(event.at) for event in step.events)  # of contacts alone


@pytest.mark.kafka
async def test_whoever_is_killed_between_facts_and_position_repeats(
    broker: BrokerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    kafka, script = kafka_settings(broker), calls(6)
    async with running(one := following(kafka, Scripted(script[:3]))):
        await until(lambda: facts(one) == 6)
    sent = asyncio.Event()
    send = FencedWriter._send

    async def hold(self: FencedWriter, records: Any) -> None:
        """Let the facts arrive and nothing after them."""
        if any(record.topic == kafka.calls_topic for record in records):
            await send(self, [record for record in records if record.topic == kafka.calls_topic])
            sent.set()
            await asyncio.Event().wait()
        await send(self, records)

    monkeypatch.setattr(FencedWriter, "_send", hold)
    killed = asyncio.create_task(following(kafka, Scripted(script)).run(asyncio.Event()))
    await asyncio.wait_for(sent.wait(), PATIENCE_SECONDS)
    killed.cancel()
    await asyncio.wait({killed})
    monkeypatch.undo()
    assert (await stored(kafka)).position == b"3"
    again = Scripted(script)
    async with running(two := following(kafka, again)):
        await until(lambda: facts(two) == 6)
    assert again.began == [b"3"]
    assert set(await keys(kafka)) == {f"call-{number}".encode() for number in range(6)}


@pytest.mark.kafka
async def test_whoever_is_killed_at_any_moment_skips_nothing(
    broker: BrokerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "GATHER_SECONDS", 0.0)
    kafka, source = kafka_settings(broker), Scripted(calls(300), before=lambda _: asyncio.sleep(0.0005))
    for moment in (1, 7, 40, 90):
        task = asyncio.create_task(following(kafka, source).run(asyncio.Event()))
        begun = len(source.began)
        await until(lambda begun=begun, moment=moment: len(source.began) > begun and source.told >= moment)  # type: ignore[misc]
        task.cancel()
        await asyncio.wait({task})
    async with running(last := following(kafka, source)):
        await until(lambda: facts(last) >= 2 * (300 - int(source.began[-1] or b"0")))
    assert set(await keys(kafka)) == {f"call-{number}".encode() for number in range(300)}
    assert (await stored(kafka)).position == b"300"


@pytest.mark.kafka
async def test_a_second_follower_takes_over_and_the_first_says_so(apache_kafka: BrokerProcess) -> None:
    kafka, script = kafka_settings(apache_kafka), calls(20)
    gate = asyncio.Event()

    async def held(number: int) -> None:
        if number >= 10:
            await gate.wait()

    first = asyncio.create_task((one := following(kafka, Scripted(script, before=held))).run(asyncio.Event()))
    await until(lambda: facts(one) == 20)
    async with running(two := following(kafka, other := Scripted(script))):
        await until(lambda: facts(two) == 20)
        gate.set()
        with pytest.raises(FencedError, match="another follower of the source kcc has started"):
            await asyncio.wait_for(first, PATIENCE_SECONDS)
    assert other.began == [b"10"]
    assert len(await keys(kafka)) == 40, "what the first one sent in vain is in no transaction"


async def test_a_follower_goes_on_where_kafka_ended_its_transaction(
    apache_kafka: BrokerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Brokers fence whoever took too long, just as if another one had started."""
    monkeypatch.setattr(delivery, "LOOKS", 1)
    monkeypatch.setattr(delivery, "RETRY_SECONDS", 0.05)
    kafka, gate = kafka_settings(apache_kafka), asyncio.Event()

    async def held(number: int) -> None:
        if number == 1:
            await gate.wait()

    async with running(one := following(kafka, Scripted(calls(2), before=held))):
        await until(lambda: facts(one) == 2)
        ended = FencedWriter(client_options(kafka), follower_id(kafka, NAME))
        await ended.start()
        await ended.stop()
        gate.set()
        await until(lambda: facts(one) == 4)
    assert sorted(set(await keys(kafka))) == [b"call-0", b"call-1"]


@pytest.mark.kafka
async def test_a_start_that_does_not_get_through_at_once_is_no_twin(
    embedded_broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a former follower wrote last is still there when this one tries again."""
    monkeypatch.setattr(delivery, "RETRY_SECONDS", 0.05)
    kafka = kafka_settings(embedded_broker)
    async with running(one := following(kafka, Scripted(calls(1)))):
        await until(lambda: facts(one) == 2)
    write, tries = FencedWriter.write, []

    async def fail_once(self: FencedWriter, records: Any) -> None:
        tries.append(records)
        if len(tries) == 1:
            raise KafkaTimeoutError
        await write(self, records)

    monkeypatch.setattr(FencedWriter, "write", fail_once)
    async with running(two := following(kafka, Scripted(calls(2)))):
        await until(lambda: facts(two) == 2)


@pytest.mark.kafka
async def test_a_kafka_that_is_away_is_waited_for_and_what_waits_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "WRITE_SECONDS", 0.5)
    monkeypatch.setattr(delivery, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(writer, "STOP_SECONDS", 0.2)
    monkeypatch.setattr(follower, "WAITING_MAX", 10)
    port, gate, stop = next_port(), asyncio.Event(), asyncio.Event()
    kafka = settings_at(f"127.0.0.1:{port}")
    source = Scripted(calls(30), before=lambda number: gate.wait() if number >= 4 else asyncio.sleep(0))
    task = asyncio.create_task((one := following(kafka, source)).run(stop))
    await until(lambda: one.followed().trouble != "")
    assert source.began == [], "nothing is read before it is known from where on"
    assert "Kafka takes no facts" in " ".join(problem.text for problem in one.followed().problems())
    async with EmbeddedBroker(tmp_path, port) as broker:
        await until(lambda: facts(one) == 8)
        assert one.followed().problems() == ()
        os.kill(broker.pid, signal.SIGKILL)  # told to end it waits for its clients
    gate.set()
    await until(lambda: one.followed().trouble != "" and source.told > 4)
    await asyncio.sleep(0.05)
    assert source.told <= 4 + 10 // 2 + 1, "nothing grows without bound"
    async with EmbeddedBroker(tmp_path, port):
        await until(lambda: facts(one) == 60)
        assert one.followed().problems() == ()
        # the embedded broker keeps nothing over its end
        assert set(await keys(kafka)) == {f"call-{number}".encode() for number in range(4, 30)}
        stop.set()
        await task


@pytest.mark.kafka
async def test_it_says_over_and_over_that_it_follows(
    embedded_broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "HEARTBEAT_SECONDS", 0.05)
    kafka = kafka_settings(embedded_broker)
    lost = Step(link=Link(connected=False, why="the exchange does not answer"))
    heard = FollowedSources(kafka, {NAME: ScriptedTable()}, system_clock)
    assert [problem.code for problem in heard.problems()] == ["source_kcc"]
    gate = asyncio.Event()
    source = Scripted([*calls(1), lost], before=lambda number: gate.wait() if number else asyncio.sleep(0))
    async with running(one := following(kafka, source)):
        await until(lambda: facts(one) == 2)
        async with heard.following():
            assert (heard.problems(), heard.away()) == ((), {NAME: False}), "known as soon as it begins"
            gate.set()
            await until(lambda: one.followed().why == "the exchange does not answer")
            await until(lambda: heard.away() == {NAME: True})
            assert heard.problems() == one.followed().problems(), "workers and followers say the same"
        first = await stored(kafka)
        await asyncio.sleep(0.2)
        second = await stored(kafka)
        assert second.written_ms > first.written_ms
        assert (second.connected, second.why, second.since_ms) == (False, first.why, first.since_ms)
        (problem,) = one.followed().problems()
    assert problem.text == "source kcc is not connected: the exchange does not answer"
    assert problem.channels == (Channel.PHONE,)


@pytest.mark.kafka
async def test_a_large_step_is_sent_in_parts_and_what_is_said_beside_facts_is_counted(
    embedded_broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "EVENTS_AT_ONCE", 3)
    kafka = kafka_settings(embedded_broker)
    known, unknown = calls(4), calls(1, "Nowhere")
    gap = Step(events=[event for step in known for event in step.events], position=b"1", missed_before=True)
    script = [gap, Step(left_out={"no_cluster": 2}, position=b"2"), *unknown]
    async with running(one := following(kafka, Scripted(script))):
        await until(lambda: facts(one) == 10)
    found = one.followed()
    assert (found.filled, found.left_out) == (8, {"no_cluster": 2})
    assert found.refused == {(Channel.PHONE, "unknown_cluster"): 2}
    assert len(await keys(kafka)) == 10, "what the settings refuse is sent all the same"


@pytest.mark.kafka
async def test_a_source_that_cannot_go_on_is_said_where_the_workers_look(embedded_broker: EmbeddedBroker) -> None:
    kafka = kafka_settings(embedded_broker)

    async def broken(_: int) -> None:
        raise SourceError("the exchange refuses the login")

    with pytest.raises(SourceError, match="refuses the login"):
        await following(kafka, Scripted(calls(1), before=broken)).run(asyncio.Event())
    assert (await stored(kafka)).why == "the exchange refuses the login"
    huge = Scripted([Step(position=b"x" * (256 * 1024 + 1))])
    with pytest.raises(SourceError, match=r"position of 262,145 bytes, expected at most 262,144"):
        await following(kafka, huge).run(asyncio.Event())
