"""What a worker refuses of the records on Kafka, by these settings: the newest ones, and the newest dead letters.

Reads them as a worker would, by the same decoder, whether one runs or not, and changes nothing.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from aiokafka.errors import KafkaError

from streams.channels import topics_of
from streams.channels.acceptance import decoder_of
from streams.commands.check.finding import Finding, Status
from streams.contracts.batch import RejectedRecord
from streams.contracts.decode import Decoder
from streams.contracts.rejections import Reason, Rejection
from streams.contracts.spelling import Repaired
from streams.core.rules import DAY_MS, Channel
from streams.kafka.client import KafkaProblemsError, admin_client
from streams.live.refused import TopicRefusals
from streams.records.dead_letters import DeadLetter
from streams.runtime.fetching.fetched import Fetched
from streams.runtime.fetching.stored_letters import letters_in
from streams.runtime.fetching.tail import newest, unpacked
from streams.runtime.letter_account import Judge, records_of
from streams.settings import Settings
from streams.sources.refused_rows import repaired_lines

LETTERS_MS: Final = DAY_MS
"""Dead letters of the day before the newest are told of: older ones are known, or nobody looks."""


async def refused_findings(settings: Settings, patience_seconds: float) -> list[Finding]:
    """The findings about the newest records; empty where there are none, or no broker can be reached."""
    kafka = settings.kafka
    try:
        async with asyncio.timeout(patience_seconds), admin_client(kafka) as admin:
            # All topics, because the embedded broker creates those that are asked for by name.
            found = {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}
    except (OSError, KafkaError, KafkaProblemsError):
        return []  # said of the brokers already
    findings = [
        await _of_topic(settings, topic, channel, found[topic], patience_seconds)
        for topic, channel in topics_of(kafka).items()
        if topic in found
    ]
    if (letters := kafka.dead_letters_topic) in found:
        findings.append(await _of_letters(settings, found[letters], patience_seconds))
    return [finding for finding in findings if finding is not None]


async def _of_topic(
    settings: Settings, topic: str, channel: Channel, partitions: int, patience_seconds: float
) -> Finding | None:
    try:
        batches = await newest(settings.kafka, topic, partitions, patience_seconds)
    except (OSError, KafkaError) as error:
        return _unread(f"records of {topic}", error)
    # Beside the event loop: others wait for answers there, and to unpack what is large takes its time.
    return await asyncio.to_thread(judge_records, settings, topic, channel, unpacked(batches))


class _Seen(NamedTuple):
    """A record, and what it is by these settings."""

    timestamp_ms: int
    offset: int
    outcome: Any
    value: bytes | None
    """None for one that is accepted or too large: nothing is said of it."""


def judge_records(settings: Settings, topic: str, channel: Channel, batches: Iterable[Fetched]) -> Finding | None:
    """The finding about a topic's newest records, in the order of their time; None where there are none."""
    decoder, repaired = decoder_of(channel, settings.rules), Counter[Repaired]()
    seen = sorted((each for batch in batches for each in _seen(batch, decoder, repaired)), key=lambda each: each[:2])
    if not seen:
        return None
    refusals = TopicRefusals(topic, channel, settings.rules)
    rejected = Counter[str]()
    for at_ms, _, outcome, value in seen:
        rejections = [outcome] if isinstance(outcome, Rejection) else []
        refusals.recent.note([value], [at_ms], [RejectedRecord(0, each) for each in rejections])
        rejected.update(each.reason.value for each in rejections)
    subject, refused = f"records of {topic}", rejected.total()
    problems = refusals.problems(len(seen) - refused, rejected)
    names = "".join(f"; {line.strip()}" for line in repaired_lines(repaired))
    if problems:
        return Finding(Status.WRONG, subject, " ".join(problem.text for problem in problems) + names)
    if refused:
        text = f"of the newest {len(seen):,} these settings refuse {refused:,}: {_by_reason(rejected)}"
        return Finding(Status.NOTE, subject, text + names)
    status = Status.NOTE if repaired else Status.GOOD
    return Finding(status, subject, f"these settings accept the newest {len(seen):,}{names}")


def _seen(batch: Fetched, decoder: Decoder[Any], repaired: Counter[Repaired]) -> Iterator[_Seen]:
    """One record after the other, since together they may take much; names that were repaired are counted."""
    if batch.refused is not None:
        reason, origin = batch.refused.reason, batch.refused.origin
        rejection = Rejection(reason, reason.explanation)
        yield from (_Seen(origin.timestamp, offset, rejection, None) for offset in range(batch.start, batch.end))
    for record in batch.records:
        decoded = decoder.decode_batch((record.key,), (record.value,), (record.timestamp,))
        (outcome,) = decoded.outcomes()
        repaired.update(decoded.repaired)
        is_shown = isinstance(outcome, Rejection) and outcome.reason is not Reason.TOO_LARGE
        yield _Seen(record.timestamp, record.offset, outcome, record.value if is_shown else None)


async def _of_letters(settings: Settings, partitions: int, patience_seconds: float) -> Finding | None:
    try:
        batches = await newest(settings.kafka, settings.kafka.dead_letters_topic, partitions, patience_seconds)
    except (OSError, KafkaError) as error:
        return _unread("dead letters", error)
    found = await asyncio.to_thread(lambda: list(letters_in(batches)))
    letters = {(letter.topic, letter.partition, letter.offset): letter for letter in found}
    return judge_letters(settings, list(letters.values()))


def judge_letters(settings: Settings, letters: Sequence[DeadLetter]) -> Finding | None:
    """The finding about the newest dead letters, those of a day; None where there are none."""
    newest_ms = max((letter.timestamp_ms for letter in letters), default=0)
    recent = [letter for letter in letters if letter.timestamp_ms > newest_ms - LETTERS_MS]
    if not recent:
        return None
    by_reason = Counter[str]()
    for letter in recent:
        by_reason[letter.reason] += records_of(letter)
    text = f"the newest of one day are of {by_reason.total():,} records: {_by_reason(by_reason)}"
    judge = Judge(topics_of(settings.kafka), settings.rules, settings.kafka.staffing_topic)
    if accepted := sum(1 for letter in recent if judge.refusal(letter) is None):
        text += (
            f"; {accepted:,} of them would be accepted by these settings: start workers that have others again, then "
            "run `wachtmonitor dead-letters --send-again`"
        )
    return Finding(Status.NOTE, "dead letters", text)


def _by_reason(counted: Counter[str]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in counted.most_common())


def _unread(subject: str, error: Exception) -> Finding:
    reason = type(error).__name__
    return Finding(Status.NOTE, subject, f"could not be read ({reason}); may this user read the topic?")
