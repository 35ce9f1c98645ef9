"""Fixtures for all tests: the brokers, each started once in a process of the run and only when a test asks for it."""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from streams.kafka.embedded import BrokerProcess, EmbeddedBroker
from tests.brokers.apache import ApacheKafka, KafkaMissingError, kafka_jars
from tests.brokers.ports import next_port
from tests.runtime.workers import WorkerProcess


def pytest_configure() -> None:
    """The same examples in every run, however slow the machine; and Ctrl-C is heeded.

    A shell has a job in the background ignore it, and what tests start inherits that.
    """
    settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("steady")
    WorkerProcess.begins_imported = True
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files whose tests wait for services come first: the short ones then fill what time each process has left."""
    long = {item.path for item in items if any(item.get_closest_marker(service) for service in ("kafka", "browser"))}
    items.sort(key=lambda item: item.path not in long)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def embedded_broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedBroker]:
    """The embedded broker, shared by all tests of the run: a test uses topics of its own."""
    async with EmbeddedBroker(tmp_path_factory.mktemp("embedded"), next_port()) as broker:
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
