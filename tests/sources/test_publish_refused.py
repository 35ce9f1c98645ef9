"""What the settings would refuse is not sent by `publish`, but told: which rows, why, and what to do."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.channels.acceptance import decoder_of
from streams.commands.publish import publish
from streams.contracts.rejections import Rejection
from streams.core.rules import Channel
from streams.kafka.client import read_to_end
from streams.kafka.embedded import BrokerProcess
from streams.settings import load
from streams.sources.refused_rows import FAULTS_KEPT, FAULTS_SHOWN
from tests.brokers.ports import next_port
from tests.brokers.topics import kafka_settings
from tests.runtime.workers import environment

MAPPING = """
[id]
columns = "call"
[cluster]
column = "queue"
[[event]]
type = "offered"
at = "dialled"
[[event]]
type = "answered"
at = "answered"
"""
VISITS = """
[id]
columns = "call"
[cluster]
column = "queue"
[[event]]
type = "requested"
at = "dialled"
planned_at = "answered"
"""
KCC = "Klantencontactcentrum"
DIALLED = "2024-06-03T09:00:00+02:00"


def row(number: int, queue: str = KCC, dialled: str = DIALLED, answered: str = "") -> str:
    """A line of the file."""
    return f"{number},{queue},{dialled},{answered}\n"


def ahead(**distance: float) -> str:
    """A moment that is still to come."""
    return (datetime.now(UTC) + timedelta(**distance)).isoformat()


def run(
    folder: Path, rows: str, *options: str, mapping: str = MAPPING, environ: dict[str, str] | None = None
) -> Result:
    (folder / "mapping.toml").write_text(mapping)
    (folder / "calls.csv").write_text("call,queue,dialled,answered\n" + rows)
    arguments = [str(folder / "calls.csv"), "--mapping", str(folder / "mapping.toml"), *options]
    return CliRunner().invoke(publish, arguments, env=environ)


def told(result: Result) -> list[str]:
    """The account of what is refused."""
    lines = result.stdout.splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("Rows left out as the settings refuse"))
    end = next(index for index, line in enumerate(lines) if line.startswith("Rows left out as unreadable"))
    return lines[start:end]


def test_a_dry_run_tells_an_unknown_cluster_with_its_row_and_what_to_do(tmp_path: Path) -> None:
    result = run(tmp_path, row(1) + row(2, "Kläntencontactcentrum"), "--dry-run")
    assert result.exit_code == 1
    assert "Events found, none sent: 1 (1 offered)" in result.stdout
    assert told(result) == [
        "Rows left out as the settings refuse them: 1",
        "  unknown_cluster: 1",
        '    "Kläntencontactcentrum" is no cluster of the phone in the settings; did you mean '
        '"Klantencontactcentrum"? It differs in accents or spaces only. Give it a name of the settings in the '
        'mapping, such as rename = { "Kläntencontactcentrum" = "Klantencontactcentrum" } in [cluster], or add a '
        "[[cluster]] to the settings.",
        "    line 3",
    ]


def test_a_typing_error_is_asked_about_in_a_sentence(tmp_path: Path) -> None:
    result = run(tmp_path, row(1, "Klantencontactcentrm"), "--dry-run")
    assert 'did you mean "Klantencontactcentrum"? Give it a name' in result.stdout


def test_the_rename_that_is_advised_is_one_that_mends_it(tmp_path: Path) -> None:
    refused = run(tmp_path, row(1, "Klantencontact\u00a0centrum"), "--dry-run")
    (rename,) = re.findall(r"rename = \{.*\}", refused.stdout)
    mended = run(
        tmp_path,
        row(1, "Klantencontact\u00a0centrum"),
        "--dry-run",
        mapping=MAPPING.replace('column = "queue"', f'column = "queue"\n{rename}'),
    )
    assert (refused.exit_code, mended.exit_code) == (1, 0)


def test_times_that_are_too_early_or_still_to_come_are_told_with_the_time(tmp_path: Path) -> None:
    early, late = row(1, dialled="2009-03-02T09:00:00+01:00"), row(2, dialled="2093-06-03T09:00:00+02:00")
    result = run(tmp_path, early + late, "--dry-run")
    assert result.exit_code == 1
    account = told(result)
    assert [line for line in account if "line " in line] == [
        "    line 2: offered at 2009-03-02T09:00:00+01:00",
        "    line 3: offered at 2093-06-03T09:00:00+02:00",
    ]
    assert any("which is 2016-01-01. " in line and "`earliest` in [limits]" in line for line in account)
    assert any("days after its record, 5 minutes are accepted. " in line for line in account)


def test_a_plan_too_far_ahead_is_told(tmp_path: Path) -> None:
    planned = row(1, "Wonen", answered="2034-06-03T09:00:00+02:00")
    result = run(tmp_path, planned, "--dry-run", mapping=VISITS)
    assert result.exit_code == 1
    assert (
        told(result)[-1] == "    line 2: requested at 2024-06-03T09:00:00+02:00, planned at 2034-06-03T09:00:00+02:00"
    )


def test_a_row_of_which_one_event_is_refused_is_left_out_whole(tmp_path: Path) -> None:
    result = run(tmp_path, row(1, answered=ahead(days=1)), "--dry-run")
    assert result.exit_code == 1
    assert "Events found, none sent: 0\n" in result.stdout


@pytest.mark.parametrize(("seconds", "status"), [(120, 0), (900, 1)])
def test_a_clock_that_is_a_little_ahead_is_accepted_as_a_worker_accepts_it(
    tmp_path: Path, seconds: int, status: int
) -> None:
    assert run(tmp_path, row(1, dialled=ahead(seconds=seconds)), "--dry-run").exit_code == status


def test_thousands_of_one_fault_are_one_entry(tmp_path: Path) -> None:
    result = run(tmp_path, "".join(row(number, "kcc") for number in range(3000)), "--dry-run")
    account = told(result)
    assert account[:2] == ["Rows left out as the settings refuse them: 3,000", "  unknown_cluster: 3,000"]
    assert account[3:] == ["    line 2", "    line 3", "    line 4", "    and 2,997 more"]


def test_thousands_of_different_faults_stay_on_one_screen(tmp_path: Path) -> None:
    letters = [f"{a}{b}{c}" for a in "abcdefghijkl" for b in "abcdefghijkl" for c in "abcdefghijkl"]
    assert len(letters) > FAULTS_KEPT
    account = told(run(tmp_path, "".join(row(1, name) for name in letters), "--dry-run"))
    assert account.count("  unknown_cluster: 1") == FAULTS_SHOWN
    assert account[-1] == f"  refused for other faults: {len(letters) - FAULTS_SHOWN:,}"


def test_what_may_be_a_telephone_number_in_the_wrong_column_is_not_shown(tmp_path: Path) -> None:
    result = run(tmp_path, row(1, "0470 12 34 56"), "--dry-run")
    assert "0470" not in result.output
    assert "Is the column in [cluster] of the mapping the right one?" in result.stdout


def test_each_event_that_passes_is_accepted_by_a_worker(tmp_path: Path) -> None:
    names = [KCC, KCC.lower(), "Burgerzaken", " "]
    moments = [DIALLED, "2015-12-31T23:59:59+01:00", "2016-01-01T00:00:00+01:00", ahead(days=2), ahead(minutes=-1)]
    rows = "".join(
        row(number, name, dialled, answered)
        for number, (name, dialled, answered) in enumerate(
            (name, dialled, answered) for name in names for dialled in moments for answered in ("", *moments)
        )
    )
    result = run(tmp_path, rows, "--dry-run")
    decode = decoder_of(Channel.PHONE, load(None, {}).rules)
    now_ms = round(datetime.now(UTC).timestamp() * 1000)
    shown = [line for line in result.stdout.splitlines() if line.startswith("{")]
    assert shown
    for line in shown:
        assert not isinstance(decode(json.loads(line)["call_id"].encode(), line.encode(), now_ms), Rejection)


@pytest.mark.kafka
async def test_what_is_refused_is_not_sent_and_the_rest_is(apache_kafka: BrokerProcess, tmp_path: Path) -> None:
    kafka = kafka_settings(apache_kafka, partitions=1)
    rows = (
        row(1, "kcc") + row(2, dialled="2093-06-03T09:00:00+02:00") + row(3) + row(4, dialled="2009-06-03T09:00:00Z")
    )
    result = await asyncio.to_thread(run, tmp_path, rows, environ=environment(kafka, next_port(), None))
    assert result.exit_code == 1, result.output
    assert "Events sent: 1 (1 offered)" in result.stdout
    assert [line.strip() for line in told(result) if re.fullmatch(r"  \w+: \d+", line)] == [
        "unknown_cluster: 1",
        "time_in_future: 1",
        "time_too_early: 1",
    ]
    (records,) = (await read_to_end(kafka, kafka.calls_topic, [0])).values()
    assert [record.key for record in records] == [b"3"]
