"""Hours of single dates and of a line against the database: on closing days, and where the clocks are changed.

Calls are dialled in around every edge of these hours by the clock on the wall, at both of the hours that it shows
twice, and where it skips one. Who counts, who is left out and why must be what SQL makes of the same hours.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.channels.calls.state import CallState
from streams.channels.figures import month_totals
from streams.core.rules import Channel, Cluster, DatedHours, OpenInterval, Rules
from tests.core.builders import HOUR, MINUTE, SECOND, STEADY, hours, ms, rules_with
from tests.core.test_oracle import END, IN_SQL, folded
from tests.oracle import Hours, OracleRules, Row, Totals, oracle
from tests.tallies import named_counts

CITY: Final = "Infolijn"
HELP: Final = "Noodlijn"

SPRING: Final = "2026-03-29"
AUTUMN: Final = "2026-10-25"
"""Sundays on which the clocks are changed."""
HOLIDAY: Final = "2026-05-01"
"""A public holiday."""
BRIDGE: Final = "2026-05-15"
"""A local closing day."""
SATURDAY: Final = "2026-11-28"
THURSDAY: Final = "2026-12-03"
FRIDAY: Final = "2026-12-04"

WEEK: Final = (hours("09:00-17:00"),) * 5 + ((), ())
WEEK_OF_HELP: Final = ((), *(hours("07:30-12:15", "13:00-20:00"),) * 5, hours("00:00-24:00"))
"""Closed on Mondays, and open the whole of every Sunday."""

DATED: Final = {
    SPRING: hours("00:00-01:45", "02:15-04:00"),
    HOLIDAY: hours("09:00-12:00"),
    BRIDGE: (),
    SATURDAY: hours("10:00-12:00"),
    THURSDAY: (),
}
DATED_OF_HELP: Final = {
    AUTUMN: hours("01:30-02:15", "02:45-03:00"),
    BRIDGE: hours("13:00-13:30"),
    HOLIDAY: (),
    SATURDAY: (),
    FRIDAY: hours("00:00-24:00"),
}

RULES: Final[Rules] = rules_with(
    clusters=(
        Cluster(CITY, Channel.PHONE, 45 * SECOND),
        Cluster(
            HELP,
            Channel.PHONE,
            10 * SECOND,
            opening_hours=WEEK_OF_HELP,
            dated_hours=tuple(DatedHours(day, of_day) for day, of_day in sorted(DATED_OF_HELP.items())),
        ),
    ),
    opening_hours=WEEK,
    closing_days=(BRIDGE, "2026-12-24"),
    dated_hours=tuple(DatedHours(day, of_day) for day, of_day in sorted(DATED.items())),
)


def in_sql(on: str | int, of_day: Sequence[OpenInterval], line: str | None = None) -> list[Hours]:
    """The hours of a day as rows; a closed one is a row too."""
    return [Hours(on, each.from_minute, each.to_minute, line) for each in of_day or (OpenInterval(0, 0),)]


OF_SQL: Final = OracleRules(
    norms_ms={CITY: 45 * SECOND, HELP: 10 * SECOND},
    open_from_hour=9,
    open_to_hour=17,
    open_days=5,
    closing_days=IN_SQL.closing_days,
    more_hours=[
        *(row for weekday, of_day in enumerate(WEEK_OF_HELP, 1) for row in in_sql(weekday, of_day, HELP)),
        *(row for day, of_day in DATED.items() for row in in_sql(day, of_day)),
        *(row for day, of_day in DATED_OF_HELP.items() for row in in_sql(day, of_day, HELP)),
    ],
)

DAYS: Final = (SPRING, AUTUMN, HOLIDAY, BRIDGE, SATURDAY, THURSDAY, FRIDAY, "2026-11-30", "2026-12-24", "2026-10-24")
"""Those with hours of their own, a Monday, a closing day without hours, and the day before the clocks are changed."""

EDGES: Final = sorted(
    {
        minute
        for of_days in (WEEK, WEEK_OF_HELP, DATED.values(), DATED_OF_HELP.values())
        for of_day in of_days
        for each in of_day
        for minute in (each.from_minute, each.to_minute)
    }
)
"""Minutes of a day at which something opens or closes."""


def moment(day: str, minute: int, off_ms: int, fold: int) -> int:
    """When the clock on the wall shows this, at the second time if it shows it twice, and a little off."""
    at = date.fromisoformat(day) + timedelta(days=minute // (24 * 60))
    clock = minute % (24 * 60)
    return ms(f"{at} {clock // 60:02d}:{clock % 60:02d}", fold=fold) + off_ms


def dialled() -> st.SearchStrategy[int]:
    """At an edge, beside it, or at any quarter of an hour of such a day."""
    minutes = st.one_of(st.sampled_from(EDGES), st.integers(0, 95).map(lambda quarter: 15 * quarter))
    off = st.sampled_from([-MINUTE, -1, 0, 1, MINUTE - 1, MINUTE])
    return st.builds(moment, st.sampled_from(DAYS), minutes, off, st.sampled_from([0, 1]))


def called(number: int, line: str, at: int, wait_ms: int, *, is_answered: bool) -> list[Row]:
    """A call that is answered, or that nobody answers."""
    how = "answered" if is_answered else "abandoned"
    return [Row("offered", f"c{number}", line, at), Row(how, f"c{number}", line, at + wait_ms)]


def by_the_core(rows: Sequence[Row], manner: str = "shuffled") -> Totals:
    """The month totals under the database's names."""
    totals = month_totals(folded(CallState(RULES), rows, manner).settle(), END)
    return {key: named_counts(tally) for key, tally in totals.items()}


