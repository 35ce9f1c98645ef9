"""The settings as the code sees them: frozen structs, each a table of the settings file or what becomes of some.

A key that the code takes as it stands in the file is declared here once: its check, default and meaning. What speaks
the language of the city (hours, percents, euro) is declared in `streams.settings.file`, and becomes the rest of these
structs there.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo

from streams.channels import channels
from streams.core.norms import Norms
from streams.core.rules import Channel, Rules
from streams.settings import kinds
from streams.settings.kafka_checks import (
    needed_to_log_in,
    only_encrypted,
    only_to_log_in,
    own_topic,
    own_topics,
    password_from_file,
    with_certificate,
)
from streams.settings.sources import SourceTable
from streams.settings.toml.section import Always, Expected, Section, Unit, Whole, together
from streams.words import Language

Writer = Literal["transactional", "plain"]
"""Who writes checkpoints: a transactional producer fences a former owner; a plain one is for the embedded broker."""

WhenLost = Literal["refuse", "go_on"]
"""What to do with a partition whose checkpoint and first records are gone: not to run, or to count what is left."""

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]

Secret = SecretStr
"""A text that shows itself to nobody who does not ask: its repr is stars, and msgspec refuses to encode it."""

_Topic = Annotated[kinds.Topic, AfterValidator(own_topic)]
_Silence = Annotated[Whole, Field(ge=5, le=86_400), Unit("seconds")]
_Certificate = Annotated[kinds.PemFile | None, AfterValidator(only_encrypted)]


class SettingsError(Exception):
    """The settings cannot be used; `problems` says everything that is wrong, each with its place and what to do."""

    def __init__(self, problems: Sequence[str], source: str = "the settings") -> None:
        """`source` says where the problems are that do not say so themselves."""
        self.problems = tuple(problems)
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        super().__init__("\n".join((f"{count} in {source}:", *(f"- {problem}" for problem in self.problems))))


class KafkaSettings(Section, frozen=True, kw_only=True):
    """Where Kafka is, what the topics are called, and how this program shows who it is."""

    bootstrap_servers: kinds.Servers
    """At least one broker, as `host:port`. One that is away at the start does not matter if another one is there."""
    group: kinds.Group
    """Workers of one group share the work. Another installation on the same Kafka needs another one."""
    calls_topic: Annotated[_Topic, Field(examples=['"calls"'])]
    """The events of telephone calls."""
    tickets_topic: Annotated[_Topic, Field(examples=['"tickets"'])]
    """The events of visits to a desk."""
    dead_letters_topic: Annotated[_Topic, Field(examples=['"dead-letters"'])]
    """The records that were refused, each with the reason."""
    month_totals_topic: Annotated[_Topic, Field(examples=['"month-totals"'])]
    """The totals of each month."""
    closed_months_topic: Annotated[_Topic, Field(examples=['"closed-months"'])]
    """The figures that were frozen."""
    snapshots_topic: Annotated[_Topic, Field(examples=['"snapshots"'])]
    """The snapshots that were made in Grafana."""
    live_topic: _Topic = "live-figures"
    """Here the workers of a group tell each other what they show."""
    sources_topic: _Topic = "sources"
    """How far each source was read, and whether it is heard."""
    staffing_topic: _Topic = "staffing"
    """How many employees serve each cluster."""
    topics: Annotated[dict[kinds.OtherChannel, kinds.Topic], AfterValidator(own_topics), Always()] = msgspec.field(
        default_factory=dict
    )
    """The events of a channel that an installation adds; without it the topic that the channel declares."""
    partitions: Annotated[Whole, Field(ge=1, le=1_000, examples=["4"]), Unit("partitions")]
    """Partitions of each topic of events when it is created: at most so many workers share the work."""
    replication_factor: kinds.Copies
    """Brokers that keep each topic that is created; -1 leaves it to Kafka."""
    writer: Writer
    """Who writes checkpoints: a transactional producer, or a plain one for the embedded broker of the demo alone."""
    security_protocol: SecurityProtocol = "PLAINTEXT"
    """How to reach the brokers."""
    sasl_mechanism: Annotated[SaslMechanism | None, AfterValidator(needed_to_log_in), Always()] = None
    """How to log in."""
    sasl_username: Annotated[kinds.User | None, AfterValidator(needed_to_log_in), Always()] = None
    """The name to log in with."""
    sasl_password_file: Annotated[
        kinds.ReadableFile | None,
        AfterValidator(only_to_log_in),
        Expected("a file that holds the password and nothing else", '"/run/secrets/kafka"', secret=True),
    ] = None
    """The file that holds the password and nothing else."""
    sasl_password: Annotated[
        kinds.Password | None,
        BeforeValidator(password_from_file),
        AfterValidator(needed_to_log_in),
        Always(),
    ] = None
    """The password itself: in the variable or in the file that `sasl_password_file` names, never in the settings."""
    ssl_ca_file: _Certificate = None
    """The authority that the brokers are checked by; without it those of the system."""
    ssl_certificate_file: _Certificate = None
    """The certificate of this program, if Kafka asks for one."""
    ssl_key_file: Annotated[_Certificate, AfterValidator(with_certificate)] = None
    """The key of that certificate."""


TOPICS: Final = tuple(key for key in KafkaSettings.__struct_fields__ if key.endswith("_topic"))
"""Keys that name a topic."""

SSL_KEYS: Final = tuple(key for key in KafkaSettings.__struct_fields__ if key.startswith("ssl_"))


class WebSettings(Section, frozen=True, kw_only=True):
    """Where /metrics, /health and the wall page listen."""

    host: kinds.Host = "127.0.0.1"
    """The address of this machine to listen on; 0.0.0.0 is for everybody."""
    port: Annotated[Whole, Field(ge=1, le=65_535)] = 9464
    """The port to listen on."""
    calls_stale_seconds: _Silence = 90
    """Silence of the calls, in opening hours, after which the wall turns grey."""
    tickets_stale_seconds: _Silence = 900
    """The same for the tickets, of which a quiet desk makes only some in an hour."""
    stale_seconds: dict[kinds.OtherChannel, _Silence] = msgspec.field(default_factory=dict)
    """The same for a channel that an installation adds; without it what the channel declares."""

    def silences(self) -> dict[Channel, float]:
        """Of every channel the silence, in opening hours, after which its figures count as old."""
        return {each.name: each.stale_seconds(self, self.stale_seconds) for each in channels()}


class FollowSettings(Section, frozen=True, kw_only=True):
    """Where `wachtmonitor follow` and `wachtmonitor receive` serve their own /metrics and /health."""

    host: kinds.Host = "127.0.0.1"
    """The address of this machine to listen on; 0.0.0.0 is for everybody."""
    port: Annotated[Whole, Field(ge=1, le=65_535)] = 9465
    """The port to listen on: of several sources on one machine each needs another one, by the variable."""


def _both_or_none(key: Path | None, info: ValidationInfo) -> Path | None:
    """A certificate and its key come together."""
    if "certificate_file" in info.data and (key is None) != (info.data["certificate_file"] is None):
        one, other = ("certificate_file", "key_file") if key is None else ("key_file", "certificate_file")
        raise together(f"missing, {one} is of no use without it; add it", key=other)
    return key


class ReceiveSettings(Section, frozen=True, kw_only=True):
    """Where `wachtmonitor receive` listens for those who call: each source under its name, as `/desks`."""

    host: kinds.Host = "127.0.0.1"
    """The address of this machine to listen on: on another than loopback with a certificate, or behind a proxy."""
    port: Annotated[Whole, Field(ge=1, le=65_535)] = 9466
    """The port to listen on."""
    public_url: Annotated[kinds.Url | None, Field(examples=['"https://hooks.lier.be"'])] = None
    """By which address callers know it, to which the name of the source is added: some signatures are made over it.
    Without it what callers say themselves."""
    certificate_file: Annotated[
        kinds.FileToCome | None, Expected("a PEM file", '"/run/secrets/hooks.pem"', secret=True)
    ] = None
    """The certificate, with those that vouch for it. Without one it speaks plain HTTP."""
    key_file: Annotated[
        kinds.FileToCome | None,
        AfterValidator(_both_or_none),
        Always(),
        Expected("a PEM file", '"/run/secrets/hooks.key"', secret=True),
    ] = None
    """The key of that certificate."""


class StaffingSettings(Section, frozen=True, kw_only=True):
    """How many employees serve, as counts without names: what is told of it, and for how long it holds."""

    told_by: Literal["sources", "anybody"] = "sources"
    """Who tells it: the sources of these settings alone, or others too that write to its topic."""
    stale_seconds: Annotated[Whole, Field(ge=10, le=3_600), Unit("seconds")] = 180
    """After this time without a word counts are old, and not shown any more. Sources tell them each minute."""
    pauses: kinds.Pauses = ()
    """The kinds of pauses that are told apart, as the exchange names them; all others count as `other`."""


class CheckpointSettings(Section, frozen=True, kw_only=True):
    """How often the state is written to its topic, and what to do when it is not there any more."""

    interval_seconds: Annotated[kinds.Seconds, Field(ge=0.1, le=60), Unit("seconds")] = 1.0
    """Time between two checkpoints of a partition. After a crash, events since the last one are read again."""
    when_lost: WhenLost = "refuse"
    """What to do with a partition of which neither a checkpoint nor all records are left."""


class ClosingSettings(Section, frozen=True, kw_only=True):
    """When a month's figures are frozen."""

    day: Annotated[Whole, Field(ge=1, le=28)] = 3
    """Day of the next month."""
    time_minutes: kinds.TimeOfDay = msgspec.field(name="time", default=6 * 60)
    """By the clock on the wall."""
    catch_up_days: Annotated[Whole, Field(ge=0, le=366), Unit("days")] = 62
    """How long past that moment a month still closes by itself."""
    quiet_minutes: Annotated[Whole, Field(ge=0, le=1_440), Unit("minutes")] = 60
    """For how long nothing may have been written to a month that closes late."""
    check_seconds: Annotated[Whole, Field(ge=1, le=3_600), Unit("seconds")] = 60
    """How often a worker looks whether a month is due."""
    reports_directory: kinds.Directory | None = None
    """Where the worker writes the report of each month; without it none is written."""


