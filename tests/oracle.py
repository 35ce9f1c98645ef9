"""Every figure a second time, in SQL: DuckDB over the raw events, from the definitions of the indicators alone.

It knows nothing of the core. Open contacts are judged at a moment, `now`: those that have expired by then count as
unresolved, the others wait. The clusters' norms, the hours and the closing days come in as plain data.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import duckdb


@dataclass(frozen=True)
class Row:
    """One raw event, as it is loaded into the database: instants in UTC ms."""

    kind: str
    contact: str
    cluster: str
    at: int
    planned: int | None = None


@dataclass(frozen=True)
class OracleRules:
    """What SQL must be told: norms in ms by cluster, open from one hour up to another on some days of the week.

    Working days are Monday to Friday without the closing days.
    """

    norms_ms: Mapping[str, int]
    open_from_hour: int
    open_to_hour: int
    open_days: int
    """How many days of the week are open, Monday first: 5 is until Friday."""
    closing_days: Sequence[str]


Totals = dict[tuple[str, str], dict[str, int]]
"""What is counted, by month (or window) and cluster; counts of nothing are left out."""

_SETUP: Final = """
CREATE TABLE closing (day DATE);
INSERT INTO closing SELECT unnest(?::VARCHAR[])::DATE;
CREATE TABLE norms (cluster VARCHAR, norm BIGINT);
INSERT INTO norms SELECT unnest(?), unnest(?);
CREATE MACRO wall(ms) AS epoch_ms(ms) AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Brussels';
CREATE MACRO month_of(ms) AS strftime(wall(ms), '%Y-%m');
CREATE TABLE events (kind VARCHAR, contact VARCHAR, cluster VARCHAR, happened BIGINT, planned BIGINT);
INSERT INTO events SELECT unnest(?), unnest(?), unnest(?), unnest(?), unnest(?);
"""

_HOUR_MS: Final = 3_600_000

_CALLS: Final = """
CREATE TABLE calls AS
WITH ordered AS (
    SELECT *, row_number() OVER (
        PARTITION BY contact
        ORDER BY list_position(['offered', 'answered', 'abandoned', 'ended'], kind), happened, cluster
    ) AS nearest
    FROM events WHERE kind IN ('offered', 'answered', 'abandoned', 'ended')
), facts AS (
    SELECT
        max(cluster) FILTER (nearest = 1) AS cluster,
        min(happened) FILTER (kind = 'offered') AS offered,
        min(happened) FILTER (kind = 'answered') AS answered,
        min(happened) FILTER (kind IN ('abandoned', 'ended')) AS gone,
        min(happened) AS first_fact
    FROM ordered GROUP BY contact
), placed AS (
    SELECT *,
        coalesce(offered, first_fact) AS moment,
        coalesce(answered, gone) AS closed,
        closed - offered AS wait,
        CASE
            WHEN wall(moment)::DATE IN (FROM closing) THEN 'closing_day'
            WHEN isodow(wall(moment)) > $open_days THEN 'outside_opening_hours'
            WHEN hour(wall(moment)) < $open_from OR hour(wall(moment)) >= $open_to THEN 'outside_opening_hours'
        END AS shut
    FROM facts
), judged AS (
    SELECT *, offered IS NULL OR (shut IS NULL AND closed IS NULL) AS unended FROM placed
)
SELECT cluster, offered, moment AS period, wait, norm,
    CASE WHEN unended THEN NULL WHEN shut IS NOT NULL THEN offered ELSE closed END AS known,
    CASE
        WHEN unended AND moment > $now - 4 * $hour THEN 'open'
        WHEN shut IS NOT NULL THEN shut
        WHEN wait IS NULL THEN 'unresolved'
        WHEN wait < 0 OR wait > 4 * $hour THEN 'implausible'
        WHEN answered IS NOT NULL THEN 'answered'
        ELSE 'missed'
    END AS outcome
