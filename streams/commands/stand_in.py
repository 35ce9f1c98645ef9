"""The exchange of `wachtmonitor demo --exchange`: a stand-in for it, and a follower that watches it as it would any.

Must not know the environment.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec
from pydantic import SecretStr

from streams.channels import CALLS
from streams.channels.calls.events import CallEvent
from streams.commands.follow import pages_of
from streams.settings import Settings
from streams.settings.sources import AsteriskSource
from streams.sources.following import DeliveryError, Follower
from streams.sources.source import SourceError
from streams.sources.stand_in import Line, StandIn, StandInServer, happenings
from streams.sources.stand_in.server import HOST, USERNAME
from streams.sources.watched import source_of

log = logging.getLogger(__name__)

NAME: Final = "exchange"
"""Of the source."""

_NUMBER_FIRST, _QUEUE_FIRST = 8301, 601
"""The number and the queue of the first cluster; those of the others follow."""


class Addresses(msgspec.Struct, frozen=True):
    """Where what can be looked at."""

    manager: str
    """Address and port of the manager interface."""
    queue_log: Path
    pages: str
    """Address and port of the follower's own pages."""


class StandInExchange:
    """An exchange on which these calls come in. Used as `async with`, around whoever counts them."""

    def __init__(self, settings: Settings, calls: Iterable[CallEvent], directory: Path) -> None:
        """`calls` are facts by time; `directory` takes queue_log."""
        self._settings = settings
        self._lines = {
            cluster: Line(str(_NUMBER_FIRST + place), str(_QUEUE_FIRST + place))
            for place, cluster in enumerate(settings.rules.channel_clusters(CALLS.name))
        }
        self._server = StandInServer(StandIn(self._lines), happenings(calls), directory / "queue_log")

    async def __aenter__(self) -> Self:
        """Listen: nothing is told before somebody follows."""
        await self._server.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up, and be gone."""
        await self._server.__aexit__(kind, error, trace)

    @property
    def settings(self) -> Settings:
        """Those given, with this exchange as their only source."""
        server = self._server
        table = AsteriskSource(
            kind="asterisk",
            host=HOST,
            port=server.port,
            username=USERNAME,
            secret=SecretStr(server.secret),
            queue_log=server.queue_log,
            queues={line.queue: cluster for cluster, line in self._lines.items()},
            numbers={line.number: cluster for cluster, line in self._lines.items()},
        )
        return msgspec.structs.replace(self._settings, sources={NAME: table})

    @asynccontextmanager
    async def followed(self) -> AsyncIterator[Addresses]:
        """Follow it while the block runs, as `wachtmonitor follow` would."""
        settings = self.settings
        table = settings.sources[NAME]
        follower, stop = Follower(NAME, table, source_of(NAME, table, settings), settings), asyncio.Event()
        async with pages_of(follower, settings) as pages:
            following = asyncio.create_task(_follow(follower, stop), name=f"follow {NAME}")
            try:
                yield Addresses(f"{HOST}:{self._server.port}", self._server.queue_log, pages)
            finally:
                stop.set()
                await following


async def _follow(follower: Follower, stop: asyncio.Event) -> None:
    """When this fails the wall turns grey, and the log says why."""
    try:
        await follower.run(stop)
    except (SourceError, DeliveryError) as error:
        log.error("the exchange is no longer followed: %s", error)
