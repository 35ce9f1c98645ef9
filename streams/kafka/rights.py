"""What each part of the monitor needs to be allowed on Kafka, and no more: the one list of rights.

The reference in docs/ is made from it, every start is checked against it. It must not know Kafka clients.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from itertools import groupby
from typing import Final, Literal, NamedTuple

from streams.channels import topics_of
from streams.contracts.topics import checkpoint_topic
from streams.settings import KafkaSettings

Resource = Literal["topic", "group", "transactional-id"]
Operation = Literal["Read", "Write", "Describe"]


class Role(StrEnum):
    """A part of the monitor that can have a user of its own on Kafka."""

    WORKER = "worker"
    SOURCE = "source"
    FOLLOWER = "follower"
    WATCHER = "watcher"
    STAFF_SOURCE = "staff-source"
    STAFF_WATCHER = "staff-watcher"
    REPORT = "report"
    SNAPSHOT = "snapshot"
    MONTH = "month"
    LETTERS = "letters"


ROLES: Final[Mapping[Role, str]] = {
    Role.WORKER: "`wachtmonitor worker`, which also closes months and makes their snapshots",
    Role.SOURCE: "whatever sends events: `wachtmonitor publish` and `simulate`, the exchange, the ticket system",
    Role.FOLLOWER: "`wachtmonitor follow` and `wachtmonitor receive`",
    Role.WATCHER: "`wachtmonitor worker` where the settings have a `[source]`: the role worker too",
    Role.STAFF_SOURCE: "whatever tells how many employees serve: `wachtmonitor follow` of an Asterisk exchange, and "
    "`publish` of such events",
    Role.STAFF_WATCHER: "`wachtmonitor worker` where the settings have somebody who tells that: the role worker too",
    Role.REPORT: "`wachtmonitor report` and `month list`",
    Role.SNAPSHOT: "`wachtmonitor snapshot`",
    Role.MONTH: "`wachtmonitor month close` and `reopen`",
    Role.LETTERS: "`wachtmonitor dead-letters`; with `--send-again` the role source too",
}
"""Who each role is for."""


class Right(NamedTuple):
    """One operation on one resource; a right to read, write or delete something holds that to describe it."""

    resource: Resource
    name: str
    operation: Operation
    prefixed: bool = False
    """Whether it holds for every name that begins so."""

    def options(self) -> str:
        """The options of kafka-acls.sh that grant it.

        >>> Right("transactional-id", "wachtmonitor-", "Write", prefixed=True).options()
        '--operation Write --transactional-id wachtmonitor- --resource-pattern-type prefixed'
        """
        prefixed = " --resource-pattern-type prefixed" if self.prefixed else ""
        return f"--operation {self.operation} --{self.resource} {self.name}{prefixed}"


def rights_of(role: Role, kafka: KafkaSettings) -> tuple[Right, ...]:
    """Everything that a role needs on topics that exist. To create them it needs Create on each of them besides."""
    return tuple(_RIGHTS[role](kafka))


def _worker(kafka: KafkaSettings) -> Iterator[Right]:
    sources = tuple(topics_of(kafka))
    for source in sources:
        yield Right("topic", source, "Read")
    both = (
        *map(checkpoint_topic, sources),
        kafka.month_totals_topic,
        kafka.closed_months_topic,
        kafka.snapshots_topic,
        kafka.live_topic,
    )
    for topic in both:
        yield Right("topic", topic, "Read")
        yield Right("topic", topic, "Write")
    yield Right("topic", kafka.dead_letters_topic, "Write")
    yield Right("group", kafka.group, "Read")
    yield Right("transactional-id", f"{kafka.group}-", "Write", prefixed=True)


def _source(kafka: KafkaSettings) -> Iterator[Right]:
    for topic in tuple(topics_of(kafka)):
        yield Right("topic", topic, "Write")


def _follower(kafka: KafkaSettings) -> Iterator[Right]:
    yield from _source(kafka)
    yield Right("topic", kafka.sources_topic, "Read")
    yield Right("topic", kafka.sources_topic, "Write")
    yield Right("transactional-id", follower_id(kafka, ""), "Write", prefixed=True)


def follower_id(kafka: KafkaSettings, source: str) -> str:
    """The transactional id of whoever follows a source: a second one of the same name takes it over."""
    return f"{kafka.group}-source-{source}"


def _watcher(kafka: KafkaSettings) -> Iterator[Right]:
    yield Right("topic", kafka.sources_topic, "Read")


def _staff_source(kafka: KafkaSettings) -> Iterator[Right]:
    yield Right("topic", kafka.staffing_topic, "Write")


def _staff_watcher(kafka: KafkaSettings) -> Iterator[Right]:
    yield Right("topic", kafka.staffing_topic, "Read")
    yield Right("group", staffing_group(kafka), "Read")


def staffing_group(kafka: KafkaSettings) -> str:
    """The group of those workers of whom one writes the dead letters of staffing."""
    return f"{kafka.group}-staffing"


def _report(kafka: KafkaSettings) -> Iterator[Right]:
    for topic in (kafka.month_totals_topic, kafka.closed_months_topic):
        yield Right("topic", topic, "Read")


def _snapshot(kafka: KafkaSettings) -> Iterator[Right]:
    yield from _report(kafka)
    yield Right("topic", kafka.snapshots_topic, "Read")
    yield Right("topic", kafka.snapshots_topic, "Write")
    yield Right("transactional-id", f"{kafka.group}-snapshots", "Write")


def _month(kafka: KafkaSettings) -> Iterator[Right]:
    for topic in tuple(topics_of(kafka)):
        yield Right("topic", topic, "Describe")
    yield from _report(kafka)
    yield Right("topic", kafka.closed_months_topic, "Write")
    yield Right("topic", kafka.live_topic, "Write")  # by which brokers tell their time
    yield Right("transactional-id", f"{kafka.group}-closed-months", "Write")


def _letters(kafka: KafkaSettings) -> Iterator[Right]:
    yield Right("topic", kafka.dead_letters_topic, "Read")


_RIGHTS: Final = {
    Role.WORKER: _worker,
    Role.SOURCE: _source,
    Role.FOLLOWER: _follower,
    Role.WATCHER: _watcher,
    Role.STAFF_SOURCE: _staff_source,
    Role.STAFF_WATCHER: _staff_watcher,
    Role.REPORT: _report,
    Role.SNAPSHOT: _snapshot,
    Role.MONTH: _month,
    Role.LETTERS: _letters,
}


def rights_markdown(kafka: KafkaSettings) -> str:
    """The list for people: a table for each role."""
    tables = []
    for role in Role:
        rows = "\n".join(
            f"| {resource} | `{name}`{' and what follows it' if prefixed else ''} | {operations} |"
            for (resource, name, prefixed), operations in _by_resource(rights_of(role, kafka))
        )
        tables.append(
            f"**{role}**: {ROLES[role]}.\n\n| resource | name | operations |\n| --- | --- | --- |\n{rows}\n"
        )
    return "\n".join(tables)


def _by_resource(rights: Iterable[Right]) -> Iterator[tuple[tuple[Resource, str, bool], str]]:
    for resource, same in groupby(rights, key=lambda right: (right.resource, right.name, right.prefixed)):
        yield resource, ", ".join(right.operation for right in same)
