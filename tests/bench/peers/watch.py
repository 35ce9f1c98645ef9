"""What the programs share: their arguments, when time counts, and what they print at the end."""

import json
import sys
import time
from collections.abc import Iterable
from typing import NamedTuple

Window = tuple[str, int, int, int, int]
"""Cluster, start (UTC ms), count, sum and maximum of the seconds waited."""


class Job(NamedTuple):
    """What a program is told to do."""

    address: str
    topic: str
    """Four partitions, keyed by cluster, so that nothing has to be moved for a window of a cluster."""
    events: int
    warm_up: float
    """Share of the events before time counts."""
    size_seconds: int
    hop_seconds: int


def job_arguments(job: Job) -> list[str]:
    """The job as a command line."""
    return [str(part) for part in job]


def told() -> Job:
    """The job on the command line."""
    address, topic, events, warm_up, size, hop = sys.argv[1:]
    return Job(address, topic, int(events), float(warm_up), int(size), int(hop))


class Watch:
    """Counts events, and from the end of the warm-up on the time."""

    def __init__(self, job: Job) -> None:
        self._warm, self._last = int(job.events * job.warm_up), job.events
        self._done = 0
        self._started = self._cpu_started = self.seconds = self.cpu_seconds = 0.0

    def tick(self) -> bool:
        """One more event is counted; whether it was the last."""
        self._done += 1
        if self._done == self._warm:
            self._started, self._cpu_started = time.perf_counter(), time.process_time()
        elif self._done == self._last:
            self.stop()
            return True
        return False

    def stop(self) -> None:
        """Take the time, again where the work goes on after the last event is read."""
        self.seconds = time.perf_counter() - self._started
        self.cpu_seconds = time.process_time() - self._cpu_started

    def report(self, windows: Iterable[Window]) -> None:
        """Print the time and the result as the program's last line."""
        if self._done != self._last:
            raise SystemExit(f"expected {self._last} events, got {self._done}")
        line = {"events": self._last - self._warm, "seconds": self.seconds, "cpu_seconds": self.cpu_seconds}
        print(json.dumps({**line, "windows": list(windows)}), flush=True)
