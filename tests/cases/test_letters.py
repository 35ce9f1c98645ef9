"""Records that are refused: said at once, kept in dead letters that say why, and sent again once settings fit."""

import asyncio
import re
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.commands.dead_letters import dead_letters
from streams.kafka.embedded import BrokerProcess
from streams.settings import KafkaSettings
from tests.brokers.topics import kafka_settings
from tests.cases.refusing import call, checked, health, on_wall, send, visit, working
from tests.docs.pages import ROOT
from tests.runtime import workers
from tests.runtime.workers import environment, settle, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]


async def test_day_one_with_a_fast_clock_and_a_misspelt_desk_is_said_everywhere(
    apache_kafka: BrokerProcess, tmp_path: Path
) -> None:
    """Right: every page, the log (once), `check` and the alarm's series name the reason and what to do."""
    kafka = kafka_settings(apache_kafka, partitions=2)
    async with working(kafka, tmp_path / "worker.log") as worker:
        assert f'wachtmonitor_feed_refused{{topic="{kafka.calls_topic}"}} 0.0' in worker.get("/metrics")
        await send(kafka, [call("first", 360), call("second", 361), visit("third", "Wónen")])
        await until(lambda: len(health(worker)) == 2, "both sources on /health")
        calls, tickets = health(worker)
        assert "all 2 records" in calls
        assert "6 minutes ahead" in calls
        assert "Set the clocks of source and brokers" in calls
        assert 'did you mean "Wonen"? It differs in accents or spaces only.' in tickets
        assert on_wall(worker) == [
            "Oproepen worden geweigerd en niet geteld: tijd in de toekomst",
            "Bezoeken worden geweigerd en niet geteld: onbekende cluster",
        ]
        for topic in (kafka.calls_topic, kafka.tickets_topic):
            assert f'wachtmonitor_feed_refused{{topic="{topic}"}} 1.0' in worker.get("/metrics")
        told = await checked(worker)
        assert told.exit_code == 1
        assert calls in told.output
        assert tickets in told.output
        await until(lambda: worker.log().count("refused: ") == 2, "both in the log")
        await send(kafka, [call(f"more-{number}", 360) for number in range(30)])
        await settle(kafka, [worker])
        assert worker.log().count("ERROR refused: ") == 2
        await send(kafka, [*[call(f"good-{number}") for number in range(5)], visit("good")])
        await until(lambda: not health(worker), "a healthy worker again")
        await until(lambda: "over: refused: " in worker.log(), "the end in the log")
        assert f'wachtmonitor_feed_refused{{topic="{kafka.calls_topic}"}} 0.0' in worker.get("/metrics")


async def test_a_trickle_of_which_three_in_five_are_refused_is_said_and_a_single_bad_record_is_not(
    apache_kafka: BrokerProcess, tmp_path: Path
) -> None:
    """Right: one bad record is for the dead letters; most of a trickle turns /health red, and it stays red."""
    kafka = kafka_settings(apache_kafka, partitions=1)
    async with working(kafka, tmp_path / "worker.log") as worker:
        await send(kafka, [*[call(f"good-{number}") for number in range(20)], call("bad", 360), call("good")])
        await settle(kafka, [worker])
        assert health(worker) == []
        for turn in range(4):
            parts = [call(f"{turn}-{number}", 360 if number % 5 < 3 else 0) for number in range(10)]
            await send(kafka, parts)
        await settle(kafka, [worker])
        (problem,) = health(worker)
        assert "12 of the newest 20 records" in problem
        assert "6 minutes ahead" in problem


def letters(kafka: KafkaSettings, *options: str, settings_file: Path | None = None) -> Result:
    """What `wachtmonitor dead-letters` says, and how it ends."""
    return CliRunner().invoke(dead_letters, list(options), env=environment(kafka, 1, settings_file))


def with_clusters(directory: Path, *names: str) -> Path:
    """The packaged settings with desks more, and a zone in which it is noon."""
    text = (ROOT / "streams" / "wachtmonitor.toml").read_text(encoding="utf-8")
    added = "".join(f'[[cluster]]\nname = "{name}"\nchannel = "desk"\nnorm_seconds = 300\n\n' for name in names)
    file = directory / "more.toml"
    file.write_text(text.replace("[[cluster]]", f"{added}[[cluster]]", 1), encoding="utf-8")
    return file


