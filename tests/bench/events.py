"""The events of the benchmark: calls and tickets by seed, in the order in which they happen.

Each record is a valid event of the contract plus a field `hold`, the seconds waited so far, which real exchanges send
and the monitor ignores: with it the peers need not join a call's events to know a wait. Must not know Kafka.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from heapq import heappop, heappush
from random import Random
from typing import Final, NamedTuple

from streams.core.rules import Channel

LIER_PHONE: Final = ("Klantencontactcentrum",)
LIER_DESKS: Final = ("Burgerzaken", "Energieloket", "Mobiliteit", "OCMW", "Omgeving", "Wonen")

SPAN_MS: Final = 30 * 60_000
"""The events of a run lie in the last half hour, so that every one of them counts in the windows."""

ANSWERED_RATIO: Final = 0.88
WALK_IN_RATIO: Final = 0.3
MEAN_WAIT_SECONDS: Final = 30.0


class Event(NamedTuple):
    """One record to produce, and what is known of it besides."""

    at_ms: int
    channel: Channel
    kind: str
    """The event's `type`."""
    key: bytes
    value: bytes
    cluster: str
    hold: int
    """Seconds waited so far; what the peers count, sum and take the maximum of."""


class Load(NamedTuple):
    """Which events: the same load makes the same events."""

    size: int
    start_ms: int
    """When the first contact begins, UTC ms; the others follow over `span_ms`."""
    seed: int = 1
    phone: Sequence[str] = LIER_PHONE
    desks: Sequence[str] = LIER_DESKS
    desk_ratio: float = 0.2
    """Share of the events that are tickets."""
    span_ms: int = SPAN_MS
    rfc_3339: bool = False
    """Times as text with an offset, and not as seconds since 1970."""


Pending = tuple[int, int, str, int, str, int | None]
"""When, number of the contact (it parts equal times), type, seconds waited, cluster, planned start."""

_EVENTS_A_TICKET: Final = 3 + 1 - WALK_IN_RATIO


def events(load: Load) -> Iterator[Event]:
    """Exactly `load.size` events, by time; contacts that are still under way at the end stay open."""
    rng = Random(load.seed)
    prefix = f"{load.start_ms // 1000:x}{load.seed}"
    waiting: list[Pending] = []
    contacts = load.size * ((1 - load.desk_ratio) / 2 + load.desk_ratio / _EVENTS_A_TICKET)
    tickets_ratio = load.desk_ratio / _EVENTS_A_TICKET / (contacts / load.size) if load.size else 0.0
    gap_ms = load.span_ms / max(1.0, contacts)
    at, number, made = float(load.start_ms), 0, 0
    while True:
        at += -math.log(1.0 - rng.random()) * gap_ms
        number += 1
        if rng.random() < tickets_ratio:
            _ticket(rng, waiting, number, int(at), load.desks[number % len(load.desks)])
        else:
            _call(rng, waiting, number, int(at), load.phone[number % len(load.phone)])
        while waiting and waiting[0][0] <= at:
            if made == load.size:
                return
            yield _event(heappop(waiting), prefix, _as_text if load.rfc_3339 else _as_seconds)
            made += 1


def _wait_seconds(rng: Random) -> float:
    return -math.log(1.0 - rng.random()) * MEAN_WAIT_SECONDS


def _call(rng: Random, waiting: list[Pending], number: int, at: int, cluster: str) -> None:
    wait = _wait_seconds(rng)
    kind = "answered" if rng.random() < ANSWERED_RATIO else "abandoned"
    heappush(waiting, (at, number, "offered", 0, cluster, None))
    heappush(waiting, (at + int(wait * 1000), number, kind, int(wait), cluster, None))


def _ticket(rng: Random, waiting: list[Pending], number: int, at: int, cluster: str) -> None:
    """A walk-in, or an appointment made on the same day for some minutes later."""
    planned = None
    arrived = at
    if rng.random() >= WALK_IN_RATIO:
        planned = (at // 60_000 + rng.randint(2, 5)) * 60_000
        heappush(waiting, (at, number, "requested", 0, cluster, planned))
        arrived = planned - int(_wait_seconds(rng) * 1000)
    wait = _wait_seconds(rng)
    started = max(arrived, at) + int(wait * 1000)
    heappush(waiting, (max(arrived, at), number, "arrived", 0, cluster, planned))
    heappush(waiting, (started, number, "started", int(wait), cluster, planned))
    heappush(waiting, (started + 240_000, number, "finished", int(wait), cluster, planned))


def _as_seconds(at_ms: int) -> str:
    return f"{at_ms // 1000}.{at_ms % 1000:03d}"


def _as_text(at_ms: int) -> str:
    return f'"{datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")}"'


def _event(pending: Pending, prefix: str, written: Callable[[int], str]) -> Event:
    at, number, kind, hold, cluster, planned = pending
    stamp = written(at)
    if kind in {"offered", "answered", "abandoned"}:
        key = f"{prefix}-{number:08d}"
        value = f'{{"type":"{kind}","call_id":"{key}","cluster":"{cluster}","at":{stamp},"hold":{hold}}}'
        return Event(at, Channel.PHONE, kind, key.encode(), value.encode(), cluster, hold)
    key = f"{prefix}-t{number:08d}"
    plan = "" if planned is None else f',"planned_at":{written(planned)}'
    value = f'{{"type":"{kind}","ticket_id":"{key}","cluster":"{cluster}","at":{stamp}{plan},"hold":{hold}}}'
    return Event(at, Channel.DESK, kind, key.encode(), value.encode(), cluster, hold)
