"""The embedded broker starts, answers, and never outlives whoever started it."""

import os
import select
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from streams.kafka import embedded
from streams.kafka.client import client_options, ensure_topics
from streams.kafka.embedded import HOST, BrokerError, BrokerProcess, EmbeddedBroker, port_is_free
from tests.brokers.ports import next_port
from tests.brokers.topics import kafka_settings

pytestmark = pytest.mark.kafka

STARTER = """
import asyncio, sys
from pathlib import Path
from streams.kafka.embedded import EmbeddedBroker

async def main():
    broker = EmbeddedBroker(Path(sys.argv[1]))
    await broker.start()
    print(broker.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
"""A program that starts a broker, tells its process id and then waits for nothing."""

DEAF = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True:
    signal.pause()
"""
"""A program that answers nobody and does not listen to TERM."""


async def test_a_group_reads_what_was_written(broker: BrokerProcess) -> None:
    kafka = kafka_settings(broker)
    await ensure_topics(kafka)
    async with AIOKafkaProducer(**client_options(kafka)) as producer:
        await producer.send_and_wait(kafka.calls_topic, b"value", b"key")
    consumer = AIOKafkaConsumer(
        kafka.calls_topic, **client_options(kafka), group_id=kafka.group, auto_offset_reset="earliest"
    )
    async with consumer:
        record = await consumer.getone()
        await consumer.commit()
    assert (record.key, record.value) == (b"key", b"value")


async def test_it_listens_on_one_address_of_this_machine_alone(embedded_broker: EmbeddedBroker) -> None:
    socket.create_connection((HOST, embedded_broker.port)).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", embedded_broker.port))


async def test_control_c_on_the_terminal_does_not_reach_it(embedded_broker: EmbeddedBroker) -> None:
    assert os.getsid(embedded_broker.pid) != os.getsid(0)


async def test_after_the_stop_the_port_is_free_and_the_log_is_there(tmp_path: Path) -> None:
    async with EmbeddedBroker(tmp_path) as broker:
        assert not port_is_free(broker.port)
    assert port_is_free(broker.port)
    assert str(broker.port) in broker.log.read_text()


async def test_a_second_stop_does_nothing(tmp_path: Path) -> None:
    async with EmbeddedBroker(tmp_path) as broker:
        await broker.stop()
    assert port_is_free(broker.port)


async def test_it_takes_the_port_it_is_given(tmp_path: Path) -> None:
    port = next_port()
    async with EmbeddedBroker(tmp_path, port) as broker:
        assert broker.bootstrap == f"{HOST}:{port}"


async def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(BrokerError, match=rf"cannot listen on 127\.0\.0\.1:{port}: the port is in use\. Stop"):
            await EmbeddedBroker(tmp_path, port).start()


async def test_a_broker_that_stops_while_starting_says_why(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match=r"A broker stopped while starting \(status 3\)") as problem:
        await python("A broker", "print('\\33[31mno room\\33[0m'); raise SystemExit(3)", tmp_path).start()
    assert str(problem.value).endswith("\nno room")


async def test_a_broker_that_never_answers_is_given_up_and_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = python("A deaf broker", DEAF, tmp_path)
    asked = set()

    async def no_answer(_port: int) -> bool:
        asked.add(broker.pid)
        return False

    monkeypatch.setattr(embedded, "answers", no_answer)
    monkeypatch.setattr(embedded, "START_SECONDS", 1.0)
    monkeypatch.setattr(embedded, "STOP_SECONDS", 0.1)
    with pytest.raises(BrokerError, match="A deaf broker did not answer within 1 s"):
        await broker.start()
    [pid] = asked
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux kills the child of a killed parent")
def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        broker = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    ended, _, _ = select.select([broker], [], [], 30)
    os.close(broker)
    assert ended, "the broker is still there 30 s after its parent was killed"


def python(name: str, program: str, directory: Path) -> BrokerProcess:
    """A stand-in for a broker, written in Python."""
    return BrokerProcess(name, [sys.executable, "-c", program], port=next_port(), log=directory / "log")
