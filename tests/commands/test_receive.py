"""The command `receive`: what it refuses to begin with, what it answers, and that nothing acknowledged is lost."""

import asyncio
import hmac
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import ClientSession
from click.testing import CliRunner

from streams.channels.visits.events import AnyTicketEvent
from streams.commands import receive as command
from streams.commands.check.command import check
from streams.commands.receive import deliver, prepared, receive, show
from streams.kafka import writer
from streams.kafka.client import read_to_end
from streams.settings import DEFAULT_FILE, FollowSettings, KafkaSettings, ReceiveSettings, Settings, load
from streams.sources.following import delivery
from tests.brokers.apache import ApacheKafka
from tests.brokers.ports import next_port
from tests.brokers.topics import kafka_settings
from tests.core.builders import desk_month, ms, tickets
from tests.sources.following.test_follower import until

DESKS = """
[source.desks]
kind = "qminder"
[source.desks.clusters]
37338 = "Burgerzaken"
"""
SECRET = "of our own"
ENVIRON = {"WACHTMONITOR_SOURCE_DESKS_SECRET": SECRET}


OPEN = {"WACHTMONITOR_RECEIVE_HOST": "0.0.0.0"}


def settings_file(tmp_path: Path) -> Path:
    """The packaged settings with a source that calls."""
    path = tmp_path / "desks.settings.toml"
    path.write_text(DEFAULT_FILE.read_text(encoding="utf-8") + DESKS, encoding="utf-8")
    return path


def settings_with(tmp_path: Path, kafka: KafkaSettings | None = None) -> Settings:
    """The same, on free ports."""
    found = load(settings_file(tmp_path), ENVIRON)
    return msgspec.structs.replace(
        found,
        kafka=kafka or found.kafka,
        receive=ReceiveSettings(port=next_port()),
        follow=FollowSettings(port=next_port()),
    )


def body(number: int) -> bytes:
    """A visitor who is called to a desk after two minutes."""
    data: dict[str, Any] = {"id": f"{number}", "status": "CALLED", "line": 37338, "firstName": "Jane"}
    data |= {"created": {"date": "2026-10-05T09:01:00Z"}, "called": {"date": "2026-10-05T09:03:00Z", "desk": 3}}
    return json.dumps({"type": "ticket_called", "data": data | {"phoneNumber": 12125551234}}).encode()


async def post(session: ClientSession, settings: Settings, sent: bytes, secret: str = SECRET) -> int:
    """The status of the answer."""
    address = f"http://127.0.0.1:{settings.receive.port}/desks"
    signature = hmac.new(secret.encode(), address.encode() + sent, sha256).hexdigest()
    async with session.post(address, data=sent, headers={"X-Qminder-Signature": signature}) as answer:
        return answer.status


async def status(session: ClientSession, settings: Settings, path: str) -> tuple[int, str]:
    async with session.get(f"http://127.0.0.1:{settings.follow.port}{path}") as answer:
        return answer.status, await answer.text()


@asynccontextmanager
async def running(run: Any, settings: Settings) -> AsyncIterator[None]:
    """It runs while the block does, and listens as soon as that begins."""
    stop = asyncio.Event()
    task = asyncio.create_task(run(*_arguments(settings), stop))
    try:
        async with asyncio.timeout(60):
            while not task.done():
                try:
                    _, opened = await asyncio.open_connection("127.0.0.1", settings.receive.port)
                except OSError:
                    await asyncio.sleep(0.01)
                else:
                    opened.close()
                    break
        yield
    finally:
        stop.set()
        await task


def _arguments(settings: Settings) -> Any:
    hooks, certificate = prepared(settings)
    return hooks, settings, certificate


async def test_a_dry_run_answers_and_shows_facts_and_nothing_of_a_person(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="streams")
    settings = settings_with(tmp_path)
    async with running(show, settings), ClientSession() as session:
        assert await post(session, settings, body(1)) == 204
        assert await post(session, settings, body(2), secret="another") == 401
        assert await post(session, settings, b'{"type": "ticket_created", "data": {"id": 1}}') == 400
    assert capsys.readouterr().out.splitlines() == [
        '{"type":"arrived","ticket_id":"1","cluster":"Burgerzaken","at":"2026-10-05T09:01:00Z"}',
        '{"type":"started","ticket_id":"1","cluster":"Burgerzaken","at":"2026-10-05T09:03:00Z"}',
    ]
    assert "left out: 1 wrong_signature" in caplog.text
    assert "left out: 1 no_cluster" in caplog.text
    assert not any(secret in caplog.text for secret in (SECRET, "Jane", "1212555"))


