"""How Prometheus is asked: what the queries of more than one dashboard are made of, apart from how it is drawn.

Sums, averages and shares are recording rules (`deploy/prometheus/rules`): here they are only chosen, compared with
their norms and given names. A judged figure has a label `sign` that says whether the norm is kept, so that nothing is
judged by colour alone, and a label `norm` with the norm itself, which comes from the metric. Queries are the same in
every language: words that a label has to hold stand in them as `<<key>>`, see `dashboards.language`.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from streams.channels import channel_names
from streams.contracts.rejections import Reason
from streams.contracts.spelling import Repair
from streams.core.measure import Exclusion
from streams.live.refused import reason_words
from streams.words.message import Message, message

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

CHANNELS: Final = {name.value: f"grafana-channel-{name.value}" for name in channel_names()}
"""The key of the words for each code of a channel."""
REASONS: Final = {
    code: f"grafana-reason-{code.replace('_', '-')}" for code in ("missed", *Exclusion, "implausible_request")
}
"""Why a contact is left out, and that it is missed."""
REJECTIONS: Final = {reason.value: reason_words(reason).key for reason in Reason}
"""Why a record is refused; the codes are those of the contract."""

REPAIRS: Final = {repair.value: f"grafana-repair-{repair.value}" for repair in Repair}
"""How an event calls its cluster otherwise than the settings."""


def legend(code: str, **values: str) -> Message:
    """How series are called, in words; the labels that the words ask for are those of the series."""
    return message(f"grafana-legend-{code}", **values)


class Query(NamedTuple):
    """An expression, and how its series are called: in words, or as their labels (`{{label}}`) alone."""

    expr: str
    name: Message | str = ""
    is_norm: bool = False
    """Drawn as a norm."""


def of(rule: str, **labels: str) -> str:
    """A rule's series with these labels."""
    selected = ", ".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{rule}{{{selected}}}"


# Norms and opening hours, as the rules name them.

NORM_WAIT: Final = "cluster:wachtmonitor_norm_wait_seconds:max"
NORM_SERVICE_LEVEL: Final = "cluster:wachtmonitor_norm_cluster_service_level_ratio:max"
SERVICE_LEVEL_BOUND: Final = "cluster:wachtmonitor_norm_cluster_service_level_seconds:max"
"""Of each line: its own, or that of all."""
NORM_MISSED: Final = "city:wachtmonitor_norm_missed_ratio:max"
NORM_LEAD: Final = "city:wachtmonitor_norm_lead_workdays:max"
SHORT_ABANDON: Final = "city:wachtmonitor_short_abandon_seconds:max"
OPEN: Final = "city:wachtmonitor_open:max"

LINES: Final = of(NORM_WAIT, channel="phone")
"""One series for each telephone line, with its norm."""
DESKS: Final = of(NORM_WAIT, channel="desk")
"""One series for each desk, with its norm, in seconds."""


def each(norm: str, cluster: str) -> str:
    """A norm of the whole city as one of each cluster."""
    return f"({cluster} * 0 + on () group_left () {norm})"


# Judging.

HERE: Final = "on (cluster, channel)"
_OPPOSITE: Final = {"<": ">=", "<=": ">", ">=": "<"}
"""How a figure breaks a norm that it keeps by the other comparison."""


def judged(value: str, norm: str, keeps: str, *, of_each: str, divided_by: int = 1, named: str | None = None) -> str:
    """A figure of each cluster in `of_each`, in their order, with the labels `sign` and `norm`.

    `keeps` is how the value compares with the norm when all is well. The figure and the norm in its label are divided
    by `divided_by`, such as 60 for minutes; `named` is another expression of the norm, for the label. A cluster
    without a figure stays on the screen, as NaN: no figure is not 0.
    """
    part = "" if divided_by == 1 else f" / {divided_by}"
    figure = f"({of_each} * 0 + {HERE} ({value}{part} or {HERE} {of_each} * NaN))"
    return (
        f"{figure} * {HERE} group_left (sign) ({_signs(value, norm, keeps, of_each)} ^ 0)"
        f" * {HERE} group_left (norm) {as_label('norm', named or f'{norm}{part}')}"
    )


def judged_city(value: str, norm: str, keeps: str) -> str:
    """The same of one figure of the whole city: `value` and `norm` are one series each, of no cluster."""
    here = "on ()"
    figure = f"({norm} * 0 + {here} ({value} or {here} {norm} * NaN))"
    good = signed(f"{value} {keeps} {here} {norm}", GOOD)
    bad = signed(f"{value} {_OPPOSITE[keeps]} {here} {norm}", BAD)
    signs = f"({good} or {bad} or {here} {signed(norm, NEUTRAL)})"
    named = f'count_values ("norm", round({norm}, 0.01))'
    return f"{figure} * {here} group_left (sign) ({signs} ^ 0) * {here} group_left (norm) {named}"


