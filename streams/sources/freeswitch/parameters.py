"""What is told to a source that watches a FreeSWITCH exchange: where it is, and the password.

Must not know settings.
"""

from collections.abc import Callable

import msgspec


class EventSocket(msgspec.Struct, frozen=True):
    """The event socket of the exchange, and how to be let in."""

    host: str
    port: int
    password: str | Callable[[], str]
    """The password, or what reads it at each login, and raises `SourceError` where it cannot."""

    def __repr__(self) -> str:
        return f"EventSocket({self.host}:{self.port})"  # the password stands in no log and no traceback
