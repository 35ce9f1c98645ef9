"""Kafka's configuration for an installation, read by Kafka itself: it starts, and workers find what they need."""

import asyncio
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest
import yaml
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.kafka.client import admin_client, ensure_topics
from streams.kafka.embedded import HOST, BrokerProcess
from tests.brokers.apache import JAVA, KafkaMissingError, kafka_jars
from tests.brokers.ports import next_port
from tests.brokers.topics import settings_at
from tests.runtime.workers import until

ROOT: Final = Path(__file__).parents[2]
PROPERTIES: Final = ROOT / "deploy" / "kafka" / "server.properties"
ENVIRONMENT: Final[dict[str, str]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))[
    "services"
]["kafka"]["environment"]

Ports = dict[str, int]
"""Free ports of this machine by those of the installation."""


def _here(text: str, ports: Ports) -> str:
    """Addresses of the installation as ones of this machine, with the defaults of variables."""
    plain = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)
    return re.sub(r"(//|@)[a-z]*:(\d+)", lambda match: f"{match[1]}{HOST}:{ports[match[2]]}", plain)


def _set_up(directory: Path, ports: Ports, java: Sequence[str]) -> Path:
    """The file that the image's own program makes of the mounted one and the environment; storage is formatted."""
    mounted, final = directory / "mounted", directory / "final"
    for each in (mounted, final):
        each.mkdir()
    text = _here(PROPERTIES.read_text(encoding="utf-8"), ports)
    (mounted / PROPERTIES.name).write_text(
        re.sub(r"^log\.dirs=.*$", f"log.dirs={directory / 'data'}", text, flags=re.MULTILINE), encoding="utf-8"
    )
    environment = {name: _here(value, ports) for name, value in ENVIRONMENT.items()}
    places = {"default": directory / "none", "mounted": mounted, "final": final}
    options = [word for name, place in places.items() for word in (f"--{name}-configs-dir", str(place))]
    command = [*java, "kafka.docker.KafkaDockerWrapper", "setup", *options]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return final / PROPERTIES.name


@pytest.mark.kafka
async def test_kafka_starts_as_in_its_image_and_stamps_records_on_arrival(tmp_path: Path) -> None:
    try:
        java = [*JAVA, "-cp", f"{kafka_jars()}/*"]
    except KafkaMissingError as missing:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(f"no Apache Kafka: {missing}")
    ports = {name: next_port() for name in ("19092", "9092", "9093")}
    file = await asyncio.to_thread(_set_up, tmp_path, ports, java)
    port = ports["9092"]
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
