"""Run by `tests/months/test_counted.py` in a process of its own: what is registered stays for as long as it runs."""

# ruff: noqa: ARG002 - every channel is asked the same way

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar, Final

import msgspec
import pytest

from streams import channels as channel_registry
from streams.channels import CALLS, VISITS, ChannelParts, channel_of, register
from streams.channels.calls.counts import CALLS as CALLS_UNIT
from streams.channels.calls.counts import PhoneTally
from streams.commands.report import FORMATS
from streams.core.counts import SECONDS, By, Count, Shown, Tally, Unit
from streams.core.measure import Measurement
from streams.core.places import Places
from streams.core.rules import Channel, Cluster
from streams.months.month import Sources
from streams.months.report import channels as reports
from streams.months.report.calls.figures import TOLD as TOLD_OF_CALLS
from streams.months.report.calls.report import CallsReport
from streams.months.report.channel import Row
from streams.months.report.channels import add_report
from streams.months.report.counted import Counted, CountedReport
from streams.months.report.data import Report
from streams.months.report.report import build_report
from streams.months.report.section import Section
from streams.months.report.visits.figures import TOLD as TOLD_OF_VISITS
from streams.months.report.wording import Wording
from streams.settings import Settings
from streams.words import Language, plain
from streams.words.words import add_catalogues
from tests.core.builders import ms
from tests.months.making import lier, sources_of
from tests.months.test_spreadsheet import events_of_a_year

LETTERS: Final = Channel.named("letters")
LETTER: Final = Unit("letters")
NOW: Final = ms("2026-11-24 12:00")
MAYOR, CLERK = "Burgemeester", "Griffie"


class LetterTally(Tally, gc=False, omit_defaults=True):
    """Letters of one cluster."""

    title: ClassVar[str] = "letters"

    opened: Annotated[int, Count(LETTER, "Letters opened.")] = 0
    copy_ms: Annotated[int, Count(SECONDS, "Time that copying took.", Shown.MONTH)] = 0
    thrown_away: Annotated[int, Count(LETTER, "Letters thrown away.", Shown.WINDOW)] = 0
    pages: Annotated[
        dict[int, int], Count(LETTER, "Letters by pages.", by=By("pages", "how many", lambda _: (1, 2)))
    ] = msgspec.field(default_factory=dict)

    @staticmethod
    def count_in(tallies: Sequence[Any], measured: Measurement, sign: int, places: Places) -> None:
        """Nothing is counted here."""


register(msgspec.structs.replace(VISITS, name=LETTERS, tally=LetterTally, indicators=()))
add_catalogues("tests.months.counted")


def settings_in(language: Language) -> Settings:
    """Lier, with two clusters of letters."""
    rules = lier().rules
    letters = (Cluster(MAYOR, LETTERS, 1), Cluster(CLERK, LETTERS, 1))
    return lier(rules=msgspec.structs.replace(rules, clusters=(*rules.clusters, *letters)), language=language)


def report_in(language: Language, period: str) -> Report:
    """Letters in October besides a year of calls and visits."""
    settings = settings_in(language)
    sources = sources_of(events_of_a_year(), lier(), now_ms=NOW)
    mine: dict[Any, Tally] = {
        ("2026-10", LETTERS, MAYOR, "letters-0"): LetterTally(
            opened=1_200, copy_ms=61_500, thrown_away=7, pages={1: 5, 3: 2}, excluded={"implausible": 4}
        ),
        ("2026-10", LETTERS, CLERK, "letters-0"): LetterTally(opened=34, pages={2: 9}),
        ("2026-10", LETTERS, CLERK, "letters-1"): LetterTally(opened=1),
    }
    return build_report(Sources({**sources.totals, **mine}, sources.beside, {}), period, settings, NOW)


