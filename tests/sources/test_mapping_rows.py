"""Rows of a delimited file become events, or are left out with a reason; one row never disturbs another."""

import io
import tracemalloc
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import BinaryIO, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.channels.calls.events import Offered
from streams.contracts.decode import Event
from streams.contracts.events import instant_ms
from streams.sources.files.columns import Fields
from streams.sources.files.events import read_rows
from streams.sources.files.lines import ROW_CHARACTERS_MAX
from streams.sources.files.moments import TIME_CHARACTERS_MAX
from streams.sources.files.row import LeftOut, Row, RowLeftOutError, Unreadable
from streams.sources.files.row_events import RowEvents
from streams.sources.files.unpacking import FileError
from streams.sources.mapping import MappingError, parse_mapping

CALLS = """
[file]
delimiter = ";"
null_values = ["-"]
[time]
zone = "Europe/Brussels"
date_column = "day"
format = "%H:%M:%S"
[id]
columns = ["line", "call"]
[cluster]
column = "queue"
rename = { kcc = "Klantencontactcentrum" }
[[leave_out]]
reason = "test call"
when = { outcome = ["TEST", "PROBE"], answered = "" }
[[event]]
type = "offered"
at = "dialled"
[[event]]
type = "answered"
at = "answered"
when = { outcome = "ANSWERED" }
[[event]]
type = "abandoned"
at = ["left_queue", "left_menu"]
when = { outcome = "HUNG UP" }
"""
COLUMNS = ("day", "line", "call", "queue", "phone", "dialled", "left_menu", "left_queue", "answered", "outcome")
HEADER = ";".join(COLUMNS) + "\n"

TICKETS = """
[id]
columns = "ticket"
[cluster]
constant = "Burgerzaken"
[time]
zone = "Europe/Brussels"
format = "%d/%m/%Y %H:%M"
[[event]]
type = "requested"
at = "at"
planned_at = "planned"
when = { what = "R" }
[[event]]
type = "arrived"
at = "at"
planned_at = "planned"
when = { what = "A" }
[[event]]
type = "no_show"
at = "at"
when = { what = "N" }
"""


def calls(data: str, toml: str = CALLS) -> list[Row]:
    return list(read_rows(io.BytesIO((HEADER + data).encode()), parse_mapping(toml)))


def row_events(cells: str, toml: str) -> list[Event]:
    """The events of one row, whatever file it may be of."""
    mapping = parse_mapping(toml)
    return list(RowEvents(mapping)(Fields(mapping, COLUMNS, uneven=False)(cells.split(";"))).events)


def tickets(data: str) -> list[Row]:
    return list(read_rows(io.BytesIO(f"what,ticket,at,planned\n{data}".encode()), parse_mapping(TICKETS)))


def told(events: Sequence[Event]) -> list[dict[str, object]]:
    """The events as a reader of the topic sees them."""
    decoded: list[dict[str, object]] = [msgspec.json.decode(msgspec.json.encode(event)) for event in events]
    return decoded


def times(row: Row) -> list[str]:
    return [str(event["at"]) for event in told(row.events)]


def test_an_answered_call_is_offered_and_answered() -> None:
    (row,) = calls("2024-06-03;A;17;kcc;0470;9:00:00;9:00:10;9:00:40;9:00:41;ANSWERED\n")
    assert row.line == 2
    assert told(row.events) == [
        {"type": "offered", "call_id": "A-17", "cluster": "Klantencontactcentrum", "at": "2024-06-03T07:00:00Z"},
        {"type": "answered", "call_id": "A-17", "cluster": "Klantencontactcentrum", "at": "2024-06-03T07:00:41Z"},
    ]


def test_no_column_that_is_not_mapped_reaches_an_event() -> None:
    (row,) = calls("2024-06-03;A;17;kcc;0470123456;9:00:00;9:00:10;-;9:00:41;ANSWERED\n")
    assert b"0470123456" not in msgspec.json.encode(row.events)


