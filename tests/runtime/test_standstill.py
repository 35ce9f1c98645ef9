"""A worker whose event loop stands still, or whose engine has lost its way, gets its partitions after all, or ends.

What ends with status 1 is started again by whoever supervises it, and every event counts once whatever happened.
"""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest

from streams.channels.calls.events import Answered, AnyCallEvent, Offered
from streams.core.rules import Channel
from streams.kafka.embedded import BrokerProcess
from streams.runtime import watch as watching
from streams.runtime.app import MonitorApp
from streams.runtime.watch import StuckError, watch
from streams.settings import KafkaSettings
from tests.brokers.topics import kafka_settings
from tests.core.builders import KCC, MINUTE, SECOND, ms
from tests.runtime import workers
from tests.runtime.test_rebalance import app, assign, resume  # noqa: F401 - `app` is a fixture
from tests.runtime.workers import WorkerProcess

CALLS: Final = 40

HELD: Final = """
import time
from pathlib import Path
from streams.commands import worker
from streams.runtime import app
from streams.runtime import partitions
from streams.runtime import watch
from streams.runtime import worker as runtime
flag = Path({flag!r})
{hold}
from streams.commands.main import main
main()
"""
"""A worker that is held fast at a certain place, once."""

WHILE_LOADING: Final = """
restore = partitions.restore
def held(state, snapshots):
    if not flag.exists():
        flag.touch()
        time.sleep({seconds})
    yield from restore(state, snapshots)
partitions.restore = held
"""

WHILE_RESTORING: Final = """
import asyncio
in_slices = partitions.in_slices
async def slow(steps):
    flag.touch()
    await asyncio.sleep({seconds})
    await in_slices(steps)
partitions.in_slices = slow
"""
"""For each partition that has a checkpoint: four of them in all."""

WHILE_FOLDING: Final = """
fold = partitions.Partitions.fold
async def held(self, tp, batch):
    if flag.exists():
        flag.unlink()
        time.sleep({seconds})
    return await fold(self, tp, batch)
partitions.Partitions.fold = held
"""


def calls(first: int = 0) -> list[AnyCallEvent]:
    """Calls in opening hours, each answered after ten seconds."""
    found: list[AnyCallEvent] = []
    for number in range(first, first + CALLS):
        at = ms("2026-10-05 10:00") + number * MINUTE
        found += [Offered(str(number), KCC, at / 1000), Answered(str(number), KCC, (at + 10 * SECOND) / 1000)]
    return found


async def answered(kafka: KafkaSettings) -> int:
    """What the official total says."""
    totals = await workers.month_totals(kafka)
    return getattr(totals.get(("2026-10", Channel.PHONE, KCC)), "answered", 0)


class Held:
    """Workers that are held fast, and their supervisor."""

    def __init__(self, directory: Path, kafka: KafkaSettings) -> None:
        self.kafka = kafka
        self.flag = directory / "flag"
        self._directory = directory
        self._started: list[WorkerProcess] = []

    def start(self, hold: str | None = None, **values: object) -> WorkerProcess:
        """One more worker, held fast as `hold` says."""
        code = None if hold is None else HELD.format(flag=str(self.flag), hold=hold.format(**values))
        log = self._directory / f"worker-{len(self._started)}.log"
        worker = WorkerProcess(self.kafka, log, code=code, verbose=False)
        self._started.append(worker)
        return worker

    async def supervised(self, worker: WorkerProcess) -> WorkerProcess:
        """The worker, or another one in its place if it has ended and said why."""
        if worker.exit_status() is None:
            return worker
        assert worker.exit_status() == 1, worker.log()
        assert "The worker has stopped" in worker.log()
        return self.start()

    def stop(self) -> None:
        """Stop what still runs."""
        for worker in self._started:
            worker.stop()


@pytest.fixture
def held(apache_kafka: BrokerProcess, tmp_path: Path) -> Iterator[Held]:
    """Starts workers on topics of their own."""
    started = Held(tmp_path, kafka_settings(apache_kafka))
    yield started
    started.stop()


async def counted_once(held: Held) -> WorkerProcess:
    """A worker has counted the calls, and ended."""
    await workers.send(held.kafka, calls())
    worker = held.start()
    await workers.settle(held.kafka, [worker])
    assert worker.terminate() == 0, worker.log()
    return worker


