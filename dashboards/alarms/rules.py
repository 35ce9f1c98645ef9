"""The alarms: what is compared with which bound, for how long, and who is to be told.

An alarm compares one series of deploy/prometheus/rules/alarms.yml: the arithmetic, the norms and the opening hours
are in that. What is chosen here is when to tell people. Must not know metrics that workers export, words,
the files of Grafana or how messages are sent.
"""

from enum import StrEnum
from typing import Final

import msgspec


class Severity(StrEnum):
    """Who is to be told: whoever is on call, the team today, or whoever looks."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class OnSilence(StrEnum):
    """What an alarm does when Prometheus answers nothing, or not at all."""

    KEEP_LAST = "KeepLast"
    """Nothing is known, so nothing has changed; the alarm about the monitor itself tells people."""
    ALERTING = "Alerting"


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm. What people are told is in the catalogues, by its uid."""

    uid: str
    """Names the alarm in Grafana, in the label `alarm`, and its texts."""
    severity: Severity
    series: str
    """The recording rule that is compared: one alert for each of its series."""
    fires_above: float
    recovers_below: float
    """Hysteresis: an alert that is firing or about to goes on until the series falls below this."""
    hold_seconds: int
    """How long the series stays above before the alert fires, seen all that time."""
    keep_firing_seconds: int
    """How long the alert goes on after the series has recovered: a new breach in that time is no new message."""
    figure: str
    """PromQL of the figure in the message; as always there as `series`."""
    norm: str | None = None
    """PromQL of the norm in the message."""
    on_silence: OnSilence = OnSilence.KEEP_LAST


_MINUTE: Final = 60
_NO_FLAPPING: Final = 10 * _MINUTE
"""What comes back within ten minutes is the same trouble, and people have been told."""

_NORM_WAIT: Final = "cluster:wachtmonitor_norm_wait_seconds:max"
_NORM_SERVICE_LEVEL: Final = "cluster:wachtmonitor_norm_cluster_service_level_ratio:max"

