"""Reads lines of queue_log: from a line to a sign, or to nothing.

`second|channel|queue|agent|event|values`. The agent's name and the caller's number end here. Any bytes may come.
Must not know the clock or files.
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

from streams.sources.asterisk.ids import birth_of
from streams.sources.asterisk.signs import HALF_SECOND_MS, Sign, What
from streams.sources.call_rules import CallRules, named

_EVENTS: Final[Mapping[bytes, What]] = {
    b"DID": What.NUMBER,
    b"ENTERQUEUE": What.JOINED,
    b"CONNECT": What.ANSWERED,
    b"ABANDON": What.GAVE_UP,
    b"EXITWITHTIMEOUT": What.SENT_ON,
    b"EXITWITHKEY": What.SENT_ON,
    b"EXITEMPTY": What.SENT_ON,
    b"WITHDRAW": What.SENT_ON,
    b"COMPLETEAGENT": What.EMPLOYEE_DONE,
    b"COMPLETECALLER": What.CALLER_DONE,
    b"BLINDTRANSFER": What.PASSED_ON,
    b"ATTENDEDTRANSFER": What.PASSED_ON,
    b"TRANSFER": What.PASSED_ON,
}
_PARTS: Final = 6
"""Fields before the values; the number of a DID is the sixth."""

_SECOND: Final = re.compile(rb"[0-9]{9,11}")
_TALK: Final = re.compile(rb"[0-9]{1,6}")
_START: Final = re.compile(rb"(?P<second>[0-9]{10})\|NONE\|NONE\|NONE\|QUEUESTART\b")
"""Found behind a line that a kill broke off, too: the exchange does not end it before it writes the next."""


class LogDecoder:
    """From lines to signs."""

    def __init__(self, rules: CallRules) -> None:
        self.left_out: Counter[str] = Counter()
        """Lines that could not be read, by reason."""
        self._queues = named(rules.queues)
        self._numbers = named(rules.numbers)

    def sign(self, line: bytes) -> Sign | None:
        """What a line says, None for what does not matter."""
        start = _START.search(line)
        if start is not None:
            return Sign(What.STARTED, int(start["second"]) * 1000)
        parts = line.rstrip(b"\r\n").split(b"|", _PARTS)
        if len(parts) < _PARTS - 1 or not _SECOND.fullmatch(parts[0]):
            if line.strip():
                self.left_out["unreadable_line"] += 1
            return None
        what = _EVENTS.get(parts[4])
        if what is None:
            return None
        call = parts[1].decode("ascii", "replace")
        if birth_of(call) is None:
            if what is What.JOINED:
                self.left_out["foreign_id"] += 1
            return None
        at_ms = int(parts[0]) * 1000 + HALF_SECOND_MS
        return Sign(what, at_ms, call, call, self._cluster(what, parts), seconds=_talk_seconds(what, parts))

    def _cluster(self, what: What, parts: list[bytes]) -> str | None:
        if what is What.NUMBER:
            return self._numbers.get(parts[5]) if len(parts) >= _PARTS else None
        return self._queues.get(parts[2])


def _talk_seconds(what: What, parts: list[bytes]) -> int:
    """How long a talk was; 0 where it is not said."""
    if what not in (What.EMPLOYEE_DONE, What.CALLER_DONE) or len(parts) <= _PARTS:
        return 0
    seconds = parts[_PARTS].partition(b"|")[0]
    return int(seconds) if _TALK.fullmatch(seconds) else 0


def second_of(line: bytes) -> int:
    """When a line was written, UTC seconds; 0 where it does not say so."""
    second = line.partition(b"|")[0]
    return int(second) if _SECOND.fullmatch(second) else 0


def key_of(line: bytes) -> bytes:
    """What tells a line from others, without an agent or a number: its second, its channel and its event."""
    parts = line.split(b"|", _PARTS - 1)
    return b"|".join([*parts[:2], *parts[4:5]])[:200]
