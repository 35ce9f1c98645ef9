"""Stock Faust: count, sum and maximum of the wait by cluster in a hopping Table, one message a record.

One Table for the three figures, which is a third of the work of three; in memory with a changelog topic; values
decoded by msgspec.
"""

import asyncio
import logging
import uuid
from tempfile import TemporaryDirectory
from typing import Any

import faust
import msgspec

from tests.bench.peers.watch import Job, Watch, Window, told

Sums = tuple[int, int, int]
KEPT_SECONDS = 24 * 3600


class Happened(msgspec.Struct, gc=False):
    """What the window needs of an event."""

    cluster: str
    at: float
    hold: int


async def run(job: Job, directory: str) -> None:
    """Process the job's events and report; Faust keeps its files in the directory."""
    watch, finished = Watch(job), asyncio.Event()
    app = faust.App(
        f"stock-{uuid.uuid4().hex[:8]}",
        broker=f"kafka://{job.address}",
        store="memory://",
        datadir=directory,
        topic_partitions=4,
        topic_replication_factor=1,
        consumer_auto_offset_reset="earliest",
        web_enabled=False,
        topic_disable_leader=True,
    )
    table: Any = app.Table("held", default=tuple, partitions=4).hopping(
        job.size_seconds, job.hop_seconds, expires=KEPT_SECONDS
    )
    held = table.relative_to(lambda event: event.value.at)
    decode = msgspec.json.Decoder(Happened).decode

    @app.agent(app.topic(job.topic, schema=_Decoded(decode)))
    async def fold(stream: Any) -> None:
        async for event in stream:
            held[event.cluster].apply(_fold, event.hold)
            if watch.tick():
                finished.set()

    await app.start()
    try:
        await finished.wait()
        watch.report(_window(key, sums) for key, sums in table.table.data.items())
    finally:
        await app.stop()


class _Decoded(faust.Schema):
    """Values by msgspec, keys left alone."""

    def __init__(self, decode: Any) -> None:
        super().__init__()
        self._decode = decode

    def loads_key(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> Any:  # noqa: ARG002 - Faust's signature
        """The key as it came."""
        return message.key

    def loads_value(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> Any:  # noqa: ARG002 - Faust's signature
        """The event."""
        return self._decode(message.value)


def _fold(sums: Sums | tuple[()], hold: int) -> Sums:
    count, total, longest = sums or (0, 0, 0)
    return count + 1, total + hold, max(longest, hold)


def _window(key: tuple[str, tuple[float, float]], sums: Sums) -> Window:
    cluster, (start, _) = key
    return (cluster, round(start * 1000), *sums)


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    with TemporaryDirectory() as directory:
        asyncio.run(run(told(), directory))
