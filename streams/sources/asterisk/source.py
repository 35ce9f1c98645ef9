"""An Asterisk exchange as a source: listens to its manager interface, reads its queue_log, and yields facts of calls.

Each works alone; together they leave no gap. The manager interface says everything while it is heard, from dialling
in to hanging up in the voice menu; queue_log fills in what happened in queues while it was not. Must not know Kafka
or settings.
"""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from streams.contracts.staffing import Staffing
from streams.process.clock import system_clock
from streams.sources.asterisk.client import Connected, ManagerClient, Message, Received
from streams.sources.asterisk.members import Members
from streams.sources.asterisk.memory import Memory, restored
from streams.sources.asterisk.parameters import Manager, StaffRules
from streams.sources.asterisk.tail import Tail, Trouble
from streams.sources.asterisk.watch import Line, Watch
from streams.sources.call_rules import CallRules
from streams.sources.exchange.connection import Lost, Patience
from streams.sources.exchange.telling import steps_of
from streams.sources.source import Link, SourceError, Step

log = logging.getLogger(__name__)

INBOX: Final = 64
"""Messages that wait to be taken in; the exchange waits when there are more."""

GATHER_SECONDS: Final = 0.02
"""How long what comes is gathered for one step: far below what a wall shows, and a position for many facts."""

POSITION_MS: Final = 5_000
"""How often a position is given though there are no facts."""

KEY_BYTES: Final = 32
"""Of the key by which members of queues are told apart; another one in each run."""

NOT_THERE_MS: Final = 10_000
"""How long queue_log may be away: when it is rotated, it is for a moment."""


class Pace(msgspec.Struct, frozen=True):
    """How often is looked, and how long waited."""

    log_seconds: float = 0.2
    """Between two looks at queue_log."""
    patience: Patience = Patience()


class AsteriskSource:
    """One exchange."""

    def __init__(
        self,
        manager: Manager | None,
        rules: CallRules,
        queue_log: Path | None = None,
        *,
        staff: StaffRules | None = None,
        pace: Pace | None = None,
        clock: Callable[[], int] = system_clock,
    ) -> None:
        """`manager` or `queue_log` may be absent, not both. With `staff` it is told how many employees serve.

        `clock` gives ms since 1970.
        """
        if manager is None and queue_log is None:
            raise ValueError("expected the manager interface of Asterisk, its queue_log, or both; got neither")
        self._manager = manager
        self._rules = rules
        self._staff = staff
        self._queue_log = queue_log
        self._pace = pace or Pace()
        self._clock = clock

    async def steps(self, position: bytes | None) -> AsyncGenerator[Step]:
        """Facts as they happen, and with each its position; `Link` when something changes."""
        members = None if self._staff is None else Members(self._rules, self._staff, secrets.token_bytes(KEY_BYTES))
        memory = self._memory(position)
        follower = _Follower(self._manager, self._rules, self._queue_log, memory, self._clock, members=members)
        try:
            while True:
                for step in await follower.steps(self._pace):
                    yield step
        finally:
            await follower.close()

    def _memory(self, position: bytes | None) -> Memory:
        if position is None:
            return Memory()
        try:
            return restored(position)
        except ValueError as error:
            raise SourceError(
                f"Expected the position of an Asterisk exchange as this version writes it, got another ({error}). "
                "Follow it under another name, or go back to the version that wrote it."
            ) from None


