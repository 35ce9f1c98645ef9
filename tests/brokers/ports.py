"""Ports for processes that are killed and start again on the same port.

Not `free_port`: the system gives the ports of that range to outgoing connections too, and one of those may hold a
killed process's port when its successor wants it.
"""

from collections.abc import Iterator
from itertools import cycle
from random import Random
from typing import Final

from streams.runtime.embedded import port_is_free

FIRST: Final = 18_000
LAST: Final = 30_000
"""Linux gives outgoing connections ports from 32,768."""

_ports: Final[Iterator[int]] = cycle([*range(offset := Random().randrange(FIRST, LAST), LAST), *range(FIRST, offset)])
"""Begins anywhere: other runs on this machine draw too."""


def next_port() -> int:
    """A port that nothing listens on, and that was not given out lately."""
    return next(port for port in _ports if port_is_free(port))
