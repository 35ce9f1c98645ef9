"""The end of a worker: quick, with its last words, whatever the engine does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import InvalidTimestampError, ProducerFenced

from streams.kafka.remade import Mark, SourceReplacedError
from streams.runtime import worker
from streams.runtime.worker import WorkerError, run_worker, wait_for_end
from streams.settings import KafkaSettings, Settings, load
from tests.runtime.workers import until

CALLS: Final = TopicPartition("calls", 0)


class Owner:
    """Owns nothing."""

    def owned(self) -> set[Any]:
        """Nothing."""
        return set()

    async def release(self, _: set[Any]) -> None:
        """Nothing to give up."""


class App:
    """An engine that has crashed and swallows every cancellation while it stops."""

    owner = Owner()

    def __init__(self, reason: BaseException) -> None:
        self.first_crash_reason = reason
        self.crash_event = asyncio.Event()
        self.crash_event.set()
        self.let_go = asyncio.Event()

    async def stop(self) -> None:
        """Goes on until it is let go."""
        while not self.let_go.is_set():
            try:
                await self.let_go.wait()
            except asyncio.CancelledError:
                continue


async def test_a_fenced_worker_says_what_happened_without_a_trace(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(WorkerError, match="another one has taken over"):
        await wait_for_end(App(ProducerFenced()), asyncio.Event())  # type: ignore[arg-type]  # of the app no more is asked
    assert not caplog.records


async def test_a_worker_whose_records_are_refused_for_their_time_says_whose_clocks_to_look_at() -> None:
    """Its clock is an hour ahead, or more, and no broker has told."""
    with pytest.raises(WorkerError, match="by their clocks it dates them an hour ahead"):
        await wait_for_end(App(InvalidTimestampError()), asyncio.Event())  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(
    ("brokers", "says"), [(True, "did not stop within"), (False, "no broker answers: stopping without")]
)
async def test_an_engine_that_does_not_stop_holds_nobody_up(
    brokers: bool, says: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def is_there(_: KafkaSettings) -> bool:
        return brokers

    monkeypatch.setattr(worker, "SOON_SECONDS", 0.05)
    monkeypatch.setattr(worker, "CRASHED_STOP_SECONDS", 0.1 if brokers else 3600)
    monkeypatch.setattr(worker, "is_there", is_there)
    app = App(ProducerFenced())
    async with asyncio.timeout(60):
        await worker._stop(app, asyncio.create_task(asyncio.sleep(0)), load(None, {}).kafka)  # type: ignore[arg-type]  # of the app no more is asked
    assert says in caplog.text
    app.let_go.set()


class GivesUp(App):
    """Something in the midst of its engine was cancelled."""

    async def stop(self) -> None:
        """Raise what was cancelled."""
        raise asyncio.CancelledError


async def test_an_engine_that_gives_up_in_the_midst_of_stopping_lets_the_reason_of_the_end_stand(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is not raised in the place of what ended the worker, with a trace."""
    done = asyncio.create_task(asyncio.sleep(0))
    await worker._stop(GivesUp(ProducerFenced()), done, load(None, {}).kafka)  # type: ignore[arg-type]  # as above
    assert "gave up in the midst of stopping" in caplog.text


class FormerTopic:
    """Brokers that have come back, and hold what was read."""

    def __init__(self, _: KafkaSettings) -> None:
        """They are asked twice before they answer."""
        self._asked = 0

    async def are_same(self, marks: dict[TopicPartition, Mark]) -> bool:
        """For certain at the second time."""
        assert list(marks) == [CALLS]
        self._asked += 1
        return self._asked > 1

    async def stop(self) -> None:
        """Nothing to let go of."""


@pytest.mark.parametrize("is_stopped", [False, True], ids=["the former topic is there after all", "it is stopped"])
async def test_a_worker_whose_topic_was_made_anew_stands_still(
    is_stopped: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It ends by itself only to be started again where that helps, and in order when it is told to."""
    app = App(SourceReplacedError({CALLS: "made anew"}, {CALLS: Mark(7, 0)}))

    @asynccontextmanager
    async def running(_: Settings) -> AsyncIterator[App]:
        yield app

    monkeypatch.setattr(worker, "running_worker", running)
    monkeypatch.setattr(worker, "Sources", FormerTopic)
    monkeypatch.setattr(worker, "ASK_AGAIN_SECONDS", 3600 if is_stopped else 0.01)
    stop = asyncio.Event()
    async with asyncio.timeout(60):
        if is_stopped:
            standing = asyncio.create_task(run_worker(load(None, {}), stop))
            await until(lambda: "made anew" in caplog.text, "it is said")
            stop.set()
            await standing
        else:
            with pytest.raises(WorkerError, match="start the worker again"):
                await run_worker(load(None, {}), stop)
    assert caplog.text.count("made anew") == 1


async def test_a_worker_that_waits_for_brokers_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM while brokers are asked for rights and topics, which may take half a minute."""
    asked = asyncio.Event()

    async def waits_for_brokers(*_: Any) -> AsyncIterator[None]:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(worker, "require_rights", waits_for_brokers)
    stop = asyncio.Event()
    running = asyncio.create_task(run_worker(load(None, {}), stop))
    await asked.wait()
    stop.set()
    async with asyncio.timeout(5):
        await running
