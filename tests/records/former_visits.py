"""Writes `former_visits.json`: visits, and what the version made of them that knew one time of each fact alone.

The file is kept as that version wrote it. To write another, run `python -m tests.records.former_visits` in a tree
whose snapshots are of format 3, with this module in it: it uses nothing that has changed since.
"""

import base64
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec

from streams.channels.visits.events import Arrived, Cancelled, Finished, NoShow, Requested, Started

FILE: Final = Path(__file__).with_name("former_visits.json")

TEN_MS: Final = 1_775_548_800_000
"""2026-04-07 10:00 in Brussels, a Tuesday: when the records come."""

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS

DESKS: Final = ("Burgerzaken", "OCMW")

KINDS: Final[dict[str, Any]] = {
    each.__name__: each for each in (Requested, Arrived, Started, Finished, Cancelled, NoShow)
}

Said = tuple[str, str, str, int, int | None]
"""The kind of fact, the ticket, the desk, when it happened and for when it says that it was planned (UTC ms)."""


def event_of(said: Said) -> Any:
    """The fact as an event."""
    kind, ticket, desk, at, planned = said
    return KINDS[kind](ticket, desk, at / 1000, None if planned is None else planned / 1000)


def _visit(random: Random, number: int) -> Iterator[Said]:
    """Some facts of one visit in no likely order, each once, at one desk."""
    ticket, desk, near = f"t{number}", random.choice(DESKS), _near(random)
    plan = near + random.choice([-9 * HOUR_MS, -5 * MINUTE_MS, 0, 0, 20 * MINUTE_MS, DAY_MS])
    for kind in random.sample(list(KINDS), random.choice([1, 2, 3, 3, 4, 5])):
        at = near + random.choice([-5 * HOUR_MS, 0, 0, 5 * HOUR_MS, DAY_MS]) + random.randrange(-HOUR_MS, HOUR_MS)
        if kind == "Requested":
            yield kind, ticket, desk, at - random.choice([0, 3, 10]) * DAY_MS, plan
        else:
            said = random.choice([None, None, plan, plan + random.choice([-HOUR_MS, DAY_MS])])
            yield kind, ticket, desk, at, said


def _near(random: Random) -> int:
    return TEN_MS - random.choice([0, 0, 0, DAY_MS, 8 * DAY_MS]) + random.randrange(-HOUR_MS, HOUR_MS)


def drawn() -> list[Said]:
    """Some hundred visits, their facts in any order."""
    random = Random(16)
    facts = [fact for number in range(400) for fact in _visit(random, number)]
    random.shuffle(facts)
    return facts


MOVED: Final[list[Said]] = [
    ("Requested", "moved", "OCMW", TEN_MS - 3 * DAY_MS, TEN_MS),
    ("Requested", "moved", "OCMW", TEN_MS - 2 * DAY_MS, TEN_MS + HOUR_MS),
    ("Arrived", "moved", "OCMW", TEN_MS - MINUTE_MS, TEN_MS),
    ("Started", "moved", "OCMW", TEN_MS + HOUR_MS + MINUTE_MS, None),
]
"""Received a minute late by the second request, whose plan that version let the kiosk overwrite."""


def _snapshot(facts: list[Said]) -> str:
    from streams.core.state import TicketState  # type: ignore[attr-defined] # it is there in that version
    from streams.settings import load

    state: Any = TicketState(load(None, {}).rules)
    for said in facts:
        state.apply(event_of(said), TEN_MS)
    return base64.b64encode(zlib.compress(msgspec.msgpack.encode(state.snapshot()), 9)).decode()


def _written() -> dict[str, Any]:
    facts = drawn()
    return {"facts": facts, "snapshot": _snapshot(facts), "moved": _snapshot(MOVED)}


if __name__ == "__main__":
    FILE.write_text(json.dumps(_written(), separators=(",", ":")) + "\n")
