"""What the dashboard of the team asks of Prometheus: the telephone, then the desks."""

from typing import Final

from dashboards.queries import (
    AVERAGE,
    DAY,
    DESKS,
    HERE,
    HOUR,
    IN_MINUTES,
    LINES,
    LONGEST,
    MISSED,
    MISSED_SHARE,
    MISSED_WITHOUT_SHORT,
    MONTH,
    NORM_LEAD,
    NORM_MISSED,
    NORM_SERVICE_LEVEL,
    NORM_WAIT,
    SERVICE_LEVEL,
    SHORT,
    SHORT_ABANDON,
    SHORTEST,
    WAITING,
    Query,
    broken,
    by_bound,
    desk_now,
    each,
    legend,
    of,
    with_bound,
)

_CATEGORY: Final = "cluster_window_category:wachtmonitor_speed_category_calls"
_EXCLUDED: Final = "cluster_window_reason:wachtmonitor_excluded_contacts:sum"
_MISSED_WAIT: Final = "cluster_window:wachtmonitor_missed_wait_seconds:avg"


def _over_windows(rule: str, *windows: str) -> tuple[Query, ...]:
    """A figure of each line over rolling windows and the day so far."""
    return tuple(Query(of(rule, channel="phone", window=window), legend(f"line-{window}")) for window in windows)


LINE_AVERAGES: Final = (
    *_over_windows(AVERAGE, SHORTEST, SHORT, HOUR, DAY),
    Query(LINES, legend("line-norm"), is_norm=True),
)
LINE_QUEUE: Final = (
    Query(of(WAITING, channel="phone"), legend("queue")),
    Query(of(LONGEST, channel="phone"), legend("queue-longest")),
)
LINE_SERVICE_LEVELS: Final = (
    *_over_windows(SERVICE_LEVEL, SHORT, HOUR, DAY),
    Query(of(NORM_SERVICE_LEVEL, channel="phone"), legend("line-norm"), is_norm=True),
)
LINE_MISSED_SHARES: Final = (
    *_over_windows(MISSED_SHARE, SHORT, HOUR, DAY),
    Query(
        with_bound(of(MISSED_WITHOUT_SHORT, channel="phone", window=DAY), SHORT_ABANDON), legend("line-without-short")
    ),
    Query(NORM_MISSED, legend("norm"), is_norm=True),
)


def _staff(state: str) -> Query:
    return Query(f"max by (cluster) ({of(_STAFF, channel='phone', state=state)})")


_STAFF: Final = "cluster_state:wachtmonitor_staff:max"

STAFF_TABLE: Final = {
    "logged-in": Query("max by (cluster) (" + of("cluster:wachtmonitor_staff_logged_in:max", channel="phone") + ")"),
    "staff-free": _staff("free"),
    "talking": _staff("talking"),
    "wrapping-up": _staff("wrapping_up"),
    "paused": _staff("paused"),
}
PAUSES: Final = Query(
    "sum by (pause) (" + of("cluster_pause:wachtmonitor_staff_paused:max", channel="phone") + ") > 0"
)
CATEGORY_TABLE: Final = {
    "calls": Query(by_bound(of(f"{_CATEGORY}:sum", window=DAY), "sum")),
    "share": Query(by_bound(of(f"{_CATEGORY}:ratio", window=DAY), "max")),
}
_IMPLAUSIBLE_REQUESTS: Final = of("cluster_window:wachtmonitor_implausible_requests:sum", window=DAY)
LEFT_OUT: Final = Query(
    f'sum by (channel, reason) (label_replace({of(MISSED, window=DAY)}, "reason", "missed", "", ""))'
    f" or sum by (channel, reason) ({of(_EXCLUDED, window=DAY)}) > 0"
    " or sum by (channel, reason)"
    f' (label_replace({_IMPLAUSIBLE_REQUESTS}, "reason", "implausible_request", "", "")) > 0'
)
MISSED_HELD_ON: Final = Query(of(_MISSED_WAIT, window=DAY), legend("held-on"))


