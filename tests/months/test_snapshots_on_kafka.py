"""Snapshots end to end: figures and index on a real Kafka, Grafana over real HTTP, and one snapshot for a month."""

import asyncio
import json
import time
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from click.testing import CliRunner, Result

from streams.channels.calls.counts import PhoneTally
from streams.commands.main import main
from streams.kafka.broker_time import one_clock
from streams.kafka.embedded import BrokerProcess
from streams.kafka.writer import FENCED
from streams.months.closing.close import close_due_months, close_month, months_to_show, reopen_month
from streams.months.closing.due import Author, closing_ms, first_working_day_ms
from streams.months.reading import read_sources
from streams.months.snapshot.grafana import Grafana, GrafanaError
from streams.months.snapshot.make import Result as Made
from streams.months.snapshot.make import delete, make, make_due, read_snapshots
from streams.records.snapshots import Index
from streams.settings import GrafanaSettings, KafkaSettings, Secret, Settings
from tests.brokers.ports import next_port
from tests.brokers.topics import kafka_settings
from tests.core.builders import DAY, HOUR, MINUTE
from tests.months.grafana_stub import TOKEN, GrafanaStub, running_grafana
from tests.months.on_kafka import NOW_MS, account_of, calls_in, city, last_word_of, month_ago, put, settings_file
from tests.months.scraped import QUICKLY, Scraped, has_come_to, hurry, running_prometheus
from tests.runtime import workers
from tests.runtime.workers import WorkerProcess, environment

pytestmark = pytest.mark.kafka

MONTH: Final = month_ago(2)
HERE: Final = Path(__file__).parent
DASHBOARD: Final[dict[str, Any]] = json.loads((HERE / "dashboard.json").read_text())


@pytest.fixture(scope="module", autouse=True)
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    """Prometheus, for all of these tests."""
    with pytest.MonkeyPatch.context() as patch, running_prometheus(tmp_path_factory.mktemp("prometheus")) as running:
        hurry(patch)
        PROMETHEUS.append(running)
        yield running
        PROMETHEUS.clear()


PROMETHEUS: Final[list[Scraped]] = []
"""The one that runs."""


async def in_prometheus(settings: Settings) -> None:
    """Let Prometheus come to what stands on Kafka."""
    await last_word_of(settings.kafka, "closed-months")
    await has_come_to(PROMETHEUS[0], await read_sources(settings.kafka), settings)


@pytest.fixture
def stub() -> Iterator[GrafanaStub]:
    """A Grafana with our dashboard, the most exacting one about keys."""
    with running_grafana(version=13, kubernetes=True, dashboards={"maand": DASHBOARD}) as running:
        yield running


def settings_of(kafka: KafkaSettings, stub: GrafanaStub, **changes: Any) -> Settings:
    """The city, with this Grafana."""
    grafana: dict[str, Any] = {
        "url": stub.url,
        "token": Secret(TOKEN),
        "dashboard_uid": "maand",
    }
    return city(kafka, grafana=GrafanaSettings(**(grafana | changes)), prometheus=PROMETHEUS[0].settings)


async def made(settings: Settings, *, keep: bool = False, now_ms: int = NOW_MS) -> Made:
    """The snapshot as things stand."""
    await in_prometheus(settings)
    return await make(settings, await read_sources(settings.kafka), MONTH, now_ms, keep=keep)


async def closed_month(broker: BrokerProcess, stub: GrafanaStub, **changes: Any) -> Settings:
    """A month with two calls, closed."""
    settings = settings_of(kafka_settings(broker, partitions=1), stub, **changes)
    await put(settings.kafka, calls_in(MONTH, 20_000, 40_000))
    await close_due_months(settings, one_clock(NOW_MS))
    assert len(await account_of(settings.kafka, MONTH)) == 1
    return settings


async def index_of(kafka: KafkaSettings) -> Index:
    """The index, to the last entry that was written."""
    await last_word_of(kafka, "snapshots")
    return await read_snapshots(kafka)


