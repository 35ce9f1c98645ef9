"""Rules, moments and events for the tests of the core, in the words of the people who set the norms.

The rules are written out here, not taken from the settings, so that a test says all that it depends on.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import HealthCheck, settings

from streams.channels.calls.counts import PhoneTally
from streams.channels.calls.events import Abandoned, Answered, AnyCallEvent, Ended, Offered
from streams.channels.calls.state import CallState
from streams.channels.figures import ClusterFigures, figures, month_totals
from streams.channels.visits.counts import DeskTally
from streams.channels.visits.events import (
    AnyTicketEvent,
    Arrived,
    Cancelled,
    Finished,
    Left,
    NoShow,
    Requested,
    Started,
)
from streams.channels.visits.state import TicketState
from streams.core.calendar import public_holidays
from streams.core.places import UNBOUNDED_MS
from streams.core.rules import Channel, Cluster, OpenInterval, Rules
from streams.core.state import AnyState
from tests.applying import apply

ZONE: Final = "Europe/Brussels"
KCC: Final = "Klantencontactcentrum"
BURGERZAKEN: Final = "Burgerzaken"
OCMW: Final = "OCMW"

STEADY: Final = settings(derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For property tests: the same examples in every run, and no failure for a slow machine."""

SECOND: Final = 1_000
MINUTE: Final = 60_000
HOUR: Final = 3_600_000
DAY: Final = 86_400_000


def hours(*intervals: str) -> tuple[OpenInterval, ...]:
    """Opening hours of a day from texts such as `08:30-12:00`."""
    return tuple(OpenInterval(*(_minute(end) for end in interval.split("-"))) for interval in intervals)


def _minute(clock: str) -> int:
    hour, minute = clock.split(":")
    return 60 * int(hour) + int(minute)


_WORKING_DAY: Final = hours("08:30-17:00")

RULES: Final = Rules(
    clusters=(
        Cluster(KCC, Channel.PHONE, 45 * SECOND),
        Cluster(BURGERZAKEN, Channel.DESK, 1 * MINUTE),
        Cluster(OCMW, Channel.DESK, 10 * MINUTE),
    ),
    zone=ZONE,
    # Monday, Tuesday with a late evening, Wednesday with a lunch break, Thursday, Friday, and a closed weekend.
    opening_hours=(
        _WORKING_DAY,
        hours("08:30-20:00"),
        hours("08:30-12:00", "13:00-17:00"),
        _WORKING_DAY,
        _WORKING_DAY,
        (),
        (),
    ),
    closing_days=("2026-06-05", "2026-12-24"),
    public_holidays=public_holidays("BE"),
)

ALWAYS_OPEN: Final = msgspec.structs.replace(
    RULES, opening_hours=(hours("00:00-24:00"),) * 7, closing_days=(), public_holidays=()
)
"""For tests in which opening hours would only be in the way."""


def rules_with(base: Rules = RULES, **changes: Any) -> Rules:
    """The rules with some fields changed."""
    return msgspec.structs.replace(base, **changes)


def ms(local: str, zone: str = ZONE, fold: int = 0) -> int:
    """The instant at which the clock on the wall reads `local` (`2026-03-02 09:00`, seconds optional)."""
    return round(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp() * 1000)


def offered(at: int, call: str = "c", cluster: str = KCC) -> Offered:
    """The caller dials in."""
    return Offered(call, cluster, at / 1000)


def answered(at: int, call: str = "c", cluster: str = KCC) -> Answered:
    """An employee answers."""
    return Answered(call, cluster, at / 1000)


def abandoned(at: int, call: str = "c", cluster: str = KCC) -> Abandoned:
    """The caller hangs up."""
    return Abandoned(call, cluster, at / 1000)


def ended(at: int, call: str = "c", cluster: str = KCC) -> Ended:
    """The call is over."""
    return Ended(call, cluster, at / 1000)


