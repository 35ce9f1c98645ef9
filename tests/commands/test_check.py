"""`wachtmonitor check` finds all that is wrong at once, says what to do, and shows no secrets and no stack traces."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from aiokafka.admin import NewTopic
from aiokafka.errors import NodeNotReadyError
from click.testing import CliRunner, Result

from streams.channels.topics import topic_specs
from streams.commands.check.command import check, judge_topic, topic_findings, web_finding
from streams.commands.check.finding import SIGNS, Finding, Status
from streams.contracts.topics import TopicSpec, checkpoint_topic
from streams.kafka.client import admin_client, ensure_topics
from streams.kafka.embedded import HOST, BrokerProcess, EmbeddedBroker
from streams.live.problems import Problem
from streams.process.clock import system_clock
from streams.serve.wall.payload import HealthPayload
from streams.serve.web import create_web, serve
from streams.settings import DEFAULT_FILE, KafkaSettings, WebSettings, load
from streams.settings.environment import variable
from streams.words import message
from tests.brokers.apache import PASSWORD as LISTENER_PASSWORD
from tests.brokers.apache import USERNAME, ApacheKafka
from tests.brokers.ports import next_port
from tests.brokers.topics import kafka_settings
from tests.serve.wall_payloads import wall_payload

PASSWORD = "hunter2-geheim"


def run(environ: Mapping[str, str], *arguments: str) -> Result:
    """Run the command with only these settings in the environment, on a web port that is free."""
    environ = {"WACHTMONITOR_WEB_PORT": str(next_port()), **environ}
    return CliRunner().invoke(check, arguments, env=environ)


def environ_of(kafka: KafkaSettings, **changes: object) -> dict[str, str]:
    """The variables that make these settings of the packaged ones."""
    values = msgspec.structs.asdict(kafka) | changes
    texts = {
        name: ",".join(value) if isinstance(value, tuple) else str(value) for name, value in values.items() if value
    }
    return {variable("kafka", name): text for name, text in texts.items()}


def lines(result: Result, status: Status) -> list[str]:
    """What was said with this status, without sign and word. Any exception but the exit is a failure of its own."""
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    mark = f"{SIGNS[status]} {status} "
    return [line.removeprefix(mark).lstrip() for line in result.output.splitlines() if line.startswith(mark)]


# Without a broker.


def test_everything_wrong_with_the_settings_is_shown_at_once_and_fails(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    text = DEFAULT_FILE.read_text(encoding="utf-8")
    path.write_text(text.replace("norm_seconds = 120", "").replace('"Europe/Brussels"', '"Mars"'), encoding="utf-8")
    result = run({"WACHTMONITOR_KAFKA_WRITER": "plane"}, "--settings", str(path))
    assert result.exit_code == 1
    assert [re.split(": (?:expected|missing)", line)[0] for line in lines(result, Status.WRONG)] == [
        "settings: zone",
        'settings: [[cluster]] 4 "Mobiliteit": norm_seconds',
        "settings: WACHTMONITOR_KAFKA_WRITER",
    ]
    assert lines(result, Status.SKIPPED) == [
        f"Kafka, web port, Grafana, Prometheus: correct the settings first ({path})"
    ]
    assert result.output.endswith("3 wrong, see ✗ above.\n")


def test_offline_looks_at_the_settings_alone() -> None:
    result = run({"WACHTMONITOR_KAFKA_BOOTSTRAP_SERVERS": "nowhere.invalid:9092"}, "--offline")
    assert result.exit_code == 0
    assert lines(result, Status.GOOD) == [
        f"settings: {DEFAULT_FILE} is valid, 7 clusters: Klantencontactcentrum, Burgerzaken, Energieloket, "
        "Mobiliteit, OCMW, Omgeving, Wonen",
        "wall: shows all 7 clusters at once",
    ]
    assert lines(result, Status.SKIPPED) == ["Kafka, web port, Grafana, Prometheus: not asked for (--offline)"]
    assert result.output.endswith("Nothing is wrong.\n")


def test_a_broker_that_is_down_is_one_line_with_the_fix() -> None:
    server = f"{HOST}:{next_port()}"
    result = run({"WACHTMONITOR_KAFKA_BOOTSTRAP_SERVERS": server})
    assert result.exit_code == 1
    assert lines(result, Status.WRONG) == [
        f"broker {server}: connection refused; start the broker, or correct bootstrap_servers"
    ]
    assert lines(result, Status.SKIPPED) == [
        "writer, topics, clock: no broker can be reached",
        "Grafana: no url in [grafana] of the settings, so no snapshots are made",
        "Prometheus: no url in [prometheus] of the settings, so no snapshots are made",
    ]
    assert "Traceback" not in result.output


def test_each_broker_that_does_not_answer_is_named() -> None:
    result = run({"WACHTMONITOR_KAFKA_BOOTSTRAP_SERVERS": f"nowhere.invalid:9092,[::1]:{next_port()}"})
    first, second = lines(result, Status.WRONG)
    assert first.startswith("broker nowhere.invalid:9092: the host name does not resolve; ")
    assert second.startswith("broker [::1]:")


async def test_what_listens_but_is_no_broker_is_given_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.commands.check.command.PATIENCE_SECONDS", 0.2)
    async with _listening(web.Application()) as port:
        result = await asyncio.to_thread(run, {"WACHTMONITOR_KAFKA_BOOTSTRAP_SERVERS": f"{HOST}:{port}"})
    (wrong,) = lines(result, Status.WRONG)
    assert wrong.startswith(f"broker {HOST}:{port}: ")


def test_certificates_that_cannot_be_used_are_a_finding(tmp_path: Path) -> None:
    certificate = tmp_path / "ca.pem"
    certificate.write_text("no certificate", encoding="utf-8")
    result = run(
        {"WACHTMONITOR_KAFKA_SECURITY_PROTOCOL": "SSL", "WACHTMONITOR_KAFKA_SSL_CA_FILE": str(certificate)},
    )
    (wrong,) = lines(result, Status.WRONG)
    assert wrong.startswith("Kafka: The certificates for Kafka cannot be used")


# With a broker.


def needed(kafka: KafkaSettings) -> list[TopicSpec]:
    """The topics where the settings have no source."""
    return [spec for spec in topic_specs(kafka) if spec.name not in (kafka.sources_topic, kafka.staffing_topic)]


@pytest.mark.kafka
def test_topics_that_are_not_there_yet_are_no_failure(broker: BrokerProcess) -> None:
    kafka = kafka_settings(broker)
    result = run(environ_of(kafka))
    assert result.exit_code == 0, result.output
    assert lines(result, Status.NOTE) == [
        f"topic {spec.name}: not there yet; the first worker creates it" for spec in needed(kafka)
    ]


@pytest.mark.kafka
def test_topics_as_a_worker_makes_them_are_good(broker: BrokerProcess) -> None:
    kafka = kafka_settings(broker)
    asyncio.run(ensure_topics(kafka))
    result = run(environ_of(kafka))
    assert result.exit_code == 0, result.output
    assert lines(result, Status.NOTE) == []
    good = [line.partition(":")[0] for line in lines(result, Status.GOOD)]
    assert good[:4] == ["settings", "wall", f"broker {broker.bootstrap.partition(':')[0]}", "writer"]
    clock = ["clock"] if kafka.writer == "transactional" else []
    assert good[4:-1] == [*(f"topic {spec.name}" for spec in needed(kafka)), *clock]


@pytest.mark.kafka
def test_a_clock_that_is_not_the_brokers_is_wrong(apache_kafka: ApacheKafka, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do about it, either way."""
    kafka = kafka_settings(apache_kafka)
    asyncio.run(ensure_topics(kafka))
    for ahead_ms, said in ((-10_000, "10.0 s behind"), (8 * 86_400_000, "8.0 days ahead of")):
        monkeypatch.setattr(
            "streams.commands.check.clock.system_clock", lambda ahead_ms=ahead_ms: system_clock() + ahead_ms
        )
        result = run(environ_of(kafka))
        assert result.exit_code == 1
        (wrong,) = lines(result, Status.WRONG)
        assert wrong.startswith(f"clock: this machine's is {said} that of broker 1; let time synchronisation")


