"""Dashboards and the catalogue of metrics name the same: nothing that is not there, and nothing left out unsaid."""

from itertools import product
from typing import Final

from dashboards import queries
from streams.contracts.rejections import Reason
from streams.core.measure import Exclusion
from streams.core.rules import Channel
from streams.serve.metrics.catalogue import catalogue, on_page
from streams.serve.metrics.metric import Kind, Metric, Page
from streams.words import Language, words_of
from tests.alerting.prometheus import metric_names, recording_rules
from tests.dashboards.built import DASHBOARDS, asked

OF_PROMETHEUS: Final = {"up"}
"""Metrics that Prometheus makes itself."""

NOT_SHOWN: Final[dict[str, str]] = {
    **{
        f"wachtmonitor_{name}": "Beside the figure of a line stand its own bound and norm."
        for name in ("norm_service_level_ratio", "norm_service_level_seconds", "month_norm_service_level_seconds")
    },
    "wachtmonitor_feed_fault": "It is for an alarm: /health, the wall and the log say in words what the fault is.",
    "wachtmonitor_clusters": "It is for an alarm and `check`: where Prometheus has fewer, no dashboard is right.",
    "wachtmonitor_feed_refused": "It is for an alarm: /health, the wall and the log say in words what "
    "is refused and why.",
    "wachtmonitor_staffing_rejected_total": "`dead-letters` says in words which records of staffing and why.",
    "wachtmonitor_source_away": "It is for an alarm: /health and the wall say in words which source and why.",
    **{metric.name: "Of one process, for whoever looks after that source." for metric in on_page(Page.FOLLOWER)},
    "wachtmonitor_unjudged_contacts": "0 but for the minute after norms or hours have changed, and then the worker "
    "is not healthy: its health page and the wall say it.",
}
"""Metrics on no dashboard, with the reason."""

RULES: Final = {rule.name: rule.expr for rule in recording_rules()}


def names_of(metric: Metric) -> set[str]:
    """The names that a metric has in Prometheus: a histogram has three."""
    suffixes = ("_bucket", "_count", "_sum") if metric.kind is Kind.HISTOGRAM else ("",)
    return {metric.name + suffix for suffix in suffixes}


def behind(expr: str) -> set[str]:
    """The metrics of workers that an expression comes from, through all recording rules."""
    found: set[str] = set()
    for name in metric_names(expr):
        assert name in RULES or ":" not in name, f"there is no recording rule {name}"
        found |= behind(RULES[name]) if name in RULES else {name}
    return found


def shown() -> set[str]:
    """Every metric behind a query or a list of a dashboard."""
    variables = (each["query"]["query"] for built in DASHBOARDS.values() for each in built["templating"]["list"])
    return {name for expr in (*(query.expr for query in asked()), *variables) for name in behind(expr)}


def test_every_code_has_words() -> None:
    assert set(queries.CHANNELS) == set(Channel)
    assert set(queries.REJECTIONS) == set(Reason)
    assert set(queries.REASONS) == {*Exclusion, "missed", "implausible_request"}
    for language, keys in product(Language, (queries.CHANNELS, queries.REJECTIONS, queries.REASONS)):
        assert len({words_of(language)(key) for key in keys.values()}) == len(keys)


def test_every_metric_that_a_dashboard_names_is_in_the_catalogue() -> None:
    assert shown() - OF_PROMETHEUS <= {name for metric in catalogue() for name in names_of(metric)}


def test_every_metric_of_the_catalogue_is_on_a_dashboard_or_marked_why_not() -> None:
    missing = {metric.name for metric in catalogue() if not names_of(metric) & shown()}
    assert missing == set(NOT_SHOWN)
    assert all(reason.endswith(".") for reason in NOT_SHOWN.values())


def test_no_query_depends_on_what_a_job_is_called() -> None:
    """A Prometheus of one's own, or a ServiceMonitor, has names of its own for them."""
    assert [query.expr for query in asked() if "job=" in query.expr] == []
