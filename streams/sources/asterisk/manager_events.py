"""Reads blocks of the manager interface: from an event to a sign, or to nothing.

Numbers, names and variables end here: of an event only the channel's id, the queue and the dialled number are looked
at, and the latter two become the cluster that the rules have for them. Any bytes may come; what is no event of a call
that can be read is none. Must not know the clock or files.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from streams.sources.asterisk.blocks import field_of
from streams.sources.asterisk.ids import birth_of
from streams.sources.asterisk.signs import Sign, What
from streams.sources.call_rules import CallRules, named

_MOMENT_MS_MAX: Final = 100_000_000_000_000
"""A time far off, and no overflow of anything."""

_EVENTS: Final[Mapping[bytes, What]] = {
    b"Newchannel": What.DIALLED_IN,
    b"QueueCallerJoin": What.JOINED,
    b"QueueCallerLeave": What.LEFT_QUEUE,
    b"AgentConnect": What.ANSWERED,
    b"AgentComplete": What.EMPLOYEE_DONE,
    b"DialEnd": What.PICKED_UP,
    b"Hangup": What.HUNG_UP,
    b"QueueEntry": What.WAITS,
    b"CoreShowChannel": What.LIVES,
    b"FullyBooted": What.STARTED,
    b"Shutdown": What.STOPS,
}
_DIGITS_MAX: Final = 10
_BY_NUMBER: Final = (What.DIALLED_IN, What.LIVES)
_BY_QUEUE: Final = (What.JOINED, What.ANSWERED, What.WAITS)
_HEAD: Final = b"Event: "
_UNIQUE_ID: Final = b"\r\nUniqueid:"
_LINKED_ID: Final = b"\r\nLinkedid:"
_TIMESTAMP: Final = b"\r\nTimestamp:"
_EXTENSION: Final = b"\r\nExten:"
_QUEUE: Final = b"\r\nQueue:"
_DIAL_STATUS: Final = b"\r\nDialStatus:"
_REASON: Final = b"\r\nReason:"
_BRIDGE: Final = b"\r\nBridgeId:"
_WAIT: Final = b"\r\nWait:"
_UPTIME: Final = b"\r\nUptime:"


class ManagerDecoder:
    """From blocks to signs."""

    def __init__(self, rules: CallRules) -> None:
        self.left_out: Counter[str] = Counter()
        """Events of calls that could not be read, by reason."""
        self._queues = named(rules.queues)
        self._numbers = named(rules.numbers)

    def sign(self, block: bytes) -> Sign | None:
        """What a block says, None for what does not matter: nearly all of them, so that is found out first."""
        if not block.startswith(_HEAD):
            return None
        what = _EVENTS.get(block[len(_HEAD) : block.find(b"\r\n", 0, 64)])
        if what is None:
            return None
        if what is What.STARTED:
            return _started(block)
        if what is What.STOPS:
            return Sign(what, _moment_ms(block))
        return self._of_call(what, block)

    def _of_call(self, what: What, block: bytes) -> Sign | None:
        if what is What.PICKED_UP and field_of(block, _DIAL_STATUS) != b"ANSWER":
            return None
        if what is What.EMPLOYEE_DONE and field_of(block, _REASON) == b"transfer":
            return None  # the call goes on to somebody else
        call = field_of(block, _UNIQUE_ID).decode("ascii", "replace")
        if birth_of(call) is None:
            if what is What.DIALLED_IN:
                self.left_out["foreign_id"] += 1
            return None
        linked = field_of(block, _LINKED_ID).decode("ascii", "replace") or call
        cluster, bridge, seconds = None, "", 0
        if what in _BY_NUMBER:
            cluster = self._numbers.get(field_of(block, _EXTENSION))
        elif what in _BY_QUEUE:
            cluster = self._queues.get(field_of(block, _QUEUE))
        if what is What.LIVES:
            bridge = field_of(block, _BRIDGE).decode("ascii", "replace")[:64]
        elif what is What.WAITS:
            seconds = _whole(field_of(block, _WAIT))
        return Sign(what, _moment_ms(block), call, linked, cluster, bridge, seconds)


def _started(block: bytes) -> Sign | None:
    """How long the exchange has run, if it says so."""
    uptime = field_of(block, _UPTIME)
    return Sign(What.STARTED, _moment_ms(block), seconds=_whole(uptime)) if uptime.isdigit() else None


def _whole(text: bytes) -> int:
    return int(text) if text.isdigit() and len(text) <= _DIGITS_MAX else 0


def _moment_ms(block: bytes) -> int:
    """0 where there is no time."""
    try:
        moment_ms = round(float(field_of(block, _TIMESTAMP) or 0) * 1000)
    except (ValueError, OverflowError):
        return 0
    return moment_ms if 0 < moment_ms < _MOMENT_MS_MAX else 0
