"""Workers with a wrong clock on a real Kafka: nothing official is done, nothing is counted early, it heals."""

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec
import pytest
from aiokafka.admin import NewTopic

from streams.channels.calls.counts import PhoneTally
from streams.channels.calls.events import AnyCallEvent
from streams.channels.topics import topic_specs
from streams.core.calendar import Calendar
from streams.core.measure import Exclusion
from streams.kafka.broker_time import APART_MS, one_clock
from streams.kafka.client import KafkaProblemsError, admin_client
from streams.kafka.clock import broker_clocks, broker_time
from streams.kafka.embedded import BrokerProcess
from streams.months.closing.close import close_due_months, close_month
from streams.months.closing.due import Author, closing_ms
from streams.months.reading import read_closed_months
from streams.months.schedule import run_schedule
from streams.process.clock import system_clock
from streams.records.closings import Closing
from streams.runtime.app import MonitorApp
from streams.runtime.worker import running_worker
from streams.settings import KafkaSettings, Settings
from tests.brokers.ports import next_port
from tests.brokers.topics import kafka_settings
from tests.core.builders import DAY, HOUR, KCC, MINUTE, SECOND, answered, offered
from tests.months.on_kafka import account_of, calls_in, city, frozen_calls, month_ago, put, settings_file
from tests.months.test_closing_on_kafka import command
from tests.months.test_report import always_open
from tests.runtime import workers
from tests.runtime.workers import WorkerProcess, until
from tests.serve.observing import read, series

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

PAST: Final = month_ago(2)
"""A month that is past its closing moment."""

WAITS: Final = "months, reports and snapshots wait:"
"""Begins what the log says when nothing official is done."""

AHEAD: Final = """
import os, sys
os.environ |= {{"LD_PRELOAD": "{library}", "FAKETIME": "+{seconds}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}}
os.execv(sys.executable, [sys.executable, "-m", "streams", *sys.argv[1:]])
"""
"""A command on a machine whose clock is ahead."""


def ahead(ahead_ms: int) -> str:
    """The code of a process whose clock is ahead; skipped without libfaketime, but never in CI."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("no libfaketime: install Debian's package faketime")
    return AHEAD.format(library=found[0], seconds=ahead_ms // SECOND)


def shifted(ahead_ms: int) -> Callable[[], int]:
    """A clock that is ahead of the machine's."""
    return lambda: system_clock() + ahead_ms


def a_minute_ago(number: int, *, name: str = "c") -> list[AnyCallEvent]:
    """Calls of a minute ago that were answered after a second each."""
    at_ms = system_clock() - MINUTE
    return [
        event
        for each in range(number)
        for event in (offered(at_ms, f"{name}-{each}"), answered(at_ms + SECOND, f"{name}-{each}"))
    ]


def running_month(settings: Settings) -> str:
    """The month of those calls."""
    return Calendar(settings.rules).month(system_clock() - MINUTE)


def due_ms(settings: Settings, month: str) -> int:
    """When a month closes."""
    return closing_ms(month, settings.closing, settings.rules.zone)


def counted(closing: Closing) -> int:
    """The calls in it: a test may run at night, when calls are left out of the figures and counted beside them."""
    return sum(each.answered + sum(each.excluded.values()) for each in frozen_calls(closing))


async def counted_now(kafka: KafkaSettings, reason: Exclusion | None = None) -> int:
    """The calls in the official totals, or those that were left out for a reason."""
    phone = [tally for tally in (await workers.month_totals(kafka)).values() if isinstance(tally, PhoneTally)]
    if reason is not None:
        return sum(tally.excluded.get(reason.value, 0) for tally in phone)
    return sum(tally.answered + sum(tally.excluded.values()) for tally in phone)


@asynccontextmanager
async def worker_at(settings: Settings, clock: Callable[[], int]) -> AsyncIterator[MonitorApp]:
    """A worker with this clock, and the schedule beside it as `wachtmonitor worker` has it."""
    async with running_worker(settings, clock=clock) as app:
        schedule = asyncio.create_task(run_schedule(settings, clock, lambda: len(app.owner.owned()) > 0))
        try:
            yield app
        finally:
            schedule.cancel()
            with suppress(asyncio.CancelledError):
                await schedule


def looking_each_second(broker: BrokerProcess, reports: Path | None = None) -> Settings:
    """The city on this Kafka, always open, with a schedule that is quick: a test may run on a Sunday night."""
    settings = city(kafka_settings(broker, partitions=2), rules=always_open().rules)
    closing = msgspec.structs.replace(settings.closing, check_seconds=1, reports_directory=reports)
    web = msgspec.structs.replace(settings.web, port=next_port())
    return msgspec.structs.replace(settings, closing=closing, web=web)


def figure(app: MonitorApp, name: str, **labels: str) -> float | None:
    """What a worker shows."""
    return read(app.pages.metrics()).get(series(name, **labels))


def codes(app: MonitorApp) -> list[str]:
    """What a worker says is wrong with it."""
    return [problem.code for problem in app.pages.health().problems]


