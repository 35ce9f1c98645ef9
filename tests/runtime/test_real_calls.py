"""The real calls of the Anonymous Bank, published, consumed and totalled, against SQL over the same file.

The query knows the columns of the file and the definitions of the indicators, and nothing of the code under test.
The file is no part of this repository: without it these tests are skipped.
"""

import asyncio
import random
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest
from click.testing import CliRunner

from streams.__main__ import main
from streams.core.tally import PhoneTally
from streams.runtime.embedded import BrokerProcess, free_port
from streams.settings import KafkaSettings, load
from streams.sources.delimited import read_rows
from streams.sources.mapping import load_mapping
from tests.brokers.topics import kafka_settings
from tests.runtime import workers
from tests.runtime.workers import WorkerProcess, environment

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

EXAMPLE: Final = Path(__file__).parents[2] / "deploy" / "examples" / "anonymous-bank"
SETTINGS: Final = EXAMPLE / "settings.toml"
UNBOUNDED_SECONDS: Final = 10**9

TOTALS_SQL: Final = """
with raw as (
    select *, strptime(date, '%y%m%d') as day
    from read_csv(?, delim = '\t', header = true, quote = '', all_varchar = true)
    where outcome <> 'PHANTOM'
),
clocks as (
    select type, day, vru_entry::interval as dialled,
        if(outcome = 'AGENT' and ser_start <> '0:00:00', ser_start, null)::interval as answered,
        if(outcome = 'HANG', if(q_exit <> '0:00:00', q_exit, vru_exit), null)::interval as hung_up
    from raw
),
waits as (
    select type, isodow(day) as weekday, epoch(dialled)::bigint as dialled, answered is not null as is_answered,
        epoch(coalesce(answered, hung_up) - dialled)::bigint as clock_wait
    from clocks
),
judged as (
    select type, is_answered, if(clock_wait < -43200, clock_wait + 86400, clock_wait) as wait,
        case when weekday in (1, 2, 3, 4, 7) then dialled >= 25200
             when weekday = 5 then dialled >= 25200 and dialled < 50400
             else dialled >= 72000 end as is_open
    from waits
),
outcomes as (
    select type, wait, case
        when not is_open then 'outside_opening_hours'
        when wait is null then 'unresolved'
        when wait < 0 or wait > 14400 then 'implausible'
        when is_answered then 'answered' else 'missed' end as outcome
    from judged
)
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
    with real_calls.open("rb") as stream:
        return [event for row in read_rows(stream, load_mapping(EXAMPLE / "mapping.toml")) for event in row.events]


def counted(totals: workers.Totals) -> dict[str, tuple[int, ...]]:
    """The same figures from the month totals; everything must be in February 1999."""
    found = {}
    for (month, _, cluster), tally in totals.items():
        assert month == "1999-02"
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
    """`wachtmonitor publish`, then a worker: the month of every cluster equals the query, to the last call."""
    kafka = kafka_settings(apache_kafka)
    arguments = ["publish", str(real_calls), "--mapping", str(EXAMPLE / "mapping.toml")]
    published = await asyncio.to_thread(
        CliRunner().invoke, main, arguments, env=environment(kafka, free_port(), SETTINGS)
    )
    assert published.exit_code == 0, published.output
    worker = WorkerProcess(kafka, tmp_path / "worker.log", SETTINGS)
    await _finish(kafka, worker)
    assert counted(await workers.month_totals(kafka)) == expected


async def test_shuffled_tripled_and_killed_in_the_middle(
    broker: BrokerProcess, events: list[Any], expected: dict[str, tuple[int, ...]], tmp_path: Path
) -> None:
    """Every event three times in any order over four partitions; the worker is killed and started again."""
    kafka = kafka_settings(broker, partitions=4)
    disordered = random.Random(1999).sample(events * 3, 3 * len(events))
    half = len(disordered) // 2
    await workers.send(kafka, disordered[:half])
    first = WorkerProcess(kafka, tmp_path / "first.log", SETTINGS)
    try:
        await workers.until(lambda: _has_checkpoint(kafka), "a first checkpoint")
        await workers.send(kafka, disordered[half:])
    finally:
        first.kill()
    await _finish(kafka, WorkerProcess(kafka, tmp_path / "second.log", SETTINGS))
    assert counted(await workers.month_totals(kafka)) == expected


async def test_two_workers_one_of_them_killed(
    apache_kafka: BrokerProcess, events: list[Any], expected: dict[str, tuple[int, ...]], tmp_path: Path
) -> None:
    """Two workers with two partitions each; one is killed, the other takes over and finishes the month."""
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
