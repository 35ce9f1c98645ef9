"""The network between one worker and the brokers, which can be cut and healed.

A TCP proxy for each broker, at the ports that the brokers advertise on one of their doors. While it is cut nothing
passes and nobody is told, as when a cable is pulled; what was under way arrives when it is healed, as TCP sends it
again.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from streams.kafka.embedded import HOST
from tests.brokers.apache import Door

Accept = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]

PIECE_BYTES: Final = 64 * 1024


class Network:
    """The way from one worker to every broker, through one door of each."""

    def __init__(self, doors: Sequence[Door]) -> None:
        """`doors` are those with one and the same number, one of each broker."""
        self._doors = doors
        self._servers: list[asyncio.Server] = []
        self._connections: set[asyncio.Task[None]] = set()
        self._to_brokers = asyncio.Event()
        self._to_worker = asyncio.Event()
        self.heal()

    @property
    def bootstrap_servers(self) -> tuple[str, ...]:
        """The addresses by which the worker goes this way."""
        return tuple(f"{HOST}:{door.advertised_port}" for door in self._doors)

    def cut(self, *, answers_only: bool = False) -> None:
        """Let nothing pass; with `answers_only` requests still reach the brokers."""
        self._to_worker.clear()
        if not answers_only:
            self._to_brokers.clear()

    def heal(self) -> None:
        """Let everything pass, first what was under way."""
        self._to_brokers.set()
        self._to_worker.set()

    async def __aenter__(self) -> Self:
        """Listen."""
        try:
            for door in self._doors:
                self._servers.append(await asyncio.start_server(self._accepts(door), HOST, door.advertised_port))
        except OSError:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        await self._close()

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for connection in list(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accepts(self, door: Door) -> Accept:
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._connections.add(task)
            try:
                await self._connect(door, reader, writer)
            finally:
                self._connections.discard(task)
                writer.close()

        return accept

    async def _connect(self, door: Door, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._to_brokers.wait()
        try:
            from_broker, to_broker = await asyncio.open_connection(HOST, door.port)
        except OSError:
            return
        try:
            await asyncio.gather(
                _pump(reader, to_broker, self._to_brokers), _pump(from_broker, writer, self._to_worker)
            )
        finally:
            to_broker.close()


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter, is_open: asyncio.Event) -> None:
    """Hand on what comes, and at last that nothing more will."""
    with suppress(OSError):  # either side may be killed
        while piece := await source.read(PIECE_BYTES):
            await is_open.wait()
            target.write(piece)
            await target.drain()
    await is_open.wait()
    target.close()
