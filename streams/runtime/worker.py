"""Runs one worker from start to stop: topics, web pages, the Faust app, a clean end.

Must not know where events come from.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

from streams.kafka import KafkaProblemsError, ensure_topics
from streams.kafka_permission import require_rights
from streams.kafka_rights import Role
from streams.kafka_writer import FENCED
from streams.publish.web import create_web, serve
from streams.runtime.app import MonitorApp, create_app
from streams.runtime.checkpoint import CheckpointError
from streams.runtime.clock import Clock, system_clock
from streams.runtime.consumer import SourceReplacedError, TakeOverError
from streams.runtime.partition import RecordTimeError
from streams.settings import Settings

log = logging.getLogger(__name__)

STOP_SECONDS: Final = 30.0
"""How long a clean stop may take: a last checkpoint of a large state takes a few seconds."""


CRASHED_STOP_SECONDS: Final = 10.0
"""The same after a crash, when there is nothing left to do but to say goodbye to the group."""

EXPLAINED: Final = (CheckpointError, RecordTimeError, SourceReplacedError, TakeOverError, KafkaProblemsError)
"""Errors whose text says by itself what to do."""


class WorkerError(RuntimeError):
    """The worker ended by an error; the text is for whoever runs it."""


@asynccontextmanager
async def running_worker(
    settings: Settings, *, clock: Clock = system_clock, demo: bool = False
) -> AsyncIterator[MonitorApp]:
    """A started worker; leaving the block stops it cleanly, with a last checkpoint.

    Raises `streams.publish.web.AddressError` when the pages cannot be served, `WorkerError` when the start fails.
    """
    await require_rights(settings.kafka, Role.WORKER)
    for name in await ensure_topics(settings.kafka):
        log.info("created topic %s", name)
    app = create_app(settings, clock=clock, demo=demo)
    pages = app.pages
    web = create_web(metrics=pages.metrics, months=pages.months, wall=pages.wall, health=pages.health)
    runner = await serve(web, settings.web.host, settings.web.port)
    host, port = runner.addresses[0][:2]
    app.pages_address = f"{host}:{port}"
    try:
        starting = asyncio.create_task(app.start(), name="faust")
        try:
            yield app
        finally:
            await _stop(app, starting)
    finally:
        await runner.cleanup()


async def _stop(app: MonitorApp, starting: "asyncio.Task[None]") -> None:
    """Stop within a bound, whatever swallows a cancellation on the way."""
    seconds = CRASHED_STOP_SECONDS if app.crash_event.is_set() else STOP_SECONDS
    stopping = asyncio.create_task(_stop_engine(app, starting), name="stop")
    _, late = await asyncio.wait({stopping}, timeout=seconds)
    if late:
        log.error("the worker did not stop within %.0f s; its last checkpoint holds", seconds)
        stopping.cancel()
    elif (error := stopping.exception()) is not None:
        log.error("the worker stopped by an error; its last checkpoint holds", exc_info=error)


async def _stop_engine(app: MonitorApp, starting: "asyncio.Task[None]") -> None:
    if not starting.done():
        starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    await app.stop()
    await app.owner.release(app.owner.owned())


Beside = Callable[[MonitorApp], Coroutine[Any, Any, None]]
"""Work that goes on beside a worker."""


async def run_worker(settings: Settings, stop: asyncio.Event, beside: Beside | None = None) -> None:
    """Run a worker until `stop` is set, be it while it starts; raises `WorkerError` when it crashes before that.

    `beside` goes on from when the worker runs until it stops. It must see to its own errors.
    """
    async with AsyncExitStack() as stack:
        starting = asyncio.ensure_future(stack.enter_async_context(running_worker(settings)))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not starting.done():  # brokers may keep it waiting for half a minute
            starting.cancel()
            await asyncio.wait({starting})
            return
        app = starting.result()
        going_on = {asyncio.create_task(beside(app), name="beside the worker")} if beside is not None else set()
        try:
            await wait_for_end(app, stop)
        finally:
            for task in going_on:
                task.cancel()
            await asyncio.gather(*going_on, return_exceptions=True)


async def wait_for_end(app: MonitorApp, stop: asyncio.Event) -> None:
    """Return when `stop` is set; raise `WorkerError` as soon as the app has crashed."""
    stopping = asyncio.create_task(stop.wait())
    crashing = asyncio.create_task(app.crash_event.wait())
    done, pending = await asyncio.wait({stopping, crashing}, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    if crashing in done and stopping not in done:
        raise WorkerError(_last_words(app.first_crash_reason))


def _last_words(reason: BaseException | None) -> str:
    if isinstance(reason, EXPLAINED):
        return f"The worker has stopped. {reason}"
    if isinstance(reason, FENCED):
        return (
            "The worker has stopped. It may not write any more: another one has taken over, while this one was "
            "suspended, slow or cut off from the brokers. Nothing is lost or counted twice: start it again and it "
            "gets its share."
        )
    log.error("the worker has stopped by an error", exc_info=reason)
    return (
        f"The worker has stopped by an error: {reason!r}. Nothing after the last checkpoint was committed: start it "
        "again and it goes on there."
    )
