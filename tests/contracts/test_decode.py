"""Decoding: whatever the bytes, an event or a rejection, and nothing of a citizen in either."""

import inspect
import json
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.channels.calls.events import CALL_EVENTS, CallEvent, Offered
from streams.channels.visits.events import TICKET_EVENTS, Requested, TicketEvent
from streams.contracts.decode import NESTING_MAX, VALUE_BYTES_MAX
from streams.contracts.events import EPOCH_SECONDS_MAX, ID_LENGTH_MAX
from streams.contracts.rejections import Reason, Rejection
from streams.core.rules import Channel
from tests.contracts.decoders import DECODERS, EARLIEST_MS, FUTURE_TOLERANCE_MS, PLAN_AHEAD_MS, STEADY
from tests.contracts.examples import CLUSTERS, bad_examples, examples
from tests.contracts.test_instants import OFFSETS

NOW_MS = 1_717_149_600_000
KINDS = st.sampled_from(Channel)
CALL: dict[str, Any] = {"type": "offered", "call_id": "c-1", "cluster": "Klantencontactcentrum", "at": 1_717_148_402}
TICKET: dict[str, Any] = {"type": "arrived", "ticket_id": "t-1", "cluster": "Wonen", "at": 1_717_148_402}
PHONE = "0470123456"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def decode_call(fields: dict[str, Any] | bytes, key: bytes | None = b"c-1", timestamp_ms: int = NOW_MS) -> Any:
    """What becomes of a record on the topic of calls."""
    value = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    return DECODERS[Channel.PHONE](key, value, timestamp_ms)


def decode_ticket(fields: dict[str, Any], timestamp_ms: int = NOW_MS) -> Any:
    """What becomes of a record on the topic of tickets."""
    return DECODERS[Channel.DESK](b"t-1", json.dumps(fields).encode(), timestamp_ms)


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("schema", [0, 7, 123, 2**31])
def test_json_is_read_behind_the_five_bytes_of_a_schema_registry(channel: Channel, schema: int) -> None:
    """One by one, in a batch of their own, and among others."""
    head, decode = b"\0" + schema.to_bytes(4, "big"), DECODERS[channel]
    id_, fields = (b"c-1", CALL) if channel is Channel.PHONE else (b"t-1", TICKET)
    plain = json.dumps(fields).encode()
    expected = decode(id_, plain, NOW_MS)
    assert not isinstance(expected, Rejection)
    for values in ([head + plain], [head + plain] * 3, [plain, head + b" " + plain, plain]):
        assert decode.decode_batch([id_] * len(values), values, [NOW_MS] * len(values)).outcomes() == [
            expected for _ in values
        ]
    assert decode.read(head + plain) == expected


@pytest.mark.parametrize("behind", [b"\x0ccall-1", b"\0\x0a\x06call-1", b"[]", b"\xff\xfe"])
def test_what_is_no_json_behind_those_bytes_has_a_reason_of_its_own(behind: bytes) -> None:
    assert reason_of(decode_call(b"\0\0\0\0\x07" + behind)) is Reason.SCHEMA_REGISTRY
    assert reason_of(decode_call(b"\0\0\0\0\x07{" + behind)) is not Reason.SCHEMA_REGISTRY


def reason_of(decoded: object) -> Reason:
    """The reason of what must be a rejection."""
    assert isinstance(decoded, Rejection)
    return decoded.reason


# Whatever comes.


def assert_event_or_rejection(channel: Channel, key: bytes | None, value: bytes | None, timestamp_ms: int) -> None:
    """The decoder answers, and an event is one of its own topic."""
    decoded = DECODERS[channel](key, value, timestamp_ms)
    allowed = CALL_EVENTS if channel is Channel.PHONE else TICKET_EVENTS
    assert isinstance(decoded, (Rejection, *allowed))


@STEADY
@given(KINDS, st.none() | st.binary(max_size=20), st.none() | st.binary(max_size=600), st.integers(-1, 2**63 - 1))
def test_any_bytes_give_an_event_or_a_rejection(
    channel: Channel, key: bytes | None, value: bytes | None, timestamp_ms: int
) -> None:
    assert_event_or_rejection(channel, key, value, timestamp_ms)


