"""Every key that Grafana knows in the files that it is provisioned from, and no other: it ignores a wrong key.

From Grafana's documentation ("Use configuration files to provision alerting resources", "Provision Grafana", 13.2)
and its source (pkg/services/provisioning), narrowed to what these files use: what is compulsory there or ruinous when
it is left out is compulsory here.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
import yaml
from msgspec import Meta

from dashboards.alarms.alerts import EVALUATION_SECONDS
from streams.words import Language

GRAFANA: Final = Path(__file__).parents[2] / "deploy" / "grafana"
ALERTING: Final = GRAFANA / "alerting" / Language.DUTCH.value
"""The files of alerting in one language: they differ in words alone."""
PROVISIONING: Final = GRAFANA / "provisioning"

T = TypeVar("T")

Uid = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]{1,40}$")]
"""Grafana refuses longer ones, and stops at start when one is empty."""

Text = Annotated[str, Meta(min_length=1)]
NoDollar = Annotated[str, Meta(pattern=r"^[^$]+$")]
"""Where Grafana would expand a dollar sign and none is meant to be."""
NoBracedVariable = Annotated[str, Meta(min_length=1, pattern=r"^([^$]|\$[^{])+$")]
"""In annotations Grafana expands `${NAME}` alone, so `$labels` and `$values` are safe there."""

Duration = Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]*)(s|m|h|d)$")]
Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
RefId = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class Strict(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Refuses every key that it does not know."""


class Camel(Strict, rename="camel"):
    """With Grafana's names for compound keys, where it does not use underscores."""


class File(Camel):
    """What every file begins with."""

    api_version: Literal[1]


# Alert rules.


class TimeRange(Strict):
    from_: Annotated[int, Meta(ge=0)] = msgspec.field(name="from")
    to: Literal[0]


class QueryModel(Camel):
    ref_id: RefId
    expr: Text
    instant: Literal[True]
    range: Literal[False]


class Evaluator(Strict):
    type: Literal["gt", "lt"]
    params: Annotated[list[float], Meta(min_length=1, max_length=1)]


class Condition(Camel):
    evaluator: Evaluator
    unload_evaluator: Evaluator


class ThresholdModel(Camel):
    ref_id: RefId
    type: Literal["threshold"]
    expression: RefId
    conditions: Annotated[list[Condition], Meta(min_length=1, max_length=1)]


class Data(Camel):
    ref_id: RefId
    datasource_uid: Uid
    relative_time_range: TimeRange
    model: dict[str, Any]

    @property
    def is_expression(self) -> bool:
        """Whether Grafana computes it itself."""
        return self.datasource_uid == "__expr__"


class Labels(Strict):
    alarm: NoDollar
    severity: Literal["critical", "warning", "info"]


class Annotations(Strict):
    summary: NoBracedVariable
    description: NoBracedVariable


class Rule(Camel):
    uid: Uid
    title: Annotated[NoDollar, Meta(max_length=190)]
    condition: RefId
    for_: Duration = msgspec.field(name="for")
    keep_firing_for: Duration
    """In the file `keepFiringFor`; Grafana ignores `keep_firing_for` without a word."""
    no_data_state: Literal["NoData", "OK", "Alerting", "KeepLast"]
    exec_err_state: Literal["Error", "OK", "Alerting", "KeepLast"]
    labels: Labels
    annotations: Annotations
    data: Annotated[list[Data], Meta(min_length=2)]


class Group(Camel):
    org_id: Literal[1]
    name: NoDollar
    folder: NoDollar
    interval: Duration
    rules: Annotated[list[Rule], Meta(min_length=1)]


class RulesFile(File):
    groups: Annotated[list[Group], Meta(min_length=1)]


# Contact points.


class EmailSettings(Camel):
    addresses: Text
    single_email: bool
    subject: Text
    message: Text


class WebhookSettings(Camel):
    url: Text
    http_method: Literal["POST", "PUT"]
    title: Text
    message: Text


class TeamsSettings(Strict):
    url: Text
    title: Text
    message: Text


SETTINGS: Final = {"email": EmailSettings, "webhook": WebhookSettings, "teams": TeamsSettings}


class Receiver(Strict):
    uid: Uid
    type: Literal["email", "webhook", "teams"]
    settings: dict[str, Any]


class ContactPoint(Camel):
    org_id: Literal[1]
    name: NoDollar
    receivers: Annotated[list[Receiver], Meta(min_length=1)]


class ContactPointsFile(File):
    contact_points: list[ContactPoint]


# Notification policies.

Matcher = tuple[NoDollar, Literal["=", "!=", "=~", "!~"], NoDollar]


class Route(Strict):
    receiver: NoDollar
    object_matchers: Annotated[list[Matcher], Meta(min_length=1)]
    mute_time_intervals: list[NoDollar] = []


class Policy(Strict):
    org_id: Literal[1] = msgspec.field(name="orgId")
    receiver: NoDollar
    group_by: Annotated[list[NoDollar], Meta(min_length=1)]
    group_wait: Duration
    group_interval: Duration
    repeat_interval: Duration
    routes: list[Route]


class PoliciesFile(File):
    policies: Annotated[list[Policy], Meta(min_length=1, max_length=1)]


# Mute timings.


