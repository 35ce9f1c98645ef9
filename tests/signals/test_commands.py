"""SIGTERM and Ctrl-C at any moment of any command end it in order: soon, with the right status, without a trace.

Moments are places in the program that a command passes on its way, not seconds, so they are the same on any machine.
"""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from streams.channels.calls.events import Offered
from streams.kafka.client import ensure_topics
from streams.kafka.embedded import HOST, BrokerProcess, EmbeddedBroker
from streams.process.clock import system_clock
from streams.settings import DEFAULT_FILE, KafkaSettings
from tests.brokers.ports import next_port
from tests.brokers.topics import kafka_settings, settings_at
from tests.mapped_calls import MAPPING
from tests.runtime import workers
from tests.runtime.workers import WorkerProcess
from tests.signals.struck import IGNORED, SAME

PATIENCE_SECONDS: Final = 120
"""For a start on a busy machine. That the end is soon shows in that nothing had to end it by force."""

AT_ONCE: Final = 4

TERM, INT = signal.SIGTERM, signal.SIGINT

IMPORTS: Final = ("import:click", "import:msgspec", "import:aiokafka", "import:aiokafka.cluster")
"""From the first import of all to one in the midst of those of a command."""

CONNECT: Final = "call:asyncio.base_events:BaseEventLoop.create_connection"
ASK: Final = "call:aiokafka.conn:AIOKafkaConnection.send"

FORBIDDEN: Final = re.compile(
    r"Traceback|Exception ignored|never (awaited|retrieved)|by force|Aborted|did not stop|stopped by an error"
)
"""What nobody should read who pressed Ctrl-C."""

CALLS: Final = "id,came,taken\n" + "".join(
    f"{n},2026-10-05 09:{n:02}:00,2026-10-05 09:{n:02}:12\n" for n in range(60)
)
PUBLISH: Final = ("publish", "calls.csv", "--mapping", "mapping.toml")
SIMULATE: Final = ("simulate", "--date", "2026-10-05", "--kafka")
MONTH: Final = "2026-10"


class Struck(NamedTuple):
    """What came of a command that was struck."""

    status: int
    said: str

    def ended_in_order(self, status: int) -> None:
        """Fail unless it ended with this status, was struck, and said nothing that frightens."""
        assert "struck at" in self.said, f"it never came to the place: {self}"
        assert FORBIDDEN.findall(self.said) == [], self.said
        assert self.status == status, self.said


class Commands:
    """Runs commands in a directory with a file of calls, and lets a signal strike them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "calls.csv").write_text(CALLS)
        (directory / "mapping.toml").write_text(MAPPING)
        (directory / "tmp").mkdir()

    def strike(
        self,
        arguments: Sequence[str],
        *places: str,
        kafka: KafkaSettings,
        number: signal.Signals = TERM,
        more: Mapping[str, str] = {},
    ) -> Struck:
        """Run a command to its end."""
        environment = workers.environment(kafka, next_port(), None)
        root = str(Path(__file__).parents[2])
        done = subprocess.run(
            [sys.executable, "-m", "tests.signals.struck", ",".join(places), str(int(number)), *arguments],
            cwd=self.directory,
            env={
                **environment,
                "PATH": os.environ["PATH"],
                "PYTHONPATH": root,
                "TMPDIR": str(self.directory / "tmp"),
                **more,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
        return Struck(done.returncode, done.stdout)


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    """In a directory of the test's own."""
    return Commands(tmp_path)


@pytest.fixture
def nowhere() -> KafkaSettings:
    """A broker that is not there."""
    return settings_at(f"{HOST}:{next_port()}")


@pytest.fixture
def silent() -> Iterator[KafkaSettings]:
    """A broker that lets everybody in and answers nothing."""
    with socket.create_server((HOST, 0), backlog=100) as server:
        yield settings_at(f"{HOST}:{server.getsockname()[1]}")


