"""What a mapping file may say, and that everything wrong with one is reported at once, each with its place."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.channels.calls.events import Abandoned, Offered
from streams.channels.visits.events import Arrived
from streams.sources.mapping import MappingError, load_mapping, parse_mapping, read_mapping
from streams.sources.times import Holds
from streams.sources.times.formats import NAMES
from tests.core.builders import STEADY

CALLS = """
[file]
delimiter = ";"
null_values = ["-"]
[time]
zone = "Europe/Brussels"
format = "%H:%M:%S"
date_column = "dag"
date_format = "%d/%m/%Y"
[id]
columns = ["lijn", "oproep"]
[cluster]
column = "wachtrij"
rename = { kcc = "Klantencontactcentrum" }
[[leave_out]]
reason = "test call"
when = { resultaat = ["TEST", "PROEF"] }
[[event]]
type = "offered"
at = "begin"
[[event]]
type = "abandoned"
at = ["uit_rij", "uit_menu"]
when = { resultaat = "OPGEHANGEN" }
[[event]]
type = "arrived"
at = { column = "aankomst", format = "epoch seconds" }
planned_at = { column = "gepland", date_column = "geplande_dag", date_format = "%Y-%m-%d" }
"""

REST = """
[id]
columns = "oproep"
[cluster]
constant = "Klantencontactcentrum"
"""

OFFERED = """
[[event]]
type = "offered"
at = "begin"
"""

WHOLE = REST + OFFERED


def problems_of(text: str) -> list[str]:
    with pytest.raises(MappingError) as raised:
        parse_mapping(text)
    return raised.value.problems


def test_a_mapping_says_how_rows_become_events() -> None:
    mapping = parse_mapping(CALLS)
    offered, abandoned, arrived = mapping.events
    assert mapping.file.delimiter == ";"
    assert mapping.file.null_values == {"-"}
    assert (mapping.id_columns, mapping.id_separator) == (("lijn", "oproep"), "-")
    assert (mapping.cluster_column, mapping.cluster_names) == ("wachtrij", {"kcc": "Klantencontactcentrum"})
    assert str(mapping.zone) == "Europe/Brussels"
    assert mapping.leave_out[0].when == {"resultaat": {"TEST", "PROEF"}}
    assert (offered.type, abandoned.type, arrived.type) == (Offered, Abandoned, Arrived)
    assert abandoned.at.columns == ("uit_rij", "uit_menu")
    assert abandoned.when == {"resultaat": {"OPGEHANGEN"}}


def test_a_time_takes_from_the_time_table_what_it_does_not_say_itself() -> None:
    offered, _, arrived = parse_mapping(CALLS).events
    assert (offered.at.formats, offered.at.date_column, offered.at.date_formats) == (
        ("%H:%M:%S",),
        "dag",
        ("%d/%m/%Y",),
    )
    assert (arrived.at.holds, arrived.at.date_column) == (Holds.INSTANT, "")
    assert arrived.planned_at is not None
    assert (arrived.planned_at.formats, arrived.planned_at.date_column) == (("%H:%M:%S",), "geplande_dag")
    assert arrived.planned_at.date_formats == ("%Y-%m-%d",)


def test_the_shortest_mapping_reads_rfc_3339_from_a_comma_separated_utf_8_file() -> None:
    mapping = parse_mapping(WHOLE)
    assert (mapping.file.delimiter, mapping.file.encoding, mapping.file.quote) == (",", "utf-8", '"')
    assert (mapping.file.columns, mapping.cluster) == ((), "Klantencontactcentrum")
    assert (mapping.events[0].at.formats, mapping.events[0].at.holds) == (("RFC 3339",), Holds.INSTANT)


def test_every_column_is_named_with_its_place() -> None:
    assert list(parse_mapping(CALLS).named_columns()) == [
        ("[id]: columns", "lijn"),
        ("[id]: columns", "oproep"),
        ("[cluster]: column", "wachtrij"),
        ('[[leave_out]] 1 "test call": when', "resultaat"),
        ('[[event]] 1 "offered": at', "begin"),
        ('[[event]] 1 "offered": at: date_column', "dag"),
        ('[[event]] 2 "abandoned": when', "resultaat"),
        ('[[event]] 2 "abandoned": at', "uit_rij"),
        ('[[event]] 2 "abandoned": at', "uit_menu"),
        ('[[event]] 2 "abandoned": at: date_column', "dag"),
        ('[[event]] 3 "arrived": at', "aankomst"),
        ('[[event]] 3 "arrived": planned_at', "gepland"),
        ('[[event]] 3 "arrived": planned_at: date_column', "geplande_dag"),
    ]


def test_the_example_in_the_module_is_a_valid_mapping() -> None:
    from streams.sources.mapping import tables as module

    assert module.__doc__ is not None
    example = "\n".join(line[4:] for line in module.__doc__.splitlines() if line.startswith("    "))
    assert [event.type.__name__ for event in parse_mapping(example).events] == [
        "Offered",
        "Abandoned",
        "Ended",
        "Answered",
        "Arrived",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "[file]\ndelimiter = ';;'" + WHOLE,
            '[file]: delimiter: expected one character, no line end, such as ";", got ";;"',
        ),
        ("[file]\nquote = ','" + WHOLE, "[file]: quote: expected another character than the delimiter"),
        (
            "[file]\nquote = '\"\"'" + WHOLE,
            '[file]: quote: expected one character, or none, such as "\'", got "\\"\\""',
        ),
        (
            "[file]\nlines_before = -1" + WHOLE,
            "[file]: lines_before: expected a whole number from 0 to 1000, such as 3, got -1",
        ),
        (
            "[file]\nuneven_rows = 1" + WHOLE,
            "[file]: uneven_rows: expected true or false, such as true, got 1",
        ),
        (
            "[[leave_out]]\nreason = 'a'\nall_else = true\nwhen = { a = 'b' }" + WHOLE,
            '[[leave_out]] 1 "a": when: all_else takes every other row, without conditions; remove one of the two',
        ),
        (
            "[[leave_out]]\nreason = 'a'\nall_else = true\n[[leave_out]]\nreason = 'b'\nall_else = true" + WHOLE,
            "leave_out: all_else is in two of them; all other rows have one reason",
        ),
        (
            "[file]\ncolumns = ['a', 'a']" + WHOLE,
            '[file]: columns: expected a list of names, such as ["line", "call_id"], got ["a", "a"]: a name',
        ),
        (
            "[file]\nencoding = 'utf-9'" + WHOLE,
            '[file]: encoding: expected the name of a text encoding, such as "cp1252", got "utf-9": unknown encoding',
        ),
        (
            "[file]\nencoding = 'idna'" + WHOLE,
            '[file]: encoding: expected the name of a text encoding, such as "cp1252", got "idna": Unsupported error',
        ),
        (
            "[file]\nencoding = 'punycode'" + WHOLE,
            '[file]: encoding: expected the name of a text encoding, such as "cp1252", got "punycode": ',
        ),
        (
            '[file]\nencoding = "utf\\u0000"' + WHOLE,
            '[file]: encoding: expected the name of a text encoding, such as "cp1252", got "utf\\u0000": embedded',
        ),
        (
            "[time]\nzone = 'UTC'\nformat = ['%d/%m/%Y %H:%M', '%m/%d/%Y %H:%M']" + WHOLE,
            '[time]: format: expected "RFC 3339", "epoch seconds", "epoch milliseconds", "epoch microseconds", '
            '"postgresql", "excel days", "excel days 1904", "local milliseconds", "local microseconds" or the codes '
            'of strptime, or a list of these, such as "%H:%M:%S", '
            'got ["%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"]: "03/02/2001 04:05" is another time as "%d/%m/%Y %H:%M" '
            'than as "%m/%d/%Y %H:%M"; leave one out',
        ),
        (
            "[time]\nduration_format = 'mm:ss'" + WHOLE,
            '[time]: duration_format: expected one or a list of "H:MM:SS", "M:SS", "H:MM", "seconds", '
            '"milliseconds", "minutes", "hours", "days", such as "H:MM:SS", got "mm:ss": did you mean "M:SS"?',
        ),
        (
            WHOLE + "[[event]]\ntype = 'ended'\nat = 'a'\nplus = { column = 'b', formt = 'x' }",
            '[[event]] 2 "ended": plus: formt: unknown key; did you mean format?',
        ),
        (
            WHOLE + "[[event]]\ntype = 'ended'\nat = 'a'\nplus = 1",
            '[[event]] 2 "ended": plus: expected a column, a list of columns or a table, such as { column =',
        ),
        (
            "[time]\nformat = '%H:%M %H'" + WHOLE,
            '[time]: format: expected "RFC 3339", "epoch seconds", "epoch milliseconds", "epoch microseconds", '
            '"postgresql", "excel days", "excel days 1904", "local milliseconds", "local microseconds" or the codes '
            'of strptime, or a list of these, such as "%H:%M:%S", '
            'got "%H:%M %H": a code comes twice in it',
        ),
        (
            "[file]\nnull_values = 0" + WHOLE,
            '[file]: null_values: expected a text or a list of texts, such as ["AGENT", "HANG"], got 0',
        ),
        ("[file]\ndelimeter = ';'" + WHOLE, "[file]: delimeter: unknown key; did you mean delimiter?"),
        ("file = 1" + WHOLE, "file: expected a table that begins with [file], got 1"),
        ("zone = 'x'" + WHOLE, "zone: unknown key; known here: extends, file, time, id, cluster, leave_out, event"),
        (
            "[time]\nzone = 'Europe/Lier'" + WHOLE,
            '[time]: zone: expected the IANA name of a time zone, such as "Europe/Brussels", got "Europe/Lier"',
        ),
        (
            "[time]\nzone = 'Europe/Brussel'" + WHOLE,
            '[time]: zone: expected the IANA name of a time zone, such as "Europe/Brussels", got "Europe/Brussel": '
            'did you mean "Europe/Brussels"?',
        ),
        ("[time]\nzone = 'Europe'" + WHOLE, "[time]: zone: expected the IANA name of a time zone"),
        (
            "[time]\nformat = '%d/%m/%Y %H:%M'" + WHOLE,
            '[time]: zone: missing, expected the zone of the local times; add zone = "Europe/Brussels"',
        ),
        (
            "[time]\nzone = 'Europe/Brussels'\nformat = '%H:%M'" + WHOLE,
            '[[event]] 1 "offered": at: a time as "%H:%M" has no date; add date_column here or in [time]',
        ),
        (
            "[time]\nutc = true" + WHOLE,
            "[time]: utc: unknown key; known here: format, date_column, date_format, duration_format, zone",
        ),
        ("[cluster]\nconstant = 'K'" + OFFERED, "[id]: missing; add this table with its keys: columns"),
        (
            "[cluster]\nconstant = 'K'\n[id]" + OFFERED,
            '[id]: columns: missing, expected a column or a list of columns; add columns = ["line", "call_id"]',
        ),
        (
            "[cluster]\nconstant = 'K'\n[id]\ncolumns = []" + OFFERED,
            '[id]: columns: expected a column or a list of columns, such as ["line", "call_id"], got []',
        ),
        (
            "[cluster]\nconstant = 'K'\n[id]\ncolumns = 'a'\nseparator = 0" + OFFERED,
            '[id]: separator: expected a text, or none, such as "-", got 0',
        ),
        ("[id]\ncolumns = 'a'" + OFFERED, "[cluster]: expected either column or constant, got neither; add one"),
        (
            "[id]\ncolumns = 'a'\n[cluster]\n" + OFFERED,
            "[cluster]: expected either column or constant, got neither; add one",
        ),
        (
            "[id]\ncolumns = 'a'\n[cluster]\ncolumn = 'b'\nconstant = 'K'" + OFFERED,
            "[cluster]: expected either column or constant, got both; remove one",
        ),
        (
            "[id]\ncolumns = 'a'\n[cluster]\nconstant = 'K'\nrename = { a = 'b' }" + OFFERED,
            "[cluster]: rename: a constant has no other names",
        ),
        (
            "[id]\ncolumns = 'a'\n[cluster]\ncolumn = 'b'\nrename = { a = 1 }" + OFFERED,
            '[cluster]: rename: a: expected a name of at most 100 characters, such as "Burgerzaken", got 1',
        ),
        (
            f"[id]\ncolumns = 'a'\n[cluster]\nconstant = '{'K' * 101}'" + OFFERED,
            '[cluster]: constant: expected a name of at most 100 characters, such as "Burgerzaken", got "KKK',
        ),
        (
            "[[leave_out]]\nreason = 'x'" + WHOLE,
            '[[leave_out]] 1 "x": when: expected at least one column, or every row is left out',
        ),
        (
            "[[leave_out]]\nwhen = { a = 'b' }" + WHOLE,
            '[[leave_out]] 1: reason: missing, expected a text; add reason = "test call"',
        ),
        (
            "[[leave_out]]\nreason = 'x'\nwhen = { a = 1 }" + WHOLE,
            '[[leave_out]] 1 "x": when: a: expected a text or a list of texts, such as ["AGENT", "HANG"], got 1',
        ),
        ("[leave_out]" + WHOLE, "leave_out: expected one or more tables that begin with [[leave_out]], got a table"),
        ("" + REST, "event: expected one or more tables that begin with [[event]]"),
        ("event = []" + REST, "event: expected one or more tables that begin with [[event]], got []"),
        (WHOLE + "[[event]]\nat = 'b'", '[[event]] 2: type: missing, expected a type of event; add type = "offered"'),
        (
            WHOLE + "[[event]]\ntype = 'ring'\nat = 'b'",
            '[[event]] 2 "ring": type: expected a type of event, such as "offered", got "ring": known here: offered',
        ),
        (
            WHOLE + "[[event]]\ntype = 'endet'\nat = 'b'",
            '[[event]] 2 "endet": type: expected a type of event, such as "offered", got "endet": did you mean',
        ),
        (
            WHOLE + "[[event]]\ntype = 'ended'",
            '[[event]] 2 "ended": at: missing, expected a column, a list of columns or a table; add at = { column =',
        ),
        (
            WHOLE + "[[event]]\ntype = 'ended'\nat = []",
            '[[event]] 2 "ended": at: expected a column, a list of columns or a table, such as { column =',
        ),
        (
            WHOLE + "[[event]]\ntype = 'ended'\nat = {}",
            '[[event]] 2 "ended": at: column: missing, expected a column or a list of columns; add column =',
        ),
        (
            WHOLE + "[[event]]\ntype = 'ended'\nat = { column = 'a', formt = 'x' }",
            '[[event]] 2 "ended": at: formt: unknown key; did you mean format?',
        ),
        (
            WHOLE + "[[event]]\ntype = 'ended'\nat = { column = 'a', date_column = 'b' }",
            '[[event]] 2 "ended": at: a time as "RFC 3339" has a date already; remove date_column',
        ),
        (
            WHOLE + "[[event]]\ntype = 'ended'\nat = 'a'\nplanned_at = 'b'",
            '[[event]] 2 "ended": planned_at: only tickets are planned, not calls',
        ),
        (
            WHOLE + "[[event]]\ntype = 'requested'\nat = 'a'",
            '[[event]] 2 "requested": planned_at: missing, expected since a request names the planned start',
        ),
        (
            WHOLE + "[[event]]\ntype = 'ended'\nat = 'a'\nif = 'x'",
            '[[event]] 2 "ended": if: unknown key; known here: type, at, plus, planned_at, when',
        ),
        (WHOLE + "[[event]]\ntype = 'ended'\nat = 'a'\nwhen = 'x'", '[[event]] 2 "ended": when: expected a table'),
    ],
)
def test_a_mistake_is_reported_with_its_place(text: str, problem: str) -> None:
    (only,) = problems_of(text)
    assert only.startswith(problem)


@pytest.mark.parametrize(
    ("time_format", "reason"),
    [
        ("HH:MM", "hours and minutes of 24 hours must be in it: %H:%M, or %I:%M with %p"),
        ("%I:%M", "hours and minutes of 24 hours must be in it: %H:%M, or %I:%M with %p"),
        ("%Q", "'Q' is a bad directive in format '%Q'"),
        ("%d/%m %H:%M", "year, month and day must be in it, or no date at all"),
        ("%H:%M%z", "year, month and day must be in it, or no date at all"),
        ("%H:%M %Z", "a zone's abbreviation (%Z) may mean several zones; use an offset (%z) or the zone in [time]"),
    ],
)
def test_a_format_that_names_no_moment_is_reported_with_the_reason(time_format: str, reason: str) -> None:
    (only,) = problems_of(f'[time]\nformat = "{time_format}"\n{WHOLE}')
    names = ", ".join(f'"{name}"' for name in NAMES)
    expected = f'{names} or the codes of strptime, or a list of these, such as "%H:%M:%S"'
    assert only == f'[time]: format: expected {expected}, got "{time_format}": {reason}'


def test_a_date_format_that_names_no_day_is_reported_with_the_reason() -> None:
    (only,) = problems_of("[time]\ndate_format = '%d/%m'" + WHOLE)
    expected = (
        '"excel days", "excel days 1904" or the codes of strptime for a day, or a list of these, such as "%y%m%d"'
    )
    assert only == f'[time]: date_format: expected {expected}, got "%d/%m": year, month and day must be in it'


def test_all_mistakes_are_reported_at_once() -> None:
    text = """