Weekday = Literal["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]


class Times(Strict):
    start_time: Clock
    end_time: Clock


class Interval(Strict):
    location: Text
    times: list[Times] = []
    weekdays: list[Weekday] = []
    """No ranges: whoever reads one must know on which day the week begins."""
    days_of_month: list[Annotated[str, Meta(pattern=r"^([1-9]|[12][0-9]|3[01])$")]] = []
    months: list[Annotated[str, Meta(pattern=r"^([1-9]|1[0-2])$")]] = []
    years: list[Annotated[str, Meta(pattern=r"^20[0-9]{2}$")]] = []


class MuteTime(Strict):
    org_id: Literal[1] = msgspec.field(name="orgId")
    name: NoDollar
    time_intervals: Annotated[list[Interval], Meta(min_length=1)]


class MuteTimesFile(File):
    mute_times: list[MuteTime]


# Templates.


class Template(Strict):
    org_id: Literal[1] = msgspec.field(name="orgId")
    name: NoDollar
    template: Text


class TemplatesFile(File):
    templates: list[Template]


# What is removed.


class FormerUid(Strict):
    org_id: Literal[1] = msgspec.field(name="orgId")
    uid: Uid


class FormerName(Strict):
    org_id: Literal[1] = msgspec.field(name="orgId")
    name: NoDollar


class FormerFile(File):
    delete_rules: list[FormerUid]
    delete_contact_points: list[FormerUid]
    delete_mute_times: list[FormerName]


# Data sources and dashboards.


class PrometheusOptions(Camel):
    http_method: Literal["GET", "POST"]
    time_interval: Duration
    manage_alerts: Literal[False]


class DataSource(Camel):
    name: NoDollar
    uid: Uid
    type: Literal["prometheus"]
    access: Literal["proxy"]
    """The server asks, not the browser of whoever looks."""
    url: Annotated[str, Meta(pattern=r"^https?://[^$ ]+$")]
    is_default: bool
    editable: Literal[False]
    json_data: PrometheusOptions


class DataSourcesFile(File):
    prune: bool
    datasources: Annotated[list[DataSource], Meta(min_length=1)]


class ProviderOptions(Strict):
    path: Annotated[str, Meta(pattern=r"^/[^$ ]+$")]


class Provider(Camel):
    name: NoDollar
    org_id: Literal[1]
    type: Literal["file"]
    folder: NoDollar
    folder_uid: Uid
    disable_deletion: bool
    allow_ui_updates: Literal[False]
    update_interval_seconds: Annotated[int, Meta(gt=0)]
    options: ProviderOptions


class ProvidersFile(File):
    providers: Annotated[list[Provider], Meta(min_length=1)]


FILES: Final[dict[str, type[File]]] = {
    "former.yml": FormerFile,
    "rules.yml": RulesFile,
    "contact-points.yml": ContactPointsFile,
    "policies.yml": PoliciesFile,
    "mute-timings.yml": MuteTimesFile,
    "templates.yml": TemplatesFile,
}
"""The files of alerting."""

OTHERS: Final[dict[str, type[File]]] = {
    "datasources/prometheus.yml": DataSourcesFile,
    "dashboards/wachtmonitor.yml": ProvidersFile,
}
"""The other files of provisioning."""


def read(name: str, kind: type[T], language: Language = Language.DUTCH) -> T:
    """A file of alerting by its schema. Raises msgspec.ValidationError with the place of what is wrong."""
    return parse((GRAFANA / "alerting" / language.value / name).read_text(encoding="utf-8"), kind)


def parse(text: str, kind: type[T]) -> T:
    """YAML by a schema, with what a schema alone cannot say: the shapes of queries and receivers by their kind."""
    parsed = msgspec.convert(yaml.safe_load(text), kind)
    for rule in _rules(parsed):
        _check_rule(rule)
    if isinstance(parsed, ContactPointsFile):
        for receiver in (each for point in parsed.contact_points for each in point.receivers):
            msgspec.convert(receiver.settings, SETTINGS[receiver.type])
    return parsed


def _rules(parsed: object) -> list[Rule]:
    return [rule for group in parsed.groups for rule in group.rules] if isinstance(parsed, RulesFile) else []


def _check_rule(rule: Rule) -> None:
    names = [each.ref_id for each in rule.data]
    _expect(len(set(names)) == len(names), f"{rule.uid}: a refId is given twice")
    for each in rule.data:
        if each.is_expression:
            model = msgspec.convert(each.model, ThresholdModel)
            _expect(
                model.expression in names, f"{rule.uid}: {each.ref_id} compares {model.expression}, which is nothing"
            )
            _expect(each.ref_id == rule.condition, f"{rule.uid}: the condition should be {each.ref_id}")
        else:
            msgspec.convert(each.model, QueryModel)
        _expect(each.model["refId"] == each.ref_id, f"{rule.uid}: two names for {each.ref_id}")
    _expect(rule.condition in names, f"{rule.uid}: the condition {rule.condition} is no query")
    named = set(re.findall(r"\$values\.(\w+)", rule.annotations.summary + rule.annotations.description))
    _expect(named <= set(names), f"{rule.uid}: the message names {named - set(names)}")
    _expect(seconds(rule.for_) % EVALUATION_SECONDS == 0, f"{rule.uid}: for is no multiple of the interval")


def seconds(duration: str) -> int:
    """A duration in seconds."""
    return int(duration[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[duration[-1]]


def _expect(fact: bool, problem: str) -> None:
    if not fact:
        raise msgspec.ValidationError(problem)
