"""Fixtures for all tests: the brokers, each started once in a run and only when a test asks for it."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from streams.runtime.embedded import BrokerProcess, EmbeddedBroker
from tests.brokers.apache import ApacheKafka, KafkaMissingError, kafka_jars


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def embedded_broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedBroker]:
    """The embedded broker, shared by all tests of the run: a test uses topics of its own."""
    async with EmbeddedBroker(tmp_path_factory.mktemp("embedded")) as broker:
        yield broker


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def apache_kafka(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ApacheKafka]:
    """A real Apache Kafka, shared by all tests of the run; skipped where it cannot be had, but never in CI."""
    try:
        jars = kafka_jars()
    except KafkaMissingError as missing:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(f"no Apache Kafka: {missing}")
    async with ApacheKafka(tmp_path_factory.mktemp("apache"), jars) as broker:
        yield broker


@pytest.fixture(
    scope="session",
    params=[pytest.param("embedded_broker", id="embedded"), pytest.param("apache_kafka", id="apache")],
)
def broker(request: pytest.FixtureRequest) -> BrokerProcess:
    """Each broker in turn: a test that takes it holds on both."""
    chosen: BrokerProcess = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture(scope="session")
def real_calls() -> Path:
    """The file of real calls, as WACHTMONITOR_REAL_CALLS names it or beside the repository; skipped without it."""
    if named := os.environ.get("WACHTMONITOR_REAL_CALLS"):
        return Path(named)
    found = sorted((Path(__file__).parents[2] / "shared" / "data").glob("*.tsv"))
    if not found:
        pytest.skip("the real calls are not here: name their file in WACHTMONITOR_REAL_CALLS")
    return found[0]
