"""The judge sees whatever is not as it was published: workers that count rightly, and workers spoiled one by one.

They fold in this process, through the worker's own partition, metrics and month totals; no broker is needed.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec
import pytest
from aiokafka import ConsumerRecord, TopicPartition

from streams.channels.calls.counts import PhoneTally
from streams.channels.visits.counts import DeskTally
from streams.core.rules import Channel
from streams.live.observed import PartitionHealth
from streams.process.clock import system_clock
from streams.records.dead_letters import DeadLetter
from streams.records.month_totals import month_records
from streams.records.progress import Feed, feed_records
from streams.runtime.fetching.fetched import Fetched
from streams.runtime.partition import Partition, new_state
from streams.serve.metrics.collector import Metrics
from streams.settings import load
from tests.chaos import judge
from tests.chaos.events import CALLS, TICKETS, EventSource
from tests.chaos.judge import Published
from tests.chaos.scenario import write_settings
from tests.core.builders import HOUR
from tests.serve.observing import observing

RECORDS: Final = 1_000
PARTITIONS: Final = 2
CHANNELS: Final = {CALLS: Channel.PHONE, TICKETS: Channel.DESK}


class Workers:
    """Two workers, each of which owns one partition of either topic."""

    def __init__(self, directory: Path) -> None:
        """Nothing is folded yet."""
        self.rules = load(write_settings(directory), {}).rules
        self.partitions = [
            Partition(TopicPartition(topic, number), new_state(channel, self.rules), 0)
            for topic, channel in CHANNELS.items()
            for number in range(PARTITIONS)
        ]
        self.shows: list[list[Partition]] = [self.partitions[0::2], self.partitions[1::2]]
        """What each worker shows."""
        self.letters: list[DeadLetter] = []
        self.totals: list[tuple[bytes, bytes | None]] = []
        self.feeds: list[tuple[bytes, bytes | None]] = []

    def count(self) -> Published:
        """Fold records of every kind, out of order and repeated; what was published."""
        now_ms = system_clock()
        source = EventSource(Random(4), "judged")
        what = Published([], {}, Counter(), [], [], [])
        for half in (0, HOUR):  # a clock goes wrong half way
            source.shift_ms = half
            for each in source.draw(RECORDS // 2, now_ms):
                topic = CHANNELS[each.kind]
                partition = self.partitions[2 * (topic is Channel.DESK) + each.key[-1] % PARTITIONS]
                offset = partition.next_offset
                record: Any = ConsumerRecord(
                    *(each.kind, partition.tp.partition, offset, now_ms, 1, each.key, each.value, None, 0, 0, ())
                )
                judge.sort(what, each, record)
                partition.fold(Fetched(offset, offset + 1, [record]))
        for partition in self.partitions:
            self.letters += partition.dead_letters
            self.totals += month_records(partition.state.settle(), partition.name, now_ms)
            self.feeds += feed_records(partition.notes.months, partition.state.channel, partition.name)
        return what

    async def expositions(self) -> list[str]:
        """What they show at this moment."""
        return [self._exposition(partitions) for partitions in self.shows]

    def _exposition(self, partitions: list[Partition]) -> str:
        shown = [
            PartitionHealth(
                topic=each.tp.topic, partition=each.tp.partition, state=each.state, next_offset=each.next_offset
            )
            for each in partitions
        ]
        return Metrics(lambda: observing(shown, system_clock(), self.rules)).render().decode()


@pytest.fixture
def workers(tmp_path: Path) -> Workers:
    """Workers that have counted nothing."""
    return Workers(tmp_path)


async def differences(workers: Workers, what: Published) -> list[str]:
    """Everything that the judge finds."""
    return [
        *await judge.shown(workers, what),
        *judge.compare_month_totals(what, workers.totals, system_clock()),
        *judge.compare_feeds(what, workers.feeds),
        *judge.compare_letters(what, workers.letters),
    ]


async def test_nothing_is_found_where_all_is_right(workers: Workers) -> None:
    what = workers.count()
    assert len(what.rows) > 600
    assert len(what.refused) > 100
    assert await differences(workers, what) == []


# Folded wrongly.


@pytest.fixture
def folds(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Any]], None]:
    """Puts another way of folding events in the place of the partition's, for ten of them: any one of them may be
    told again, or change nothing."""

    def replace(spoiled: Callable[..., Any]) -> None:
        fold, count = Partition._fold_events, iter(range(10 * RECORDS))

        def fold_events(self: Partition, batch: Any) -> None:
            (spoiled if batch.events and next(count) in range(100, 110) else fold)(self, batch)

        monkeypatch.setattr(Partition, "_fold_events", fold_events)

    return replace


async def test_a_record_that_is_lost_but_counted_as_folded_is_found(workers: Workers, folds: Any) -> None:
    def lose(self: Partition, batch: Any) -> None:
        self.state.applied += len(batch.events)

    folds(lose)
    assert await differences(workers, workers.count())


async def test_a_record_that_is_folded_twice_is_found(workers: Workers, folds: Any) -> None:
    """Figures do not change by it, but the worker says that it has had one more."""

    def fold_twice(self: Partition, batch: Any) -> None:
        self.state.fold(batch)
        self.state.fold(batch)

    folds(fold_twice)
    what = workers.count()
    records = what.valid + Counter((topic, number) for topic, number, _ in what.refused)
    assert await judge._complete_reading(workers, records) is None, "so the scenario would not end well"


@pytest.mark.parametrize("tally", [PhoneTally, DeskTally])
@pytest.mark.parametrize("times", [0, 2])
@pytest.mark.parametrize("spoiled_sign", [1, -1])
async def test_what_is_counted_or_taken_back_never_or_twice_is_found(
    workers: Workers, monkeypatch: pytest.MonkeyPatch, tally: Any, times: int, spoiled_sign: int
) -> None:
    count_in, seen = tally.count_in, iter(range(10 * RECORDS))

    def spoiled(tallies: Any, measured: Any, sign: int, places: Any) -> None:
        for _ in range(times if sign == spoiled_sign and next(seen) == 0 else 1):
            count_in(tallies, measured, sign, places)

    monkeypatch.setattr(tally, "count_in", spoiled)
    assert await differences(workers, workers.count())


# Shown and left behind wrongly.


def a_wait_in_another_bucket(workers: Workers) -> None:
    """The count and the sum are right."""
    key, value = next((key, value) for key, value in workers.totals if value and b'"sketch":{"' in value)
    assert value is not None
    workers.totals.append((key, value.replace(b'"sketch":{"', b'"sketch":{"1', 1)))


def somebody_left_the_queue(workers: Workers) -> None:
    """A caller waits and is not shown."""
    state: Any = workers.partitions[0].state
    next(line for line in state.settle().look(system_clock()).lines if line.count).count -= 1


def a_letter_is_lost(workers: Workers) -> None:
    """The last."""
    workers.letters.pop()


def a_letter_comes_twice(workers: Workers) -> None:
    """As when nobody fences a zombie."""
    workers.letters.append(workers.letters[0])


def a_letter_has_another_value(workers: Workers) -> None:
    """It is not what was sent."""
    workers.letters[0] = msgspec.structs.replace(workers.letters[0], value=b"another")


def a_former_owner_overwrote_a_total(workers: Workers) -> None:
    """The newest record of a key is an old one."""
    key, value = workers.totals[0]
    assert value is not None
    workers.totals.append((key, value.replace(b'"within_norm":', b'"within_norm":1')))


def a_total_is_missing(workers: Workers) -> None:
    """It never arrived."""
    workers.totals.pop()


def a_late_fact_counts_twice(workers: Workers) -> None:
    """As when a worker goes on from notes that are newer than its state."""
    key, feed = next((key, _feed(value)) for key, value in workers.feeds if value and _feed(value).late_facts)
    cluster = next(iter(feed.late_facts))
    feed.late_facts[cluster] += 1
    workers.feeds.append((key, msgspec.json.encode(feed)))


def a_quarter_of_an_hour_is_silent(workers: Workers) -> None:
    """An event came and is not noted."""
    key, value = workers.feeds[0]
    assert value is not None
    feed = _feed(value)
    feed.quarters.bits[next(index for index, byte in enumerate(feed.quarters.bits) if byte)] = 0
    workers.feeds.append((key, msgspec.json.encode(feed)))


def _feed(value: bytes) -> Feed:
    return msgspec.json.decode(value, type=Feed)


@pytest.mark.parametrize(
    "spoil",
    [
        a_late_fact_counts_twice,
        a_quarter_of_an_hour_is_silent,
        a_wait_in_another_bucket,
        somebody_left_the_queue,
        a_letter_is_lost,
        a_letter_comes_twice,
        a_letter_has_another_value,
        a_former_owner_overwrote_a_total,
        a_total_is_missing,
    ],
)
async def test_what_is_shown_or_written_wrongly_is_found(workers: Workers, spoil: Callable[[Workers], None]) -> None:
    what = workers.count()
    spoil(workers)
    assert await differences(workers, what)


async def test_a_partition_that_two_workers_show_is_found(workers: Workers) -> None:
    """The zombie and its successor: sums over workers would count it twice."""
    what = workers.count()
    records = what.valid + Counter((topic, number) for topic, number, _ in what.refused)
    assert await judge._complete_reading(workers, records) is not None
    workers.shows[1].append(workers.partitions[0])
    assert await judge._complete_reading(workers, records) is None
