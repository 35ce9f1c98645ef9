"""Every figure a second time, in SQL: DuckDB over the raw events, from the definitions of the indicators alone.

It knows nothing of the core. Open contacts are judged at a moment, `now`: those that have expired by then count as
unresolved, the others wait. The clusters' norms, the hours and the closing days come in as plain data.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import duckdb


@dataclass(frozen=True)
class Row:
    """One raw event, as it is loaded into the database: instants in UTC ms."""

    kind: str
    contact: str
    cluster: str
    """As the event has it, which may be another spelling."""
    at: int
    planned: int | None = None


@dataclass(frozen=True)
class Hours:
    """Open from one minute of a local day up to another, on a date or on a day of the week; `0, 0` is closed.

    The hours of a date go before those of its weekday, and of either those of a line before the common ones. Where
    several rows are of the same, all of them are.
    """

    on: str | int
    """An ISO date, or a day of the week, 1 for Monday."""
    from_minute: int
    to_minute: int
    line: str | None = None
    """None for every line."""


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
    more_hours: Sequence[Hours] = ()
    """Those of dates, and of lines: a date with hours is open although it is a closing day."""
    bounds_ms: Mapping[str, int] = field(default_factory=dict)
    """Within how long calls are to be answered, of the clusters of which that is not 30 s."""
    short_ms: int | None = None
    """Who hangs up within so long is a short abandon; without it nobody is told apart."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """What else events may call a cluster, each with the cluster's name."""


Totals = dict[tuple[str, str], dict[str, int]]
"""What is counted, by month (or window) and cluster; counts of nothing are left out."""

_SETUP: Final = """
CREATE TABLE closing (day DATE);
INSERT INTO closing SELECT unnest(?::VARCHAR[])::DATE;
CREATE TABLE norms (cluster VARCHAR, norm BIGINT, bound BIGINT);
INSERT INTO norms SELECT unnest(?), unnest(?), unnest(?);
CREATE MACRO wall(ms) AS epoch_ms(ms) AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Brussels';
CREATE MACRO month_of(ms) AS strftime(wall(ms), '%Y-%m');
CREATE TABLE hours (line VARCHAR, day DATE, weekday INTEGER, from_minute INTEGER, to_minute INTEGER);
INSERT INTO hours SELECT unnest(?), unnest(?)::DATE, unnest(?), unnest(?), unnest(?);
CREATE TABLE called (text VARCHAR, cluster VARCHAR);
INSERT INTO called SELECT unnest(?), unnest(?);
CREATE TABLE came (kind VARCHAR, contact VARCHAR, spelling VARCHAR, happened BIGINT, planned BIGINT);
INSERT INTO came SELECT unnest(?), unnest(?), unnest(?), unnest(?), unnest(?);
CREATE MACRO spaced(text) AS trim(regexp_replace(nfc_normalize(text), '[\\s\\p{Z}]+', ' ', 'g'));
"""

_EVENTS: Final = """
CREATE TABLE events AS
WITH forms AS (
    SELECT 1 AS likeness, text AS form, cluster FROM called
    UNION SELECT 2, spaced(text), cluster FROM called
    UNION SELECT 3, lower(spaced(text)), cluster FROM called
), of_one AS (
    SELECT likeness, form, any_value(cluster) AS cluster FROM forms GROUP BY ALL HAVING count(*) = 1
), meant AS (
    SELECT spelling, arg_min(cluster, likeness) AS cluster
    FROM (SELECT DISTINCT spelling FROM came) JOIN of_one
        ON form = CASE likeness WHEN 1 THEN spelling WHEN 2 THEN spaced(spelling) ELSE lower(spaced(spelling)) END
    GROUP BY spelling
)
SELECT kind, contact, cluster, happened, planned FROM came JOIN meant USING (spelling)
"""
"""What came, under the cluster that its spelling can only mean; the rest is refused."""

_HOUR_MS: Final = 3_600_000

_SKEW_MS: Final = 2_000

_BOUND_MS: Final = 30_000