async def due(settings: Settings, now_ms: int) -> list[Made]:
    """What the schedule makes at this moment."""
    await in_prometheus(settings)
    await last_word_of(settings.kafka, "snapshots")
    return await make_due(settings, *await months_to_show(settings, one_clock(now_ms)), now_ms)


def average(stub: GrafanaStub) -> float:
    """What the only snapshot shows."""
    (snapshot,) = stub.snapshots.values()
    panel = next(each for each in snapshot["dashboard"]["panels"] if each["title"] == f"Wachttijd {MONTH}")
    found: float = panel["targets"][0]["snapshot"][0]["data"]["values"][1][0]
    return found


async def test_a_month_has_one_snapshot(apache_kafka: BrokerProcess, stub: GrafanaStub) -> None:
    """Again it stays; opened and closed anew it is replaced; with `keep` there are two."""
    settings = await closed_month(apache_kafka, stub)
    first, again = await made(settings), await made(settings)
    assert (first.is_new, again.is_new) == (True, False)
    assert again.entry == first.entry
    assert average(stub) == 30
    author = Author("an", NOW_MS + 1, "x")
    await reopen_month(settings, MONTH, author)
    await put(settings.kafka, calls_in(MONTH, 20_000, 40_000, 300_000))
    await close_month(settings, MONTH, author, one_clock(author.at_ms))
    replaced = await made(settings)
    assert (replaced.is_new, replaced.deleted) == (True, 1)
    assert average(stub) == 120
    kept = await made(settings, keep=True)
    assert (kept.is_new, kept.deleted, len(stub.snapshots)) == (True, 0, 2)
    assert {entry.key for entry in (await index_of(settings.kafka))[MONTH]} == set(stub.snapshots)


async def test_a_snapshot_of_a_month_that_was_closed_too_early_is_replaced(
    apache_kafka: BrokerProcess, stub: GrafanaStub
) -> None:
    """By a clock that was a day ahead, so that it says of itself that it is newer than what replaces it."""
    settings = settings_of(kafka_settings(apache_kafka, partitions=1), stub)
    await put(settings.kafka, calls_in(MONTH, 20_000, 40_000))
    ahead_ms = NOW_MS + DAY
    await close_month(settings, MONTH, Author("schedule", ahead_ms), one_clock(ahead_ms))
    assert len(await due(settings, ahead_ms)) == 1
    await reopen_month(settings, MONTH, Author("an", NOW_MS, "te vroeg"))
    await put(settings.kafka, calls_in(MONTH, 20_000, 40_000, 300_000))
    assert len(await close_due_months(settings, one_clock(NOW_MS + 1))) == 1
    (replaced,) = await due(settings, NOW_MS + 2)
    assert (replaced.is_new, replaced.deleted, average(stub)) == (True, 1, 120)
    assert await due(settings, NOW_MS + MINUTE) == []


async def test_late_facts_change_no_snapshot(apache_kafka: BrokerProcess, stub: GrafanaStub) -> None:
    """It shows what was closed."""
    settings = await closed_month(apache_kafka, stub)
    await put(settings.kafka, calls_in(MONTH, 20_000, 40_000, 300_000))
    await made(settings)
    assert average(stub) == 30


