"""The limit in Python: aiokafka and msgspec alone, count, sum and maximum of the wait by cluster and slot.

Run as a process with the bootstrap address, the topics (comma-separated), the number of events, the share of them
before time counts, and `tuned` or `plain`: whether Python looks for cycles as seldom as in the worker.
"""

import asyncio
import json
import sys
import time

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.runtime.consumer import FETCH_BYTES, FETCH_WAIT_MS
from streams.runtime.garbage import collect_rarely
from tests.bench.filling import PARTITIONS

SLOT_SECONDS = 10


class Happened(msgspec.Struct, gc=False):
    """What the sums need of an event."""

    cluster: str
    at: float
    hold: int


def fold(sums: dict[tuple[str, int], list[int]], values: list[bytes]) -> None:
    """Take a fetched batch into the sums."""
    decode = DECODE
    for value in values:
        event = decode(value)
        key = event.cluster, int(event.at) // SLOT_SECONDS
        held = sums.get(key)
        if held is None:
            sums[key] = [1, event.hold, event.hold]
        else:
            held[0] += 1
            held[1] += event.hold
            if event.hold > held[2]:  # noqa: PLR1730 - max() would cost the limit a call an event
                held[2] = event.hold


DECODE = msgspec.json.Decoder(Happened).decode


async def run(address: str, topics: list[str], count: int, warm_up: float) -> dict[str, object]:
    """Read `count` events; the time from the share `warm_up` of them on."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=address,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        isolation_level="read_committed",
    )
    await consumer.start()
    sums: dict[tuple[str, int], list[int]] = {}
    done, warm, started, cpu = 0, 0, 0.0, 0.0
    try:
        consumer.assign([TopicPartition(topic, partition) for topic in topics for partition in range(PARTITIONS)])
        while done < count:
            fetched = await consumer.getmany(timeout_ms=1000)
            for records in fetched.values():
                fold(sums, [record.value for record in records])
                done += len(records)
            if not warm and done >= count * warm_up:
                warm, started, cpu = done, time.perf_counter(), time.process_time()
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    finally:
        await consumer.stop()
    return {"events": done - warm, "seconds": seconds, "cpu_seconds": cpu, "by_cluster": by_cluster(sums)}


def by_cluster(sums: dict[tuple[str, int], list[int]]) -> dict[str, list[int]]:
    """Over all slots."""
    merged: dict[str, list[int]] = {}
    for (cluster, _), (count, total, longest) in sums.items():
        held = merged.setdefault(cluster, [0, 0, 0])
        merged[cluster] = [held[0] + count, held[1] + total, max(held[2], longest)]
    return merged


def main() -> None:
    """Do what the command line says."""
    address, topics, count, warm_up, collector = sys.argv[1:]
    if collector == "tuned":
        collect_rarely()
    print(json.dumps(asyncio.run(run(address, topics.split(","), int(count), float(warm_up)))))


if __name__ == "__main__":
    main()
