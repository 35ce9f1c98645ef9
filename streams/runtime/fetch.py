"""The Kafka client that fetches: aiokafka's, but handing on the records as its C parser made them, batch by batch.

For every record aiokafka builds a `ConsumerRecord` of eleven fields and goes round a loop in Python, which takes
longer than folding it. The C records have the fields that matter, topic and partition are known from the fetch, and
what has to be asked is asked of a batch as its source packed it. Overridden internals are those of aiokafka 0.14,
which is pinned. Must not know Faust, nor what records hold.
"""

from collections.abc import Iterator
from itertools import chain
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


class _Whole:
    """A batch as its source packed it, posing as its only record: what is asked of records is asked once.

    Everything else that aiokafka asks (checksum, producer, transaction, control batch) the batch answers itself.
    """

    def __init__(self, batch: Any) -> None:
        self._batch = batch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> "Iterator[_Whole]":
        yield self

    def __next__(self) -> Any:
        """The next record of a control batch: its marker."""
        return next(self._batch)

    @property
    def offset(self) -> int:
        """Of its last record."""
        last: int = self._batch.next_offset - 1
        return last

    def records_from(self, offset: int) -> list[Record]:
        """Its records; a fetch may begin within a batch."""
        records: list[Record] = list(self._batch)
        if not records or records[0].offset >= offset:
            return records
        return [each for each in records if each.offset >= offset]


class _Wholes:
    """The batches of a fetch."""

    def __init__(self, records: Any) -> None:
        self._records = records
        self.has_next = records.has_next

    def next_batch(self) -> _Whole:
        """The next of them."""
        return _Whole(self._records.next_batch())


class _RawRecords(PartitionRecords):
    """A fetched part of a partition that yields lists of the parser's records."""

    def _consumer_record(self, tp: TopicPartition, whole: _Whole) -> list[Record]:  # noqa: ARG002 - aiokafka's signature
        return whole.records_from(self.next_fetch_offset)


class _Results(dict[TopicPartition, Any]):
    """The fetcher's results: what it has fetched and nobody has asked for yet."""

    def __setitem__(self, tp: TopicPartition, result: Any) -> None:
        if type(result) is FetchResult:
            result._partition_records = _raw(result._partition_records)
        super().__setitem__(tp, result)


def _raw(fetched: PartitionRecords) -> _RawRecords:
    return _RawRecords(
        fetched._tp,
        _Wholes(fetched._records),
        fetched._aborted_transactions,
        fetched.next_fetch_offset,
        None,
        None,
        fetched._check_crcs,
        fetched._isolation_level,
    )


class RawConsumer(AIOKafkaConsumer):
    """A consumer whose `getmany` gives `Record`s, all that were fetched; nothing else of its kind is supported."""

    async def start(self) -> None:
        """Connect; nothing is assigned yet, so nothing is fetched before the results are ours."""
        await super().start()
        fetcher = self._fetcher
        assert not fetcher._records, "nothing is fetched before partitions are assigned"
        fetcher._records = _Results()
        fetched_batches = fetcher.fetched_records

        async def fetched_records(
            partitions: Any,
            timeout: float = 0,  # noqa: ASYNC109 - aiokafka's signature
            max_records: int | None = None,
        ) -> dict[TopicPartition, list[Record]]:
            assert max_records is None, "a batch is taken whole"
            batches = await fetched_batches(partitions, timeout)
            records = {tp: list(chain.from_iterable(found)) for tp, found in batches.items()}
            return {tp: found for tp, found in records.items() if found}

        fetcher.fetched_records = fetched_records
