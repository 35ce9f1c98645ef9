"""The command `wachtmonitor report`: the indicators of a month or a year, from Kafka, in four formats."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from streams.commands.common import read, write_output
from streams.commands.options import load_settings, month_value, settings_option, year_value
from streams.months.report.data import Report
from streams.months.report.report import NoFiguresError, build_report
from streams.process.clock import system_clock


def _text(report: Report) -> str:
    from streams.months.report.text import as_text  # noqa: PLC0415 - only what is asked for is loaded

    return as_text(report)


def _json(report: Report) -> str:
    from streams.months.report.document import as_json  # noqa: PLC0415 - as above

    return as_json(report)


def _csv(report: Report) -> str:
    from streams.months.report.spreadsheet import as_csv  # noqa: PLC0415 - as above

    return as_csv(report)


def _html(report: Report) -> str:
    from streams.months.report.page import as_html  # noqa: PLC0415 - as above

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
    """Report the indicators of a month or a year against their norms: give either --month or --year.

    In the language of the settings. Read from the month totals on Kafka; no worker needs to run. Of a closed month
    the frozen figures count.

    \b
    Formats:
      text   for people, with a plain yes or no for each norm
      json   for programs
      csv    for Excel in the language: semicolons and decimal commas, in English commas and points
      html   one file with charts, to print on A4 or to send
    """
    period = month or year
    if period is None or (month and year):
        raise click.UsageError("Name one of --month and --year, such as --month 2026-10.")
    settings = load_settings(settings_file)
    try:
        made = build_report(read(settings.kafka), period, settings, system_clock())
    except NoFiguresError as error:
        raise click.ClickException(str(error)) from error
    write_output(FORMATS[kind](made).encode(), output)
