"""Folds what the exchange says, by both inputs, into facts of calls.

The manager interface says everything while it is heard, to the microsecond, and nothing of what was before;
queue_log says what happened in queues, in whole seconds, whenever it is read. A fact of a call is told once, by who
says it first: `hear` takes signs of the one at once, `read` those of the other once the first must have said it
too, or cannot.

What is true: a call begins when its channel is made, whatever queue it joins when. The first employee who picks up
answers it. It is over when its channel is no more, not when a queue lets go of it or an employee hangs up;
queue_log does not tell that, so there a call is over some seconds after the queue's last word. Of calls whose end
nobody saw, as when the exchange is killed, the end is when they are found to be over, at most a minute after they
were last known to live. Must not know the clock or files.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final

from streams.channels.calls.events import Abandoned
from streams.core.rules import HOUR_MS, SECOND_MS
from streams.sources.asterisk.calls import Calls
from streams.sources.asterisk.ids import Birth, birth_of
from streams.sources.asterisk.memory import NO_CHANNEL, Memory, Watched
from streams.sources.asterisk.signs import HALF_SECOND_MS, Sign, What
from streams.sources.exchange.calls import LEFT, NOT_KNOWN, OFFERED, Call

GRACE_MS: Final = 10 * SECOND_MS
"""How long the queue's last word must have been the last: a message may be played before the next queue."""

BACK_MS: Final = 900 * SECOND_MS
"""How long a call that has left is still known, should it be in a queue again."""

NEVER_MS: Final = 24 * HOUR_MS
"""A call that is older than this is forgotten: nobody saw its end, and nobody will."""

_KEPT_MS: Final = 10 * SECOND_MS
"""For how long after the end a call's id is kept: queue_log is read at most that much later."""

_WATCHED_MAX: Final = 16

_AFTER_AN_ANSWER: Final = (What.EMPLOYEE_DONE, What.CALLER_DONE, What.PASSED_ON)


