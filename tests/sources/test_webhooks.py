"""Who sent a request, what documents are in it, and what its sender is told: without a server and without Kafka."""

import asyncio
import base64
import hmac
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha1, sha256
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.channels.visits.events import Arrived, Started
from streams.contracts.decode import Event
from streams.sources.documents.facts import DocumentFacts
from streams.sources.mapping import read_document_mapping
from streams.sources.webhooks import bodies, signatures
from streams.sources.webhooks.called import CalledSource, NotTakenError
from streams.sources.webhooks.hook import Answer, Hook, Judged
from streams.sources.webhooks.receiver import Receiver
from streams.sources.webhooks.request import Request, UnreadableError
from streams.sources.webhooks.signatures import Check

SECRET: Final = b"a secret of our own"
ADDRESS: Final = "https://hooks.example.org/desks?city=lier"

MAPPING: Final = """
[id]
columns = "data.id"
[cluster]
constant = "Burgerzaken"
[types]
column = "type"
values = { "be.city.printed" = "arrived", "be.city.called" = "started" }
at = "time"
"""
FACTS: Final = DocumentFacts(read_document_mapping(tomllib.loads(MAPPING)))


def request(body: bytes = b"", address: str = ADDRESS, **headers: str) -> Request:
    return Request(address, {name.replace("_", "-"): value for name, value in headers.items()}, body)


# Signatures.


def signed_by_qminder(body: bytes, secret: bytes = SECRET, address: str = ADDRESS) -> Request:
    signature = hmac.new(secret, address.encode() + body, sha256).hexdigest()
    return request(body, x_qminder_signature=signature)


def signed_by_twilio(fields: Mapping[str, str], secret: bytes = SECRET, address: str = ADDRESS) -> Request:
    text = address + "".join(name + fields[name] for name in sorted(fields))
    signature = base64.b64encode(hmac.new(secret, text.encode(), sha1).digest()).decode()
    return request(urlencode(fields).encode(), x_twilio_signature=signature)


def test_twilio_s_own_example_is_signed_as_it_says() -> None:
    """The one of its documentation and its libraries, whose token is 12345."""
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    example = request(
        urlencode(fields).encode(),
        "https://mycompany.com/myapp.php?foo=1&bar=2",
        x_twilio_signature="RSOYDt4T1cUTdK1PDd93/VVr8B8=",
    )
    assert signatures.twilio(b"12345")(example)
    assert not signatures.twilio(b"12346")(example)


_OVER_BODY: Final = signatures.over_body(SECRET, "X-Signature")
_DIGEST: Final = hmac.new(SECRET, b"{}", sha256)
_FIELDS: Final = {"b": "2", "a": "Jan & Lïen", "TaskSid": ""}


@pytest.mark.parametrize(
    ("check", "signed"),
    [
        (signatures.bearer(SECRET), request(authorization=f"Bearer {SECRET.decode()}")),
        (signatures.bearer(SECRET), request(authorization=f"bearer  {SECRET.decode()}")),
        (_OVER_BODY, request(b"{}", x_signature=_DIGEST.hexdigest())),
        (_OVER_BODY, request(b"{}", x_signature=f"sha256={_DIGEST.hexdigest().upper()}")),
        (_OVER_BODY, request(b"{}", x_signature=base64.b64encode(_DIGEST.digest()).decode())),
        (signatures.qminder(SECRET), signed_by_qminder(b'{"type":"ticket_created"}')),
        (signatures.twilio(SECRET), signed_by_twilio(_FIELDS)),
        (signatures.twilio(SECRET), signed_by_twilio(_FIELDS, address=ADDRESS.replace("/desks", ":443/desks"))),
    ],
)
def test_a_request_of_who_knows_the_secret_is_known_and_any_other_is_not(check: Check, signed: Request) -> None:
    assert check(signed)
    (name, value), *_ = signed.headers.items()
    for other in ("", value[:-1], f"{value}x", f"{value}, {value}", "é", "\udcff", "sha256=", value.swapcase() + "0"):
        assert not check(Request(signed.address, {name: other}, signed.body)), other
    assert not check(Request(signed.address, {}, signed.body))
    if name != "authorization":
        assert not check(Request(signed.address, signed.headers, signed.body + b"&a=1"))
    if "x-signature" not in signed.headers and name != "authorization":
        assert not check(Request("https://other.example.org/desks", signed.headers, signed.body))


