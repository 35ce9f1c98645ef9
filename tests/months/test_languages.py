"""The report in each language: the same figures, in words of that language alone."""

import csv
import io
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from streams.commands.report import FORMATS
from streams.core.coverage import QuarterMap
from streams.core.rules import Channel
from streams.months.closing.due import Author, freeze, reopen
from streams.months.month import Sources
from streams.months.report.data import Report
from streams.months.report.files import write_due_reports
from streams.months.report.report import build_report
from streams.months.report.spreadsheet import SEPARATORS
from streams.months.report.view import sections, subtitle, title
from streams.records.progress import Feed, Position, feed_record, position_record
from streams.settings import Settings
from streams.words import Language, Words, plain, words_of
from tests.core.builders import ms
from tests.months.making import lier, sources_of
from tests.months.test_spreadsheet import city, events_of_a_year

NOW: Final = ms("2026-11-24 12:00")
CLOSED: Final = ms("2026-11-03 06:00")
PERIODS: Final = ("2026-10", "2026")
OTHERS: Final = [language for language in Language if language is not Language.DUTCH]


def in_language(settings: Settings, language: Language) -> Settings:
    """The settings of a city that speaks it."""
    return msgspec.structs.replace(settings, language=language)


@cache
def report_in(language: Language, period: str) -> Report:
    """Of a city with everything: October closed, opened, closed by hand, with late facts and silent hours."""
    settings = in_language(city(), language)
    events = events_of_a_year()
    beside = [
        position_record(Position("calls-0", Channel.PHONE, "calls", 0, 9, NOW)),
        feed_record(Feed("2026-10", Channel.PHONE, "calls-0", QuarterMap())),
    ]
    before = sources_of(events[:-40], settings, now_ms=CLOSED, beside=beside)
    first = freeze(before, "2026-10", settings, Author("schedule", CLOSED), {})
    opened = reopen({"2026-10": [first]}, "2026-10", Author("Jan", CLOSED + 1, "X1"))
    again = freeze(before, "2026-10", settings, Author("Jan", CLOSED + 2), {"calls-0": 3})
    now = sources_of(events, settings, now_ms=NOW, beside=beside)
    return build_report(Sources(now.totals, now.beside, {"2026-10": [first, opened, again]}), period, settings, NOW)


def texts(report: Report) -> Iterator[str]:
    """Every text that stands in the report."""
    yield from (title(report), subtitle(report))
    for section in sections(report):
        yield from (section.title, *section.sentences)
        for table in section.tables:
            yield from (table.caption, *table.head, *(cell for row in table.rows for cell in row))
        for chart in section.charts:
            yield from (chart.title, *chart.labels, *chart.texts, chart.norm_text, *(chart.legend or ()))


def numbers(text: str, words: Words) -> list[str]:
    """The numbers in a text, whatever the language writes them with."""
    point = words.number(0.5, 1)[1]
    grouped = words.number(1_000)[1]
    joined = re.sub(rf"(?<=\d){re.escape(grouped)}(?=\d\d\d)", "", text)
    return [each.replace(point, ".") for each in re.findall(rf"\d+(?:{re.escape(point)}\d+)?", joined)]


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("language", OTHERS)
def test_every_figure_is_the_same_and_stands_in_the_same_place(language: Language, period: str) -> None:
    dutch, other = list(texts(report_in(Language.DUTCH, period))), list(texts(report_in(language, period)))
    assert len(dutch) == len(other)
    for one, another in zip(dutch, other, strict=True):
        if len(one) < 60 and not re.search(r"\d{4}", one):  # a sentence may have its numbers in another order
            mine, theirs = numbers(one, words_of(Language.DUTCH)), numbers(another, words_of(language))
            assert [float(each) for each in mine] == [float(each) for each in theirs], (one, another)


SAME: Final = {
    "cluster",
    "budget",
    "norm",
    "service",
    "source",
    "facts",
    "partition",
    "tickets",
    "indicator",
    "min",
    "formule",
}
"""Words of Dutch that another of the languages has too, or that are units."""


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("language", OTHERS)
def test_no_dutch_is_left(language: Language, period: str) -> None:
    """But the names that the city gave its clusters."""
    named = {each.name for each in city().rules.clusters}
    dutch, other = list(texts(report_in(Language.DUTCH, period))), list(texts(report_in(language, period)))
    same = {one for one, another in zip(dutch, other, strict=True) if one == another and re.search(r"[a-z]{3}", one)}
    left = {text for text in same - named if not set(re.findall(r"[a-z]{3,}", text.lower())) <= SAME | MONTHS}
    assert left == set()


