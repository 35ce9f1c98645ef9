"""What the Month dashboard asks of Prometheus: exact counts of whole months.

Month and year are chosen by the variables `month` and `year`.
"""

from typing import Final

from dashboards.queries import (
    IN_MINUTES,
    SECONDS_IN_MINUTE,
    Query,
    broken,
    by_bound,
    each,
    judged,
    judged_city,
    judged_share,
    legend,
    line_service_level,
    of,
    with_bound,
)

_MONTH_RULE: Final = "cluster_month:wachtmonitor_month_"
_CITY_RULE: Final = "month:wachtmonitor_month_"
CHOSEN_MONTH: Final = "$month"
CHOSEN_YEAR: Final = "$year"
YEARS: Final = "label_values(cluster_month:wachtmonitor_month_served_contacts:sum, year)"
MONTHS: Final = f'label_values(cluster_month:wachtmonitor_month_served_contacts:sum{{year="{CHOSEN_YEAR}"}}, month)'


def _in_month(rule: str, **labels: str) -> str:
    return f"max by (cluster, channel) ({of(f'{_MONTH_RULE}{rule}', **labels, month=CHOSEN_MONTH)})"


def _city_in_month(rule: str) -> str:
    return f"max({of(f'{_CITY_RULE}{rule}', month=CHOSEN_MONTH)})"


# By what the month is judged: a closed one by the settings that it was closed with.

_LINES: Final = _in_month("norm_wait_seconds:max", channel="phone")
_DESKS: Final = _in_month("norm_wait_seconds:max", channel="desk")
_NORM_SERVICE_LEVEL: Final = _in_month("norm_cluster_service_level_ratio:max")
_SERVICE_LEVEL_BOUND: Final = _in_month("norm_cluster_service_level_seconds:max")
_NORM_MISSED: Final = _city_in_month("norm_missed_ratio:max")
_NORM_LEAD: Final = _city_in_month("norm_lead_workdays:max")

_BEGIN: Final = f"{_CITY_RULE}begin_timestamp_seconds:max"


_UNLESS_UNREAD: Final = "unless on () city:wachtmonitor_closed_months_unread:max == 1"
"""A sum of months is absent while some worker shows its running month alone."""


def _until(expr: str) -> str:
    """The months up to the one that is chosen: its year, and the years before, as they stood at its end."""
    return f"({expr} and on (month) ({_BEGIN} <= scalar(max({of(_BEGIN, month=CHOSEN_MONTH)}))))"


def _months(rule: str, **labels: str) -> str:
    """The months of the year that is chosen, up to the one that is."""
    return _until(of(rule, **labels, year=CHOSEN_YEAR))


def _of_year(rule: str, combine: str = "max", **labels: str) -> str:
    """The same, one series for each month."""
    return f"{combine} by (month) ({_months(f'{_MONTH_RULE}{rule}', **labels)})"


def _year_so_far(rule: str, by: str = "cluster, channel") -> str:
    return f"(sum by ({by}) ({_months(f'{_MONTH_RULE}{rule}')}) {_UNLESS_UNREAD})"


