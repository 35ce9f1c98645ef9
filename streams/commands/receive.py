"""`wachtmonitor receive`: answers those who call, and sends what they bring to Kafka, until it is told to stop.

What a request is says `streams.sources.webhooks`, how facts get to Kafka `streams.sources.following`, and how
requests are bounded `streams.serve.hooks`.
"""

import asyncio
import logging
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

import click
import msgspec
from aiohttp import web

from streams.commands.common import NotSent, UsageProblem, rules_shown
from streams.commands.options import settings_option
from streams.contracts.decode import Event
from streams.live.followed import Followed
from streams.process.signals import nothing
from streams.process.stoppable import told
from streams.serve.hooks import Certificate, CertificateError, HookAnswer, HookRequest, Hooks, HookServer
from streams.serve.metrics.followed import SourceMetrics
from streams.serve.wall.payload import HealthPayload
from streams.serve.web import AddressError, create_source_web, serve
from streams.settings import Settings, SettingsError, load
from streams.settings.sources import (
    RECEIVED_KINDS,
    SecretFileError,
    received_kinds,
    received_secret,
)
from streams.sources.following import DeliveryError, Follower
from streams.sources.source import SourceError
from streams.sources.webhooks.called import WAIT_SECONDS, CalledSource
from streams.sources.webhooks.hook import Hook
from streams.sources.webhooks.kinds import hook_of
from streams.sources.webhooks.receiver import Receiver, Sink
from streams.sources.webhooks.request import BODY_BYTES_MAX, Request

log = logging.getLogger(__name__)

STOP_SECONDS: Final = WAIT_SECONDS + 2.0
"""How long requests under way may take to be answered once it is told to stop: as long as they may take at all."""


@click.command()
@settings_option
@click.option("--dry-run", is_flag=True, help="Answer, and show the facts on standard output, without Kafka.")
@click.option("--verbose", is_flag=True, help="Log each request: its source, the answer and how long it took.")
def receive(settings_file: Path | None, *, dry_run: bool, verbose: bool) -> None:
    """Answer the systems that call, and send their facts to Kafka.

    Each source of the settings that calls by itself has the address /NAME: kinds cloudevents, json, qminder and
    twilio. A request is answered 2xx once Kafka has its facts, and 503 while it does not take them. Serves /metrics
    and /health of its own, at the address of [follow].

    Stop it with Ctrl-C or SIGTERM: what is under way is answered first.

    \b
    Exit code:
      0  it was told to stop
      1  an address is taken
      2  the command, the settings or a mapping are wrong; nothing was received
      3  Kafka cannot be used as the settings ask, or another one receives for these sources now
    """
    try:
        settings = load(settings_file, os.environ)
    except SettingsError as error:
        raise UsageProblem(str(error)) from error
    hooks, certificate = prepared(settings)
    _log_to_stderr(verbose=verbose)
    try:
        asyncio.run(_run(hooks, settings, certificate, dry_run=dry_run))
    except DeliveryError as error:
        raise NotSent(str(error)) from error
    except (SourceError, AddressError) as error:
        raise click.ClickException(str(error)) from error


def _log_to_stderr(*, verbose: bool) -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("streams.serve.hooks").setLevel(logging.DEBUG if verbose else logging.INFO)
    for name in ("aiohttp", "aiokafka", "asyncio"):  # what they say of a request may repeat it
        logging.getLogger(name).setLevel(logging.CRITICAL)


def prepared(settings: Settings) -> tuple[dict[str, Hook], Certificate | None]:
    """What judges the requests to each source, and the certificate; or all that is wrong, at once."""
    hooks, certificate, problems = dict[str, Hook](), None, []
    for name, table in settings.sources.items():
        if isinstance(table, RECEIVED_KINDS):
            try:
                hooks[name] = hook_of(name, table, received_secret(name, table))
            except (SecretFileError, SourceError) as error:
                problems.append(str(error))
    try:
        certificate = _certificate(settings)
    except CertificateError as error:
        problems.append(str(error))
    if not hooks and not problems:
        kinds = ", ".join(f'"{kind}"' for kind in received_kinds())
        problems.append(f"The settings have no source that calls: add a [source.NAME] whose kind is one of {kinds}.")
    if problems:
        raise UsageProblem("\n".join(problems))
    return hooks, certificate


def _certificate(settings: Settings) -> Certificate | None:
    own = settings.receive
    if own.certificate_file is None or own.key_file is None:
        return None
    return Certificate(own.certificate_file, own.key_file)


