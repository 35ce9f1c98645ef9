"""Whether all sources place keys by one rule, by the newest records on Kafka: else contacts are counted twice."""

import asyncio

from aiokafka.errors import KafkaError

from streams.channels import topics_of
from streams.commands.check.finding import Finding, Status
from streams.core.rules import Channel
from streams.kafka.client import KafkaProblemsError, admin_client
from streams.kafka.placement import Placement
from streams.live.faults import described, keys_problem
from streams.runtime.fetching.tail import newest_of_each, seen_keys
from streams.settings import KafkaSettings


async def keys_findings(kafka: KafkaSettings, patience_seconds: float) -> list[Finding]:
    """The finding about each topic of events; empty where there are no keys, or no broker can be reached."""
    try:
        async with asyncio.timeout(patience_seconds), admin_client(kafka) as admin:
            # All topics, because the embedded broker creates those that are asked for by name.
            found = {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}
    except (OSError, KafkaError, KafkaProblemsError):
        return []  # said of the brokers already
    findings = []
    for topic, channel in topics_of(kafka).items():
        if topic not in found:
            continue
        try:
            newest = await newest_of_each(kafka, topic, found[topic], patience_seconds)
        except (OSError, KafkaError):
            continue  # said of the records already
        keys = await asyncio.to_thread(seen_keys, newest)  # to unpack what is large takes a while
        findings += keys_finding(topic, channel, keys.placement())
    return findings


def keys_finding(topic: str, channel: Channel, placement: Placement) -> list[Finding]:
    """The finding about one topic; none where nothing was seen."""
    problem = keys_problem(topic, channel, placement)
    if problem is not None:
        return [Finding(Status.WRONG, f"keys of {topic}", problem.text)]
    if not placement.keys:
        return []
    return [Finding(Status.GOOD, f"keys of {topic}", described(placement))]
