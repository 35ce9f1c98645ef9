"""What the dashboard of the monitor's own health asks of Prometheus."""

from typing import Final

from dashboards.queries import (
    CHANNELS,
    DAY,
    FEED_AGES_OF_TOPICS,
    FEED_STALE,
    OPEN,
    REJECTIONS,
    REPAIRS,
    WORKERS_SEEN,
    Query,
    in_words,
    legend,
    of,
)

WORKERS: Final = Query(WORKERS_SEEN, legend("workers"))
PARTITIONS: Final = Query("topic:wachtmonitor_owned_partitions:sum", legend("partitions"))
VERSIONS: Final = Query("version:wachtmonitor_build_info:count", legend("version"))
OPENING: Final = Query(OPEN, legend("opening"))
FEED_AGES: Final = (
    Query(FEED_AGES_OF_TOPICS, "{{topic}}"),
    Query(FEED_STALE, legend("feed-norm"), is_norm=True),
)
LAG: Final = (Query("sum by (topic, partition) (wachtmonitor_consumer_lag_records)", "{{topic}} {{partition}}"),)
LAG_NOW: Final = Query("topic:wachtmonitor_consumer_lag_records:sum", legend("lag"))
LATENCY: Final = tuple(
    Query(f"city:wachtmonitor_event_latency_seconds:p{quantile}_5m", legend("latency", quantile=str(quantile)))
    for quantile in (50, 95, 99)
)
EVENTS: Final = (Query("topic:wachtmonitor_events_applied:growth5m", "{{topic}}"),)
REJECTED_RECENTLY: Final = (
    Query(
        in_words("topic_reason:wachtmonitor_records_rejected:growth15m > 0", "reason", REJECTIONS),
        legend("rejected"),
    ),
)
REJECTED: Final = Query("sum by (reason) (topic_partition_reason:wachtmonitor_records_rejected:max)")
IDS: Final = {
    "ids-reused": Query(
        f"max by (cluster, channel) ({of('cluster_window:wachtmonitor_reused_id_contacts:sum', window=DAY)}) > 0"
    ),
    "ids-unclear": Query(
        f"max by (cluster, channel) ({of('cluster_window:wachtmonitor_unclear_id_contacts:sum', window=DAY)}) > 0"
    ),
}
REPAIRED: Final = (
    Query(
        in_words("topic_reason:wachtmonitor_names_repaired:growth15m > 0", "reason", REPAIRS),
        legend("rejected"),
    ),
)
DELETED_UNREAD: Final = (Query("topic:wachtmonitor_records_deleted_unread:sum", "{{topic}}"),)
CHECKPOINT_AGE: Final = (Query("topic:wachtmonitor_checkpoint_age_seconds:max", "{{topic}}"),)
CHECKPOINT_DURATION: Final = (Query("topic:wachtmonitor_checkpoint_duration_seconds:max", "{{topic}}"),)
CHECKPOINT_BEHIND: Final = (Query("topic:wachtmonitor_checkpoint_behind_records:sum", "{{topic}}"),)
CHECKPOINT_SIZE: Final = (Query("topic:wachtmonitor_checkpoint_size_bytes:sum", "{{topic}}"),)
CONTACTS: Final = (
    Query(in_words("channel:wachtmonitor_open_contacts:sum", "channel", CHANNELS), legend("open-contacts")),
    Query(
        in_words("channel:wachtmonitor_remembered_contacts:sum", "channel", CHANNELS),
        legend("remembered-contacts"),
    ),
)
CLOCKS: Final = Query("instance:wachtmonitor_clock_ahead_seconds:max", "{{instance}}")
# Of what has been a worker within a day, whatever its job is called.
UP: Final = Query(
    "max by (instance) (up and on (job, instance) last_over_time(wachtmonitor_build_info[1d]))", "{{instance}}"
)
