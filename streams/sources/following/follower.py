"""Follows one source from start to stop: reads on from its position, gathers what comes, and has it delivered.

What waits to be sent is bounded: while Kafka takes nothing the source is not read any further.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress
from typing import Any, Final

from streams.contracts.decode import Event
from streams.core.rules import Channel
from streams.live.followed import HEARTBEAT_SECONDS, Followed
from streams.process.clock import system_clock
from streams.records.sources import SourceRecord
from streams.settings import Settings, SourceTable
from streams.sources.following.account import Account
from streams.sources.following.delivery import Delivery, Placing
from streams.sources.sender import encoded
from streams.sources.source import POSITION_BYTES_MAX, Link, Source, SourceError, Step

log = logging.getLogger(__name__)

GATHER_SECONDS: Final = 0.05
"""From the beginning of one write to that of the next: what comes meanwhile shares a transaction."""

EVENTS_AT_ONCE: Final = 2_000
"""Facts of one write."""

WAITING_MAX: Final = 10_000
"""So many facts wait to be sent; then the source is not read any further until some are."""

STOP_SECONDS: Final = 3.0
"""How long what waits may take to be sent once the follower is told to stop: what is not comes again."""

STOPPED: Final = Link(connected=False, why="its follower was stopped in order")


class _Part:
    """Facts of one or more steps that are sent at once, and the position after them."""

    def __init__(self, events: Sequence[Event] = (), position: bytes | None = None, filled: int = 0) -> None:
        self.events = list(events)
        self.position = position
        """None where a step goes on in the next part."""
        self.filled = filled
        """Of the facts so many fill a gap."""

    def takes(self, other: "_Part") -> bool:
        """Whether both may be sent at once: they are, so that what waits holds few positions, each of them large."""
        return len(self.events) + len(other.events) <= EVENTS_AT_ONCE

    def take(self, other: "_Part") -> None:
        """Add what comes after this one."""
        self.events += other.events
        self.position = self.position if other.position is None else other.position
        self.filled += other.filled


class Follower:
    """One source that is followed."""

    def __init__(
        self,
        name: str,
        table: SourceTable,
        source: Source,
        settings: Settings,
        *,
        clock: Callable[[], int] = system_clock,
        placing: Placing | None = None,
        written: Callable[[int], None] = lambda _: None,
    ) -> None:
        """`name` and `table` are those of the settings.

        `written` is told how many facts more Kafka has, in the order in which the source told them.
        """
        self._name = name
        self._kind: str = getattr(table, "kind", "")
        self._channels: tuple[Channel, ...] = table.channels
        self._source = source
        self._clock = clock
        self._account = Account(name, table.channels, settings.rules, clock())
        self._written = written
        self._delivery = Delivery(settings.kafka, name, self._tell_trouble, placing, staffing=table.tells_staff)
        self._position: bytes | None = None
        self._waiting: deque[_Part] = deque()
        self._waiting_events = 0
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._is_ending = False

    def followed(self) -> Followed:
        """What became of all that came so far."""
        return self._account.followed()

    def takes_facts(self) -> bool:
        """Whether Kafka takes facts, as far as is known."""
        return self._account.written_ms is not None and not self._account.trouble

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until `stop` is set; then what waits is sent, if Kafka takes it soon.

        Raises `SourceError` when the source cannot go on, `DeliveryError` when Kafka cannot be used, or another
        follower of the same source has taken over.
        """
        stopping = asyncio.create_task(stop.wait(), name="stop")
        try:
            if await _is_first(asyncio.create_task(self._open(), name="open"), stopping):
                await self._follow(stopping)
        finally:
            stopping.cancel()
            await self._delivery.close()

    async def _open(self) -> None:
        found = await self._delivery.open()
        if found is not None:
            self._position = found.position
            self._account.go_on(found.last_fact_ms)
        log.info("source %s: %s", self._name, _from(found))
        await self._write(_Part())  # whoever else follows it learns so at once

    async def _follow(self, stopping: "asyncio.Task[Any]") -> None:
        reading = asyncio.create_task(self._read(), name=f"read {self._name}")
        sending = asyncio.create_task(self._send(), name=f"send {self._name}")
        try:
            await asyncio.wait({reading, sending, stopping}, return_when=asyncio.FIRST_COMPLETED)
            reading.cancel()
            await asyncio.wait({reading}, timeout=STOP_SECONDS)
            self._account.note_link(_last_link(reading), self._clock())
            self._is_ending = True
            self._news.set()
            await asyncio.wait({sending}, timeout=STOP_SECONDS)
        finally:
            reading.cancel()
            sending.cancel()
            await asyncio.wait({reading, sending}, timeout=STOP_SECONDS)
        for task in (sending, reading):
            if task.done() and not task.cancelled():
                task.result()

    # Reading.

    async def _read(self) -> None:
        async with aclosing(self._source.steps(self._position)) as steps:
            async for step in steps:
                self._take(step)
                while self._waiting_events >= WAITING_MAX:
                    self._room.clear()
                    await self._room.wait()
        raise SourceError(f"source {self._name} ended by itself, which none should: start it again")

    def _take(self, step: Step) -> None:
        if step.position is not None and len(step.position) > POSITION_BYTES_MAX:
            raise SourceError(
                f"source {self._name} has a position of {len(step.position):,} bytes, expected at most "
                f"{POSITION_BYTES_MAX:,}: too many of its contacts have no end"
            )
        before = self._account.link
        self._account.take(step, self._clock())
        self._tell_link(before, self._account.link)
        for part in _parts(step):
            if self._waiting and self._waiting[-1].takes(part):
                self._waiting[-1].take(part)
            else:
                self._waiting.append(part)
        self._waiting_events += len(step.events)
        if step.events or step.link is not None:  # a position alone is not urgent: it goes with the next heartbeat
            self._news.set()

    # Sending.

    async def _send(self) -> None:
        """Send what comes, and say from time to time that the source is followed; at the end that it is not."""
        loop = asyncio.get_running_loop()
        while not self._is_ending or self._waiting:
            if not self._waiting_events:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), HEARTBEAT_SECONDS)
                self._news.clear()
            begun = loop.time()
            await self._write(self._waiting.popleft() if self._waiting else _Part())
            if not self._is_ending:
                await asyncio.sleep(begun + GATHER_SECONDS - loop.time())
        await self._write(_Part())

    async def _write(self, part: _Part) -> None:
        """One transaction; what it holds counts as waiting until it is over."""
        events = part.events
        records = list(map(encoded, events))
        position = self._position if part.position is None else part.position
        await self._delivery.write(list(zip(events, records, strict=True)), lambda: self._state(position, events))
        self._position = position
        self._account.sent(events, records, part.filled, self._clock())
        self._waiting_events -= len(events)
        self._room.set()
        self._written(len(events))

    def _state(self, position: bytes | None, events: Sequence[Event]) -> SourceRecord:
        known = self._account.followed()
        return SourceRecord(
            source=self._name,
            kind=self._kind,
            position=position,
            follower=self._delivery.follower,
            written_ms=self._clock(),
            connected=known.connected,
            since_ms=known.since_ms,
            why=known.why,
            last_fact_ms=self._account.newest_with(events),
            channels=self._channels,
        )

    # Telling.

    def _tell_link(self, before: Link, now: Link) -> None:
        if now.connected and not before.connected:
            log.info("source %s: connected", self._name)
        elif not now.connected and now != before:
            log.warning("source %s: not connected: %s", self._name, now.why)

    def _tell_trouble(self, trouble: str) -> None:
        before, self._account.trouble = self._account.trouble, trouble
        if trouble and not before:
            log.warning("source %s: Kafka takes nothing, which is tried again: %s", self._name, trouble)
        elif before and not trouble:
            log.info("source %s: Kafka takes facts again", self._name)


