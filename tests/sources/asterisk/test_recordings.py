"""Recordings of a real Asterisk, with the truth beside each: what is told of them, however they come.

The truth was seen outside of the exchange, by the telephones.
"""

import functools
import gzip
from collections.abc import Sequence
from typing import Final

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from streams.sources.asterisk.watch import LIVING, WAITING
from streams.sources.call_rules import CallRules
from tests.sources.asterisk.replaying import (
    QUEUES,
    RECORDINGS,
    SCENARIOS,
    Exchange,
    Fact,
    Player,
    answers_in,
    differences,
    fact_of,
    play,
    recording,
    wanted,
)

recorded: Final = functools.cache(recording)

BY_MANAGER_SECONDS: Final = 0.15
BY_LOG_SECONDS: Final = 1.0

UNKNOWN_TO_LOG: Final = {
    "exit-empty": "the citizen hangs up after the queue let go",
    "exit-with-key": "the same",
    "timeout": "the same",
    "survey": "the citizen is asked how it went, after the employee hung up",
    "blind-transfer": "the second talk ends at a desk",
}
"""Where queue_log does not say when a call ends, and why."""

ENDS: Final = ("abandoned", "ended")


def facts(player: Player) -> list[Fact]:
    return [fact_of(event) for event, _ in player.told]


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_manager_interface_tells_everything_to_the_moment(name: str) -> None:
    player = play(recorded(name), log=False)
    assert differences(facts(player), wanted(recorded(name)), BY_MANAGER_SECONDS) == []
    assert not any(missed for _, missed in player.told)


@pytest.mark.parametrize("name", SCENARIOS)
def test_numbers_that_are_named_count_every_call_from_dialling_in(name: str) -> None:
    """Also who hangs up in the menu, is refused by the queue, or reaches a desk without one."""
    rules = CallRules({}, {f"0883{number:02}": f"Number {number}" for number in range(1, 14)})
    truth = wanted(recorded(name), lambda call: f"Number {int(call['did'][-2:])}")
    assert len(truth) == len(recorded(name).expected)
    for log in (False, True):
        player = play(recorded(name), rules=rules, log=log)
        assert differences(facts(player), truth, BY_MANAGER_SECONDS) == []


@pytest.mark.parametrize("name", SCENARIOS)
def test_queue_log_beside_it_adds_nothing(name: str) -> None:
    alone, both = play(recorded(name), log=False), play(recorded(name))
    assert (both.told, both.left_out) == (alone.told, alone.left_out)


@pytest.mark.parametrize("name", SCENARIOS)
def test_queue_log_alone_tells_what_it_knows_within_a_second(name: str) -> None:
    told, truth = facts(play(recorded(name), manager=False)), wanted(recorded(name))
    if name in UNKNOWN_TO_LOG:
        ended = {fact[1] for fact in told if fact[0] in ENDS}
        assert ended <= {fact[1] for fact in truth if fact[0] in ENDS}
        told, truth = ([fact for fact in some if fact[0] not in ENDS] for some in (told, truth))
    assert differences(told, truth, BY_LOG_SECONDS) == []


@pytest.mark.parametrize("name", SCENARIOS)
def test_it_does_not_matter_how_bytes_come_nor_what_time_it_is_here(name: str) -> None:
    whole = play(recorded(name))
    chopped = play(
        recorded(name),
        chop=lambda data: [data[at : at + 61] for at in range(0, len(data), 61)],
        behind_ms=86_400_000,
    )
    assert chopped.told == whole.told


def cuts(name: str) -> st.SearchStrategy[list[tuple[int, int]]]:
    """Some stretches in which nobody listens."""
    moments = [sent.at_ms for sent in recorded(name).sent] or [0]
    first, last = moments[0], moments[-1] + 5_000
    some = st.lists(st.integers(first, last), min_size=2, max_size=6, unique=True)
    return some.map(lambda each: [*zip(sorted(each)[::2], sorted(each)[1::2], strict=False)])


def tolerated(away: Sequence[tuple[int, int]], true: Fact) -> tuple[float, float]:
    """How early and how late a fact may be told that perhaps happened while nobody listened."""
    early = late = BY_MANAGER_SECONDS
    for since_ms, until_ms in away:
        if since_ms / 1000 - 1 <= true[3] <= until_ms / 1000 + 1:
            early = late = max(late, BY_LOG_SECONDS)
            if true[0] in ENDS:  # perhaps queue_log does not tell
                early, late = 15, max(late, until_ms / 1000 + 1 - true[3])
    return early, late


CUT: Final = [name for name in SCENARIOS if recorded(name).expected]


@pytest.mark.parametrize("times", [2, pytest.param(40, marks=pytest.mark.long)])
@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("name", CUT)
def test_whatever_stretches_nobody_listened_each_fact_is_told_once(name: str, restarts: bool, times: int) -> None:
    true = wanted(recorded(name))

    @seed(20_261_128)
    @settings(max_examples=2 * times if name == "busy" else 4 * times, deadline=None, database=None)
    @given(cuts(name), st.sampled_from([0, 999]))
    def check(away: list[tuple[int, int]], late_ms: int) -> None:
        player = play(recorded(name), away=away, restarts=restarts, late_ms=late_ms)
        assert differences(facts(player), true, functools.partial(tolerated, away)) == []

    check()


NAMES: Final = ("jansen", "pieters", "burger", "Müller", "Sanne", "Bram", "Fatima", "Lotte", "sanne", "IAX2")


def test_no_number_and_no_name_leaves_the_decoder() -> None:
    """Nor the name of a queue or the number that was dialled: a cluster stands for them."""
    rules = CallRules({name: f"Cluster {place}" for place, name in enumerate(QUEUES)}, {"088303": "Menu"})
    for name in SCENARIOS:
        player = play(recorded(name), rules=rules)
        kept = [repr(player.told), repr(player.left_out), repr(player.watch.position()), repr(vars(player.watch))]
        calls = recorded(name).calls
        never = {*NAMES, *QUEUES, *(call["number"] or "0612" for call in calls), *(call["did"] for call in calls)}
        never -= {"leeg"}  # a short word that may stand anywhere
        for text in kept[:3]:
            assert [each for each in never if each in text] == []


@pytest.mark.parametrize("log", [True, False])
def test_who_comes_late_learns_what_the_exchange_lists(log: bool) -> None:
    """By the answers of the real one: one citizen talks, two wait."""
    path = RECORDINGS / "late-monitor"
    answers = answers_in(gzip.decompress((path / "ami.txt.gz").read_bytes()), {"2": WAITING, "4": LIVING})
    whole = recorded("late-monitor")
    begins_ms = 1_795_802_839_500
    late = whole._replace(sent=[sent for sent in whole.sent if sent.at_ms >= begins_ms])
    player = play(late, begins_ms=begins_ms, lists=lambda _: iter(answers), log=log)
    truth = wanted(whole)
    if not log:
        truth = [fact for fact in truth if fact[1] != "1795802831.0"]
        assert player.left_out == {"began_before": 1}
    assert differences(facts(player), truth, BY_LOG_SECONDS) == []


def test_lists_that_do_not_come_end_no_call() -> None:
    name = "late-monitor"
    at_ms = recorded(name).sent[len(recorded(name).sent) // 2].at_ms
    player = play(recorded(name), away=[(at_ms, at_ms + 200)], lists=Exchange.no_lists)
    assert differences(facts(player), wanted(recorded(name)), BY_LOG_SECONDS) == []