@pytest.mark.kafka
async def test_what_was_acknowledged_is_kept_and_what_was_not_comes_again_though_the_broker_dies(
    tmp_path: Path, apache_kafka: ApacheKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "WRITE_SECONDS", 1.0)
    monkeypatch.setattr(delivery, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(writer, "STOP_SECONDS", 0.2)
    monkeypatch.setattr(command, "WAIT_SECONDS", 0.5)
    kafka = kafka_settings(apache_kafka)
    settings = settings_with(tmp_path, kafka=kafka)
    numbers, taken, statuses = itertools.count(), set[int](), Counter[int]()
    enough = asyncio.Event()

    async def send(session: ClientSession) -> None:
        """As a caller does that repeats what is not acknowledged."""
        while not enough.is_set():
            number = next(numbers)
            while (answer := await post(session, settings, body(number))) != 204:
                statuses[answer] += 1
                await asyncio.sleep(0.02)
            taken.add(number)

    async with running(deliver, settings), ClientSession() as session:
        senders = [asyncio.create_task(send(session)) for _ in range(12)]
        await until(lambda: len(taken) >= 40)
        assert (await status(session, settings, "/health"))[0] == 200
        assert await post(session, settings, body(0), secret="another") == 401
        apache_kafka.kill()
        try:
            await until(lambda: statuses[503] >= 8)
            async with asyncio.timeout(60):
                while (ill := await status(session, settings, "/health"))[0] != 503:
                    continue
        finally:
            before = len(taken)
            await apache_kafka.restart()
        assert "Kafka takes no facts" in ill[1]
        await until(lambda: len(taken) >= before + 40)
        enough.set()
        await asyncio.gather(*senders)
        _, metrics = await status(session, settings, "/metrics")
    assert set(statuses) == {503}
    assert 'wachtmonitor_source_left_out_total{reason="wrong_signature",source="desks"} 1.0' in metrics
    found = await read_to_end(kafka, kafka.tickets_topic, range(kafka.partitions))
    records = [record for each in found.values() for record in each]
    events: list[AnyTicketEvent] = [msgspec.json.decode(record.value, type=AnyTicketEvent) for record in records]
    counted = desk_month(tickets(events), "2026-10", ms("2026-11-01 00:00"))
    assert (counted.walk_ins, counted.walk_in_wait_ms) == (len(taken), len(taken) * 120_000)
    assert {record.key for record in records} == {f"{number}".encode() for number in taken}
    assert not any(b"Jane" in record.value for record in records)


def test_all_that_is_wrong_is_said_before_anything_is_received(tmp_path: Path) -> None:
    mapping, path = tmp_path / "desks.toml", tmp_path / "settings.toml"
    mapping.write_text('[id]\ncolumns = "a"\n', encoding="utf-8")
    text = """
[source.hall]
kind = "json"
channels = ["desk"]
mapping = "desks.toml"
secret_file = "secret"
[source.phone]
kind = "twilio"
clusters = { WW1 = "Klantencontactcentrum" }
"""
    files = {"WACHTMONITOR_RECEIVE_CERTIFICATE_FILE": "none.pem", "WACHTMONITOR_RECEIVE_KEY_FILE": "none.key"}
    path.write_text(DEFAULT_FILE.read_text(encoding="utf-8") + text, encoding="utf-8")
    (tmp_path / "secret").write_text("of our own\n", encoding="utf-8")
    done = CliRunner().invoke(receive, ["--settings", str(path)], env=files)
    assert done.exit_code == 2
    for problem in (
        f"[source.hall]: mapping: {mapping}: [cluster]: expected either column or constant, got neither; add one",
        f"[source.hall]: mapping: {mapping}: event: expected a table [types], or one or more that begin",
        "[source.phone]: secret_file: missing; name a file that holds it and nothing else, or set",
        "[receive]: certificate_file and key_file cannot be used (No such file or directory)",
    ):
        assert problem in done.stderr
    assert "of our own" not in done.stderr


def test_check_says_what_could_not_be_received(tmp_path: Path) -> None:
    text = """
[source.hall]
kind = "json"
channels = ["desk"]
mapping = "hall.toml"
[source.phone]
kind = "json"
channels = ["phone"]
mapping = "phone.toml"
"""
    secrets = {"WACHTMONITOR_SOURCE_HALL_SECRET": "a", "WACHTMONITOR_SOURCE_PHONE_SECRET": "b"}
    path = tmp_path / "settings.toml"
    path.write_text(DEFAULT_FILE.read_text(encoding="utf-8") + text + DESKS, encoding="utf-8")
    (tmp_path / "hall.toml").write_text("[id]\n", encoding="utf-8")
    done = CliRunner().invoke(check, ["--settings", str(path), "--offline"], env=secrets | OPEN)
    assert done.exit_code == 1
    assert "✗ wrong    source hall: [source.hall]: mapping: " in done.stdout
    assert "! note     source phone: [source.phone]: mapping: " in done.stdout
    assert "! note     source desks: [source.desks]: secret_file: missing" in done.stdout
    assert "! note     webhooks: listens on 0.0.0.0 without a certificate" in done.stdout
    good = CliRunner().invoke(check, ["--settings", str(settings_file(tmp_path)), "--offline"], env=ENVIRON)
    assert (good.exit_code, "source" in good.stdout) == (0, False)


def test_settings_without_a_source_that_calls_say_what_to_add() -> None:
    done = CliRunner().invoke(receive, ["--settings", str(DEFAULT_FILE)])
    assert done.exit_code == 2
    assert 'add a [source.NAME] whose kind is one of "cloudevents", "json", "qminder", "twilio"' in done.stderr
