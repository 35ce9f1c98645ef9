"""What a scenario publishes: calls and visits of the last hour and of earlier months, out of order, told twice,
contradicting, and now and then no event at all. Callers and visitors leave and are back, and ids are used again. It
must not know how records reach a broker.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any, Final, NamedTuple

from tests.core.builders import DAY, HOUR, MINUTE, SECOND
from tests.oracle import Row

CALLS: Final = "calls"
TICKETS: Final = "tickets"
PHONE: Final = "Klantencontactcentrum"
DESKS: Final = ("Burgerzaken", "Energieloket", "Mobiliteit", "OCMW", "Omgeving", "Wonen")

FUTURE_TOLERANCE_MS: Final = 5 * MINUTE
"""How far an event may lie after its record's time, as in the settings."""

AHEAD_MS: Final = 4 * MINUTE
"""How far ahead facts are told at most by a clock that goes right: below the tolerance."""


class Record(NamedTuple):
    """A record to publish on the topic of a kind: the fact that it states, or why it is to be refused."""

    kind: str
    key: bytes
    value: bytes | None
    row: Row | None
    reason: str | None


class EventSource:
    """Draws records; the facts of a contact come in any order, minutes of the scenario apart."""

    def __init__(self, random: Random, prefix: str) -> None:
        """`prefix` tells this source's contacts from those of others."""
        self.shift_ms = 0
        """How wrong the clock of the telephone exchange and of the first desk is."""
        self._random = random
        self._prefix = prefix
        self._contacts = 0
        self._records = 0
        self._untold: list[tuple[str, Row]] = []

    def draw(self, count: int, now_ms: int) -> list[Record]:
        """Some records, of contacts new and old."""
        while len(self._untold) < 4 * count:
            self._begin_contact(now_ms)
        return [self._next(now_ms) for _ in range(count)]

    def rest(self) -> list[Record]:
        """What is known and has not been told."""
        untold, self._untold = self._untold, []
        return [self._event(kind, row) for kind, row in untold]

    def _next(self, now_ms: int) -> Record:
        random = self._random
        if random.random() < 0.03:
            return self._bad(now_ms)
        kind, row = self._untold.pop(random.randrange(len(self._untold)))
        if random.random() < 0.15:
            self._untold.append((kind, row))  # to be told twice
        if self.shift_ms and row.cluster in (PHONE, DESKS[0]):
            row = replace(row, at=row.at + self.shift_ms)
        return self._event(kind, row)

    # Contacts.

    def _begin_contact(self, now_ms: int) -> None:
        self._contacts += 1
        contact = f"{self._prefix}-{self._contacts}"
        random = self._random
        kind, rows = (
            (CALLS, self._call(contact, now_ms)) if random.random() < 0.6 else (TICKETS, self._visit(contact, now_ms))
        )
        told = [row for row in rows if row.at <= now_ms + AHEAD_MS and random.random() < 0.93]
        self._untold += [(kind, row) for row in told]

    def _moment(self, now_ms: int) -> int:
        random = self._random
        part = random.random()
        if part < 0.15:
            return now_ms - random.randrange(DAY, 40 * DAY)
        return now_ms - random.randrange(20 * MINUTE if part < 0.7 else 65 * MINUTE)

    def _wait(self) -> int:
        random = self._random
        if random.random() < 0.25:
            bound = random.choice([0, 10, 30, 45, 60, 90, 120, 300, 600])
            return max(0, bound * SECOND + random.choice([-1, 0, 1]))
        return int(random.expovariate(1 / (70 * SECOND)))

    def _call(self, call: str, now_ms: int) -> list[Row]:
        random = self._random
        start = self._moment(now_ms)
        end = start + self._wait()
        rows = [Row("offered", call, PHONE, start)]
        if random.random() < 0.8:
            rows.append(Row("answered" if random.random() < 0.75 else "abandoned", call, PHONE, end))
            rows.append(Row("ended", call, PHONE, end + self._wait()))
        if random.random() < 0.05:
            rows.append(Row("answered", call, PHONE, start + random.randrange(-5, 300) * SECOND))
        if random.random() < 0.15:
            rows += self._more_of_a_call(call, start, end)
        return rows

    def _more_of_a_call(self, call: str, start: int, end: int) -> list[Row]:
        """Back in the queue, an answer to nobody, asking to be called back, or the id of a call of hours before."""
        random = self._random
        later = end + self._wait()
        before = start - random.choice([5 * HOUR, DAY])
        facts = random.choice(
            [
                [("abandoned", end), ("offered", later), ("answered", later + self._wait())],
                [("abandoned", end), ("offered", later), ("abandoned", later + self._wait())],
                [("abandoned", end), ("offered", later)],
                [("abandoned", end), ("answered", later)],
                [("callback_requested", end), ("called_back", later)],
                [("callback_requested", end), ("offered", later), ("answered", later + self._wait())],
                [("offered", before), ("answered", before + self._wait())],
                [("offered", before), ("offered", before - 6 * HOUR), ("ended", before - 6 * HOUR + SECOND)],
            ]
        )
        return [Row(kind, call, PHONE, at) for kind, at in facts]

    def _visit(self, ticket: str, now_ms: int) -> list[Row]:
        random = self._random
        cluster = random.choice(DESKS)
        came = self._moment(now_ms)
        plan = came + random.randrange(-20, 30) * MINUTE if random.random() < 0.7 else None
        rows = [Row("arrived", ticket, cluster, came, plan if random.random() < 0.5 else None)]
        if plan is not None:
            asked = came - random.randrange(30 * DAY)
            rows.append(Row("requested", ticket, cluster, asked, plan))
            if random.random() < 0.1:
                rows.append(Row("requested", ticket, random.choice(DESKS), asked + HOUR, plan + DAY))
        start = max(plan or came, came) + self._wait() - random.choice([0, 0, 5 * MINUTE])
        if random.random() < 0.1:
            rows.append(Row(random.choice(["left", "cancelled"]), ticket, cluster, came + MINUTE))
            rows.append(Row("arrived", ticket, cluster, came + 2 * MINUTE))
        outcome = random.choices(["started", "no_show", "cancelled", "left", "nothing"], [61, 8, 6, 5, 20])[0]
        if outcome != "nothing":
            rows.append(Row(outcome, ticket, cluster, start))
        if outcome == "started":
            rows += self._received(ticket, cluster, start)
        if random.random() < 0.1:
            rows += self._number_of_before(ticket, cluster, came)
        return rows

    def _received(self, ticket: str, cluster: str, start: int) -> list[Row]:
        """The end of the visit, and now and then a further desk, where not everybody is received."""
        random = self._random
        rows = [Row("finished", ticket, cluster, start + 10 * MINUTE)]
        if random.random() < 0.1:
            further = random.choice([desk for desk in DESKS if desk != cluster])
            rows.append(Row("arrived", ticket, further, start + 11 * MINUTE))
            if random.random() < 0.7:
                outcome = random.choice(["started", "started", "left"])
                rows.append(Row(outcome, ticket, further, start + 11 * MINUTE + self._wait()))
        return rows

    def _number_of_before(self, ticket: str, cluster: str, came: int) -> list[Row]:
        """Somebody who had the number some days before, without an appointment."""
        before = came - self._random.randrange(1, 4) * DAY
        rows = [Row("arrived", ticket, cluster, before), Row("started", ticket, cluster, before + self._wait())]
        return rows[: self._random.choice([1, 2, 2])]

    # Records.

    def _number(self) -> int:
        self._records += 1
        return self._records

    def _event(self, kind: str, row: Row) -> Record:
        fields: dict[str, Any] = {
            "type": row.kind,
            "call_id" if kind == CALLS else "ticket_id": row.contact,
            "cluster": row.cluster,
            "at": self._instant(row.at),
            "n": self._number(),  # unknown fields are ignored; this one tells records apart
        }
        if row.planned is not None:
            fields["planned_at"] = self._instant(row.planned)
        return Record(kind, row.contact.encode(), json.dumps(fields).encode(), row, None)

    def _instant(self, at_ms: int) -> str | float:
        if self._random.random() < 0.5:
            return at_ms / 1000
        return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")

    def _bad(self, now_ms: int) -> Record:
        """A record that is no valid event; its key makes it one of its own."""
        key = f"{self._prefix}-bad-{self._number()}"
        good = {"type": "offered", "call_id": key, "cluster": PHONE, "at": now_ms / 1000}
        reason, make = self._random.choice(_FAULTS)
        value = make(good, now_ms)
        return Record(CALLS, key.encode(), value, None, reason)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


_FAULTS: Final[list[tuple[str, Callable[[dict[str, Any], int], bytes | None]]]] = [
    ("empty", lambda _, __: None),
    ("malformed_json", lambda good, _: _json(good)[:-1]),
    ("invalid_utf8", lambda good, _: _json(good)[:-1] + b"\xff}"),
    ("not_an_object", lambda good, _: _json([good])),
    ("missing_field", lambda good, _: _json({name: value for name, value in good.items() if name != "cluster"})),
    ("wrong_type", lambda good, _: _json(good | {"cluster": 7})),
    ("unknown_type", lambda good, _: _json(good | {"type": "rang"})),
    ("key_mismatch", lambda good, _: _json(good | {"call_id": "another"})),
    ("unknown_cluster", lambda good, _: _json(good | {"cluster": "Stadswinkel"})),
    ("time_too_early", lambda good, _: _json(good | {"at": "2001-01-01T00:00:00Z"})),
    ("time_in_future", lambda good, now_ms: _json(good | {"at": (now_ms + DAY) / 1000})),
]
"""How a good call is spoiled, and the reason to refuse it for."""