_OPEN_ON: Final = """
CREATE TABLE open_on AS
WITH days AS (
    SELECT DISTINCT wall(happened)::DATE AS day FROM events
), said AS (
    SELECT cluster, days.day, from_minute, to_minute, hours.day IS NOT NULL AS is_dated,
        min((if(is_dated, 0, 2), if(line IS NULL, 1, 0))) OVER (PARTITION BY cluster, days.day) AS first,
        first = (if(is_dated, 0, 2), if(line IS NULL, 1, 0)) AS counts
    FROM norms CROSS JOIN days JOIN hours
        ON (line IS NULL OR line = cluster) AND (hours.day = days.day OR weekday = isodow(days.day))
)
SELECT cluster AS of_line, day AS on_day, from_minute,
    if(is_dated OR day NOT IN (FROM closing), to_minute, from_minute) AS to_minute
FROM said WHERE counts
"""
"""The hours of each line on the days that anything is known of."""

_SHUT: Final = """
CREATE MACRO shut(line, ms) AS (
    SELECT CASE
        WHEN bool_or(hour(wall(ms)) * 60 + minute(wall(ms)) BETWEEN from_minute AND to_minute - 1) THEN NULL
        WHEN any_value(on_day) IN (FROM closing) AND bool_and(from_minute >= to_minute) THEN 'closing_day'
        ELSE 'outside_opening_hours'
    END FROM open_on WHERE of_line = line AND on_day = wall(ms)::DATE
)
"""

_STRETCHES: Final = """
CREATE TABLE told AS
WITH spaced AS (
    SELECT DISTINCT contact, kind, cluster, happened,
        list_position(
            ['offered', 'answered', 'abandoned', 'ended', 'callback_requested', 'called_back'], kind
        ) AS rank
    FROM events
    WHERE kind IN ('offered', 'answered', 'abandoned', 'ended', 'callback_requested', 'called_back')
), parted AS (
    SELECT *, happened - lag(happened) OVER (PARTITION BY contact ORDER BY happened) > 4 * $hour AS apart FROM spaced
), numbered AS (
    SELECT *, count(*) FILTER (apart) OVER (PARTITION BY contact ORDER BY happened) AS stretch FROM parted
), begun AS (
    SELECT contact, stretch,
        stretch > 0 AND min(happened) FILTER (kind = 'offered') <= min(happened) + $skew AS anew
    FROM numbered GROUP BY contact, stretch
), counted AS (
    SELECT *, count(*) FILTER (anew) OVER (PARTITION BY contact ORDER BY stretch) AS life FROM begun
)
SELECT contact, life, stretch, kind, cluster, happened, rank,
    min(happened) FILTER (kind = 'offered') OVER (PARTITION BY contact, life) AS dialled
FROM numbered JOIN counted USING (contact, stretch)
"""
"""Facts of one id with more than four hours between them are of another call, if somebody dials in."""

_LIVES: Final = """
CREATE TABLE lives AS
WITH ordered AS (
    SELECT *, row_number() OVER (PARTITION BY contact, life ORDER BY rank, happened, cluster) AS nearest,
        min(stretch) FILTER (rank BETWEEN 2 AND 4) OVER (PARTITION BY contact, life) AS served_in
    FROM told
)
SELECT contact, life,
    life = max(life) OVER (PARTITION BY contact) AS is_last,
    max(cluster) FILTER (nearest = 1) AS cluster,
    max(dialled) AS dialled,
    min(happened) AS first_fact,
    max(happened) AS last_fact,
    min(happened) FILTER (kind = 'answered' AND happened < dialled - $skew) AS early_answer,
    min(happened) FILTER (kind IN ('abandoned', 'ended') AND happened < dialled - $skew) AS early_leave,
    coalesce(bool_or(rank < 4 AND stretch > served_in) AND NOT bool_or(kind = 'callback_requested'), FALSE) AS mixed
FROM ordered GROUP BY contact, life
"""

_MOMENTS: Final = """
CREATE TABLE moments AS
WITH clocked AS (
    SELECT contact, life, greatest(happened, dialled) AS moment, dialled, kind FROM told
    WHERE happened >= dialled - $skew
), flagged AS (
    SELECT contact, life, moment,
        moment > any_value(dialled) AND bool_or(kind = 'offered') AS comes,
        bool_or(kind = 'offered') AS dials,
        bool_or(kind = 'answered') AS answers,
        bool_or(kind IN ('abandoned', 'ended')) AS leaves,
        bool_or(kind = 'ended') AS ends,
        bool_or(kind = 'callback_requested') AND NOT answers AS asks,
        bool_or(kind IN ('called_back', 'answered')) AS calls_back
    FROM clocked GROUP BY contact, life, moment
)
SELECT *,
    count(*) FILTER (comes) OVER sofar AS entry,
    entry - comes::INT AS left_entry,
    comes AND coalesce(lag(leaves AND NOT dials) OVER sofar, FALSE)
        AND moment - lag(moment) OVER sofar > $hour / 4 AS long_after
FROM flagged WINDOW sofar AS (PARTITION BY contact, life ORDER BY moment)
"""
"""Each moment of a call: who comes back at it has left before, at the latest at the same moment."""