def shown(worker: workers.WorkerProcess, metric: str, cluster: str) -> float | None:
    """The value of a metric of a cluster; None where there is none."""
    found = re.search(rf'^{metric}{{[^}}]*cluster="{cluster}"[^}}]*}} (\S+)$', worker.get("/metrics"), re.MULTILINE)
    return None if found is None else float(found[1])


async def test_dead_letters_say_why_and_are_listed_by_reason_with_an_example(
    apache_kafka: BrokerProcess, tmp_path: Path
) -> None:
    """Right: counts, first and last, what was wrong in words, where, what to do; nothing that a record holds."""
    kafka = kafka_settings(apache_kafka, partitions=1)
    async with working(kafka, tmp_path / "worker.log") as worker:
        await send(kafka, [call(f"0470 12 34 5{number}", 360) for number in range(3)])
        await send(kafka, [visit("t-1", "Wónen"), visit("t-2", "Jan Peeters"), visit("t-3", "Wónen"), visit("t-4")])
        await settle(kafka, [worker])
        kept = await workers.dead_letters(kafka)
        assert {letter.detail for letter in kept if letter.topic == kafka.tickets_topic} == {
            '"Wónen" is no cluster of the desks in the settings; did you mean "Wonen"? It differs in '
            "accents or spaces only.",
            "a name that is not shown, since it may be a person's, is no cluster of the desks in the settings; known "
            "are: Burgerzaken, Energieloket, Mobiliteit, OCMW, Omgeving, Wonen",
        }
        result = await asyncio.to_thread(letters, kafka)
    assert result.exit_code == 0, result.output
    assert "Records refused: 6\n" in result.output
    calls, tickets = kafka.calls_topic, kafka.tickets_topic
    assert re.search(rf"^{calls}, time_in_future: 3, (on|from) 20\d\d-", result.output, re.MULTILINE)
    assert re.search(r"  - 3: expected `at` .* it lies 6 minutes after its record", result.output)
    assert re.search(rf"^{tickets}, unknown_cluster: 3, (on|from) 20\d\d-", result.output, re.MULTILINE)
    assert re.search(rf'  - 2: "Wónen" is no cluster.* Such as {tickets}-0 offset 2, on 20', result.output)
    assert "What to do: Let the source spell the cluster as the settings do" in result.output
    assert "--send-again" not in result.output, "these settings refuse all of them too"
    for personal in ("0470", "Jan", "Peeters", "t-1"):
        assert personal not in result.output
    one = await asyncio.to_thread(letters, kafka, "--reason", "time_in_future")
    assert "Records refused for time_in_future: 3\n" in one.output
    assert "unknown_cluster" not in one.output


async def test_after_a_change_of_settings_dead_letters_are_sent_again_and_count_once(
    apache_kafka: BrokerProcess, tmp_path: Path
) -> None:
    """Right: a desk that was added counts as if it had been there, however often its letters are sent; what had a
    wrong time has it still and is not sent."""
    kafka = kafka_settings(apache_kafka, partitions=3)
    settings_file = with_clusters(tmp_path, "Zwembad")
    swimmers = [visit(f"swim-{number}", "Zwembad") for number in range(7)]
    served = [{**swimmers[0], "type": "started", "at": time.time()}]
    async with working(kafka, tmp_path / "before.log") as worker:
        await send(kafka, [*swimmers, *served, call("fast", 360), visit("good")])
        await settle(kafka, [worker])
        assert len(await workers.dead_letters(kafka)) == 9
    told = await asyncio.to_thread(letters, kafka, settings_file=settings_file)
    assert "These settings would accept 8 of them." in told.output
    assert "Once workers run with these settings: wachtmonitor dead-letters --send-again" in told.output
    async with working(kafka, tmp_path / "after.log", settings_file) as worker:
        for _ in range(2):
            again = await asyncio.to_thread(letters, kafka, "--send-again", settings_file=settings_file)
            assert again.exit_code == 0, again.output
            assert f"Records sent again: 8 (8 {kafka.tickets_topic})\n" in again.output
            assert "since these settings refuse them too: 1 (1 time_in_future)\n" in again.output
            assert "since they cannot be: 0\n" in again.output
            await settle(kafka, [worker])
            assert shown(worker, "wachtmonitor_waiting_walk_ins", "Zwembad") == 6
        assert len(await workers.dead_letters(kafka)) == 9, "none is refused again"
