"""Nothing lost and nothing counted twice, on both brokers: every figure equals that of an undisturbed fold.

The events are a simulated day; that the undisturbed fold is right is shown by the core's tests and its SQL oracle.
"""

import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from streams.channels.calls.events import CallEvent
from streams.channels.calls.state import CallState
from streams.channels.figures import month_totals as fold_totals
from streams.channels.visits.state import TicketState
from streams.commands.stand_in import StandInExchange
from streams.kafka.embedded import BrokerProcess
from streams.process.clock import system_clock
from streams.settings import KafkaSettings, Settings, load
from streams.sources.simulation import SimulationPlan, simulate_day
from tests.applying import apply
from tests.brokers.topics import kafka_settings
from tests.runtime import workers
from tests.runtime.workers import Totals, WorkerProcess

pytestmark = pytest.mark.kafka

DAY: Final = date(2026, 10, 5)
Events = list[Any]


@pytest.fixture(scope="module")
def settings() -> Settings:
    """The settings of Lier."""
    return load(None, {})


@pytest.fixture(scope="module")
def events(settings: Settings) -> Events:
    """A day of calls and visitors, in the order of their times."""
    return list(simulate_day(SimulationPlan(), settings.rules, DAY, seed=7))


@pytest.fixture(scope="module")
def expected(settings: Settings, events: Events) -> Totals:
    """What one undisturbed fold of the events counts."""
    calls, tickets = CallState(settings.rules), TicketState(settings.rules)
    now_ms = system_clock()
    for event in events:
        if hasattr(event, "call_id"):
            apply(calls, event, now_ms)
        else:
            apply(tickets, event, now_ms)
    totals = {
        (month, state.channel, cluster): tally
        for state in (calls, tickets)
        for (month, cluster), tally in fold_totals(state.settle(), now_ms).items()
    }
    assert sum(getattr(tally, "answered", 0) for tally in totals.values()) > 100, "a day with something to count"
    return totals


class Workers:
    """The workers of a test, all stopped at its end."""

    def __init__(self, directory: Path, settings_file: Path | None = None) -> None:
        self._directory = directory
        self._settings_file = settings_file
        self._started: list[WorkerProcess] = []

    def start(self, kafka: Any) -> WorkerProcess:
        """One more worker."""
        log = self._directory / f"worker-{len(self._started)}.log"
        worker = WorkerProcess(kafka, log, self._settings_file)
        self._started.append(worker)
        return worker

    def stop(self) -> None:
        """Stop what still runs."""
        for worker in self._started:
            worker.stop()


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Workers]:
    """Starts workers."""
    started = Workers(tmp_path)
    yield started
    started.stop()


async def test_a_worker_counts_every_event_once(
    broker: BrokerProcess, crew: Workers, events: Events, expected: Totals
) -> None:
    """Shuffled, each event three times, over four partitions, read by one worker that stops cleanly."""
    kafka = kafka_settings(broker)
    await workers.send(kafka, _shuffled(events * 3))
    worker = crew.start(kafka)
    await workers.settle(kafka, [worker])
    assert worker.terminate() == 0, worker.log()
    assert workers.plain(await workers.month_totals(kafka)) == workers.plain(expected)
    assert await workers.dead_letters(kafka) == []


async def test_calls_over_a_stand_in_exchange_are_counted_alike(
    embedded_broker: BrokerProcess, crew: Workers, events: Events, expected: Totals, tmp_path: Path
) -> None:
    """What `demo --exchange` starts: AMI and queue_log, the follower, Kafka and a worker, to the last call."""
    kafka = kafka_settings(embedded_broker, partitions=1)
    worker = crew.start(kafka)
    await workers.send(kafka, [event for event in events if not isinstance(event, CallEvent)])
    calls = [event for event in events if isinstance(event, CallEvent)]
    settings = load(None, {})
    settings = msgspec.structs.replace(settings, kafka=kafka, follow=msgspec.structs.replace(settings.follow, port=0))
    async with StandInExchange(settings, calls, tmp_path) as exchange, exchange.followed():
        await workers.until(lambda: _all_there(kafka, len(events)), "a record of every fact", workers.READ_SECONDS)
    await workers.settle(kafka, [worker])
    assert worker.terminate() == 0, worker.log()
    assert workers.plain(await workers.month_totals(kafka)) == workers.plain(expected)


async def _all_there(kafka: KafkaSettings, count: int) -> bool:
    return sum((await workers.ends(kafka)).values()) >= count


async def test_a_killed_worker_goes_on_where_its_checkpoint_ends(
    apache_kafka: BrokerProcess, crew: Workers, events: Events, expected: Totals
) -> None:
    """SIGKILL with half of the events read and the other half on the way, then a new worker."""
    kafka = kafka_settings(apache_kafka)
    disordered = _shuffled(events * 3)
    half = len(disordered) // 2
    await workers.send(kafka, disordered[:half])
    first = crew.start(kafka)
    await workers.until(lambda: _has_checkpoint(kafka), "a first checkpoint")
    await workers.send(kafka, disordered[half:])
    first.kill()
    second = crew.start(kafka)
    await workers.until(second.is_healthy, "the second worker has its partitions")  # the first may have read them all
    await workers.settle(kafka, [second])
    assert second.terminate() == 0, second.log()
    assert workers.plain(await workers.month_totals(kafka)) == workers.plain(expected)


async def test_two_workers_share_the_partitions_and_survive_a_kill(
    apache_kafka: BrokerProcess, crew: Workers, events: Events, expected: Totals
) -> None:
    """A second worker joins, the first is killed in the middle: its partitions go over to the other."""
    kafka = kafka_settings(apache_kafka)
    disordered = _shuffled(events * 3)
    third = len(disordered) // 3
    first = crew.start(kafka)
    await workers.send(kafka, disordered[:third])
    await workers.until(lambda: first.owned_partitions() == 2 * kafka.partitions, "the first worker owns everything")
    second = crew.start(kafka)
    await workers.until(
        lambda: first.owned_partitions() == second.owned_partitions() == kafka.partitions, "an equal share each"
    )
    await workers.send(kafka, disordered[third : 2 * third])
    first.kill()
    await workers.send(kafka, disordered[2 * third :])
    await workers.settle(kafka, [second])
    assert second.terminate() == 0, second.log()
    assert workers.plain(await workers.month_totals(kafka)) == workers.plain(expected)


def _shuffled(events: Events) -> Events:
    return random.Random(1999).sample(events, len(events))


async def _has_checkpoint(kafka: Any) -> bool:
    return any((await workers.covered(kafka)).values())