_ENTRIES: Final = """
CREATE TABLE entries AS
WITH begun AS (
    SELECT contact, life, entry, min(moment) AS began, min(moment) FILTER (answers) AS answer_at
    FROM moments GROUP BY contact, life, entry
), gone AS (
    SELECT contact, life, left_entry AS entry, min(moment) AS left_at, arg_min(asks, moment) AS has_asked
    FROM moments WHERE leaves OR asks GROUP BY contact, life, left_entry
), both_sides AS (
    SELECT *, coalesce(answer_at <= coalesce(left_at, answer_at), FALSE) AS is_answered,
        min(entry) FILTER (is_answered) OVER (PARTITION BY contact, life) AS last_entry
    FROM begun LEFT JOIN gone USING (contact, life, entry)
)
SELECT *, coalesce(has_asked, FALSE) AND NOT is_answered AS is_callback,
    count(*) FILTER (is_callback) OVER (PARTITION BY contact, life ORDER BY entry) - is_callback::INT AS wait_number
FROM both_sides WHERE last_entry IS NULL OR entry <= last_entry
"""
"""Each time that a caller came into the queue, up to the answer; after a callback is asked for, another wait."""

_WAITS_OF_CALLS: Final = """
CREATE TABLE waits AS
WITH ended AS (
    SELECT contact, life, wait_number, min(began) AS start, arg_max(entry, entry) AS entry,
        arg_max(left_at, entry) AS left_at, arg_max(is_answered, entry) AS is_answered,
        arg_max(is_callback, entry) AS is_callback, arg_max(answer_at, entry) AS answer_at
    FROM (SELECT * REPLACE (coalesce(left_at, -1) AS left_at, coalesce(answer_at, -1) AS answer_at) FROM entries)
    GROUP BY contact, life, wait_number
), followed AS (
SELECT *, wait_number = max(wait_number) OVER (PARTITION BY contact, life) AS is_last,
    (SELECT min(moment) FROM moments m WHERE m.contact = w.contact AND m.life = w.life AND m.entry = w.entry
        AND m.calls_back AND m.moment > w.left_at AND w.is_callback) AS called_back,
    (SELECT min(moment) FROM moments m WHERE m.contact = w.contact AND m.life = w.life AND m.entry = w.entry
        AND m.answers AND m.moment > w.left_at AND w.left_at >= 0 AND NOT (w.is_answered OR w.is_callback)) AS late,
    (SELECT min(moment) FROM moments m WHERE m.contact = w.contact AND m.life = w.life
        AND m.left_entry = w.entry AND m.ends AND m.moment >= w.left_at) AS ended_at
FROM ended w
)
SELECT *, coalesce(ended_at < late, FALSE) AS late_after_end FROM followed
"""

_CALLS: Final = """
CREATE TABLE calls AS
WITH last_waits AS (
    SELECT *, bool_or(is_answered) OVER (PARTITION BY contact, life) AS has_answer FROM waits
), judged AS (
    SELECT cluster, lives.is_last AS is_open_life, w.*,
        CASE WHEN early_answer IS NOT NULL THEN early_answer WHEN NOT has_answer THEN early_leave END AS early,
        CASE WHEN early IS NULL THEN coalesce(start, first_fact) ELSE dialled END AS period,
        CASE WHEN is_answered THEN answer_at WHEN left_at >= 0 THEN left_at END AS closed,
        closed - start AS wait,
        dialled AS offered_first, first_fact
    FROM lives LEFT JOIN last_waits w USING (contact, life)
    WHERE w.is_last IS NULL OR w.is_last
), placed AS (
    SELECT *, shut(cluster, period) AS shut_as FROM judged
)
SELECT cluster, start AS offered, period, wait, norm, bound, $short::BIGINT AS short_bound,
    start IS NULL OR (shut_as IS NULL AND early IS NULL AND closed IS NULL) AS unended,
    CASE
        WHEN unended THEN NULL
        WHEN shut_as IS NOT NULL THEN period
        WHEN early IS NOT NULL THEN early
        WHEN late_after_end THEN late
        ELSE closed
    END AS known,
    CASE
        WHEN unended AND is_open_life AND period > $now - 4 * $hour THEN 'open'
        WHEN shut_as IS NOT NULL THEN shut_as
        WHEN unended THEN 'unresolved'
        WHEN early IS NOT NULL OR wait > 4 * $hour OR (NOT is_callback AND late_after_end) THEN 'implausible'
        WHEN is_callback THEN 'callback'
        WHEN is_answered THEN 'answered'
        ELSE 'missed'
    END AS outcome
FROM placed JOIN norms USING (cluster)
"""

