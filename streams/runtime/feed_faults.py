"""What is wrong with the topics of events on Kafka itself, besides what their records hold.

Partitions that were added while workers run, transactions of sources that do not end, topics made anew, and offsets
that somebody set. Must not know Kafka clients.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from streams.channels import ChannelParts, channel_names, channel_of, topics_of
from streams.core.rules import SECOND_MS, Channel, Rules
from streams.kafka.group_offsets import Moved, moved
from streams.kafka.remade import SourceReplacedError
from streams.live.faults import Fault, fault_problem, unended
from streams.live.observed import PartitionHealth
from streams.live.problems import Problem
from streams.settings import KafkaSettings

HELD_MS: Final = 5 * SECOND_MS
"""So long may a transaction hold records back: those of ordinary sources take a fraction of a second."""


NEWS_SECONDS: Final = 900.0
"""So long offsets that somebody set are news, from when a worker goes on elsewhere: whoever did it is there. Later
they are a note, since no figure is wrong for them."""


def grown(kafka: KafkaSettings, rules: Rules, partition_counts: Mapping[str, int]) -> Iterable[Problem]:
    """Topics with more partitions than the settings say, and so than this worker started with."""
    channels = topics_of(kafka)
    for topic, channel in channels.items():
        count = partition_counts.get(topic, 0)
        if count > kafka.partitions:
            others = [other for other in channels if partition_counts.get(other, 0) < count and other != topic]
            yield fault_problem(
                Fault.PARTITIONS_RAISED, channel, _grown(channel_of(channel), count, others, kafka, rules)
            )


def _grown(channel: ChannelParts, count: int, others: Iterable[str], kafka: KafkaSettings, rules: Rules) -> str:
    topic, until = channel.topic(kafka), channel.may_go_on(rules)
    too = "".join(f", raise {other} to {count} as well" for other in others)
    return (
        f"partitions of {topic} were raised from {kafka.partitions} to {count}: all are read, but keys have other "
        f"places now, so {channel.contacts} that had begun before may be counted twice{until and ', '}{until}. "
        f"Set partitions = {count} in [kafka] of the settings{too}, and start the workers again: "
        "until then none could start. To count exactly, let the sources begin on new topics with as many partitions"
    )


def held_back(kafka: KafkaSettings, partitions: Iterable[PartitionHealth]) -> Iterable[Problem]:
    """Partitions with records that nobody may read, since a transaction before them has not ended."""
    held: dict[Channel, list[PartitionHealth]] = {}
    for each in partitions:
        if each.held_ms >= HELD_MS:
            held.setdefault(each.state.channel, []).append(each)
    for channel in channel_names():
        if found := held.get(channel):
            yield fault_problem(Fault.TRANSACTION_HANGS, channel, _held_back(kafka, found))


def _held_back(kafka: KafkaSettings, held: list[PartitionHealth]) -> str:
    topic, waiting = held[0].topic, sum(each.lag or 0 for each in held)
    seconds = max(each.held_ms for each in held) // SECOND_MS
    since = f"; {waiting:,} records have waited for {seconds} s"
    return unended(topic, [each.partition for each in held], kafka.bootstrap_servers[0]) + since


def offsets_set(channels: Mapping[str, Channel], found: Mapping[str, Sequence[Moved]]) -> Iterable[Problem]:
    """Topics of which somebody has set the group's offsets."""
    for topic, offsets in found.items():
        yield fault_problem(Fault.OFFSETS_SET, channels[topic], moved(topic, offsets))


def made_anew(channels: Mapping[str, Channel], error: SourceReplacedError) -> Iterable[Problem]:
    """Topics that are not those that were read."""
    for topic, channel in channels.items():
        if text := error.of(topic):
            yield fault_problem(Fault.TOPIC_ANEW, channel, text)