def test_a_time_is_the_first_of_its_columns_that_is_not_null() -> None:
    queued, never_queued = calls(
        "2024-06-03;A;1;kcc;;9:00:00;9:00:10;9:01:00;-;HUNG UP\n2024-06-03;A;2;kcc;;9:00:00;9:00:10;-;-;HUNG UP\n"
    )
    assert times(queued) == ["2024-06-03T07:00:00Z", "2024-06-03T07:01:00Z"]
    assert times(never_queued) == ["2024-06-03T07:00:00Z", "2024-06-03T07:00:10Z"]


def test_an_event_without_a_time_did_not_happen() -> None:
    (row,) = calls("2024-06-03;A;1;kcc;;9:00:00;9:00:10;-;-;ANSWERED\n")
    assert [type(event) for event in row.events] == [Offered]


def test_an_outcome_decides_even_where_another_column_is_filled() -> None:
    (row,) = calls("2024-06-03;A;1;kcc;;9:00:00;9:00:10;9:00:30;9:00:31;HUNG UP\n")
    assert [event["type"] for event in told(row.events)] == ["offered", "abandoned"]


def test_a_cluster_without_another_name_keeps_its_own() -> None:
    (row,) = calls("2024-06-03;A;1;library;;9:00:00;-;-;-;ANSWERED\n")
    assert row.events[0].cluster == "library"


def test_rows_are_left_out_where_every_condition_holds_and_not_judged_further() -> None:
    test_call, answered_probe = calls("nonsense;;;kcc;;x;x;x;-;TEST\n2024-06-03;A;1;kcc;;9:00:00;-;-;9:00:05;PROBE\n")
    assert test_call.left_out == LeftOut("test call", on_purpose=True)
    assert test_call.events == []
    assert answered_probe.left_out is None


def test_a_call_that_crosses_midnight_ends_on_the_next_day_and_next_month() -> None:
    (row,) = calls("2024-06-30;A;1;kcc;;23:59:50;23:59:58;0:00:05;0:00:20;ANSWERED\n")
    assert times(row) == ["2024-06-30T21:59:50Z", "2024-06-30T22:00:20Z"]


FIRST_MOMENT, LAST_MOMENT = (
    datetime(2000, 1, 1),  # noqa: DTZ001 - local times, as files have them
    datetime(2030, 12, 30),  # noqa: DTZ001 - local times, as files have them
)


def test_a_clock_that_is_a_little_off_is_left_as_it_stands() -> None:
    (row,) = calls("2024-06-03;A;1;kcc;;9:00:00;8:59:03;-;-;HUNG UP\n")
    assert times(row) == ["2024-06-03T07:00:00Z", "2024-06-03T06:59:03Z"]


@given(
    st.datetimes(FIRST_MOMENT, LAST_MOMENT).map(lambda moment: moment.replace(microsecond=0)),
    st.timedeltas(timedelta(0), timedelta(hours=11, minutes=59)).map(lambda wait: timedelta(seconds=wait.seconds)),
)
def test_a_wait_of_less_than_twelve_hours_is_read_exactly_whatever_the_midnight(
    dialled: datetime, wait: timedelta
) -> None:
    answered = dialled + wait
    toml = CALLS.replace("Europe/Brussels", "UTC").replace('null_values = ["-"]', "")
    row = f"{dialled:%Y-%m-%d};A;1;kcc;;{dialled:%H:%M:%S};;;{answered:%H:%M:%S};ANSWERED"
    offered_ms, answered_ms = (instant_ms(event.at) for event in row_events(row, toml))
    assert offered_ms == instant_ms(dialled.replace(tzinfo=UTC))
    assert answered_ms - offered_ms == wait.total_seconds() * 1000


def test_the_hour_that_comes_twice_is_its_first_coming() -> None:
    (row,) = calls("2024-10-27;A;1;kcc;;2:30:00;-;-;2:30:20;ANSWERED\n")
    assert times(row) == ["2024-10-27T00:30:00Z", "2024-10-27T00:30:20Z"]


