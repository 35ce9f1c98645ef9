"""The alarms on a replayed afternoon, in a real Prometheus; `make alarms` does it for weeks.

A simulated afternoon from an hour before trouble to after closing: calls wait too long, then the source falls silent.
"""

import subprocess
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import yaml

from dashboards.alarms import ALARMS, Alarm
from dashboards.alerts import EVALUATION_SECONDS
from streams.core.calendar import Calendar
from streams.settings import load
from tests.alerting.grafana import firings
from tests.alerting.measure import LATEST_SECONDS, Measured, measure, replay
from tests.alerting.prometheus import Span
from tests.alerting.replay import MARGIN_SECONDS, simulated_days
from tests.alerting.truth import Incident, Trouble
from tests.deploy.tools import needs

STALE_SECONDS: Final = 90
"""Within this time a silent feed is to be reported."""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Measured]:
    """What every alarm did on the afternoon."""
    needs("prometheus")
    needs("promtool")
    settings = load(None, {})
    (day,) = simulated_days(settings, date(2026, 10, 5), 1)
    closing = day.span.end - MARGIN_SECONDS
    silent = Incident(Trouble.SILENT, closing - 1_500, closing - 1_000)
    span = Span(silent.start - 3_600, closing + 300)
    afternoon = day._replace(span=span, incidents=(silent,))
    fired, broken = replay(settings, [afternoon], tmp_path_factory.mktemp("replay"))
    calendar = Calendar(settings.rules)
    return {alarm.uid: measure(alarm, fired, broken, calendar) for alarm in ALARMS}


def test_an_overlong_wait_is_told_in_time(measured: dict[str, Measured]) -> None:
    did = measured["langste-wachttijd"]
    assert did.wrong >= 5, "the afternoon is too quiet to show anything"
    assert did.firings >= 1
    assert did.missed == 0
    assert max(did.delays) <= LATEST_SECONDS


def test_a_silent_feed_is_told_before_its_figures_are_old(measured: dict[str, Measured]) -> None:
    did = measured["toevoer-stil"]
    assert did.wrong == 1
    assert did.missed == 0
    assert max(did.delays) <= STALE_SECONDS


@pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: alarm.uid)
def test_no_alarm_flaps_or_begins_outside_opening_hours(alarm: Alarm, measured: dict[str, Measured]) -> None:
    did = measured[alarm.uid]
    assert did.flaps == 0
    assert did.outside == 0


@pytest.mark.parametrize("alarm", [each for each in ALARMS if each.uid != "toevoer-stil"], ids=lambda each: each.uid)
def test_no_alarm_fires_for_nothing(alarm: Alarm, measured: dict[str, Measured]) -> None:
    """A quiet minute is a silent feed to `toevoer-stil`, which therefore calls nobody."""
    assert measured[alarm.uid].false == 0


@pytest.mark.parametrize(("hold", "keep"), [(0, 30), (20, 0), (20, 30), (30, 60)])
def test_prometheus_and_the_model_of_grafana_agree_but_for_hysteresis(hold: int, keep: int, tmp_path: Path) -> None:
    """Prometheus has the same `for` and `keep_firing_for`: promtool says when its own alert fires."""
    values = [0, 2, 0, 2, 2, 2, 2, 2, 0, 0, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2, *[0] * 9]
    alarm = msgspec.structs.replace(
        ALARMS[0], fires_above=1, recovers_below=1.5, hold_seconds=hold, keep_firing_seconds=keep
    )
    step = EVALUATION_SECONDS
    times = [step * index for index in range(len(values))]
    expected = firings(alarm, zip(times, values, strict=True))
    firing = [at for at in times if any(each.start <= at < each.end or at == each.start for each in expected)]
    file = _unit_test(alarm, values, set(firing), times, tmp_path)
    done = subprocess.run(
        [needs("promtool"), "test", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert firing


def _unit_test(alarm: Alarm, values: list[int], firing: set[int], times: list[int], directory: Path) -> Path:
    """The alarm as a rule of Prometheus, with what is expected of it at each evaluation."""
    rule: dict[str, Any] = {"alert": "it", "expr": f"figure > {alarm.fires_above}", "for": f"{alarm.hold_seconds}s"}
    if alarm.keep_firing_seconds:
        rule["keep_firing_for"] = f"{alarm.keep_firing_seconds}s"
    (directory / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "one", "rules": [rule]}]}))
    step = f"{EVALUATION_SECONDS}s"
    cases = [
        {"eval_time": f"{at}s", "alertname": "it", "exp_alerts": [{"exp_labels": {}}] if at in firing else []}
        for at in times
    ]
    series = {"series": "figure", "values": " ".join(map(str, values))}
    test = {"interval": step, "input_series": [series], "alert_rule_test": cases}
    file = directory / "test.yml"
    file.write_text(yaml.safe_dump({"rule_files": ["rules.yml"], "evaluation_interval": step, "tests": [test]}))
    return file
