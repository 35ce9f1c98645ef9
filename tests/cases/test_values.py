"""What a cell says, in files as exchanges write them, read by `publish`."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.commands.publish import publish

MAPPING = """
[time]
format = "{}"
[id]
columns = "id"
[cluster]
constant = "Klantencontactcentrum"
[[event]]
type = "offered"
at = "created"
[[event]]
type = "answered"
at = "answered"
"""


@pytest.mark.parametrize(
    ("time_format", "row", "status", "told"),
    [
        pytest.param("epoch milliseconds", "a,1780300800000,1780300815250", 0, "2026-06-01T08:00:15.25", id="right"),
        pytest.param("epoch seconds", "a,1780300800000,", 1, "it is epoch milliseconds: say so", id="milliseconds"),
        pytest.param("epoch milliseconds", "a,1780300800,", 1, "it is epoch seconds: say so", id="seconds"),
    ],
)
def test_milliseconds_since_1970_are_read_and_told_from_seconds(
    tmp_path: Path, time_format: str, row: str, status: int, told: str
) -> None:
    (tmp_path / "mapping.toml").write_text(MAPPING.format(time_format))
    (tmp_path / "calls.csv").write_text(f"id,created,answered\n{row}\n")
    arguments = [str(tmp_path / "calls.csv"), "--mapping", str(tmp_path / "mapping.toml"), "--dry-run"]
    result = CliRunner().invoke(publish, arguments)
    assert (result.exit_code, told in result.stdout) == (status, True), result.output


def dry_run(folder: Path, data: str, mapping: str) -> Result:
    """What `publish --dry-run` says of a file."""
    (folder / "mapping.toml").write_text(mapping)
    (folder / "calls.csv").write_text(data)
    arguments = [str(folder / "calls.csv"), "--mapping", str(folder / "mapping.toml"), "--dry-run"]
    return CliRunner().invoke(publish, arguments)


def moments(result: Result) -> list[tuple[str, str]]:
    """The events that it shows, with their times."""
    events = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    return [(event["type"], event["at"].removeprefix("2026-")) for event in events]


WAITS = """
[file]
delimiter = ";"
[time]
zone = "Europe/Brussels"
format = "%H:%M:%S"
date_column = "Datum"
date_format = "%d/%m/%Y"
[id]
columns = "Nr"
[cluster]
constant = "Klantencontactcentrum"
[[event]]
type = "offered"
at = "Begin"
[[event]]
type = "answered"
at = "Begin"
plus = "Wachttijd"
when = { Hoe = "beantwoord" }
[[event]]
type = "abandoned"
at = "Begin"
plus = "Wachttijd"
when = { Hoe = "opgehangen" }
[[event]]
type = "ended"
at = "Begin"
plus = ["Wachttijd", "Gesprek"]
"""
WAITED = """\ufeffNr;Datum;Begin;Wachttijd;Gesprek;Hoe
1;03/06/2026;09:30:00;0:00:12;0:03:10;beantwoord
2;03/06/2026;23:59:50;0:00:33;;opgehangen
3;03/06/2026;10:00:00;;;beantwoord
"""


def test_a_start_and_a_waiting_time_make_an_answer_or_a_hang_up(tmp_path: Path) -> None:
    """12 s answered and ended 190 s later; 33 s over midnight; one of which nobody knows how it went on."""
    result = dry_run(tmp_path, WAITED, WAITS)
    assert result.exit_code == 0, result.output
    assert moments(result) == [
        ("offered", "06-03T07:30:00Z"),
        ("answered", "06-03T07:30:12Z"),
        ("ended", "06-03T07:33:22Z"),
        ("offered", "06-03T21:59:50Z"),
        ("abandoned", "06-03T22:00:23Z"),
        ("offered", "06-03T08:00:00Z"),
    ]


def test_a_waiting_time_runs_on_while_clocks_change(tmp_path: Path) -> None:
    """20 s are 20 s, over the hour that is skipped as over the one that comes twice."""
    data = "Nr;Datum;Begin;Wachttijd;Gesprek;Hoe\n1;29/03/2026;01:59:50;0:00:20;;beantwoord\n"
    assert moments(dry_run(tmp_path, data, WAITS))[1:] == [("answered", "03-29T01:00:10Z")]
    result = dry_run(tmp_path, data.replace("29/03/2026;01", "25/10/2026;02"), WAITS)
    assert moments(result) == [("offered", "10-25T00:59:50Z"), ("answered", "10-25T01:00:10Z")]


def test_a_duration_in_another_format_is_unreadable_with_what_to_say(tmp_path: Path) -> None:
    """Its row is left out with a word about the format, the others go on."""
    result = dry_run(tmp_path, WAITED.replace("0:00:33", "33"), WAITS)
    assert result.exit_code == 1
    assert "  unreadable duration: 1" in result.stdout
    assert '    line 3, column Wachttijd, expected H:MM:SS; if it is "seconds"' in result.stdout


def test_a_waiting_time_that_is_taken_for_a_time_of_day_is_refused(tmp_path: Path) -> None:
    """Nothing is sent, and the message says what to write; with it the file is read."""
    result = dry_run(tmp_path, WAITED, WAITS.replace('at = "Begin"\nplus = "Wachttijd"', 'at = "Wachttijd"'))
    assert (result.exit_code, moments(result)) == (2, [])
    assert (
        '[[event]] 2 "answered": at: "Wachttijd" seems to hold how long something took and no time of day: in line 2 '
        'it lies 9 h 29 min before "Begin" of the same row; write at = "Begin" and plus = "Wachttijd"'
    ) in result.output


NIGHT = (
    WAITS.partition("[[event]]")[0]
    + """
