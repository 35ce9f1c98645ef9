"""What a worker counts of the calls of a real exchange is what happened, as the outside saw it.

An Asterisk must be installed; without one these tests are skipped. Calls go through `wachtmonitor follow` and Apache
Kafka to `wachtmonitor worker`, each a process of its own. Each number is a cluster, so that each call has figures.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import pytest
import pytest_asyncio

from streams.kafka.client import ensure_topics
from streams.kafka.embedded import leashed
from streams.settings import DEFAULT_FILE, KafkaSettings
from tests.brokers.apache import ApacheKafka
from tests.brokers.ports import next_port
from tests.brokers.topics import kafka_settings
from tests.runtime.workers import WorkerProcess, dead_letters, environment, until, zone_at_noon
from tests.sources.asterisk.exchange import FOLLOWER, NEVER, SECRET, TREE, Installed, Town, Truth, installed

pytestmark = [pytest.mark.kafka, pytest.mark.long]

QUEUES: Final = {"kcc": "199", "leeg": "399"}
"""To each queue one of the numbers that lead to it: the settings do not name these, so the queue says whose the call
is."""

NUMBERS: Final = [f"{kind}{number:02}" for kind in "1234" for number in range(1, 9)]

NEAR_SECONDS: Final = 1.0
UNSEEN_SECONDS: Final = 60.0
"""Promised of calls that ended while nobody could see it."""

_SAMPLE: Final = re.compile(r"^wachtmonitor_(\w+)\{([^}]*)\} (\S+)$", re.MULTILINE)
_LABEL: Final = re.compile(r'(\w+)="([^"]*)"')


class Figures(NamedTuple):
    """Of a number, today."""

    offered: float
    answered: float
    missed: float
    wait_seconds: float


def figures(page: str) -> dict[str, Figures]:
    """Those on a worker's page of metrics, of the numbers that were dialled."""
    found: dict[str, dict[str, float]] = {}
    for name, labels, value in _SAMPLE.findall(page):
        told = dict(_LABEL.findall(labels))
        if told.get("window") == "today" and told.get("cluster") in {*NUMBERS, *QUEUES.values()}:
            found.setdefault(told["cluster"], {})[name] = float(value)
    return {
        number: Figures(
            told["offered_calls"],
            told["served_contacts"],
            told["missed_calls"],
            told["wait_seconds"] + told["missed_wait_seconds"],
        )
        for number, told in found.items()
        if told.get("offered_calls")
    }


def settings_text(town: Town) -> str:
    """Always open, a cluster for each number, and the exchange as a source."""
    text = re.sub(r'^(\w+day) = ".*"$', r'\1 = "00:00-24:00"', DEFAULT_FILE.read_text("utf-8"), flags=re.MULTILINE)
    text = text.replace("Europe/Brussels", zone_at_noon())
    text = re.sub(r'^public_holidays = ".*"$', 'public_holidays = "none"', text, flags=re.MULTILINE)
    text += "".join(
        f'\n[[cluster]]\nname = "{name}"\nchannel = "phone"\nnorm_seconds = 45\n'
        for name in [*NUMBERS, *QUEUES.values()]
    )
    text += f"""
[source.kcc]
kind = "asterisk"
host = "127.0.0.1"
port = {town.exchange.port}
username = "{FOLLOWER}"
queue_log = "{town.exchange.queue_log}"
"""
    text += "\n[source.kcc.queues]\n" + "".join(f'{queue} = "{cluster}"\n' for queue, cluster in QUEUES.items())
    return text + "\n[source.kcc.numbers]\n" + "".join(f'{name} = "{name}"\n' for name in NUMBERS)