@pytest.mark.kafka
def test_looking_creates_no_topic(broker: BrokerProcess) -> None:
    kafka = kafka_settings(broker)
    assert run(environ_of(kafka)).exit_code == run(environ_of(kafka)).exit_code == 0
    assert not {spec.name for spec in topic_specs(kafka)} & asyncio.run(_topics(kafka)).keys()


@pytest.mark.kafka
def test_partitions_that_differ_are_wrong_and_a_checkpoint_topic_follows_its_source(broker: BrokerProcess) -> None:
    kafka = kafka_settings(broker, partitions=3)
    asyncio.run(_create(kafka, {kafka.calls_topic: 2, checkpoint_topic(kafka.calls_topic): 3}))
    wrong = [line for line in lines(run(environ_of(kafka)), Status.WRONG) if "partitions" in line]
    assert [line.partition(";")[0] for line in wrong] == [
        f"topic {kafka.calls_topic}: expected 3 partitions, got 2",
        f"topic {checkpoint_topic(kafka.calls_topic)}: expected 2 partitions, got 3",
    ]


@pytest.mark.kafka
def test_a_plain_writer_on_a_real_kafka_is_refused(apache_kafka: ApacheKafka) -> None:
    result = run(environ_of(kafka_settings(apache_kafka, writer="plain")))
    assert result.exit_code == 1
    (wrong,) = lines(result, Status.WRONG)
    assert wrong.startswith('writer: expected writer = "transactional" in [kafka], got "plain"; change it: ')