_ASIDE: Final = """
CREATE TABLE aside AS
WITH sound AS (
    SELECT cluster, w.* FROM lives JOIN waits w USING (contact, life)
    WHERE early_answer IS NULL AND shut(cluster, start) IS NULL AND (early_leave IS NULL OR EXISTS (
        FROM waits o WHERE o.contact = w.contact AND o.life = w.life AND o.is_answered
    ))
), returns AS (
    SELECT moments.contact, moments.life, bool_or(long_after AND NOT coalesce(is_callback, FALSE)) AS late_return
    FROM moments LEFT JOIN entries ON entries.contact = moments.contact AND entries.life = moments.life
        AND entries.entry = moments.left_entry
    GROUP BY ALL
)
SELECT 'reused' AS what, cluster, coalesce(dialled, first_fact) AS period, period AS known, 0 AS after
FROM lives WHERE life > 0
UNION ALL
SELECT 'unclear', cluster, coalesce(dialled, first_fact), last_fact, 0
FROM lives LEFT JOIN returns USING (contact, life) WHERE mixed OR late_return
UNION ALL
SELECT 'asked', cluster, start, left_at, 0 FROM sound WHERE is_callback AND left_at - start <= 4 * $hour
UNION ALL
SELECT 'called_back', cluster, start, called_back, called_back - left_at
FROM sound WHERE is_callback AND called_back IS NOT NULL AND left_at - start <= 4 * $hour
UNION ALL
SELECT 'too_late', cluster, start, late, 0 FROM sound
WHERE is_last AND late IS NOT NULL AND NOT late_after_end
"""

_VISIT_REQUESTS: Final = """
CREATE TABLE visit_requests AS
WITH requests AS (
    SELECT DISTINCT contact AS ticket, happened, planned, cluster FROM events WHERE kind = 'requested'
), successive AS (
    SELECT ticket, happened,
        lag(happened) OVER (PARTITION BY ticket ORDER BY happened, planned, cluster) AS before
    FROM requests
), anew AS (
    SELECT DISTINCT ticket, successive.happened
    FROM successive JOIN events finish ON finish.contact = ticket AND finish.kind = 'finished'
    WHERE finish.happened > before AND successive.happened > finish.happened + 4 * $hour
        AND wall(successive.happened)::DATE > wall(finish.happened)::DATE
)
SELECT *, (
    SELECT count(*) FROM anew WHERE anew.ticket = requests.ticket AND anew.happened <= requests.happened
) AS life
FROM requests
"""

