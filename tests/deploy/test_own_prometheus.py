"""A Prometheus that is not the one of deploy/: what it makes of the workers' figures is told, of honest ones nothing.

Workers are shown to promtool as scrapes see them; the alarms are what Grafana compares.
"""

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.alarms.alerts import held, nameless
from dashboards.alarms.rules import ALARMS
from tests.alerting.prometheus import RULES, SCRAPE_SECONDS
from tests.deploy.tools import needs

TWICE: Final = "partitions-doubled"
RENAMED: Final = "labels-renamed"
SAMPLES: Final = 60

Series = dict[str, list[bool]]
"""Whether each scrape shows a series, by its name and labels."""


class Expected(NamedTuple):
    """Whether an alarm fires at a sample, with what labels beside its own."""

    sample: int
    uid: str
    labels: Mapping[str, str] | None = None


def shown(partition: int, instance: str, job: str = "wachtmonitor", topic: str = "calls") -> str:
    """The counter of a partition, as scraped from somewhere."""
    labels = f'job="{job}", instance="{instance}", topic="{topic}", partition="{partition}"'
    return f"wachtmonitor_events_applied_total{{{labels}}}"


def expect(series: Series, expected: Iterable[Expected], directory: Path) -> None:
    """That the alarms fire as expected, by promtool."""
    opened = {'wachtmonitor_open{job="wachtmonitor", instance="a"}': [True] * SAMPLES}
    rules = [
        {"alert": alarm.uid, "expr": f"{nameless(held(alarm))} > {alarm.fires_above}"}
        for alarm in ALARMS
        if alarm.uid in (TWICE, RENAMED)
    ]
    (directory / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "grafana", "rules": rules}]}))
    step = f"{SCRAPE_SECONDS}s"
    test = {
        "interval": step,
        "input_series": [{"series": name, "values": _values(each)} for name, each in (opened | series).items()],
        "alert_rule_test": [_case(each) for each in expected],
    }
    files = [*map(str, sorted(RULES.glob("*.yml"))), "rules.yml"]
    order = ["wachtmonitor-figures", "wachtmonitor-months", "wachtmonitor-alarms", "grafana"]
    whole = {"rule_files": files, "evaluation_interval": step, "group_eval_order": order, "tests": [test]}
    file = directory / "test.yml"
    file.write_text(yaml.safe_dump(whole))
    done = subprocess.run(
        [needs("promtool"), "test", "rules", file], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _values(scrapes: list[bool]) -> str:
    """In promtool's notation: the first scrape that lacks a series marks its end."""
    before = [False, *scrapes]
    return " ".join("1" if now else "stale" if was else "_" for was, now in zip(before, scrapes, strict=False))


def _case(each: Expected) -> dict[str, Any]:
    alerts = [] if each.labels is None else [{"exp_labels": dict(each.labels)}]
    return {"eval_time": f"{each.sample * SCRAPE_SECONDS}s", "alertname": each.uid, "exp_alerts": alerts}


def never(uid: str) -> list[Expected]:
    """At no sample."""
    return [Expected(sample, uid) for sample in range(SAMPLES)]


def test_a_worker_that_two_jobs_scrape_is_told_of_after_a_minute(tmp_path: Path) -> None:
    from_now_on = [at >= 20 for at in range(SAMPLES)]
    series = {shown(0, "a"): [True] * SAMPLES, shown(1, "b"): [True] * SAMPLES, shown(1, "b", "pods"): from_now_on}
    expected = [*(Expected(at, TWICE) for at in range(29)), Expected(34, TWICE, {"topic": "calls"})]
    expect(series, [*expected, *never(RENAMED)], tmp_path)


def test_several_workers_are_not(tmp_path: Path) -> None:
    series = {
        shown(each, f"worker-{each % 3}", topic=topic): [True] * SAMPLES
        for each in range(6)
        for topic in ("calls", "tickets")
    }
    expect(series, [*never(TWICE), *never(RENAMED)], tmp_path)


def test_a_target_that_has_a_label_of_the_workers_is_told_of(tmp_path: Path) -> None:
    """As Kubernetes names its clusters."""
    labels = 'job="wachtmonitor", instance="a", cluster="prod-1", exported_cluster="Wonen", channel="desk"'
    series = {f"wachtmonitor_norm_wait_seconds{{{labels}}}": [at >= 20 for at in range(SAMPLES)]}
    expected = [*(Expected(at, RENAMED) for at in range(29)), Expected(34, RENAMED, {})]
    expect(series, [*expected, *never(TWICE)], tmp_path)


@st.composite
def moving(draw: st.DrawFn) -> list[list[bool]]:
    """A partition that moves between three workers, as scrapes see it, worker by worker.

    The former owner is seen with it until its next scrape, so by one scrape together with the next owner at most; or
    it is seen at neither for a while.
    """
    seen = [[False] * SAMPLES for _ in range(3)]
    at, owner = 0, draw(st.integers(0, 2))
    while at < SAMPLES:
        stay, pause = draw(st.integers(3, 20)), draw(st.integers(-1, 4))
        for sample in range(at, min(SAMPLES, at + stay)):
            seen[owner][sample] = True
        at += stay + pause
        owner = (owner + draw(st.integers(1, 2))) % 3
    return seen


@settings(max_examples=4, deadline=None)
@given(st.lists(moving(), min_size=10, max_size=20))
def test_a_partition_that_moves_is_never_told_of(
    tmp_path_factory: pytest.TempPathFactory, partitions: list[list[list[bool]]]
) -> None:
    """However often it does: each partition on a topic of its own, so that none hides another."""
    series = {
        shown(0, f"worker-{worker}", topic=f"topic-{number}"): scrapes
        for number, workers in enumerate(partitions)
        for worker, scrapes in enumerate(workers)
        if any(scrapes)
    }
    expect(series, never(TWICE), tmp_path_factory.mktemp("moving"))
