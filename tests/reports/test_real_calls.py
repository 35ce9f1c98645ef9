"""The report of the real calls against DuckDB over the same file: every figure of it, as if it were February 1999.

The query knows the columns of the file and the definitions of the indicators, and nothing of the code under test.
"""

import csv
import io
import json
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest

from streams.reports import report_command
from streams.reports.report import Report, build_report
from streams.settings import load
from tests.core.builders import ms
from tests.reports.making import REAL_SETTINGS, real_events, sources_of

NOW: Final = ms("2026-11-24 10:00")
MONTH: Final = "1999-02"
CLUSTERS: Final = ["PS", "PE", "IN", "NE", "NW", "TT"]

SQL: Final = """
with raw as (
    select *, strptime(date, '%y%m%d') as day
    from read_csv(?, delim = '\t', header = true, quote = '', all_varchar = true)
    where outcome <> 'PHANTOM'
),
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


@pytest.fixture(scope="module")
def expected(real_calls: Path) -> dict[str, dict[str, Any]]:
    """Per cluster, and for all together, what the query computes."""
    answer = duckdb.execute(SQL, [str(real_calls)])
    names = [column[0] for column in answer.description]
    rows = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    assert sum(row["answered"] for row in rows) > 20_000  # each call twice: in its cluster and in all
    return {row["cluster"]: row for row in rows}


@pytest.fixture(scope="module")
def report(real_calls: Path) -> Report:
    """The report of the file's month."""
    settings = load(REAL_SETTINGS, {})
    return build_report(sources_of(real_events(real_calls), settings, now_ms=NOW), MONTH, settings, NOW)


def test_the_json_says_what_the_database_computes(report: Report, expected: dict[str, dict[str, Any]]) -> None:
    """Counts, categories, averages, shares by every formula, exclusions, and whether each norm is met."""
    said = json.loads(report_command.FORMATS["json"](report))
    found = {}
    for phone in said["summary"]["phone"]:
        cluster = phone["cluster"] or "alle samen"
        lines = {
            line["indicator"]: line
            for line in [*said["summary"]["lines"], *said["missed_in_year"]]
            if (line["cluster"] or "alle samen") == cluster
        }
        official, of_offered, short_good = [each["ratio"] for each in phone["service_levels"]]
        wait = lines.get("call_wait", {"value": phone["wait_seconds"] / phone["answered"], "met": None})
        assert official == lines["service_level"]["value"]
        found[cluster] = {
            "cluster": cluster,
            "answered": phone["answered"],
            "missed": phone["missed"],
            "average_wait": wait["value"],
            "average_met": wait["met"],
            "within_30": official,
            "within_30_met": lines["service_level"]["met"],
            "of_offered": of_offered,
            "short_good": short_good,
            "missed_share": lines["missed_share"]["value"],
            "missed_met": lines["missed_share"]["met"],
            "missed_wait": phone["missed_wait_seconds"],
            "categories": [each["calls"] for each in phone["categories"]],
            "outside": phone["excluded"]["outside_opening_hours"],
            "unresolved": phone["excluded"]["unresolved"],
            "implausible": phone["excluded"]["implausible"],
        }
    assert list(found) == [*CLUSTERS, "alle samen"]
    assert found == expected | {"alle samen": expected["alle samen"] | {"average_met": None}}  # no norm for all lines


def test_the_text_and_the_page_show_the_same_figures(report: Report, expected: dict[str, dict[str, Any]]) -> None:
    """As people in Flanders write them, with a plain yes or no."""
    for kind in ("text", "html"):
        shown = report_command.FORMATS[kind](report)
        for figures in expected.values():
            for ratio in ("within_30", "of_offered", "short_good"):
                assert f"{100 * figures[ratio]:.1f} %".replace(".", ",") in shown
            assert f"{100 * figures['missed_share']:.2f} %".replace(".", ",") in shown
            assert f"{figures['answered']:,} beantwoord".replace(",", ".") in shown
    text = report_command.FORMATS["text"](report).splitlines()
    verdicts = [line.split("< 45 s")[1].split()[0] for line in text if "< 45 s" in line]
    assert verdicts == ["ja" if expected[cluster]["average_met"] else "nee" for cluster in CLUSTERS]


def test_the_csv_has_the_figures_unrounded(report: Report, expected: dict[str, dict[str, Any]]) -> None:
    """Read back as a spreadsheet set to Dutch reads it."""
    text = report_command.FORMATS["csv"](report)
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))
    values = {(row["cluster"], row["gegeven"]): float(row["waarde"].replace(",", ".")) for row in rows}
    for cluster, figures in expected.items():
        assert values[cluster, "Aandeel gemiste oproepen"] == pytest.approx(figures["missed_share"], rel=1e-11)
        assert values[cluster, "Beantwoorde oproepen"] == figures["answered"]
        assert values[cluster, "Niet meegeteld: buiten de openingsuren"] == figures["outside"]
        assert values[cluster, "Beantwoord na 31-60 s"] == figures["categories"][1]
