"""The settings as the code sees them: frozen structs in milliseconds, ratios and cents.

Must not know the file, the environment or how the settings are used.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from streams.core.rules import Rules

Writer = Literal["transactional", "plain"]
"""Who writes checkpoints: a transactional producer fences a former owner; a plain one is for the embedded broker."""

WhenLost = Literal["refuse", "go_on"]
"""What to do with a partition whose checkpoint and first records are gone: not to run, or to count what is left."""

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


class SettingsError(Exception):
    """The settings cannot be used; `problems` says everything that is wrong, each with its place and what to do."""

    def __init__(self, problems: Sequence[str], source: str = "the settings") -> None:
        """`source` says where the problems are that do not say so themselves."""
        self.problems = tuple(problems)
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        super().__init__("\n".join((f"{count} in {source}:", *(f"- {problem}" for problem in self.problems))))


class Secret:
    """A text that shows itself to nobody who does not ask: its repr is stars, and msgspec refuses to encode it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself, to hand to a client and to nothing else."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret(***)"


class KafkaSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where Kafka is, what the topics are called, and how this program shows who it is."""

    bootstrap_servers: tuple[str, ...]
    """`host:port` of at least one broker."""
    group: str
    calls_topic: str
    tickets_topic: str
    dead_letters_topic: str
    month_totals_topic: str
    closed_months_topic: str
    snapshots_topic: str
    partitions: int
    """Partitions of each source topic when it is created."""
    replication_factor: int
    """Copies of each topic when it is created; -1 leaves it to the broker."""
    writer: Writer
    security_protocol: SecurityProtocol = "PLAINTEXT"
    sasl_mechanism: SaslMechanism | None = None
    sasl_username: str | None = None
    sasl_password_file: Path | None = None
    """Where the password was read from, if it was; the password itself is in `sasl_password`."""
    sasl_password: Secret | None = None
    """From the file or from WACHTMONITOR_KAFKA_SASL_PASSWORD; `load` has read it."""
    ssl_ca_file: Path | None = None
    ssl_certificate_file: Path | None = None
    ssl_key_file: Path | None = None


class WebSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where /metrics, /health and the wall page listen."""

    host: str = "127.0.0.1"
    port: int = 9464
    calls_stale_seconds: int = 90
    """Silence of the calls, in opening hours, after which the wall turns grey."""
    tickets_stale_seconds: int = 900
    """The same for the tickets, of which a quiet desk makes only some in an hour."""


class CheckpointSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How often the state is written to its topic, and what to do when it is not there any more."""

    interval_seconds: float = 1.0
    when_lost: WhenLost = "refuse"


class ClosingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When a month's figures are frozen."""

    day: int = 3
    """Day of the next month."""
    time_minutes: int = 6 * 60
    """By the clock on the wall, in minutes since midnight."""
    catch_up_days: int = 62
    """How long past that moment a month still closes by itself."""
    quiet_minutes: int = 60
    """For how long nothing may have been written to a month that closes late."""
    check_seconds: int = 60
    """How often a worker looks whether a month is due."""
    reports_directory: Path | None = None
    """Where the worker writes the report of each month; without it none is written."""


class GrafanaSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the snapshots of months go; without a `url` none are made."""

    url: str | None = None
    """Scheme, host, port and path of Grafana, without a slash at the end."""
    token_file: Path | None = None
    """Where the token was read from, if it was; the token itself is in `token`."""
    token: Secret | None = None
    """Of a service account, from the file or from WACHTMONITOR_GRAFANA_TOKEN; `load` has read it."""
    ca_file: Path | None = None
    """The authority that Grafana's certificate is checked by; without it those of the system."""
    timeout_seconds: float = 30.0
    """How long Grafana may take to connect, and to answer."""
    dashboard_uid: str = "wachtmonitor-maand"
    """The Month dashboard, in Grafana."""
    rules_files: tuple[Path, ...] = ()
    """Files with the recording rules that the dashboard's queries use."""
    expires_days: int = 0
    """After so many days Grafana throws a snapshot away; 0 is never."""


class PrometheusSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where Prometheus is; only `check` asks it."""

    url: str | None = None
    """Scheme, host, port and path, without a slash at the end."""


class Norms(msgspec.Struct, frozen=True, kw_only=True):
    """The norms that hold for every telephone line; they judge figures, they do not change them."""

    service_level_seconds: int
    """The wait within which `service_level_ratio` of the answered calls must be answered; bound of a category."""
    service_level_ratio: float
    missed_ratio: float
    """Largest share of missed calls in a year."""


class ReportedYear(msgspec.Struct, frozen=True, kw_only=True):
    """A year of the reported history: the share of missed calls, to show beside the measured years."""

    year: int
    missed_ratio: float


class BudgetYear(msgspec.Struct, frozen=True, kw_only=True):
    """Expenses of the plan in one year; the operating balance is the same with a minus sign."""

    year: int
    kind: Literal["accounts", "budget"]
    expenses_cents: int


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be set, valid as a whole."""

    rules: Rules
    norms: Norms
    history: tuple[ReportedYear, ...]
    budget: tuple[BudgetYear, ...]
    kafka: KafkaSettings
    web: WebSettings
    checkpoint: CheckpointSettings
    closing: ClosingSettings
    grafana: GrafanaSettings
    prometheus: PrometheusSettings = PrometheusSettings()
