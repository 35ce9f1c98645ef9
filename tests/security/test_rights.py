"""The list of rights is what Kafka must grant: who lacks one is told which."""

import pytest
from msgspec.structs import replace

from streams.kafka.client import ensure_topics
from streams.kafka.embedded import BrokerProcess, EmbeddedBroker
from streams.kafka.rights import Right, Role, rights_of
from streams.settings import KafkaSettings, load
from tests.brokers.apache import ApacheKafka
from tests.brokers.topics import kafka_settings
from tests.runtime.workers import until
from tests.security.access import allow, missing, until_allowed, with_certificate


@pytest.mark.parametrize("role", Role)
def test_no_role_has_a_right_twice_or_one_that_another_holds(role: Role) -> None:
    rights = rights_of(role, load(None, {}).kafka)
    assert len(set(rights)) == len(rights)
    more = {(right.resource, right.name) for right in rights if right.operation != "Describe"}
    assert not [right for right in rights if right.operation == "Describe" and (right.resource, right.name) in more]


def test_only_the_worker_may_write_checkpoints_and_only_sources_events() -> None:
    kafka = load(None, {}).kafka
    writers = {
        topic: {role for role in Role if Right("topic", topic, "Write") in rights_of(role, kafka)}
        for topic in (f"{kafka.calls_topic}-checkpoints", kafka.month_totals_topic, kafka.calls_topic)
    }
    assert list(writers.values()) == [{Role.WORKER}, {Role.WORKER}, {Role.SOURCE, Role.FOLLOWER}]


@pytest.mark.kafka
@pytest.mark.parametrize("role", Role)
async def test_each_right_that_is_missing_is_named_and_no_other(role: Role, apache_kafka: ApacheKafka) -> None:
    """For each right a user of its own that has all the others."""
    admin = kafka_settings(apache_kafka)
    await ensure_topics(admin)
    rights = rights_of(role, admin)
    for number, lacking in enumerate(rights):
        name = f"{admin.group}-{role}-{number}"
        user = as_user(apache_kafka, admin, name)
        told = await missing(user, role)
        assert all(right.options() in told for right in rights)
        await allow(admin, name, [right for right in rights if right != lacking])
        await until_told(user, role, [lacking])
    await allow(admin, name, [lacking])
    await until_allowed(user, role)


async def until_told(user: KafkaSettings, role: Role, rights: list[Right]) -> None:
    async def is_told() -> bool:
        lines = (await missing(user, role)).splitlines()
        return [line.strip() for line in lines if line.startswith("  ")] == [right.options() for right in rights]

    await until(is_told, f"{[right.options() for right in rights]} alone is told to be missing")


def as_user(broker: ApacheKafka, admin: KafkaSettings, name: str) -> KafkaSettings:
    """The settings of `admin` for a user with a certificate."""
    return replace(admin, **with_certificate(broker, broker.authority.issue(name)))


@pytest.mark.kafka
@pytest.mark.parametrize("role", Role)
async def test_a_broker_that_refuses_nobody_grants_everything(role: Role, broker: BrokerProcess) -> None:
    kafka = kafka_settings(broker)
    assert await missing(kafka, role) == ""
    assert isinstance(broker, EmbeddedBroker) == (kafka.writer == "plain")
