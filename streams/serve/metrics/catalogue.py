"""The catalogue of metrics: every name, kind, label and definition, once. Exposition, tests and docs follow it.

What is counted of contacts is declared where it is counted (`streams.core.counts`), and stands here under the
headings that the docs give it; what else there is to tell is declared here. What is counted over a window is a gauge
of additive parts (counts and sums), not a counter: a window forgets, and a late or corrected fact takes back what was
counted before, while a counter may only grow. Whoever wants an average divides a sum by a count, so that a window
without calls has no average instead of one of 0. Only what truly grows (events, rejections, latencies) is a counter
or a histogram. The official figures come from the month totals and never from `increase()`, which loses the first
sample and extrapolates.
"""

from functools import cache, lru_cache
from typing import Final

from streams.channels import counted, indicators
from streams.core.counts import Shown, Tally
from streams.core.indicators import Measure, Period
from streams.live.faults import Fault
from streams.serve.metrics.metric import PREFIX, Aggregation, Kind, Metric, Page
from streams.serve.metrics.norms import norm_metrics, of_month
from streams.serve.metrics.series import closed, joined, labels_of_counts, metrics_of_counts

_PLACES: Final[dict[str, str]] = {
    "cluster": "the activity cluster (activiteitcluster), as named in the settings",
    "channel": "`phone`, `desk`, or the name of a channel that was added",
    "window": "`5m`, `15m`, `60m` (the rolling windows of the settings), `today` or `month`; "
    "they overlap, so choose one",
    "month": "a calendar month in the zone of the settings, such as `2026-10`, that has begun",
    "year": "the calendar year, such as `2026`; of a month, the year that it lies in: a year's figure is the sum of "
    "its months",
}
_OTHERS: Final[dict[str, str]] = {
    "share": "the share of the contacts that waited no longer: `0.5`, the median, or `0.9`",
    "reason": "why a record was rejected, or why a source left something out",
    "state": "what an employee does: `free`, `talking`, `wrapping_up` or `paused`",
    "pause": "a kind of pause of `pauses` in [staffing] of the settings, or `other`",
    "fault": "what is wrong with a topic: " + ", ".join(f"`{fault}`" for fault in Fault),
    "kind": "`accounts` (what was spent) or `budget` (what was planned)",
    "topic": "the Kafka topic",
    "source": "a source of the settings, by its name",
    "type": "the type of an event, as the contract writes it",
    "partition": "the topic's partition: a counter stays whole when its partition moves to another worker",
    "version": "the version of Wachtmonitor",
}


def label_meanings() -> dict[str, str]:
    """Every label with what its values are; each has few values, all known from settings and topics."""
    return joined([*_PLACES.items(), *labels_of_counts(counted.tallies()).items(), *_OTHERS.items()])


_CLUSTER: Final[tuple[str, ...]] = ("cluster", "channel")
_PARTITION: Final[tuple[str, ...]] = ("topic", "partition")

# Waiting now.

WAITING_CONTACTS: Final = Metric(
    "wachtmonitor_waiting_contacts",
    _CLUSTER,
    "Callers, or visitors with an appointment who have arrived, who wait at this moment.",
)
LONGEST_WAIT: Final = Metric(
    "wachtmonitor_longest_wait_seconds",
    _CLUSTER,
    "Longest wait so far of those who wait at this moment, for visitors from the later of arrival and planned start; "
    "absent when nobody waits.",
    Aggregation.MAX,
)
WAITING_WALK_INS: Final = Metric(
    "wachtmonitor_waiting_walk_ins", _CLUSTER, "Visitors without an appointment who wait at this moment."
)
LONGEST_WALK_IN_WAIT: Final = Metric(
    "wachtmonitor_longest_walk_in_wait_seconds",
    _CLUSTER,
    "Longest wait so far, since the arrival, of the visitors without an appointment who wait at this moment; "
    "absent when none does.",
    Aggregation.MAX,
)

