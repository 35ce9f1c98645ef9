"""Which months are closed, as this worker knows it: the account of closings, read at the start and followed.

A month is shown as it was frozen, and so a worker must know that it was. While it does not, because a record cannot
be read or nobody has confirmed for a while that nothing has come, it says so and shows no month that may be closed: a
month may have been opened again meanwhile, and what is old must not stand beside what the others show. An error of a
moment makes nothing older than it is.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from aiokafka import ConsumerRecord, TopicPartition

from streams.kafka.client import FETCH_WAIT_MS, client_options, read_to_end
from streams.kafka.consumer import Consumer
from streams.live.problems import Problem
from streams.records.closings import Closing, closings_of, read_account
from streams.settings import KafkaSettings
from streams.words import message

log = logging.getLogger(__name__)

FIRST_SECONDS: Final = 5.0
"""How long a start waits for the account, so that months are shown from the first look on."""

RETRY_SECONDS: Final = 5.0

CLOSE_SECONDS: Final = 2.0

CONFIRM_SECONDS: Final = 20.0
"""How often brokers are asked whether all has been read: fetches say nothing of a partition that is not served."""

STALE_SECONDS: Final = 60.0
"""How long what was read counts without that: the interval between two scrapes of whole months."""

_ON_WALL: Final = message("problem-closed-months")

UNCONFIRMED: Final = f"no broker has confirmed for {STALE_SECONDS:.0f} s that all has been read"

LOOK_MS: Final = 1_000
"""How long one look for new records lasts."""

FETCH_BYTES: Final = 4 * 1024 * 1024
"""So much is asked for at a time: some closings, each with the sketches of all its clusters."""


class UnconfirmedError(Exception):
    """Nobody has confirmed for too long that all has been read."""


class ClosedMonths:
    """The closed months, as far as this worker has read."""

    def __init__(self, kafka: KafkaSettings, now: Callable[[], float] = time.monotonic) -> None:
        """Nothing is known until it follows; `now` counts seconds, and goes on while the process is stopped."""
        self._kafka = kafka
        self._now = now
        self._confirmed_at = float("-inf")
        self._place = TopicPartition(kafka.closed_months_topic, 0)
        self._records: dict[bytes | None, bytes | None] = {}
        self._closings: dict[str, Closing] | None = None
        self._trouble: str | None = "it has not been read yet"
        self._read = asyncio.Event()

    def closings(self) -> Mapping[str, Closing] | None:
        """What is frozen of each closed month; None while nobody knows which months are closed."""
        return None if self._age_seconds() > STALE_SECONDS else self._closings

    def problems(self) -> tuple[Problem, ...]:
        """Why months are not shown; empty while they are."""
        if self.closings() is not None:
            return ()
        text = (
            f"it is not known which months are closed, since topic {self._place.topic} cannot be read: "
            f"{self._trouble or UNCONFIRMED}. Of the months that are over this worker shows none on /metrics/months "
            "until it can; counting goes on"
        )
        return (
            Problem(
                code="closed_months_unread",
                text=text,
                on_wall=_ON_WALL,
                channels=(),
            ),
        )

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Follow the account while the block runs, which begins once it is read, or after a while without."""
        task = asyncio.create_task(self._follow(), name="closed months")
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
        """Read all there is, and what comes, until it turns out that the topic was made anew."""
        asked_at = self._now()
        found = (await read_to_end(self._kafka, self._place.topic, [0]))[0]
        self._records, self._confirmed_at = {}, asked_at
        self._take(found)
        async with self._consumer() as consumer:
            consumer.assign([self._place])
            if found:
                consumer.seek(self._place, found[-1].offset + 1)
            else:
                await consumer.seek_to_beginning(self._place)
            while self._age_seconds() < CONFIRM_SECONDS or await self._confirms(consumer):
                fetched = await consumer.getmany(timeout_ms=LOOK_MS)
                if records := fetched.get(self._place):
                    self._take(records)

    def _age_seconds(self) -> float:
        """How long ago it was confirmed that all had been read."""
        return self._now() - self._confirmed_at

    async def _confirms(self, consumer: Any) -> bool:
        """Ask whether all has been read, and note it if so; False where less is there than was read.

        Raises `UnconfirmedError` when nobody has said so for too long.
        """
        asked_at, left = self._now(), STALE_SECONDS - self._age_seconds()
        try:
            async with asyncio.timeout(left):
                end: int = (await consumer.end_offsets([self._place]))[self._place]
                position: int = await consumer.position(self._place)
        except TimeoutError:
            raise UnconfirmedError(UNCONFIRMED) from None
        if position >= end:
            self._confirmed_at = asked_at
        elif left <= 0:
            raise UnconfirmedError(UNCONFIRMED)
        return position <= end

    def _take(self, records: "list[ConsumerRecord]") -> None:
        """Take new records in. Raises `ClosedMonthsError` for one that cannot be read."""
        self._records |= {record.key: record.value for record in records}
        self._closings = None  # one that cannot be read may close a month, or open it
        self._closings = closings_of(read_account(self._records.items()))
        self._tell(None)
        self._read.set()

    def _tell(self, trouble: str | None) -> None:
        """Say it in the log when it begins and when it ends, and not at each try."""
        if trouble is not None and not (self._trouble and self._read.is_set()):
            log.warning("which months are closed is not read, which will be tried again: %s", trouble)
            self._read.set()
        elif trouble is None and self._trouble is not None and self._read.is_set():
            log.info("which months are closed is read again")
        self._trouble = trouble

    @asynccontextmanager
    async def _consumer(self) -> AsyncIterator[Any]:
        consumer = Consumer(
            **client_options(self._kafka),
            isolation_level="read_committed",
            auto_offset_reset="none",  # where the topic was made anew, all of it must be read again
            enable_auto_commit=False,
            fetch_max_wait_ms=FETCH_WAIT_MS * 10,
            max_partition_fetch_bytes=FETCH_BYTES,
        )
        try:
            await consumer.start()
            yield consumer
        finally:
            with suppress(Exception):  # it is thrown away, whatever brokers say to that
                await asyncio.wait_for(consumer.stop(), CLOSE_SECONDS)
