"""The alert rules, mute timings and templates that Grafana is provisioned with.

The alarms are in `dashboards.alarms.rules` and what is said of them in `dashboards.alarms.messages`; this module only
knows the shape of Grafana's files. Contact points and policies are short enough to be written by hand.

Facts about Grafana's files, from its source (pkg/services/provisioning/alerting): unknown keys are ignored without a
word, so tests/alerting/schema.py knows every key; `$` is expanded in titles and labels, not in queries; rules are
evaluated at most every 10 s. And of its states (pkg/services/ngalert/state): an alert that is pending fires at the
end of its `for` although Prometheus has long ceased to answer (`KeepLast`), with -1 for every figure. So nothing is
ever pending but the alarm about the monitor itself: the others hold by their query.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import Any, Final

from dashboards.alarms.messages import description, summary, templates, title
from dashboards.alarms.rules import ALARMS, Alarm, OnSilence
from dashboards.grafana import DATASOURCE
from streams.core.calendar import Calendar
from streams.core.rules import OpenInterval, Rules
from streams.words import Words

EXPRESSION_UID: Final = "__expr__"
"""The data source by which Grafana means its own arithmetic."""

EVALUATION_SECONDS: Final = 10
"""The shortest interval that Grafana's scheduler knows."""

RULES_SECONDS: Final = 5
"""The interval of the recording rules, whatever that of their Prometheus is."""

SEEN_RATIO: Final = 0.8
"""How much of a hold must have been seen: an evaluation may be late or left out, a scrape fail, and no more."""

FOLDER: Final = "Alarms"
"""Not that of the dashboards: Grafana provisions alerts first, and would make two folders of one name."""

MUTE_TIMING: Final = "outside-opening-hours"

MUTED_YEARS: Final = range(2026, 2032)
"""Years whose closing days are in the mute timing: extend it now and then; a day that is missing mutes nothing."""

_PAST_YEAR: Final = "2000"
"""Muted where it never closes: the policies name the mute timing, so it is there, and an interval of no field at all
would mute always."""

_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 2999
_MONTHS: Final = 12
_DAYS: Final = 31

_FORMER_RULES: Final = (
    "langste-wachttijd",
    "gemiddelde-wachttijd",
    "loket-wachttijd",
    "snelheid-verbruik",
    "snelheid-maand",
    "gemist-verbruik",
    "gemist-jaar",
    "toevoer-stil",
    "toevoer-uitgevallen",
    "monitor-uit",
    "partities-zonder-worker",
    "monitor-achter",
    "controlepunt-oud",
    "berichten-geweigerd",
    "berichten-verloren",
    "dubbel-gelezen",
    "labels-hernoemd",
)
"""The uids that alarms had before they were English."""
_FORMER_CONTACT_POINTS: Final = (
    "wacht-mail",
    "wacht-webhook",
    "wacht-teams",
    "ploeg-webhook",
    "ploeg-teams",
    "programma-webhook",
)
_FORMER_MUTE_TIMING: Final = "buiten-openingsuren"

_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
"""As the settings have them, Monday first."""
_DAY_MINUTES: Final = 24 * 60


def rules_file(words: Words) -> dict[str, Any]:
    """The file of alert rules, as plain data."""
    group = {
        "orgId": 1,
        "name": "wachtmonitor",
        "folder": FOLDER,
        "interval": f"{EVALUATION_SECONDS}s",
        "rules": [_rule(alarm, words) for alarm in ALARMS],
    }
    return {"apiVersion": 1, "groups": [group]}


def _rule(alarm: Alarm, words: Words) -> dict[str, Any]:
    norm = [_query("norm", alarm.norm)] if alarm.norm else []
    return {
        "uid": alarm.uid,
        "title": title(alarm.uid, words),
        "condition": "breach",
        "for": f"{pending_seconds(alarm)}s",
        "keepFiringFor": f"{alarm.keep_firing_seconds}s",
        "noDataState": alarm.on_silence.value,
        "execErrState": alarm.on_silence.value,
        "labels": {"alarm": alarm.uid, "severity": alarm.severity.value},
        "annotations": {"summary": summary(alarm.uid, words), "description": description(alarm.uid, words)},
        "data": [_query("compared", held(alarm)), _query("figure", alarm.figure), *norm, _threshold(alarm)],
    }


def pending_seconds(alarm: Alarm) -> int:
    """How long Grafana waits before it fires: the hold of an alarm that silence is a breach of, else nothing."""
    return alarm.hold_seconds if alarm.on_silence is OnSilence.ALERTING else 0


def held(alarm: Alarm) -> str:
    """PromQL of what is compared: the least of the series during the hold, if it was there (nearly) all the time."""
    seconds, series = alarm.hold_seconds - pending_seconds(alarm), alarm.series
    if not seconds:
        return series
    least = math.floor(seconds / RULES_SECONDS * SEEN_RATIO)
    return f"min_over_time({series}[{seconds}s]) and count_over_time({series}[{seconds}s]) >= {least} and {series}"


def nameless(series: str) -> str:
    """PromQL for series without their name, which Grafana would take for a label of the alert.

    Figure and norm belong to the alert whose labels they have; their names would keep them apart.
    """
    return f"max without () ({series})"


def _query(name: str, expr: str) -> dict[str, Any]:
    model = {"refId": name, "expr": nameless(expr), "instant": True, "range": False}
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


