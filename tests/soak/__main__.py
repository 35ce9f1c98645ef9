"""`make soak`: the soak, then a million contacts that never end, each with a worker and a Kafka of its own."""

import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import click

from streams.kafka.embedded import BrokerError
from streams.settings import KafkaSettings
from tests.brokers.apache import ApacheKafka, KafkaMissingError, kafka_jars
from tests.brokers.topics import kafka_settings
from tests.soak.ghosts import haunt
from tests.soak.steady import soak

Run = Callable[[KafkaSettings, Path], Awaitable[bool]]


@click.command()
@click.option(
    "--hours",
    default=1.0,
    show_default=True,
    help="How long memory is judged, after a warm-up to the next full hour; 0 leaves it out.",
)
@click.option("--times", default=10, show_default=True, help="How many times the busiest hour of the simulation.")
@click.option("--ghosts", default=1_000_000, show_default=True, help="Calls that never end; 0 leaves them out.")
@click.option("--logs", type=click.Path(path_type=Path, file_okay=False), help="Where logs are kept.")
def main(*, hours: float, times: int, ghosts: int, logs: Path | None) -> None:
    """Keep a worker under load and judge its memory. Ends with status 1 when it grows or when an event is missing."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    directory = logs or Path(tempfile.mkdtemp(prefix="wachtmonitor-soak-"))
    started = time.monotonic()

    def say(text: str) -> None:
        click.echo(f"[{time.monotonic() - started:6.0f} s] {text}")

    runs: dict[str, Run] = {}
    if hours > 0:
        runs["soak"] = lambda kafka, own: soak(kafka, own, hours, times, say)
    if ghosts > 0:
        runs["ghosts"] = lambda kafka, own: haunt(kafka, own, ghosts, say)
    try:
        good = asyncio.run(_run(runs, directory))
    except (KafkaMissingError, BrokerError) as error:
        raise click.ClickException(str(error)) from error
    say(f"logs: {directory}")
    sys.exit(0 if good else 1)


async def _run(runs: dict[str, Run], directory: Path) -> bool:
    good = True
    for name, run in runs.items():
        own = directory / name
        own.mkdir(parents=True, exist_ok=True)
        async with ApacheKafka(own / "kafka", kafka_jars(), is_measured=True) as broker:
            good &= await run(kafka_settings(broker), own)
    return good


if __name__ == "__main__":
    main()
