"""The month totals against a database that knows nothing of the core: DuckDB over the raw events.

A year of calls and of visits, dirty on purpose: facts missing, repeated, contradicting, out of order. Every number
of the month totals is computed a second time in SQL, from the definitions of the indicators alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

import duckdb
import pytest

from streams.contracts.events import (
    Abandoned,
    Answered,
    Arrived,
    Cancelled,
    Ended,
    Finished,
    NoShow,
    Offered,
    Requested,
    Started,
)
from streams.core.figures import AnyState, month_totals
from streams.core.rules import Channel, Cluster, Rules
from streams.core.state import CallState, TicketState
from streams.core.tally import UNBOUNDED_MS, DeskTally, PhoneTally
from tests.core.builders import DAY, HOUR, MINUTE, SECOND, hours, ms, rules_with
from tests.core.folding import restarted

ORACLE_RULES: Final[Rules] = rules_with(
    clusters=(
        Cluster("Infolijn", Channel.PHONE, 45 * SECOND),
        Cluster("Noodlijn", Channel.PHONE, 10 * SECOND),
        Cluster("Burgerzaken", Channel.DESK, 1 * MINUTE),
        Cluster("OCMW", Channel.DESK, 10 * MINUTE),
    ),
    opening_hours=(hours("09:00-17:00"),) * 5 + ((), ()),
    closing_days=("2026-05-15", "2026-12-24"),
)
"""Opening hours that SQL can say in a line."""

END: Final = ms("2027-12-31 00:00")
"""When all is over: every open contact has expired."""


@dataclass(frozen=True)
class Row:
    """One raw event, as it is loaded into the database."""

    kind: str
    contact: str
    cluster: str
    at: int
    planned: int | None = None


# The year.


def _any_moment(random: Random) -> int:
    """A moment of 2026, mostly by day, often on the edge of the opening hours or of a day."""
    day = datetime(2026, 1, 1) + timedelta(days=random.randrange(365))  # noqa: DTZ001 - a local date, read in `ms`
    edge = random.choice(["00:00", "09:00", "17:00", "23:59:59.999"])
    off = random.choice([0, 1, SECOND, random.randrange(5 * MINUTE)])
    if random.random() < 0.2:
        return ms(f"{day:%Y-%m-%d} {edge}") + off
    return ms(f"{day:%Y-%m-%d} 00:00") + random.randrange(7 * HOUR, 19 * HOUR)


def _wait(random: Random) -> int:
    """A wait, often exactly on a bound, now and then impossible."""
    if random.random() < 0.25:
        bound = random.choice([0, 10, 30, 45, 60, 90, 120, 300, 600, 4 * 3600])
        return max(0, bound * SECOND + random.choice([-1, 0, 1]))
    if random.random() < 0.05:
        return random.choice([-1, -HOUR, 4 * HOUR + 1, 5 * HOUR])
    return int(random.expovariate(1 / (70 * SECOND)))


def calls_of_a_year(random: Random, count: int) -> list[Row]:
    """Calls with any of their facts missing, and some of them told twice with another time or cluster."""
    rows: list[Row] = []
    for number in range(count):
        call, cluster, start = f"call-{number}", random.choice(["Infolijn", "Noodlijn"]), _any_moment(random)
        end = start + _wait(random)
        answered = random.random() < 0.75
        facts = [("offered", start), ("answered" if answered else "abandoned", end), ("ended", end + _wait(random))]
        if random.random() < 0.05:
            facts.append(("abandoned", end + random.randrange(-5, 5) * SECOND))
        rows += [Row(kind, call, cluster, at) for kind, at in facts if random.random() < 0.93]
        rows += _told_twice(random, rows[-1:])
    return rows


def visits_of_a_year(random: Random, count: int) -> list[Row]:
    """Appointments, moved appointments and walk-ins, with any of their facts missing."""
    rows: list[Row] = []
    for number in range(count):
        ticket, cluster = f"ticket-{number}", random.choice(["Burgerzaken", "OCMW"])
        plan = _any_moment(random)
        with_plan = random.random() < 0.7
        mine: list[Row] = []
        if with_plan:
            asked = plan - random.randrange(-DAY, 30 * DAY)
            mine.append(Row("requested", ticket, cluster, asked, plan))
            if random.random() < 0.2:
                plan += random.randrange(-3, 6) * DAY
                mine.append(Row("requested", ticket, cluster, asked + random.choice([0, HOUR, DAY]), plan))
        stated = plan if with_plan and random.random() < 0.3 else None
        came = plan + random.randrange(-30, 20) * MINUTE
        start = max(plan, came) + _wait(random) - random.choice([0, 0, 5 * MINUTE])
        mine.append(Row("arrived", ticket, cluster, came, stated))
        outcome = random.choices(["started", "no_show", "cancelled", "nothing"], [75, 10, 8, 7])[0]
        if outcome != "nothing":
            mine.append(Row(outcome, ticket, cluster, start))
        if outcome == "started":
            mine.append(Row("finished", ticket, cluster, start + 10 * MINUTE, stated))
        rows += [row for row in mine if random.random() < 0.93]
        rows += _told_twice(random, rows[-1:])
    return rows


def _told_twice(random: Random, rows: Sequence[Row]) -> list[Row]:
    """Sometimes the facts again, exactly or with another time and from another cluster."""
    if random.random() > 0.1:
        return []
    if random.random() < 0.5:
        return list(rows)
    cluster = {"Infolijn": "Noodlijn", "Noodlijn": "Infolijn", "Burgerzaken": "OCMW", "OCMW": "Burgerzaken"}
    shift = random.choice([-SECOND, 0, SECOND])
    return [Row(row.kind, row.contact, cluster[row.cluster], row.at + shift, row.planned) for row in rows]


# The core's answer.

EVENTS: Final[dict[str, Callable[..., Any]]] = {
    "offered": Offered,
    "answered": Answered,
    "abandoned": Abandoned,
    "ended": Ended,
    "requested": Requested,
    "arrived": Arrived,
    "started": Started,
    "finished": Finished,
    "cancelled": Cancelled,
    "no_show": NoShow,
}


def _event(row: Row) -> Any:
    if row.kind in {"offered", "answered", "abandoned", "ended"}:
        return EVENTS[row.kind](row.contact, row.cluster, row.at / 1000)
    planned = None if row.planned is None else row.planned / 1000
    return EVENTS[row.kind](row.contact, row.cluster, row.at / 1000, planned)


def folded(state: AnyState, rows: Sequence[Row], manner: str) -> AnyState:
    """The rows folded as a file that comes in one go, shuffled, or as the year in which they happened."""
    if manner == "live":
        for index, row in enumerate(sorted(rows, key=lambda row: row.at)):
            state.apply(_event(row), row.at)
            if index % 1000 == 0:
                state = restarted(state)
        return state
    for row in Random(7).sample(rows, len(rows)):
        state.apply(_event(row), END)
    return state


# The database's answer.

COMMON_SQL: Final = """
CREATE TABLE closing (day DATE);
INSERT INTO closing VALUES
    ('2025-11-11'), ('2025-12-25'), ('2026-01-01'),
    ('2026-04-05'), ('2026-04-06'), ('2026-05-01'), ('2026-05-14'), ('2026-05-24'), ('2026-05-25'),
    ('2026-07-21'), ('2026-08-15'), ('2026-11-01'), ('2026-11-11'), ('2026-12-25'), ('2027-01-01'),
    ('2026-05-15'), ('2026-12-24');
