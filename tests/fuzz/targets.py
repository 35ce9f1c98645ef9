"""What is fuzzed, and what must be true of it whatever the bytes. Must not know the fuzzer."""

import gzip
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from aiokafka import TopicPartition

from streams.contracts.rejections import Rejection
from streams.core.rules import Channel
from streams.runtime.fetching.fetch import Batches
from streams.runtime.fetching.turns import Unread, take_turns
from streams.settings import load
from streams.sources.files.contract import read_contract
from streams.sources.files.events import read_rows
from streams.sources.files.row import Row, Unreadable
from streams.sources.files.unpacking import FileError
from streams.sources.guess.draft import draft
from streams.sources.guess.sample import look
from streams.sources.mapping import FileMapping, MappingError, parse_mapping
from tests.contracts.decoders import DECODERS
from tests.contracts.examples import bad_examples, examples
from tests.runtime import batches as made_of
from tests.runtime.batches import CODECS, MIB, ZSTD, batch, compressed, message, packed_zeros, wrapped

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
    'format = "postgresql"',
    'zone = "Europe/Brussels"\nformat = ["excel days", "%d %b %Y %H:%M", "RFC 3339"]',
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
    channel: Channel
    key: bytes
    value: bytes


def _records(data: bytes) -> Iterator[_Record]:
    for record in filter(None, data.split(_NEXT)):
        value = record[1:]
        named = _ID.search(value)
        key = named[1] if named and record[0] & 2 else value[:8]
        yield _Record(Channel.DESK if record[0] & 1 else Channel.PHONE, key, value)


def _decode(data: bytes) -> Steps:
    """Each record by itself, then those of a topic together, which must come to the same."""
    records = list(_records(data))
    alone: dict[Channel, list[Any]] = {channel: [] for channel in Channel}
    for channel, key, value in records:
        decoded: Any = DECODERS[channel](key, value, NOW_MS)
        yield decoded
        alone[channel].append(decoded)
        if not isinstance(decoded, Rejection):
            again = DECODERS[channel](key, msgspec.json.encode(decoded), NOW_MS)
            assert again == decoded, "an event means the same when it is written again"
    for channel, found in alone.items():
        same = [record for record in records if record.channel is channel]
        keys, values = [record.key for record in same], [record.value for record in same]
        together = DECODERS[channel].decode_batch(keys, values, [NOW_MS] * len(same))
        assert together.outcomes() == found, "a batch holds what its records hold"


def _decode_seeds() -> list[bytes]:
    kinds = {Channel.PHONE: 0, Channel.DESK: 1}
    good = [bytes([kinds[each.channel] | 2]) + each.value.encode() for each in examples()]
    bad = [bytes([kinds[each.channel] | 2]) + each.value for each in bad_examples() if each.value]
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
        '[[event]]\ntype = "finished"\nat = "came"\nplus = { column = "plan", format = ["H:MM:SS", "days"] }\n'
        'when = { queue = "C" }\n'
    )


_MAPPINGS: Final = [_mapping(time, quote) for time in _TIMES for quote in ("'", "")]


def _rows(data: bytes) -> Steps:
    if not data:
        return
    with suppress(FileError, MappingError):  # it is no file of rows, or holds durations for times of day
        yield from map(_checked, read_rows(io.BytesIO(data[1:]), _MAPPINGS[data[0] % len(_MAPPINGS)]))


def _checked(row: Row) -> Row:
    assert bool(row.events) != (row.left_out is not None), "events, or a reason why there are none"
    assert row.left_out is None or row.left_out.on_purpose or row.left_out.reason in set(Unreadable)
    return row


_ROWS: Final = (
    b"1,A,2026-10-05,2026-10-05 09:30:00,2026-10-05 09:31:00,2026-10-05 09:40:00\n",
    b"1,B,2026-10-05,09:30 AM,11:59 PM,12:01 AM\n",
    b"1,A,,2026-10-05T09:30:00+02:00,-,2026-10-05T09:40:00Z\n",
    b"1,'A\nB',,1790929800.5,1790929812,1790929900\n",
    b"1,TEST,2026-03-29,2026-03-29 02:30:00,,\n",
    b"1,C,,2026-10-25 02:30:00.25+02,-,0:00:42.5\n",
    b'1,C,,46178.3958333,5 okt. 2026 08:30,"0,000138"\n',
)


