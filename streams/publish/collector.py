"""The exposition: what a worker observes, as series of the catalogue's metrics.

Everything is read anew at each scrape, so the series of a partition disappear with it. A worker shows the figures of
a channel only while it owns partitions of it: without any it knows nothing, and nothing is not 0. This module must
not know how the observed states came about, nor how the bytes are served.
"""

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Final

from prometheus_client import Histogram
from prometheus_client.metrics_core import Metric as Family

from streams.contracts.rejections import Reason
from streams.core.calendar import Opening
from streams.core.figures import ClusterFigures, Waiting, empty_tally, figures, month_totals
from streams.core.measure import Exclusion
from streams.core.rules import Channel, Cluster
from streams.core.tally import UNBOUNDED_MS, DeskTally, PhoneTally, Tally
from streams.publish import catalogue
from streams.publish.catalogue import LATENCY_BUCKETS_SECONDS, Page
from streams.publish.exposition import Families, Labels, Written, category_label
from streams.publish.observed import DELETED_UNREAD, Observed, PartitionHealth, answered_within, last_event_ms

MONTH: Final = "month"
"""Name of the window that is the local month so far."""

_EXCLUSIONS: Final = tuple(reason.value for reason in Exclusion)
"""Looked up once: a thousand clusters ask for them tens of thousands of times a scrape."""

DISTRIBUTION: Final = "wachtmonitor"
"""The installed distribution whose version is shown."""


class Metrics:
    """The metrics of one worker at `/metrics`: `render` reads what `observe` returns, at each scrape."""

    def __init__(self, observe: Callable[[], Observed]) -> None:
        """`observe` is called once for each scrape, in the thread that renders."""
        metric = catalogue.EVENT_LATENCY
        self._latency = Histogram(metric.name, metric.help, registry=None, buckets=LATENCY_BUCKETS_SECONDS)
        self._observe = observe
        self._version = version(DISTRIBUTION)
        self._written = Written()

    def observe_latency(self, seconds: float) -> None:
        """Note how long an event was under way from its record's time to the figures; clocks apart count as 0."""
        self._latency.observe(max(0.0, seconds))

    def render(self) -> bytes:
        """The Prometheus text format, to be served as `CONTENT_TYPE_LATEST`."""
        observed = self._observe()
        page = Families(Page.LIVE, self._written)
        _add_figures(page, observed)
        _add_norms(page, observed)
        for partition in observed.partitions:
            _add_partition(page, partition)
        for channel in Channel:
            _add_feed(page, observed.feed(channel), observed.stale_seconds(channel), observed.now_ms)
        page.add(catalogue.BUILD_INFO, (self._version,), 1)
        return page.text({catalogue.EVENT_LATENCY.name: self._latency_family()})

    def _latency_family(self) -> Family:
        """The histogram without its `_created` series, which the text format would show as a metric of its own."""
        (family,) = self._latency.collect()
        family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
        return family


# The figures.


def _add_figures(page: Families, observed: Observed) -> None:
    known = {state.channel for state in observed.states}
    months = _months(observed)
    for each in figures(observed.states, observed.rules, observed.now_ms):
        cluster = each.cluster
        if cluster.channel in known:
            _add_waiting(page, (cluster.name, cluster.channel.value), each)
            windows = {**each.windows, MONTH: months[cluster]}
            for window, tally in windows.items():
                labels = (cluster.name, cluster.channel.value, window)
                page.add_group(labels, tally, partial(_add_tally, page, labels, tally, observed))


def _months(observed: Observed) -> dict[Cluster, Tally]:
    """The current month's tally of each cluster, over all states."""
    months = {cluster: empty_tally(cluster.channel) for cluster in observed.rules.clusters}
    for state in observed.states:
        month = state.calendar.month(observed.now_ms)
        mine = {(month, cluster.name): tally for cluster, tally in months.items() if cluster.channel is state.channel}
        for key, tally in month_totals(state, observed.now_ms, mine.keys()).items():
            mine[key].add_without_sketch(tally)
    return months


def _add_waiting(page: Families, labels: Labels, each: ClusterFigures) -> None:
    waiting: Waiting = each.waiting
    page.add(catalogue.WAITING_CONTACTS, labels, waiting.count)
    page.add_ms(catalogue.LONGEST_WAIT, labels, waiting.longest_ms)
    if each.cluster.channel is Channel.DESK:
        page.add(catalogue.WAITING_WALK_INS, labels, waiting.walk_ins)
        page.add_ms(catalogue.LONGEST_WALK_IN_WAIT, labels, waiting.longest_walk_in_ms)


def _add_tally(page: Families, labels: Labels, tally: Tally, observed: Observed) -> None:
    page.add_ms(catalogue.WAIT, labels, tally.wait_ms)
    page.add(catalogue.WITHIN_NORM_CONTACTS, labels, tally.within_norm)
    for reason in _EXCLUSIONS:
        page.add(catalogue.EXCLUDED_CONTACTS, (*labels, reason), tally.excluded.get(reason, 0))
    if isinstance(tally, PhoneTally):
        _add_phone(page, labels, tally, observed)
    elif isinstance(tally, DeskTally):
        _add_desk(page, labels, tally)


