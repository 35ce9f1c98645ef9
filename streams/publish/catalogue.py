"""The catalogue of metrics: every name, kind, label and definition, once. Exposition, tests and docs follow it.

What is counted over a window is a gauge of additive parts (counts and sums), not a counter: a window forgets, and a
late or corrected fact takes back what was counted before, while a counter may only grow. Whoever wants an average
divides a sum by a count, so that a window without calls has no average instead of one of 0. Only what truly grows
(events, rejections, latencies) is a counter or a histogram. The official figures come from the month totals and never
from `increase()`, which loses the first sample and extrapolates.

`aggregation` says how the series of several workers become one: everything adds up, except what is the same
everywhere or of which the largest counts. `page` says where a metric is served: what changes from second to second
on the page that is read every few seconds, whole months on one of their own, so that they can grow by a month each
month and the first page stays small. This module must not know where the values come from.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, Literal

import msgspec

PREFIX: Final = "wachtmonitor_"
"""Begins every name."""

Label = Literal[
    "cluster",
    "channel",
    "window",
    "month",
    "year",
    "reason",
    "up_to_seconds",
    "kind",
    "topic",
    "partition",
    "version",
]

LABEL_MEANINGS: Final[dict[Label, str]] = {
    "cluster": "the activity cluster (activiteitcluster), as named in the settings",
    "channel": "`phone` or `desk`",
    "window": "`5m`, `15m`, `60m` (the rolling windows of the settings), `today` or `month`; "
    "they overlap, so choose one",
    "month": "a calendar month in the zone of the settings, such as `2026-10`, that has begun",
    "year": "the calendar year, such as `2026`; of a month, the year that it lies in: a year's figure is the sum of "
    "its months",
    "reason": "why a contact is excluded from the indicators, or why a record was rejected",
    "up_to_seconds": "upper bound of a speed category, which holds its bound; `+Inf` is the slowest. "
    "Not `le`: categories do not accumulate",
    "kind": "`accounts` (what was spent) or `budget` (what was planned)",
    "topic": "the Kafka topic",
    "partition": "the topic's partition: a counter stays whole when its partition moves to another worker",
    "version": "the version of Wachtmonitor",
}
"""Every label with what its values are; each has few values, all known from settings and topics."""

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
    """The path of a worker at which a metric is served."""

    LIVE = "/metrics"
    MONTHS = "/metrics/months"


class Metric(msgspec.Struct, frozen=True):
    """One metric. `help` is its definition, one English sentence."""

    name: str
    labels: tuple[Label, ...]
    help: str
    aggregation: Aggregation = Aggregation.SUM
    kind: Kind = Kind.GAUGE
    page: Page = Page.LIVE


_CLUSTER: Final[tuple[Label, ...]] = ("cluster", "channel")
_WINDOW: Final[tuple[Label, ...]] = ("cluster", "channel", "window")
_MONTH: Final[tuple[Label, ...]] = ("cluster", "channel", "year", "month")
_PARTITION: Final[tuple[Label, ...]] = ("topic", "partition")

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

# Over a window, on both channels.

SERVED_CONTACTS: Final = Metric(
    "wachtmonitor_served_contacts",
    _WINDOW,
    "Calls answered, or visitors with an appointment received: the count that an average wait divides by.",
)
WAIT: Final = Metric(
    "wachtmonitor_wait_seconds",
    _WINDOW,
    "Sum of the waits of the contacts served: from dialling in to the answer, or from the planned start to the start "
    "(an early start counts as 0).",
)
WITHIN_NORM_CONTACTS: Final = Metric(
    "wachtmonitor_within_norm_contacts",
    _WINDOW,
    "Contacts served whose wait was at most the norm for the average wait of their cluster.",
)
EXCLUDED_CONTACTS: Final = Metric(
    "wachtmonitor_excluded_contacts",
    (*_WINDOW, "reason"),
    "Contacts left out of every other figure of the window, by reason.",
)

# Over a window, on the phone.

OFFERED_CALLS: Final = Metric(
    "wachtmonitor_offered_calls",
    _WINDOW,
    "Calls dialled in within opening hours whose outcome is known, answered or missed: what the share of missed "
    "calls divides by.",
)
MISSED_CALLS: Final = Metric(
    "wachtmonitor_missed_calls", _WINDOW, "Calls dialled in within opening hours that ended without an answer."
)
MISSED_WAIT: Final = Metric(
    "wachtmonitor_missed_wait_seconds", _WINDOW, "Sum of how long the callers of missed calls held on."
)
WITHIN_SERVICE_LEVEL_CALLS: Final = Metric(
    "wachtmonitor_within_service_level_calls",
    _WINDOW,
    "Calls answered within the bound of the service level (wachtmonitor_norm_service_level_seconds).",
)
SPEED_CATEGORY_CALLS: Final = Metric(
    "wachtmonitor_speed_category_calls",
    (*_WINDOW, "up_to_seconds"),
    "Calls answered, by speed category (snelheidscategorie) of their wait.",
)

# Over a window, at the desks.

SIGNED_WAIT: Final = Metric(
    "wachtmonitor_signed_wait_seconds",
    _WINDOW,
    "Sum of actual minus planned starts of the visitors served, early starts negative.",
)
EXPERIENCED_CONTACTS: Final = Metric(
    "wachtmonitor_experienced_contacts", _WINDOW, "Visitors served with an appointment whose arrival is known."
)
EXPERIENCED_WAIT: Final = Metric(
    "wachtmonitor_experienced_wait_seconds",
    _WINDOW,
    "Sum of what the visitors whose arrival is known sat out, from the later of arrival and planned start.",
)
WALK_INS: Final = Metric("wachtmonitor_walk_ins", _WINDOW, "Visitors received without an appointment.")
WALK_IN_WAIT: Final = Metric(
    "wachtmonitor_walk_in_wait_seconds",
    _WINDOW,
    "Sum of the waits of the visitors received without an appointment, from arrival to start.",
)
WALK_INS_LEFT: Final = Metric(
    "wachtmonitor_walk_ins_left", _WINDOW, "Visitors without an appointment who left before they were received."
)
NO_SHOWS: Final = Metric("wachtmonitor_no_shows", _WINDOW, "Appointments to which the visitor did not come.")
CANCELLED: Final = Metric("wachtmonitor_cancelled_appointments", _WINDOW, "Appointments called off.")
REQUESTED: Final = Metric("wachtmonitor_requested_appointments", _WINDOW, "Appointments asked for.")
LEAD: Final = Metric(
    "wachtmonitor_lead_workdays",
    _WINDOW,
    "Sum of the working days (a unit of its own, no number of seconds) from asking for an appointment to its planned "
    "day.",
)
REQUESTED_WITHIN_NORM: Final = Metric(
    "wachtmonitor_requested_within_norm_appointments",
    _WINDOW,
    "Appointments asked for and given within the norm (wachtmonitor_norm_lead_workdays).",
)
IMPLAUSIBLE_REQUESTS: Final = Metric(
    "wachtmonitor_implausible_requests",
    _WINDOW,
    "Appointments whose planned day lies before the day of asking: left out of the requested ones.",
)

# Norms and opening.

NORM_WAIT: Final = Metric(
    "wachtmonitor_norm_wait_seconds",
    _CLUSTER,
    "Norm for the average wait: below this on the phone, at most this at the desks.",
    Aggregation.MAX,
)
NORM_SERVICE_LEVEL_RATIO: Final = Metric(
    "wachtmonitor_norm_service_level_ratio",
    (),
    "Norm: at least this share of the answered calls is answered within the bound of the service level.",
    Aggregation.MAX,
)
NORM_SERVICE_LEVEL: Final = Metric(
    "wachtmonitor_norm_service_level_seconds", (), "Bound of the service level; it holds its bound.", Aggregation.MAX
)
NORM_MISSED_RATIO: Final = Metric(
    "wachtmonitor_norm_missed_ratio", (), "Norm: at most this share of the offered calls is missed.", Aggregation.MAX
)
NORM_LEAD: Final = Metric(
    "wachtmonitor_norm_lead_workdays",
    (),
    "Norm: an appointment is given within this many working days.",
    Aggregation.MAX,
)
OPEN: Final = Metric(
    "wachtmonitor_open",
    (),
    "1 in opening hours, 0 outside them and on closing days.",
    Aggregation.MAX,
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
BUILD_INFO: Final = Metric(
    "wachtmonitor_build_info", ("version",), "Always 1; the label tells which version runs.", Aggregation.MAX
)

# Month by month, exact: the month totals. The same names as over a window, with `month_` before them.


def _month(counted: Metric, *labels: Label) -> Metric:
    """What is counted over a window, counted over each calendar month."""
    name = counted.name.removeprefix(PREFIX)
    return Metric(f"{PREFIX}month_{name}", (*_MONTH, *labels), counted.help, page=Page.MONTHS)


MONTH_SERVED_CONTACTS: Final = _month(SERVED_CONTACTS)
MONTH_WAIT: Final = _month(WAIT)
MONTH_EXCLUDED_CONTACTS: Final = Metric(
    "wachtmonitor_month_excluded_contacts",
    (*_MONTH, "reason"),
    "Contacts left out of every other figure of the month, by reason.",
    page=Page.MONTHS,
)
MONTH_OFFERED_CALLS: Final = _month(OFFERED_CALLS)
MONTH_MISSED_CALLS: Final = _month(MISSED_CALLS)
MONTH_WITHIN_SERVICE_LEVEL_CALLS: Final = _month(WITHIN_SERVICE_LEVEL_CALLS)
MONTH_SPEED_CATEGORY_CALLS: Final = _month(SPEED_CATEGORY_CALLS, "up_to_seconds")
MONTH_REQUESTED: Final = _month(REQUESTED)
MONTH_LEAD: Final = _month(LEAD)
MONTH_REQUESTED_WITHIN_NORM: Final = _month(REQUESTED_WITHIN_NORM)
MONTH_IMPLAUSIBLE_REQUESTS: Final = _month(IMPLAUSIBLE_REQUESTS)

# Reported years, from the settings.

REPORTED_MISSED_RATIO: Final = Metric(
    "wachtmonitor_reported_missed_ratio",
    ("year",),
    "Share of missed calls of an earlier year as it was reported, to show beside the measured years.",
    Aggregation.MAX,
    page=Page.MONTHS,
)
PLAN_EXPENSES: Final = Metric(
    "wachtmonitor_plan_expenses_euros",
    ("year", "kind"),
    "Expenses of the action plan; the operating balance is the same with a minus sign.",
    Aggregation.MAX,
    page=Page.MONTHS,
)

SECTIONS: Final[dict[str, tuple[Metric, ...]]] = {
    "Waiting now": (WAITING_CONTACTS, LONGEST_WAIT, WAITING_WALK_INS, LONGEST_WALK_IN_WAIT),
    "Over a window: both channels": (SERVED_CONTACTS, WAIT, WITHIN_NORM_CONTACTS, EXCLUDED_CONTACTS),
    "Over a window: phone": (
        OFFERED_CALLS,
        MISSED_CALLS,
        MISSED_WAIT,
        WITHIN_SERVICE_LEVEL_CALLS,
        SPEED_CATEGORY_CALLS,
    ),
    "Over a window: desks": (
        SIGNED_WAIT,
        EXPERIENCED_CONTACTS,
        EXPERIENCED_WAIT,
        WALK_INS,
        WALK_IN_WAIT,
        WALK_INS_LEFT,
        NO_SHOWS,
        CANCELLED,
        REQUESTED,
        LEAD,
        REQUESTED_WITHIN_NORM,
        IMPLAUSIBLE_REQUESTS,
    ),
    "Norms and opening hours": (
        NORM_WAIT,
        NORM_SERVICE_LEVEL_RATIO,
        NORM_SERVICE_LEVEL,
        NORM_MISSED_RATIO,
        NORM_LEAD,
        OPEN,
    ),
    "Health": (
        LAST_EVENT,
        FEED_STALE,
        EVENT_LATENCY,
        CONSUMER_LAG,
        EVENTS_APPLIED,
        RECORDS_REJECTED,
        RECORDS_DELETED_UNREAD,
        CHECKPOINT_TIMESTAMP,
        CHECKPOINT_BEHIND,
        CHECKPOINT_SIZE,
        CHECKPOINT_DURATION,
        OWNED_PARTITIONS,
        OPEN_CONTACTS,
        REMEMBERED_CONTACTS,
        BUILD_INFO,
    ),
    "Month by month, on /metrics/months": (
        MONTH_SERVED_CONTACTS,
        MONTH_WAIT,
        MONTH_EXCLUDED_CONTACTS,
        MONTH_OFFERED_CALLS,
        MONTH_MISSED_CALLS,
        MONTH_WITHIN_SERVICE_LEVEL_CALLS,
        MONTH_SPEED_CATEGORY_CALLS,
        MONTH_REQUESTED,
        MONTH_LEAD,
        MONTH_REQUESTED_WITHIN_NORM,
        MONTH_IMPLAUSIBLE_REQUESTS,
    ),
    "Reported years, on /metrics/months": (REPORTED_MISSED_RATIO, PLAN_EXPENSES),
}
"""All metrics by the heading that the docs give them."""

CATALOGUE: Final[tuple[Metric, ...]] = tuple(metric for metrics in SECTIONS.values() for metric in metrics)
"""All metrics, in the order of the exposition."""


def on_page(page: Page) -> tuple[Metric, ...]:
    """The metrics of one page, in the order of its exposition."""
    return tuple(metric for metric in CATALOGUE if metric.page is page)


_INTRODUCTION: Final = """\
Rolling windows hold the contacts whose outcome became known in them; `today` and `month` those whose citizen called,
or was to be received, in the local day or month. Over several workers, combine series with the operator in the column
"over workers", such as `sum by (cluster, channel) (wachtmonitor_waiting_contacts)`. Figures are counts and sums: an
average is `sum by (cluster, channel, window) (wachtmonitor_wait_seconds)` divided by the same of
`wachtmonitor_served_contacts`, and a window without calls has none. Official figures come from the month totals:
`/metrics/months` serves those of every month that is remembered, exact to the call, for a scrape each minute.
"""


def catalogue_markdown() -> str:
    """The catalogue as Markdown, the same text that stands in the README."""
    parts = [_INTRODUCTION, *(_section(title, metrics) for title, metrics in SECTIONS.items()), _labels()]
    return "\n".join(parts)


def _section(title: str, metrics: tuple[Metric, ...]) -> str:
    rows = [(f"`{each.name}`", each.kind, each.aggregation, _codes(each.labels), each.help) for each in metrics]
    return f"**{title}**\n\n" + _table(("metric", "kind", "over workers", "labels", "definition"), rows)


def _labels() -> str:
    rows = [(f"`{label}`", meaning) for label, meaning in LABEL_MEANINGS.items()]
    return "**Labels**\n\n" + _table(("label", "values"), rows)


def _codes(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (head, ("---",) * len(head), *rows)
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
