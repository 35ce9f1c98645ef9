"""What one worker shows: metrics of its own part, wall and health of the whole group, or what is missing of it."""

import time
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from aiokafka import TopicPartition

from streams.core.rules import Channel
from streams.live.problems import Problem
from streams.live.share import encode
from streams.runtime.app import CUT_OFF, WAITING_FOR_PARTITIONS
from streams.runtime.fetching.fetched import Fetched
from streams.runtime.followed import FollowedSources
from streams.runtime.group.neighbours import Neighbours
from streams.runtime.pages import Pages
from streams.runtime.partitions import Partitions
from streams.runtime.reading import Answer
from streams.settings import load
from streams.settings.sources import AsteriskSource
from streams.words import message
from tests.runtime.test_partition import NOW_MS, record
from tests.runtime.test_partitions import TP, Writer, with_a_rejected_record, writer

__all__ = ["writer"]  # a fixture

ALL = [TopicPartition(topic, number) for topic in ("calls", "tickets") for number in range(4)]
CALLS, TICKETS = ALL[:4], ALL[4:]


class Engine:
    """An engine that is sure of its partitions, or not."""

    certain = True
    wrong: tuple[Problem, ...] = ()
    ends: Mapping[TopicPartition, Answer | None] = {}

    def high_watermarks(self) -> Mapping[TopicPartition, int | None]:
        """Not known."""
        return {}

    def answers(self) -> Mapping[TopicPartition, Answer | None]:
        """As told."""
        return self.ends

    def generation(self) -> int:
        """The first."""
        return 1

    def owns_partitions(self) -> bool:
        """As told."""
        return self.certain

    def problems(self) -> tuple[Problem, ...]:
        """As told."""
        return self.wrong


class Worker(NamedTuple):
    """A worker's pages, its engine, and what it knows of the others."""

    pages: Pages
    engine: Engine
    neighbours: Neighbours


class Record(NamedTuple):
    """A share on the topic."""

    value: bytes
    timestamp: int


def pages(owned: Partitions, engine: Engine, name: str = "one") -> Worker:
    """The pages of a worker of this name."""
    neighbours = Neighbours("wachtmonitor", name)
    shown = Pages(load(None, {}), owned, engine, lambda: NOW_MS, worker=name, neighbours=neighbours, demo=False)
    return Worker(shown, engine, neighbours)


async def reading(partitions: Iterable[TopicPartition], name: str) -> Worker:
    """A worker that has read these partitions to their ends, one call in each of them."""
    owned = Partitions(load(None, {}), lambda: NOW_MS)
    await owned.load(set(partitions))
    for tp in owned.owned():
        if tp in CALLS:
            await owned.fold(tp, Fetched(0, 1, [record(0, call_in(tp), str(tp.partition).encode())]))
    engine = Engine()
    engine.ends = {tp: Answer(0.0, int(tp in CALLS), int(tp in CALLS), None) for tp in owned.owned()}
    return pages(owned, engine, name)


def call_in(tp: TopicPartition) -> bytes:
    """Somebody calls, and waits."""
    at, cluster = NOW_MS / 1000 - 10 - tp.partition, "Klantencontactcentrum"
    return b'{"type":"offered","call_id":"%d","cluster":"%b","at":%f}' % (tp.partition, cluster.encode(), at)


def tell(teller: Worker, listener: Worker, moment_ms: int = 10_000) -> None:
    """One worker's share, made at a moment by the brokers' clock, reaches another."""
    share = teller.pages.share(moment_ms)
    listener.neighbours.receive(Record(encode(share), moment_ms))


def is_moment(worker: Worker, moment_ms: int = 10_000) -> None:
    """A worker learns what the brokers' clock shows."""
    now = time.monotonic()
    worker.neighbours.clock.note(now, now, moment_ms)


async def test_metrics_show_partitions_only_while_they_are_certain(writer: Writer) -> None:
    engine = Engine()
    shown = pages(await with_a_rejected_record(), engine).pages
    series = f'wachtmonitor_events_applied_total{{partition="{TP.partition}",topic="{TP.topic}"}} 2.0'
    assert series in shown.metrics().decode()
    engine.certain = False
    assert "wachtmonitor_events_applied_total{" not in shown.metrics().decode()
    engine.certain = True
    assert series in shown.metrics().decode()


async def test_each_of_two_workers_shows_the_whole(writer: Writer) -> None:
    """The same on both: who waits with one of them, who waits with the other, and nothing wrong."""
    one, two = await reading([*CALLS[:1], *TICKETS], "one"), await reading(CALLS[1:], "two")
    for listener, teller in ((one, two), (two, one)):
        is_moment(listener)
        tell(teller, listener)
    walls = [worker.pages.wall() for worker in (one, two)]
    assert walls[0] == walls[1]
    waiting, longest, *_ = walls[0].channels[0].clusters[0].cells
    assert (waiting.value, longest.value, walls[0].problems) == (4, 13, ())
    assert one.pages.health() == two.pages.health()
    assert one.pages.health().problems == ()


async def test_without_the_other_the_channel_is_said_to_be_incomplete(writer: Writer) -> None:
    one = await reading([*CALLS[:1], *TICKETS], "one")
    (problem,) = one.pages.wall().problems
    assert (problem.text, problem.channels) == ("Deel ontbreekt: oproepen 3 van 4", (Channel.PHONE,))
    assert [each.code for each in one.pages.health().problems] == ["part_missing"]
    assert one.pages.worker_health().problems == (), "the worker itself is well"


