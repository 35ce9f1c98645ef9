"""How another program is asked over HTTP: again while that may help, with growing pauses, by stamina."""

from collections.abc import Callable, Iterable
from typing import Final

import stamina
from stamina.instrumentation import set_on_retry_hooks

ATTEMPTS: Final = 4
FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 10.0
GROWTH: Final = 4
"""Pauses of 1, 4 and 10 s: a program that restarts is back within these."""


def tries(attempts: int, may_help: Callable[[Exception], bool]) -> Iterable[stamina.Attempt]:
    """Attempts, each a context for one try; `may_help` says of an error whether another try may."""
    set_on_retry_hooks(())  # whoever gives up says so: a restart of another program is no news
    return stamina.retry_context(
        on=may_help,
        attempts=attempts,
        timeout=None,
        wait_initial=FIRST_PAUSE_SECONDS,
        wait_max=LONGEST_PAUSE_SECONDS,
        wait_jitter=0,
        wait_exp_base=GROWTH,
    )


def cause(error: BaseException) -> str:
    """What lies at the bottom of it: a client's own text holds addresses of its objects, new ones each time."""
    found, chain = error, [error]
    while (deeper := found.__cause__ or found.__context__) is not None and deeper not in chain:
        found = deeper
        chain.append(found)
    system = next((each for each in reversed(chain) if isinstance(each, OSError) and str(each)), error)
    return str(getattr(system, "strerror", None) or system)
