"""What is asked of Prometheus: every query of every dashboard, apart from how it is drawn.

Sums, averages and shares are recording rules (`deploy/prometheus/rules`): here they are only chosen, compared with
their norms and given names. A judged figure has a label `teken` (sign) that says whether the norm is kept, so that
nothing is judged by colour alone, and a label `norm` with the norm itself, which comes from the metric. Must not know
panels or places.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

GOOD: Final = "✔"
"""Before a figure that keeps its norm."""
BAD: Final = "▲"
"""Before a figure that does not."""
NEUTRAL: Final = "–"
"""Before a cluster that has no figure to judge."""

SHORTEST: Final = "5m"
SHORT: Final = "15m"
"""The rolling window of the wall: long enough for some calls, short enough to act on."""
HOUR: Final = "60m"
DAY: Final = "today"
MONTH: Final = "month"

SECONDS_IN_MINUTE: Final = 60

CHANNELS: Final[Mapping[str, str]] = {"phone": "telefoon", "desk": "loketten"}
REASONS: Final[Mapping[str, str]] = {
    "missed": "gemist",
    "outside_opening_hours": "buiten de openingsuren",
    "closing_day": "op een sluitingsdag",
    "unresolved": "afloop onbekend",
    "implausible": "tijden spreken elkaar tegen",
    "implausible_request": "gepland vóór de aanvraag",
}
"""Why a contact is left out, and that it is missed."""
REJECTIONS: Final[Mapping[str, str]] = {
    "empty": "leeg",
    "too_large": "te groot",
    "invalid_utf8": "geen UTF-8",
    "malformed_json": "geen JSON",
    "not_an_object": "geen object",
    "missing_field": "veld ontbreekt",
    "wrong_type": "veld van een verkeerde soort",
    "unknown_type": "onbekende gebeurtenis",
    "invalid_id": "ongeldig nummer",
    "invalid_time": "ongeldige tijd",
    "key_mismatch": "sleutel past niet bij het nummer",
    "unknown_cluster": "onbekende cluster",
    "time_too_early": "tijd te vroeg",
    "time_in_future": "tijd in de toekomst",
}
"""Why a record is refused; the codes are those of the contract."""


class Query(NamedTuple):
    """An expression, and how its series are called: `{{label}}` is the label's value."""

    expr: str
    legend: str = ""


def of(rule: str, **labels: str) -> str:
    """A rule's series with these labels."""
    selected = ", ".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{rule}{{{selected}}}"


# Norms and opening hours, as the rules name them.

NORM_WAIT: Final = "cluster:wachtmonitor_norm_wait_seconds:max"
NORM_SERVICE_LEVEL: Final = "city:wachtmonitor_norm_service_level_ratio:max"
SERVICE_LEVEL_BOUND: Final = "city:wachtmonitor_norm_service_level_seconds:max"
NORM_MISSED: Final = "city:wachtmonitor_norm_missed_ratio:max"
NORM_LEAD: Final = "city:wachtmonitor_norm_lead_workdays:max"
OPEN: Final = "city:wachtmonitor_open:max"

LINES: Final = of(NORM_WAIT, channel="phone")
"""One series for each telephone line, with its norm."""
DESKS: Final = of(NORM_WAIT, channel="desk")
"""One series for each desk, with its norm, in seconds."""


def each(norm: str, cluster: str) -> str:
    """A norm of the whole city as one of each cluster."""
    return f"({cluster} * 0 + on () group_left () {norm})"


# Judging.

_HERE: Final = "on (cluster, channel)"
_OPPOSITE: Final = {"<": ">=", "<=": ">", ">=": "<"}
"""How a figure breaks a norm that it keeps by the other comparison."""


def judged(value: str, norm: str, keeps: str, *, of_each: str, divided_by: int = 1, named: str | None = None) -> str:
    """A figure of each cluster in `of_each`, in their order, with the labels `teken` and `norm`.

    `keeps` is how the value compares with the norm when all is well. The figure and the norm in its label are divided
    by `divided_by`, such as 60 for minutes; `named` is another expression of the norm, for the label. A cluster
    without a figure stays on the screen, as NaN: no figure is not 0.
    """
    part = "" if divided_by == 1 else f" / {divided_by}"
    figure = f"({of_each} * 0 + {_HERE} ({value}{part} or {_HERE} {of_each} * NaN))"
    return (
        f"{figure} * {_HERE} group_left (teken) ({_signs(value, norm, keeps, of_each)} ^ 0)"
        f" * {_HERE} group_left (norm) {_as_label('norm', named or f'{norm}{part}')}"
    )