async def test_a_worker_that_has_everything_needs_nobody(writer: Writer) -> None:
    """Nor the topic by which it would hear of others."""
    alone = await reading(ALL, "alone")
    alone.neighbours.writing_trouble = alone.neighbours.reading_trouble = "no such topic"
    assert alone.pages.wall().problems == ()
    assert alone.pages.health().problems == ()


async def test_why_shares_do_not_come_or_go_is_said_to_whoever_needs_them(writer: Writer) -> None:
    one = await reading([*CALLS[:1], *TICKETS], "one")
    one.neighbours.writing_trouble, one.neighbours.reading_trouble = "not allowed", "no such topic"
    told = [problem.text for problem in one.pages.health().problems]
    assert told[1:] == [
        "the figures of this worker do not reach the others of the group: not allowed",
        "the figures of the other workers are not read: no such topic",
    ]


async def test_a_worker_that_is_cut_off_says_why_and_adds_nothing_to_what_others_show(writer: Writer) -> None:
    cut_off, other = await reading(CALLS, "cut off"), await reading(TICKETS, "other")
    cut_off.engine.certain, cut_off.engine.wrong = False, (CUT_OFF,)
    first, *_ = cut_off.pages.wall().problems
    assert (first.text, first.channels) == ("De monitor heeft geen verbinding met Kafka", tuple(Channel))
    assert cut_off.pages.health().problems[0] == cut_off.pages.worker_health().problems[0] == CUT_OFF
    is_moment(other)
    tell(cut_off, other)
    (problem,) = other.pages.wall().problems
    assert problem.text == "Alle oproepen ontbreken", "and nothing of the problems of who has no part"


async def test_what_is_wrong_with_a_neighbour_is_said_of_its_channels(writer: Writer) -> None:
    one, two = await reading(CALLS, "one"), await reading(TICKETS, "two")
    two.engine.wrong = (Problem(code="clock", text="a wrong clock", on_wall=message("problem-clock")),)
    is_moment(one)
    tell(two, one)
    (problem,) = one.pages.wall().problems
    assert (problem.text, problem.channels) == ("De klok van de monitor wijkt af van die van Kafka", (Channel.DESK,))
    assert [each.text for each in one.pages.health().problems] == ["a wrong clock"]
    assert one.pages.worker_health().problems == ()


async def test_what_a_restart_does_not_help_against_is_no_problem_of_the_process(writer: Writer) -> None:
    one = await reading(ALL, "one")
    clock = Problem(code="clock", text="a wrong clock", on_wall=message("problem-clock"))
    one.engine.wrong = (clock, CUT_OFF)
    assert one.pages.health().problems == (clock, CUT_OFF)
    assert one.pages.worker_health().problems == (CUT_OFF,)


async def test_figures_that_are_not_read_to_the_end_are_behind(writer: Writer) -> None:
    """A partition that was just taken over shows the figures of its checkpoint."""
    one = await reading(ALL, "one")
    one.engine.ends = {**one.engine.ends, CALLS[0]: Answer(0.0, 500, 1, 1)}
    (problem,) = one.pages.wall().problems
    assert problem.text.startswith("Bezig met lezen: oproepen")


async def test_a_share_is_of_the_moment_of_which_everything_is_read(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second later brokers have said nothing new, or a record has come that is not counted yet."""
    one = await reading(CALLS, "one")
    began, caught_up = time.monotonic(), one.engine.ends
    monkeypatch.setattr("streams.runtime.partitions.time", SimpleNamespace(monotonic=lambda: began))
    assert one.pages.share(10_000).computed_ms == 10_000
    monkeypatch.setattr("streams.runtime.partitions.time", SimpleNamespace(monotonic=lambda: began + 1))
    for age_seconds, more in ((1.0, 0), (0.0, 1)):
        one.engine.ends = {
            tp: answer and answer._replace(age_seconds=age_seconds, end=answer.end + more)
            for tp, answer in caught_up.items()
        }
        assert one.pages.share(10_000).computed_ms == 9_000
    assert one.pages.share(None).computed_ms is None


async def test_a_change_of_what_is_shown_is_news(writer: Writer) -> None:
    one = await reading(CALLS, "one")
    before = one.pages.standing()
    assert one.pages.standing() == before
    one.engine.wrong = (WAITING_FOR_PARTITIONS,)
    assert one.pages.standing() != before
    one.engine.wrong = ()
    one.engine.certain = False
    assert one.pages.standing() != before


async def test_a_source_that_is_away_greys_what_it_feeds(writer: Writer) -> None:
    alone = await reading(ALL, "alone")
    table = AsteriskSource(kind="asterisk", host="pbx", username="w", queues={"600": "Klantencontactcentrum"})
    alone.engine.wrong = FollowedSources(load(None, {}).kafka, {"kcc": table}, lambda: NOW_MS).problems()
    wall = alone.pages.wall()
    assert [each.text for each in wall.problems] == ["Geen verbinding met de bron kcc"]
    phone, desk = wall.channels
    assert (phone.stale, desk.stale) == ("Geen verbinding met de bron kcc", "")
    assert [each.code for each in alone.pages.health().problems] == ["source_kcc"]
    assert alone.pages.worker_health().problems == (), "no restart of the worker would mend it"
