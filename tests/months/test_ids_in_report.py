"""Ids that were used again, or may have been, in the report: of calls as of visits, and each with whose they are."""

import csv
import io
from typing import Any, Final

import pytest

from streams.channels.visits.events import Arrived, Started
from streams.months.report.data import Report
from streams.months.report.report import build_report
from streams.months.report.spreadsheet import as_csv
from streams.months.report.text import as_text
from streams.words import Language
from tests.core.builders import KCC, MINUTE, SECOND, abandoned, answered, ms, offered
from tests.months.making import lier, sources_of

MORNING: Final = ms("2026-10-05 09:30")
NOON: Final = ms("2026-10-05 15:00")
NOW: Final = ms("2026-11-24 12:00")


def visit(at: int) -> list[Any]:
    """Somebody who draws number B4, and is received."""
    return [Arrived("B4", "Burgerzaken", at / 1000), Started("B4", "Burgerzaken", (at + 4 * MINUTE) / 1000)]


AGAIN: Final = [
    *(offered(MORNING, "7"), answered(MORNING + SECOND, "7"), offered(NOON, "7"), answered(NOON + SECOND, "7")),
    *(offered(MORNING, "8"), abandoned(MORNING + SECOND, "8"), answered(NOON, "8")),
    *visit(MORNING),
    *visit(MORNING + 24 * 60 * MINUTE),
]


def report_of(events: list[Any], language: Language = Language.ENGLISH) -> Report:
    """The report of the month of these facts."""
    settings = lier(language=language)
    return build_report(sources_of(events, settings, now_ms=NOW), "2026-10", settings, NOW)


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (Language.DUTCH, ["nummers van oproepen: 1", "Nummers van oproepen die", "nummers van bezoeken: 1"]),
        (
            Language.ENGLISH,
            ["Ids of calls that were used again: 1", "Ids of calls that may", "Ids of visits that were"],
        ),
        (Language.FRENCH, ["réutilisés (appels) : 1", "Numéros (appels) qui peuvent", "réutilisés (visites) : 1"]),
    ],
)
def test_the_report_says_of_each_channel_how_many(language: Language, told: list[str]) -> None:
    text = " ".join(as_text(report_of(AGAIN, language)).split())
    assert [each for each in told if each not in text] == []
    assert told[1] not in as_text(report_of(AGAIN[:2], language))


def test_the_spreadsheet_has_them_by_cluster() -> None:
    rows = csv.DictReader(io.StringIO(as_csv(report_of(AGAIN)).removeprefix("\ufeff")), delimiter=",")
    found = {(row["cluster"], row["figure"]): row["value"] for row in rows}
    assert found[KCC, "Ids used again (calls)"] == found[KCC, "Ids that may be those of several (calls)"] == "1"
    assert found["Burgerzaken", "Ids used again (visits)"] == "1"
    assert found["Wonen", "Ids used again (visits)"] == "0"
