"""A worker as it is watched in production: scraped, with a wall open; and how much memory it takes meanwhile."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import linear_regression
from typing import Final, NamedTuple

import aiohttp

from tests.runtime.workers import WorkerProcess

SCRAPE_SECONDS: Final = 15.0
"""As the Prometheus that comes along does."""

_KIB: Final = 1024


class Sample(NamedTuple):
    """The worker's memory at a moment."""

    seconds: float
    """Since the watch began."""
    rss_bytes: int
    remembered: float
    """Contacts that it remembers."""


def rss_bytes(pid: int) -> int:
    """The resident memory of a process."""
    return _status(pid, "VmRSS")


def peak_bytes(pid: int) -> int:
    """The most resident memory that a process ever had."""
    return _status(pid, "VmHWM")


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    (line,) = (line for line in lines if line.startswith(f"{name}:"))
    return int(line.split()[1]) * _KIB


def slope_an_hour(samples: Sequence[Sample]) -> float:
    """Bytes that the memory grows by in an hour, by least squares; 0 for fewer than two samples."""
    if len(samples) < 2:
        return 0.0
    fit = linear_regression([each.seconds for each in samples], [each.rss_bytes for each in samples])
    return float(fit.slope) * 3600


class Watch:
    """Scrapes a worker and notes its memory, while a wall is open."""

    def __init__(self, worker: WorkerProcess) -> None:
        self.worker = worker
        self.samples: list[Sample] = []
        self.frames = 0
        """Figures that the wall received."""
        self._address = f"http://127.0.0.1:{worker.port}"
        self._started = time.monotonic()

    def write(self, file: Path) -> None:
        """The samples as CSV."""
        rows = (f"{each.seconds:.1f},{each.rss_bytes},{each.remembered:.0f}\n" for each in self.samples)
        file.write_text("seconds,rss_bytes,remembered_contacts\n" + "".join(rows), encoding="ascii")

    async def figures(self, page: str = "/metrics") -> dict[str, float]:
        """What a page of metrics says, summed over labels; `name{reason="…"}` besides for series with a reason."""
        async with aiohttp.ClientSession() as session, session.get(f"{self._address}{page}") as answer:
            return summed(await answer.text())

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Scrape, sample and look on while the block runs."""
        tasks = [asyncio.create_task(self._scrape()), asyncio.create_task(self._look_on())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _scrape(self) -> None:
        while True:
            figures = await self.figures()
            await self.figures("/metrics/months")
            seconds = time.monotonic() - self._started
            remembered = figures["wachtmonitor_remembered_contacts"]
            self.samples.append(Sample(seconds, rss_bytes(self.worker.pid), remembered))
            await asyncio.sleep(SCRAPE_SECONDS)

    async def _look_on(self) -> None:
        timeout = aiohttp.ClientTimeout(total=None)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{self._address}/wall/events") as answer,
        ):
            async for line in answer.content:
                self.frames += line.startswith(b"data:")


def summed(exposition: str) -> dict[str, float]:
    """Samples by name, summed; and by name and reason."""
    sums: dict[str, float] = defaultdict(float)
    for line in exposition.splitlines():
        if line and not line.startswith("#"):
            series, _, value = line.rpartition(" ")
            name, _, labels = series.partition("{")
            sums[name] += float(value)
            if (reason := labels.partition('reason="')[2].partition('"')[0]) != "":
                sums[f"{name}:{reason}"] += float(value)
    return sums