def test_the_hour_that_is_skipped_leaves_the_row_out() -> None:
    (row,) = calls("2024-03-31;A;1;kcc;;2:30:00;-;-;3:00:00;ANSWERED\n")
    assert row.left_out == LeftOut(Unreadable.NONEXISTENT, column="day dialled", expected="%Y-%m-%d %H:%M:%S")


def test_one_row_an_event_with_planned_starts() -> None:
    requested, arrived, walked_in, missed = tickets(
        "R,T1,20/05/2024 10:00,03/06/2024 09:00\n"
        "A,T1,03/06/2024 08:55,03/06/2024 09:00\n"
        "A,T2,03/06/2024 09:10,\n"
        "N,T3,03/06/2024 10:00,\n"
    )
    assert told(requested.events) == [
        {
            "type": "requested",
            "ticket_id": "T1",
            "cluster": "Burgerzaken",
            "at": "2024-05-20T08:00:00Z",
            "planned_at": "2024-06-03T07:00:00Z",
        }
    ]
    assert told(arrived.events)[0]["planned_at"] == "2024-06-03T07:00:00Z"
    assert told(walked_in.events)[0].get("planned_at") is None
    assert told(missed.events)[0]["type"] == "no_show"


@pytest.mark.parametrize(
    ("row", "left_out"),
    [
        ("2024-06-03;A;1", LeftOut(Unreadable.FIELDS, expected="10, got 3")),
        ("2024-06-03;A;1;kcc;;9:00:00;-;-;-;ANSWERED;x", LeftOut(Unreadable.FIELDS, expected="10, got 11")),
        ('2024-06-03;A;1;"kcc" x;;9:00:00;-;-;-;ANSWERED', LeftOut(Unreadable.ROW)),
        ("2024-06-03;A;-;kcc;;9:00:00;-;-;-;ANSWERED", LeftOut(Unreadable.ID, column="call")),
        ("2024-06-03;A;1; ;;9:00:00;-;-;-;ANSWERED", LeftOut(Unreadable.CLUSTER, column="queue")),
        (
            f"2024-06-03;A;{'1' * 199};kcc;;9:00:00;-;-;-;ANSWERED",
            LeftOut(Unreadable.ID_LENGTH, expected="at most 200 characters"),
        ),
        (
            f"2024-06-03;A;1;{'k' * 101};;9:00:00;-;-;-;ANSWERED",
            LeftOut(Unreadable.CLUSTER_LENGTH, column="queue", expected="at most 100 characters"),
        ),
        (
            "2024-06-03;A;1;kcc;;25:00:00;-;-;-;ANSWERED",
            LeftOut(Unreadable.TIME, column="day dialled", expected="%Y-%m-%d %H:%M:%S"),
        ),
        (
            "2024-06-31;A;1;kcc;;9:00:00;-;-;-;ANSWERED",
            LeftOut(Unreadable.TIME, column="day dialled", expected="%Y-%m-%d %H:%M:%S"),
        ),
        (
            "-;A;1;kcc;;9:00:00;-;-;-;ANSWERED",
            LeftOut(Unreadable.TIME, column="day dialled", expected="%Y-%m-%d %H:%M:%S"),
        ),
        (
            "9999-12-31;A;1;kcc;;23:00:00;0:00:01;-;-;HUNG UP",
            LeftOut(Unreadable.TIME, column="day left_menu", expected="%Y-%m-%d %H:%M:%S"),
        ),
        ("2024-06-03;A;1;kcc;;-;-;-;-;ANSWERED", LeftOut(Unreadable.NOTHING)),
    ],
)
def test_a_row_that_cannot_be_read_is_left_out_with_its_reason_and_the_next_is_read(
    row: str, left_out: LeftOut
) -> None:
    bad, good = calls(f"{row}\n2024-06-03;A;2;kcc;;9:00:00;-;-;-;ANSWERED\n")
    assert (bad.line, bad.left_out, bad.events) == (2, left_out, [])
    assert (good.line, good.left_out, len(good.events)) == (3, None, 1)


