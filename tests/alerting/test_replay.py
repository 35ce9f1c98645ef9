"""The alarms on a replayed afternoon, in a real Prometheus; `make alarms` does it for weeks.

A simulated afternoon from an hour before trouble to after closing: calls wait too long, then the source falls silent.
"""

import math
import subprocess
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import yaml

from dashboards.alarms.alerts import EVALUATION_SECONDS, pending_seconds
from dashboards.alarms.rules import ALARMS, Alarm, OnSilence
from streams.core.calendar import Calendar
from streams.settings import load
from tests.alerting.grafana import states
from tests.alerting.measure import LATEST_SECONDS, Measured, Seen, fired, measure, replay
from tests.alerting.prometheus import Span
from tests.alerting.replay import MARGIN_SECONDS, simulated_days
from tests.alerting.truth import Broken, Incident, Trouble
from tests.deploy.tools import needs

STALE_SECONDS: Final = 90
"""Within this time a silent feed is to be reported."""


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Seen], list[Broken]]:
    """What Grafana sees of the afternoon, and what was wrong in it."""
    needs("prometheus")
    needs("promtool")
    settings = load(None, {})
    (day,) = simulated_days(settings, date(2026, 10, 5), 1)
    closing = day.span.end - MARGIN_SECONDS
    silent = Incident(Trouble.SILENT, closing - 1_500, closing - 1_000)
    span = Span(silent.start - 3_600, closing + 300)
    afternoon = day._replace(span=span, incidents=(silent,))
    return replay(settings, [afternoon], tmp_path_factory.mktemp("replay"))


@pytest.fixture(scope="module")
def measured(replayed: tuple[list[Seen], list[Broken]]) -> dict[str, Measured]:
    """What every alarm did on the afternoon."""
    seen, broken = replayed
    calendar = Calendar(load(None, {}).rules)
    return {alarm.uid: measure(alarm, fired(seen), broken, calendar) for alarm in ALARMS}


def test_an_overlong_wait_is_told_in_time(measured: dict[str, Measured]) -> None:
    did = measured["longest-wait"]
    assert did.wrong >= 5, "the afternoon is too quiet to show anything"
    assert did.firings >= 1
    assert did.missed == 0
    assert max(did.delays) <= LATEST_SECONDS


def test_a_silent_feed_is_told_before_its_figures_are_old(measured: dict[str, Measured]) -> None:
    did = measured["feed-silent"]
    assert did.wrong == 1
    assert did.missed == 0
    assert max(did.delays) <= STALE_SECONDS


@pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: alarm.uid)
def test_no_alarm_flaps_or_begins_outside_opening_hours(alarm: Alarm, measured: dict[str, Measured]) -> None:
    did = measured[alarm.uid]
    assert did.flaps == 0
    assert did.outside == 0


@pytest.mark.parametrize("alarm", [each for each in ALARMS if each.uid != "feed-silent"], ids=lambda each: each.uid)
def test_no_alarm_fires_for_nothing(alarm: Alarm, measured: dict[str, Measured]) -> None:
    """A quiet minute is a silent feed to `feed-silent`, which therefore calls nobody."""
    assert measured[alarm.uid].false == 0


OF_SOURCES: Final = {"source-away"}
"""Alarms that see nothing of this afternoon, whose settings have no source."""


def test_every_alarm_as_a_rule_of_prometheus_fires_at_the_same_evaluations(
    replayed: tuple[list[Seen], list[Broken]], tmp_path: Path
) -> None:
    """Each on what it saw of the afternoon: Grafana's model and a real Prometheus agree."""
    seen = [_without_hysteresis(each) for each in replayed[0]]
    assert {each.alarm.uid for each in seen} == {alarm.uid for alarm in ALARMS} - OF_SOURCES
    assert len({each.alarm.uid for each in seen if _firing(each)}) >= 3, "the afternoon is too quiet to show anything"
    _expect_the_same_of_prometheus(seen, tmp_path)


@pytest.mark.parametrize(("hold", "keep"), [(0, 30), (20, 0), (20, 30), (30, 60)])
def test_prometheus_and_the_model_of_grafana_agree_but_for_hysteresis(hold: int, keep: int, tmp_path: Path) -> None:
    """Prometheus has the same `for` and `keep_firing_for`: promtool says when its own alert fires."""
    values = [0, 2, 0, 2, 2, 2, 2, 2, 0, 0, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2, *[0] * 9]
    alarm = msgspec.structs.replace(
        ALARMS[0], fires_above=1, hold_seconds=hold, keep_firing_seconds=keep, on_silence=OnSilence.ALERTING
    )
    seen = Seen(alarm, "", [(EVALUATION_SECONDS * index, value) for index, value in enumerate(values)])
    assert _firing(_without_hysteresis(seen))
    _expect_the_same_of_prometheus([_without_hysteresis(seen)], tmp_path)


def _without_hysteresis(seen: Seen) -> Seen:
    """With a bound for recovery that is that for firing: Prometheus has but one."""
    bound = math.nextafter(seen.alarm.fires_above, math.inf)
    return seen._replace(alarm=msgspec.structs.replace(seen.alarm, recovers_below=bound))


def _firing(seen: Seen) -> list[bool]:
    """Whether people are being told, at each evaluation by Grafana's model; empty when they never are."""
    firing = [state.firing for _, state in states(seen.alarm, seen.values)]
    return firing if any(firing) else []


def _expect_the_same_of_prometheus(seen: Sequence[Seen], directory: Path) -> None:
    """Each alarm as an alerting rule on what it saw, with its state at each evaluation expected of promtool."""
    rules, series, cases = [], [], []
    for number, each in enumerate(seen):
        name, alarm = f"alarm_{number}", each.alarm
        rule = {"alert": name, "expr": f"{name} > {alarm.fires_above}", "for": f"{pending_seconds(alarm)}s"}
        keep = {"keep_firing_for": f"{alarm.keep_firing_seconds}s"} if alarm.keep_firing_seconds else {}
        rules.append(rule | keep)
        values = ["_" if value is None else repr(value) for _, value in each.values]
        series.append({"series": name, "values": " ".join(values)})
        for index, firing in enumerate(_firing(each) or [False] * len(values)):
            expected: list[dict[str, Any]] = [{"exp_labels": {}}] if firing else []
            cases.append({"eval_time": f"{index * EVALUATION_SECONDS}s", "alertname": name, "exp_alerts": expected})
    step = f"{EVALUATION_SECONDS}s"
    test = {"interval": step, "input_series": series, "alert_rule_test": cases}
    (directory / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "one", "rules": rules}]}))
    file = directory / "test.yml"
    file.write_text(yaml.safe_dump({"rule_files": ["rules.yml"], "evaluation_interval": step, "tests": [test]}))
    done = subprocess.run(
        [needs("promtool"), "test", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
