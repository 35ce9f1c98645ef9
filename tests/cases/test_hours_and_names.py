"""Names that practice spells in many ways and hours of single days and lines, as a worker and commands take them."""

import json
import re
import unicodedata
from datetime import datetime, timedelta
from pathlib import Path
from urllib.request import urlopen
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from streams.commands.publish import publish
from streams.kafka.embedded import BrokerProcess
from streams.settings import DEFAULT_FILE
from tests.brokers.topics import kafka_settings
from tests.cases.refusing import Fact, call, health, send, visit, working
from tests.runtime.workers import WorkerProcess, environment, settle

KCC = "Klantencontactcentrum"
MAPPING = """
[time]
zone = "Europe/Brussels"
format = "%Y-%m-%d %H:%M:%S"
[id]
columns = "call"
[cluster]
column = "queue"
[[event]]
type = "offered"
at = "dialled"
[[event]]
type = "answered"
at = "picked_up"
"""


def settings_with(folder: Path, *changes: tuple[str, str]) -> Path:
    """The packaged settings, open day and night, with some texts replaced by others."""
    text = re.sub(r'^(\w+day) = ".*"$', r'\1 = "00:00-24:00"', DEFAULT_FILE.read_text("utf-8"), flags=re.MULTILINE)
    for old, new in (('public_holidays = "BE"', 'public_holidays = "none"'), *changes):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / "settings.toml"
    path.write_text(text, "utf-8")
    return path


def figure(worker: WorkerProcess, name: str, **labels: str) -> float:
    """The sum of a metric's series with these labels."""
    found = re.findall(rf"^wachtmonitor_{name}{{(.*)}} (\S+)$", worker.get("/metrics"), re.MULTILINE)
    wanted = {f'{label}="{value}"' for label, value in labels.items()}
    return sum(float(value) for labels_text, value in found if wanted <= set(labels_text.split(",")))


def on_wall(worker: WorkerProcess, cluster: str, column: str) -> float:
    """A figure of the cluster on the wall's next frame."""
    with urlopen(f"http://127.0.0.1:{worker.port}/wall/events", timeout=30) as stream:
        frame = json.loads(next(line for line in stream if line.startswith(b"data: {")).removeprefix(b"data: "))
    ((row, columns),) = [
        (row, part["columns"]) for part in frame["channels"] for row in part["clusters"] if row["cluster"] == cluster
    ]
    value: float = row["cells"][[each["key"] for each in columns].index(column)]["value"]
    return value


def published(folder: Path, rows: str, *options: str, environ: dict[str, str] | None = None) -> Result:
    """What `publish` says of a file."""
    (folder / "mapping.toml").write_text(MAPPING, "utf-8")
    (folder / "calls.csv").write_text("call,queue,dialled,picked_up\n" + rows, "utf-8")
    arguments = [str(folder / "calls.csv"), "--mapping", str(folder / "mapping.toml"), *options]
    return CliRunner().invoke(publish, arguments, env=environ)


@pytest.mark.kafka
@pytest.mark.timeout(300)
async def test_a_queue_that_is_renamed_in_mid_month_is_one_line_everywhere(
    apache_kafka: BrokerProcess, tmp_path: Path
) -> None:
    """Right: by the old name, the new one and misspelt ones a call counts for one cluster, on every page."""
    kafka = kafka_settings(apache_kafka, partitions=2)
    settings = settings_with(tmp_path, (f'name = "{KCC}"', f'name = "{KCC}"\naliases = ["Contact centrum één"]'))
    spellings = (KCC, "Contact centrum één", KCC.upper(), "Contact\u00a0centrum één", f" {KCC}")
    decomposed = unicodedata.normalize("NFD", "Contact centrum één")
    calls = [call(f"c{number}", cluster=name) for number, name in enumerate((*spellings, decomposed))]
    answers: list[Fact] = [{**each, "type": "answered", "at": float(each["at"]) + 1} for each in calls[:4]]
    async with working(kafka, tmp_path / "worker.log", settings) as worker:
        await send(kafka, [*calls, *answers, visit("t", "wonen\u2003")])
        await settle(kafka, [worker])
        for again in range(2):
            assert figure(worker, "served_contacts", cluster=KCC, window="today") == 4
            assert figure(worker, "waiting_contacts", cluster=KCC) == 2
            assert figure(worker, "waiting_walk_ins", cluster="Wonen") == 1
            repaired = {
                reason: figure(worker, "names_repaired_total", reason=reason)
                for reason in ("alias", "unicode", "spaces", "case")
            }
            assert repaired == {"alias": 2, "unicode": 1, "spaces": 3, "case": 3}
            assert figure(worker, "records_rejected_total") == 0
            assert on_wall(worker, KCC, "waiting") == 2
            assert health(worker) == []
            if not again:
                assert worker.terminate() == 0
                worker.start_again()
                await settle(kafka, [worker])


