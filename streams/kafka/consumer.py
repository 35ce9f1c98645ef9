"""aiokafka's consumer, which stops in order whatever its brokers do.

aiokafka 0.14, which is pinned, cancels the fetches under way when it stops, and waits for each. One that has failed
and waits to be tried again lets the cancellation out: whoever stops the consumer takes it for their own and ends in
the midst of it, with connections open. The other way round it keeps a cancellation of theirs to itself, and takes it
for that of its own tasks. Must not know who reads what.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer


class Consumer(AIOKafkaConsumer):
    """A consumer that nobody need be afraid to stop."""

    async def stop(self) -> None:
        """Leave the group, if it is in one, and disconnect."""
        fetcher = self._fetcher
        if fetcher is not None:
            await _end([fetcher._fetch_task])  # it begins no other fetch after that
            await _end(fetcher._pending_tasks)
            fetcher._pending_tasks.clear()
        await stopped(super().stop())


async def stopped(stopping: Coroutine[Any, Any, object]) -> None:
    """Wait until a client of aiokafka has stopped; a cancellation that comes meanwhile is raised after that."""
    task = asyncio.current_task()
    assert task is not None
    before = task.cancelling()
    await stopping
    if task.cancelling() > before:
        raise asyncio.CancelledError


async def _end(tasks: "Iterable[asyncio.Task[object]]") -> None:
    """Cancel tasks and wait for their end, whatever that is."""
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)
