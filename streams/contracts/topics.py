"""The topics: their names, what their records hold, and the settings they need on a real Kafka.

Names of settings and their defaults are those of the topic configuration in the documentation of Apache Kafka 4.1
(https://kafka.apache.org/documentation/#topicconfigs). The number of copies and `min.insync.replicas` belong to
whoever runs the brokers and are not set here. Must not know Kafka clients.
"""

from collections.abc import Mapping
from typing import Final, Protocol

import msgspec

_MINUTE_MS: Final = 60_000
_DAY_MS: Final = 24 * 60 * _MINUTE_MS
_MIB: Final = 1024 * 1024

EVENTS_RETENTION_MS: Final = 30 * _DAY_MS
"""How long events stay on their topics. A worker whose checkpoints are lost reads all of it again, and a contact must
still be remembered when its events come a second time: with the day of `_SEGMENT_MS` this stays below the 35 days of
the default `memory_ms` in the rules, so that no call is counted twice."""

DEAD_LETTERS_RETENTION_MS: Final = 14 * _DAY_MS
"""Long enough to find and repair a source over a holiday; no longer, because the raw bytes may hold personal data."""

LIVE_RETENTION_MS: Final = 10 * _MINUTE_MS
"""Whoever reads figures of this moment wants those of the last seconds; the rest is for whoever looks for a fault."""

PROBE_KEY: Final = "probe"
"""Begins the key of a record on the topic of live figures that asks a broker for its time, and holds nothing."""

_SEGMENT_MS: Final = _DAY_MS
"""Kafka deletes whole segments, once their newest record is past the retention. With the default of a week records
would outlive it by that week; with a day they outlive it by a day at most."""

EVENT_MESSAGE_BYTES: Final = _MIB + 12
"""Largest batch on the topics of events: Kafka's own default, set so that a broker with another default takes a large
record too. What is too large for an event then ends as a counted dead letter, not as an error at the exchange."""

UNPACKED_BYTES_MAX: Final = 32 * _MIB
"""Most bytes that the records of a compressed batch may unpack to: thirty times the largest batch that these topics
take, while events in regular order, packed by the thousand, shrink to a twenty-fourth. Brokers bound what is packed
alone: 300 MiB of zeros are 0.3 MB to them."""

DEAD_LETTER_MESSAGE_BYTES: Final = 2 * _MIB
"""Largest batch on the topic of dead letters: any record of the topics of events, its key and the headers fit."""

CLOSED_MONTH_MESSAGE_BYTES: Final = 4 * _MIB
"""Largest batch on the topic of closed months: a closing holds the totals of every cluster and source partition, some
kilobytes each."""

CHECKPOINT_MESSAGE_BYTES: Final = _MIB + 12
"""Largest batch on the topics of checkpoints, which are written in chunks of less than 1 MiB."""

LIVE_MESSAGE_BYTES: Final = 4 * _MIB
"""Largest batch on the topic of live figures: packed, those of a thousand clusters take a tenth of it."""

_COMPACTED_SEGMENT_BYTES: Final = 16 * _MIB
"""Compaction leaves the newest segment alone, and whoever recovers reads it whole: what 16 MiB take is not felt."""

_COMPACTED_SEGMENT_MS: Final = 10 * _MINUTE_MS
"""The newest segment is closed after this too, so that small partitions are compacted as well."""

_DIRTY_RATIO: Final = "0.1"
"""Compaction begins when a tenth of a partition is not compacted, not half: every checkpoint makes the one before it
useless, and the work is small because the partitions are."""


class TopicSettings(Protocol):
    """What the topics depend on in the settings."""

    @property
    def topics(self) -> Mapping[str, str]:
        """Names of the topics of events, by channel, of the channels that have no key of their own."""

    @property
    def dead_letters_topic(self) -> str:
        """Name of the topic of dead letters."""

    @property
    def month_totals_topic(self) -> str:
        """Name of the topic of month totals."""

    @property
    def closed_months_topic(self) -> str:
        """Name of the topic of closed months."""

    @property
    def snapshots_topic(self) -> str:
        """Name of the topic of the snapshots that were made."""

    @property
    def live_topic(self) -> str:
        """Name of the topic by which workers tell each other what they show."""

    @property
    def sources_topic(self) -> str:
        """Name of the topic by which it is known how far each source was read."""

    @property
    def staffing_topic(self) -> str:
        """Name of the topic of how many employees serve."""

    @property
    def partitions(self) -> int:
        """Partitions of each topic of events."""


class TopicSpec(msgspec.Struct, frozen=True):
    """A topic as it should be.

    `key` and `value` say in words what a record holds; `config` has Kafka's names and spelling.
    """

    name: str
    partitions: int
    key: str
    value: str
    config: Mapping[str, str]

    @property
    def cleanup_policy(self) -> str:
        """`delete` (by age) or `compact` (the newest record of each key stays)."""
        return self.config["cleanup.policy"]


def checkpoint_topic(source: str) -> str:
    """The topic with the checkpoints of a topic of events; its partitions are numbered as the source's are."""
    return f"{source}-checkpoints"