[file]
encoding = "x"
[time]
zone = "x"
[id]
[cluster]
[[leave_out]]
[[event]]
type = "x"
spelt = 1
"""
    places = [re.split(": (?:expected|missing|unknown)", problem)[0] for problem in problems_of(text)]
    assert places == [
        "[file]: encoding",
        "[time]: zone",
        "[id]: columns",
        "[cluster]",
        "[[leave_out]] 1: reason",
        "[[leave_out]] 1: when",
        '[[event]] 1 "x": type',
        '[[event]] 1 "x": at',
        '[[event]] 1 "x": spelt',
    ]


toml_values = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates() | st.datetimes() | st.times(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@STEADY
@given(st.data())
def test_whatever_a_key_holds_ends_in_problems_and_never_in_another_error(data: st.DataObject) -> None:
    values = tomllib.loads(CALLS)
    arrays = [table for value in values.values() if isinstance(value, list) for table in value]
    tables = [value for value in values.values() if isinstance(value, dict)]
    places: list[dict[str, Any]] = [values, *tables, *arrays, *(table["when"] for table in arrays if "when" in table)]
    table = data.draw(st.sampled_from(places))
    table[data.draw(st.sampled_from([*table]) | st.text(max_size=6))] = data.draw(toml_values)
    problems: list[str] = []
    try:
        read_mapping(values)
    except MappingError as error:
        problems = error.problems
    assert all(": " in problem for problem in problems)


def test_a_time_that_is_wrong_hides_nothing_else() -> None:
    """The zone is asked for, and the date, in whatever state other tables are."""
    text = CALLS.replace('zone = "Europe/Brussels"\n', "").replace('date_column = "dag"\n', "")
    text = text.replace('type = "abandoned"', 'type = "abandond"')
    places = [re.split(": (?:expected|missing|a time)", problem)[0] for problem in problems_of(text)]
    assert places == [
        '[[event]] 1 "offered": at',
        '[[event]] 2 "abandond": type',
        '[[event]] 2 "abandond": at',
        "[time]: zone",
    ]


def test_a_text_that_is_no_toml_is_reported_with_its_line() -> None:
    (only,) = problems_of("[file]\ndelimiter = ;")
    assert only.startswith("expected TOML: ")
    assert "line 2" in only


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("a = " + "[" * 5_000, "nested too deeply", id="arrays"),
        pytest.param("a = " + "{a=" * 5_000, "nested too deeply", id="tables"),
        pytest.param("a = " + "9" * 5_000, "Exceeds the limit", id="digits"),
    ],
)
def test_a_text_that_is_too_much_for_the_parser_is_a_problem_like_any_other(text: str, reason: str) -> None:
    (only,) = problems_of(text)
    assert only.startswith("expected TOML: ")
    assert reason in only


def test_a_file_that_is_no_utf_8_is_reported_with_the_byte(tmp_path: Path) -> None:
    file = tmp_path / "mapping.toml"
    file.write_bytes(b"# caf\xe9\n")
    with pytest.raises(MappingError, match=r"expected UTF-8 text: .* at byte 5"):
        load_mapping(file)
