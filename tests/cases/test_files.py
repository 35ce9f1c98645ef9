"""Files as exchanges and spreadsheets write them, through `publish`: what each case must come to is its name."""

import asyncio
import gzip
import io
import json
import os
import sys
import zipfile
from asyncio.subprocess import PIPE
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pytest
from click.testing import CliRunner

from streams.commands.publish import publish
from streams.kafka.client import read_to_end
from streams.kafka.embedded import BrokerProcess
from tests.brokers.ports import next_port
from tests.brokers.topics import kafka_settings
from tests.runtime.workers import environment

KCC = "Klantencontactcentrum"

QUEUE_LOG = """
[file]
delimiter = "|"
quote = ""
columns = ["time", "call", "queue", "agent", "verb", "data1", "data2", "data3", "data4", "data5"]
uneven_rows = true
[time]
format = "epoch seconds"
[id]
columns = "call"
[cluster]
constant = "Klantencontactcentrum"
[[leave_out]]
reason = "other verbs"
all_else = true
[[event]]
type = "offered"
at = "time"
when = { verb = "ENTERQUEUE" }
[[event]]
type = "answered"
at = "time"
when = { verb = "CONNECT" }
[[event]]
type = "abandoned"
at = "time"
when = { verb = "ABANDON" }
"""

SHEET = """
[file]
delimiter = ";"
FILE_KEYS
[time]
zone = "Europe/Brussels"
format = "%d/%m/%Y %H:%M:%S"
[id]
columns = "Nr"
[cluster]
column = "Wachtrij"
[[event]]
type = "offered"
at = "Binnen"
[[event]]
type = "answered"
at = "Beantwoord"
"""
SHEET_HEADER = "Nr;Wachtrij;Binnen;Beantwoord\r\n"
SHEET_ROWS = f"1;{KCC};03/06/2024 09:30:00;03/06/2024 09:30:12\r\n2;{KCC};03/06/2024 09:31:00;\r\n"


class Told(NamedTuple):
    """What a dry run says: the first events, and the account as lines."""

    status: int
    events: list[dict[str, Any]]
    account: list[str]

    def waits(self) -> dict[str, float]:
        """Seconds from dialling in to the answer, by call."""
        at: dict[str, dict[str, float]] = {}
        for event in self.events:
            hours, minutes, seconds = str(event["at"])[11:].rstrip("Z").split(":")
            moment = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
            at.setdefault(event["call_id"], {}).setdefault(event["type"], moment)
        return {call: times["answered"] - times["offered"] for call, times in at.items() if "answered" in times}


