"""Options that several commands share, and the errors for wrong values and files."""

import os
import re
from pathlib import Path
from typing import Final

import click

from streams.settings import Settings, SettingsError, load

MONTH: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)
YEAR: Final = re.compile(r"\d{4}", re.ASCII)

settings_option: Final = click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file (TOML). Without it: WACHTMONITOR_SETTINGS, else the bundled settings of Lier.",
)


def load_settings(settings_file: Path | None) -> Settings:
    """The settings of a command; all mistakes at once become the command's error."""
    try:
        return load(settings_file, os.environ)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


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
