"""Closing on a real Kafka: once, whoever else tries, whoever dies, and never before everything is counted."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner, Result

from streams.commands.main import main
from streams.kafka.broker_time import one_clock
from streams.kafka.embedded import BrokerProcess
from streams.kafka.writer import FENCED
from streams.months.closing.close import close_due_months, close_month, reopen_month
from streams.months.closing.due import Author, NotClosableError
from streams.months.reading import read_closed_months
from streams.records.closings import Closing, Reopening
from streams.settings import KafkaSettings
from tests.brokers.ports import next_port
from tests.brokers.topics import kafka_settings
from tests.core.builders import DAY
from tests.months.on_kafka import NOW_MS, account_of, calls_in, city, frozen_calls, month_ago, put, settings_file
from tests.runtime import workers
from tests.runtime.workers import WorkerProcess, environment

pytestmark = pytest.mark.kafka

MONTH: Final = month_ago(2)
OTHER: Final = month_ago(3)
NOW: Final = one_clock(NOW_MS)

HANGS_WHILE_CLOSING: Final = """
import asyncio
from streams.kafka.writer import FencedWriter

send = FencedWriter._send

async def send_and_hang(self, records):
    await send(self, records)
    if any(b'"action":"closed"' in (record.value or b"") for record in records):
        print("in the middle of closing", flush=True)
        await asyncio.sleep(3600)

FencedWriter._send = send_and_hang
from streams.commands.main import main
main()
"""
"""A worker that sends the closing of a month to the broker and never comes to the end of the transaction."""


FENCED_WHILE_CLOSING: Final = """
from streams.kafka.client import client_options
from streams.kafka.writer import FencedWriter
from streams.months.closing import close as closer

read = closer.read_sources

async def read_and_be_overtaken(kafka):
    other = FencedWriter(client_options(kafka), f"{kafka.group}-closed-months")
    await other.start()
    await other.stop()
    return await read(kafka)

