"""Dead letters: nothing of a refused record is lost, and a repeated letter is known for the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.records.dead_letters import (
    KEY_BYTES_KEPT,
    VALUE_BYTES_KEPT,
    DeadLetter,
    DeadLetterError,
    dead_letter_record,
    read_dead_letter,
    refused,
    refused_together,
)
from tests.core.builders import STEADY

LETTER = DeadLetter(
    topic="calls",
    partition=3,
    offset=123,
    reason="invalid_utf8",
    key=b"call-1",
    value=b'{"type":"offered"\xff',
    value_bytes=18,
    timestamp_ms=1_772_442_000_000,
)


@STEADY
@given(
    st.builds(
        DeadLetter,
        partition=st.integers(0),
        offset=st.integers(0),
        key=st.none() | st.binary(),
        detail=st.none() | st.text(),
    )
)
def test_a_letter_comes_back_as_it_was(letter: DeadLetter) -> None:
    """Whatever the bytes; no key and an empty key stay apart, and so do no value and an empty one."""
    record = dead_letter_record(letter)
    assert read_dead_letter(record.value, record.headers) == letter


def test_the_record_says_where_the_bytes_came_from_and_why_they_were_refused() -> None:
    record = dead_letter_record(LETTER)
    assert record.key == b"calls/3/123"
    assert record.value == LETTER.value
    assert dict(record.headers) == {
        "topic": b"calls",
        "partition": b"3",
        "offset": b"123",
        "reason": b"invalid_utf8",
        "value_bytes": b"18",
        "timestamp_ms": b"1772442000000",
        "key": b"call-1",
    }


def test_records_that_were_refused_together_have_one_letter() -> None:
    letter = refused_together(
        "calls", 3, 123, records=7, reason="batch_too_large", packed_bytes=305_780, timestamp_ms=2
    )
    record = dead_letter_record(letter)
    assert (record.key, record.value) == (b"calls/3/123", None)
    assert dict(record.headers)["records"] == b"7"
    assert read_dead_letter(record.value, record.headers) == letter


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [*dead_letter_record(LETTER).headers, ("records", b"many")],
        [("topic", b"calls"), ("partition", b"3"), ("offset", b"123"), ("reason", b"empty")],
        [*((n, v) for n, v in dead_letter_record(LETTER).headers if n != "offset"), ("offset", b"far")],
        [*((n, v) for n, v in dead_letter_record(LETTER).headers if n != "topic"), ("topic", b"\xff")],
    ],
    ids=["none", "records no number", "one missing", "no number", "no text"],
)
def test_a_record_of_another_program_is_refused_without_its_content(headers: list[tuple[str, bytes]]) -> None:
    with pytest.raises(DeadLetterError, match="does another program write to this topic") as refused:
        read_dead_letter(b"0471 23 45 67", headers)
    assert "0471" not in str(refused.value)


@pytest.mark.parametrize("value", [None, b"", b"x" * VALUE_BYTES_KEPT])
def test_what_fits_is_kept_whole(value: bytes | None) -> None:
    letter = refused("calls", 0, 1, reason="empty", key=b"k", value=value, timestamp_ms=2)
    assert (letter.key, letter.value, letter.value_bytes) == (b"k", value, len(value or b""))


def test_what_no_topic_would_take_is_cut_and_its_length_kept() -> None:
    key, value = b"k" * (KEY_BYTES_KEPT + 1), b"v" * (VALUE_BYTES_KEPT + 5)
    letter = refused("calls", 0, 1, reason="too_large", key=key, value=value, timestamp_ms=2)
    assert letter.key == key[:-1]
    assert letter.value == value[:-5]
    assert letter.value_bytes == len(value)
