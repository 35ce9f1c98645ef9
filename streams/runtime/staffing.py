"""How many employees serve, as this worker hears of it: the topic of staffing, read whole and followed.

Each worker reads all of it from its beginning, so that all of them show the same, and needs no checkpoint: the topic
keeps the newest record of each source and cluster. Counting needs none of it; who cannot read it shows none.
What is refused is left to whoever of the group writes the dead letters. Where the settings have nobody who tells it,
nothing is read.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Final

from aiokafka import ConsumerRecord

from streams.channels.staffing import AnyStaffing
from streams.contracts.rejections import Rejection
from streams.live.staffing import Place, Roster, Staff
from streams.runtime.compacted import CLOSE_SECONDS, records_of
from streams.settings import Settings

log = logging.getLogger(__name__)

FIRST_SECONDS: Final = 5.0
"""How long a start waits for what there is, so that what is shown first is right."""

RETRY_SECONDS: Final = 5.0


class StaffingFollowed:
    """Who serves each cluster, as far as this worker has read."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is known until it follows."""
        self._kafka = settings.kafka
        self._is_told = settings.has_staffing
        self._roster = Roster(settings.staffing.pauses, settings.staffing.stale_seconds)
        self._decode = AnyStaffing(settings.rules)
        self._is_read = False
        self._trouble = ""
        self._tried = asyncio.Event()

    def now(self, now_ms: int) -> dict[Place, Staff]:
        """What is known at this moment; nothing while it cannot be read."""
        return self._roster.now(now_ms) if self._is_read else {}

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Hear of it while the block runs, which begins once all there is was read, or without it."""
        if not self._is_told:
            yield
            return
        task = asyncio.create_task(self._follow(), name="staffing")
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._tried.wait(), FIRST_SECONDS)
            yield
        finally:
            task.cancel()
            await asyncio.wait({task}, timeout=2 * CLOSE_SECONDS)

    async def _follow(self) -> None:
        while True:
            try:
                async with aclosing(records_of(self._kafka, self._kafka.staffing_topic)) as some:
                    async for records in some:
                        self.take(records)
                        self._tell("")
            except Exception as error:  # noqa: BLE001 - whatever it is, the worker goes on counting
                self._tell(str(error) or repr(error))
            await asyncio.sleep(RETRY_SECONDS)

    def take(self, records: "Iterable[ConsumerRecord]") -> None:
        """Take records in, in any order and however often."""
        for record in records:
            outcome = self._decode(record.key, record.value, record.timestamp)
            if not isinstance(outcome, Rejection):
                self._roster.take(outcome)

    def _tell(self, trouble: str) -> None:
        """Say it in the log when it begins and when it ends, and not at each try."""
        if trouble and not self._trouble:
            log.warning("how many employees serve is not read, which will be tried again: %s", trouble)
        elif self._trouble and not trouble:
            log.info("how many employees serve is read again")
        self._trouble, self._is_read = trouble, not trouble
        self._tried.set()
