"""A second signal ends a process at once, and signals that come together are one."""

import signal
import subprocess
import sys
from typing import Final

import pytest

from tests.runtime.workers import PATIENCE_SECONDS

BUSY: Final = """
import os, signal, sys
from streams.process import signals

signals.SAME_SECONDS = float(sys.argv[1])
signals.SIGNALS.take(lambda number: os.write(1, b"told\\n"), ignored_too=True)
os.write(1, b"ready\\n")
while True:
    pass
"""
"""A program that is told to end and goes on and on."""

HANGS: Final = """
import asyncio, os, signal, threading
from streams.process import signals
from streams.process import stoppable

signals.UNWIND_SECONDS = 0.2
signals.SIGNALS.take(signals.interrupt, ignored_too=True)

async def hang():
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.to_thread(threading.Event().wait)

stoppable.run(hang())
"""
"""A command whose request to a server is in a thread, which nobody can cancel."""

BLOCKED: Final = """
import asyncio, os, signal, sys
from streams.process import signals, stoppable

signals.SIGNALS.take(signals.interrupt, ignored_too=True)

def lines():
    yield "first"
    os.write(1, b"reads\\n")
    yield os.read(0, 1).decode()

async def send():
    try:
        async for _ in stoppable.in_slices(lines(), 1):
            if sys.argv[1] == "sends":
                os.kill(os.getpid(), signal.SIGTERM)
    finally:
        await asyncio.sleep(0)
        os.write(1, b"put away\\n")

try:
    stoppable.run(send())
except KeyboardInterrupt as interrupted:
    signals.leave(signals.exit_status(interrupted))
"""
"""A command that sends the lines of a pipe, into which nothing comes any more."""

DEAF: Final = """
import asyncio, os, signal, sys
from streams.process import signals, stoppable

signals.UNWIND_SECONDS = 2
signals.SIGNALS.take(signals.interrupt, ignored_too=True)

async def work():
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        pass
    if sys.argv[1] == "goes on":
        await asyncio.Event().wait()

try:
    stoppable.run(work())
except KeyboardInterrupt as interrupted:
    signals.leave(signals.exit_status(interrupted))
"""
"""A command of which some part takes a cancellation for its own."""


def started(program: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_a_second_signal_ends_a_process_that_is_busy() -> None:
    with started(BUSY, "0") as process:
        assert line(process) == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert line(process) == "told\n"
        process.send_signal(signal.SIGINT)
        assert line(process) == "Ended at once, by a second signal.\n"
        assert process.wait(PATIENCE_SECONDS) == 128 + signal.SIGINT


def test_signals_that_come_together_are_one() -> None:
    """A group is sent SIGTERM, and make, which is in it, passes on what it got."""
    with started(BUSY, "3600") as process:
        assert line(process) == "ready\n"
        for _ in range(3):
            process.send_signal(signal.SIGTERM)
        assert line(process) == "told\n"
        assert process.poll() is None
        process.kill()
        assert process.communicate()[0] == ""


def test_what_cannot_be_put_away_in_time_is_ended() -> None:
    with started(HANGS) as process:
        said = process.communicate(timeout=PATIENCE_SECONDS)[0]
    assert "Ended by force" in said
    assert "Traceback" not in said
    assert process.returncode == 128 + signal.SIGTERM


def test_a_signal_ends_the_wait_for_a_pipe() -> None:
    with started(BLOCKED, "reads") as process:
        assert line(process) == "reads\n"
        process.send_signal(signal.SIGTERM)
        assert line(process) == "put away\n"
        assert process.wait(PATIENCE_SECONDS) == 128 + signal.SIGTERM


def test_a_pipe_is_not_waited_for_after_a_signal() -> None:
    """It comes while what was read is sent."""
    with started(BLOCKED, "sends") as process:
        assert line(process) == "put away\n"
        assert process.wait(PATIENCE_SECONDS) == 128 + signal.SIGTERM


@pytest.mark.parametrize("then", ["goes on", "ends"])
def test_a_signal_ends_what_takes_its_cancellation_for_its_own(then: str) -> None:
    with started(DEAF, then) as process:
        assert process.communicate(timeout=PATIENCE_SECONDS)[0] == ""
    assert process.returncode == 128 + signal.SIGTERM
