"""Sources of reports made from events without a broker: the records of month totals, written and read back."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from streams.channels.calls.events import CallEvent
from streams.channels.calls.state import CallState
from streams.channels.visits.state import TicketState
from streams.core.state import AnyState
from streams.months.month import Month, Sources, month_of
from streams.records.closings import Account, Basis
from streams.records.month_totals import month_records, totals_by_source
from streams.records.progress import BesideTotals, read_beside
from streams.settings import Settings, load
from tests.applying import apply


def lier(**changes: Any) -> Settings:
    """The packaged settings, with the given parts changed."""
    return msgspec.structs.replace(load(None, {}), **changes)


def states_of(
    events: Iterable[Any], settings: Settings, *, record_ms: int, partitions: int = 2
) -> dict[str, AnyState]:
    """The events folded by source partition, all from records of the same time."""
    states: dict[str, AnyState] = {}
    for event in events:
        is_call = isinstance(event, CallEvent)
        contact = event.call_id if is_call else event.ticket_id
        source = f"{'calls' if is_call else 'tickets'}-{sum(contact.encode()) % partitions}"
        if source not in states:
            states[source] = (CallState if is_call else TicketState)(settings.rules)
        apply(states[source], event, record_ms)
    return states


def totals_records(states: dict[str, AnyState], now_ms: int) -> list[tuple[bytes, bytes | None]]:
    """What the partitions write to the topic of month totals."""
    return [
        (record.key, record.value)
        for source, state in states.items()
        for record in month_records(state.settle(), source, now_ms)
    ]


def sources_of(
    events: Sequence[Any],
    settings: Settings,
    *,
    now_ms: int,
    beside: Iterable[tuple[bytes, bytes | None]] = (),
    account: Account | None = None,
) -> Sources:
    """What a reader of the topics would find after all of these events."""
    records = [*totals_records(states_of(events, settings, record_ms=now_ms), now_ms), *beside]
    return Sources(totals_by_source(records), read_beside(records), account or {})


def month_in(sources: Sources, month: str, settings: Settings) -> Month:
    """The figures of a month; one that is open is judged by these settings."""
    return month_of(sources, month, Basis(settings.rules, settings.norms))


def no_sources() -> Sources:
    """Topics on which nothing stands."""
    return Sources({}, BesideTotals({}, {}), {})