def test_a_port_is_signed_as_it_was_entered() -> None:
    with_port = "https://hooks.example.org:443/desks"
    check = signatures.twilio(SECRET)
    for said in (with_port, with_port.replace(":443", "")):
        signed = signed_by_twilio(_FIELDS, address=said)
        assert check(Request(with_port, signed.headers, signed.body))
        assert not check(Request(with_port.replace(":443", ":8443"), signed.headers, signed.body))


@pytest.mark.parametrize("body", [b"a=%ff", b"\xff", b"&".join([b"a=1"] * 501)])
def test_what_is_no_form_was_signed_by_nobody(body: bytes) -> None:
    assert not signatures.twilio(SECRET)(request(body, x_twilio_signature="x"))
    with pytest.raises(UnreadableError, match="unreadable_body"):
        bodies.form_document(request(body))


# Documents.

EVENT: Final[dict[str, Any]] = {
    "specversion": "1.0",
    "id": "1",
    "source": "/tickets",
    "type": "be.city.printed",
    "time": "2026-10-05T09:01:00Z",
    "data": {"id": "a", "name": "Jan Peeters"},
}


def structured(event: object) -> Request:
    return request(msgspec.json.encode(event), content_type="application/cloudevents+json; charset=utf-8")


def batch(*events: object) -> Request:
    return request(msgspec.json.encode(events), content_type="application/CloudEvents-batch+json")


def binary(body: bytes = b'{"id":"a","name":"Jan Peeters"}', **headers: str) -> Request:
    attributes = {f"ce_{name}": value for name, value in EVENT.items() if name != "data"}
    return request(body, **({"content_type": "application/json"} | attributes | headers))


def test_a_cloudevent_is_the_same_in_all_modes() -> None:
    packed = {name: value for name, value in EVENT.items() if name != "data"}
    packed |= {"data_base64": base64.b64encode(b'{"id":"a"}').decode(), "datacontenttype": "application/json"}
    assert bodies.cloud_events(structured(EVENT)) == [EVENT]
    assert bodies.cloud_events(batch(EVENT, EVENT)) == [EVENT, EVENT]
    assert bodies.cloud_events(batch()) == []
    assert bodies.cloud_events(binary()) == [EVENT]
    (unpacked,) = bodies.cloud_events(structured(packed))
    assert isinstance(unpacked, dict)
    assert unpacked["data"] == {"id": "a"}


def test_an_attribute_in_a_header_may_be_encoded() -> None:
    (event,) = bodies.cloud_events(binary(ce_subject="Loket%20%C3%A9%C3%A9n", ce_city='"Lier"'))
    assert isinstance(event, dict)
    assert (event["subject"], event["city"]) == ("Loket één", "Lier")


def test_data_that_is_no_json_tells_nothing() -> None:
    for other in (binary(b"<a/>", content_type="text/xml"), binary(b"")):
        (event,) = bodies.cloud_events(other)
        assert event == {name: value for name, value in EVENT.items() if name != "data"}


