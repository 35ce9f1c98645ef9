"""What is fuzzed, and what must be true of it whatever the bytes. Must not know the fuzzer."""

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from streams.contracts.examples import Kind, bad_examples, examples
from streams.contracts.rejections import Rejection
from streams.sources.delimited import Row, Unreadable, read_rows
from streams.sources.mapping import FileMapping, MappingError, parse_mapping
from tests.contracts.decoders import DECODERS

Steps = Iterator[object]
"""Each step reads one record; between two of them the clock stands still."""

NOW_MS: Final = 1_717_149_600_000

EXAMPLE: Final = Path(__file__).parents[2] / "deploy" / "examples" / "anonymous-bank" / "mapping.toml"

_ID: Final = re.compile(rb'"(?:call|ticket)_id"\s*:\s*"([^"\\]*)"')

_TIMES: Final = (
    'zone = "Europe/Brussels"\nformat = "%Y-%m-%d %H:%M:%S"',
    'zone = "America/New_York"\nformat = "%I:%M %p"\ndate_column = "day"',
    'format = "RFC 3339"',
    'format = "epoch seconds"',
)


class Target(NamedTuple):
    """Something that reads, with what to begin from."""

    read: Callable[[bytes], Steps]
    seeds: Sequence[bytes]
    words: Sequence[bytes]
    """What the fuzzer would take long to hit upon."""
    length_max: int
    record_ms_max: float
    """Longest that one record may take, in ms of processor time."""


# The decoder: records stand one after the other, the first byte of each chooses the topic and the key.

_NEXT: Final = b"\x1e"


class _Record(NamedTuple):
    kind: Kind
    key: bytes
    value: bytes


def _records(data: bytes) -> Iterator[_Record]:
    for record in filter(None, data.split(_NEXT)):
        value = record[1:]
        named = _ID.search(value)
        key = named[1] if named and record[0] & 2 else value[:8]
        yield _Record(Kind.TICKETS if record[0] & 1 else Kind.CALLS, key, value)


def _decode(data: bytes) -> Steps:
    """Each record by itself, then those of a topic together, which must come to the same."""
    records = list(_records(data))
    alone: dict[Kind, list[Any]] = {kind: [] for kind in Kind}
    for kind, key, value in records:
        decoded: Any = DECODERS[kind](key, value, NOW_MS)
        yield decoded
        alone[kind].append(decoded)
        if not isinstance(decoded, Rejection):
            again = DECODERS[kind](key, msgspec.json.encode(decoded), NOW_MS)
            assert again == decoded, "an event means the same when it is written again"
    for kind, found in alone.items():
        same = [record for record in records if record.kind is kind]
        keys, values = [record.key for record in same], [record.value for record in same]
        together = DECODERS[kind].decode_batch(keys, values, [NOW_MS] * len(same))
        assert together.events == found, "a batch holds what its records hold"


def _decode_seeds() -> list[bytes]:
    kinds = {Kind.CALLS: 0, Kind.TICKETS: 1}
    good = [bytes([kinds[each.kind] | 2]) + each.value.encode() for each in examples()]
    bad = [bytes([kinds[each.kind] | 2]) + each.value for each in bad_examples() if each.value]
    short = [*good, *(seed for seed in bad if len(seed) < 2_000)]
    return [*good, *bad, _NEXT.join(short), _NEXT.join(good[::-1])]


# Rows of a delimited file: the first byte chooses the mapping.


def _mapping(time: str, quote: str) -> FileMapping:
    return parse_mapping(
        f'[file]\nquote = "{quote}"\nnull_values = ["-"]\ncolumns = ["id", "queue", "day", "came", "taken", "plan"]\n'
        f'[time]\n{time}\n[id]\ncolumns = ["id", "queue"]\n[cluster]\ncolumn = "queue"\n'
        '[[leave_out]]\nreason = "test"\nwhen = { queue = "TEST" }\n'
        '[[event]]\ntype = "requested"\nat = "came"\nplanned_at = "plan"\nwhen = { queue = "A" }\n'
        '[[event]]\ntype = "started"\nat = ["taken", "came"]\nplanned_at = "plan"\n'
    )


