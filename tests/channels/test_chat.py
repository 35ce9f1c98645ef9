"""A channel that no line of `streams/` knows, from its topic to metrics, month totals, the wall and the report."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen
from zoneinfo import ZoneInfo

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from streams.kafka.client import client_options, read_to_end
from streams.kafka.embedded import BrokerProcess
from streams.settings import DEFAULT_FILE, KafkaSettings
from tests.brokers.topics import kafka_settings
from tests.runtime.workers import WorkerProcess, environment, until, zone_at_noon

ROOT: Final = Path(__file__).parents[2]

ADDED: Final = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.channels.chat.channel import add
add()
from streams.entry import main
sys.exit(main())
"""
"""A program of an installation that adds its channel and then is `wachtmonitor`."""

SETTINGS: Final = """
[[cluster]]
name = "Infochat"
channel = "chat"
norm_seconds = 20

[kafka.topics]
chat = "{topic}"

[web.stale_seconds]
chat = 77

[norms.indicators]
chat_abandoned_share = 40
"""

FACTS: Final = (
    ("quick", "offered", -100),
    ("quick", "answered", -90),
    ("slow", "offered", -80),
    ("slow", "answered", -50),
    ("slow", "ended", -45),
    ("gone", "abandoned", -20),  # before it was offered, by the order of the records
    ("gone", "offered", -40),
    ("left", "offered", -39),
    ("left", "ended", -30),
    ("waits", "offered", -15),
    ("quick", "answered", -90),  # twice
)
"""Chat, fact and seconds from now: two answered after 10 and 30 s, two abandoned, one that waits."""


def series(name: str, **labels: str) -> str:
    """A series as the page has it, without its value."""
    texts = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    return f"wachtmonitor_{name}{{{texts}}}"


def shown(page: str) -> dict[str, float]:
    """Every sample of a page."""
    samples = (line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in samples}


def wall(worker: WorkerProcess) -> Mapping[str, Any]:
    """What the wall page is told now."""
    with urlopen(f"http://127.0.0.1:{worker.port}/wall/events", timeout=30) as answer:
        for line in answer:
            if line.startswith(b"data: {"):
                told: dict[str, Any] = msgspec.json.decode(line[len(b"data: ") :])
                return told
    raise AssertionError("the wall tells nothing")


def report(worker: WorkerProcess, year: str, kind: str) -> str:
    """What the report says of a year, as the same program writes it."""
    asked = [sys.executable, "-c", ADDED, "report", "--year", year, "--format", kind]
    known = environment(worker.kafka, worker.port, worker.log_file.with_name("settings.toml"))
    return subprocess.run(asked, env=known, capture_output=True, text=True, check=True).stdout


async def send(kafka: KafkaSettings, topic: str, now: float) -> None:
    """The facts as records, and one of a cluster that nobody knows."""
    async with AIOKafkaProducer(**client_options(kafka)) as producer:
        for chat, fact, seconds in FACTS:
            event = {"type": fact, "chat_id": chat, "cluster": "Infochat", "at": now + seconds}
            await producer.send_and_wait(topic, msgspec.json.encode(event), chat.encode())
        stray = {"type": "offered", "chat_id": "stray", "cluster": "Wonen", "at": now}
        await producer.send_and_wait(topic, msgspec.json.encode(stray), b"stray")


async def month_records(kafka: KafkaSettings) -> list[dict[str, Any]]:
    """The totals of chats on the topic of month totals, by their newest records."""
    (records,) = (await read_to_end(kafka, kafka.month_totals_topic, [0])).values()
    newest = {record.key: record.value for record in records if record.key and b"/chat/Infochat/" in record.key}
    return [msgspec.json.decode(value) for value in newest.values() if value is not None]


def summed(totals: list[dict[str, Any]], *names: str) -> tuple[int, ...]:
    """Counts over all source partitions."""
    return tuple(sum(each[name] for each in totals) for name in names)


@pytest.fixture
def chats(apache_kafka: BrokerProcess, tmp_path: Path) -> Iterator[tuple[WorkerProcess, str]]:
    """A worker with chats besides telephone and desks, and their topic."""
    kafka = kafka_settings(apache_kafka)
    topic = kafka.calls_topic.replace("calls", "chats")
    file = tmp_path / "settings.toml"
    city = DEFAULT_FILE.read_text(encoding="utf-8").replace("Europe/Brussels", zone_at_noon())
    file.write_text(city + SETTINGS.format(topic=topic), encoding="utf-8")
    worker = WorkerProcess(kafka, tmp_path / "worker.log", file, code=ADDED, is_fresh=True, verbose=False)
    yield worker, topic
    worker.stop()


