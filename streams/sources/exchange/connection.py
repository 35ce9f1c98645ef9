"""Keeps a connection to an exchange: tries again for ever, with growing pauses, and says why there is none.

Must not know calls, files or Kafka.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

import msgspec

from streams.sources.source import SourceError


class Patience(msgspec.Struct, frozen=True):
    """How long is waited, in seconds."""

    connect_seconds: float = 10
    """For a connection, and for all of the login."""
    ping_seconds: float = 10
    """After so long without a word the exchange is asked whether it is there; after as long again it is not."""
    retry_seconds: float = 1
    """Before the next try; doubled with each that fails."""
    retry_seconds_max: float = 30
    refused_seconds: float = 60
    """Before the next try of a login that was refused: the exchange may shut out who tries more often."""


class Lost(msgspec.Struct, frozen=True):
    """No connection; `why` is for people."""

    why: str
    at_ms: int


class FailureError(Exception):
    """There is no connection, or no longer; the text is for people."""


class RefusedError(FailureError):
    """The exchange does not let this user in."""


async def keep_trying(
    connection: Callable[[], AsyncGenerator[Any]],
    inbox: "asyncio.Queue[Any]",
    patience: Patience,
    clock: Callable[[], int],
    unreached: Callable[[str], str],
) -> None:
    """Connect, hand on what each connection says, and begin anew, until cancelled.

    `unreached` makes the sentence for people of the reason why nobody answers.
    """
    pause = patience.retry_seconds
    while True:
        try:
            async for message in connection():
                pause = patience.retry_seconds
                await inbox.put(message)
        except (RefusedError, SourceError) as failure:
            await inbox.put(Lost(str(failure), clock()))
            await asyncio.sleep(patience.refused_seconds)
            continue
        except FailureError as failure:
            await inbox.put(Lost(str(failure), clock()))
        except OSError as failure:
            await inbox.put(Lost(unreached(_reason(failure, patience)), clock()))
        await asyncio.sleep(pause)
        pause = min(2 * pause, patience.retry_seconds_max)


def _reason(failure: OSError, patience: Patience) -> str:
    if isinstance(failure, ConnectionRefusedError):
        return "connection refused"
    if isinstance(failure, TimeoutError):
        return f"nothing within {patience.connect_seconds:g} s"
    return failure.strerror or type(failure).__name__
