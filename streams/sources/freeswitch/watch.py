"""Makes facts of what a FreeSWITCH exchange says: events as they come, and the lists that it gives on connecting.

A call begins when its channel is made, and is over when that is no more: a queue that lets go of a caller does not
say that the call is over. On connecting, events wait until the lists have come; what the exchange does not list
any more is over, at most a minute after it was last known to live. That also tells a restart of the exchange: the id
of its core tells it too, but calls that it recovers live on under the new one. Must not know the clock or files.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from streams.core.rules import HOUR_MS
from streams.sources.call_rules import CallRules
from streams.sources.exchange.calls import NOT_KNOWN, UNSEEN_MS, Call, CallFacts, Told
from streams.sources.freeswitch.events import EventDecoder, Sign, What
from streams.sources.freeswitch.lists import Living, Member, living, members
from streams.sources.freeswitch.memory import Memory, saved
from streams.sources.source import POSITION_BYTES_MAX

NEVER_MS: Final = 24 * HOUR_MS
"""A call that is older than this is forgotten: nobody saw its end, and nobody will."""

_OVER_MAX: Final = 1_024
"""Of how many calls that are over is known that they are: another thread of the exchange may speak late."""


class Watch(CallFacts):
    """One exchange, from what it sends to facts."""

    def __init__(self, rules: CallRules, memory: Memory) -> None:
        super().__init__(memory.calls, memory.clusters)
        self.memory = memory
        self._decoder = EventDecoder(rules)
        self._held: list[Sign] | None = None
        """Events that came before the lists; None while there are no lists to wait for."""
        self._over: dict[str, None] = {}
        self.knows_channels = True
        """Whether the exchange has told which calls are going on."""
        self.knows_members = True
        """Whether it has told who waits in each queue."""

    # What comes in.

    def connected(self) -> None:
        """The exchange has let us in, and the lists are asked for."""
        self._held = []

    def lost(self) -> None:
        """The connection is over. Events whose lists did not come tell nothing: those of the next time will."""
        self._held = None

    def received(self, events: Iterable[bytes], now_ms: int) -> None:
        """Take in events in the order in which they come; one without a time happened now."""
        for event in events:
            sign = self._decoder.sign(event)
            if sign is None:
                continue
            if sign.at_ms:
                self.memory.ahead_ms = sign.at_ms - now_ms
            else:
                sign = msgspec.structs.replace(sign, at_ms=now_ms + self.memory.ahead_ms)
            if self._held is None:
                self._hear(sign)
            else:
                self._held.append(sign)

    def listed(self, channels: bytes, queues: Mapping[str, bytes], now_ms: int) -> None:
        """Take in the lists, by queue those of members, and then the events that came before them."""
        alive = living(channels, self._decoder.by_number)
        of_queues = {name: members(body) for name, body in queues.items()}
        self.knows_channels = alive is not None
        self.knows_members = None not in of_queues.values()
        held, self._held = self._held or [], None
        if alive is not None:
            self.missed = True
            self._settle(alive, of_queues, held, now_ms + self.memory.ahead_ms)
        for sign in held:
            self._hear(sign)

    # What goes out.

    def take(self) -> tuple[list[Told], Counter[str]]:
        """Facts, and what became none, since the last time."""
        told, left_out = self.told, self.left_out + self._decoder.left_out
        self.told = []
        self.left_out.clear()
        self._decoder.left_out.clear()
        return told, left_out

    def position(self) -> bytes:
        """Where to begin anew."""
        calls = self.memory.calls
        while calls and calls[first := next(iter(calls))].dialled_ms < self.memory.until_ms - NEVER_MS:
            del calls[first]
        data, forgotten = saved(self.memory, POSITION_BYTES_MAX)
        if forgotten:
            self.left_out["memory_full"] += forgotten
        return data

    # On connecting.

    def _settle(
        self,
        alive: Sequence[Living],
        of_queues: Mapping[str, list[Member] | None],
        held: Sequence[Sign],
        found_ms: int,
    ) -> None:
        """What the lists say of calls of which the events that came with them do not tell all."""
        begun = {sign.call for sign in held if sign.what is What.DIALLED_IN}
        ended = {sign.call for sign in held if sign.what is What.HUNG_UP}
        there = {each.call for each in alive}
        for gone in [gone for gone in self._calls if gone not in there and gone not in ended]:
            self._gone(gone, found_ms)
        callers = [each for each in alive if not each.is_own and each.call not in begun]
        before = {*self._calls}
        for each in callers:
            self._lives(each, found_ms)
        waiting = self._wait(of_queues, begun, found_ms)
        answered = {sign.call for sign in held if sign.what in (What.ANSWERED, What.BRIDGED)}
        for each in callers:
            if each.talks_since_ms is not None and each.call not in waiting | answered:
                self._talks(each, each.talks_since_ms, each.call in before)
            self._tell(each.call, self._calls[each.call])

    def _lives(self, each: Living, found_ms: int) -> None:
        call = self._calls.get(each.call)
        if call is None:
            self._calls[each.call] = call = Call(min(each.born_ms or found_ms, found_ms))
        if call.cluster == NOT_KNOWN:
            call.cluster = self._cluster(each.cluster)
        call.seen_ms = max(call.seen_ms, found_ms)
        call.in_queue = False  # unless a queue says so

    def _wait(self, of_queues: Mapping[str, list[Member] | None], begun: set[str], found_ms: int) -> set[str]:
        """Whom the queues know; gives those who wait."""
        waiting = set()
        for queue, found in of_queues.items():
            for member in found or ():
                call = self._calls.get(member.call)
                if call is None or member.call in begun:
                    continue
                self._decide(call, self._decoder.by_queue(queue.encode()))
                if member.is_waiting:
                    call.in_queue = True
                    waiting.add(member.call)
                elif member.answered_ms and call.answered_ms is None:
                    call.answered_ms = max(call.dialled_ms, min(member.answered_ms, found_ms))
        return waiting

    def _talks(self, each: Living, since_ms: int, was_known: bool) -> None:
        """Somebody in a talk has been answered: after that telephone rang, and after the last that was heard."""
        call = self._calls[each.call]
        if call.answered_ms is not None:
            return
        if was_known:
            call.answered_ms = max(call.dialled_ms, since_ms, self.memory.until_ms)
        else:
            call.aside = True

    def _gone(self, call_id: str, found_ms: int) -> None:
        """A call is over, and nobody saw when."""
        call = self._calls[call_id]
        if call.answered_ms is None and self._may_tell(call):
            self.left_out["end_unseen"] += 1
        lived_ms = max(call.seen_ms, self.memory.until_ms)
        self._finish(call_id, max(lived_ms, min(found_ms, lived_ms + UNSEEN_MS)))

    # One after the other.

    def _hear(self, sign: Sign) -> None:
        self.missed = False
        self.memory.until_ms = max(self.memory.until_ms, sign.at_ms)
        call = self._calls.get(sign.call)
        match sign.what:
            case What.DIALLED_IN if call is None:
                self._calls[sign.call] = call = Call(sign.at_ms, self._cluster(sign.cluster), seen_ms=sign.at_ms)
                self._tell(sign.call, call)
            case What.JOINED:
                self._join(sign, call)
            case What.LEFT_QUEUE if call is not None:
                call.in_queue = False
                call.seen_ms = sign.at_ms
            case What.ANSWERED if call is not None:
                self._decide(call, sign.cluster)
                self._picked_up(sign.call, call, sign.at_ms)
            case What.BRIDGED:
                self._bridge(sign)
            case What.HUNG_UP if call is not None:
                self._finish(sign.call, sign.at_ms)
            case What.STOPS:
                for each in [*self._calls]:
                    self._finish(each, sign.at_ms)

    def _join(self, sign: Sign, call: Call | None) -> None:
        if sign.call in self._over:
            return
        if call is None and sign.is_own:
            self.left_out["consultation"] += 1
            return
        if call is None:
            self._calls[sign.call] = call = Call(min(sign.born_ms or sign.at_ms, sign.at_ms))
        self._decide(call, sign.cluster)
        call.in_queue = True
        call.seen_ms = sign.at_ms
        self._tell(sign.call, call)

    def _bridge(self, sign: Sign) -> None:
        """A caller in a queue hears of it from that."""
        for each in (sign.call, sign.other):
            call = self._calls.get(each)
            if call is not None and not call.in_queue:
                self._picked_up(each, call, sign.at_ms)

    def _finish(self, call_id: str, at_ms: int) -> None:
        call = self._calls.pop(call_id)
        self._over[call_id] = None
        if len(self._over) > _OVER_MAX:
            del self._over[next(iter(self._over))]
        if reason := self._left_out_as(call):
            self.left_out[reason] += 1
        else:
            self._tell_end(call_id, call, at_ms)