ALARMS: Final = (
    Alarm(
        uid="longest-wait",
        severity=Severity.CRITICAL,
        series="cluster:wachtmonitor_alarm_longest_wait:norm_ratio",
        fires_above=1,
        recovers_below=0.8,
        hold_seconds=30,
        keep_firing_seconds=_NO_FLAPPING,
        figure="cluster:wachtmonitor_alarm_longest_wait:seconds",
        norm=_NORM_WAIT,
    ),
    Alarm(
        uid="average-wait",
        severity=Severity.WARNING,
        series="cluster:wachtmonitor_alarm_wait_15m:norm_ratio",
        fires_above=1,
        recovers_below=0.9,
        hold_seconds=_MINUTE,
        keep_firing_seconds=_NO_FLAPPING,
        figure="cluster:wachtmonitor_alarm_wait_15m:seconds",
        norm=_NORM_WAIT,
    ),
    Alarm(
        uid="desk-wait",
        severity=Severity.WARNING,
        series="cluster:wachtmonitor_alarm_desk_wait_60m:norm_ratio",
        fires_above=1,
        recovers_below=0.9,
        hold_seconds=2 * _MINUTE,
        keep_firing_seconds=_NO_FLAPPING,
        figure="cluster:wachtmonitor_alarm_desk_wait_60m:seconds",
        norm=_NORM_WAIT,
    ),
    Alarm(
        uid="service-level-hour",
        severity=Severity.WARNING,
        series="cluster:wachtmonitor_alarm_service_level:fast_burn_rate",
        fires_above=2,
        recovers_below=1.5,
        hold_seconds=2 * _MINUTE,
        keep_firing_seconds=_NO_FLAPPING,
        figure="cluster:wachtmonitor_alarm_service_level:fast_burn_rate",
        norm=_NORM_SERVICE_LEVEL,
    ),
    Alarm(
        uid="service-level-month",
        severity=Severity.INFO,
        series="cluster:wachtmonitor_alarm_service_level:slow_burn_rate",
        fires_above=1,
        recovers_below=0.95,
        hold_seconds=15 * _MINUTE,
        keep_firing_seconds=60 * _MINUTE,
        figure="cluster:wachtmonitor_alarm_service_level:slow_burn_rate",
        norm=_NORM_SERVICE_LEVEL,
    ),
    Alarm(
        uid="missed-calls-hour",
        severity=Severity.WARNING,
        series="cluster:wachtmonitor_alarm_missed_calls:fast_burn_rate",
        fires_above=2,
        recovers_below=1.5,
        hold_seconds=2 * _MINUTE,
        keep_firing_seconds=_NO_FLAPPING,
        figure="cluster:wachtmonitor_alarm_missed_calls:fast_burn_rate",
        norm="city:wachtmonitor_norm_missed_ratio:max",
    ),
    Alarm(
        uid="missed-calls-year",
        severity=Severity.INFO,
        series="cluster:wachtmonitor_alarm_missed_calls:slow_burn_rate",
        fires_above=1,
        recovers_below=0.95,
        hold_seconds=15 * _MINUTE,
        keep_firing_seconds=60 * _MINUTE,
        figure="cluster:wachtmonitor_alarm_missed_calls:slow_burn_rate",
        norm="city:wachtmonitor_norm_missed_ratio:max",
    ),
    Alarm(
        uid="feed-silent",
        severity=Severity.INFO,
        series="city:wachtmonitor_alarm_feed:stale_ratio",
        # The scrape, the rules and Grafana take 25 s at most: the message is there before the figures count as old.
        fires_above=0.7,
        recovers_below=0.5,
        hold_seconds=0,
        keep_firing_seconds=_NO_FLAPPING,
        figure="city:wachtmonitor_alarm_feed:silence_seconds",
    ),
    Alarm(
        uid="feed-lost",
        severity=Severity.CRITICAL,
        series="topic:wachtmonitor_alarm_feed:events_missing",
        fires_above=16,
        recovers_below=4,
        hold_seconds=0,
        keep_firing_seconds=_NO_FLAPPING,
        figure="topic:wachtmonitor_feed_age_seconds:min",
    ),
    Alarm(
        uid="monitor-down",
        severity=Severity.CRITICAL,
        series="city:wachtmonitor_alarm_workers:missing",
        fires_above=0.5,
        recovers_below=0.5,
        hold_seconds=30,
        keep_firing_seconds=_MINUTE,
        figure="city:wachtmonitor_alarm_workers:missing",
        on_silence=OnSilence.ALERTING,
    ),
    Alarm(
        uid="partitions-without-worker",
        severity=Severity.CRITICAL,
        series="topic:wachtmonitor_alarm_partitions:missing",
        fires_above=0.5,
        recovers_below=0.5,
        hold_seconds=_MINUTE,
        keep_firing_seconds=_MINUTE,
        figure="topic:wachtmonitor_alarm_partitions:missing",
    ),
    Alarm(
        uid="monitor-behind",
        severity=Severity.CRITICAL,
        series="topic:wachtmonitor_alarm_lag:min1m",
        fires_above=20,
        recovers_below=5,
        hold_seconds=0,
        keep_firing_seconds=2 * _MINUTE,
        figure="topic:wachtmonitor_alarm_lag:min1m",
    ),
    Alarm(
        uid="checkpoint-overdue",
        severity=Severity.WARNING,
        series="topic:wachtmonitor_alarm_checkpoint:overdue_seconds",
        fires_above=60,
        recovers_below=30,
        hold_seconds=_MINUTE,
        keep_firing_seconds=2 * _MINUTE,
        figure="topic:wachtmonitor_alarm_checkpoint:overdue_seconds",
    ),
    Alarm(
        uid="source-refused",
        severity=Severity.CRITICAL,
        series="topic:wachtmonitor_alarm_feed:refused",
        fires_above=0.5,
        recovers_below=0.5,
        hold_seconds=0,
        keep_firing_seconds=_NO_FLAPPING,
        figure="topic:wachtmonitor_alarm_rejections:growth15m",
    ),
    Alarm(
        uid="feed-faulty",
        severity=Severity.CRITICAL,
        series="topic_fault:wachtmonitor_alarm_feed:faulty",
        fires_above=0.5,
        recovers_below=0.5,
        hold_seconds=0,
        keep_firing_seconds=_NO_FLAPPING,
        figure="topic_fault:wachtmonitor_alarm_feed:faulty",
    ),
    Alarm(
        uid="source-away",
        severity=Severity.CRITICAL,
        series="source:wachtmonitor_alarm_source:away",
        fires_above=0.5,
        recovers_below=0.5,
        hold_seconds=30,
        keep_firing_seconds=_NO_FLAPPING,
        figure="source:wachtmonitor_alarm_source:away",
    ),
    Alarm(
        uid="records-rejected",
        severity=Severity.INFO,
        series="topic:wachtmonitor_alarm_rejections:growth15m",
        fires_above=5,
        recovers_below=1,
        hold_seconds=0,
        keep_firing_seconds=15 * _MINUTE,
        figure="topic:wachtmonitor_alarm_rejections:growth15m",
    ),
    Alarm(
        uid="records-lost",
        severity=Severity.WARNING,
        series="topic:wachtmonitor_alarm_deleted_unread:growth1d",
        fires_above=0.5,
        recovers_below=0.5,
        hold_seconds=0,
        # Longer than the pause at noon, in which it is silent: what was told in the morning is no news after it.
        keep_firing_seconds=70 * _MINUTE,
        figure="topic:wachtmonitor_alarm_deleted_unread:growth1d",
    ),
    Alarm(
        uid="partitions-doubled",
        severity=Severity.WARNING,
        series="topic:wachtmonitor_alarm_partitions:doubled",
        fires_above=0.5,
        recovers_below=0.5,
        hold_seconds=_MINUTE,
        keep_firing_seconds=_MINUTE,
        figure="topic:wachtmonitor_alarm_partitions:doubled",
    ),
    Alarm(
        uid="labels-renamed",
        severity=Severity.WARNING,
        series="city:wachtmonitor_alarm_labels:renamed",
        fires_above=0.5,
        recovers_below=0.5,
        hold_seconds=_MINUTE,
        keep_firing_seconds=_MINUTE,
        figure="city:wachtmonitor_alarm_labels:renamed",
    ),
)
