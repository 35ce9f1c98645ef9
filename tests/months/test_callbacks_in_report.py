"""Callbacks and answers that came too late, in the report: where there are any, and beside all that counts."""

import csv
import io
from typing import Any, Final

import pytest

from streams.channels.calls.events import CallbackRequested, CalledBack
from streams.months.report.data import Report
from streams.months.report.report import build_report
from streams.months.report.spreadsheet import as_csv
from streams.months.report.text import as_text
from streams.words import Language
from tests.core.builders import KCC, MINUTE, SECOND, abandoned, answered, ms, offered
from tests.months.making import lier, sources_of

MONDAY: Final = ms("2026-10-05 10:00")
NOW: Final = ms("2026-11-24 12:00")


def asked(call: str, called_back_after_ms: int | None) -> list[Any]:
    """A caller who asks to be called back after half a minute, and is or is not."""
    at = MONDAY + 30 * SECOND
    events: list[Any] = [offered(MONDAY, call), CallbackRequested(call, KCC, at / 1000)]
    if called_back_after_ms is not None:
        events.append(CalledBack(call, KCC, (at + called_back_after_ms) / 1000))
    return events


WITH_THEM: Final = [
    *asked("a", 10 * MINUTE),
    *asked("b", 25 * MINUTE),
    *asked("c", None),
    *(offered(MONDAY, "late"), abandoned(MONDAY + SECOND, "late"), answered(MONDAY + 9 * SECOND, "late")),
    *(offered(MONDAY, "d"), answered(MONDAY + SECOND, "d")),
]
WITHOUT: Final = WITH_THEM[-2:]


def report_of(events: list[Any], language: Language = Language.DUTCH) -> Report:
    """The report of the month of these calls."""
    settings = lier(language=language)
    return build_report(sources_of(events, settings, now_ms=NOW), "2026-10", settings, NOW)


def test_they_are_counted_beside_the_calls_that_count() -> None:
    """Three asked and two were called back, after 17.5 minutes; one was answered too late, and is missed."""
    (phone,) = report_of(WITH_THEM).summary.of("phone")
    assert (phone.answered, phone.missed) == (1, 1)
    assert (phone.callbacks_requested, phone.called_back, phone.answered_too_late) == (3, 2, 1)
    assert phone.average_called_back_seconds == 17.5 * 60


@pytest.mark.parametrize(
    ("language", "title", "row"),
    [
        (Language.DUTCH, "Terugbelverzoeken, en antwoord dat te laat kwam", "17,5 min"),
        (Language.ENGLISH, "Callbacks, and answers that came too late", "17.5 min"),
        (Language.FRENCH, "Rappels, et réponses venues trop tard", "17,5 min"),
    ],
)
def test_the_report_tells_of_them_where_there_are_any(language: Language, title: str, row: str) -> None:
    told = as_text(report_of(WITH_THEM, language))
    assert title in told
    assert row in told.partition(title)[2]
    assert title not in as_text(report_of(WITHOUT, language))


def test_the_spreadsheet_has_a_row_for_each() -> None:
    rows = csv.DictReader(io.StringIO(as_csv(report_of(WITH_THEM)).removeprefix("\ufeff")), delimiter=";")
    found = {row["gegeven"]: (row["waarde"], row["eenheid"]) for row in rows if row["cluster"] == KCC}
    assert found["Terugbellen gevraagd"] == ("3", "oproepen")
    assert found["Teruggebeld"] == ("2", "oproepen")
    assert found["Gemiddelde tijd tot het terugbellen"] == ("1050", "seconden")
    assert found["Te laat beantwoord (gemist)"] == ("1", "oproepen")