def dry_run(folder: Path, data: str | bytes, mapping: str | None, name: str = "calls.csv") -> Told:
    """What `publish --dry-run` tells of a file."""
    (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    if mapping is None:
        return _told([str(folder / name), "--dry-run"])
    (folder / "mapping.toml").write_text(mapping)
    return _told([str(folder / name), "--mapping", str(folder / "mapping.toml"), "--dry-run"])


def piped(folder: Path, data: bytes, mapping: str) -> Told:
    """What `publish - --dry-run` tells of what comes through a pipe."""
    (folder / "mapping.toml").write_text(mapping)
    return _told(["-", "--mapping", str(folder / "mapping.toml"), "--dry-run"], data)


def _told(arguments: list[str], piped_in: bytes | None = None) -> Told:
    result = CliRunner().invoke(publish, arguments, input=piped_in)
    lines = (result.stdout + result.stderr).splitlines()
    events = [json.loads(line) for line in lines if line.startswith("{")]
    return Told(result.exit_code, events, [line for line in lines if not line.startswith("{")])


def test_a_queue_log_as_written_is_read_each_verb_with_its_own_number_of_fields(tmp_path: Path) -> None:
    """One call answered after 9 s, one caller gone after 5 s; what begins or adds a queue is no call."""
    told = dry_run(
        tmp_path,
        "1717396000|NONE|NONE|NONE|QUEUESTART\n"
        "1717396100|c1|kcc|NONE|DID|3200000\n"
        "1717396100|c1|kcc|NONE|ENTERQUEUE||0400000001|1\n"
        "1717396109|c1|kcc|Local/22|CONNECT|9|c1b|3\n"
        "1717396190|c1|kcc|Local/22|COMPLETEAGENT|9|81|1\n"
        "1717396200|c2|kcc|NONE|ENTERQUEUE||0400000002|1||\n"
        "1717396205|c2|kcc|NONE|ABANDON|1|1|5\n"
        "1717396300|c2|kcc|NONE|ADDMEMBER||||||\n",
        QUEUE_LOG,
        name="queue_log",
    )
    assert told.status == 0
    assert told.waits() == {"c1": 9}
    assert [event["type"] for event in told.events] == ["offered", "answered", "offered", "abandoned"]
    assert told.account[:4] == [
        "Rows read: 8",
        "Events found, none sent: 4 (2 offered, 1 answered, 1 abandoned)",
        "Rows left out as the mapping says: 4",
        "  other verbs: 4",
    ]


def test_a_row_longer_than_its_columns_by_something_is_unreadable_even_where_rows_are_uneven(tmp_path: Path) -> None:
    """What stands beyond the last column is not dropped in silence."""
    told = dry_run(
        tmp_path, "1717396100|c1|kcc|NONE|ENTERQUEUE|||||||x\n1717396100|c2|kcc|NONE|ENTERQUEUE\n", QUEUE_LOG
    )
    assert told.status == 1
    assert "    line 1, expected 10, got 12" in told.account


def test_all_else_takes_no_row_that_an_event_should_have_been_in(tmp_path: Path) -> None:
    """An ENTERQUEUE without its time is unreadable, not "another verb"."""
    told = dry_run(tmp_path, "|c1|kcc|NONE|ENTERQUEUE\n1717396100|c2|kcc|NONE|ENTERQUEUE\n", QUEUE_LOG)
    assert told.status == 1
    assert "  no event in the row: 1" in told.account


def test_a_file_of_which_nothing_becomes_an_event_does_not_end_well(tmp_path: Path) -> None:
    """Verbs that no rule names alone: all are left out, nothing is sent, and the exit code says so."""
    told = dry_run(
        tmp_path, "1717396100|NONE|NONE|NONE|AGENTLOGIN|SIP/1\n1717396101|x|kcc|NONE|SYSCOMPAT\n", QUEUE_LOG
    )
    assert told.status == 1
    assert "  other verbs: 2" in told.account
    assert told.account[-1] == "Nothing would be sent: no row became an event; look at the reasons above."


def test_a_sep_line_is_no_header_and_says_the_delimiter(tmp_path: Path) -> None:
    """Read as without it, whatever the mapping says of the delimiter."""
    for line, delimiter in (("sep=;", ";"), ('"sep=;"', ";"), ("SEP=;", ","), ("\ufeffsep=;", "|")):
        told = dry_run(
            tmp_path,
            f"{line}\r\n{SHEET_HEADER}{SHEET_ROWS}",
            SHEET.replace("FILE_KEYS", "").replace('delimiter = ";"', f'delimiter = "{delimiter}"'),
        )
        assert (told.status, told.waits()) == (0, {"1": 12}), line


def test_titles_above_and_totals_below_are_skipped_as_the_mapping_says(tmp_path: Path) -> None:
    """Two calls; the total is counted as left out, so that no call is lost there in silence."""
    data = f'Rapport "wachtrijen\r\nPeriode: juni 2024\r\n\r\n{SHEET_HEADER}{SHEET_ROWS}\r\nTotaal;;2;\r\n\r\n'
    told = dry_run(tmp_path, data, SHEET.replace("FILE_KEYS", "lines_before = 3\nrows_after = 1"))
    assert (told.status, told.waits()) == (0, {"1": 12})
    assert told.account[:4] == [
        "Rows read: 3",
        "Events found, none sent: 3 (2 offered, 1 answered)",
        "Rows left out as the mapping says: 1",
        "  after the last row: 1",
    ]


def test_titles_that_the_mapping_does_not_know_of_are_found(tmp_path: Path) -> None:
    """The message says what to add, and with it the file is read."""
    data = f"Rapport wachtrijen\r\nPeriode: juni 2024\r\n\r\n{SHEET_HEADER}{SHEET_ROWS}"
    told = dry_run(tmp_path, data, SHEET.replace("FILE_KEYS", ""))
    assert told.status == 2
    assert any(line.endswith("the names stand in line 4: add lines_before = 3") for line in told.account)
    assert dry_run(tmp_path, data, SHEET.replace("FILE_KEYS", "lines_before = 3")).status == 0


def test_a_wrong_delimiter_is_named(tmp_path: Path) -> None:
    """The message says by which one the names are found."""
    told = dry_run(tmp_path, SHEET_HEADER + SHEET_ROWS, SHEET.replace("FILE_KEYS", "").replace('";"', '"|"'))
    assert told.status == 2
    assert any('it has them when split at ";": correct delimiter' in line for line in told.account)


def test_rows_of_empty_fields_are_none(tmp_path: Path) -> None:
    """Spreadsheets write them below the last row."""
    told = dry_run(tmp_path, SHEET_HEADER + SHEET_ROWS + ";;;\r\n ; ;;\r\n", SHEET.replace("FILE_KEYS", ""))
    assert (told.status, told.account[0]) == (0, "Rows read: 2")


SHEET_FILE = SHEET.replace("FILE_KEYS", "")


def zipped(*members: tuple[str, bytes]) -> bytes:
    """A .zip with these files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return file.getvalue()


PLAIN = (SHEET_HEADER + SHEET_ROWS).encode()
PACKED = {
    "plain": PLAIN,
    "gz": gzip.compress(PLAIN),
    "zip": zipped(("export/calls.csv", PLAIN)),
    "zip of a Mac": zipped(("calls.csv", PLAIN), ("__MACOSX/._calls.csv", b"x"), (".DS_Store", b"x")),
}


@pytest.mark.parametrize("packed", PACKED)
def test_a_packed_file_is_read_whatever_its_name_and_so_is_a_pipe(tmp_path: Path, packed: str) -> None:
    """As the file that is packed in it: what it is, its first bytes say."""
    for told in (
        dry_run(tmp_path, PACKED[packed], SHEET_FILE, name="calls.csv"),
        dry_run(tmp_path, PACKED[packed], SHEET_FILE, name="calls.zip"),
        piped(tmp_path, PACKED[packed], SHEET_FILE),
    ):
        assert (told.status, told.waits()) == (0, {"1": 12})


def workbook(*rows: list[object], sheets: tuple[str, ...] = ("Oproepen",)) -> bytes:
    """A workbook with these rows in its first sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = sheets[0]
    for row in rows:
        sheet.append(row)
    for name in sheets[1:]:
        book.create_sheet(name)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


SHEET_OF_WORKBOOK = SHEET_FILE.replace("%d/%m/%Y", "%Y-%m-%d")
NAMES: list[object] = ["Nr", "Wachtrij", "Binnen", "Beantwoord"]
BOOK_ROWS: list[list[object]] = [
    [1, KCC, datetime.fromisoformat("2024-06-03 09:30:00"), datetime.fromisoformat("2024-06-03 09:30:12")],
    [2.0, KCC, "2024-06-03 09:31:00"],
]


def test_a_workbook_is_read_its_dates_as_they_are_meant(tmp_path: Path) -> None:
    """Two calls, one answered after 12 s; a number is no decimal, a row may end early, an empty one is none."""
    data = workbook(["Rapport"], NAMES, *BOOK_ROWS, [], [None, " "])
    for told in (
        dry_run(tmp_path, data, SHEET_OF_WORKBOOK.replace("[time]", "lines_before = 1\n[time]")),
        piped(tmp_path, data, SHEET_OF_WORKBOOK.replace("[time]", "lines_before = 1\n[time]")),
    ):
        assert (told.status, told.waits(), told.account[0]) == (0, {"1": 12}, "Rows read: 2")
        assert told.events[-1]["call_id"] == "2"


def test_a_date_beside_a_time_of_day_and_a_duration_have_their_texts(tmp_path: Path) -> None:
    """A day without its time, a time of day: read by the formats that a mapping has for them."""
    mapping = """
[time]
zone = "Europe/Brussels"
format = "%H:%M:%S"
date_column = "Dag"
[id]
columns = "Nr"
[cluster]
constant = "Klantencontactcentrum"
[[leave_out]]
reason = "waited long"
when = { Wacht = "0:10:05" }
[[event]]
type = "offered"
at = "Binnen"
"""
    rows: list[list[object]] = [
        ["Nr", "Dag", "Binnen", "Wacht"],
        ["a", date(2024, 6, 3), time(9, 30), timedelta(seconds=12)],
        ["b", date(2024, 6, 3), time(9, 31), timedelta(minutes=10, seconds=5)],
    ]
    told = dry_run(tmp_path, workbook(*rows), mapping)
    assert (told.status, [event["at"] for event in told.events]) == (0, ["2024-06-03T07:30:00Z"])
    assert "  waited long: 1" in told.account


def test_a_workbook_with_several_sheets_asks_which_one_and_takes_it(tmp_path: Path) -> None:
    """No sheet is chosen in silence."""
    data = workbook(NAMES, *BOOK_ROWS, sheets=("Oproepen", "Bezoekers"))
    told = dry_run(tmp_path, data, SHEET_OF_WORKBOOK)
    assert told.status == 2
    assert "The workbook has 2 sheets: Oproepen, Bezoekers; say which one is meant with sheet" in told.account[0]
    named = SHEET_OF_WORKBOOK.replace("[time]", 'sheet = "Oproepen"\n[time]')
    assert dry_run(tmp_path, data, named).status == 0
    wrong = dry_run(tmp_path, data, named.replace('"Oproepen"', '"Oproep"'))
    assert "did you mean Oproepen?" in wrong.account[0]


FOREIGN = {
    "old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "save it as .xlsx or as CSV"),
    "web page": (b"\n<HTML><table>", "open it in a spreadsheet program"),
    "PDF": (b"%PDF-1.7\n", "ask for the same as CSV"),
    "OpenDocument": (zipped(("mimetype", b"x"), ("content.xml", b"<a/>")), "save it as .xlsx or as CSV"),
    "two files": (zipped(("a.csv", b"x"), ("b.csv", b"y")), "holds 2 files, expected one: a.csv, b.csv. Send one"),
    "no file": (zipped(), "holds 0 files, expected one. Send"),
    "twice packed": (gzip.compress(gzip.compress(b"x")), "packed twice"),
    "xz": (b"\xfd7zXZ\x00", "xzcat FILE | wachtmonitor publish -"),
    "tar": (b"a.csv".ljust(257, b"\x00") + b"ustar\x00", "an archive of tar"),
    "JSON list": (b' [\n {"a": 1}]', "jq -c '.[]' FILE"),
    "UTF-16": ("Nr;Wachtrij".encode("utf-16"), 'add encoding = "utf-16"'),
    "damaged zip": (zipped(("a.csv", PLAIN))[:-30], "damaged or not whole"),
    "damaged workbook": (zipped(("xl/workbook.xml", b"<workbook")), "The workbook is damaged"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_that_cannot_be_read_is_named_with_what_to_do(tmp_path: Path, kind: str) -> None:
    """Instead of a word about delimiters, and nothing is sent."""
    data, advice = FOREIGN[kind]
    told = dry_run(tmp_path, data, SHEET_FILE)
    assert told.status == 2
    assert advice in "\n".join(told.account)


def test_a_packed_file_that_breaks_off_is_said_to(tmp_path: Path) -> None:
    """The rows before are read, the rest is named, and the exit code is not 0."""
    rows = "".join(f"{number};{KCC};03/06/2024 09:30:00;\r\n" for number in range(200_000))
    whole = gzip.compress((SHEET_HEADER + rows).encode())
    told = dry_run(tmp_path, whole[: len(whole) // 2], SHEET_FILE)
    assert told.status == 1
    assert "damaged or not whole" in told.account[-1]
    assert told.account[-1].startswith("Not read to its end, after ")


def test_a_file_that_unpacks_out_of_all_proportion_is_given_up(tmp_path: Path) -> None:
    """A bomb ends as an error, not as a machine without memory."""
    bomb = gzip.compress(bytes(1024 * 1024) * 100)
    for data in (bomb, zipped(("calls.csv", bytes(100 * 1024 * 1024)))):
        told = dry_run(tmp_path, data, SHEET_FILE)
        assert told.status != 0
        assert "more than 250 times its size" in "\n".join(told.account)


def test_a_workbook_with_a_row_without_end_is_given_up(tmp_path: Path) -> None:
    """The parser would hold all of it in memory."""
    with zipfile.ZipFile(io.BytesIO(workbook(NAMES))) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b"</row>", b"<c><v>1</v></c>" * 1_000_000 + b"</row>")
    told = dry_run(tmp_path, zipped(*parts.items()), SHEET_FILE)
    assert told.status == 2
    assert "a row of more than 8 MiB" in told.account[0]


EVENTS = f"""\
# as they stand on the topic
{{"type": "offered", "call_id": "c1", "cluster": "{KCC}", "at": "2024-06-03T09:30:00+02:00", "phone": "0400"}}
{{"type": "answered", "call_id": "c1", "cluster": "{KCC}", "at": 1717399812}}

{{"type": "arrived", "ticket_id": "t1", "cluster": "Wonen", "at": "2024-06-03T09:30:00+02:00"}}
"""


def test_events_of_the_contract_need_no_mapping(tmp_path: Path) -> None:
    """Calls and tickets of one file, each for its topic; nothing that the contract does not know goes along."""
    for told in (
        dry_run(tmp_path, EVENTS, None, name="events.jsonl"),
        dry_run(tmp_path, gzip.compress(EVENTS.encode()), None, name="events.jsonl"),
        _told(["-", "--dry-run"], EVENTS.encode()),
    ):
        assert (told.status, told.account[1]) == (0, "Events found, none sent: 3 (1 offered, 1 answered, 1 arrived)")
        assert "phone" not in str(told.events)


def test_a_line_that_is_no_event_is_told_in_words_and_nothing_of_it_shown(tmp_path: Path) -> None:
    """Each with its line; the others go on."""
    bad = (
        '{"type": "answered", "call_id": "0470123456", "cluster": "x"}\n'
        '{"type": "0470123456", "call_id": "c2", "cluster": "x", "at": 1}\n'
        '{"answered": "0470123456"}\n[1]\n{"type": \n'
    )
    told = dry_run(tmp_path, EVENTS + bad, None)
    assert told.status == 1
    assert "    line 6: expected a field `at`, got none" in told.account
    assert any(line.startswith("    line 7: expected `type` to be one of offered") for line in told.account)
    assert "    line 8: expected a field `call_id` or `ticket_id`, got none of them" in told.account
    assert "  no JSON object on the line, or one that is too long: 2" in told.account
    assert "0470123456" not in "\n".join(told.account)


def test_a_table_without_a_mapping_is_told_what_it_needs(tmp_path: Path) -> None:
    """Nothing is sent."""
    told = dry_run(tmp_path, PLAIN, None)
    assert told.status == 2
    assert "say with --mapping FILE which column is what" in told.account[0]


CONTACT_RECORDS = """
[id]
columns = "ContactId"
[cluster]
column = "Queue.Name"
rename = { "Hoofdlijn" = "Klantencontactcentrum" }
[[leave_out]]
reason = "not called by a citizen"
when = { InitiationMethod = ["OUTBOUND", "API"] }
[[event]]
type = "offered"
at = "Queue.EnqueueTimestamp"
[[event]]
type = "answered"
at = "Agent.ConnectedToAgentTimestamp"
[[event]]
type = "ended"
at = "DisconnectTimestamp"
"""


def contact_record(number: int, queued: str, answered: str | None, ended: str, method: str = "INBOUND") -> str:
    """A record of a contact, after the data model that Amazon Connect documents."""
    agent = answered and {"ConnectedToAgentTimestamp": f"2024-06-03T{answered}Z", "Username": "a.b"}
    return json.dumps(
        {
            "ContactId": f"00000000-{number}",
            "Channel": "VOICE",
            "InitiationMethod": method,
            "CustomerEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": "+32470000000"},
            "Queue": {"Name": "Hoofdlijn", "EnqueueTimestamp": f"2024-06-03T{queued}Z"},
            "Agent": agent,
            "DisconnectTimestamp": f"2024-06-03T{ended}Z",
            "Attributes": {},
        }
    )


RECORDS = "\n".join(
    [
        contact_record(1, "07:30:00", "07:30:12", "07:33:00"),
        contact_record(2, "07:31:00", None, "07:31:20"),
        contact_record(3, "07:32:00", "07:32:01", "07:33:00", method="OUTBOUND"),
    ]
)


def test_nested_contact_records_are_read_by_dotted_names(tmp_path: Path) -> None:
    """One call answered after 12 s, one that nobody took, one that a citizen did not make."""
    told = dry_run(tmp_path, RECORDS, CONTACT_RECORDS, name="records.json")
    assert (told.status, told.waits()) == (0, {"00000000-1": 12})
    assert told.account[1] == "Events found, none sent: 5 (2 offered, 1 answered, 2 ended)"
    assert "  not called by a citizen: 1" in told.account
    assert "+3247" not in str(told)


def test_a_name_that_no_record_has_is_said_and_a_misspelt_one_is_a_fault(tmp_path: Path) -> None:
    """Else every call would be missed in silence, since an event without a time did not happen."""
    told = dry_run(tmp_path, RECORDS, CONTACT_RECORDS.replace("ConnectedToAgentTime", "ConnectedAgentTime"))
    assert told.status == 1
    assert (
        'No record has "Agent.ConnectedAgentTimestamp" ([[event]] 2 "answered": at); '
        'did you mean "Agent.ConnectedToAgentTimestamp"?'
    ) in told.account
    group = dry_run(tmp_path, RECORDS, CONTACT_RECORDS.replace("Agent.ConnectedToAgentTimestamp", "Queue"))
    assert group.status == 1
    assert "  a group of fields where a text or number is expected: 3" in group.account


def test_a_record_without_a_branch_is_as_one_with_an_empty_one(tmp_path: Path) -> None:
    """All of a small file unanswered, `"Agent": null` in each: no fault."""
    told = dry_run(tmp_path, contact_record(2, "07:31:00", None, "07:31:20"), CONTACT_RECORDS)
    assert (told.status, len(told.events)) == (0, 2)
    assert not any(line.startswith("No record has") for line in told.account)


TASKS = """
[time]
format = "epoch seconds"
[id]
columns = "data.payload.task_sid"
[cluster]
column = "data.payload.task_queue_name"
[[leave_out]]
reason = "other events"
all_else = true
[[event]]
type = "offered"
at = "data.payload.timestamp"
when = { type = "com.twilio.taskrouter.task.created" }
[[event]]
type = "answered"
at = "data.payload.timestamp"
when = { type = "com.twilio.taskrouter.reservation.accepted" }
[[event]]
type = "abandoned"
at = "data.payload.timestamp"
when = { type = "com.twilio.taskrouter.task.canceled" }
"""


def test_one_event_a_record_of_a_router_of_tasks(tmp_path: Path) -> None:
    """One answered after 20 s, one given up; the events of agents are left out, counted."""

    def task(kind: str, number: int, at: int) -> str:
        payload = {"task_sid": f"WT{number}", "task_queue_name": KCC, "timestamp": str(at)}
        return json.dumps({"type": f"com.twilio.taskrouter.{kind}", "data": {"payload": payload}})

    lines = [
        task("task.created", 1, 1717399800),
        task("reservation.created", 1, 1717399810),
        task("reservation.accepted", 1, 1717399820),
        task("task.created", 2, 1717399830),
        task("task.canceled", 2, 1717399840),
        '{"type": "com.twilio.taskrouter.worker.activity.update", "data": {}}',
    ]
    told = dry_run(tmp_path, "\n".join(lines), TASKS)
    assert (told.status, told.waits()) == (0, {"WT1": 20})
    assert "  other events: 2" in told.account


def guessed(folder: Path, data: str | bytes, name: str = "calls.csv") -> tuple[str, Told]:
    """The draft that `--guess` writes for a file, and what a dry run with it tells."""
    (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    result = CliRunner().invoke(publish, [str(folder / name), "--guess"])
    assert result.exit_code == 0, result.output
    return result.stdout, dry_run(folder, data, result.stdout, name)


def threecx(number: int, answered: str = "") -> str:
    """A line of call detail records."""
    taken = f"2024/06/03 07:{number}:12" if answered else ""
    return (
        f"Call {number},aa_{number},00:08:10,2024/06/03 07:{number}:00,{taken},2024/06/03 07:{number}:40,Src,"
        "0400000001,Ext.80002,10020,80002,80002,,,,,,,,Chain: x;,Line,Queue,,0400000001,Burger,,\n"
    )


QUEUE_LOG_DATA = (
    "1717396000|NONE|NONE|NONE|QUEUESTART|\n"
    "1717396100|c1|kcc|NONE|ENTERQUEUE||0400000001|1\n"
    "1717396109|c1|kcc|Local/22|CONNECT|9|c1b|3\n"
    "1717396190|c1|kcc|Local/22|COMPLETEAGENT|9|81|1\n"
    "1717396200|c2|kcc|NONE|ENTERQUEUE||0400000002|1\n"
    "1717396205|c2|kcc|NONE|EXITWITHTIMEOUT|1|1|5\n"
)
CALL_ENTRY = (
    "id,id_queue,callerid,datetime_init,datetime_end,duration,status,datetime_entry_queue,duration_wait,uniqueid\n"
    "1,3,0400000001,2024-06-03 09:30:12,2024-06-03 09:33:00,168,terminada,2024-06-03 09:30:00,12,p-1\n"
    "2,3,0400000002,\\N,2024-06-03 09:31:20,\\N,abandonada,2024-06-03 09:31:00,20,p-2\n"
)
COMMON: dict[str, tuple[str | bytes, str, float, int]] = {
    "queue_log": (QUEUE_LOG_DATA, "c1", 9, 5),
    "3CX": (threecx(30, "yes") + threecx(31), "aa_30", 12, 5),
    "Issabel": (CALL_ENTRY, "p-1", 12, 4),
    "a simple file": (SHEET_HEADER + SHEET_ROWS, "1", 12, 3),
    "a spreadsheet's": (f"sep=;\r\n{SHEET_HEADER}{SHEET_ROWS}", "1", 12, 3),
    "titles and totals": (f"Rapport\r\n\r\n{SHEET_HEADER}{SHEET_ROWS}Totaal;;2;\r\n", "1", 12, 3),
    "packed": (gzip.compress(PLAIN), "1", 12, 3),
    "a workbook": (workbook(["Rapport"], NAMES, *BOOK_ROWS), "1", 12, 3),
    "contact records": (RECORDS, "00000000-1", 12, 7),
}


@pytest.mark.parametrize("kind", COMMON)
def test_the_draft_for_a_common_file_reads_it_at_once(tmp_path: Path, kind: str) -> None:
    """Nothing to fill in but the cluster, where the settings have more than one; every row is read."""
    data, call, wait, events = COMMON[kind]
    draft, told = guessed(tmp_path, data)
    assert (told.status, told.waits(), len(told.events)) == (0, {call: wait}, min(events, 6)), draft
    assert "0400000001" not in draft


def test_a_draft_says_what_it_could_not_tell(tmp_path: Path) -> None:
    """A draft is accepted as it is; the dry run says what is still missing."""
    data = "nummer,wanneer,waar\n1,maandag,hier\n2,dinsdag,daar\n"
    draft, told = guessed(tmp_path, data)
    assert "# TODO: no column with the time of an event was found." in draft
    assert told.status == 2
    assert any("no column 'TODO'; the file has: nummer, wanneer, waar" in line for line in told.account)


def test_a_draft_asks_where_two_readings_are_as_good(tmp_path: Path) -> None:
    """5/10 may be in May or in October; queues of other names than the settings' may be any cluster."""
    data = "id,queue,start,answered\n11111,kcc,05/10/2024 09:30:00,05/10/2024 09:30:12\n"
    draft, told = guessed(tmp_path, data)
    assert 'format = "%d/%m/%Y %H:%M:%S"  # TODO: or "%m/%d/%Y %H:%M:%S"; no day above 12 tells' in draft
    assert '# TODO: is all of it this one, the only one of the settings? "queue" holds ' in draft
    assert told.status == 0


def test_ticket_numbers_of_a_day_are_drafted_with_their_day_and_desks_by_the_nearest_name(tmp_path: Path) -> None:
    """The same number on two days is two visitors."""
    data = (
        "bon;loket;dag;aankomst;oproep\n"
        "A1;burgerzaken;13/05/2024;09:00:00;09:05:00\nA1;burgerzaken;14/05/2024;09:00:00;09:06:00\n"
        "A2;wonen;14/05/2024;09:10:00;09:11:00\n"
    )
    draft, told = guessed(tmp_path, data)
    assert 'columns = ["dag", "bon"]' in draft
    assert 'rename = { "burgerzaken" = "Burgerzaken", "wonen" = "Wonen" }' in draft
    assert (told.status, len({event["ticket_id"] for event in told.events})) == (0, 3)


def test_an_encoding_that_is_not_utf_8_is_seen(tmp_path: Path) -> None:
    """As Windows writes it, or the command line of Windows."""
    for encoding in ("cp1252", "cp850"):
        data = f"Nr;Wachtrij;Binnen;Beantwoord\r\n11111;{KCC};13/05/2024 09:30:00;\r\n2;Bevolking één à;;\r\n"
        draft, _ = guessed(tmp_path, data.encode(encoding))
        assert f'encoding = "{encoding}"' in draft


TOTALS = {
    "days": "Date,Calls Offered,Calls Answered,Service Level %\n2024-06-03,512,466,71.2\n2024-06-04,480,470,80\n",
    "average waits": "datum;beantwoord;gemist;gemiddelde wacht\n03/06/2024;10;2;0:00:41\n04/06/2024;9;1;0:00:38\n",
    "queues": "Queue,Total Calls,Answered,Avg Wait\nbalie,120,100,00:41\npost,20,10,01:12\n",
    "half hours": "Interval;Aangeboden oproepen;Beantwoorde oproepen\n03/06/2024 09:00;12;10\n03/06/2024 09:30;9;9\n",
}


@pytest.mark.parametrize("kind", TOTALS)
def test_totals_are_told_that_single_contacts_are_needed(tmp_path: Path, kind: str) -> None:
    """By --guess, and in the error of a mapping that tries to read them."""
    (tmp_path / "totals.csv").write_text(TOTALS[kind])
    result = CliRunner().invoke(publish, [str(tmp_path / "totals.csv"), "--guess"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Ask for the single contacts instead" in result.stderr
    told = dry_run(tmp_path, TOTALS[kind], SHEET_FILE)
    assert told.status == 2
    assert "Ask for the single contacts instead" in "\n".join(told.account)


def test_what_needs_no_mapping_gets_no_draft(tmp_path: Path) -> None:
    """Events of the contract, or a mapping that is there already."""
    (tmp_path / "events.jsonl").write_text(EVENTS)
    result = CliRunner().invoke(publish, [str(tmp_path / "events.jsonl"), "--guess"])
    assert (result.exit_code, "need no mapping" in result.stderr) == (2, True)
    both = CliRunner().invoke(publish, [str(tmp_path / "events.jsonl"), "--guess", "--mapping", __file__])
    assert (both.exit_code, "use one of the two" in both.stderr) == (2, True)


def test_a_guess_of_what_comes_through_a_pipe(tmp_path: Path) -> None:
    """The same draft, but for the name."""
    piped_in = CliRunner().invoke(publish, ["-", "--guess"], input=PLAIN)
    draft, _ = guessed(tmp_path, PLAIN)
    assert piped_in.stdout.replace("-", "") == draft.replace(str(tmp_path / "calls.csv"), "").replace("-", "")


def test_a_total_that_the_mapping_does_not_know_of_is_asked_about(tmp_path: Path) -> None:
    """A last row alone that cannot be read."""
    told = dry_run(tmp_path, SHEET_HEADER + SHEET_ROWS + "Totaal;;2;\r\n", SHEET_FILE)
    assert told.status == 1
    assert "    It is the last row of all: if it holds totals, set rows_after = 1 in [file]." in told.account


@pytest.mark.kafka
@pytest.mark.parametrize("kind", ["events", "a packed table"])
async def test_what_comes_through_a_pipe_arrives(apache_kafka: BrokerProcess, tmp_path: Path, kind: str) -> None:
    """As `zcat calls.csv.gz | wachtmonitor publish -` sends it: a pipe of the system, a broker."""
    kafka = kafka_settings(apache_kafka, partitions=1)
    data, options, keys = {
        "events": (EVENTS.encode(), [], [b"c1", b"c1"]),
        "a packed table": (PACKED["zip"], ["--mapping", str(tmp_path / "mapping.toml")], [b"1", b"1", b"2"]),
    }[kind]
    (tmp_path / "mapping.toml").write_text(SHEET_FILE)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "streams", "publish", "-", *options,
        stdin=PIPE, stdout=PIPE, stderr=PIPE, env=os.environ | environment(kafka, next_port(), None),
    )  # fmt: skip
    told, wrong = await process.communicate(data)
    assert process.returncode == 0, told + wrong
    (records,) = (await read_to_end(kafka, kafka.calls_topic, [0])).values()
    assert [record.key for record in records] == keys
