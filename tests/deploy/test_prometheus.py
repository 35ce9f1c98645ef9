"""The files of Prometheus: read by promtool, in step with the catalogue, and covered by unit tests of the rules."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from dashboards.alarms.alerts import RULES_SECONDS
from dashboards.alarms.rules import ALARMS, Alarm
from streams.serve.metrics.catalogue import catalogue, label_meanings, on_page
from streams.serve.metrics.metric import Kind, Metric, Page
from streams.settings import load
from tests.alerting.prometheus import SCRAPE_SECONDS, metric_names, recording_rules
from tests.deploy.tools import needs

DEPLOY: Final = Path(__file__).parents[2] / "deploy" / "prometheus"
UNIT_TESTS: Final = sorted((Path(__file__).parent / "rules").glob("*.test.yml"))


def promtool(*arguments: str | Path) -> None:
    """Run promtool and expect that it finds nothing wrong."""
    done = subprocess.run(
        [needs("promtool"), *map(str, arguments)], capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_takes_the_configuration_and_the_rules() -> None:
    promtool("check", "config", DEPLOY / "prometheus.yml")


@pytest.mark.parametrize("file", UNIT_TESTS, ids=lambda path: path.name)
def test_the_rules_keep_to_their_unit_tests(file: Path) -> None:
    promtool("test", "rules", file)


def test_every_rule_reads_metrics_that_exist() -> None:
    known = {metric.name for metric in catalogue()} | {rule.name for rule in recording_rules()} | {"up"}
    known |= {f"{metric.name}_bucket" for metric in catalogue() if metric.kind is Kind.HISTOGRAM}
    for rule in recording_rules():
        assert metric_names(rule.expr) <= known, rule.name


def test_every_metric_is_added_up_over_workers_as_the_catalogue_says() -> None:
    """The first thing done to a gauge of workers is its own operator, with all its labels or fewer."""
    for metric, expr in _uses():
        if metric.kind is Kind.GAUGE and metric.name != "wachtmonitor_build_info":
            operators = re.findall(
                rf"(\w+)(?: by \([a-z_, ]*\))? ?\((?:min_over_time\()?(?<!:){metric.name}(?![:\w])",
                _without_times(metric, expr),
            )
            assert operators, f"{metric.name} stands alone in {expr}"
            assert set(operators) <= {metric.aggregation.value, *_NARROWED.get(metric.name, ())}, expr


def _without_times(metric: Metric, expr: str) -> str:
    """Without the times of samples, which tell how old they are; the least age is that of the largest time."""
    name = metric.name
    expr = re.sub(rf"min( by \([a-z_, ]*\)) \(timestamp\({name}\) - (?={name})", r"max\1 (", expr)
    return expr.replace(f"timestamp({name})", "0")


_NARROWED: Final = {
    "wachtmonitor_checkpoint_behind_records": ("min",),
    "wachtmonitor_norm_wait_seconds": ("count",),
}
"""Where a rule asks another question than the catalogue: whether each partition has been behind all the time, and of
how many clusters Prometheus has a norm."""


def _uses() -> Iterator[tuple[Metric, str]]:
    for rule in recording_rules():
        for metric in catalogue():
            if metric.name in metric_names(rule.expr):
                yield metric, rule.expr


_NO_RULE: Final = {
    "wachtmonitor_event_latency_seconds",  # a histogram: rules read its buckets
    "wachtmonitor_staffing_rejected_total",  # a dead letter each: for whoever looks why a cluster has no staff
    "wachtmonitor_unjudged_contacts",  # on no dashboard either: health and wall say what it counts
    *(metric.name for metric in on_page(Page.FOLLOWER)),  # of one process, and for whoever looks after it
}


def test_every_metric_of_the_catalogue_is_in_a_rule() -> None:
    assert {metric.name for metric in catalogue()} - {metric.name for metric, _ in _uses()} == _NO_RULE


def test_recording_rules_are_named_by_the_convention_and_once() -> None:
    names = [rule.name for rule in recording_rules()]
    assert len(set(names)) == len(names)
    for name in names:
        assert re.fullmatch(r"(city|year|[a-z_]+):wachtmonitor_[a-z_0-9]+:[a-z_0-9]+", name), name


def test_the_scrape_interval_is_that_of_the_measurements() -> None:
    configuration = yaml.safe_load((DEPLOY / "prometheus.yml").read_text(encoding="utf-8"))
    every = f"{SCRAPE_SECONDS}s"
    assert configuration["global"]["scrape_interval"] == configuration["global"]["evaluation_interval"] == every


def test_workers_are_found_by_name_on_their_port_and_both_their_pages_are_read() -> None:
    configuration = yaml.safe_load((DEPLOY / "prometheus.yml").read_text(encoding="utf-8"))
    jobs = [job for job in configuration["scrape_configs"] if job["job_name"].startswith("wachtmonitor")]
    assert {job.get("metrics_path", "/metrics") for job in jobs} == {Page.LIVE.value, Page.MONTHS.value}
    for job in jobs:
        (discovery,) = job["dns_sd_configs"]
        assert (discovery["names"], discovery["port"]) == (["worker"], load(None, {}).web.port)


def test_rules_are_evaluated_as_often_as_their_windows_suppose() -> None:
    """Windows are judged by how many samples they have, whatever Prometheus evaluates by default."""
    for name in ("figures.yml", "alarms.yml"):
        (group,) = yaml.safe_load((DEPLOY / "rules" / name).read_text(encoding="utf-8"))["groups"]
        assert group["interval"] == f"{RULES_SECONDS}s"


def test_labels_are_found_renamed_whichever_it_is() -> None:
    (rule,) = (rule for rule in recording_rules() if rule.name == "city:wachtmonitor_alarm_labels:renamed")
    assert set(re.findall(r"exported_(\w+)!=", rule.expr)) == set(label_meanings())


def test_labels_of_the_workers_come_before_those_of_their_targets() -> None:
    configuration = yaml.safe_load((DEPLOY / "prometheus.yml").read_text(encoding="utf-8"))
    jobs = [job for job in configuration["scrape_configs"] if job["job_name"].startswith("wachtmonitor")]
    assert [job["honor_labels"] for job in jobs] == [True, True]


@pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: alarm.uid)
def test_unit_tests_cover_firing_and_not_firing(alarm: Alarm) -> None:
    values = [value for expr, value in _expected() if re.search(rf"{alarm.series}(?![\w:])", expr)]
    assert any(value > alarm.fires_above for value in values)
    assert any(value < alarm.recovers_below for value in values)


def _expected() -> Iterator[tuple[str, float]]:
    """Every expression of the unit tests with the values that it has there."""
    for file in UNIT_TESTS:
        tests: list[Any] = yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]
        for case in (case for test in tests for case in test["promql_expr_test"]):
            yield from ((case["expr"], float(sample["value"])) for sample in case["exp_samples"])
