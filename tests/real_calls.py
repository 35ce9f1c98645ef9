"""The real calls of the Anonymous Bank, read once by the example's mapping and once by SQL.

The queries know the columns of the file and the definitions of the indicators, and nothing of the code under test.
The file is no part of this repository.
"""

from pathlib import Path
from typing import Any, Final

import duckdb

from streams.sources.files.events import read_rows
from streams.sources.mapping import load_mapping

EXAMPLE: Final = Path(__file__).parents[1] / "deploy" / "examples" / "anonymous-bank"
SETTINGS: Final = EXAMPLE / "settings.toml"
MONTH: Final = "1999-02"

RAW_SQL: Final = """
with raw as (
    select *, strptime(date, '%y%m%d') as day
    from read_csv(?, delim = '\t', header = true, quote = '', all_varchar = true)
    where outcome <> 'PHANTOM'
)
"""
"""Each row that is a call, with its day."""

OUTCOMES_SQL: Final = f"""
{RAW_SQL},
clocks as (
    select type, day, vru_entry::interval as dialled,
        if(outcome = 'AGENT' and ser_start <> '0:00:00', ser_start, null)::interval as answered,
        if(outcome = 'HANG', if(q_exit <> '0:00:00', q_exit, vru_exit), null)::interval as hung_up
    from raw
),
waits as (
    select type, isodow(day) as weekday, epoch(dialled)::bigint as dialled, answered is not null as is_answered,
        epoch(coalesce(answered, hung_up) - dialled)::bigint as clock_wait
    from clocks
),
judged as (
    select type, is_answered, if(clock_wait < -43200, clock_wait + 86400, clock_wait) as wait,
        case when weekday in (1, 2, 3, 4, 7) then dialled >= 25200
             when weekday = 5 then dialled >= 25200 and dialled < 50400
             else dialled >= 72000 end as is_open
    from waits
),
outcomes as (
    select type, wait, case
        when not is_open then 'outside_opening_hours'
        when wait is null then 'unresolved'
        when wait < 0 or wait > 14400 then 'implausible'
        when is_answered then 'answered' else 'missed' end as outcome
    from judged
)
"""
"""Each call with its type, its wait in seconds and its outcome, in a table `outcomes`."""

REPORT_SQL: Final = f"""
{OUTCOMES_SQL}
select coalesce(type, 'alle samen') as cluster,
    count(*) filter (outcome = 'answered') as answered,
    count(*) filter (outcome = 'missed') as missed,
    sum(wait) filter (outcome = 'answered') / count(*) filter (outcome = 'answered') as average_wait,
    avg(wait) filter (outcome = 'answered') < 45 as average_met,
    avg((wait <= 30)::int) filter (outcome = 'answered') as within_30,
    count(*) filter (outcome = 'answered' and wait <= 30)
        >= 0.70 * count(*) filter (outcome = 'answered') as within_30_met,
    count(*) filter (outcome = 'answered' and wait <= 30)
        / count(*) filter (outcome in ('answered', 'missed')) as of_offered,
    count(*) filter (outcome in ('answered', 'missed') and wait <= 30)
        / count(*) filter (outcome in ('answered', 'missed')) as short_good,
    count(*) filter (outcome = 'answered' and wait <= 30)
        / count(*) filter (outcome = 'answered' or (outcome = 'missed' and wait > 30)) as short_left_out,
    count(*) filter (outcome = 'missed') / count(*) filter (outcome in ('answered', 'missed')) as missed_share,
    count(*) filter (outcome = 'missed')
        <= 0.20 * count(*) filter (outcome in ('answered', 'missed')) as missed_met,
    sum(wait) filter (outcome = 'missed') as missed_wait,
    [count(*) filter (outcome = 'answered' and wait <= 30),
     count(*) filter (outcome = 'answered' and wait > 30 and wait <= 60),
     count(*) filter (outcome = 'answered' and wait > 60 and wait <= 90),
     count(*) filter (outcome = 'answered' and wait > 90 and wait <= 120),
     count(*) filter (outcome = 'answered' and wait > 120 and wait <= 300),
     count(*) filter (outcome = 'answered' and wait > 300)] as categories,
    count(*) filter (outcome = 'outside_opening_hours') as outside,
    count(*) filter (outcome = 'unresolved') as unresolved,
    count(*) filter (outcome = 'implausible') as implausible
from outcomes group by grouping sets ((type), ())
"""

