"""Whether anybody tells how many employees serve, and of which clusters what was told counts no more."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from typing import Final

from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError

from streams.channels.staffing import AnyStaffing
from streams.commands.check.finding import Finding, Status
from streams.contracts.names import listed
from streams.contracts.rejections import Rejection
from streams.core.rules import SECOND_MS
from streams.kafka.client import KafkaProblemsError, read_to_end, require_topics
from streams.live.staffing import Roster
from streams.settings import Settings

SUBJECT: Final = "staffing"


async def staffing_findings(settings: Settings, patience_seconds: float) -> list[Finding]:
    """The findings; empty where by the settings nobody tells it, or it cannot be read."""
    if not settings.has_staffing:
        return []
    topic = settings.kafka.staffing_topic
    try:
        async with asyncio.timeout(patience_seconds):
            await require_topics(settings.kafka, [topic])
            found = (await read_to_end(settings.kafka, topic, [0]))[0]
    except (KafkaProblemsError, OSError, KafkaError):
        return []  # said of the topics or the brokers already
    return list(judged(settings, found, round(time.time() * SECOND_MS)))


def judged(settings: Settings, records: "Iterable[ConsumerRecord]", now_ms: int) -> Iterator[Finding]:
    """What is to be said of the records on the topic, of which the newest of each key counts."""
    decode = AnyStaffing(settings.rules)
    roster = Roster(settings.staffing.pauses, settings.staffing.stale_seconds)
    refused: Rejection | None = None
    for record in {record.key: record for record in records}.values():
        outcome = decode(record.key, record.value, record.timestamp)
        if isinstance(outcome, Rejection):
            refused = outcome
        else:
            roster.take(outcome)
    if refused is not None:
        text = f"some of it is refused: {refused.detail}. {refused.reason.remedy}"
        yield Finding(Status.NOTE, SUBJECT, text)
    known = roster.now(now_ms)
    old = roster.told(now_ms) - known.keys()
    if old:
        names = listed(sorted(cluster for _, cluster in old))
        seconds = settings.staffing.stale_seconds
        text = f"not shown of {names}: a source of theirs has told nothing for more than {seconds} s"
        yield Finding(Status.NOTE, SUBJECT, text)
    if known:
        names = listed(sorted(cluster for _, cluster in known))
        yield Finding(Status.GOOD, SUBJECT, f"it is known who serves {names}")
    elif not old:
        yield Finding(Status.NOTE, SUBJECT, "nobody has told in the last day how many employees serve")