def test_a_request_without_a_planned_time_is_left_out() -> None:
    (row,) = tickets("R,T1,20/05/2024 10:00,\n")
    assert row.left_out == LeftOut(Unreadable.PLAN)


def test_bytes_that_are_no_text_matter_only_in_a_column_that_is_read() -> None:
    mapped = b"2024-06-03;A;1;b\xe9;;9:00:00;-;-;-;ANSWERED\n"
    unmapped = b"2024-06-03;A;2;kcc;b\xe9;9:00:00;-;-;-;ANSWERED\n"
    bad, good = read_rows(io.BytesIO(HEADER.encode() + mapped + unmapped), parse_mapping(CALLS))
    assert bad.left_out == LeftOut(Unreadable.TEXT, column="queue", expected="utf-8")
    assert good.events[0].cluster == "Klantencontactcentrum"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_encoding_is_the_mapping_s_and_a_byte_order_mark_is_no_part_of_a_name(encoding: str) -> None:
    toml = CALLS.replace("[file]", f'[file]\nencoding = "{encoding.removesuffix("-sig")}"')
    data = (HEADER + "2024-06-03;A;1;Café;;9:00:00;-;-;-;ANSWERED\n").encode(encoding)
    (row,) = read_rows(io.BytesIO(data), parse_mapping(toml))
    assert row.events[0].cluster == "Café"


def test_quoted_fields_hold_delimiters_and_line_ends_and_lines_are_those_of_the_file() -> None:
    first, second = calls(
        '2024-06-03;A;"1;2";kcc;"a\nb";9:00:00;-;-;-;ANSWERED\n\n2024-06-03;A;3;kcc;;9:00:00;-;-;-;ANSWERED\n'
    )
    assert (first.line, told(first.events)[0]["call_id"]) == (2, "A-1;2")
    assert (second.line, told(second.events)[0]["call_id"]) == (5, "A-3")


def test_without_quoting_a_quote_is_a_character_like_any_other() -> None:
    (row,) = calls('2024-06-03;"A;1;kcc;;9:00:00;-;-;-;ANSWERED\n', CALLS.replace("[file]", '[file]\nquote = ""'))
    assert told(row.events)[0]["call_id"] == '"A-1'


def test_column_names_of_the_mapping_stand_for_a_file_without_them() -> None:
    toml = CALLS.replace("[file]", f"[file]\ncolumns = {list(COLUMNS)}")
    (row,) = read_rows(io.BytesIO(b"2024-06-03;A;1;kcc;;9:00:00;-;-;-;ANSWERED\r\n"), parse_mapping(toml))
    assert (row.line, len(row.events)) == (1, 1)


def test_columns_that_the_file_does_not_have_are_reported_with_those_it_has() -> None:
    with pytest.raises(MappingError) as raised:
        read_rows(io.BytesIO(b"what,ticket,when,what\n"), parse_mapping(TICKETS))
    requested, arrived, no_show = '[[event]] 1 "requested"', '[[event]] 2 "arrived"', '[[event]] 3 "no_show"'
    assert raised.value.problems == [
        f"{requested}: when, {arrived}: when, {no_show}: when: "
        "2 columns are called 'what'; rename them in [file]: columns",
        f"{requested}: at, {arrived}: at, {no_show}: at: no column 'at'; the file has: what, ticket, when, what",
        f"{requested}: planned_at, {arrived}: planned_at: "
        "no column 'planned'; the file has: what, ticket, when, what",
    ]


def test_a_first_line_that_holds_no_names_is_not_shown_for_it_may_be_about_a_person() -> None:
    with pytest.raises(MappingError) as raised:
        read_rows(io.BytesIO(b"A;T1;0470123456\n"), parse_mapping(TICKETS))
    assert raised.value.problems == [
        "[file]: none of the columns ticket, what, at, planned is in the first line of the data, which has 1 when "
        'split at ","; correct delimiter, or if that line holds no names, add columns = [...]'
    ]


