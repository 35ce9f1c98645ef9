"""The clock of a worker beside the brokers': never ahead of them, and told of when it differs."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.channels import channel_names
from streams.core.rules import Channel
from streams.kafka.broker_time import DIFFERENT_MS, Reading
from streams.kafka.client import KafkaProblemsError
from streams.runtime import clock_watch
from streams.runtime.clock import HeldBackClock
from streams.runtime.clock_watch import KNOWN_SECONDS, ClockWatch
from streams.settings import load
from tests.core.builders import DAY, HOUR, SECOND, STEADY

NOW: Final = 1_780_000_000_000


class Machine:
    """A machine whose clock is ahead of the brokers', with one that nobody sets."""

    def __init__(self, ahead_ms: int = 0) -> None:
        self.ahead_ms = ahead_ms
        self.monotonic = 1_000.0

    def own(self) -> int:
        """Its clock on the wall."""
        return self.brokers() + self.ahead_ms

    def monotonic_ms(self) -> float:
        """Its other one."""
        return self.monotonic

    def brokers(self) -> int:
        """What time it is."""
        return NOW + int(self.monotonic)

    def reading(self, *, broker: int = 1, error_ms: float = 1) -> Reading:
        """What a broker answers that takes no time."""
        return Reading(
            broker=broker,
            shown_ms=self.brokers(),
            ahead_ms=self.ahead_ms,
            error_ms=error_ms,
            sent_ms=self.monotonic,
        )


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """One with the right time."""
    machine = Machine()
    monkeypatch.setattr(clock_watch, "monotonic_ms", machine.monotonic_ms)
    return machine


@pytest.fixture
def watch(machine: Machine) -> ClockWatch:
    """Of that machine."""
    return ClockWatch(load(None, {}).kafka, machine.own)


# The clock.


@pytest.mark.parametrize("ahead_ms", [8 * DAY, 5 * HOUR, 10 * SECOND, 0, -10 * SECOND, -5 * HOUR])
def test_of_two_clocks_the_one_behind_counts(ahead_ms: int, machine: Machine, watch: ClockWatch) -> None:
    """A clock that is ahead is held back to the brokers', one that is behind counts nobody too early."""
    machine.ahead_ms = ahead_ms
    assert watch.clock() == machine.own(), "before any broker has told, there is no other"
    watch.hear([machine.reading()])
    for _ in range(3):
        machine.monotonic += 3 * SECOND
        assert watch.clock() == min(machine.own(), machine.brokers())


def test_a_clock_that_is_set_wrong_between_two_answers_is_held_back_at_once(
    machine: Machine, watch: ClockWatch
) -> None:
    """And for as long as no broker answers: the other clock carries their time on."""
    watch.hear([machine.reading()])
    before = watch.clock()
    machine.ahead_ms = 5 * HOUR
    machine.monotonic += 600 * SECOND
    assert watch.clock() == before + 600 * SECOND


@given(st.lists(st.tuples(st.integers(0, 20 * SECOND), st.integers(0, DIFFERENT_MS)), min_size=1, max_size=20))
@STEADY
def test_answers_that_are_faster_or_slower_never_set_it_back(answers: list[tuple[int, int]]) -> None:
    """Going back is a look at every contact there is. The clock may stand, and is never later than they allow."""
    machine = Machine(ahead_ms=5 * HOUR)
    clock = HeldBackClock(machine.own, machine.monotonic_ms)
    last = 0
    for after_ms, took_ms in answers:
        machine.monotonic += after_ms
        clock.hold_back(machine.brokers() + took_ms - machine.monotonic)
        now = clock()
        assert last <= now <= machine.brokers() + DIFFERENT_MS
        last = now


def test_of_several_brokers_the_one_behind_counts(machine: Machine, watch: ClockWatch) -> None:
    late = Reading(broker=2, shown_ms=machine.brokers() - HOUR, ahead_ms=HOUR, error_ms=1, sent_ms=machine.monotonic)
    watch.hear([machine.reading(), late])
    assert watch.clock() == machine.brokers() - HOUR


# What is told.


def test_nothing_is_told_while_it_is_not_known(watch: ClockWatch) -> None:
    assert watch.ahead_seconds() is None
    assert watch.problems() == ()


@pytest.mark.parametrize(
    ("ahead_ms", "code", "channels"),
    [
        (4 * SECOND, None, ()),
        (10 * SECOND, "clocks_differ", (Channel.PHONE,)),
        (-10 * SECOND, "clocks_differ", (Channel.PHONE,)),
        (-5 * HOUR, "clocks_apart", channel_names()),
        (8 * DAY, "clocks_apart", channel_names()),
    ],
)
def test_a_difference_is_a_problem_beyond_five_seconds(
    ahead_ms: int, code: str | None, channels: tuple[Channel, ...], machine: Machine, watch: ClockWatch
) -> None:
    """Of the telephone first, whose waits are counted in seconds; of everything when it is minutes."""
    machine.ahead_ms = ahead_ms
    watch.hear([machine.reading()])
    assert watch.ahead_seconds() == ahead_ms / SECOND
    assert [(each.code, each.channels) for each in watch.problems()] == ([] if code is None else [(code, channels)])


def test_what_no_broker_has_told_for_a_while_is_not_known(machine: Machine, watch: ClockWatch) -> None:
    machine.ahead_ms = HOUR
    watch.hear([machine.reading()])
    machine.monotonic += KNOWN_SECONDS * SECOND
    assert watch.ahead_seconds() == HOUR / SECOND
    machine.monotonic += 1
    assert watch.ahead_seconds() is None
    (problem,) = watch.problems()
    assert (problem.code, problem.channels) == ("clocks_unknown", ())
    watch.hear([machine.reading()])
    assert [each.code for each in watch.problems()] == ["clocks_apart"]


async def test_who_has_never_heard_a_broker_says_so_with_the_reason(
    machine: Machine, watch: ClockWatch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A topic that tells no time keeps months open for good: that is not healthy, whatever the figures are."""

    @asynccontextmanager
    async def dumb(*_: object) -> AsyncIterator[None]:
        machine.monotonic += KNOWN_SECONDS * SECOND + 1
        raise KafkaProblemsError(["Topic live lets clients set the time."])
        yield

    monkeypatch.setattr(clock_watch, "broker_clocks", dumb)
    monkeypatch.setattr(clock_watch, "FIRST_SECONDS", 0)
    assert watch.problems() == (), "nobody watches: as with brokers that run on this machine"
    async with watch.watching():
        await asyncio.sleep(0)
        (problem,) = watch.problems()
    assert problem.code == "clocks_unknown"
    assert problem.text.endswith("no report or snapshot is made: Topic live lets clients set the time.")
    assert [record.message for record in caplog.records] == [problem.text]


def test_it_is_logged_when_it_begins_gets_worse_and_ends(
    machine: Machine, watch: ClockWatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And not at each look."""
    caplog.set_level(logging.INFO)
    for ahead_ms in (0, 10 * SECOND, 11 * SECOND, 5 * HOUR, 5 * HOUR, 0, 0):
        machine.ahead_ms = ahead_ms
        watch.hear([machine.reading()])
    assert [(record.levelname, record.message.partition(",")[0]) for record in caplog.records] == [
        ("WARNING", "this worker's clock is 10.0 s ahead of that of broker 1"),
        ("WARNING", "this worker's clock is 5.0 h ahead of that of broker 1"),
        ("INFO", "the clocks of this worker and of the brokers agree again"),
    ]
