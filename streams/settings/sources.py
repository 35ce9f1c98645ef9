"""The sources of the settings: tables `[source.NAME]`, whose key `kind` says what is watched and which keys it has.

A kind is a struct here, and its place in `SOURCE_KINDS`: its keys with their checks, defaults and help, the table of
the reference and what a message says of a mistake all follow from it. Everybody who shares the settings reads these
tables, also where the files that they name are not: a file is read by whoever needs it, when it is needed.
"""

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from pydantic import AfterValidator, Field, ValidationInfo

from streams.core.rules import Channel
from streams.settings import kinds
from streams.settings.environment import variable
from streams.settings.toml.section import Always, ByKind, Expected, Section, Unit, Whole, together


class SecretFileError(Exception):
    """A secret of a source cannot be read; the text says what to do and nothing of the secret."""


class SourceTable(Section, frozen=True, kw_only=True):
    """What all kinds of sources have in common."""

    @property
    @abstractmethod
    def channels(self) -> tuple[Channel, ...]:
        """The channels whose figures lack something while the source is away."""


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
    queues: dict[kinds.QueueName, kinds.PhoneCluster] = msgspec.field(default_factory=dict)
    """The cluster of the calls in each queue."""
    numbers: Annotated[dict[kinds.DialledNumber, kinds.PhoneCluster], AfterValidator(_one_of_both), Always()] = (
        msgspec.field(default_factory=dict)
    )
    """The cluster of the calls to each dialled number, for those that end before they are in a queue."""

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Calls alone."""
        return (Channel.PHONE,)

    def read_secret(self, name: str) -> str:
        """The secret of the manager user; raises `SecretFileError` when there is none."""
        return secret_of(name, "secret", self.secret, self.secret_file)


SOURCE_KINDS: Final[tuple[type[SourceTable], ...]] = (AsteriskSource,)

SourceName = Annotated[str, AfterValidator(kinds.source_name), Unit("name")]

SourceTables = dict[SourceName, Annotated[SourceTable, ByKind(SOURCE_KINDS)]]