class GrafanaSettings(Section, frozen=True, kw_only=True):
    """Where the snapshots of months go; without a `url` none are made."""

    url: kinds.Url | None = None
    """Scheme, host, port and path of Grafana."""
    token_file: Annotated[
        kinds.FileToCome | None,
        Expected("a file that holds the token and nothing else", '"/run/secrets/grafana"', secret=True),
    ] = None
    """Where the token is; it is read each time it is needed, since it may come and change while a worker runs."""
    token: Annotated[kinds.Password | None, Expected("a token", secret=True)] = None
    """The token of a service account, in the variable and never in the settings: it goes before the file."""
    ca_file: Annotated[kinds.FileToCome | None, Expected("a PEM file", '"/run/secrets/grafana"', secret=True)] = None
    """The authority that Grafana's certificate is checked by; without it those of the system. Read when needed."""
    timeout_seconds: Annotated[kinds.Seconds, Field(ge=1, le=600), Unit("seconds")] = 30.0
    """How long Grafana may take to connect, and to answer."""
    dashboard_uid: kinds.DashboardUid = "wachtmonitor-month"
    """The Month dashboard, in Grafana."""
    rules_files: Annotated[
        tuple[kinds.FileToCome, ...], Expected("a list of files with recording rules", '["figures.yml"]')
    ] = ()
    """Files with the recording rules that Prometheus is to have; `check` alone compares."""
    expires_days: Annotated[Whole, Field(ge=0, le=36_600), Unit("days")] = 0
    """After so many days Grafana throws a snapshot away; 0 is never."""


