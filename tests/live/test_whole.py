"""The whole from shares: equal to the figures over all states however they are spread, or what is missing is said."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.channels.calls.state import CallState
from streams.channels.visits.state import TicketState
from streams.core.rules import Channel
from streams.core.state import AnyState
from streams.live.observed import Observed, PartitionHealth, Reading
from streams.live.problems import Problem
from streams.live.share import Share, counts_in_line, decode, encode, parts_of
from streams.live.whole import Needed, Own, Whole, whole
from streams.serve.wall.figures import wall_moment
from streams.words import Language, message, words_of
from tests.core.builders import DAY, MINUTE, SECOND, arrived, calls, offered, tickets
from tests.core.folding import fold
from tests.core.histories import HISTORY_RULES, NOON, call_events, ticket_events
from tests.serve.observing import TOPICS, observing, owning

RULES_DIGEST: Final = "these"
NOW: Final = NOON + MINUTE
LINE: Final = "Infolijn"
DUTCH: Final = words_of(Language.DUTCH)

CLOCK: Final = Problem(code="clock", text="the clock is wrong", on_wall=message("problem-clock"))
REFUSED: Final = Problem(
    code="refused", text="refused", on_wall=message("problem-refused"), channels=(Channel.PHONE,)
)
MISSPELT: Final = Problem(code="line", text="misspelt", on_wall=message("problem-misspelt"), channels=())


def seen(partitions: Iterable[PartitionHealth], now_ms: int = NOW) -> Observed:
    """What a worker with these partitions observes."""
    return observing(partitions, now_ms, HISTORY_RULES)


def share(
    worker: str,
    partitions: Iterable[PartitionHealth],
    *,
    generation: int = 1,
    rules: str = RULES_DIGEST,
    problems: Sequence[Problem] = (),
    now_ms: int = NOW,
) -> Share:
    """A share as it arrives: encoded and decoded."""
    parts = list(parts_of(seen(partitions, now_ms)))
    made = Share(
        group="group",
        worker=worker,
        generation=generation,
        rules=rules,
        computed_ms=0,
        parts=parts,
        problems=list(problems),
    )
    return decode(encode(made))


def needed(phone: int, desk: int) -> Needed:
    """So many partitions of each topic."""
    counts = {Channel.PHONE: phone, Channel.DESK: desk}
    return Needed(
        topics={channel: (TOPICS[channel], count) for channel, count in counts.items()},
        day=seen(()).day,
        rules=RULES_DIGEST,
        line_counts={channel: counts_in_line(channel, HISTORY_RULES) for channel in counts},
    )


def own(partitions: Iterable[PartitionHealth], **changes: object) -> Own:
    """This worker's own parts."""
    return Own(parts=parts_of(seen(partitions)), **changes)  # type: ignore[arg-type]  # fields by name


def figures_of(partitions: Sequence[PartitionHealth], found: Whole | None = None) -> object:
    """Everything that the wall shows of them, or of a whole."""
    payload = wall_moment(seen(partitions), found, demo=False)
    return payload.clusters, payload.feeds


# --- any split ------------------------------------------------------------------------------------------------------


@st.composite
def states(draw: st.DrawFn) -> list[AnyState]:
    """The states of some partitions of both topics."""
    found: list[AnyState] = []
    for _ in range(draw(st.integers(1, 3))):
        found.append(fold(CallState, HISTORY_RULES, draw(st.lists(call_events(), max_size=5))))  # noqa: PERF401 - draws
    for _ in range(draw(st.integers(1, 3))):
        found.append(fold(TicketState, HISTORY_RULES, draw(st.lists(ticket_events(), max_size=5))))  # noqa: PERF401 - draws
    return found


