"""Folding a history in different ways, and comparing everything that must not depend on the way."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Final, TypeVar

import msgspec

from streams.channels.calls.counts import PhoneTally
from streams.channels.figures import figures, month_totals
from streams.channels.visits.counts import DeskTally
from streams.core.counts import Tally
from streams.core.rules import Rules
from streams.core.state import AnyState
from tests.applying import apply
from tests.core.builders import DAY, HOUR, MINUTE
from tests.core.histories import NOON

MOMENTS: Final = tuple(NOON + off for off in (0, MINUTE, 90 * MINUTE, 9 * HOUR, 12 * HOUR, DAY, 40 * DAY))
"""When figures are compared: now, as windows empty, at the evening's end, after midnight, after every expiry."""

StateT = TypeVar("StateT", bound=AnyState)

NewState = Callable[[Rules], AnyState]
"""`CallState` or `TicketState`: the events of a history must be of the same channel."""


def restarted(state: StateT, rules: Rules | None = None) -> StateT:
    """The state as a worker finds it again: written, read back, and judged by the rules of the day."""
    written = msgspec.msgpack.encode(state.settle().snapshot())
    return state.restore(msgspec.msgpack.decode(written, type=state.snapshot_type), rules or state.rules)


def fold(
    new_state: NewState,
    rules: Rules,
    events: Sequence[Any],
    *,
    log: Iterable[int] | None = None,
    restarts: Collection[int] = (),
) -> AnyState:
    """Fold events, restarting before those with the given indices; `log` has the records' times, by default noon."""
    state = new_state(rules)
    for index, (event, record_ms) in enumerate(zip(events, log or [NOON] * len(events), strict=True)):
        if index in restarts:
            state = restarted(state)
        apply(state, event, record_ms)
    return restarted(state) if len(events) in restarts else state


def everything(state: AnyState, with_touched: bool = False) -> dict[str, Any]:
    """All that must be the same however a history came; `touched` is too where the records' times were."""
    return {
        "months": state.settle().months,
        "days": state.settle().days,
        "slots": state.settle().slots,
        "contacts": _facts(state.contacts, with_touched),
        "open": _facts(state.open, with_touched),
        "log": state.log_ms,
        "last event": state.last_event_ms,
        "rejected": state.rejected,
        "figures": [figures([state.settle()], state.rules, now) for now in MOMENTS],
        "month totals": [month_totals(state.settle(), now) for now in MOMENTS],
    }


def _facts(contacts: dict[str, Any], with_touched: bool) -> dict[str, Any]:
    return (
        contacts
        if with_touched
        else {key: msgspec.structs.replace(each, touched=0) for key, each in contacts.items()}
    )


def assert_canonical(state: AnyState) -> None:
    """No count below zero, no entry of zero, no tally or span in which there is nothing, sums that agree."""
    spans: tuple[dict[Any, dict[str, Any]], ...] = (state.settle().months, state.settle().days, state.settle().slots)
    for by_span in spans:
        for by_cluster in by_span.values():
            assert by_cluster
            for tally in by_cluster.values():
                _assert_canonical_tally(tally, in_month=by_span is state.settle().months)
    assert state.open.keys() == restarted(state).open.keys()  # where it follows from the facts
    assert state.settle().look(MOMENTS[-1]).open_count == len(state.open)  # expired ones included


def _assert_canonical_tally(tally: Tally, *, in_month: bool) -> None:
    assert not tally.is_empty()
    for name, value in msgspec.structs.asdict(tally).items():
        if isinstance(value, dict):
            assert all(count > 0 for count in value.values()), (name, value)
        elif name != "signed_ms":
            assert value >= 0, (name, value)
    if isinstance(tally, PhoneTally):
        measured = tally.answered
        assert sum(tally.speed_categories.values()) == measured
    else:
        assert isinstance(tally, DeskTally)
        measured = tally.served
        assert tally.experienced <= measured
        assert tally.requests_within_norm <= tally.requests
    assert sum(tally.sketch.values()) == (measured if in_month else 0)
    assert tally.within_norm <= measured