@STEADY
@given(KINDS, JSON)
def test_any_json_gives_an_event_or_a_rejection(channel: Channel, document: Any) -> None:
    assert_event_or_rejection(channel, b"c-1", json.dumps(document).encode(), NOW_MS)


SNIPPETS = st.binary(max_size=6) | st.sampled_from(
    [
        b'"',
        b"\\",
        b"\\u",
        b"\\ud800",
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b",",
        b"-",
        b"1e999",
        b"NaN",
        b"null",
        b"\xff",
        b"9" * 400,
    ]
)


@STEADY
@given(
    st.sampled_from(examples()),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 6), SNIPPETS), min_size=1, max_size=4),
)
def test_a_damaged_example_gives_an_event_or_a_rejection(example: Any, damages: list[tuple[int, int, bytes]]) -> None:
    value = example.value.encode()
    for place, length, snippet in damages:
        value = value[:place] + snippet + value[place + length :]
    assert_event_or_rejection(example.channel, example.key.encode(), value, example.timestamp_ms)


# Batches.


@STEADY
@given(st.data(), KINDS, st.sampled_from([0, 1, 3]))
def test_a_record_is_judged_alike_in_any_company(data: st.DataObject, channel: Channel, bad: int) -> None:
    good_ones = [(each, each.event) for each in examples() if each.channel is channel]
    bad_ones = [(each, each.reason) for each in bad_examples() if each.channel is channel]
    drawn: list[Any] = data.draw(st.lists(st.sampled_from(good_ones), min_size=1, max_size=12))
    drawn += data.draw(st.lists(st.sampled_from(bad_ones), min_size=bad, max_size=bad))
    batch = data.draw(st.permutations(drawn))
    records = [each for each, _ in batch]
    keys, values = [as_bytes(each.key) for each in records], [as_bytes(each.value) for each in records]
    decoded = DECODERS[channel].decode_batch(keys, values, [each.timestamp_ms for each in records])
    answers = [each.reason if isinstance(each, Rejection) else each for each in decoded.outcomes()]
    assert answers == [answer for _, answer in batch]
    refused = [place for place, answer in enumerate(answers) if isinstance(answer, Reason)]
    assert [each.place for each in decoded.rejected] == refused
    assert len(decoded.events) == len(decoded.instants_ms) == len(batch) - len(refused)
    times_ms = [each.timestamp_ms for place, each in enumerate(records) if place not in refused]
    assert list(decoded.record_times_ms) == times_ms


def as_bytes(text: str | bytes | None) -> bytes | None:
    """A key or a value of an example as it arrives."""
    return text.encode() if isinstance(text, str) else text


@pytest.mark.parametrize("ids", [("c\n1", "c2"), ("c", "1\nc2")])
def test_a_line_break_in_an_id_moves_no_key_to_another_record(ids: tuple[str, str]) -> None:
    values = [json.dumps({**CALL, "call_id": call_id}).encode() for call_id in ids]
    decoded = DECODERS[Channel.PHONE].decode_batch([b"c\n1", b"c2"], values, [NOW_MS] * 2)
    assert [each.place for each in decoded.rejected] == ([] if ids == ("c\n1", "c2") else [0, 1])


def test_a_batch_of_no_record_holds_no_event() -> None:
    assert DECODERS[Channel.PHONE].decode_batch([], [], []).record_count == 0


NO_FIELDS: list[Any] = [None, True, [], {}, ["c-1"]]
NUMBERS = [0, -1, 1e300, 1_717_148_402, 1_717_148_402_000, 1_717_148_402.5]
TEXTS = ["", "c-1", "Wonen", "Klantencontactcentrum", "x" * 300, "2024-05-31T09:40:02Z", "2024-05-31T09:40:02"]
FIELD_VALUES = st.sampled_from([*NO_FIELDS, *NUMBERS, *TEXTS])
NEARLY_CALLS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["offered", "answered", "ended", "arrived"]) | FIELD_VALUES,
        "call_id": st.just("c-1") | FIELD_VALUES,
        "cluster": st.just("Klantencontactcentrum") | FIELD_VALUES,
        "at": st.just(1_717_148_402) | FIELD_VALUES,
        "planned_at": FIELD_VALUES,
    },
)


