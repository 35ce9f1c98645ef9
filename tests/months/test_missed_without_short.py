"""The second figure of missed calls in the report, without short abandons: beside the official one, never instead."""

import csv
import io
from typing import Any, Final

import msgspec
import pytest

from streams.channels.calls.counts import PhoneTally
from streams.channels.calls.indicators import MISSED_SHARE
from streams.core.rules import Channel, Cluster
from streams.months.month import Sources
from streams.months.report.data import Report
from streams.months.report.report import build_report
from streams.months.report.spreadsheet import as_csv
from streams.months.report.text import as_text
from streams.settings import Settings
from streams.words import Language
from tests.core.builders import KCC, SECOND, abandoned, answered, ms, offered
from tests.months.making import lier, sources_of

MONDAY: Final = ms("2026-10-05 10:00")
NOW: Final = ms("2026-11-24 12:00")
HELP: Final = "Noodlijn"


def settings_with(short_seconds: int | None, language: Language = Language.DUTCH) -> Settings:
    """Lier with a second line, and with a bound of short abandons or none."""
    rules = lier().rules
    clusters = (*rules.clusters, Cluster(HELP, Channel.PHONE, 45_000))
    short_ms = None if short_seconds is None else short_seconds * SECOND
    return lier(rules=msgspec.structs.replace(rules, clusters=clusters, short_abandon_ms=short_ms), language=language)


def sources(settings: Settings) -> Sources:
    """On the one line 2 answered and 3 missed, one of these after 5 s; on the other one missed after 2 s."""
    facts: list[tuple[str, Any, int]] = [
        *((KCC, answered, 1_000 * number) for number in (1, 2)),
        *((KCC, abandoned, span) for span in (5_000, 5_001, 90_000)),
        (HELP, abandoned, 2_000),
    ]
    events = [
        event
        for number, (line, how, span) in enumerate(facts)
        for event in (offered(MONDAY, f"c{number}", line), how(MONDAY + span, f"c{number}", line))
    ]
    return sources_of(events, settings, now_ms=NOW)


def report_by(settings: Settings, found: Sources | None = None, period: str = "2026-10") -> Report:
    """The report of the calls."""
    return build_report(found or sources(settings), period, settings, NOW)


@pytest.mark.parametrize("period", ["2026-10", "2026"])
def test_short_abandons_are_left_out_of_the_missed_and_of_all_calls(period: str) -> None:
    """Of each line and of all: 2 of 4, none of none, 2 of 4. The official figure is what it always was."""
    told, plain = (report_by(settings_with(short), period=period) for short in (5, None))
    parts = {
        each.cluster: (each.missed, each.short_abandoned, each.missed_without_short, each.missed_without_short_ratio)
        for each in told.summary.of("phone")
    }
    assert parts == {KCC: (3, 1, 2, 0.5), HELP: (1, 1, 0, None), None: (4, 2, 2, 0.5)}
    assert told.lines(MISSED_SHARE) == plain.lines(MISSED_SHARE)
    assert all(each.missed_without_short is None for each in plain.summary.of("phone"))


@pytest.mark.parametrize(
    ("language", "title"),
    [
        (Language.DUTCH, "Gemiste oproepen zonder korte ophangers"),
        (Language.ENGLISH, "Abandoned calls without short abandons"),
        (Language.FRENCH, "Appels manqués sans les abandons courts"),
    ],
)
def test_the_report_shows_both_figures_side_by_side(language: Language, title: str) -> None:
    assert title in as_text(report_by(settings_with(5, language)))
    assert title not in as_text(report_by(settings_with(None, language)))


def test_the_spreadsheet_has_rows_of_their_own_where_the_figure_is_known() -> None:
    rows = list(
        csv.DictReader(io.StringIO(as_csv(report_by(settings_with(5))).removeprefix("\ufeff")), delimiter=";")
    )
    named = {
        (row["cluster"], row["gegeven"]): row["waarde"]
        for row in rows
        if "korte ophangers" in row["gegeven"].lower() and row["periode"] == "2026-10"
    }
    assert named == {
        (KCC, "Korte ophangers"): "1",
        (KCC, "Gemiste oproepen zonder korte ophangers"): "2",
        (KCC, "Aandeel gemiste oproepen zonder korte ophangers"): "0,5",
        (HELP, "Korte ophangers"): "1",
        (HELP, "Gemiste oproepen zonder korte ophangers"): "0",
        ("alle samen", "Korte ophangers"): "2",
        ("alle samen", "Gemiste oproepen zonder korte ophangers"): "2",
        ("alle samen", "Aandeel gemiste oproepen zonder korte ophangers"): "0,5",
    }


def test_a_line_of_which_a_part_was_counted_without_the_bound_has_no_second_figure() -> None:
    """Nor have all lines together; the other line has."""
    settings = settings_with(5)
    found = sources(settings)
    key = next(key for key in found.totals if key[2] == HELP)
    found.totals[key] = PhoneTally(missed=1, missed_wait_ms=2_000, missed_categories={30_000: 1})
    parts = {each.cluster: each.missed_without_short for each in report_by(settings, found).summary.of("phone")}
    assert parts == {KCC: 2, HELP: None, None: None}
    assert "geen" in as_text(report_by(settings, found))
