"""A worker as a process, read from outside: pages over one connection, processor time from the system.

Must not know what is measured with it.
"""

import http.client
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.runtime.workers import WorkerProcess

_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Sample(NamedTuple):
    """One series of the exposition: the name, the labels as written, the value."""

    name: str
    labels: str
    value: float


class Scrape(NamedTuple):
    """One answer of /metrics and when it had come, by `time.perf_counter`."""

    at: float
    seconds: float
    """From asking to the last byte."""
    text: str

    def samples(self, name: str) -> Iterator[Sample]:
        """The series of one metric."""
        start = self.text.find(f"\n{name}{{")
        while start >= 0:
            end = self.text.find("\n", start + 1)
            labels, _, value = self.text[start + 1 : end].rpartition(" ")
            yield Sample(name, labels.removeprefix(name), float(value))
            start = end if self.text.startswith(f"{name}{{", end + 1) else -1

    def total(self, name: str) -> float:
        """The sum over the series of one metric; 0 without any."""
        return sum(sample.value for sample in self.samples(name))

    def largest(self, name: str) -> float:
        """The maximum over the series of one metric; 0 without any."""
        return max((sample.value for sample in self.samples(name)), default=0.0)


class NotServingError(RuntimeError):
    """The worker does not answer (yet)."""


class MeasuredWorker(WorkerProcess):
    """`wachtmonitor worker` as its user starts it."""

    _connection: http.client.HTTPConnection | None = None

    def scrape(self) -> Scrape:
        """The metrics; raises `NotServingError` while nobody answers."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        asked = time.perf_counter()
        try:
            self._connection.request("GET", "/metrics")
            text = self._connection.getresponse().read().decode()
        except (OSError, http.client.HTTPException) as error:
            assert self.exit_status() is None, self.log()
            self._connection = None
            raise NotServingError(self.log()) from error
        now = time.perf_counter()
        return Scrape(now, now - asked, text)

    def cpu_seconds(self) -> float:
        """Processor time of the process so far, user and system, to a hundredth."""
        return process_cpu_seconds(self._process.pid)


def process_cpu_seconds(pid: int) -> float:
    """Processor time of a process so far, all of its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
