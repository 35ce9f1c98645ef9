"""`make chaos`: many seeded scenarios, several at a time, and one summary.

Scenarios that strike brokers have a cluster of three to themselves; the others share one broker.
"""

import asyncio
import logging
import signal
import sys
import tempfile
import time
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import click

from streams.kafka.embedded import BrokerError
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
@click.option("--sources", is_flag=True, help="Let an exchange be followed and webhooks come in all scenarios.")
@click.option("--logs", type=click.Path(path_type=Path, file_okay=False), help="Where logs are kept.")
def main(
    *,
    scenarios: int,
    first_seed: int,
    seeds: Sequence[int],
    parallel: int,
    minutes: float | None,
    sources: bool,
    logs: Path | None,
) -> None:
    """Strike workers and brokers with faults and compare every figure. Ends with status 1 on any difference."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the harness's own clients meet the faults too
    course = Course(
        directory=logs or Path(tempfile.mkdtemp(prefix="wachtmonitor-chaos-")),
        parallel=parallel,
        until=time.monotonic() + minutes * 60 if minutes else float("inf"),
        verbose=bool(seeds),
    )
    started = time.monotonic()
    try:
        numbers = seeds or range(first_seed, first_seed + scenarios)
        asyncio.run(course.run([planned(seed, sources=sources) for seed in numbers]))
    except (KafkaMissingError, BrokerError) as error:
        raise click.ClickException(str(error)) from error
    except (KeyboardInterrupt, asyncio.CancelledError):
        click.echo("stopped; this is what was run to its end:")
    click.echo(summarised(course.results, time.monotonic() - started))
    click.echo(f"logs: {course.directory}")
    sys.exit(any(result.differences for result in course.results))


@dataclass
class Course:
    """Many scenarios: where their logs go, how many run at a time, until when one may begin, and how they went."""

    directory: Path
    parallel: int
    until: float
    """By the monotonic clock."""
    verbose: bool
    results: list[Result] = field(default_factory=list)

    async def run(self, plans: Sequence[Plan]) -> None:
        """Run the scenarios; SIGTERM breaks off like Ctrl-C."""
        this = asyncio.current_task()
        assert this is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
        jars = kafka_jars()
        async with AsyncExitStack() as stack:
            lanes = []
            for breaks in (False, True):
                queue = [plan for plan in plans if plan.breaks_brokers is breaks]
                width = 1 if breaks else self.parallel
                if queue:
                    lanes += await self._lanes(stack, jars, queue, 3 if breaks else 1, min(width, len(queue)))
            await asyncio.gather(*lanes)

    async def _lanes(
        self, stack: AsyncExitStack, jars: Path, queue: list[Plan], brokers: int, width: int
    ) -> list[Coroutine[None, None, None]]:
        """So many lanes on one cluster, each with a network of its own, which share a queue."""
        cluster = ApacheCluster(self.directory / f"brokers-{brokers}", jars, size=brokers, doors=width)
        await stack.enter_async_context(cluster)
        lanes = []
        for number in range(width):
            doors = [broker.node.doors[number] for broker in cluster.brokers]
            network = await stack.enter_async_context(Network(doors))
            lanes.append(self._lane(queue, cluster, network))
        return lanes

    async def _lane(self, queue: list[Plan], cluster: ApacheCluster, network: Network) -> None:
        """Run what is in the queue, one after the other, as long as there is time."""
        while queue and time.monotonic() < self.until:
            plan = queue.pop(0)
            own = self.directory / f"seed-{plan.seed}"
            own.mkdir(parents=True)
            result = await run(plan, cluster, network, own, verbose=self.verbose)
            click.echo(described(result, own, with_timeline=self.verbose or bool(result.differences)))
            self.results.append(result)


if __name__ == "__main__":
    main()
