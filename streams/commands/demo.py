"""The command `wachtmonitor demo`: broker, feed, worker, /metrics and the wall on this machine, without Docker.

The feed is a simulated day, entered at its busiest hour, or a file played back from now on. Both run under opening
hours around the clock, because whoever looks at the demo does so at any hour. The calls of the simulated day may come
over an exchange that is followed. Must not be needed by anything else.
"""

import asyncio
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, datetime
from itertools import chain, tee
from pathlib import Path
from typing import Final, cast
from zoneinfo import ZoneInfo

import click
import msgspec
from aiokafka.errors import KafkaError

from streams.channels import CALLS, channel_of_event
from streams.channels.calls.events import CallEvent
from streams.commands.options import settings_option
from streams.commands.publish import Account
from streams.commands.stand_in import Addresses, StandInExchange
from streams.commands.worker import ending_at_last, log_to_stderr
from streams.contracts.decode import Event
from streams.contracts.events import instant_ms
from streams.core.rules import OpenInterval, Rules
from streams.kafka.client import KafkaProblemsError
from streams.kafka.embedded import HOST, BrokerError, EmbeddedBroker
from streams.process.clock import system_clock
from streams.process.signals import nothing
from streams.process.stoppable import told
from streams.runtime.app import MonitorApp
from streams.runtime.clock import Clock, accelerated_clock
from streams.runtime.worker import WorkerError, running_worker, unless_stopped, wait_for_end
from streams.serve.web import AddressError
from streams.settings import Settings, SettingsError, load
from streams.sources.acceptance import Acceptance
from streams.sources.files.contract import read_contract
from streams.sources.files.events import read_rows
from streams.sources.files.unpacking import FileError
from streams.sources.mapping import MappingError, load_mapping
from streams.sources.pacing import paced, shift
from streams.sources.sender import EventSender, SendError
from streams.sources.simulation import SimulationPlan, first_arrival_ms, simulate_day

log = logging.getLogger(__name__)

BUSY_HOUR: Final = 10
"""Local hour of the simulated day at which the demo enters it: the first peak, with everything behind it that
the windows of an hour and of today show."""

BUSY_DAY_CALLS: Final = 1_200
"""Calls of the demo's day: twice Lier's ordinary one, so that something happens on the wall every few seconds."""

BUSY_SERVICE_RATIO: Final = 1.0
BUSY_BOOKED_RATIO: Final = 0.95
"""Desks without slack: visits as long as planned and nearly every place taken, so that visitors wait."""

_AROUND_THE_CLOCK: Final = ((OpenInterval(0, 1440),),) * 7

_MONDAY: Final = date(2026, 10, 5)
"""A Monday without holidays near it, on which every desk is open."""


