"""Reads blocks of the manager interface: from an event to a sign, or to nothing.

Numbers, names and variables end here: of an event only the channel's id, the queue and the dialled number are looked
at, and the latter two become the cluster that the rules have for them. Any bytes may come; what is no event of a call
that can be read is none. Must not know the clock or files.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from streams.sources.asterisk.blocks import fields_of
from streams.sources.asterisk.ids import birth_of
from streams.sources.asterisk.parameters import CallRules
from streams.sources.asterisk.signs import Sign, What

_Fields = dict[bytes, bytes]

_MOMENT_MS_MAX: Final = 100_000_000_000_000
"""A time far off, and no overflow of anything."""

_CALL_EVENTS: Final[Mapping[bytes, What]] = {
    b"Newchannel": What.DIALLED_IN,
    b"QueueCallerJoin": What.JOINED,
    b"QueueCallerLeave": What.LEFT_QUEUE,
    b"AgentConnect": What.ANSWERED,
    b"DialEnd": What.PICKED_UP,
    b"Hangup": What.HUNG_UP,
    b"QueueEntry": What.WAITS,
    b"CoreShowChannel": What.LIVES,
}
_DIGITS_MAX: Final = 10
_HEAD: Final = b"Event: "


def named(clusters: Mapping[str, str]) -> dict[bytes, str]:
    """The clusters by the bytes that an exchange writes: its files may be UTF-8 or Latin-1."""
    found = {}
    for encoding in ("latin-1", "utf-8"):
        for name, cluster in clusters.items():
            try:
                found[name.encode(encoding)] = cluster
            except UnicodeEncodeError:
                continue
    return found


class ManagerDecoder:
    """From blocks to signs."""

    def __init__(self, rules: CallRules) -> None:
        self.left_out: Counter[str] = Counter()
        """Events of calls that could not be read, by reason."""
        self._queues = named(rules.queues)
        self._numbers = named(rules.numbers)
        self._other: Mapping[bytes, Callable[[_Fields], Sign | None]] = {
            b"FullyBooted": _started,
            b"Shutdown": lambda fields: Sign(What.STOPS, _moment_ms(fields)),
        }

    def sign(self, block: bytes) -> Sign | None:
        """What a block says, None for what does not matter: nearly all of them, so that is found out first."""
        if not block.startswith(_HEAD):
            return None
        name = block[len(_HEAD) : block.find(b"\r\n", 0, 64)]
        what = _CALL_EVENTS.get(name)
        if what is not None:
            return self._of_call(what, fields_of(block))
        other = self._other.get(name)
        return None if other is None else other(fields_of(block))

    def _of_call(self, what: What, fields: _Fields) -> Sign | None:
        if what is What.PICKED_UP and fields.get(b"DialStatus") != b"ANSWER":
            return None
        call = fields.get(b"Uniqueid", b"").decode("ascii", "replace")
        linked = fields.get(b"Linkedid", b"").decode("ascii", "replace") or call
        if birth_of(call) is None:
            if what is What.DIALLED_IN:
                self.left_out["foreign_id"] += 1
            return None
        if what in (What.DIALLED_IN, What.LIVES):
            cluster = self._numbers.get(fields.get(b"Exten", b""))
        else:
            cluster = self._queues.get(fields.get(b"Queue", b""))
        return Sign(
            what,
            _moment_ms(fields),
            call,
            linked,
            cluster,
            fields.get(b"BridgeId", b"").decode("ascii", "replace")[:64],
            _whole(fields.get(b"Wait", b"")),
        )


def _started(fields: _Fields) -> Sign | None:
    """How long the exchange has run, if it says so."""
    uptime = fields.get(b"Uptime", b"")
    return Sign(What.STARTED, _moment_ms(fields), seconds=_whole(uptime)) if uptime.isdigit() else None


def _whole(text: bytes) -> int:
    return int(text) if text.isdigit() and len(text) <= _DIGITS_MAX else 0


def _moment_ms(fields: _Fields) -> int:
    """0 where there is no time."""
    try:
        moment_ms = round(float(fields.get(b"Timestamp", b"0")) * 1000)
    except (ValueError, OverflowError):
        return 0
    return moment_ms if 0 < moment_ms < _MOMENT_MS_MAX else 0
