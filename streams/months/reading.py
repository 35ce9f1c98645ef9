"""What reports are made from, read from Kafka: no worker is needed for it."""

from typing import Final

from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError

from streams.kafka.client import KafkaProblemsError, read_to_end
from streams.months.month import Sources
from streams.records.closings import Account, ClosedMonthsError, read_account
from streams.records.month_totals import MonthTotalsError, totals_by_source
from streams.records.progress import MonthFeedsError, is_beside, read_beside
from streams.settings import KafkaSettings

UNUSABLE: Final = (KafkaProblemsError, KafkaError, MonthTotalsError, MonthFeedsError, ClosedMonthsError)
"""Why nothing can be read, each with a text that says what to do."""


async def read_sources(kafka: KafkaSettings) -> Sources:
    """Month totals, what stands beside them, and the account of closings.

    Raises `KafkaProblemsError` when Kafka cannot be read, and `MonthTotalsError`, `MonthFeedsError` or
    `ClosedMonthsError` for records that cannot be used.
    """
    return (await read_written(kafka))[0]


async def read_written(kafka: KafkaSettings) -> tuple[Sources, dict[str, int]]:
    """The same, and when a total of each month was last written, UTC ms."""
    account = await read_closed_months(kafka)  # first, so that totals are at least as new as what was frozen of them
    found = await _all(kafka, kafka.month_totals_topic)
    records = [(record.key or b"", record.value) for record in found]
    written: dict[str, int] = {}
    for record in found:
        key = record.key or b""
        if not is_beside(key):
            month = key.partition(b"/")[0].decode(errors="replace")
            written[month] = max(record.timestamp, written.get(month, 0))
    return Sources(totals_by_source(records), read_beside(records), account), written


async def read_closed_months(kafka: KafkaSettings) -> Account:
    """The account of closings and reopenings."""
    return read_account((record.key, record.value) for record in await _all(kafka, kafka.closed_months_topic))


async def _all(kafka: KafkaSettings, topic: str) -> list[ConsumerRecord]:
    return (await read_to_end(kafka, topic, [0]))[0]
