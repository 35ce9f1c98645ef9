"""Amazon Connect, against a queue and a bucket of AWS on loopback: nothing is lost, nothing stays for ever."""

import asyncio
import gzip
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import ClientPayloadError
from moto.server import ThreadedMotoServer

from streams.contracts.decode import Event
from streams.core.rules import Channel
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.writer import FencedWriter
from streams.settings import load
from streams.settings.sources import ConnectSource
from streams.sources.call_rules import CallRules
from streams.sources.connect import connect_source
from streams.sources.connect import source as shell
from streams.sources.connect.aws import Aws
from streams.sources.connect.places import Bucket, Folder, Place
from streams.sources.connect.reading import File
from streams.sources.connect.source import AmazonConnect
from streams.sources.following import Follower
from streams.sources.source import Lender, SourceError
from tests.brokers.topics import kafka_settings
from tests.sources.connect.told import KCC, KCC_QUEUE, RULES, event, events, leg, record
from tests.sources.following.test_follower import facts as taken
from tests.sources.following.test_follower import running, until

REGION = "eu-central-1"
CALLS = [leg(number, began=number + 0.5, queued=number + 3.25, ended=number + 30.75) for number in range(6)]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Where AWS seems to be."""
    served = ThreadedMotoServer("127.0.0.1", 0)
    served.start()
    host, port = served.get_host_and_port()
    yield f"http://{host}:{port}"
    served.stop()


@pytest.fixture
def aws(server: str, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """A client who is known there."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setattr(shell, "RETRY_SECONDS", 0.02)
    return Aws(REGION, server)


async def made_queue(aws: Aws, name: str, visibility_seconds: int = 1) -> str:
    """The address of a new queue."""
    async with aws.client("sqs") as client:
        attributes = {"VisibilityTimeout": str(visibility_seconds)}
        return str((await client.create_queue(QueueName=name, Attributes=attributes))["QueueUrl"])


async def put(aws: Aws, queue: str, *bodies: str) -> None:
    """Let messages stand in the queue."""
    async with aws.client("sqs") as client:
        for body in bodies:
            await client.send_message(QueueUrl=queue, MessageBody=body)