async def test_a_worker_days_ahead_does_not_close_the_running_month(
    apache_kafka: BrokerProcess, tmp_path: Path
) -> None:
    """By its clock the month was due an hour ago; half of the calls have yet to come."""
    settings = looking_each_second(apache_kafka)
    month, kafka = running_month(settings), settings.kafka
    ahead_ms = due_ms(settings, month) + HOUR - system_clock()
    file, reports = settings_file(tmp_path), tmp_path / "reports"
    text = file.read_text(encoding="utf-8")
    file.write_text(f'{text}reports_directory = "{reports}"\n', encoding="utf-8")
    await workers.send(kafka, [*calls_in(PAST, 1_000), *a_minute_ago(50)])
    worker = WorkerProcess(kafka, tmp_path / "worker.log", file, code=ahead(ahead_ms), is_fresh=True)
    try:
        await workers.settle(kafka, [worker])
        await until(lambda: worker.log().count(WAITS) == 1, "a doubt")
        await workers.send(kafka, a_minute_ago(50, name="later"))
        await workers.settle(kafka, [worker])
        shown = read(worker.get("/metrics").encode())[series("clock_ahead_seconds")]
        assert shown == pytest.approx(ahead_ms / SECOND, abs=60)
        assert "this worker's clock is" in worker.log()
    finally:
        worker.stop()
    assert await account_of(kafka, month) == await account_of(kafka, PAST) == []
    assert not reports.exists()
    assert await counted_now(kafka) == 101


