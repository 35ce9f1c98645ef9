"""The sources of a scenario: a stand-in exchange, a caller of webhooks, and the processes that follow and receive."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Final, Self

from streams.settings import KafkaSettings
from tests.brokers.apache import Door
from tests.brokers.ports import next_port
from tests.chaos.crew import Crew, Slot
from tests.chaos.events import DESKS, PHONE
from tests.chaos.proxy import Network
from tests.chaos.sources.caller import LINE, SECRET, Caller
from tests.chaos.sources.exchange import NAMED, QUEUE, LiveExchange
from tests.chaos.sources.truth import Happened

POLL_SECONDS: Final = 0.1

FOLLOWER, RECEIVER, TWIN = range(3)


class Sources:
    """Used as `async with`: it begins with an exchange that is there, and whom it is followed by."""

    def __init__(self, kafka: KafkaSettings, directory: Path, settings_file: Path, random: Random) -> None:
        """`kafka` is what the followers reach."""
        folder = directory / "exchange"
        folder.mkdir()
        log = folder / "queue_log"
        log.touch()
        self.exchange = LiveExchange(log, random)
        self._door = Door(0, next_port())
        self.line: Network | None = None
        """The way from the exchange to its follower, once it is there."""
        receive_port = next_port()
        self.caller = Caller(receive_port, random)
        self._settings_file = settings_file
        settings_file.write_text(settings_file.read_text("utf-8") + _tables(self._door, log), "utf-8")
        variables = {
            "WACHTMONITOR_SOURCE_KCC_SECRET": "proef",
            "WACHTMONITOR_SOURCE_DESKS_SECRET": SECRET,
            "WACHTMONITOR_RECEIVE_PORT": str(receive_port),
        }
        commands = {"follower": ("follow", "kcc"), "receiver": ("receive",), "twin": ("follow", "kcc")}
        self.crew = Crew(
            [Slot(name, kafka, directory / f"{name}.log", words, variables) for name, words in commands.items()],
            settings_file,
        )
        self._stack = AsyncExitStack()

    @property
    def follower(self) -> Slot:
        """Who follows the exchange."""
        return self.crew.slots[FOLLOWER]

    @property
    def receiver(self) -> Slot:
        """Who is called."""
        return self.crew.slots[RECEIVER]

    @property
    def twin(self) -> Slot:
        """Another who follows the exchange, if wanted."""
        return self.crew.slots[TWIN]

    def happened(self) -> list[Happened]:
        """The truth so far."""
        return [*self.exchange.happened, *self.caller.happened]

    async def __aenter__(self) -> Self:
        """Let the exchange be there, and start whoever follows."""
        manager = self.exchange.manager
        await manager.open()
        self.line = Network([Door(manager.manager.port, self._door.advertised_port)])
        await self._stack.enter_async_context(self.line)
        for close in (self.exchange.close, self.caller.close, self.crew.close):
            self._stack.push_async_callback(close)
        self.crew.start(TWIN)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let all be gone."""
        await self._stack.aclose()

    async def listened_to(self) -> None:
        """Wait until somebody has logged in."""
        while not self.exchange.manager.logins:  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(POLL_SECONDS)

    def start(self) -> None:
        """Let callers and visitors come."""
        self.exchange.start_calls()
        self.caller.start()

    async def finish(self) -> None:
        """Let all go, and wait until the caller was told that all is taken."""
        await asyncio.gather(self.exchange.finish(), self.caller.finish())


def _tables(door: Door, log: Path) -> str:
    return f"""
[source.kcc]
kind = "asterisk"
host = "127.0.0.1"
port = {door.advertised_port}
username = "wacht"
queue_log = "{log}"
[source.kcc.queues]
{QUEUE} = "{PHONE}"
[source.kcc.numbers]
{NAMED} = "{PHONE}"
[source.desks]
kind = "qminder"
[source.desks.clusters]
{LINE} = "{DESKS[0]}"
"""
