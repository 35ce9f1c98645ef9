"""What a worker would refuse of the events that are about to be sent: those rows are left out, whole.

Asks the very decoders by which a worker reads records.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

import msgspec

from streams.channels import channel_names, channel_of_event
from streams.channels.acceptance import decoder_of
from streams.channels.staffing import AnyStaffing
from streams.contracts.decode import Event
from streams.contracts.rejections import Rejection
from streams.contracts.spelling import Repaired
from streams.contracts.staffing import Staffing
from streams.core.rules import Channel, Rules
from streams.sources.files.row import RefusedEvent, Row
from streams.sources.sender import encoded

ROWS_AT_ONCE: Final = 200
"""Rows that are judged together: a decoder takes half the time for each of many."""


class Acceptance:
    """What the settings accept of the events of a file."""

    def __init__(self, rules: Rules) -> None:
        self.repaired: Counter[Repaired] = Counter()
        """Events whose cluster the settings call otherwise: they count."""
        self._staffing = AnyStaffing(rules)
        self._decode: dict[Channel, Any] = {
            channel: decoder_of(channel, rules).decode_batch for channel in channel_names()
        }

    def of(self, rows: Iterable[Row], now_ms: int) -> Iterator[Row]:
        """The same rows, those without events that have one which a record of this moment may not hold.

        Whole rows, since half a contact would be counted as what it is not: a call without its answer as missed.
        """
        left = iter(rows)
        while some := list(islice(left, ROWS_AT_ONCE)):
            refused = self._refused([event for row in some for event in row.events], now_ms)
            yield from (_without_refused(row, refused) for row in some) if refused else some

    def _refused(self, events: list[Event], now_ms: int) -> dict[int, RefusedEvent]:
        """The refused ones by their identity: two rows may hold the same event."""
        found: dict[int, RefusedEvent] = {}
        for event in events:
            if isinstance(event, Staffing):
                outcome = self._staffing(*encoded(event), now_ms)
                if isinstance(outcome, Rejection):
                    found[id(event)] = RefusedEvent(event, outcome, now_ms)
        contacts = [event for event in events if not isinstance(event, Staffing)]
        for channel in channel_names():
            chosen = [event for event in contacts if channel_of_event(event).name is channel]
            if chosen:
                keys, values = zip(*map(encoded, chosen), strict=True)
                decoded = self._decode[channel](keys, values, [now_ms] * len(chosen))
                self.repaired.update(decoded.repaired)
                for index, rejection in decoded.rejected:
                    found[id(chosen[index])] = RefusedEvent(chosen[index], rejection, now_ms)
        return found


def _without_refused(row: Row, refused: dict[int, RefusedEvent]) -> Row:
    """The row, without events when one of them is refused."""
    fault = next((refused[id(event)] for event in row.events if id(event) in refused), None)
    return row if fault is None else msgspec.structs.replace(row, events=[], refused=fault)
