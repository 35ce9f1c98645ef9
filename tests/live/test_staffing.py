"""Who serves now: of each source the newest counts, in whatever order they come, and never a part as the whole."""

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.staffing import Staffing
from streams.core.rules import Channel
from streams.live.staffing import FORGOTTEN_MS, Roster, Staff
from tests.core.builders import STEADY

NOW_MS = 1_700_000_000_000
KCC = (Channel.PHONE, "KCC")


def told(seconds: float = 0, source: str = "kcc", cluster: str = "KCC", **counts: Any) -> Staffing:
    """An event so many seconds from now."""
    return Staffing(source, "phone", cluster, NOW_MS / 1000 + seconds, **counts)


def roster(*events: Staffing) -> Roster:
    found = Roster(("lunch",), 180)
    for event in events:
        found.take(event)
    return found


COUNTS = st.fixed_dictionaries({}, optional={name: st.integers(0, 3) for name in ("logged_in", "free", "paused")})
EVENTS = st.lists(
    st.builds(
        lambda seconds, source, cluster, counts: told(seconds, source, cluster, **counts),
        st.integers(-300, 2),
        st.sampled_from(("kcc", "other")),
        st.sampled_from(("KCC", "Wonen")),
        COUNTS,
    ),
    max_size=12,
)


@STEADY
@given(EVENTS, st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(events: list[Staffing], chance: random.Random) -> None:
    again = [*events, *chance.choices(events, k=len(events))] if events else []
    chance.shuffle(again)
    assert roster(*again).now(NOW_MS) == roster(*events).now(NOW_MS)


def test_the_newest_counts_and_one_that_is_lost_is_made_good() -> None:
    found = roster(told(-60, logged_in=7, free=3), told(-10, logged_in=8, free=1), told(-30, logged_in=9, free=9))
    assert found.now(NOW_MS) == {KCC: Staff(logged_in=8, free=1)}


def test_what_several_sources_tell_of_one_cluster_adds_up() -> None:
    found = roster(told(logged_in=3, free=0), told(source="desks", logged_in=4, desks_open=2))
    assert found.now(NOW_MS) == {KCC: Staff(logged_in=7, free=0, desks_open=2)}


def test_counts_that_are_old_are_not_known_and_a_part_is_not_the_whole() -> None:
    found = roster(told(-180, logged_in=3), told(source="other", logged_in=4), told(cluster="Wonen", logged_in=1))
    assert found.now(NOW_MS)[KCC].logged_in == 7
    assert found.now(NOW_MS + 1) == {(Channel.PHONE, "Wonen"): Staff(logged_in=1)}


def test_a_source_that_tells_of_a_cluster_no_more_is_forgotten_after_a_day() -> None:
    found = roster(told(logged_in=3), told(FORGOTTEN_MS / 1000, source="other", logged_in=4))
    assert found.now(NOW_MS + FORGOTTEN_MS) == {}
    assert found.now(NOW_MS + FORGOTTEN_MS + 1) == {KCC: Staff(logged_in=4)}


@pytest.mark.parametrize(
    ("counts", "by_kind"),
    [
        ({"paused": 2}, None),
        ({"paused": 3, "paused_by": {"lunch": 1, "training": 1}}, {"lunch": 1, "other": 2}),
        ({"paused_by": {"training": 2}}, {"lunch": 0, "other": 2}),
        ({"paused": 0, "paused_by": {}}, {"lunch": 0, "other": 0}),
    ],
)
def test_pauses_that_the_settings_do_not_name_are_others(
    counts: dict[str, Any], by_kind: dict[str, int] | None
) -> None:
    assert roster(told(**counts)).now(NOW_MS)[KCC].paused_by == by_kind


def test_the_same_moment_twice_is_decided_by_what_is_told() -> None:
    one, other = told(logged_in=3), told(logged_in=4)
    assert roster(one, other).now(NOW_MS) == roster(other, one).now(NOW_MS)
    assert msgspec.structs.replace(one, at=NOW_MS / 1000) == one