@STEADY
@given(NEARLY_CALLS)
def test_the_reason_is_the_first_fault_in_the_order_of_the_contract(fields: dict[str, Any]) -> None:
    """Against rules written down a second time, without the decoder's library."""
    decoded = decode_call(fields)
    expected = expected_reason(fields)
    assert (decoded.reason if isinstance(decoded, Rejection) else None) is expected


def expected_reason(fields: dict[str, Any]) -> Reason | None:
    """The first fault of a call whose record has the key `c-1`, for the values that the test draws."""
    known_types = ("offered", "answered", "abandoned", "ended")
    moments = (0, -1, 1_717_148_402, 1_717_148_402.5, "2024-05-31T09:40:02Z")
    rules: list[tuple[str, Any, Callable[[Any], bool], Reason]] = [
        ("type", str, lambda value: value in known_types, Reason.UNKNOWN_TYPE),
        ("call_id", str, lambda value: 1 <= len(value) <= 200, Reason.INVALID_ID),
        ("cluster", str, lambda value: 1 <= len(value) <= 100, Reason.UNKNOWN_CLUSTER),
        ("at", (str, int, float), lambda value: value in moments, Reason.INVALID_TIME),
    ]
    for name, kinds, is_valid, reason in rules:
        if name not in fields:
            return Reason.MISSING_FIELD
        if not isinstance(fields[name], kinds) or isinstance(fields[name], bool):
            return Reason.WRONG_TYPE
        if not is_valid(fields[name]):
            return reason
    if fields["call_id"] != "c-1":
        return Reason.KEY_MISMATCH
    if fields["cluster"] != "Klantencontactcentrum":
        return Reason.UNKNOWN_CLUSTER
    return Reason.TIME_TOO_EARLY if fields["at"] in (0, -1) else None


# What is accepted.


def events(channel: Channel) -> st.SearchStrategy[Any]:
    """Any event of the topic that lies within the bounds."""
    first, last = datetime(2016, 1, 2), datetime(2018, 9, 1)  # noqa: DTZ001 - the zones are drawn apart
    instants = st.datetimes(first, last, timezones=OFFSETS) | st.floats(1_451_700_000, 1_535_700_000)
    ids, clusters = st.text(min_size=1, max_size=20), st.sampled_from(sorted(CLUSTERS[channel]))
    if channel is Channel.PHONE:
        return st.one_of([st.builds(event, ids, clusters, instants) for event in CALL_EVENTS])
    return st.one_of(
        [
            st.builds(event, ids, clusters, instants, instants if event is Requested else st.none() | instants)
            for event in TICKET_EVENTS
        ]
    )


@STEADY
@given(st.data(), KINDS)
def test_an_encoded_event_decodes_to_itself(data: st.DataObject, channel: Channel) -> None:
    event = data.draw(events(channel))
    key = (event.call_id if isinstance(event, CallEvent) else event.ticket_id).encode()
    assert DECODERS[channel](key, msgspec.json.encode(event), NOW_MS) == event


def test_no_planned_time_takes_no_bytes() -> None:
    walk_in = TicketEvent("t-1", "Wonen", 1_717_148_402.0)
    assert b"planned_at" not in msgspec.json.encode(walk_in)


@pytest.mark.parametrize("contact_id", ["é" * ID_LENGTH_MAX, "😀" * ID_LENGTH_MAX, 'a"b\\c', "\t"])
def test_the_key_is_the_id_in_utf8_however_json_spells_it(contact_id: str) -> None:
    for ascii_only in (True, False):
        value = json.dumps({**CALL, "call_id": contact_id}, ensure_ascii=ascii_only).encode()
        decoded = decode_call(value, contact_id.encode())
        assert isinstance(decoded, Offered)
        assert decoded.call_id == contact_id


def test_a_longer_id_is_refused_by_its_characters() -> None:
    too_long = "é" * (ID_LENGTH_MAX + 1)
    assert reason_of(decode_call({**CALL, "call_id": too_long}, too_long.encode())) is Reason.INVALID_ID


