"""Only figures of the last two seconds count, whoever stood still and whatever the clocks of machines say."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.live.share import Share, ShareError, encode
from streams.live.whole import FRESH_MS
from streams.runtime.group import neighbours
from streams.runtime.group.append_clock import KEPT_SECONDS, AppendClock
from streams.runtime.group.neighbours import AHEAD_MS, Neighbours

BROKER_MS = 1_700_000_000_000
"""What the brokers' clock shows when ours stands at 0."""


class Record(NamedTuple):
    """A record with a share, or not."""

    value: bytes | None
    timestamp: int


def record(computed_ms: int | None, stamp_ms: int, *, worker: str = "other", group: str = "group") -> Record:
    """A share as another worker wrote it."""
    share = Share(group=group, worker=worker, generation=1, rules="", computed_ms=computed_ms, parts=[], problems=[])
    return Record(encode(share), stamp_ms)


class Clock:
    """The steady clock of this worker, set by a test."""

    now = 100.0

    def monotonic(self) -> float:
        """As set."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    steady = Clock()
    monkeypatch.setattr(neighbours, "time", steady)
    return steady


@pytest.fixture
def known(clock: Clock) -> Neighbours:
    """A worker that has just learnt from a quick round trip what the brokers' clock shows."""
    found = Neighbours("group", "me")
    found.clock.note(clock.now, clock.now, BROKER_MS)
    return found


def workers(known: Neighbours) -> list[str]:
    """Whose shares count."""
    return [share.worker for share in known.fresh()]


def test_a_share_counts_for_two_seconds_and_no_longer(known: Neighbours, clock: Clock) -> None:
    known.receive(record(BROKER_MS, BROKER_MS + 5))
    assert workers(known) == ["other"]
    clock.now += (FRESH_MS - 2) / 1000
    assert workers(known) == ["other"]
    clock.now += 0.003
    assert workers(known) == []


def test_what_a_sender_had_ready_before_it_stood_still_is_old_when_it_comes(known: Neighbours, clock: Clock) -> None:
    """The broker stamps it when it comes at last: its own word is what counts."""
    clock.now += 30
    known.receive(record(BROKER_MS + 100, BROKER_MS + 30_000))
    assert workers(known) == []


def test_what_came_while_the_reader_stood_still_is_old_when_it_is_read(known: Neighbours, clock: Clock) -> None:
    clock.now += 30
    for second in range(30):
        known.receive(record(BROKER_MS + second * 1000, BROKER_MS + second * 1000 + 5))
        assert workers(known) == (["other"] if second == 29 else []), second


def test_a_share_that_claims_to_be_newer_than_its_stamp_is_as_old_as_that(known: Neighbours, clock: Clock) -> None:
    clock.now += 30
    known.receive(record(BROKER_MS + 30_000, BROKER_MS))
    assert workers(known) == []


def test_a_share_from_the_future_does_not_count(known: Neighbours) -> None:
    """The broker's clock was set back since: what is from before that is of nobody knows when."""
    known.receive(record(BROKER_MS + AHEAD_MS + 10, BROKER_MS + AHEAD_MS + 10))
    assert workers(known) == []


def test_the_newest_share_of_each_worker_counts(known: Neighbours, clock: Clock) -> None:
    known.receive(record(BROKER_MS, BROKER_MS, worker="a"))
    clock.now += 1.5
    known.receive(record(BROKER_MS + 1_500, BROKER_MS + 1_500, worker="b"))
    clock.now += 1
    assert workers(known) == ["b"]
    known.receive(record(BROKER_MS + 2_500, BROKER_MS + 2_500, worker="a"))
    assert sorted(workers(known)) == ["a", "b"]


def test_shares_of_oneself_of_other_groups_and_without_a_moment_do_not_count(known: Neighbours) -> None:
    known.receive(record(BROKER_MS, BROKER_MS, worker="me"))
    known.receive(record(BROKER_MS, BROKER_MS, group="others"))
    known.receive(record(None, BROKER_MS))
    assert workers(known) == []


def test_without_the_brokers_time_nothing_counts(clock: Clock) -> None:
    blind = Neighbours("group", "me")
    blind.receive(record(BROKER_MS, BROKER_MS))
    assert workers(blind) == []


@pytest.mark.parametrize("value", [None, b"", b"no share"])
def test_what_is_no_share_is_refused(known: Neighbours, value: bytes | None) -> None:
    with pytest.raises(ShareError, match="expected a share"):
        known.receive(Record(value, BROKER_MS))


# --- the brokers' clock ---------------------------------------------------------------------------------------------


@given(
    offset_ms=st.integers(-(10**12), 10**12),
    trips=st.lists(st.tuples(*[st.floats(0, 2)] * 3), min_size=1, max_size=20),
)
def test_the_brokers_time_is_between_what_the_clock_says(
    offset_ms: int, trips: list[tuple[float, float, float]]
) -> None:
    """However long records travel, and however far apart the clocks are."""
    clock, now = AppendClock(), 0.0
    for pause, there, back in trips:
        now += pause
        sent, stamped = now, now + there
        now = stamped + back
        clock.note(sent, now, int((stamped * 1000 + offset_ms) // 1))
        assert clock.earliest_ms(now) <= now * 1000 + offset_ms + 0.01
        assert clock.latest_ms(now) >= now * 1000 + offset_ms - 0.01


def test_the_quickest_round_trip_tells_the_time_best() -> None:
    clock = AppendClock()
    clock.note(0.0, 0.010, BROKER_MS + 5)
    clock.note(1.0, 2.9, BROKER_MS + 2_000)
    assert clock.latest_ms(3.0) - clock.earliest_ms(3.0) <= 13


def test_a_clock_that_is_set_is_followed_at_once() -> None:
    clock = AppendClock()
    for second in range(5):
        clock.note(second, second + 0.01, BROKER_MS + second * 1000 + 5)
    clock.note(5.0, 5.01, BROKER_MS - 3_600_000 + 5_005)
    assert abs(clock.latest_ms(5.01) - (BROKER_MS - 3_600_000 + 5_010)) < 20


def test_old_round_trips_are_forgotten_because_clocks_drift() -> None:
    clock = AppendClock()
    clock.note(0.0, 0.001, BROKER_MS)
    later = KEPT_SECONDS + 1
    clock.note(later, later + 0.1, BROKER_MS + int(later * 1000) + 50)
    assert clock.latest_ms(later) - clock.earliest_ms(later) > 90
