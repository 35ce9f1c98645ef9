"""What stands on Kafka of each source."""

import msgspec
import pytest

from streams.core.rules import Channel
from streams.records.sources import SourceRecord, SourceRecordError, newest_of, read_source, source_record
from streams.sources.source import POSITION_BYTES_MAX

RECORD = SourceRecord(
    source="kcc",
    kind="asterisk",
    position=b"\x00\xff",
    follower="f1",
    written_ms=1_700_000_000_000,
    connected=True,
    since_ms=1_700_000_000_000,
    channels=(Channel.PHONE,),
)


def test_the_newest_record_of_a_source_counts_and_no_other_is_looked_at() -> None:
    later = msgspec.structs.replace(RECORD, position=None, connected=False, why="cut off")
    other = (b"balie", b"no JSON")
    assert newest_of("kcc", [source_record(RECORD), other, source_record(later)]) == later
    assert newest_of("kcc", [source_record(RECORD), (b"kcc", None)]) is None
    assert newest_of("desk", [source_record(RECORD)]) is None


def test_the_largest_position_fits_in_a_record() -> None:
    _, value = source_record(msgspec.structs.replace(RECORD, position=b"\xff" * POSITION_BYTES_MAX))
    assert len(value) < 512 * 1024


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"{", "cannot be read: .* Is sources_topic in the settings the right"),
        (b'{"format": 2, "position": 7}', "has format 2, this version of wachtmonitor reads 1"),
    ],
)
def test_what_cannot_be_read_says_so(value: bytes, text: str) -> None:
    with pytest.raises(SourceRecordError, match=text):
        read_source(b"kcc", value)
