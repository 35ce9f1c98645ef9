"""Coroutines that signals stop: the work of a command is cancelled, a service is notified.

It must not know any command.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from itertools import islice
from signal import set_wakeup_fd
from typing import Any, TypeVar

from streams.process import signals
from streams.process.signals import SIGNALS, Interrupted, Plan, interrupt, unwind_within_bound

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """As `asyncio.run`; a signal cancels the work, and is raised as `Interrupted` once it has cleaned up.

    It is raised too where the work came to its end all the same.
    """
    if not SIGNALS.taken:
        return asyncio.run(work)
    numbers: list[int] = []
    try:
        return asyncio.run(_cancelled_by_signals(work, numbers))
    except asyncio.CancelledError:
        if not numbers:
            raise
        raise Interrupted(numbers[0]) from None


async def _cancelled_by_signals(work: Coroutine[Any, Any, T], numbers: list[int]) -> T:
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None

    def cancel(number: int) -> None:
        numbers.append(number)
        unwind_within_bound(number)
        task.cancel()
        # whatever it is busy with may have taken that for its own, or may not get on with cleaning up
        loop.call_later(signals.UNWIND_SECONDS / 2, task.cancel)

    with told(cancel):
        result = await work
    if numbers:
        raise asyncio.CancelledError
    return result


async def in_slices(items: Iterable[T], size: int) -> AsyncIterator[list[T]]:
    """The items, at most `size` at a time; a signal ends the wait for one that is long in coming.

    They may come of a pipe, or of a file of which nothing is wanted for gigabytes. Meanwhile the event loop stands
    still and nothing could be cancelled, so there a signal is raised.
    """
    iterator, part = iter(items), None
    while part != []:
        await asyncio.sleep(0)  # where a signal that came in the midst of other work cancels
        with SIGNALS.planned(interrupt) if SIGNALS.taken else nullcontext():
            if SIGNALS.came:  # something has taken the cancellation for its own
                raise asyncio.CancelledError
            part = list(islice(iterator, size))
        if part:
            yield part


@contextmanager
def told(what: Callable[[int], object], then: Plan | None = None) -> Iterator[None]:
    """Within the block the event loop calls `what`, with the number, when a signal comes; after it `then` is planned.

    Not `add_signal_handler`: a loop that is busy for long would not hear a second signal either, and one that closes
    gives its signals back to Python's own ways before the process is at its end.
    """
    loop = asyncio.get_running_loop()

    def tell(number: int) -> None:
        loop.call_soon_threadsafe(what, number)

    with ExitStack() as stack:
        woken, waking = (stack.enter_context(end) for end in socket.socketpair())
        for end in (woken, waking):
            end.setblocking(False)
        # Python calls a handler between two of its instructions only: a loop that waits must be woken
        loop.add_reader(woken, woken.recv, 64)
        stack.callback(loop.remove_reader, woken)
        stack.callback(set_wakeup_fd, set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False))
        stack.enter_context(SIGNALS.planned(tell, then))
        yield
