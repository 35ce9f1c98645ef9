"""Bytewax: count, sum and maximum of the wait by cluster over a hopping window.

Its own Kafka source with its batches of 1,000, values decoded by msgspec, folded as they come (`ordered=False`, what
it recommends for speed), without the recovery store: nothing of it would survive a crash.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import bytewax.operators as op
import msgspec
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.operators.windowing import EventClock, SlidingWindower, fold_window
from bytewax.testing import TestingSink, run_main

from tests.bench.peers.watch import Job, Watch, Window, told

Sums = tuple[int, int, int]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Happened(msgspec.Struct, gc=False):
    """What the window needs of an event."""

    cluster: str
    at: float
    hold: int


def run(job: Job) -> None:
    """Process the job's events and report."""
    watch = Watch(job)
    decode = msgspec.json.Decoder(Happened).decode
    closed: list[Any] = []

    def keyed(message: Any) -> tuple[str, Happened]:
        watch.tick()
        event = decode(message.value)
        return event.cluster, event

    flow = Dataflow("bench")
    records = op.input("records", flow, KafkaSource([job.address], [job.topic], tail=False))
    # Events of a cluster are in order: the wait only guards against a machine that stands still.
    clock = EventClock(_at, wait_for_system_duration=timedelta(seconds=60))
    hops = SlidingWindower(timedelta(seconds=job.size_seconds), timedelta(seconds=job.hop_seconds), EPOCH)
    by_key = op.map("by cluster", records, keyed)
    windows = fold_window("window", by_key, clock, hops, lambda: (0, 0, 0), _fold, _never_merged, ordered=False)
    op.output("closed", windows.down, TestingSink(closed))
    run_main(flow)
    watch.stop()
    watch.report(_window(job, cluster, number, sums) for cluster, (number, sums) in closed)


def _at(event: Happened) -> datetime:
    return datetime.fromtimestamp(event.at, UTC)


def _fold(sums: Sums, event: Happened) -> Sums:
    count, total, longest = sums
    hold = event.hold
    return count + 1, total + hold, hold if hold > longest else longest  # noqa: FURB136 - max() would cost it a call an event


def _never_merged(first: Sums, second: Sums) -> Sums:
    raise AssertionError(f"hopping windows do not merge, these did: {first}, {second}")


def _window(job: Job, cluster: str, number: int, sums: Sums) -> Window:
    return (cluster, number * job.hop_seconds * 1000, *sums)


if __name__ == "__main__":
    run(told())
