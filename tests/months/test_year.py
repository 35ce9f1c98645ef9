"""The page of a year: closing days, hours and norms of each of its months, whenever they were changed."""

from typing import Any, Final

import msgspec

from streams.commands.report import FORMATS
from streams.core.rules import Channel, OpenInterval
from streams.months.closing.due import Author, freeze
from streams.months.month import Sources
from streams.months.report.data import Report
from streams.months.report.report import build_report
from streams.records.closings import Account
from streams.settings import Settings
from tests.core.builders import SECOND, answered, ms, offered
from tests.months.making import lier, sources_of

NOW: Final = ms("2026-11-24 12:00")
CLOSED: Final = ("2026-03", "2026-04")


def calls() -> list[Any]:
    """One answered call in each of some months."""
    days = ("2026-03-02", "2026-04-01", "2026-10-05", "2026-11-02")
    return [
        event
        for day in days
        for event in (offered(ms(f"{day} 10:00"), day), answered(ms(f"{day} 10:00") + 40 * SECOND, day))
    ]


def with_rules(settings: Settings, **changes: Any) -> Settings:
    """The settings with other rules."""
    return msgspec.structs.replace(settings, rules=msgspec.structs.replace(settings.rules, **changes))


def before() -> Settings:
    """In spring, when March and April were closed: another bridge day, and open on Saturdays."""
    saturday = (OpenInterval(9 * 60, 12 * 60),)
    hours = lier().rules.opening_hours
    return with_rules(
        lier(), closing_days=("2026-04-07", "2026-10-30"), opening_hours=(*hours[:5], saturday, hours[6])
    )


def today() -> Settings:
    """Since then: shut on Saturdays, other closing days, and a stricter norm of the telephone."""
    clusters = tuple(
        msgspec.structs.replace(each, norm_ms=30 * SECOND) if each.channel is Channel.PHONE else each
        for each in lier().rules.clusters
    )
    return with_rules(lier(), closing_days=("2026-04-20", "2026-12-24"), clusters=clusters)


def year_of(settings: Settings, frozen: Settings | None = None) -> Report:
    """The report of 2026; two months were closed by the settings in `frozen`."""
    sources = sources_of(calls(), settings, now_ms=NOW)
    account: Account = {
        month: [freeze(sources_of(calls(), frozen, now_ms=NOW), month, frozen, Author("schedule", NOW), {})]
        for month in (CLOSED if frozen is not None else ())
        if frozen is not None
    }
    return build_report(Sources(sources.totals, sources.beside, account), "2026", settings, NOW)


def said(report: Report) -> str:
    """The report as text."""
    return FORMATS["text"](report)


def days_said(text: str) -> list[str]:
    """The days on which it was closed."""
    sentence = text.partition("Feestdagen en sluitingsdagen: ")[2].partition(".\n")[0]
    return " ".join(sentence.split()).split(", ")


def test_the_closing_days_of_the_whole_year_are_listed() -> None:
    """Those of months without figures and of months to come too."""
    settings = with_rules(lier(), closing_days=("2026-05-15", "2026-12-24"))
    holidays = [day for day in settings.rules.public_holidays if day.startswith("2026")]
    assert len(holidays) > 8
    assert days_said(said(year_of(settings))) == sorted([*holidays, "2026-05-15", "2026-12-24"])
    assert "2026-12-24" in FORMATS["html"](year_of(settings))


def test_of_a_closed_month_the_days_that_were_frozen_count_and_of_others_those_of_today() -> None:
    """7 April was closed and 20 April was not, whatever is set since; 30 October is no bridge day any more."""
    days = days_said(said(year_of(today(), before())))
    assert "2026-04-07" in days
    assert "2026-12-24" in days
    assert "2026-04-20" not in days
    assert "2026-10-30" not in days


def test_what_changed_in_the_year_is_shown_for_its_months() -> None:
    """Opening hours by month, and only those norms that changed."""
    text = said(year_of(today(), before()))
    (head,) = [line.split("  ") for line in text.splitlines() if line.startswith("Dag ")]
    assert [each.strip() for each in head if each] == [
        "Dag",
        "januari t.e.m. februari",
        "maart t.e.m. april",
        "mei t.e.m. december",
    ]
    (saturday,) = [line.split() for line in text.splitlines() if line.startswith("zaterdag")]
    assert saturday == ["zaterdag", "gesloten", "09:00-12:00", "gesloten"]
    changed = text.partition("Normen die in de loop van het jaar veranderden")[2].partition("\n\n")[0]
    first, rest = [line for line in changed.splitlines()[2:] if line.strip()]
    assert [part.strip() for part in first.split("  ") if part] == [
        "Gemiddelde wachttijd beantwoorde oproepen",
        "< 30 s",
        "< 45 s",
        "< 30 s",
    ]
    assert rest == "(Klantencontactcentrum)"


def test_what_did_not_change_is_shown_once() -> None:
    """As in the report of a month."""
    report = year_of(lier())
    assert [(spell.from_month, spell.to_month) for spell in report.spells] == [("2026-01", "2026-12")]
    text = said(report)
    assert "Dag" in text
    assert "Normen die in de loop" not in text
    assert "januari t.e.m." not in text.partition("Definities en instellingen")[2]


def test_the_report_of_a_month_lists_its_own_days() -> None:
    settings = with_rules(lier(), closing_days=("2026-10-30", "2026-12-24"))
    report = build_report(sources_of(calls(), settings, now_ms=NOW), "2026-10", settings, NOW)
    assert days_said(said(report)) == ["2026-10-30"]
