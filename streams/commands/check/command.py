"""The command `wachtmonitor check`: all that is wrong with the settings and what they name, with the fix.

It changes nothing; to learn the brokers' time it leaves them an empty record. It must not be needed by anything else.
"""

import asyncio
import logging
import os
import sys
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiohttp
import click
import msgspec
from aiohttp import web
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError, UnknownError
from aiokafka.protocol.transaction import InitProducerIdRequest

from streams.channels import topics_of
from streams.channels.topics import topic_specs
from streams.commands.check.clock import ONE_CLOCK, clock_finding
from streams.commands.check.finding import SIGNS, Finding, Status
from streams.commands.check.followed import followed_findings
from streams.commands.check.grafana import grafana_findings
from streams.commands.check.keys import keys_findings
from streams.commands.check.prometheus import prometheus_findings
from streams.commands.check.received import received_findings
from streams.commands.check.refused import refused_findings
from streams.commands.check.sources import source_findings
from streams.commands.check.staffing import staffing_findings
from streams.commands.check.transactions import transaction_findings
from streams.commands.check.wall import wall_finding
from streams.commands.options import settings_option
from streams.contracts.topics import TopicSpec, checkpoint_topic
from streams.kafka.client import KafkaProblemsError, admin_client, client_options
from streams.kafka.refusal import connect, reason
from streams.process.stoppable import run
from streams.serve.web import AddressError, serve
from streams.settings import KafkaSettings, Settings, SettingsError, WebSettings, load, settings_path

PATIENCE_SECONDS: Final = 5.0
"""How long a broker, or whatever listens on the web port, may take to answer; a healthy one needs a fraction."""

PRODUCER_TIMEOUT_MS: Final = 1_000
"""Asked for with a producer id; without a transaction it means nothing."""

NEEDED_CONFIG: Final = frozenset({"cleanup.policy", "message.timestamp.type", "max.message.bytes"})
"""Settings of a topic without which figures are wrong or a worker stops; others cost space or time alone."""

AT_LEAST_CONFIG: Final = frozenset({"max.message.bytes"})
"""Settings of a topic of which more is fine."""

ADVERTISED: Final = (
    "can this machine reach the addresses that the brokers advertise? Otherwise correct their advertised.listeners"
)
"""Shown when the bootstrap address works but the advertised one does not."""

UNREAD_CONFIG: Final = "its settings were not looked at; allow this user DescribeConfigs on it"


_CONNECTED: Final = "Kafka, web port, Grafana, Prometheus"

_SKIPPED_TOPICS: Final = Finding(Status.SKIPPED, "writer, topics, clock", "no broker can be reached")


class BrokerAnswer(NamedTuple):
    """The outcome of connecting to one address: `reason` is why it failed, None when it did not."""

    server: str
    reason: str | None
    has_transactions: bool = False


@click.command()
@settings_option
@click.option("--offline", is_flag=True, help="Check the settings alone and connect to nothing.")
def check(settings_file: Path | None, *, offline: bool) -> None:
    """Check settings, brokers, topics, web port, Grafana and Prometheus: everything wrong at once, with the fix.

    Nothing is changed; an empty record goes to each broker, whose answer tells its clock. Ends with status 1 when
    something is wrong.
    """
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it says about failed connections is said here
    findings = list(_show(_findings(settings_file, offline=offline)))
    wrong = sum(finding.status is Status.WRONG for finding in findings)
    click.echo(f"{wrong} wrong, see {SIGNS[Status.WRONG]} above." if wrong else "Nothing is wrong.")
    sys.exit(1 if wrong else 0)


def _show(findings: Iterable[Finding]) -> Iterator[Finding]:
    for finding in findings:
        click.echo(str(finding))
        yield finding


def _findings(settings_file: Path | None, *, offline: bool) -> Iterator[Finding]:
    path = settings_path(settings_file, os.environ)
    try:
        settings = load(settings_file, os.environ)
    except SettingsError as error:
        yield from (Finding(Status.WRONG, "settings", problem) for problem in error.problems)
        yield Finding(Status.SKIPPED, _CONNECTED, f"correct the settings first ({path})")
        return
    yield Finding(Status.GOOD, "settings", _summary(settings, path))
    yield wall_finding(settings.rules)
    yield from received_findings(settings)
    if offline:
        yield Finding(Status.SKIPPED, _CONNECTED, "not asked for (--offline)")
    else:
        yield from run(_connected_findings(settings))


def _summary(settings: Settings, path: Path) -> str:
    clusters = settings.rules.clusters
    return f"{path} is valid, {len(clusters)} clusters: {', '.join(cluster.name for cluster in clusters)}"