@pytest.mark.parametrize("ahead_ms", [5 * HOUR, -5 * HOUR])
async def test_a_worker_hours_off_does_nothing_official_and_gives_nobody_up_early(
    ahead_ms: int, apache_kafka: BrokerProcess, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A month is due by every clock; a caller of a minute ago waits, and is in no total."""
    caplog.set_level(logging.INFO)
    settings = looking_each_second(apache_kafka, tmp_path / "reports")
    waits = offered(system_clock() - MINUTE, "waits")
    await workers.send(settings.kafka, [*calls_in(PAST, 1_000), waits])
    async with worker_at(settings, shifted(ahead_ms)) as app:
        await workers.settle(settings.kafka)
        await until(lambda: WAITS in caplog.text, "a doubt")
        await until(
            lambda: figure(app, "waiting_contacts", cluster=KCC, channel="phone") == 1,
            "the caller among those who wait",
        )
        assert codes(app) == ["clocks_apart"]
        assert figure(app, "clock_ahead_seconds") == pytest.approx(ahead_ms / SECOND, abs=1)
        longest = figure(app, "longest_wait_seconds", cluster=KCC, channel="phone")
        assert longest is not None
        assert 60 <= longest < 60 + APART_MS if ahead_ms > 0 else longest == 0
        months = read(app.pages.months())
        reason = ("reason", Exclusion.UNRESOLVED.value)
        given_up = [count for (_, labels), count in months.items() if reason in labels]
        assert given_up
        assert not any(given_up)
    assert await counted_now(settings.kafka, Exclusion.UNRESOLVED) == 0
    assert await account_of(settings.kafka, PAST) == []
    assert not (tmp_path / "reports").exists()


async def test_ten_seconds_are_told_and_months_close_by_the_brokers_time(apache_kafka: BrokerProcess) -> None:
    """Nothing came to the tickets, ever, nor to one partition of the calls: their leader's clock tells."""
    settings = looking_each_second(apache_kafka)
    await workers.send(settings.kafka, calls_in(PAST, 1_000))
    async with worker_at(settings, shifted(10 * SECOND)) as app:
        await until(lambda: codes(app) == ["clocks_differ"], "a difference that is told")
        assert figure(app, "clock_ahead_seconds") == pytest.approx(10, abs=1)

        async def is_closed() -> bool:  # without fencing who is about to close it
            return PAST in await read_closed_months(settings.kafka)

        await until(is_closed, "a closed month")
        at_ms = (await account_of(settings.kafka, PAST))[0].at_ms
        assert at_ms <= system_clock() < at_ms + APART_MS


async def test_a_right_clock_is_no_problem(apache_kafka: BrokerProcess) -> None:
    settings = looking_each_second(apache_kafka)
    async with worker_at(settings, system_clock) as app:
        await until(lambda: figure(app, "clock_ahead_seconds") is not None, "a difference that is known")
        assert figure(app, "clock_ahead_seconds") == pytest.approx(0, abs=1)
        await until(lambda: codes(app) == [], "a worker that is well")


async def test_a_month_that_a_wrong_clock_closed_is_opened_and_closes_by_itself(
    apache_kafka: BrokerProcess, tmp_path: Path
) -> None:
    """What a worker days ahead left behind: half of the calls, frozen by a time that has yet to come."""
    settings, file = looking_each_second(apache_kafka), settings_file(tmp_path)
    month, kafka = running_month(settings), settings.kafka
    due = due_ms(settings, month)
    await put(kafka, a_minute_ago(50))
    early = await close_month(settings, month, Author("schedule", due + MINUTE), one_clock(due + MINUTE))
    await put(kafka, a_minute_ago(100))
    listed = await asyncio.to_thread(command, kafka, file, "month", "list")
    assert f"closed by a clock that was ahead: wachtmonitor month reopen {month}" in listed.output
    opened = await asyncio.to_thread(command, kafka, file, "month", "reopen", month, "--why", "te vroeg")
    assert f"{month} is open again, due to close on" in opened.output, opened.output
    listed = await asyncio.to_thread(command, kafka, file, "month", "list")
    assert f"{month}  reopened, due to close on" in listed.output
    again = await asyncio.to_thread(command, kafka, file, "month", "close", month)
    assert "cannot close before" in again.output
    assert await close_due_months(settings, one_clock(due - 1)) == []
    (final,) = await close_due_months(settings, one_clock(due))
    assert (counted(early), counted(final)) == (50, 100)
    assert [each.number for each in await account_of(kafka, month)] == [1, 2, 3]


async def test_a_month_opened_after_its_moment_stays_open_unless_it_was_closed_by_a_wrong_clock(
    apache_kafka: BrokerProcess, tmp_path: Path
) -> None:
    """The list says which of both; a worker closes the one whose closing has yet to come by its own time."""
    settings, file = looking_each_second(apache_kafka), settings_file(tmp_path)
    kafka, other = settings.kafka, month_ago(3)
    await put(kafka, [*calls_in(PAST, 1_000), *calls_in(other, 1_000)])
    now = one_clock(system_clock())
    for month, at_ms in ((PAST, now.now_ms + DAY), (other, now.now_ms)):
        await close_month(settings, month, Author("schedule", at_ms), now)
        opened = await asyncio.to_thread(command, kafka, file, "month", "reopen", month, "--why", "x")
        assert opened.exit_code == 0, opened.output
    listed = (await asyncio.to_thread(command, kafka, file, "month", "list")).output
    assert f"{PAST}  reopened, was due to close on" in listed
    assert f"{other}  reopened, stays open until somebody closes it: wachtmonitor month close {other}" in listed
    closed = await close_due_months(settings, await broker_time(kafka, system_clock))
    assert [each.month for each in closed] == [PAST]


async def test_by_hand_a_month_closes_only_while_the_clocks_agree(
    apache_kafka: BrokerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By force too, but never before its moment by either clock."""
    settings, file = looking_each_second(apache_kafka), settings_file(tmp_path)
    kafka, month = settings.kafka, running_month(settings)
    await put(kafka, [*calls_in(PAST, 1_000), *a_minute_ago(1)])

    async def closing(month: str, ahead_ms: int, *options: str) -> str:
        monkeypatch.setattr("streams.commands.month.system_clock", shifted(ahead_ms))
        return (await asyncio.to_thread(command, kafka, file, "month", "close", month, *options)).output

    far_ms = due_ms(settings, month) + HOUR - system_clock()
    assert "cannot close before" in await closing(month, far_ms, "--force")
    assert f"{PAST} is not closed: this machine's clock is 5.0 h ahead of" in await closing(PAST, 5 * HOUR)
    too_early = await closing(PAST, due_ms(settings, PAST) - HOUR - system_clock(), "--force")
    assert "cannot close before" in too_early
    assert await closing(PAST, 5 * HOUR, "--force") == f"{PAST} is closed.\n"
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", ahead(8 * DAY), "month", "reopen", PAST, "--why", "x"],
        env={**workers.environment(kafka, next_port(), file), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    opened = (await account_of(kafka, PAST))[-1]
    assert opened.at_ms == pytest.approx(system_clock(), abs=APART_MS)


async def test_each_broker_tells_its_time(apache_kafka: BrokerProcess) -> None:
    """The broker leads every partition, and its clock is this machine's."""
    kafka = kafka_settings(apache_kafka, partitions=2)
    await workers.send(kafka, [])
    async with broker_clocks(kafka, shifted(HOUR)) as clocks:
        (reading,) = await clocks.readings()
    assert reading.broker == 1
    assert reading.ahead_ms == pytest.approx(HOUR, abs=reading.error_ms + 1)
    time = await broker_time(kafka, system_clock)
    topics = (kafka.calls_topic, kafka.tickets_topic)
    assert time.leaders == {(topic, partition): 1 for topic in topics for partition in range(2)}
    assert time.now_ms == pytest.approx(system_clock(), abs=MINUTE)


async def test_a_topic_that_lets_clients_set_the_time_tells_none(apache_kafka: BrokerProcess) -> None:
    """What a client says of its own clock is taken for no broker's."""
    kafka = kafka_settings(apache_kafka, partitions=1)
    live = next(spec for spec in topic_specs(kafka) if spec.name == kafka.live_topic)
    config = {**live.config, "message.timestamp.type": "CreateTime"}
    async with admin_client(kafka) as admin:
        await admin.create_topics([NewTopic(live.name, 1, 1, topic_configs=config)])
    await workers.send(kafka, [])
    with pytest.raises(KafkaProblemsError, match=r"expected message\.timestamp\.type=LogAppendTime"):
        await broker_time(kafka, system_clock)