# Who serves: whole at every worker, since each reads all of it.

STAFF_LOGGED_IN: Final = Metric(
    "wachtmonitor_staff_logged_in",
    _CLUSTER,
    "Employees who may serve the cluster at this moment, paused or not; like all of staff absent where no source "
    "tells it, or one has been silent for too long.",
    Aggregation.MAX,
)
STAFF: Final = Metric(
    "wachtmonitor_staff",
    (*_CLUSTER, "state"),
    "Of these how many are free, in a talk, wrapping up or paused; who is being rung is none of it.",
    Aggregation.MAX,
)
STAFF_PAUSED: Final = Metric(
    "wachtmonitor_staff_paused",
    (*_CLUSTER, "pause"),
    "Of the paused how many for each kind of pause that the settings name, and for all others.",
    Aggregation.MAX,
)
DESKS_OPEN: Final = Metric(
    "wachtmonitor_desks_open", _CLUSTER, "Desks of the cluster at which visitors are received.", Aggregation.MAX
)
STAFFING_REJECTED: Final = Metric(
    "wachtmonitor_staffing_rejected_total",
    ("reason",),
    "Records of staffing that were no valid event and went to the dead letters, since the worker started, by reason.",
    kind=Kind.COUNTER,
)

# Opening, beside the norms.

CLUSTERS: Final = Metric(
    "wachtmonitor_clusters",
    (),
    "Clusters in the settings: of each a worker shows a norm for the average wait, so where Prometheus has fewer "
    "norms of it, several clusters have become one.",
    Aggregation.MAX,
)
OPEN: Final = Metric(
    "wachtmonitor_open", (), "1 in opening hours, 0 outside them and on closing days.", Aggregation.MAX
)

# Health.

