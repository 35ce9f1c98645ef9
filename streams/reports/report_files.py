"""The reports of closed months as files in a directory, written by themselves: the page to print and the spreadsheet.

Once for each closing: what somebody does to a file afterwards stays, until the month is closed anew. Must not know
when it is called.
"""

import os
from pathlib import Path
from typing import Final

from streams.core.rules import DAY_MS
from streams.reports.closed_months import closing_of
from streams.reports.month import Sources
from streams.reports.page import as_html
from streams.reports.report import build_report
from streams.reports.spreadsheet import as_csv
from streams.settings import Settings

FORMATS: Final = {"html": as_html, "csv": as_csv}


class ReportFileError(Exception):
    """A report cannot be written; the text says what to do."""


def write_due_reports(settings: Settings, sources: Sources, now_ms: int) -> list[Path]:
    """Write the reports of closed months that are not there or older than the closing, of months not long past.

    Returns the files written; none without a directory in the settings. Raises `ReportFileError`.
    """
    directory = settings.closing.reports_directory
    if directory is None:
        return []
    oldest_ms = now_ms - settings.closing.catch_up_days * DAY_MS
    written = []
    for month in sources.months():
        closing = closing_of(sources.account, month)
        if closing is None or closing.at_ms < oldest_ms:
            continue
        for ending, write in FORMATS.items():
            file = directory / f"wachttijden-{month}.{ending}"
            if _modified_ms(file) < closing.at_ms:
                _replace(file, write(build_report(sources, month, settings, now_ms)))
                written.append(file)
    return written


def _modified_ms(file: Path) -> float:
    try:
        return file.stat().st_mtime * 1000
    except OSError:
        return 0.0


def _replace(file: Path, text: str) -> None:
    """Beside its place first, so that nobody reads half a report."""
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(text.encode())
        partial.replace(file)
    except OSError as error:
        raise ReportFileError(
            f"{file} cannot be written ({error.strerror}): correct reports_directory in [closing] of the settings, "
            "or let the worker write there."
        ) from error
