"""The report of the real calls against DuckDB over the same file: every figure of it, as if it were February 1999."""

import csv
import io
import json
from pathlib import Path
from typing import Any, Final

import pytest

from streams.commands import report as report_command
from streams.months.report.data import Report
from streams.months.report.report import build_report
from streams.settings import load
from tests.core.builders import ms
from tests.months.making import sources_of
from tests.real_calls import MONTH, SETTINGS, computed, events_of, reported

NOW: Final = ms("2026-11-24 10:00")
CLUSTERS: Final = ["PS", "PE", "IN", "NE", "NW", "TT"]


@pytest.fixture(scope="module")
def expected(real_calls: Path) -> dict[str, dict[str, Any]]:
    """Per cluster, and for all together, what the query computes."""
    return computed(real_calls)


@pytest.fixture(scope="module")
def report(real_calls: Path) -> Report:
    """The report of the file's month."""
    settings = load(SETTINGS, {})
    return build_report(sources_of(events_of(real_calls), settings, now_ms=NOW), MONTH, settings, NOW)


def test_the_json_says_what_the_database_computes(report: Report, expected: dict[str, dict[str, Any]]) -> None:
    """Counts, categories, averages, shares by every formula, exclusions, and whether each norm is met."""
    found = reported(json.loads(report_command.FORMATS["json"](report)))
    assert list(found) == [*CLUSTERS, "alle samen"]
    assert found == expected


def test_the_text_and_the_page_show_the_same_figures(report: Report, expected: dict[str, dict[str, Any]]) -> None:
    """As people in Flanders write them, with a plain yes or no."""
    for kind in ("text", "html"):
        shown = report_command.FORMATS[kind](report).replace("\N{NO-BREAK SPACE}", " ")
        for figures in expected.values():
            for ratio in ("within_30", "of_offered", "short_good", "short_left_out"):
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
        assert values[cluster, "Niet meegeteld (oproepen): buiten de openingsuren"] == figures["outside"]
        assert values[cluster, "Beantwoord na 31-60 s"] == figures["categories"][1]
