"""What an event costs in the fold, over clusters, open contacts and disorder, and what an open contact weighs.

Measured in a process of its own without Kafka: records as the client hands them over, in batches of the worker's
size, through `Partition.fold`. Run with a `Case` as JSON; prints microseconds or bytes.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec
from aiokafka import ConsumerRecord, TopicPartition

from streams.core.rules import Channel
from streams.runtime.fetching.fetched import Fetched
from streams.runtime.fetching.turns import BATCH_RECORDS
from streams.runtime.garbage import collect_rarely
from streams.runtime.partition import Partition, new_state
from streams.settings import load
from tests.bench.bench import Bench, cluster_names
from tests.bench.events import SPAN_MS, Event, Load, events
from tests.bench.recovery import open_calls
from tests.bench.report import Figure, Results, Target
from tests.bench.settings import write_settings
from tests.bench.spreads import growth, spread
from tests.bench.systems import run_program

SECTION: Final = "Cost of an event in the fold"
MEMORY: Final = "Memory"
FLAT_RATIO: Final = 1.2
CONTACT_BYTES: Final = 400
EVENTS_A_SECOND: Final = 1_000
"""How close together the events happen: ten times the largest contact centres, since cost matters under load."""
DISPLACED_EVENTS: Final = 20_000
"""How far a late event may slip back: 20 s of them."""
BATCHES_A_CHECKPOINT: Final = 60
"""As many as a worker under load folds in a second of a partition of calls (50,000 records) and beside it of one of
tickets: then it takes out what has changed."""

CHANNELS: Final = (Channel.PHONE, Channel.DESK)


class Case(msgspec.Struct):
    """One point of a curve, or the weight of contacts."""

    events: int
    seed: int
    settings_file: str
    clusters: int = 7
    open_contacts: int = 0
    """Calls that are open all the while."""
    disorder: float = 0.0
    """Share of the events that come late, and the share that come twice."""
    rfc_3339: bool = False
    """Times as text."""
    weigh: bool = False
    """Fold the open contacts alone, and tell what they weigh."""


async def measure(bench: Bench, say: Callable[[str], None]) -> Results:
    """Every curve, point by point, and the weight of a contact."""
    sizes = bench.sizes
    curves: dict[str, tuple[str, list[tuple[float, Case]]]] = {
        "clusters": ("{:,.0f} clusters", [(n, _case(bench, clusters=n)) for n in sizes.fold_clusters]),
        "open contacts": ("{:,.0f} open contacts", [(n, _case(bench, open_contacts=n)) for n in sizes.fold_open]),
        "disorder": ("{:.0%} late, as many twice", [(p, _case(bench, disorder=p)) for p in sizes.fold_disorder]),
    }
    results = Results()
    for axis, (name, points) in curves.items():
        costs = await _in_turns([case for _, case in points], sizes.fold_turns)
        results.figures += [
            Figure(SECTION, name.format(x), "processor us/event", spread(found), axis, x)
            for (x, _), found in zip(points, costs, strict=True)
        ]
        grown = growth(costs)
        results.figures.append(Figure(SECTION, f"costliest over the first, {axis}", "ratio, turn by turn", grown))
        promise = f"times the cost of an event in the fold, over {axis}"
        results.targets.append(Target(promise, FLAT_RATIO, grown.middle, at_least=False))
        say(f"{axis}: {', '.join(f'{spread(found).middle:.2f}' for found in costs)} us an event")
    (texts,) = await _in_turns([_case(bench, rfc_3339=True)], sizes.fold_turns)
    note = "else seconds since 1970"
    results.figures.append(Figure(SECTION, "times as RFC 3339", "processor us/event", spread(texts), note))
    held = await _told(_case(bench, open_contacts=sizes.open_contacts, weigh=True))
    results.figures.append(Figure(MEMORY, "an open contact", "bytes", spread([held]), f"of {sizes.open_contacts:,}"))
    results.targets.append(Target("bytes an open contact", CONTACT_BYTES, held, at_least=False))
    say(f"{held:.0f} bytes an open contact")
    return results


async def _in_turns(cases: Sequence[Case], repeats: int) -> list[list[float]]:
    """What each case costs, as often as asked for: one after the other, so that a busy moment hits all of them."""
    found: list[list[float]] = [[] for _ in cases]
    for repeat in range(repeats):
        for case, costs in zip(cases, found, strict=True):
            costs.append(await _told(msgspec.structs.replace(case, seed=case.seed + repeat)))
    return found


def _case(bench: Bench, **differs: Any) -> Case:
    clusters = differs.get("clusters", 7)
    settings_file = write_settings(bench.directory / f"fold-{clusters}.toml", *cluster_names(clusters))
    return Case(bench.sizes.fold_events, bench.seed, str(settings_file), **differs)


async def _told(case: Case) -> float:
    text = msgspec.json.encode(case).decode()
    found: float = await run_program(Path(sys.executable), "tests.bench.folding", [text])
    return found


# In the process of the case.


def cost(case: Case) -> float:
    """Processor microseconds of an event."""
    phone, desks = cluster_names(case.clusters)
    start_ms = int(time.time() * 1000) - SPAN_MS - 240_000
    partitions = _partitions(case)
    if case.open_contacts:
        _fold(partitions, open_calls(case.open_contacts, start_ms))
    span_ms = case.events * 1000 // EVENTS_A_SECOND
    made = list(events(Load(case.events, start_ms, case.seed, phone, desks, span_ms=span_ms, rfc_3339=case.rfc_3339)))
    batches = list(_batches(partitions, disordered(made, case.disorder, case.seed)))
    collect_rarely()
    gc.collect()
    gc.freeze()  # the prepared records would otherwise be walked, which a worker's are not
    started = time.process_time()
    for number, (channel, batch) in enumerate(batches):
        partitions[channel].fold(batch)
        if number % BATCHES_A_CHECKPOINT == 0:
            for partition in partitions.values():
                partition.state.take_changes()
    seconds = time.process_time() - started
    applied = sum(partition.state.applied for partition in partitions.values())
    folded = sum(len(batch.records) for _, batch in batches)
    assert applied == folded + case.open_contacts, "every record is an event"
    return seconds / folded * 1e6


def _partitions(case: Case) -> dict[Channel, Partition]:
    rules = load(Path(case.settings_file), {}).rules
    return {channel: Partition(TopicPartition(channel, 0), new_state(channel, rules), 0) for channel in CHANNELS}


def disordered(made: Sequence[Event], share: float, seed: int) -> list[Event]:
    """The events with this share of them late, and again this share of them a second time, at most so much later."""
    rng = Random(seed)
    order = []
    for number, event in enumerate(made):
        late = rng.random() < share
        order.append((number + rng.random() * DISPLACED_EVENTS * late, number, event))
        if rng.random() < share:
            order.append((number + rng.random() * DISPLACED_EVENTS, number, event))
    return [event for *_, event in sorted(order, key=lambda placed: placed[:2])]


def _fold(partitions: dict[Channel, Partition], made: Iterable[Event]) -> None:
    """Fold what must be there before; a checkpoint would have taken its changes since."""
    for channel, batch in _batches(partitions, made):
        partitions[channel].fold(batch)
    for partition in partitions.values():
        partition.state.take_changes()


def _batches(partitions: dict[Channel, Partition], made: Iterable[Event]) -> Iterator[tuple[Channel, Fetched]]:
    """The events as batches of their channel's partition, from where it stands."""
    iterator = iter(made)
    offsets = {channel: partition.next_offset for channel, partition in partitions.items()}
    while chunk := list(islice(iterator, BATCH_RECORDS)):
        now_ms = int(time.time() * 1000)
        for channel in CHANNELS:
            own = [event for event in chunk if event.channel is channel]
            start, offsets[channel] = offsets[channel], offsets[channel] + len(own)
            if own:
                records = [_record(event, start + index, now_ms) for index, event in enumerate(own)]
                yield channel, Fetched(start, offsets[channel], records)


