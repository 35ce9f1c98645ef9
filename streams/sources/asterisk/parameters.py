"""What is told to a source that watches an Asterisk exchange: where it is, and as whom to log in.

Must not know settings.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

MANAGER_PORT: Final = 5038
"""Where the manager interface of Asterisk listens unless told otherwise."""


class Manager(msgspec.Struct, frozen=True):
    """The manager interface (AMI) of the exchange, and as whom to log in."""

    host: str
    port: int
    username: str
    secret: str | Callable[[], str]
    """The secret, or what reads it at each login, and raises `SourceError` where it cannot."""

    def __repr__(self) -> str:
        return f"Manager({self.host}:{self.port}, {self.username})"  # the secret stands in no log and no traceback


class StaffRules(msgspec.Struct, frozen=True):
    """How it is told how many employees serve."""

    source: str
    """The name of this source in the settings."""
    channel: str
    """Whose clusters the queues serve."""
    pauses: Sequence[str] = ()
    """The kinds of pauses that are told apart."""