CREATE MACRO wall(ms) AS epoch_ms(ms) AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Brussels';
CREATE MACRO month_of(ms) AS strftime(wall(ms), '%Y-%m');
CREATE TABLE events (kind VARCHAR, contact VARCHAR, cluster VARCHAR, happened BIGINT, planned BIGINT);
INSERT INTO events SELECT unnest(?), unnest(?), unnest(?), unnest(?), unnest(?);
"""

CALLS_SQL: Final = """
WITH ordered AS (
    SELECT *, row_number() OVER (
        PARTITION BY contact
        ORDER BY list_position(['offered', 'answered', 'abandoned', 'ended'], kind), happened, cluster
    ) AS nearest
    FROM events
), calls AS (
    SELECT
        max(cluster) FILTER (nearest = 1) AS cluster,
        min(happened) FILTER (kind = 'offered') AS offered,
        min(happened) FILTER (kind = 'answered') AS answered,
        min(happened) FILTER (kind IN ('abandoned', 'ended')) AS gone,
        min(happened) AS first_fact
    FROM ordered GROUP BY contact
), judged AS (
    SELECT cluster,
        coalesce(offered, first_fact) AS moment,
        coalesce(answered, gone) - offered AS wait,
        CASE
            WHEN wall(moment)::DATE IN (FROM closing) THEN 'closing_day'
            WHEN isodow(wall(moment)) > 5 OR hour(wall(moment)) NOT BETWEEN 9 AND 16 THEN 'outside_opening_hours'
            WHEN wait IS NULL THEN 'unresolved'
            WHEN wait < 0 OR wait > 4 * 3600 * 1000 THEN 'implausible'
            WHEN answered IS NOT NULL THEN 'answered'
            ELSE 'missed'
        END AS outcome,
        CASE cluster WHEN 'Infolijn' THEN 45000 ELSE 10000 END AS norm
    FROM calls
)
SELECT month_of(moment) AS month, cluster,
    count(*) FILTER (outcome = 'answered') AS answered,
    count(*) FILTER (outcome = 'missed') AS missed,
    count(*) FILTER (outcome IN ('answered', 'missed')) AS offered,
    coalesce(sum(wait) FILTER (outcome = 'answered'), 0) AS wait_ms,
    coalesce(sum(wait) FILTER (outcome = 'missed'), 0) AS missed_wait_ms,
    count(*) FILTER (outcome = 'answered' AND wait <= norm) AS within_norm,
    count(*) FILTER (outcome = 'answered' AND wait <= 30000) AS to_30,
    count(*) FILTER (outcome = 'answered' AND wait > 30000 AND wait <= 60000) AS to_60,
    count(*) FILTER (outcome = 'answered' AND wait > 60000 AND wait <= 90000) AS to_90,
    count(*) FILTER (outcome = 'answered' AND wait > 90000 AND wait <= 120000) AS to_120,
    count(*) FILTER (outcome = 'answered' AND wait > 120000 AND wait <= 300000) AS to_300,
    count(*) FILTER (outcome = 'answered' AND wait > 300000) AS beyond,
    count(*) FILTER (outcome = 'outside_opening_hours') AS outside_opening_hours,
    count(*) FILTER (outcome = 'closing_day') AS closing_day,
    count(*) FILTER (outcome = 'unresolved') AS unresolved,
    count(*) FILTER (outcome = 'implausible') AS implausible
