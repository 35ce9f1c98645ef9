"""A ticket system that calls `wachtmonitor receive`, and repeats each request until it is acknowledged.

Must not know who answers, nor where facts go.
"""

import asyncio
import hmac
import json
from collections import Counter
from datetime import UTC, datetime
from hashlib import sha256
from random import Random
from typing import Any, Final

import aiohttp

from streams.process.clock import system_clock
from tests.chaos.events import DESKS
from tests.chaos.sources.truth import Happened
from tests.core.builders import MINUTE

LINE: Final = 37338
SECRET: Final = "of our own"
AGAIN_SECONDS: Final = 0.2
GIVES_UP_SECONDS: Final = 15.0
TASKS: Final = 3


class Caller:
    """Tells of visitors who are called to a desk."""

    def __init__(self, port: int, random: Random) -> None:
        """Nobody is called before `start`."""
        self.happened: list[Happened] = []
        """What was acknowledged."""
        self.statuses: Counter[int] = Counter()
        """Of the answers; 0 stands for none."""
        self._address = f"http://127.0.0.1:{port}/desks"
        self._random = random
        self._number = 0
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to call."""
        self._tasks = [asyncio.create_task(self._tell(), name=f"caller {number}") for number in range(TASKS)]

    async def finish(self) -> None:
        """Call no more once what was told is acknowledged."""
        self._stopping.set()
        await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        """Give up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _tell(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=GIVES_UP_SECONDS)) as session:
            while not self._stopping.is_set():
                self._number += 1
                ticket, called_ms = f"hook-{self._number}", system_clock()
                came_ms = called_ms - self._random.randrange(20 * MINUTE)
                body = _body(ticket, came_ms, called_ms)
                while not await self._is_taken(session, body):  # noqa: ASYNC110 - it is asked again
                    await asyncio.sleep(AGAIN_SECONDS)
                for kind, at_ms in (("arrived", came_ms), ("started", called_ms)):
                    self.happened.append(Happened(kind, ticket, DESKS[0], at_ms, at_ms))
                await asyncio.sleep(self._random.uniform(0.1, 0.6))

    async def _is_taken(self, session: aiohttp.ClientSession, body: bytes) -> bool:
        signature = hmac.new(SECRET.encode(), self._address.encode() + body, sha256).hexdigest()
        try:
            async with session.post(self._address, data=body, headers={"X-Qminder-Signature": signature}) as answer:
                self.statuses[answer.status] += 1
                return answer.status < 300
        except (aiohttp.ClientError, TimeoutError, OSError):
            self.statuses[0] += 1
            return False


def _body(ticket: str, came_ms: int, called_ms: int) -> bytes:
    data: dict[str, Any] = {"id": ticket, "status": "CALLED", "line": LINE, "firstName": "Jane"}
    data |= {"created": {"date": _written(came_ms)}, "called": {"date": _written(called_ms), "desk": 3}}
    return json.dumps({"type": "ticket_called", "data": data}).encode()


def _written(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
