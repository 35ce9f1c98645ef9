"""The alert rules and mute timings that Grafana is provisioned with.

The alarms themselves are in `dashboards.alarms`; this module only knows the shape of Grafana's files. Contact points,
policies and message templates are short enough to be written by hand, beside the files made here.

Facts about Grafana's files, from its source (pkg/services/provisioning/alerting): unknown keys are ignored without a
word, so tests/alerting/schema.py knows every key; `$` is expanded in titles and labels, not in queries; rules are
evaluated at most every 10 s.
"""

from datetime import date
from itertools import groupby
from typing import Any, Final

from dashboards.alarms import ALARMS, Alarm
from dashboards.panels import DATASOURCE
from streams.core.rules import OpenInterval, Rules

EXPRESSION_UID: Final = "__expr__"
"""The data source by which Grafana means its own arithmetic."""

EVALUATION_SECONDS: Final = 10
"""The shortest interval that Grafana's scheduler knows."""

FOLDER: Final = "Alarmen"
"""Not that of the dashboards: Grafana provisions alerts first, and would make two folders of one name."""

MUTE_TIMING: Final = "buiten-openingsuren"

MUTED_YEARS: Final = range(2026, 2032)
"""Years whose closing days are in the mute timing: extend it now and then; a day that is missing mutes nothing."""

_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_MINUTES: Final = 24 * 60


def rules_file() -> dict[str, Any]:
    """The file of alert rules, as plain data."""
    group = {
        "orgId": 1,
        "name": "wachtmonitor",
        "folder": FOLDER,
        "interval": f"{EVALUATION_SECONDS}s",
        "rules": [_rule(alarm) for alarm in ALARMS],
    }
    return {"apiVersion": 1, "groups": [group]}


def _rule(alarm: Alarm) -> dict[str, Any]:
    norm = [_query("norm", alarm.norm)] if alarm.norm else []
    return {
        "uid": alarm.uid,
        "title": alarm.title,
        "condition": "breach",
        "for": f"{alarm.hold_seconds}s",
        "keepFiringFor": f"{alarm.keep_firing_seconds}s",
        "noDataState": alarm.on_silence.value,
        "execErrState": alarm.on_silence.value,
        "labels": {"alarm": alarm.uid, "severity": alarm.severity.value},
        "annotations": {"summary": alarm.summary, "description": alarm.description},
        "data": [_query("compared", alarm.series), _query("figure", alarm.figure), *norm, _threshold(alarm)],
    }


def nameless(series: str) -> str:
    """PromQL for a recording rule without its name, which Grafana would take for a label of the alert.

    Figure and norm belong to the alert whose labels they have; their names would keep them apart.
    """
    return f"max without () ({series})"


def _query(name: str, series: str) -> dict[str, Any]:
    model = {"refId": name, "expr": nameless(series), "instant": True, "range": False}
    return {
        "refId": name,
        "datasourceUid": DATASOURCE["uid"],
        "relativeTimeRange": {"from": 60, "to": 0},
        "model": model,
    }


def _threshold(alarm: Alarm) -> dict[str, Any]:
    condition = {
        "evaluator": {"type": "gt", "params": [alarm.fires_above]},
        "unloadEvaluator": {"type": "lt", "params": [alarm.recovers_below]},
    }
    model = {"refId": "breach", "type": "threshold", "expression": "compared", "conditions": [condition]}
    return {
        "refId": "breach",
        "datasourceUid": EXPRESSION_UID,
        "relativeTimeRange": {"from": 0, "to": 0},
        "model": model,
    }


def mute_timings_file(rules: Rules) -> dict[str, Any]:
    """The file of mute timings: outside the opening hours of the settings, for alarms that cannot ask a worker."""
    intervals = [*_closed_hours(rules), *_closing_days(rules)]
    return {"apiVersion": 1, "muteTimes": [{"orgId": 1, "name": MUTE_TIMING, "time_intervals": intervals}]}


def _closed_hours(rules: Rules) -> list[dict[str, Any]]:
    """The hours of each weekday at which it is closed; days with the same hours in a row are one interval."""
    days = []
    for (first, *rest), hours in (
        (list(group), hours)
        for hours, group in groupby(range(len(_WEEKDAYS)), key=lambda day: rules.opening_hours[day])
    ):
        last = rest[-1] if rest else first
        weekdays = _WEEKDAYS[first] if last == first else f"{_WEEKDAYS[first]}:{_WEEKDAYS[last]}"
        times = [{"start_time": _clock(start), "end_time": _clock(end)} for start, end in _complement(hours)]
        if times:
            days.append({"times": times, "weekdays": [weekdays], "location": rules.zone})
    return days


def _complement(hours: tuple[OpenInterval, ...]) -> list[tuple[int, int]]:
    edges = [0, *(edge for each in hours for edge in (each.from_minute, each.to_minute)), _DAY_MINUTES]
    return [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if start < end]


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _closing_days(rules: Rules) -> list[dict[str, Any]]:
    """Public holidays and the city's own closing days, month by month."""
    days = sorted({date.fromisoformat(day) for day in (*rules.public_holidays, *rules.closing_days)})
    months = groupby((day for day in days if day.year in MUTED_YEARS), key=lambda day: (day.year, day.month))
    return [
        {
            "days_of_month": [str(day.day) for day in group],
            "months": [str(month)],
            "years": [str(year)],
            "location": rules.zone,
        }
        for (year, month), group in months
    ]
