"""A real worker on a real Kafka that asks who comes: by a password, by a certificate, with its rights and no more."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from streams.channels.calls.counts import PhoneTally
from streams.channels.calls.events import Answered, AnyCallEvent, Offered
from streams.core.rules import Channel
from streams.kafka.client import ensure_topics
from streams.kafka.rights import Role, rights_of
from streams.settings import DEFAULT_FILE, KafkaSettings, Secret
from tests.brokers.apache import PASSWORD, ApacheKafka, Authority
from tests.brokers.topics import kafka_settings
from tests.kafka.test_client import write
from tests.mapped_calls import MAPPING
from tests.runtime.workers import (
    WorkerProcess,
    dead_letters,
    environment,
    month_totals,
    nowhere,
    send,
    settle,
    until,
)
from tests.security.access import allow, listening_at, until_allowed, with_certificate, with_password

pytestmark = pytest.mark.kafka

CLUSTER = "Klantencontactcentrum"
AT = 1_727_857_800
"""2024-10-02T08:30:00Z, in opening hours."""

EVENTS: list[AnyCallEvent] = [
    Offered(call_id="1", cluster=CLUSTER, at=float(AT)),
    Answered(call_id="1", cluster=CLUSTER, at=float(AT + 12)),
]

TOKEN = "glsa_0123456789abcdefghij"

CALLS = "id,queue,came,taken\n2,KCC,2024-10-02 09:30:00,2024-10-02 09:30:20\n"


async def answered(kafka: KafkaSettings) -> tuple[int, int]:
    """Answered calls of the month and the sum of their waits (ms), as the topic of month totals says."""
    tally = (await month_totals(kafka)).get(("2024-10", Channel.PHONE, CLUSTER), PhoneTally())
    assert isinstance(tally, PhoneTally)
    return tally.answered, tally.wait_ms


def command(kafka: KafkaSettings, *words: str, settings: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Run a command of the monitor with these settings to its end."""
    return subprocess.run(
        [sys.executable, "-m", "streams", *words],
        env={**environment(kafka, nowhere_port(), settings), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def nowhere_port() -> int:
    return int(nowhere().bootstrap_servers[0].rpartition(":")[2])


async def test_a_worker_that_logs_in_with_a_password_counts_in_transactions(
    apache_kafka: ApacheKafka, tmp_path: Path
) -> None:
    admin = kafka_settings(apache_kafka)
    kafka = replace(admin, **with_password(apache_kafka))
    worker = WorkerProcess(kafka, tmp_path / "log", verbose=False)
    try:
        await until(worker.is_healthy, "a healthy worker")
        await send(kafka, EVENTS)
        await settle(admin, [worker])
        assert listening_at(worker.pid) == {f"127.0.0.1:{worker.port}"}, "its pages, for this machine alone"
        assert worker.terminate() == 0
    finally:
        worker.stop()
    assert kafka.writer == "transactional"
    assert await answered(admin) == (1, 12_000)


async def test_each_part_does_its_work_with_a_certificate_and_its_rights_alone(
    apache_kafka: ApacheKafka, tmp_path: Path
) -> None:
    """Worker, source, report and month: nobody may do anything that is not in the list of rights."""
    admin = kafka_settings(apache_kafka)
    await ensure_topics(admin)
    users = {}
    for role in (Role.WORKER, Role.SOURCE, Role.REPORT, Role.MONTH, Role.SNAPSHOT):
        name = f"{admin.group}-{role}"
        users[role] = replace(admin, **with_certificate(apache_kafka, apache_kafka.authority.issue(name)))
        await allow(admin, name, rights_of(role, admin))
        await until_allowed(users[role], role)
    (tmp_path / "calls.csv").write_text(CALLS)
    (tmp_path / "mapping.toml").write_text(MAPPING)
    worker = WorkerProcess(users[Role.WORKER], tmp_path / "log", verbose=False)
    try:
        await until(worker.is_healthy, "a healthy worker")
        await write(admin, [b"no event"])
        words = ("publish", str(tmp_path / "calls.csv"), "--mapping", str(tmp_path / "mapping.toml"))
        published = await asyncio.to_thread(command, users[Role.SOURCE], *words)
        assert published.returncode == 0, published.stderr
        await settle(admin, [worker])
        assert worker.terminate() == 0, worker.log()
    finally:
        worker.stop()
    assert "do not reach the others" not in worker.log(), "it may write its share"
    assert "are not read" not in worker.log(), "it may read those of others"
    assert await answered(admin) == (1, 20_000)
    assert [letter.reason for letter in await dead_letters(admin)] == ["malformed_json"]
    report = await asyncio.to_thread(command, users[Role.REPORT], "report", "--month", "2024-10", "--format", "json")
    assert report.returncode == 0, report.stderr
    closed = await asyncio.to_thread(command, users[Role.MONTH], "month", "close", "2024-10")
    assert closed.stdout == "2024-10 is closed.\n", closed.stderr
    listed = await asyncio.to_thread(command, users[Role.SNAPSHOT], "snapshot", "list")
    assert (listed.returncode, listed.stdout) == (0, "No snapshot was made.\n"), listed.stderr


async def test_a_worker_without_a_right_says_which_and_changes_nothing(
    apache_kafka: ApacheKafka, tmp_path: Path
) -> None:
    admin = kafka_settings(apache_kafka)
    await ensure_topics(admin)
    name = f"{admin.group}-worker"
    user = replace(admin, **with_certificate(apache_kafka, apache_kafka.authority.issue(name)))
    lacking = [right for right in rights_of(Role.WORKER, admin) if right.name == admin.dead_letters_topic]
    await allow(admin, name, set(rights_of(Role.WORKER, admin)) - set(lacking))
    worker = WorkerProcess(user, tmp_path / "log", verbose=False)
    try:
        await until(lambda: worker.exit_status() is not None, "its end")
        assert worker.exit_status() == 1
    finally:
        worker.stop()
    assert f"--operation Write --topic {admin.dead_letters_topic}" in worker.log()
    assert "Traceback" not in worker.log()


NOT_TRUSTED = (
    "it closed the connection; does security_protocol fit this port, and does it trust ssl_certificate_file?"
)
REFUSALS = {
    "wrong password": "it refuses the login (SaslAuthenticationFailed); correct security_protocol or the login",
    "authority unknown": "TLS fails (CERTIFICATE_VERIFY_FAILED); does ssl_ca_file hold the authority",
    "certificate of another authority": NOT_TRUSTED,
    "no certificate": NOT_TRUSTED,
}


@pytest.mark.parametrize("case", REFUSALS)
async def test_who_is_not_let_in_is_told_and_ends(case: str, apache_kafka: ApacheKafka, tmp_path: Path) -> None:
    stranger = Authority(tmp_path)
    stranger.establish()
    changes: dict[str, dict[str, Any]] = {
        "wrong password": with_password(apache_kafka, sasl_password=Secret("not-the-password")),
        "authority unknown": with_password(apache_kafka, ssl_ca_file=stranger.certificate),
        "certificate of another authority": with_certificate(apache_kafka, stranger.issue("worker")),
        "no certificate": {**with_certificate(apache_kafka, stranger.issue("worker"))}
        | {"ssl_certificate_file": None, "ssl_key_file": None},
    }
    kafka = replace(kafka_settings(apache_kafka), **changes[case])
    done = await asyncio.to_thread(command, kafka, "worker")
    assert done.returncode == 1
    assert f"Cannot connect to a Kafka broker at {kafka.bootstrap_servers[0]}" in done.stderr
    assert kafka.security_protocol in done.stderr
    assert f"{kafka.bootstrap_servers[0]}: {REFUSALS[case]}" in done.stderr
    assert "Traceback" not in done.stderr
    checked = await asyncio.to_thread(command, kafka, "check")
    assert checked.returncode == 1
    assert f"broker {kafka.bootstrap_servers[0]}: {REFUSALS[case]}" in checked.stdout
    assert "Traceback" not in checked.stderr + checked.stdout
    assert "not-the-password" not in done.stderr + done.stdout + checked.stdout + checked.stderr


async def test_no_secret_is_in_anything_that_is_printed_or_served(apache_kafka: ApacheKafka, tmp_path: Path) -> None:
    """No password, token or line of a key: at `--verbose`, on the pages, by `check`, in an error."""
    certificate = apache_kafka.authority.issue("keyholder")
    key = [line for line in certificate.key.read_text().splitlines() if not line.startswith("-----")]
    (tmp_path / "token").write_text(TOKEN)
    settings = tmp_path / "wachtmonitor.toml"
    grafana = f'[grafana]\nurl = "http://{nowhere().bootstrap_servers[0]}"\ntoken_file = "token"'
    settings.write_text(DEFAULT_FILE.read_text().replace("[grafana]", grafana))
    kafka = replace(
        kafka_settings(apache_kafka),
        **with_password(apache_kafka),
        ssl_certificate_file=certificate.certificate,
        ssl_key_file=certificate.key,
    )
    worker = WorkerProcess(kafka, tmp_path / "log", settings, verbose=True)
    try:
        await until(worker.is_healthy, "a healthy worker")
        await send(kafka, EVENTS)
        await settle(kafka, [worker])
        served = [worker.get(page) for page in ("/metrics", "/metrics/months", "/health/worker", "/wall")]
        checked = await asyncio.to_thread(command, kafka, "check", settings=settings)
        assert worker.terminate() == 0
    finally:
        worker.stop()
    refused = await asyncio.to_thread(command, replace(kafka, writer="nobody"), "worker", settings=settings)
    assert "Joined group" in worker.log(), "the engine's and the client's own words are there"
    assert "answers, with transactions" in checked.stdout
    assert "Grafana" in checked.stdout, "it looked for Grafana too"
    assert refused.returncode != 0
    for text in (worker.log(), *served, checked.stdout, checked.stderr, refused.stdout, refused.stderr):
        assert not [secret for secret in (PASSWORD, TOKEN, *key) if secret in text]


async def test_who_may_not_read_records_is_told_by_check_and_nothing_is_wrong(apache_kafka: ApacheKafka) -> None:
    admin = kafka_settings(apache_kafka, partitions=1)
    await ensure_topics(admin)
    await write(admin, [b"no event"])
    name = f"{admin.group}-source"
    user = replace(admin, **with_certificate(apache_kafka, apache_kafka.authority.issue(name)))
    await allow(admin, name, rights_of(Role.SOURCE, admin))
    await until_allowed(user, Role.SOURCE)
    checked = await asyncio.to_thread(command, user, "check")
    assert f"records of {admin.calls_topic}: could not be read (" in checked.stdout, checked.stdout
    assert "Traceback" not in checked.stderr
    assert checked.returncode == 0, checked.stdout