@pytest.mark.kafka
@pytest.mark.timeout(300)
async def test_a_day_that_is_closed_but_for_one_line_counts_the_calls_of_that_line(
    apache_kafka: BrokerProcess, tmp_path: Path
) -> None:
    """Right: the city's line leaves its calls out, the other one counts them, and the city shows as open for it."""
    kafka = kafka_settings(apache_kafka, partitions=1)
    today = datetime.now(ZoneInfo("Europe/Brussels")).date()
    days = (today, today + timedelta(days=1))
    closed, opened = ("".join(f'{day} = "{hours}"\n' for day in days) for hours in ("closed", "00:00-24:00"))
    line = 'name = "Noodlijn"\nchannel = "phone"\nnorm_seconds = 45\n'
    line += f"[cluster.opening_hours.dates]\n{opened}[[cluster]]\n"
    settings = settings_with(
        tmp_path,
        ('name = "Burgerzaken"', f'{line}name = "Burgerzaken"'),
        ("[opening_hours.dates]\n# 2026", f"[opening_hours.dates]\n{closed}# 2026"),
    )
    calls = [call("city"), call("line", cluster="Noodlijn")]
    answers: list[Fact] = [{**each, "type": "answered", "at": float(each["at"]) + 1} for each in calls]
    async with working(kafka, tmp_path / "worker.log", settings) as worker:
        await send(kafka, [*calls, *answers])
        await settle(kafka, [worker])
        served = {name: figure(worker, "served_contacts", cluster=name, window="today") for name in (KCC, "Noodlijn")}
        assert served == {KCC: 0, "Noodlijn": 1}
        left_out = figure(worker, "excluded_contacts", cluster=KCC, window="today", reason="outside_opening_hours")
        assert left_out == 1
        assert "\nwachtmonitor_open 1.0\n" in worker.get("/metrics")


@pytest.mark.kafka
@pytest.mark.timeout(300)
async def test_a_line_has_a_service_level_of_its_own_and_short_abandons_a_figure_of_theirs(
    apache_kafka: BrokerProcess, tmp_path: Path
) -> None:
    """Right: 45 s is late on the one line, in time on the other; who hung up at once is missed all the same."""
    kafka = kafka_settings(apache_kafka, partitions=1)
    line = 'name = "Noodlijn"\nchannel = "phone"\nnorm_seconds = 45\nservice_level_seconds = 60\n[[cluster]]\n'
    settings = settings_with(
        tmp_path,
        ('name = "Burgerzaken"', f'{line}name = "Burgerzaken"'),
        ("# short_abandon_seconds = 5", "short_abandon_seconds = 5"),
    )
    calls = [call(f"{name}-{number}", -60, name) for name in (KCC, "Noodlijn") for number in range(4)]
    ends = (("answered", 45), ("answered", 10), ("abandoned", 5), ("abandoned", 6))
    outcomes: list[Fact] = [
        {**each, "type": kind, "at": float(each["at"]) + seconds}
        for each, (kind, seconds) in zip(calls, ends * 2, strict=True)
    ]
    async with working(kafka, tmp_path / "worker.log", settings) as worker:
        await send(kafka, [*calls, *outcomes])
        await settle(kafka, [worker])
        names = ("served_contacts", "within_service_level_calls", "missed_calls", "short_abandoned_calls")
        counted = {
            cluster: [
                figure(worker, name, cluster=cluster, window="60m") for name in (*names, "long_abandoned_calls")
            ]
            for cluster in (KCC, "Noodlijn")
        }
        assert counted == {KCC: [2, 1, 2, 1, 1], "Noodlijn": [2, 2, 2, 1, 1]}
        bounds = [
            figure(worker, "norm_cluster_service_level_seconds", cluster=cluster) for cluster in (KCC, "Noodlijn")
        ]
        assert bounds == [30, 60]


def test_publish_tells_which_spellings_it_took_for_which_cluster(tmp_path: Path) -> None:
    """Right: the rows are sent, the exit code is 0, and what was repaired is said, an invisible space too."""
    rows = f"1,{KCC},2024-06-03 09:00:00,\n2,{KCC.lower()},2024-06-03 09:01:00,\n3,{KCC}\u2060,2024-06-03 09:02:00,\n"
    told = published(tmp_path, rows.replace("\u2060", "\u00a0\u00a0"), "--dry-run")
    assert told.exit_code == 0, told.output
    assert "Events found, none sent: 3 (3 offered)" in told.output
    assert f'  "{KCC.lower()}" counts for "{KCC}" (case): 1' in told.output


def test_a_name_with_what_cannot_be_seen_in_it_is_shown_with_its_code(tmp_path: Path) -> None:
    """Right: the error shows the character, and which cluster is meant."""
    told = published(tmp_path, "1,Klanten\u00a0contactcentrum,2024-06-03 09:00:00,\n", "--dry-run")
    assert told.exit_code == 1
    assert '"Klanten<U+00A0>contactcentrum" is no cluster of the phone in the settings; did you mean' in told.output
    assert f'"{KCC}"? What came holds a no-break space (U+00A0).' in told.output


@pytest.mark.kafka
@pytest.mark.parametrize("dry_run", [True, False], ids=["dry-run", "sent"])
def test_a_cluster_that_the_settings_do_not_know_is_said_and_fails(
    embedded_broker: BrokerProcess, tmp_path: Path, dry_run: bool
) -> None:
    """Right: nothing of it is sent, the nearest name is told, and the exit code is 1, also in a dry run."""
    kafka = kafka_settings(embedded_broker, partitions=1)
    rows = f"1,Klantencontactcentra,2024-06-03 09:00:00,2024-06-03 09:00:12\n2,{KCC},2024-06-03 09:00:00,\n"
    told = published(tmp_path, rows, *(["--dry-run"] if dry_run else []), environ=environment(kafka, 1, None))
    assert told.exit_code == 1, told.output
    assert f'"Klantencontactcentra" is no cluster of the phone in the settings; did you mean "{KCC}"?' in told.output
    assert f"Events {'found, none sent' if dry_run else 'sent'}: 1 (1 offered)" in told.output


def test_clusters_that_collide_once_repaired_are_refused_by_the_settings(tmp_path: Path) -> None:
    """Right: the settings cannot be loaded, since events could not tell the two apart."""
    settings = settings_with(tmp_path, ('name = "Wonen"', 'name = "Wonen"\naliases = ["OCMW"]'))
    told = published(tmp_path, "", "--dry-run", "--settings", str(settings))
    assert told.exit_code == 2
    assert 'aliases: expected a name once for a channel, got "OCMW" of [[cluster]] 5 "OCMW"' in told.output