class Fold(Calls):
    """The calls of one exchange, by what it says."""

    def __init__(self, memory: Memory, *, follows_log: bool) -> None:
        super().__init__(memory, follows_log=follows_log)
        self.since_ms = 0
        """The time of the first that was heard; 0 while nothing was."""
        self.is_deaf = False
        """Whether a queue has a caller of whom nothing was heard before: this user is not told of calls, and so not
        of their ends."""
        self._heard: Mapping[What, Callable[[str, Call, Sign], None]] = {
            What.JOINED: self._join,
            What.LEFT_QUEUE: self._leave_queue,
            What.ANSWERED: self._answer,
            What.PICKED_UP: self._pick_up,
            What.EMPLOYEE_DONE: self._rest,
            What.HUNG_UP: self._end,
        }
        self._read: Mapping[What, Callable[[str, Call, Sign], None]] = {
            What.NUMBER: self._number,
            What.JOINED: self._join,
            What.ANSWERED: self._answer,
            What.GAVE_UP: self._end,
            What.SENT_ON: self._seem_over,
            What.EMPLOYEE_DONE: self._seem_over,
            What.CALLER_DONE: self._end,
            What.PASSED_ON: self._pass_on,
        }

    # The manager interface.

    def watch(self, since_ms: int) -> None:
        """Everything is heard from now on; the first was heard at a moment, 0 for nothing yet."""
        self.watching, self.since_ms, self.is_deaf = True, since_ms, False

    def lost(self, until_ms: int) -> None:
        """The manager interface is no longer heard, since a moment."""
        memory = self.memory
        if self.watching and until_ms > self.since_ms > 0:
            memory.watched = [*memory.watched, Watched(self.since_ms, until_ms)][-_WATCHED_MAX:]
        self.watching = False
        memory.until_ms = until_ms or memory.until_ms

    def hear(self, sign: Sign) -> None:
        """Take in an event of the manager interface, in the order in which they come."""
        what = sign.what
        if what is What.STOPS:
            self._end_all(sign.at_ms, sign.at_ms)
            return
        birth = birth_of(sign.call)
        if birth is None:
            return
        if what is What.DIALLED_IN:
            self._notice(birth, sign.at_ms)
            if sign.linked == sign.call and sign.call not in self._calls:
                self._calls[sign.call] = call = Call(sign.at_ms, self._cluster(sign.cluster), seen_ms=sign.at_ms)
                self._tell(sign.call, call)
            return
        act = self._heard.get(what)
        known = None if act is None else self._calls.get(sign.call)
        if act is None or (known is None and what not in (What.JOINED, What.ANSWERED)):
            return
        if known is None:
            known = self._heard_of_late(sign, birth)
            if known is None:
                return
        if known.left_ms is not None and what is not What.HUNG_UP:
            self._goes_on(sign.call, known)
        act(sign.call, known, sign)

    def _heard_of_late(self, sign: Sign, birth: Birth) -> Call | None:
        """A call whose beginning was missed; None for a channel that is none: with it an employee asks a
        colleague."""
        if sign.call in self._over:
            return None
        if sign.linked != sign.call:
            if sign.what is What.JOINED:
                self.left_out["consultation"] += 1
                self._forget(sign.call, sign.at_ms + HOUR_MS)  # queue_log will tell how it goes on
            return None
        if 0 < self.since_ms < birth.second * SECOND_MS:
            self.is_deaf = True
        return self._begin(sign, birth)

    def expect(self, listed: Iterable[Sign]) -> None:
        """Channels that live: some are no calls, and of others the number that was dialled goes before a queue."""
        for sign in listed:
            if sign.linked == sign.call:
                self._dialled[sign.call] = sign.cluster
            elif sign.call not in self._calls:
                self._forget(sign.call, self.memory.line_ms + HOUR_MS)

    def listed(
        self, waiting: Sequence[Sign], living: Sequence[Sign] | None, asked: Collection[str], found_ms: int
    ) -> None:
        """Take in the lists that were asked for on connecting.

        `living` is None where there is no list; a call of `asked` that it lacks is over. `found_ms` is 0 while
        nothing is known of the clock of the exchange.
        """
        for sign in waiting:
            self._waits(sign, found_ms)
        if living is not None:
            talks = {sign.call: sign.bridge for sign in living}
            for sign in living:
                self._lives(sign, living, found_ms)
            for each in asked:
                if each not in talks and each in self._calls:
                    self._gone(each, self._calls[each], found_ms)
        else:
            self._doubt(asked)
        for each in self._untold:
            call = self._calls.get(each)
            if call is not None and call.left_ms is None:
                self._tell(each, call)
            elif call is not None:
                self._goes_on(each, call)
                del self._calls[each]
        self._untold.clear()
        self._dialled.clear()

    def _doubt(self, asked: Iterable[str]) -> None:
        """Without a list, those that were about to end when they were last heard of have done so, for all that is
        known."""
        for each in asked:
            call = self._calls.get(each)
            if call is not None and call.idle and call.left_ms is None:
                call.left_ms = max(call.seen_ms, self.memory.until_ms)
                self._seeming_over.add(each)

    def booted(self, boot_ms: int) -> None:
        """The exchange says since when it runs: what is older is over. For want of a list."""
        self._end_all(boot_ms - 2 * SECOND_MS, boot_ms)

    def _waits(self, sign: Sign, found_ms: int) -> None:
        birth = birth_of(sign.call)
        call = self._calls.get(sign.call)
        if birth is None or (call is None and sign.call in self._over):
            return
        dialled_ms = birth.second * SECOND_MS + HALF_SECOND_MS
        joined_ms = max(found_ms - sign.seconds * SECOND_MS, dialled_ms)
        if call is None:
            self._calls[sign.call] = call = Call(dialled_ms, self._cluster(self._dialled.get(sign.call)))
        self._goes_on(sign.call, call)
        self._join(sign.call, call, Sign(What.JOINED, joined_ms, sign.call, cluster=sign.cluster))

    def _lives(self, sign: Sign, living: Sequence[Sign], found_ms: int) -> None:
        """A channel of the list. Somebody who is in a talk has been answered, before now."""
        birth = birth_of(sign.call)
        call = self._calls.get(sign.call)
        if birth is None:
            return
        self._notice(birth, found_ms)
        if call is None:
            if sign.linked != sign.call or sign.call in self._over:
                return
            self._calls[sign.call] = call = Call(birth.second * SECOND_MS + HALF_SECOND_MS, aside=bool(sign.bridge))
        elif sign.bridge and call.answered_ms is None:
            self._was_answered(call, sign, living)
        self._goes_on(sign.call, call)
        call.seen_ms = max(call.seen_ms, found_ms)
        if call.cluster == NOT_KNOWN:
            call.cluster = self._cluster(sign.cluster)
        self._tell(sign.call, call)

    def _was_answered(self, call: Call, sign: Sign, living: Iterable[Sign]) -> None:
        """While nobody watched: when the telephone with which the caller talks began to ring, as well as is known."""
        births = [birth_of(each.call) for each in living if each.bridge == sign.bridge and each.call != sign.call]
        rang_ms = max((birth.second * SECOND_MS + HALF_SECOND_MS for birth in births if birth is not None), default=0)
        self._talks[sign.call] = max(rang_ms, call.dialled_ms, self.memory.until_ms)
        if not self._follows_log:
            self.believe_talks()

    def believe_talks(self) -> None:
        """queue_log has not told when those were answered who were found in a talk, so it was not from a queue."""
        for each, at_ms in self._talks.items():
            call = self._calls.get(each)
            if call is not None and call.answered_ms is None:
                self._picked_up(each, call, at_ms)
        self._talks.clear()

    # queue_log.

    def read(self, sign: Sign) -> None:
        """Take in a line of queue_log, once the manager interface must have said the same or cannot say it."""
        memory = self.memory
        if sign.what is What.STARTED:
            self._started(sign.at_ms)
            memory.line_ms = sign.at_ms
            return
        self.passed(sign.at_ms)
        memory.line_ms = sign.at_ms  # the clock may have been set back
        birth = birth_of(sign.call)
        if birth is None:
            return
        call = self._calls.get(sign.call)
        if call is not None and self._is_watched(sign):
            self._confirm(call, sign)
            return
        if call is None:
            if self._is_told(sign, birth):
                return
            call = self._read_of_late(sign, birth)
            if call is None:
                return
        if sign.what is What.ANSWERED:
            call.aside = False  # so it is known when
        elif sign.what in _AFTER_AN_ANSWER and call.answered_ms is None:  # of which the line was lost
            self._picked_up(sign.call, call, sign.at_ms - sign.seconds * SECOND_MS)
        self._read[sign.what](sign.call, call, sign)

    def _is_watched(self, sign: Sign) -> bool:
        """Whether the manager interface was heard when a line was written, and tells how calls end."""
        return self.watching and not self.is_deaf and sign.at_ms - HALF_SECOND_MS >= self.since_ms > 0

    def _is_told(self, sign: Sign, birth: Birth) -> bool:
        """Whether the manager interface was heard from the call's beginning until this was written."""
        if sign.call in self._over:
            return True
        born_ms, written_ms = birth.second * SECOND_MS, sign.at_ms + HALF_SECOND_MS
        if self.watching and not self.is_deaf and 0 < self.since_ms <= born_ms:
            return True
        return any(each.since_ms <= born_ms and written_ms <= each.until_ms for each in self.memory.watched)

    def _read_of_late(self, sign: Sign, birth: Birth) -> Call | None:
        if sign.what in _AFTER_AN_ANSWER:
            if self.tells:
                self.left_out["began_before"] += 1
            self._forget(sign.call, sign.at_ms)
            return None
        self._notice(birth, sign.at_ms)
        call = self._begin(sign, birth)
        if not self.tells:
            self._untold.add(sign.call)
        if sign.what not in (What.NUMBER, What.JOINED):
            self._join(sign.call, call, sign)
        return call

    def _confirm(self, call: Call, sign: Sign) -> None:
        """A line about a call of which the manager interface tells: nothing new, unless it may not tell of queues."""
        if sign.what is What.NUMBER:
            self._number(sign.call, call, sign)
        elif sign.what in (What.JOINED, What.ANSWERED):
            self._decide(call, sign.cluster)
            if sign.what is What.ANSWERED and call.answered_ms is None:
                self._answer(sign.call, call, sign)
            self._tell(sign.call, call)

    def _started(self, start_ms: int) -> None:
        """The exchange has started in a second: what lived before it is over, and numbers of channels begin anew.

        Of several exchanges it is not said which: there ids that begin anew tell.
        """
        memory = self.memory
        if memory.systems > 1:
            return
        self._end_all(start_ms, start_ms)
        second = start_ms // SECOND_MS
        if memory.newest != NO_CHANNEL and second >= memory.newest[0]:
            memory.newest = (second, -1)
        for system, (newest, _) in memory.newest_by_system.items():
            if second >= newest:
                memory.newest_by_system[system] = (second, -1)

    def passed(self, now_ms: int) -> None:
        """Nothing more stands in queue_log until a moment: calls that have seemed to be over for long are."""
        for each in [*self._seeming_over]:
            call = self._calls.get(each)
            if call is None or call.left_ms is None:
                self._seeming_over.discard(each)
            elif call.left_ms + BACK_MS <= now_ms or (
                call.left_ms + GRACE_MS <= now_ms and call.answered_ms is not None
            ):
                self._finish(each, call, call.left_ms)
            elif call.left_ms + GRACE_MS <= now_ms and call.told & (OFFERED | LEFT) == OFFERED:
                self._say(call, each, Abandoned, call.left_ms, LEFT)

    def forget_before(self, now_ms: int) -> None:
        """Drop what nothing will ask for any more; the clock of the exchange has come to a moment."""
        memory = self.memory
        done_ms = min(now_ms, memory.line_ms if self._follows_log else now_ms) - _KEPT_MS
        for each in [each for each, at_ms in self._over.items() if at_ms <= done_ms]:
            del self._over[each]
        memory.watched = [each for each in memory.watched if each.until_ms > done_ms]
        stale = (now_ms - NEVER_MS) // SECOND_MS
        if memory.newest[0] <= stale:
            memory.newest = NO_CHANNEL
        for system in [each for each, (second, _) in memory.newest_by_system.items() if second <= stale]:
            del memory.newest_by_system[system]
        while self._calls:
            first = next(iter(self._calls))
            if self._calls[first].dialled_ms > now_ms - NEVER_MS:
                break
            del self._calls[first]

    def begin_telling(self) -> None:
        """What stood in queue_log before is read: of calls that go on without the manager interface, tell who
        wait."""
        self.tells = True

    def tell_waiting(self) -> None:
        """Without the manager interface nobody says which calls of before go on: those in a queue do."""
        for each in self._untold:
            call = self._calls.get(each)
            if call is None:
                continue
            if call.in_queue and call.answered_ms is None:
                self._tell(each, call)
            else:
                del self._calls[each]
        self._untold.clear()
