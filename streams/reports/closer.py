"""Closes and reopens months on Kafka, each exactly once, whoever else tries at the same moment; says which to show.

Whoever is about to write fences all others first and reads the account then, as a worker does that takes a
partition over: nobody can write between its reading and its writing. The record is one transaction, so a process
that dies in it has closed nothing. Must not know when months are due.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import TopicPartition

from streams.kafka import client_options, offsets_at
from streams.kafka_writer import FencedWriter, OutgoingRecord
from streams.reports.closed_months import SCHEDULE, Closing, Entry, Reopening, record
from streams.reports.closing import (
    Author,
    NotClosableError,
    behind,
    closing_ms,
    due_months,
    freeze,
    is_settled,
    reopen,
    shown_since,
)
from streams.reports.month import Sources
from streams.reports.sources import read_closed_months, read_sources, read_written
from streams.settings import KafkaSettings, Settings

log = logging.getLogger(__name__)


async def close_due_months(settings: Settings, now_ms: int) -> list[Closing]:
    """Close the months that are due and whose totals hold all they must; the others wait for the next call."""
    sources, written_ms = await read_written(settings.kafka)
    closed = []
    for month in due_months(sources, settings, now_ms):
        due_ms = closing_ms(month, settings.closing, settings.rules.zone)
        if not is_settled(due_ms, settings.closing, now_ms, written_ms.get(month, 0)):
            log.info("%s is due to close, but was written to just now: it waits", month)
            continue
        try:
            closed.append(await close_month(settings, month, Author(SCHEDULE, now_ms)))
        except NotClosableError as error:  # behind, or another worker has just closed it
            log.info("%s", error)
    return closed


async def close_month(settings: Settings, month: str, author: Author, *, force: bool = False) -> Closing:
    """Freeze a month. Raises `NotClosableError` when it is closed, has not ended, or its totals lack records.

    With `force` it closes all the same, and the frozen record says how many are missing.
    """
    kafka = settings.kafka
    async with _sole_writer(kafka) as writer:
        needed = await _needed(kafka, closing_ms(month, settings.closing, settings.rules.zone))
        sources = await read_sources(kafka)
        if month not in sources.months():
            raise NotClosableError(f"There are no figures of {month} to close.")
        missing = behind(sources.beside.positions, needed)
        closing = freeze(sources, month, settings, author, missing)
        if missing and not force:
            raise NotClosableError(_lacking(month, missing))
        await _write(kafka, writer, closing)
    log.info("%s is closed", month)
    return closing


async def months_to_show(settings: Settings, now_ms: int) -> tuple[Sources, dict[str, int]]:
    """What reports are made from, and the months to be shown now, each with the moment from which on.

    A month that is not closed waits as closing does: until its totals hold every record from before that moment and,
    if it is late, until nobody is filling it.
    """
    sources, written_ms = await read_written(settings.kafka)
    shown = {}
    for month, since_ms in shown_since(sources, settings, now_ms).items():
        if month in sources.account or (
            is_settled(since_ms, settings.closing, now_ms, written_ms.get(month, 0))
            and not behind(sources.beside.positions, await _needed(settings.kafka, since_ms))
        ):
            shown[month] = since_ms
        else:
            log.info("%s is to be shown, but is not counted to its end yet: it waits", month)
    return sources, shown


async def _needed(kafka: KafkaSettings, until_ms: int) -> dict[TopicPartition, tuple[int, int]]:
    return await offsets_at(kafka, (kafka.calls_topic, kafka.tickets_topic), until_ms)


def _lacking(month: str, missing: dict[str, int]) -> str:
    return (
        f"{month} cannot close yet: its totals lack {sum(missing.values())} records from before its closing moment "
        f"({', '.join(f'{source}: {count}' for source, count in missing.items())}). Is every partition read by a "
        "worker? It closes by itself when they have come."
    )


async def reopen_month(settings: Settings, month: str, author: Author) -> Reopening:
    """Let the figures of a closed month change again. Raises `NotClosableError` for one that is not closed."""
    kafka = settings.kafka
    async with _sole_writer(kafka) as writer:
        reopening = reopen(await read_closed_months(kafka), month, author)
        await _write(kafka, writer, reopening)
    return reopening


@asynccontextmanager
async def _sole_writer(kafka: KafkaSettings) -> AsyncIterator[FencedWriter]:
    """The only one who can write closed months while nobody else asks to be."""
    fenced = kafka.writer == "transactional"
    writer = FencedWriter(client_options(kafka), f"{kafka.group}-closed-months" if fenced else None)
    await writer.start()
    try:
        yield writer
    finally:
        await writer.stop()


async def _write(kafka: KafkaSettings, writer: FencedWriter, entry: Entry) -> None:
    key, value = record(entry)
    await writer.write([OutgoingRecord(kafka.closed_months_topic, key, value, 0)])
