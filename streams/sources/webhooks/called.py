"""A source that is called, as one that is followed: what callers bring waits here until it is in Kafka.

A caller is told that a fact is taken only then. Where that takes too long the caller is told to come again, and the
fact is sent all the same: it comes twice, which changes no figure. Must not know HTTP or Kafka.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Final

from streams.contracts.decode import Event
from streams.sources.source import Link, Step

WAIT_SECONDS: Final = 10.0
"""How long a caller waits for Kafka: those that are known give up after 15 s."""

WAITING_MAX: Final = 20_000
"""Facts that wait at a time; while there are more, callers are told at once to come again."""


class NotTakenError(Exception):
    """It is not known that Kafka has the facts."""


class _Awaited:
    """The facts of one caller."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class CalledSource:
    """What callers bring, in the order in which it came."""

    def __init__(self, wait_seconds: float = WAIT_SECONDS) -> None:
        """Callers wait so long for Kafka."""
        self._wait_seconds = wait_seconds
        self._steps: asyncio.Queue[Step | None] = asyncio.Queue()
        """None stands for all that was left out until it is come to: whoever stands outside cannot fill the queue."""
        self._left_out: Counter[str] = Counter()
        self._awaited: deque[_Awaited] = deque()
        self._waiting = 0

    async def steps(self, position: bytes | None) -> AsyncGenerator[Step]:  # noqa: ARG002 - there is none to go on from
        """What comes, from now on: callers repeat what they were not told to be taken."""
        yield Step(link=Link(connected=True))
        while True:
            step = await self._steps.get()
            yield Step(left_out=self._taken_left_out()) if step is None else step

    def _taken_left_out(self) -> Mapping[str, int]:
        counts, self._left_out = self._left_out, Counter()
        return counts

    def note(self, left_out: Mapping[str, int]) -> None:
        """Count what became no fact."""
        if left_out and not self._left_out:
            self._steps.put_nowait(None)
        self._left_out.update(left_out)

    async def take(self, events: Sequence[Event]) -> None:
        """Return once Kafka has all these facts.

        Raises `NotTakenError` when it does not take them in time, or too many wait already.
        """
        if not events:
            return
        if self._waiting + len(events) > WAITING_MAX:
            raise NotTakenError
        awaited = _Awaited(len(events))
        self._awaited.append(awaited)
        self._waiting += len(events)
        self._steps.put_nowait(Step(events=events))
        try:
            async with asyncio.timeout(self._wait_seconds):
                await asyncio.shield(awaited.done)
        except TimeoutError:
            raise NotTakenError from None

    def delivered(self, count: int) -> None:
        """Tell that Kafka has so many facts more, of those that came first."""
        self._waiting -= count
        while count and self._awaited:
            first = self._awaited[0]
            some = min(count, first.left)
            first.left -= some
            count -= some
            if not first.left:
                self._awaited.popleft()
                first.done.set_result(None)