class FollowerProcess:
    """`wachtmonitor follow kcc` as its user starts it."""

    def __init__(self, variables: Mapping[str, str], log: Path) -> None:
        self._port = next_port()
        self._log = log
        self._environment = {
            **variables,
            "PATH": os.environ["PATH"],
            "WACHTMONITOR_FOLLOW_PORT": str(self._port),
            "WACHTMONITOR_SOURCE_KCC_SECRET": SECRET,
        }
        self.start()

    def start(self) -> None:
        """One process more, in the place of one that is gone."""
        with self._log.open("ab") as out:
            self._said_before = out.tell()
            command = leashed([sys.executable, "-m", "streams", "follow", "kcc"])
            self._process = subprocess.Popen(command, env=self._environment, stdout=out, stderr=out)

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()

    def is_connected(self) -> bool:
        """Whether it hears the exchange, by the last that it said of that."""
        assert self._process.poll() is None, self.log()
        said = self._log.read_bytes()[self._said_before :].decode(errors="replace")
        links = re.findall(r"source kcc: (connected|not connected)", said)
        return bool(links) and links[-1] == "connected"

    def log(self) -> str:
        """What it has printed."""
        return self._log.read_text(errors="replace")


class Monitor(NamedTuple):
    """All that a test has running, connected."""

    town: Town
    follower: FollowerProcess
    worker: WorkerProcess
    kafka: KafkaSettings

    def all_over(self, *numbers: str) -> bool:
        """Whether these calls are over, or all of them."""
        return all(map(self.town.is_over, numbers or self.town.calls))

    async def counts(self, unseen: Sequence[str] = ()) -> None:
        """Wait until the worker has counted every call, and compare; of those unseen the end may be told later."""
        numbers = sorted(self.town.calls)

        def shown() -> dict[str, Figures]:
            assert self.worker.exit_status() is None, self.worker.log()
            return figures(self.worker.get("/metrics"))

        await until(
            lambda: sorted(shown()) == numbers,
            lambda: f"counted {sorted(shown())} of {numbers}: {self.follower.log()}",
        )
        found = shown()
        truths = {number: self.town.truth(number) for number in numbers}
        for number in numbers:
            print(number, found[number], f"{found[number].wait_seconds - truths[number].wait_seconds:+.3f}")
        assert {number: found[number][:3] for number in numbers} == {
            number: counts_of(truth) for number, truth in truths.items()
        }
        off = {number: found[number].wait_seconds - truth.wait_seconds for number, truth in truths.items()}
        assert {
            number: seconds
            for number, seconds in off.items()
            if not -NEAR_SECONDS <= seconds <= (UNSEEN_SECONDS if number in unseen else NEAR_SECONDS)
        } == {}
        assert await dead_letters(self.kafka) == []


def counts_of(truth: Truth) -> tuple[float, float, float]:
    """Offered, answered, missed."""
    is_answered = truth.picked_up is not None
    return 1, float(is_answered), float(not is_answered)


@pytest.fixture(scope="module")
def programs() -> Installed:
    """Those of the Asterisk that is here."""
    found = installed()
    if found is None:
        pytest.skip(f"no Asterisk: install one, or name a Debian tree that has one in {TREE}")
    return found


@pytest_asyncio.fixture
async def monitor(programs: Installed, apache_kafka: ApacheKafka, tmp_path: Path) -> AsyncIterator[Monitor]:
    """An exchange without calls, and who watches it."""
    kafka = kafka_settings(apache_kafka)
    await ensure_topics(kafka)
    town = Town(programs, tmp_path / "asterisk", [next_port() for _ in range(4)])
    settings = tmp_path / "settings.toml"
    settings.write_text(settings_text(town), encoding="utf-8")
    async with town:
        worker = WorkerProcess(kafka, tmp_path / "worker.log", settings, verbose=False)
        follower = FollowerProcess(environment(kafka, next_port(), settings), tmp_path / "follower.log")
        try:
            await until(follower.is_connected, follower.log)
            await until(worker.is_healthy, worker.log)
            yield Monitor(town, follower, worker, kafka)
        finally:
            follower.kill()
            worker.stop()