@pytest.mark.kafka
def test_a_transactional_writer_on_the_embedded_broker_is_refused(embedded_broker: EmbeddedBroker) -> None:
    result = run(environ_of(kafka_settings(embedded_broker, writer="transactional")))
    assert result.exit_code == 1
    (wrong,) = lines(result, Status.WRONG)
    assert wrong.startswith('writer: expected brokers with transactions for writer = "transactional" in [kafka]')


@pytest.mark.kafka
def test_settings_of_topics_on_a_real_kafka_are_compared(apache_kafka: ApacheKafka) -> None:
    kafka = kafka_settings(apache_kafka)
    topic = checkpoint_topic(kafka.tickets_topic)
    asyncio.run(_create(kafka, {topic: kafka.partitions}, {"cleanup.policy": "delete"}))
    asyncio.run(ensure_topics(kafka))
    result = run(environ_of(kafka))
    (wrong,) = lines(result, Status.WRONG)
    assert wrong.startswith(f"topic {topic}: expected cleanup.policy=compact, got cleanup.policy=delete; ")
    assert wrong.endswith(
        f"--bootstrap-server {apache_kafka.bootstrap} --alter --topic {topic} --add-config cleanup.policy=compact"
    )
    (note,) = lines(result, Status.NOTE)
    assert note.startswith(f"topic {topic}: expected min.cleanable.dirty.ratio=")


@pytest.mark.kafka
def test_one_broker_that_is_down_among_others_is_a_note(broker: BrokerProcess) -> None:
    gone = f"{HOST}:{next_port()}"
    kafka = kafka_settings(broker, bootstrap_servers=(gone, broker.bootstrap))
    result = run(environ_of(kafka))
    assert result.exit_code == 0, result.output
    assert lines(result, Status.NOTE)[0].startswith(f"broker {gone}: connection refused")


@pytest.mark.kafka
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
def test_a_login_that_is_refused_shows_no_password(broker: BrokerProcess, mechanism: str) -> None:
    login = {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": mechanism,
        "sasl_username": "wachtmonitor",
        "sasl_password": PASSWORD,
    }
    result = run(environ_of(kafka_settings(broker), **login))
    assert result.exit_code == 1
    (wrong,) = lines(result, Status.WRONG)
    assert wrong.startswith(f"broker {broker.bootstrap}: it refuses the login (")
    assert PASSWORD not in result.output


def secure_environ(broker: ApacheKafka, **changes: object) -> dict[str, str]:
    """The variables for the listener that asks for a password."""
    right = {
        "bootstrap_servers": broker.secure_bootstrap,
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_username": USERNAME,
        "sasl_password": LISTENER_PASSWORD,
        "ssl_ca_file": broker.authority.certificate,
    }
    return environ_of(kafka_settings(broker), **(right | changes))


@pytest.mark.kafka
def test_a_broker_that_asks_who_we_are_lets_us_in(apache_kafka: ApacheKafka) -> None:
    result = run(secure_environ(apache_kafka))
    assert result.exit_code == 0, result.output
    assert f"broker {apache_kafka.secure_bootstrap}: answers, with transactions" in lines(result, Status.GOOD)
    assert LISTENER_PASSWORD not in result.output


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"sasl_password": PASSWORD}, "it refuses the login (SaslAuthenticationFailed); ", id="password"),
        pytest.param({"ssl_ca_file": ""}, "TLS fails (CERTIFICATE_VERIFY_FAILED); ", id="authority unknown"),
    ],
)
def test_a_broker_that_asks_who_we_are_says_why_not(
    apache_kafka: ApacheKafka, changes: dict[str, object], reason: str
) -> None:
    result = run(secure_environ(apache_kafka, **changes))
    (wrong,) = lines(result, Status.WRONG)
    assert wrong.startswith(f"broker {apache_kafka.secure_bootstrap}: {reason}")
    assert PASSWORD not in result.output


@pytest.mark.kafka
def test_tls_where_there_is_none_is_said_to_be_that(apache_kafka: ApacheKafka) -> None:
    result = run(environ_of(kafka_settings(apache_kafka), security_protocol="SSL"))
    assert lines(result, Status.WRONG) == [
        f"broker {apache_kafka.bootstrap}: connection reset; does security_protocol fit this port?"
    ]


async def _topics(kafka: KafkaSettings) -> dict[str, int]:
    async with admin_client(kafka) as admin:
        return {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}