@given(st.data())
def test_any_split_over_workers_gives_the_figures_of_all_or_names_what_is_missing(data: st.DataObject) -> None:
    """Shares of before a rebalance among them, which claim partitions that others have by now."""
    partitions = owning(*data.draw(states()))
    worker_of = data.draw(st.lists(st.integers(0, 3), min_size=len(partitions), max_size=len(partitions)))
    split = {worker: [p for p, w in zip(partitions, worker_of, strict=True) if w == worker] for worker in range(4)}
    here, gone, strange = 0, data.draw(st.sets(st.integers(1, 3))), data.draw(st.sets(st.integers(1, 3)))
    fresh = [
        share(f"worker {worker}", split[worker], generation=5, rules="others" if worker in strange else RULES_DIGEST)
        for worker in split
        if worker != here and worker not in gone
    ]
    before = data.draw(st.lists(st.sampled_from(partitions), unique_by=id))
    former = share("worker that was", before, generation=4)
    shares = data.draw(st.permutations([*fresh, former]))
    known = {channel: sum(p.state.channel is channel for p in partitions) for channel in Channel}
    found = whole(own(split[here]), shares, needed(known[Channel.PHONE], known[Channel.DESK]))

    for channel in Channel:
        mine = [p for p in partitions if p.state.channel is channel]
        covered = [p for w in split if w == here or w not in gone | strange for p in split[w] if p in mine]
        claimed = [p for p in before if p in mine]
        if claimed and not any(p in covered for p in claimed):
            covered += claimed
        missing = [p for p in mine if p not in covered]
        problems = [p for p in found.problems if channel in p.channels and p.code == "part_missing"]
        assert len(problems) == bool(missing)
        for problem in problems:
            numbers = ", ".join(str(p.partition) for p in missing)
            assert problem.text.startswith(
                f"{len(missing)} of {len(mine)} partitions of {TOPICS[channel]} ({numbers})"
            )
    if not found.problems:
        assert figures_of(partitions, found) == figures_of(partitions)


# --- whose part counts ----------------------------------------------------------------------------------------------


def phone_partitions(count: int) -> list[PartitionHealth]:
    """Partitions of calls, each with as many callers who wait as its number says, and one."""
    return owning(
        *(
            calls([offered(NOON - SECOND * i, f"{number}-{i}", LINE) for i in range(number + 1)], HISTORY_RULES)
            for number in range(count)
        )
    )


def waiting(found: Whole) -> int:
    """How many callers wait, as the whole has it."""
    line = found.lines[Channel.PHONE].get(LINE)
    return 0 if line is None else line.counts[0]


def codes(found: Whole) -> list[str]:
    """What is wrong with the phone."""
    return [problem.code for problem in found.problems if Channel.PHONE in problem.channels]


def test_of_two_who_claim_a_partition_the_later_generation_has_it_and_the_other_gives_way_with_all_it_has() -> None:
    one, two, three = phone_partitions(3)
    former, current = share("a", [one, two], generation=4), share("b", [two, three], generation=5)
    found = whole(own([]), [former, current], needed(3, 0))
    assert (waiting(found), codes(found)) == (2 + 3, ["part_missing"])
    assert DUTCH.say(found.problems[0].on_wall) == "Deel ontbreekt: oproepen 1 van 3"
    assert found.problems[0].text.startswith(
        "1 of 3 partitions of calls (0) is in no worker's figures of the last 2 s"
    )


def test_what_is_certainly_ones_own_is_no_matter_of_what_others_claim() -> None:
    one, two = phone_partitions(2)
    found = whole(own([two]), [share("zombie", [one, two], generation=99)], needed(2, 0))
    assert (waiting(found), codes(found)) == (2, ["part_missing"])


def test_what_is_not_certainly_ones_own_gives_way_and_never_makes_the_whole() -> None:
    """It is shown, in grey, as long as nobody else claims it."""
    one, two = phone_partitions(2)
    found = whole(own([two], is_certain=False), [share("a", [one])], needed(2, 0))
    assert (waiting(found), codes(found)) == (1 + 2, ["part_missing"])
    moved = msgspec.structs.replace(two, next_offset=two.next_offset + 1)
    found = whole(own([two], is_certain=False), [share("a", [one, moved])], needed(2, 0))
    assert (waiting(found), codes(found)) == (1 + 2, [])


def test_a_part_that_is_missing_concerns_its_channel_alone() -> None:
    visits = owning(tickets([arrived(NOON, cluster="OCMW")], HISTORY_RULES))
    found = whole(own(visits), [], needed(1, 1))
    assert [(each.code, each.channels) for each in found.problems] == [("part_missing", (Channel.PHONE,))]