_VISIT_FACTS: Final = """
CREATE TABLE visit_facts AS
WITH told AS (
    SELECT DISTINCT contact AS ticket, kind, cluster, happened FROM events
    WHERE kind IN ('arrived', 'started', 'finished', 'cancelled', 'no_show', 'left')
), kept AS (
    SELECT *, ticket IN (SELECT contact FROM events WHERE planned IS NOT NULL) AS is_planned FROM told
    WINDOW day_of_kind AS (PARTITION BY ticket, kind, happened // 86400000)
    QUALIFY row_number() OVER (day_of_kind ORDER BY happened, cluster) <= 4
        OR row_number() OVER (day_of_kind ORDER BY happened DESC, cluster DESC) <= 4
), begun AS (
    SELECT *, lag(happened) OVER facts AS before,
        kind = 'arrived' AND NOT is_planned AND happened > before + 4 * $hour
            AND wall(happened)::DATE > wall(before)::DATE AS is_another
    FROM kept WINDOW facts AS (
        PARTITION BY ticket ORDER BY happened, list_position(
            ['arrived', 'started', 'finished', 'cancelled', 'no_show', 'left'], kind
        ), cluster
    )
), numbered AS (
    SELECT *, count(*) FILTER (is_another) OVER (
        PARTITION BY ticket ORDER BY happened, list_position(
            ['arrived', 'started', 'finished', 'cancelled', 'no_show', 'left'], kind
        ), cluster
    ) + coalesce((
        SELECT max(life) FROM visit_requests asked
        WHERE asked.ticket = begun.ticket AND asked.happened <= begun.happened
    ), 0) AS life FROM begun
)
SELECT ticket || '#' || life AS contact, ticket, life, kind, cluster, happened,
    life < greatest(max(life) OVER (PARTITION BY ticket), coalesce((
        SELECT max(life) FROM visit_requests asked WHERE asked.ticket = numbered.ticket
    ), 0)) AS is_past
FROM numbered
"""
"""Of each type the four earliest and the four latest of a day. Without a plan, an arrival on a later day than all
facts before it, and not just past midnight, is that of another visitor with the same number."""

_DESKS: Final = """
CREATE TABLE desks AS
WITH starts AS (
    SELECT contact, happened, min(cluster) AS cluster FROM visit_facts WHERE kind = 'started' GROUP BY ALL
), turns AS (
    SELECT * FROM starts
    QUALIFY lag(cluster) OVER (PARTITION BY contact ORDER BY happened) IS DISTINCT FROM cluster
)
SELECT contact, cluster, happened AS started,
    lag(happened) OVER desk AS before,
    row_number() OVER desk AS turn,
    lead(happened) OVER desk IS NULL AS is_last
FROM turns WINDOW desk AS (PARTITION BY contact ORDER BY happened)
"""
"""The desks that received a visitor, in turn: a start at another desk is the next one."""

_ONWARD: Final = """
CREATE TABLE onward AS
WITH past AS (
    SELECT DISTINCT contact, is_past FROM visit_facts
), received AS (
    SELECT contact, cluster, started, coalesce(
        (SELECT min(happened) FROM visit_facts arrival WHERE kind = 'arrived' AND arrival.contact = desks.contact
            AND arrival.cluster = desks.cluster AND happened > before AND happened <= started),
        (SELECT min(happened) FROM visit_facts finish WHERE kind = 'finished' AND finish.contact = desks.contact
            AND happened BETWEEN before AND started)
    ) AS since
    FROM desks WHERE turn > 1
), sent AS (
    SELECT contact, arg_min(arrival.cluster, (happened, arrival.cluster)) AS cluster, min(happened) AS since,
        max(happened) AS last_arrival
    FROM visit_facts arrival JOIN desks USING (contact)
    WHERE kind = 'arrived' AND is_last AND happened > started AND arrival.cluster <> desks.cluster GROUP BY contact
), waiting AS (
    SELECT *,
        (SELECT min(happened) FROM visit_facts gone WHERE kind IN ('no_show', 'left', 'cancelled')
            AND gone.contact = sent.contact AND happened >= last_arrival) AS gone,
        (SELECT min(happened) FROM visit_facts finish WHERE kind = 'finished' AND finish.contact = sent.contact
            AND finish.cluster = sent.cluster AND happened >= since) AS finished
    FROM sent
), outcomes AS (
    SELECT contact, cluster, coalesce(since, started) AS period, started AS known, started - since AS wait,
        CASE WHEN wait IS NULL THEN 'unresolved' WHEN wait > 4 * $hour THEN 'implausible' ELSE 'onward' END AS outcome
    FROM received
    UNION ALL
    SELECT contact, cluster, since, coalesce(gone, finished, if(is_past, since, NULL)), NULL, CASE
        WHEN gone IS NOT NULL THEN 'onward_left'
        WHEN finished IS NULL AND NOT is_past AND since > $now - 12 * $hour THEN 'open'
        ELSE 'unresolved'
    END FROM waiting JOIN past USING (contact)
)
SELECT * FROM outcomes JOIN norms USING (cluster)
"""
"""A wait for each further desk."""

