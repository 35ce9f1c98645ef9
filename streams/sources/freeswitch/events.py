"""Reads events of the event socket: from the text of one to a sign, or to nothing.

Numbers, names and variables end here: of an event only the id of the channel, its kind, the queue and the dialled
number are looked at, and the latter two become the cluster that the rules have for them. Any bytes may come; what is
no event of a call that can be read is none. Must not know the clock or files.
"""

import re
from collections import Counter
from collections.abc import Mapping
from enum import Enum, auto
from typing import Final
from urllib.parse import unquote_to_bytes

import msgspec

from streams.sources.call_rules import CallRules, named

WANTED: Final = "CHANNEL_CREATE CHANNEL_BRIDGE CHANNEL_HANGUP_COMPLETE HEARTBEAT SHUTDOWN CUSTOM callcenter::info"
"""The events that are asked for; what stands behind CUSTOM is its kinds."""

_ID: Final = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LOOPBACK: Final = b"loopback/"
_MOMENT_US_MAX: Final = 100_000_000_000_000_000
"""A time far off, and no overflow of anything."""


class What(Enum):
    """What a sign says."""

    DIALLED_IN = auto()
    """A channel from outside is made; `cluster` is that of the number that was dialled."""
    JOINED = auto()
    """In a queue; `cluster` is that of the queue."""
    LEFT_QUEUE = auto()
    """No longer in a queue: time was up, nobody was there, a key, hung up, or answered before and over."""
    ANSWERED = auto()
    """By an employee whom the queue rang; `cluster` is that of the queue."""
    BRIDGED = auto()
    """With the channel `other`: the answer of an employee unless the caller is in a queue."""
    HUNG_UP = auto()
    """The channel is no more."""
    STOPS = auto()
    """The exchange stops, and with it all calls."""
    BEATS = auto()
    """The exchange is there."""


class Sign(msgspec.Struct, frozen=True, gc=False):
    """One thing that the exchange says."""

    what: What
    at_ms: int
    """UTC, by the clock of the exchange; 0 where an event has no time."""
    call: str = ""
    other: str = ""
    cluster: str | None = None
    born_ms: int = 0
    """When the channel was made, UTC; 0 where that is not said."""
    is_own: bool = False
    """Whether the exchange made the channel itself: it placed a call, or passes one on within itself."""


_EVENTS: Final[Mapping[bytes, What]] = {
    b"CHANNEL_CREATE": What.DIALLED_IN,
    b"CHANNEL_BRIDGE": What.BRIDGED,
    b"CHANNEL_HANGUP_COMPLETE": What.HUNG_UP,
    b"SHUTDOWN": What.STOPS,
    b"HEARTBEAT": What.BEATS,
}
_ACTIONS: Final[Mapping[bytes, What]] = {
    b"member-queue-start": What.JOINED,
    b"member-queue-resume": What.JOINED,
    b"member-queue-end": What.LEFT_QUEUE,
    b"bridge-agent-start": What.ANSWERED,
}


def call_id(text: bytes) -> str | None:
    """None for an id that somebody else gave: it may hold anything, a number of a person too, so no fact has it."""
    return text.decode().lower() if _ID.fullmatch(text) else None


def is_own(direction: bytes, name: bytes) -> bool:
    """Whether the exchange made a channel itself."""
    return direction == b"outbound" or name.startswith(_LOOPBACK)


class EventDecoder:
    """From events to signs."""

    def __init__(self, rules: CallRules) -> None:
        self.left_out: Counter[str] = Counter()
        """Events of calls that could not be read, by reason."""
        self._queues = named(rules.queues)
        self._numbers = named(rules.numbers)

    def by_number(self, number: bytes) -> str | None:
        """The cluster of a dialled number."""
        return self._numbers.get(number)

    def by_queue(self, queue: bytes) -> str | None:
        """The cluster of a queue."""
        return self._queues.get(queue)

    def sign(self, body: bytes) -> Sign | None:
        """What an event says, None for what does not matter."""
        event = b"\n" + body.partition(b"\n\n")[0]  # behind the empty line stands a body of its own
        name = _field(event, b"Event-Name")
        what = _ACTIONS.get(_field(event, b"CC-Action")) if name == b"CUSTOM" else _EVENTS.get(name)
        if what is None:
            return None
        at_ms = _moment_ms(_field(event, b"Event-Date-Timestamp"))
        if what in (What.STOPS, What.BEATS):
            return Sign(what, at_ms)
        if name == b"CUSTOM":
            return self._of_queue(what, at_ms, event)
        return self._of_channel(what, at_ms, event)

    def _of_channel(self, what: What, at_ms: int, event: bytes) -> Sign | None:
        call = call_id(_field(event, b"Unique-ID"))
        if what is What.DIALLED_IN:
            return self._dialled_in(at_ms, call, event)
        if call is None:
            return None
        return _bridged(at_ms, call, event) if what is What.BRIDGED else Sign(what, at_ms, call)

    def _dialled_in(self, at_ms: int, call: str | None, event: bytes) -> Sign | None:
        if is_own(_field(event, b"Call-Direction"), _field(event, b"Channel-Name")):
            return None
        if call is None:
            self.left_out["foreign_id"] += 1
            return None
        return Sign(What.DIALLED_IN, at_ms, call, cluster=self.by_number(_field(event, b"Caller-Destination-Number")))

    def _of_queue(self, what: What, at_ms: int, event: bytes) -> Sign | None:
        member = _field(event, b"CC-Member-Session-UUID")
        call = call_id(member)
        if call is None:
            return None
        cluster = self.by_queue(_field(event, b"CC-Queue"))
        if what is not What.JOINED or _field(event, b"Unique-ID") != member:
            return Sign(what, at_ms, call, cluster=cluster)
        born_ms = _moment_ms(_field(event, b"Caller-Channel-Created-Time"))
        own = is_own(_field(event, b"Call-Direction"), _field(event, b"Channel-Name"))
        return Sign(what, at_ms, call, cluster=cluster, born_ms=born_ms, is_own=own)


def _bridged(at_ms: int, call: str, event: bytes) -> Sign | None:
    """None where the other side is the exchange itself: what becomes of that call is told of its own channel."""
    names = (_field(event, b"Channel-Name"), _field(event, b"Other-Leg-Channel-Name"))
    if any(name.startswith(_LOOPBACK) for name in names):
        return None
    return Sign(What.BRIDGED, at_ms, call, call_id(_field(event, b"Other-Leg-Unique-ID")) or "")


def _field(event: bytes, key: bytes) -> bytes:
    """The value of a field, the first of those that come more than once; empty where there is none."""
    line = b"\n" + key + b": "
    begin = event.find(line)
    if begin < 0:
        return b""
    begin += len(line)
    end = event.find(b"\n", begin)
    value = event[begin:] if end < 0 else event[begin:end]
    return unquote_to_bytes(value) if b"%" in value else value


def _moment_ms(text: bytes) -> int:
    """0 where there is no time. The exchange gives microseconds."""
    if not text.isdigit() or len(text) > len(str(_MOMENT_US_MAX)):
        return 0
    return int(text) // 1000 if int(text) < _MOMENT_US_MAX else 0
