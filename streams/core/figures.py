"""What is shown at a moment: waiting now, rolling windows, today, months.

Views of states that change nothing in them; the moment comes in as `now_ms`. Everything here adds up over states,
and so over partitions and workers, except the longest wait, of which the largest counts.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

import msgspec

from streams.core.contact import Call, Ticket
from streams.core.measure import Excluded
from streams.core.rules import MINUTE_MS, Channel, Cluster, Rules
from streams.core.state import CallState, TicketState
from streams.core.tally import DeskTally, PhoneTally, Tally

TODAY: Final = "today"
"""Name of the window that is the local day; the rolling ones are named `5m`, `15m` and so on."""

AnyState = CallState | TicketState


class Waiting(msgspec.Struct, gc=False):
    """Who waits now in one cluster. The longest waits are None when nobody waits."""

    count: int = 0
    """Callers, or visitors with an appointment who have arrived."""
    longest_ms: int | None = None
    """For visitors from the later of arrival and planned start: who comes late has not waited before coming."""
    walk_ins: int = 0
    """Visitors without an appointment, in figures of their own."""
    longest_walk_in_ms: int | None = None

    def take(self, wait_ms: int) -> None:
        """Add one caller, or one visitor with an appointment; a wait that has not begun counts as 0."""
        self.count += 1
        self.longest_ms = max(wait_ms, self.longest_ms or 0)

    def take_walk_in(self, wait_ms: int) -> None:
        """Add one visitor without an appointment."""
        self.walk_ins += 1
        self.longest_walk_in_ms = max(wait_ms, self.longest_walk_in_ms or 0)


class ClusterFigures(msgspec.Struct, gc=False):
    """Everything shown of one cluster: `windows` by name, empty tallies included."""

    cluster: Cluster
    waiting: Waiting
    windows: dict[str, Tally]


MonthTotals = dict[tuple[str, str], Tally]
"""Tally by month (`YYYY-MM`) and cluster."""


def window_name(minutes: int) -> str:
    """Name of a rolling window, as in labels and on screens."""
    return f"{minutes}m"


def window_names(rules: Rules) -> tuple[str, ...]:
    """The names of all windows, the local day last."""
    return (*(window_name(minutes) for minutes in rules.windows_minutes), TODAY)


def empty_tally(channel: Channel) -> Tally:
    """A tally of the channel's kind in which nothing is counted."""
    return PhoneTally() if channel is Channel.PHONE else DeskTally()


def figures(states: Iterable[AnyState], rules: Rules, now_ms: int) -> list[ClusterFigures]:
    """The figures of every cluster of the rules over the given states, in the order of the settings."""
    shown = {
        (cluster.channel, cluster.name): ClusterFigures(
            cluster, Waiting(), {name: empty_tally(cluster.channel) for name in window_names(rules)}
        )
        for cluster in rules.clusters
    }
    for state in states:
        mine = {name: each for (channel, name), each in shown.items() if channel is state.channel}
        _add_windows(mine, state, now_ms)
        _add_open(mine, state, now_ms)
    _nest_windows(shown.values(), rules)
    return list(shown.values())


def _add_windows(shown: dict[str, ClusterFigures], state: AnyState, now_ms: int) -> None:
    """A window of W minutes ends with the slot that `now` lies in and holds W minutes of slots.

    Each slot is added once, to the shortest window that holds it; `_nest_windows` makes the longer ones whole.
    """
    rules = state.rules
    end = now_ms // rules.slot_ms + 1
    newest = end
    for minutes in sorted(rules.windows_minutes):
        first = end - minutes * MINUTE_MS // rules.slot_ms
        for by_cluster in state.slot_sums(first, newest):
            _add_span(shown, window_name(minutes), by_cluster)
        newest = first
    _add_span(shown, TODAY, state.days.get(state.calendar.day(now_ms)))


def _nest_windows(shown: Iterable[ClusterFigures], rules: Rules) -> None:
    """Add each window to the next longer one, which holds it."""
    names = [window_name(minutes) for minutes in sorted(rules.windows_minutes)]
    for each in shown:
        for shorter, longer in pairwise(names):
            each.windows[longer].add(each.windows[shorter])


def _add_span(
    shown: dict[str, ClusterFigures], window: str, by_cluster: dict[str, PhoneTally] | dict[str, DeskTally] | None
) -> None:
    for name, tally in (by_cluster or {}).items():
        if name in shown:
            shown[name].windows[window].add(tally)


def _add_open(shown: dict[str, ClusterFigures], state: AnyState, now_ms: int) -> None:
    """Open contacts wait, unless they have expired: then they count as `unresolved` in their day."""
    today = state.calendar.day(now_ms)
    for contact, expired in _open_contacts(state, now_ms):
        each = shown.get(contact.cluster)
        if each is None:
            continue
        if expired is None:
            _take(each.waiting, contact, now_ms)
        elif state.calendar.day(expired.period_ms) == today:
            _exclude(each.windows[TODAY], expired)


def _take(waiting: Waiting, contact: Call | Ticket, now_ms: int) -> None:
    if isinstance(contact, Call):
        if contact.offered is not None:
            waiting.take(now_ms - contact.offered)
    elif contact.arrived is not None:
        if contact.planned is not None:
            waiting.take(now_ms - max(contact.arrived, contact.planned))
        else:
            waiting.take_walk_in(now_ms - contact.arrived)


def _open_contacts(state: AnyState, now_ms: int) -> Iterator[tuple[Call | Ticket, Excluded | None]]:
    """The open contacts, each with what it counts as once it has expired."""
    expired_before = now_ms - state.expiry_ms
    if isinstance(state, CallState):
        for call in state.open.values():
            yield call, state.expire(call) if state.due_ms(call) <= expired_before else None
    else:
        for ticket in state.open.values():
            yield ticket, state.expire(ticket) if state.due_ms(ticket) <= expired_before else None


def _exclude(tally: Tally, excluded: Excluded) -> None:
    reason = excluded.reason.value
    tally.excluded[reason] = tally.excluded.get(reason, 0) + 1


def month_totals(state: AnyState, now_ms: int) -> MonthTotals:
    """Every month's tally of one state, with the open contacts that have expired by `now_ms` as `unresolved`.

    Tallies without expired contacts are the state's own, not copies: encode them before folding on.
    """
    totals: MonthTotals = {
        (month, cluster): tally for month, by_cluster in state.months.items() for cluster, tally in by_cluster.items()
    }
    owned: set[tuple[str, str]] = set()
    for _, expired in _open_contacts(state, now_ms):
        if expired is None:
            continue
        key = (state.calendar.month(expired.period_ms), expired.cluster)
        if key not in owned:
            owned.add(key)
            copy = empty_tally(state.channel)
            if key in totals:
                copy.add(totals[key])
            totals[key] = copy
        _exclude(totals[key], expired)
    return totals