closer.read_sources = read_and_be_overtaken
from streams.commands.main import main
main()
"""
"""The command `month close`, overtaken by somebody else after it has begun."""


async def outcome(work: Awaitable[Any]) -> object:
    """What came of it, or the kind of refusal."""
    try:
        return await work
    except (NotClosableError, *FENCED) as refused:
        return type(refused)


async def test_of_many_who_close_at_the_same_moment_one_does(apache_kafka: BrokerProcess) -> None:
    """Five at once, by hand and by schedule; then again, when it is closed."""
    settings = city(kafka_settings(apache_kafka, partitions=2))
    await put(settings.kafka, calls_in(MONTH, 20_000, 40_000))
    for _ in range(2):
        tries = [outcome(close_month(settings, MONTH, Author(f"racer-{n}", NOW_MS), NOW)) for n in range(3)]
        await asyncio.gather(*tries, outcome(close_due_months(settings, NOW)))
        entries = await account_of(settings.kafka, MONTH)
        assert len(entries) <= 1, "closed once"
    if not entries:  # all of them fenced each other, which leaves the month to the next look of the schedule
        await close_due_months(settings, NOW)
        entries = await account_of(settings.kafka, MONTH)
    (closing,) = entries
    assert isinstance(closing, Closing)
    assert await close_due_months(settings, NOW) == []
    assert await account_of(settings.kafka, MONTH) == [closing]
    assert sum(tally.answered for tally in frozen_calls(closing)) == 2


async def test_closing_and_reopening_race_too(apache_kafka: BrokerProcess) -> None:
    """Whatever comes first, the account alternates and its numbers have no gap."""
    settings = city(kafka_settings(apache_kafka, partitions=1))
    await put(settings.kafka, calls_in(MONTH, 20_000))
    for round_number in range(3):
        author = Author(f"an-{round_number}", NOW_MS, "x")
        await asyncio.gather(
            *(outcome(close_month(settings, MONTH, author, NOW)) for _ in range(2)),
            *(outcome(reopen_month(settings, MONTH, author)) for _ in range(2)),
        )
        entries = await account_of(settings.kafka, MONTH)
        assert [each.number for each in entries] == list(range(1, len(entries) + 1))
        kinds = [type(each) for each in entries]
        assert kinds == [Closing, Reopening] * (len(kinds) // 2) + [Closing] * (len(kinds) % 2)


async def test_a_worker_killed_while_closing_has_closed_nothing(apache_kafka: BrokerProcess, tmp_path: Path) -> None:
    """Two others start: what it wrote is undone, and the month closes once, with what had been counted."""
    kafka = kafka_settings(apache_kafka, partitions=2)
    file = settings_file(tmp_path)
    await workers.send(kafka, calls_in(MONTH, 20_000, 40_000))
    dying = WorkerProcess(kafka, tmp_path / "dying.log", file, code=HANGS_WHILE_CLOSING)
    try:
        await workers.until(lambda: "in the middle of closing" in dying.log(), "a worker that closes")
        await workers.settle(kafka, [dying])
    finally:
        dying.kill()
    assert await read_closed_months(kafka) == {}
    await workers.send(kafka, calls_in(MONTH, 60_000, name="meanwhile"))
    both = [WorkerProcess(kafka, tmp_path / f"worker-{number}.log", file) for number in (1, 2)]
    try:
        await workers.until(lambda: _closed(kafka, MONTH), "a closed month")
        await workers.settle(kafka, both)
        assert [worker.terminate() for worker in both] == [0, 0]
    finally:
        for worker in both:
            worker.stop()
    (closing,) = await account_of(kafka, MONTH)
    assert isinstance(closing, Closing)
    assert closing.by == "schedule"
    with_the_later_call = 120_000  # if it was counted before the month closed
    assert sum(tally.wait_ms for tally in frozen_calls(closing)) in (60_000, with_the_later_call)


async def test_a_month_waits_for_records_that_nobody_has_counted(apache_kafka: BrokerProcess) -> None:
    """Records from before its closing moment, and no worker; by force it closes, and says how many it lacks."""
    settings = city(kafka_settings(apache_kafka, partitions=2))
    this_month, when_it_is_over = month_ago(0), one_clock(NOW_MS + 70 * DAY)
    await put(settings.kafka, calls_in(this_month, 20_000))
    await workers.send(settings.kafka, calls_in(OTHER, *[5_000] * 20))
    assert await close_due_months(settings, when_it_is_over) == []
    with pytest.raises(NotClosableError, match="lack 40 records from before its closing moment"):
        await close_month(settings, this_month, Author("an", when_it_is_over.now_ms), when_it_is_over)
    assert await account_of(settings.kafka, this_month) == []
    author = Author("an", when_it_is_over.now_ms)
    forced = await close_month(settings, this_month, author, when_it_is_over, force=True)
    assert sum(forced.behind.values()) == 40
    assert await account_of(settings.kafka, this_month) == [forced]


async def test_who_is_overtaken_is_told_so_in_one_line(apache_kafka: BrokerProcess) -> None:
    """No trace of what the client had begun; and nothing is closed."""
    kafka = kafka_settings(apache_kafka, partitions=1)
    await put(kafka, calls_in(MONTH, 20_000))
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", FENCED_WHILE_CLOSING, "month", "close", MONTH],
        env={**environment(kafka, next_port(), None), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: Somebody else has just closed or reopened a month. Look again.\n"
    assert await account_of(kafka, MONTH) == []


async def test_before_a_worker_has_ever_run_the_commands_say_so_at_once(
    broker: BrokerProcess, tmp_path: Path
) -> None:
    """The topics that they read are not there, and are not made by looking."""
    kafka = kafka_settings(broker)
    for arguments, topic in (
        (("report", "--month", MONTH), kafka.month_totals_topic),
        (("month", "list"), kafka.closed_months_topic),
        (("month", "close", MONTH), kafka.calls_topic),
        (("month", "reopen", MONTH, "--why", "x"), kafka.closed_months_topic),
        (("snapshot", "list"), kafka.snapshots_topic),
        (("dead-letters",), kafka.dead_letters_topic),
    ):
        result = await asyncio.to_thread(command, kafka, settings_file(tmp_path), *arguments)
        assert result.exit_code == 1, arguments
        assert f"Topic {topic} is not there. A worker creates it when it starts" in result.output


def command(kafka: KafkaSettings, file: Path, *arguments: str) -> Result:
    """A command as its user starts it."""
    return CliRunner().invoke(main, list(arguments), env=environment(kafka, next_port(), file))


async def test_workers_close_and_people_reopen(apache_kafka: BrokerProcess, tmp_path: Path) -> None:
    """Two workers, one of them killed; late facts; the report before, after and in between, all from Kafka."""
    kafka = kafka_settings(apache_kafka, partitions=2)
    file = settings_file(tmp_path)
    both = [WorkerProcess(kafka, tmp_path / f"worker-{number}.log", file) for number in (1, 2)]
    try:
        await workers.until(lambda: all(each.owned_partitions() == 2 for each in both), "an equal share each")
        await workers.send(kafka, calls_in(MONTH, 20_000, 40_000))
        await workers.until(lambda: _closed(kafka, MONTH), "a closed month")
        await workers.send(kafka, calls_in(MONTH, 300_000, name="late"))
        both[0].kill()
        await workers.send(kafka, calls_in(OTHER, 10_000))
        await workers.until(lambda: _closed(kafka, OTHER), "a month closed by the other worker")
        await workers.settle(kafka, both[1:])
        await asyncio.to_thread(_reports_before_and_after, kafka, file)
        assert both[1].terminate() == 0, both[1].log()
    finally:
        for worker in both:
            worker.stop()
    assert [type(each) for each in await account_of(kafka, MONTH)] == [Closing, Reopening, Closing]
    assert [type(each) for each in await account_of(kafka, OTHER)] == [Closing]


def _reports_before_and_after(kafka: KafkaSettings, file: Path) -> None:
    report = command(kafka, file, "report", "--month", MONTH)
    assert report.exit_code == 0, report.output
    assert "30,0 s" in report.output
    assert "Feiten over deze maand die daarna nog binnenkwamen, ook herhaalde, niet meegeteld: 2." in report.output
    assert "beantwoord +1" in report.output
    assert "1 stille" not in report.output
    opened = command(kafka, file, "month", "reopen", MONTH, "--why", "centrale was weg", "--by", "an")
    assert opened.exit_code == 0, opened.output
    live = command(kafka, file, "report", "--month", MONTH).output
    assert "120,0 s" in live, live
    assert "heropend door an: centrale was weg" in live
    closed = command(kafka, file, "month", "close", MONTH, "--by", "an", "--why", "klaar")
    assert closed.exit_code == 0, closed.output
    again = command(kafka, file, "month", "close", MONTH)
    assert again.exit_code == 1
    assert "is closed already" in again.output
    listed = command(kafka, file, "month", "list").output
    assert f"{MONTH}  closed" in listed
    assert "by an: klaar" in listed
    assert "by schedule" in listed


async def _closed(kafka: KafkaSettings, month: str) -> bool:
    return month in await read_closed_months(kafka)  # without fencing who is about to close it
