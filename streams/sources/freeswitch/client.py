"""Talks with the event socket of FreeSWITCH: logs in, asks, listens, and tries again for ever.

Hands on events as they come, the lists that were asked for, and what becomes of the connection. Must not know calls,
files or Kafka.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

import msgspec

from streams.sources.exchange.connection import FailureError, Lost, Patience, RefusedError, keep_trying
from streams.sources.freeswitch.frames import Frame, FrameError, FrameReader
from streams.sources.freeswitch.parameters import EventSocket
from streams.sources.source import SourceError

READ_BYTES: Final = 64 * 1024

_EVENT: Final = b"text/event-plain"
_GREETING: Final = b"auth/request"
_ANSWERS: Final = (b"command/reply", b"api/response")
_REJECTION: Final = b"text/rude-rejection"
_FAREWELL: Final = b"text/disconnect-notice"
_ACCEPTED: Final = b"+OK"


class Connected(msgspec.Struct, frozen=True):
    """The exchange has let us in and sends events; the lists are being asked for."""

    at_ms: int


class Received(msgspec.Struct, frozen=True):
    """Events, and when they came."""

    events: Sequence[bytes]
    at_ms: int


class Listed(msgspec.Struct, frozen=True):
    """The channels that live and, by queue, its members; when they were asked for."""

    channels: bytes
    members: Mapping[str, bytes]
    at_ms: int


Message = Connected | Received | Listed | Lost


class SocketClient:
    """One user of the event socket, who comes back whenever the connection is lost."""

    def __init__(
        self,
        socket: EventSocket,
        wanted: str,
        queues: Sequence[str],
        patience: Patience,
        clock: Callable[[], int],
    ) -> None:
        """`wanted` are the events to ask for, `queues` those whose members; `clock` gives ms since 1970."""
        self.too_large = 0
        """Frames that were passed over."""
        self._socket = socket
        self._wanted = wanted
        self._queues = queues
        self._patience = patience
        self._clock = clock
        self._where = f"the event socket of FreeSWITCH at {socket.host}:{socket.port}"
        self._who = self._where[0].upper() + self._where[1:]

    async def follow(self, inbox: asyncio.Queue[Message]) -> None:
        """Connect, listen, and begin anew, until cancelled."""
        await keep_trying(self._connection, inbox, self._patience, self._clock, self._unreached)

    def _unreached(self, reason: str) -> str:
        return (
            f"Expected {self._where} to answer, got: {reason}. Does FreeSWITCH run there, with this address as "
            "`listen-ip` in event_socket.conf.xml? Tried again by itself."
        )

    async def _connection(self) -> AsyncGenerator[Message]:
        """Everything of one connection. Ends with a failure."""
        async with asyncio.timeout(self._patience.connect_seconds):
            reader, writer = await asyncio.open_connection(self._socket.host, self._socket.port, limit=READ_BYTES)
        line = _Line(reader, writer, self._who)
        try:
            async with self._in_time("the login"):
                await self._log_in(line)
            yield Connected(self._clock())
            asked_ms, lists = self._clock(), []
            for command in ("show channels as json", *map(_members_of, self._queues)):
                async with self._in_time(f"`{command}`"):
                    lists.append((await line.asked(f"api {command}")).body)
                yield Received(line.events(), self._clock())
            yield Listed(lists[0], dict(zip(self._queues, lists[1:], strict=True)), asked_ms)
            while True:
                await self._hear(line)
                yield Received(line.events(), self._clock())
        finally:
            self.too_large += line.frames.too_large
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    @asynccontextmanager
    async def _in_time(self, what: str) -> AsyncGenerator[None]:
        try:
            async with asyncio.timeout(self._patience.connect_seconds):
                yield
        except TimeoutError:
            raise FailureError(f"{self._who} does not answer {what}. Tried again by itself.") from None

    async def _log_in(self, line: "_Line") -> None:
        if (await line.answer((_GREETING, _REJECTION))).kind == _REJECTION:
            raise RefusedError(
                f"{self._who} lets in no one from this address: add it to `apply-inbound-acl` in "
                "event_socket.conf.xml. Tried again once a minute."
            )
        password = self._socket.password
        password = password if isinstance(password, str) else password()
        if not (await line.asked(f"auth {password}")).reply.startswith(_ACCEPTED):
            raise RefusedError(
                f"{self._who} refused the password: correct it here, or in event_socket.conf.xml (`password`). Tried "
                "again once a minute."
            )
        if not (await line.asked(f"event plain {self._wanted}")).reply.startswith(_ACCEPTED):
            raise RefusedError(
                f"{self._who} does not let this user hear of calls: let it have the events {self._wanted}. Tried "
                "again once a minute."
            )

    async def _hear(self, line: "_Line") -> None:
        """The next bytes. Asks whether the exchange is there when it says nothing."""
        for is_asked in (False, True):
            try:
                async with asyncio.timeout(self._patience.ping_seconds):
                    await line.read()
            except TimeoutError:
                if not is_asked:
                    await line.send("api uptime")
            else:
                return
        raise FailureError(
            f"{self._who} has said nothing for {2 * self._patience.ping_seconds:g} s, asked or not. Tried again by "
            "itself."
        )


def _members_of(queue: str) -> str:
    """How the members of a queue are asked for; a name with spaces stands between quotes."""
    name = f"'{queue}'" if " " in queue else queue
    return f"callcenter_config queue list members {name}"


class _Line:
    """What is said over one connection: answers come in the order of the questions, events between them."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, who: str) -> None:
        self.frames = FrameReader()
        self._reader = reader
        self._writer = writer
        self._who = who
        self._events: list[bytes] = []
        self._answers: list[Frame] = []

    def events(self) -> list[bytes]:
        """Those since the last time."""
        self._answers.clear()  # that of being there was all that it was asked for
        events, self._events = self._events, []
        return events

    async def send(self, command: str) -> None:
        """Say something."""
        if any(end in command for end in "\r\n"):
            raise SourceError("The password or a queue for FreeSWITCH has a line end in it: take it out.")
        self._writer.write(f"{command}\n\n".encode())
        await self._writer.drain()

    async def asked(self, command: str) -> Frame:
        """Say something and wait for the answer."""
        await self.send(command)
        return await self.answer(_ANSWERS)

    async def answer(self, kinds: tuple[bytes, ...]) -> Frame:
        """The next answer."""
        while not self._answers:
            await self.read()
        answer = self._answers.pop(0)
        if answer.kind not in kinds:
            raise FailureError(f"{self._who} says something else than was asked. Tried again by itself.")
        return answer

    async def read(self) -> None:
        """Read what comes next, whatever it is."""
        data = await self._reader.read(READ_BYTES)
        if not data:
            raise FailureError(f"{self._who} closed the connection. Tried again by itself.")
        try:
            frames = self.frames.feed(data)
        except FrameError as error:
            raise FailureError(
                f"{self._who} does not speak as one: {error}. Is this the port of event_socket.conf.xml (8021), and "
                "not that of SIP or HTTP? Tried again by itself."
            ) from None
        for frame in frames:
            if frame.kind == _EVENT:
                self._events.append(frame.body)
            elif frame.kind == _FAREWELL:
                raise FailureError(
                    f"{self._who} ends the connection: it stops, or was told to. Tried again by itself."
                )
            else:
                self._answers.append(frame)
