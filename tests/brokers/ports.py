"""Ports for what the tests start, and for what must not be there: nobody else is given them meanwhile.

Not `free_port`: the system gives the ports of that range to outgoing connections and to other runs of the tests too,
and one of those may have it when a worker that imports for a second, or the successor of one that was killed, wants
to listen.
"""

import socket
from collections.abc import Iterator
from functools import cache
from itertools import cycle, islice
from random import Random
from typing import Final

from streams.kafka.embedded import HOST, port_is_free

FIRST: Final = 18_000
LAST: Final = 30_000
"""Linux gives outgoing connections ports from 32,768."""

BLOCK: Final = 400
"""Ports of one process of the tests: several times what it has in use at once, so that a port rests before it is
given out again."""


def next_port() -> int:
    """A port that nothing listens on, and that was not given out lately."""
    ports = _block().ports
    return next(port for port in islice(ports, BLOCK) if port_is_free(port))


class Block:
    """Ports that are this process's alone for as long as it lives, because it listens on the one before them."""

    def __init__(self) -> None:
        """Take a block that no process has, be it of another run: beginning anywhere, two seldom want the same."""
        starts = range(FIRST, LAST, BLOCK)
        for start in Random().sample(starts, len(starts)):
            held = socket.socket()
            try:
                held.bind((HOST, start))
                held.listen()
            except OSError:
                held.close()
                continue
            self._held = held
            self.ports: Iterator[int] = cycle(range(start + 1, start + BLOCK))
            return
        raise RuntimeError(f"every block of ports from {FIRST} to {LAST} is taken: are {len(starts)} runs going on?")


@cache
def _block() -> Block:
    return Block()