def _line(rule: str) -> str:
    return f"max by (cluster) ({of(f'cluster_window:wachtmonitor_{rule}', channel='phone', window=DAY)})"


CALLBACK_TABLE: Final = {
    "callbacks-requested": Query(_line("callback_requested_calls:sum")),
    "called-back": Query(_line("called_back_calls:sum")),
    "called-back-after": Query(_line("called_back_after_seconds:avg") + IN_MINUTES),
    "answered-too-late": Query(_line("answered_too_late_calls:sum")),
}

# The team: desks.


def _desk(rule: str, window: str = DAY) -> str:
    return f"max by (cluster) ({of(f'cluster_window:wachtmonitor_{rule}', channel='desk', window=window)})"


DESK_TABLE: Final = {
    "desks-open": Query(desk_now("cluster:wachtmonitor_desks_open:max")),
    "waiting-now": Query(desk_now(WAITING)),
    "longest-now": Query(desk_now(LONGEST) + IN_MINUTES),
    "average-hour": Query(_desk("wait_seconds:avg", HOUR) + IN_MINUTES),
    "average-today": Query(_desk("wait_seconds:avg") + IN_MINUTES),
    "norm": Query(desk_now(NORM_WAIT) + IN_MINUTES),
    "verdict-today": Query(broken(of(AVERAGE, channel="desk", window=DAY), DESKS, "<=")),
    "received": Query(_desk("served_contacts:sum")),
    "within-norm": Query(_desk("within_norm_contacts:ratio")),
    "after-plan": Query(_desk("signed_wait_seconds:avg") + IN_MINUTES),
    "sat-out": Query(_desk("experienced_wait_seconds:avg") + IN_MINUTES),
    "no-shows": Query(_desk("no_shows:sum")),
    "no-show-share": Query(_desk("no_shows:ratio")),
    "cancelled": Query(_desk("cancelled_appointments:sum")),
}
"""Columns by the codes of their headings: times in minutes, counts and shares of today."""

DESK_AVERAGES_TO_NORM: Final = (
    Query(f"{of(AVERAGE, channel='desk', window=HOUR)} / {HERE} {DESKS}", "{{cluster}}"),
    Query("vector(1)", legend("norm"), is_norm=True),
)
WALK_IN_TABLE: Final = {
    "waiting-now": Query(desk_now("cluster:wachtmonitor_waiting_walk_ins:sum")),
    "longest-now": Query(desk_now("cluster:wachtmonitor_longest_walk_in_wait_seconds:max") + IN_MINUTES),
    "received": Query(_desk("walk_ins:sum")),
    "average-walk-in": Query(_desk("walk_in_wait_seconds:avg") + IN_MINUTES),
    "left": Query(_desk("walk_ins_left:sum")),
}
BEYOND_TABLE: Final = {
    "left-hall": Query(_desk("left_appointments:sum")),
    "left-wait": Query(_desk("left_wait_seconds:avg") + IN_MINUTES),
    "onward": Query(_desk("onward_contacts:sum")),
    "onward-wait": Query(_desk("onward_wait_seconds:avg") + IN_MINUTES),
    "onward-left": Query(_desk("onward_left_contacts:sum")),
}
LEAD_TABLE: Final = {
    "requested-today": Query(_desk("requested_appointments:sum")),
    "workdays-today": Query(_desk("lead_workdays:avg")),
    "requested-month": Query(_desk("requested_appointments:sum", MONTH)),
    "workdays-month": Query(_desk("lead_workdays:avg", MONTH)),
    "norm": Query(f"max by (cluster) ({each(NORM_LEAD, DESKS)})"),
    "verdict-month": Query(
        broken(
            of("cluster_window:wachtmonitor_lead_workdays:avg", channel="desk", window=MONTH),
            each(NORM_LEAD, DESKS),
            "<=",
        )
    ),
    "within-norm": Query(_desk("requested_within_norm_appointments:ratio", MONTH)),
}