class _Follower:
    """One run of the source."""

    def __init__(
        self,
        manager: Manager | None,
        rules: CallRules,
        queue_log: Path | None,
        memory: Memory,
        clock: Callable[[], int],
        *,
        members: Members | None,
    ) -> None:
        self._manager = manager
        self._clock = clock
        self._log_path = queue_log
        self._members = members
        self._watch = Watch(rules, memory, has_manager=manager is not None, has_log=queue_log is not None)
        self._tail: Tail | None = None
        if queue_log is not None:
            self._tail = Tail(queue_log, memory.place, is_first=not memory.log_begun)
        self._inbox: asyncio.Queue[Message] = asyncio.Queue(INBOX)
        self._client: ManagerClient | None = None
        self._listening: asyncio.Task[None] | None = None
        self._why: str | None = "not tried yet"
        """Why the manager interface is not heard; None when it is."""
        self._log_why = ""
        self._log_away_since_ms: int | None = None
        self._link: Link | None = None
        self._left_out: Counter[str] = Counter()
        self._counted = Counter[str]()
        self._looked_ms = 0
        self._saved_ms = clock()
        self._is_news = False
        """Whether anything was taken in since the last position."""

    async def close(self) -> None:
        """Stop listening."""
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening
        if self._tail is not None:
            self._tail.close()

    async def steps(self, pace: Pace) -> list[Step]:
        """What there is to tell after the next message or look."""
        await self._look(pace)
        if self._listening is None:
            self._begin_to_listen(pace)
        message = await self._next(pace)
        while message is not None:
            self._take_in(message)
            message = self._inbox.get_nowait() if not self._inbox.empty() else None
        self._watch.passed(self._clock())
        return [*self._news()]

    async def _next(self, pace: Pace) -> Message | None:
        """The next message, once others have had a moment to come too; None when it is time to look at queue_log."""
        wait = self._looked_ms / 1000 + pace.log_seconds - self._clock() / 1000
        if self._listening is not None and self._listening.done():
            self._listening.result()  # raises what ended it: by itself it never ends
        try:
            async with asyncio.timeout(min(max(wait, 0), pace.log_seconds)):
                message = await self._inbox.get()
        except TimeoutError:
            return None
        await asyncio.sleep(GATHER_SECONDS)
        return message

    def _begin_to_listen(self, pace: Pace) -> None:
        """Once queue_log is read to its end, so that what was before is known when the exchange lists its calls."""
        if self._manager is None or (self._tail is not None and not self._tail.at_end):
            return
        self._client = ManagerClient(self._manager, pace.patience, self._clock)
        self._listening = asyncio.create_task(self._client.follow(self._inbox), name="asterisk-manager")

    # The manager interface.

    def _take_in(self, message: Message) -> None:
        match message:
            case Connected():
                self._why = None
                self._watch.connected(message.at_ms)
                if self._members is not None:
                    self._members.connected()
            case Received():
                self._watch.received(message.blocks, message.at_ms)
                if self._members is not None:
                    self._members.received(message.blocks)
                self._is_news = self._is_news or bool(message.blocks)
            case Lost():
                self._why = message.why
                self._watch.lost(message.at_ms)
                if self._members is not None:
                    self._members.lost()

    # queue_log.

    async def _look(self, pace: Pace) -> None:
        """Read what queue_log has, if it is time to."""
        now_ms = self._clock()
        if 0 <= now_ms - self._looked_ms < pace.log_seconds * 1000:
            return
        self._looked_ms = now_ms
        if self._tail is None:
            return
        lines: list[Line] = await asyncio.to_thread(self._tail.read)
        now_ms = self._clock()
        if lines:
            self._is_news = True
            self._watch.lines(lines, now_ms)
        if self._tail.at_end:
            self._watch.caught_up(now_ms)
        else:
            self._looked_ms = 0  # there is more
        self._note_trouble(self._tail.trouble, now_ms)

    def _note_trouble(self, trouble: Trouble | None, now_ms: int) -> None:
        if trouble is None:
            self._log_why, self._log_away_since_ms = "", None
            return
        if trouble is Trouble.NOT_THERE:
            if self._log_away_since_ms is None:
                self._log_away_since_ms = now_ms
            if self._manager is not None and now_ms < self._log_away_since_ms + NOT_THERE_MS:
                return
            what = "is not there: does Asterisk write it (`queue_log = yes` in logger.conf), and here?"
        elif trouble is Trouble.DENIED:
            what = "may not be read: let the user as whom this program runs read it, and its folder."
        else:
            what = "cannot be read: is its disk there?"
        self._log_why = f"{self._log_path} {what} Tried again by itself."

    # What there is to tell.

    def _news(self) -> Iterator[Step]:
        told, left_out = self._watch.take()
        self._count_elsewhere(left_out)
        now_ms = self._clock()
        if staffing := self._staffing(now_ms, left_out):
            yield Step(events=staffing)
        link = self._new_link()
        is_due = self._is_news and (link is not None or now_ms >= self._saved_ms + POSITION_MS)
        if told or is_due:
            self._saved_ms, self._is_news = now_ms, False
            position = self._watch.position()
        else:
            position = None
        yield from steps_of(told, position, left_out, link)

    def _staffing(self, now_ms: int, left_out: Counter[str]) -> list[Staffing]:
        """How many employees serve, if that is to be told."""
        if self._members is None:
            return []
        left_out.update(self._members.left_out)
        self._members.left_out.clear()
        return self._members.news(now_ms, now_ms + (self._watch.memory.ahead_ms or 0))

    def _count_elsewhere(self, left_out: Counter[str]) -> None:
        """What is left out before it is read."""
        counts = Counter(
            {
                "unreadable_block": 0 if self._client is None else self._client.too_large,
                "log_gap": 0 if self._tail is None else self._tail.lost,
            }
        )
        left_out.update(counts - self._counted)
        self._counted = counts

    def _new_link(self) -> Link | None:
        """Whether the exchange is heard, if that is another than before."""
        if self._manager is None:
            link = Link(connected=not self._log_why, why=self._log_why)
        elif self._why is None:
            link = Link(connected=True, why=self._log_why or self._refusal())
        else:
            link = Link(connected=False, why=" ".join(filter(None, (self._why, self._log_why))))
        is_known = self._manager is None or self._why != "not tried yet"
        if not is_known or link == self._link:
            return None
        self._link = link
        self._is_news = True  # until when everything was heard
        if link.connected and link.why:
            log.warning("%s", link.why)
        return link

    def _refusal(self) -> str:
        if self._watch.is_deaf:
            return (
                "Asterisk tells this user of queues and not of calls, so that nothing is known of who hangs up in "
                "the menu: give it `read = system,call,agent` in manager.conf."
            )
        if not self._watch.is_refused:
            return ""
        return (
            "Asterisk does not let this user list its calls, so that those that end while nobody listens never do: "
            "give it `write = reporting` in manager.conf."
        )
