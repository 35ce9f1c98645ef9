"""The command `publish`: what it sends, what it tells, and how it ends."""

import json
from pathlib import Path
from typing import ClassVar

import click
import pytest
from click.testing import CliRunner, Result

from streams.channels.calls.events import AnyCallEvent
from streams.channels.visits.events import AnyTicketEvent
from streams.commands import publish as publish_command
from streams.commands.publish import publish
from streams.kafka.client import KafkaProblemsError
from streams.kafka.partitioners import Partitioner
from streams.settings import KafkaSettings
from streams.sources.sender import SendError

MAPPING = """
[id]
columns = "call"
[cluster]
constant = "Klantencontactcentrum"
[[leave_out]]
reason = "test call"
when = { outcome = "TEST" }
[[event]]
type = "offered"
at = "dialled"
[[event]]
type = "answered"
at = "answered"
"""
HEADER = "call,phone,dialled,answered,outcome\n"
ANSWERED = "1,0470123456,2024-06-03T09:00:00+02:00,2024-06-03T09:00:41+02:00,OK\n"
UNANSWERED = "2,0470123456,2024-06-03T09:01:00+02:00,,OK\n"
TEST_CALL = "3,0470123456,2024-06-03T09:02:00+02:00,,TEST\n"
UNREADABLE = "4,0470123456,yesterday,,OK\n"


class FakeSender:
    """Takes the place of `EventSender`; refuses every event after `takes`."""

    sent: ClassVar[list[AnyCallEvent | AnyTicketEvent]] = []
    takes = 1_000_000

    def __init__(self, _kafka: KafkaSettings) -> None:
        self.acknowledged = 0

    async def __aenter__(self) -> "FakeSender":
        return self

    async def __aexit__(self, *_: object) -> None:
        self.acknowledged = len(self.sent)

    async def send(self, event: AnyCallEvent | AnyTicketEvent) -> None:
        if len(self.sent) >= self.takes:
            raise SendError("Not every event arrived")
        self.sent.append(event)


