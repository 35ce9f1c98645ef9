"""The reports of closed months that write themselves."""

import os
from pathlib import Path
from typing import Final

import msgspec
import pytest

from streams.months.closing.due import Author, freeze, reopen, shown_since
from streams.months.month import Sources
from streams.months.report.files import ReportFileError, write_due_reports
from streams.records.closings import read_account, record
from streams.settings import Settings
from tests.core.builders import DAY, HOUR, answered, ms, offered
from tests.months.making import lier, sources_of

AT: Final = ms("2026-10-05 10:00")
CLOSED: Final = ms("2026-11-03 06:00")


def city(directory: Path | None) -> Settings:
    """Lier, with this directory for its reports."""
    settings = lier()
    return lier(closing=msgspec.structs.replace(settings.closing, reports_directory=directory))


def closed(settings: Settings, at_ms: int = CLOSED) -> Sources:
    """October with one call, closed at this moment."""
    sources = sources_of([offered(AT, "a"), answered(AT + 20_000, "a")], settings, now_ms=at_ms)
    closing = freeze(sources, "2026-10", settings, Author("schedule", at_ms), {})
    return Sources(sources.totals, sources.beside, read_account([record(closing)]))


def written(settings: Settings, sources: Sources, now_ms: int) -> list[Path]:
    """The files that the schedule writes at this moment."""
    return write_due_reports(settings, sources, shown_since(sources, settings, now_ms), now_ms)


def test_a_closed_month_is_written_once(tmp_path: Path) -> None:
    """As a page and a spreadsheet; what somebody adds stays until the month is closed anew."""
    settings = city(tmp_path / "reports")
    files = written(settings, closed(settings), CLOSED)
    assert [file.name for file in files] == ["wachttijden-2026-10.html", "wachttijden-2026-10.csv"]
    assert "Wachttijden oktober 2026" in files[0].read_text()
    assert sorted(files[0].parent.iterdir()) == sorted(files)
    for file in files:
        file.write_text("with a remark")
        os.utime(file, (CLOSED / 1000 + 60,) * 2)
    assert written(settings, closed(settings), CLOSED + DAY) == []
    assert files[0].read_text() == "with a remark"
    anew = closed(settings, CLOSED + DAY)
    assert written(settings, anew, CLOSED + DAY) == files


def test_on_the_first_working_day_there_is_a_provisional_report(tmp_path: Path) -> None:
    """2 November 2026 is a Monday, the day after All Saints; the closing on the third replaces it."""
    settings = city(tmp_path)
    monday = ms("2026-11-02 06:00")
    still_open = sources_of([offered(AT, "a"), answered(AT + 20_000, "a")], settings, now_ms=monday)
    assert written(settings, still_open, monday - 1) == []
    page, _ = files = written(settings, still_open, monday)
    assert "Nog niet afgesloten: de cijfers zijn voorlopig" in page.read_text()
    for file in files:
        os.utime(file, (monday / 1000 + 60,) * 2)
    assert written(settings, still_open, monday + HOUR) == []
    assert written(settings, closed(settings), CLOSED) == files
    assert "voorlopig" not in page.read_text()


def test_what_a_clock_wrote_that_was_ahead_is_written_anew(tmp_path: Path) -> None:
    """The report of a month that was closed too early, with files from a time that has yet to come."""
    settings = city(tmp_path)
    files = written(settings, closed(settings, CLOSED + DAY), CLOSED + DAY)
    for file in files:
        file.write_text("too early")
        os.utime(file, ((CLOSED + DAY) / 1000 + 60,) * 2)
    early = closed(settings, CLOSED + DAY)
    opened = reopen(early.account, "2026-10", Author("an", CLOSED - 6 * DAY, "te vroeg"))
    account = {"2026-10": [*early.account["2026-10"], opened]}
    again = Sources(early.totals, early.beside, account)
    assert written(settings, again, CLOSED - 6 * DAY) == files
    assert "de cijfers zijn voorlopig" in files[0].read_text()
    for file in files:
        os.utime(file, ((CLOSED - 6 * DAY) / 1000 + 30,) * 2)
    assert written(settings, again, CLOSED - 6 * DAY + HOUR) == []
    done = freeze(again, "2026-10", settings, Author("schedule", CLOSED), {})
    assert written(settings, Sources(early.totals, early.beside, {"2026-10": [*account["2026-10"], done]}), CLOSED)


def test_months_long_past_and_open_ones_are_not_written(tmp_path: Path) -> None:
    """Nor anything without a directory."""
    settings = city(tmp_path)
    assert written(settings, closed(settings), CLOSED + 63 * DAY) == []
    still_open = sources_of([offered(AT, "a"), answered(AT + 20_000, "a")], settings, now_ms=CLOSED)
    assert written(settings, still_open, CLOSED) == []
    assert written(city(None), closed(settings), CLOSED) == []


def test_a_place_where_nothing_can_be_written_is_told(tmp_path: Path) -> None:
    """With the setting to correct."""
    (tmp_path / "file").write_text("")
    settings = city(tmp_path / "file")
    with pytest.raises(ReportFileError, match="correct reports_directory"):
        written(settings, closed(settings), CLOSED)
