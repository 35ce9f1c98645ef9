"""Pacing: events leave when the clock reaches them, and moving them keeps what lies between."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from streams.channels.calls.events import Offered
from streams.channels.visits.events import Arrived, Requested
from streams.contracts.events import instant_ms
from streams.sources.pacing import paced, shift


class FakeClock:
    """A clock that only moves when somebody sleeps, `speed` times as fast, and never quite as far as asked."""

    def __init__(self, now_ms: int, speed: float) -> None:
        self.now_ms = float(now_ms)
        self.slept_seconds = 0.0
        self._speed = speed

    def clock(self) -> int:
        """Whole milliseconds, as a real clock gives them."""
        return int(self.now_ms)

    async def sleep(self, seconds: float) -> None:
        """Wake a little early, as timers may, but always move on."""
        moved_ms = max(0.5, seconds * self._speed * 1000 * 0.9)
        self.now_ms += moved_ms
        self.slept_seconds += moved_ms / self._speed / 1000


def call(number: int, at_ms: int) -> Offered:
    """A call at a moment."""
    return Offered(f"c{number}", "KCC", at_ms / 1000)


async def leave_at(clock: FakeClock, at_ms: list[int], speed: float) -> list[int]:
    """What the clock showed when each event came out."""
    events = [call(number, at) for number, at in enumerate(at_ms)]
    shown, out = [], []
    async for event in paced(events, clock=clock.clock, sleep=clock.sleep, speed=speed):
        shown.append(clock.clock())
        out.append(event)
    assert out == events
    return shown


async def test_each_event_leaves_when_the_clock_reaches_it_and_never_early() -> None:
    clock = FakeClock(1_000_000, speed=1)
    due = [1_000_500, 1_002_000, 1_060_000]
    shown = await leave_at(clock, due, speed=1)
    assert all(at <= now <= at + 1 for at, now in zip(due, shown, strict=True))


async def test_late_events_leave_at_once() -> None:
    clock = FakeClock(1_000_000, speed=1)
    assert await leave_at(clock, [5, 10, 999_999, 1_000_000], speed=1) == [1_000_000] * 4
    assert clock.slept_seconds == 0


async def test_an_accelerated_clock_needs_less_sleep_for_the_same_day() -> None:
    clock = FakeClock(0, speed=60)
    shown = await leave_at(clock, [600_000, 3_600_000], speed=60)
    assert shown[0] >= 600_000
    assert shown[1] >= 3_600_000
    assert 60 <= clock.slept_seconds < 61


@given(delta_ms=st.integers(-(10**11), 10**11), at_ms=st.integers(1_500_000_000_000, 1_900_000_000_000))
def test_shifting_moves_event_and_plan_alike_and_back_again(delta_ms: int, at_ms: int) -> None:
    asked = Requested("t1", "Wonen", at_ms / 1000, (at_ms + 86_400_123) / 1000)
    moved = shift(asked, delta_ms)
    assert instant_ms(moved.at) == at_ms + delta_ms
    assert instant_ms(moved.planned_at) == at_ms + delta_ms + 86_400_123
    assert shift(moved, -delta_ms) == asked


def test_shifting_keeps_a_walk_in_a_walk_in_and_reads_datetimes() -> None:
    moved = shift(Arrived("t1", "Wonen", datetime(2026, 3, 23, 9, tzinfo=UTC)), 1_500)
    assert moved == Arrived("t1", "Wonen", datetime(2026, 3, 23, 9, tzinfo=UTC).timestamp() + 1.5, None)
    assert shift(call(1, 1_000_000), -1).at == 999.999
