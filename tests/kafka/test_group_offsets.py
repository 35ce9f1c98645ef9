"""Offsets that somebody set by hand are news for a while and a note then, each partition with where workers go on."""

from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition

from streams.core.rules import Channel
from streams.kafka.group_offsets import SHOWN, Moved, moved
from streams.live.faults import Fault, fault_code
from streams.process.clock import system_clock
from streams.runtime.feed_faults import NEWS_SECONDS
from streams.runtime.partitions import Partitions
from streams.settings import load


def owning(*, for_seconds: float) -> Partitions:
    """Two partitions of calls whose offsets were set, owned for so long, and one of which nobody touched."""
    partitions = Partitions(load(None, {}), system_clock)
    found = {0: Moved(0, 5, 90), 1: Moved(1, 7, None), 2: None}
    owned: Any = {
        TopicPartition("calls", number): SimpleNamespace(
            moved=each, owned_seconds=for_seconds, partition=SimpleNamespace(tp=TopicPartition("elsewhere", 0))
        )
        for number, each in found.items()
    }
    partitions._owned = owned
    return partitions


def test_they_are_a_problem_of_no_figure_for_a_quarter_of_an_hour_and_a_note_then() -> None:
    news, later = owning(for_seconds=NEWS_SECONDS - 1), owning(for_seconds=NEWS_SECONDS)
    (problem,) = news.problems()
    assert (problem.code, problem.channels) == (fault_code(Fault.OFFSETS_SET, Channel.PHONE), ())
    assert (
        "calls-0 to 5, where they go on at 90; calls-1 to 7, where they begin with the first record" in problem.text
    )
    assert news.notes() == ()
    assert (later.problems(), later.notes()) == ((), (problem.text,))


def test_of_many_partitions_some_are_named() -> None:
    text = moved("calls", [Moved(number, 0, 9) for number in range(SHOWN + 4)])
    assert text.count("where they go on at 9") == SHOWN
    assert "and of 4 more partitions" in text
    assert "stop all workers, delete calls-checkpoints and start again" in text
