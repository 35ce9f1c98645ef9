"""The states of an alert instance are Grafana's: see the module for where they are written down."""

from collections.abc import Sequence
from typing import Final

import msgspec

from dashboards.alarms.rules import ALARMS, Alarm, OnSilence
from tests.alerting.grafana import Firing, State, firings, states

ALARM: Final = msgspec.structs.replace(
    ALARMS[0], fires_above=1, recovers_below=0.8, hold_seconds=20, keep_firing_seconds=30
)

N, P, A, R = State.NORMAL, State.PENDING, State.ALERTING, State.RECOVERING


def every_ten_seconds(values: Sequence[float | None]) -> list[tuple[float, float | None]]:
    return [(10.0 * index, value) for index, value in enumerate(values)]


def after(values: Sequence[float | None], alarm: Alarm = ALARM) -> list[State]:
    return [state for _, state in states(alarm, every_ten_seconds(values), alarm.hold_seconds)]


def test_a_breach_is_pending_until_it_has_lasted_the_hold() -> None:
    assert after([0, 2, 2, 2]) == [N, P, P, A]


def test_a_short_breach_fires_nothing() -> None:
    assert after([2, 2, 0, 2, 2, 0]) == [P, P, N, P, P, N]


def test_the_bound_itself_is_no_breach() -> None:
    assert after([1, 1, 1]) == [N, N, N]


def test_without_a_hold_it_fires_at_once() -> None:
    assert after([2], msgspec.structs.replace(ALARM, hold_seconds=0)) == [A]


def test_a_firing_alert_goes_on_above_the_recovery_bound() -> None:
    assert after([2, 2, 2, 0.9, 0.8, 0.7]) == [P, P, A, A, A, R]


def test_a_pending_alert_goes_on_above_the_recovery_bound() -> None:
    assert after([2, 0.9, 0.9]) == [P, P, A]


def test_a_recovering_alert_needs_the_firing_bound_to_alert_again() -> None:
    assert after([2, 2, 2, 0, 0.9, 2]) == [P, P, A, R, R, A]


def test_it_goes_on_firing_for_as_long_as_it_is_told() -> None:
    assert after([2, 2, 2, 0, 0, 0, 0]) == [P, P, A, R, R, R, N]


def test_after_recovering_everything_begins_anew() -> None:
    assert after([2, 2, 2, 0, 0, 0, 0, 2]) == [P, P, A, R, R, R, N, P]


def test_without_keep_firing_it_is_normal_at_once() -> None:
    assert after([2, 2, 2, 0], msgspec.structs.replace(ALARM, keep_firing_seconds=0)) == [P, P, A, N]


def test_silence_changes_nothing_for_the_better_or_the_worse() -> None:
    assert after([None, 2, None, None, 2, None]) == [N, P, P, A, A, A]
    assert after([2, 2, 2, 0, None, None, None, None]) == [P, P, A, R, R, R, N, N]


def test_silence_of_the_monitor_is_a_breach() -> None:
    alarm = msgspec.structs.replace(ALARM, on_silence=OnSilence.ALERTING)
    assert after([None, None, None], alarm) == [P, P, A]


def test_recovering_is_still_the_same_firing() -> None:
    values = every_ten_seconds([2, 0, 0, 2, 0, 0, 0, 0, 0])
    assert firings(ALARM, values) == [Firing(0, 70)]


def test_what_still_fires_at_the_end_ends_there() -> None:
    assert firings(ALARM, every_ten_seconds([0, 0, 2, 2])) == [Firing(20, 30)]
