"""A command that signals strike at places of its own program, so that no test has to hit a moment from outside.

`python -m tests.signals.struck PLACES NUMBER ARGUMENTS` runs `wachtmonitor ARGUMENTS`. Places, separated by commas:
`import:MODULE` is where that module begins to be imported, `call:MODULE:FUNCTION` where a function is called first,
`end` after everything that the program does at its end, `teardown` while Python frees what is left of it. Each place
strikes once.
"""

import atexit
import os
import signal
import sys
from collections.abc import Callable
from functools import reduce, wraps
from importlib import import_module
from typing import Any

from streams.process import signals

IGNORED = "WACHTMONITOR_TEST_IGNORED"
"""Names a variable: the number of a signal that the command is started to ignore."""

SAME = "WACHTMONITOR_TEST_SAME_SECONDS"
"""Names a variable: how long after the first a signal is taken for the same one, so that no test has to be quick."""


class Strike:
    """Sends a signal to this process, once."""

    def __init__(self, place: str, number: int) -> None:
        self._place = place
        self._number = number
        self.is_done = False

    def __call__(self) -> None:
        """Python calls the handler before it goes on with the caller's next line."""
        if not self.is_done:
            self.is_done = True
            os.write(1, f"struck at {self._place}\n".encode())
            os.kill(os.getpid(), self._number)


class Last:
    """Strikes when it is freed."""

    def __init__(self, strike: Strike) -> None:
        self._strike = strike

    def __del__(self) -> None:
        self._strike()


def struck_where_called(function: Callable[..., Any], strike: Strike) -> Callable[..., Any]:
    """The function, that strikes first."""

    @wraps(function)
    def struck(*arguments: Any, **options: Any) -> Any:
        strike()
        return function(*arguments, **options)

    return struck


def prepare(place: str, number: int) -> None:
    """Let the signal strike at a place."""
    strike = Strike(place, number)
    kind, _, target = place.partition(":")
    if kind == "import":
        sys.addaudithook(lambda event, about: strike() if event == "import" and about[0] == target else None)
    elif kind == "call":
        module, _, name = target.partition(":")
        *owners, name = name.split(".")
        owner = reduce(getattr, owners, import_module(module))
        setattr(owner, name, struck_where_called(getattr(owner, name), strike))
    elif kind == "teardown":
        # of a module those names are freed first that begin with an underscore
        setattr(sys.modules["__main__"], "_last", Last(strike))  # noqa: B010 - nothing else knows it
    else:
        assert place == "end", place
        atexit.register(strike)


def main() -> None:
    """Run the command."""
    places, number, *arguments = sys.argv[1:]
    if ignored := os.environ.pop(IGNORED, None):
        signal.signal(int(ignored), signal.SIG_IGN)
    if same := os.environ.pop(SAME, None):
        setattr(signals, "SAME_SECONDS", float(same))  # noqa: B010 - declared final, for all but tests
    for place in places.split(","):
        prepare(place, int(number))
    sys.argv = ["wachtmonitor", *arguments]
    from streams.entry import main as enter

    enter()


if __name__ == "__main__":
    main()
