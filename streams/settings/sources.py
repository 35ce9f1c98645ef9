"""The sources of the settings: tables `[source.NAME]`, whose key `kind` says what is watched and which keys it has.

A kind is a struct here, and its place in `SOURCE_KINDS`: its keys with their checks, defaults and help, the table of
the reference and what a message says of a mistake all follow from it. Everybody who shares the settings reads these
tables, also where the files that they name are not: a file is read by whoever needs it, when it is needed.
"""

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, get_args

import msgspec
from pydantic import AfterValidator, Field, ValidationInfo

from streams.channels import CALLS, VISITS
from streams.core.rules import Channel
from streams.settings import kinds
from streams.settings.environment import variable
from streams.settings.toml.section import KIND, Always, ByKind, Expected, Section, Unit, Whole, keys_of, together


class SecretFileError(Exception):
    """A secret of a source cannot be read; the text says what to do and nothing of the secret."""


class SourceTable(Section, frozen=True, kw_only=True):
    """What all kinds of sources have in common."""

    @property
    @abstractmethod
    def channels(self) -> tuple[Channel, ...]:
        """The channels whose figures lack something while the source is away."""

    @property
    def tells_staff(self) -> bool:
        """Whether it tells how many employees serve."""
        return False

    def started_by(self, name: str) -> str:
        """The command that sends what a source of this name tells."""
        return f"wachtmonitor follow {name}"


class CallingTable(SourceTable, frozen=True, kw_only=True):
    """What the kinds have in common that call by themselves."""

    def started_by(self, name: str) -> str:  # noqa: ARG002 - one command answers all of them
        """The command that answers them."""
        return "wachtmonitor receive"


def secret_of(name: str, key: str, said: kinds.Password | None, path: Path | None) -> str:
    """The secret of a source: what the variable says, or else the file, read now so that it may come and change.

    `key` is what the settings call it. Raises `SecretFileError` when there is neither.
    """
    if said is not None:
        return said.get_secret_value()
    place = f"[source.{name}]: {key}_file"
    named = variable(f"source.{name}", key)
    if path is None:
        raise SecretFileError(f"{place}: missing; name a file that holds it and nothing else, or set {named}")
    try:
        text = path.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, ValueError) as error:  # a UnicodeDecodeError is a ValueError
        why = getattr(error, "strerror", None) or "not UTF-8"
        raise SecretFileError(f"{place}: the file cannot be read ({why}); mend it, or set {named}") from None
    if not text:
        raise SecretFileError(f"{place}: expected a file with the secret in it, got an empty one; mend it")
    return text


def _one_of_both(numbers: Mapping[str, str], info: ValidationInfo) -> Mapping[str, str]:
    if not numbers and "queues" in info.data and not info.data["queues"]:
        raise together("expected at least one queue or dialled number with its cluster; add it", key="queues")
    return numbers


_Queues = dict[kinds.QueueName, kinds.PhoneCluster]
_Numbers = Annotated[dict[kinds.DialledNumber, kinds.PhoneCluster], AfterValidator(_one_of_both), Always()]


