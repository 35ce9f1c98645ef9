"""The sources of the settings as this worker hears of them: whether each is followed and connected.

Read from the topic that their followers write to. Counting needs none of it; a worker that cannot read it, or hears
nothing of a source, says that the figures which that source feeds may lack something. Without sources in the settings
nothing is read.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Final, NamedTuple

from aiokafka import ConsumerRecord

from streams.core.rules import SECOND_MS, Channel
from streams.live.followed import AWAY_SECONDS, not_connected, not_followed
from streams.live.problems import Problem
from streams.records.sources import SourceRecord, SourceRecordError, read_source
from streams.runtime.compacted import CLOSE_SECONDS, records_of
from streams.settings import KafkaSettings, SourceTable

log = logging.getLogger(__name__)

FIRST_SECONDS: Final = 5.0
"""How long a start waits for what there is, so that what is shown first is right."""

RETRY_SECONDS: Final = 5.0


class _Heard(NamedTuple):
    record: SourceRecord
    at: float
    """When it was written, by our steady clock."""


class FollowedSources:
    """What is known of each source of the settings."""

    def __init__(
        self,
        kafka: KafkaSettings,
        sources: Mapping[str, SourceTable],
        clock: Callable[[], int],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is known until it follows.

        `clock` tells the moment in UTC ms, `now` counts seconds, and goes on while the process is stopped.
        """
        self._kafka = kafka
        self._channels: dict[str, tuple[Channel, ...]] = {name: table.channels for name, table in sources.items()}
        self._started_by = {name: table.started_by(name) for name, table in sources.items()}
        self._clock = clock
        self._now = now
        self._heard: dict[str, _Heard] = {}
        self._trouble = ""
        self._read = asyncio.Event()

    def problems(self) -> tuple[Problem, ...]:
        """Which sources are away, and why."""
        return tuple(problem for name in self._channels if (problem := self._problem(name)) is not None)

    def away(self) -> Mapping[str, bool]:
        """The same of each source."""
        return {name: self._problem(name) is not None for name in self._channels}

    def _problem(self, name: str) -> Problem | None:
        channels, heard = self._channels[name], self._heard.get(name)
        silent_seconds = None if heard is None else self._now() - heard.at
        if heard is None or silent_seconds is None or silent_seconds > AWAY_SECONDS:
            return not_followed(name, channels, silent_seconds, self._trouble, self._started_by[name])
        return None if heard.record.connected else not_connected(name, channels, heard.record.why)

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Hear of the sources while the block runs, which begins once it is known how they are, or without it."""
        if not self._channels:
            yield
            return
        task = asyncio.create_task(self._follow(), name="sources")
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._read.wait(), FIRST_SECONDS)
            yield
        finally:
            task.cancel()
            await asyncio.wait({task}, timeout=2 * CLOSE_SECONDS)

    async def _follow(self) -> None:
        while True:
            try:
                await self._read_on()
            except Exception as error:  # noqa: BLE001 - whatever it is, the worker goes on counting
                self._tell(str(error) or repr(error))
            await asyncio.sleep(RETRY_SECONDS)

    async def _read_on(self) -> None:
        """Read all there is, then what comes."""
        async with aclosing(records_of(self._kafka, self._kafka.sources_topic)) as some:
            found = await anext(some)
            now_ms, now = self._clock(), self._now()
            for record in found:
                self._take(record, now - max(0, now_ms - record.timestamp) / SECOND_MS)
            self._tell("")
            async for records in some:
                self._take_all(records)

    def _take_all(self, records: "Iterable[ConsumerRecord]") -> None:
        now = self._now()
        for record in records:
            self._take(record, now)

    def _take(self, record: "ConsumerRecord", at: float) -> None:
        """Take a record in; of a source that is not in the settings, or that cannot be read, nothing is known."""
        name = (record.key or b"").decode(errors="replace")
        if name not in self._channels:
            return
        self._heard.pop(name, None)
        if record.value is not None:
            try:
                self._heard[name] = _Heard(read_source(record.key, record.value), at)
            except SourceRecordError as error:
                self._tell(str(error))

    def _tell(self, trouble: str) -> None:
        """Say it in the log when it begins, and not at each try."""
        if trouble and trouble != self._trouble:
            log.warning("whether sources are followed is not known, which will be tried again: %s", trouble)
        self._trouble = trouble
        self._read.set()
