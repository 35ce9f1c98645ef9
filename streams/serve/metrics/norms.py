"""The norms as metrics, so that no dashboard or alarm repeats a number: of this moment, and of each month.

A month is judged by the settings that it was closed with, by today's while it is open; its metrics are called as
those of this moment, with `month_` before the name.
"""

from collections.abc import Iterator
from functools import cache
from typing import Final

from streams.channels import channel_of, indicators
from streams.core.indicators import Measure, Unit
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
_SHORT_ABANDON: Final = Metric(
    "wachtmonitor_short_abandon_seconds",
    (),
    "Whose caller holds on no longer is a short abandon among the missed calls; absent where nobody is told apart.",
    Aggregation.MAX,
)
_OF_EVERY_CITY: Final = (
    NORM_WAIT,
    _SERVICE_LEVEL_RATIO,
    _SERVICE_LEVEL,
    _CLUSTER_SERVICE_LEVEL_RATIO,
    _CLUSTER_SERVICE_LEVEL,
    _SHORT_ABANDON,
)


def norm_metrics() -> tuple[Metric, ...]:
    """The metrics of all norms, in the order of the exposition."""
    return (*_OF_EVERY_CITY, *map(norm_of, _of_city()))


def _of_city() -> list[Measure]:
    """The indicators with one norm for all clusters, which is all that there is to say of it."""
    return [each for each in indicators() if not (each.of_cluster or each.has_bound)]


@cache
def norm_of(measure: Measure) -> Metric:
    """The metric of an indicator's norm for the city."""
    meaning = measure.norm_meaning or f"The indicator {measure.name} is {measure.comparison.value} this."
    text = f"Norm: {meaning[0].lower()}{meaning[1:]}"
    return Metric(f"{PREFIX}norm_{measure.metric_name}", (), text, Aggregation.MAX)


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
    if rules.short_abandon_ms is not None:
        yield (_SHORT_ABANDON, (), rules.short_abandon_ms / SECOND_MS)
    for measure in _of_city():
        if (norm := measure.city_norm(rules, norms)) is not None:
            yield (norm_of(measure), (), norm / SECOND_MS if measure.unit is Unit.SECONDS else norm)