def test_a_partition_that_was_added_is_missing_until_somebody_has_it() -> None:
    (one,) = phone_partitions(1)
    assert codes(whole(own([one]), [], needed(1, 0))) == []
    assert codes(whole(own([one]), [], needed(2, 0))) == ["part_missing"]


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize(
    ("reading", "code", "on_wall"),
    [
        (Reading.BEHIND, "catching_up", "Achterstand: oproepen, nog 12.345 te lezen"),
        (Reading.UNANSWERED, "part_unanswered", "Deel ontbreekt: oproepen 1 van 2"),
    ],
)
def test_a_partition_whose_figures_are_not_of_this_moment_is_told_of(
    reading: Reading, code: str, on_wall: str, elsewhere: bool
) -> None:
    """Whoever has it: its owner shows it in grey as everybody does."""
    one, two = phone_partitions(2)
    old = msgspec.structs.replace(two, reading=reading, high_watermark=two.next_offset + 12_345)
    found = (
        whole(own([one]), [share("a", [old])], needed(2, 0))
        if elsewhere
        else whole(own([one, old]), [], needed(2, 0))
    )
    assert [(each.code, DUTCH.say(each.on_wall)) for each in found.problems] == [(code, on_wall)]


def test_figures_by_other_rules_are_not_added_and_the_settings_are_named() -> None:
    one, two = phone_partitions(2)
    found = whole(own([one]), [share("a", [two], rules="others")], needed(2, 0))
    assert (waiting(found), codes(found)) == (1, ["part_missing", "other_settings"])
    assert "start all workers with the same settings" in found.problems[1].text


def test_figures_of_another_day_are_not_added() -> None:
    """Just after midnight, a share of just before has another today."""
    one, two = phone_partitions(2)
    found = whole(own([one]), [share("a", [two], now_ms=NOW - DAY)], needed(2, 0))
    assert codes(found) == ["part_missing"]


def test_a_part_with_another_number_of_sums_is_not_added() -> None:
    one, two = phone_partitions(2)
    odd = share("a", [two])
    odd.parts[0].lines[0].counts.pop()
    assert codes(whole(own([one]), [odd], needed(2, 0))) == ["part_missing"]


def test_problems_of_others_are_told_of_once_as_far_as_their_figures_count() -> None:
    one, two, three = phone_partitions(3)
    visits = owning(tickets([arrived(NOON, cluster="OCMW")], HISTORY_RULES))
    shares = [
        share("a", [two], problems=[CLOCK]),
        share("b", [three, *visits], problems=[CLOCK, REFUSED]),
        share("c", [], problems=[msgspec.structs.replace(CLOCK, code="waits", on_wall=message("problem-waiting"))]),
    ]
    found = whole(own([one]), shares, needed(3, 1))
    assert [(each.code, each.channels) for each in found.problems] == [
        ("clock", (Channel.PHONE, Channel.DESK)),
        ("refused", (Channel.PHONE,)),
    ]


def test_a_problem_of_another_that_makes_no_figures_grey_is_told_of_once() -> None:
    """Such as a line whose name a source misspells: it is lost on every wall, whoever reads its partition."""
    one, two = phone_partitions(2)
    visits = owning(tickets([arrived(NOON, cluster="OCMW")], HISTORY_RULES))
    shares = [share("a", [two, *visits], problems=[MISSPELT]), share("b", [], problems=[REFUSED])]
    assert whole(own([one]), shares, needed(2, 1)).problems == (MISSPELT,)


def test_ones_own_problems_come_first() -> None:
    found = whole(own([], problems=(CLOCK,)), [], needed(1, 0))
    assert codes(found) == ["clock", "part_missing"]


def test_the_longest_wait_is_of_the_readers_moment_and_begins_when_it_should() -> None:
    """Whoever comes before time waits from the planned start, which may be yet to come when the share is made."""
    early = owning(tickets([arrived(NOON, NOON + 5 * MINUTE, cluster="OCMW")], HISTORY_RULES))
    found = whole(own([]), [share("a", early, now_ms=NOON + MINUTE)], needed(0, 1))
    at = {
        minutes: next(
            each.longest_wait_seconds
            for each in wall_moment(seen([], NOON + minutes * MINUTE), found, demo=False).clusters
            if each.cluster == "OCMW"
        )
        for minutes in (1, 5, 7)
    }
    assert at == {1: 0, 5: 0, 7: 120}