def templates_file(words: Words) -> dict[str, Any]:
    """The file of the messages' templates."""
    return {"apiVersion": 1, "templates": [{"orgId": 1, "name": "wachtmonitor", "template": templates(words)}]}


def former_file() -> dict[str, Any]:
    """The file that removes what had other names before: Grafana keeps what its files no longer mention.

    Its name comes before those of the other files, since Grafana reads them by their names.
    """
    return {
        "apiVersion": 1,
        "deleteRules": [{"orgId": 1, "uid": uid} for uid in _FORMER_RULES],
        "deleteContactPoints": [{"orgId": 1, "uid": f"wachtmonitor-{name}"} for name in _FORMER_CONTACT_POINTS],
        "deleteMuteTimes": [{"orgId": 1, "name": _FORMER_MUTE_TIMING}],
    }


def mute_timings_file(rules: Rules) -> dict[str, Any]:
    """The file of mute timings: outside the opening hours of the settings, for alarms that cannot ask a worker.

    It is open while any line is.
    """
    intervals = [*_closed_weeks(rules), *_closed_dates(rules)] or [{"years": [_PAST_YEAR], "location": rules.zone}]
    return {"apiVersion": 1, "muteTimes": [{"orgId": 1, "name": MUTE_TIMING, "time_intervals": intervals}]}


def _closed_weeks(rules: Rules) -> list[dict[str, Any]]:
    """The hours at which it is closed, for all weekdays that have the same, but on days with hours of their own.

    Days are named one by one: Grafana's week begins on Sunday, and a range may not run over its end.
    """
    weeks = [rules.opening_hours, *(each.opening_hours for each in rules.clusters if each.opening_hours)]
    days: dict[tuple[tuple[int, int], ...], list[str]] = {}
    for name, *hours in zip(_WEEKDAYS, *weeks, strict=True):
        days.setdefault(tuple(_complement(hours)), []).append(name)
    return [
        {"times": _times(closed), "weekdays": names, **when, "location": rules.zone}
        for closed, names in days.items()
        if closed
        for when in _all_days_but(_dated(rules))
    ]


def _dated(rules: Rules) -> list[date]:
    """The days with hours of their own, on any line."""
    hours = (*rules.dated_hours, *(dated for each in rules.clusters for dated in each.dated_hours))
    return sorted({date.fromisoformat(each.day) for each in hours})


def _all_days_but(left_out: Sequence[date]) -> Iterator[dict[str, list[str]]]:
    """Every day but these, since an interval can be bounded to some and no other can take of it."""
    if not left_out:
        yield {}
        return
    years = sorted({day.year for day in left_out})
    edges = [_FIRST_YEAR, *(edge for year in years for edge in (year - 1, year + 1)), _LAST_YEAR]
    yield {"years": [f"{one}:{other}" for one, other in zip(edges[::2], edges[1::2], strict=True) if one <= other]}
    for year in years:
        of_year = [day for day in left_out if day.year == year]
        months = {day.month for day in of_year}
        if others := [str(month) for month in range(1, _MONTHS + 1) if month not in months]:
            yield {"months": others, "years": [str(year)]}
        for month in sorted(months):
            days = {day.day for day in of_year if day.month == month}
            others = [str(day) for day in range(1, _DAYS + 1) if day not in days]
            yield {"days_of_month": others, "months": [str(month)], "years": [str(year)]}


def _closed_dates(rules: Rules) -> list[dict[str, Any]]:
    """Closing days, month by month, and the closed hours of the days with hours of their own."""
    dated, calendar = _dated(rules), Calendar(rules)
    calendars = [calendar, *calendar.of_lines.values()]
    closed = {day: _complement([each.hours_on(day.toordinal()) for each in calendars]) for day in dated}
    return [
        *_closing_days(rules, dated),
        *({"times": _times(times), **_on([day]), "location": rules.zone} for day, times in closed.items() if times),
    ]


def _times(spans: Iterable[tuple[int, int]]) -> list[dict[str, str]]:
    return [{"start_time": _clock(start), "end_time": _clock(end)} for start, end in spans]


def _complement(hours: Iterable[tuple[OpenInterval, ...]]) -> list[tuple[int, int]]:
    """When none of them is open."""
    closed, end = [], 0
    for each in sorted((each for intervals in hours for each in intervals), key=lambda each: each.from_minute):
        if each.from_minute > end:
            closed.append((end, each.from_minute))
        end = max(end, each.to_minute)
    return [*closed, (end, _DAY_MINUTES)] if end < _DAY_MINUTES else closed


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _closing_days(rules: Rules, dated: Sequence[date]) -> list[dict[str, Any]]:
    """Public holidays and the city's own closing days, month by month, without those that have hours of their own."""
    days = sorted({date.fromisoformat(day) for day in (*rules.public_holidays, *rules.closing_days)} - {*dated})
    months = groupby((day for day in days if day.year in MUTED_YEARS), key=lambda day: (day.year, day.month))
    return [{**_on(list(group)), "location": rules.zone} for _, group in months]


def _on(days: Sequence[date]) -> dict[str, list[str]]:
    """Days of one month."""
    first = days[0]
    return {
        "days_of_month": [str(day.day) for day in days],
        "months": [str(first.month)],
        "years": [str(first.year)],
    }