_VISITS: Final = """
CREATE TABLE visits AS
WITH stated AS (
    SELECT contact AS ticket, arg_max(planned, (happened, planned)) FILTER (planned IS NOT NULL) AS stated_plan
    FROM events WHERE kind IN ('requested', 'arrived', 'started', 'finished', 'cancelled', 'no_show', 'left')
    GROUP BY contact
), requests AS (
    SELECT ticket, life, max(happened) AS asked_again, min(happened) AS asked,
        arg_min(planned, (happened, planned)) AS first_plan,
        arg_max(planned, (happened, planned)) AS last_plan,
        arg_min(cluster, (happened, cluster)) AS asked_of
    FROM visit_requests GROUP BY ALL
), lives AS (
    SELECT ticket, life FROM visit_facts UNION SELECT ticket, life FROM visit_requests
), asks AS (
    SELECT ticket || '#' || life AS contact, life, life < max(life) OVER (PARTITION BY ticket) AS is_past,
        asked_again, asked, first_plan, if(asked IS NULL, stated_plan, last_plan) AS plan, asked_of
    FROM lives JOIN stated USING (ticket) LEFT JOIN requests USING (ticket, life)
), told AS (
    SELECT visit_facts.* EXCLUDE (life, is_past), asked_again, desks.cluster AS first_desk, started,
        coalesce(kind = 'arrived' AND happened > started AND visit_facts.cluster <> first_desk, false) AS sent_on
    FROM visit_facts JOIN asks USING (contact) LEFT JOIN desks ON desks.contact = visit_facts.contact AND turn = 1
), ends AS (
    SELECT told.contact, told.cluster, told.happened FROM told JOIN asks USING (contact)
    WHERE kind IN ('started', 'finished') OR (plan IS NULL AND kind IN ('no_show', 'left', 'cancelled'))
), again AS (
    SELECT DISTINCT arrival.contact
    FROM told arrival JOIN ends ON ends.contact = arrival.contact AND ends.cluster = arrival.cluster
    WHERE arrival.kind = 'arrived' AND arrival.happened > ends.happened + $hour // 4 AND ends.happened = (
        SELECT max(last.happened) FROM ends last
        WHERE last.contact = arrival.contact AND last.happened < arrival.happened
    ) AND ends.happened >= (
        SELECT min(first.happened) FROM told first WHERE first.contact = arrival.contact AND first.kind = 'arrived'
    )
), moments AS (
    SELECT contact,
        any_value(started) AS started,
        max(happened) FILTER (kind IN ('no_show', 'left', 'cancelled') AND happened < asked_again) AS void,
        max(happened) FILTER (kind = 'arrived') AS last_arrival,
        min(happened) FILTER (kind = 'arrived') AS first_arrival,
        min(happened) FILTER (kind = 'finished') AS finished,
        min(happened) AS first_fact,
        min(happened) FILTER (kind IN ('started', 'finished')) AS served,
        max(happened) FILTER (kind IN ('arrived', 'started')) AS last_present,
        arg_min(cluster, (
            list_position(['arrived', 'started', 'finished', 'cancelled', 'no_show', 'left'], kind), happened, cluster
        )) FILTER (NOT sent_on) AS nearest
    FROM told GROUP BY contact
), facts AS (
    SELECT asks.*, moments.* EXCLUDE (contact),
        coalesce(asked_of, nearest) AS cluster,
        (SELECT min(happened) FROM told WHERE told.contact = asks.contact AND kind = 'arrived' AND NOT sent_on
            AND happened > coalesce(void, happened - 1)) AS arrived,
        (SELECT arg_min({'kind': kind, 'at': happened}, (
                happened, list_position(['no_show', 'left', 'cancelled'], kind)
            )) FROM told WHERE told.contact = asks.contact AND kind IN ('no_show', 'left', 'cancelled')
            AND happened >= greatest(coalesce(asked_again, happened), coalesce(last_arrival, happened))) AS gone,
        asks.contact IN (SELECT contact FROM onward) AS is_sent_on
    FROM asks LEFT JOIN moments USING (contact)
), judged AS (
    SELECT *,
        coalesce(plan, first_arrival, first_fact) AS due,
        gone.at - greatest(arrived, plan) AS left_after,
        CASE
            WHEN started IS NOT NULL AND plan IS NOT NULL THEN if(
                started - plan > 4 * $hour OR wall(started)::DATE < wall(plan)::DATE, 'implausible', 'served'
            )
            WHEN started IS NOT NULL AND arrived IS NULL THEN 'unresolved'
            WHEN started IS NOT NULL AND started - arrived NOT BETWEEN -$skew AND 4 * $hour THEN 'implausible'
            WHEN started IS NOT NULL THEN 'walk_in'
            WHEN gone.kind = 'no_show' THEN 'no_show'
            WHEN gone IS NOT NULL AND plan IS NULL THEN 'walk_in_left'
            WHEN gone.kind = 'cancelled' AND arrived IS NULL THEN 'cancelled'
            WHEN gone IS NOT NULL THEN if(arrived IS NOT NULL AND left_after > 4 * $hour, 'implausible', 'left')
            ELSE 'unresolved'
        END AS fate,
        fate = 'unresolved' AND if(started IS NULL, finished IS NULL, NOT is_sent_on) AS unended,
        greatest(last_present, asked_again) AS last_news,
        (last_news > served + 4 * $hour AND wall(last_news)::DATE > wall(served)::DATE)
            OR contact IN (FROM again) AS is_unclear
    FROM facts
)
SELECT cluster, plan, arrived, started, asked, first_plan, norm, left_after,
    CASE
        WHEN started IS NOT NULL AND plan IS NULL AND arrived IS NOT NULL THEN arrived
        WHEN started IS NOT NULL AND plan IS NULL AND is_sent_on THEN started
        ELSE due
    END AS period,
    if(unended, if(is_past, due, NULL), coalesce(started, gone.at, finished)) AS known,
    due, life, is_unclear,
    if(unended AND NOT is_past AND due > $now - 12 * $hour, 'open', fate) AS outcome
FROM judged JOIN norms USING (cluster)
"""