def _judged_share(value: str, norm: str, keeps: str) -> str:
    """A share of each line, judged; the norm in its label is in percent."""
    return judged(value, norm, keeps, of_each=LINES, named=f"{norm} * 100")


def _signs(value: str, norm: str, keeps: str, of_each: str) -> str:
    """One series for each cluster, with its sign."""
    good = _signed(f"{value} {keeps} {_HERE} {norm}", GOOD)
    bad = _signed(f"{value} {_OPPOSITE[keeps]} {_HERE} {norm}", BAD)
    return f"({good} or {bad} or {_HERE} {_signed(of_each, NEUTRAL)})"


def _signed(expr: str, sign: str) -> str:
    return f'label_replace({expr}, "teken", "{sign}", "", "")'


def _in_dutch(expr: str, label: str, coded: str, words: Mapping[str, str]) -> str:
    """The series with a label that says in words what the label `coded` holds as a code."""
    for code, word in words.items():
        expr = f'label_replace({expr}, "{label}", "{word}", "{coded}", "{code}")'
    return expr


def _as_label(label: str, expr: str) -> str:
    """The values of clusters as labels of series that are 1: a number for a name."""
    return f'count_values by (cluster, channel) ("{label}", round({expr}, 0.01))'


def broken(value: str, norm: str, keeps: str) -> str:
    """1 for each cluster that breaks its norm, 0 for each that keeps it; absent without a figure."""
    return f"max by (cluster) ({value} {_OPPOSITE[keeps]} bool {_HERE} {norm})"


# The wall.

_WAITING: Final = "cluster:wachtmonitor_waiting_contacts:sum"
_LONGEST: Final = "cluster:wachtmonitor_longest_wait_seconds:max"
_AVERAGE: Final = "cluster_window:wachtmonitor_wait_seconds:avg"
_SERVICE_LEVEL: Final = "cluster_window:wachtmonitor_service_level:ratio"
_MISSED: Final = "cluster_window:wachtmonitor_missed_calls:sum"
_MISSED_SHARE: Final = "cluster_window:wachtmonitor_missed_calls:ratio"
_FEED_AGE: Final = "topic:wachtmonitor_feed_age_seconds:min"
_FEED_STALE: Final = "topic:wachtmonitor_feed_stale_seconds:max"
_WORKERS: Final = "city:wachtmonitor_workers:count"


_LINE_NAMES: Final = (
    f'(label_replace({LINES} and on () (count({LINES}) > 1), "lijn", "$1: ", "cluster", "(.+)") or {_HERE} {LINES})'
)


def _of_line(expr: str) -> str:
    """A figure of each line with a label `lijn` that names it, where there is more than one line to tell apart."""
    return f"{expr} * {_HERE} group_left (lijn) ({_LINE_NAMES} ^ 0)"


def _line_average(window: str) -> str:
    return _of_line(judged(of(_AVERAGE, channel="phone", window=window), LINES, "<", of_each=LINES))


def _desk_average(window: str) -> str:
    return judged(
        of(_AVERAGE, channel="desk", window=window), DESKS, "<=", divided_by=SECONDS_IN_MINUTE, of_each=DESKS
    )


# A norm in a name holds no-break spaces, so that a line of a tile ends before it or after it.
LINE_WAITING: Final = Query(of(_WAITING, channel="phone"), "{{cluster}}: wachten nu")
LINE_LONGEST: Final = Query(
    _of_line(judged(of(_LONGEST, channel="phone"), LINES, "<=", of_each=LINES)), "{{teken}} {{lijn}}langste wacht nu"
)
LINE_AVERAGE_SHORT: Final = Query(
    _line_average(SHORT), "{{teken}} {{lijn}}gemiddeld 15 min (norm\u00a0<\u00a0{{norm}}\u00a0s)"
)
LINE_AVERAGE_DAY: Final = Query(
    _line_average(DAY), "{{teken}} {{lijn}}gemiddeld vandaag (norm\u00a0<\u00a0{{norm}}\u00a0s)"
)