@pytest.mark.kafka
@pytest.mark.timeout(300)
class TestOnKafka:
    """Workers as processes."""

    async def test_a_loop_that_stands_still_while_it_takes_over(self, held: Held) -> None:
        """For longer than the session timeout: its client goes on telling that it is there, and it gets its share."""
        await counted_once(held)
        worker = held.start(WHILE_LOADING, seconds=8)
        await workers.until(worker.is_healthy, "the worker has its partitions")
        await workers.send(held.kafka, calls(CALLS))
        await workers.settle(held.kafka, [worker])
        assert await answered(held.kafka) == 2 * CALLS
        assert worker.terminate() == 0, worker.log()

    @pytest.mark.long
    async def test_a_loop_that_stands_still_while_another_worker_joins(self, held: Held) -> None:
        """For longer than the others wait for it: they go on without it, and then it is among them again."""
        short = "app.REBALANCE_TIMEOUT_SECONDS = 6.0\n"
        first = held.start(short + WHILE_FOLDING, seconds=20)
        await workers.until(lambda: first.owned_partitions() == 2 * held.kafka.partitions, "everything is its own")
        held.flag.touch()
        await workers.send(held.kafka, calls())
        await workers.until(lambda: not held.flag.exists(), "the worker is held fast")
        second = held.start(short)
        await workers.until(lambda: second.owned_partitions() == 2 * held.kafka.partitions, "the other one goes on")

        async def share_equally() -> bool:
            nonlocal first
            first = await held.supervised(first)
            return first.owned_partitions() == second.owned_partitions() == held.kafka.partitions

        await workers.until(share_equally, "both have their share")
        await workers.send(held.kafka, calls(CALLS))
        await workers.settle(held.kafka, [first, second])
        assert await answered(held.kafka) == 2 * CALLS

    @pytest.mark.long
    async def test_workers_that_take_longer_to_restore_than_the_group_waits(self, held: Held) -> None:
        """They come to their shares all the same: nobody goes on with what is to be shared anew."""
        await counted_once(held)
        slow = "app.REBALANCE_TIMEOUT_SECONDS = 4.0\n" + WHILE_RESTORING
        first = held.start(slow, seconds=6)
        await workers.until(held.flag.exists, "the first worker restores")
        second = held.start(slow, seconds=6)
        await workers.until(
            lambda: first.owned_partitions() == second.owned_partitions() == held.kafka.partitions,
            "an equal share each",
        )
        assert await answered(held.kafka) == CALLS

    @pytest.mark.long
    async def test_an_engine_that_has_lost_its_way_ends_the_worker(self, held: Held) -> None:
        """As it does when taking over lasts longer than it waits: it would wait for its partitions for good."""
        await counted_once(held)
        lost = "app.ENGINE_WAIT_SECONDS = 2.0\nwatch.LOOK_SECONDS = 1.0\nwatch.STUCK_SECONDS = 8.0\n"
        worker = held.start(lost + WHILE_LOADING, seconds=3)
        await workers.until(lambda: worker.exit_status() is not None, "the worker ends")
        assert worker.exit_status() == 1, worker.log()
        assert "The worker has stopped. It has waited for its partitions for 8 s" in worker.log()
        assert "Traceback" not in worker.log()
        healed = held.start()
        await workers.until(healed.is_healthy, "a worker started again has its partitions")
        assert await answered(held.kafka) == CALLS

    async def test_a_loop_that_never_comes_round_again_ends_the_worker(self, held: Held) -> None:
        """It would keep its partitions from everybody else: its client tells that it is there."""
        still = "still = watch.Standstill\nworker.Standstill = lambda: still(3)\n"
        worker = held.start(still + WHILE_FOLDING, seconds=3600)
        await workers.until(worker.is_healthy, "the worker has its partitions")
        held.flag.touch()
        await workers.send(held.kafka, calls())
        await workers.until(lambda: worker.exit_status() is not None, "the worker ends")
        assert worker.exit_status() == 1, worker.log()
        assert "The worker has stopped: its event loop stood still for 3 s" in worker.log()
        await workers.settle(held.kafka, [held.start()])
        assert await answered(held.kafka) == CALLS


class Waiting:
    """An app that waits for its partitions for good."""

    def __init__(self, *, is_member: bool = False, is_restoring: bool = False) -> None:
        self.crash_event = asyncio.Event()
        self.reason: BaseException | None = None
        self.consumer = SimpleNamespace(is_member=lambda: is_member)
        self.owner = SimpleNamespace(is_restoring=is_restoring)
        self.looked = 0

    def is_waiting(self) -> bool:
        """For good."""
        self.looked += 1
        return True

    async def crash(self, reason: BaseException) -> None:
        """As the engine ends."""
        self.reason = reason
        self.crash_event.set()


async def looked_at(waiting: Any, until: Callable[[], bool]) -> None:
    """Watch an app until something is so."""
    task = asyncio.create_task(watch(waiting, workers.nowhere()))
    await workers.until(lambda: until() or task.done(), "the end of the watch")
    task.cancel()


@pytest.mark.parametrize(
    "away", [pytest.param({}, id="brokers away"), pytest.param({"is_restoring": True}, id="busy")]
)
async def test_a_worker_whose_brokers_are_away_or_that_restores_is_left_alone(
    away: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(watching, "STUCK_SECONDS", 0.002)
    waiting = Waiting(**away)
    await looked_at(waiting, lambda: waiting.looked >= 10)
    assert waiting.reason is None


async def test_a_member_that_waits_for_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(watching, "STUCK_SECONDS", 0.002)
    waiting = Waiting(is_member=True)
    await looked_at(waiting, waiting.crash_event.is_set)
    assert isinstance(waiting.reason, StuckError)


async def test_a_worker_without_partitions_does_not_wait(app: MonitorApp) -> None:  # noqa: F811 - the fixture
    """Where there are more workers than partitions: it stands by."""
    await assign(app, set(), 1)
    assert app.is_waiting()
    await resume(app, 1)
    assert not app.is_waiting()
