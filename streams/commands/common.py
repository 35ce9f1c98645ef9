"""What several commands share: reading what is on Kafka, formatting a time, writing the output."""

import asyncio
import logging
import sys
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import click
from aiokafka.errors import KafkaError

from streams.channels import topics_of
from streams.kafka.partitioners import Partitioner
from streams.kafka.permission import allowed
from streams.kafka.rights import Role
from streams.live.faults import keys_problem
from streams.months.month import Sources
from streams.months.reading import UNUSABLE, read_sources
from streams.process.stoppable import run
from streams.runtime.fetching.tail import newest_of_each, seen_keys
from streams.settings import KafkaSettings

TAIL_SECONDS: Final = 10.0
"""How long brokers may take to hand over the newest records of a topic."""


class NotSent(click.ClickException):
    """Kafka did not take every event: the command ends with the text and a status of its own."""

    exit_code = 3


class UsageProblem(click.ClickException):
    """What was asked for cannot be done as it was asked; nothing was sent."""

    exit_code = 2


def read(kafka: KafkaSettings) -> Sources:
    """What is on Kafka; what makes it unreadable becomes the command's error."""
    try:
        return run(allowed(kafka, Role.REPORT, read_sources(kafka)))
    except UNUSABLE as error:
        raise click.ClickException(str(error)) from error


async def rules_shown(kafka: KafkaSettings) -> dict[str, Partitioner]:
    """By which rule the newest records of each topic of events are placed, so that those to come are placed alike.

    Says so where it is not murmur2, or where sources disagree. Of a topic that cannot be read nothing is known.
    """
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # new topics have no leader at first, which is no news
    rules: dict[str, Partitioner] = {}
    for topic, channel in topics_of(kafka).items():
        try:
            newest = await newest_of_each(kafka, topic, kafka.partitions, TAIL_SECONDS)
        except (OSError, KafkaError):
            continue  # whoever only sends needs no right to read
        placement = (await asyncio.to_thread(seen_keys, newest)).placement()
        if (problem := keys_problem(topic, channel, placement)) is not None:
            click.echo(f"Warning: {problem.text}", err=True)
        elif placement.has_other_rule:
            click.echo(
                f"Warning: the keys of {topic} are placed by another rule than murmur2 or CRC32. These events are "
                "placed by murmur2: a contact that is there already would be counted twice.",
                err=True,
            )
        if placement.rule is not None and placement.rule is not Partitioner.MURMUR2:
            rules[topic] = placement.rule
            click.echo(f"Keys are placed by {placement.rule}, as the records of {topic} are.", err=True)
    return rules


def local_time(at_ms: int, zone: str) -> str:
    """A local time, such as `2026-11-03 06:00`."""
    return f"{datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def write_output(data: bytes, output: Path | None) -> None:
    """Bytes as they are, so that no platform changes the line ends of the CSV; without `output` to the terminal."""
    if output is None:
        sys.stdout.buffer.write(data)
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written ({error.strerror}); name another file.") from error