def _line_service_level(value: str) -> str:
    """The share answered within the bound, with the bound as label `grens` and the norm in percent."""
    norm = each(NORM_SERVICE_LEVEL, LINES)
    bound = f'count_values ("grens", {SERVICE_LEVEL_BOUND})'
    return f"{_judged_share(value, norm, '>=')} * on () group_left (grens) {bound}"


LINE_SERVICE_LEVEL_DAY: Final = Query(
    _of_line(_line_service_level(of(_SERVICE_LEVEL, window=DAY))),
    "{{teken}} {{lijn}}vandaag binnen {{grens}} s (norm\u00a0≥\u00a0{{norm}}\u00a0%)",
)
LINE_MISSED_DAY: Final = Query(_of_line(of(_MISSED, window=DAY)), "{{lijn}}gemist vandaag")
LINE_MISSED_SHARE_DAY: Final = Query(
    _of_line(_judged_share(of(_MISSED_SHARE, window=DAY), each(NORM_MISSED, LINES), "<=")),
    "{{teken}} {{lijn}}gemist (norm\u00a0≤\u00a0{{norm}}\u00a0%)",
)

_FEED_SIGNS: Final = (
    f"((({_signed(f'{_FEED_AGE} <= on (topic) {_FEED_STALE}', GOOD)}"
    f" or {_signed(f'{_FEED_AGE} > on (topic) {_FEED_STALE}', BAD)}) and on () ({OPEN} == 1))"
    f" or on (topic) {_signed(_FEED_AGE, NEUTRAL)})"
)
_STALE_BY_CHANNEL: Final = "max by (topic, channel) (wachtmonitor_feed_stale_seconds)"
_CHANNEL_OF_FEED: Final = _in_dutch(_STALE_BY_CHANNEL, "bron", "channel", CHANNELS)
FEED_AGE: Final = Query(
    f"{_FEED_AGE} * on (topic) group_left (teken) ({_FEED_SIGNS} ^ 0)"
    f" * on (topic) group_left (bron) ({_CHANNEL_OF_FEED} ^ 0)",
    "{{teken}} {{bron}}: laatste bericht",
)
MONITOR_STOPPED: Final = Query(f"{_WORKERS} == 0", f"{BAD} de monitor staat stil: workers")

DESK_LONGEST: Final = Query(
    judged(of(_LONGEST, channel="desk"), DESKS, "<=", divided_by=SECONDS_IN_MINUTE, of_each=DESKS)
    + f" * {_HERE} group_left (aantal) {_as_label('aantal', of(_WAITING, channel='desk'))}",
    "{{teken}} {{cluster}}: {{aantal}}",
)
DESK_AVERAGE_SHORT: Final = Query(_desk_average(SHORT), "{{teken}} {{cluster}} (≤\u00a0{{norm}})")
DESK_HEADINGS: Final = (
    Query("vector(0)", "Loketten: wachten nu, langste"),
    Query("vector(0)", "Gemiddeld laatste 15 min"),
    Query("vector(0)", "Gemiddeld vandaag"),
)
"""Words above the desks' tiles, large enough to be read from afar: a series that is there for its name alone."""
DESK_AVERAGE_DAY: Final = Query(_desk_average(DAY), "{{teken}} {{cluster}} (≤\u00a0{{norm}})")


# The team: telephone.

_CATEGORY: Final = "cluster_window_category:wachtmonitor_speed_category_calls"
_EXCLUDED: Final = "cluster_window_reason:wachtmonitor_excluded_contacts:sum"
_MISSED_WAIT: Final = "cluster_window:wachtmonitor_missed_wait_seconds:avg"


_WINDOW_NAMES: Final = {SHORTEST: "5 min", SHORT: "15 min", HOUR: "60 min", DAY: "vandaag"}


def _over_windows(rule: str, *windows: str) -> tuple[Query, ...]:
    """A figure of each line over rolling windows and the day so far."""
    return tuple(
        Query(of(rule, channel="phone", window=window), f"{{{{cluster}}}}, {_WINDOW_NAMES[window]}")
        for window in windows
    )