# A file of any kind: what is guessed of it, and its events if it holds events.


def _file(data: bytes) -> Steps:
    with suppress(FileError):
        guessed = draft(look(io.BytesIO(data)), _RULES, "calls.csv")
        yield guessed
        assert parse_mapping(guessed)
    with suppress(FileError):
        yield from map(_checked, read_contract(io.BytesIO(data), _RULES))


_RULES: Final = load(None, {}).rules


def _file_seeds() -> list[bytes]:
    table = b"id;queue;start;answered\n1;kcc;03/06/2024 09:30:00;03/06/2024 09:30:12\n"
    log = b"1717396100|c1|kcc|NONE|ENTERQUEUE||0400000001|1\n1717396109|c1|kcc|A|CONNECT|9\n"
    record = b'{"ContactId": "1", "Queue": {"Name": "kcc", "EnqueueTimestamp": "2024-06-03T09:30:00Z"}}\n'
    events = b"\n".join(each.value.encode() for each in examples())
    plain = [table, b"sep=;\n" + table, log, record, events, b"Day,Calls,Answered\n2024-06-03,12,10\n"]
    return [*plain, *map(gzip.compress, plain)]


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


# Batches: the first byte chooses format and compression, and whether the rest is packed so; two say how much it is.


def _batches(data: bytes) -> Steps:
    if len(data) <= _SAID:
        return
    kind, records, last_delta, body = data[0], data[1] - 2, data[2] - 2, data[_SAID:]
    name, magic = kind & 7, kind >> 4 & 3
    packed = body if kind & 8 or name not in CODECS.values() else None
    if magic < 2:
        made, end = wrapped(9, body, name=name, magic=magic, packed=packed), 10
    else:
        made, end = batch(body, records, name=name, packed=packed, last_delta=last_delta), max(last_delta, 0) + 1
    fetched = Batches(made)
    unread = Unread(0, [fetched.next_batch()])
    behind = 0
    for _, bundle in take_turns([(TopicPartition("calls", 0), unread)]):
        for each in bundle.batches():
            assert each.start == behind, "one follows the other"
            assert each.start < each.end <= end, "every offset is one of the batch"
            behind = each.end
            yield each


_SAID: Final = 3


def _batches_seeds() -> list[bytes]:
    body = b"".join(made_of.record(number, b"k", b"{}", [(b"h", None)]) for number in range(3))
    old = b"".join(message(number, b"k", b"{}") for number in range(3))
    said = bytes([5, 4])
    return [
        *(bytes([2 << 4 | name]) + said + body for name in CODECS.values()),
        *(bytes([2 << 4 | 8 | name]) + said + compressed(name, body) for name in CODECS.values()),
        *(bytes([1 << 4 | 8 | name]) + said + compressed(name, old) for name in CODECS.values()),
        *(bytes([name]) + said + old for name in CODECS.values()),
        bytes([2 << 4 | 8 | ZSTD]) + said + packed_zeros(ZSTD, made_of.record(0, b"k", b"{}"), 300 * MIB),
    ]


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
         b"nan", b"inf", b"2026-10-05T09:30:00+02:00", b"46178.3958333",
         b"5 okt. 2026", b"0:00:42", b"','", b"'\n'", b"\r\n", b"\xef\xbb\xbf", b"\x00",
         b"          ", b"TEST"],
        4_096,
        10.0,
    ),
    "file": Target(
        _file,
        _file_seeds(),
        [b"\x1f\x8b\x08", b"PK\x03\x04", b"PK\x05\x06", b"sep=", b"{\"", b"xl/workbook.xml", b"2024-06-03 09:30:00",
         b"1717396100", b"ENTERQUEUE", b"call_id", b"\xff\xfe", b"\\N", b"queue", b"start", b"answered"],
        4_096,
        1_000.0,
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
         b"{ column =", b"plus = ", b"duration_format = ", b"H:MM:SS", b"excel days", b"postgresql", b"extends = ",
         b'"3cx"', b"%b"],
        4_096,
        100.0,
    ),
    "batches": Target(
        _batches,
        _batches_seeds(),
        [b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"\x82SNAPPY\0", b"\xff\xff\xff\xff\x0f",
         b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x80\x01"],
        4_096,
        1_000.0,
    ),
}  # fmt: skip
"""What is fuzzed, by name. A mapping is no record, since somebody reads one at a time; a batch may be many."""
