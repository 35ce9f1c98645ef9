"""The recording rules that Prometheus reads: the sums are the catalogue's, and stand before what is made of them."""

from typing import Any, Final

import pytest
import yaml

from dashboards.rules.sums import sums
from dashboards.rules.write import BY_HAND, DIRECTORY, PAGES, rule_files
from streams.serve.metrics.catalogue import catalogue, open_months
from streams.serve.metrics.metric import Kind, Page
from streams.serve.metrics.series import closed
from tests.alerting.prometheus import metric_names

every_file = pytest.mark.parametrize("name", PAGES)

GROWING_OR_BY_HAND: Final = {
    "wachtmonitor_open",
    "wachtmonitor_clusters",
    "wachtmonitor_last_event_timestamp_seconds",
    "wachtmonitor_checkpoint_timestamp_seconds",
    "wachtmonitor_unjudged_contacts",
    "wachtmonitor_clock_ahead_seconds",
    "wachtmonitor_build_info",
}


def rules_in(text: str) -> list[dict[str, str]]:
    """The rules of a file of one group."""
    (group,) = yaml.safe_load(text)["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


@every_file
def test_what_is_committed_is_what_is_made(name: str) -> None:
    assert (DIRECTORY / name).read_text(encoding="utf-8") == rule_files()[name], "run `make dashboards`"


@every_file
def test_nothing_is_made_of_a_sum_that_comes_later(name: str) -> None:
    """Prometheus would take that of the turn before, and divide it by one of this turn."""
    records = [rule["record"] for rule in rules_in(rule_files()[name])]
    for place, rule in enumerate(rules_in(rule_files()[name])):
        assert not metric_names(rule["expr"]) & set(records[place:]), rule["record"]


@every_file
def test_no_rule_that_follows_is_written_by_hand_too(name: str) -> None:
    by_hand = {rule["record"] for rule in rules_in((BY_HAND / name).read_text(encoding="utf-8"))}
    made = {rule.record for rules in sums(PAGES[name]).values() for rule in rules}
    assert made
    assert not by_hand & made


def test_every_gauge_has_its_rule_unless_it_is_said_why_not() -> None:
    made = {rule.record.split(":")[1] for page in PAGES.values() for rules in sums(page).values() for rule in rules}
    made |= {
        closed(metric).name for metric in open_months() if metric.name in made
    }  # in one rule with the open month
    gauges = {each.name for each in catalogue() if each.kind is Kind.GAUGE and each.page is not Page.FOLLOWER}
    assert gauges - made == GROWING_OR_BY_HAND