@pytest.mark.parametrize("wrap", [lambda value: b" \r\n\t" + value + b"\n", lambda value: value])
def test_white_space_around_the_object_does_no_harm(wrap: Callable[[bytes], bytes]) -> None:
    assert isinstance(decode_call(wrap(json.dumps(CALL).encode())), Offered)


def test_of_a_field_that_is_given_twice_the_last_value_counts() -> None:
    value = json.dumps(CALL).encode().replace(b'"at":', b'"at": 1717148400, "at":')
    assert decode_call(value).at == CALL["at"]


def test_of_a_field_that_is_given_twice_the_first_value_must_be_valid_too() -> None:
    value = json.dumps(CALL).encode().replace(b'"at":', b'"at": true, "at":')
    assert reason_of(decode_call(value)) is Reason.MALFORMED_JSON


# Times.


@pytest.mark.parametrize(
    ("at_ms", "reason"),
    [
        (EARLIEST_MS, None),
        (EARLIEST_MS - 1, Reason.TIME_TOO_EARLY),
        (NOW_MS + FUTURE_TOLERANCE_MS, None),
        (NOW_MS + FUTURE_TOLERANCE_MS + 1, Reason.TIME_IN_FUTURE),
        (EPOCH_SECONDS_MAX * 1000, Reason.TIME_IN_FUTURE),
        (EPOCH_SECONDS_MAX * 1000 + 1000, Reason.INVALID_TIME),
    ],
)
def test_bounds_of_the_time_of_an_event(at_ms: int, reason: Reason | None) -> None:
    decoded = decode_call({**CALL, "at": at_ms / 1000})
    assert (decoded.reason if isinstance(decoded, Rejection) else None) is reason


@pytest.mark.parametrize(
    ("planned_ms", "reason"),
    [
        (EARLIEST_MS, None),
        (EARLIEST_MS - 1, Reason.TIME_TOO_EARLY),
        (TICKET["at"] * 1000 + PLAN_AHEAD_MS, None),
        (TICKET["at"] * 1000 + PLAN_AHEAD_MS + 1, Reason.TIME_IN_FUTURE),
    ],
)
def test_bounds_of_a_planned_time(planned_ms: int, reason: Reason | None) -> None:
    decoded = decode_ticket({**TICKET, "planned_at": planned_ms / 1000})
    assert (decoded.reason if isinstance(decoded, Rejection) else None) is reason


def test_a_time_is_judged_by_its_record_and_by_nothing_else() -> None:
    at = {**CALL, "at": "2024-05-31T12:00:00Z"}
    noon_ms = 1_717_156_800_000
    assert reason_of(decode_call(at, timestamp_ms=noon_ms - FUTURE_TOLERANCE_MS - 1)) is Reason.TIME_IN_FUTURE
    assert isinstance(decode_call(at, timestamp_ms=noon_ms - FUTURE_TOLERANCE_MS), Offered)


# Size and depth.


def padded(size: int) -> bytes:
    """A valid call of exactly `size` bytes."""
    bare = json.dumps({**CALL, "note": ""}).encode()
    return bare.replace(b'""', b'"' + b"x" * (size - len(bare)) + b'"')


def test_a_value_is_read_up_to_its_largest_size_and_not_beyond() -> None:
    assert isinstance(decode_call(padded(VALUE_BYTES_MAX)), Offered)
    assert reason_of(decode_call(padded(VALUE_BYTES_MAX + 1))) is Reason.TOO_LARGE
    assert reason_of(decode_call(padded(1_000_000))) is Reason.TOO_LARGE


def nested(levels: int) -> bytes:
    """A call with an ignored field so that the whole is nested that deep."""
    deep = b"[" * (levels - 1) + b"]" * (levels - 1)
    return json.dumps(CALL).encode()[:-1] + b', "x": ' + deep + b"}"


