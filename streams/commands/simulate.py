"""`wachtmonitor simulate`: a simulated day as JSON lines or into Kafka.

Everything about how people behave is in `streams.sources.simulation`; this module only chooses the day, writes or
sends it, and sums up.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import click
import msgspec

from streams.channels import channel_of, channel_of_type
from streams.channels.named_events import tag_of
from streams.commands.common import NotSent, rules_shown
from streams.commands.options import load_settings, settings_option
from streams.contracts.decode import Event
from streams.contracts.events import instant_ms
from streams.core.rules import Rules
from streams.kafka.client import KafkaProblemsError
from streams.process.clock import system_clock
from streams.process.signals import exit_status
from streams.process.stoppable import run
from streams.settings import KafkaSettings, Settings
from streams.sources.pacing import paced
from streams.sources.sender import EventSender, SendError, ensure_source_topics
from streams.sources.simulation import SimulationPlan, first_arrival_ms, simulate_day
from streams.sources.simulation.channels import simulators

_CALLS_MAX: Final = 100_000
"""Most calls in a day: far beyond any city, and simulated in some ten seconds."""

_LAST_YEAR: Final = 2099
"""Last year to simulate: public holidays are not known for ever."""


@click.command()
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="The day to simulate.  [default: today]")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed and date give the same events.")
@click.option(
    "--calls",
    type=click.IntRange(1, _CALLS_MAX),
    default=round(SimulationPlan().calls_per_day),
    show_default=True,
    help="Calls to expect within opening hours; agents are staffed to match.",
)
@settings_option
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, allow_dash=True),
    default="-",
    show_default=True,
    help="Where to write the events as JSON lines; - is the standard output.",
)
@click.option("--kafka", "to_kafka", is_flag=True, help="Send the events to Kafka instead, as their times come.")
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    help="With --kafka: begin the day now, and let it pass this many times as fast as the clock.",
)
@click.option("--at-once", is_flag=True, help="With --kafka: send the whole day without waiting for its times.")
@click.pass_context
def simulate(
    ctx: click.Context,
    *,
    day: datetime | None,
    seed: int,
    calls: int,
    settings_file: Path | None,
    output: str,
    to_kafka: bool,
    speed: float | None,
    at_once: bool,
) -> None:
    """Make up a realistic day of calls and visitors.

    Callers queue for agents and hang up when it takes too long; visitors come early, late, unannounced or not at
    all, and desks fall behind. The day follows the opening hours and clusters of the settings.
    """
    _check_options(ctx, to_kafka=to_kafka, speed=speed, at_once=at_once)
    settings = load_settings(settings_file)
    chosen = _chosen_day(day, settings.rules)
    events = simulate_day(SimulationPlan(calls_per_day=calls), settings.rules, chosen, seed)
    click.echo(_summary(events, chosen, seed), err=True)
    if not to_kafka:
        with click.open_file(output, "wb") as stream:
            stream.write(msgspec.json.Encoder().encode_lines(events))
    elif events:
        _send(events, settings, speed=speed, at_once=at_once)


def _check_options(ctx: click.Context, *, to_kafka: bool, speed: float | None, at_once: bool) -> None:
    if not to_kafka and (speed is not None or at_once):
        raise click.UsageError("--speed and --at-once say how to send to Kafka: add --kafka, or leave them out.")
    if at_once and speed is not None:
        raise click.UsageError("--speed sends at a pace and --at-once without one: choose one of them.")
    if to_kafka and ctx.get_parameter_source("output") is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("--output writes the events and --kafka sends them: choose one of them.")


def _chosen_day(day: datetime | None, rules: Rules) -> date:
    """The day asked for, or today in the city, refused where the monitor would refuse its events."""
    zone = ZoneInfo(rules.zone)
    chosen = _today(zone) if day is None else day.date()
    first = datetime.fromtimestamp(rules.earliest_ms / 1000, zone).date()
    if not (first <= chosen and chosen.year <= _LAST_YEAR):
        raise click.BadParameter(f"{chosen} is not between {first} and {_LAST_YEAR}-12-31.", param_hint="--date")
    return chosen


def _today(zone: ZoneInfo) -> date:
    return datetime.now(zone).date()


def _summary(events: Sequence[Event], day: date, seed: int) -> str:
    """What the day holds, counted by type of event."""
    if not events:
        return f"{day} is closed in the settings, so there are no events. Choose an open day with --date."
    kinds: dict[str, Counter[str]] = {channel_of(each).contacts: Counter() for each in simulators()}
    for event, count in Counter(map(type, events)).items():
        kinds[channel_of_type(event).contacts][tag_of(event)] = count
    counts = (
        f"  {contacts}: " + (", ".join(f"{count} {kind}" for kind, count in types.most_common()) or "none")
        for contacts, types in kinds.items()
    )
    return "\n".join([f"{day}, seed {seed}: {len(events)} events", *counts])


def _send(events: Sequence[Event], settings: Settings, *, speed: float | None, at_once: bool) -> None:
    """Send the events, and say how many arrived, also after Ctrl-C."""
    last_ms = instant_ms(events[-1].at)
    if (at_once or speed is not None) and last_ms > system_clock() + settings.rules.future_tolerance_ms:
        click.echo(
            "Some of these events are still to come. Topics that stamp records with the broker's time, as on a real "
            "Kafka, make the monitor refuse them as too far ahead: choose an earlier day with --date.",
            err=True,
        )
    servers = ", ".join(settings.kafka.bootstrap_servers)
    click.echo(f"Sending to Kafka at {servers}; Ctrl-C stops.", err=True)
    sender = EventSender(settings.kafka)
    try:
        run(_deliver(_scheduled(events, speed=speed, at_once=at_once), sender, settings.kafka))
    except KeyboardInterrupt as interrupted:
        click.echo(f"Stopped: {sender.acknowledged} of {len(events)} events sent.", err=True)
        raise click.exceptions.Exit(exit_status(interrupted)) from None
    except KafkaProblemsError as error:
        raise click.ClickException(str(error)) from error
    except SendError as error:
        raise NotSent(str(error)) from error
    click.echo(f"{sender.acknowledged} of {len(events)} events sent.", err=True)


async def _deliver(
    scheduled: AsyncIterator[tuple[Event, int | None]], sender: EventSender, kafka: KafkaSettings
) -> None:
    await ensure_source_topics(kafka)
    sender.rules = await rules_shown(kafka)
    async with sender:
        async for event, timestamp_ms in scheduled:
            await sender.send(event, timestamp_ms)


async def _scheduled(
    events: Sequence[Event], *, speed: float | None, at_once: bool
) -> AsyncIterator[tuple[Event, int | None]]:
    """Each event when it is to be sent, and the time to stamp its record with.

    At the clock's own pace a record is stamped on sending (None), as from a real source; otherwise with the event's
    time, so that waits are judged by the simulated day.
    """
    if at_once:
        for event in events:
            yield event, instant_ms(event.at)
    elif speed is None:
        async for event in paced(events, clock=system_clock, sleep=asyncio.sleep, speed=1.0):
            yield event, None
    else:
        async for event in paced(events, clock=_day_clock(events, speed), sleep=asyncio.sleep, speed=speed):
            yield event, instant_ms(event.at)


def _day_clock(events: Sequence[Event], speed: float) -> Callable[[], int]:
    """A clock that starts at the day's first call or visitor and runs `speed` times as fast as real time.

    Requests of earlier days lie before that, and so go out first.
    """
    start_ms = first_arrival_ms(events)
    started = time.monotonic()
    return lambda: start_ms + int((time.monotonic() - started) * 1000 * speed)
