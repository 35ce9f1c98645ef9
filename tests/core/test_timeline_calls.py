"""What happened to a caller, drawn as a line of time: each rule of reading the facts of a call in their order.

A character is 10 s: o dials in or is back in the queue, a is answered, x hangs up or leaves the queue, e the call
ends, r asks to be called back, b is called back; ~ is 20 minutes and | 5 hours (`tests.core.drawing`).
"""

from random import Random
from typing import Any, Final

import msgspec
import pytest

from streams.channels.calls.events import AnyCallEvent
from streams.contracts.events import instant_ms
from streams.core.rules import Channel, Cluster
from tests.core.builders import ALWAYS_OPEN, HOUR, KCC, MINUTE, SECOND, calls, ms, phone_month, rules_with, shown
from tests.core.drawing import STEP_MS, drawn
from tests.core.folding import assert_canonical, restarted
from tests.oracle import OracleRules, Row, oracle
from tests.tallies import named_counts

NINE: Final = ms("2026-03-03 09:00")

OVERFLOW: Final = "Noodlijn"

RULES: Final = rules_with(
    ALWAYS_OPEN,
    clusters=(Cluster(KCC, Channel.PHONE, 45 * SECOND), Cluster(OVERFLOW, Channel.PHONE, 45 * SECOND)),
)

IN_SQL: Final = OracleRules(
    norms_ms={KCC: 45 * SECOND, OVERFLOW: 45 * SECOND},
    open_from_hour=0,
    open_to_hour=24,
    open_days=7,
    closing_days=(),
)


def answered(*waits_s: int, **beside: int) -> dict[str, int]:
    """What is counted of calls answered after so many seconds, and beside them."""
    return _sums("answered", "wait_ms", waits_s) | beside


def missed(*held_on_s: int, **beside: int) -> dict[str, int]:
    """The same of missed calls."""
    return _sums("missed", "missed_wait_ms", held_on_s) | beside


def _sums(count: str, total: str, seconds: tuple[int, ...]) -> dict[str, int]:
    found = {count: len(seconds), total: sum(seconds) * SECOND}
    return {name: value for name, value in found.items() if value}


LINES: Final[dict[str, tuple[str, dict[str, int]]]] = {
    # One wait.
    "answered": ("o.a", answered(20)),
    "answered, and then the end": ("o.a...e", answered(20)),
    "answered at once": ("(oa)", answered(0)),
    "hung up": ("o.x", missed(20)),
    "hung up, and the exchange ends the call": ("o.x.e", missed(20)),
    "ended without an answer": ("o.e", missed(20)),
    "hung up at the moment of the answer": ("o.(ax)", answered(20)),
    # In the queue again.
    "back in the queue and answered: waited since first dialling in": ("o.x..o..a", answered(80)),
    "back in the queue and gone for good: missed once, at the last departure": ("o.x..o..x", missed(80)),
    "back twice": ("o.x.o.x.o.a", answered(100)),
    "overflow into a second queue: the cluster that was dialled": ("o.x.O.A", answered(60)),
    "overflow without leaving the first queue": ("o..O..A", answered(60)),
    "hung up and resumed after the end": ("o.x.e.o.a", answered(80)),
    "answered at the moment of coming back": ("o.x..(oa)", answered(50)),
    "left at the moment of coming back, and answered": ("o.x..(ox)..a", answered(80)),
    "transferred after the answer": ("o.a..O..A..e", answered(20)),
    # An answer without a caller.
    "answered after leaving": ("o.x..a", missed(20, answered_too_late=1)),
    "answered twice after leaving": ("o.x..a.a", missed(20, answered_too_late=1)),
    "answered after leaving, and then back": ("o.x..a.o..a", answered(100)),
    "answered after the end": ("o.e..a", {"implausible": 1}),
    "answered after leaving and the end": ("o.x.e.a", {"implausible": 1}),
    "answered after leaving, before the end": ("o.x.a.e", missed(20, answered_too_late=1)),
    # Called back.
    "asked to be called back": ("o..r", {"callbacks_requested": 1}),
    "called back": ("o..r......b", {"callbacks_requested": 1, "called_back": 1, "called_back_after_ms": 70_000}),
    "called back, which the exchange calls an answer": (
        "o..r......a",
        {"callbacks_requested": 1, "called_back": 1, "called_back_after_ms": 70_000},
    ),
    "asked to be called back and hung up": ("o..rx.e", {"callbacks_requested": 1}),
    "called back twice": (
        "o..r......b..b",
        {"callbacks_requested": 1, "called_back": 1, "called_back_after_ms": 70_000},
    ),
    "asked to be called back, dialled in again and answered: a wait of its own": (
        "o..r..o..a",
        answered(30, callbacks_requested=1),
    ),
    "asked to be called back, dialled in again and hung up": ("o..r..o..x", missed(30, callbacks_requested=1)),
    "hung up, then called back: nobody had asked for it": ("o..x..b", missed(30)),
    "called back after hours": (
        "o..r|b",
        {"callbacks_requested": 1, "called_back": 1, "called_back_after_ms": 5 * HOUR + STEP_MS},
    ),
    # The id of another call.
    "the id again hours later": ("o.a|o..a", answered(20, 30, reused_ids=1)),
    "missed, and the id again, missed too": ("o.x|o.x", missed(20, 20, reused_ids=1)),
    "the id again, answered at once": ("o.x|(ao)", missed(20, answered=1, reused_ids=1)),
    "the id of a call of which no end came": ("o|o.a", answered(20, reused_ids=1, unresolved=1)),
    "a talk of hours": ("o.a|e", answered(20)),
    "answered hours after leaving": ("o.x|a", missed(20, answered_too_late=1, unclear_ids=1)),
    "dialled in long after leaving": ("o.x~o.a", answered(50 + 20 * 60, unclear_ids=1)),
    "a long wait": ("o~a", answered(10 + 20 * 60)),
    "thrice": ("o.a|o.x|o.a", answered(20, 20, missed=1, missed_wait_ms=20_000, reused_ids=2)),
    # Facts of another order.
    "hung up before dialling in": ("x..o", {"implausible": 1}),
    "answered before dialling in": ("a..o", {"implausible": 1}),
}
"""What is drawn, and what is counted of it."""