def _server(
    receivers: Mapping[str, Receiver], sinks: Mapping[str, Sink], settings: Settings, certificate: Certificate | None
) -> HookServer:
    async def judge(request: HookRequest) -> HookAnswer:
        read = Request(address=request.address, headers=request.headers, body=request.body)
        return HookAnswer(*await receivers[request.source](read))

    def refused(source: str, reason: str) -> None:
        sinks[source].note({reason: 1})

    own = settings.receive
    asking = [name for name in receivers if getattr(settings.sources[name], "kind", "") == "cloudevents"]
    hooks = Hooks(receivers, judge, refused, body_bytes_max=BODY_BYTES_MAX, public_url=own.public_url, asking=asking)
    return HookServer(hooks, certificate, STOP_SECONDS)


async def _run(
    hooks: Mapping[str, Hook], settings: Settings, certificate: Certificate | None, *, dry_run: bool
) -> None:
    stop = asyncio.Event()
    with told(lambda _: stop.set(), then=nothing):
        await (show if dry_run else deliver)(hooks, settings, certificate, stop)


async def deliver(
    hooks: Mapping[str, Hook], settings: Settings, certificate: Certificate | None, stop: asyncio.Event
) -> None:
    """Answer requests, and send their facts to Kafka, until `stop` is set.

    Raises `AddressError` when an address cannot be listened on, `DeliveryError` when Kafka cannot be used.
    """
    sources = {name: CalledSource(WAIT_SECONDS) for name in hooks}
    followers = {
        name: Follower(name, settings.sources[name], source, settings, placing=rules_shown, written=source.delivered)
        for name, source in sources.items()
    }
    receivers = {name: Receiver(hook, sources[name], followers[name].takes_facts) for name, hook in hooks.items()}
    runner = await serve(_status(followers.values()), settings.follow.host, settings.follow.port, "follow")
    try:
        await _serve_hooks(_server(receivers, sources, settings, certificate), followers, settings, stop)
    finally:
        await runner.cleanup()
    log.info("stopped")


def _status(followers: Collection[Follower]) -> web.Application:
    def followed() -> list[Followed]:
        return [each.followed() for each in followers]

    def health() -> HealthPayload:
        known = followed()
        return HealthPayload(
            problems=tuple(problem for each in known for problem in each.problems()),
            notes=tuple(note for each in known for note in each.notes()),
        )

    return create_source_web(metrics=SourceMetrics(followed).render, health=health)


async def _serve_hooks(
    server: HookServer, followers: Mapping[str, Follower], settings: Settings, stop: asyncio.Event
) -> None:
    """Answer requests until it is told to stop, or facts cannot be sent any more; then what is under way first."""
    ending = asyncio.Event()
    running = {asyncio.create_task(each.run(ending), name=name) for name, each in followers.items()}
    stopping = asyncio.create_task(stop.wait())
    try:
        await _listen(server, settings, followers)
        await asyncio.wait({stopping, *running}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        await server.stop()
        ending.set()
        await asyncio.wait(running)
    for task in running:
        task.result()


async def _listen(server: HookServer, settings: Settings, sources: Collection[str]) -> None:
    own = settings.receive
    port = await server.start(own.host, own.port)
    scheme = "https" if own.certificate_file else "http"
    for name in sources:
        log.info("source %s: %s", name, f"{own.public_url or f'{scheme}://{own.host}:{port}'}/{name}")


class _Shown:
    """Shows facts instead of sending them."""

    def note(self, left_out: Mapping[str, int]) -> None:
        """Say what became no fact."""
        for reason, count in left_out.items():
            log.info("left out: %d %s", count, reason)

    async def take(self, events: Sequence[Event]) -> None:
        """As JSON lines on standard output."""
        for event in events:
            click.echo(msgspec.json.encode(event).decode())


async def show(
    hooks: Mapping[str, Hook], settings: Settings, certificate: Certificate | None, stop: asyncio.Event
) -> None:
    """Answer requests, and show their facts, until `stop` is set."""
    shown = _Shown()
    receivers = {name: Receiver(hook, shown, lambda: True) for name, hook in hooks.items()}
    server = _server(receivers, dict.fromkeys(hooks, shown), settings, certificate)
    try:
        await _listen(server, settings, hooks)
        await stop.wait()
    finally:
        await server.stop()
    log.info("nothing was sent")