def by_sql(rows: Sequence[Row]) -> Totals:
    """The same by the database."""
    with oracle(OF_SQL, rows, END) as database:
        return database.month_totals()


@settings(STEADY, max_examples=12)
@given(
    calls=st.lists(
        st.tuples(st.sampled_from([CITY, HELP]), dialled(), st.integers(0, 5 * MINUTE), st.booleans()),
        min_size=25,
        max_size=125,
    )
)
def test_who_counts_by_the_hours_of_dates_and_lines_is_who_counts_for_the_database(
    calls: list[tuple[str, int, int, bool]],
) -> None:
    rows = [
        row
        for number, (line, at, wait, is_answered) in enumerate(calls)
        for row in called(number, line, at, wait, is_answered=is_answered)
    ]
    assert by_the_core(rows) == by_sql(rows)


@pytest.fixture(scope="module")
def every_edge() -> list[Row]:
    """Calls at every edge of every day, on both lines, at both hours that are shown twice."""
    moments = sorted(
        {moment(day, minute, off, fold) for day in DAYS for minute in EDGES for off in (-1, 0) for fold in (0, 1)}
    )
    waits = Random(4)
    rows = [
        called(number, line, at, waits.randrange(2 * MINUTE), is_answered=number % 3 > 0)
        for number, (line, at) in enumerate((line, at) for line in (CITY, HELP) for at in moments)
    ]
    return [row for call in rows for row in call]


@pytest.mark.parametrize("manner", ["shuffled", "live"])
def test_every_edge_of_every_such_day_is_the_databases(every_edge: list[Row], manner: str) -> None:
    assert by_the_core(every_edge, manner) == by_sql(every_edge)


def test_the_days_have_everything_in_them(every_edge: list[Row]) -> None:
    """On each line calls that count and both reasons to leave one out, and both hours that are shown twice."""
    answer = by_sql(every_edge)
    for line in (CITY, HELP):
        mine = [counts for (_, cluster), counts in answer.items() if cluster == line]
        for name in ("offered", "outside_opening_hours", "closing_day"):
            assert sum(counts.get(name, 0) for counts in mine) >= 10, (line, name)
    twice = [row.at for row in every_edge if row.kind == "offered" and row.at == ms(f"{AUTUMN} 02:15")]
    again = [row.at for row in every_edge if row.kind == "offered" and row.at == ms(f"{AUTUMN} 02:15", fold=1)]
    assert twice
    assert again
    assert again[0] - twice[0] == HOUR
