"""The installation that the dashboards' queries are asked of, started once for all of these tests."""

import os
import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.brokers.apache import ApacheKafka
from tests.dashboards.monitored import Monitored


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def monitored(apache_kafka: ApacheKafka, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Monitored]:
    """Two workers on half a simulated day, scraped by a Prometheus; skipped without one, but never in CI."""
    if shutil.which("prometheus") is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("no Prometheus: install Debian's package prometheus")
    async with Monitored(apache_kafka, tmp_path_factory.mktemp("monitored")) as installation:
        yield installation