LINE_AVERAGES: Final = (*_over_windows(_AVERAGE, SHORTEST, SHORT, HOUR, DAY), Query(LINES, "norm {{cluster}}"))
LINE_QUEUE: Final = (
    Query(of(_WAITING, channel="phone"), "{{cluster}}: wachtenden"),
    Query(of(_LONGEST, channel="phone"), "{{cluster}}: langste wacht (s)"),
)
LINE_SERVICE_LEVELS: Final = (*_over_windows(_SERVICE_LEVEL, SHORT, HOUR, DAY), Query(NORM_SERVICE_LEVEL, "norm"))
LINE_MISSED_SHARES: Final = (*_over_windows(_MISSED_SHARE, SHORT, HOUR, DAY), Query(NORM_MISSED, "norm"))


def _by_bound(rule: str, combine: str) -> str:
    """Speed categories by the label `grens`: the bound in four digits, so that the alphabet puts them in order."""
    for zeros, pattern in (("000", "(.)"), ("00", "(..)"), ("0", "(...)"), ("", "([0-9]{4})")):
        rule = f'label_replace({rule}, "grens", "{zeros}$1", "up_to_seconds", "{pattern}")'
    return f'{combine} by (grens) (label_replace({rule}, "grens", "langer", "up_to_seconds", "[+]Inf"))'


CATEGORY_TABLE: Final = {
    "oproepen": Query(_by_bound(of(f"{_CATEGORY}:sum", window=DAY), "sum")),
    "aandeel": Query(_by_bound(of(f"{_CATEGORY}:ratio", window=DAY), "max")),
}
_IMPLAUSIBLE_REQUESTS: Final = of("cluster_window:wachtmonitor_implausible_requests:sum", window=DAY)
LEFT_OUT: Final = Query(
    f'sum by (channel, reason) (label_replace({of(_MISSED, window=DAY)}, "reason", "missed", "", ""))'
    f" or sum by (channel, reason) ({of(_EXCLUDED, window=DAY)}) > 0"
    " or sum by (channel, reason)"
    f' (label_replace({_IMPLAUSIBLE_REQUESTS}, "reason", "implausible_request", "", "")) > 0'
)
MISSED_HELD_ON: Final = Query(of(_MISSED_WAIT, window=DAY), "{{cluster}}: gemiddeld aangehouden")


# The team: desks.


def _desk(rule: str, window: str = DAY) -> str:
    return f"max by (cluster) ({of(f'cluster_window:wachtmonitor_{rule}', channel='desk', window=window)})"


def _desk_now(rule: str) -> str:
    return f"max by (cluster) ({of(rule, channel='desk')})"


_MINUTES: Final = f" / {SECONDS_IN_MINUTE}"
DESK_TABLE: Final = {
    "wachten nu": Query(_desk_now(_WAITING)),
    "langste nu": Query(_desk_now(_LONGEST) + _MINUTES),
    "gemiddeld 60 min": Query(_desk("wait_seconds:avg", HOUR) + _MINUTES),
    "gemiddeld vandaag": Query(_desk("wait_seconds:avg") + _MINUTES),
    "norm": Query(_desk_now(NORM_WAIT) + _MINUTES),
    "oordeel vandaag": Query(broken(of(_AVERAGE, channel="desk", window=DAY), DESKS, "<=")),
    "ontvangen": Query(_desk("served_contacts:sum")),
    "binnen de norm": Query(_desk("within_norm_contacts:ratio")),
    "start na plan": Query(_desk("signed_wait_seconds:avg") + _MINUTES),
    "uitgezeten": Query(_desk("experienced_wait_seconds:avg") + _MINUTES),
    "niet verschenen": Query(_desk("no_shows:sum")),
    "aandeel niet verschenen": Query(_desk("no_shows:ratio")),
    "geannuleerd": Query(_desk("cancelled_appointments:sum")),
}
"""Columns by their headings: times in minutes, counts and shares of today."""