@pytest.mark.parametrize("period", ["2026-10", "2026"])
def test_text_has_its_counts_by_cluster(period: str) -> None:
    """Those of months, in seconds where they are times, with a table for those that come apart."""
    text = FORMATS["text"](report_in(Language.DUTCH, period))
    section = text[text.index("\nBrieven\n") :]
    section = section[: section.index("Spreiding van de wachttijd")]
    rows = [" ".join(line.split()) for line in section.splitlines()]
    assert rows[4] == (
        "Cluster wachttijd opnieuw gebruikte nummers nummers die van meer kunnen zijn geopend tijd om te kopiëren"
    )
    assert f"{MAYOR} 0,0 s 0 0 1.200 61,5 s" in rows
    assert f"{CLERK} 0,0 s 0 0 35 0,0 s" in rows
    assert "alle samen 0,0 s 0 0 1.235 61,5 s" in rows
    start = rows.index("bladzijden:")
    assert rows[start + 1 : start + 5] == ["Cluster 1 2 3", f"{MAYOR} 5 0 2", f"{CLERK} 0 9 0", "alle samen 5 9 2"]
    left_out = " ".join(text[text.index("\nNiet meegeteld\n") :].split())
    assert "alle samen: brieven 0 0 0 4 4" in left_out
    assert "weggegooid" not in text


@pytest.mark.parametrize(
    ("language", "title", "head"),
    [
        (Language.DUTCH, "Brieven", "tijd om te kopiëren"),
        (Language.ENGLISH, "Letters", "time to copy"),
        (Language.FRENCH, "Lettres", "temps de copie"),
    ],
)
def test_the_page_has_them_in_every_language(language: Language, title: str, head: str) -> None:
    page = plain(FORMATS["html"](report_in(language, "2026-10")))
    assert f">{title}</h2>" in page
    assert f">{head}</th>" in page


def test_the_spreadsheet_has_a_row_for_each() -> None:
    """Of each cluster and of all, with the unit, every one once."""
    text = FORMATS["csv"](report_in(Language.DUTCH, "2026-10")).removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    found = {(row["cluster"], row["gegeven"]): (row["waarde"], row["eenheid"]) for row in rows if row["periode"][:7]}
    assert found[MAYOR, "Brieven: geopend"] == ("1200", "brieven")
    assert found[MAYOR, "Brieven: tijd om te kopiëren"] == ("61,5", "seconden")
    assert found[CLERK, "Brieven: bladzijden (2)"] == ("9", "brieven")
    assert found["alle samen", "Brieven: geopend"] == ("1235", "brieven")
    assert found[MAYOR, "Brieven: niet meegeteld (onmogelijke tijden)"] == ("4", "contacten")
    names = [(row["periode"], row["cluster"], row["gegeven"]) for row in rows]
    assert len(names) == len(set(names))


def test_the_json_has_them_under_the_name_of_the_channel() -> None:
    """After the figures of the others, whose names stay."""
    said = json.loads(FORMATS["json"](report_in(Language.DUTCH, "2026")))
    for figures in (said["summary"], said["months"][-1]):
        assert list(figures) == [
            "period",
            "service_level_seconds",
            "lines",
            "phone",
            "desks",
            "letters",
            "coverage",
        ]
        mayor, _, everybody = figures["letters"]
        assert mayor["counts"] == {
            "wait_seconds": 0,
            "reused_ids": 0,
            "unclear_ids": 0,
            "opened": 1_200,
            "copy_seconds": 61.5,
        }
        assert mayor["counts_by"] == {"pages": {"1": 5, "2": 0, "3": 2}}
        assert mayor["excluded"]["implausible"] == 4
        assert (everybody["cluster"], everybody["counts"]["opened"]) == (None, 1_235)


