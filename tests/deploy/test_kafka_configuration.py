"""Kafka's configuration for an installation, read by Kafka itself: it starts, and workers find what they need."""

import asyncio
import os
import subprocess
from pathlib import Path
from typing import Final

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.kafka import admin_client, ensure_topics
from streams.runtime.embedded import HOST, BrokerProcess, free_port
from tests.brokers.apache import CLUSTER_ID, JAVA, KafkaMissingError, kafka_jars
from tests.brokers.topics import settings_at
from tests.runtime.workers import until

PROPERTIES: Final = Path(__file__).parents[2] / "deploy" / "kafka" / "server.properties"


def _here(directory: Path, port: int) -> str:
    """The committed file with free ports of this machine and a directory of its own; the rest as it is."""
    inside, controller = free_port(), free_port()
    changed = {
        "listeners": f"INSIDE://{HOST}:{inside},OUTSIDE://{HOST}:{port},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": f"INSIDE://{HOST}:{inside},OUTSIDE://{HOST}:{port}",
        "controller.quorum.voters": f"1@{HOST}:{controller}",
        "log.dirs": str(directory / "data"),
    }
    lines = PROPERTIES.read_text(encoding="utf-8").splitlines()
    found = {line.partition("=")[0] for line in lines}
    assert set(changed) <= found
    return "\n".join(
        f"{name}={changed[name]}" if (name := line.partition("=")[0]) in changed else line for line in lines
    )


@pytest.mark.kafka
async def test_kafka_starts_with_it_and_stamps_records_on_arrival(tmp_path: Path) -> None:
    try:
        java = [*JAVA, "-cp", f"{kafka_jars()}/*"]
    except KafkaMissingError as missing:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(f"no Apache Kafka: {missing}")
    port = free_port()
    file = tmp_path / "server.properties"
    file.write_text(_here(tmp_path, port), encoding="utf-8")
    formatting = ["kafka.tools.StorageTool", "format", "--config", str(file), "--cluster-id", CLUSTER_ID]
    await asyncio.to_thread(subprocess.run, [*java, *formatting], check=True, capture_output=True)
    broker = BrokerProcess("Kafka", [*java, "kafka.Kafka", str(file)], port=port, log=tmp_path / "log")
    await broker.start()
    try:
        settings = settings_at(broker.bootstrap, replication_factor=-1)
        await ensure_topics(settings)
        async with admin_client(settings) as admin:
            await admin.create_topics([NewTopic("other", 1, 1)])
            await until(lambda: _stamps_on_arrival(admin, "other"), "a topic whose records get the time of arrival")
    finally:
        await broker.stop()


async def _stamps_on_arrival(admin: AIOKafkaAdminClient, topic: str) -> bool:
    """Whether the topic has it from the broker; a new topic is known a moment later."""
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    entries = [
        entry for answer in answers for each in answer.to_object()["resources"] for entry in each["config_entries"]
    ]
    values = {entry["config_names"]: entry["config_value"] for entry in entries}
    return values.get("message.timestamp.type") == "LogAppendTime"