[[event]]
type = "offered"
at = "in"
[[event]]
type = "answered"
at = "out"
"""
)


def test_the_hour_that_comes_twice_is_told_by_the_order_of_a_row(tmp_path: Path) -> None:
    """25 s and 6 minutes, not an hour more or less."""
    data = "Nr;Datum;in;out\n1;25/10/2026;02:59:50;02:00:15\n2;25/10/2026;02:55:00;03:01:00\n"
    result = dry_run(tmp_path, data, NIGHT)
    assert (result.exit_code, "comes twice" in result.stdout) == (0, False)
    assert [moment for _, moment in moments(result)] == [
        "10-25T00:59:50Z", "10-25T01:00:15Z", "10-25T01:55:00Z", "10-25T02:01:00Z",
    ]  # fmt: skip


def test_an_hour_that_nothing_tells_is_a_guess_that_is_said(tmp_path: Path) -> None:
    """The first coming, with the number of such rows and where they are."""
    rows = "".join(f"{number};25/10/2026;02:10:00;02:10:{number}\n" for number in range(10, 15))
    result = dry_run(tmp_path, f"Nr;Datum;in;out\n{rows}9;25/10/2026;09:00:00;09:00:05\n", NIGHT)
    assert (result.exit_code, moments(result)[1]) == (0, ("answered", "10-25T00:10:10Z"))
    assert "taken as its first coming since nothing in them tells: 5 (lines 2, 3, 4, …)." in result.stdout


WRITTEN = """
[time]
zone = "Europe/Brussels"
format = FORMAT
[id]
columns = "id"
[cluster]
constant = "Klantencontactcentrum"
[[event]]
type = "offered"
at = "in"
[[event]]
type = "answered"
at = "out"
"""

SAME = ["06-05T07:30:00.250000Z", "06-05T07:30:12Z"]
"""Dialled in a quarter of a second after half past nine in Brussels, answered 12 s after it."""
SECONDS = ["06-05T07:30:00Z", "06-05T07:30:12Z"]


@pytest.mark.parametrize(
    ("time_format", "row", "expected"),
    [
        pytest.param('"postgresql"', "2026-06-05 09:30:00.25+02,2026-06-05 07:30:12+00", SAME, id="database, offset"),
        pytest.param('"postgresql"', "2026-06-05 09:30:00.25,2026-06-05 09:30:12", SAME, id="database, local"),
        pytest.param('"excel days"', "46178.3958333,46178.3959722222", SECONDS, id="spreadsheet"),
        pytest.param('"excel days"', '"46178,3958333","46178,39597"', SECONDS, id="spreadsheet, comma"),
        pytest.param('"excel days 1904"', "44716.3958333333,44716.3959722", SECONDS, id="spreadsheet of a Mac"),
        pytest.param('"%d-%b-%Y %H:%M:%S"', "5-jun-2026 09:30:00,5-JUN-2026 09:30:12", SECONDS, id="month"),
        pytest.param('"%d %b %Y %H:%M:%S"', "5 juin 2026 09:30:00,5 jun. 2026 09:30:12", SECONDS, id="languages"),
        pytest.param(
            '["%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S"]',
            "05/06/2026 09:30,05/06/2026 09:30:12",
            SECONDS,
            id="two formats",
        ),
        pytest.param(
            '["RFC 3339", "%d/%m/%Y %H:%M:%S"]',
            "2026-06-05T07:30:00Z,05/06/2026 09:30:12",
            SECONDS,
            id="offset or not",
        ),
    ],
)
def test_a_time_is_read_as_programs_write_it(tmp_path: Path, time_format: str, row: str, expected: list[str]) -> None:
    """Dialled in at half past nine in Brussels, answered 12 s after it."""
    result = dry_run(tmp_path, f"id,in,out\n1,{row}\n", WRITTEN.replace("FORMAT", time_format))
    assert result.exit_code == 0, result.output
    assert [moment for _, moment in moments(result)] == expected


def test_timestamps_with_an_offset_need_no_zone_and_those_without_ask_for_it(tmp_path: Path) -> None:
    """No zone is assumed: rows without an offset are left out, and the message says what to add."""
    mapping = WRITTEN.replace("FORMAT", '"postgresql"').replace('zone = "Europe/Brussels"\n', "")
    data = "id,in,out\n1,2026-06-05 09:30:00+02,\n2,2026-06-05 09:31:00,\n3,infinity,\n"
    result = dry_run(tmp_path, data, mapping)
    assert (result.exit_code, moments(result)) == (1, [("offered", "06-05T07:30:00Z")])
    assert "  local time without a zone: 1\n    line 3, column in" in result.stdout
    assert 'zone = "Europe/Brussels" in [time].' in result.stdout
    assert "  unreadable time: 1\n    line 4, column in, expected postgresql" in result.stdout


def test_a_time_in_another_format_than_the_mapping_says_is_told_which(tmp_path: Path) -> None:
    """Instead of the format that was expected alone."""
    data = "id,in,out\n1,46178.3958333,\n2,2026-06-05 09:31:00.5+02,\n"
    result = dry_run(tmp_path, data, WRITTEN.replace("FORMAT", '"RFC 3339"'))
    assert "    line 2, column in, expected RFC 3339; by its look it is excel days: say so in format" in result.stdout
    assert "    line 3, column in, expected RFC 3339; by its look it is postgresql: say so in format" in result.stdout


def test_numbers_that_a_spreadsheet_has_shortened_are_refused_as_that(tmp_path: Path) -> None:
    """`1.79119E+12` is an hour off, and 46178.3958 four seconds; with all digits an exponent is as good as none."""
    lost = "digits were lost: export the numbers whole, as text"
    data = "id,in,out\n1,1.780645E+12,\n2,1.780645860123E12,\n"
    result = dry_run(tmp_path, data, WRITTEN.replace("FORMAT", '"epoch milliseconds"'))
    assert (result.exit_code, moments(result)) == (1, [("offered", "06-05T07:51:00.123000Z")])
    assert f"    line 2, column in, expected epoch milliseconds; {lost}" in result.stdout
    for text, form in (("1.78065E+09", "epoch seconds"), ("46178.3958", "excel days")):
        result = dry_run(tmp_path, f"id,in,out\n1,{text},\n", WRITTEN.replace("FORMAT", f'"{form}"'))
        assert f"expected {form}; {lost}" in result.stdout


def test_ids_that_a_spreadsheet_has_shortened_are_refused_since_many_contacts_would_be_one(tmp_path: Path) -> None:
    data = "id,in,out\n1.79E+15,2026-06-05T09:30:00Z,\n1E+05,2026-06-05T09:31:00Z,\n1E5-pbx,2026-06-05T09:32:00Z,\n"
    result = dry_run(tmp_path, data, WRITTEN.replace("FORMAT", '"RFC 3339"'))
    assert (result.exit_code, moments(result)) == (1, [("offered", "06-05T09:32:00Z")])
    assert "  id without its last digits: 2\n    line 2, column id" in result.stdout
    assert "export the ids as text" in result.stdout


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    result = dry_run(tmp_path, "", WRITTEN.replace("FORMAT", '"RFC 3339"'))
    assert result.exit_code == 2
    assert "There is nothing in it" in result.output


def test_two_formats_by_which_a_text_is_two_times_are_refused(tmp_path: Path) -> None:
    """5/6 and 6/5: nobody could tell, so nothing is sent."""
    mapping = WRITTEN.replace("FORMAT", '["%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"]')
    result = dry_run(tmp_path, "id,in,out\n1,05/06/2026 09:30,\n", mapping)
    assert result.exit_code == 2
    assert 'is another time as "%d/%m/%Y %H:%M" than as "%m/%d/%Y %H:%M"; leave one out' in result.output


DRAFTED = {
    "milliseconds": "id,queue,created,answered\n11111,kcc,1780644600000,1780644612000\n",
    "database": "id,queue,start,answered\n11111,kcc,2026-06-05 07:30:00.25+00,2026-06-05 07:30:12.25+00\n",
    "spreadsheet": "id,queue,start,answered\n11111,kcc,46178.3958333333,46178.3959722222\n",
    "month": "id,queue,start,answered\n11111,kcc,5-jun-2026 09:30:00,5-jun-2026 09:30:12\n",
    "two formats": "id,queue,start,answered\n11111,kcc,15/06/2026 09:30,15/06/2026 09:30:12\n",
    "waits": "id;queue;start;wait\n11111;kcc;2026-06-05 09:30:00;0:00:12\n",
    "waits in seconds": "id;queue;start;waited\n11111;kcc;2026-06-05 09:30:00;12\n",
    "outcomes": "id;queue;day;start;wait;how\n11111;kcc;2026-06-05;09:30:00;0:00:12;answered\n"
    "11112;kcc;2026-06-05;10:30:00;0:00:13;abandoned\n",
}


@pytest.mark.parametrize("kind", DRAFTED)
def test_a_draft_has_the_formats_of_a_file_and_adds_its_waits(tmp_path: Path, kind: str) -> None:
    """Answered after 12 s, with the draft as it is."""
    (tmp_path / "calls.csv").write_text(DRAFTED[kind])
    draft = CliRunner().invoke(publish, [str(tmp_path / "calls.csv"), "--guess"]).stdout
    result = dry_run(tmp_path, DRAFTED[kind], draft)
    assert result.exit_code == 0, draft + result.output
    (offered, first), (answered, second), *others = moments(result)
    assert (offered, answered, [event for event, _ in others if event != "offered"]) == (
        "offered", "answered", ["abandoned"] if kind == "outcomes" else [],
    )  # fmt: skip
    assert datetime.fromisoformat(f"2026-{second}") - datetime.fromisoformat(f"2026-{first}") == timedelta(seconds=12)