async def _connected_findings(settings: Settings) -> list[Finding]:
    kafka, records, port, grafana, prometheus = await asyncio.gather(
        kafka_findings(settings.kafka, unused=settings.unused_topics),
        _records_findings(settings),
        web_finding(settings.web),
        asyncio.to_thread(grafana_findings, settings.grafana, PATIENCE_SECONDS),
        prometheus_findings(settings.prometheus, settings.grafana.rules_files, PATIENCE_SECONDS),
    )
    return [*kafka, *records, port, *grafana, *prometheus]


async def _records_findings(settings: Settings) -> list[Finding]:
    # One after the other: each holds the newest records of a topic, and what they unpack to.
    refused = await refused_findings(settings, PATIENCE_SECONDS)
    keys = await keys_findings(settings.kafka, PATIENCE_SECONDS)
    transactions = await transaction_findings(settings.kafka, PATIENCE_SECONDS)
    sources = await source_findings(settings.kafka, PATIENCE_SECONDS)
    followed = await followed_findings(settings, PATIENCE_SECONDS)
    staffing = await staffing_findings(settings, PATIENCE_SECONDS)
    return [*refused, *keys, *transactions, *sources, *followed, *staffing]


# Kafka.


async def kafka_findings(kafka: KafkaSettings, *, unused: Container[str] = ()) -> list[Finding]:
    """The findings about the brokers, the writer and the topics."""
    try:
        options = client_options(kafka)
    except KafkaProblemsError as error:
        return [*(Finding(Status.WRONG, "Kafka", problem) for problem in error.problems), _SKIPPED_TOPICS]
    answers = await asyncio.gather(*(_ask(server, options) for server in kafka.bootstrap_servers))
    reached = [answer for answer in answers if answer.reason is None]
    findings = [_broker_finding(answer, others=bool(reached)) for answer in answers]
    if not reached:
        return [*findings, _SKIPPED_TOPICS]
    has_transactions = all(answer.has_transactions for answer in reached)
    topics = await topic_findings(kafka, with_config=has_transactions, unused=unused)
    clock = await clock_finding(kafka) if has_transactions else ONE_CLOCK
    return [*findings, writer_finding(kafka, has_transactions=has_transactions), *topics, clock]


async def _ask(server: str, options: Mapping[str, Any]) -> BrokerAnswer:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            connection = await connect(server, options)
            try:
                return BrokerAnswer(server, None, await _has_transactions(connection))
            finally:
                connection.close()
    except (OSError, KafkaError) as error:  # TimeoutError and ssl.SSLError are OSErrors
        return BrokerAnswer(server, reason(error, PATIENCE_SECONDS))


async def _has_transactions(connection: AIOKafkaConnection) -> bool:
    """Whether the broker gives out producer ids, the beginning of every transaction.

    Asked by doing it: the embedded broker lists the request among those that it knows, and answers it with an unknown
    error. Any other error comes from a broker that does know it. An id without a transactional id leaves no trace.
    """
    try:
        answer = await connection.send(InitProducerIdRequest(None, PRODUCER_TIMEOUT_MS))
    except IncompatibleBrokerVersion:
        return False
    return bool(answer.error_code != UnknownError.errno)


def _broker_finding(answer: BrokerAnswer, *, others: bool) -> Finding:
    if answer.reason is None:
        kind = "with transactions" if answer.has_transactions else "without transactions"
        return Finding(Status.GOOD, f"broker {answer.server}", f"answers, {kind}")
    return Finding(Status.NOTE if others else Status.WRONG, f"broker {answer.server}", answer.reason)


def writer_finding(kafka: KafkaSettings, *, has_transactions: bool) -> Finding:
    """Whether the writer of checkpoints in the settings fits these brokers."""
    if kafka.writer == "plain" and has_transactions:
        text = (
            'expected writer = "transactional" in [kafka], got "plain"; change it: on these brokers a worker that '
            "lost a partition could write over the checkpoints of the next one"
        )
        return Finding(Status.WRONG, "writer", text)
    if kafka.writer == "transactional" and not has_transactions:
        text = (
            'expected brokers with transactions for writer = "transactional" in [kafka], got some without; use an '
            'Apache Kafka, or set writer = "plain" for the embedded broker with a single worker'
        )
        return Finding(Status.WRONG, "writer", text)
    return Finding(Status.GOOD, "writer", f"{kafka.writer}, as these brokers need it")


# Topics.