ONE_SHOTS: Final = (
    PUBLISH,
    SIMULATE,
    ("report", "--month", MONTH),
    ("month", "close", MONTH),
    ("snapshot", "--month", MONTH),
    ("dead-letters", "--send-again"),
    ("check",),
)
SERVICES: Final = (("worker",), ("follow", "desks"), ("receive",), ("demo", "--port", "0"))


@pytest.mark.parametrize("number", [TERM, INT])
@pytest.mark.parametrize("place", IMPORTS)
@pytest.mark.parametrize("arguments", [("worker",), PUBLISH], ids=["worker", "publish"])
def test_while_it_imports(
    commands: Commands, nowhere: KafkaSettings, arguments: Sequence[str], place: str, number: signal.Signals
) -> None:
    done = commands.strike(arguments, place, kafka=nowhere, number=number)
    done.ended_in_order(0 if arguments == ("worker",) else 128 + number)
    assert "Stopped before anything was begun." in done.said


@pytest.mark.parametrize("arguments", [*ONE_SHOTS, *SERVICES], ids=lambda arguments: str(arguments[0]))
def test_every_command_ends_in_the_midst_of_its_imports(
    commands: Commands, nowhere: KafkaSettings, arguments: Sequence[str]
) -> None:
    done = commands.strike(arguments, "import:streams.settings", kafka=nowhere)
    done.ended_in_order(0 if arguments in SERVICES else 128 + TERM)


@pytest.mark.parametrize(
    ("arguments", "number"),
    [*zip(ONE_SHOTS, cycle((TERM, INT)), strict=False), (("worker",), TERM), (("worker",), INT)],
    ids=lambda each: str(each[0]) if isinstance(each, tuple) else each.name,
)
def test_while_a_broker_does_not_answer(
    commands: Commands, silent: KafkaSettings, arguments: Sequence[str], number: signal.Signals
) -> None:
    """It is asked, and its answer is waited for; what a signal does is the same in all that are no service."""
    done = commands.strike(arguments, ASK, kafka=silent, number=number)
    done.ended_in_order(0 if arguments == ("worker",) else 128 + number)


@pytest.mark.parametrize("arguments", [PUBLISH, ("worker",)], ids=["publish", "worker"])
def test_while_no_broker_is_there(commands: Commands, nowhere: KafkaSettings, arguments: Sequence[str]) -> None:
    done = commands.strike(arguments, CONNECT, kafka=nowhere)
    done.ended_in_order(0 if arguments == ("worker",) else 128 + TERM)


@pytest.mark.parametrize(
    ("arguments", "place", "says"),
    [
        (PUBLISH, "call:streams.commands.publish:load_mapping", "Stopped before it was done."),
        (
            (*PUBLISH, "--dry-run"),
            "call:streams.commands.publish:_first_events",
            "Stopped before it was done.",
        ),
        (PUBLISH, "call:streams.commands.publish:ensure_source_topics", "events arrived: 0."),
        (PUBLISH, "call:streams.sources.sender:EventSender.send", "Rows read: "),
        (PUBLISH, "call:streams.sources.sender:EventSender.flush", "Rows read: 60, "),
        (SIMULATE, "call:streams.commands.simulate:simulate_day", "Stopped before it was done."),
        (SIMULATE, "call:streams.sources.sender:EventSender.send", "events sent."),
        (("month", "list"), "call:streams.commands.options:load", "Stopped before it was done."),
        (("month", "list"), "call:streams.commands.month:read", "Stopped before it was done."),
        (("month", "list"), "call:aiokafka.client:AIOKafkaClient.close", "Stopped before it was done."),
        (("report", "--month", MONTH), "call:streams.commands.report:build_report", "Stopped before it was"),
        (("check",), "call:streams.commands.check.command:topic_findings", "Stopped before it was done."),
    ],
)
@pytest.mark.kafka
async def test_while_it_works(
    commands: Commands, embedded_broker: EmbeddedBroker, arguments: Sequence[str], place: str, says: str
) -> None:
    kafka = kafka_settings(embedded_broker, partitions=1)
    await ensure_topics(kafka)
    done = await asyncio.to_thread(commands.strike, arguments, place, kafka=kafka)
    done.ended_in_order(128 + TERM)
    assert says in done.said


