"""Writes `former_draws.txt`: visits, and what the version made of them that knew no ticket number drawn twice a day.

The file is kept as that version wrote it. To write another, run `python -m tests.records.former_draws` in a tree
whose snapshots are of format 4, with this module in it: it uses nothing that has changed since.
"""

import base64
import zlib
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec

from tests.records.former_visits import DESKS, MINUTE_MS, TEN_MS, Said, event_of

FILE: Final = Path(__file__).with_name("former_draws.txt")


def _visit(random: Random, number: int) -> Iterator[Said]:
    """A visitor whose desk has a clock of its own, now and then followed by another with the same number."""
    ticket, desk, at = f"t{number}", random.choice(DESKS), TEN_MS - random.randrange(300) * MINUTE_MS
    plan = random.choice([None, None, at])
    for _ in range(random.choice([1, 1, 2])):
        yield "Arrived", ticket, desk, at, plan
        yield "Started", ticket, desk, at + random.choice([-3_000, -2_000, -1_000, 0, 4 * MINUTE_MS]), plan
        if random.random() < 0.7:
            yield random.choice(["Finished", "Cancelled"]), ticket, desk, at + 9 * MINUTE_MS, None
        at += random.choice([12, 40, 200]) * MINUTE_MS


def drawn() -> list[Said]:
    """Some visits, their facts in any order."""
    random = Random(4)
    facts = [fact for number in range(150) for fact in _visit(random, number)]
    random.shuffle(facts)
    return facts


def _written(facts: list[Said]) -> str:
    from streams.channels.visits.state import TicketState
    from streams.settings import load
    from tests.applying import apply

    state: Any = TicketState(load(None, {}).rules)
    for fact in facts:
        apply(state, event_of(fact), TEN_MS)
    packed = zlib.compress(msgspec.msgpack.encode(state.settle().snapshot()), 9)
    return base64.encodebytes(packed).decode()


if __name__ == "__main__":
    FILE.write_text(_written(drawn()))
