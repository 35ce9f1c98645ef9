"""The exposition: what a worker observes, as series of the catalogue's metrics.

Everything is read anew at each scrape, so the series of a partition disappear with it. A worker shows the figures of
a channel only while it owns partitions of it: without any there is no figure, and no figure is not 0. Must not know
how the observed states came about, nor how the bytes are served.
"""

from collections.abc import Callable, Container, Iterable
from functools import partial
from importlib.metadata import version
from typing import Final

from prometheus_client import Histogram
from prometheus_client.metrics_core import Metric as Family

from streams.channels import channel_names, channel_of, empty_tally
from streams.channels.figures import ClusterFigures, Waiting, figures, month_totals
from streams.contracts.rejections import Reason
from streams.contracts.spelling import Repair
from streams.core.calendar import Opening
from streams.core.counts import Shown, Tally, Terms
from streams.core.rules import Cluster
from streams.live.faults import Fault
from streams.live.observed import DELETED_UNREAD, Observed, PartitionHealth, last_event_ms
from streams.serve.metrics import catalogue
from streams.serve.metrics.exposition import Families, Written
from streams.serve.metrics.metric import LATENCY_BUCKETS_SECONDS, Page
from streams.serve.metrics.norms import norm_series
from streams.serve.metrics.series import Labels, series

MONTH: Final = "month"
"""Name of the window that is the local month so far."""

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
        _add_staffing(page, observed)
        _add_norms(page, observed)
        for partition in observed.partitions:
            _add_partition(page, partition)
        for channel in channel_names():
            _add_feed(page, observed.feed(channel), observed.stale_seconds[channel], observed.now_ms)
            _add_refused(page, {each.topic for each in observed.feed(channel)}, observed.refused_topics)
        _add_faults(page, observed)
        for source, is_away in observed.sources_away.items():
            page.add(catalogue.SOURCE_AWAY, (source,), int(is_away))
        page.add(catalogue.CLOCK_AHEAD, (), observed.clock_ahead_seconds)
        page.add(catalogue.BUILD_INFO, (self._version,), 1)
        return page.text({catalogue.EVENT_LATENCY.name: self._latency_family()})

    def _latency_family(self) -> Family:
        """The histogram without its `_created` series, which the text format would show as a metric of its own."""
        (family,) = self._latency.collect()
        family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
        return family


# The figures.


def _add_figures(page: Families, observed: Observed) -> None:
    known = {each.state.channel for each in observed.partitions}
    mixed = {channel for channel in known if observed.unjudged(channel)}  # counted by two sets of rules
    months, terms = _months(observed), observed.terms
    for each in figures(observed.settle(), observed.rules, observed.now_ms):
        cluster = each.cluster
        if cluster.channel in known:
            _add_waiting(page, (cluster.name, cluster.channel.value), each)
            windows = {} if cluster.channel in mixed else {**each.windows, MONTH: months[cluster]}
            for window, tally in windows.items():
                labels = (cluster.name, cluster.channel.value, window)
                mine = terms.of(cluster.channel, cluster.name)
                page.add_group(labels, tally, partial(_add_tally, page, labels, tally, mine))


def _months(observed: Observed) -> dict[Cluster, Tally]:
    """The current month's tally of each cluster, over all states."""
    months = {cluster: empty_tally(cluster.channel) for cluster in observed.rules.clusters}
    for state in observed.settle():
        month = state.calendar.month(observed.now_ms)
        mine = {(month, cluster.name): tally for cluster, tally in months.items() if cluster.channel is state.channel}
        for key, tally in month_totals(state, observed.now_ms, mine.keys()).items():
            mine[key].add_without_sketch(tally)
    return months


def _add_waiting(page: Families, labels: Labels, each: ClusterFigures) -> None:
    waiting: Waiting = each.waiting
    page.add(catalogue.WAITING_CONTACTS, labels, waiting.count)
    page.add_ms(catalogue.LONGEST_WAIT, labels, waiting.longest_ms)
    if channel_of(each.cluster.channel).has_walk_ins:
        page.add(catalogue.WAITING_WALK_INS, labels, waiting.walk_ins)
        page.add_ms(catalogue.LONGEST_WALK_IN_WAIT, labels, waiting.longest_walk_in_ms)