LAST_EVENT: Final = Metric(
    "wachtmonitor_last_event_timestamp_seconds",
    ("topic",),
    "Unix time at which the newest event of the topic happened, so that time() minus its maximum is the age of the "
    "feed; absent before the first event.",
    Aggregation.MAX,
)
FEED_STALE: Final = Metric(
    "wachtmonitor_feed_stale_seconds",
    ("topic", "channel"),
    "Silence of the topic, in opening hours, after which its figures count as old.",
    Aggregation.MAX,
)
FEED_REFUSED: Final = Metric(
    "wachtmonitor_feed_refused",
    ("topic",),
    "1 while most or all of the topic's newest records are refused, or all of a cluster whose name is spelt "
    "otherwise, else 0; /health says why and what to do.",
    Aggregation.MAX,
)
FEED_FAULT: Final = Metric(
    "wachtmonitor_feed_fault",
    ("topic", "fault"),
    "1 while something is wrong with the topic on Kafka itself, else 0; /health says what and what to do.",
    Aggregation.MAX,
)
EVENT_LATENCY: Final = Metric(
    "wachtmonitor_event_latency_seconds",
    (),
    "Time from a record's own time in Kafka to the moment at which its event was in the figures.",
    kind=Kind.HISTOGRAM,
)
CONSUMER_LAG: Final = Metric(
    "wachtmonitor_consumer_lag_records", _PARTITION, "Records on the broker that this worker has yet to read."
)
EVENTS_APPLIED: Final = Metric(
    "wachtmonitor_events_applied_total",
    _PARTITION,
    "Events taken into the figures since the partition's first record, repeated ones included.",
    kind=Kind.COUNTER,
)
RECORDS_REJECTED: Final = Metric(
    "wachtmonitor_records_rejected_total",
    (*_PARTITION, "reason"),
    "Records that were no valid event and went to the dead letters, since the partition's first record, by reason.",
    kind=Kind.COUNTER,
)
NAMES_REPAIRED: Final = Metric(
    "wachtmonitor_names_repaired_total",
    (*_PARTITION, "reason"),
    "Events that call their cluster otherwise than the settings and count all the same, since the partition's first "
    "record, by what was repaired.",
    kind=Kind.COUNTER,
)
RECORDS_DELETED_UNREAD: Final = Metric(
    "wachtmonitor_records_deleted_unread_total",
    _PARTITION,
    "Records that Kafka deleted, by the topic's retention, before they were read: every figure lacks them.",
    kind=Kind.COUNTER,
)
CHECKPOINT_TIMESTAMP: Final = Metric(
    "wachtmonitor_checkpoint_timestamp_seconds",
    _PARTITION,
    "Unix time at which the partition's last checkpoint was written.",
    Aggregation.MAX,
)
CHECKPOINT_BEHIND: Final = Metric(
    "wachtmonitor_checkpoint_behind_records",
    _PARTITION,
    "Records already folded that no checkpoint covers yet, and that a restart would read again.",
)
CHECKPOINT_SIZE: Final = Metric(
    "wachtmonitor_checkpoint_size_bytes", _PARTITION, "Size of the partition's last checkpoint."
)
CHECKPOINT_DURATION: Final = Metric(
    "wachtmonitor_checkpoint_duration_seconds",
    _PARTITION,
    "How long encoding and writing the partition's last checkpoint took.",
    Aggregation.MAX,
)
OWNED_PARTITIONS: Final = Metric(
    "wachtmonitor_owned_partitions", ("topic",), "Partitions of the topic that this worker owns."
)
OPEN_CONTACTS: Final = Metric(
    "wachtmonitor_open_contacts",
    ("channel",),
    "Contacts in memory whose outcome is not known, planned visits and expired contacts included.",
)
REMEMBERED_CONTACTS: Final = Metric(
    "wachtmonitor_remembered_contacts",
    ("channel",),
    "Contacts in memory, so that late facts still correct them and repeated ones count once.",
)
UNJUDGED_CONTACTS: Final = Metric(
    "wachtmonitor_unjudged_contacts",
    ("channel",),
    "Contacts in memory that are still counted by the norms, hours and other rules of before their last change; the "
    "channel's windows and months are absent meanwhile.",
)
CLOCK_AHEAD: Final = Metric(
    "wachtmonitor_clock_ahead_seconds",
    (),
    "How far this worker's clock is ahead of the clock of the broker that differs most from it, negative when it is "
    "behind, so that the largest of abs() counts; absent while it is not known.",
    Aggregation.MAX,
)
BUILD_INFO: Final = Metric(
    "wachtmonitor_build_info", ("version",), "Always 1; the label tells which version runs.", Aggregation.MAX
)

SOURCE_AWAY: Final = Metric(
    "wachtmonitor_source_away",
    ("source",),
    "1 while a source of the settings is not connected, or nobody follows it, else 0; /health says which and why.",
    Aggregation.MAX,
)

# Sources, as whoever follows one tells it.

