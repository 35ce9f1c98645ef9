"""Work beside the loop: what it returns or raises arrives, and nobody waits for it at the end."""

import asyncio
import subprocess
import sys
import threading
from typing import Final

import pytest

from streams.months.aside import aside

UNENDING: Final = """
import asyncio, threading
from streams.months.aside import aside

async def main():
    asked = threading.Event()
    task = asyncio.create_task(aside(lambda: (asked.set(), threading.Event().wait())))
    while not asked.is_set():
        await asyncio.sleep(0)
    task.cancel()

asyncio.run(main())
print("ended")
"""


class EndError(BaseException):
    """No `Exception`, as when a process is told to end."""


@pytest.mark.parametrize("error", [ValueError("no"), EndError()])
async def test_what_it_raises_is_raised_where_it_is_waited_for(error: BaseException) -> None:
    """Whatever it is: who waits would wait for ever."""

    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        await aside(fail)
    assert raised.value is error


async def test_it_runs_beside_the_loop_and_returns_its_result() -> None:
    """The loop goes on meanwhile: it is what the work waits for."""
    go = threading.Event()
    working = asyncio.create_task(aside(lambda: go.wait(60)))
    await asyncio.sleep(0)
    go.set()
    assert await working is True


def test_a_program_ends_without_it() -> None:
    """As `asyncio.to_thread` does not."""
    done = subprocess.run([sys.executable, "-c", UNENDING], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "ended\n"), done.stderr