WORKER_PLACES: Final = (
    "call:streams.commands.worker:load_settings",
    "call:streams.commands.worker:run_worker",
    "call:streams.runtime.worker:ensure_topics",
    "call:streams.runtime.worker:serve",
    "call:streams.runtime.app:MonitorApp.start",
    "call:streams.runtime.consumer:GroupMember.start",
    "call:streams.runtime.partitions:Partitions.load",
    "call:streams.runtime.partitions:Partitions._restore",
    "call:streams.runtime.partition:Partition.fold",
    "call:streams.runtime.partitions:Partitions._write_checkpoint",
)
"""From the first line of the command to its work, in the order in which it comes by them."""

SOME_PLACES: Final = WORKER_PLACES[::3]
OTHER_PLACES: Final = [place for place in WORKER_PLACES if place not in SOME_PLACES]

FOLDS: Final = "call:streams.runtime.partition:Partition.fold"
ENDS: Final = ("call:streams.runtime.worker:_stop_engine", "call:streams.commands.worker:_end_at_last", "end")
"""On its way out after it was struck in its work."""


def calls() -> Iterator[Offered]:
    """Something to count."""
    now = system_clock() / 1000
    return (Offered(f"call-{n}", "Klantencontactcentrum", now) for n in range(10))


async def worked(
    directory: Path,
    broker: BrokerProcess,
    *places: str,
    number: signal.Signals = TERM,
    more: Mapping[str, str] = {},
) -> Struck:
    """A worker with something to count."""
    kafka = kafka_settings(broker, partitions=1)
    await workers.send(kafka, calls())
    strike = Commands(directory).strike
    return await asyncio.to_thread(strike, ("worker",), *places, kafka=kafka, number=number, more=more)


async def at_each(places: Sequence[str], strike: Callable[[str], Awaitable[Struck]]) -> None:
    """Strike a command at each place, some at a time: most of it is waiting for a group to form."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(place: str) -> None:
        async with room:
            (await strike(place)).ended_in_order(0)

    await asyncio.gather(*map(one, places))


@pytest.mark.kafka
@pytest.mark.parametrize("places", [SOME_PLACES, pytest.param(OTHER_PLACES, marks=pytest.mark.long)], ids=len)
async def test_a_worker(
    places: Sequence[str], embedded_broker: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory
) -> None:
    await at_each(places, lambda place: worked(tmp_path_factory.mktemp("at"), embedded_broker, place))


@pytest.mark.kafka
@pytest.mark.parametrize(
    "places", [WORKER_PLACES[-1:], pytest.param(WORKER_PLACES[-3:-1], marks=pytest.mark.long)], ids=len
)
async def test_a_worker_with_transactions(
    places: Sequence[str], apache_kafka: BrokerProcess, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """At its work, by Ctrl-C."""
    await at_each(places, lambda place: worked(tmp_path_factory.mktemp("at"), apache_kafka, place, number=INT))


@pytest.mark.kafka
async def test_a_worker_on_its_way_out(
    embedded_broker: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A signal that comes with the first changes nothing; one that comes when all is done neither, however late."""

    async def strike_twice(place: str) -> Struck:
        directory, more = tmp_path_factory.mktemp("at"), {SAME: "60"} if place != "end" else {}
        done = await worked(directory, embedded_broker, FOLDS, place, number=INT, more=more)
        assert f"struck at {place}" in done.said
        return done

    await at_each(ENDS, strike_twice)


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("lost", "is_noticed"),
    [(signal.SIGKILL, False), (signal.SIGKILL, True), (signal.SIGSTOP, False)],
    ids=["gone", "gone for a while", "hangs"],
)
async def test_a_worker_that_has_lost_its_brokers(tmp_path: Path, lost: signal.Signals, *, is_noticed: bool) -> None:
    """It cannot write a last checkpoint, nor leave the group, and does not wait until it could.

    After a while it has failed to fetch, and waits to try again.
    """
    async with EmbeddedBroker(tmp_path, next_port()) as broker:
        kafka = kafka_settings(broker, partitions=1)
        await workers.send(kafka, calls())
        worker = WorkerProcess(kafka, tmp_path / "worker.log", verbose=False)
        try:
            await workers.settle(kafka, [worker])
            await workers.until(worker.is_healthy, "a healthy worker")
            os.kill(broker.pid, lost)
            if is_noticed:
                await workers.until(lambda: not worker.is_healthy(), "a worker that knows that it is cut off")
            assert await asyncio.to_thread(worker.terminate) == 0, worker.log()
        finally:
            os.kill(broker.pid, signal.SIGCONT)
            worker.stop()
    assert FORBIDDEN.findall(worker.log()) == [], worker.log()