class KilledError(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("arrived", [False, True])
async def test_killed_between_planning_and_noting(
    apache_kafka: BrokerProcess, stub: GrafanaStub, arrived: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before Grafana was asked, and after it has done it: the next one finds out, and there is one snapshot."""
    settings = await closed_month(apache_kafka, stub)
    store = Grafana.make_snapshot

    def killed(grafana: Grafana, dashboard: dict[str, Any], **arguments: Any) -> None:
        if arrived:
            store(grafana, dashboard, **arguments)
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(Grafana, "make_snapshot", killed)
        with pytest.raises(KilledError):
            await made(settings)
    (planned,) = (await index_of(settings.kafka))[MONTH]
    assert (planned.state, len(stub.snapshots)) == ("planned", int(arrived))
    result = await made(settings)
    assert result.is_new is not arrived
    assert result.entry.key == planned.key
    (entry,) = (await index_of(settings.kafka))[MONTH]
    assert (entry.state, list(stub.snapshots)) == ("made", [planned.key])
    assert entry.url == f"{stub.url}/dashboard/snapshot/{planned.key}"


async def outcome(work: Awaitable[Any]) -> object:
    """What came of it, or the kind of refusal."""
    try:
        return await work
    except FENCED as fenced:
        return type(fenced)


async def test_of_many_at_once_there_is_one_snapshot(apache_kafka: BrokerProcess, stub: GrafanaStub) -> None:
    """Whoever is fenced has made nothing that is not known."""
    settings = await closed_month(apache_kafka, stub)
    await asyncio.gather(*(outcome(made(settings)) for _ in range(4)))
    await made(settings)
    entries = (await index_of(settings.kafka))[MONTH]
    assert [(entry.state, entry.key) for entry in entries] == [("made", key) for key in stub.snapshots]
    assert len(entries) == 1


async def test_what_was_deleted_in_grafana_or_has_expired_is_made_again(
    apache_kafka: BrokerProcess, stub: GrafanaStub
) -> None:
    """The index knows when a snapshot expires, and asks whether it is there."""
    settings = await closed_month(apache_kafka, stub, expires_days=30)
    first = await made(settings)
    assert stub.snapshots[first.entry.key]["expires"] == 30 * 86_400
    stub.snapshots.clear()
    second = await made(settings)
    assert second.is_new
    third = await made(settings, now_ms=NOW_MS + 31 * DAY)
    assert third.is_new
    assert list(stub.snapshots) == [third.entry.key]


async def test_a_refusal_leaves_nothing_behind_but_the_plan(apache_kafka: BrokerProcess, stub: GrafanaStub) -> None:
    """And with the permission given, the plan is carried out."""
    settings = await closed_month(apache_kafka, stub)
    stub.permissions = frozenset({"dashboards:read"})
    with pytest.raises(GrafanaError, match="lacks a permission"):
        await made(settings)
    assert stub.snapshots == {}
    stub.permissions = frozenset({"dashboards:read", "snapshots:create", "snapshots:delete"})
    assert (await made(settings)).is_new
    assert len((await index_of(settings.kafka))[MONTH]) == len(stub.snapshots) == 1


async def test_closed_months_get_a_snapshot_by_themselves(apache_kafka: BrokerProcess, stub: GrafanaStub) -> None:
    """Once for each closing, also when it shows the same as before."""
    settings = settings_of(kafka_settings(apache_kafka, partitions=1), stub)
    await put(settings.kafka, calls_in(MONTH, 20_000))
    assert await due(settings, NOW_MS) == []
    await close_due_months(settings, one_clock(NOW_MS))
    (result,) = await due(settings, NOW_MS + 1)
    assert result.entry.month == MONTH
    assert await due(settings, NOW_MS + 2) == []
    await reopen_month(settings, MONTH, Author("an", NOW_MS + 3, "x"))
    assert await due(settings, NOW_MS + 4) == []
    await close_month(settings, MONTH, Author("an", NOW_MS + 5), one_clock(NOW_MS + 5))
    (again,) = await due(settings, NOW_MS + 6)
    assert (again.is_new, again.entry.key) == (False, result.entry.key)
    assert await due(settings, NOW_MS + 7) == []


async def test_on_the_first_working_day_there_is_a_provisional_one(
    apache_kafka: BrokerProcess, stub: GrafanaStub
) -> None:
    """Once every record from before is counted; the closing replaces it, and the name tells them apart."""
    settings = settings_of(kafka_settings(apache_kafka, partitions=1), stub)
    kafka, month = settings.kafka, month_ago(0)
    closing = msgspec.structs.replace(settings.closing, day=28)  # so that it comes after the first working day
    settings = msgspec.structs.replace(settings, closing=closing)
    working_day = first_working_day_ms(month, closing, settings.rules)
    await put(kafka, calls_in(month, 20_000, 40_000))
    assert await due(settings, working_day - 1) == []
    (provisional,) = await due(settings, working_day + 1)
    assert provisional.entry.name.endswith("(voorlopig)")
    assert await due(settings, working_day + 2) == []
    closed_ms = closing_ms(month, closing, settings.rules.zone)
    await close_due_months(settings, one_clock(closed_ms))
    (official,) = await due(settings, closed_ms + 1)
    assert (official.deleted, list(stub.snapshots)) == (1, [official.entry.key])
    assert "voorlopig" not in official.entry.name
    (read,) = (await index_of(kafka))[month]
    assert read == official.entry


async def test_provisional_figures_wait_for_what_is_not_counted_yet(
    apache_kafka: BrokerProcess, stub: GrafanaStub
) -> None:
    """Records from before the first working day, and no worker that has read them."""
    settings = settings_of(kafka_settings(apache_kafka, partitions=1), stub)
    month = month_ago(0)
    closing = msgspec.structs.replace(settings.closing, day=28)
    settings = msgspec.structs.replace(settings, closing=closing)
    await put(settings.kafka, calls_in(month, 20_000))
    await workers.send(settings.kafka, calls_in(month, 40_000, name="unread"))
    working_day = first_working_day_ms(month, closing, settings.rules)
    assert await due(settings, working_day) == []
    assert stub.snapshots == {}


async def test_provisional_figures_that_are_late_wait_while_a_month_is_filled(
    apache_kafka: BrokerProcess, stub: GrafanaStub
) -> None:
    """Somebody publishes files of last month, weeks later; it was written to just now, and then no more."""
    settings = settings_of(kafka_settings(apache_kafka, partitions=1), stub)
    closing = msgspec.structs.replace(settings.closing, day=28, quiet_minutes=60)
    settings = msgspec.structs.replace(settings, closing=closing)
    await put(settings.kafka, calls_in(month_ago(0), 20_000))
    working_day = first_working_day_ms(month_ago(0), closing, settings.rules)
    written_ms = time.time_ns() // 1_000_000
    late = max(working_day, written_ms) + 2 * HOUR
    almost_quiet = msgspec.structs.replace(closing, quiet_minutes=(late - written_ms) // MINUTE + 10)
    assert await due(msgspec.structs.replace(settings, closing=almost_quiet), late) == []
    assert len(await due(settings, late)) == 1


async def test_what_was_deleted_on_demand_stays_deleted(apache_kafka: BrokerProcess, stub: GrafanaStub) -> None:
    """No worker makes it again, unless the month is closed anew; who asks for it gets it."""
    settings = await closed_month(apache_kafka, stub)
    await due(settings, NOW_MS + 1)
    assert len(await delete(settings, MONTH, NOW_MS + 2)) == 1
    assert stub.snapshots == {}
    assert await due(settings, NOW_MS + 3) == []
    assert await delete(settings, MONTH, NOW_MS + 4) == []
    assert (await made(settings, now_ms=NOW_MS + 5)).is_new
    (entry,) = (await index_of(settings.kafka))[MONTH]
    assert (entry.state, list(stub.snapshots)) == ("made", [entry.key])


def command(settings: Settings, token: Path, *arguments: str) -> Result:
    """The command as its user starts it."""
    grafana = settings.grafana
    variables = {
        **environment(settings.kafka, next_port(), None),
        "WACHTMONITOR_GRAFANA_URL": str(grafana.url),
        "WACHTMONITOR_GRAFANA_TOKEN_FILE": str(token),
        "WACHTMONITOR_GRAFANA_DASHBOARD_UID": "maand",
        "WACHTMONITOR_PROMETHEUS_URL": str(settings.prometheus.url),
    }
    return CliRunner().invoke(main, list(arguments), env=variables)


async def test_the_commands(apache_kafka: BrokerProcess, stub: GrafanaStub, tmp_path: Path) -> None:
    """Dry run, make, make again, list, delete, and nothing left to delete."""
    settings = await closed_month(apache_kafka, stub)
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n")
    file = tmp_path / "dashboard.json"
    await in_prometheus(settings)
    said = await asyncio.to_thread(_said, settings, token, file)
    assert stub.snapshots == {}
    assert msgspec.json.decode(file.read_bytes())["uid"] == "maand"
    for text in said:
        assert TOKEN not in text
    dry, new, again, listed, gone, nothing, unwritable = said
    assert "nothing is sent" in dry
    assert f"stat         Wachttijd {MONTH}: 1 frames, 1 rows" in dry
    assert "is made: http" in new
    assert "is there already, and shows the same: http" in again
    assert listed.count("/dashboard/snapshot/") == 1
    assert f"Deleted: 1 of {MONTH}" in gone
    assert f"There is no snapshot of {MONTH}" in nothing
    assert "cannot be written (Not a directory); name another file" in unwritable


def _said(settings: Settings, token: Path, file: Path) -> list[str]:
    asked = [
        ("snapshot", "--month", MONTH, "--dry-run", "--output", str(file)),
        ("snapshot", "--month", MONTH),
        ("snapshot", "--month", MONTH),
        ("snapshot", "list"),
        ("snapshot", "delete", MONTH),
        ("snapshot", "delete", MONTH),
        ("snapshot", "--month", MONTH, "--dry-run", "--output", str(file / "below-a-file")),
    ]
    results = [command(settings, token, *arguments) for arguments in asked]
    assert [each.exit_code for each in results] == [0, 0, 0, 0, 0, 1, 1], [each.output for each in results]
    return [each.output for each in results]


async def test_a_worker_makes_it_and_catches_up_when_grafana_was_away(
    apache_kafka: BrokerProcess, stub: GrafanaStub, tmp_path: Path
) -> None:
    """Nobody does anything: events come, the month closes, the snapshot stands; though Grafana refused at first."""
    kafka = kafka_settings(apache_kafka, partitions=1)
    (tmp_path / "token").write_text(TOKEN)
    grafana = (
        f'[grafana]\nurl = "{stub.url}"\ntoken_file = "{tmp_path / "token"}"\ndashboard_uid = "maand"\n'
        f'[prometheus]\nurl = "{PROMETHEUS[0].settings.url}"\n'
    )
    stub.enabled = False
    worker = scraped(WorkerProcess(kafka, tmp_path / "worker.log", settings_file(tmp_path, grafana), code=QUICKLY))
    try:
        await workers.send(kafka, calls_in(MONTH, 20_000, 40_000))
        await workers.until(lambda: "Snapshots are disabled" in worker.log(), "a refusal that is told")
        assert worker.is_healthy()
        stub.enabled = True
        await workers.until(lambda: bool(stub.snapshots), "a snapshot")
        await workers.until(lambda: f"snapshot of {MONTH}: http" in worker.log(), "the end of it")
        assert worker.terminate() == 0, worker.log()
    finally:
        worker.stop()
    assert average(stub) == 30
    assert TOKEN not in worker.log()


def scraped(worker: WorkerProcess) -> WorkerProcess:
    """The worker, which Prometheus scrapes from now on."""

    def show() -> bytes:
        try:
            return worker.get("/metrics/months").encode()
        except OSError:
            return b""

    PROMETHEUS[0].show = show
    return worker


def with_grafana(folder: Path, url: str) -> Path:
    """Settings with this Grafana and a token file, which is not there yet."""
    grafana = (
        f'[grafana]\nurl = "{url}"\ntoken_file = "token"\ndashboard_uid = "maand"\ntimeout_seconds = 600\n'
        f'[prometheus]\nurl = "{PROMETHEUS[0].settings.url}"\n'
    )
    return settings_file(folder, grafana)


def waits(worker: WorkerProcess) -> list[str]:
    """What it has said about snapshots that wait."""
    return [line.partition("snapshots wait")[2] for line in worker.log().splitlines() if "snapshots wait" in line]


async def answered_calls(kafka: KafkaSettings) -> int:
    """How many calls stand in the month totals."""
    tallies = (await workers.month_totals(kafka)).values()
    return sum(tally.answered for tally in tallies if isinstance(tally, PhoneTally))


async def test_a_worker_counts_without_a_token_and_takes_one_that_comes_and_changes(
    apache_kafka: BrokerProcess, stub: GrafanaStub, tmp_path: Path
) -> None:
    """No file, a token that is refused, the right one: told once each, tried again, and no restart in between."""
    kafka = kafka_settings(apache_kafka, partitions=1)
    token = tmp_path / "token"
    worker = scraped(WorkerProcess(kafka, tmp_path / "worker.log", with_grafana(tmp_path, stub.url), code=QUICKLY))
    try:
        await workers.send(kafka, calls_in(MONTH, 20_000, 40_000))
        await workers.until(lambda: len(waits(worker)) == 1, "no token, told")
        await workers.until(lambda: f"{MONTH} is closed" in worker.log(), "a closed month")
        assert worker.is_healthy()
        assert await answered_calls(kafka) == 2
        assert (stub.requests, stub.snapshots) == ([], {})
        token.write_text("glsa_of-another-grafana")
        await workers.until(lambda: len(waits(worker)) == 2, "a refusal, told")
        await workers.send(kafka, calls_in(month_ago(1), 5_000))
        await workers.settle(kafka, [worker])
        assert worker.is_healthy()
        assert await answered_calls(kafka) == 3
        token.write_text(f"{TOKEN}\n")
        await workers.until(lambda: bool(stub.snapshots), "a snapshot")
        await workers.until(lambda: len(waits(worker)) == 3, "the end of it")
        assert worker.terminate() == 0, worker.log()
    finally:
        worker.stop()
    missing, refused, end = waits(worker)
    assert "The file that token_file in [grafana] names cannot be read (No such file or directory)" in missing
    assert "(401: Invalid API key). The token is not valid" in refused
    assert end == " no longer"
    assert "glsa_" not in worker.log()


async def test_a_worker_counts_and_ends_in_order_whatever_grafana_does(
    apache_kafka: BrokerProcess, stub: GrafanaStub, tmp_path: Path
) -> None:
    """It takes what is asked and never answers: the month closes before, and SIGTERM waits for no Grafana."""
    kafka = kafka_settings(apache_kafka, partitions=1)
    (tmp_path / "token").write_text(TOKEN)
    stub.faults = ["hang"] * 10
    worker = scraped(WorkerProcess(kafka, tmp_path / "worker.log", with_grafana(tmp_path, stub.url), code=QUICKLY))
    try:
        await workers.send(kafka, calls_in(MONTH, 20_000))
        await workers.until(lambda: bool(stub.requests), "a question to Grafana")
        await workers.send(kafka, calls_in(month_ago(1), 5_000))
        await workers.settle(kafka, [worker])
        assert worker.is_healthy()
        assert await answered_calls(kafka) == 2
        assert worker.terminate() == 0, worker.log()
    finally:
        worker.stop()
    assert "by force" not in worker.log()


async def test_a_list_of_snapshots_says_what_is_to_be_made_and_what_it_waits_for(
    apache_kafka: BrokerProcess, stub: GrafanaStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token is not there, then it is refused, then nothing is in the way."""
    monkeypatch.setattr("streams.commands.snapshot.system_clock", lambda: NOW_MS + 2)
    settings = await closed_month(apache_kafka, stub)
    file, token = with_grafana(tmp_path, stub.url), tmp_path / "token"

    async def listed() -> str:
        result = await asyncio.to_thread(command, settings, token, "snapshot", "list", "--settings", str(file))
        assert result.exit_code == 0, result.output
        return result.output

    assert "No snapshot was made." in (said := await listed())
    assert f"{MONTH}  is to be made, and waits\n         The file that token_file" in said
    token.write_text("glsa_wrong")
    assert "The token is not valid" in await listed()
    token.write_text(TOKEN)
    assert f"{MONTH}  is to be made, by a worker, once all is counted" in await listed()
    await made(settings, now_ms=NOW_MS + 1)
    assert "is to be made" not in await listed()


def test_what_is_asked_wrongly_is_refused() -> None:
    """Before anything is read."""
    for arguments, problem in (
        (["snapshot"], "Name the month"),
        (["snapshot", "--month", "2026-10", "--output", "x.json"], "add --dry-run"),
        (["snapshot", "--month", "2026"], "expected a month such as 2026-10"),
    ):
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 2, result.output
        assert problem in result.output