@pytest.mark.parametrize(
    ("read", "refused", "reason"),
    [
        (bodies.cloud_events, structured([EVENT]), "no_cloudevent"),
        (bodies.cloud_events, structured(EVENT | {"specversion": "0.3"}), "no_cloudevent"),
        (bodies.cloud_events, structured(EVENT | {"id": 7}), "no_cloudevent"),
        (bodies.cloud_events, structured(EVENT | {"type": ""}), "no_cloudevent"),
        (bodies.cloud_events, batch(EVENT, 1), "no_cloudevent"),
        (bodies.cloud_events, request(b"{}", content_type="application/cloudevents-batch+json"), "unreadable_body"),
        (bodies.cloud_events, request(b"<a/>", content_type="application/cloudevents+xml"), "no_cloudevent"),
        (bodies.cloud_events, request(b"{}", content_type="application/json"), "no_cloudevent"),
        (bodies.cloud_events, binary(ce_specversion="2.0"), "no_cloudevent"),
        (bodies.cloud_events, binary(b"{"), "unreadable_body"),
        (bodies.cloud_events, binary(ce_subject="%ff"), "unreadable_body"),
        (bodies.cloud_events, structured(EVENT | {"data_base64": "?"}), "unreadable_body"),
        (bodies.cloud_events, structured(EVENT | {"data_base64": "éé"}), "unreadable_body"),
        (bodies.signed_cloud_events, binary(), "unsigned_attributes"),
        (bodies.json_documents, request(b"7"), "unreadable_body"),
        (bodies.json_documents, request(b'{"name":"Peeters"'), "unreadable_body"),
        (bodies.json_documents, request(b"\xff"), "unreadable_body"),
        (bodies.json_documents, request(b'{"a":NaN}'), "unreadable_body"),
        (bodies.json_documents, request(b'{"a":1e999}'), "unreadable_body"),
        (bodies.json_documents, request(b"[" * 100_000), "unreadable_body"),
        (bodies.json_documents, request(b'["\\ud800"]'), "unreadable_body"),
    ],
)
def test_what_is_of_another_form_is_refused_without_a_word_of_it(
    read: bodies.Documents, refused: Request, reason: str
) -> None:
    with pytest.raises(UnreadableError) as raised:
        read(refused)
    assert raised.value.refusal == reason
    assert "Peeters" not in str(raised.value)


# Requests.

HOOK: Final = Hook(_OVER_BODY, bodies.signed_cloud_events, FACTS)
ARRIVED: Final = Arrived("a", "Burgerzaken", datetime(2026, 10, 5, 9, 1, tzinfo=UTC))


def signed(unsigned: Request) -> Request:
    signature = hmac.new(SECRET, unsigned.body, sha256).hexdigest()
    return Request(unsigned.address, {**unsigned.headers, "x-signature": signature}, unsigned.body)


def test_nothing_is_read_of_who_is_not_known() -> None:
    answer = Judged(Answer.WHO_ARE_YOU, (), {"wrong_signature": 1}, "The signature or secret is not right.")
    assert HOOK(structured(EVENT)) == HOOK(request(b"[" * 1000)) == answer


def test_a_request_is_its_facts() -> None:
    assert HOOK(signed(structured(EVENT))) == Judged(Answer.TAKEN, [ARRIVED], {})
    called = EVENT | {"type": "be.city.called"}
    both = HOOK(signed(batch(EVENT, called, EVENT | {"type": "be.city.other"})))
    assert both == Judged(Answer.TAKEN, [ARRIVED, Started("a", "Burgerzaken", ARRIVED.at)], {"left_out": 1})
    assert HOOK(signed(batch())) == Judged(Answer.TAKEN, [], {})


def test_of_a_batch_the_readable_count_though_its_sender_hears_of_the_others() -> None:
    wrong = EVENT | {"time": "Jan Peeters"}
    judged = HOOK(signed(batch(EVENT, wrong, wrong)))
    assert judged == Judged(
        Answer.UNREADABLE,
        [ARRIVED],
        {"unreadable_time": 2},
        "unreadable_time, field time, expected RFC 3339 (2 of 3 documents).",
    )
    assert HOOK(signed(structured(EVENT | {"id": ""}))).answer is Answer.UNREADABLE


class Sink:
    """Facts that somebody wants, or not."""

    def __init__(self, *, takes: bool = True) -> None:
        self.events: list[Event] = []
        self.left_out: list[Mapping[str, int]] = []
        self._takes = takes

    def note(self, left_out: Mapping[str, int]) -> None:
        self.left_out.append(left_out)

    async def take(self, events: Sequence[Event]) -> None:
        if not self._takes:
            raise NotTakenError
        self.events += events


async def test_a_caller_is_told_that_facts_are_taken_once_they_are() -> None:
    sink, away = Sink(), Sink(takes=False)
    assert await Receiver(HOOK, sink, lambda: True)(signed(structured(EVENT))) == (204, "", "")
    assert sink.events == [ARRIVED]
    for refusing in (Receiver(HOOK, away, lambda: True), Receiver(HOOK, sink, lambda: False)):
        answer = await refusing(signed(structured(EVENT)))
        assert (answer.status, answer.reason) == (503, "kafka_away")
    assert away.left_out[-1] == sink.left_out[-1] == {"kafka_away": 1}
    other = signed(structured(EVENT | {"type": "be.city.other"}))
    assert await Receiver(HOOK, away, lambda: False)(other) == (204, "", "")
    unknown = await Receiver(HOOK, sink, lambda: True)(structured(EVENT))
    assert (unknown.status, unknown.reason) == (401, "wrong_signature")
    assert sink.events == [ARRIVED]


