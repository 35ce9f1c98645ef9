"""A FreeSWITCH exchange as a source: listens to its event socket and yields facts of calls. Must not know Kafka or
settings."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import Final

from streams.process.clock import system_clock
from streams.sources.call_rules import CallRules
from streams.sources.exchange.connection import Lost, Patience
from streams.sources.exchange.telling import steps_of
from streams.sources.freeswitch.client import Connected, Listed, Message, Received, SocketClient
from streams.sources.freeswitch.events import WANTED
from streams.sources.freeswitch.memory import Memory, restored
from streams.sources.freeswitch.parameters import EventSocket
from streams.sources.freeswitch.watch import Watch
from streams.sources.source import Link, SourceError, Step

log = logging.getLogger(__name__)

INBOX: Final = 64
"""Messages that wait to be taken in; the exchange waits when there are more."""

GATHER_SECONDS: Final = 0.02
"""How long what comes is gathered for one step: far below what a wall shows, and a position for many facts."""

POSITION_MS: Final = 5_000
"""How often a position is given though there are no facts."""

_NO_CHANNELS: Final = (
    "FreeSWITCH does not tell which calls are going on, so that those that began or ended while nobody listened are "
    "not known: let `show channels as json` be asked over the event socket."
)
_NO_MEMBERS: Final = (
    "FreeSWITCH does not tell who waits in the queues of the settings, so that those who waited before this "
    "connection are known only once more is heard of them: is mod_callcenter loaded, with these queues?"
)


class FreeSwitchSource:
    """One exchange."""

    def __init__(
        self,
        socket: EventSocket,
        rules: CallRules,
        *,
        patience: Patience | None = None,
        clock: Callable[[], int] = system_clock,
    ) -> None:
        """`clock` gives ms since 1970."""
        self._socket = socket
        self._rules = rules
        self._patience = patience or Patience()
        self._clock = clock

    async def steps(self, position: bytes | None) -> AsyncGenerator[Step]:
        """Facts as they happen, and with each its position; `Link` when something changes."""
        memory = Memory() if position is None else _restored(position)
        inbox: asyncio.Queue[Message] = asyncio.Queue(INBOX)
        client = SocketClient(self._socket, WANTED, [*self._rules.queues], self._patience, self._clock)
        follower = _Follower(Watch(self._rules, memory), client, self._clock)
        listening = asyncio.create_task(client.follow(inbox), name="freeswitch-events")
        try:
            while True:
                if listening.done():
                    listening.result()  # raises what ended it: by itself it never ends
                await follower.take_in(inbox)
                for step in follower.news():
                    yield step
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening


def _restored(position: bytes) -> Memory:
    try:
        return restored(position)
    except ValueError as error:
        raise SourceError(
            f"Expected the position of a FreeSWITCH exchange as this version writes it, got another ({error}). "
            "Follow it under another name, or go back to the version that wrote it."
        ) from None


class _Follower:
    """One run of the source."""

    def __init__(self, watch: Watch, client: SocketClient, clock: Callable[[], int]) -> None:
        self._watch = watch
        self._client = client
        self._clock = clock
        self._link: Link | None = None
        self._is_link_new = False
        self._too_large = 0
        self._saved_ms = clock()
        self._is_news = False
        """Whether anything was taken in since the last position."""

    async def take_in(self, inbox: asyncio.Queue[Message]) -> None:
        """The next messages, once others have had a moment to come too; none where nothing comes for a while."""
        try:
            async with asyncio.timeout(1):
                message = await inbox.get()
        except TimeoutError:
            return
        await asyncio.sleep(GATHER_SECONDS)
        self._take(message)
        while not inbox.empty():
            self._take(inbox.get_nowait())

    def _take(self, message: Message) -> None:
        match message:
            case Connected():
                self._watch.connected()
            case Received(events=events, at_ms=at_ms):
                self._watch.received(events, at_ms)
                self._is_news = self._is_news or bool(events)
            case Listed(channels=channels, members=members, at_ms=at_ms):
                self._watch.listed(channels, members, at_ms)
                self._set_link(Link(connected=True, why=self._complaint()))
            case Lost(why=why):
                self._watch.lost()
                self._set_link(Link(connected=False, why=why))

    def _complaint(self) -> str:
        """What is wrong though the exchange is heard."""
        if not self._watch.knows_channels:
            return _NO_CHANNELS
        return "" if self._watch.knows_members else _NO_MEMBERS

    def _set_link(self, link: Link) -> None:
        if link == self._link:
            return
        self._link, self._is_link_new, self._is_news = link, True, True
        if link.connected and link.why:
            log.warning("%s", link.why)

    def news(self) -> list[Step]:
        """What there is to tell."""
        told, left_out = self._watch.take()
        if self._client.too_large > self._too_large:
            left_out["unreadable_block"] += self._client.too_large - self._too_large
            self._too_large = self._client.too_large
        now_ms = self._clock()
        link, self._is_link_new = (self._link if self._is_link_new else None), False
        position = None
        if told or (self._is_news and (link is not None or now_ms >= self._saved_ms + POSITION_MS)):
            self._saved_ms, self._is_news = now_ms, False
            position = self._watch.position()
        return [*steps_of(told, position, Counter(left_out), link)]
