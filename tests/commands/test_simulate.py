"""`wachtmonitor simulate`: what it writes, sends, says and refuses."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import click
import msgspec
import pytest
from click.testing import CliRunner, Result

from streams.channels.calls.events import AnyCallEvent, CallEvent
from streams.channels.visits.events import AnyTicketEvent
from streams.commands import options as settings_option
from streams.commands import simulate as simulate_command
from streams.contracts.events import instant_ms
from streams.core.calendar import public_holidays
from streams.core.rules import Channel, Cluster, OpenInterval, Rules
from streams.kafka.client import KafkaProblemsError, read_to_end
from streams.kafka.embedded import EmbeddedBroker
from streams.settings import KafkaSettings, Settings, SettingsError
from streams.settings import load as load_settings
from streams.sources.simulation import SimulationPlan, simulate_day
from tests.brokers.topics import kafka_settings

MONDAY = "2026-03-23"
RULES = Rules(
    clusters=(Cluster("KCC", Channel.PHONE, 45_000), Cluster("Wonen", Channel.DESK, 300_000)),
    zone="Europe/Brussels",
    opening_hours=((OpenInterval(540, 720),),) * 5 + ((), ()),
    closing_days=(),
    public_holidays=public_holidays("BE"),
)
Event = Any
"""Of either channel: what the simulator gives is an event of any."""


class FakeSender:
    """Stands in for Kafka: keeps what it is sent, and can be told to be interrupted."""

    def __init__(self) -> None:
        self.sent: list[tuple[Event, int | None]] = []
        self.interrupt_after: int | None = None
        self.closed = False

    @property
    def acknowledged(self) -> int:
        """As the real one: what arrived."""
        return len(self.sent)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.closed = True

    async def send(self, event: Event, timestamp_ms: int | None = None) -> None:
        """Keep the event; at the chosen one press Ctrl-C and never return."""
        if self.interrupt_after == len(self.sent):
            signal.raise_signal(signal.SIGINT)
            await asyncio.Event().wait()
        self.sent.append((event, timestamp_ms))


@pytest.fixture(autouse=True)
def small_city(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Every test runs with the default settings and a small city's rules, whatever the environment says."""
    settings = msgspec.structs.replace(load_settings(None, {}), rules=RULES)
    monkeypatch.setattr(settings_option, "load", lambda *_: settings)
    return settings


@pytest.fixture
def sender(monkeypatch: pytest.MonkeyPatch) -> FakeSender:
    """A sender in Kafka's place, whose topics exist."""
    fake = FakeSender()

    async def ensure_topics(kafka: KafkaSettings) -> list[str]:
        return []

    monkeypatch.setattr(simulate_command, "EventSender", lambda *_: fake)
    monkeypatch.setattr(simulate_command, "ensure_source_topics", ensure_topics)
    return fake