async def no_rules(_kafka: KafkaSettings) -> dict[str, Partitioner]:
    """Nothing is on Kafka."""
    return {}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[AnyCallEvent | AnyTicketEvent]:
    """What was sent, in order. Topics must be asked for before anything is."""

    async def ensured(kafka: KafkaSettings, *, staffing: bool) -> list[str]:
        assert not staffing, "nobody tells of it by these settings"
        assert FakeSender.sent == []
        return [kafka.calls_topic, kafka.tickets_topic]

    monkeypatch.setattr(FakeSender, "sent", [])
    monkeypatch.setattr(publish_command, "EventSender", FakeSender)
    monkeypatch.setattr(publish_command, "ensure_source_topics", ensured)
    monkeypatch.setattr(publish_command, "rules_shown", no_rules)
    return FakeSender.sent


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a mapping, and as many rows of data as a test writes into calls.csv."""
    (tmp_path / "mapping.toml").write_text(MAPPING)
    return tmp_path


def run(files: Path, rows: str, *options: str) -> Result:
    (files / "calls.csv").write_text(HEADER + rows)
    return CliRunner().invoke(publish, [str(files / "calls.csv"), "--mapping", str(files / "mapping.toml"), *options])


def test_every_event_of_every_row_is_sent_in_order(files: Path, sent: list[AnyCallEvent | AnyTicketEvent]) -> None:
    result = run(files, ANSWERED + UNANSWERED + TEST_CALL)
    assert [type(event).__name__ for event in sent] == ["Offered", "Answered", "Offered"]
    assert result.exit_code == 0
    assert result.stdout == (
        "Rows read: 3\n"
        "Events sent: 3 (2 offered, 1 answered)\n"
        "Rows left out as the mapping says: 1\n"
        "  test call: 1\n"
        "Rows left out as the settings refuse them: 0\n"
        "Rows left out as unreadable: 0\n"
    )


def test_unreadable_rows_are_counted_by_reason_with_their_first_lines_and_end_with_1(
    files: Path, sent: list[AnyCallEvent | AnyTicketEvent]
) -> None:
    result = run(files, ANSWERED + UNREADABLE * 4 + "5,x\n")
    assert len(sent) == 2
    assert result.exit_code == 1
    assert result.stdout.endswith(
        "Rows left out as unreadable: 5\n"
        "  unreadable time: 4\n"
        "    line 3, column dialled, expected RFC 3339\n"
        "    line 4, column dialled, expected RFC 3339\n"
        "    line 5, column dialled, expected RFC 3339\n"
        "    and 1 more\n"
        "  other number of fields than columns: 1\n"
        "    line 7, expected 5, got 2\n"
        "    If rows lack only what is empty at their end, set uneven_rows = true in [file]; lines above the names "
        "or totals below: lines_before and rows_after.\n"
    )


def test_a_dry_run_shows_the_first_events_and_sends_nothing(
    files: Path, sent: list[AnyCallEvent | AnyTicketEvent]
) -> None:
    result = run(files, ANSWERED * 10, "--dry-run")
    events = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    assert sent == []
    assert result.exit_code == 0
    assert len(events) == publish_command.EVENTS_SHOWN
    assert events[1] == {
        "type": "answered",
        "call_id": "1",
        "cluster": "Klantencontactcentrum",
        "at": "2024-06-03T07:00:41Z",
    }
    assert "Events found, none sent: 20 (10 offered, 10 answered)" in result.stdout


def test_a_dry_run_ends_as_the_sending_would(files: Path) -> None:
    assert run(files, UNREADABLE, "--dry-run").exit_code == 1


def test_no_personal_column_is_shown(files: Path) -> None:
    assert "0470123456" not in run(files, ANSWERED + UNREADABLE + "9,0470123456\n", "--dry-run").output


def test_a_terminal_gets_no_bar_where_there_is_none(files: Path) -> None:
    assert run(files, ANSWERED, "--dry-run").stderr == ""


def test_kafka_that_does_not_take_every_event_ends_with_3(
    files: Path, sent: list[AnyCallEvent | AnyTicketEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeSender, "takes", 1)
    result = run(files, ANSWERED)
    assert (result.exit_code, result.stderr) == (3, "Error: Not every event arrived\n")


def test_kafka_that_has_no_topics_ends_with_3(
    files: Path, sent: list[AnyCallEvent | AnyTicketEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(kafka: KafkaSettings, *, staffing: bool) -> list[str]:
        raise KafkaProblemsError(["Topic calls is not allowed."])

    monkeypatch.setattr(publish_command, "ensure_source_topics", refused)
    result = run(files, ANSWERED)
    assert result.exit_code == 3
    assert "The topics cannot be prepared, so nothing was sent." in result.stderr
    assert "Topic calls is not allowed." in result.stderr


def test_an_interruption_says_how_far_it_came(
    files: Path, sent: list[AnyCallEvent | AnyTicketEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(FakeSender, "send", interrupted)
    result = run(files, ANSWERED)
    assert (result.exit_code, result.stderr) == (130, "Stopped. Rows read: 1, events arrived: 0.\n")


def test_a_wrong_mapping_ends_with_2_and_all_its_problems(
    files: Path, sent: list[AnyCallEvent | AnyTicketEvent]
) -> None:
    (files / "mapping.toml").write_text(MAPPING.replace('"offered"', '"ofered"') + "when = 1\nif = 2\n")
    result = run(files, ANSWERED)
    assert result.exit_code == 2
    assert f"3 problems in the mapping {files / 'mapping.toml'}:\n- " in result.stderr
    for problem in ('[[event]] 1 "ofered": type: ', '[[event]] 2 "answered": when: ', '[[event]] 2 "answered": if: '):
        assert f"\n- {problem}expected" in result.stderr or f"\n- {problem}unknown key" in result.stderr
    assert sent == []


def test_columns_that_the_file_does_not_have_end_with_2_before_anything_is_sent(
    files: Path, sent: list[AnyCallEvent | AnyTicketEvent]
) -> None:
    (files / "mapping.toml").write_text(MAPPING.replace('"dialled"', '"dialed"'))
    result = run(files, ANSWERED)
    assert result.exit_code == 2
    assert "1 problem in the mapping" in result.stderr
    assert "no column 'dialed'; the file has: call, phone, dialled, answered, outcome" in result.stderr
    assert sent == []


def test_problems_of_mapping_and_settings_are_told_together(files: Path) -> None:
    (files / "settings.toml").write_text("nonsense = 1\n")
    (files / "mapping.toml").write_text("nonsense = 1\n")
    result = run(files, ANSWERED, "--settings", str(files / "settings.toml"))
    assert result.exit_code == 2
    assert "in the mapping" in result.stderr
    assert "in the settings" in result.stderr


@pytest.mark.parametrize("missing", ["calls.csv", "mapping.toml"])
def test_a_file_that_is_not_there_ends_with_2(files: Path, missing: str) -> None:
    (files / "calls.csv").write_text(HEADER)
    (files / missing).unlink()
    result = CliRunner().invoke(publish, [str(files / "calls.csv"), "--mapping", str(files / "mapping.toml")])
    assert result.exit_code == 2
    assert missing in result.stderr


def test_the_help_tells_the_exit_codes() -> None:
    text = click.Context(publish).get_help()
    assert [f"  {code}  " in text for code in range(4)] == [True] * 4