def specs_with(id_fields: Mapping[str, str], settings: TopicSettings) -> tuple[TopicSpec, ...]:
    """All topics, those of events first: `id_fields` has each with the field that holds its contacts' ids."""
    return (
        *(_events(source, id_field, settings.partitions) for source, id_field in id_fields.items()),
        *(_checkpoints(source, settings.partitions) for source in id_fields),
        _month_totals(settings.month_totals_topic),
        _closed_months(settings.closed_months_topic),
        _snapshots(settings.snapshots_topic),
        _dead_letters(settings.dead_letters_topic),
        _live(settings.live_topic, settings.partitions),
        _sources(settings.sources_topic),
        _staffing(settings.staffing_topic),
    )


def _events(name: str, id_field: str, partitions: int) -> TopicSpec:
    return TopicSpec(
        name=name,
        partitions=partitions,
        key=f"`{id_field}` in UTF-8: all events of a contact share a partition",
        value="one event as a JSON object",
        config={
            "cleanup.policy": "delete",
            "retention.ms": str(EVENTS_RETENTION_MS),
            "segment.ms": str(_SEGMENT_MS),
            "max.message.bytes": str(EVENT_MESSAGE_BYTES),
            # A record's time is the only clock of the monitor, so the broker sets it and no source can.
            "message.timestamp.type": "LogAppendTime",
        },
    )


def _checkpoints(source: str, partitions: int) -> TopicSpec:
    return TopicSpec(
        name=checkpoint_topic(source),
        partitions=partitions,
        key="a part of the checkpoint of the partition of the same number",
        value="that part: the monitor's own format",
        config=_compacted(CHECKPOINT_MESSAGE_BYTES),
    )


def _month_totals(name: str) -> TopicSpec:
    return TopicSpec(
        name=name,
        partitions=1,  # some hundred keys, of which every reader wants all
        key="month, channel, cluster and source partition",
        value="the totals of that month as a JSON object",
        config=_compacted(EVENT_MESSAGE_BYTES),
    )


def _closed_months(name: str) -> TopicSpec:
    return TopicSpec(
        name=name,
        partitions=1,  # a record or two a month, of which every reader wants all
        key="month and number of the closing or reopening; no key is written twice",
        value="the closing with all that it froze, or the reopening with who and why, as a JSON object",
        config=_compacted(CLOSED_MONTH_MESSAGE_BYTES),
    )


def _snapshots(name: str) -> TopicSpec:
    return TopicSpec(
        name=name,
        partitions=1,  # a record or two a month
        key="month and key of a snapshot in Grafana",
        value="where it is and how to delete it, as a JSON object; a tombstone once it is deleted",
        config=_compacted(EVENT_MESSAGE_BYTES),
    )


def _sources(name: str) -> TopicSpec:
    return TopicSpec(
        name=name,
        partitions=1,  # a key for each source
        key="name of a source",
        value="how far it was read, and whether it is heard, as a JSON object",
        # Brokers' clocks say how old a record is, so that a source that nobody follows any more is seen to be away.
        config=_compacted(EVENT_MESSAGE_BYTES) | {"message.timestamp.type": "LogAppendTime"},
    )


def _staffing(name: str) -> TopicSpec:
    return TopicSpec(
        name=name,
        partitions=1,  # a key for each source and cluster, of which every worker wants all
        key="`source`, `channel` and `cluster` of the event, with slashes between them",
        value="one event as a JSON object: how many employees serve the cluster, by this source",
        # A record's time is that of the broker, so that no source can tell of what is to come.
        config=_compacted(EVENT_MESSAGE_BYTES) | {"message.timestamp.type": "LogAppendTime"},
    )


def _compacted(message_bytes: int) -> dict[str, str]:
    return {
        "cleanup.policy": "compact",
        "segment.bytes": str(_COMPACTED_SEGMENT_BYTES),
        "segment.ms": str(_COMPACTED_SEGMENT_MS),
        "min.cleanable.dirty.ratio": _DIRTY_RATIO,
        "max.message.bytes": str(message_bytes),
    }


def _dead_letters(name: str) -> TopicSpec:
    return TopicSpec(
        name=name,
        partitions=1,  # rare, and read by people in the order in which they came
        key="topic, partition and offset of the refused record",
        value="the bytes of the refused record as they came",
        config={
            "cleanup.policy": "delete",
            "retention.ms": str(DEAD_LETTERS_RETENTION_MS),
            "segment.ms": str(_SEGMENT_MS),
            "max.message.bytes": str(DEAD_LETTER_MESSAGE_BYTES),
            # The retention counts from when a record was refused, whatever its source says about time.
            "message.timestamp.type": "LogAppendTime",
        },
    )


def _live(name: str, partitions: int) -> TopicSpec:
    return TopicSpec(
        name=name,
        partitions=partitions,  # as many as the events have, so that the brokers that lead those lead some of these
        key=f"group and worker; `{PROBE_KEY}` and group for a record that asks a broker for its time",
        value="what this worker shows at this moment: the monitor's own format; nothing where the time is asked for",
        config={
            "cleanup.policy": "delete",
            "retention.ms": str(LIVE_RETENTION_MS),
            "segment.ms": str(LIVE_RETENTION_MS),
            "max.message.bytes": str(LIVE_MESSAGE_BYTES),
            # Brokers' clocks say how old a record is, so that figures of a worker that stood still pass for old ones.
            "message.timestamp.type": "LogAppendTime",
        },
    )
