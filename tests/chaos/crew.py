"""The workers of a scenario, and the supervisor that starts again whatever ends, as an orchestrator would.

Those who follow sources are a crew too. It must not know why a worker is struck, nor what it counts.
"""

import asyncio
import re
import signal
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import aiohttp

from streams.settings import KafkaSettings
from tests.brokers.ports import next_port
from tests.runtime.workers import WorkerProcess

SUPERVISE_SECONDS: Final = 0.05

AGAIN_SECONDS: Final = 1.0
"""Pause before a worker that ended by itself is started again, as supervisors make one."""

SCRAPE_SECONDS: Final = 2.0

_FOLDED: Final = re.compile(
    r'^wachtmonitor_(?:events_applied|records_rejected)_total\{.*?partition="(\d+)".*?topic="([^"]+)".*?\} (\S+)$',
    re.MULTILINE,
)

Place = tuple[str, int]
"""Topic and partition."""


class Ending(NamedTuple):
    """A worker that ended: after what, with which status, and its last words."""

    cause: str
    status: int
    words: str


class Slot:
    """One worker and its successors: they share a port and a log."""

    def __init__(
        self,
        name: str,
        kafka: KafkaSettings,
        log: Path,
        command: Sequence[str] = ("worker",),
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.kafka = kafka
        self.log = log
        self.command = command
        self.port = next_port()
        self.variables = {**(variables or {}), "WACHTMONITOR_FOLLOW_PORT": str(self.port)}
        self.process: WorkerProcess | None = None
        self.wanted = True
        self.frozen = False
        self.cut_off = False
        self.start_at = 0.0
        """When the supervisor may start it, by the monotonic clock."""
        self.struck: str | None = None
        """The signal that it is to die of."""
        self.said = 0
        """How much of the log earlier processes wrote."""


class Crew:
    """Starts workers, strikes them, and keeps them running."""

    def __init__(self, slots: Sequence[Slot], settings_file: Path, *, verbose: bool = False) -> None:
        """Nobody runs before `start`."""
        self.slots = slots
        self.endings: list[Ending] = []
        self.starts = 0
        self._settings_file = settings_file
        self._verbose = verbose
        self._http: aiohttp.ClientSession | None = None
        self._supervisor: asyncio.Task[None] | None = None

    def start(self, count: int) -> None:
        """Start the first workers, and whatever ends from now on."""
        for slot in self.slots[count:]:
            slot.wanted = False
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SCRAPE_SECONDS))
        self._supervisor = asyncio.create_task(self._supervise(), name="supervisor")

    def running(self) -> list[Slot]:
        """The workers that could be struck: they run, or will in a moment, and nothing keeps them from it."""
        return [slot for slot in self.slots if slot.wanted and not slot.frozen and not slot.cut_off]

    # Strikes.

    def kill(self, slot: Slot, pause_seconds: float = 0.0) -> None:
        """SIGKILL; the supervisor starts the next one after a pause."""
        slot.start_at = time.monotonic() + pause_seconds
        if slot.process is not None:
            slot.struck = "SIGKILL"
            slot.process.kill()
            self._bury(slot)

    def terminate(self, slot: Slot, pause_seconds: float = 0.0) -> None:
        """SIGTERM; the supervisor starts the next one when it has ended, if it is wanted still."""
        slot.start_at = time.monotonic() + pause_seconds
        if slot.process is not None:
            slot.struck = "SIGTERM"
            slot.process.signal(signal.SIGTERM)

    def freeze(self, slot: Slot) -> None:
        """SIGSTOP."""
        if slot.process is not None:
            slot.frozen = True
            slot.process.signal(signal.SIGSTOP)

    def thaw(self, slot: Slot) -> None:
        """SIGCONT."""
        if slot.process is not None:
            slot.process.signal(signal.SIGCONT)
        slot.frozen = False

    # Supervision.

    async def _supervise(self) -> None:
        while True:
            for slot in self.slots:
                if slot.process is not None and slot.process.exit_status() is not None:
                    self._bury(slot)
                if slot.process is None and slot.wanted and time.monotonic() >= slot.start_at:
                    self.starts += 1
                    slot.said = slot.log.stat().st_size if slot.log.exists() else 0
                    slot.process = self._started(slot)
            await asyncio.sleep(SUPERVISE_SECONDS)

    def _started(self, slot: Slot) -> WorkerProcess:
        return WorkerProcess(
            slot.kafka,
            slot.log,
            self._settings_file,
            verbose=self._verbose,
            port=slot.port,
            command=slot.command,
            variables=slot.variables,
        )

    def _bury(self, slot: Slot) -> None:
        assert slot.process is not None
        status = slot.process.exit_status()
        assert status is not None
        words = slot.log.read_bytes()[slot.said :].decode(errors="replace")
        self.endings.append(Ending(slot.struck or "itself", status, words))
        if slot.struck is None:
            slot.start_at = time.monotonic() + AGAIN_SECONDS
        slot.process, slot.struck, slot.frozen = None, None, False

    async def stop(self) -> None:
        """Ask every worker to end, and return when all have."""
        for slot in self.slots:
            slot.wanted = False
            self.terminate(slot)
        while any(slot.process is not None for slot in self.slots):  # noqa: ASYNC110 - processes set no event
            await asyncio.sleep(SUPERVISE_SECONDS)

    async def close(self) -> None:
        """Make sure that all are gone."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            with suppress(asyncio.CancelledError):
                await self._supervisor
        for slot in self.slots:
            if slot.process is not None:
                slot.process.stop()
        if self._http is not None:
            await self._http.close()

    # What they show.

    async def expositions(self) -> list[str]:
        """The metrics of every worker that answers."""
        answers = await asyncio.gather(*(self._metrics(slot) for slot in self.slots if slot.process is not None))
        return [answer for answer in answers if answer is not None]

    async def is_settled(self) -> bool:
        """Whether every worker that is wanted runs and has its partitions: no rebalance is under way."""
        wanted = [slot for slot in self.slots if slot.wanted]
        return all(await asyncio.gather(*(self._is_healthy(slot) for slot in wanted)))

    async def _is_healthy(self, slot: Slot) -> bool:
        assert self._http is not None
        try:
            async with self._http.get(f"http://127.0.0.1:{slot.port}/health/worker") as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _metrics(self, slot: Slot) -> str | None:
        assert self._http is not None
        if slot.frozen:
            return None
        try:
            async with self._http.get(f"http://127.0.0.1:{slot.port}/metrics") as answer:
                return await answer.text()
        except (aiohttp.ClientError, TimeoutError):
            return None

    async def folded(self) -> Mapping[Place, list[int]]:
        """How many records of each partition every worker that owns it has folded."""
        return folded_records(await self.expositions())


def workers(kafkas: Sequence[KafkaSettings], directory: Path) -> list[Slot]:
    """A slot for each of `kafkas`."""
    return [
        Slot(f"worker-{number}", kafka, directory / f"worker-{number}.log") for number, kafka in enumerate(kafkas)
    ]


def folded_records(expositions: Iterable[str]) -> Mapping[Place, list[int]]:
    """How many records of each partition every worker says to have folded."""
    found: defaultdict[Place, list[int]] = defaultdict(list)
    for exposition in expositions:
        own: defaultdict[Place, int] = defaultdict(int)
        for partition, topic, value in _FOLDED.findall(exposition):
            own[topic, int(partition)] += int(float(value))
        for place, records in own.items():
            found[place].append(records)
    return found
