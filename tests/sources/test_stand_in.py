"""The stand-in exchange says of a simulated day what a follower makes the same facts of, by either of its inputs."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

import msgspec
import pytest

from streams.channels.calls.events import Abandoned, Answered, CallEvent, Ended, Offered
from streams.contracts.events import instant_ms
from streams.core.rules import SECOND_MS, Channel
from streams.settings import load
from streams.sources.asterisk.blocks import BlockReader
from streams.sources.asterisk.watch import LIVING, WAITING
from streams.sources.call_rules import CallRules
from streams.sources.simulation import SimulationPlan, simulate_day
from streams.sources.stand_in import Happening, Line, StandIn, happenings
from streams.sources.stand_in.happenings import Step
from tests.sources.asterisk.replaying import Player

RULES: Final = load(None, {}).rules
LINES: Final = {
    name: Line(f"83{place}", f"60{place}") for place, name in enumerate(RULES.channel_clusters(Channel.PHONE))
}
CALL_RULES: Final = CallRules(
    queues={line.queue: name for name, line in LINES.items()},
    numbers={line.number: name for name, line in LINES.items()},
)
Fact = tuple[str, str, int]


@pytest.fixture(scope="module")
def calls() -> list[CallEvent]:
    """Those of a day."""
    plan = msgspec.structs.replace(SimulationPlan(), calls_per_day=200)
    return [each for each in simulate_day(plan, RULES, date(2026, 10, 5), 7) if isinstance(each, CallEvent)]


def facts(events: Iterable[CallEvent]) -> Counter[Fact]:
    """Type, cluster and moment; who was never answered is given up, for an exchange."""
    found: Counter[Fact] = Counter()
    answered: set[str] = set()
    for event in events:
        if isinstance(event, Answered):
            answered.add(event.call_id)
        kind = Abandoned if isinstance(event, Ended) and event.call_id not in answered else type(event)
        found[kind.__name__, event.cluster, instant_ms(event.at)] += 1
    return found


def blocks_of(data: Iterable[bytes]) -> list[bytes]:
    """As whoever listens cuts them."""
    return BlockReader().feed(b"".join(data))


def logged_in(exchange: StandIn, now_ms: int) -> Player:
    """Somebody who listens from now on."""
    player = Player(CALL_RULES, has_manager=True, has_log=True)
    player.watch.caught_up(now_ms)
    player.watch.connected(now_ms)
    player.received(blocks_of([*exchange.waiting(now_ms, WAITING), *exchange.living(LIVING)]), now_ms)
    player.passed(now_ms + 2 * SECOND_MS)
    return player


def played(player: Player, exchange: StandIn, day: Iterator[Happening]) -> list[CallEvent]:
    """All that is told of a day that happens at once."""
    for one in day:
        said = exchange.happens(one)
        player.received(blocks_of(said.blocks), one.at_ms)
        player.lines(said.lines, one.at_ms)
    player.passed(one.at_ms + 60 * SECOND_MS)
    return [event for event, _ in player.told]


def test_both_together_tell_every_fact_to_the_millisecond(calls: list[CallEvent]) -> None:
    exchange = StandIn(LINES)
    player = logged_in(exchange, instant_ms(calls[0].at) - 10 * SECOND_MS)
    told = played(player, exchange, happenings(calls))
    assert sum(facts(calls).values()) > 400
    assert facts(told) == facts(calls)
    assert player.left_out == {}


def test_whoever_comes_in_the_midst_is_told_who_waits_and_who_talks(calls: list[CallEvent]) -> None:
    """By the lists: of whoever is on the line when somebody begins to listen, all that follows is told."""
    day = [*happenings(calls)]
    middle = len(day) // 2
    exchange = StandIn(LINES)
    for one in day[:middle]:
        exchange.happens(one)
    now_ms = day[middle - 1].at_ms
    last = {one.call: one.step for one in day[:middle]}
    waiting = sum(step is Step.JOINS for step in last.values())
    talking = sum(step is Step.IS_ANSWERED for step in last.values())
    menu = sum(step is Step.DIALS_IN for step in last.values())
    living = blocks_of(exchange.living(LIVING))
    assert len([block for block in living if block.startswith(b"Event: CoreShowChannel\r\n")]) == (
        waiting + menu + 2 * talking
    )
    assert waiting + menu > 0
    assert talking > 0
    told = played(logged_in(exchange, now_ms), exchange, iter(day[middle:]))
    kinds = Counter(type(event).__name__ for event in told)
    dialled = sum(one.step is Step.DIALS_IN for one in day[middle:])
    assert kinds["Offered"] == dialled + waiting + menu
    expected = Counter(one.step for one in day[middle:])
    assert kinds["Answered"] == expected[Step.IS_ANSWERED]


def test_queue_log_alone_tells_all_but_who_hangs_up_in_the_menu(calls: list[CallEvent]) -> None:
    exchange = StandIn(LINES)
    player = Player(CALL_RULES, has_manager=False, has_log=True)
    player.watch.caught_up(0)
    day = [*happenings(calls)]
    joined = {one.call for one in day if one.step is Step.JOINS}
    for one in day:
        player.lines(exchange.happens(one).lines, one.at_ms)
    player.passed(day[-1].at_ms + 60 * SECOND_MS)
    told = Counter(type(event) for event, _ in player.told)
    wanted = Counter(type(event) for event in calls if event.call_id in joined)
    assert told[Offered] == wanted[Offered] == len(joined)
    assert told[Answered] == wanted[Answered] > 100
