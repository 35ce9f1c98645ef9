"""Writes `former_checkpoint.json`: checkpoints, and the month totals beside them, as the version at hand writes them.

The file is kept as the version before wrote it, so that the tests know that this one reads it. To renew it after a
release, run `python -m tests.records.former` in the tree of that release.
"""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any, Final

import msgspec
from aiokafka import ConsumerRecord, TopicPartition

from streams.channels.calls.events import Abandoned, Answered, Ended, Offered
from streams.channels.visits.events import Arrived, Cancelled, Finished, NoShow, Requested, Started
from streams.core.rules import Channel
from streams.runtime import partition as runtime
from streams.runtime.capture import Capture
from streams.settings import load

FILE: Final = Path(__file__).with_name("former_checkpoint.json")
NINE_MS: Final = 1_772_438_400_000
"""2026-03-02 09:00 in Brussels, a Monday; records come an hour later."""
HOUR_MS: Final = 3_600_000
LATER_MS: Final = NINE_MS + 40 * HOUR_MS
"""When the totals are written: everything that was open has expired."""

KCC: Final = "Klantencontactcentrum"
DESK: Final = "Burgerzaken"

Events = list[Any]


def _calls(start: float) -> Events:
    """A call of each kind: answered soon and late, missed, before opening, implausible, open, without its offer."""
    waits = (5, 30, 31, 95, 400, 5)
    answered = [
        event
        for number, wait in enumerate(waits)
        for event in (
            Offered(f"a{number}-{start}", KCC, start + number),
            Answered(f"a{number}-{start}", KCC, start + number + wait),
            Ended(f"a{number}-{start}", KCC, start + number + wait + 60),
        )
    ]
    return [
        *answered,
        Offered(f"m-{start}", KCC, start),
        Abandoned(f"m-{start}", KCC, start + 20),
        Offered(f"e-{start}", KCC, start - 3 * 3600),
        Ended(f"e-{start}", KCC, start - 3 * 3600 + 5),
        Offered(f"i-{start}", KCC, start),
        Answered(f"i-{start}", KCC, start - 5),
        Offered(f"o-{start}", KCC, start + 7),
        Answered(f"w-{start}", KCC, start + 8),
    ]


def _visits(start: float) -> Events:
    """A visit of each kind, asked for and not, received early and late, given up, cancelled, not come, open."""
    planned = start + 600
    day = 24 * 3600
    return [
        Requested(f"s-{start}", DESK, start - 3 * day, planned),
        Arrived(f"s-{start}", DESK, start, planned),
        Started(f"s-{start}", DESK, planned + 90, planned),
        Finished(f"s-{start}", DESK, planned + 500, planned),
        Started(f"y-{start}", DESK, planned - 60, planned),
        Arrived(f"w-{start}", DESK, start),
        Started(f"w-{start}", DESK, start + 300),
        Arrived(f"l-{start}", DESK, start),
        Cancelled(f"l-{start}", DESK, start + 200),
        Requested(f"n-{start}", DESK, start - 9 * day, planned),
        NoShow(f"n-{start}", DESK, planned + 900),
        Requested(f"c-{start}", DESK, start - day, planned),
        Cancelled(f"c-{start}", DESK, start - 100),
        Requested(f"p-{start}", DESK, start, start - 2 * day),
        Arrived(f"o-{start}", DESK, start + 50, planned),
    ]


def _fold(partition: runtime.Partition, events: Events, record_ms: int) -> None:
    fetched: Any = getattr(runtime, "Fetched", None) or runtime.Batch  # type: ignore[attr-defined]  # its former name
    start = partition.next_offset
    records = []
    for offset, event in enumerate(events, start):
        key = (
            event.call_id if isinstance(event, Offered | Answered | Abandoned | Ended) else event.ticket_id
        ).encode()
        value = msgspec.json.encode(event)
        records.append(ConsumerRecord(partition.tp.topic, 0, offset, record_ms, 1, key, value, None, 0, 0, ()))
    partition.fold(fetched(start, start + len(records), records))


async def _written(topic: str, channel: Channel, first: Events, later: Events) -> dict[str, Any]:
    """The topics after a whole checkpoint and one of what changed; the later facts correct some of the first."""
    settings = load(None, {})
    partition = runtime.Partition(TopicPartition(topic, 0), runtime.new_state(channel, settings.rules), 0)
    capture = Capture(partition, settings.kafka, lambda: LATER_MS, generation=0)
    _fold(partition, first, NINE_MS + HOUR_MS)
    records = (await capture.take()).records
    _fold(partition, later, NINE_MS + 26 * HOUR_MS)
    records += (await capture.take()).records
    topics: dict[str, list[list[str | None]]] = {}
    for record in records:
        value = None if record.value is None else base64.b64encode(record.value).decode()
        topics.setdefault(record.topic, []).append([base64.b64encode(record.key or b"").decode(), value])
    return topics


async def written() -> dict[str, Any]:
    """By channel, the keys and values of each topic."""
    start = NINE_MS / 1000
    earlier: Events = [*_calls(start + 86_400), Offered(f"m-{start}", KCC, start - 5)]
    again: Events = [*_visits(start + 86_400), Started(f"o-{start}", DESK, start + 700)]
    return {
        "phone": await _written("calls", Channel.PHONE, _calls(start), earlier),
        "desk": await _written("tickets", Channel.DESK, _visits(start), again),
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(asyncio.run(written()), indent=1) + "\n")
