"""`wachtmonitor follow`: watches a source of the settings and sends its facts to Kafka, until it is told to stop.

What is watched and how is in `streams.sources`, how facts and position get to Kafka in `streams.sources.following`.
"""

import asyncio
import logging
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import click
import msgspec

from streams.commands.common import NotSent, UsageProblem, rules_shown
from streams.commands.options import settings_option
from streams.contracts.names import advice, sentence
from streams.core.rules import Channel
from streams.live.followed import Followed
from streams.process.clock import system_clock
from streams.process.signals import nothing
from streams.process.stoppable import told
from streams.serve.metrics.followed import SourceMetrics
from streams.serve.wall.payload import HealthPayload
from streams.serve.web import AddressError, create_source_web, serve
from streams.settings import Settings, SettingsError, SourceTable, load
from streams.sources.following import DeliveryError, Follower
from streams.sources.following.account import Account
from streams.sources.sender import encoded
from streams.sources.source import Lender, Source, SourceError
from streams.sources.watched import source_of

log = logging.getLogger(__name__)

PROGRESS_SECONDS: Final = 10.0
"""How often the log says what came, if anything did."""


@click.command()
@click.argument("name")
@settings_option
@click.option("--dry-run", is_flag=True, help="Show what comes from now on, without Kafka: send and store nothing.")
def follow(name: str, settings_file: Path | None, *, dry_run: bool) -> None:
    """Watch the source NAME of the settings, [source.NAME], and send its facts to Kafka.

    Goes on where it was stopped: facts may come twice then, which changes no figure, and none is skipped. A source or
    a Kafka that is away is tried again. Serves /metrics and /health of its own. Exactly one may follow a source.

    Stop it with Ctrl-C or SIGTERM.

    \b
    Exit code:
      0  it was told to stop
      1  the source cannot go on, or the port is taken; the text says why
      2  the command or the settings are wrong
      3  Kafka cannot be used as the settings ask, or another one follows this source now
    """
    try:
        settings = load(settings_file, os.environ)
    except SettingsError as error:
        raise UsageProblem(str(error)) from error
    table = _table(name, settings)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        source = source_of(name, table, settings)
    except SourceError as error:
        raise UsageProblem(str(error)) from error
    try:
        asyncio.run(_show(name, table, source, settings) if dry_run else _follow(name, table, source, settings))
    except DeliveryError as error:
        raise NotSent(str(error)) from error
    except (SourceError, AddressError) as error:
        raise click.ClickException(str(error)) from error


def _table(name: str, settings: Settings) -> SourceTable:
    table = settings.sources.get(name)
    if table is not None:
        return table
    if not settings.sources:
        raise UsageProblem(f"The settings have no source at all: add a table [source.{name}].")
    raise UsageProblem(f"The settings have no [source.{name}]: {sentence(advice(name, settings.sources))}")


async def _follow(name: str, table: SourceTable, source: Source, settings: Settings) -> None:
    stop = asyncio.Event()
    written = source.delivered if isinstance(source, Lender) else nothing
    follower = Follower(name, table, source, settings, placing=rules_shown, written=written)
    with told(lambda _: stop.set(), then=nothing):
        async with pages_of(follower, settings):
            telling = asyncio.create_task(_tell(follower), name="tell")
            try:
                await follower.run(stop)
            finally:
                telling.cancel()
    log.info("stopped: %s", _progress(follower.followed()))


@asynccontextmanager
async def pages_of(follower: Follower, settings: Settings) -> AsyncIterator[str]:
    """Serve /metrics and /health of a follower while the block runs; gives address and port.

    Raises `AddressError` when these cannot be listened on.
    """
    metrics = SourceMetrics(lambda: (follower.followed(),))

    def health() -> HealthPayload:
        known = follower.followed()
        return HealthPayload(problems=known.problems(), notes=known.notes())

    web = create_source_web(metrics=metrics.render, health=health)
    runner = await serve(web, settings.follow.host, settings.follow.port, "follow")
    try:
        host, port = runner.addresses[0][:2]
        yield f"{host}:{port}"
    finally:
        await runner.cleanup()


async def _tell(follower: Follower) -> None:
    before = ""
    while True:
        await asyncio.sleep(PROGRESS_SECONDS)
        now = _progress(follower.followed())
        if now != before:
            log.info("%s", now)
        before = now


def _progress(known: Followed) -> str:
    """What came since the start, in one line."""
    parts = [
        _counted("facts", _summed(known.facts)),
        _counted("left out", known.left_out),
        _counted("refused by the settings", _summed(known.refused)),
        f"{known.filled:,} of them filled a gap" if known.filled else "",
    ]
    state = "connected" if known.connected else "not connected"
    return f"source {known.source}, {state}: {'; '.join(filter(None, parts)) or 'no facts'}"


def _summed(counts: Mapping[tuple[Channel, str], int]) -> Mapping[str, int]:
    """Those of all channels, by what is counted."""
    found: Counter[str] = Counter()
    for (_, name), count in counts.items():
        found[name] += count
    return found


def _counted(what: str, counts: Mapping[str, int]) -> str:
    total = sum(counts.values())
    if not total:
        return ""
    return f"{total:,} {what} ({', '.join(f'{count:,} {name}' for name, count in counts.items() if count)})"


async def _show(name: str, table: SourceTable, source: Source, settings: Settings) -> None:
    """Facts as JSON lines to standard output, the rest to the log."""
    stop = asyncio.Event()
    account = Account(name, table.channels, settings.rules, system_clock())
    with told(lambda _: stop.set(), then=nothing):
        showing = asyncio.create_task(_show_steps(source, account), name="show")
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({showing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (showing, stopping):
                task.cancel()
            with suppress(asyncio.CancelledError):
                await showing
    log.info("nothing was sent: %s", _progress(account.followed()))


async def _show_steps(source: Source, account: Account) -> None:
    async with aclosing(source.steps(None)) as steps:
        async for step in steps:
            now_ms = system_clock()
            account.take(step, now_ms)
            account.sent(step.events, [encoded(event) for event in step.events], 0, now_ms)
            if step.link is not None:
                log.info("connected" if step.link.connected else f"not connected: {step.link.why}")
            for reason, count in step.left_out.items():
                log.info("left out: %s %s", count, reason)
            for event in step.events:
                click.echo(msgspec.json.encode(event).decode())
    raise SourceError("the source ended by itself, which none should")
