"""Brings the two inputs together: what the manager interface says at once, and queue_log once that has spoken.

The same happens in both: the manager interface says it to the microsecond, but only while somebody listens. So a line
of queue_log waits a little, until the event of it must have come, and says what is left to say. On connecting, events
wait in turn: until queue_log is read up to there, and the exchange has listed the calls that live. Only then is told
what ended while nobody listened.

Given are bytes and the time of this machine; which clock that is nobody need know, since times of facts are those
of the exchange. Must not know the clock, files or Kafka.
"""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from enum import Enum, auto
from typing import Final, NamedTuple

import msgspec

from streams.core.rules import SECOND_MS
from streams.sources.asterisk.blocks import fields_of
from streams.sources.asterisk.fold import Fold
from streams.sources.asterisk.log_lines import LogDecoder, second_of
from streams.sources.asterisk.manager_events import ManagerDecoder
from streams.sources.asterisk.memory import Memory, Place, Watched, saved
from streams.sources.asterisk.signs import Sign, What
from streams.sources.call_rules import CallRules
from streams.sources.exchange.calls import Told
from streams.sources.source import POSITION_BYTES_MAX

HOLD_MS: Final = 2 * SECOND_MS
"""How long a line waits for the manager interface to say the same: its second must be over, and the event here."""

LOOK_MS: Final = 500
"""How soon after connecting queue_log has surely been looked at."""

LISTS_MS: Final = 10 * SECOND_MS
"""How long the exchange may take to list its calls."""

TALKS_MS: Final = 5 * SECOND_MS
"""How long after connecting queue_log may tell when those were answered who are in a talk."""

_TIDY_MS: Final = SECOND_MS

WAITING: Final = "waiting"
LIVING: Final = "living"
"""How the two lists are asked for: their ActionID."""

_COMPLETE: Final = {b"QueueStatusComplete": WAITING, b"CoreShowChannelsComplete": LIVING}


class State(Enum):
    """Of the manager interface."""

    AWAY = auto()
    ASKING = auto()
    """Connected; what happened before is being found out."""
    LIVE = auto()


class Line(NamedTuple):
    """A line of queue_log, and how far the file is read with it."""

    text: bytes
    place: Place


class _Held(NamedTuple):
    read_ms: int
    second: int
    sign: Sign | None
    place: Place


class _Asked(msgspec.Struct):
    """What has come of a connection while it is being found out what was before it."""

    at_ms: int
    events: list[Sign] = []
    lists: dict[str, list[Sign]] = {}
    """Those that have begun."""
    answered: set[str] = set()
    """Those that are whole, or refused."""
    refused: bool = False
    first_ms: int = 0
    """Time of the first event."""
    uptime_ms: int | None = None


