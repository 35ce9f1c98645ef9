"""The health of the monitor itself: is what the screens show complete and of this moment."""

from dashboards.columns import words_column
from dashboards.grafana import BYTES, COUNT, SECONDS, Json
from dashboards.health import queries
from dashboards.layout import Band, dashboard
from dashboards.panels import lines, override, stat, table, texts
from dashboards.queries import CHANNELS, REJECTIONS
from streams.words.message import message


def build() -> Json:
    """The dashboard."""
    running = (
        (5, stat("health-workers", [queries.WORKERS], COUNT)),
        (7, stat("health-partitions", [queries.PARTITIONS, queries.LAG_NOW], COUNT, rows=True)),
        (4, _opening()),
        (8, stat("health-versions", [queries.VERSIONS], COUNT)),
    )
    reading = (
        (12, lines("health-feed-ages", queries.FEED_AGES, SECONDS, shades=True, decimals=0)),
        (12, lines("health-lag", queries.LAG, COUNT, shades=True)),
    )
    counting = (
        (12, lines("health-latency", queries.LATENCY, SECONDS, decimals=2)),
        (12, lines("health-events", queries.EVENTS, COUNT, shades=True)),
    )
    lost = (
        (6, lines("health-rejected-recently", queries.REJECTED_RECENTLY, COUNT, shades=True)),
        (6, _rejected()),
        (6, lines("health-repaired", queries.REPAIRED, COUNT, shades=True)),
        (6, lines("health-deleted-unread", queries.DELETED_UNREAD, COUNT, shades=True)),
    )
    checkpoints = (
        (6, lines("health-checkpoint-age", queries.CHECKPOINT_AGE, SECONDS, decimals=1, shades=True)),
        (6, lines("health-checkpoint-behind", queries.CHECKPOINT_BEHIND, COUNT, shades=True)),
        (6, lines("health-checkpoint-duration", queries.CHECKPOINT_DURATION, SECONDS, decimals=2, shades=True)),
        (6, lines("health-checkpoint-size", queries.CHECKPOINT_SIZE, BYTES, shades=True)),
    )
    machines = (
        (8, lines("health-contacts", queries.CONTACTS, COUNT, shades=True)),
        (8, lines("health-up", [queries.UP], COUNT, shades=True)),
        (8, lines("health-clocks", [queries.CLOCKS], SECONDS, decimals=1, shades=True)),
    )
    return dashboard(
        "health",
        [
            Band(6, running, heading="health-running"),
            Band(8, reading),
            Band(8, counting, heading="health-counting"),
            Band(8, lost, heading="health-lost"),
            Band(7, ((24, _ids()),)),
            Band(8, checkpoints, heading="health-checkpoints"),
            Band(8, machines, heading="health-machines"),
        ],
        since="now-3h",
        refresh="10s",
    )


def _opening() -> Json:
    shown = texts({"1": message("grafana-open"), "0": message("grafana-closed")})
    panel = stat(
        "health-opening", [queries.OPENING], COUNT, overrides=[override("byFrameRefID", "A", mappings=[shown])]
    )
    return {**panel, "options": {**panel["options"], "textMode": "value"}}


def _ids() -> Json:
    return table(
        "health-ids",
        queries.IDS,
        labels={"cluster": "cluster", "channel": "channel"},
        decimals=0,
        overrides=[words_column("channel", CHANNELS)],
    )


def _rejected() -> Json:
    return table(
        "health-rejected",
        {"records": queries.REJECTED},
        labels={"reason": "reason"},
        decimals=0,
        sort="records",
        descending=True,
        overrides=[words_column("reason", REJECTIONS)],
    )
