"""The plan's one figure of the wait until an appointment: over the whole city, against DuckDB over the raw events."""

import csv
import io
import json
from fractions import Fraction
from random import Random
from typing import Final

import pytest

from streams.channels.visits.indicators import LEAD_TIME
from streams.channels.visits.state import TicketState
from streams.commands.report import FORMATS
from streams.months.report.data import Report
from streams.months.report.indicators import Line
from streams.months.report.report import build_report
from streams.settings import Settings
from tests.core.builders import rules_with
from tests.core.test_oracle import END, IN_SQL, ORACLE_RULES, accepted, visits_of_a_year
from tests.months.making import lier, sources_of
from tests.oracle import Oracle, Row, oracle

YEAR: Final = "2026"
ALL: Final = "alle samen"
NAME: Final = "Wachttijd tot het verkrijgen van een afspraak"
SETTINGS: Final = lier(rules=ORACLE_RULES)


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """A year of visits, dirty on purpose; one desk has few and asks for patience."""
    random = Random(20261)
    visits = visits_of_a_year(random, 1_500)
    return [row for row in visits if row.cluster == "OCMW" or random.random() < 0.7]


def report_of(rows: list[Row], period: str, settings: Settings = SETTINGS) -> Report:
    """The report when all is over."""
    events = [event for event, _ in accepted(TicketState(settings.rules), rows, [END] * len(rows))]
    return build_report(sources_of(events, settings, now_ms=END), period, settings, END)


def city_line(report: Report) -> Line:
    """That of all clusters together."""
    (found,) = [line for line in report.lines(LEAD_TIME) if line.cluster is None]
    return found


def by_sql(rows: list[Row]) -> dict[str, tuple[int, int, int]]:
    """Of each month of the year."""
    with oracle(IN_SQL, rows, END) as database:
        found = Oracle.city_lead_times(database)
    return {month: counts for month, counts in found.items() if month.startswith(YEAR)}


def test_every_month_and_the_year_are_what_the_database_computes(rows: list[Row]) -> None:
    """To the last working day, and judged on the fraction itself."""
    months = by_sql(rows)
    assert len(months) == 12
    report = report_of(rows, YEAR)
    for figures in report.months:
        requests, days, within = months[figures.period]
        (line,) = [each for each in figures.lines if each.indicator == LEAD_TIME.name and each.cluster is None]
        assert (line.value, line.contacts) == (days / requests, requests)
        assert line.met == (Fraction(days, requests) <= 5)
        (desk,) = [each for each in figures.of("desk") if each.cluster is None]
        assert (desk.requests, desk.lead_workdays, desk.requests_within_norm) == (requests, days, within)
    requests, days, _ = (sum(column) for column in zip(*months.values(), strict=True))
    assert (city_line(report).value, city_line(report).contacts) == (days / requests, requests)


def test_it_is_no_average_of_averages(rows: list[Row]) -> None:
    """A desk with many requests weighs more."""
    report = report_of(rows, "2026-10")
    of_clusters = [line.value for line in report.lines(LEAD_TIME) if line.cluster is not None]
    assert len(of_clusters) == 2
    assert city_line(report).value != pytest.approx(sum(filter(None, of_clusters)) / 2, rel=1e-6)


def test_every_format_says_it(rows: list[Row]) -> None:
    """Text, page, JSON and spreadsheet, of a month and beside the months of a year."""
    requests, days, _ = by_sql(rows)["2026-10"]
    mean, shown = days / requests, f"{days / requests:.1f} werkdagen".replace(".", ",")
    report = report_of(rows, "2026-10")
    verdict = "ja" if days <= 5 * requests else "nee"
    (line,) = [line for line in FORMATS["text"](report).splitlines() if ALL in line and "werkdagen" in line]
    assert " ".join(line.split()) == f"{ALL} {shown} ≤ 5 werkdagen {verdict} {requests} aanvragen"
    assert shown in FORMATS["html"](report)
    said = json.loads(FORMATS["json"](report))["summary"]["lines"]
    (told,) = [each for each in said if each["indicator"] == "lead_time" and each["cluster"] is None]
    assert (told["value"], told["contacts"], told["norm"]) == (mean, requests, 5)
    for period in ("2026-10", YEAR):
        text = FORMATS["csv"](report_of(rows, period)).removeprefix("\ufeff")
        (row,) = [
            row
            for row in csv.DictReader(io.StringIO(text), delimiter=";")
            if (row["periode"], row["cluster"], row["gegeven"]) == ("2026-10", ALL, NAME)
        ]
        assert float(row["waarde"].replace(",", ".")) == pytest.approx(mean, rel=1e-11)
        assert (row["norm"], row["norm gehaald"], row["aantal"]) == ("≤ 5", verdict, str(requests))


def test_a_city_with_one_desk_has_one_line() -> None:
    """That of the desk, which is the city's."""
    rules = rules_with(clusters=[each for each in ORACLE_RULES.clusters if each.name != "OCMW"])
    rows = [row for row in visits_of_a_year(Random(7), 200) if row.cluster == "Burgerzaken"]
    report = report_of(rows, YEAR, lier(rules=rules))
    assert [line.cluster for line in report.lines(LEAD_TIME)] == ["Burgerzaken"]
