"""What an exchange says, whether its manager interface or its queue_log: all that the fold may know of it.

A sign holds no number, no name and nothing else that came from outside but the id of a channel, which the decoders
have looked at, and the cluster that the rules have for a queue or a dialled number.
"""

from enum import Enum, auto
from typing import Final

import msgspec

HALF_SECOND_MS: Final = 500
"""queue_log cuts its seconds off: the middle of the second is at most this wrong, and on average not at all."""


class What(Enum):
    """What a sign says."""

    DIALLED_IN = auto()
    """A channel is made; `cluster` is that of the number that was dialled."""
    NUMBER = auto()
    """The dialplan wrote the number that was dialled; `cluster` is that of the number."""
    JOINED = auto()
    """In a queue; `cluster` is that of the queue."""
    LEFT_QUEUE = auto()
    """No longer in a queue, for whatever reason."""
    ANSWERED = auto()
    """By an employee whom the queue rang; `cluster` is that of the queue."""
    PICKED_UP = auto()
    """A telephone that the dialplan rang: the answer of an employee unless the caller is in a queue."""
    HUNG_UP = auto()
    """The channel is no more."""
    GAVE_UP = auto()
    """The caller hung up in the queue."""
    SENT_ON = auto()
    """Out of the queue unanswered, and still on the line: time was up, nobody was there, a key, a supervisor."""
    EMPLOYEE_DONE = auto()
    """The employee hung up; the caller may be asked how it went, or go on otherwise."""
    CALLER_DONE = auto()
    """The caller hung up after a talk."""
    PASSED_ON = auto()
    """The employee handed the call on: what becomes of it only the manager interface tells."""
    STARTED = auto()
    """The exchange starts: no call of before lives."""
    STOPS = auto()
    """The exchange stops, and with it all calls."""
    WAITS = auto()
    """In a list that was asked for: in a queue now; `cluster` is that of the queue."""
    LIVES = auto()
    """In a list that was asked for: a channel that is there; `cluster` is that of the number, `bridge` the talk."""


class Sign(msgspec.Struct, frozen=True, gc=False):
    """One thing that the exchange says."""

    what: What
    at_ms: int
    """UTC, by the clock of the exchange; 0 in lists and in events without a time of their own."""
    call: str = ""
    """The channel that it is about."""
    linked: str = ""
    """The first channel of the call: another one for an employee's telephone, a Local channel, a consultation."""
    cluster: str | None = None
    bridge: str = ""
    seconds: int = 0
    """How long the caller has waited, or the exchange run, by a list or at its start; how long a talk was."""
