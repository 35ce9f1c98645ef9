"""Closes and reopens months on Kafka, each exactly once, whoever else tries at the same moment; says which to show.

Whoever is about to write fences all others first and reads the account then, as a worker does that takes a
partition over: nobody can write between its reading and its writing. The record is one transaction, so a process
that dies in it has closed nothing. What time it is, the brokers have said before they are asked what there is. When
months are due is said by `streams.months.closing.due`.
"""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from streams.channels import topics_of
from streams.kafka.broker_time import Bounds, BrokerTime, Place
from streams.kafka.client import client_options, offsets_at
from streams.kafka.writer import FencedWriter, OutgoingRecord
from streams.months.closing.due import (
    Author,
    NotClosableError,
    behind,
    closing_ms,
    counted_otherwise,
    due_months,
    freeze,
    is_settled,
    reopen,
    shown_since,
)
from streams.months.month import Sources
from streams.months.reading import read_closed_months, read_sources, read_written
from streams.process.clock import system_clock
from streams.records.closings import SCHEDULE, Closing, Entry, closing_of, record
from streams.settings import KafkaSettings, Settings

log = logging.getLogger(__name__)


async def close_due_months(settings: Settings, time: BrokerTime) -> list[Closing]:
    """Close the months that are due and whose totals hold all they must; the others wait for the next call."""
    sources, written_ms = await read_written(settings.kafka)
    closed = []
    for month in due_months(sources, settings, time.now_ms):
        due_ms = closing_ms(month, settings.closing, settings.rules.zone)
        if not is_settled(due_ms, settings.closing, time.now_ms, written_ms.get(month, 0)):
            log.info("%s is due to close, but was written to just now: it waits", month)
            continue
        try:
            closed.append(await close_month(settings, month, Author(SCHEDULE, time.now_ms), time))
        except NotClosableError as error:  # behind, or another worker has just closed it
            log.info("%s", error)
    return closed


async def close_month(
    settings: Settings, month: str, author: Author, time: BrokerTime, *, force: bool = False
) -> Closing:
    """Freeze a month. Raises `NotClosableError` when it is closed, its moment has not come, or records are missing.

    With `force` it closes although its totals lack records, and the frozen record says how many, or although some may
    still come. Never before its moment, nor by other norms and hours than it was counted by.
    """
    kafka = settings.kafka
    due_ms = closing_ms(month, settings.closing, settings.rules.zone)
    async with _sole_writer(kafka, author) as writer:
        bounds = await _bounds(kafka, due_ms)
        sources = await read_sources(kafka)
        if month not in sources.months():
            raise NotClosableError(f"There are no figures of {month} to close.")
        missing = behind(sources.beside.positions, bounds)
        closing = freeze(sources, month, settings, author, missing)
        if others := counted_otherwise(sources.beside.positions, bounds, settings.rules):
            raise NotClosableError(_otherwise(month, others))
        if missing and not force:
            raise NotClosableError(_lacking(month, missing))
        if (awaited := time.awaited(bounds, due_ms)) and not force:
            raise NotClosableError(_awaiting(month, awaited))
        await _write(kafka, writer, closing)
    log.info("%s is closed", month)
    return closing


async def months_to_show(settings: Settings, time: BrokerTime) -> tuple[Sources, dict[str, int]]:
    """What reports are made from, and the months to be shown now, each with the moment from which on.

    A month that is not closed waits as closing does: until its totals hold every record from before that moment,
    counted by today's settings, and, if it is late, until nobody is filling it. One that was closed too early may
    still run, and is filled.
    """
    sources, written_ms = await read_written(settings.kafka)
    shown = {}
    for month, since_ms in shown_since(sources, settings, time.now_ms).items():
        if closing_of(sources.account, month) is not None or (
            (
                month in sources.account
                or is_settled(since_ms, settings.closing, time.now_ms, written_ms.get(month, 0))
            )
            and await _is_counted(settings, sources, time, since_ms)
        ):
            shown[month] = since_ms
        else:
            log.info("%s is to be shown, but is not counted to its end yet: it waits", month)
    return sources, shown


async def _is_counted(settings: Settings, sources: Sources, time: BrokerTime, until_ms: int) -> bool:
    """Whether the totals hold every record from before a moment, by today's settings, and no more can come."""
    bounds, positions = await _bounds(settings.kafka, until_ms), sources.beside.positions
    return not (
        counted_otherwise(positions, bounds, settings.rules)
        or behind(positions, bounds)
        or time.awaited(bounds, until_ms)
    )


async def _bounds(kafka: KafkaSettings, until_ms: int) -> Mapping[Place, Bounds]:
    return await offsets_at(kafka, tuple(topics_of(kafka)), until_ms)


def _lacking(month: str, missing: dict[str, int]) -> str:
    return (
        f"{month} cannot close yet: its totals lack {sum(missing.values())} records from before its closing moment "
        f"({', '.join(f'{source}: {count}' for source, count in missing.items())}). Is every partition read by a "
        "worker? It closes by itself when they have come."
    )


def _otherwise(month: str, others: list[str]) -> str:
    return (
        f"{month} cannot close yet: {', '.join(others)} {'is' if len(others) == 1 else 'are'} not counted by the "
        "norms, hours and other rules of these settings. Has every worker been started with them? It closes by "
        "itself when everything is counted by them."
    )


def _awaiting(month: str, awaited: list[str]) -> str:
    return (
        f"{month} cannot close yet: records from before its closing moment may still come to {', '.join(awaited)}. "
        "Nothing has come there since, and the broker that leads it did not tell its time. It closes by itself when "
        "either has."
    )


async def reopen_month(settings: Settings, month: str, author: Author) -> list[Entry]:
    """Let the figures of a closed month change again; its account. Raises `NotClosableError` for one not closed."""
    kafka = settings.kafka
    async with _sole_writer(kafka, author) as writer:
        account = await read_closed_months(kafka)
        reopening = reopen(account, month, author)
        await _write(kafka, writer, reopening)
    return [*account[month], reopening]


@asynccontextmanager
async def _sole_writer(kafka: KafkaSettings, author: Author) -> AsyncIterator[FencedWriter]:
    """The only one who can write closed months while nobody else asks to be.

    The author's time is the brokers', for whom this machine's may be too far ahead.
    """
    fenced = kafka.writer == "transactional"
    name = f"{kafka.group}-closed-months" if fenced else None
    writer = FencedWriter(client_options(kafka), name, lambda: min(author.at_ms, system_clock()))
    await writer.start()
    try:
        yield writer
    finally:
        await writer.stop()


async def _write(kafka: KafkaSettings, writer: FencedWriter, entry: Entry) -> None:
    key, value = record(entry)
    await writer.write([OutgoingRecord(kafka.closed_months_topic, key, value, 0)])
