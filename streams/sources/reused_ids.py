"""What a worker will make of the ids in a file: those that are used again are told before anybody wonders.

Counts as a worker does that reads the whole file at this moment, so that nobody knows another rule.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final

from streams.channels import channel_names, channel_of, channel_of_event
from streams.channels.shared_ids import ids_in
from streams.contracts.batch import Batch
from streams.contracts.decode import Event
from streams.contracts.events import instants_ms
from streams.contracts.staffing import Staffing
from streams.core.rules import Channel, Rules
from streams.core.state import AnyState
from streams.sources.files.row import Row

EVENTS_AT_ONCE: Final = 1_000

CONTACTS_MAX: Final = 1_000_000
"""So many contacts of a channel are looked at: some 300 MB."""


class ReusedIds:
    """The ids of the events of a file."""

    def __init__(self, rules: Rules, now_ms: int) -> None:
        """Nothing is known before rows pass."""
        self._rules = rules
        self._now_ms = now_ms
        self._states: dict[Channel, AnyState] = {}
        self._waiting: list[Event] = []
        self._full: set[Channel] = set()

    def of(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows, their events looked at as they pass."""
        for row in rows:
            self._waiting += row.events
            if len(self._waiting) >= EVENTS_AT_ONCE:
                self._fold_waiting()
            yield row

    def _fold_waiting(self) -> None:
        of_channels: defaultdict[Channel, list[Event]] = defaultdict(list)
        for event in self._waiting:
            if isinstance(event, Staffing):  # of no contact
                continue
            of_channels[channel_of_event(event).name].append(event)
        self._waiting = []
        for channel, events in of_channels.items():
            if channel not in self._full:
                self._fold(channel, events)

    def _fold(self, channel: Channel, events: list[Any]) -> None:
        state = self._states.get(channel)
        if state is None:
            state = self._states[channel] = channel_of(channel).state(self._rules)
        state.fold(Batch(events, instants_ms([each.at for each in events]), [self._now_ms] * len(events)))
        if len(state.contacts) >= CONTACTS_MAX:
            self._full.add(channel)

    def lines(self) -> Iterator[str]:
        """What to say of them, a sentence each."""
        self._fold_waiting()
        for channel in filter(self._states.__contains__, channel_names()):
            parts, state = channel_of(channel), self._states[channel]
            months = state.settle().months.values()
            when = f" (among the first {CONTACTS_MAX:,})" if channel in self._full else ""
            for text in ids_in(tally for month in months for tally in month.values()).texts(parts, when):
                yield f"{text[0].upper()}{text[1:]}."