async def _create(
    kafka: KafkaSettings, partitions: Mapping[str, int], config: Mapping[str, str] | None = None
) -> None:
    async with admin_client(kafka) as admin:
        answer = await admin.create_topics(
            [NewTopic(name, count, 1, topic_configs=dict(config or {})) for name, count in partitions.items()]
        )
        assert not any(code for _, code, _ in answer.topic_errors), answer
    await _settle(kafka, partitions)


async def _settle(kafka: KafkaSettings, partitions: Mapping[str, int]) -> None:
    """Wait until the topics are listed."""
    while not partitions.items() <= (await _topics(kafka)).items():  # noqa: ASYNC110 - no event tells
        await asyncio.sleep(0)


async def test_a_broker_that_advertises_an_address_nobody_reaches_is_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def unreachable(kafka: KafkaSettings) -> AsyncIterator[None]:
        raise NodeNotReadyError(kafka.bootstrap_servers)
        yield

    monkeypatch.setattr("streams.commands.check.command.admin_client", unreachable)
    (finding,) = await topic_findings(load(None, {}).kafka, with_config=True)
    assert finding.status is Status.WRONG
    assert finding.text.startswith("cannot be listed: NodeNotReadyError; can this machine reach the addresses ")


# One topic.

SPEC = TopicSpec("calls", 4, "", "", {"cleanup.policy": "delete", "max.message.bytes": "1000", "segment.ms": "60"})


def _judge(config: Mapping[str, str] | None, partitions: int | None = 4) -> list[tuple[Status, str]]:
    return [(finding.status, finding.text) for finding in judge_topic(SPEC, 4, partitions, config, "kafka-1:9092")]


def test_a_topic_as_specified_is_good() -> None:
    assert _judge(dict(SPEC.config)) == [(Status.GOOD, "4 partitions, delete")]


def test_larger_messages_than_needed_are_fine_and_smaller_ones_are_wrong() -> None:
    assert _judge(dict(SPEC.config) | {"max.message.bytes": "2000"}) == [(Status.GOOD, "4 partitions, delete")]
    ((status, text),) = _judge(dict(SPEC.config) | {"max.message.bytes": "999"})
    assert status is Status.WRONG
    assert text.startswith("expected max.message.bytes=1000, got max.message.bytes=999; change it with: ")


def test_what_costs_only_space_is_a_note() -> None:
    ((status, text),) = _judge(dict(SPEC.config) | {"segment.ms": "70"})
    assert status is Status.NOTE
    assert text.endswith("--alter --topic calls --add-config segment.ms=60")


def test_all_that_is_wrong_with_a_topic_is_said_at_once() -> None:
    statuses = [status for status, _ in _judge({"cleanup.policy": "compact", "max.message.bytes": "1000"}, 3)]
    assert statuses == [Status.WRONG, Status.WRONG, Status.NOTE]


def test_without_its_settings_only_the_partitions_of_a_topic_count() -> None:
    assert _judge(None) == [(Status.GOOD, "4 partitions, delete")]
    assert _judge(None, None) == [(Status.NOTE, "not there yet; the first worker creates it")]


# The web port.


@asynccontextmanager
async def _listening(app: web.Application) -> AsyncIterator[int]:
    runner = await serve(app, HOST, 0)
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def _worker(*texts: str) -> web.Application:
    problems = tuple(Problem(code="any", text=text, on_wall=message("problem-cut-off")) for text in texts)
    return create_web(
        metrics=bytes,
        months=bytes,
        wall=wall_payload,
        health=lambda: HealthPayload(problems=problems),
        worker_health=HealthPayload,
    )


async def _port_of(app: web.Application) -> Finding:
    async with _listening(app) as port:
        return await web_finding(WebSettings(host=HOST, port=port))


async def test_a_free_port_is_good_and_stays_free() -> None:
    settings = WebSettings(host=HOST, port=next_port())
    first, second = await web_finding(settings), await web_finding(settings)
    assert first == second == Finding(Status.GOOD, f"web port {settings.port} on {HOST}", "free")


async def test_a_port_where_a_worker_listens_is_ours() -> None:
    healthy = await _port_of(_worker())
    assert (healthy.status, healthy.text) == (Status.GOOD, "a worker runs there and is healthy")
    ill = await _port_of(_worker("calls are silent"))
    assert (ill.status, ill.text) == (Status.NOTE, "a worker runs there and says: calls are silent")


async def test_a_port_where_another_program_listens_is_wrong() -> None:
    finding = await _port_of(web.Application())
    assert finding.status is Status.WRONG
    assert "another program listens there: stop that program or choose another port" in finding.text


async def test_an_address_of_another_machine_is_wrong() -> None:
    finding = await web_finding(WebSettings(host="192.0.2.1", port=next_port()))
    assert finding.status is Status.WRONG
    assert "[web] host in the settings should be an address of this machine" in finding.text
