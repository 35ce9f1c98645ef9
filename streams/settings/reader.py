"""From the settings file and the environment to `Settings`, or to all that is wrong with them.

The single keys are declared in `model` and `file`.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from streams.settings.across import problems_across, sources_in
from streams.settings.environment import FILE_VARIABLE, PREFIX, SOURCES, Keys, overrides, unknown, value_of, variable
from streams.settings.file import SettingsFile
from streams.settings.model import Settings, SettingsError
from streams.settings.toml.problems import Overrides, Problems, read
from streams.settings.toml.section import KIND, Key, Section, keys_of
from streams.settings.toml.text import parse_toml

DEFAULT_FILE: Final = Path(__file__).parents[1] / "wachtmonitor.toml"
"""The packaged settings, those of the city of Lier: used where no file is named."""

VARIABLE_TABLES: Final = ("kafka", "web", "follow", "receive", "checkpoint", "closing", "grafana", "prometheus")
"""Tables whose keys the environment may say instead: they are about a machine, the others about the city. So may it
say those of the sources, each under its name."""

_OF_SOURCES: Final = f"{PREFIX}{SOURCES.upper()}_"

VARIABLE_KEYS: Final = ("language",)
"""Keys above all tables that the environment may say as well: what shows the dashboards reads no settings file."""


def settings_path(path: Path | None, environ: Mapping[str, str]) -> Path:
    """The file that `load` reads for the same arguments."""
    return path or Path(environ.get(FILE_VARIABLE) or DEFAULT_FILE)


def variable_keys(values: Mapping[str, Any] | None = None) -> Keys:
    """The keys that the environment may say something about, by table: those of the sources in a parsed file too."""
    keys = keys_of(SettingsFile)
    tables = {name: said_by_one(section) for name in VARIABLE_TABLES if (section := keys[name].section)}
    sources = {f"{SOURCES}.{name}": said_by_one(kind) for name, kind in sources_in(values or {}).items()}
    return {"": {name: keys[name] for name in VARIABLE_KEYS}, **tables, **sources}


def said_by_one(section: type[Section]) -> Mapping[str, Key]:
    """Those that are no tables themselves, and do not say what the table is."""
    return {name: key for name, key in keys_of(section).items() if not key.entries and name != KIND}


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read the settings; without a path the file that WACHTMONITOR_SETTINGS names, or else the packaged one.

    Raises `SettingsError` when anything is wrong, with every problem of the file and of the environment at once.
    """
    path = settings_path(path, environ)
    try:
        values = _parse(path)
    except ValueError as error:
        others = (text for text in unknown(environ, variable_keys()) if not text.startswith(_OF_SOURCES))
        raise SettingsError([str(error), *others]) from None
    return read_settings(values, path, environ, list(unknown(environ, variable_keys(values))))


def read_settings(values: dict[str, Any], path: Path, environ: Mapping[str, str], problems: list[str]) -> Settings:
    """The settings of a file that was parsed; `problems` are those found already."""
    problems.extend(_secrets_taken_out(values))
    overridden = overrides(environ, variable_keys(values))
    _replace(values, overridden)
    try:
        file = read(SettingsFile, values, context=path.parent, overrides=overridden)
    except Problems as found:
        problems.extend(found.texts)
    problems.extend(problems_across(values))
    if problems:
        raise SettingsError(problems, f"the settings ({path})")
    return file.settings()


def _replace(values: dict[str, Any], overridden: Overrides) -> None:
    """Put what the environment says in the place of what the file says."""
    keys = variable_keys(values)
    for (table, name), override in overridden.items():
        inner = values
        for part in filter(None, table.split(".")):
            inner = inner.setdefault(part, {}) if isinstance(inner, dict) else {}
        if isinstance(inner, dict):
            inner[name] = value_of(override.text, keys[table][name])


def _secrets_taken_out(values: dict[str, Any]) -> Iterator[str]:
    """Problems: secrets that stand in the file. In their place comes another text, which nobody minds to see."""
    for table, keys in variable_keys(values).items():
        inner: Any = values
        for part in table.split("."):
            inner = inner.get(part) if isinstance(inner, dict) else None
        for name in [name for name, key in keys.items() if SecretStr in key.types]:
            if isinstance(inner, dict) and name in inner:
                inner[name] = "***"
                noun = expected.text if (expected := keys[name].expected) else "a secret"
                yield (
                    f"[{table}]: {name}: {noun} must not stand in this file; put it alone into a file that only this "
                    f"program may read and name that in {name}_file, or set {variable(table, name)}"
                )


def _parse(path: Path) -> dict[str, Any]:
    """The file as `parse_toml` gives it, decimals exact; raises ValueError with what to do about the file."""
    try:
        return parse_toml(path.read_text(encoding="utf-8-sig"), parse_float=Decimal)
    except OSError as error:
        raise ValueError(
            f"{path}: the settings file cannot be read ({error.strerror}); name another with --settings or "
            f"{FILE_VARIABLE}, or neither for the packaged settings"
        ) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{path}: line {line} is not UTF-8; save the file as UTF-8") from None
    except ValueError as error:
        raise ValueError(f"{path}: not TOML: {error}; correct it there, nothing else was read") from None