FROM judged JOIN norms USING (cluster)
"""

_VISITS: Final = """
CREATE TABLE visits AS
WITH ordered AS (
    SELECT *,
        row_number() OVER (
            PARTITION BY contact
            ORDER BY list_position(
                ['requested', 'arrived', 'started', 'finished', 'cancelled', 'no_show'], kind
            ), happened, cluster
        ) AS nearest,
        row_number() OVER (PARTITION BY contact ORDER BY planned IS NULL, happened DESC, planned DESC) AS last_said,
        row_number() OVER (PARTITION BY contact, kind ORDER BY happened, planned) AS earliest
    FROM events WHERE kind NOT IN ('offered', 'answered', 'abandoned', 'ended')
), facts AS (
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
    SELECT *,
        coalesce(plan, arrived, least(started, finished, last_cancelled, last_no_show)) AS due,
        CASE
            WHEN started IS NULL AND no_show <= coalesce(cancelled, no_show) THEN 'no_show'
            WHEN started IS NULL AND cancelled IS NOT NULL AND plan IS NULL THEN 'walk_in_left'
            WHEN started IS NULL AND cancelled IS NOT NULL THEN 'cancelled'
            WHEN started IS NULL OR (plan IS NULL AND arrived IS NULL) THEN 'unresolved'
            WHEN plan IS NOT NULL AND abs(started - plan) > 4 * $hour THEN 'implausible'
            WHEN plan IS NOT NULL THEN 'served'
            WHEN started - arrived NOT BETWEEN 0 AND 4 * $hour THEN 'implausible'
            ELSE 'walk_in'
        END AS fate,
        fate = 'unresolved' AND (started IS NOT NULL OR finished IS NULL) AS unended
    FROM facts
)
SELECT cluster, plan, arrived, started, due AS period, asked, first_plan, norm,
    CASE
        WHEN unended THEN NULL
        WHEN fate = 'no_show' THEN no_show
        WHEN fate IN ('cancelled', 'walk_in_left') THEN cancelled
        ELSE coalesce(started, finished)
    END AS known,
    if(unended AND due > $now - 12 * $hour, 'open', fate) AS outcome
FROM judged JOIN norms USING (cluster)
"""

_REQUESTS: Final = """
CREATE TABLE requests AS
WITH working AS (
    SELECT day::DATE AS day,
        count(*) FILTER (isodow(day) < 6 AND day::DATE NOT IN (FROM closing)) OVER (ORDER BY day) AS until
    FROM generate_series(TIMESTAMP '2025-11-01', TIMESTAMP '2030-03-31', INTERVAL 1 DAY) AS days(day)
)
SELECT cluster, asked AS period, asked AS known, planned_day.until - asked_day.until AS days,
    wall(first_plan)::DATE < wall(asked)::DATE AS impossible
FROM visits
JOIN working asked_day ON asked_day.day = wall(asked)::DATE
JOIN working planned_day ON planned_day.day = wall(first_plan)::DATE
"""

_COUNTS: Final[Mapping[str, str]] = {
    "calls": """
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
        count(*) FILTER (outcome = 'missed' AND wait <= 30000) AS missed_to_30,
        count(*) FILTER (outcome = 'missed' AND wait > 30000 AND wait <= 60000) AS missed_to_60,
        count(*) FILTER (outcome = 'missed' AND wait > 60000 AND wait <= 90000) AS missed_to_90,
        count(*) FILTER (outcome = 'missed' AND wait > 90000 AND wait <= 120000) AS missed_to_120,
        count(*) FILTER (outcome = 'missed' AND wait > 120000 AND wait <= 300000) AS missed_to_300,
        count(*) FILTER (outcome = 'missed' AND wait > 300000) AS missed_beyond,
        count(*) FILTER (outcome = 'outside_opening_hours') AS outside_opening_hours,
        count(*) FILTER (outcome = 'closing_day') AS closing_day,
        count(*) FILTER (outcome = 'unresolved') AS unresolved,
        count(*) FILTER (outcome = 'implausible') AS implausible""",
    "visits": """
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
        count(*) FILTER (outcome = 'implausible') AS implausible""",
    "requests": """
        count(*) FILTER (NOT impossible) AS requests,
        sum(days) FILTER (NOT impossible) AS lead_days,
        count(*) FILTER (NOT impossible AND days <= 5) AS requests_within_norm,
        count(*) FILTER (impossible) AS implausible_requests""",
}

_WAITING: Final = """
SELECT cluster, count(*) AS waiting, min(offered) AS since, 0 AS walk_ins, NULL AS walk_in_since
FROM calls WHERE outcome = 'open' AND offered IS NOT NULL GROUP BY cluster
UNION ALL
SELECT cluster,
    count(*) FILTER (plan IS NOT NULL), min(greatest(arrived, plan)) FILTER (plan IS NOT NULL),
    count(*) FILTER (plan IS NULL), min(arrived) FILTER (plan IS NULL)
