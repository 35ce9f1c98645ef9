"""Whether the clock of this machine and those of the brokers agree."""

from typing import Final

from aiokafka.errors import KafkaError

from streams.commands.check.finding import Finding, Status
from streams.kafka.broker_time import DIFFERENT_MS, SYNCHRONISE, farthest
from streams.kafka.client import KafkaProblemsError, require_topics
from streams.kafka.clock import broker_clocks
from streams.process.clock import system_clock
from streams.settings import KafkaSettings

SUBJECT: Final = "clock"

ONE_CLOCK: Final = Finding(Status.SKIPPED, SUBJECT, "brokers without transactions run on the machine of their worker")


async def clock_finding(kafka: KafkaSettings) -> Finding:
    """The finding about the broker whose clock differs most."""
    try:
        await require_topics(kafka, [kafka.live_topic])
    except (KafkaError, KafkaProblemsError):
        return Finding(
            Status.SKIPPED, SUBJECT, f"topic {kafka.live_topic}, by which brokers tell their time, is not there"
        )
    try:
        async with broker_clocks(kafka, system_clock) as clocks:
            await clocks.readings()  # connecting takes time, by which the first answers are uncertain
            differs = farthest(await clocks.readings())
    except (KafkaError, KafkaProblemsError) as error:
        return Finding(Status.NOTE, SUBJECT, f"not compared with the brokers': {error}")
    if differs is None:
        return Finding(Status.NOTE, SUBJECT, "no broker tells its time")
    if differs.is_apart(DIFFERENT_MS):
        return Finding(Status.WRONG, SUBJECT, f"this machine's is {differs}; {SYNCHRONISE}")
    return Finding(Status.GOOD, SUBJECT, f"as the brokers' are, within {DIFFERENT_MS / 1000:.0f} s")