_NUMBERS: Final = """
CREATE TABLE numbers AS
SELECT cluster, due AS period, due AS known, life > 0 AS is_reused, is_unclear FROM visits
"""
"""Ticket numbers that were used again, or may have been."""

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
        count(*) FILTER (outcome = 'answered' AND wait <= bound) AS within_service_level,
        count(*) FILTER (outcome = 'answered' AND wait <= 30000) AS to_30,
        count(*) FILTER (outcome = 'answered' AND wait > 30000 AND wait <= 60000) AS to_60,
        count(*) FILTER (outcome = 'answered' AND wait > 60000 AND wait <= 90000) AS to_90,
        count(*) FILTER (outcome = 'answered' AND wait > 90000 AND wait <= 120000) AS to_120,
        count(*) FILTER (outcome = 'answered' AND wait > 120000 AND wait <= 300000) AS to_300,
        count(*) FILTER (outcome = 'answered' AND wait > 300000) AS beyond,
        count(*) FILTER (outcome = 'missed' AND wait <= short_bound) AS short_abandoned,
        count(*) FILTER (outcome = 'missed' AND wait > short_bound) AS long_abandoned,
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
    "aside": """
        count(*) FILTER (what = 'reused') AS reused_ids,
        count(*) FILTER (what = 'unclear') AS unclear_ids,
        count(*) FILTER (what = 'asked') AS callbacks_requested,
        count(*) FILTER (what = 'called_back') AS called_back,
        coalesce(sum(after) FILTER (what = 'called_back'), 0) AS called_back_after_ms,
        count(*) FILTER (what = 'too_late') AS answered_too_late""",
    "visits": """
        count(*) FILTER (outcome = 'served') AS served,
        sum(greatest(0, started - plan)) FILTER (outcome = 'served') AS wait_ms,
        sum(started - plan) FILTER (outcome = 'served') AS signed_ms,
        count(*) FILTER (outcome = 'served' AND started - plan <= norm) AS within_norm,
        count(*) FILTER (outcome = 'served' AND arrived IS NOT NULL) AS experienced,
        sum(greatest(0, started - greatest(arrived, plan)))
            FILTER (outcome = 'served' AND arrived IS NOT NULL) AS experienced_ms,
        count(*) FILTER (outcome = 'walk_in') AS walk_ins,
        sum(greatest(0, started - arrived)) FILTER (outcome = 'walk_in') AS walk_in_wait_ms,
        count(*) FILTER (outcome = 'walk_in_left') AS walk_ins_left,
        count(*) FILTER (outcome = 'no_show') AS no_shows,
        count(*) FILTER (outcome = 'cancelled') AS cancelled,
        count(*) FILTER (outcome = 'left') AS left,
        count(*) FILTER (outcome = 'left' AND arrived IS NOT NULL) AS left_arrived,
        sum(greatest(0, left_after)) FILTER (outcome = 'left' AND arrived IS NOT NULL) AS left_wait_ms,
        count(*) FILTER (outcome = 'unresolved') AS unresolved,
        count(*) FILTER (outcome = 'implausible') AS implausible""",
    "onward": """
        count(*) FILTER (outcome = 'onward') AS onward,
        sum(wait) FILTER (outcome = 'onward') AS onward_wait_ms,
        count(*) FILTER (outcome = 'onward_left') AS onward_left,
        count(*) FILTER (outcome = 'unresolved') AS unresolved,
        count(*) FILTER (outcome = 'implausible') AS implausible""",
    "numbers": """
        count(*) FILTER (is_reused) AS reused_ids,
        count(*) FILTER (is_unclear) AS unclear_ids""",
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
FROM (
    SELECT cluster, plan, arrived FROM visits WHERE outcome = 'open' AND arrived IS NOT NULL
    UNION ALL
    SELECT cluster, NULL, period FROM onward WHERE outcome = 'open'
) GROUP BY cluster
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

    def city_lead_times(self) -> dict[str, tuple[int, int, int]]:
        """Of all clusters as one, by month: requests, their working days, and how many were given within 5."""
        answer = self._database.sql(
            "SELECT month_of(period), count(*), sum(days), count(*) FILTER (days <= 5) FROM requests "
            "WHERE NOT impossible GROUP BY ALL"
        )
        return {month: (requests, int(days), within) for month, requests, days, within in answer.fetchall()}

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
                for name, value in each.items():
                    if value:
                        of_key = totals.setdefault(key, {})
                        of_key[name] = of_key.get(name, 0) + int(value)
        return totals


