"""What SIGTERM and Ctrl-C do, from the first moment of a command to its last.

By default Python ends at SIGTERM silently, and prints a stack trace for a Ctrl-C while it imports or exits. Here
what a signal does is planned for each stretch of a command; a second one ends it at once, whatever it is busy with.
It must import next to nothing, because it is there before everything else, and must not know any command.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, NoReturn

NUMBERS: Final = (signal.SIGINT, signal.SIGTERM)

SAME_SECONDS: Final = 0.5
"""Signals that come within this time are one: make and process managers forward what the whole group received."""

UNWIND_SECONDS: Final = 5.0
"""How long an interrupted command may take to clean up; a request to a hanging server takes longer."""

Plan = Callable[[int], None]
"""What to do when a signal of this number comes."""


class Interrupted(KeyboardInterrupt):
    """A signal that interrupts a command, as Ctrl-C does anyway."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def exit_status(interrupt: KeyboardInterrupt) -> int:
    """The status of a command that was interrupted, as shells expect it: 128 + the signal's number."""
    return 128 + (interrupt.number if isinstance(interrupt, Interrupted) else signal.SIGINT)


def leave(status: int, words: str = "") -> NoReturn:
    """End the process immediately, even in the middle of an import or of its exit."""
    if words:
        os.write(2, f"{words}\n".encode())
    os._exit(status)


class Signals:
    """What the signals of this process do now."""

    def __init__(self) -> None:
        self._plan: Plan | None = None
        self._first_at: float | None = None

    @property
    def taken(self) -> bool:
        """Whether there is a plan: there is none in a process that began with another program than ours."""
        return self._plan is not None

    @property
    def came(self) -> bool:
        """Whether one has come, which is being heeded."""
        return self._first_at is not None

    def take(self, plan: Plan, *, ignored_too: bool) -> None:
        """Plan for signals from now on; those that this process was started to ignore only with `ignored_too`."""
        self._plan = plan
        for number in NUMBERS:
            if ignored_too or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._handle)

    def plan(self, plan: Plan) -> None:
        """Do this from now on, where signals are taken."""
        if self.taken:
            self._plan = plan

    def done(self, code: int) -> None:
        """All is done: from now on any signal, also the second, ends the process with the status it has earned."""
        self.plan(leaving(lambda _: code))
        self._first_at = None

    def ignore(self) -> None:
        """Heed none any more: for the last of the exit, in which Python would give them back to the system's ways.

        A signal would end the process there with a status of its own, although all is done; so would the alarm that
        bounds how long an interrupted command may take.
        """
        for number in (*NUMBERS, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)

    @contextmanager
    def planned(self, plan: Plan, then: Plan | None = None) -> Iterator[None]:
        """Do this within the block, and `then` that, or what was planned before."""
        if (earlier := self._plan) is not None:
            self._plan = plan
            try:
                yield
            finally:
                self._plan = then or earlier
            return
        handlers = {number: signal.getsignal(number) for number in NUMBERS}
        self.take(plan, ignored_too=True)
        try:
            yield
        finally:
            self._plan = self._first_at = None
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._first_at is None:
            self._first_at = now
            assert self._plan is not None
            self._plan(number)
        elif now - self._first_at > SAME_SECONDS:
            leave(128 + number, "Ended at once, by a second signal.")


def nothing(_number: int) -> None:
    """The plan for the moments between the work and the end, which are short and bounded."""


def leaving(status: Callable[[int], int], words: str = "") -> Plan:
    """The plan to leave at once, with the status that belongs to the signal's number."""

    def plan(number: int) -> None:
        leave(status(number), words)

    return plan


def interrupt(number: int) -> None:
    """The plan to raise `Interrupted` wherever the command is."""
    unwind_within_bound(number)
    raise Interrupted(number)


def unwind_within_bound(number: int) -> None:
    """Leave in `UNWIND_SECONDS` if the process is still there."""

    def late(*_: object) -> None:
        leave(128 + number, f"Ended by force: cleaning up took more than {UNWIND_SECONDS:.0f} s.")

    # an alarm, since a thread cannot be started safely from within a handler
    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, UNWIND_SECONDS)


SIGNALS: Final = Signals()
"""Those of this process."""