class LettersReport(CountedReport):
    """What the channel tells when it does."""

    key = "post"

    def sections(self, report: Report, say: Wording) -> list[Section]:
        """A sentence of its own."""
        return [Section("Post", [f"{report.summary.of(LETTERS)[-1].counts['opened']} brieven."])]

    def rows(self, part: Counted, say: Wording) -> Iterator[Row]:
        """One row."""
        yield ("Post", part.counts["opened"], "letters")

    def month_heads(self, report: Report, say: Wording) -> list[str]:
        """A column."""
        return ["geopend"]

    def month_cells(self, part: Counted | None, say: Wording) -> list[str]:
        """And its cell."""
        return [say.words.number(part.counts["opened"] if part else 0)]


def test_a_channel_tells_of_itself_once_it_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own section, rows, columns and key in the place of those made from its declaration."""
    monkeypatch.setattr(reports, "_REPORTS", dict(reports._REPORTS))
    add_report(LETTERS, LettersReport(channel_of(LETTERS)))
    report = report_in(Language.DUTCH, "2026")
    text = FORMATS["text"](report)
    assert "Post\n----\n1235 brieven." in text
    assert "tijd om te kopiëren" not in text
    assert "2026;alle samen;Post;1235;brieven" in FORMATS["csv"](report)
    october = next(line for line in text.splitlines() if line.startswith("oktober 2026") and line.endswith("1.235"))
    assert october
    assert "post" not in json.loads(FORMATS["json"](report))["basis"]


# A count that a known channel is given.


class MoreCalls(PhoneTally, gc=False, omit_defaults=True):
    """Calls, of which more is counted than the report knows."""

    transferred: Annotated[int, Count(CALLS_UNIT, "Calls transferred.")] = 0
    held_ms: Annotated[int, Count(SECONDS, "Time on hold.", Shown.MONTH)] = 0
    by_hour: Annotated[
        dict[int, int], Count(CALLS_UNIT, "Calls by hour.", by=By("hour", "which", lambda _: (9, 10)))
    ] = msgspec.field(default_factory=dict)


def test_a_count_that_calls_are_given_stands_in_the_report_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From its declaration alone: in JSON, text and spreadsheet, behind what is told of calls in their own way."""
    given = msgspec.structs.replace(CALLS, tally=MoreCalls)
    monkeypatch.setattr(channel_registry, "_CHANNELS", {**channel_registry._CHANNELS, CALLS.name: given})
    monkeypatch.setattr(reports, "_REPORTS", {**reports._REPORTS, CALLS.name: CallsReport(given)})
    line = "Klantencontactcentrum"
    counted = MoreCalls(answered=2, wait_ms=3_000, transferred=4, held_ms=1_500, by_hour={9: 2})
    totals: dict[Any, Tally] = {("2026-10", CALLS.name, line, "calls-0"): counted}
    report = build_report(Sources(totals, sources_of([], lier(), now_ms=NOW).beside, {}), "2026-10", lier(), NOW)
    (mine,) = json.loads(FORMATS["json"](report))["summary"]["phone"]
    assert (mine["counts"], mine["counts_by"]) == (
        {"transferred": 4, "held_seconds": 1.5},
        {"by_hour": {"9": 2, "10": 0}},
    )
    rows = [" ".join(row.split()) for row in FORMATS["text"](report).splitlines()]
    start = rows.index("Oproepen") + 3
    assert rows[start : start + 2] == ["Cluster transferred held_ms", f"{line} 4 1,5 s"]
    sheet = FORMATS["csv"](report)
    assert f"2026-10;{line};Oproepen: transferred;4;oproepen" in sheet
    assert f"2026-10;{line};Oproepen: by_hour (9);2;oproepen" in sheet
    assert f"2026-10;{line};Oproepen: held_ms;1,5;seconden" in sheet


@pytest.mark.parametrize(("channel", "told"), [(CALLS, TOLD_OF_CALLS), (VISITS, TOLD_OF_VISITS)])
def test_no_count_has_a_place_of_its_own_that_there_is_no_longer(channel: ChannelParts, told: Sequence[str]) -> None:
    """Any other has none, and stands there all the same."""
    assert set(told) <= {each.field for each in channel.tally.shown(Shown.MONTH)}
