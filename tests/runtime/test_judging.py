"""Norms or hours that have changed are applied beside the work: nothing stands still, and no half is ever official.

Waits here are known one by one, so what every total must say is counted from them and not by what is tested.
"""

import asyncio
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError

import msgspec
import pytest
from aiokafka.errors import KafkaTimeoutError

from streams.channels.calls.events import Answered, AnyCallEvent, Offered
from streams.core.rules import Channel
from streams.kafka.broker_time import one_clock
from streams.kafka.embedded import BrokerProcess
from streams.months.closing.close import close_month
from streams.months.closing.due import Author, NotClosableError
from streams.records.month_totals import sum_month_totals
from streams.records.progress import read_beside
from streams.runtime import partitions
from streams.runtime.fetching.fetched import Fetched
from streams.runtime.partitions import Partitions
from streams.settings import Settings, load
from tests.brokers.topics import kafka_settings
from tests.core.builders import KCC, SECOND, ms
from tests.runtime import workers
from tests.runtime.test_partition import NOW_MS, record
from tests.runtime.test_partitions import TP, Writer, find_what_was_written, writer  # noqa: F401 - `writer` is a fixture
from tests.runtime.workers import WorkerProcess

MONTH: Final = "2026-10"


def settings_file(directory: Path, norm_seconds: int) -> Path:
    """The settings of Lier with another norm for the wait on the phone."""
    packaged = files("streams").joinpath("wachtmonitor.toml").read_text(encoding="utf-8")
    assert packaged.count("norm_seconds = 45") == 1
    path = directory / f"norm-{norm_seconds}.toml"
    path.write_text(packaged.replace("norm_seconds = 45", f"norm_seconds = {norm_seconds}"), encoding="utf-8")
    return path


# Without a broker.


def settings(directory: Path, norm_seconds: int) -> Settings:
    """The same, read."""
    return load(settings_file(directory, norm_seconds), {})


async def taken_over(monkeypatch: pytest.MonkeyPatch, only: Writer, directory: Path) -> Partitions:
    """Twenty calls of twenty seconds, counted by a norm of 45 s and taken over under one of 10 s."""
    before = Partitions(settings(directory, 45), lambda: NOW_MS)
    await before.load({TP})
    await before.fold(TP, Fetched(0, 40, [record(offset) for offset in range(40)]))
    await before.checkpoint()
    assert within_norm(only.written[-1]) == 20
    find_what_was_written(monkeypatch, only, damaged=None)
    only.written.clear()
    return await owning(settings(directory, 10))


async def owning(chosen: Settings) -> Partitions:
    """Whoever takes over what was written."""
    found = Partitions(chosen, lambda: NOW_MS)
    await found.load({TP})
    return found


def within_norm(records: Any) -> int | None:
    """What the month's total among these records says; None where there is none."""
    written = [(each.key, each.value) for each in records if each.topic == "month-totals"]
    total = sum_month_totals(written).get((MONTH, Channel.PHONE, KCC))
    return None if total is None else total.within_norm


def judge_all(owned: Partitions) -> None:
    """To the end."""
    while owned.judge_slice():
        pass


