"""Several workers on a real Kafka: each shows the whole group or says what is missing, never a part as all.

Calls go on coming in while workers are killed, frozen and started, and everything that any of them shows meanwhile is
compared with what had been sent by then.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from streams.channels.calls.events import Abandoned, Offered
from streams.core.rules import Channel
from streams.kafka.client import ensure_topics
from streams.runtime.app import CUT_OFF
from streams.settings import KafkaSettings
from streams.sources.sender import EventSender
from tests.brokers.apache import ApacheKafka, KafkaMissingError, kafka_jars
from tests.brokers.topics import kafka_settings
from tests.chaos.scenario import write_settings
from tests.runtime.screens import Screens, watching
from tests.runtime.workers import WorkerProcess, until, zone_at_noon

pytestmark = pytest.mark.kafka

LINE = "Klantencontactcentrum"
CUT_OFF_SAID = "De monitor heeft geen verbinding met Kafka"
PARTITIONS = 6
AT_FIRST = 1_200
"""Calls before anything happens: 200 in a partition, far more than come in while a figure may be old."""

PAUSE_SECONDS = 0.1
LATE_SECONDS = 5.0
"""Calls of the last seconds may be missing: figures may be 2 s old, and machines that run tests are slow."""


class Phone:
    """A telephone line on which people hang up, again and again; how many had done so at which moment."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self.sent = 0
        self._kafka = kafka
        self._acknowledged: list[tuple[float, int]] = [(0.0, 0)]

    async def ring(self, times: int) -> None:
        """So many calls, as quickly as they can be sent."""
        async with EventSender(self._kafka) as sender:
            for _ in range(times):
                await self._call(sender)
        self._acknowledged.append((time.monotonic(), self.sent))

    @asynccontextmanager
    async def ringing(self) -> AsyncIterator[None]:
        """One call after another, beside the block."""
        task = asyncio.create_task(self._go_on())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _go_on(self) -> None:
        async with EventSender(self._kafka) as sender:
            while True:
                await self._call(sender)
                await sender.flush()
                self._acknowledged.append((time.monotonic(), self.sent))
                await asyncio.sleep(PAUSE_SECONDS)

    async def _call(self, sender: EventSender) -> None:
        self.sent += 1
        call_id, now = f"call-{self.sent}", time.time()
        await sender.send(Offered(call_id=call_id, cluster=LINE, at=now - 1))
        await sender.send(Abandoned(call_id=call_id, cluster=LINE, at=now))

    def long_ago(self, moment: float) -> int:
        """The calls that figures shown at a moment must hold."""
        return max(count for at, count in self._acknowledged if at <= moment - LATE_SECONDS)


class Group:
    """The workers of a test, and what they show."""

    def __init__(self, kafka: KafkaSettings, directory: Path) -> None:
        self.kafka = kafka
        self.workers: list[WorkerProcess] = []
        self._directory = directory
        self._settings_file = write_settings(directory)
        text = self._settings_file.read_text(encoding="utf-8")
        self._settings_file.write_text(text.replace("Europe/Brussels", zone_at_noon()), encoding="utf-8")

    def start(self) -> WorkerProcess:
        """One more worker."""
        log = self._directory / f"worker-{len(self.workers)}.log"
        self.workers.append(WorkerProcess(self.kafka, log, self._settings_file, verbose=False))
        return self.workers[-1]

    def stop(self) -> None:
        """Stop all, frozen ones too."""
        for worker in self.workers:
            worker.stop()


@pytest.fixture
def start_group(tmp_path: Path) -> Iterator[Callable[[KafkaSettings], Group]]:
    """Starts workers that are stopped at the end."""
    groups: list[Group] = []

    def start(kafka: KafkaSettings) -> Group:
        groups.append(Group(kafka, tmp_path))
        return groups[-1]

    yield start
    for group in groups:
        group.stop()


async def test_a_part_never_shows_as_the_whole(
    apache_kafka: ApacheKafka, start_group: Callable[[KafkaSettings], Group]
) -> None:
    """One of three is killed, one joins, one is frozen for less and for more than the session timeout."""
    kafka = kafka_settings(apache_kafka, partitions=PARTITIONS)
    await ensure_topics(kafka)
    group, phone = start_group(kafka), Phone(kafka)
    await phone.ring(AT_FIRST)
    killed, frozen, third = (group.start() for _ in range(3))
    async with watching(killed, frozen, third) as screens, phone.ringing():
        await all_whole(screens, [killed, frozen, third])
        killed.kill()
        await said_to_be_missing(screens, [frozen, third])
        await all_whole(screens, [frozen, third])
        fourth = group.start()
        screens.watch(fourth)
        await all_whole(screens, [frozen, third, fourth])
        await freeze(frozen, lambda: said_to_be_missing(screens, [third, fourth]))
        await all_whole(screens, [frozen, third, fourth])
        await freeze(frozen, lambda: taken_over(screens, [third, fourth]))
        await all_whole(screens, [frozen, third, fourth])
    judge(screens, phone)


