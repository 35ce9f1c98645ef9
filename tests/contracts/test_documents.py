"""The generated documents say what the decoder does."""

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from docs.generate import CONTRACT
from streams.channels import channel_of
from streams.contracts.rejections import Reason, Rejection
from streams.core.rules import Channel
from streams.documents.schema import asyncapi, documents, json_schema
from streams.records.dead_letters import DeadLetter, dead_letter_record, refused_together
from tests.contracts.decoders import DECODERS, STEADY
from tests.contracts.examples import BadExample, GoodExample, bad_examples, examples
from tests.contracts.test_decode import NEARLY_CALLS, NOW_MS

STRUCTURAL = {
    Reason.NOT_AN_OBJECT,
    Reason.MISSING_FIELD,
    Reason.WRONG_TYPE,
    Reason.UNKNOWN_TYPE,
    Reason.INVALID_ID,
    Reason.INVALID_TIME,
}
"""What a schema can tell from one value alone."""

BEYOND_A_SCHEMA = {"a day that there is not"}
"""Bad examples that need a calendar."""

ASYNCAPI_STRUCTURE: dict[str, Any] = {
    "type": "object",
    "required": ["asyncapi", "info", "channels", "operations", "components"],
    "properties": {
        "asyncapi": {"const": "3.0.0"},
        "info": {"type": "object", "required": ["title", "version"]},
        "channels": {
            "additionalProperties": {
                "type": "object",
                "required": ["address", "messages"],
                "properties": {"messages": {"additionalProperties": {"$ref": "#/$defs/reference"}}},
            }
        },
        "operations": {
            "additionalProperties": {
                "type": "object",
                "required": ["action", "channel"],
                "properties": {
                    "action": {"enum": ["send", "receive"]},
                    "channel": {"$ref": "#/$defs/reference"},
                    "messages": {"type": "array", "items": {"$ref": "#/$defs/reference"}},
                },
            }
        },
        "components": {
            "properties": {
                "messages": {
                    "additionalProperties": {
                        "type": "object",
                        "required": ["name", "payload"],
                        "properties": {
                            "correlationId": {"type": "object", "required": ["location"]},
                            "examples": {"type": "array", "items": {"type": "object", "required": ["payload"]}},
                        },
                    }
                }
            }
        },
    },
    "$defs": {
        "reference": {
            "type": "object",
            "required": ["$ref"],
            "additionalProperties": False,
            "properties": {"$ref": {}},
        }
    },
}
"""The objects of AsyncAPI 3.0.0 that the document uses, and what each must have."""


@cache
def validator(channel: Channel) -> Draft202012Validator:
    """Checks values against the published schema of a topic."""
    return Draft202012Validator(json_schema(channel_of(channel)))


@cache
def document() -> dict[str, Any]:
    """The AsyncAPI document."""
    return asyncapi()


def resolve(reference: str) -> Any:
    """What a reference within the AsyncAPI document points to; fails when there is nothing."""
    target: Any = document()
    for name in reference.removeprefix("#/").split("/"):
        target = target[name]
    return target


def references(part: Any) -> list[str]:
    """All references in a part of a document."""
    if isinstance(part, dict):
        own = [part["$ref"]] if "$ref" in part else []
        return own + [reference for inner in part.values() for reference in references(inner)]
    return [reference for inner in part for reference in references(inner)] if isinstance(part, list) else []


def test_no_document_is_left_over() -> None:
    """That each is as it was generated is tested with all that is generated, in tests/docs."""
    assert {path.name for path in CONTRACT.iterdir()} == documents().keys()


@pytest.mark.parametrize("channel", Channel)
def test_the_schema_is_one(channel: Channel) -> None:
    Draft202012Validator.check_schema(json_schema(channel_of(channel)))


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.title)
def test_a_valid_example_fits_the_schema_of_its_topic_and_no_other(example: GoodExample) -> None:
    fits = {channel for channel in Channel if validator(channel).is_valid(json.loads(example.value))}
    assert fits == {example.channel}


@pytest.mark.parametrize(
    "example",
    [example for example in bad_examples() if example.reason in STRUCTURAL and example.title not in BEYOND_A_SCHEMA],
    ids=lambda example: example.title,
)
def test_a_bad_structure_does_not_fit_the_schema(example: BadExample) -> None:
    assert example.value is not None
    assert not validator(example.channel).is_valid(json.loads(example.value))


