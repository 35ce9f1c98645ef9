"""The spreadsheet: period, cluster and name of a row say which figure it is, in whatever report it stands."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from unicodedata import normalize

import duckdb
import msgspec
import pytest
from openpyxl import Workbook

from streams.commands.report import FORMATS
from streams.core.rules import Channel, Cluster
from streams.months.report.report import build_report
from streams.months.report.spreadsheet import SEPARATORS
from streams.settings import BudgetYear, Settings
from streams.words import Language
from tests.core.builders import BURGERZAKEN, MINUTE, SECOND, abandoned, answered, ms, offered, requested, started
from tests.months.making import lier, sources_of

NOW: Final = ms("2026-11-24 12:00")
MISSED: Final = "Aandeel gemiste oproepen"
EVENING: Final = "19:00"
SECOND_LINE: Final = "Noodlijn"


def city() -> Settings:
    """Two lines and several desks, one of which has the name of a line."""
    rules = lier().rules
    more = (Cluster(SECOND_LINE, Channel.PHONE, 45 * SECOND), Cluster(BURGERZAKEN, Channel.PHONE, 45 * SECOND))
    return lier(rules=msgspec.structs.replace(rules, clusters=(*rules.clusters, *more)))


def events_of_a_year() -> list[Any]:
    """Each month another number of calls answered and missed, and of visits, some outside opening hours."""
    events: list[Any] = []
    lines = [each.name for each in city().rules.clusters if each.channel is Channel.PHONE]
    for month in range(1, 11):
        for number in range(3 + month):
            for hour in ("10:00", EVENING):
                at = ms(f"2026-{month:02d}-{13 if month != 6 else 15} {hour}") + number * MINUTE
                line, name = lines[number % len(lines)], f"{month}-{number}-{hour}"
                end = abandoned if number % (2 + month % 3) == 0 else answered
                events += [offered(at, f"c{name}", line), end(at + number * 10 * SECOND, f"c{name}", line)]
                events += [
                    requested(at - 9 * 86_400_000, at, f"t{name}"),
                    started(at + number * SECOND, None, f"t{name}"),
                ]
    return events


def rows_of(period: str, settings: Settings) -> list[dict[str, str]]:
    """The rows of the report of a period."""
    report = build_report(sources_of(events_of_a_year(), settings, now_ms=NOW), period, settings, NOW)
    text = FORMATS["csv"](report).removeprefix("\ufeff")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def key(row: dict[str, str]) -> tuple[str, str, str]:
    """What says which figure it is."""
    return row["periode"], row["cluster"], row["gegeven"]


def test_the_same_key_is_the_same_figure_in_every_report() -> None:
    """Of ten months and of their year: each key once in a file, and always with the same value, unit and verdict."""
    settings = city()
    known: dict[tuple[str, str, str], dict[str, str]] = {}
    for period in [*(f"2026-{month:02d}" for month in range(1, 11)), "2026"]:
        rows = rows_of(period, settings)
        assert len({key(row) for row in rows}) == len(rows), period
        for row in rows:
            assert known.setdefault(key(row), row) == row
    assert len(known) > 1_000


def test_the_share_of_missed_calls_says_of_which_months_it_is() -> None:
    """The month's own, without a norm, and that of the year up to it, which is judged."""
    settings = city()
    month, year = ({key(row): row for row in rows_of(period, settings)} for period in ("2026-10", "2026"))
    own, so_far = (month[period, "alle samen", MISSED] for period in ("2026-10", "2026-01 t.e.m. 2026-10"))
    assert own["waarde"] != so_far["waarde"]
    assert (own["norm"], own["norm gehaald"]) == ("", "geen norm")
    assert so_far["norm"] == "≤ 0,2"
    assert year["2026-10", "alle samen", MISSED] == own
    assert year["2026", "alle samen", MISSED]["waarde"] == so_far["waarde"]


FORMULAS: Final = (
    "=1+2",
    "+32 3 800 04 04",
    "-1",
    "@SUM(A1)",
    "\t=1+2",
    "\r=1+2",
    "\uff1d1+2",
    '=HYPERLINK("x";"y")',
)
"""Names of clusters that spreadsheets would take for formulas."""


def sheet_of(names: Sequence[str], language: Language, folder: Path) -> Path:
    """The spreadsheet of a month with a call on each of these lines, and expenses below 0."""
    rules = lier().rules
    clusters = tuple(Cluster(name, Channel.PHONE, 45 * SECOND) for name in names)
    budget = (BudgetYear(year=2026, kind="budget", expenses_cents=-150),)
    settings = lier(rules=msgspec.structs.replace(rules, clusters=clusters), language=language, budget=budget)
    at = ms("2026-10-13 10:00")
    events = [
        event
        for number, name in enumerate(names)
        for event in (offered(at, f"c{number}", name), answered(at + 1_500 * number, f"c{number}", name))
    ]
    path = folder / "sheet.csv"
    report = build_report(sources_of(events, settings, now_ms=NOW), "2026-10", settings, NOW)
    path.write_text(FORMATS["csv"](report), encoding="utf-8", newline="")
    return path


def cells_of(path: Path, language: Language) -> list[dict[str, Any]]:
    """The rows as DuckDB reads them, a program that tells by itself which columns are numbers."""
    columns, decimals = SEPARATORS[language]
    read = duckdb.read_csv(str(path), delimiter=columns, decimal=decimals, header=True, sample_size=-1)
    return [dict(zip(read.columns, row, strict=True)) for row in read.fetchall()]


@pytest.mark.parametrize("language", Language)
def test_no_cell_is_a_formula_whatever_clusters_are_called(language: Language, tmp_path: Path) -> None:
    """To openpyxl, which tells formulas from texts as Excel does, and by the signs that LibreOffice goes by too."""
    rows = cells_of(sheet_of(FORMULAS, language, tmp_path), language)
    sheet = Workbook().active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row.values()))
    texts = [cell for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    assert {cell.data_type for cell in texts} == {"s"}
    assert [cell.value for cell in texts if normalize("NFKC", str(cell.value))[0] in "=+-@\t\r\n"] == []
    named = {list(row.values())[1] for row in rows}
    assert {f"'{name}" for name in FORMULAS} < named


@pytest.mark.parametrize("language", Language)
def test_numbers_stay_numbers(language: Language, tmp_path: Path) -> None:
    """Those with decimals and those below 0 too."""
    rows = cells_of(sheet_of(["OCMW", "=1"], language, tmp_path), language)
    values = [list(row.values())[3] for row in rows if list(row.values())[3] is not None]
    assert {type(value) for value in values} == {float}
    assert {-1.5, 0.0, 1.5} <= set(values)
