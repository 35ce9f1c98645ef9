"""Runs one worker from start to stop: topics, web pages, the Faust app, a clean end."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Final, TypeVar

from aiokafka.errors import InvalidTimestampError

from streams.channels.topics import topic_specs
from streams.kafka.broker_time import SYNCHRONISE
from streams.kafka.client import KafkaProblemsError, ensure_topics, is_there
from streams.kafka.group_offsets import committed_by_others
from streams.kafka.permission import require_rights
from streams.kafka.remade import SourceReplacedError, Sources
from streams.kafka.rights import Role
from streams.kafka.writer import FENCED
from streams.process.clock import system_clock
from streams.records.checkpoint import CheckpointError
from streams.runtime.app import MonitorApp, create_app
from streams.runtime.clock import Clock
from streams.runtime.group.exchange import exchanging
from streams.runtime.partition import RecordTimeError
from streams.runtime.partitions import TakeOverError
from streams.runtime.watch import StuckError, watch
from streams.serve.web import create_web, serve
from streams.settings import KafkaSettings, Settings

log = logging.getLogger(__name__)

T = TypeVar("T")

STOP_SECONDS: Final = 30.0
"""How long a clean stop may take: a last checkpoint of a large state takes a few seconds."""

CANCEL_AGAIN_SECONDS: Final = 1.0
"""After this time a start that was cancelled and still goes on is cancelled once more."""

CRASHED_STOP_SECONDS: Final = 10.0
"""The same after a crash, when there is nothing left to do but to say goodbye to the group."""

ASK_AGAIN_SECONDS: Final = 10.0
"""How often a worker that stands still asks whether topics were made anew indeed: brokers that have just come back
may know less for a while than they did."""

SOON_SECONDS: Final = 3.0
"""After this time it matters whether there are brokers at all: without them there is nothing to wait for."""

EXPLAINED: Final = (
    CheckpointError,
    RecordTimeError,
    SourceReplacedError,
    StuckError,
    TakeOverError,
    KafkaProblemsError,
)
"""Errors whose text says by itself what to do."""


class WorkerError(RuntimeError):
    """The worker ended by an error; the text is for its operator."""


@asynccontextmanager
async def running_worker(
    settings: Settings, *, clock: Clock = system_clock, demo: bool = False
) -> AsyncIterator[MonitorApp]:
    """A started worker; leaving the block stops it cleanly, with a last checkpoint.

    Raises `streams.serve.web.AddressError` when the pages cannot be served, `WorkerError` when the start fails.
    """
    await require_rights(settings.kafka, Role.WORKER)
    if settings.sources:
        await require_rights(settings.kafka, Role.WATCHER)
    if settings.has_staffing:
        await require_rights(settings.kafka, Role.STAFF_WATCHER)
    for name in await ensure_topics(settings.kafka, only=_topics(settings)):
        log.info("created topic %s", name)
    app = create_app(settings, clock=clock, demo=demo)
    app.owner.committed_by_others = await committed_by_others(settings.kafka)
    pages = app.pages
    web = create_web(
        metrics=pages.metrics,
        months=pages.months,
        wall=pages.wall,
        health=pages.health,
        worker_health=pages.worker_health,
        language=settings.language,
    )
    runner = await serve(web, settings.web.host, settings.web.port)
    host, port = runner.addresses[0][:2]
    app.pages_address = f"{host}:{port}"
    try:
        async with (
            app.clocks.watching(),
            app.closed_months.following(),
            app.followed.following(),
            app.staffing.following(),
            app.staffing_letters.following(),
            exchanging(settings.kafka, pages, app.neighbours),
        ):
            starting = asyncio.create_task(app.start(), name="faust")
            watching = asyncio.create_task(watch(app, settings.kafka), name="watch")
            leaving = asyncio.create_task(_leave_the_group(app, starting, settings.kafka), name="leave")
            try:
                yield app
            finally:
                for task in (watching, leaving):
                    task.cancel()
                await asyncio.gather(watching, leaving, return_exceptions=True)
                await _stop(app, starting, settings.kafka)
    finally:
        await runner.cleanup()


def _topics(settings: Settings) -> set[str]:
    """All topics but those that these settings make no use of: who has none need not let the worker create them."""
    return {spec.name for spec in topic_specs(settings.kafka)} - settings.unused_topics


async def _leave_the_group(app: MonitorApp, starting: "asyncio.Task[None]", kafka: KafkaSettings) -> None:
    """Stop the engine of a worker that stands still and goes on telling why."""
    await app.crash_event.wait()
    if isinstance(app.first_crash_reason, SourceReplacedError):
        await _stop(app, starting, kafka)


async def _stop(app: MonitorApp, starting: "asyncio.Task[None]", kafka: KafkaSettings) -> None:
    """Stop within a time limit, even if the cancellation is swallowed; at once where no broker takes a checkpoint."""
    seconds = CRASHED_STOP_SECONDS if app.crash_event.is_set() else STOP_SECONDS
    stopping = asyncio.create_task(_stop_engine(app, starting), name="stop")
    _, late = await asyncio.wait({stopping}, timeout=min(SOON_SECONDS, seconds))
    # asked from a thread of its own: this loop may be busy with a checkpoint for so long that no answer is in time
    if late and not await asyncio.to_thread(asyncio.run, is_there(kafka)):
        log.warning("no broker answers: stopping without a final checkpoint; the previous one is valid")
        stopping.cancel()
        return
    _, late = await asyncio.wait({stopping}, timeout=max(0.0, seconds - SOON_SECONDS))
    if late:
        log.error("the worker did not stop within %.0f s; its last checkpoint is valid", seconds)
        stopping.cancel()
    elif stopping.cancelled():  # by something within the engine that was cancelled itself
        log.error("the worker's engine gave up in the midst of stopping; its last checkpoint is valid")
    elif (error := stopping.exception()) is not None:
        log.error("error while stopping the worker; its last checkpoint is valid", exc_info=error)


async def _stop_engine(app: MonitorApp, starting: "asyncio.Task[None]") -> None:
    while not starting.done():  # the engine and the client swallow a cancellation here and there, and go on
        starting.cancel()
        await asyncio.wait({starting}, timeout=CANCEL_AGAIN_SECONDS)
    await asyncio.gather(starting, return_exceptions=True)
    await app.stop()
    await app.owner.release(app.owner.owned())


Beside = Callable[[MonitorApp], Coroutine[Any, Any, None]]
"""A task that runs in parallel with a worker."""


async def run_worker(settings: Settings, stop: asyncio.Event, beside: Beside | None = None) -> None:
    """Run a worker until `stop` is set, which may happen while it starts.

    `beside` runs in parallel from when the worker has started until it stops, and handles its own errors.

    A worker whose topics were made anew stands still, and goes on telling so on its pages: another start would find
    the same, and nobody would see why.

    Raises `WorkerError` when the worker crashes before `stop` is set.
    """
    async with AsyncExitStack() as stack:
        app = await unless_stopped(stack.enter_async_context(running_worker(settings)), stop)
        if app is None:
            return
        going_on = {asyncio.create_task(beside(app), name="beside the worker")} if beside is not None else set()
        try:
            await wait_for_end(app, stop)
        except WorkerError as error:
            if not isinstance(app.first_crash_reason, SourceReplacedError):
                raise
            log.error("%s", error)
        finally:
            for task in going_on:
                task.cancel()
            await asyncio.gather(*going_on, return_exceptions=True)
        if not stop.is_set():
            assert isinstance(app.first_crash_reason, SourceReplacedError)
            await _stand_still(app.first_crash_reason, settings.kafka, stop)


async def _stand_still(reason: SourceReplacedError, kafka: KafkaSettings, stop: asyncio.Event) -> None:
    """Wait for `stop`; raises `WorkerError` when the topics are found to be the former ones after all."""
    sources = Sources(kafka)
    try:
        while not await _is_set_within(ASK_AGAIN_SECONDS, stop):
            if await sources.are_same(reason.marks):
                raise WorkerError("The topics are those that were read after all: start the worker again.")
    finally:
        await sources.stop()


async def _is_set_within(seconds: float, event: asyncio.Event) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


async def unless_stopped(start: Coroutine[Any, Any, T], stop: asyncio.Event) -> T | None:
    """The result of `start`; None when `stop` is set first: `start` is then cancelled and has cleaned up.

    Unresponsive brokers may hold up a start for half a minute.
    """
    starting = asyncio.create_task(start)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not starting.done():
        starting.cancel()
        await asyncio.wait({starting})
        return None
    return starting.result()


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
    if isinstance(reason, InvalidTimestampError):
        return (
            "The worker has stopped. The brokers refuse its records: by their clocks it dates them an hour ahead, or "
            f"more. Nothing is lost or counted twice: start it again when the clocks agree; {SYNCHRONISE}."
        )
    log.error("the worker has stopped by an error", exc_info=reason)
    return (
        f"The worker has stopped by an error: {reason!r}. Nothing after the last checkpoint was committed: start it "
        "again and it goes on there."
    )
