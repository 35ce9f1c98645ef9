"""The reports of months as files in a directory, written by themselves: the page to print and the spreadsheet.

Once on the first working day and once for each closing: what somebody does to a file in between stays.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from streams.kafka.broker_time import APART_MS
from streams.months.month import Sources
from streams.months.report.page import as_html
from streams.months.report.report import build_report
from streams.months.report.spreadsheet import as_csv
from streams.settings import Settings
from streams.words import words_of

FORMATS: Final = {"html": as_html, "csv": as_csv}


class ReportFileError(Exception):
    """A report cannot be written; the text says what to do."""


def write_due_reports(settings: Settings, sources: Sources, shown: Mapping[str, int], now_ms: int) -> list[Path]:
    """Write the reports of the months in `shown` that are not there or older than the moment (UTC ms) given there.

    Returns the files written; none without a directory in the settings. Raises `ReportFileError`.
    """
    directory = settings.closing.reports_directory
    if directory is None:
        return []
    written = []
    for month, since_ms in shown.items():
        for ending, write in FORMATS.items():
            name = words_of(settings.language)("report-file-name", month=month)
            file = directory / f"{name}.{ending}"
            if not since_ms <= _modified_ms(file) <= now_ms + APART_MS:  # what a clock that was ahead wrote is not it
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
