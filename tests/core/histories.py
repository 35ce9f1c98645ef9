"""Histories for property tests: any sequence of facts about a few contacts, likely or not.

The moments crowd around the places where something changes: the edges of slots, opening and closing, midnight,
a holiday, the end of a month, and one another.
"""

from typing import Final

from hypothesis import strategies as st

from streams.channels.calls.events import (
    Abandoned,
    Answered,
    AnyCallEvent,
    CallbackRequested,
    CalledBack,
    Ended,
    Offered,
)
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
from streams.core.rules import Channel, Cluster, Rules
from tests.core.builders import DAY, HOUR, MINUTE, SECOND, hours, ms, rules_with

HISTORY_RULES: Final[Rules] = rules_with(
    clusters=(
        Cluster("Infolijn", Channel.PHONE, 45 * SECOND),
        Cluster("Noodlijn", Channel.PHONE, 10 * SECOND),
        Cluster("Burgerzaken", Channel.DESK, 1 * MINUTE),
        Cluster("OCMW", Channel.DESK, 10 * MINUTE),
    ),
    closing_days=("2026-04-03",),
)

NOON: Final = ms("2026-04-07 12:00")
"""When the first record comes: the Tuesday after Easter, a day with a late evening."""

OLD_DAYS: Final = ("2026-03-31", "2026-04-01", "2026-04-03", "2026-04-06", "2026-04-07")
"""The last of a month, the first, a local closing day, a public holiday, and the day of the records."""

OTHER_RULES: Final[tuple[Rules, ...]] = (
    rules_with(HISTORY_RULES, opening_hours=(hours("00:00-24:00"),) * 7, closing_days=(), public_holidays=()),
    rules_with(HISTORY_RULES, opening_hours=((),) * 7),
    rules_with(HISTORY_RULES, closing_days=("2026-04-07",)),
    rules_with(HISTORY_RULES, zone="Asia/Tokyo"),
    rules_with(HISTORY_RULES, zone="America/New_York", slot_ms=7 * SECOND),
    rules_with(HISTORY_RULES, speed_categories_ms=(1_000, 20_000), lead_norm_days=0),
    rules_with(HISTORY_RULES, slot_ms=20 * SECOND, windows_minutes=(1, 180)),
    rules_with(HISTORY_RULES, windows_minutes=(1,)),
    rules_with(HISTORY_RULES, short_abandon_ms=30_000),
    rules_with(HISTORY_RULES, short_abandon_ms=45_000),
    rules_with(HISTORY_RULES, longest_wait_ms=5 * MINUTE, call_expiry_ms=MINUTE, ticket_expiry_ms=HOUR),
    rules_with(
        HISTORY_RULES,
        clusters=(
            Cluster("Noodlijn", Channel.PHONE, 45 * SECOND),
            Cluster("Infolijn", Channel.PHONE, 0),
            Cluster("OCMW", Channel.DESK, 1 * MINUTE),
            Cluster("Burgerzaken", Channel.DESK, 20 * MINUTE),
        ),
    ),
)
"""Settings that the city may change to, each touching other measurements."""


def moments() -> st.SearchStrategy[int]:
    """When a fact may have happened, UTC ms."""
    around_noon = st.integers(-90 * MINUTE, 3 * HOUR).map(lambda off: NOON + off)
    crowded = st.sampled_from([-HOUR, -10 * SECOND, -1, 0, 1, 30_000, 30_001, 45_000, 45_001, 5 * MINUTE, 4 * HOUR])
    old = st.builds(
        lambda day, clock, off: ms(f"{day} {clock}") + off,
        st.sampled_from(OLD_DAYS),
        st.sampled_from(["00:00", "08:30", "11:00", "17:00", "20:00", "23:59:59"]),
        crowded,
    )
    return st.one_of(crowded.map(lambda off: NOON + off), around_noon, old)


def plans() -> st.SearchStrategy[int]:
    """For when an appointment may be given: some days from any moment, or right then."""
    return st.builds(lambda at, days: at + days * DAY, moments(), st.sampled_from([-1, 0, 0, 0, 1, 2, 9]))


def call_events() -> st.SearchStrategy[AnyCallEvent]:
    """One fact about one of a few calls."""
    calls, clusters = st.sampled_from("abc"), st.sampled_from(["Infolijn", "Noodlijn"])
    at = moments().map(_seconds)
    kinds = (Offered, Offered, Answered, Abandoned, Ended, CallbackRequested, CalledBack)
    return st.one_of(*(st.builds(kind, calls, clusters, at) for kind in kinds))


def ticket_events() -> st.SearchStrategy[AnyTicketEvent]:
    """One fact about one of a few visits."""
    tickets, clusters = st.sampled_from("abc"), st.sampled_from(["Burgerzaken", "OCMW"])
    at, planned = moments().map(_seconds), plans().map(_seconds)
    return st.one_of(
        st.builds(Requested, tickets, clusters, at, planned),
        *(
            st.builds(kind, tickets, clusters, at, st.one_of(st.none(), planned))
            for kind in (Arrived, Started, Finished, Cancelled, NoShow, Left)
        ),
    )


def _seconds(at_ms: int) -> float:
    return at_ms / 1000
