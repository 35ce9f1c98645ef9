"""The command `wachtmonitor report`: the indicators of a month or a year, from Kafka, in four formats."""

import asyncio
import re
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import click
import msgspec
from aiokafka.errors import KafkaError

from streams.kafka import KafkaProblemsError
from streams.kafka_permission import allowed
from streams.kafka_rights import Role
from streams.publish.month_feeds import MonthFeedsError
from streams.publish.month_totals import MonthTotalsError
from streams.reports.closed_months import ClosedMonthsError
from streams.reports.month import Sources
from streams.reports.report import NoFiguresError, Report, build_report
from streams.reports.sources import read_sources
from streams.settings import KafkaSettings
from streams.settings_option import load_settings, settings_option

MONTH: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)
YEAR: Final = re.compile(r"\d{4}", re.ASCII)

UNUSABLE: Final = (KafkaProblemsError, KafkaError, MonthTotalsError, MonthFeedsError, ClosedMonthsError)
"""Why nothing can be read, each with a text that says what to do."""


def month_value(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """A month as `2026-10`, checked."""
    if value is not None and not MONTH.fullmatch(value):
        raise click.BadParameter(f"expected a month such as 2026-10, got {value!r}")
    return value


def year_value(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """A year as `2026`, checked."""
    if value is not None and not YEAR.fullmatch(value):
        raise click.BadParameter(f"expected a year such as 2026, got {value!r}")
    return value


def _text(report: Report) -> str:
    from streams.reports.text import as_text  # noqa: PLC0415 - only what is asked for is loaded

    return as_text(report)


def _json(report: Report) -> str:
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


def _csv(report: Report) -> str:
    from streams.reports.spreadsheet import as_csv  # noqa: PLC0415 - as above

    return as_csv(report)


def _html(report: Report) -> str:
    from streams.reports.page import as_html  # noqa: PLC0415 - as above

    return as_html(report)


FORMATS: Final[dict[str, Callable[[Report], str]]] = {"text": _text, "json": _json, "csv": _csv, "html": _html}


@click.command()
@click.option("--month", callback=month_value, metavar="YYYY-MM", help="The month to report, such as 2026-10.")
@click.option("--year", callback=year_value, metavar="YYYY", help="The year to report, such as 2026.")
@click.option("--format", "kind", type=click.Choice(list(FORMATS)), default="text", show_default=True)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="The file to write; without it the terminal."
)
@settings_option
def report(month: str | None, year: str | None, kind: str, output: Path | None, settings_file: Path | None) -> None:
    """Report the indicators of a month or a year against their norms, in Dutch.

    Read from the month totals on Kafka; no worker needs to run. Of a closed month the frozen figures count.

    \b
    Formats:
      text   for people, with a plain yes or no for each norm
      json   for programs
      csv    for Excel in Dutch: semicolons, decimal commas
      html   one file with charts, to print on A4 or to send
    """
    period = month or year
    if period is None or (month and year):
        raise click.UsageError("Name one of --month and --year, such as --month 2026-10.")
    settings = load_settings(settings_file)
    try:
        made = build_report(read(settings.kafka), period, settings, now_ms())
    except NoFiguresError as error:
        raise click.ClickException(str(error)) from error
    write_output(FORMATS[kind](made).encode(), output)


def read(kafka: KafkaSettings) -> Sources:
    """What is on Kafka; what makes it unreadable becomes the command's error."""
    try:
        return asyncio.run(allowed(kafka, Role.REPORT, read_sources(kafka)))
    except UNUSABLE as error:
        raise click.ClickException(str(error)) from error


def now_ms() -> int:
    """The moment, UTC ms."""
    return time.time_ns() // 1_000_000


def local_time(at_ms: int, zone: str) -> str:
    """A moment by the clock on the wall, as `2026-11-03 06:00`."""
    return f"{datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def write_output(data: bytes, output: Path | None) -> None:
    """Bytes as they are, so that no platform changes the line ends of the CSV; without `output` to the terminal."""
    if output is None:
        sys.stdout.buffer.write(data)
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written ({error.strerror}); name another file.") from error
