"""The health of the monitor itself: is what the screens show complete and of this moment."""

from dashboards.columns import words_column
from dashboards.grafana import BYTES, COUNT, SECONDS, Json
from dashboards.health import queries
from dashboards.layout import Band, Panels, dashboard
from dashboards.panels import lines, override, stat, table, texts
from dashboards.queries import CHANNELS, REJECTIONS
from streams.words.message import message


def build() -> Json:
    """The dashboard."""
    return dashboard(
        "health",
        [
            Band(6, _running(), heading="health-running"),
            Band(8, _reading()),
            Band(8, _counting(), heading="health-counting"),
            Band(8, _lost(), heading="health-lost"),
            Band(7, ((24, _ids()),)),
            Band(8, _checkpoints(), heading="health-checkpoints"),
            Band(8, _machines(), heading="health-machines"),
        ],
        since="now-3h",
        refresh="10s",
    )


def _running() -> Panels:
    return (
        (5, stat("health-workers", [queries.WORKERS], COUNT)),
        (7, stat("health-partitions", [queries.PARTITIONS, queries.LAG_NOW], COUNT, rows=True)),
        (4, _opening()),
        (8, stat("health-versions", [queries.VERSIONS], COUNT)),
    )


def _reading() -> Panels:
    return (
        (12, lines("health-feed-ages", queries.FEED_AGES, SECONDS, shades=True, decimals=0)),
        (12, lines("health-lag", queries.LAG, COUNT, shades=True)),
    )


def _counting() -> Panels:
    return (
        (12, lines("health-latency", queries.LATENCY, SECONDS, decimals=2)),
        (12, lines("health-events", queries.EVENTS, COUNT, shades=True)),
    )


def _lost() -> Panels:
    return (
        (6, lines("health-rejected-recently", queries.REJECTED_RECENTLY, COUNT, shades=True)),
        (6, _rejected()),
        (6, lines("health-repaired", queries.REPAIRED, COUNT, shades=True)),
        (6, lines("health-deleted-unread", queries.DELETED_UNREAD, COUNT, shades=True)),
    )


def _checkpoints() -> Panels:
    return (
        (6, lines("health-checkpoint-age", queries.CHECKPOINT_AGE, SECONDS, decimals=1, shades=True)),
        (6, lines("health-checkpoint-behind", queries.CHECKPOINT_BEHIND, COUNT, shades=True)),
        (6, lines("health-checkpoint-duration", queries.CHECKPOINT_DURATION, SECONDS, decimals=2, shades=True)),
        (6, lines("health-checkpoint-size", queries.CHECKPOINT_SIZE, BYTES, shades=True)),
    )


def _machines() -> Panels:
    return (
        (8, lines("health-contacts", queries.CONTACTS, COUNT, shades=True)),
        (8, lines("health-up", [queries.UP], COUNT, shades=True)),
        (8, lines("health-clocks", [queries.CLOCKS], SECONDS, decimals=1, shades=True)),
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
