"""The norms as metrics, so that no dashboard or alarm repeats a number: of this moment, and of each month.

A month is judged by the settings that it was closed with, by today's while it is open; its metrics are called as
those of this moment, with `month_` before the name.
"""

from collections.abc import Iterator
from functools import cache
from typing import Final

from streams.channels import channel_of
from streams.core.norms import Norms
from streams.core.rules import SECOND_MS, Rules
from streams.serve.metrics.metric import PREFIX, Aggregation, Metric, Page
from streams.serve.metrics.series import Series

_CLUSTER: Final = ("cluster", "channel")

NORM_WAIT: Final = Metric(
    "wachtmonitor_norm_wait_seconds",
    _CLUSTER,
    "Norm for the average wait: below this on the phone, at most this at the desks.",
    Aggregation.MAX,
)
_SERVICE_LEVEL_RATIO: Final = Metric(
    "wachtmonitor_norm_service_level_ratio",
    (),
    "Norm: at least this share of the answered calls is answered within the bound of the service level; of all lines "
    "together, and of each that has none of its own.",
    Aggregation.MAX,
)
_SERVICE_LEVEL: Final = Metric(
    "wachtmonitor_norm_service_level_seconds",
    (),
    "Bound of the service level of every line that has none of its own; it holds its bound.",
    Aggregation.MAX,
)
_CLUSTER_SERVICE_LEVEL_RATIO: Final = Metric(
    "wachtmonitor_norm_cluster_service_level_ratio",
    _CLUSTER,
    "Norm: at least this share of the line's answered calls is answered within the bound of its service level.",
    Aggregation.MAX,
)
_CLUSTER_SERVICE_LEVEL: Final = Metric(
    "wachtmonitor_norm_cluster_service_level_seconds",
    _CLUSTER,
    "Bound of the line's service level, whether its own or that of all; it holds its bound.",
    Aggregation.MAX,
)
_MISSED_RATIO: Final = Metric(
    "wachtmonitor_norm_missed_ratio", (), "Norm: at most this share of the offered calls is missed.", Aggregation.MAX
)
_SHORT_ABANDON: Final = Metric(
    "wachtmonitor_short_abandon_seconds",
    (),
    "Whose caller holds on no longer is a short abandon among the missed calls; absent where nobody is told apart.",
    Aggregation.MAX,
)
_LEAD: Final = Metric(
    "wachtmonitor_norm_lead_workdays",
    (),
    "Norm: an appointment is given within this many working days.",
    Aggregation.MAX,
)

NORMS: Final = (
    NORM_WAIT,
    _SERVICE_LEVEL_RATIO,
    _SERVICE_LEVEL,
    _CLUSTER_SERVICE_LEVEL_RATIO,
    _CLUSTER_SERVICE_LEVEL,
    _MISSED_RATIO,
    _SHORT_ABANDON,
    _LEAD,
)
"""In the order of the exposition."""


@cache
def of_month(norm: Metric) -> Metric:
    """The metric of what a month is judged by."""
    name = f"{PREFIX}month_{norm.name.removeprefix(PREFIX)}"
    return Metric(name, (*norm.labels, "year", "month"), norm.help, Aggregation.MAX, page=Page.MONTHS)


def norm_series(rules: Rules, norms: Norms) -> Iterator[Series]:
    """All norms that there are."""
    for cluster in rules.clusters:
        labels = (cluster.name, cluster.channel.value)
        yield (NORM_WAIT, labels, cluster.norm_ms / SECOND_MS)
        if channel_of(cluster.channel).has_service_level:
            level = norms.service_level(cluster.channel, cluster.name)
            yield (_CLUSTER_SERVICE_LEVEL_RATIO, labels, level.ratio)
            yield (_CLUSTER_SERVICE_LEVEL, labels, level.seconds)
    yield (_SERVICE_LEVEL_RATIO, (), norms.service_level_ratio)
    yield (_SERVICE_LEVEL, (), norms.service_level_seconds)
    yield (_MISSED_RATIO, (), norms.missed_ratio)
    if rules.short_abandon_ms is not None:
        yield (_SHORT_ABANDON, (), rules.short_abandon_ms / SECOND_MS)
    yield (_LEAD, (), rules.lead_norm_days)
