"""A worker that refuses what it reads says so at once, once in its log, and no more when it is over."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError

import msgspec
import pytest
from click.testing import CliRunner, Result

from streams.channels.calls.events import AnyCallEvent, Offered
from streams.channels.refusals import ACCEPTED_AGAIN, LINE_RECORDS, MANY_REFUSED
from streams.channels.visits.events import AnyTicketEvent, Arrived
from streams.commands.check.command import check
from streams.kafka.embedded import BrokerProcess
from streams.process.clock import system_clock
from streams.settings import KafkaSettings
from tests.brokers.topics import kafka_settings
from tests.runtime import workers
from tests.runtime.workers import WorkerProcess, environment, send, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

KCC: Final = "Klantencontactcentrum"


def fast(number: int) -> Offered:
    """A call of an exchange whose clock is six minutes fast."""
    return Offered(f"fast-{number}", KCC, system_clock() / 1000 + 360)


def misspelt(number: int) -> Arrived:
    """A visitor at a desk whose name the ticket system writes otherwise."""
    return Arrived(f"misspelt-{number}", "Bürgerzaken", system_clock() / 1000 - 30)


def good_calls(count: int) -> list[Offered]:
    """Calls as they should be."""
    return [Offered(f"good-{number}", KCC, system_clock() / 1000 - 5) for number in range(count)]


def good_visits(count: int) -> list[Arrived]:
    """Visits as they should be."""
    return [Arrived(f"good-{number}", "Wonen", system_clock() / 1000 - 5) for number in range(count)]


def health(worker: WorkerProcess) -> list[str]:
    """The problems that it tells; none while it is healthy."""
    try:
        text = worker.get("/health")
        status = 200
    except HTTPError as error:
        text, status = error.read().decode(), error.code
    found = msgspec.json.decode(text, type=dict[str, Any])
    assert (status, found["healthy"]) == ((503, False) if found["problems"] else (200, True))
    return list(found["problems"])


def checked(worker: WorkerProcess) -> Result:
    """What `wachtmonitor check` says."""
    return CliRunner().invoke(check, [], env=environment(worker.kafka, worker.port, None))


@asynccontextmanager
async def running(kafka: KafkaSettings, log: Path) -> AsyncIterator[WorkerProcess]:
    """A worker that is healthy."""
    worker = WorkerProcess(kafka, log, verbose=False)
    try:
        await until(worker.is_healthy, "a healthy worker")
        yield worker
        assert worker.terminate() == 0, worker.log()
    finally:
        worker.stop()


async def send_and_settle(worker: WorkerProcess, events: Iterable[AnyCallEvent | AnyTicketEvent]) -> None:
    """Send events, and wait until they are folded."""
    await send(worker.kafka, events)
    await workers.settle(worker.kafka, [worker])


async def test_day_one_with_all_refused_is_said_at_once_and_once_and_is_over_by_itself(
    apache_kafka: BrokerProcess, tmp_path: Path
) -> None:
    kafka = kafka_settings(apache_kafka, partitions=2)
    async with running(kafka, tmp_path / "worker.log") as worker:
        await send_and_settle(worker, [fast(1), fast(2), misspelt(1)])
        calls, tickets = health(worker)
        assert "(time_in_future)" in calls
        assert "the source's clock is about 6 minutes ahead, or the broker's behind" in calls
        assert '(unknown_cluster); "Bürgerzaken" is no cluster' in tickets
        assert 'did you mean "Burgerzaken"? It differs in accents or spaces only.' in tickets
        found = await asyncio.to_thread(checked, worker)
        assert found.exit_code == 1
        assert [line for line in found.output.splitlines() if line.startswith("✗")] == [
            f"✗ wrong    records of {kafka.calls_topic}: {calls}",
            f"✗ wrong    records of {kafka.tickets_topic}: {tickets}",
        ]
        await until(lambda: worker.log().count("refused: ") == 2, "both in the log")
        await send_and_settle(worker, [fast(3), *good_calls(1), *good_visits(1)])
        assert health(worker) == []
        await until(lambda: worker.log().count("over: refused: ") == 2, "the end in the log")
        assert worker.log().count("ERROR refused: ") == 2


async def test_most_refused_in_a_stream_that_was_good_is_said_and_one_bad_record_is_not(
    apache_kafka: BrokerProcess, tmp_path: Path
) -> None:
    kafka = kafka_settings(apache_kafka, partitions=2)
    async with running(kafka, tmp_path / "worker.log") as worker:
        await send_and_settle(worker, good_calls(20))
        await send_and_settle(worker, [fast(0)])
        assert health(worker) == []
        assert (await asyncio.to_thread(checked, worker)).exit_code == 0
        await send_and_settle(worker, [fast(number) for number in range(3 * MANY_REFUSED)])
        (problem,) = health(worker)
        assert "about 6 minutes ahead" in problem
        assert (await asyncio.to_thread(checked, worker)).exit_code == 1
        await send_and_settle(worker, good_calls(ACCEPTED_AGAIN))
        assert health(worker) == []
        assert (await asyncio.to_thread(checked, worker)).exit_code == 0


async def test_a_line_that_is_misspelt_is_said_while_the_others_are_counted(
    embedded_broker: BrokerProcess, tmp_path: Path
) -> None:
    kafka = kafka_settings(embedded_broker, partitions=1)
    async with running(kafka, tmp_path / "worker.log") as worker:
        for number in range(LINE_RECORDS):
            await send(kafka, [*good_visits(6), misspelt(number)])
        await workers.settle(kafka, [worker])
        (problem,) = health(worker)
        assert problem.startswith(
            f"refused: {LINE_RECORDS} or more records of {kafka.tickets_topic} for the spelling"
        )
        found = await asyncio.to_thread(checked, worker)
        assert found.exit_code == 1
        assert 'did you mean "Burgerzaken"?' in found.output


async def test_a_worker_that_starts_again_says_it_while_nothing_was_ever_accepted(
    embedded_broker: BrokerProcess, tmp_path: Path
) -> None:
    kafka = kafka_settings(embedded_broker, partitions=1)
    async with running(kafka, tmp_path / "first.log") as worker:
        await send_and_settle(worker, [fast(1)])
        assert len(health(worker)) == 1
    worker = WorkerProcess(kafka, tmp_path / "second.log", verbose=False)
    try:
        await until(lambda: "refused: " in worker.log(), "the problem")
        (problem,) = health(worker)
        assert "time_in_future" in problem
        await send_and_settle(worker, good_calls(1))
        assert health(worker) == []
    finally:
        worker.stop()


async def test_what_a_record_holds_is_nowhere_but_in_the_dead_letters(
    embedded_broker: BrokerProcess, tmp_path: Path
) -> None:
    kafka = kafka_settings(embedded_broker, partitions=1)
    names = ["Jan Peeters", "0470 12 34 56", "jan@example.org"]
    async with running(kafka, tmp_path / "worker.log") as worker:
        await send_and_settle(
            worker, [Offered(f"Jan-{name}", name, system_clock() / 1000) for name in names * MANY_REFUSED]
        )
        (problem,) = health(worker)
        assert "is no cluster of the phone in the settings; known are: Klantencontactcentrum" in problem
        output = (await asyncio.to_thread(checked, worker)).output
        await until(lambda: "refused: " in worker.log(), "the problem in the log")
        for text in (problem, output, worker.log()):
            assert not any(part in text for part in ("Jan", "Peeters", "0470", "example.org"))