FACTS_SQL: Final = f"""
{RAW_SQL},
named as (
    select 'offered' as event, day, type, vru_entry, vru_entry as clock from raw
    union all select 'answered', day, type, vru_entry, ser_start from raw where outcome = 'AGENT'
    union all select 'ended', day, type, vru_entry, ser_exit from raw where outcome = 'AGENT'
    union all select 'abandoned', day, type, vru_entry, if(q_exit = '0:00:00', vru_exit, q_exit) from raw
        where outcome = 'HANG'
),
facts as (
    select event, type, day + clock::interval
        + if(vru_entry::interval - clock::interval > interval 12 hours, interval 1 day, interval 0 day) as moment
    from named where clock <> '0:00:00'
)
"""
"""Each fact of the file with its event, type and moment by the clock on the wall, in a table `facts`."""

COVERAGE_SQL: Final = f"""
{FACTS_SQL},
hours as (
    select unnest(generate_series(timestamp '1999-02-01', timestamp '1999-02-28 23:00', interval 1 hour)) as hour
),
open_hours as (
    select hour from hours where case when isodow(hour) in (1, 2, 3, 4, 7) then hour(hour) >= 7
        when isodow(hour) = 5 then hour(hour) between 7 and 13 else hour(hour) >= 20 end
)
select count(*), count(*) filter (hour not in (select date_trunc('hour', moment) from facts)),
    (select count(*) from facts where moment < timestamp '1999-03-01')
from open_hours
"""
"""Opening hours, those of them in which nothing happened, and facts about the month."""


def events_of(real_calls: Path) -> list[Any]:
    """The events of the file, by the example's mapping."""
    with real_calls.open("rb") as stream:
        return [event for row in read_rows(stream, load_mapping(EXAMPLE / "mapping.toml")) for event in row.events]


def computed(real_calls: Path) -> dict[str, dict[str, Any]]:
    """Per cluster, and for all together, what the query computes of the month."""
    answer = duckdb.execute(REPORT_SQL, [str(real_calls)])
    names = [column[0] for column in answer.description]
    rows = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    assert sum(row["answered"] for row in rows) > 20_000  # each call twice: in its cluster and in all
    every = next(row for row in rows if row["cluster"] == "alle samen")
    every["average_met"] = None  # there is no norm for the average of all lines together
    return {row["cluster"]: row for row in rows}


def computed_coverage(real_calls: Path) -> tuple[int, int, int]:
    """Opening hours of the month, the silent ones, and the facts about the month."""
    ((opening, silent, facts),) = duckdb.execute(COVERAGE_SQL, [str(real_calls)]).fetchall()
    return opening, silent, facts


def reported(said: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The same figures from the report in JSON."""
    return {phone["cluster"] or "alle samen": _reported(said, phone) for phone in said["summary"]["phone"]}


def _reported(said: dict[str, Any], phone: dict[str, Any]) -> dict[str, Any]:
    lines = {
        line["indicator"]: line
        for line in [*said["summary"]["lines"], *said["year_so_far"]]
        if line["cluster"] == phone["cluster"]
    }
    official, of_offered, short_good, short_left_out = [each["ratio"] for each in phone["service_levels"]]
    wait = lines.get("call_wait", {"value": phone["wait_seconds"] / phone["answered"], "met": None})
    assert official == lines["service_level"]["value"]
    return {
        "cluster": phone["cluster"] or "alle samen",
        "answered": phone["answered"],
        "missed": phone["missed"],
        "average_wait": wait["value"],
        "average_met": wait["met"],
        "within_30": official,
        "within_30_met": lines["service_level"]["met"],
        "of_offered": of_offered,
        "short_good": short_good,
        "short_left_out": short_left_out,
        "missed_share": lines["missed_share"]["value"],
        "missed_met": lines["missed_share"]["met"],
        "missed_wait": phone["missed_wait_seconds"],
        "categories": [each["calls"] for each in phone["categories"]],
        "outside": phone["excluded"]["outside_opening_hours"],
        "unresolved": phone["excluded"]["unresolved"],
        "implausible": phone["excluded"]["implausible"],
    }