_MAPPINGS: Final = [_mapping(time, quote) for time in _TIMES for quote in ("'", "")]


def _rows(data: bytes) -> Steps:
    if not data:
        return
    for row in read_rows(io.BytesIO(data[1:]), _MAPPINGS[data[0] % len(_MAPPINGS)]):
        assert isinstance(row, Row)
        assert bool(row.events) != (row.left_out is not None), "events, or a reason why there are none"
        assert row.left_out is None or row.left_out.on_purpose or row.left_out.reason in set(Unreadable)
        yield row


_ROWS: Final = (
    b"1,A,2026-10-05,2026-10-05 09:30:00,2026-10-05 09:31:00,2026-10-05 09:40:00\n",
    b"1,B,2026-10-05,09:30 AM,11:59 PM,12:01 AM\n",
    b"1,A,,2026-10-05T09:30:00+02:00,-,2026-10-05T09:40:00Z\n",
    b"1,'A\nB',,1790929800.5,1790929812,1790929900\n",
    b"1,TEST,2026-03-29,2026-03-29 02:30:00,,\n",
)


# The mapping file.


def _parse(data: bytes) -> Steps:
    read = _mapping_or_problems(data)
    yield read
    if isinstance(read, FileMapping):
        with suppress(MappingError):  # its columns are not those of this file
            yield from read_rows(io.BytesIO(_FILE), read)


def _mapping_or_problems(data: bytes) -> FileMapping | list[str]:
    try:
        return parse_mapping(data.decode(errors="replace"))
    except MappingError as error:
        return error.problems


_FILE: Final = b"id,queue,day,came\n1,A,2026-10-05,2026-10-05 09:30:00\n\xff\xfe\x00,\x80,,\n" + bytes(range(256))


TARGETS: Final[Mapping[str, Target]] = {
    "decoder": Target(
        _decode,
        _decode_seeds(),
        [_NEXT + b"\x02{", _NEXT + b"\x03{",
         b'"type":', b'"at":', b'"planned_at":', b'"call_id":"', b'"ticket_id":"', b'"cluster":"', b"null", b"1e308",
         b'"2026-10-05T09:30:00+02:00"', b"\\ud800", b"\\u0000", b"offered", b"requested", b"Wonen", b"[[[[[[[[",
         b"Klantencontactcentrum", b"\xff\xfe", b"253402300800", b"-62135596800", b'"24:00:00"'],
        20_000,
        10.0,
    ),
    "rows": Target(
        _rows,
        [bytes([number]) + row * 3 for number in range(len(_MAPPINGS)) for row in _ROWS],
        [b"2026-10-05 09:30:00", b"2026-10-25 02:30:00", b"2026-03-29 02:30:00", b"09:30 PM", b"1e308",
         b"nan", b"inf", b"2026-10-05T09:30:00+02:00", b"','", b"'\n'", b"\r\n", b"\xef\xbb\xbf", b"\x00",
         b"          ", b"TEST"],
        4_096,
        10.0,
    ),
    "mapping": Target(
        _parse,
        [EXAMPLE.read_bytes(), *(
            f'[time]\n{time}\n[id]\ncolumns = ["id"]\n[cluster]\nconstant = "A"\n'
            '[[event]]\ntype = "offered"\nat = { column = "came" }\n'.encode()
            for time in _TIMES
        )],
        [b"[file]", b"[time]", b"[id]", b"[cluster]", b"[[event]]", b"[[leave_out]]", b"when = {", b"format = ",
         b"zone = ", b"encoding = ", b"quote = ", b"delimiter = ", b"%Y", b"%H:%M", b"%z", b"%Z", b"%p", b"%%",
         b"[[[[", b'"requested"', b'"idna"', b'"utf-16"', b"\\u0000", b"date_column", b"planned_at = ", b"1e9999",
         b"{ column ="],
        4_096,
        100.0,
    ),
}  # fmt: skip
"""What is fuzzed, by name. A mapping is no record: somebody reads one at a time."""