def _add_tally(page: Families, labels: Labels, tally: Tally, terms: Terms) -> None:
    page.add_all(series(Shown.WINDOW, tally, labels, terms))


def _add_staffing(page: Families, observed: Observed) -> None:
    """What is not known is left out."""
    for (channel, cluster), staff in observed.staffing.items():
        labels = (cluster, channel.value)
        page.add(catalogue.STAFF_LOGGED_IN, labels, staff.logged_in)
        for state in ("free", "talking", "wrapping_up", "paused"):
            page.add(catalogue.STAFF, (*labels, state), getattr(staff, state))
        for pause, count in (staff.paused_by or {}).items():
            page.add(catalogue.STAFF_PAUSED, (*labels, pause), count)
        page.add(catalogue.DESKS_OPEN, labels, staff.desks_open)
    if observed.staffing_rejected is not None:
        for reason in Reason:
            page.add(catalogue.STAFFING_REJECTED, (reason.value,), observed.staffing_rejected.get(reason.value, 0))


def _add_norms(page: Families, observed: Observed) -> None:
    page.add_all(norm_series(observed.rules, observed.norms))
    page.add(catalogue.CLUSTERS, (), len(observed.rules.clusters))
    page.add(catalogue.OPEN, (), int(observed.opening is Opening.OPEN))


# The health.


def _add_partition(page: Families, partition: PartitionHealth) -> None:
    labels = (partition.topic, str(partition.partition))
    state = partition.state
    page.add(catalogue.CONSUMER_LAG, labels, partition.lag)
    page.add(catalogue.EVENTS_APPLIED, labels, state.applied)
    for reason in Reason:  # those at 0 too: `increase()` does not see a series that begins at 1
        page.add(catalogue.RECORDS_REJECTED, (*labels, reason.value), state.rejected.get(reason.value, 0))
    for repair in Repair:
        page.add(catalogue.NAMES_REPAIRED, (*labels, repair.value), state.repaired.get(repair.value, 0))
    page.add(catalogue.RECORDS_DELETED_UNREAD, labels, state.rejected.get(DELETED_UNREAD, 0))
    page.add_ms(catalogue.CHECKPOINT_TIMESTAMP, labels, partition.checkpoint_written_ms)
    if partition.checkpoint_offset is not None:
        page.add(catalogue.CHECKPOINT_BEHIND, labels, partition.next_offset - partition.checkpoint_offset)
    page.add(catalogue.CHECKPOINT_SIZE, labels, partition.checkpoint_bytes)
    page.add(catalogue.CHECKPOINT_DURATION, labels, partition.checkpoint_seconds)


def _add_refused(page: Families, topics: Iterable[str], refused: Container[str]) -> None:
    for topic in topics:
        page.add(catalogue.FEED_REFUSED, (topic,), int(topic in refused))


def _add_faults(page: Families, observed: Observed) -> None:
    """Of the topics that are read here, and of those that are not for that very fault."""
    topics = {each.topic for each in observed.partitions}
    faults = {(topic, fault.value): 0 for topic in topics for fault in Fault} | dict.fromkeys(observed.faults, 1)
    for labels, is_there in sorted(faults.items()):
        page.add(catalogue.FEED_FAULT, labels, is_there)


def _add_feed(page: Families, partitions: list[PartitionHealth], stale_seconds: float, now_ms: int) -> None:
    """What is told of a topic as a whole; of one without partitions here, nothing."""
    if not partitions:
        return
    topic, channel = partitions[0].topic, partitions[0].state.channel.value
    page.add_ms(catalogue.LAST_EVENT, (topic,), last_event_ms(partitions))
    page.add(catalogue.FEED_STALE, (topic, channel), stale_seconds)
    page.add(catalogue.OWNED_PARTITIONS, (topic,), len(partitions))
    open_count = sum(each.state.settle().look(now_ms).open_count for each in partitions)
    page.add(catalogue.OPEN_CONTACTS, (channel,), open_count)
    page.add(catalogue.REMEMBERED_CONTACTS, (channel,), sum(len(each.state.contacts) for each in partitions))
    page.add(catalogue.UNJUDGED_CONTACTS, (channel,), sum(each.state.unjudged for each in partitions))