class Watch:
    """One exchange, from what it sends and writes to facts."""

    def __init__(self, rules: CallRules, memory: Memory, *, has_manager: bool, has_log: bool) -> None:
        self.memory = memory
        self.state = State.AWAY
        self.is_refused = False
        """Whether the exchange does not let this user list its calls."""
        self._has_manager = has_manager
        self._has_log = has_log
        self._manager = ManagerDecoder(rules)
        self._log = LogDecoder(rules)
        self._fold = Fold(memory, follows_log=has_log)
        self._held: deque[_Held] = deque()
        self._newest_second = 0
        """The last second read in queue_log, though held."""
        self._line_read_ms: int | None = None
        """When the last line that was taken in was read."""
        self._asked = _Asked(0)
        self._last_ms = 0
        """Time of the last event of the manager interface."""
        self._settled_ms = 0
        """When it was last found out what was before."""
        self._tidied_ms = 0
        self._is_behind = has_log
        """Whether queue_log has lines of before this program started."""
        self._fold.tells = memory.log_begun or not has_log

    @property
    def is_deaf(self) -> bool:
        """Whether the exchange tells this user of queues and not of calls."""
        return self._fold.is_deaf

    # What comes in.

    def connected(self, now_ms: int) -> None:
        """The exchange has let us in, and both lists are asked for."""
        self._asked = _Asked(now_ms)
        self.state = State.ASKING

    def received(self, blocks: Iterable[bytes], now_ms: int) -> None:
        """Take in blocks of the manager interface."""
        for block in blocks:
            sign = self._manager.sign(block)
            if sign is None:
                if self.state is State.ASKING:
                    self._answer(block)
                continue
            if sign.at_ms:
                self._last_ms = sign.at_ms
                self.memory.ahead_ms = sign.at_ms - now_ms
            elif sign.what not in (What.LIVES, What.WAITS):
                sign = msgspec.structs.replace(sign, at_ms=now_ms + (self.memory.ahead_ms or 0))
            if self.state is State.LIVE:
                self._hear(sign)
            else:
                self._keep(sign)
        self.passed(now_ms)

    def lost(self, now_ms: int) -> None:
        """The connection is over."""
        if self.state is State.AWAY:
            return
        if self.state is State.ASKING:
            self._settle()
        self.state = State.AWAY
        self._fold.lost(max(self._last_ms, self._exchange_ms(now_ms)))

    def lines(self, lines: Sequence[Line], now_ms: int) -> None:
        """Take in lines of queue_log, in the order of the file."""
        for line in lines:
            second = second_of(line.text)
            self._newest_second = second or self._newest_second
            self._held.append(_Held(now_ms, second, self._log.sign(line.text), line.place))
        self.passed(now_ms)

    def caught_up(self, now_ms: int) -> None:
        """queue_log is read to its end, or cannot be read."""
        if not self._is_behind:
            return
        self._is_behind = False
        self.memory.log_begun = True
        if not self._fold.tells:
            while self._held:
                self._take_in(self._held.popleft())
            self._fold.begin_telling()
            if not self._has_manager:
                self._fold.missed = True
                self._fold.tell_waiting()
        self.passed(now_ms)

    def passed(self, now_ms: int) -> None:
        """Time has passed: do what was waiting for that."""
        if self.state is State.ASKING and self._is_answered(now_ms):
            self._settle()
        if self.state is not State.ASKING:
            while self._held and self._is_ripe(self._held[0], now_ms):
                self._take_in(self._held.popleft())
        if self.state is State.LIVE and not self._held and now_ms >= self._settled_ms + TALKS_MS:
            self._fold.missed = True
            self._fold.believe_talks()
        if not self._held and self._fold.tells:
            self._fold.missed = self._has_manager
            if self._line_read_ms is not None:
                self._fold.passed(self.memory.line_ms + now_ms - self._line_read_ms)
            elif not self._has_log:
                self._fold.passed(self._exchange_ms(now_ms))
        if now_ms >= self._tidied_ms + _TIDY_MS:
            self._tidied_ms = now_ms
            is_heard = self.state is State.LIVE or not self.memory.line_ms
            self._fold.forget_before(self._last_ms if is_heard else self.memory.line_ms)

    # What goes out.

    def take(self) -> tuple[list[Told], Counter[str]]:
        """Facts, and what became none, since the last time."""
        told, left_out = self._fold.told, self._fold.left_out + self._manager.left_out + self._log.left_out
        self._fold.told = []
        for each in (self._fold.left_out, self._manager.left_out, self._log.left_out):
            each.clear()
        return told, left_out

    def position(self) -> bytes:
        """Where to begin anew."""
        memory = self.memory
        if self._fold.watching and self._last_ms > self._fold.since_ms > 0:
            watched = [*memory.watched, Watched(self._fold.since_ms, self._last_ms)]
            memory = msgspec.structs.replace(memory, watched=watched, until_ms=max(memory.until_ms, self._last_ms))
        data, forgotten = saved(memory, POSITION_BYTES_MAX)
        if forgotten:
            self._fold.left_out["memory_full"] += forgotten
        return data

    # On connecting.

    def _keep(self, sign: Sign) -> None:
        """What is said while it is being found out what was before."""
        asked = self._asked
        if sign.what is What.WAITS:
            asked.lists.setdefault(WAITING, []).append(sign)
        elif sign.what is What.LIVES:
            asked.lists.setdefault(LIVING, []).append(sign)
        elif sign.what is What.STARTED:
            asked.uptime_ms = sign.seconds * SECOND_MS
        else:
            asked.first_ms = asked.first_ms or sign.at_ms
            asked.events.append(sign)

    def _answer(self, block: bytes) -> None:
        """A list begins, ends, or is refused. An answer that begins none is from something that has no lists."""
        if block.startswith(b"Event: "):
            name = _COMPLETE.get(block[7 : block.find(b"\r\n")])
            if name is not None:
                self._asked.answered.add(name)
        elif block.startswith(b"Response: "):
            fields = fields_of(block)
            name = fields.get(b"ActionID", b"").decode("ascii", "replace")
            if name not in (WAITING, LIVING):
                return
            if fields.get(b"EventList") == b"start":
                self._asked.lists.setdefault(name, [])
            else:
                self._asked.answered.add(name)
                self._asked.refused |= fields.get(b"Response") == b"Error"

    def _is_answered(self, now_ms: int) -> bool:
        asked = self._asked
        if now_ms >= asked.at_ms + LISTS_MS:
            return True
        if now_ms < asked.at_ms + (LOOK_MS if self._has_log else 0):
            return False
        return {WAITING, LIVING} <= asked.answered and (not self._held or now_ms >= asked.at_ms + HOLD_MS)

    def _was_before(self, held: _Held) -> bool:
        """Whether a line tells of what nobody heard, for it was written before the first event of this connection."""
        if self._asked.first_ms:
            return (held.second + 1) * SECOND_MS <= self._asked.first_ms
        return held.read_ms <= self._asked.at_ms

    def _settle(self) -> None:
        """What was before is found out: queue_log first, then what the lists say, then what has come since."""
        asked, fold = self._asked, self._fold
        self.is_refused = asked.refused
        found_ms = self._exchange_ms(asked.at_ms)  # the lists are of then: the first event may have come long after
        if asked.first_ms:
            found_ms = asked.first_ms if self.memory.ahead_ms is None else min(found_ms, asked.first_ms)
        begun = {sign.call for sign in asked.events if sign.what is What.DIALLED_IN}
        waiting = [sign for sign in asked.lists.get(WAITING, ()) if sign.call not in begun]
        living = self._living(begun)
        fold.missed = True
        fold.expect(living or ())
        while self._held and self._was_before(self._held[0]):
            self._take_in(self._held.popleft())
        fold.watch(asked.first_ms)
        ended = {sign.call for sign in asked.events if sign.what is What.HUNG_UP}
        fold.missed = True
        fold.listed(waiting, living, self.memory.calls.keys() - begun - ended, found_ms)
        if living is None and asked.uptime_ms is not None and self.memory.ahead_ms is not None:
            fold.booted(self._exchange_ms(asked.at_ms) - asked.uptime_ms)
        self.state, self._settled_ms = State.LIVE, asked.at_ms
        self._asked = _Asked(0)
        for sign in asked.events:
            self._hear(sign)

    def _living(self, begun: set[str]) -> list[Sign] | None:
        """The channels that live; of those whose answer has come as an event, not that they are in a talk."""
        asked = self._asked
        if LIVING not in asked.answered or LIVING not in asked.lists:
            return None
        answered = {sign.call for sign in asked.events if sign.what in (What.ANSWERED, What.PICKED_UP)}
        return [
            msgspec.structs.replace(sign, bridge="") if sign.call in answered else sign
            for sign in asked.lists[LIVING]
            if sign.call not in begun
        ]

    # One after the other.

    def _hear(self, sign: Sign) -> None:
        self._fold.missed = False
        if not self._fold.since_ms:
            self._fold.since_ms = sign.at_ms
        if sign.what is What.STARTED and self.memory.ahead_ms is not None:
            self._fold.booted(sign.at_ms - sign.seconds * SECOND_MS)
        elif sign.what not in (What.STARTED, What.WAITS, What.LIVES):
            self._fold.hear(sign)

    def _is_ripe(self, held: _Held, now_ms: int) -> bool:
        """Whether the manager interface must have said by now what a line says."""
        if not self._has_manager or not self._fold.tells:
            return True
        if self.state is State.AWAY and (held.second + 1) * SECOND_MS + HOLD_MS <= self._newest_second * SECOND_MS:
            return True
        return now_ms >= held.read_ms + HOLD_MS

    def _take_in(self, held: _Held) -> None:
        self._fold.missed = self._has_manager or self._is_behind
        if held.sign is not None:
            self._fold.read(held.sign)
        self._line_read_ms = held.read_ms
        self.memory.place = held.place

    def _exchange_ms(self, now_ms: int) -> int:
        """The time of the exchange, by its last event; the last that is known of it where none was ever heard."""
        if self.memory.ahead_ms is None:
            return max(self.memory.until_ms, self.memory.line_ms)
        return now_ms + self.memory.ahead_ms