async def topic_findings(kafka: KafkaSettings, *, with_config: bool, unused: Container[str] = ()) -> list[Finding]:
    """The findings about each topic that is used; its configuration only where the broker applies it."""
    specs = [spec for spec in topic_specs(kafka) if spec.name not in unused]
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), admin_client(kafka) as admin:
            # All topics, because the embedded broker creates those that are asked for by name.
            found = {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}
            present = [spec.name for spec in specs if spec.name in found]
            configs = await _configs(admin, present) if with_config and present else {}
    except (OSError, KafkaError, KafkaProblemsError) as error:
        reason = str(error) if isinstance(error, KafkaProblemsError) else f"{type(error).__name__}; {ADVERTISED}"
        return [Finding(Status.WRONG, "topics", f"cannot be listed: {reason}")]
    wanted = _wanted_partitions(kafka, specs, found)
    server = kafka.bootstrap_servers[0]
    findings = [
        finding
        for spec in specs
        for finding in judge_topic(spec, wanted[spec.name], found.get(spec.name), configs.get(spec.name), server)
    ]
    unread = [name for name in present if with_config and name not in configs]
    return [*findings, *(Finding(Status.NOTE, f"topic {name}", UNREAD_CONFIG) for name in unread)]


async def _configs(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """The configuration of each topic that this user may describe."""
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    resources = [resource for answer in answers for resource in answer.to_object()["resources"]]
    return {
        resource["resource_name"]: {
            entry["config_names"]: entry["config_value"] for entry in resource["config_entries"]
        }
        for resource in resources
        if resource["error_code"] == 0
    }


def _wanted_partitions(kafka: KafkaSettings, specs: Iterable[TopicSpec], found: Mapping[str, int]) -> dict[str, int]:
    """Partitions by topic: as the settings say, but a checkpoint topic as its source has them."""
    wanted = {spec.name: spec.partitions for spec in specs}
    for source in topics_of(kafka):
        wanted[checkpoint_topic(source)] = found.get(source, wanted[source])
    return wanted


def judge_topic(
    spec: TopicSpec, wanted: int, partitions: int | None, config: Mapping[str, str] | None, server: str
) -> list[Finding]:
    """The findings about one topic; without `partitions` there is none, without `config` only they are looked at.

    `server` is for the command that mends it.
    """
    subject = f"topic {spec.name}"
    if partitions is None:
        return [Finding(Status.NOTE, subject, "not there yet; the first worker creates it")]
    findings = []
    if partitions != wanted:
        text = (
            f"expected {wanted} partitions, got {partitions}; set partitions in [kafka] to what the source topics "
            "have, or name a new topic, or stop all workers and recreate it"
        )
        findings.append(Finding(Status.WRONG, subject, text))
    if config is not None:
        findings += _config_findings(spec, config, server)
    return findings or [Finding(Status.GOOD, subject, f"{partitions} partitions, {spec.cleanup_policy}")]


def _config_findings(spec: TopicSpec, config: Mapping[str, str], server: str) -> Iterator[Finding]:
    different = {name for name, value in spec.config.items() if not _fits(name, value, config.get(name, ""))}
    for status, names in (
        (Status.WRONG, sorted(different & NEEDED_CONFIG)),
        (Status.NOTE, sorted(different - NEEDED_CONFIG)),
    ):
        if names:
            expected = ", ".join(f"{name}={spec.config[name]}" for name in names)
            got = ", ".join(f"{name}={config.get(name)}" for name in names)
            change = ",".join(f"{name}={spec.config[name]}" for name in names)
            command = (
                f"kafka-configs.sh --bootstrap-server {server} --alter --topic {spec.name} --add-config {change}"
            )
            yield Finding(status, f"topic {spec.name}", f"expected {expected}, got {got}; change it with: {command}")


def _fits(name: str, wanted: str, found: str) -> bool:
    if name in AT_LEAST_CONFIG and found.isdecimal():
        return int(found) >= int(wanted)
    return found == wanted


# The web port.


class _Health(msgspec.Struct):
    """What a worker answers on /health, as far as it matters here."""

    healthy: bool
    problems: tuple[str, ...]


async def web_finding(settings: WebSettings) -> Finding:
    """Whether a worker could listen, or does so already."""
    subject = f"web port {settings.port} on {settings.host}"
    try:
        runner = await serve(web.Application(), settings.host, settings.port)
    except AddressError as error:
        health = await _health(settings)
        if health is None:
            return Finding(Status.WRONG, subject, str(error))
        state = "is healthy" if health.healthy else f"says: {'; '.join(health.problems)}"
        return Finding(Status.GOOD if health.healthy else Status.NOTE, subject, f"a worker runs there and {state}")
    await runner.cleanup()
    return Finding(Status.GOOD, subject, "free")


async def _health(settings: WebSettings) -> _Health | None:
    """What the worker on the port says of itself; None when that is no worker."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - compared, not bound
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}/health"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE_SECONDS)) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            return msgspec.json.decode(await response.read(), type=_Health)
    except (aiohttp.ClientError, OSError, msgspec.MsgspecError):
        return None
