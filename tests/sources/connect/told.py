"""Contact events and contact records after the documented model, and what becomes of the facts that they tell."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from streams.channels.calls.contact import CALL_FACTS
from streams.channels.calls.events import CallEvent
from streams.channels.calls.timeline import Wait
from streams.channels.calls.timeline import told as story_of
from streams.contracts.events import instant_ms
from streams.sources.call_rules import CallRules

BEGIN: Final = 1_790_000_000.0
CALLER: Final = "+32470111222"
"""A telephone number that must not leave the decoder."""
NUMBER: Final = "+3235550100"
INSTANCE: Final = "arn:aws:connect:eu-central-1:111122223333:instance/0a0a0a0a-0000-0000-0000-000000000000"
KCC_QUEUE: Final = f"{INSTANCE}/queue/0b0b0b0b-0000-0000-0000-000000000001"
OTHER_QUEUE: Final = f"{INSTANCE}/queue/0b0b0b0b-0000-0000-0000-000000000002"
NOT_NAMED: Final = f"{INSTANCE}/queue/0b0b0b0b-0000-0000-0000-000000000009"
KCC: Final = "Klantencontactcentrum"
RULES: Final = CallRules({KCC_QUEUE: KCC, OTHER_QUEUE.rsplit("/", 1)[-1]: KCC}, {})
BY_NUMBER: Final = CallRules({}, {NUMBER: KCC})


def an_id(number: int) -> str:
    """Of a contact."""
    return f"c0000000-0000-4000-8000-{number:012}"


def leg(
    number: int, method: str = "INBOUND", *, first: int | None = None, queue: str = KCC_QUEUE, **seconds: float
) -> dict[str, Any]:
    """A contact: when it `began`, was `queued`, `answered`, and `ended`, in seconds."""
    return {"number": number, "method": method, "first": first, "queue": queue, **seconds}


def _written(seconds: float, digits: int) -> str:
    moment = datetime.fromtimestamp(BEGIN + seconds, UTC)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{moment.microsecond // 1000:03}Z" if digits else f"{text}Z"


def event(kind: str, contact: Mapping[str, Any], **changed: Any) -> str:
    """What EventBridge says of a contact at a moment: what has not come yet stands in 1970, or is not there."""
    knows = {"INITIATED": 1, "QUEUED": 2, "CONNECTED_TO_AGENT": 3, "DISCONNECTED": 4, "COMPLETED": 4}[kind]
    at = {
        name: _written(contact[name], 3)
        for place, name in enumerate(("began", "queued", "answered", "ended"), 1)
        if place <= knows and name in contact
    }
    detail: dict[str, Any] = {
        "eventType": kind,
        "contactId": an_id(contact["number"]),
        "channel": "VOICE",
        "instanceArn": INSTANCE,
        "initiationMethod": contact["method"],
        "initiationTimestamp": at["began"],
        "disconnectTimestamp": at.get("ended", "1970-01-01T00:00:00.001Z"),
        "customerEndpoint": {"address": CALLER, "type": "TELEPHONE_NUMBER"},
        "tags": {"aws:connect:systemEndpoint": NUMBER, "aws:connect:instanceId": "0a0a"},
        "segmentAttributes": {"name": {"valueString": "Peeters"}},
    }
    if contact["first"] is not None:
        detail |= {"initialContactId": an_id(contact["first"]), "previousContactId": an_id(contact["first"])}
    if "queued" in at:
        detail["queueInfo"] = {
            "queueArn": contact["queue"],
            "queueType": "STANDARD",
            "enqueueTimestamp": at["queued"],
        }
    if "answered" in at:
        detail["agentInfo"] = {"agentArn": f"{INSTANCE}/agent/1", "connectedToAgentTimestamp": at["answered"]}
    envelope = {"version": "0", "id": "e", "detail-type": "Amazon Connect Contact Event", "source": "aws.connect"}
    return json.dumps(envelope | {"detail": detail | changed})


def events(contact: Mapping[str, Any]) -> list[str]:
    """All that EventBridge says of a contact."""
    kinds = {"began": "INITIATED", "queued": "QUEUED", "answered": "CONNECTED_TO_AGENT", "ended": "DISCONNECTED"}
    return [event(kind, contact) for name, kind in kinds.items() if name in contact]


def record(contact: Mapping[str, Any], **changed: Any) -> bytes:
    """The contact record: whole seconds."""
    at = {name: _written(contact[name], 0) for name in ("began", "queued", "answered", "ended") if name in contact}
    queue = {"ARN": contact["queue"], "Name": "KCC queue", "EnqueueTimestamp": at.get("queued")}
    return json.dumps(
        {
            "AWSContactTraceRecordFormatVersion": "2017-03-10",
            "Agent": {"Username": "an", "ConnectedToAgentTimestamp": at["answered"]} if "answered" in at else None,
            "Attributes": {"name": "Peeters"},
            "Channel": "VOICE",
            "ContactId": an_id(contact["number"]),
            "CustomerEndpoint": {"Address": CALLER, "Type": "TELEPHONE_NUMBER"},
            "DisconnectTimestamp": at.get("ended"),
            "InitialContactId": None if contact["first"] is None else an_id(contact["first"]),
            "InitiationMethod": contact["method"],
            "InitiationTimestamp": at["began"],
            "Queue": queue if "queued" in at else None,
            "SystemEndpoint": {"Address": NUMBER, "Type": "TELEPHONE_NUMBER"},
            **changed,
        }
    ).encode()


def waits(facts: Iterable[CallEvent]) -> list[Wait]:
    """What a worker makes of the facts of one call."""
    known = {(instant_ms(fact.at), CALL_FACTS[type(fact)][1], fact.cluster) for fact in facts}
    return story_of([sorted(known)], skew_ms=0).waits


def ms(seconds: float) -> int:
    """A moment of a contact."""
    return round((BEGIN + seconds) * 1000)
