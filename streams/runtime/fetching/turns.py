"""Hands out what was fetched, partition by partition in turn; only what is handed out is decompressed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from aiokafka import TopicPartition

from streams.runtime.fetching.fetch import Packed
from streams.runtime.fetching.fetched import Fetched, RefusedTogether
from streams.runtime.fetching.packed import PART_BYTES, Origin, Part
from streams.runtime.fetching.record import Record

BATCH_RECORDS: Final = 2_000
"""Most records that are folded at a time: some 10 ms, after which the event loop serves the other tasks."""


class Unread(NamedTuple):
    """What of a fetch of one partition is to be handed out, from offset `start` on."""

    start: int
    batches: Sequence[Packed]
    deleted: int = 0
    """Records from `start` on that Kafka deleted before anybody read them."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Consecutive records of one partition that wait to be folded, still bytes: from offset `start` up to `end`."""

    start: int
    end: int
    parts: Sequence[Part]
    deleted: int = 0

    @property
    def origin(self) -> Origin:
        """Of the last of them."""
        return self.parts[-1].origin

    def batches(self) -> Iterator[Fetched]:
        """The records, mostly in one batch; those that cannot be read in batches of their own."""
        start, deleted, records = self.start, self.deleted, list[Record]()
        for part in self.parts:
            found = part.read()
            records += found
            if found and found[-1].offset + 1 == part.end:
                continue
            behind = found[-1].offset + 1 if found else part.start
            if start < behind:
                yield Fetched(start, behind, records, deleted)
                deleted, records = 0, []
            yield Fetched(behind, part.end, (), deleted, RefusedTogether(part.reason, part.origin))
            start, deleted = part.end, 0
        if start < self.end:
            yield Fetched(start, self.end, records, deleted)


def take_turns(fetches: Iterable[tuple[TopicPartition, Unread | None]]) -> Iterator[tuple[TopicPartition, Bundle]]:
    """Every partition's records in bundles, the partitions in turn.

    A batch that is large when unpacked is handed out whole in its turn: only one of those is held at a time.
    """
    waiting = [(tp, _turns(unread)) for tp, unread in fetches if unread is not None]
    while waiting:
        still = []
        for tp, turns in waiting:
            turn = next(turns, None)
            if turn is not None:
                for bundle in turn:
                    yield tp, bundle
                still.append((tp, turns))
        waiting = still


def _turns(unread: Unread) -> Iterator[Iterable[Bundle]]:
    """What is handed out in each turn."""
    bundler = _Bundler(unread.start, unread.deleted)
    for batch in unread.batches:
        opened = batch.open()
        if opened.is_large:
            yield _all_of(bundler, opened.parts)
            continue
        for part in opened.parts:
            for bundle in bundler.add(part):
                yield (bundle,)
    yield bundler.flush()


def _all_of(bundler: "_Bundler", parts: Iterator[Part]) -> Iterator[Bundle]:
    for part in parts:
        yield from bundler.add(part)
    yield from bundler.flush()


class _Bundler:
    """Makes bundles of parts as they come: as large as they may be, without a gap between them."""

    def __init__(self, start: int, deleted: int) -> None:
        self._start = start
        self._deleted = deleted
        self._parts: list[Part] = []
        self._records = self._bytes = 0

    def add(self, part: Part) -> Iterator[Bundle]:
        """Take in a part; the bundles that it fills."""
        while part.is_divisible and self._records + part.count > BATCH_RECORDS:
            head, part = part.divided(BATCH_RECORDS - self._records)
            self._parts.append(head)
            yield from self.flush()
        if self._parts and self._records + part.count > BATCH_RECORDS:
            yield from self.flush()
        self._parts.append(part)
        self._records += part.count
        self._bytes += part.size_bytes
        if self._records >= BATCH_RECORDS or self._bytes >= PART_BYTES:
            yield from self.flush()

    def flush(self) -> Iterator[Bundle]:
        """What has come since the last bundle, if anything has."""
        if self._parts:
            bundle = Bundle(self._start, self._parts[-1].end, self._parts, self._deleted)
            self._start, self._deleted, self._parts, self._records, self._bytes = bundle.end, 0, [], 0, 0
            yield bundle
