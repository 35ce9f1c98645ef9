"""The reports of closed months that write themselves."""

import os
from pathlib import Path
from typing import Final

import msgspec
import pytest

from streams.reports.closed_months import read_account, record
from streams.reports.closing import Author, freeze
from streams.reports.month import Sources
from streams.reports.report_files import ReportFileError, write_due_reports
from streams.settings import Settings
from tests.core.builders import DAY, answered, ms, offered
from tests.reports.making import lier, sources_of

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


def test_a_closed_month_is_written_once(tmp_path: Path) -> None:
    """As a page and a spreadsheet; what somebody adds stays until the month is closed anew."""
    settings = city(tmp_path / "reports")
    files = write_due_reports(settings, closed(settings), CLOSED)
    assert [file.name for file in files] == ["wachttijden-2026-10.html", "wachttijden-2026-10.csv"]
    assert "Wachttijden oktober 2026" in files[0].read_text()
    assert sorted(files[0].parent.iterdir()) == sorted(files)
    for file in files:
        file.write_text("with a remark")
        os.utime(file, (CLOSED / 1000 + 60,) * 2)
    assert write_due_reports(settings, closed(settings), CLOSED + DAY) == []
    assert files[0].read_text() == "with a remark"
    anew = closed(settings, CLOSED + DAY)
    assert write_due_reports(settings, anew, CLOSED + DAY) == files


def test_months_long_past_and_open_ones_are_not_written(tmp_path: Path) -> None:
    """Nor anything without a directory."""
    settings = city(tmp_path)
    assert write_due_reports(settings, closed(settings), CLOSED + 63 * DAY) == []
    still_open = sources_of([offered(AT, "a"), answered(AT + 20_000, "a")], settings, now_ms=CLOSED)
    assert write_due_reports(settings, still_open, CLOSED) == []
    assert write_due_reports(city(None), closed(settings), CLOSED) == []


def test_a_place_where_nothing_can_be_written_is_told(tmp_path: Path) -> None:
    """With the setting to correct."""
    (tmp_path / "file").write_text("")
    settings = city(tmp_path / "file")
    with pytest.raises(ReportFileError, match="correct reports_directory"):
        write_due_reports(settings, closed(settings), CLOSED)
