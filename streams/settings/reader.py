"""From the settings file and the environment to `Settings`, or to all that is wrong with them.

Must not know single keys: those are in the sections.
"""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from streams.core.rules import Rules
from streams.settings.environment import FILE_VARIABLE, overrides
from streams.settings.model import (
    CheckpointSettings,
    ClosingSettings,
    GrafanaSettings,
    KafkaSettings,
    Norms,
    PrometheusSettings,
    Settings,
    SettingsError,
    WebSettings,
)
from streams.settings.sections import override_keys, read_sections
from streams.toml_table import Table, parse_toml

DEFAULT_FILE: Final = Path(__file__).parents[1] / "wachtmonitor.toml"
"""The packaged settings, those of the city of Lier: used where no file is named."""


def settings_path(path: Path | None, environ: Mapping[str, str]) -> Path:
    """The file that `load` reads for the same arguments."""
    return path or Path(environ.get(FILE_VARIABLE) or DEFAULT_FILE)


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read the settings; without a path the file that WACHTMONITOR_SETTINGS names, or else the packaged one.

    Raises `SettingsError` with every problem of the file and of the environment at once.
    """
    path = settings_path(path, environ)
    problems: list[str] = []
    overridden = overrides(environ, override_keys(), problems)
    try:
        values = _parse(path)
    except ValueError as error:
        raise SettingsError([str(error), *problems]) from None
    parts = read_sections(Table(values, "", problems), path.parent, overridden)
    if problems:
        raise SettingsError(problems, f"the settings ({path})")
    return Settings(
        rules=Rules(**parts["rules"]),
        norms=Norms(**parts["norms"]),
        history=parts["history"],
        budget=parts["budget"],
        kafka=KafkaSettings(**parts["kafka"]),
        web=WebSettings(**parts["web"]),
        checkpoint=CheckpointSettings(**parts["checkpoint"]),
        closing=ClosingSettings(**parts["closing"]),
        grafana=GrafanaSettings(**parts["grafana"]),
        prometheus=PrometheusSettings(**parts["prometheus"]),
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
