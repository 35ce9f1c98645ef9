"""Lengths of time as files write them, and columns of them that a mapping takes for times of day."""

from datetime import datetime, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.sources.files.clocks import check_clocks
from streams.sources.files.row import NumberedCells
from streams.sources.mapping import FileMapping, MappingError, parse_mapping
from streams.sources.times.alternatives import UNREADABLE
from streams.sources.times.durations import NAMES, check_duration_formats, duration_formats_of, duration_parser


@pytest.mark.parametrize(
    ("duration_format", "text", "seconds"),
    [
        ("H:MM:SS", "00:00:42", 42),
        ("H:MM:SS", "0:03:10.25", 190.25),
        ("H:MM:SS", "26:00:00,5", 93_600.5),
        ("M:SS", "0:42", 42),
        ("M:SS", "75:03", 4_503),
        ("H:MM", "0:42", 2_520),
        ("seconds", "42", 42),
        ("seconds", "42,5", 42.5),
        ("milliseconds", "42500", 42.5),
        ("minutes", "0,7", 42),
        ("minutes", "1.25", 75),
        ("hours", "0,5", 1_800),
        ("days", "0.000138888888888889", 12),
        ("days", "0,00014", 12),
        ("days", "1", 86_400),
    ],
)
def test_a_duration_is_as_long_as_it_says(duration_format: str, text: str, seconds: float) -> None:
    assert duration_parser([duration_format])(text).total_seconds() == seconds


@pytest.mark.parametrize("duration_format", NAMES)
@pytest.mark.parametrize(
    "text", ["", "-1", "-0:00:05", "1:2:3:4", "0:60", "0:00:60", "nan", "inf", "1e13", "soon", "1;2"]
)
def test_what_is_no_duration_is_none_in_any_format(duration_format: str, text: str) -> None:
    with pytest.raises(UNREADABLE):
        duration_parser([duration_format])(text)


@given(st.integers(0, 99 * 24 * 3600))
def test_every_whole_second_is_read_exactly(seconds: int) -> None:
    length = timedelta(seconds=seconds)
    minutes, rest = divmod(seconds, 60)
    written = {
        "H:MM:SS": f"{minutes // 60}:{minutes % 60:02}:{rest:02}",
        "M:SS": f"{minutes}:{rest:02}",
        "seconds": str(seconds),
        "milliseconds": f"{seconds}000",
    }
    for duration_format, text in written.items():
        assert duration_parser([duration_format])(text) == length, duration_format


def test_durations_of_two_kinds_in_one_column_are_told_apart_or_refused() -> None:
    check_duration_formats(["H:MM:SS", "M:SS"])
    assert duration_parser(["H:MM:SS", "M:SS"])("1:05") == timedelta(seconds=65)
    for one, other in (("M:SS", "H:MM"), ("seconds", "minutes"), ("milliseconds", "seconds")):
        with pytest.raises(ValueError, match=f'is another time as "{one}" than as "{other}"; leave one out'):
            check_duration_formats([one, other])


def test_the_formats_of_a_column_are_those_that_fit_all_of_it() -> None:
    assert duration_formats_of(["0:00:42", "1:00:00"]) == ["H:MM:SS"]
    assert duration_formats_of(["0:42"]) == ["M:SS", "H:MM"]
    assert duration_formats_of(["0:42", "x"]) == []


CLOCKS: Final = """
[file]
columns = ["id", "day", "start", "wait"]
[time]
zone = "Europe/Brussels"
format = "%H:%M:%S"
date_column = "day"
[id]
columns = "id"
[cluster]
constant = "Klantencontactcentrum"
[[leave_out]]
reason = "test"
when = { id = "test" }
[[event]]
type = "offered"
at = "start"
[[event]]
type = "answered"
at = "wait"
"""
MAPPING: Final = parse_mapping(CLOCKS)
HOUR: Final = timedelta(hours=1)


def problems_of(texts: list[tuple[str, str]], mapping: FileMapping = MAPPING, contact: str = "c") -> list[str]:
    """What is wrong with these starts and waits, from line 2 on; cells are in the order in which they are named."""
    rows: list[NumberedCells] = [
        (line, [contact, start, "2026-06-03", wait]) for line, (start, wait) in enumerate(texts, 2)
    ]
    try:
        check_clocks(mapping, rows)
    except MappingError as error:
        return error.problems
    return []


def clock(since_midnight: timedelta) -> str:
    return f"{datetime(2026, 6, 3) + since_midnight:%H:%M:%S}"  # noqa: DTZ001 - a clock on a wall


any_start = st.timedeltas(timedelta(0), 24 * HOUR - timedelta(seconds=1))
start_by_day = st.timedeltas(3 * HOUR, 20 * HOUR - timedelta(seconds=1))


@given(st.lists(st.tuples(any_start, st.timedeltas(-HOUR, 4 * HOUR - timedelta(seconds=1))), min_size=1))
def test_answers_of_any_hour_are_times_of_day_whatever_the_midnight(calls: list[tuple[timedelta, timedelta]]) -> None:
    assert problems_of([(clock(start), clock(max(start + wait, timedelta(0)))) for start, wait in calls]) == []


@given(st.lists(st.tuples(start_by_day, st.timedeltas(timedelta(0), timedelta(minutes=59))), min_size=1))
def test_waits_of_calls_by_day_are_no_times_of_day(calls: list[tuple[timedelta, timedelta]]) -> None:
    (problem,) = problems_of([(clock(start), clock(wait)) for start, wait in calls])
    assert problem.startswith('[[event]] 2 "answered": at: "wait" seems to hold how long something took')


@given(st.lists(any_start, min_size=1, max_size=20), start_by_day)
def test_one_call_by_day_shows_what_the_waits_of_a_night_are(nights: list[timedelta], day: timedelta) -> None:
    assert problems_of([(clock(start), "00:00:12") for start in [*nights, day]])


def test_the_problem_names_the_column_the_first_line_and_what_to_write() -> None:
    assert problems_of([("23:50:00", "00:00:20"), ("09:30:00", "00:00:12"), ("09:31:00", "00:00:33")]) == [
        '[[event]] 2 "answered": at: "wait" seems to hold how long something took and no time of day: in line 3 it '
        'lies 9 h 29 min before "start" of the same row; write at = "start" and plus = "wait"'
    ]
    minutes = parse_mapping(CLOCKS.replace("%H:%M:%S", "%H:%M"))
    (problem,) = problems_of([("09:30", "0:42")], minutes)
    assert problem.endswith('write at = "start" and plus = { column = "wait", format = "M:SS" }')


def test_a_clock_that_was_wrong_once_stops_no_file() -> None:
    right = [("09:30:00", "09:30:12"), ("10:30:00", "10:30:12")]
    assert problems_of([*right, ("16:00:00", "09:30:12")]) == []


def test_rows_that_are_left_out_or_unreadable_prove_nothing() -> None:
    assert problems_of([("09:30:00", "00:00:12")], contact="test") == []
    assert problems_of([("09:30:00", "soon"), ("", "00:00:12"), ("09:30:00", "")]) == []
