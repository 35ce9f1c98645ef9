"""Folding one fact at a time, which tests do and workers do not."""

from collections.abc import Sequence
from typing import Any, TypeVar

from streams.channels.calls.events import CallEvent
from streams.channels.visits.events import Requested, TicketEvent
from streams.contracts.batch import Batch
from streams.contracts.events import instant_ms

E = TypeVar("E", bound=CallEvent | TicketEvent | Requested)


def apply(state: Any, event: CallEvent | TicketEvent | Requested, record_ms: int) -> None:
    """Fold one fact, read from a record with the given time (ms)."""
    state.fold(batch_of((event,), (record_ms,)))


def batch_of(events: Sequence[E], record_times_ms: Sequence[int]) -> Batch[E]:
    """The events as one batch, read from records with these times."""
    return Batch(events, [instant_ms(event.at) for event in events], record_times_ms)
