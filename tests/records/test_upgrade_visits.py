"""Visits of a checkpoint of before are counted by the order of their facts; what was counted otherwise is gone."""

import base64
import json
import zlib
from typing import Any

import msgspec
import pytest

from streams.channels.visits.state import TicketState
from streams.core.rules import Rules
from streams.core.snapshot import EARLIEST_FACTS_VERSION, ONE_DRAW_VERSION
from tests.applying import apply
from tests.core.builders import DAY, HOUR, MINUTE, arrived, desk_month, ms, requested, rules_with, tickets
from tests.core.folding import assert_canonical, everything, restarted
from tests.records import former_draws, former_visits

TEN = ms("2026-04-07 10:00")

WRITTEN: Any = json.loads(former_visits.FILE.read_text())

FACTS: list[Any] = [former_visits.event_of(tuple(said)) for said in WRITTEN["facts"]]


def former_snapshot(name: str = "snapshot") -> Any:
    """A state as the version before wrote it."""
    packed = zlib.decompress(base64.b64decode(WRITTEN[name]))
    return msgspec.msgpack.decode(packed, type=TicketState.snapshot_type)


def rules_of_today() -> list[Rules]:
    """The rules of before, and others under which every visit is judged anew."""
    former: Rules = former_snapshot().rules
    return [former, rules_with(former, early_start_days=1), rules_with(former, zone="Asia/Tokyo", slot_ms=20_000)]


def test_the_file_is_of_the_version_before() -> None:
    assert former_snapshot().version == EARLIEST_FACTS_VERSION
    assert [list(said) for said in former_visits.drawn()] == WRITTEN["facts"]


@pytest.mark.parametrize("rules", rules_of_today(), ids=["same rules", "early starts", "another zone"])
def test_a_checkpoint_of_before_is_what_its_facts_mean_today(rules: Rules) -> None:
    """To the last field of every visit, tally and figure; each of the visits has each of its facts once."""
    state = TicketState.restore(former_snapshot(), rules)
    today = tickets(FACTS, rules, record_ms=former_visits.TEN_MS)
    assert everything(state, with_touched=True) == everything(today, with_touched=True)
    assert_canonical(state)
    assert everything(restarted(state)) == everything(today)


def test_most_of_it_was_counted_otherwise_or_the_file_would_say_nothing() -> None:
    """Of every kind that is understood otherwise now."""
    before, today = former_snapshot(), tickets(FACTS, former_snapshot().rules, record_ms=former_visits.TEN_MS)
    former_totals = {key: tally for month in before.months.values() for key, tally in month.items()}
    assert former_totals != {key: tally for month in today.settle().months.values() for key, tally in month.items()}
    tallies = [tally for month in today.settle().months.values() for tally in month.values()]
    for count in ("left", "walk_ins", "served", "unclear_ids", "reused_ids", "cancelled", "no_shows"):
        assert sum(getattr(tally, count) for tally in tallies) > 0, count


def test_what_is_folded_before_it_is_judged_is_judged_by_then() -> None:
    """A fact comes for each visit while all of them are still counted by the former rules, but for the open."""
    rules = rules_with(former_snapshot().rules, early_start_days=1)
    state = TicketState(rules)
    for _ in state.take_in(former_snapshot()):
        pass
    assert state.unjudged > 0
    more = [arrived(TEN + HOUR, ticket=ticket, cluster="Wonen") for ticket in sorted(state.contacts)]
    for event in more:
        apply(state, event, former_visits.TEN_MS)
    assert state.unjudged == 0
    today = tickets([*FACTS, *more], rules, record_ms=former_visits.TEN_MS)
    assert everything(state, with_touched=True) == everything(today, with_touched=True)


def test_a_plan_that_a_kiosk_overwrote_stands_until_a_request_says_otherwise() -> None:
    """Of several requests only the plan of the first is held besides; nothing is counted twice or below zero."""
    state = TicketState.restore(former_snapshot("moved"), former_snapshot("moved").rules)
    assert desk_month(state, "2026-04", cluster="OCMW").wait_ms == HOUR + MINUTE
    assert_canonical(state)
    apply(state, requested(TEN - DAY, TEN + HOUR, "moved", "OCMW"), former_visits.TEN_MS)
    assert desk_month(state, "2026-04", cluster="OCMW").wait_ms == MINUTE
    assert_canonical(restarted(state))


# The version after that, which held all facts.


def snapshot_of_one_draw() -> Any:
    """A state as the version wrote it that let no clock be behind, and did not tell numbers that are drawn again."""
    packed = zlib.decompress(base64.b64decode(former_draws.FILE.read_text()))
    return msgspec.msgpack.decode(packed, type=TicketState.snapshot_type)


def today_of_one_draw(rules: Rules) -> TicketState:
    """What the same facts are today."""
    facts = [former_visits.event_of(said) for said in former_draws.drawn()]
    return tickets(facts, rules, record_ms=former_visits.TEN_MS)


@pytest.mark.parametrize("changes", [{}, {"early_start_days": 1}], ids=["same rules", "other rules"])
def test_what_was_counted_by_stricter_clocks_is_taken_back_and_counted_by_todays(changes: dict[str, int]) -> None:
    before = snapshot_of_one_draw()
    assert before.version == ONE_DRAW_VERSION
    rules = rules_with(before.rules, **changes)
    state, today = TicketState.restore(before, rules), today_of_one_draw(rules)
    assert everything(state, with_touched=True) == everything(today, with_touched=True)
    assert_canonical(state)


def test_some_of_it_was_counted_otherwise() -> None:
    before, today = snapshot_of_one_draw(), today_of_one_draw(snapshot_of_one_draw().rules)
    then = [tally for month in before.months.values() for tally in month.values()]
    now = [tally for month in today.settle().months.values() for tally in month.values()]
    for count in ("walk_ins", "unclear_ids"):
        assert sum(getattr(tally, count) for tally in then) < sum(getattr(tally, count) for tally in now), count