class AsteriskSource(SourceTable, frozen=True, kw_only=True):
    """A telephone exchange with Asterisk (FreePBX, Issabel, Wazo), watched over AMI, its manager interface."""

    kind: Literal["asterisk"]
    """What is watched."""
    host: Annotated[kinds.RemoteHost, Field(examples=['"10.0.0.5"'])]
    """The exchange."""
    port: Annotated[Whole, Field(ge=1, le=65_535)] = 5038
    """Where its manager interface listens."""
    username: Annotated[kinds.User, Field(examples=['"wachtmonitor"'])]
    """The manager user, as `manager.conf` names it."""
    secret_file: Annotated[
        kinds.FileToCome | None,
        Expected("a file that holds the secret and nothing else", '"/run/secrets/asterisk"', secret=True),
    ] = None
    """The file that holds the secret of that user and nothing else, read at each login."""
    secret: kinds.Password | None = None
    """The secret itself: in the variable, never in the settings."""
    queue_log: Annotated[
        kinds.FileToCome | None, Expected("a file that the exchange writes", '"/var/log/asterisk/queue_log"')
    ] = None
    """Its queue_log where it can be read from here: it tells what happened while nobody watched."""
    queues: _Queues = msgspec.field(default_factory=dict)
    """The cluster of the calls in each queue."""
    numbers: _Numbers = msgspec.field(default_factory=dict)
    """The cluster of the calls to each dialled number, for those that end before they are in a queue."""

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Calls alone."""
        return (CALLS.name,)

    @property
    def tells_staff(self) -> bool:
        """Of the clusters of queues."""
        return bool(self.queues)

    def read_secret(self, name: str) -> str:
        """The secret of the manager user; raises `SecretFileError` when there is none."""
        return secret_of(name, "secret", self.secret, self.secret_file)


class FreeSwitchSource(SourceTable, frozen=True, kw_only=True):
    """A telephone exchange with FreeSWITCH (FusionPBX) and its mod_callcenter, watched over its event socket."""

    kind: Literal["freeswitch"]
    """What is watched."""
    host: Annotated[kinds.RemoteHost, Field(examples=['"10.0.0.5"'])]
    """The exchange."""
    port: Annotated[Whole, Field(ge=1, le=65_535)] = 8021
    """Where its event socket listens."""
    secret_file: Annotated[
        kinds.FileToCome | None,
        Expected("a file that holds the password and nothing else", '"/run/secrets/freeswitch"', secret=True),
    ] = None
    """The file that holds the password of the event socket and nothing else, read at each login."""
    secret: kinds.Password | None = None
    """The password itself: in the variable, never in the settings."""
    queues: _Queues = msgspec.field(default_factory=dict)
    """The cluster of the calls in each queue of mod_callcenter."""
    numbers: _Numbers = msgspec.field(default_factory=dict)
    """The cluster of the calls to each dialled number, for those that end before they are in a queue."""

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Calls alone."""
        return (CALLS.name,)

    def read_secret(self, name: str) -> str:
        """The password of the event socket; raises `SecretFileError` when there is none."""
        return secret_of(name, "secret", self.secret, self.secret_file)


def _one_place(place: str, info: ValidationInfo) -> str:
    if info.data.get("records_directory") is not None:
        raise together("expected contact records in a directory or on S3, got both; remove one")
    return place


class ConnectSource(SourceTable, frozen=True, kw_only=True):
    """An Amazon Connect instance, watched by the contact events that EventBridge puts into an SQS queue."""

    kind: Literal["amazon-connect"]
    """What is watched."""
    region: Annotated[
        str,
        Field(pattern=r"^[a-z]{2,3}(-[a-z]{2,20}){1,3}-[0-9]{1,2}$"),
        Expected("a region of AWS", '"eu-central-1"'),
    ]
    """Where the queue is. Who asks, the variables, the profile or the role of the machine say, as with all of AWS."""
    queue_url: Annotated[kinds.Url, Field(examples=['"https://sqs.eu-central-1.amazonaws.com/111122223333/connect"'])]
    """The queue, which nobody else reads."""
    endpoint_url: (
        Annotated[kinds.Url, Field(examples=['"https://vpce-1.sqs.eu-central-1.vpce.amazonaws.com"'])] | None
    ) = None
    """Another address of AWS, as for a test."""
    records_directory: kinds.Directory | None = None
    """A directory with contact records as JSON lines, packed or not: they tell what the events lack."""
    records_s3: (
        Annotated[
            str,
            Field(pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?$"),
            AfterValidator(_one_place),
            Expected("a bucket of S3, with a prefix or without", '"s3://lier-connect/records/"'),
        ]
        | None
    ) = None
    """The same on S3, below a prefix, as Firehose writes them."""
    queues: _Queues = msgspec.field(default_factory=dict)
    """The cluster of the calls in each queue, by its ARN or the id at the end of that."""
    numbers: _Numbers = msgspec.field(default_factory=dict)
    """The cluster of the calls to each dialled number, for those that end before they are in a queue."""

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Calls alone."""
        return (CALLS.name,)


_Mapping = Annotated[kinds.FileToCome, Expected("a mapping of documents", '"desks.toml"')]


class TopicSource(SourceTable, frozen=True, kw_only=True):
    """A topic of somebody else's on the same Kafka, with records in JSON, as Kafka Connect writes them."""

    kind: Literal["topic"]
    """What is watched."""
    topic: Annotated[kinds.Topic, kinds.NotOurs(), Field(examples=['"city.public.tickets"'])]
    """The topic."""
    channels: kinds.Channels
    """The channels whose figures lack something while nobody follows it."""
    mapping: _Mapping
    """The mapping of documents that says which fields are which facts."""
    begin: Literal["earliest", "latest"] = "earliest"
    """Where to begin before anything was read: with all that the topic holds, or with what comes from now on."""


# Sources that call by themselves.


def _one_of_two(clusters: Mapping[str, str], info: ValidationInfo) -> Mapping[str, str]:
    if "mapping" in info.data and bool(clusters) == (info.data["mapping"] is not None):
        got = "both; remove one" if clusters else "neither; add one"
        raise together(f"expected either clusters or a mapping, got {got}")
    return clusters


_SecretFile = Annotated[
    kinds.FileToCome | None,
    Expected("a file that holds the secret and nothing else", '"/run/secrets/desks"', secret=True),
]
_SignatureHeader = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9-]{1,100}$"), Expected("the name of a header", '"X-Signature"')
]


