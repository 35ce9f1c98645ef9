"""A topic of somebody else's that is followed: each of its records tells its facts once, through restarts too."""

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewTopic

from streams.core.rules import Channel
from streams.kafka.client import admin_client, client_options, read_to_end
from streams.kafka.embedded import BrokerProcess
from streams.settings import KafkaSettings, Settings, load
from streams.settings.sources import TopicSource
from streams.sources.documents.facts import DocumentFacts
from streams.sources.following import Follower
from streams.sources.source import SourceError, Step
from streams.sources.topic.documents import told
from streams.sources.topic.offsets import decode, encode
from streams.sources.topic.source import Topic, topic_source
from tests.brokers.topics import kafka_settings
from tests.sources.following.test_follower import facts, running, until

MAPPING = """
[document]
root = "payload.after"
before = "payload.before"
[time]
format = "RFC 3339"
[id]
columns = "number"
[cluster]
column = "desk"
[[event]]
type = "arrived"
at = "arrived_at"
[[event]]
type = "started"
at = "started_at"
"""

ARRIVED, STARTED = "2026-10-05T09:00:00+02:00", "2026-10-05T09:04:00+02:00"


def change(number: int, before: dict[str, str] | None, **after: str) -> bytes:
    """A change of a row, as Debezium writes it."""
    row = {"number": f"A{number}", "desk": "Wonen"}
    payload = {"before": None if before is None else row | before, "after": row | after}
    return json.dumps({"payload": payload}).encode()


def changes(number: int) -> list[bytes]:
    """The two changes of a visit."""
    return [
        change(number, None, arrived_at=ARRIVED),
        change(number, {"arrived_at": ARRIVED}, arrived_at=ARRIVED, started_at=STARTED),
    ]


@pytest.fixture
def table(tmp_path: Path) -> TopicSource:
    """What the settings say of it."""
    mapping = tmp_path / "desks.toml"
    mapping.write_text(MAPPING, encoding="utf-8")
    return TopicSource(kind="topic", topic="theirs", channels=(Channel.DESK,), mapping=mapping)


def facts_of(table: TopicSource) -> DocumentFacts:
    """What its mapping makes of documents."""
    return topic_source("desks", table, load(None, {}))._facts


def test_what_a_record_tells_is_counted_either_way(table: TopicSource) -> None:
    framed = b"\x00\x00\x00\x00\x07" + changes(1)[1]
    found = told([*changes(1), framed, None, b"", b"{", b"\xff", b"[1]"], facts_of(table))
    assert [type(event).__name__ for event in found.events] == ["Arrived", "Started", "Started"]
    assert found.left_out == {"no_row": 3, "not_json": 2}


def test_a_position_is_that_of_its_topic() -> None:
    assert decode(encode("theirs", {1: 7, 0: 3}), "theirs") == {0: 3, 1: 7}
    assert decode(encode("theirs", {0: 3}), "another") == {}
    assert decode(None, "theirs") == {}
    with pytest.raises(SourceError, match="cannot be read"):
        decode(b"x", "theirs")
    with pytest.raises(SourceError, match="has format 2, this version of wachtmonitor reads 1"):
        decode(b'{"topic":"theirs","next":{},"format":2}', "theirs")


@pytest.mark.parametrize(
    ("begin", "known", "next_offsets", "left_out"),
    [
        ("earliest", {}, {0: 4, 1: 0}, {}),
        ("latest", {}, {0: 9, 1: 5}, {}),
        ("latest", {0: 6}, {0: 6, 1: 0}, {}),  # the other was added meanwhile
        ("latest", {0: 1, 1: 2}, {0: 4, 1: 2}, {"deleted_unread": 3}),
        ("latest", {0: 12, 1: 5}, {0: 4, 1: 5}, {"topic_anew": 1}),
    ],
)
async def test_it_begins_where_it_was_read_to(
    table: TopicSource, begin: Any, known: dict[int, int], next_offsets: dict[int, int], left_out: dict[str, int]
) -> None:
    places = [TopicPartition("theirs", 0), TopicPartition("theirs", 1)]
    sought: dict[int, int] = {}

    class Client:
        """Holds offsets 4 to 8, and 0 to 4."""

        async def beginning_offsets(self, _: object) -> dict[TopicPartition, int]:
            return dict(zip(places, (4, 0), strict=True))

        async def end_offsets(self, _: object) -> dict[TopicPartition, int]:
            return dict(zip(places, (9, 5), strict=True))

        def assign(self, _: object) -> None: ...

        def seek(self, place: TopicPartition, offset: int) -> None:
            sought[place.partition] = offset

    source = Topic(load(None, {}).kafka, msgspec.structs.replace(table, begin=begin), facts_of(table))
    step: Step = await source._begin(Client(), places, known)
    assert sought == next_offsets == decode(step.position, "theirs")
    assert step.left_out == left_out


def test_a_mapping_that_cannot_be_used_says_so_with_its_place(table: TopicSource, tmp_path: Path) -> None:
    settings = load(None, {})
    with pytest.raises(SourceError, match=r"^\[source\.desks\]: mapping: the file cannot be read \(No such"):
        topic_source("desks", msgspec.structs.replace(table, mapping=tmp_path / "none.toml"), settings)
    table.mapping.write_text("[id]\n", encoding="utf-8")
    with pytest.raises(SourceError, match=r"desks\.toml:\n- \[id\]: columns: missing"):
        topic_source("desks", table, settings)


def following(settings: Settings, table: TopicSource) -> Follower:
    """A follower of the topic."""
    return Follower("desks", table, topic_source("desks", table, settings), settings)


async def send(kafka: KafkaSettings, topic: str, values: list[bytes]) -> None:
    """As their program writes them."""
    producer = AIOKafkaProducer(**client_options(kafka))
    await producer.start()
    try:
        for number, value in enumerate(values):
            await producer.send(topic, value, partition=number // 2 % 2)
        await producer.flush()
    finally:
        await producer.stop()


async def keys(kafka: KafkaSettings) -> list[bytes]:
    """Those of the facts that may be read."""
    found = await read_to_end(kafka, kafka.tickets_topic, range(kafka.partitions))
    return sorted(record.key for records in found.values() for record in records)


@pytest.mark.kafka
async def test_each_record_tells_its_facts_once_through_restarts(
    apache_kafka: BrokerProcess, table: TopicSource
) -> None:
    """The embedded broker does not say where a partition ends."""
    kafka = kafka_settings(apache_kafka)
    settings = msgspec.structs.replace(load(None, {}), kafka=kafka)
    table = msgspec.structs.replace(table, topic=f"theirs-{kafka.group}")
    async with admin_client(kafka) as admin:
        await admin.create_topics([NewTopic(table.topic, 2, 1)])
    await send(kafka, table.topic, [value for number in range(10) for value in changes(number)])
    async with running(one := following(settings, table)):
        await until(lambda: facts(one) == 20)
        assert one.followed().connected
    assert one.followed().filled == 20
    await send(kafka, table.topic, [value for number in range(10, 14) for value in changes(number)])
    killed = asyncio.create_task((two := following(settings, table)).run(asyncio.Event()))
    await until(lambda: two.followed().connected)
    killed.cancel()
    await asyncio.wait({killed})
    async with running(three := following(settings, table)):
        await send(kafka, table.topic, [b"no JSON"])
        await until(lambda: three.followed().left_out != {} and facts(two) + facts(three) >= 8)
    assert await keys(kafka) == sorted(f"A{number}".encode() for number in range(14) for _ in range(2))
