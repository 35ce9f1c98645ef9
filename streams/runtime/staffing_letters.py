"""Writes the dead letters of staffing: of each record that is refused one, whichever worker of the group it is.

Every worker reads all of staffing for its figures, and letters are to be written once. So a consumer group of its own
hands the one partition to one of them, and the committed offset says which records have their letters. After a crash
a letter may be written again, under the same key.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from aiokafka import ConsumerRecord, TopicPartition

from streams.channels.staffing import AnyStaffing
from streams.contracts.rejections import Rejection
from streams.kafka.client import client_options
from streams.kafka.consumer import Consumer
from streams.kafka.rights import staffing_group
from streams.kafka.writer import FencedWriter, OutgoingRecord
from streams.records.dead_letters import dead_letter_record, refused
from streams.runtime.compacted import CLOSE_SECONDS, LOOK_MS
from streams.settings import Settings

log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 5.0


class StaffingLetters:
    """What was refused while this worker had the partition."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is read until it follows."""
        self._kafka = settings.kafka
        self._is_told = settings.has_staffing
        self._decode = AnyStaffing(settings.rules)
        self._rejected: Counter[str] = Counter()
        self._trouble = ""

    def rejected(self) -> Counter[str] | None:
        """How many records were refused since the start, by reason; None where nobody tells of staffing."""
        return self._rejected if self._is_told else None

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Write letters while the block runs."""
        if not self._is_told:
            yield
            return
        task = asyncio.create_task(self._follow(), name="letters of staffing")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task}, timeout=3 * CLOSE_SECONDS)

    async def _follow(self) -> None:
        while True:
            try:
                await self._read_on()
            except Exception as error:  # noqa: BLE001 - whatever it is, the worker goes on counting
                self._tell(str(error) or repr(error))
            await asyncio.sleep(RETRY_SECONDS)

    async def _read_on(self) -> None:
        async with self._clients() as (consumer, writer):
            while True:
                fetched: dict[TopicPartition, list[ConsumerRecord]] = await consumer.getmany(timeout_ms=LOOK_MS)
                for records in fetched.values():
                    await self._judge(records, writer)
                if fetched:
                    await consumer.commit()
                self._tell("")

    async def _judge(self, records: "Sequence[ConsumerRecord]", writer: FencedWriter) -> None:
        """Return when those that are refused have their letters."""
        letters = []
        for record in records:
            outcome = self._decode(record.key, record.value, record.timestamp)
            if isinstance(outcome, Rejection):
                letters.append((outcome.reason, self._letter(record, outcome)))
        if letters:
            await writer.write([letter for _, letter in letters])
            self._rejected.update(reason.value for reason, _ in letters)

    def _letter(self, record: "ConsumerRecord", why: Rejection) -> OutgoingRecord:
        letter = refused(
            record.topic,
            record.partition,
            record.offset,
            reason=why.reason.value,
            key=record.key,
            value=record.value,
            timestamp_ms=record.timestamp,
            detail=why.detail,
        )
        key, value, headers = dead_letter_record(letter)
        return OutgoingRecord(self._kafka.dead_letters_topic, key, value, headers=headers)

    def _tell(self, trouble: str) -> None:
        """Say it in the log when it begins, and not at each try."""
        if trouble and not self._trouble:
            log.warning("refused records of staffing get no dead letters, which is tried again: %s", trouble)
        self._trouble = trouble

    @asynccontextmanager
    async def _clients(self) -> AsyncIterator[tuple[Any, FencedWriter]]:
        consumer = Consumer(
            self._kafka.staffing_topic,
            **client_options(self._kafka),
            group_id=staffing_group(self._kafka),
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        writer = FencedWriter(client_options(self._kafka), None)
        try:
            await consumer.start()
            await writer.start()
            yield consumer, writer
        finally:
            with suppress(Exception):  # they are thrown away, whatever brokers say to that
                await asyncio.wait_for(asyncio.gather(consumer.stop(), writer.stop()), CLOSE_SECONDS)