def _add_phone(page: Families, labels: Labels, tally: PhoneTally, observed: Observed) -> None:
    page.add(catalogue.SERVED_CONTACTS, labels, tally.answered)
    page.add(catalogue.OFFERED_CALLS, labels, tally.offered)
    page.add(catalogue.MISSED_CALLS, labels, tally.missed)
    page.add_ms(catalogue.MISSED_WAIT, labels, tally.missed_wait_ms)
    page.add(catalogue.WITHIN_SERVICE_LEVEL_CALLS, labels, answered_within(tally, observed.service_level_ms))
    for bound_ms in (*observed.rules.speed_categories_ms, UNBOUNDED_MS):
        count = tally.speed_categories.get(bound_ms, 0)
        page.add(catalogue.SPEED_CATEGORY_CALLS, (*labels, category_label(bound_ms)), count)


def _add_desk(page: Families, labels: Labels, tally: DeskTally) -> None:
    page.add(catalogue.SERVED_CONTACTS, labels, tally.served)
    page.add_ms(catalogue.SIGNED_WAIT, labels, tally.signed_ms)
    page.add(catalogue.EXPERIENCED_CONTACTS, labels, tally.experienced)
    page.add_ms(catalogue.EXPERIENCED_WAIT, labels, tally.experienced_ms)
    page.add(catalogue.WALK_INS, labels, tally.walk_ins)
    page.add_ms(catalogue.WALK_IN_WAIT, labels, tally.walk_in_wait_ms)
    page.add(catalogue.WALK_INS_LEFT, labels, tally.walk_ins_left)
    page.add(catalogue.NO_SHOWS, labels, tally.no_shows)
    page.add(catalogue.CANCELLED, labels, tally.cancelled)
    page.add(catalogue.REQUESTED, labels, tally.requests)
    page.add(catalogue.LEAD, labels, tally.lead_days)
    page.add(catalogue.REQUESTED_WITHIN_NORM, labels, tally.requests_within_norm)
    page.add(catalogue.IMPLAUSIBLE_REQUESTS, labels, tally.implausible_requests)


def _add_norms(page: Families, observed: Observed) -> None:
    for cluster in observed.rules.clusters:
        page.add_ms(catalogue.NORM_WAIT, (cluster.name, cluster.channel.value), cluster.norm_ms)
    page.add(catalogue.NORM_SERVICE_LEVEL_RATIO, (), observed.service_level_ratio)
    page.add(catalogue.NORM_SERVICE_LEVEL, (), observed.service_level_seconds)
    page.add(catalogue.NORM_MISSED_RATIO, (), observed.missed_ratio)
    page.add(catalogue.NORM_LEAD, (), observed.rules.lead_norm_days)
    page.add(catalogue.OPEN, (), int(observed.opening is Opening.OPEN))


# The health.


def _add_partition(page: Families, partition: PartitionHealth) -> None:
    labels = (partition.topic, str(partition.partition))
    state = partition.state
    page.add(catalogue.CONSUMER_LAG, labels, partition.lag)
    page.add(catalogue.EVENTS_APPLIED, labels, state.applied)
    for reason in Reason:  # those at 0 too: `increase()` does not see a series that begins at 1
        page.add(catalogue.RECORDS_REJECTED, (*labels, reason.value), state.rejected.get(reason.value, 0))
    page.add(catalogue.RECORDS_DELETED_UNREAD, labels, state.rejected.get(DELETED_UNREAD, 0))
    page.add_ms(catalogue.CHECKPOINT_TIMESTAMP, labels, partition.checkpoint_written_ms)
    if partition.checkpoint_offset is not None:
        page.add(catalogue.CHECKPOINT_BEHIND, labels, partition.next_offset - partition.checkpoint_offset)
    page.add(catalogue.CHECKPOINT_SIZE, labels, partition.checkpoint_bytes)
    page.add(catalogue.CHECKPOINT_DURATION, labels, partition.checkpoint_seconds)


def _add_feed(page: Families, partitions: list[PartitionHealth], stale_seconds: float, now_ms: int) -> None:
    """What is told of a topic as a whole; of one without partitions here, nothing."""
    if not partitions:
        return
    topic, channel = partitions[0].topic, partitions[0].state.channel.value
    page.add_ms(catalogue.LAST_EVENT, (topic,), last_event_ms(partitions))
    page.add(catalogue.FEED_STALE, (topic, channel), stale_seconds)
    page.add(catalogue.OWNED_PARTITIONS, (topic,), len(partitions))
    open_count = sum(each.state.waiting_at(now_ms).open_count for each in partitions)
    page.add(catalogue.OPEN_CONTACTS, (channel,), open_count)
    page.add(catalogue.REMEMBERED_CONTACTS, (channel,), sum(len(each.state.contacts) for each in partitions))