async def standing(aws: Aws, queue: str) -> int:
    """How many messages the queue has, given out or not."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    async with aws.client("sqs") as client:
        answer = await client.get_queue_attributes(QueueUrl=queue, AttributeNames=names)
    return sum(int(answer["Attributes"][name]) for name in names)


async def emptied(aws: Aws, queue: str) -> None:
    """Wait until nothing stands in the queue."""
    async with asyncio.timeout(30):
        while await standing(aws, queue):  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.05)


class Heard:
    """What a source told."""

    def __init__(self) -> None:
        self.facts: list[Event] = []
        self.filled = 0
        self.left_out: Counter[str] = Counter()
        self.position: bytes | None = None
        self.links: list[tuple[bool, str]] = []
        self.told = 0


@asynccontextmanager
async def heard(source: AmazonConnect, position: bytes | None = None) -> AsyncIterator[Heard]:
    """The source is followed while the block runs, and nothing of it is delivered."""
    found = Heard()

    async def hear() -> None:
        async for step in source.steps(position):
            found.facts += step.events
            found.filled += len(step.events) if step.missed_before else 0
            found.left_out.update(step.left_out)
            found.position = step.position or found.position
            found.links += [] if step.link is None else [(step.link.connected, step.link.why)]
            found.told += 1

    task = asyncio.create_task(hear())
    try:
        yield found
    finally:
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            task.result()


def connect(aws: Aws, queue: str, place: Place | None = None, rules: CallRules = RULES) -> AmazonConnect:
    """A source that does not wait long for anything."""
    return AmazonConnect(aws, queue, rules, place, wait_seconds=1, look_seconds=0.05)


async def test_a_message_stays_in_the_queue_until_its_facts_are_delivered(aws: Aws) -> None:
    queue = await made_queue(aws, "kept")
    await put(aws, queue, *events(CALLS[0]), "no JSON", event("QUEUED", CALLS[1], channel="CHAT"))
    source = connect(aws, queue)
    assert isinstance(source, Lender)  # so `follow` tells it what is delivered
    async with heard(source) as first:
        await until(lambda: len(first.facts) == 2 and sum(first.left_out.values()) >= 2)
        assert first.links == [(True, "")]
        assert await standing(aws, queue) == 5
    again = connect(aws, queue)  # nothing was delivered: as after a kill
    async with heard(again) as second:
        await until(lambda: len(second.facts) == 2 and set(second.left_out) == {"not_json", "other_channel"})
        assert second.facts == first.facts
        again.delivered(2)
        again.delivered(0)
        await emptied(aws, queue)


async def test_a_queue_that_is_not_there_is_said_and_tried_again(aws: Aws, server: str) -> None:
    queue = f"{server}/123456789012/late"
    async with heard(connect(aws, queue)) as found:
        await until(lambda: bool(found.links))
        assert found.links[0] == (False, "AWS answers AWS.SimpleQueueService.NonExistentQueue")
        made = await made_queue(aws, "late")
        await put(aws, made, *events(CALLS[0]))
        await until(lambda: len(found.facts) == 2)
        assert found.links[-1] == (True, "")


async def test_nobody_at_the_address_is_said(aws: Aws) -> None:
    away = Aws(REGION, "http://127.0.0.1:1")
    async with heard(connect(away, "http://127.0.0.1:1/1/q")) as found:
        await until(lambda: bool(found.links))
    assert found.links[0][0] is False
    assert "Could not connect" in found.links[0][1]


async def test_contact_records_on_s3_fill_what_the_events_lack_and_are_read_once(aws: Aws) -> None:
    queue = await made_queue(aws, "gaps")
    place = Bucket(aws, "lier", "records/")
    async with aws.client("s3") as client, heard(connect(aws, queue, place)) as found:
        await until(lambda: found.left_out["records_not_listed"] > 0)  # there is no such bucket yet
        await client.create_bucket(Bucket="lier", CreateBucketConfiguration={"LocationConstraint": REGION})
        await put(aws, queue, *events(CALLS[0]))
        await until(lambda: len(found.facts) == 2)
        packed = gzip.compress(b"\n".join(map(record, CALLS[:3])))
        await client.put_object(Bucket="lier", Key="records/2026/10/05/1.gz", Body=packed)
        await client.put_object(Bucket="lier", Key="records/2026/10/05/2", Body=b"".join(map(record, CALLS[3:])))
        await client.put_object(Bucket="lier", Key="elsewhere", Body=record(leg(99, began=0.0)))
        await until(lambda: (found.position or b"").count(b"records/2026") == 2)
    assert (len(found.facts), len(set(found.facts)), found.filled) == (12, 12, 10)
    async with heard(connect(aws, queue, place), found.position) as again:
        await until(lambda: bool(again.links))
        told = again.told
        await put(aws, queue, *events(CALLS[0]))
        await until(lambda: again.told > told)
    assert again.filled == 0


async def test_a_file_that_is_broken_is_counted_and_those_after_it_are_read(aws: Aws, tmp_path: Path) -> None:
    queue = await made_queue(aws, "files")
    async with heard(connect(aws, queue, Folder(tmp_path / "records"))) as found:
        await until(lambda: found.left_out["records_not_listed"] > 0)
        (tmp_path / "records" / "deep").mkdir(parents=True)
        broken = tmp_path / "records" / "1.gz"
        broken.write_bytes(gzip.compress(record(CALLS[0]) * 99)[:-9])
        (tmp_path / "records" / "deep" / "2.json").write_bytes(record(CALLS[1]) + b"\n{\n" + record(CALLS[2]))
        await until(lambda: len(set(found.facts)) >= 4 and found.left_out["records_not_read"] > 0)
        await until(lambda: b"1.gz" in (found.position or b"") and b"deep" in (found.position or b""))
        assert found.left_out["not_json"] == 1
        broken.write_bytes(gzip.compress(record(CALLS[0])))  # it was not all there yet
        os.utime(broken, ns=(1, broken.stat().st_mtime_ns + 7_000_000))
        await until(lambda: len(set(found.facts)) == 6)
    assert len(found.facts) == 6


class Breaking(Folder):
    """A place whose first answer breaks off."""

    broke = False

    async def read(self, file: File) -> bytes:
        """As a server that goes away in the middle of a file."""
        if not self.broke:
            self.broke = True
            raise ClientPayloadError
        return await super().read(file)


async def test_a_file_that_breaks_off_on_its_way_is_read_again(aws: Aws, tmp_path: Path) -> None:
    (tmp_path / "1").write_bytes(record(CALLS[0]))
    place = Breaking(tmp_path)
    async with heard(connect(aws, "http://127.0.0.1:1/1/q", place)) as found:
        await until(lambda: len(found.facts) == 2)
    assert place.broke
    assert found.left_out["records_not_listed"] == 1


async def test_a_position_that_cannot_be_read_ends_it(aws: Aws, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        async for _ in connect(aws, "http://127.0.0.1:1/1/q", Folder(tmp_path)).steps(b"{"):
            pass


def test_without_the_client_of_aws_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiobotocore.session", None)
    table = ConnectSource(kind="amazon-connect", region=REGION, queue_url="http://q/1/q", queues={KCC_QUEUE: KCC})
    with pytest.raises(SourceError, match=r"pip install 'wachtmonitor\[connect\]'"):
        connect_source("kcc", table, load(None, {}))


@pytest.mark.kafka
async def test_a_restart_in_between_loses_nothing_and_leaves_nothing_in_the_queue(
    aws: Aws, embedded_broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    kafka = kafka_settings(embedded_broker)
    settings = msgspec.structs.replace(load(None, {}), kafka=kafka)
    queue = await made_queue(aws, "restart")
    table = ConnectSource(kind="amazon-connect", region=REGION, queue_url=queue, queues=dict(RULES.queues))

    def following() -> Follower:
        source = connect(aws, queue)
        return Follower("connect", table, source, settings, written=source.delivered)

    write, held = FencedWriter.write, asyncio.Event()

    async def hold(self: FencedWriter, records: Any) -> None:
        """Kafka takes no facts."""
        if len(records) > 1:
            held.set()
            await asyncio.Event().wait()
        await write(self, records)

    await put(aws, queue, *(one for call in CALLS[:3] for one in events(call)))
    monkeypatch.setattr(FencedWriter, "write", hold)
    killed = asyncio.create_task(following().run(asyncio.Event()))
    await asyncio.wait_for(held.wait(), 30)
    killed.cancel()
    await asyncio.wait({killed})
    monkeypatch.setattr(FencedWriter, "write", write)
    assert await standing(aws, queue) == 9
    async with running(one := following()):
        await until(lambda: taken(one) == 6)
        await put(aws, queue, *(part for call in CALLS[3:] for part in events(call)))
        await until(lambda: taken(one) == 12)
        await emptied(aws, queue)
    assert one.followed().facts[Channel.PHONE, "abandoned"] == 6