DESK_AVERAGES_TO_NORM: Final = (
    Query(f"{of(_AVERAGE, channel='desk', window=HOUR)} / {_HERE} {DESKS}", "{{cluster}}"),
    Query("vector(1)", "norm"),
)
WALK_IN_TABLE: Final = {
    "wachten nu": Query(_desk_now("cluster:wachtmonitor_waiting_walk_ins:sum")),
    "langste nu": Query(_desk_now("cluster:wachtmonitor_longest_walk_in_wait_seconds:max") + _MINUTES),
    "ontvangen": Query(_desk("walk_ins:sum")),
    "gemiddelde wacht": Query(_desk("walk_in_wait_seconds:avg") + _MINUTES),
    "weggegaan": Query(_desk("walk_ins_left:sum")),
}
LEAD_TABLE: Final = {
    "aangevraagd vandaag": Query(_desk("requested_appointments:sum")),
    "werkdagen vandaag": Query(_desk("lead_workdays:avg")),
    "aangevraagd deze maand": Query(_desk("requested_appointments:sum", MONTH)),
    "werkdagen deze maand": Query(_desk("lead_workdays:avg", MONTH)),
    "norm": Query(f"max by (cluster) ({each(NORM_LEAD, DESKS)})"),
    "oordeel deze maand": Query(
        broken(
            of("cluster_window:wachtmonitor_lead_workdays:avg", channel="desk", window=MONTH),
            each(NORM_LEAD, DESKS),
            "<=",
        )
    ),
    "binnen de norm": Query(_desk("requested_within_norm_appointments:ratio", MONTH)),
}


# The month: exact counts of whole months, chosen by the variables `maand` and `jaar`.

_MONTH_RULE: Final = "cluster_month:wachtmonitor_month_"
_YEAR_RULE: Final = "cluster_year:wachtmonitor_month_"
CHOSEN_MONTH: Final = "$maand"
CHOSEN_YEAR: Final = "$jaar"
YEARS: Final = "label_values(wachtmonitor_month_served_contacts, year)"
MONTHS: Final = f'label_values(wachtmonitor_month_served_contacts{{year="{CHOSEN_YEAR}"}}, month)'


def _in_month(rule: str, **labels: str) -> str:
    return f"max by (cluster, channel) ({of(f'{_MONTH_RULE}{rule}', **labels, month=CHOSEN_MONTH)})"


def _of_year(rule: str, combine: str = "max", **labels: str) -> str:
    """The months of the year that is chosen, one series each."""
    return f"{combine} by (month) ({of(f'{_MONTH_RULE}{rule}', **labels, year=CHOSEN_YEAR)})"


MONTH_LINE_AVERAGE: Final = Query(
    judged(_in_month("wait_seconds:avg", channel="phone"), LINES, "<", of_each=LINES),
    "{{teken}} {{cluster}} (norm\u00a0<\u00a0{{norm}}\u00a0s)",
)
MONTH_LINE_SERVICE_LEVEL: Final = Query(
    _line_service_level(_in_month("service_level:ratio")),
    "{{teken}} binnen {{grens}} s (norm\u00a0≥\u00a0{{norm}}\u00a0%)",
)
_YEAR_SHARE: Final = f"max by (cluster, channel) ({of(f'{_YEAR_RULE}missed_calls:ratio', year=CHOSEN_YEAR)})"
YEAR_MISSED_SHARE: Final = Query(
    _judged_share(_YEAR_SHARE, each(NORM_MISSED, LINES), "<="),
    f"{{{{teken}}}} {CHOSEN_YEAR} (norm\u00a0≤\u00a0{{{{norm}}}}\u00a0%)",
)
MONTH_MISSED_SHARE: Final = Query(_in_month("missed_calls:ratio"), CHOSEN_MONTH)
ALLOWANCE: Final = Query(
    f"max by (cluster) ({of('cluster_year:wachtmonitor_missed_calls:allowance', year=CHOSEN_YEAR)})",
    "nog te missen in " + CHOSEN_YEAR,
)
YEAR_OFFERED: Final = Query(
    f"max by (cluster) ({of(f'{_YEAR_RULE}offered_calls:sum', year=CHOSEN_YEAR)})", "oproepen in " + CHOSEN_YEAR
)
YEAR_MISSED: Final = Query(
    f"max by (cluster) ({of(f'{_YEAR_RULE}missed_calls:sum', year=CHOSEN_YEAR)})", "gemist in " + CHOSEN_YEAR
)
MONTH_DESK_TABLE: Final = {
    "gemiddeld": Query(f"max by (cluster) ({_in_month('wait_seconds:avg', channel='desk')}) / {SECONDS_IN_MINUTE}"),
    "norm": Query(_desk_now(NORM_WAIT) + _MINUTES),
    "oordeel": Query(broken(_in_month("wait_seconds:avg", channel="desk"), DESKS, "<=")),
    "ontvangen": Query(f"max by (cluster) ({_in_month('served_contacts:sum', channel='desk')})"),
}
MONTH_LEAD_TABLE: Final = {
    "werkdagen": Query(f"max by (cluster) ({_in_month('lead_workdays:avg')})"),
    "norm": Query(f"max by (cluster) ({each(NORM_LEAD, DESKS)})"),
    "oordeel": Query(broken(_in_month("lead_workdays:avg"), each(NORM_LEAD, DESKS), "<=")),
    "aangevraagd": Query(f"max by (cluster) ({_in_month('requested_appointments:sum')})"),
    "binnen de norm": Query(f"max by (cluster) ({_in_month('requested_within_norm_appointments:ratio')})"),
}
_CATEGORY_MONTH: Final = "cluster_month_category:wachtmonitor_month_speed_category_calls"
MONTH_CATEGORY_TABLE: Final = {
    "oproepen": Query(_by_bound(of(f"{_CATEGORY_MONTH}:sum", month=CHOSEN_MONTH), "sum")),
    "aandeel": Query(_by_bound(of(f"{_CATEGORY_MONTH}:ratio", month=CHOSEN_MONTH), "max")),
}


