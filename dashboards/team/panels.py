"""The team: how the day goes, on the telephone and at the desks side by side."""

from typing import Final

from dashboards.columns import bounds_column, verdict_column, words_column
from dashboards.grafana import COUNT, MINUTES, SECONDS, SHARE, Json
from dashboards.layout import Band, dashboard
from dashboards.panels import column, lines, override, stat, table, units
from dashboards.queries import CHANNELS, REASONS
from dashboards.team import queries

_DESK: Final = {"cluster": "desk"}
"""The rows of a table of desks."""
_GAUGE: Final = {"type": "gauge", "mode": "basic"}


def build() -> Json:
    """The dashboard."""
    averages = lines("team-averages", queries.LINE_AVERAGES, SECONDS, decimals=0)
    queue = lines("team-queue", queries.LINE_QUEUE, COUNT, overrides=units({"B": SECONDS}), decimals=0)
    in_time = lines("team-in-time", queries.LINE_SERVICE_LEVELS, SHARE, decimals=0)
    missed = lines("team-missed", queries.LINE_MISSED_SHARES, SHARE, decimals=0)
    held_on = stat("team-held-on", [queries.MISSED_HELD_ON], SECONDS)
    to_norm = lines("team-desk-averages", queries.DESK_AVERAGES_TO_NORM, SHARE, shades=True, decimals=0)
    return dashboard(
        "team",
        [
            Band(9, ((12, averages), (12, queue)), heading="team-telephone"),
            Band(6, ((16, _staff()), (8, _pauses()))),
            Band(9, ((12, in_time), (12, missed))),
            Band(9, ((10, _categories()), (10, _left_out()), (4, held_on))),
            Band(5, ((24, _callbacks()),)),
            Band(10, ((24, _desks()),), heading="team-desks-today"),
            Band(9, ((14, to_norm), (10, _walk_ins()))),
            Band(7, ((24, _beyond()),)),
            Band(9, ((24, _leads()),), heading="team-appointments"),
        ],
        since="now/d",
        refresh="10s",
    )


def _staff() -> Json:
    return table("team-staff", queries.STAFF_TABLE, labels={"cluster": "line"}, decimals=0)


def _pauses() -> Json:
    return table(
        "team-pauses",
        {"count": queries.PAUSES},
        labels={"pause": "pause"},
        decimals=0,
        overrides=[words_column("pause", {"other": "grafana-pause-other"})],
    )


def _categories() -> Json:
    return table(
        "team-categories",
        queries.CATEGORY_TABLE,
        labels={"bound": "wait"},
        column_units={"share": SHARE},
        sort="bound",
        overrides=[
            bounds_column("wait"),
            override("byName", column("share"), decimals=1, min=0, max=1, custom_cellOptions=_GAUGE),
        ],
    )


def _left_out() -> Json:
    return table(
        "team-left-out",
        {"count": queries.LEFT_OUT},
        labels={"channel": "channel", "reason": "reason"},
        overrides=[words_column("channel", CHANNELS), words_column("reason", REASONS)],
    )


def _callbacks() -> Json:
    return table(
        "team-callbacks",
        queries.CALLBACK_TABLE,
        labels={"cluster": "line"},
        column_units={"called-back-after": MINUTES},
        decimals=0,
        overrides=[override("byName", column("called-back-after"), decimals=1)],
    )


def _desks() -> Json:
    minutes = ("longest-now", "average-hour", "average-today", "norm", "after-plan", "sat-out")
    return table(
        "team-desks",
        queries.DESK_TABLE,
        labels=_DESK,
        column_units={**dict.fromkeys(minutes, MINUTES), "within-norm": SHARE, "no-show-share": SHARE},
        decimals=0,
        overrides=[
            *(override("byName", column(code), decimals=1) for code in minutes),
            verdict_column("verdict-today"),
        ],
    )


def _walk_ins() -> Json:
    minutes = ("longest-now", "average-walk-in")
    return table(
        "team-walk-ins",
        queries.WALK_IN_TABLE,
        labels=_DESK,
        column_units=dict.fromkeys(minutes, MINUTES),
        decimals=0,
        overrides=[override("byName", column(code), decimals=1) for code in minutes],
    )


def _beyond() -> Json:
    minutes = ("left-wait", "onward-wait")
    return table(
        "team-beyond",
        queries.BEYOND_TABLE,
        labels=_DESK,
        column_units=dict.fromkeys(minutes, MINUTES),
        decimals=0,
        overrides=[override("byName", column(code), decimals=1) for code in minutes],
    )


def _leads() -> Json:
    averages = ("workdays-today", "workdays-month")
    return table(
        "team-leads",
        queries.LEAD_TABLE,
        labels=_DESK,
        column_units={"within-norm": SHARE},
        decimals=0,
        overrides=[
            *(override("byName", column(code), decimals=1) for code in averages),
            verdict_column("verdict-month"),
        ],
    )
