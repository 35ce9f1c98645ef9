"""The stand-in exchange on this machine: a manager interface on the loopback interface, and a queue_log that grows.

It begins once somebody listens, says at once what is past by then, and the rest as its time comes. Must not know
settings.
"""

import asyncio
import hmac
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from streams.core.rules import SECOND_MS
from streams.process.clock import system_clock
from streams.sources.asterisk.blocks import BlockReader, fields_of
from streams.sources.stand_in.happenings import Happening
from streams.sources.stand_in.telling import END, Said, StandIn

HOST: Final = "127.0.0.1"
"""It is for this machine alone."""

USERNAME: Final = "wachtmonitor"

BANNER: Final = b"Asterisk Call Manager/11.0.0\r\n"
"""How Asterisk 22 introduces itself."""

AT_ONCE: Final = 200
"""Happenings of the past that are said at a time."""


class StandInServer:
    """The exchange. Used as `async with`."""

    def __init__(
        self,
        exchange: StandIn,
        happenings: Iterable[Happening],
        queue_log: Path,
        clock: Callable[[], int] = system_clock,
    ) -> None:
        """`happenings` are by time; `queue_log` is made."""
        self.secret = secrets.token_urlsafe()
        """Of its only user."""
        self.queue_log = queue_log
        self.port = 0
        """Where the manager interface listens."""
        self._exchange = exchange
        self._happenings = iter(happenings)
        self._clock = clock
        self._started_ms = clock()
        self._listened = asyncio.Event()
        """Somebody has logged in and knows the calls that are going on."""
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._playing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Listen."""
        self.queue_log.write_bytes(b"")
        self._server = await asyncio.start_server(self._connected, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self._playing = asyncio.create_task(self._play(), name="stand-in exchange")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up, and be gone."""
        assert self._server is not None
        assert self._playing is not None
        self._server.close()
        tasks = [self._playing, *self._serving]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # What happens.

    async def _play(self) -> None:
        await self._listened.wait()
        first = next(self._happenings, None)
        if first is None:
            return
        said = [Said(lines=[self._exchange.starts(first.at_ms)])]
        for one in chain([first], self._happenings):
            if one.at_ms > self._clock() or len(said) >= AT_ONCE:
                await self._say(said)
                said = []
            await asyncio.sleep(max(0, one.at_ms - self._clock()) / SECOND_MS)
            said.append(self._exchange.happens(one))
        await self._say(said)

    async def _say(self, said: Iterable[Said]) -> None:
        """Over the manager interface first, as the exchange does."""
        said = [*said]
        blocks = b"".join(block for each in said for block in each.blocks)
        for writer in [*self._writers]:
            writer.write(blocks)
            with suppress(ConnectionError):
                await writer.drain()
        self._write_down(b"".join(line for each in said for line in each.lines))

    def _write_down(self, lines: bytes) -> None:
        with self.queue_log.open("ab") as log:
            log.write(lines)

    # The manager interface.

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass  # whoever listened is gone, or the exchange is: nobody waits for this
        finally:
            self._serving.discard(task)
            self._writers.discard(writer)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(BANNER)
        blocks = BlockReader()
        while data := await reader.read(4096):
            for block in blocks.feed(data):
                fields = {key.decode(): value.decode() for key, value in fields_of(block).items()}
                action, action_id = fields.get("Action", ""), fields.get("ActionID", "")
                if action == "Login":
                    if not hmac.compare_digest(fields.get("Secret", "").encode(), self.secret.encode()):
                        writer.write(_answer("Error", action_id, "Authentication failed"))
                        return
                    self._writers.add(writer)
                for answer in self._answers(action, action_id, is_in=writer in self._writers):
                    writer.write(answer)
                if action == "CoreShowChannels" and writer in self._writers:
                    self._listened.set()
            await writer.drain()

    def _answers(self, action: str, action_id: str, *, is_in: bool) -> Iterator[bytes]:
        if not is_in:
            yield _answer("Error", action_id, "Permission denied")
        elif action == "Login":
            uptime = (self._clock() - self._started_ms) // SECOND_MS
            yield _answer("Success", action_id, "Authentication accepted")
            yield f"Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: {uptime}\r\n".encode() + (
                b"Status: Fully Booted" + END
            )
        elif action == "QueueStatus":
            yield from self._exchange.waiting(self._clock(), action_id)
        elif action == "CoreShowChannels":
            yield from self._exchange.living(action_id)
        elif action == "Ping":
            yield f"Response: Success\r\nActionID: {action_id}\r\nPing: Pong".encode() + END
        else:
            yield _answer("Error", action_id, "Invalid/unknown command")


def _answer(response: str, action_id: str, message: str) -> bytes:
    return f"Response: {response}\r\nActionID: {action_id}\r\nMessage: {message}".encode() + END
