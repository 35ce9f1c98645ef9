"""A closed month on the pages of two workers: as the report has it, once, while facts come and partitions move."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError

import pytest
from aiokafka import AIOKafkaProducer

from streams.commands.report import FORMATS
from streams.kafka.client import client_options
from streams.kafka.embedded import BrokerProcess
from streams.months.closing.close import reopen_month
from streams.months.closing.due import Author
from streams.months.reading import read_sources
from streams.months.report.report import build_report
from streams.settings import KafkaSettings
from tests.brokers.topics import kafka_settings
from tests.core.builders import KCC
from tests.months.on_kafka import NOW_MS, calls_in, city, month_ago, settings_file
from tests.runtime import workers
from tests.runtime.workers import WorkerProcess
from tests.serve.observing import Series, over_workers, read, series

pytestmark = pytest.mark.kafka

MONTH: Final = month_ago(2)
WAITS: Final = (20_000, 40_000, 60_000, 80_000)


def month() -> dict[str, str]:
    """Its labels."""
    return {"cluster": KCC, "channel": "phone", "month": MONTH, "year": MONTH[:4]}


OPEN: Final = series("month_served_contacts", **month())
CLOSED: Final = series("closed_month_served_contacts", **month())
LATE: Final = series("closed_month_late_facts", **month())


def pages(running: list[WorkerProcess]) -> list[dict[Series, float]]:
    """What each worker shows of whole months."""
    return [read(each.get("/metrics/months").encode()) for each in running]


def on_both(running: list[WorkerProcess], place: Series, value: float | None) -> Callable[[], bool]:
    """Whether every worker shows this."""
    return lambda: all(page.get(place) == value for page in pages(running))


async def reported(kafka: KafkaSettings) -> dict[str, Any]:
    """The calls of the month in its report."""
    report = build_report(await read_sources(kafka), MONTH, city(kafka), NOW_MS)
    lines: list[dict[str, Any]] = json.loads(FORMATS["json"](report))["summary"]["phone"]
    return lines[0]


async def test_two_workers_show_what_the_report_says(apache_kafka: BrokerProcess, tmp_path: Path) -> None:
    """Closed while they run; a late fact; one of them goes; the other starts anew; the month is opened again."""
    kafka = kafka_settings(apache_kafka, partitions=2)
    file = settings_file(tmp_path)
    started = [WorkerProcess(kafka, tmp_path / "worker-0.log", file)]
    try:
        await workers.until(started[0].is_healthy, "a healthy worker")
        await workers.send(kafka, calls_in(MONTH, *WAITS))
        await workers.until(on_both(started, CLOSED, len(WAITS)), "a month that closes while a worker runs")
        started.append(WorkerProcess(kafka, tmp_path / "worker-1.log", file))
        await workers.until(lambda: all(each.owned_partitions() == 2 for each in started), "two workers that share")
        await workers.send(kafka, calls_in(MONTH, 300_000, name="late"))
        await workers.settle(kafka, started)
        both = pages(started)
        line = await reported(kafka)
        together = over_workers(both)
        for page in both:
            assert OPEN not in page
            assert page[CLOSED] == line["answered"] == len(WAITS)
            assert page[series("closed_month_wait_seconds", **month())] == line["wait_seconds"] == 200
            for each in line["wait_quantiles"]:
                place = series("closed_month_wait_quantile_seconds", **month(), share=f"{each['ratio']:g}")
                assert page[place] == each["seconds"]
        assert together[CLOSED] == len(WAITS)
        assert together[LATE] == 2  # that it was dialled, and answered

        assert started.pop(0).terminate() == 0
        await workers.until(lambda: started[0].owned_partitions() == 4, "one worker that owns everything")
        (alone,) = pages(started)
        assert (alone[CLOSED], alone[LATE]) == (len(WAITS), 2)

        await reopen_month(city(kafka), MONTH, Author("an", NOW_MS, "x"))
        await workers.until(on_both(started, OPEN, len(WAITS) + 1), "a month that was opened again")
        assert CLOSED not in pages(started)[0]
    finally:
        for each in started:
            each.stop()


def problems(worker: WorkerProcess) -> list[str]:
    """What is wrong, as it says on its page of health, which is then no success."""
    try:
        text = worker.get("/health")
    except HTTPError as error:
        text = error.read().decode()
    found: list[str] = json.loads(text)["problems"]
    return found


async def test_a_worker_that_cannot_read_which_months_are_closed_says_so_and_shows_none(
    apache_kafka: BrokerProcess, tmp_path: Path
) -> None:
    """A record of a newer version: counting goes on, and no live figure passes for an official one."""
    kafka = kafka_settings(apache_kafka, partitions=1)
    worker = WorkerProcess(kafka, tmp_path / "worker.log", settings_file(tmp_path))
    try:
        await workers.until(worker.is_healthy, "a healthy worker")
        await workers.send(kafka, calls_in(MONTH, *WAITS))
        await workers.until(on_both([worker], CLOSED, len(WAITS)), "a closed month")
        async with AIOKafkaProducer(**client_options(kafka)) as producer:
            await producer.send_and_wait(kafka.closed_months_topic, b'{"format":9}', b"2026-01/0001", partition=0)
        await workers.until(on_both([worker], CLOSED, None), "no month")
        assert OPEN not in pages([worker])[0]
        assert worker.is_healthy()
        said = [each for each in problems(worker) if "not known which months are closed" in each]
        assert "has format 9, this version of wachtmonitor reads format 1" in said[0]
        assert worker.log().count("which months are closed is not read") == 1
    finally:
        worker.stop()