def test_an_empty_file_is_said_to_be_empty() -> None:
    """And nothing of delimiters, which have nothing to divide."""
    with pytest.raises(FileError, match=r"There is nothing in it, not even the names of columns"):
        read_rows(io.BytesIO(b""), parse_mapping(TICKETS))


def test_a_first_line_with_broken_quoting_is_reported() -> None:
    with pytest.raises(
        MappingError, match="expected the columns' names in its first line, but its quoting is broken or it is too"
    ):
        read_rows(io.BytesIO(b'what,"ticket"x\n'), parse_mapping(TICKETS))


@given(st.lists(st.text(), min_size=9, max_size=11))
def test_no_row_whatever_it_holds_stops_the_reading(row: list[str]) -> None:
    mapping = parse_mapping(CALLS)
    with suppress(RowLeftOutError):
        assert RowEvents(mapping)(Fields(mapping, COLUMNS, uneven=False)(row)).events


@given(st.binary(max_size=300))
def test_no_bytes_whatever_they_are_stop_the_reading(data: bytes) -> None:
    rows = list(read_rows(io.BytesIO(HEADER.encode() + data + b"\n"), parse_mapping(CALLS)))
    assert all(bool(row.events) != bool(row.left_out) for row in rows)


GOOD = "2024-06-03;A;1;kcc;;9:00:00;-;-;-;ANSWERED\n"


@pytest.mark.parametrize(
    "long",
    [
        pytest.param("x" * ROW_CHARACTERS_MAX + "\n", id="one line"),
        pytest.param("x;" * ROW_CHARACTERS_MAX + "x\r\n", id="many fields"),
    ],
)
def test_a_row_that_is_too_long_is_left_out_and_the_next_ones_are_read(long: str) -> None:
    first, broken, last = calls(GOOD + long + GOOD)
    assert (broken.line, broken.left_out) == (3, LeftOut(Unreadable.ROW))
    assert (last.line, told(last.events)) == (4, told(first.events))


@pytest.mark.parametrize(
    "long",
    [
        pytest.param('"' + "\n" * 2 * ROW_CHARACTERS_MAX, id="a field of many lines"),
        pytest.param('"\n";' * 2 * ROW_CHARACTERS_MAX, id="many fields of two lines"),
    ],
)
def test_a_row_whose_quotes_have_no_end_is_broken_off(long: str) -> None:
    first, broken, *_ = calls(GOOD + long)
    assert (first.line, len(first.events)) == (2, 1)
    assert (broken.line, broken.left_out) == (3, LeftOut(Unreadable.ROW))


class Endless(io.BufferedIOBase):
    """A file whose second line is a quote, and then so many bytes without a line end."""

    def __init__(self, size: int) -> None:
        self._head = io.BytesIO(HEADER.encode() + b'"')
        self._left = size

    def readable(self) -> bool:
        return True

    def read1(self, size: int = -1) -> bytes:
        if read := self._head.read1(size):
            return read
        count = min(self._left, size)
        self._left -= count
        return b"x" * count

    def read(self, size: int | None = -1) -> bytes:
        return self.read1(-1 if size is None else size)


def test_a_line_without_an_end_takes_no_memory() -> None:
    mapping = parse_mapping(CALLS)
    tracemalloc.start()
    try:
        (row,) = read_rows(cast("BinaryIO", Endless(64 * 1024 * 1024)), mapping)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert row.left_out == LeftOut(Unreadable.ROW)
    assert peak_bytes < 4 * 1024 * 1024


def test_a_text_that_is_too_long_for_a_time_is_none() -> None:
    """Times that were read are remembered: what is remembered must be short."""
    toml = CALLS.replace('"%H:%M:%S"', '"%H %M"')
    row = "2024-06-03;A;1;kcc;;9{}30;-;-;-;ANSWERED\n"
    fits, too_long = calls(row.format(" " * (TIME_CHARACTERS_MAX - 3)) + row.format(" " * TIME_CHARACTERS_MAX), toml)
    assert len(fits.events) == 1
    assert too_long.left_out == LeftOut(Unreadable.TIME, column="day dialled", expected="%Y-%m-%d %H %M")
