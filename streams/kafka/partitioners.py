"""By which rule the clients of Kafka choose the partition of a key: all events of a contact have to be in one.

Java, and what follows it, take murmur2; librdkafka (and with it Python's confluent-kafka, .NET, Go's, PHP's and most
others) takes CRC32 unless it is told otherwise.
"""

import zlib
from enum import StrEnum
from typing import Final, NamedTuple

from aiokafka.partitioner import murmur2

_POSITIVE: Final = 0x7FFFFFFF
"""Java has no unsigned numbers: it drops the sign."""


class Partitioner(StrEnum):
    """A rule, by the name that people know it by."""

    MURMUR2 = "murmur2"
    """Java's, aiokafka's and this program's own; librdkafka's `murmur2_random`."""
    CRC32 = "CRC32"
    """librdkafka's default, `consistent_random`."""


class Hashes(NamedTuple):
    """What the rules make of a key: enough to know it again, and no more of what it holds."""

    murmur2: int
    crc32: int

    def of(self, rule: Partitioner) -> int:
        """What one rule makes of it."""
        return self.murmur2 if rule is Partitioner.MURMUR2 else self.crc32


def hashes(key: bytes) -> Hashes:
    """What the rules make of a key.

    >>> hashes(b"hejsan").crc32 == 0xD077037E
    True
    """
    return Hashes(murmur2(key) & _POSITIVE, zlib.crc32(key))


def partition_of(key: bytes, rule: Partitioner, partitions: int) -> int:
    """Where a key belongs by a rule, among so many partitions."""
    return hashes(key).of(rule) % partitions