SOURCE_CONNECTED: Final = Metric(
    "wachtmonitor_source_connected",
    ("source",),
    "1 while the source is connected, else 0; /health of its follower says why.",
    Aggregation.MAX,
    page=Page.FOLLOWER,
)
SOURCE_CONNECTED_SINCE: Final = Metric(
    "wachtmonitor_source_connected_timestamp_seconds",
    ("source",),
    "Unix time since when the source is connected, or is not.",
    Aggregation.MAX,
    page=Page.FOLLOWER,
)
SOURCE_FACTS: Final = Metric(
    "wachtmonitor_source_facts_total",
    ("source", "channel", "type"),
    "Facts that the source told and Kafka took, repeated ones included.",
    kind=Kind.COUNTER,
    page=Page.FOLLOWER,
)
SOURCE_REFUSED: Final = Metric(
    "wachtmonitor_source_refused_total",
    ("source", "channel", "reason"),
    "Of the facts those that the settings refuse: Kafka has them all the same, and they end as dead letters.",
    kind=Kind.COUNTER,
    page=Page.FOLLOWER,
)
SOURCE_LEFT_OUT: Final = Metric(
    "wachtmonitor_source_left_out_total",
    ("source", "reason"),
    "What the source told and became no fact, though it might have been one.",
    kind=Kind.COUNTER,
    page=Page.FOLLOWER,
)
SOURCE_FILLED: Final = Metric(
    "wachtmonitor_source_filled_facts_total",
    ("source",),
    "Of the facts those that happened while nobody watched, and were told later.",
    kind=Kind.COUNTER,
    page=Page.FOLLOWER,
)
SOURCE_LAST_FACT: Final = Metric(
    "wachtmonitor_source_last_fact_timestamp_seconds",
    ("source",),
    "Unix time at which the newest of the source's facts happened; absent before the first.",
    Aggregation.MAX,
    page=Page.FOLLOWER,
)
SOURCE_WRITTEN: Final = Metric(
    "wachtmonitor_source_written_timestamp_seconds",
    ("source",),
    "Unix time at which Kafka last took the position from which a restart goes on; absent before the first.",
    Aggregation.MAX,
    page=Page.FOLLOWER,
)

# Closed months: the frozen figures, whole at every worker. Added up over workers they would be as many times too much
# as there are workers, and counted at one worker alone they would be twice there, or not at all, while its partitions
# move: so each worker shows all of them, under names of their own, and the largest counts.

_MONTH: Final = ("cluster", "channel", "year", "month")

CLOSED_MONTH_TIMESTAMP: Final = Metric(
    "wachtmonitor_closed_month_timestamp_seconds",
    ("year", "month"),
    "Unix time at which the month was closed; absent while it is open.",
    Aggregation.MAX,
    page=Page.MONTHS,
)
CLOSED_MONTH_WAIT_QUANTILE: Final = Metric(
    "wachtmonitor_closed_month_wait_quantile_seconds",
    (*_MONTH, "share"),
    "The wait that this share of the contacts served in a closed month did not exceed, to within 1 % of itself; of "
    "an open month no worker knows all waits, and quantiles do not add up.",
    Aggregation.MAX,
    page=Page.MONTHS,
)
CLOSED_YEAR_WAIT_QUANTILE: Final = Metric(
    "wachtmonitor_closed_year_wait_quantile_seconds",
    (*_MONTH, "share"),
    "The same over those months of the year, up to this one, that are closed.",
    Aggregation.MAX,
    page=Page.MONTHS,
)
CLOSED_MONTH_LATE_FACTS: Final = Metric(
    "wachtmonitor_closed_month_late_facts",
    _MONTH,
    "Facts about a closed month that came after its closing, repeated ones included: they change no figure of it.",
    page=Page.MONTHS,
)
CLOSED_MONTHS_UNREAD: Final = Metric(
    "wachtmonitor_closed_months_unread",
    (),
    "1 while a worker does not know which months are closed and shows the running one alone; other open months and "
    "years are absent then.",
    Aggregation.MAX,
    page=Page.MONTHS,
)

# By what a month is judged, beside its norms.

MONTH_BEGIN: Final = Metric(
    "wachtmonitor_month_begin_timestamp_seconds",
    ("year", "month"),
    "Unix time at which the month begins, of every month that has figures here: it puts months in order.",
    Aggregation.MAX,
    page=Page.MONTHS,
)

# Reported years, from the settings.

PLAN_EXPENSES: Final = Metric(
    "wachtmonitor_plan_expenses_euros",
    ("year", "kind"),
    "Expenses of the action plan; the operating balance is the same with a minus sign.",
    Aggregation.MAX,
    page=Page.MONTHS,
)

