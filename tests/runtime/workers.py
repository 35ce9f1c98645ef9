"""Workers as processes, and what they left on the broker: for tests that kill them."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Final
from urllib.request import urlopen

import msgspec
from aiokafka.admin import NewTopic

from streams.channels.calls.events import AnyCallEvent
from streams.channels.visits.events import AnyTicketEvent
from streams.contracts.topics import checkpoint_topic
from streams.core.counts import Tally
from streams.core.rules import Channel
from streams.kafka.client import admin_client, ensure_topics, read_to_end
from streams.kafka.embedded import leashed
from streams.records import checkpoint
from streams.records.dead_letters import DeadLetter, read_dead_letter
from streams.records.month_totals import sum_month_totals
from streams.settings import KafkaSettings, load
from streams.settings.model import SSL_KEYS, TOPICS
from streams.sources.sender import EventSender
from tests.brokers.ports import next_port
from tests.runtime import nursery

PATIENCE_SECONDS: Final = 240.0
"""How long a condition may take to come true on a machine with much else to do; elsewhere it takes seconds."""

POLL_SECONDS: Final = 0.1

READ_SECONDS: Final = 0.5
"""Between two looks at what lies on a broker: each reads whole topics, and takes time from the workers."""

LOGIN: Final = ("sasl_mechanism", "sasl_username")

Totals = dict[tuple[str, Channel, str], Tally]


class WorkerProcess:
    """`wachtmonitor worker`, or another command, with settings from a file and the environment."""

    begins_imported: ClassVar[bool] = False
    """Whether workers begin in the nursery: in tests. Whoever measures them has them start from nothing."""

    def __init__(
        self,
        kafka: KafkaSettings,
        log: Path,
        settings_file: Path | None = None,
        *,
        verbose: bool = True,
        port: int | None = None,
        code: str | None = None,
        is_fresh: bool = False,
        command: Sequence[str] = ("worker",),
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """With `code` that is run in place of `streams`: to hold a worker fast at a certain place.

        One that `is_fresh` has imported nothing before. `variables` are added to those of its environment.
        """
        self.kafka = kafka
        self.port = port or next_port()
        self.log_file = log
        self._code = code
        self._is_fresh = is_fresh or not self.begins_imported
        self._arguments = [*command, *(["--verbose"] if verbose else [])]
        self._environment = {**environment(kafka, self.port, settings_file), "PATH": os.environ["PATH"]}
        self._environment |= variables or {}
        self._process = self._start()

    def _start(self) -> "subprocess.Popen[bytes] | nursery.Child":
        with self.log_file.open("ab") as out:
            self._said_before = out.tell()
            if not self._is_fresh:
                return nursery.begin(self._arguments, self._environment, self.log_file, self._code)
            program = ["-m", "streams"] if self._code is None else ["-c", self._code]
            command = leashed([sys.executable, *program, *self._arguments])
            return subprocess.Popen(command, env=self._environment, stdout=out, stderr=subprocess.STDOUT)

    def start_again(self) -> None:
        """Another process in the place of one that has ended, as whoever supervises workers sees to it."""
        assert self.exit_status() is not None, "it has ended"
        self._process = self._start()

    @property
    def pid(self) -> int:
        """Its process id: what puts it on a leash becomes the worker."""
        return self._process.pid

    def log(self) -> str:
        """What it has printed so far."""
        return self.log_file.read_text(errors="replace")

    def last_words(self) -> str:
        """What the process of now has printed, without those in whose place it was started."""
        return self.log_file.read_bytes()[self._said_before :].decode(errors="replace")

    def kill(self) -> None:
        """SIGKILL: it can say no goodbye."""
        self._process.kill()
        self._process.wait()

    def terminate(self) -> int:
        """SIGTERM, as an orchestrator stops it; the exit status."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=PATIENCE_SECONDS)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, and do not wait for what comes of it."""
        self._process.send_signal(number)

    def stop(self) -> None:
        """Make sure that it is gone."""
        if self._process.poll() is None:
            self.kill()

    def exit_status(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._process.poll()

    def get(self, path: str) -> str:
        """A page of it; raises OSError while there is none."""
        with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            text: str = answer.read().decode()
            return text

    def is_healthy(self) -> bool:
        """Whether it has its partitions."""
        assert self.exit_status() is None, self.log()
        try:
            return bool(self.get("/health/worker"))
        except OSError:
            return False

    def owned_partitions(self) -> int:
        """How many source partitions it shows."""
        return self._shown_partitions() if self.is_healthy() else 0

    def has_begun(self) -> bool:
        """Whether it was given partitions, healthy or not."""
        assert self.exit_status() is None, self.log()
        try:
            return self._shown_partitions() > 0
        except OSError:
            return False

    def _shown_partitions(self) -> int:
        samples = (line.split() for line in self.get("/metrics").splitlines())
        return sum(int(float(line[1])) for line in samples if line[0].startswith("wachtmonitor_owned_partitions{"))


def environment(kafka: KafkaSettings, port: int, settings_file: Path | None) -> dict[str, str]:
    """The variables that give a command these settings."""
    texts = {
        "bootstrap_servers": ",".join(kafka.bootstrap_servers),
        **{name: str(getattr(kafka, name)) for name in ("group", *TOPICS)},
        "partitions": str(kafka.partitions),
        "replication_factor": str(kafka.replication_factor),
        "writer": kafka.writer,
        "security_protocol": kafka.security_protocol,
        **{name: str(value) for name in (*SSL_KEYS, *LOGIN) if (value := getattr(kafka, name)) is not None},
    }
    if kafka.sasl_password is not None:
        texts["sasl_password"] = kafka.sasl_password.get_secret_value()
    found = {f"WACHTMONITOR_KAFKA_{name.upper()}": text for name, text in texts.items()}
    found["WACHTMONITOR_WEB_PORT"] = str(port)
    if settings_file is not None:
        found["WACHTMONITOR_SETTINGS"] = str(settings_file)
    return found


def zone_at_noon() -> str:
    """A zone in which it is about noon, so that no day ends while a test looks at what is counted of it."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"  # signs are the other way round there


async def until(
    condition: Callable[[], Awaitable[bool] | bool], what: str | Callable[[], str], every: float = POLL_SECONDS
) -> None:
    """Wait for a condition; fail with `what`, or what it tells then, when it does not come true."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                holds = condition()
                if holds if isinstance(holds, bool) else await holds:
                    return
                await asyncio.sleep(every)
    except TimeoutError:
        told = what if isinstance(what, str) else what()
        raise AssertionError(f"not within {PATIENCE_SECONDS:.0f} s: {told}") from None


async def create_plain_topic(kafka: KafkaSettings, topic: str) -> None:
    """A topic with one partition and the broker's own settings."""
    async with admin_client(kafka) as admin:
        await admin.create_topics([NewTopic(topic, 1, 1)])


def nowhere() -> KafkaSettings:
    """Settings that name a broker which is not there."""
    return msgspec.structs.replace(load(None, {}).kafka, bootstrap_servers=(f"127.0.0.1:{next_port()}",))


async def send(kafka: KafkaSettings, events: Iterable[AnyCallEvent | AnyTicketEvent]) -> None:
    """Publish events, as every source does."""
    await ensure_topics(kafka)
    async with EventSender(kafka) as sender:
        for event in events:
            await sender.send(event)


async def ends(kafka: KafkaSettings) -> Mapping[tuple[str, int], int]:
    """The offset after the last record of every source partition."""
    found = {}
    for topic in (kafka.calls_topic, kafka.tickets_topic):
        for partition, records in (await read_to_end(kafka, topic, range(kafka.partitions))).items():
            found[topic, partition] = records[-1].offset + 1 if records else 0
    return found


async def covered(kafka: KafkaSettings) -> Mapping[tuple[str, int], int]:
    """The next offset of every source partition's checkpoint, 0 where there is none."""
    found = {}
    for topic in (kafka.calls_topic, kafka.tickets_topic):
        source = checkpoint_topic(topic)
        for partition, records in (await read_to_end(kafka, source, range(kafka.partitions))).items():
            read = checkpoint.decode(((record.key, record.value) for record in records), source)
            found[topic, partition] = read.next_offset if read else 0
    return found


async def settle(kafka: KafkaSettings, workers: Iterable[WorkerProcess] = ()) -> None:
    """Wait until the workers have begun, and checkpoints cover everything published.

    They may cover it before: those of workers that are gone.
    """
    wanted = await ends(kafka)
    for worker in workers:
        await until(worker.has_begun, "a worker with partitions")

    async def all_covered() -> bool:
        for worker in workers:
            assert worker.exit_status() is None, worker.log()
        return await covered(kafka) == wanted

    await until(all_covered, "checkpoints that cover every record", READ_SECONDS)


async def month_totals(kafka: KafkaSettings) -> Totals:
    """The official totals, as a reader of the topic finds them."""
    partitions = range(1)
    by_partition = await read_to_end(kafka, kafka.month_totals_topic, partitions)
    records = ((record.key or b"", record.value) for found in by_partition.values() for record in found)
    return {key: tally for key, tally in sum_month_totals(records).items() if not tally.is_empty()}


async def dead_letters(kafka: KafkaSettings) -> list[DeadLetter]:
    """The refused records, each once, in the order of topic, partition and offset."""
    by_partition = await read_to_end(kafka, kafka.dead_letters_topic, range(1))
    letters = {
        (letter.topic, letter.partition, letter.offset): letter
        for found in by_partition.values()
        for record in found
        for letter in [read_dead_letter(record.value, record.headers)]
    }
    return [letters[place] for place in sorted(letters)]


def plain(totals: Totals) -> dict[tuple[str, str, str], object]:
    """Totals as plain data, for a readable comparison."""
    return {
        (month, channel.value, cluster): msgspec.to_builtins(t) for (month, channel, cluster), t in totals.items()
    }
