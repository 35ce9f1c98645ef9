"""What one source partition notes of each month besides its totals: when events came, and how many came late.

Folded beside the state from the same facts. Like the state it depends on the facts and their records' times alone,
never on a clock or on batches; the quarters of an hour do not depend on order and repetition either. A late fact is
one about a month that had ended when its record came: it is counted every time it comes, also if it changes nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from streams.contracts.batch import Batch
from streams.core.calendar import Calendar
from streams.core.coverage import QuarterMap
from streams.core.months import month_start_ms
from streams.core.rules import QUARTER_MS

_QUARTERS_REMEMBERED: Final = 10_000
"""Bound on the memory of quarters that are known to be noted: over three months of them."""


class MonthNote(msgspec.Struct):
    """What is noted of one month."""

    quarters: QuarterMap = msgspec.field(default_factory=QuarterMap)
    late_facts: dict[str, int] = {}
    """By cluster."""


class MonthNotes:
    """The notes of one source partition; `months` is for reading."""

    def __init__(self, calendar: Calendar, zone: str, months: Mapping[str, MonthNote] | None = None) -> None:
        """Go on from the notes of a checkpoint, if there are any."""
        self.months: dict[str, MonthNote] = dict(months or {})
        self._calendar = calendar
        self._zone = zone
        self._noted: set[int] = set()
        self._starts: dict[str, int] = {}
        self._changed: set[str] = set()

    def fold(self, batch: Batch[Any]) -> None:
        """Note the facts of a batch."""
        if not batch.events:
            return
        instants_ms = batch.instants_ms
        first_ms = min(instants_ms)
        if first_ms // QUARTER_MS == max(instants_ms) // QUARTER_MS:
            self._note_quarters((first_ms // QUARTER_MS,))
        else:
            self._note_quarters({at // QUARTER_MS for at in instants_ms})
        # Mostly nothing is late. The last time need not be the latest: a broker's clock may be set back.
        if first_ms < self._start_ms(self._calendar.month(max(batch.record_times_ms))):
            self._note_late(batch)

    def _note_quarters(self, quarters: Iterable[int]) -> None:
        for quarter in quarters:
            if quarter in self._noted:
                continue
            if len(self._noted) >= _QUARTERS_REMEMBERED:
                self._noted.clear()
            self._noted.add(quarter)
            month = self._calendar.month(quarter * QUARTER_MS)
            if self._month(month).quarters.set(quarter - self._start_ms(month) // QUARTER_MS):
                self._changed.add(month)

    def _note_late(self, batch: Batch[Any]) -> None:
        month_of = self._calendar.month
        for event, at, record_ms in zip(batch.events, batch.instants_ms, batch.record_times_ms, strict=True):
            month = month_of(at)
            if month < month_of(record_ms):
                late = self._month(month).late_facts
                late[event.cluster] = late.get(event.cluster, 0) + 1
                self._changed.add(month)

    def _month(self, month: str) -> MonthNote:
        return self.months.setdefault(month, MonthNote())

    def _start_ms(self, month: str) -> int:
        start = self._starts.get(month)
        if start is None:
            start = self._starts[month] = month_start_ms(month, self._zone)
        return start

    def take_changed(self) -> dict[str, MonthNote]:
        """The notes that have changed since this was last asked, by month; they change when more is folded."""
        changed, self._changed = sorted(self._changed), set()
        return {month: self.months[month] for month in changed}
