"""What is guessed of a file: whatever the file is, the draft is one that the reader of mappings takes."""

import gzip
import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.settings import load
from streams.sources.files.unpacking import FileError
from streams.sources.guess.draft import draft
from streams.sources.guess.sample import SAMPLE_BYTES, Sample, look
from streams.sources.guess.totals import totals
from streams.sources.guess.written import Kind, kind_of
from streams.sources.mapping import parse_mapping

RULES = load(None, {}).rules


def seen(data: bytes) -> Sample:
    return look(io.BytesIO(data))


def drafted(data: bytes) -> str:
    return draft(seen(data), RULES, "calls.csv")


cells = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        [
            "",
            "id",
            "queue",
            "start",
            "wait",
            "day",
            "outcome",
            "answered",
            "0:00:12",
            "46178.3958333",
            "3 mei 2024",
            "2024-06-03 09:30:00",
            "03/06/2024",
            "09:30:12",
            "1717396000",
            "12",
        ]
    ),
)


@given(st.lists(st.lists(cells, min_size=1, max_size=6), min_size=1, max_size=8), st.sampled_from(",;|\t"))
def test_every_draft_is_a_mapping(rows: list[list[str]], delimiter: str) -> None:
    data = "\n".join(delimiter.join(row) for row in rows).encode()
    try:
        text = drafted(data)
    except FileError:
        return
    assert parse_mapping(text).events


@given(st.binary(max_size=400))
def test_any_bytes_are_a_draft_or_an_error_for_a_person(data: bytes) -> None:
    for each in (data, gzip.compress(data)):
        with suppress(FileError):
            assert parse_mapping(drafted(each))


def test_no_more_of_a_file_is_held_than_a_sample() -> None:
    line = b'{"a": "' + b"x" * 500_000 + b'"}\n'
    assert len(seen(line * 20).rows) < 2 + 2 * SAMPLE_BYTES / len(line)
    assert not seen(b"a,b\n" + b"1,2\n" * SAMPLE_BYTES).is_whole


@pytest.mark.parametrize(
    ("texts", "kind", "written"),
    [
        (["2024-06-03T09:30:00+02:00"], Kind.MOMENT, "RFC 3339"),
        (["1717396000", "1717396000.25"], Kind.MOMENT, "epoch seconds"),
        (["1717396000123"], Kind.MOMENT, "epoch milliseconds"),
        (["2024-06-03 09:30:00", "\\N", ""], Kind.MOMENT, "%Y-%m-%d %H:%M:%S"),
        (["03/06/2024 9:30:00", "13/06/2024 9:30:00"], Kind.MOMENT, "%d/%m/%Y %H:%M:%S"),
        (["6/13/2024 9:30:00 AM"], Kind.MOMENT, "%m/%d/%Y %I:%M:%S %p"),
        (["09:30:00"], Kind.CLOCK, "%H:%M:%S"),
        (["2024-06-03"], Kind.DAY, "%Y-%m-%d"),
        (["2024-06-03 09:30:00.25+00", "2024-06-03 09:30:12+00"], Kind.MOMENT, "postgresql"),
        (["2024-06-03 09:30:00.25", "2024-06-03 09:30:12"], Kind.MOMENT, "postgresql"),
        (["3-jun-2024 09:30:00", "3-mei-2024 09:30:00"], Kind.MOMENT, "%d-%b-%Y %H:%M:%S"),
        (["3 févr. 2024 9:30"], Kind.MOMENT, "%d %b %Y %H:%M"),
        (["45446.3958333", "45447"], Kind.MOMENT, "excel days"),
        (["45446", "45447"], Kind.NUMBER, ""),
        (["13/06/2024 9:30", "2024-06-13 9:30"], Kind.MOMENT, "%Y-%m-%d %H:%M or %d/%m/%Y %H:%M"),
        (["13/06/2024 9:30", "6/13/2024 9:30"], Kind.TEXT, ""),
        (["12", "71.2 %", "1.234,5"], Kind.NUMBER, ""),
        (["kcc", "2024-06-03"], Kind.TEXT, ""),
        (["", "NULL"], Kind.EMPTY, ""),
    ],
)
def test_what_stands_in_a_column_is_known_by_its_texts(texts: list[str], kind: Kind, written: str) -> None:
    found = kind_of(texts)
    assert (found.kind, " or ".join(found.formats)) == (kind, written)


@pytest.mark.parametrize(
    "data",
    [
        b"call,agents,answered\n1,3,2024-06-03 09:30:12\n",
        b"id;start;wait;total\n1;2024-06-03 09:00:00;12;14\n2;2024-06-03 09:00:07;1;2\n",
        b"name,day\nWonen,2024-06-03\n",
        b"line,calls,answered,time\nA,1,1,09:30:12\nA,1,0,09:31:07\n",
    ],
)
def test_single_contacts_are_no_totals(data: bytes) -> None:
    assert totals(seen(data)) == []