def simulate(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(simulate_command.simulate, arguments)


def day_of(seed: int = 1, calls: float = 600, day: str = MONDAY) -> list[Event]:
    """The events that the command should write or send."""
    return simulate_day(SimulationPlan(calls_per_day=calls), RULES, date.fromisoformat(day), seed)


def decoded(lines: bytes) -> list[Event]:
    """The events of JSON lines, by the strict decoders of the contract."""
    calls, tickets = msgspec.json.Decoder(AnyCallEvent), msgspec.json.Decoder(AnyTicketEvent)
    return [(calls if b'"call_id"' in line else tickets).decode(line) for line in lines.splitlines()]


def test_writes_the_day_as_json_lines_and_sums_up_on_stderr() -> None:
    result = simulate("--date", MONDAY, "--seed", "5")
    assert result.exit_code == 0
    assert decoded(result.stdout_bytes) == day_of(seed=5)
    offered = sum(event.__struct_config__.tag == "offered" for event in day_of(seed=5))
    assert f"{MONDAY}, seed 5: {len(day_of(seed=5))} events" in result.stderr
    assert f"{offered} offered" in result.stderr


def test_two_processes_write_the_same_bytes() -> None:
    """Whatever order their hash tables have, and by the settings that the package brings along."""
    command = [sys.executable, "-m", "streams", "simulate", "--date", MONDAY]
    outputs = {
        subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert len(decoded(outputs.pop())) > 1000


def test_calls_says_how_many_to_expect() -> None:
    offered = sum(
        b'"offered"' in line for line in simulate("--date", MONDAY, "--calls", "60").stdout_bytes.splitlines()
    )
    assert 40 < offered < 100


def test_writes_a_file_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "day.jsonl"
    result = simulate("--date", MONDAY, "--output", str(file))
    assert result.stdout_bytes == b""
    assert decoded(file.read_bytes()) == day_of()


def test_the_day_is_today_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate_command, "_today", lambda *_: date(2026, 3, 25))
    assert decoded(simulate().stdout_bytes) == day_of(day="2026-03-25")


def test_a_closed_day_is_said_to_be_closed_and_sends_nothing(sender: FakeSender) -> None:
    for arguments in ((), ("--kafka", "--at-once")):
        result = simulate("--date", "2026-03-22", *arguments)
        assert (result.exit_code, result.stdout_bytes) == (0, b"")
        assert "2026-03-22 is closed" in result.stderr
    assert sender.sent == []


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (("--speed", "2"), "add --kafka"),
        (("--at-once",), "add --kafka"),
        (("--kafka", "--speed", "2", "--at-once"), "choose one"),
        (("--kafka", "--output", "x"), "choose one"),
        (("--date", "2015-06-01"), "not between 2016-01-01 and 2099-12-31"),
        (("--date", "9999-12-31"), "not between 2016-01-01 and 2099-12-31"),
        (("--date", "23/03/2026"), "does not match"),
        (("--calls", "0"), "not in the range"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_to_do(arguments: tuple[str, ...], advice: str) -> None:
    result = simulate(*arguments)
    assert result.exit_code == 2
    assert advice in result.stderr
    assert result.stdout_bytes == b""


def test_wrong_settings_are_told_without_a_stack_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
        raise SettingsError([f"{path}: zone is not known"])

    monkeypatch.setattr(settings_option, "load", load)
    result = simulate("--settings", "city.toml")
    assert result.exit_code == 1
    assert "city.toml: zone is not known" in result.stderr
    assert "Traceback" not in result.stderr


def test_kafka_at_once_sends_the_day_stamped_with_its_own_times(sender: FakeSender) -> None:
    result = simulate("--date", MONDAY, "--kafka", "--at-once")
    assert result.exit_code == 0
    assert sender.sent == [(event, instant_ms(event.at)) for event in day_of()]
    assert sender.closed
    assert f"{len(day_of())} of {len(day_of())} events sent." in result.stderr
    assert "still to come" not in result.stderr


def test_kafka_at_its_own_pace_sends_what_is_past_now(sender: FakeSender) -> None:
    """A day that is over lies in the past to the last event, and a real source stamps records on sending."""
    assert simulate("--date", MONDAY, "--kafka").exit_code == 0
    assert sender.sent == [(event, None) for event in day_of()]


def test_kafka_with_speed_plays_any_day_from_its_start(sender: FakeSender) -> None:
    """Three hours pass in some hundredths of a second; that nothing leaves early is what pacing is tested for."""
    assert simulate("--date", MONDAY, "--kafka", "--speed", "1000000").exit_code == 0
    assert sender.sent == [(event, instant_ms(event.at)) for event in day_of()]


def test_events_still_to_come_are_pointed_out(sender: FakeSender) -> None:
    ahead = datetime.now(UTC).date() + timedelta(days=8)
    monday = ahead + timedelta(days=-ahead.weekday() % 7)
    day = next(d for d in (monday, monday + timedelta(days=1)) if day_of(day=d.isoformat()))
    result = simulate("--date", day.isoformat(), "--kafka", "--at-once")
    assert "still to come" in result.stderr
    assert "--date" in result.stderr


def test_ctrl_c_closes_the_sender_and_says_how_far_it_came(sender: FakeSender) -> None:
    sender.interrupt_after = 3
    result = simulate("--date", MONDAY, "--kafka", "--at-once")
    assert result.exit_code == 130
    assert f"Stopped: 3 of {len(day_of())} events sent." in result.stderr
    assert sender.closed
    assert "Traceback" not in result.stderr


def test_a_kafka_that_cannot_be_used_is_told_without_a_stack_trace(
    sender: FakeSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ensure_topics(kafka: KafkaSettings) -> list[str]:
        raise KafkaProblemsError(["No Kafka broker can be reached."])

    monkeypatch.setattr(simulate_command, "ensure_source_topics", ensure_topics)
    result = simulate("--date", MONDAY, "--kafka", "--at-once")
    assert result.exit_code == 1
    assert "Error: No Kafka broker can be reached." in result.stderr


@pytest.mark.kafka
def test_a_broker_holds_the_day_keyed_by_contact(
    embedded_broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch, small_city: Settings
) -> None:
    kafka = kafka_settings(embedded_broker, partitions=2)
    settings = msgspec.structs.replace(small_city, kafka=kafka)
    monkeypatch.setattr(settings_option, "load", lambda *_: settings)
    result = simulate("--date", MONDAY, "--kafka", "--at-once")
    assert result.exit_code == 0, result.stderr

    async def stored(topic: str) -> Counter[tuple[bytes, bytes]]:
        partitions = await read_to_end(kafka, topic, range(kafka.partitions))
        return Counter((record.key, record.value) for records in partitions.values() for record in records)

    def expected(*, calls: bool) -> Counter[tuple[bytes, bytes]]:
        return Counter(
            (
                (event.call_id if isinstance(event, CallEvent) else event.ticket_id).encode(),
                msgspec.json.encode(event),
            )
            for event in day_of()
            if isinstance(event, CallEvent) is calls
        )

    assert asyncio.run(stored(kafka.calls_topic)) == expected(calls=True)
    assert asyncio.run(stored(kafka.tickets_topic)) == expected(calls=False)


def test_the_command_is_known_to_the_program() -> None:
    from streams.commands.main import main

    command = main.get_command(click.Context(main), "simulate")
    assert command is simulate_command.simulate