def _parts(step: Step) -> list[_Part]:
    """The step in parts that fit in one write; none where there is nothing to write."""
    if not step.events:
        return [] if step.position is None else [_Part(position=step.position)]
    pieces = [step.events[start : start + EVENTS_AT_ONCE] for start in range(0, len(step.events), EVENTS_AT_ONCE)]
    parts = [_Part(piece, None, len(piece) if step.missed_before else 0) for piece in pieces]
    parts[-1].position = step.position
    return parts


def _last_link(reading: "asyncio.Task[None]") -> Link:
    """What is said of a source once it is not followed any more."""
    if not reading.done() or reading.cancelled() or (error := reading.exception()) is None:
        return STOPPED
    return Link(connected=False, why=str(error) if isinstance(error, SourceError) else "its follower has failed")


def _from(found: SourceRecord | None) -> str:
    if found is None or found.position is None:
        return "was never followed before: begins with what happens from now on"
    return "goes on from where it was read to"


async def _is_first(work: "asyncio.Task[None]", stopping: "asyncio.Task[Any]") -> bool:
    """Whether work was done before the stop; if not it is cancelled."""
    try:
        await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
            return True
        return False
    finally:
        if not work.done():
            work.cancel()
            await asyncio.wait({work}, timeout=STOP_SECONDS)
