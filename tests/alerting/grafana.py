"""What Grafana makes of a rule's values: the states of one alert instance, evaluation by evaluation.

From Grafana's source (pkg/services/ngalert/state/state.go, schedule/loaded_metrics_reader.go, pkg/expr/threshold.go)
and its documentation of "keep firing for":
- a breach makes Pending until it has lasted `for`, then Alerting;
- without a breach an alert that fires becomes Recovering for `keepFiringFor`, then Normal; a breach in that time
  makes it Alerting again, and neither sends a message;
- hysteresis: an instance that is Pending or Alerting (not Recovering) breaches until the value is below the
  recovery bound;
- a missing value, or an error of Prometheus, breaches (`Alerting`), or (`KeepLast`) counts as a breach while Pending
  or Alerting and as none otherwise: what is Pending fires in the middle of the silence;
- states outlast a restart of Grafana, times included: the next evaluation goes on from the last one.
"""

from collections.abc import Iterable, Iterator
from enum import Enum, auto
from typing import NamedTuple

from dashboards.alarms.alerts import pending_seconds
from dashboards.alarms.rules import Alarm, OnSilence


class State(Enum):
    """The state of an alert instance."""

    NORMAL = auto()
    PENDING = auto()
    ALERTING = auto()
    RECOVERING = auto()

    @property
    def firing(self) -> bool:
        """Whether people are being told."""
        return self in (State.ALERTING, State.RECOVERING)


class Firing(NamedTuple):
    """From the evaluation that sent the message to the one that took it back; times in seconds since 1970."""

    start: float
    end: float


def states(
    alarm: Alarm, values: Iterable[tuple[float, float | None]], pending: int | None = None
) -> Iterator[tuple[float, State]]:
    """The state after each evaluation; `values` are the evaluations' times and values, None where there is none.

    `pending` is `for` in seconds, if it is not that of the alarm's rule.
    """
    wait = pending_seconds(alarm) if pending is None else pending
    state, since = State.NORMAL, 0.0
    for at, value in values:
        following = _following(alarm, state, at - since, wait, breach=_breach(alarm, state, value))
        if following is not state:
            state, since = following, at
        yield at, state


def _breach(alarm: Alarm, state: State, value: float | None) -> bool:
    begun = state in (State.PENDING, State.ALERTING)
    if value is None:
        return begun or alarm.on_silence is OnSilence.ALERTING
    return value >= alarm.recovers_below if begun else value > alarm.fires_above


def _following(alarm: Alarm, state: State, lasted: float, wait: int, *, breach: bool) -> State:
    if breach:
        if state is State.NORMAL:
            return State.PENDING if wait else State.ALERTING
        if state is State.PENDING:
            return State.ALERTING if lasted >= wait else State.PENDING
        return State.ALERTING
    if state is State.ALERTING and alarm.keep_firing_seconds:
        return State.RECOVERING
    if state is State.RECOVERING and lasted < alarm.keep_firing_seconds:
        return State.RECOVERING
    return State.NORMAL


def firings(alarm: Alarm, values: Iterable[tuple[float, float | None]]) -> list[Firing]:
    """When the alert fired; one that still fires at the last evaluation ends there."""
    found: list[Firing] = []
    start: float | None = None
    at = 0.0
    for at, state in states(alarm, values):
        if state.firing and start is None:
            start = at
        elif not state.firing and start is not None:
            found.append(Firing(start, at))
            start = None
    if start is not None:
        found.append(Firing(start, at))
    return found
