"""What can be wrong with a topic of events on Kafka itself, whoever reads it, and what is said of it.

Each fault has a problem of its own for each channel, a value of a metric's label, and words on the wall.
"""

from collections.abc import Container, Mapping, Sequence
from enum import StrEnum
from typing import Final

from streams.core.rules import Channel
from streams.kafka.partitioners import Partitioner
from streams.kafka.placement import Placement
from streams.live.problems import Problem
from streams.words import message

MEND: Final = (
    "Let every source place keys by one rule: set partitioner=murmur2_random where the source uses librdkafka "
    "(confluent-kafka, .NET, Go, PHP, Node), whose default is CRC32"
)

_KNOWN_FOR: Final = {
    Partitioner.MURMUR2: "murmur2 (Java, this program)",
    Partitioner.CRC32: "CRC32 (librdkafka's default)",
}


class Fault(StrEnum):
    """What is wrong; a label of a metric, never renamed."""

    explanation: str

    def __new__(cls, value: str, explanation: str = "") -> "Fault":
        """A member whose value is the first part alone."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.explanation = explanation
        return member

    KEYS_SPLIT = (
        "keys_split",
        "Sources place keys by different rules, so that events of one contact are in two partitions.",
    )
    PARTITIONS_RAISED = (
        "partitions_raised",
        "The topic has more partitions than the settings say: contacts that began before may count twice.",
    )
    TRANSACTION_HANGS = (
        "transaction_hangs",
        "A source's transaction has not ended for five seconds, and nobody may read what comes after it.",
    )
    TOPIC_ANEW = (
        "topic_anew",
        "The topic was deleted and made anew, or its brokers lost records: nothing is counted until an operator has "
        "said what is to become of what was counted before.",
    )
    OFFSETS_SET = (
        "offsets_set",
        "Somebody set the group's offsets by hand, which moves nothing and makes no figure wrong; said for a quarter "
        "of an hour.",
    )

    @property
    def is_in_figures(self) -> bool:
        """Whether the figures of its topic cannot be trusted for it."""
        return self is not Fault.OFFSETS_SET


FAULT_CODES: Final = {f"{fault}_<channel>": fault.explanation for fault in Fault}
"""Every code of their problems with what it means, for the documentation."""


def fault_code(fault: Fault, channel: Channel) -> str:
    """The code of the problem that says it of a channel."""
    return f"{fault}_{channel}"


def fault_problem(fault: Fault, channel: Channel, text: str) -> Problem:
    """The problem of one channel's topic."""
    on_wall = message(f"problem-{fault.replace('_', '-')}", contacts=message(f"contacts-{channel}"))
    channels = (channel,) if fault.is_in_figures else ()
    return Problem(code=fault_code(fault, channel), text=text, on_wall=on_wall, channels=channels)


def faults_in(codes: Container[str], channels: Mapping[str, Channel]) -> frozenset[tuple[str, str]]:
    """The faults of each of these topics, by the codes of problems."""
    return frozenset(
        (topic, fault.value)
        for topic, channel in channels.items()
        for fault in Fault
        if fault_code(fault, channel) in codes
    )


def keys_problem(topic: str, channel: Channel, placement: Placement) -> Problem | None:
    """What is wrong with where the keys of a topic are; None while they follow one rule."""
    if not placement.strays:
        return None
    text = f"{_strays(topic, placement)}: a contact whose events come by both rules is counted twice. {MEND}."
    return fault_problem(Fault.KEYS_SPLIT, channel, text)


def _strays(topic: str, placement: Placement) -> str:
    if placement.rule is None:
        return f"keys of {topic}: {placement.strays} of the {placement.keys:,} looked at are in two partitions each"
    where = f"are not in the partition that {_KNOWN_FOR[placement.rule]} gives them"
    if placement.stray_rule is not None:
        where += f", but in that of {_KNOWN_FOR[placement.stray_rule]}"
    return f"keys of {topic}: {placement.strays} of the {placement.keys:,} looked at {where}"


def described(placement: Placement) -> str:
    """How keys are placed while nothing is wrong with it."""
    if placement.rule is not None:
        return f"{placement.keys:,} looked at, all placed by {_KNOWN_FOR[placement.rule]}"
    if placement.has_other_rule:
        return f"{placement.keys:,} looked at, placed by another rule than murmur2 or CRC32: let all sources use it"
    return f"{placement.keys:,} looked at, too few to tell by which rule they are placed"


def unended(topic: str, partitions: Sequence[int], server: str) -> str:
    """What is said of a transaction that has not ended."""
    numbers = ", ".join(map(str, partitions))
    tool = f"kafka-transactions.sh --bootstrap-server {server}"
    return (
        f"a transaction of a source has not ended on {topic} (partition {numbers}): nobody may read what was sent "
        "after it began. Kafka ends it after the source's transaction.timeout.ms (a minute by default) if the source "
        f"is gone; where it does not, find it with `{tool} find-hanging --topic {topic} --partition {partitions[0]}` "
        f"and end it with `{tool} abort`. A source that keeps transactions open for long makes the figures as old"
    )
