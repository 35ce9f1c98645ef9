"""What callers and exchanges do in practice, through a worker on Kafka: each is counted and shown as what it is."""

import time
from pathlib import Path
from random import Random
from typing import Final

import msgspec
import pytest

from streams.kafka.embedded import BrokerProcess
from tests.brokers.topics import kafka_settings
from tests.cases.refusing import Fact, health, send, working
from tests.cases.test_hours_and_names import figure, settings_with
from tests.core.builders import HOUR, MINUTE, SECOND
from tests.core.drawing import drawn
from tests.runtime.workers import WorkerProcess, settle

OVERFLOW: Final = "Overloop"

CASES: Final[dict[str, tuple[str, dict[str, float]]]] = {
    # A time-out puts the caller out of the queue, and the exchange puts them in again.
    "Re-entry": ("o..x.o....a", {"served_contacts": 1, "wait_seconds": 100}),
    "Re-entry missed": ("o..x.o....x.e", {"missed_calls": 1, "missed_wait_seconds": 100}),
    # The first queue gives the caller to a second one.
    "Into a second queue": ("o..xO...A", {"served_contacts": 1, "wait_seconds": 80}),
    # The line was cut, and the exchange knows the caller again.
    "Cut off": ("o.x.e..o.a", {"served_contacts": 1, "wait_seconds": 90}),
    "Answer to nobody": ("o..x..a..e", {"missed_calls": 1, "missed_wait_seconds": 30, "answered_too_late_calls": 1}),
    "Answer after the end": ("o..e..a", {"excluded_contacts": 1}),
    "To be called back": ("o...r", {"callback_requested_calls": 1}),
    "Called back": (
        "o...r~~b",
        {"callback_requested_calls": 1, "called_back_calls": 1, "called_back_after_seconds": 2410},
    ),
    "Id used again": ("o.a|o..a", {"served_contacts": 1, "wait_seconds": 30, "reused_id_contacts": 1}),
    "Answer hours later": ("o.x|a.", {"answered_too_late_calls": 1, "unclear_id_contacts": 1}),
}
"""What happened to one caller on a line of that name (`tests.core.drawing`), and what is right for the last hour."""

WAITING: Final = {
    "Waits again": "o..x...o.",
    "Waits in a second queue": "o..xO..",
}

COUNTS: Final = (
    *("served_contacts", "wait_seconds", "missed_calls", "missed_wait_seconds", "answered_too_late_calls"),
    *("excluded_contacts", "callback_requested_calls", "called_back_calls", "called_back_after_seconds"),
    *("reused_id_contacts", "unclear_id_contacts"),
)


def facts(line: str, cluster: str, end_ms: int) -> list[Fact]:
    """The facts of a drawing that ends at a moment, as an exchange sends them."""
    _, length = drawn(line, 0)
    events, _ = drawn(line, end_ms - length, cluster, (cluster, OVERFLOW))
    return [msgspec.to_builtins(event) for event in events]


def lines_of(folder: Path) -> Path:
    """Settings with a telephone line for each case."""
    names = (*CASES, *WAITING, OVERFLOW)
    line = '[[cluster]]\nname = "{}"\nchannel = "phone"\nnorm_seconds = 45\n\n'
    first = '[[cluster]]\nname = "Klantencontactcentrum"'
    return settings_with(folder, (first, "".join(map(line.format, names)) + first))


def counted(worker: WorkerProcess, cluster: str) -> dict[str, float]:
    """What `/metrics` says of the last hour of a line."""
    found = {name: figure(worker, name, cluster=cluster, window="60m") for name in COUNTS}
    return {name: value for name, value in found.items() if value}


@pytest.mark.kafka
@pytest.mark.timeout(300)
async def test_calls_of_practice_are_counted_as_what_they_are(apache_kafka: BrokerProcess, tmp_path: Path) -> None:
    """Shuffled, and some of it twice: what is shown is what it would be in order, after a restart too."""
    kafka = kafka_settings(apache_kafka, partitions=2)
    now = time.time_ns() // 10**9 * SECOND
    told = [fact for name, (line, _) in CASES.items() for fact in facts(line, name, now - MINUTE)]
    told += [fact for name, line in WAITING.items() for fact in facts(line, name, now)]
    await send(kafka, Random(16).sample([*told, *told[::3]], len(told) + len(told[::3])))
    async with working(kafka, tmp_path / "log", lines_of(tmp_path)) as worker:
        await settle(kafka, [worker])
        for again in range(2):
            shown = {name: counted(worker, name) for name in CASES}
            assert shown == {name: expected for name, (_, expected) in CASES.items()}
            for name, line in WAITING.items():
                assert figure(worker, "waiting_contacts", cluster=name) == 1
                longest = figure(worker, "longest_wait_seconds", cluster=name)
                assert longest >= drawn(line, 0)[1] / SECOND
                assert longest < HOUR / SECOND
            assert figure(worker, "waiting_contacts") == len(WAITING)
            assert counted(worker, OVERFLOW) == {}
            assert health(worker) == []
            if not again:
                assert worker.terminate() == 0
                worker.start_again()
                await settle(kafka, [worker])