async def freeze(worker: WorkerProcess, until: Callable[[], Awaitable[None]]) -> None:
    """SIGSTOP, and SIGCONT once something is true."""
    worker.signal(signal.SIGSTOP)
    await until()
    worker.signal(signal.SIGCONT)


async def taken_over(screens: Screens, group: Sequence[WorkerProcess]) -> None:
    """Wait until the others show the whole without the one that is frozen: the group has put it out."""
    await said_to_be_missing(screens, group)
    await all_whole(screens, group)


async def all_whole(screens: Screens, group: Sequence[WorkerProcess]) -> None:
    """Wait until each of them shows the whole, and nothing is wrong."""
    since = time.monotonic()

    def is_whole(worker: WorkerProcess) -> bool:
        supervise(worker)
        return screens.is_whole(worker, since)

    for worker in group:
        await until(partial(is_whole, worker), partial(screens.account, f"{worker.log_file.stem} shows the whole"))


def supervise(worker: WorkerProcess) -> None:
    """Start it again when it has ended because others have taken over from it, as whoever runs workers sees to it.

    So does one that was frozen in the middle of a write.
    """
    if worker.exit_status() is not None:
        assert worker.exit_status() == 1, worker.log()
        assert "another one has taken over" in worker.last_words(), worker.log()
        worker.start_again()


async def said_to_be_missing(screens: Screens, group: Sequence[WorkerProcess]) -> None:
    """Wait until each of them says that a third is missing, on the wall and about its health."""
    since = time.monotonic()
    for worker in group:
        on_wall = partial(screens.says, worker, "Deel ontbreekt: oproepen 2 van 6", since)
        await until(on_wall, partial(screens.account, f"the wall of {worker.log_file.stem} says what is missing"))
        health = partial(screens.tells, worker, "/health", "2 of 6 partitions of calls", since)
        await until(health, partial(screens.account, f"the health of {worker.log_file.stem} says what is missing"))


def judge(screens: Screens, phone: Phone) -> None:
    """Every frame shows all calls, or is grey and says why."""
    shown = [frame for frame in screens.frames if not frame.is_grey(Channel.PHONE)]
    partial_ones = [
        (frame.worker.pid, frame.at, frame.calls, phone.long_ago(frame.at))
        for frame in shown
        if not phone.long_ago(frame.at) <= frame.calls <= phone.sent
    ]
    assert partial_ones == []
    assert all(frame.reasons for frame in screens.frames if frame.is_grey(Channel.PHONE))
    assert len({frame.worker for frame in shown}) == 4, "each of them was whole for a while"


async def test_a_worker_whose_kafka_is_gone_says_so_on_the_wall(
    tmp_path: Path, start_group: Callable[[KafkaSettings], Group]
) -> None:
    """Within two seconds of what it says about its health, with everything grey."""
    async with own_kafka(tmp_path) as broker:
        group = start_group(kafka_settings(broker))
        worker = group.start()
        async with watching(worker) as screens:
            await all_whole(screens, [worker])
            broker.kill()
            killed = time.monotonic()
            cut_off = partial(screens.tells, worker, "/health/worker", CUT_OFF.text, killed)
            await until(cut_off, partial(screens.account, "the worker knows that it is cut off"))
            told = time.monotonic()
            on_wall = partial(screens.says, worker, CUT_OFF_SAID, told)
            await until(on_wall, partial(screens.account, "the wall says why"))
    since_told = [frame for frame in screens.frames if frame.at > told]
    first = next(frame for frame in since_told if frame.reasons[:1] == [CUT_OFF_SAID])
    assert first.at - told < 2, "the wall says it in time"
    assert all(frame.is_grey(channel) for frame in since_told for channel in Channel), "grey, and not live"
    before = [frame for frame in screens.frames if killed + LATE_SECONDS < frame.at < told]
    assert all(frame.is_grey(channel) for frame in before for channel in Channel), "grey before it is sure of why"


@asynccontextmanager
async def own_kafka(directory: Path) -> AsyncIterator[ApacheKafka]:
    """A Kafka that may be killed."""
    try:
        jars = kafka_jars()
    except KafkaMissingError as missing:
        pytest.skip(f"no Apache Kafka: {missing}")
    async with ApacheKafka(directory / "kafka", jars) as broker:
        yield broker
