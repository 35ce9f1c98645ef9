"""Watches what workers show, without a break: every frame of the wall, and the health of group and worker."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import aiohttp
import msgspec

from streams.core.rules import Channel
from streams.serve.wall.payload import WallPayload
from tests.runtime.workers import WorkerProcess

ASK_SECONDS = 0.1

PATHS = ("/health", "/health/worker")

LAST_LINES = 15
"""Of a worker's log, in the account of a failure."""


class Frame(NamedTuple):
    """A frame of a wall."""

    at: float
    """When it came, by the monotonic clock."""
    worker: WorkerProcess
    payload: WallPayload

    def is_grey(self, channel: Channel) -> bool:
        """Whether a channel's figures are grey, with the reason."""
        return any(channel in problem.channels for problem in self.payload.problems)

    @property
    def reasons(self) -> list[str]:
        """What it says is wrong."""
        return [problem.text for problem in self.payload.problems]

    @property
    def calls(self) -> int:
        """Calls that were answered or missed today, over all lines."""
        (phone,) = (each for each in self.payload.channels if each.channel == Channel.PHONE)
        missed = [column.key for column in phone.columns].index("missed")
        return sum(line.cells[missed].contacts or 0 for line in phone.clusters)


class Health(NamedTuple):
    """An answer about the health."""

    at: float
    worker: WorkerProcess
    path: str
    problems: Sequence[str]


class _Answer(msgspec.Struct):
    healthy: bool
    problems: list[str]


class Screens:
    """Everything that was shown since it began to look."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.health: list[Health] = []
        self._watched: list[WorkerProcess] = []
        self._tasks: list[asyncio.Task[None]] = []

    def watch(self, worker: WorkerProcess) -> None:
        """Begin to look at a worker."""
        self._watched.append(worker)
        self._tasks.append(asyncio.create_task(self._wall(worker)))
        self._tasks += [asyncio.create_task(self._ask(worker, path)) for path in PATHS]

    async def close(self) -> None:
        """Look away."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def account(self, what: str) -> str:
        """What was waited for, and what every worker showed, told and said last: a failure explains itself."""
        now = time.monotonic()
        return "\n".join([what, *(line for worker in self._watched for line in self._last_of(worker, now))])

    def _last_of(self, worker: WorkerProcess, now: float) -> Iterator[str]:
        status = worker.exit_status()
        state = "runs" if status is None else f"has ended with status {status}"
        yield f"== {worker.log_file.stem}, process {worker.pid}, {state}"
        if (frame := next(self._latest(worker), None)) is not None:
            yield f"wall, {now - frame.at:.1f} s ago: {frame.calls} calls, {frame.reasons or 'nothing wrong'}"
        for path in PATHS:
            if (health := self._newest_answer(worker, path)) is not None:
                yield f"{path}, {now - health.at:.1f} s ago: {list(health.problems) or 'nothing wrong'}"
        yield from worker.log().splitlines()[-LAST_LINES:]

    def is_whole(self, worker: WorkerProcess, since: float) -> bool:
        """Whether the newest frame and answer of a worker, both from after a moment, find nothing wrong."""
        frame = next(self._latest(worker), None)
        health = self._newest_answer(worker, "/health")
        if frame is None or health is None or min(frame.at, health.at) < since:
            return False
        return not frame.payload.problems and not health.problems

    def says(self, worker: WorkerProcess, text: str, since: float) -> bool:
        """Whether a frame of a worker, of after a moment, gives this reason."""
        return any(frame.at > since and text in frame.reasons for frame in self._latest(worker))

    def tells(self, worker: WorkerProcess, path: str, text: str, since: float) -> bool:
        """Whether an answer of a worker, of after a moment, tells of this problem."""
        answers = (each for each in self.health if (each.worker, each.path) == (worker, path) and each.at > since)
        return any(problem.startswith(text) for answer in answers for problem in answer.problems)

    def _newest_answer(self, worker: WorkerProcess, path: str) -> Health | None:
        return next((each for each in reversed(self.health) if (each.worker, each.path) == (worker, path)), None)

    def _latest(self, worker: WorkerProcess) -> Iterator[Frame]:
        return (frame for frame in reversed(self.frames) if frame.worker is worker)

    async def _wall(self, worker: WorkerProcess) -> None:
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                with suppress(aiohttp.ClientError, OSError):
                    async with session.get(f"http://127.0.0.1:{worker.port}/wall/events") as answer:
                        async for line in answer.content:
                            if line.startswith(b"data: {"):
                                payload = msgspec.json.decode(line[len(b"data: ") :], type=WallPayload)
                                self.frames.append(Frame(time.monotonic(), worker, payload))
                await asyncio.sleep(ASK_SECONDS)

    async def _ask(self, worker: WorkerProcess, path: str) -> None:
        timeout = aiohttp.ClientTimeout(total=30)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                with suppress(aiohttp.ClientError, OSError, TimeoutError):
                    async with session.get(f"http://127.0.0.1:{worker.port}{path}") as answer:
                        found = msgspec.json.decode(await answer.read(), type=_Answer)
                        self.health.append(Health(time.monotonic(), worker, path, found.problems))
                await asyncio.sleep(ASK_SECONDS)


@asynccontextmanager
async def watching(*workers: WorkerProcess) -> AsyncIterator[Screens]:
    """Look at workers as long as the block lasts."""
    screens = Screens()
    for worker in workers:
        screens.watch(worker)
    try:
        yield screens
    finally:
        await screens.close()