@STEADY
@given(NEARLY_CALLS)
def test_schema_and_decoder_agree(fields: dict[str, Any]) -> None:
    """The schema accepts what the decoder does, and refuses what the decoder refuses for its structure."""
    decoded = DECODERS[Channel.PHONE](b"c-1", json.dumps(fields).encode(), NOW_MS)
    if not isinstance(decoded, Rejection):
        assert validator(Channel.PHONE).is_valid(fields)
    elif decoded.reason in STRUCTURAL:
        assert not validator(Channel.PHONE).is_valid(fields)


@STEADY
@given(st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat()))
def test_the_schema_takes_every_time_as_it_is_usually_written(text: str) -> None:
    """Offsets of the 19th century have seconds; neither RFC 3339 nor the decoder knows those."""
    whole_minutes = len(text.rsplit("+" if "+" in text[11:] else "-", 1)[1]) == len("hh:mm")
    call = {"type": "ended", "call_id": "c-1", "cluster": "Wonen", "at": text}
    assert validator(Channel.PHONE).is_valid(call) == whole_minutes


@pytest.mark.parametrize("channel", Channel)
def test_the_schema_says_that_unknown_fields_are_ignored(channel: Channel) -> None:
    events = [part for part in json_schema(channel_of(channel))["$defs"].values() if part.get("type") == "object"]
    assert events
    assert all(event["additionalProperties"] is True and "ignored" in event["description"] for event in events)


def test_the_asyncapi_document_has_the_structure_of_version_3() -> None:
    errors = [
        f"{error.json_path}: {error.message}"
        for error in Draft202012Validator(ASYNCAPI_STRUCTURE).iter_errors(document())
    ]
    assert errors == []


def test_every_reference_in_the_asyncapi_document_leads_somewhere() -> None:
    assert all(resolve(reference) for reference in references(document()))


@pytest.mark.parametrize("name", asyncapi()["operations"])
def test_an_operation_names_messages_of_its_own_channel(name: str) -> None:
    operation = document()["operations"][name]
    channel = operation["channel"]["$ref"]
    messages = [f"{channel}/messages/{message}" for message in resolve(channel)["messages"]]
    assert [message["$ref"] for message in operation["messages"]] == messages


@pytest.mark.parametrize("name", [name for name in asyncapi()["components"]["messages"] if name != "dead_letter"])
def test_every_message_has_examples_that_fit_its_payload(name: str) -> None:
    message = document()["components"]["messages"][name]
    schema = Draft202012Validator({**message["payload"], "components": document()["components"]})
    payloads = [example["payload"] for example in message["examples"]]
    assert payloads
    assert all(schema.is_valid(payload) and payload["type"] == name for payload in payloads)
    if name != "staffing":  # is about no contact
        assert all(message["correlationId"]["location"].rsplit("/", 1)[1] in payload for payload in payloads)


@pytest.mark.parametrize("key", [None, b"c-1"])
def test_a_dead_letter_has_the_headers_that_are_published(key: bytes | None) -> None:
    letter = DeadLetter("calls", 3, 41, Reason.EMPTY.value, key, None, 0, NOW_MS)
    headers = {name: value.decode() for name, value in dead_letter_record(letter).headers}
    schema = document()["components"]["schemas"]["DeadLetterHeaders"]
    assert [error.message for error in Draft202012Validator(schema).iter_errors(headers)] == []
    assert set(schema["required"]) | ({"key"} if key else set()) == headers.keys()


def test_a_letter_of_records_that_were_refused_together_has_the_headers_that_are_published() -> None:
    letter = refused_together(
        "calls", 3, 41, records=7, reason="batch_too_large", packed_bytes=305_780, timestamp_ms=1
    )
    headers = {name: value.decode() for name, value in dead_letter_record(letter).headers}
    schema = document()["components"]["schemas"]["DeadLetterHeaders"]
    assert [error.message for error in Draft202012Validator(schema).iter_errors(headers)] == []
    assert set(schema["required"]) | {"records"} == headers.keys()


def test_every_reason_is_published_with_its_explanation() -> None:
    published = document()["components"]["schemas"]["DeadLetterHeaders"]["properties"]["reason"]["oneOf"]
    assert {(entry["const"], entry["description"]) for entry in published} == {
        (reason.value, reason.explanation) for reason in Reason
    }
