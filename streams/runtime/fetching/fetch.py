"""The Kafka client that fetches: aiokafka's, but handing on batches as their sources packed them.

For every record aiokafka builds a `ConsumerRecord` of eleven fields in a loop in Python, which takes longer than
folding it; and it decompresses a batch to any size. What has to be asked of records is asked of a batch
here, once, and nothing is unpacked. Overridden internals are those of aiokafka 0.14, which is pinned. Must not know
Faust, nor what records hold.
"""

import struct
from types import FunctionType, MethodType
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import Fetcher, PartitionRecords
from aiokafka.errors import CorruptRecordException

from streams.kafka.consumer import Consumer
from streams.runtime.fetching.legacy import Legacy
from streams.runtime.fetching.packed import Whole

Packed = Whole | Legacy
"""A batch, whatever its format."""

_LENGTH: Final = struct.Struct(">i")
_LENGTH_AT: Final = 8
_LENGTH_END: Final = 12
"""The length of a batch does not count what stands before it, and itself."""

_MAGIC_AT: Final = 16
_SHORTEST: Final = 14

_FORMAT_OF_TODAY: Final = 2


class Batches:
    """What was fetched of a partition, as aiokafka asks for it. Every format has its length at the same place."""

    def __init__(self, fetched: bytes | None) -> None:
        self._fetched = memoryview(fetched or b"")
        self._at = 0

    def size_in_bytes(self) -> int:
        """How much was fetched."""
        return len(self._fetched)

    def has_next(self) -> bool:
        """Whether there is another whole batch: brokers cut the last one off."""
        left = len(self._fetched) - self._at
        return left >= _LENGTH_END and left >= _LENGTH_END + self._length()

    def next_batch(self) -> Packed:
        """The next of them."""
        length = self._length()
        if length < _SHORTEST:
            raise CorruptRecordException(f"A batch takes at least {_SHORTEST} bytes, this one says {length}")
        view = self._fetched[self._at : self._at + _LENGTH_END + length]
        self._at += len(view)
        return Whole(view) if view[_MAGIC_AT] >= _FORMAT_OF_TODAY else Legacy(view)

    def _length(self) -> int:
        length: int
        (length,) = _LENGTH.unpack_from(self._fetched, self._at + _LENGTH_AT)
        return length


class _PackedRecords(PartitionRecords):
    """The fetched data of a partition as an iterator of batches, where aiokafka expects records."""

    def _consumer_record(self, tp: TopicPartition, batch: Packed) -> Packed:  # noqa: ARG002 - aiokafka's signature
        batch.start = max(batch.start, self.next_fetch_offset)  # a fetch may begin within a batch
        return batch


def _with_packed_records(fetcher: Fetcher) -> Any:
    """The fetcher's own response handler, with the two classes above in the place of aiokafka's.

    No other fetcher is touched, and nothing is parsed by aiokafka before it could be replaced.
    """
    method = Fetcher._proc_fetch_request
    names = method.__globals__ | {"MemoryRecords": Batches, "PartitionRecords": _PackedRecords}
    return MethodType(FunctionType(method.__code__, names), fetcher)


class PackedConsumer(Consumer):
    """A consumer whose `getmany` gives `Packed` batches, all that were fetched; nothing else like it is supported."""

    async def start(self) -> None:
        """Connect; nothing is assigned yet, so nothing is fetched before the response handler is replaced."""
        await super().start()
        fetcher = self._fetcher
        assert not fetcher._records, "nothing is fetched before partitions are assigned"
        fetcher._proc_fetch_request = _with_packed_records(fetcher)