MONTHS: Final = {"jan", "feb", "apr", "aug", "nov", "dec", "april", "september", "november", "december", "calls"}


@pytest.mark.parametrize("kind", ["text", "html", "csv"])
@pytest.mark.parametrize("language", Language)
def test_no_key_shows(language: Language, kind: str) -> None:
    keys = sorted(key for key in words_of(language).keys if "-" in key and not key.startswith("report-walk"))
    written = FORMATS[kind](report_in(language, "2026"))
    words = set(re.findall(r"[a-z]+(?:-[a-z0-9]+)+", written.partition("</style>")[2] or written))
    assert words & set(keys) == set()
    assert "{" not in (written.partition("</style>")[2] or written)


@pytest.mark.parametrize("language", Language)
def test_the_page_names_its_language(language: Language) -> None:
    assert f'<html lang="{language.tag}">' in FORMATS["html"](report_in(language, "2026"))


@pytest.mark.parametrize("language", Language)
def test_a_spreadsheet_reads_as_excel_of_the_language_reads_it(language: Language) -> None:
    """The same figures in the same order, the columns apart and the decimals as they should be."""
    columns, decimals = SEPARATORS[language]
    dutch = rows_of(report_in(Language.DUTCH, "2026"), ";")
    rows = rows_of(report_in(language, "2026"), columns)
    assert len(rows) == len(dutch)
    assert {len(row) for row in rows} == {8}
    for mine, theirs in zip(rows[1:], dutch[1:], strict=True):
        assert mine[3].replace(decimals, ".") == theirs[3].replace(",", ".")
        assert mine[7] == theirs[7]
    assert any(decimals in row[3] for row in rows)


def rows_of(report: Report, columns: str) -> list[list[str]]:
    """The rows of the spreadsheet with the heading."""
    return list(csv.reader(io.StringIO(FORMATS["csv"](report).removeprefix("\ufeff")), delimiter=columns))


def test_the_json_is_the_same_but_for_the_language_of_its_definitions() -> None:
    dutch, french = (told(report_in(language, "2026")) for language in (Language.DUTCH, Language.FRENCH))
    assert (dutch.pop("language"), french.pop("language")) == ("nl", "fr")
    assert dutch.pop("definitions")[0]["name"] == "Bezoekerswachttijd per activiteitcluster"
    assert french.pop("definitions")[0]["name"] == "Délai d'attente des visiteurs par groupe d'activités"
    assert dutch == french


def told(report: Report) -> Any:
    """The report for programs."""
    return json.loads(FORMATS["json"](report))


@pytest.mark.parametrize(
    ("language", "name"),
    [
        (Language.DUTCH, "wachttijden-2026-10"),
        (Language.ENGLISH, "waiting-times-2026-10"),
        (Language.FRENCH, "delais-attente-2026-10"),
    ],
)
def test_the_files_are_named_in_the_language(tmp_path: Path, language: Language, name: str) -> None:
    settings = in_language(
        lier(closing=msgspec.structs.replace(lier().closing, reports_directory=tmp_path)), language
    )
    sources = sources_of(events_of_a_year(), settings, now_ms=NOW)
    files = write_due_reports(settings, sources, {"2026-10": CLOSED}, NOW)
    assert sorted(file.name for file in files) == [f"{name}.csv", f"{name}.html"]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (Language.DUTCH, ["3 november 2026 om 06:00", "di 6 oktober 09-10 u", "€ -4.842,84", "1 november"]),
        (
            Language.ENGLISH,
            ["3 November 2026 at 06:00", "Tue 6 October 09:00-10:00", "-€4,842.84", "1 November"],
        ),
        (Language.FRENCH, ["3 novembre 2026 à 06:00", "mar. 6 octobre 09-10 h", "-4 842,84 €", "1er novembre"]),
    ],
)
def test_days_hours_and_money_are_written_as_in_the_language(language: Language, said: list[str]) -> None:
    words, zone = words_of(language), "Europe/Brussels"
    written = [
        words.day_and_time(CLOSED, zone),
        words.hours([ms("2026-10-06 09:00")], zone)[0],
        words.euro(-484_284),
        words.day_and_time(ms("2026-11-01 10:00"), zone).rsplit(" ", 3)[0],
    ]
    assert [plain(each) for each in written] == said
