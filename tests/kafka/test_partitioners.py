"""Where clients of Kafka put a key, by the vectors of their own tests."""

import pytest

from streams.kafka.partitioners import Hashes, Partitioner, hashes, partition_of

KEPT = 0x7FFFFFFF


@pytest.mark.parametrize(
    ("key", "murmur2"),
    [
        # org.apache.kafka.common.utils.UtilsTest
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_murmur2_is_that_of_java(key: bytes, murmur2: int) -> None:
    assert hashes(key).murmur2 == murmur2 & KEPT


@pytest.mark.parametrize(
    ("key", "murmur2", "crc32"),
    [
        # tests/0048-partitioner.c of librdkafka
        (b"", 0x106E08D9, 0x0),
        (b"23456", 0x058D780F, 0xB1B451D7),
        (b"this is another string with more length to it perhaps", 0x4F7703DA, 0xB0150DF7),
        (b"hejsan", 0x5EC19395, 0xD077037E),
    ],
)
def test_both_are_those_of_librdkafka(key: bytes, murmur2: int, crc32: int) -> None:
    assert hashes(key) == Hashes(murmur2, crc32)
    for partitions in (7, 17):
        assert partition_of(key, Partitioner.MURMUR2, partitions) == murmur2 % partitions
        assert partition_of(key, Partitioner.CRC32, partitions) == crc32 % partitions
