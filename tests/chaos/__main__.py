"""`make chaos`: many seeded scenarios, several at a time, and one summary.

Scenarios that strike brokers have a cluster of three to themselves; the others share one broker.
"""

import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import click

from streams.runtime.embedded import BrokerError
from tests.brokers.apache import ApacheCluster, KafkaMissingError, kafka_jars
from tests.chaos.proxy import Network
from tests.chaos.scenario import Plan, Result, planned, run
from tests.chaos.summary import described, summarised


@click.command()
@click.option("--scenarios", default=200, show_default=True, help="How many scenarios, if no seed is named.")
@click.option("--first-seed", default=1, show_default=True, help="The seed of the first.")
@click.option("--seed", "seeds", multiple=True, type=int, help="Run this seed alone, with its timeline. Repeatable.")
@click.option("--parallel", default=3, show_default=True, help="Scenarios at a time on the shared broker.")
@click.option("--minutes", type=float, help="Begin no scenario after so many minutes.")
@click.option("--logs", type=click.Path(path_type=Path, file_okay=False), help="Where logs are kept.")
def main(
    *, scenarios: int, first_seed: int, seeds: Sequence[int], parallel: int, minutes: float | None, logs: Path | None
) -> None:
    """Strike workers and brokers with faults and compare every figure. Ends with status 1 on any difference."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the harness's own clients meet the faults too
    directory = logs or Path(tempfile.mkdtemp(prefix="wachtmonitor-chaos-"))
    wanted = seeds or range(first_seed, first_seed + scenarios)
    until = time.monotonic() + minutes * 60 if minutes else float("inf")
    started = time.monotonic()
    try:
        results = asyncio.run(
            _run_all([planned(seed) for seed in wanted], directory, parallel, until, verbose=bool(seeds))
        )
    except (KafkaMissingError, BrokerError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(summarised(results, time.monotonic() - started))
    click.echo(f"logs: {directory}")
    sys.exit(any(result.differences for result in results))


async def _run_all(
    plans: Sequence[Plan], directory: Path, parallel: int, until: float, *, verbose: bool
) -> list[Result]:
    jars = kafka_jars()
    queues = {breaks: [plan for plan in plans if plan.breaks_brokers is breaks] for breaks in (False, True)}
    lanes = []
    async with AsyncExitStack() as stack:
        for breaks, queue in queues.items():
            if not queue:
                continue
            width = 1 if breaks else min(parallel, len(queue))
            size = 3 if breaks else 1
            cluster = ApacheCluster(directory / f"brokers-{size}", jars, size=size, doors=width)
            await stack.enter_async_context(cluster)
            for number in range(width):
                doors = [broker.node.doors[number] for broker in cluster.brokers]
                network = await stack.enter_async_context(Network(doors))
                lanes.append(_lane(queue, cluster, network, directory, until, verbose=verbose))
        by_lane = await asyncio.gather(*lanes)
    return [result for results in by_lane for result in results]


async def _lane(
    queue: list[Plan], cluster: ApacheCluster, network: Network, directory: Path, until: float, *, verbose: bool
) -> list[Result]:
    """Run what is in the queue, one after the other, as long as there is time."""
    results = []
    while queue and time.monotonic() < until:
        plan = queue.pop(0)
        own = directory / f"seed-{plan.seed}"
        own.mkdir(parents=True)
        result = await run(plan, cluster, network, own, verbose=verbose)
        click.echo(described(result, own, with_timeline=verbose or bool(result.differences)))
        results.append(result)
    return results


if __name__ == "__main__":
    main()
