"""The tallies of one state, by month, by local day and by slot of the rolling windows.

Where a measurement is counted and taken back, what of that is kept, and which tallies were counted in since somebody
asked.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from streams.core.calendar import Calendar
from streams.core.changes import Periods, Slots
from streams.core.counts import Tally
from streams.core.former import Former
from streams.core.measure import Measurement
from streams.core.places import Places
from streams.core.rules import QUARTER_MS, Rules
from streams.core.snapshot import Parts, Spans, without_gaps

_BLOCK_SLOTS: Final = (90, 30, 6)
"""Slots that are summed once for all readers: a quarter of an hour, 5 minutes and a minute of slots of 10 s, each
block from those of the next length. The windows of 5, 15 and 60 minutes are then some 32 sums and not 360."""

_GONE: Final = -1
"""Stands for a day or a slot that is not kept any more."""

K = TypeVar("K")
T = TypeVar("T", bound=Tally)

SpansOf = tuple[str, int, int]
"""Month, day and slot that something is counted in."""


class Near(dict[str, list[T]]):
    """The tallies of each cluster in some spans of time: found once, and noted as changed, while they are counted in.

    What is counted next is mostly counted in the same ones. Looking a cluster up makes nothing: `open` and `opened`
    do.
    """

    def __init__(self, spans: Sequence[dict[str, T]], noted: set[str], tally_type: type[T]) -> None:
        """`noted` takes the clusters that are counted in."""
        super().__init__()
        self._spans = spans
        self._noted = noted
        self._tally_type = tally_type

    def open(self, clusters: Iterable[str]) -> Mapping[str, list[T]]:
        """The tallies, those of these clusters among them; they are about to be counted in."""
        for cluster in clusters:
            if cluster not in self:
                self.opened(cluster)
        return self

    def opened(self, cluster: str) -> list[T]:
        """The tallies of one cluster, made where there are none; they are about to be counted in."""
        tallies = []
        for by_cluster in self._spans:
            tally = by_cluster.get(cluster)
            if tally is None:
                tally = by_cluster[cluster] = self._tally_type()
            tallies.append(tally)
        self._noted.add(cluster)
        self[cluster] = tallies
        return tallies


class Ledger(Generic[T]):
    """All tallies of one state. `months`, `days` and `slots` are for reading."""

    def __init__(self, tally_type: type[T], calendar: Calendar, slot_ms: int, places: Places) -> None:
        """An empty one, of which everything is kept until `keep_from`."""
        self.months: Spans[str, T] = {}
        self.days: Spans[int, T] = {}
        self.slots: Spans[int, T] = {}
        self._blocks: dict[tuple[int, int], dict[str, T]] = {}
        """Sums of slots by first slot and length, worked out when a reader asks, dropped when one of them changes."""
        self._tally_type = tally_type
        self._calendar = calendar
        self._slot_ms = slot_ms
        self._places = places
        self._first_slot = self._first_day = 0
        self._periods: Periods = {}
        self._noted_slots: Slots = {}
        """Where it was counted since `take_noted`."""
        self._near_periods: dict[int, Near[T]] = {}
        self._near_slots: dict[int, Near[T]] = {}
        """Month and day by quarter of an hour, and slots, as long as what is noted is the same."""

    # Counting.

    def count(self, measured: Measurement, sign: int = 1) -> None:
        """Count a measurement wherever its moments fall."""
        cluster, quarter, slot = (
            measured.cluster,
            measured.period_ms // QUARTER_MS,
            measured.known_ms // self._slot_ms,
        )
        of_period = self._near_periods.get(quarter) or self.near_period(quarter)
        of_slot = self._near_slots.get(slot) or self.near_slot(slot)
        tallies = (of_period.get(cluster) or of_period.opened(cluster)) + (
            of_slot.get(cluster) or of_slot.opened(cluster)
        )
        self._tally_type.count_in(tallies, measured, sign, self._places)

    def take_back(self, measured: Measurement) -> None:
        """Take back what `count` counted."""
        self.count(measured, -1)
        month, day = self._calendar.month_and_day(measured.period_ms)
        self.drop_if_empty((month, day, measured.known_ms // self._slot_ms), measured.cluster)

    def near_period(self, quarter: int) -> Near[T]:
        """The month and then the day that a quarter of an hour is in.

        Days beyond the horizon stay dropped, as slots do: it only moves on, so what cannot be taken back there is
        not there any more either.
        """
        near = self._near_periods.get(quarter)
        if near is None:
            month, day = self._calendar.month_and_day(quarter * QUARTER_MS)
            spans = [self.months.setdefault(month, {})]
            if day >= self._first_day:
                spans.append(self.days.setdefault(day, {}))
            noted = self._periods.setdefault((month, day), set())
            near = self._near_periods[quarter] = Near(spans, noted, self._tally_type)
        return near

    def near_slot(self, slot: int) -> Near[T]:
        """The slot, or nothing beyond the horizon."""
        near = self._near_slots.get(slot)
        if near is None:
            spans = [self.slots.setdefault(slot, {})] if slot >= self._first_slot else []
            noted = self._noted_slots.setdefault(slot, set())
            near = self._near_slots[slot] = Near(spans, noted, self._tally_type)
        return near

    def slot_at(self, known_ms: int) -> int:
        """The slot of a moment; those beyond the horizon, in which nothing is counted, are one."""
        return max(known_ms // self._slot_ms, self._first_slot - 1)

    def _forget_near(self) -> None:
        self._near_periods.clear()
        self._near_slots.clear()

    def drop_if_empty(self, spans: SpansOf, cluster: str) -> None:
        """Drop those tallies of a cluster in these spans in which nothing is left."""
        month, day, slot = spans
        dropped = (
            _drop_if_empty(self.months, month, cluster),
            _drop_if_empty(self.days, day, cluster),
            _drop_if_empty(self.slots, slot, cluster),
        )
        if any(dropped):
            self._forget_near()

    # What former rules counted.

    def spans_by(self, former: Former, measured: Measurement) -> SpansOf:
        """Where a measurement is to be taken back from: days and slots beyond the horizons are gone."""
        month, day, slot = former.spans(measured)
        is_in_day = day >= max(former.first_day, self._first_day)
        is_in_slot = slot >= max(former.first_slot, self._first_slot)
        return month, day if is_in_day else _GONE, slot if is_in_slot else _GONE

    def has_same_spans(self, former: Former, measured: Measurement) -> bool:
        """Whether it would be counted where it was counted by the former rules."""
        month, day = self._calendar.month_and_day(measured.period_ms)
        slot = measured.known_ms // self._slot_ms
        spans = month, day if day >= self._first_day else _GONE, slot if slot >= self._first_slot else _GONE
        return spans == self.spans_by(former, measured)

    def take_back_by(self, former: Former, measured: Measurement) -> None:
        """Take back what was counted by the former rules, wherever it still is."""
        spans = self.spans_by(former, measured)
        self._tally_type.count_in(self.tallies_in(spans, measured.cluster), measured, -1, former.places)
        self.drop_if_empty(spans, measured.cluster)

    def tallies_in(self, spans: SpansOf, cluster: str) -> list[T]:
        """The tallies of a cluster in these spans, the month's first; they are noted as changed."""
        month, day, slot = spans
        tallies = [self.months[month][cluster]]
        self.note(month, day, cluster)
        if day != _GONE:
            tallies.append(self.days[day][cluster])
        if slot != _GONE:
            tallies.append(self.slots[slot][cluster])
            self._noted_slots.setdefault(slot, set()).add(cluster)
        return tallies

    # What was counted in.

    def note(self, month: str, day: int, cluster: str) -> None:
        """Note that the totals of a cluster may differ, though nothing of it is counted here."""
        self._periods.setdefault((month, day), set()).add(cluster)

    def take_noted(self) -> tuple[Periods, Slots]:
        """Where it was counted since this was last called; the sums of those slots are to be worked out anew."""
        periods, slots = self._periods, self._noted_slots
        self._periods, self._noted_slots = {}, {}
        self._forget_near()
        for slot in slots:
            for length in _BLOCK_SLOTS:
                self._blocks.pop((slot - slot % length, length), None)
        return periods, slots

    # Reading.

    def slot_sums(self, first: int, end: int) -> Iterator[Mapping[str, T]]:
        """Tallies by cluster that add up to the slots from `first` up to, not including, `end`; not to be changed."""
        slot = first
        while slot < end:
            length = next((n for n in _BLOCK_SLOTS if slot % n == 0 and slot + n <= end), 1)
            yield self._slots_from(slot, length)
            slot += length

    def _slots_from(self, first: int, length: int) -> dict[str, T]:
        if length == 1:
            return self.slots.get(first, {})
        sums = self._blocks.get((first, length))
        if sums is None:
            sums = self._blocks[first, length] = {}
            part = next((n for n in _BLOCK_SLOTS if n < length), 1)
            for start in range(first, first + length, part):
                for cluster, tally in self._slots_from(start, part).items():
                    if cluster not in sums:
                        sums[cluster] = self._tally_type()
                    sums[cluster].add_without_sketch(tally)
        return sums

    # What is kept.

    def keep_from(self, first_slot: int, first_day: int) -> None:
        """Count in no slot and no day before these from now on; `drop_before` drops what is there."""
        self._first_slot, self._first_day = first_slot, first_day
        self._forget_near()

    def drop_before(self, first_slot: int, first_day: int) -> None:
        """Drop the slots and days before these."""
        for slot in [slot for slot in self.slots if slot < first_slot]:
            del self.slots[slot]
        for block in [block for block in self._blocks if block[0] < first_slot]:
            del self._blocks[block]
        for day in [day for day in self.days if day < first_day]:
            del self.days[day]

    def drop_what_differs(self, former: Former, today: Rules) -> None:
        """Drop what the former rules did not keep, and spans that today's rules do not have."""
        self.drop_before(former.horizons.first_slot, former.horizons.first_day)
        if former.rules.slot_ms != today.slot_ms:
            self.slots.clear()
        if former.rules.zone != today.zone:
            self.days.clear()

    def drop_old(self) -> None:
        """Drop everything before the horizons."""
        self.drop_before(self._first_slot, self._first_day)

    def take_in(self, months: Parts[str, T], days: Parts[int, T], slots: Parts[int, T]) -> None:
        """Take over the tallies of a snapshot."""
        self.months, self.days, self.slots = without_gaps(months), without_gaps(days), without_gaps(slots)


def _drop_if_empty(spans: Spans[Any, T], span: object, cluster: str) -> bool:
    """Whether there was a tally in which nothing is left: it is gone now."""
    tally = spans.get(span, {}).get(cluster)
    if tally is None or not tally.is_empty():
        return False
    del spans[span][cluster]
    if not spans[span]:
        del spans[span]
    return True
