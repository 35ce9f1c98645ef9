"""What Kafka must do for us, on the embedded broker and on a real one; and what is true of the real one alone."""

import asyncio
import gc
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import ProducerFenced
from msgspec.structs import replace

from streams.channels.topics import topic_specs
from streams.kafka import client as streams_kafka
from streams.kafka.client import KafkaProblemsError, admin_client, client_options, ensure_topics, read_to_end
from streams.kafka.embedded import HOST, BrokerProcess
from streams.settings import KafkaSettings, Secret
from tests.brokers.apache import ApacheKafka
from tests.brokers.ports import next_port
from tests.brokers.topics import kafka_settings, settings_at
from tests.security.access import with_password

pytestmark = pytest.mark.kafka

NOWHERE = f"{HOST}:9"
"""The address of a broker that nobody asks."""


async def write(kafka: KafkaSettings, values: list[bytes], partition: int = 0) -> None:
    """Write the values to one partition of the topic of calls, as one producer would: in batches."""
    async with AIOKafkaProducer(**client_options(kafka), acks="all") as producer:
        written = [await producer.send(kafka.calls_topic, value, partition=partition) for value in values]
        await asyncio.gather(*written)


async def written(kafka: KafkaSettings, partition: int = 0) -> list[bytes]:
    """The values that `read_to_end` finds in one partition of the topic of calls."""
    records = await read_to_end(kafka, kafka.calls_topic, [partition])
    return [record.value for record in records[partition]]


class TestTopics:
    """`ensure_topics` creates what is missing, and says what it finds otherwise."""

    async def test_missing_topics_are_created_once(self, broker: BrokerProcess) -> None:
        kafka = kafka_settings(broker)
        assert await ensure_topics(kafka) == [spec.name for spec in topic_specs(kafka)]
        assert await ensure_topics(kafka) == []

    async def test_every_topic_gets_the_partitions_of_its_specification(self, broker: BrokerProcess) -> None:
        kafka = kafka_settings(broker, partitions=3)
        await ensure_topics(kafka)
        async with admin_client(kafka) as client:
            found = {topic["topic"]: len(topic["partitions"]) for topic in await client.describe_topics()}
        assert {spec.name: found[spec.name] for spec in topic_specs(kafka)} == {
            spec.name: spec.partitions for spec in topic_specs(kafka)
        }

    async def test_only_what_is_missing_is_created(self, broker: BrokerProcess) -> None:
        kafka = kafka_settings(broker)
        await ensure_topics(kafka)
        moved = replace(kafka, dead_letters_topic=f"{kafka.dead_letters_topic}-moved")
        assert await ensure_topics(moved) == [moved.dead_letters_topic]

    async def test_workers_that_start_together_all_succeed(self, broker: BrokerProcess) -> None:
        kafka = kafka_settings(broker)
        created = await asyncio.gather(*(ensure_topics(kafka) for _ in range(4)))
        assert {name for names in created for name in names} == {spec.name for spec in topic_specs(kafka)}

    async def test_every_topic_with_another_number_of_partitions_is_named(self, broker: BrokerProcess) -> None:
        kafka = kafka_settings(broker, partitions=2)
        await ensure_topics(kafka)
        with pytest.raises(KafkaProblemsError) as problem:
            await ensure_topics(replace(kafka, partitions=3))
        text = str(problem.value)
        assert f"Topic {kafka.calls_topic} has 2 partitions where the settings ask for 3." in text
        assert f"Topic {kafka.tickets_topic} has 2 partitions where the settings ask for 3." in text
        assert kafka.dead_letters_topic not in text

    async def test_the_number_of_copies_may_be_left_to_the_broker(self, broker: BrokerProcess) -> None:
        kafka = kafka_settings(broker, replication_factor=-1)
        assert len(await ensure_topics(kafka)) == len(topic_specs(kafka))

    async def test_the_settings_of_the_topics_arrive(self, apache_kafka: ApacheKafka) -> None:
        kafka = kafka_settings(apache_kafka)
        await ensure_topics(kafka)
        for spec in topic_specs(kafka):
            found = await topic_config(kafka, spec.name)
            assert {name: found[name] for name in spec.config} == dict(spec.config), spec.name

    async def test_a_refusal_is_told_for_each_topic_in_the_broker_s_words(self, apache_kafka: ApacheKafka) -> None:
        kafka = kafka_settings(apache_kafka, replication_factor=3)
        with pytest.raises(KafkaProblemsError) as problem:
            await ensure_topics(kafka)
        assert len(problem.value.problems) == len(topic_specs(kafka))
        assert f"refuses to create topic {kafka.calls_topic}" in problem.value.problems[0]
        assert "only 1 broker(s) are registered" in problem.value.problems[0]

    async def test_a_broker_that_is_not_there_is_named_with_what_to_do(self) -> None:
        address = f"{HOST}:{next_port()}"
        kafka = settings_at(address)
        with pytest.raises(KafkaProblemsError, match=f"{address}.*Start one, or correct bootstrap_servers"):
            await ensure_topics(kafka)