def _record(event: Event, offset: int, now_ms: int) -> "ConsumerRecord[bytes, bytes]":
    """The event as a record with bytes of its own: those of a fetch lie in the order in which they came."""
    key, value = bytes(bytearray(event.key)), bytes(bytearray(event.value))
    return ConsumerRecord(event.channel, 0, offset, now_ms, 1, key, value, None, 0, 0, ())


def weight(case: Case) -> float:
    """Bytes of resident memory that an open contact adds, after a tenth as many that warm the process up."""
    start_ms = int(time.time() * 1000) - SPAN_MS - 240_000
    warm = _partitions(case)  # kept: memory given back by it would be taken again, and not show
    _fold(warm, open_calls(case.open_contacts // 10, start_ms))
    partitions = _partitions(case)
    gc.collect()
    before = _resident_bytes()
    _fold(partitions, open_calls(case.open_contacts, start_ms))
    gc.collect()
    grown = _resident_bytes() - before
    assert len(partitions[Channel.PHONE].state.open) == 10 * len(warm[Channel.PHONE].state.open) == case.open_contacts
    return grown / case.open_contacts


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Do what the command line says."""
    case = msgspec.json.decode(sys.argv[1], type=Case)
    print(json.dumps(weight(case) if case.weigh else cost(case)))


if __name__ == "__main__":
    main()