FROM judged GROUP BY ALL
"""

VISITS_SQL: Final = """
WITH working AS (
    SELECT day::DATE AS day,
        count(*) FILTER (isodow(day) < 6 AND day::DATE NOT IN (FROM closing)) OVER (ORDER BY day) AS until
    FROM generate_series(TIMESTAMP '2025-11-01', TIMESTAMP '2027-03-31', INTERVAL 1 DAY) AS days(day)
), ordered AS (
    SELECT *,
        row_number() OVER (
            PARTITION BY contact
            ORDER BY list_position(
                ['requested', 'arrived', 'started', 'finished', 'cancelled', 'no_show'], kind
            ), happened, cluster
        ) AS nearest,
        row_number() OVER (PARTITION BY contact ORDER BY planned IS NULL, happened DESC, planned DESC) AS last_said,
        row_number() OVER (PARTITION BY contact, kind ORDER BY happened, planned) AS earliest
    FROM events
), visits AS (
    SELECT
        max(cluster) FILTER (nearest = 1) AS cluster,
        max(happened) FILTER (kind = 'requested' AND earliest = 1) AS asked,
        max(planned) FILTER (kind = 'requested' AND earliest = 1) AS first_plan,
        max(planned) FILTER (last_said = 1) AS plan,
        min(happened) FILTER (kind = 'arrived') AS arrived,
        min(happened) FILTER (kind = 'started') AS started,
        min(happened) FILTER (kind = 'finished') AS finished,
        max(happened) FILTER (kind = 'requested') AS asked_again,
        max(happened) FILTER (kind = 'cancelled') AS last_cancelled,
        max(happened) FILTER (kind = 'no_show') AS last_no_show,
        if(asked_again IS NULL OR last_cancelled >= asked_again, last_cancelled, NULL) AS cancelled,
        if(asked_again IS NULL OR last_no_show >= asked_again, last_no_show, NULL) AS no_show
    FROM ordered GROUP BY contact
), judged AS (
    SELECT cluster, plan, arrived, started,
        coalesce(plan, arrived, least(started, finished, last_cancelled, last_no_show)) AS due,
        CASE
            WHEN started IS NULL AND no_show <= coalesce(cancelled, no_show) THEN 'no_show'
            WHEN started IS NULL AND cancelled IS NOT NULL AND plan IS NULL THEN 'walk_in_left'
            WHEN started IS NULL AND cancelled IS NOT NULL THEN 'cancelled'
            WHEN started IS NULL OR (plan IS NULL AND arrived IS NULL) THEN 'unresolved'
            WHEN plan IS NOT NULL AND abs(started - plan) > 4 * 3600 * 1000 THEN 'implausible'
            WHEN plan IS NOT NULL THEN 'served'
            WHEN started - arrived NOT BETWEEN 0 AND 4 * 3600 * 1000 THEN 'implausible'
            ELSE 'walk_in'
        END AS outcome,
        CASE cluster WHEN 'Burgerzaken' THEN 60000 ELSE 600000 END AS norm
    FROM visits
), outcomes AS (
    SELECT month_of(due) AS month, cluster,
        count(*) FILTER (outcome = 'served') AS served,
        sum(greatest(0, started - plan)) FILTER (outcome = 'served') AS wait_ms,
        sum(started - plan) FILTER (outcome = 'served') AS signed_ms,
        count(*) FILTER (outcome = 'served' AND started - plan <= norm) AS within_norm,
        count(*) FILTER (outcome = 'served' AND arrived IS NOT NULL) AS experienced,
        sum(greatest(0, started - greatest(arrived, plan)))
            FILTER (outcome = 'served' AND arrived IS NOT NULL) AS experienced_ms,
        count(*) FILTER (outcome = 'walk_in') AS walk_ins,
        sum(started - arrived) FILTER (outcome = 'walk_in') AS walk_in_wait_ms,
        count(*) FILTER (outcome = 'walk_in_left') AS walk_ins_left,
        count(*) FILTER (outcome = 'no_show') AS no_shows,
        count(*) FILTER (outcome = 'cancelled') AS cancelled,
        count(*) FILTER (outcome = 'unresolved') AS unresolved,
        count(*) FILTER (outcome = 'implausible') AS implausible
    FROM judged GROUP BY ALL
), leads AS (
    SELECT cluster, asked, (planned_day.until - asked_day.until) AS days,
        wall(first_plan)::DATE < wall(asked)::DATE AS impossible
    FROM visits
    JOIN working asked_day ON asked_day.day = wall(asked)::DATE
    JOIN working planned_day ON planned_day.day = wall(first_plan)::DATE
), requests AS (
    SELECT month_of(asked) AS month, cluster,
        count(*) FILTER (NOT impossible) AS requests,
        sum(days) FILTER (NOT impossible) AS lead_days,
        count(*) FILTER (NOT impossible AND days <= 5) AS requests_within_norm,
        count(*) FILTER (impossible) AS implausible_requests
    FROM leads GROUP BY ALL
)
SELECT * FROM outcomes FULL JOIN requests USING (month, cluster)
"""

Totals = dict[tuple[str, str], dict[str, int]]
"""What is counted, by month and cluster; counts of nothing are left out."""


def asked_of_duckdb(query: str, rows: Sequence[Row]) -> Totals:
    """The answer of the database over the raw rows."""
    with duckdb.connect() as database:
        columns = zip(*((row.kind, row.contact, row.cluster, row.at, row.planned) for row in rows), strict=True)
        *statements, insert = [part for part in COMMON_SQL.split(";") if part.strip()]
        for statement in statements:
            database.execute(statement)
        database.execute(insert, [list(column) for column in columns])
        answer = database.execute(query)
        names = [column[0] for column in answer.description]
        found = [dict(zip(names, values, strict=True)) for values in answer.fetchall()]
    return {(each.pop("month"), each.pop("cluster")): {k: int(v) for k, v in each.items() if v} for each in found}


def counted_by_the_core(state: AnyState) -> Totals:
    """The month totals of the state under the database's names."""
    return {key: _named(tally) for key, tally in month_totals(state, END).items()}