async def test_callers_wait_for_their_own_facts_in_their_order() -> None:
    source = CalledSource()
    steps = source.steps(None)
    assert (await anext(steps)).link is not None
    one = asyncio.create_task(source.take([ARRIVED, ARRIVED]))
    two = asyncio.create_task(source.take([ARRIVED]))
    assert [len((await anext(steps)).events) for _ in range(2)] == [2, 1]
    source.delivered(0)
    source.delivered(1)
    await asyncio.sleep(0)
    assert not one.done()
    source.delivered(2)
    await asyncio.gather(one, two)
    await source.take([])
    await steps.aclose()


async def test_what_is_refused_is_counted_without_filling_anything() -> None:
    source = CalledSource()
    steps = source.steps(None)
    await anext(steps)
    for _ in range(1000):
        source.note({"wrong_signature": 1})
        source.note({})
    assert (await anext(steps)).left_out == {"wrong_signature": 1000}
    source.note({"too_large": 1})
    assert (await anext(steps)).left_out == {"too_large": 1}
    await steps.aclose()


async def test_a_caller_that_waits_too_long_or_among_too_many_comes_again() -> None:
    hasty = CalledSource(wait_seconds=0)
    with pytest.raises(NotTakenError):
        await hasty.take([ARRIVED])
    hasty.delivered(1)
    source = CalledSource()
    with pytest.raises(NotTakenError):
        await source.take([ARRIVED] * 20_001)
    waiting = asyncio.create_task(source.take([ARRIVED] * 20_000))
    await asyncio.sleep(0)
    source.delivered(20_000)
    await waiting


_LITERALS: Final = st.sampled_from(
    [
        *("NaN", "-Infinity", "1e999", "1e308", "-0", "null", "true", "[]", "{}", "{", "[" * 2000),
        *(digits * 9 for digits in ("9" * 40, "9" * 600)),
        *(
            '"\\ud800"',
            '"\\u0000"',
            '"\\xe9"',
            f'"{"x" * 300}"',
            '"1.0"',
            '"be.city.printed"',
            '"2026-10-05T09:01:00Z"',
        ),
    ]
)
_NAMES: Final = st.sampled_from(["specversion", "id", "source", "type", "time", "data", "data_base64", "\\u0069d"])
_HOSTILE: Final = st.recursive(
    _LITERALS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]")
        | st.lists(st.tuples(_NAMES, inner), max_size=8).map(  # names come twice
            lambda fields: "{" + ",".join(f'"{name}":{value}' for name, value in fields) + "}"
        )
    ),
    max_leaves=12,
)
"""JSON, or nearly, as nobody would send it."""

_BODIES: Final = st.one_of(
    _HOSTILE.map(str.encode),
    _HOSTILE.map(lambda text: text.encode("utf-16")),
    st.binary(max_size=200),
    st.text(max_size=100).map(str.encode),
)
_TYPES: Final = st.sampled_from(
    ["application/json", "application/cloudevents+json", "application/cloudevents-batch+json", "text/plain", ""]
)
_VALUES: Final = st.text(st.characters(codec="latin-1"), max_size=20)


@given(_BODIES, _TYPES, st.dictionaries(st.sampled_from(["ce-id", "ce-type", "ce-source", "ce-time"]), _VALUES))
def test_whatever_comes_is_judged(body: bytes, kind: str, headers: dict[str, str]) -> None:
    sent = Request(ADDRESS, {"content-type": kind, "ce-specversion": "1.0"} | headers, body)
    for read in (bodies.cloud_events, bodies.json_documents, bodies.form_document):
        judged = Hook(lambda _: True, read, FACTS)(sent)
        assert judged.answer in (204, 400)
        assert bool(judged.text) == (judged.answer == Answer.UNREADABLE)
    for check in (signatures.twilio(SECRET), signatures.qminder(SECRET), _OVER_BODY, signatures.bearer(SECRET)):
        assert not check(sent)
