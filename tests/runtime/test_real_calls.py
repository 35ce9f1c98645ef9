"""The real calls of the Anonymous Bank, published, consumed, totalled and reported, against SQL over the same file.

The file is no part of this repository: without it these tests are skipped.
"""

import asyncio
import json
import random
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest
from click.testing import CliRunner

from streams.channels.calls.counts import PhoneTally
from streams.commands.main import main
from streams.kafka.embedded import BrokerProcess
from streams.settings import KafkaSettings, load
from tests.brokers.ports import next_port
from tests.brokers.topics import kafka_settings
from tests.real_calls import (
    EXAMPLE,
    MONTH,
    OUTCOMES_SQL,
    SETTINGS,
    computed,
    computed_coverage,
    events_of,
    reported,
)
from tests.runtime import workers
from tests.runtime.workers import WorkerProcess, environment

pytestmark = pytest.mark.kafka

UNBOUNDED_SECONDS: Final = 10**9

TOTALS_SQL: Final = f"""
{OUTCOMES_SQL}
select type,
    count(*) filter (outcome in ('answered', 'missed')) as offered,
    count(*) filter (outcome = 'answered') as answered,
    count(*) filter (outcome = 'missed') as missed,
    sum(wait) filter (outcome = 'answered') as wait_seconds,
    count(*) filter (outcome = 'answered' and wait <= 30),
    count(*) filter (outcome = 'answered' and wait > 30 and wait <= 60),
    count(*) filter (outcome = 'answered' and wait > 60 and wait <= 90),
    count(*) filter (outcome = 'answered' and wait > 90 and wait <= 120),
    count(*) filter (outcome = 'answered' and wait > 120 and wait <= 300),
    count(*) filter (outcome = 'answered' and wait > 300),
    count(*) filter (outcome = 'answered' and wait <= 45) as within_norm,
    count(*) filter (outcome = 'outside_opening_hours'),
    count(*) filter (outcome = 'unresolved'),
    count(*) filter (outcome = 'implausible')
from outcomes group by type
"""


@pytest.fixture(scope="module")
def expected(real_calls: Path) -> dict[str, tuple[int, ...]]:
    """Per cluster what the query counts."""
    rows = duckdb.execute(TOTALS_SQL, [str(real_calls)]).fetchall()
    assert sum(row[2] for row in rows) > 10_000
    return {row[0]: tuple(int(figure) for figure in row[1:]) for row in rows}


@pytest.fixture(scope="module")
def events(real_calls: Path) -> list[Any]:
    """The events of the file, by the example's mapping."""
    return events_of(real_calls)


def counted(totals: workers.Totals) -> dict[str, tuple[int, ...]]:
    """The same figures from the month totals; everything must be in February 1999."""
    found = {}
    for (month, _, cluster), tally in totals.items():
        assert month == MONTH
        assert isinstance(tally, PhoneTally)
        bounds = sorted(load(SETTINGS, {}).rules.speed_categories_ms)
        categories = [tally.speed_categories.get(bound, 0) for bound in bounds]
        slowest = sum(tally.speed_categories.values()) - sum(categories)
        assert tally.wait_ms % 1000 == 0
        found[cluster] = (
            tally.offered,
            tally.answered,
            tally.missed,
            tally.wait_ms // 1000,
            *categories,
            slowest,
            tally.within_norm,
            *(tally.excluded.get(reason, 0) for reason in ("outside_opening_hours", "unresolved", "implausible")),
        )
    return found


async def test_published_and_consumed_as_a_user_would(
    apache_kafka: BrokerProcess, real_calls: Path, expected: dict[str, tuple[int, ...]], tmp_path: Path
) -> None:
    """`wachtmonitor publish`, then a worker: the month of every cluster equals the query, to the last call.

    So does the report, hours in which nothing happened included. Closed and published once more it stays as it is,
    and every fact of the file is late.
    """
    kafka = kafka_settings(apache_kafka)
    publish = ["publish", str(real_calls), "--mapping", str(EXAMPLE / "mapping.toml")]
    await command(kafka, *publish)
    await _finish(kafka, WorkerProcess(kafka, tmp_path / "worker.log", SETTINGS))
    assert counted(await workers.month_totals(kafka)) == expected
    before = await report(kafka)
    assert reported(before) == computed(real_calls)
    (calls,) = before["summary"]["coverage"]
    opening, silent, facts = computed_coverage(real_calls)
    assert (calls["channel"], calls["opening_hours"], calls["silent_hours"]) == ("phone", opening, silent)
    await command(kafka, "month", "close", MONTH, "--by", "an", "--why", "a file")
    await command(kafka, *publish)
    await _finish(kafka, WorkerProcess(kafka, tmp_path / "again.log", SETTINGS))
    after = await report(kafka)
    assert after["summary"] == before["summary"]
    assert sum(late["facts"] for late in after["statuses"][0]["late"]) == facts
    assert all(late["difference"] == {} for late in after["statuses"][0]["late"])


async def command(kafka: KafkaSettings, *arguments: str) -> str:
    """What a command prints; it must succeed."""
    environ = environment(kafka, next_port(), SETTINGS)
    result = await asyncio.to_thread(CliRunner().invoke, main, list(arguments), env=environ)
    assert result.exit_code == 0, result.output
    return result.stdout


async def report(kafka: KafkaSettings) -> dict[str, Any]:
    """The report of the month, from Kafka."""
    said: dict[str, Any] = json.loads(await command(kafka, "report", "--month", MONTH, "--format", "json"))
    return said


@pytest.mark.long
async def test_two_workers_one_of_them_killed(
    apache_kafka: BrokerProcess, events: list[Any], expected: dict[str, tuple[int, ...]], tmp_path: Path
) -> None:
    """Every event three times in any order; of two workers one is killed, and the other finishes the month."""
    kafka = kafka_settings(apache_kafka, partitions=4)
    disordered = random.Random(2026).sample(events * 3, 3 * len(events))
    half = len(disordered) // 2
    both = [WorkerProcess(kafka, tmp_path / f"worker-{number}.log", SETTINGS) for number in (1, 2)]
    try:
        await workers.until(lambda: all(each.owned_partitions() == 4 for each in both), "an equal share each")
        await workers.send(kafka, disordered[:half])
        await workers.until(lambda: _has_checkpoint(kafka), "a first checkpoint")
        both[0].kill()
        await workers.send(kafka, disordered[half:])
        await _finish(kafka, both[1])
    finally:
        for worker in both:
            worker.stop()
    assert counted(await workers.month_totals(kafka)) == expected


async def _finish(kafka: KafkaSettings, worker: WorkerProcess) -> None:
    try:
        await workers.settle(kafka, [worker])
        assert worker.terminate() == 0, worker.log()
    finally:
        worker.stop()


async def _has_checkpoint(kafka: KafkaSettings) -> bool:
    return any((await workers.covered(kafka)).values())