class PrometheusSettings(Section, frozen=True, kw_only=True):
    """Where Prometheus is: the figures of snapshots come from it, and `check` asks it."""

    url: Annotated[kinds.Url | None, Field(examples=['"http://127.0.0.1:9090"'])] = None
    """Scheme, host, port and path."""


class ReportedYear(msgspec.Struct, frozen=True, kw_only=True):
    """A year of the reported history, to show beside the measured years."""

    indicator: str
    """By its name."""
    year: int
    value: float
    """A ratio, seconds or working days."""


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
    prometheus: PrometheusSettings
    language: Language
    follow: FollowSettings = FollowSettings()
    receive: ReceiveSettings = ReceiveSettings()
    staffing: StaffingSettings = StaffingSettings()
    sources: Mapping[str, SourceTable] = msgspec.field(default_factory=dict)
    """What is watched, by name."""

    @property
    def has_staffing(self) -> bool:
        """Whether anybody tells how many employees serve."""
        return self.staffing.told_by == "anybody" or any(table.tells_staff for table in self.sources.values())

    @property
    def unused_topics(self) -> frozenset[str]:
        """Topics that nobody needs by these settings."""
        unused = [] if self.sources else [self.kafka.sources_topic]
        return frozenset(unused if self.has_staffing else [*unused, self.kafka.staffing_topic])
