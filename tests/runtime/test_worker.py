"""The end of a worker: quick, with its last words, whatever the engine does."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka.errors import ProducerFenced

from streams.runtime import worker
from streams.runtime.worker import WorkerError, run_worker, wait_for_end
from streams.settings import load


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


async def test_an_engine_that_does_not_stop_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker, "CRASHED_STOP_SECONDS", 0.05)
    app = App(ProducerFenced())
    async with asyncio.timeout(5):
        await worker._stop(app, asyncio.create_task(asyncio.sleep(0)))  # type: ignore[arg-type]  # of the app no more is asked
    assert "did not stop within" in caplog.text
    app.let_go.set()


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
