"""The Kafka client that fetches: aiokafka's, but handing on the records as its C parser made them.

For every record aiokafka builds a `ConsumerRecord` of eleven fields in Python, which takes longer than folding it.
The C records have the fields that matter, and topic and partition are known from the fetch. Overridden internals are
those of aiokafka 0.14, which is pinned. Must not know Faust, nor what records hold.
"""

from collections.abc import Iterator
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import FetchResult, PartitionRecords


class Record(Protocol):
    """What of a record matters here; aiokafka's `ConsumerRecord` has it too."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def timestamp(self) -> int:
        """Its own time, in ms."""

    @property
    def timestamp_type(self) -> int:
        """Who set its time: 1 for the broker."""

    @property
    def key(self) -> bytes | None:
        """As sent."""

    @property
    def value(self) -> bytes | None:
        """As sent."""


class _RawRecords(PartitionRecords):
    """A fetched part of a partition that yields the parser's records."""

    def __iter__(self) -> Iterator[Record]:
        """The generator itself: the base class puts a call in Python around each step of it."""
        records: Iterator[Record] = self._records_iterator
        return records

    def _consumer_record(self, tp: TopicPartition, record: Record) -> Record:  # noqa: ARG002 - aiokafka's signature
        return record


class _Results(dict[TopicPartition, Any]):
    """The fetcher's results: what it has fetched and nobody has asked for yet."""

    def __setitem__(self, tp: TopicPartition, result: Any) -> None:
        if type(result) is FetchResult:
            result._partition_records = _raw(result._partition_records)
        super().__setitem__(tp, result)


def _raw(fetched: PartitionRecords) -> _RawRecords:
    return _RawRecords(
        fetched._tp,
        fetched._records,
        fetched._aborted_transactions,
        fetched.next_fetch_offset,
        None,
        None,
        fetched._check_crcs,
        fetched._isolation_level,
    )


class RawConsumer(AIOKafkaConsumer):
    """A consumer whose `getmany` gives `Record`s; deserializers are not supported."""

    async def start(self) -> None:
        """Connect; nothing is assigned yet, so nothing is fetched before the results are ours."""
        await super().start()
        assert not self._fetcher._records, "nothing is fetched before partitions are assigned"
        self._fetcher._records = _Results()