def requested(at: int, planned: int, ticket: str = "t", cluster: str = BURGERZAKEN) -> Requested:
    """An appointment is asked for."""
    return Requested(ticket, cluster, at / 1000, planned / 1000)


def arrived(at: int, planned: int | None = None, ticket: str = "t", cluster: str = BURGERZAKEN) -> Arrived:
    """The visitor reports at the desk."""
    return Arrived(ticket, cluster, at / 1000, _seconds(planned))


def started(at: int, planned: int | None = None, ticket: str = "t", cluster: str = BURGERZAKEN) -> Started:
    """An employee receives the visitor."""
    return Started(ticket, cluster, at / 1000, _seconds(planned))


def finished(at: int, planned: int | None = None, ticket: str = "t", cluster: str = BURGERZAKEN) -> Finished:
    """The visit is over."""
    return Finished(ticket, cluster, at / 1000, _seconds(planned))


def cancelled(at: int, planned: int | None = None, ticket: str = "t", cluster: str = BURGERZAKEN) -> Cancelled:
    """The appointment is called off, or the visitor leaves."""
    return Cancelled(ticket, cluster, at / 1000, _seconds(planned))


def no_show(at: int, planned: int | None = None, ticket: str = "t", cluster: str = BURGERZAKEN) -> NoShow:
    """The visitor did not come."""
    return NoShow(ticket, cluster, at / 1000, _seconds(planned))


def left(at: int, planned: int | None = None, ticket: str = "t", cluster: str = BURGERZAKEN) -> Left:
    """The visitor leaves the hall."""
    return Left(ticket, cluster, at / 1000, _seconds(planned))


def _seconds(at: int | None) -> float | None:
    return None if at is None else at / 1000


def calls(events: Iterable[AnyCallEvent], rules: Rules = RULES, record_ms: int = 0) -> CallState:
    """The state after the events, all from records of the same time."""
    state = CallState(rules)
    for event in events:
        apply(state, event, record_ms)
    return state


def tickets(events: Iterable[AnyTicketEvent], rules: Rules = RULES, record_ms: int = 0) -> TicketState:
    """The state after the events, all from records of the same time."""
    state = TicketState(rules)
    for event in events:
        apply(state, event, record_ms)
    return state


def phone_month(state: CallState, month: str, now_ms: int = 0, cluster: str = KCC) -> PhoneTally:
    """The month's tally of one cluster; an empty one where nothing is counted."""
    tally = month_totals(state.settle(), now_ms).get((month, cluster), PhoneTally())
    assert isinstance(tally, PhoneTally)
    return tally


def desk_month(state: TicketState, month: str, now_ms: int = 0, cluster: str = BURGERZAKEN) -> DeskTally:
    """The month's tally of one cluster; an empty one where nothing is counted."""
    tally = month_totals(state.settle(), now_ms).get((month, cluster), DeskTally())
    assert isinstance(tally, DeskTally)
    return tally


def shown(state: AnyState, now_ms: int, cluster: str) -> ClusterFigures:
    """What is shown of one cluster at a moment."""
    (found,) = [each for each in figures([state.settle()], state.rules, now_ms) if each.cluster.name == cluster]
    return found


def one_missed(held_on_ms: int) -> PhoneTally:
    """The tally of one missed call under the rules' speed categories."""
    category_ms = next((bound for bound in RULES.speed_categories_ms if held_on_ms <= bound), UNBOUNDED_MS)
    return PhoneTally(missed=1, missed_wait_ms=held_on_ms, missed_categories={category_ms: 1})


def phone_window(state: CallState, now_ms: int, window: str) -> PhoneTally:
    """The contact centre's tally of a window."""
    tally = shown(state, now_ms, KCC).windows[window]
    assert isinstance(tally, PhoneTally)
    return tally


def desk_window(state: TicketState, now_ms: int, window: str, cluster: str = BURGERZAKEN) -> DeskTally:
    """A desk's tally of a window."""
    tally = shown(state, now_ms, cluster).windows[window]
    assert isinstance(tally, DeskTally)
    return tally
