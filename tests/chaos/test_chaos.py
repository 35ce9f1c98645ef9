"""The short form of `make chaos`: one scenario of faults of workers, network and broker, on one broker.

It must end with every figure equal to the SQL oracle's over what was published. `make chaos` runs hundreds, with all
faults, on clusters of three.
"""

import os
from pathlib import Path
from typing import Final

import pytest

from tests.brokers.apache import ApacheCluster, KafkaMissingError, kafka_jars
from tests.chaos.proxy import Network
from tests.chaos.scenario import Plan, run

pytestmark = pytest.mark.kafka

PLAN: Final = Plan(
    seed=0,
    workers=3,
    partitions=3,
    records_per_second=40,
    rounds=(("kill_three", False), ("cut_network", True), ("restart_broker", False)),
)


async def test_every_figure_is_right_after_faults(tmp_path: Path) -> None:
    try:
        jars = kafka_jars()
    except KafkaMissingError as missing:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(f"no Apache Kafka: {missing}")
    own = tmp_path / "scenario"
    own.mkdir()
    async with (
        ApacheCluster(tmp_path, jars, size=1, doors=1) as cluster,
        Network([broker.node.doors[0] for broker in cluster.brokers]) as network,
    ):
        result = await run(PLAN, cluster, network, own)
    assert result.differences == [], (own / "timeline.txt").read_text()
    assert result.events > 100
    assert result.faults.total() >= len(PLAN.rounds)
