"""The entry point of `wachtmonitor`: installs signal handlers first, as importing a command takes a second or more.

A service that is told to stop while it begins has ended as it should. Other commands end by what stopped them. Only
in the hundredths of a second in which Python itself begins, before our first line, does a signal do what Python makes
of it.
"""

import atexit
import sys
from contextlib import suppress
from typing import NoReturn

from streams.commands.services import SERVICES
from streams.process.signals import SIGNALS, leaving


def main() -> NoReturn:
    """Run the command that the arguments name, until its end or a signal."""
    is_service = sys.argv[1:2] and sys.argv[1] in SERVICES
    status = (lambda _: 0) if is_service else (lambda number: 128 + number)
    SIGNALS.take(leaving(status, "Stopped before anything was begun."), ignored_too=bool(is_service))
    atexit.register(SIGNALS.ignore)  # the first that is registered is the last that is called
    from streams.commands.main import main as command  # noqa: PLC0415 - not before signals are seen to

    try:
        command()
    except SystemExit as end:
        with suppress(OSError):  # Python says it, and ends with a status of its own
            sys.stdout.flush()
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        SIGNALS.done(code)
        raise
    raise AssertionError("click ends a program by itself")