def _each_month(norm: str, of_month: str) -> str:
    """A norm as one value for each month that has a figure."""
    return f"({of_month} * 0 + on () group_left () max({norm}))"


_YEAR_AVERAGE: Final = _of_year("wait_seconds:avg", channel="phone")
_YEAR_SERVICE_LEVEL: Final = _of_year("service_level:ratio")
_MONTHLY_MISSED: Final = _of_year("missed_calls:ratio")
YEAR_LINE_AVERAGES: Final = {
    "gemiddelde wachttijd": Query(_YEAR_AVERAGE),
    "norm": Query(_each_month(LINES, _YEAR_AVERAGE)),
}
YEAR_SERVICE_LEVELS: Final = {
    "tijdig beantwoord": Query(_YEAR_SERVICE_LEVEL),
    "norm": Query(_each_month(NORM_SERVICE_LEVEL, _YEAR_SERVICE_LEVEL)),
}
YEAR_MISSED_SHARES: Final = {
    "aandeel gemist": Query(_MONTHLY_MISSED),
    "norm van het jaar": Query(_each_month(NORM_MISSED, _MONTHLY_MISSED)),
}


def _of_desks(rule: str, norm: str, factor: int) -> Query:
    """A figure of each desk in each month, with the label `loket` that holds its name and its norm."""
    figure = f"max by (month, cluster, channel) ({of(f'{_MONTH_RULE}{rule}', channel='desk', year=CHOSEN_YEAR)})"
    share = "" if factor == 1 else f" / {factor}"
    named = f"{figure}{share} * {_HERE} group_left (norm) {_as_label('norm', f'{norm}{share}')}"
    return Query(f'max by (month, loket) (label_join({named}, "loket", " ≤ ", "cluster", "norm"))')


YEAR_VISITOR_WAITS: Final = _of_desks("wait_seconds:avg", DESKS, SECONDS_IN_MINUTE)
YEAR_LEADS: Final = _of_desks("lead_workdays:avg", each(NORM_LEAD, DESKS), 1)

_EXCLUDED_MONTH: Final = "cluster_month_reason:wachtmonitor_month_excluded_contacts:sum"


def _ledger(reason: str) -> Query:
    return Query(f"sum by (month, channel) ({of(_EXCLUDED_MONTH, year=CHOSEN_YEAR, reason=reason)})")


