"""Work in a thread that nobody waits for at the end.

The threads of `asyncio.to_thread` are joined before a program ends, so a Grafana that does not answer would hold a
worker up for as long as its patience lasts. Only for work that may be cut off at any point.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

T = TypeVar("T")


async def aside(work: Callable[[], T]) -> T:
    """What the work returns or raises."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            settle = partial(outcome.set_result, work())
        except BaseException as error:  # noqa: BLE001 - it is raised where the work is waited for, whatever it is
            settle = partial(outcome.set_exception, error)
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(_unless_done, outcome, settle)

    threading.Thread(target=run, name="aside", daemon=True).start()
    return await outcome


def _unless_done(outcome: "asyncio.Future[T]", settle: Callable[[], None]) -> None:
    """Whoever waited may have been cancelled."""
    if not outcome.done():
        settle()
