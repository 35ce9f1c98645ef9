"""The contract as documents for the makers of sources: JSON Schema for each topic, and one AsyncAPI document.

All of it follows from the events of the channels, their docstrings, the topics and the examples, so that it cannot
say anything else than the decoder does. Must not know files.
"""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, Final, cast

import msgspec

from streams.channels import ChannelParts, channel_of_type, channels
from streams.channels.example import Example
from streams.channels.named_events import event_types, tag_of
from streams.channels.staffing import TAG, staffing_examples
from streams.channels.topics import topic_specs
from streams.contracts.events import Instant
from streams.contracts.rejections import Reason
from streams.contracts.staffing import Staffing
from streams.contracts.topics import TopicSettings, TopicSpec

CONTRACT_VERSION: Final = "1.2.0"
"""Version of the contract, not of the software. A field or event more raises the second number; whatever makes a
record that was valid invalid raises the first."""

ASYNCAPI_VERSION: Final = "3.0.0"
"""The AsyncAPI specification that the document follows: https://www.asyncapi.com/docs/reference/specification/v3.0.0"""

JSON_SCHEMA_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_KAFKA_BINDING_VERSION: Final = "0.5.0"
"""The Kafka bindings of AsyncAPI that are used: https://github.com/asyncapi/bindings/tree/master/kafka"""

_BINDING_TOPIC_SETTINGS: Final = ("retention.ms", "max.message.bytes")
"""The settings of a topic that this binding knows, besides the cleanup policy: the document may hold no others."""

_DEAD_LETTERS: Final = "dead-letters"

_STAFFING: Final = "staffing"

_REFUSED_TOGETHER: Final = (
    "Number of records, from `offset` on, that were sent in one batch and refused together; absent for a single "
    "record. None of them was read: the payload is null, `value_bytes` is what they took together as they were sent, "
    "and their bytes stay at their place on their topic."
)

_Document = dict[str, Any]

ONE_RULE: Final = (
    "Every record has the contact's id as its key, and all sources place keys by one rule, so that all events of a "
    "contact are in one partition: a source that uses librdkafka (confluent-kafka, .NET, Go, PHP, Node) sets "
    "partitioner=murmur2_random, since its own default is CRC32 where Java and this program use murmur2."
)
"""What comes first of all: what goes against it is counted twice."""

_UNKNOWN_FIELDS: Final = (
    "Other fields are allowed and ignored: of a valid event they are never stored, logged or passed on."
)


def _default_topics() -> TopicSettings:
    """The topics by the names that the documents use, those of the keys; an installation may choose others."""
    own = [each.topic_setting for each in channels() if each.topic_setting]
    keys = [*own, *(name for name in vars(TopicSettings) if name.endswith("_topic"))]
    names = {key: key.removesuffix("_topic").replace("_", "-") for key in keys}
    return cast("TopicSettings", SimpleNamespace(**names, topics={}, partitions=1))


def topic_of(channel: ChannelParts) -> str:
    """The topic of its events, by the name that the documents use."""
    return channel.topic(_default_topics())


def documents() -> dict[str, str]:
    """All documents as JSON text, by file name."""
    made = {f"{topic_of(each)}.schema.json": json_schema(each) for each in channels()}
    made |= {f"{_STAFFING}.schema.json": staffing_schema(), "asyncapi.json": asyncapi()}
    return {name: msgspec.json.format(msgspec.json.encode(made[name]).decode()) + "\n" for name in made}


def json_schema(channel: ChannelParts) -> _Document:
    """The JSON Schema of the values on the topic of a channel."""
    about = f"One fact about a {channel.contact}. {ONE_RULE}"
    return _topic_schema(topic_of(channel), about, channel.decoder.events)


def staffing_schema() -> _Document:
    """The JSON Schema of the values on the topic of staffing."""
    return _topic_schema(_STAFFING, "How many employees serve a cluster, as one source knows it.", (Staffing,))


def _topic_schema(topic: str, about: str, events: Sequence[type[Any]]) -> _Document:
    return {
        "$schema": JSON_SCHEMA_DIALECT,
        "title": f"Events on the topic {topic}",
        "description": f"{about} {_UNKNOWN_FIELDS}",
        "type": "object",
        "oneOf": [{"$ref": f"#/$defs/{event.__name__}"} for event in events],
        "$defs": _event_schemas(events, "#/$defs/{name}"),
    }