LEDGER: Final = {
    "meegeteld": Query(
        f"sum by (month, channel) ({of(f'{_MONTH_RULE}offered_calls:sum', year=CHOSEN_YEAR)}"
        f" or {of(f'{_MONTH_RULE}served_contacts:sum', channel='desk', year=CHOSEN_YEAR)})"
    ),
    "buiten de openingsuren": _ledger("outside_opening_hours"),
    "op een sluitingsdag": _ledger("closing_day"),
    "afloop onbekend": _ledger("unresolved"),
    "tijden spreken elkaar tegen": _ledger("implausible"),
    "aanvraag na de afspraak": Query(
        f"sum by (month, channel) ({of(f'{_MONTH_RULE}implausible_requests:sum', year=CHOSEN_YEAR)})"
    ),
}

_REPORTED: Final = "year:wachtmonitor_reported_missed_ratio:max"
_MEASURED: Final = "year:wachtmonitor_month_missed_calls:ratio"
_EXPENSES: Final = "year_kind:wachtmonitor_plan_expenses_euros:max"
HISTORY: Final = {
    "gerapporteerd": Query(f"max by (year) ({_REPORTED})"),
    "gemeten": Query(f"max by (year) ({_MEASURED})"),
    "norm": Query(
        f"((max by (year) ({_REPORTED}) or max by (year) ({_MEASURED})) * 0 + on () group_left () {NORM_MISSED})"
    ),
}
BUDGET: Final = {
    "rekening": Query(f"max by (year) ({of(_EXPENSES, kind='accounts')})"),
    "budget": Query(f"max by (year) ({of(_EXPENSES, kind='budget')})"),
}


# The health of the monitor.

WORKERS: Final = Query(_WORKERS, "workers")
PARTITIONS: Final = Query("topic:wachtmonitor_owned_partitions:sum", "partities van {{topic}}")
VERSIONS: Final = Query("version:wachtmonitor_build_info:count", "versie {{version}}")
OPENING: Final = Query(OPEN, "opening")
FEED_AGES: Final = (
    Query(_FEED_AGE, "{{topic}}"),
    Query(_FEED_STALE, "norm {{topic}}"),
)
LAG: Final = (Query("sum by (topic, partition) (wachtmonitor_consumer_lag_records)", "{{topic}} {{partition}}"),)
LAG_NOW: Final = Query("topic:wachtmonitor_consumer_lag_records:sum", "achterstand {{topic}}")
LATENCY: Final = tuple(
    Query(f"city:wachtmonitor_event_latency_seconds:p{quantile}_5m", f"{quantile} % binnen")
    for quantile in (50, 95, 99)
)
EVENTS: Final = (Query("topic:wachtmonitor_events_applied:growth5m", "{{topic}}"),)
REJECTED_RECENTLY: Final = (
    Query(
        _in_dutch("topic_reason:wachtmonitor_records_rejected:growth15m > 0", "reden", "reason", REJECTIONS),
        "{{topic}}: {{reden}}",
    ),
)
REJECTED: Final = Query(
    "sum by (reden) ("
    + _in_dutch("topic_partition_reason:wachtmonitor_records_rejected:max", "reden", "reason", REJECTIONS)
    + ")"
)
DELETED_UNREAD: Final = (Query("topic:wachtmonitor_records_deleted_unread:sum", "{{topic}}"),)
CHECKPOINT_AGE: Final = (Query("topic:wachtmonitor_checkpoint_age_seconds:max", "{{topic}}"),)
CHECKPOINT_DURATION: Final = (Query("topic:wachtmonitor_checkpoint_duration_seconds:max", "{{topic}}"),)
CHECKPOINT_BEHIND: Final = (Query("topic:wachtmonitor_checkpoint_behind_records:sum", "{{topic}}"),)
CHECKPOINT_SIZE: Final = (Query("topic:wachtmonitor_checkpoint_size_bytes:sum", "{{topic}}"),)
CONTACTS: Final = (
    Query(_in_dutch("channel:wachtmonitor_open_contacts:sum", "kanaal", "channel", CHANNELS), "open, {{kanaal}}"),
    Query(
        _in_dutch("channel:wachtmonitor_remembered_contacts:sum", "kanaal", "channel", CHANNELS),
        "onthouden, {{kanaal}}",
    ),
)
UP: Final = Query('max by (instance) (up{job="wachtmonitor"})', "{{instance}}")