def judged_share(value: str, norm: str, keeps: str, of_each: str = LINES) -> str:
    """A share of each line, judged; the norm in its label is in percent."""
    return judged(value, norm, keeps, of_each=of_each, named=f"{norm} * 100")


def _signs(value: str, norm: str, keeps: str, of_each: str) -> str:
    """One series for each cluster, with its sign."""
    good = signed(f"{value} {keeps} {HERE} {norm}", GOOD)
    bad = signed(f"{value} {_OPPOSITE[keeps]} {HERE} {norm}", BAD)
    return f"({good} or {bad} or {HERE} {signed(of_each, NEUTRAL)})"


def signed(expr: str, sign: str) -> str:
    return f'label_replace({expr}, "sign", "{sign}", "", "")'


def in_words(expr: str, coded: str, keys: Mapping[str, str]) -> str:
    """The series with a label `words` that says what the label `coded` holds as a code."""
    for code, key in keys.items():
        expr = f'label_replace({expr}, "words", "<<{key}>>", "{coded}", "{code}")'
    return expr


def as_label(label: str, expr: str) -> str:
    """The values of clusters as labels of series that are 1: a number for a name."""
    return f'count_values by (cluster, channel) ("{label}", round({expr}, 0.01))'


def broken(value: str, norm: str, keeps: str) -> str:
    """1 for each cluster that breaks its norm, 0 for each that keeps it; absent without a figure."""
    return f"max by (cluster) ({value} {_OPPOSITE[keeps]} bool {HERE} {norm})"


# Rules that more than one dashboard asks for.

WAITING: Final = "cluster:wachtmonitor_waiting_contacts:sum"
LONGEST: Final = "cluster:wachtmonitor_longest_wait_seconds:max"
AVERAGE: Final = "cluster_window:wachtmonitor_wait_seconds:avg"
SERVICE_LEVEL: Final = "cluster_window:wachtmonitor_service_level:ratio"
MISSED: Final = "cluster_window:wachtmonitor_missed_calls:sum"
MISSED_SHARE: Final = "cluster_window:wachtmonitor_missed_calls:ratio"
MISSED_WITHOUT_SHORT: Final = "cluster_window:wachtmonitor_missed_without_short_calls:ratio"
FEED_AGES_OF_TOPICS: Final = "topic:wachtmonitor_feed_age_seconds:min"
FEED_STALE: Final = "topic:wachtmonitor_feed_stale_seconds:max"
WORKERS_SEEN: Final = "city:wachtmonitor_workers:count"


def of_line(expr: str, lines: str = LINES) -> str:
    """A figure of each line with a label `line` that names it, where there is more than one line to tell apart."""
    named = f'label_replace({lines} and on () (count({lines}) > 1), "line", "$1: ", "cluster", "(.+)")'
    return f"{expr} * {HERE} group_left (line) (({named} or {HERE} {lines}) ^ 0)"


def line_service_level(
    value: str, *, lines: str = LINES, norm: str = NORM_SERVICE_LEVEL, bound: str = SERVICE_LEVEL_BOUND
) -> str:
    """The share answered within the bound, with the bound as label `bound` and the norm in percent."""
    share = judged_share(value, norm, ">=", lines)
    return of_line(f"{share} * {HERE} group_left (bound) {as_label('bound', bound)}", lines)


def with_bound(expr: str, bound: str) -> str:
    """A figure with a label `bound` that holds the one value of another expression, in seconds."""
    return f'{expr} * on () group_left (bound) (count_values ("bound", {bound}) ^ 0)'


LONGER: Final = "longer"
"""Stands in the place of a bound for the last category: behind every digit, as the alphabet has it."""


def by_bound(rule: str, combine: str) -> str:
    """Speed categories by the label `bound`: the bound in four digits, so that the alphabet puts them in order."""
    for zeros, pattern in (("000", "(.)"), ("00", "(..)"), ("0", "(...)"), ("", "([0-9]{4})")):
        rule = f'label_replace({rule}, "bound", "{zeros}$1", "up_to_seconds", "{pattern}")'
    return f'{combine} by (bound) (label_replace({rule}, "bound", "{LONGER}", "up_to_seconds", "[+]Inf"))'


def desk_now(rule: str) -> str:
    return f"max by (cluster) ({of(rule, channel='desk')})"


IN_MINUTES: Final = f" / {SECONDS_IN_MINUTE}"