async def topic_config(kafka: KafkaSettings, topic: str) -> dict[str, str]:
    """The settings of the topic, as the broker tells them."""
    async with admin_client(kafka) as client:
        [answer] = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    [(_, _, _, _, entries)] = answer.resources
    return {name: value for name, value, *_ in entries}


class TestReadToEnd:
    """`read_to_end` gives all that is committed, and knows the end where the log does not end with a record."""

    async def test_an_empty_partition_has_an_end_too(self, broker: BrokerProcess) -> None:
        kafka = kafka_settings(broker, partitions=2)
        await ensure_topics(kafka)
        assert await read_to_end(kafka, kafka.calls_topic, [0, 1]) == {0: [], 1: []}

    async def test_no_partitions_need_no_broker(self) -> None:
        assert await read_to_end(settings_at(NOWHERE), "calls", []) == {}

    async def test_every_record_of_a_large_batch_is_there_in_order(self, broker: BrokerProcess) -> None:
        kafka = kafka_settings(broker)
        await ensure_topics(kafka)
        values = [b"%d" % number for number in range(1_000)]
        await write(kafka, values)
        assert await written(kafka) == values

    async def test_each_partition_gives_its_own_records(self, broker: BrokerProcess) -> None:
        kafka = kafka_settings(broker, partitions=3)
        await ensure_topics(kafka)
        await write(kafka, [b"first"], partition=0)
        await write(kafka, [b"third"] * 300, partition=2)
        records = await read_to_end(kafka, kafka.calls_topic, [0, 1, 2])
        assert {partition: len(found) for partition, found in records.items()} == {0: 1, 1: 0, 2: 300}

    async def test_keys_headers_instants_and_null_values_come_back(self, broker: BrokerProcess) -> None:
        kafka = kafka_settings(broker)
        await ensure_topics(kafka)
        async with AIOKafkaProducer(**client_options(kafka)) as producer:
            await producer.send_and_wait(
                kafka.month_totals_topic, None, b"key", partition=0, timestamp_ms=1_000, headers=[("reason", b"\xff")]
            )
        [record] = (await read_to_end(kafka, kafka.month_totals_topic, [0]))[0]
        assert (record.key, record.value, record.timestamp, record.headers) == (
            b"key",
            None,
            1_000,
            (("reason", b"\xff"),),
        )

    async def test_what_is_aborted_is_left_out(self, apache_kafka: ApacheKafka) -> None:
        kafka = kafka_settings(apache_kafka)
        await ensure_topics(kafka)
        async with writer(kafka) as producer:
            await transaction(producer, kafka, b"kept 1")
            await transaction(producer, kafka, b"dropped", commit=False)
            await transaction(producer, kafka, b"kept 2")
        assert await written(kafka) == [b"kept 1", b"kept 2"]

    async def test_a_log_that_ends_with_what_is_aborted_ends_all_the_same(self, apache_kafka: ApacheKafka) -> None:
        kafka = kafka_settings(apache_kafka)
        await ensure_topics(kafka)
        async with writer(kafka) as producer:
            await transaction(producer, kafka, b"kept")
            await transaction(producer, kafka, b"dropped", commit=False)
        assert await written(kafka) == [b"kept"]

    async def test_a_log_of_nothing_but_aborted_records_is_read_as_empty(self, apache_kafka: ApacheKafka) -> None:
        kafka = kafka_settings(apache_kafka)
        await ensure_topics(kafka)
        async with writer(kafka) as producer:
            await transaction(producer, kafka, b"dropped", commit=False)
        assert await written(kafka) == []

    async def test_an_open_transaction_is_not_waited_for(self, apache_kafka: ApacheKafka) -> None:
        kafka = kafka_settings(apache_kafka)
        await ensure_topics(kafka)
        async with writer(kafka) as producer:
            await transaction(producer, kafka, b"decided")
            await producer.begin_transaction()
            await producer.send_and_wait(kafka.calls_topic, b"open", partition=0)
            assert await written(kafka) == [b"decided"]
            await producer.commit_transaction()
        assert await written(kafka) == [b"decided", b"open"]

    async def test_the_last_word_of_a_dead_writer_is_decided_by_fencing_it(self, apache_kafka: ApacheKafka) -> None:
        kafka = kafka_settings(apache_kafka)
        await ensure_topics(kafka)
        async with writer(kafka) as former:
            await transaction(former, kafka, b"written")
            await former.begin_transaction()
            await former.send_and_wait(kafka.calls_topic, b"half written", partition=0)
            async with writer(kafka) as owner:
                assert await written(kafka) == [b"written"]
                await transaction(owner, kafka, b"taken over")
                assert await written(kafka) == [b"written", b"taken over"]
            with pytest.raises(ProducerFenced):
                await former.commit_transaction()

    async def test_a_topic_that_is_not_there_is_named(
        self, apache_kafka: ApacheKafka, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(streams_kafka, "PATIENCE_SECONDS", 0.2)
        kafka = kafka_settings(apache_kafka)
        with pytest.raises(KafkaProblemsError, match=f"of topic {kafka.calls_topic}: nothing came.*exist"):
            await read_to_end(kafka, kafka.calls_topic, [0])


def writer(kafka: KafkaSettings) -> AIOKafkaProducer:
    """A transactional producer; a second one with the same settings fences the first."""
    return AIOKafkaProducer(**client_options(kafka), transactional_id=f"{kafka.group}-0")


async def transaction(producer: AIOKafkaProducer, kafka: KafkaSettings, value: bytes, *, commit: bool = True) -> None:
    """One record in a transaction of its own, on partition 0 of the topic of calls, decided when this returns."""
    await producer.begin_transaction()
    await producer.send_and_wait(kafka.calls_topic, value, partition=0)
    await (producer.commit_transaction() if commit else producer.abort_transaction())


class TestSecurity:
    """`client_options` says who we are, and says nothing it should not."""

    async def test_a_listener_with_tls_and_a_password_lets_us_in(self, apache_kafka: ApacheKafka) -> None:
        kafka = secure(apache_kafka)
        await ensure_topics(kafka)
        await write(kafka, [b"secret"])
        assert await written(kafka) == [b"secret"]

    @pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # asyncio of 3.11 forgets it when TLS fails
    @pytest.mark.parametrize(
        "changes",
        [
            pytest.param({"sasl_password": Secret("a guess that is wrong")}, id="wrong password"),
            pytest.param({"ssl_ca_file": None}, id="authority unknown"),
        ],
    )
    async def test_who_is_not_let_in_is_told_what_to_correct(
        self, apache_kafka: ApacheKafka, changes: dict[str, Any]
    ) -> None:
        with pytest.raises(KafkaProblemsError, match=r"Cannot connect .*SASL_SSL.*the security settings") as problem:
            await ensure_topics(secure(apache_kafka, **changes))
        assert "a guess" not in str(problem.value)
        gc.collect()  # so that the forgotten connection warns here and not in a later test

    def test_a_certificate_that_cannot_be_read_is_named(self) -> None:
        kafka = settings_at(NOWHERE, security_protocol="SSL", ssl_ca_file=Path("/nowhere/ca.pem"))
        with pytest.raises(KafkaProblemsError, match=r"No such file.*PEM files.*ssl_ca_file = /nowhere/ca\.pem"):
            client_options(kafka)

    def test_without_security_nothing_of_it_is_passed(self) -> None:
        kafka = settings_at(NOWHERE, sasl_username="left over", ssl_ca_file=Path("/nowhere/ca.pem"))
        assert client_options(kafka) == {"bootstrap_servers": [NOWHERE], "security_protocol": "PLAINTEXT"}


def secure(broker: ApacheKafka, **changes: Any) -> KafkaSettings:
    """The settings for the listener of the broker that asks who we are."""
    return kafka_settings(broker, **with_password(broker, **changes))
