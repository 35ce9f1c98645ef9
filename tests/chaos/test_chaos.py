"""The short form of `make chaos`: two scenarios, of workers and of what is around them, on one cluster of brokers.

Each must end with every figure equal to the SQL oracle's over what was published. `make chaos` runs hundreds, with
all faults.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from tests.brokers.apache import ApacheCluster, KafkaMissingError, kafka_jars
from tests.chaos.proxy import Network
from tests.chaos.scenario import Plan, Result, run

pytestmark = pytest.mark.kafka

FAMILIES: Final[dict[str, tuple[tuple[str, bool], ...]]] = {
    "workers": (("kill_three", False), ("freeze", True), ("join_and_leave", False)),
    "neighbours": (("cut_network", True), ("restart_coordinator", False)),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def results(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, tuple[Result, Path]]]:
    """The scenarios, run at the same time: the faults of the brokers strike all of them."""
    try:
        jars = kafka_jars()
    except KafkaMissingError as missing:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(f"no Apache Kafka: {missing}")
    directory = tmp_path_factory.mktemp("chaos")
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(ApacheCluster(directory, jars, doors=len(FAMILIES)))
        runs = []
        for number, rounds in enumerate(FAMILIES.values()):
            doors = [broker.node.doors[number] for broker in cluster.brokers]
            network = await stack.enter_async_context(Network(doors))
            plan = Plan(number, workers=3, partitions=3, records_per_second=40, rounds=rounds)
            own = directory / f"scenario-{number}"
            own.mkdir()
            runs.append(_run(plan, cluster, network, own))
        yield dict(zip(FAMILIES, await asyncio.gather(*runs), strict=True))


async def _run(plan: Plan, cluster: ApacheCluster, network: Network, directory: Path) -> tuple[Result, Path]:
    return await run(plan, cluster, network, directory), directory / "timeline.txt"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.asyncio(loop_scope="module")
async def test_every_figure_is_right_after(family: str, results: dict[str, tuple[Result, Path]]) -> None:
    result, timeline = results[family]
    assert result.differences == [], timeline.read_text()
    assert result.events > 100
    assert result.faults.total() >= len(FAMILIES[family])