def _named(tally: object) -> dict[str, int]:
    if isinstance(tally, PhoneTally):
        bounds = {30_000: "to_30", 60_000: "to_60", 90_000: "to_90", 120_000: "to_120", 300_000: "to_300"}
        names = {**bounds, UNBOUNDED_MS: "beyond"}
        own = {"answered": tally.answered, "missed": tally.missed, "offered": tally.offered}
        own |= {"missed_wait_ms": tally.missed_wait_ms}
        own |= {names[bound]: count for bound, count in tally.speed_categories.items()}
    else:
        assert isinstance(tally, DeskTally)
        left_out = {"within_norm", "wait_ms", "excluded", "sketch"}
        own = {name: getattr(tally, name) for name in DeskTally.__struct_fields__ if name not in left_out}
    own |= {"wait_ms": tally.wait_ms, "within_norm": tally.within_norm, **tally.excluded}
    return {name: count for name, count in own.items() if count}


@pytest.fixture(scope="module")
def calls() -> list[Row]:
    """A year of calls."""
    return calls_of_a_year(Random(20260101), 3000)


@pytest.fixture(scope="module")
def visits() -> list[Row]:
    """A year of visits."""
    return visits_of_a_year(Random(20261231), 3000)


@pytest.mark.parametrize("manner", ["shuffled", "live"])
def test_the_calls_of_a_year_are_those_of_the_database(calls: list[Row], manner: str) -> None:
    """Per month and cluster: outcomes, sums of waits, speed categories, and every reason to leave a call out."""
    found = counted_by_the_core(folded(CallState(ORACLE_RULES), calls, manner))
    assert found == asked_of_duckdb(CALLS_SQL, calls)


@pytest.mark.parametrize("manner", ["shuffled", "live"])
def test_the_visits_of_a_year_are_those_of_the_database(visits: list[Row], manner: str) -> None:
    """Per month and cluster: waits of three kinds, walk-ins, no-shows, requests and their working days."""
    found = counted_by_the_core(folded(TicketState(ORACLE_RULES), visits, manner))
    assert found == asked_of_duckdb(VISITS_SQL, visits)


def test_the_year_has_everything_in_it(calls: list[Row], visits: list[Row]) -> None:
    """Every number that is compared is more than a handful somewhere, and every month is there."""
    by_call = asked_of_duckdb(CALLS_SQL, calls)
    by_visit = asked_of_duckdb(VISITS_SQL, visits)
    for answer, numbers in ((by_call, 16), (by_visit, 17)):
        names = {name for each in answer.values() for name in each}
        assert len(names) == numbers, names
        assert {month for month, _ in answer} >= {f"2026-{month:02d}" for month in range(1, 13)}
        assert all(sum(each.get(name, 0) for each in answer.values()) >= 10 for name in names)