def test_nesting_is_read_up_to_its_depth_and_not_beyond() -> None:
    assert isinstance(decode_call(nested(NESTING_MAX)), Offered)
    assert reason_of(decode_call(nested(NESTING_MAX + 1))) is Reason.MALFORMED_JSON
    assert reason_of(decode_call(b"[" * VALUE_BYTES_MAX)) is Reason.MALFORMED_JSON
    assert reason_of(decode_call(b'{"a":' * (VALUE_BYTES_MAX // 5))) is Reason.MALFORMED_JSON


def test_the_depth_that_is_read_does_not_depend_on_the_callers_stack() -> None:
    def deeper(frames: int) -> Any:
        return decode_call(nested(NESTING_MAX)) if frames == 0 else deeper(frames - 1)

    frames_left = sys.getrecursionlimit() - len(inspect.stack(0))
    assert isinstance(deeper(frames_left - NESTING_MAX - 50), Offered)


@pytest.mark.parametrize(
    "note",
    ["[" * 500, '\\"[{' * 500, "\\\\", [[]] * 500],
    ids=["text", "escaped quotes", "backslashes", "side by side"],
)
def test_brackets_that_do_not_nest_are_no_depth(note: Any) -> None:
    assert isinstance(decode_call({**CALL, "note": note}), Offered)


@pytest.mark.parametrize("text", ["\\ud800", "\\udc00", "\\ud800\\u0041", "\\uzzzz", "\\x"])
def test_an_escape_that_is_no_character_is_malformed_in_any_field(text: str) -> None:
    for field in ("call_id", "note"):
        value = json.dumps({**CALL, field: "ESCAPE"}).replace("ESCAPE", text).encode()
        assert reason_of(decode_call(value)) is Reason.MALFORMED_JSON


@pytest.mark.parametrize("garbage", [b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80"])
def test_bytes_that_are_no_utf8_are_refused_in_any_field(garbage: bytes) -> None:
    for field in ("type", "call_id", "cluster", "at", "note"):
        value = json.dumps({**CALL, field: "GARBAGE"}).encode().replace(b"GARBAGE", garbage)
        assert reason_of(decode_call(value)) is Reason.INVALID_UTF8


# Privacy.


def shown(decoded: Any) -> str:
    """Everything that a log, a label or a store could take from a result."""
    return repr(decoded) + str(decoded) + msgspec.json.encode(decoded).decode() + str(msgspec.structs.asdict(decoded))


UNKNOWN_VALUES = st.recursive(
    st.sampled_from([PHONE, int(PHONE), f"tel:{PHONE}"]),
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(st.just(PHONE), inner, min_size=1),
    max_leaves=4,
)


@STEADY
@given(
    st.dictionaries(st.sampled_from(["caller", "planned_at", "ticket_id", PHONE, "At"]), UNKNOWN_VALUES, min_size=1)
)
def test_a_decoded_event_holds_nothing_beyond_the_contract(unknown: dict[str, Any]) -> None:
    """For a call the fields of a ticket are unknown ones too."""
    decoded = decode_call({**unknown, **CALL})
    assert isinstance(decoded, Offered)
    assert decoded.__struct_fields__ == ("call_id", "cluster", "at")
    assert PHONE.lstrip("0") not in shown(decoded)


FAULTY = {
    "type": PHONE,
    "call_id": int(PHONE),
    "cluster": PHONE,
    "at": PHONE,
    "planned_at": [PHONE],
    "ticket_id": PHONE * 30,
}


@STEADY
@given(st.sets(st.sampled_from(sorted(FAULTY)), min_size=1), st.sampled_from([CALL, TICKET]), st.integers(0, 40))
def test_a_rejection_tells_nothing_of_what_the_record_holds(names: set[str], base: dict[str, Any], cut: int) -> None:
    value = json.dumps({**base, **{name: FAULTY[name] for name in names}, "caller": PHONE}).encode()
    for channel in Channel:
        for damaged in (value, value[: len(value) - cut], value.replace(b"cluster", b"\xff"), b"[" + value + b"]"):
            decoded = DECODERS[channel](PHONE.encode(), damaged, NOW_MS)
            if isinstance(decoded, Rejection):
                assert PHONE.lstrip("0") not in shown(decoded)


@pytest.mark.parametrize("example", bad_examples(), ids=lambda example: f"{example.reason}: {example.title}")
def test_what_is_wrong_is_said_in_one_short_sentence(example: Any) -> None:
    refused = DECODERS[example.channel](example.key, example.value, example.timestamp_ms)
    assert isinstance(refused, Rejection)
    assert refused.detail.startswith("expected ")
    assert len(refused.detail) < 140
    assert "\n" not in refused.detail
