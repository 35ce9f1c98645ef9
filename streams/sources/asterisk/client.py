"""Talks with the manager interface of Asterisk: logs in, asks, listens, and tries again for ever.

Hands on blocks as they come, and what becomes of the connection. Of events only those of calls, queues and the
exchange itself are asked for, whatever more the user may see. Must not know calls, files or Kafka.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from streams.sources.asterisk.blocks import BlockReader, fields_of
from streams.sources.asterisk.parameters import Manager
from streams.sources.asterisk.watch import LIVING, WAITING
from streams.sources.exchange.connection import FailureError, Lost, Patience, RefusedError, keep_trying
from streams.sources.source import SourceError

READ_BYTES: Final = 64 * 1024

_BANNER: Final = b"Asterisk Call Manager"
_LOGIN: Final = "login"
_LISTS: Final = {WAITING: "QueueStatus", LIVING: "CoreShowChannels"}


class Connected(msgspec.Struct, frozen=True):
    """The login is accepted, and the lists of calls are asked for."""

    at_ms: int


class Received(msgspec.Struct, frozen=True):
    """Blocks, and when they came."""

    blocks: Sequence[bytes]
    at_ms: int


Message = Connected | Received | Lost


class ManagerClient:
    """One user of the manager interface, who comes back whenever the connection is lost."""

    def __init__(self, manager: Manager, patience: Patience, clock: Callable[[], int]) -> None:
        """`clock` gives ms since 1970."""
        self.too_large = 0
        """Blocks that were left out."""
        self._manager = manager
        self._patience = patience
        self._clock = clock
        self._where = f"the manager interface of Asterisk at {manager.host}:{manager.port}"
        self._who = self._where[0].upper() + self._where[1:]

    async def follow(self, inbox: asyncio.Queue[Message]) -> None:
        """Connect, listen, and begin anew, until cancelled."""
        await keep_trying(self._connection, inbox, self._patience, self._clock, self._unreached)

    def _unreached(self, reason: str) -> str:
        return (
            f"Expected {self._where} to answer, got: {reason}. Does Asterisk run there, with `enabled = yes` and "
            "this address as `bindaddr` in manager.conf? Tried again by itself."
        )

    async def _connection(self) -> AsyncGenerator[Message]:
        """Everything of one connection. Ends with a failure."""
        async with asyncio.timeout(self._patience.connect_seconds):
            reader, writer = await asyncio.open_connection(self._manager.host, self._manager.port, limit=READ_BYTES)
        blocks = BlockReader()
        try:
            try:
                async with asyncio.timeout(self._patience.connect_seconds):
                    more = await self._log_in(reader, writer, blocks)
            except TimeoutError:
                raise FailureError(f"{self._who} does not answer the login. Tried again by itself.") from None
            for action_id, action in _LISTS.items():
                await _send(writer, Action=action, ActionID=action_id)
            yield Connected(self._clock())
            yield Received(more, self._clock())
            while True:
                data = await self._heard(reader, writer)
                yield Received(blocks.feed(data), self._clock())
        finally:
            self.too_large += blocks.too_large
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _log_in(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, blocks: BlockReader
    ) -> list[bytes]:
        """The blocks that came behind the answer to the login."""
        banner = await reader.read(len(_BANNER))
        if not _BANNER.startswith(banner[: len(_BANNER)]) or not banner:
            raise FailureError(
                f"Expected {self._where} to introduce itself as {_BANNER.decode()}, got something else: is this the "
                "port of manager.conf (5038), and not that of SIP or HTTP? Tried again by itself."
            )
        secret = self._manager.secret
        await _send(
            writer,
            Action="Login",
            ActionID=_LOGIN,
            Username=self._manager.username,
            Secret=secret if isinstance(secret, str) else secret(),
            Events="system,call,agent",
        )
        while True:
            data = await reader.read(READ_BYTES)
            if not data:
                raise FailureError(f"{self._who} closed the connection during the login. Tried again by itself.")
            found = blocks.feed(data)
            for place, block in enumerate(found):
                fields = fields_of(block)
                if fields.get(b"ActionID") == _LOGIN.encode():
                    if fields.get(b"Response") == b"Success":
                        return found[place + 1 :]
                    raise RefusedError(
                        f'{self._who} refused the login of "{self._manager.username}": correct the secret, or its '
                        "section in manager.conf (`secret`, `permit`). Tried again once a minute."
                    )

    async def _heard(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        """The next bytes. Asks whether the exchange is there when it says nothing."""
        for is_asked in (False, True):
            try:
                async with asyncio.timeout(self._patience.ping_seconds):
                    data = await reader.read(READ_BYTES)
            except TimeoutError:
                if is_asked:
                    break
                await _send(writer, Action="Ping", ActionID="ping")
                continue
            if not data:
                raise FailureError(
                    f"{self._who} closed the connection: Asterisk stopped, or could not send as fast as it says "
                    "(`writetimeout` in manager.conf). Tried again by itself."
                )
            return data
        raise FailureError(
            f"{self._who} has said nothing for {2 * self._patience.ping_seconds:g} s, asked or not. Tried again by "
            "itself."
        )


async def _send(writer: asyncio.StreamWriter, **fields: str) -> None:
    if any(end in value for end in "\r\n" for value in fields.values()):
        raise SourceError("The username or the secret for Asterisk has a line end in it: take it out.")
    writer.write(("".join(f"{key}: {value}\r\n" for key, value in fields.items()) + "\r\n").encode())
    await writer.drain()
