"""Quix Streams: count, sum and maximum of the wait by cluster over a hopping window.

With its defaults: JSON by its own deserializer, state in RocksDB with changelog topics, a commit each 5 s. The topic
is keyed by cluster already, which spares it the repartition topic of `group_by`; windows are given out when they are
complete (`final`), which writes less than `current`.
"""

import tempfile
import uuid
from typing import Any

from quixstreams import Application
from quixstreams.dataframe.windows import Count, Max, Sum

from tests.bench.peers.watch import Job, Watch, Window, told


def run(job: Job) -> None:
    """Process the job's events and report."""
    watch = Watch(job)
    windows: list[Window] = []
    with tempfile.TemporaryDirectory(prefix="quix-") as state:
        app: Any = Application(
            job.address,
            consumer_group=f"quix-{uuid.uuid4().hex[:8]}",
            auto_offset_reset="earliest",
            state_dir=state,
            loglevel="WARNING",
            on_message_processed=lambda *_: app.stop() if watch.tick() else None,
        )
        topic = app.topic(job.topic, key_deserializer="str", value_deserializer="json", timestamp_extractor=_at_ms)
        window = app.dataframe(topic).hopping_window(job.size_seconds * 1000, job.hop_seconds * 1000)
        results = window.agg(count=Count(), total=Sum("hold"), longest=Max("hold")).final()
        results.update(lambda value, key, *_: windows.append(_window(key, value)), metadata=True)
        app.run()
    watch.report(windows)


def _at_ms(value: Any, *_: object) -> int:
    seconds: float = value["at"]
    return round(seconds * 1000)


def _window(key: str, value: dict[str, int]) -> Window:
    return key, value["start"], value["count"], value["total"], value["longest"]


if __name__ == "__main__":
    run(told())