MONTH_LINE_AVERAGE: Final = Query(
    judged(_in_month("wait_seconds:avg", channel="phone"), _LINES, "<", of_each=_LINES),
    legend("month-average"),
)
MONTH_LINE_SERVICE_LEVEL: Final = Query(
    line_service_level(
        _in_month("service_level:ratio"), lines=_LINES, norm=_NORM_SERVICE_LEVEL, bound=_SERVICE_LEVEL_BOUND
    ),
    legend("month-in-time"),
)
_MISSED: Final = _year_so_far("missed_calls:sum")
_OFFERED: Final = _year_so_far("offered_calls:sum")
YEAR_MISSED_SHARE: Final = Query(
    judged_share(f"({_MISSED} / ({_OFFERED} > 0))", each(_NORM_MISSED, _LINES), "<=", _LINES),
    legend("year-missed-share"),
)
MONTH_MISSED_SHARE: Final = Query(_in_month("missed_calls:ratio"), CHOSEN_MONTH)
# The same without short abandons, where every missed call of the time was counted as short or not.
_SHORT_ABANDON: Final = _city_in_month("short_abandon_seconds:max")
_SHORT: Final = _year_so_far("short_abandoned_calls:sum")
_LONG: Final = _year_so_far("long_abandoned_calls:sum")
YEAR_WITHOUT_SHORT: Final = Query(
    with_bound(f"(({_LONG} and {_LONG} + {_SHORT} == {_MISSED}) / ({_OFFERED} - {_SHORT} > 0))", _SHORT_ABANDON),
    legend("year-without-short"),
)
MONTH_WITHOUT_SHORT: Final = Query(
    with_bound(_in_month("missed_without_short_calls:ratio"), _SHORT_ABANDON), legend("month-without-short")
)
# The largest x with missed + x <= n * (offered + x), as the rule of the running year has it.
ALLOWANCE: Final = Query(
    f"max by (cluster) (floor(({_OFFERED} * on () group_left () {_NORM_MISSED} - {_MISSED})"
    f" / on () group_left () (1 - {_NORM_MISSED} > 0) + 0.000001))",
    legend("allowance"),
)
YEAR_OFFERED: Final = Query(_year_so_far("offered_calls:sum", "cluster"), legend("year-offered"))
YEAR_MISSED: Final = Query(_year_so_far("missed_calls:sum", "cluster"), legend("year-missed"))
MONTH_DESK_TABLE: Final = {
    "average": Query(f"max by (cluster) ({_in_month('wait_seconds:avg', channel='desk')}) / {SECONDS_IN_MINUTE}"),
    "norm": Query(f"max by (cluster) ({_DESKS}){IN_MINUTES}"),
    "verdict": Query(broken(_in_month("wait_seconds:avg", channel="desk"), _DESKS, "<=")),
    "received": Query(f"max by (cluster) ({_in_month('served_contacts:sum', channel='desk')})"),
}


def _line_in_month(rule: str) -> str:
    return f"max by (cluster) ({_in_month(rule, channel='phone')})"


MONTH_CALLBACK_TABLE: Final = {
    "callbacks-requested": Query(_line_in_month("callback_requested_calls:sum")),
    "called-back": Query(_line_in_month("called_back_calls:sum")),
    "called-back-after": Query(_line_in_month("called_back_after_seconds:avg") + IN_MINUTES),
    "answered-too-late": Query(_line_in_month("answered_too_late_calls:sum")),
}


def _desk_in_month(rule: str) -> str:
    return f"max by (cluster) ({_in_month(rule, channel='desk')})"


MONTH_BEYOND_TABLE: Final = {
    "left-hall": Query(_desk_in_month("left_appointments:sum")),
    "left-wait": Query(_desk_in_month("left_wait_seconds:avg") + IN_MINUTES),
    "onward": Query(_desk_in_month("onward_contacts:sum")),
    "onward-wait": Query(_desk_in_month("onward_wait_seconds:avg") + IN_MINUTES),
    "onward-left": Query(_desk_in_month("onward_left_contacts:sum")),
}
CITY: Final = "<<grafana-city>>"
"""Stands in the place of a cluster for all of them."""


def _and_city(of_clusters: str, of_city: str) -> Query:
    """A figure of each cluster and that of the city, which belongs to none."""
    return Query(f'{of_clusters} or label_replace({of_city}, "cluster", "{CITY}", "", "")')