def asyncapi() -> _Document:
    """The AsyncAPI document: what the monitor receives and what it sends back, from the monitor's side."""
    specs = {spec.name: spec for spec in topic_specs(_default_topics())}
    described = {topic_of(each): _channel(each, specs[topic_of(each)]) for each in channels()}
    described[_STAFFING] = _events_of(specs[_STAFFING], "How many employees serve each cluster", [TAG])
    receive = {f"receive_{topic}": _operation("receive", topic, described[topic]) for topic in described}
    send = {"send_dead_letters": _operation("send", _DEAD_LETTERS, {"messages": {"dead_letter": None}})}
    return {
        "asyncapi": ASYNCAPI_VERSION,
        "info": _info(),
        "defaultContentType": "application/json",
        "channels": described | {_DEAD_LETTERS: _dead_letter_channel(specs[_DEAD_LETTERS])},
        "operations": receive | send,
        "components": {
            "messages": _messages() | {TAG: _staffing_message(), "dead_letter": _dead_letter_message()},
            "schemas": _component_schemas() | {"DeadLetterHeaders": _dead_letter_headers()},
        },
    }


def _messages() -> dict[str, _Document]:
    return {name: _message(channel, event) for channel in channels() for event, name in _names(channel).items()}


def _component_schemas() -> dict[str, _Document]:
    """The schemas of all events, each by a name of its own; the instants that they share come once."""
    found: dict[str, _Document] = {}
    for channel in channels():
        schemas = _event_schemas(channel.decoder.events, _COMPONENT_REF)
        for event in channel.decoder.events:
            found[_component(channel, event)] = schemas[event.__name__]
        found.setdefault(_INSTANT, schemas[_INSTANT])
    return found | {Staffing.__name__: _event_schemas((Staffing,), _COMPONENT_REF)[Staffing.__name__]}


def _names(channel: ChannelParts) -> dict[type[Any], str]:
    """Its types of events, each by a name that no other channel's has."""
    return {event: name for name, event in event_types().items() if channel_of_type(event) is channel}


def _component(channel: ChannelParts, event: type[Any]) -> str:
    """What the schema of an event is called among those of all channels: as its class, which others may be too."""
    before = _names(channel)[event].removesuffix(tag_of(event))
    return f"{before}{event.__name__}"


_COMPONENT_REF: Final = "#/components/schemas/{name}"

_INSTANT: Final = "Instant"


def _info() -> _Document:
    return {
        "title": "Wachtmonitor",
        "version": CONTRACT_VERSION,
        "description": (
            "Waiting times on the phone and at the desks, from the events that the telephone exchange and the ticket "
            f"system publish on Kafka. {ONE_RULE} Events may come in any order and more than once: what is counted "
            "follows from their times. A record that is no valid event goes to the dead letters and stops "
            "nothing. "
            "The names of the topics are the default ones; an installation may choose others."
        ),
        "license": {"name": "EUPL-1.2"},
    }


def _channel(channel: ChannelParts, spec: TopicSpec) -> _Document:
    return _events_of(spec, f"Events of each {channel.contact}", list(_names(channel).values()))


def _events_of(spec: TopicSpec, title: str, names: Sequence[str]) -> _Document:
    """A topic of events of these names."""
    return {
        "address": spec.name,
        "title": title,
        "description": (
            f"Key: {spec.key}. Value: {spec.value}. The time of a record is that of the broker "
            f"(message.timestamp.type {spec.config['message.timestamp.type']})."
        ),
        "messages": {name: _ref("messages", name) for name in names},
        "bindings": _channel_bindings(spec),
    }


def _message(channel: ChannelParts, event: type[msgspec.Struct]) -> _Document:
    id_field = channel.decoder.id_field
    return {
        "name": tag_of(event),
        "title": event.__name__,
        "summary": _docstring(event),
        "payload": _ref("schemas", _component(channel, event)),
        "correlationId": {
            "description": f"All events of one {channel.contact} have the same id.",
            "location": f"$message.payload#/{id_field}",
        },
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": f"The same text as `{id_field}`, in UTF-8."},
                "bindingVersion": _KAFKA_BINDING_VERSION,
            }
        },
        "examples": [
            _message_example(example, id_field) for example in channel.examples() if type(example.event) is event
        ],
    }


def _staffing_message() -> _Document:
    key = "The fields `source`, `channel` and `cluster` with slashes between them, in UTF-8."
    return {
        "name": TAG,
        "title": Staffing.__name__,
        "summary": _docstring(Staffing),
        "payload": _ref("schemas", Staffing.__name__),
        "bindings": {
            "kafka": {"key": {"type": "string", "description": key}, "bindingVersion": _KAFKA_BINDING_VERSION}
        },
        "examples": [
            {"name": f"{TAG} {each.event.key}", "summary": each.title, "payload": msgspec.json.decode(each.value)}
            for each in staffing_examples()
        ],
    }


