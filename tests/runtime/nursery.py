"""Starts workers from a process that has imported the program already, which takes most of the time of a start.

A worker that is begun so does all that `python -m streams worker` does after its imports, in a process and an
environment of its own. How one starts from nothing, and ends in the midst of it, is tried by `tests/signals`.
"""

import atexit
import ctypes
import multiprocessing
import os
import signal
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Final

PRELOADED: Final = ["streams.entry", "streams.commands.main", "streams.commands.worker"]

PR_SET_PDEATHSIG: Final = 1


class Child:
    """A process that was begun here, with what is used of `subprocess.Popen`."""

    def __init__(self, process: BaseProcess) -> None:
        assert process.pid is not None
        self.pid = process.pid
        self._process = process

    def poll(self) -> int | None:
        """Its exit status, -9 after a SIGKILL; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, when it has ended."""
        self._process.join(timeout)
        if (status := self.poll()) is None:
            raise TimeoutExpired(self._process.name, timeout or 0.0)
        return status

    def send_signal(self, number: int) -> None:
        """Nothing where it has ended already."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


def begin(arguments: Sequence[str], environment: Mapping[str, str], log: Path, code: str | None = None) -> Child:
    """`wachtmonitor` with these arguments and no other variables; what it prints is added to the log.

    With `code` that is run in its place, once all is imported.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    process = context.Process(target=_run, args=(list(arguments), dict(environment), log, code), daemon=True)
    process.start()
    return Child(process)


def _run(arguments: list[str], environment: dict[str, str], log: Path, code: str | None) -> None:
    """What the new process does, until its end."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    with log.open("ab") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    sys.argv = ["wachtmonitor", *arguments]
    os._exit(_status(code))


def _status(code: str | None) -> int:
    """Run the program, and end as Python ends it."""
    from streams.entry import main

    status = 1
    try:
        if code is None:
            main()
        else:
            exec(compile(code, "<code of a test>", "exec"), {"__name__": "__main__"})
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - it ends with a trace, whatever it was
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    return status