async def test_nothing_is_written_until_everything_is_judged(
    monkeypatch: pytest.MonkeyPatch,
    writer: Writer,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    """Nor on leaving: the last checkpoint stays the truth, and whoever takes over begins anew."""
    owned = await taken_over(monkeypatch, writer, tmp_path)
    await owned.fold(TP, Fetched(40, 42, [record(40), record(41)]))
    await owned.checkpoint()
    await owned.checkpoint(leaving=True)
    assert writer.written == []
    assert owned.covered() == {TP: 40}
    (problem,) = owned.judging()
    assert problem.code == "judging_anew"
    assert problem.text.startswith(
        "norms, hours or other rules have changed: 20 contacts (phone) are still counted by"
    )
    assert problem.channels == (Channel.PHONE,)
    judge_all(owned)
    assert owned.judging() == ()
    await owned.checkpoint()
    assert within_norm(writer.written[-1]) == 0
    assert owned.covered() == {TP: 42}


async def test_what_is_judged_is_written_although_no_record_has_come_and_not_judged_again(
    monkeypatch: pytest.MonkeyPatch,
    writer: Writer,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    owned = await taken_over(monkeypatch, writer, tmp_path)
    judge_all(owned)
    await owned.checkpoint()
    await owned.checkpoint()
    assert len(writer.written) == 1, "nothing has moved since"
    find_what_was_written(monkeypatch, writer, damaged=None)
    again = await owning(settings(tmp_path, 10))
    assert again.judging() == ()
    assert not again.judge_slice()


async def test_a_flood_of_refused_records_waits_until_it_may_be_written(
    monkeypatch: pytest.MonkeyPatch,
    writer: Writer,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    """They are kept in memory until a checkpoint takes them: the fold goes on when one can be written."""
    monkeypatch.setattr(partitions, "DEAD_LETTER_BYTES", 10)
    owned = await taken_over(monkeypatch, writer, tmp_path)
    await owned.fold(TP, Fetched(40, 41, [record(40, b"{" * 20, b"k")]))
    assert owned.judging() == ()
    assert [each.topic for each in writer.written[-1]].count("dead-letters") == 1


async def test_who_leaves_does_not_wait_until_a_flood_of_refused_records_may_be_written(
    monkeypatch: pytest.MonkeyPatch,
    writer: Writer,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    """Judging may take minutes, and the group waits half a one before it puts the worker out."""
    monkeypatch.setattr(partitions, "DEAD_LETTER_BYTES", 10)
    monkeypatch.setattr(partitions, "SLICE_SECONDS", 0)  # it comes to no end
    owned = await taken_over(monkeypatch, writer, tmp_path)
    folding = asyncio.create_task(owned.fold(TP, Fetched(40, 41, [record(40, b"{" * 20, b"k")])))
    _, late = await asyncio.wait({folding}, timeout=0.1)
    assert late, "it waits until it is judged"
    owned.abandon_judging()
    assert await asyncio.wait_for(folding, 5) == 1
    assert await asyncio.wait_for(owned.fold(TP, Fetched(41, 42, [record(41, b"{" * 20, b"k")])), 5) == 1
    await owned.checkpoint(leaving=True)
    assert writer.written == []
    await owned.release({TP})
    monkeypatch.setattr(partitions, "SLICE_SECONDS", 0.01)
    await owned.load({TP})
    await owned.fold(TP, Fetched(40, 41, [record(40, b"{" * 20, b"k")]))
    assert owned.judging() == ()


async def test_the_rules_are_told_of_a_silent_partition_too(
    monkeypatch: pytest.MonkeyPatch,
    writer: Writer,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    """Once, by whoever takes it over: a version of before did not, and the month would wait for a record."""
    await taken_over(monkeypatch, writer, tmp_path)
    again = await owning(settings(tmp_path, 45))
    for _ in range(2):
        await again.checkpoint()
    (records,) = writer.written
    (position,) = read_beside((each.key, each.value) for each in records).positions.values()
    assert (position.next_offset, position.rules) == (40, settings(tmp_path, 45).rules.digest())


async def test_changed_rules_are_written_with_a_checkpoint_though_there_is_nothing_to_judge(
    monkeypatch: pytest.MonkeyPatch,
    writer: Writer,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    """Totals by other rules than their checkpoint's could not be taken back by who takes over by yet others."""
    before = Partitions(settings(tmp_path, 45), lambda: NOW_MS)
    await before.load({TP})
    await before.fold(TP, Fetched(0, 1, [record(0)]))  # a call that is still open
    await before.checkpoint()
    find_what_was_written(monkeypatch, writer, damaged=None)
    writer.written.clear()
    after = await owning(settings(tmp_path, 10))
    assert after.judging() == ()
    await after.checkpoint()
    assert writer.written[-1][-1].topic == "calls-checkpoints"


async def test_an_error_in_judging_is_for_good(
    monkeypatch: pytest.MonkeyPatch,
    writer: Writer,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    """As in folding: what is counted by half belongs to no offset."""
    owned = await taken_over(monkeypatch, writer, tmp_path)

    def judge(_: int) -> None:
        raise MemoryError

    monkeypatch.setattr(owned._owned[TP].partition.state, "judge", judge)
    with pytest.raises(MemoryError):
        owned.judge_slice()
    with pytest.raises(MemoryError):
        await owned.fold(TP, Fetched(40, 41, [record(40)]))
    await owned.checkpoint()
    assert writer.written == []


async def test_partitions_that_cannot_all_be_restored_are_not_owned(
    monkeypatch: pytest.MonkeyPatch,
    writer: Writer,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    """None of them is shown before the last of them is there."""
    await taken_over(monkeypatch, writer, tmp_path)

    async def broken(*_: Any) -> None:
        await asyncio.sleep(0)
        raise KafkaTimeoutError

    monkeypatch.setattr(partitions, "in_slices", broken)
    found = Partitions(settings(tmp_path, 10), lambda: NOW_MS)
    with pytest.raises(KafkaTimeoutError):
        await found.load({TP})
    assert found.owned() == set()
    assert not found.is_restoring


# On Kafka.

CALLS: Final = 60_000
BEFORE_SECONDS: Final = 45
AFTER_SECONDS: Final = 20

SLOWLY: Final = """
from streams.runtime import app
from streams.runtime import partition
partition.JUDGED_AT_ONCE = 20
app.JUDGING_REST_SECONDS = 0.05
from streams.runtime import partitions
partitions.SLICE_SECONDS = 0.001
from streams.commands.main import main
main()
"""
"""A worker that takes long to judge what it remembers."""


def wait_seconds(number: int) -> int:
    """Of the call with this number: from 1 to 90 s, none of them as often as another."""
    return number * 37 % 90 + 1


def events(numbers: range) -> Iterator[AnyCallEvent]:
    """Calls within the opening hours of one day."""
    for number in numbers:
        at = ms("2026-10-05 09:00") + number * 4 * 3_600 * SECOND // (2 * CALLS)
        yield Offered(str(number), KCC, at / 1000)
        yield Answered(str(number), KCC, at / 1000 + wait_seconds(number))


def expected(calls: int, norm_seconds: int) -> tuple[int, int]:
    """How many were answered, and within the norm."""
    return calls, sum(wait_seconds(number) <= norm_seconds for number in range(calls))


def metrics(worker: WorkerProcess, page: str = "/metrics") -> Mapping[str, float]:
    """The series of a page."""
    lines = (line.rpartition(" ") for line in worker.get(page).splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def value(worker: WorkerProcess, name: str) -> float:
    """A metric, summed over its series: 0 while the worker shows none, as when it is not sure of its partitions."""
    try:
        return sum(value for series, value in metrics(worker).items() if series.partition("{")[0] == name)
    except OSError:
        return 0


def problems(worker: WorkerProcess) -> str:
    """What its health page says is wrong; an error is its answer then."""
    with pytest.raises(HTTPError) as unhealthy:
        worker.get("/health")
    with unhealthy.value as answer:
        return answer.read().decode()


APPLIED: Final = "wachtmonitor_events_applied_total"
UNJUDGED: Final = "wachtmonitor_unjudged_contacts"


@pytest.mark.kafka
@pytest.mark.timeout(600)
async def test_changed_norms_are_applied_beside_the_work(apache_kafka: BrokerProcess, tmp_path: Path) -> None:
    """Events come in and pages answer meanwhile, the worker is killed in the middle, and no half is ever official."""
    kafka = kafka_settings(apache_kafka, partitions=1)
    before, after = (settings_file(tmp_path, norm) for norm in (BEFORE_SECONDS, AFTER_SECONDS))
    started: list[WorkerProcess] = []

    def start(file: Path, code: str | None = None) -> WorkerProcess:
        started.append(WorkerProcess(kafka, tmp_path / f"{len(started)}.log", file, code=code, verbose=False))
        return started[-1]

    async def official() -> tuple[int, int]:
        total: Any = (await workers.month_totals(kafka))[MONTH, Channel.PHONE, KCC]
        return total.answered, total.within_norm

    async def close(*, force: bool = False) -> list[int]:
        """The waits within the norm in the month as it is frozen."""
        city = msgspec.structs.replace(load(after, {}), kafka=kafka)
        now = one_clock(ms("2026-11-03 07:00"))
        closing = await close_month(city, MONTH, Author("an", now.now_ms), now, force=force)
        return [each.tally.within_norm for each in closing.totals if each.channel is Channel.PHONE]

    try:
        await workers.send(kafka, events(range(CALLS)))
        first = start(before)
        await workers.settle(kafka, [first])
        assert first.terminate() == 0, first.log()
        assert await official() == expected(CALLS, BEFORE_SECONDS)

        slow = start(after, SLOWLY)
        await workers.until(lambda: 0 < value(slow, UNJUDGED) < CALLS, "the worker judges anew")
        for force in (False, True):
            with pytest.raises(NotClosableError, match="is not counted by the norms"):
                await close(force=force)
        await workers.send(kafka, events(range(CALLS, CALLS + 500)))
        await workers.until(lambda: value(slow, APPLIED) == 2 * (CALLS + 500), "events are folded meanwhile")
        assert value(slow, UNJUDGED) > 0, "it is not done yet"
        shown = metrics(slow)
        assert not [name for name in shown if name.startswith("wachtmonitor_within_norm_contacts") and KCC in name]
        assert "contacts (phone) are still counted by those of before" in problems(slow)
        assert not [name for name in metrics(slow, "/metrics/months") if KCC in name]
        assert await official() == expected(CALLS, BEFORE_SECONDS)
        slow.kill()
        assert await official() == expected(CALLS, BEFORE_SECONDS)

        last = start(after)
        await workers.settle(kafka, [last])
        assert await official() == expected(CALLS + 500, AFTER_SECONDS)
        await workers.until(last.is_healthy, "everything is judged")
        assert last.terminate() == 0, last.log()
        assert "to judge by changed rules" in last.log()

        again = start(after)
        await workers.until(again.is_healthy, "the worker has its partitions")
        assert again.terminate() == 0, again.log()
        assert "to judge by changed rules" not in again.log()
        assert await official() == expected(CALLS + 500, AFTER_SECONDS)
        assert await close() == [expected(CALLS + 500, AFTER_SECONDS)[1]]
    finally:
        for worker in started:
            worker.stop()
