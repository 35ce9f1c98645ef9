"""Whether each source of the settings is followed and connected, by what its follower last wrote."""

import asyncio
import time
from collections.abc import Iterator, Mapping

from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError

from streams.commands.check.finding import Finding, Status
from streams.commands.common import local_time
from streams.core.rules import SECOND_MS
from streams.kafka.client import KafkaProblemsError, read_to_end, require_topics
from streams.live.followed import AWAY_SECONDS, not_connected, not_followed
from streams.records.sources import SourceRecord, SourceRecordError, read_source
from streams.settings import Settings


async def followed_findings(settings: Settings, patience_seconds: float) -> list[Finding]:
    """A finding for each source of the settings; empty where there are none, or no broker can be reached."""
    if not settings.sources:
        return []
    topic = settings.kafka.sources_topic
    try:
        async with asyncio.timeout(patience_seconds):
            await require_topics(settings.kafka, [topic])
            found = (await read_to_end(settings.kafka, topic, [0]))[0]
    except KafkaProblemsError:
        found = []  # that the topic is not there is said of the topics already
    except (OSError, KafkaError):
        return []  # said of the brokers already
    newest = {(record.key or b"").decode(errors="replace"): record for record in found}
    return list(_findings(settings, newest, time.time() * SECOND_MS))


def _findings(settings: Settings, newest: "Mapping[str, ConsumerRecord]", now_ms: float) -> Iterator[Finding]:
    for name, table in settings.sources.items():
        subject, record = f"source {name}", newest.get(name)
        if record is None or record.value is None:
            text = f"was never followed; start `{table.started_by(name)}`"
            yield Finding(Status.NOTE, subject, text)
            continue
        try:
            known = read_source(record.key, record.value)
        except SourceRecordError as error:
            yield Finding(Status.WRONG, subject, str(error))
            continue
        silent_seconds = (now_ms - record.timestamp) / SECOND_MS
        if silent_seconds > AWAY_SECONDS:
            problem = not_followed(name, table.channels, silent_seconds, "", table.started_by(name))
            yield Finding(Status.WRONG, subject, problem.text)
        elif not known.connected:
            yield Finding(Status.WRONG, subject, not_connected(name, table.channels, known.why).text)
        else:
            yield Finding(Status.GOOD, subject, _good(known, settings.rules.zone))


def _good(known: SourceRecord, zone: str) -> str:
    last = "no fact yet" if known.last_fact_ms is None else f"last fact on {local_time(known.last_fact_ms, zone)}"
    return f"connected since {local_time(known.since_ms, zone)}, {last}"
