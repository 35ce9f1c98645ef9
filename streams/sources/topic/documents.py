"""Records of a topic as documents, and what they tell: facts, or the reason for which there are none.

Must not know Kafka.
"""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from streams.contracts.decode import Event
from streams.contracts.framed import plain
from streams.sources.documents.facts import DocumentFacts, NoFact

NOT_JSON = "not_json"
"""A record that holds no JSON."""


class Told(NamedTuple):
    """What some records tell."""

    events: list[Event]
    left_out: Counter[str]


def told(values: Iterable[bytes | None], facts: DocumentFacts) -> Told:
    """All of it, in the order of the records; what a schema registry put before JSON is read over."""
    events: list[Event] = []
    left_out: Counter[str] = Counter()
    for value in values:
        if not value:  # a tombstone
            left_out[NoFact.NO_ROW.value] += 1
            continue
        try:
            document = msgspec.json.decode(plain(value) or b"")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            left_out[NOT_JSON] += 1
            continue
        found = facts(document)
        events += found.events
        if found.reason is not None:
            left_out[found.reason.value] += 1
    return Told(events, left_out)
