"""What really happened at a source, and what the facts in the topics lack of it, tell twice or make up.

Whoever is a caller only in the voice menu is in no queue_log: such facts may be told or not. Times are compared
within bounds, since a line of queue_log has a second and no more. Must not know Kafka or who tells.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from tests.chaos.events import CALLS
from tests.core.builders import SECOND
from tests.oracle import Row

LOG_MS: Final = 1_000
"""How far off the time of a fact may be that only queue_log told."""

UNSEEN_MS: Final = 90_000
"""How late a call may be over that nobody saw end: a minute after it was last known to live, and a restart."""


class Happened(NamedTuple):
    """A fact, and between which instants it may be told to have happened, UTC ms."""

    kind: str
    contact: str
    cluster: str
    earliest_ms: int
    latest_ms: int
    is_certain: bool = True
    """Whether it must be told: it was said where it is read even if nobody listened."""


def compare_told(happened: Iterable[Happened], told: Iterable[Row]) -> list[str]:
    """What is lost, told with two times, at a wrong time, or never happened; the same fact again is harmless."""
    times_ms: defaultdict[tuple[str, str, str], set[int]] = defaultdict(set)
    for row in told:
        times_ms[row.kind, row.contact, row.cluster].add(row.at)
    differences = []
    for fact in happened:
        found = times_ms.pop(fact[:3], set())
        if not found and fact.is_certain:
            differences.append(f"lost: {fact}")
        if len(found) > 1:
            differences.append(f"told twice, at {sorted(found)}: {fact}")
        if any(not fact.earliest_ms <= at_ms <= fact.latest_ms for at_ms in found):
            differences.append(f"told to be at {sorted(found)}: {fact}")
    return differences + [f"never happened: {fact} at {sorted(at)}" for fact, at in times_ms.items()]


def told_by_source(kind: str, value: bytes | None) -> Row | None:
    """The fact that a follower wrote; None where it is none."""
    try:
        fields = json.loads(value or b"")
        contact = fields["call_id" if kind == CALLS else "ticket_id"]
        at = fields["at"]
        at_ms = round((at if isinstance(at, float | int) else datetime.fromisoformat(at).timestamp()) * SECOND)
        return Row(fields["type"], contact, fields["cluster"], at_ms)
    except (ValueError, KeyError, TypeError):
        return None
