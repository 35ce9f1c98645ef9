"""A stand-in for the manager interface of an exchange, on loopback: lets in who knows the secret, and says what it is
told to."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Self

from streams.sources.asterisk.blocks import BlockReader, fields_of
from streams.sources.asterisk.parameters import Manager
from tests.sources.asterisk.replaying import Exchange

BANNER = b"Asterisk Call Manager/11.0.0\r\n"


class StandIn:
    """Used as `async with`."""

    def __init__(self, lists: Callable[[int], Iterator[bytes]] | None = None) -> None:
        self.lists = lists or Exchange([]).lists
        self.banner = BANNER
        self.answers = True
        """Whether anything is answered; the connection stays all the same."""
        self.logins = 0
        self.heard: list[str] = []
        """Actions, in order."""
        self._writers: list[asyncio.StreamWriter] = []
        self._changed = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def manager(self) -> Manager:
        """How to reach it."""
        return Manager("127.0.0.1", self._port, "wacht", "proef")

    @property
    def is_open(self) -> bool:
        """Whether it is there."""
        return self._server is not None

    async def open(self) -> None:
        """Listen, on the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Hang up, and be gone."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.hang_up()

    def hang_up(self) -> None:
        """Close all connections."""
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def asked(self, action: str, times: int) -> None:
        """Wait until something was asked for so many times."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.heard.count(action) >= times)

    async def send(self, blocks: Iterable[bytes]) -> None:
        """Say something to who is connected."""
        for writer in self._writers:
            writer.write(b"".join(block + b"\r\n\r\n" for block in blocks))
            await writer.drain()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.banner)
        blocks = BlockReader()
        while data := await reader.read(4096):
            for block in blocks.feed(data):
                fields = {key.decode(): value.decode() for key, value in fields_of(block).items()}
                if self.answers:
                    for answer in self._answers(fields, writer):
                        writer.write(answer + b"\r\n\r\n")
                async with self._changed:
                    self.heard.append(fields["Action"])
                    self._changed.notify_all()
        writer.close()

    def _answers(self, fields: dict[str, str], writer: asyncio.StreamWriter) -> Iterator[bytes]:
        mine = f"ActionID: {fields['ActionID']}".encode()
        match fields["Action"]:
            case "Login" if fields["Secret"] != "proef":
                yield b"Response: Error\r\n" + mine + b"\r\nMessage: Authentication failed"
            case "Login":
                self.logins += 1
                self._writers.append(writer)
                yield b"Response: Success\r\n" + mine + b"\r\nMessage: Authentication accepted"
                yield b"Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted"
            case "CoreShowChannels":
                yield from self.lists(0)
            case "Ping":
                yield b"Response: Success\r\n" + mine + b"\r\nPing: Pong"
