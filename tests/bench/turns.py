"""Gives processes half of a core each: one of two may run at a time, so that two of them take no more than one core.

For measuring what a second worker adds where the broker has no core of its own. Must not know what the processes are.
"""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

SLICE_SECONDS: Final = 0.02
"""How long one may run: short beside all that is waited for, long beside what stopping costs."""

SHARES: Final = 2

Send = Callable[[signal.Signals], None]


@contextmanager
def half_a_core_each(sends: Sequence[Send]) -> Iterator[None]:
    """Stop and continue the processes, given as what sends each a signal: two at most, in turn; at last all go on.

    With one, nobody has the other half.
    """
    assert len(sends) <= SHARES, "a core has two halves"
    is_over = threading.Event()
    turns = threading.Thread(target=_turn, args=(sends, is_over), name="turns")
    turns.start()
    try:
        yield
    finally:
        is_over.set()
        turns.join()


def _turn(sends: Sequence[Send], is_over: threading.Event) -> None:
    for send in sends:
        send(signal.SIGSTOP)
    try:
        while not is_over.is_set():
            for share in range(SHARES):
                own = sends[share : share + 1]
                for send in own:
                    send(signal.SIGCONT)
                is_over.wait(SLICE_SECONDS)
                for send in own:
                    send(signal.SIGSTOP)
    finally:
        for send in sends:
            send(signal.SIGCONT)