async def test_figures_are_the_truth_of_the_calls(monitor: Monitor) -> None:
    """Answered soon and late, given up in queue and menu, let go into a second queue or none, passed on, at once."""
    town = monitor.town
    town.dial("101")
    town.dial("102", rings=9)
    town.dial("103", rings=NEVER)
    town.dial("201")
    town.dial("202")
    town.dial("301", rings=2)
    town.dial("302", rings=NEVER)
    town.dial(QUEUES["leeg"])
    town.dial("401")
    await until(lambda: town.is_up("202"), "a call in the menu")
    town.hang_up("202")
    await until(lambda: monitor.all_over("401"), "a call that its queue let go")
    town.hang_up("103")
    town.hang_up("302")
    town.dial("104", talks=60)
    await until(lambda: town.is_answered("104"), "a call that is passed on")
    await town.pass_on("104")
    for number in ("105", "106", "107", "108"):
        town.dial(number)
    await until(lambda: monitor.all_over("105", "106", "107", "108"), "calls at once")
    town.hang_up("104")
    await until(monitor.all_over, "the end of all calls")
    await monitor.counts()


async def amid_calls(town: Town) -> None:
    """One is talking, one waits, a telephone rings for it; one is to be answered later; one is in the menu."""
    town.dial("101", talks=60)
    town.dial("102", rings=NEVER)
    await until(lambda: town.is_answered("101"), "a call that is answered")
    town.dial("301", rings=12)
    town.dial("201", rings=12)
    await until(lambda: town.is_up("201"), "a call in the menu")


@pytest.mark.parametrize("is_killed", [True, False], ids=["killed", "stopped"])
async def test_figures_are_the_truth_across_a_restart_of_the_exchange(monitor: Monitor, *, is_killed: bool) -> None:
    """Every call of before is over with it; those of after are calls as any."""
    town = monitor.town
    await amid_calls(town)
    before = list(town.calls)
    town.died = time.time()
    await town.exchange.end(signal.SIGKILL if is_killed else signal.SIGTERM)
    await until(lambda: not monitor.follower.is_connected(), "a follower that lost the exchange")
    await town.exchange.start()
    await until(monitor.follower.is_connected, monitor.follower.log)
    for number in before:
        town.hang_up(number)
    town.dial("103")
    town.dial("401")
    await until(monitor.all_over, "the end of all calls")
    await monitor.counts(unseen=before if is_killed else ())


async def test_figures_are_the_truth_across_a_kill_of_the_follower(monitor: Monitor) -> None:
    """Calls come, are answered and end while nobody follows: queue_log tells of them, by their queue."""
    town, unseen = monitor.town, QUEUES["kcc"]
    await amid_calls(town)
    monitor.follower.kill()
    town.hang_up("102")
    town.dial(unseen)
    town.dial("104", rings=NEVER)
    await until(lambda: monitor.all_over("102", unseen), "calls that end unseen")
    monitor.follower.start()
    await until(monitor.follower.is_connected, monitor.follower.log)
    town.hang_up("104")
    town.hang_up("101")
    await until(monitor.all_over, "the end of all calls")
    await monitor.counts()


async def test_figures_are_the_truth_across_a_kill_of_kafka(monitor: Monitor, apache_kafka: ApacheKafka) -> None:
    """The follower holds what comes meanwhile; the worker, if it ends, is started again, as a supervisor would."""
    town = monitor.town
    await amid_calls(town)
    apache_kafka.kill()
    try:
        town.hang_up("102")
        town.dial("103")
        town.dial("401")
        await until(lambda: monitor.all_over("102", "103", "401"), "calls while there is no Kafka")
    finally:
        await apache_kafka.restart()
    if monitor.worker.exit_status() is not None:
        monitor.worker.start_again()
    town.dial("105")
    town.hang_up("101")
    await until(monitor.all_over, "the end of all calls")
    await monitor.counts()