@pytest.mark.kafka
async def test_it_goes_from_its_topic_to_metrics_month_totals_the_wall_and_the_report(
    chats: tuple[WorkerProcess, str],
) -> None:
    worker, topic = chats
    kafka = worker.kafka
    await until(lambda: worker.owned_partitions() == 3 * kafka.partitions, worker.log)
    await send(kafka, topic, time.time())
    place = {"cluster": "Infochat", "channel": "chat"}
    expected = {
        series("served_contacts", **place, window="60m"): 2,
        series("wait_seconds", **place, window="60m"): 40,
        series("within_norm_contacts", **place, window="60m"): 1,
        series("abandoned_chats", **place, window="60m"): 2,
        series("waiting_contacts", **place): 1,
        series("norm_wait_seconds", **place): 20,
        "wachtmonitor_norm_chat_abandoned_share_ratio": 0.4,
        series("feed_stale_seconds", topic=topic, channel="chat"): 77,
    }

    def is_counted() -> bool:
        found = shown(worker.get("/metrics"))
        refused = [value for name, value in found.items() if topic in name and 'reason="unknown_cluster"' in name]
        return sum(refused) == 1 and expected.items() <= found.items()

    await until(is_counted, lambda: worker.get("/metrics"))
    walk_ins = series("waiting_walk_ins", **place)
    assert walk_ins not in shown(worker.get("/metrics")), "nobody comes to a chat without an appointment"

    async def is_written() -> bool:
        return summed(await month_records(kafka), "answered", "abandoned") == (2, 2)

    await until(is_written, "month totals of chats")
    assert summed(await month_records(kafka), "wait_ms", "within_norm") == (40_000, 1)

    told = wall(worker)
    assert [each["channel"] for each in told["channels"]] == ["phone", "desk", "chat"]
    chat = told["channels"][-1]
    assert (chat["title"], chat["columns"][0]["label"]) == ("Chat", "wachten nu")
    (line,) = chat["clusters"]
    waits, longest, mean, abandoned = line["cells"]
    assert (line["cluster"], waits["value"], mean["value"], mean["state"]) == ("Infochat", 1, 20, "good")
    assert longest["value"] >= 15
    said = {key: abandoned[key] for key in ("value", "norm", "state", "verdict")}
    assert said == {"value": 0.5, "norm": "norm ≤ 40\N{NO-BREAK SPACE}%", "state": "bad", "verdict": "▲ boven norm"}

    assert worker.terminate() == 0
    worker.start_again()
    await until(lambda: worker.is_healthy() and is_counted(), worker.log)
    assert summed(await month_records(kafka), "answered", "abandoned", "wait_ms") == (2, 2, 40_000)

    month = f"{datetime.fromtimestamp(time.time(), ZoneInfo(zone_at_noon())):%Y-%m}"
    judged_by = series("month_norm_chat_abandoned_share_ratio", year=month[:4], month=month)
    assert shown(worker.get("/metrics/months"))[judged_by] == 0.4, "the month is judged by it too"

    year = f"{datetime.fromtimestamp(time.time() - 60, ZoneInfo(zone_at_noon())):%Y}"
    (chat,) = msgspec.json.decode(report(worker, year, "json"))["summary"]["chat"]
    ids = {"reused_ids": 0, "unclear_ids": 0}
    assert chat["counts"] == {"wait_seconds": 40, "answered": 2, "abandoned": 2} | ids
    lines = [" ".join(line.split()) for line in report(worker, year, "text").splitlines()]
    assert "Gemiddelde wachttijd beantwoorde chats Infochat 20,0 s ≤ 20 s ja 2 beantwoord" in lines
    assert "Van het openen van een chat tot een medewerker antwoordt." in " ".join(lines)
    start = lines.index("Chats")
    numbers = "opnieuw gebruikte nummers nummers die van meer kunnen zijn"
    assert lines[start + 3] == f"Cluster wachttijd {numbers} beantwoord weggegaan"
    assert lines[start + 4] == "Infochat 40,0 s 0 0 2 2"
    assert f"{year};Infochat;Chats: weggegaan;2;chats;;;" in report(worker, year, "csv").splitlines()


def test_settings_and_closings_have_it_too() -> None:
    """In a process of its own, where it is added first."""
    asked = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/channels/chat/in_process.py"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