def _message_example(example: Example, id_field: str) -> _Document:
    payload = msgspec.json.decode(example.value)
    return {"name": f"{payload['type']} {payload[id_field]}", "summary": example.title, "payload": payload}


def _operation(action: str, channel: str, described: _Document) -> _Document:
    return {
        "action": action,
        "channel": _ref("channels", channel, ""),
        "messages": [_ref("messages", name, f"channels/{channel}/") for name in described["messages"]],
    }


def _dead_letter_channel(spec: TopicSpec) -> _Document:
    return {
        "address": spec.name,
        "title": "Records that were no valid event",
        "description": (
            f"Key: {spec.key}. Value: {spec.value}. They may hold personal data: who may read the topics of events "
            "may read this one, nobody else."
        ),
        "messages": {"dead_letter": _ref("messages", "dead_letter")},
        "bindings": _channel_bindings(spec),
    }


def _dead_letter_message() -> _Document:
    return {
        "name": "dead_letter",
        "title": "Dead letter",
        "summary": "A refused record as it came, with where it was and why it was refused in its headers.",
        "contentType": "application/octet-stream",
        "headers": _ref("schemas", "DeadLetterHeaders"),
        "payload": {"description": "Any bytes, or null when the refused record had no value."},
    }


def _dead_letter_headers() -> _Document:
    number = {"type": "string", "pattern": r"^-?\d+$"}
    reasons = [{"const": reason.value, "description": reason.explanation} for reason in Reason]
    properties: _Document = {
        "topic": {"type": "string", "description": "Topic of the refused record."},
        "partition": number | {"description": "Partition of the refused record."},
        "offset": number | {"description": "Offset of the refused record."},
        "reason": {"type": "string", "description": "Why it was refused: the first fault.", "oneOf": reasons},
        "value_bytes": number | {"description": "Length of the refused record's value; a very long one is cut here."},
        "timestamp_ms": number | {"description": "The refused record's own time, milliseconds since 1970."},
        "key": {"description": "Key of the refused record, its bytes as they came; absent when it had none."},
        "records": number | {"description": _REFUSED_TOGETHER},
        "detail": {
            "type": "string",
            "description": "What was expected and what came, in words, without anything personal; absent in letters "
            "of before there were details.",
        },
    }
    return {
        "title": "DeadLetterHeaders",
        "description": "Where a refused record was and why it was refused: text in UTF-8, numbers in decimal.",
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in ("key", "records", "detail")],
    }


def _channel_bindings(spec: TopicSpec) -> _Document:
    settings = {name: int(spec.config[name]) for name in _BINDING_TOPIC_SETTINGS if name in spec.config}
    return {
        "kafka": {
            "topicConfiguration": {"cleanup.policy": [spec.cleanup_policy]} | settings,
            "bindingVersion": _KAFKA_BINDING_VERSION,
        }
    }


def _event_schemas(events: Sequence[type[msgspec.Struct]], ref_template: str) -> dict[str, _Document]:
    """The schema of each event by its class's name, and that of the instants that they share."""
    _, components = msgspec.json.schema_components(events)
    schemas = {event.__name__: _tidied(components[event.__name__]) for event in events}
    instant = _tidied(msgspec.json.schema(Instant))
    for schema in schemas.values():
        schema["additionalProperties"] = True
        schema["description"] += f" {_UNKNOWN_FIELDS}"
        for field in schema["properties"].values():
            _share(instant, ref_template.format(name=_INSTANT), field)
    return schemas | {_INSTANT: {"title": _INSTANT, "description": "A moment.", **instant}}


def _share(shared: _Document, ref: str, schema: _Document) -> None:
    """Replace the shared alternatives at the head of the schema's own by a reference to them."""
    alternatives, count = schema.get("oneOf", []), len(shared["oneOf"])
    if alternatives[:count] == shared["oneOf"]:
        schema["oneOf"] = [{"$ref": ref}, *alternatives[count:]]


def _tidied(schema: Any) -> Any:
    """Says `oneOf` for alternatives that exclude each other and `const` for a single value, in the whole schema."""
    if isinstance(schema, list):
        return [_tidied(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    tidied = {"oneOf" if name == "anyOf" else name: _tidied(part) for name, part in schema.items()}
    if len(values := tidied.get("enum", ())) == 1:
        del tidied["enum"]
        tidied["const"] = values[0]
    return tidied


def _ref(section: str, name: str, base: str = "components/") -> _Document:
    return {"$ref": f"#/{base}{section}/{name}"}


def _docstring(event: type[msgspec.Struct]) -> str:
    return " ".join((event.__doc__ or "").split())
