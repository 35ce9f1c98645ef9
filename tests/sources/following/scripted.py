"""A source that tells what a test has written down, from any place of it on."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Final, Literal

from streams.channels.calls.events import Abandoned, Offered
from streams.core.rules import Channel
from streams.settings.sources import SourceTable
from streams.sources.source import Link, Step

KCC: Final = "Klantencontactcentrum"
BEGIN: Final = 1_700_000_000.0

CONNECTED: Final = Step(link=Link(connected=True))


class ScriptedTable(SourceTable, frozen=True, kw_only=True):
    """What the settings would say of it."""

    kind: Literal["scripted"] = "scripted"

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Calls alone."""
        return (Channel.PHONE,)


class Scripted:
    """Each step has its number as its position; after the last one nothing more comes."""

    def __init__(self, steps: Sequence[Step], before: Callable[[int], Awaitable[object]] | None = None) -> None:
        """`before` is awaited before each step, with its number."""
        self.steps_written = steps
        self.began: list[bytes | None] = []
        """The positions with which it was started."""
        self.told = 0
        """How many steps were taken of it since it was last started."""
        self._before = before

    async def steps(self, position: bytes | None) -> AsyncGenerator[Step]:
        """From the position on."""
        self.began.append(position)
        self.told = 0
        yield CONNECTED
        for number in range(int(position or b"0"), len(self.steps_written)):
            if self._before is not None:
                await self._before(number)
            yield self.steps_written[number]
            self.told += 1
        await asyncio.Event().wait()


def calls(count: int, cluster: str = KCC) -> list[Step]:
    """A step for each call, offered and abandoned."""
    return [
        Step(
            events=(
                Offered(f"call-{number}", cluster, BEGIN + number),
                Abandoned(f"call-{number}", cluster, BEGIN + number + 0.5),
            ),
            position=str(number + 1).encode(),
        )
        for number in range(count)
    ]
