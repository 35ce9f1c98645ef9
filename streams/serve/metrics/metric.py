"""What a metric is: its name, kind, labels and definition, how it adds up over workers, and where it is served.

`aggregation` says how the series of several workers become one: everything adds up, except what is the same
everywhere or of which the largest counts. `page` says where a metric is served: what changes from second to second on
the page that is read every few seconds, whole months on one of their own, so that they can grow by a month each month
and the first page stays small.
"""

from enum import StrEnum
from typing import Final

import msgspec

PREFIX: Final = "wachtmonitor_"
"""Begins every name."""

LATENCY_BUCKETS_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""From a fetch that finds its record at once to a worker that catches up after a restart."""


class Kind(StrEnum):
    """The type that Prometheus is told."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


class Aggregation(StrEnum):
    """The PromQL operator that makes one series of several workers'."""

    SUM = "sum"
    MAX = "max"


class Page(StrEnum):
    """Where a metric is served: a path of a worker, or whoever follows a source."""

    LIVE = "/metrics"
    MONTHS = "/metrics/months"
    FOLLOWER = "follower"


class Metric(msgspec.Struct, frozen=True):
    """One metric. `help` is its definition, one English sentence."""

    name: str
    labels: tuple[str, ...]
    help: str
    aggregation: Aggregation = Aggregation.SUM
    kind: Kind = Kind.GAUGE
    page: Page = Page.LIVE
