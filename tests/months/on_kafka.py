"""Months on a real Kafka: put there without a worker, or by one, and what stands in the account."""

import time
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from streams.channels.calls.counts import PhoneTally
from streams.channels.calls.events import AnyCallEvent
from streams.kafka.client import client_options, ensure_topics
from streams.kafka.writer import FencedWriter, OutgoingRecord
from streams.months.reading import read_closed_months
from streams.records.closings import Closing, Entry
from streams.settings import DEFAULT_FILE, KafkaSettings, Settings
from tests.core.builders import HOUR, answered, ms, offered
from tests.months.making import lier, states_of, totals_records

NOW_MS: Final = time.time_ns() // 1_000_000 + HOUR
"""Later than all that a test writes. Tests of processes live in the machine's time, so months are chosen from it."""


def month_ago(months: int) -> str:
    """The month so many before this one; two ago is past its closing moment on every day of this one."""
    day = datetime.now(UTC).date().replace(day=1)
    for _ in range(months):
        day = (day - timedelta(days=1)).replace(day=1)
    return f"{day:%Y-%m}"


def calls_in(month: str, *waits_ms: int, name: str = "c") -> list[AnyCallEvent]:
    """Answered calls at ten on the first Wednesday of a month that is no holiday."""
    day = date.fromisoformat(f"{month}-02")
    holidays = lier().rules.public_holidays
    while day.weekday() != 2 or day.isoformat() in holidays:
        day += timedelta(days=1)
    at = ms(f"{day} 10:00")
    return [
        event
        for number, wait in enumerate(waits_ms)
        for event in (offered(at, f"{month}-{name}-{number}"), answered(at + wait, f"{month}-{name}-{number}"))
    ]


def frozen_calls(closing: Closing) -> list[PhoneTally]:
    """What is frozen of the telephone, by cluster and source partition."""
    return [each.tally for each in closing.totals if isinstance(each.tally, PhoneTally)]


def city(kafka: KafkaSettings, **changes: Any) -> Settings:
    """Lier on this Kafka, with months that close by themselves for a year and without waiting for silence."""
    settings = lier(kafka=kafka, **changes)
    closing = msgspec.structs.replace(settings.closing, quiet_minutes=0, catch_up_days=366)
    return msgspec.structs.replace(settings, closing=closing)


def settings_file(folder: Path, grafana: str = "") -> Path:
    """The same settings as a file, for a worker that looks every second."""
    text = DEFAULT_FILE.read_text(encoding="utf-8").partition("[closing]")[0]
    closing = "[closing]\nquiet_minutes = 0\ncatch_up_days = 366\ncheck_seconds = 1\n"
    path = folder / "settings.toml"
    path.write_text(text + closing + grafana, encoding="utf-8")
    return path


async def put(kafka: KafkaSettings, events: Iterable[Any]) -> None:
    """Month totals of these events on their topic, as workers would have written them."""
    await ensure_topics(kafka)
    states = states_of(events, lier(), record_ms=NOW_MS)
    records = [
        OutgoingRecord(kafka.month_totals_topic, key, value, 0) for key, value in totals_records(states, NOW_MS)
    ]
    writer = FencedWriter(client_options(kafka), None)
    await writer.start()
    try:
        await writer.write(records)
    finally:
        await writer.stop()


async def account_of(kafka: KafkaSettings, month: str) -> list[Entry]:
    """Closings and reopenings of the month, to the last one that was written."""
    await last_word_of(kafka, "closed-months")
    return (await read_closed_months(kafka)).get(month, [])


async def last_word_of(kafka: KafkaSettings, writer: str) -> None:
    """Return when what the writer of closed months or of snapshots has committed can be read.

    Kafka confirms a transaction before readers see its end; whoever fences the writer waits for that.
    """
    fence = FencedWriter(client_options(kafka), f"{kafka.group}-{writer}")
    await fence.start()
    await fence.stop()