class MappedSource(CallingTable, frozen=True, kw_only=True):
    """A system that sends CloudEvents, or JSON of its own; a mapping says which of its fields are which facts."""

    kind: Literal["cloudevents", "json"]
    """What calls."""
    channels: kinds.Channels
    """The channels whose figures lack something while nobody can call."""
    mapping: _Mapping
    """The mapping of documents that says which fields are which facts."""
    signature_header: _SignatureHeader | None = None
    """The header with the HMAC-SHA256 of the body; without it the secret itself stands in `Authorization: Bearer`."""
    secret_file: _SecretFile = None
    """The file that holds the secret that both sides share, and nothing else."""
    secret: kinds.Password | None = None
    """The secret itself: in the variable, never in the settings."""


class QminderSource(CallingTable, frozen=True, kw_only=True):
    """The ticket system Qminder, by its webhooks."""

    kind: Literal["qminder"]
    """What calls."""
    mapping: _Mapping | None = None
    """A mapping of documents of your own, in the place of `clusters`; it may extend "qminder"."""
    clusters: Annotated[dict[kinds.LineId, kinds.DeskCluster], AfterValidator(_one_of_two), Always()] = msgspec.field(
        default_factory=dict
    )
    """The cluster of the visitors in each line; others are left out and counted."""
    secret_file: _SecretFile = None
    """The file that holds the secret key of the webhook and nothing else."""
    secret: kinds.Password | None = None
    """The secret key itself: in the variable, never in the settings."""

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Visits alone."""
        return (VISITS.name,)


class TwilioSource(CallingTable, frozen=True, kw_only=True):
    """Twilio TaskRouter, which Flex is built on, by the callbacks of its events."""

    kind: Literal["twilio"]
    """What calls."""
    mapping: _Mapping | None = None
    """A mapping of documents of your own, in the place of `clusters`; it may extend "twilio-taskrouter"."""
    clusters: Annotated[dict[kinds.WorkflowSid, kinds.PhoneCluster], AfterValidator(_one_of_two), Always()] = (
        msgspec.field(default_factory=dict)
    )
    """The cluster of the calls in each workflow; others are left out and counted."""
    secret_file: _SecretFile = None
    """The file that holds the auth token of the account and nothing else."""
    secret: kinds.Password | None = None
    """The auth token itself: in the variable, never in the settings."""

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Calls alone."""
        return (CALLS.name,)


ReceivedSource = MappedSource | QminderSource | TwilioSource
"""Those that call by themselves."""

RECEIVED_KINDS: Final[tuple[type[ReceivedSource], ...]] = get_args(ReceivedSource)

SOURCE_KINDS: Final[tuple[type[SourceTable], ...]] = (
    AsteriskSource,
    ConnectSource,
    FreeSwitchSource,
    TopicSource,
    *RECEIVED_KINDS,
)


def received_kinds() -> tuple[str, ...]:
    """What `kind` says of those."""
    return tuple(kind for table in RECEIVED_KINDS for kind in keys_of(table)[KIND].choices)


def received_secret(name: str, table: ReceivedSource) -> str:
    """The secret by which callers of a source show who they are; raises `SecretFileError` when there is none."""
    return secret_of(name, "secret", table.secret, table.secret_file)


SourceName = Annotated[str, AfterValidator(kinds.source_name), Unit("name")]

SourceTables = dict[SourceName, Annotated[SourceTable, ByKind(SOURCE_KINDS)]]