def _every_week(rules: OracleRules) -> Iterator[Hours]:
    """The common hours of each day of the week."""
    for weekday in range(1, 8):
        is_open = weekday <= rules.open_days
        yield Hours(weekday, rules.open_from_hour * 60 * is_open, rules.open_to_hour * 60 * is_open)


@contextmanager
def oracle(rules: OracleRules, rows: Sequence[Row], now_ms: int) -> Iterator[Oracle]:
    """A database with the raw rows, which judges open contacts at `now_ms`."""
    columns = zip(*((row.kind, row.contact, row.cluster, row.at, row.planned) for row in rows), strict=True)
    hours = [*_every_week(rules), *rules.more_hours]
    parameters: list[list[Any]] = [
        [list(rules.closing_days)],
        [
            list(rules.norms_ms),
            list(rules.norms_ms.values()),
            [rules.bounds_ms.get(name, _BOUND_MS) for name in rules.norms_ms],
        ],
        [
            [each.line for each in hours],
            [each.on if isinstance(each.on, str) else None for each in hours],
            [each.on if isinstance(each.on, int) else None for each in hours],
            [each.from_minute for each in hours],
            [each.to_minute for each in hours],
        ],
        [[*rules.norms_ms, *rules.aliases], [*rules.norms_ms, *rules.aliases.values()]],
        [list(column) for column in columns] or [[], [], [], [], []],
    ]
    named = {
        "now": now_ms,
        "hour": _HOUR_MS,
        "skew": _SKEW_MS,
        "short": rules.short_ms,
    }
    with duckdb.connect(config={"threads": 1}) as database:
        for statement in filter(str.strip, _SETUP.split(";")):
            database.execute(statement, parameters.pop(0) if "?" in statement else None)
        database.execute(_EVENTS)
        database.execute(_OPEN_ON)
        database.execute(_SHUT)
        calls = (_STRETCHES, _LIVES, _MOMENTS, _ENTRIES, _WAITS_OF_CALLS, _CALLS, _ASIDE)
        for table in (*calls, _VISIT_REQUESTS, _VISIT_FACTS, _DESKS, _ONWARD, _VISITS, _NUMBERS, _REQUESTS):
            database.execute(table, {name: value for name, value in named.items() if f"${name}" in table})
        yield Oracle(database)