_NOW: Final = (WAITING_CONTACTS, LONGEST_WAIT, WAITING_WALK_INS, LONGEST_WALK_IN_WAIT)
_WHO_SERVES: Final = (STAFF_LOGGED_IN, STAFF, STAFF_PAUSED, DESKS_OPEN, STAFFING_REJECTED)
_HEALTH: Final = (
    LAST_EVENT,
    FEED_STALE,
    FEED_REFUSED,
    FEED_FAULT,
    EVENT_LATENCY,
    CONSUMER_LAG,
    EVENTS_APPLIED,
    RECORDS_REJECTED,
    NAMES_REPAIRED,
    RECORDS_DELETED_UNREAD,
    CHECKPOINT_TIMESTAMP,
    CHECKPOINT_BEHIND,
    CHECKPOINT_SIZE,
    CHECKPOINT_DURATION,
    OWNED_PARTITIONS,
    OPEN_CONTACTS,
    REMEMBERED_CONTACTS,
    UNJUDGED_CONTACTS,
    CLOCK_AHEAD,
    BUILD_INFO,
    SOURCE_AWAY,
)
_SOURCES: Final = (
    SOURCE_CONNECTED,
    SOURCE_CONNECTED_SINCE,
    SOURCE_FACTS,
    SOURCE_REFUSED,
    SOURCE_LEFT_OUT,
    SOURCE_FILLED,
    SOURCE_LAST_FACT,
    SOURCE_WRITTEN,
)
_CLOSED: Final = (
    CLOSED_MONTH_TIMESTAMP,
    CLOSED_MONTH_WAIT_QUANTILE,
    CLOSED_YEAR_WAIT_QUANTILE,
    CLOSED_MONTH_LATE_FACTS,
    CLOSED_MONTHS_UNREAD,
)


@cache
def reported(measure: Measure) -> Metric:
    """The metric of what was reported of an indicator in earlier years."""
    return Metric(
        f"{PREFIX}reported_{measure.metric_name}",
        ("year",),
        f"The indicator {measure.name} of an earlier year as it was reported, to show beside the measured years.",
        Aggregation.MAX,
        page=Page.MONTHS,
    )


def open_months() -> tuple[Metric, ...]:
    """What is counted of a month while it is open."""
    return _of_counts(counted.tallies())


@lru_cache(maxsize=4)
def _of_counts(tallies: tuple[type[Tally], ...]) -> tuple[Metric, ...]:
    return tuple(metric for metrics in metrics_of_counts(tallies, Shown.MONTH).values() for metric in metrics)


def sections() -> dict[str, tuple[Metric, ...]]:
    """All metrics by the heading that the docs give them."""
    return _sections(counted.tallies(), indicators())


@lru_cache(maxsize=4)
def _sections(tallies: tuple[type[Tally], ...], measures: tuple[Measure, ...]) -> dict[str, tuple[Metric, ...]]:
    windows = metrics_of_counts(tallies, Shown.WINDOW)
    months, norms = _of_counts(tallies), norm_metrics()
    of_years = [each for each in measures if each.period is Period.YEAR]
    return {
        "Waiting now": _NOW,
        "Who serves now": _WHO_SERVES,
        **{f"Over a window: {title}": metrics for title, metrics in windows.items()},
        "Norms and opening hours": (*norms, CLUSTERS, OPEN),
        "Health": _HEALTH,
        "Sources, on /metrics of `wachtmonitor follow`": _SOURCES,
        "Open months, on /metrics/months": months,
        "Closed months, on /metrics/months": (*map(closed, months), *_CLOSED),
        "What months are judged by, on /metrics/months": (MONTH_BEGIN, *map(of_month, norms)),
        "Reported years, on /metrics/months": (*map(reported, of_years), PLAN_EXPENSES),
    }


def catalogue() -> tuple[Metric, ...]:
    """All metrics, in the order of the exposition."""
    return tuple(metric for metrics in sections().values() for metric in metrics)


def on_page(page: Page) -> tuple[Metric, ...]:
    """The metrics of one page, in the order of its exposition."""
    return tuple(metric for metric in catalogue() if metric.page is page)