WAITING: Final[dict[str, tuple[str, int | None]]] = {
    "dialled in": ("o..", 20),
    "left": ("o.x.", None),
    "back in the queue": ("o.x..o.", 60),
    "in a second queue": ("o..O.", 40),
    "answered, and offered to another employee": ("o.a.o.", None),
    "back after an answer to nobody": ("o.x.a.o.", 70),
    "asked to be called back": ("o.r.", None),
    "dialled in again after asking to be called back": ("o.r..o.", 10),
    "another caller with the id": ("o.x|o..", 20),
    "another caller with the id of one of whom no end came": ("o|o.", 10),
}
"""What is drawn, and since how many seconds somebody waits when it ends."""


def in_any_order(events: list[AnyCallEvent]) -> list[list[AnyCallEvent]]:
    """As they happened, backwards, and shuffled with some of them twice."""
    random = Random(len(events))
    told_again = [*events, *events[::2]]
    return [events, events[::-1], random.sample(told_again, len(told_again))]


@pytest.mark.parametrize("name", LINES)
def test_what_is_counted(name: str) -> None:
    """All of it at the cluster that was dialled, whatever the order in which it came."""
    line, expected = LINES[name]
    events, _ = drawn(line, NINE, clusters=(KCC, OVERFLOW))
    for order in in_any_order(events):
        state = calls(order, RULES)
        for each in (state, restarted(state)):
            assert counted(each) == expected
        assert_canonical(state)


def counted(state: Any) -> dict[str, int]:
    """What is counted, without where its waits fall among bounds."""
    assert {cluster for month in state.settle().months.values() for cluster in month} <= {KCC}
    counts = named_counts(phone_month(state, "2026-03"))
    return {name: count for name, count in counts.items() if name in _NAMES}


_NAMES: Final = (
    *("answered", "wait_ms", "missed", "missed_wait_ms", "answered_too_late", "callbacks_requested", "called_back"),
    *("called_back_after_ms", "reused_ids", "unclear_ids", "implausible", "unresolved"),
)


@pytest.mark.parametrize("name", LINES)
def test_the_database_counts_the_same(name: str) -> None:
    """It knows nothing of how the line is read."""
    line, expected = LINES[name]
    events, end = drawn(line, NINE, clusters=(KCC, OVERFLOW))
    rows = [Row(msgspec.to_builtins(each)["type"], "c", each.cluster, instant_ms(each.at)) for each in events]
    with oracle(IN_SQL, rows, end) as database:
        (found,) = database.month_totals().values()
    assert {count: value for count, value in found.items() if count in _NAMES} == expected


@pytest.mark.parametrize("name", WAITING)
def test_who_waits_now(name: str) -> None:
    """Since first dialling in, as long as they are in the queue."""
    line, waits_s = WAITING[name]
    events, end = drawn(line, NINE, clusters=(KCC, OVERFLOW))
    for order in in_any_order(events):
        waiting = shown(calls(order, RULES), end, KCC).waiting
        assert waiting.count == (waits_s is not None)
        assert waiting.longest_ms == (None if waits_s is None else waits_s * SECOND)
        assert shown(calls(order, RULES), end, OVERFLOW).waiting.count == 0


@pytest.mark.parametrize(("early_ms", "expected"), [(2_000, answered(0)), (2_001, {"implausible": 1})])
def test_an_answer_before_the_dialling_in_is_one_after_0_s_as_far_as_clocks_may_differ(
    early_ms: int, expected: dict[str, int]
) -> None:
    """`clock_skew_ms` of the rules."""
    (offered,), _ = drawn("o", NINE)
    (answer,), _ = drawn("a", NINE - early_ms)
    for order in ([offered, answer], [answer, offered]):
        assert counted(calls(order, RULES)) == expected


def test_who_dials_in_a_quarter_of_an_hour_after_leaving_may_be_the_same_caller() -> None:
    """A moment later it may be another, and is said to be unclear."""
    left, at = drawn("o.x", NINE)
    for later_ms, unclear in ((15 * MINUTE, 0), (15 * MINUTE + 1, 1)):
        again, _ = drawn("o.a", at + later_ms)
        assert counted(calls([*left, *again], RULES)).get("unclear_ids", 0) == unclear
