"""The settings: one TOML file and the environment become one frozen struct, or all problems at once.

The file speaks the language of the city (hours, percents, euro), the structs that of the code (milliseconds, ratios,
cents). A key is declared once: see `streams.settings.model` and `streams.settings.file`.
"""

from streams.settings.model import (
    BudgetYear,
    CheckpointSettings,
    ClosingSettings,
    FollowSettings,
    GrafanaSettings,
    KafkaSettings,
    PrometheusSettings,
    ReceiveSettings,
    ReportedYear,
    Secret,
    Settings,
    SettingsError,
    StaffingSettings,
    WebSettings,
    WhenLost,
)
from streams.settings.reader import DEFAULT_FILE, load, settings_path
from streams.settings.sources import SourceTable

__all__ = [
    "DEFAULT_FILE",
    "BudgetYear",
    "CheckpointSettings",
    "ClosingSettings",
    "FollowSettings",
    "GrafanaSettings",
    "KafkaSettings",
    "PrometheusSettings",
    "ReceiveSettings",
    "ReportedYear",
    "Secret",
    "Settings",
    "SettingsError",
    "SourceTable",
    "StaffingSettings",
    "WebSettings",
    "WhenLost",
    "load",
    "settings_path",
]
