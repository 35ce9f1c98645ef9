"""The option `--settings`, the same for every command, and what becomes of a file with mistakes in it.

Must not know what the settings are for.
"""

import os
from pathlib import Path
from typing import Final

import click

from streams.settings import Settings, SettingsError, load

settings_option: Final = click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file (TOML). Without it: WACHTMONITOR_SETTINGS, else the settings of Lier that come along.",
)


def load_settings(settings_file: Path | None) -> Settings:
    """The settings of a command; all mistakes at once become the command's error."""
    try:
        return load(settings_file, os.environ)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