_CITY_LEAD: Final = _city_in_month("lead_workdays:avg")
MONTH_CITY_LEAD: Final = Query(judged_city(_CITY_LEAD, _NORM_LEAD, "<="), legend("city-lead"))
MONTH_CITY_LEAD_SHARE: Final = Query(
    _city_in_month("requested_within_norm_appointments:ratio"), legend("city-lead-share")
)
MONTH_LEAD_TABLE: Final = {
    "workdays": _and_city(f"max by (cluster) ({_in_month('lead_workdays:avg')})", _CITY_LEAD),
    "norm": _and_city(f"max by (cluster) ({each(_NORM_LEAD, _DESKS)})", f"{_NORM_LEAD}"),
    "verdict": _and_city(
        broken(_in_month("lead_workdays:avg"), each(_NORM_LEAD, _DESKS), "<="),
        f"({_CITY_LEAD} > bool on () {_NORM_LEAD})",
    ),
    "requested": _and_city(
        f"max by (cluster) ({_in_month('requested_appointments:sum')})", _city_in_month("requested_appointments:sum")
    ),
    "within-norm": _and_city(
        f"max by (cluster) ({_in_month('requested_within_norm_appointments:ratio')})", MONTH_CITY_LEAD_SHARE.expr
    ),
}
_CATEGORY_MONTH: Final = "cluster_month_category:wachtmonitor_month_speed_category_calls"
MONTH_CATEGORY_TABLE: Final = {
    "calls": Query(by_bound(of(f"{_CATEGORY_MONTH}:sum", month=CHOSEN_MONTH), "sum")),
    "share": Query(by_bound(of(f"{_CATEGORY_MONTH}:ratio", month=CHOSEN_MONTH), "max")),
}


def _each_month(norm: str, of_month: str, **labels: str) -> str:
    """The norm of each month that has a figure."""
    return f"({of_month} * 0 + on (month) max by (month) ({of(norm, **labels, year=CHOSEN_YEAR)}))"


_YEAR_AVERAGE: Final = _of_year("wait_seconds:avg", channel="phone")
_YEAR_SERVICE_LEVEL: Final = f"max by (month) ({_months(f'{_CITY_RULE}service_level:ratio')})"
"""Of all lines together, each by its own bound."""
_MONTHLY_MISSED: Final = _of_year("missed_calls:ratio")
YEAR_LINE_AVERAGES: Final = {
    "average-wait": Query(_YEAR_AVERAGE),
    "norm": Query(_each_month(f"{_MONTH_RULE}norm_wait_seconds:max", _YEAR_AVERAGE, channel="phone"), is_norm=True),
}
YEAR_SERVICE_LEVELS: Final = {
    "in-time": Query(_YEAR_SERVICE_LEVEL),
    "norm": Query(_each_month(f"{_CITY_RULE}norm_service_level_ratio:max", _YEAR_SERVICE_LEVEL), is_norm=True),
}
YEAR_MISSED_SHARES: Final = {
    "missed-share": Query(_MONTHLY_MISSED),
    "year-norm": Query(_each_month(f"{_CITY_RULE}norm_missed_ratio:max", _MONTHLY_MISSED), is_norm=True),
}


_IN_MONTH: Final = "on (cluster, channel, month)"


def _of_desks(rule: str, norm: str, factor: int) -> Query:
    """A figure of each desk in each month, with the label `desk` that holds its name and its norm of that month."""
    figure = f"max by (month, cluster, channel) ({_months(f'{_MONTH_RULE}{rule}', channel='desk')})"
    share = "" if factor == 1 else f" / {factor}"
    norms = f'count_values by (cluster, channel, month) ("norm", round({norm}{share}, 0.01))'
    named = f"{figure}{share} * {_IN_MONTH} group_left (norm) {norms}"
    return Query(f'max by (month, desk) (label_join({named}, "desk", " ≤ ", "cluster", "norm"))')


_DESK_NORMS: Final = of(f"{_MONTH_RULE}norm_wait_seconds:max", channel="desk", year=CHOSEN_YEAR)
_LEAD_NORMS: Final = of(f"{_CITY_RULE}norm_lead_workdays:max", year=CHOSEN_YEAR)
YEAR_VISITOR_WAITS: Final = _of_desks("wait_seconds:avg", _DESK_NORMS, SECONDS_IN_MINUTE)
_CITY_LEADS: Final = f"max by (month) ({_months(f'{_CITY_RULE}lead_workdays:avg')})"
_CITY_NORM: Final = (
    f'label_replace(count_values by (month) ("norm", {_LEAD_NORMS}), "desk", "{CITY} ≤ $1", "norm", "(.+)")'
)
YEAR_LEADS: Final = Query(
    _of_desks("lead_workdays:avg", f"({_DESK_NORMS} * 0 + on (month) group_left () {_LEAD_NORMS})", 1).expr
    + f" or max by (month, desk) ({_CITY_LEADS} * on (month) group_left (desk) {_CITY_NORM})"
)

