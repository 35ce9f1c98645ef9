"""What a worker will make of the ids in a file: those that are used again are told before anybody wonders.

Counts as a worker does that reads the whole file at this moment, so that nobody knows another rule.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final

from streams.channels import channel_of, channel_of_event
from streams.channels.shared_ids import ids_in
from streams.contracts.batch import Batch
from streams.contracts.decode import Event
from streams.contracts.events import instant_ms
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
        self._waiting: defaultdict[Channel, list[Event]] = defaultdict(list)
        self._full: set[Channel] = set()

    def of(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows, their events looked at as they pass."""
        for row in rows:
            for event in row.events:
                self._take(event)
            yield row

    def _take(self, event: Event) -> None:
        channel = channel_of_event(event).name
        if channel in self._full:
            return
        waiting = self._waiting[channel]
        waiting.append(event)
        if len(waiting) >= EVENTS_AT_ONCE:
            self._fold(channel)

    def _fold(self, channel: Channel) -> None:
        state = self._states.get(channel)
        if state is None:
            state = self._states[channel] = channel_of(channel).state(self._rules)
        events: Any = self._waiting.pop(channel)
        state.fold(Batch(events, [instant_ms(each.at) for each in events], [self._now_ms] * len(events)))
        if len(state.contacts) >= CONTACTS_MAX:
            self._full.add(channel)

    def lines(self) -> Iterator[str]:
        """What to say of them, a sentence each."""
        for channel in sorted(self._waiting):
            self._fold(channel)
        for channel, state in self._states.items():
            parts = channel_of(channel)
            months = state.settle().months.values()
            when = f" (among the first {CONTACTS_MAX:,})" if channel in self._full else ""
            for text in ids_in(tally for month in months for tally in month.values()).texts(parts, when):
                yield f"{text[0].upper()}{text[1:]}."