@click.command()
@click.option("--replay", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Play this file back.")
@click.option("--mapping", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="How to read FILE.")
@click.option("--speed", type=click.FloatRange(0.1, 1000), default=1.0, show_default=True, help="Pace of the replay.")
@settings_option
@click.option("--port", type=click.IntRange(0, 65535), help="Port of the pages. [default: that of the settings]")
@click.option("--exchange", is_flag=True, help="Let the calls come over a stand-in exchange that is followed.")
@click.option("--seed", type=int, default=7, show_default=True, help="Which simulated day.")
@click.option("--duration", type=click.FloatRange(min=0), help="End by itself after this many seconds.")
@click.option("--verbose", is_flag=True, help="Log what the engine and the Kafka client do.")
def demo(
    *,
    replay: Path | None,
    mapping: Path | None,
    speed: float,
    settings_file: Path | None,
    port: int | None,
    exchange: bool,
    seed: int,
    duration: float | None,
    verbose: bool,
) -> None:
    """Show everything on this machine: an embedded broker, a feed, the worker, /metrics and the wall page.

    Without --replay the feed is a simulated day. With it, FILE is read by --mapping (events of the contract need
    none) and played back as if it began now, --speed times as fast; waits keep their length. Nothing is kept when it
    ends. Stop it with Ctrl-C.

    With --exchange the calls of the simulated day take the way of real ones: a stand-in for an Asterisk exchange
    tells of them over AMI and queue_log, and a follower sends what it hears to Kafka. Visits at desks come as ever.
    """
    if replay is not None and exchange:
        raise click.UsageError("--exchange is for the simulated day: leave --replay out.")
    if replay is None and mapping is not None:
        raise click.UsageError("--mapping is for --replay FILE: it says how to read the file.")
    if replay is None and speed != 1:
        raise click.UsageError("--speed is for --replay: the simulated day runs at the pace of the clock.")
    log_to_stderr(verbose=verbose)
    try:
        settings = _demo_settings(load(settings_file, os.environ), port)
        feed = _replayed(replay, mapping, speed, settings.rules) if replay else _simulated(settings, seed)
        asyncio.run(_run(settings, feed, duration, exchange=exchange))
    except (
        SettingsError,
        MappingError,
        FileError,
        BrokerError,
        AddressError,
        WorkerError,
        KafkaProblemsError,
        KafkaError,
    ) as error:
        raise click.ClickException(str(error)) from error


class Feed(msgspec.Struct, frozen=True):
    """What is sent: `backlog` at once, `live` at the pace of `clock`, each event at its own time."""

    title: str
    clock: Clock
    speed: float
    backlog: list[Event]
    live: Iterable[Event]


def _demo_settings(settings: Settings, port: int | None) -> Settings:
    replace = msgspec.structs.replace
    web = settings.web if port is None else replace(settings.web, port=port)
    follow = replace(settings.follow, host=HOST, port=0 if port == 0 else settings.follow.port)
    kafka = replace(settings.kafka, group="wachtmonitor-demo", writer="plain", replication_factor=1, partitions=2)
    return replace(settings, web=web, follow=follow, kafka=kafka, sources={})  # nobody follows those


def _around_the_clock(rules: Rules) -> Rules:
    return msgspec.structs.replace(
        rules, opening_hours=_AROUND_THE_CLOCK, closing_days=(), public_holidays=(), earliest_ms=0
    )


def _simulated(settings: Settings, seed: int) -> Feed:
    """The simulated Monday, shifted so that its busy hour is now; more Mondays follow, without end."""
    now_ms = system_clock()
    entered = datetime(_MONDAY.year, _MONDAY.month, _MONDAY.day, BUSY_HOUR, tzinfo=ZoneInfo(settings.rules.zone))
    first = _monday(settings.rules, seed, now_ms - round(entered.timestamp() * 1000))
    backlog = [event for event in first if instant_ms(event.at) <= now_ms]
    return Feed(
        title=f"a simulated Monday from {BUSY_HOUR}:00 on, seed {seed}",
        clock=system_clock,
        speed=1.0,
        backlog=backlog,
        live=_without_end(settings.rules, seed, first[len(backlog) :]),
    )


def _monday(rules: Rules, seed: int, delta_ms: int) -> list[Event]:
    plan = msgspec.structs.replace(
        SimulationPlan(),
        calls_per_day=BUSY_DAY_CALLS,
        service_ratio=BUSY_SERVICE_RATIO,
        booked_ratio=BUSY_BOOKED_RATIO,
    )
    return [shift(event, delta_ms) for event in simulate_day(plan, rules, _MONDAY, seed)]


def _without_end(rules: Rules, seed: int, rest: list[Event]) -> Iterator[Event]:
    """The rest of the first day, then a new day on which the first comes in as the last day's last contact ends."""
    while True:
        yield from rest
        last_ms = instant_ms(rest[-1].at)
        seed += 1
        fresh = _monday(rules, seed, 0)
        rest = [shift(event, last_ms - first_arrival_ms(fresh)) for event in fresh]


def _replayed(file: Path, mapping_file: Path | None, speed: float, rules: Rules) -> Feed:
    mapping = None if mapping_file is None else load_mapping(mapping_file)
    account = Account(rules)
    with file.open("rb") as stream:
        rows = read_contract(stream, rules) if mapping is None else read_rows(stream, mapping, account.notes)
        read = list(account.to_its_end(rows))
    newest_ms = max((instant_ms(event.at) for row in read for event in row.events), default=0)
    accepted = account.of(Acceptance(_around_the_clock(rules)).of(read, newest_ms))  # of whatever time, it begins now
    events = [event for row in accepted for event in row.events]
    click.echo("\n".join([f"{file}: rows read: {account.rows:,}", *account.left_behind()]), err=True)
    if not events:
        raise click.ClickException(f"{file}: no event was found in it.")
    events.sort(key=lambda event: instant_ms(event.at))
    now_ms = system_clock()
    delta_ms = now_ms - instant_ms(events[0].at)
    return Feed(
        title=f"{file.name}, {len(events)} events, {speed:g} times as fast",
        clock=accelerated_clock(now_ms, speed),
        speed=speed,
        backlog=[],
        live=(shift(event, delta_ms) for event in events),
    )


async def _run(settings: Settings, feed: Feed, duration: float | None, *, exchange: bool) -> None:
    stop = asyncio.Event()
    with ending_at_last(), told(lambda _: stop.set(), then=nothing):
        async with AsyncExitStack() as stack:
            app = await unless_stopped(_started(stack, settings, feed, exchange=exchange), stop)
            if app is not None:
                if duration is not None:
                    asyncio.get_running_loop().call_later(duration, stop.set)
                await wait_for_end(app, stop)
            click.echo("\nStopping ...", err=True)
        click.echo("Stopped. Nothing was kept.", err=True)


async def _started(stack: AsyncExitStack, settings: Settings, feed: Feed, *, exchange: bool) -> MonitorApp:
    """Broker, worker and feed, which the stack ends, with the exchange and who follows it where the calls come so."""
    directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wachtmonitor-demo-")))
    broker = await stack.enter_async_context(EmbeddedBroker(directory))
    kafka = msgspec.structs.replace(settings.kafka, bootstrap_servers=(broker.bootstrap,))
    settings = msgspec.structs.replace(settings, kafka=kafka, rules=_around_the_clock(settings.rules))
    stand_in = None
    if exchange:
        feed, calls = _apart(feed)
        stand_in = await stack.enter_async_context(StandInExchange(settings, calls, directory))
        settings = stand_in.settings
    app = await stack.enter_async_context(running_worker(settings, clock=feed.clock, demo=True))
    await stack.enter_async_context(_sending(settings, feed))
    followed = None if stand_in is None else await stack.enter_async_context(stand_in.followed())
    _introduce(app.pages_address, broker, feed, followed)
    return app


def _apart(feed: Feed) -> tuple[Feed, Iterator[CallEvent]]:
    """The feed without calls, and all calls."""
    live, more = tee(feed.live)
    calls = (cast("CallEvent", event) for event in chain(feed.backlog, more) if channel_of_event(event) is CALLS)
    rest = msgspec.structs.replace(
        feed,
        backlog=[event for event in feed.backlog if channel_of_event(event) is not CALLS],
        live=(event for event in live if channel_of_event(event) is not CALLS),
    )
    return rest, calls


@asynccontextmanager
async def _sending(settings: Settings, feed: Feed) -> AsyncIterator[None]:
    async with EventSender(settings.kafka) as sender:
        for event in feed.backlog:
            # the record's time is the event's, as if it had been sent then
            await sender.send(event, timestamp_ms=instant_ms(event.at))
        await sender.flush()
        sending = asyncio.create_task(_send_live(sender, feed), name="feed")
        try:
            yield
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)