_EXCLUDED_MONTH: Final = "cluster_month_reason:wachtmonitor_month_excluded_contacts:sum"


def _ledger(reason: str) -> Query:
    return Query(f"sum by (month, channel) ({_months(_EXCLUDED_MONTH, reason=reason)})")


LEDGER: Final = {
    "counted": Query(
        f"sum by (month, channel) ({_months(f'{_MONTH_RULE}offered_calls:sum')}"
        f" or {_months(f'{_MONTH_RULE}served_contacts:sum', channel='desk')})"
    ),
    "outside-opening-hours": _ledger("outside_opening_hours"),
    "closing-day": _ledger("closing_day"),
    "unresolved": _ledger("unresolved"),
    "implausible": _ledger("implausible"),
    "requested-after": Query(f"sum by (month, channel) ({_months(f'{_MONTH_RULE}implausible_requests:sum')})"),
    "ids-reused": Query(f"sum by (month, channel) ({_months(f'{_MONTH_RULE}reused_id_contacts:sum')})"),
    "ids-unclear": Query(f"sum by (month, channel) ({_months(f'{_MONTH_RULE}unclear_id_contacts:sum')})"),
}

_REPORTED: Final = "year:wachtmonitor_reported_missed_ratio:max"
_MEASURED: Final = (
    f"(sum by (year) ({_until(f'{_MONTH_RULE}missed_calls:sum')})"
    f" / (sum by (year) ({_until(f'{_MONTH_RULE}offered_calls:sum')}) > 0) {_UNLESS_UNREAD})"
)
_EXPENSES: Final = "year_kind:wachtmonitor_plan_expenses_euros:max"
HISTORY: Final = {
    "reported": Query(f"max by (year) ({_REPORTED})"),
    "measured": Query(_MEASURED),
    "norm": Query(
        f"((max by (year) ({_REPORTED}) or {_MEASURED}) * 0 + on () group_left () {_NORM_MISSED})",
        is_norm=True,
    ),
}
# How the waits of closed months are spread, and what came after their closing.

_SHARE_MONTH: Final = "cluster_month_share:wachtmonitor_closed_month_wait_quantile_seconds:max"
_SHARE_YEAR: Final = "cluster_month_share:wachtmonitor_closed_year_wait_quantile_seconds:max"


def _quantile(rule: str, channel: str, share: str, unit: str) -> Query:
    return Query(f"max by (cluster) ({of(rule, channel=channel, month=CHOSEN_MONTH, share=share)}){unit}")


def _spread(channel: str, unit: str = "") -> dict[str, Query]:
    """Columns by their headings."""
    return {
        "median": _quantile(_SHARE_MONTH, channel, "0.5", unit),
        "ninety": _quantile(_SHARE_MONTH, channel, "0.9", unit),
        "median-year": _quantile(_SHARE_YEAR, channel, "0.5", unit),
        "ninety-year": _quantile(_SHARE_YEAR, channel, "0.9", unit),
    }


LINE_SPREAD: Final = _spread("phone")
DESK_SPREAD: Final = _spread("desk", IN_MINUTES)
LATE: Final = {
    "late-facts": Query(
        f"sum by (month, channel) ({_months('cluster_month:wachtmonitor_closed_month_late_facts:sum')})"
    )
}

BUDGET: Final = {
    "accounts": Query(f"max by (year) ({of(_EXPENSES, kind='accounts')})"),
    "budget": Query(f"max by (year) ({of(_EXPENSES, kind='budget')})"),
}
