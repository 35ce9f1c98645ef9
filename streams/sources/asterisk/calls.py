"""The calls of an exchange that are not over: what happens to each, and which facts of it are told.

A fact of a call is told once. Must not know the clock or files.
"""

from typing import Final

from streams.core.rules import SECOND_MS
from streams.sources.asterisk.ids import Birth, birth_of
from streams.sources.asterisk.memory import Memory
from streams.sources.asterisk.signs import HALF_SECOND_MS, Sign
from streams.sources.exchange.calls import NOT_KNOWN, UNSEEN_MS, Call, CallFacts

_SYSTEMS_MAX: Final = 16


class Calls(CallFacts):
    """The calls of one exchange."""

    def __init__(self, memory: Memory, *, follows_log: bool) -> None:
        super().__init__(memory.calls, memory.clusters)
        self.memory = memory
        self.watching = False
        """Whether the manager interface is heard."""
        self.tells = True
        """Facts are told; not so while reading what was before the beginning."""
        self._follows_log = follows_log
        self._over = memory.over
        self._seeming_over = {each for each, call in self._calls.items() if call.left_ms is not None}
        self._untold: set[str] = set()
        """Calls from before the beginning."""
        self._dialled: dict[str, str | None] = {}
        """Of calls that the exchange lists as living, the cluster of the number that was dialled."""
        self._talks: dict[str, int] = {}
        """Calls that were found in a talk, with when that seems to have begun."""

    def _begin(self, sign: Sign, birth: Birth) -> Call:
        dialled_ms = birth.second * SECOND_MS + HALF_SECOND_MS
        cluster = self._cluster(self._dialled.get(sign.call))
        self._calls[sign.call] = call = Call(min(dialled_ms, sign.at_ms), cluster, seen_ms=sign.at_ms)
        return call

    def _number(self, call_id: str, call: Call, sign: Sign) -> None:
        if call.cluster == NOT_KNOWN:
            call.cluster = self._cluster(sign.cluster)
        self._tell(call_id, call)

    def _join(self, call_id: str, call: Call, sign: Sign) -> None:
        self._decide(call, sign.cluster)
        call.in_queue, call.idle = True, False
        call.seen_ms = max(call.seen_ms, sign.at_ms)
        self._goes_on(call_id, call)
        self._come_back(call_id, call, sign.at_ms)
        self._tell(call_id, call)

    def _leave_queue(self, _call_id: str, call: Call, sign: Sign) -> None:
        call.in_queue = False
        call.seen_ms = max(call.seen_ms, sign.at_ms)
        call.idle = True

    def _rest(self, _call_id: str, call: Call, sign: Sign) -> None:
        call.seen_ms = max(call.seen_ms, sign.at_ms)
        call.idle = True

    def _answer(self, call_id: str, call: Call, sign: Sign) -> None:
        self._decide(call, sign.cluster)
        self._picked_up(call_id, call, sign.at_ms)

    def _pick_up(self, call_id: str, call: Call, sign: Sign) -> None:
        if not call.in_queue:
            self._picked_up(call_id, call, sign.at_ms)

    def _seem_over(self, call_id: str, call: Call, sign: Sign) -> None:
        call.in_queue = False
        heard_ms = self.memory.until_ms  # a line of before tells less: the call was there until then
        call.left_ms = max(sign.at_ms, call.dialled_ms, heard_ms if sign.at_ms <= heard_ms else 0)
        self._seeming_over.add(call_id)
        self._tell(call_id, call)

    def _pass_on(self, call_id: str, call: Call, sign: Sign) -> None:
        call.in_queue = False
        call.seen_ms = max(call.seen_ms, sign.at_ms)
        self._goes_on(call_id, call)

    def _goes_on(self, call_id: str, call: Call) -> None:
        call.left_ms = None
        self._seeming_over.discard(call_id)

    def _end(self, call_id: str, call: Call, sign: Sign) -> None:
        self._finish(call_id, call, sign.at_ms)

    def _gone(self, call_id: str, call: Call, found_ms: int) -> None:
        """A call is over, and nobody saw when."""
        if call_id in self._untold:
            del self._calls[call_id]
            return
        if call.left_ms is not None:
            self._finish(call_id, call, call.left_ms)
            return
        if call.answered_ms is None and not self._follows_log:
            self.left_out["end_unseen"] += 1
        lived_ms = max(call.seen_ms, self.memory.until_ms, self.memory.line_ms if call.in_queue else 0)
        self._finish(call_id, call, max(lived_ms, min(found_ms, lived_ms + UNSEEN_MS)))

    def _end_all(self, before_ms: int, found_ms: int, system: str | None = None) -> None:
        """All calls that began before a moment are over, or all of one system."""
        for each, call in list(self._calls.items()):
            birth = birth_of(each)
            if birth is None or (birth.second * SECOND_MS < before_ms and system in (None, birth.system)):
                self._gone(each, call, found_ms)

    def _finish(self, call_id: str, call: Call, at_ms: int) -> None:
        del self._calls[call_id]
        self._seeming_over.discard(call_id)
        self._forget(call_id, at_ms)
        if not self.tells:
            return
        if reason := self._left_out_as(call):
            self.left_out[reason] += 1
            return
        call.joined = True  # whatever it was that reached nobody, it is known to be over
        if call.answered_ms is None and call_id in self._talks:
            call.answered_ms = self._talks.pop(call_id)
        self._tell_end(call_id, call, at_ms)

    def _forget(self, call_id: str, at_ms: int) -> None:
        """Nothing more is to be told of a channel; queue_log may have lines of it yet."""
        if self._follows_log:
            self._over.pop(call_id, None)
            self._over[call_id] = at_ms

    def _notice(self, birth: Birth, at_ms: int) -> None:
        """Numbers of channels that begin anew, of a later time, are those of an exchange that has started again."""
        memory, system = self.memory, birth.system
        second, number = memory.newest_by_system.get(system, (0, 0)) if system else memory.newest
        is_new = number >= birth.number and birth.second > second + 1
        if is_new and second:
            self._end_all((second + 2) * SECOND_MS, at_ms or birth.second * SECOND_MS, system)
        if not is_new and birth.number <= number:
            return
        if not system:
            memory.newest = birth[:2]
            return
        memory.newest_by_system[system] = birth[:2]
        if len(memory.newest_by_system) > _SYSTEMS_MAX:
            del memory.newest_by_system[min(memory.newest_by_system, key=memory.newest_by_system.__getitem__)]

    # Telling.

    def _may_tell(self, call: Call) -> bool:
        """One that has only dialled a number, once its end will be heard: queue_log does not tell who hangs up in a
        menu."""
        return super()._may_tell(call) and self.tells and bool(call.joined or self.watching or call.told)