async def _send_live(sender: EventSender, feed: Feed) -> None:
    """Send the live events as their times come; when this fails the wall turns grey, and the log says why."""
    try:
        await _send_paced(sender, feed)
    except SendError as error:
        log.error("the feed has stopped: %s", error)


async def _send_paced(sender: EventSender, feed: Feed) -> None:
    async for event in paced(feed.live, clock=feed.clock, sleep=asyncio.sleep, speed=feed.speed):
        await sender.send(event, timestamp_ms=feed.clock())


def _introduce(address: str, broker: EmbeddedBroker, feed: Feed, followed: Addresses | None) -> None:
    click.echo(
        f"""
  Wachtmonitor demo

  Wall page    http://{address}/
  Metrics      http://{address}/metrics
  Health       http://{address}/health
  Kafka        {broker.bootstrap} (embedded, in memory; log: {broker.log})
  Feed         {feed.title}
               opening hours are around the clock in the demo
{"" if followed is None else _way(followed)}
  Stop with Ctrl-C.
""",
        err=True,
    )


def _way(followed: Addresses) -> str:
    """The way that the calls take."""
    return f"""
  The calls come from an exchange that stands in for Asterisk:

  AMI          {followed.manager}
  queue_log    {followed.queue_log}
  Follower     http://{followed.pages}/health
               http://{followed.pages}/metrics
               it listens to both, and sends what it hears to Kafka
"""