FROM visits WHERE outcome = 'open' AND arrived IS NOT NULL GROUP BY cluster
"""


_WAITS: Final = """
SELECT month_of(period), cluster, list(wait) FROM calls WHERE outcome = 'answered' GROUP BY ALL
UNION ALL
SELECT month_of(period), cluster, list(greatest(0, started - plan)) FROM visits WHERE outcome = 'served' GROUP BY ALL
"""


@dataclass(frozen=True)
class Waiting:
    """Who waits in a cluster, and since when the longest (UTC ms; None when nobody waits)."""

    count: int
    since_ms: int | None
    walk_ins: int
    walk_in_since_ms: int | None


class Oracle:
    """The database's answers about some events, at one moment."""

    def __init__(self, database: duckdb.DuckDBPyConnection) -> None:
        """`oracle` makes them."""
        self._database = database

    def month_totals(self) -> Totals:
        """Everything that counts, by the local month of the contact."""
        return self._by_span("month_of(period)")

    def window(self, from_ms: int, to_ms: int) -> Totals:
        """What became known from one moment up to another, under the span `window`."""
        return self._by_span(f"if(known >= {from_ms} AND known < {to_ms}, 'window', NULL)")

    def day_of(self, moment_ms: int) -> Totals:
        """What belongs to the local day of a moment, under the span `day`."""
        return self._by_span(f"if(wall(period)::DATE = wall({moment_ms})::DATE, 'day', NULL)")

    def month_of(self, moment_ms: int) -> str:
        """The local month of a moment, such as 2026-11."""
        (month,) = self._database.execute(f"SELECT month_of({moment_ms})").fetchall()[0]
        return str(month)

    def official_waits_ms(self) -> dict[tuple[str, str], list[int]]:
        """Every wait that an average is made of, by the local month of the contact and the cluster."""
        return {(month, cluster): waits for month, cluster, waits in self._database.execute(_WAITS).fetchall()}

    def waiting(self) -> dict[str, Waiting]:
        """The clusters in which somebody waits at the oracle's moment."""
        rows = self._database.execute(_WAITING).fetchall()
        return {cluster: Waiting(*values) for cluster, *values in rows}

    def _by_span(self, span: str) -> Totals:
        totals: Totals = {}
        for table, counts in _COUNTS.items():
            answer = self._database.sql(
                f"SELECT {span} AS span, cluster, {counts} FROM {table} WHERE span IS NOT NULL GROUP BY ALL"
            )
            for row in answer.fetchall():
                each: dict[str, Any] = dict(zip(answer.columns, row, strict=True))
                key = (each.pop("span"), each.pop("cluster"))
                if counted := {name: int(value) for name, value in each.items() if value}:
                    totals.setdefault(key, {}).update(counted)
        return totals


@contextmanager
def oracle(rules: OracleRules, rows: Sequence[Row], now_ms: int) -> Iterator[Oracle]:
    """A database with the raw rows, which judges open contacts at `now_ms`."""
    columns = zip(*((row.kind, row.contact, row.cluster, row.at, row.planned) for row in rows), strict=True)
    parameters: list[list[Any]] = [
        [list(rules.closing_days)],
        [list(rules.norms_ms), list(rules.norms_ms.values())],
        [list(column) for column in columns] or [[], [], [], [], []],
    ]
    named = {
        "now": now_ms,
        "hour": _HOUR_MS,
        "open_from": rules.open_from_hour,
        "open_to": rules.open_to_hour,
        "open_days": rules.open_days,
    }
    with duckdb.connect(config={"threads": 1}) as database:
        for statement in filter(str.strip, _SETUP.split(";")):
            database.execute(statement, parameters.pop(0) if "?" in statement else None)
        for table in (_CALLS, _VISITS, _REQUESTS):
            database.execute(table, {name: value for name, value in named.items() if f"${name}" in table})
        yield Oracle(database)
