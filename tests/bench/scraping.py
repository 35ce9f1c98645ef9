"""A worker as a process, read from outside: pages over one connection, processor time from the system.

Must not know what is measured with it.
"""

import http.client
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from tests.runtime.workers import WorkerProcess

WAIT_SECONDS: Final = 300.0
"""Bound on waiting for a worker."""

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

    def known(self, name: str) -> bool:
        """Whether the metric has any series."""
        return any(True for _ in self.samples(name))

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
            self._connection.close()
            self._connection = None
            raise NotServingError(self.log()) from error
        now = time.perf_counter()
        return Scrape(now, now - asked, text)

    def stop(self) -> None:
        """Make sure that it is gone, and our connection to it."""
        if self._connection is not None:
            self._connection.close()
        super().stop()

    def wait(self, condition: Callable[[Scrape], bool], what: str, poll_seconds: float = 0.02) -> Scrape:
        """The first answer for which the condition holds."""
        given_up, pause = time.perf_counter() + WAIT_SECONDS, poll_seconds
        while time.perf_counter() < given_up:
            with suppress(NotServingError):
                answer = self.scrape()
                if condition(answer):
                    return answer
                pause = max(poll_seconds, 4 * answer.seconds)  # waiting must not be the worker's main work
            time.sleep(pause)
        raise TimeoutError(f"not within {WAIT_SECONDS:.0f} s: {what}; the worker's log: {self.log()}")

    def wait_for_partitions(self, count: int) -> Scrape:
        """The first answer after it was given so many source partitions."""
        return self.wait(lambda scrape: scrape.total("wachtmonitor_owned_partitions") == count, "partitions")

    def wait_for_events(self, count: int) -> Scrape:
        """The first answer that shows so many events."""
        applied = "wachtmonitor_events_applied_total"
        return self.wait(lambda scrape: scrape.total(applied) >= count, f"{count} events", 0.1)

    def wait_for_checkpoints(self) -> Scrape:
        """The first answer after which a restart reads no event again."""
        behind = "wachtmonitor_checkpoint_behind_records"
        return self.wait(lambda scrape: scrape.known(behind) and not scrape.total(behind), "checkpoints")

    def cpu_seconds(self) -> float:
        """Processor time of the process so far, user and system, to a hundredth."""
        return process_cpu_seconds(self._process.pid)


def process_cpu_seconds(pid: int) -> float:
    """Processor time of a process so far, all of its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