@pytest.mark.kafka
async def test_a_signal_hides_no_error(commands: Commands, nowhere: KafkaSettings) -> None:
    """The worker ends because there is no broker, and is told to end while it is about to say so."""
    done = commands.strike(("worker",), "call:streams.commands.worker:_end_at_last", kafka=nowhere)
    done.ended_in_order(1)
    assert "Error: " in done.said


FOLLOWER_PLACES: Final = (
    "call:streams.commands.follow:source_of",
    "call:streams.commands.follow:serve",
    "call:streams.sources.following.delivery:Delivery._opened",
    "call:streams.sources.following.follower:Follower._read",
    "call:streams.kafka.writer:FencedWriter._send",
    "call:streams.sources.following.delivery:Delivery.close",
)
"""From the first line of the command to its last, in the order in which it comes by them."""

OF_A_TOPIC: Final = """
[source.desks]
kind = "topic"
topic = "theirs"
channels = ["desk"]
mapping = "desks.toml"
"""
DESKS: Final = '[id]\ncolumns = "id"\n[cluster]\nconstant = "Wonen"\n[[event]]\ntype = "arrived"\nat = "at"\n'


@pytest.mark.kafka
@pytest.mark.parametrize(
    "places", [FOLLOWER_PLACES[2:4], pytest.param(FOLLOWER_PLACES, marks=pytest.mark.long)], ids=len
)
async def test_a_follower(
    places: Sequence[str], embedded_broker: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Of a topic that is not there, which is waited for."""

    async def strike(place: str) -> Struck:
        directory = tmp_path_factory.mktemp("at")
        (directory / "settings.toml").write_text(DEFAULT_FILE.read_text(encoding="utf-8") + OF_A_TOPIC)
        (directory / "desks.toml").write_text(DESKS)
        more = {
            "WACHTMONITOR_SETTINGS": str(directory / "settings.toml"),
            "WACHTMONITOR_FOLLOW_PORT": str(next_port()),
        }
        kafka = kafka_settings(embedded_broker, partitions=1)
        after = [FOLLOWER_PLACES[-2]] if place == FOLLOWER_PLACES[-1] else []
        follow = Commands(directory).strike
        return await asyncio.to_thread(follow, ("follow", "desks"), *after, place, kafka=kafka, more=more)

    await at_each(places, strike)


RECEIVER_PLACES: Final = (
    "call:streams.commands.receive:prepared",
    "call:streams.commands.receive:serve",
    "call:streams.serve.hooks:HookServer.start",
    "call:streams.sources.following.delivery:Delivery._opened",
    "call:streams.kafka.writer:FencedWriter._send",
    "call:streams.serve.hooks:HookServer.stop",
)
"""From the first line of the command to its last, in the order in which it comes by them."""

CALLING: Final = """
[source.desks]
kind = "qminder"
clusters = { 7 = "Wonen" }
"""


@pytest.mark.kafka
@pytest.mark.parametrize(
    "places", [RECEIVER_PLACES[3:4], pytest.param(RECEIVER_PLACES, marks=pytest.mark.long)], ids=len
)
async def test_a_receiver(
    places: Sequence[str], embedded_broker: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async def strike(place: str) -> Struck:
        directory = tmp_path_factory.mktemp("at")
        (directory / "settings.toml").write_text(DEFAULT_FILE.read_text(encoding="utf-8") + CALLING)
        more = {
            "WACHTMONITOR_SETTINGS": str(directory / "settings.toml"),
            "WACHTMONITOR_SOURCE_DESKS_SECRET": "of our own",
            "WACHTMONITOR_FOLLOW_PORT": str(next_port()),
            "WACHTMONITOR_RECEIVE_PORT": str(next_port()),
        }
        kafka = kafka_settings(embedded_broker, partitions=1)
        after = [RECEIVER_PLACES[-2]] if place == RECEIVER_PLACES[-1] else []
        receive = Commands(directory).strike
        return await asyncio.to_thread(receive, ("receive",), *after, place, kafka=kafka, more=more)

    await at_each(places, strike)


DEMO_PLACES: Final = (
    "call:streams.commands.demo:_simulated",
    "call:streams.kafka.embedded:BrokerProcess._spawn",
    CONNECT,
    "call:streams.runtime.worker:serve",
    "call:streams.sources.sender:EventSender.send",
    "call:streams.commands.stand_in:_follow",
    "call:streams.commands.demo:_introduce",
    FOLDS,
)


@pytest.mark.kafka
@pytest.mark.parametrize("places", [DEMO_PLACES[1::4], pytest.param(DEMO_PLACES, marks=pytest.mark.long)], ids=len)
async def test_the_demo(
    places: Sequence[str], nowhere: KafkaSettings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """It leaves nothing behind, with all that it can start."""

    async def strike(place: str) -> Struck:
        commands = Commands(tmp_path_factory.mktemp("at"))
        demo = ("demo", "--port", "0", "--exchange")
        done = await asyncio.to_thread(commands.strike, demo, place, kafka=nowhere, number=INT)
        assert "Stopped" in done.said
        assert list((commands.directory / "tmp").iterdir()) == []
        return done

    await at_each(places, strike)


def test_a_command_that_has_done_its_work_keeps_its_status(commands: Commands, nowhere: KafkaSettings) -> None:
    done = commands.strike((*PUBLISH, "--dry-run"), "end", kafka=nowhere)
    done.ended_in_order(0)
    assert "Rows read: 60" in done.said


@pytest.mark.parametrize("number", [TERM, INT, signal.SIGALRM])
def test_a_command_that_has_ended_keeps_its_status_while_it_is_torn_down(
    commands: Commands, nowhere: KafkaSettings, number: signal.Signals
) -> None:
    """Python gives signals back to the system then, which ends a process with a status of its own."""
    commands.strike(("--version",), "teardown", kafka=nowhere, number=number).ended_in_order(0)


@pytest.mark.parametrize("number", [TERM, INT])
def test_what_a_shell_has_a_command_ignore_it_ignores(
    commands: Commands, nowhere: KafkaSettings, number: signal.Signals
) -> None:
    """As for Ctrl-C in a job in the background of a script."""
    place = "call:streams.commands.publish:_first_events"
    more = {IGNORED: str(int(number))}
    done = commands.strike((*PUBLISH, "--dry-run"), place, kafka=nowhere, number=number, more=more)
    done.ended_in_order(0)
    assert "Rows read: 60" in done.said


def test_a_service_heeds_what_a_shell_has_it_ignore(commands: Commands, silent: KafkaSettings) -> None:
    done = commands.strike(("worker",), ASK, kafka=silent, number=INT, more={IGNORED: str(int(INT))})
    done.ended_in_order(0)
