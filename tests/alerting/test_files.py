"""The files of Grafana's alerting say what they mean: Grafana ignores wrong keys, and stops at dangling names."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
import yaml

from dashboards.alarms import ALARMS, Severity
from dashboards.alerts import EVALUATION_SECONDS, MUTE_TIMING, MUTED_YEARS, mute_timings_file, nameless
from dashboards.panels import DATASOURCE
from dashboards.runbook_page import RUNBOOK, sections
from dashboards.write_alerts import alert_files
from streams.core.calendar import Calendar, Opening
from streams.core.rules import MINUTE_MS
from streams.settings import load
from tests.alerting.prometheus import recording_rules
from tests.alerting.schema import (
    ALERTING,
    FILES,
    OTHERS,
    ContactPointsFile,
    MuteTimesFile,
    PoliciesFile,
    RulesFile,
    parse,
    read,
)


def test_every_file_is_known_and_keeps_to_its_schema() -> None:
    known = {(ALERTING / name).resolve() for name in FILES | OTHERS}
    assert {path for path in ALERTING.parent.rglob("*") if path.is_file()} == known
    for name, kind in (FILES | OTHERS).items():
        read(name, kind)


@pytest.mark.parametrize("name", ["rules.yml", "mute-timings.yml"])
def test_what_is_committed_is_what_is_made(name: str) -> None:
    assert (ALERTING / name).read_text(encoding="utf-8") == alert_files()[name], "run `make dashboards`"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("keepFiringFor:", "keep_firing_for:"),
        ("for: 30s", "for: 25s"),
        ("refId: figure", "refId: picture"),
        ("uid: langste-wachttijd", "uid: ''"),
        ("title: Langste", "title: $Langste"),
        ("type: gt", "type: above"),
        ("noDataState: KeepLast", "noDataState: Keep"),
        ("condition: breach", "condition: C"),
        ("expression: compared", "expression: A"),
        ("{{ $labels.cluster }}", "${labels}"),
    ],
)
def test_a_wrong_key_or_name_in_the_rules_is_found(right: str, wrong: str) -> None:
    text = (ALERTING / "rules.yml").read_text(encoding="utf-8")
    assert right in text
    with pytest.raises(msgspec.ValidationError):
        parse(text.replace(right, wrong, 1), RulesFile)


@pytest.mark.parametrize(
    ("right", "wrong"), [("addresses:", "address:"), ("httpMethod:", "method:"), ("uid: ", "id: ")]
)
def test_a_wrong_key_in_the_contact_points_is_found(right: str, wrong: str) -> None:
    text = (ALERTING / "contact-points.yml").read_text(encoding="utf-8")
    with pytest.raises(msgspec.ValidationError):
        parse(text.replace(right, wrong, 1), ContactPointsFile)


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("../datasources/prometheus.yml", "isDefault:", "is_default:"),
        ("../datasources/prometheus.yml", "timeInterval:", "timeinterval:"),
        ("../datasources/prometheus.yml", "access: proxy", "access: direct"),
        ("../dashboards/wachtmonitor.yml", "folderUid:", "folderUID:"),
        ("../dashboards/wachtmonitor.yml", "allowUiUpdates: false", "allowUiUpdates: true"),
    ],
)
def test_a_wrong_key_or_value_in_the_other_files_is_found(name: str, right: str, wrong: str) -> None:
    text = (ALERTING / name).read_text(encoding="utf-8")
    assert right in text
    with pytest.raises(msgspec.ValidationError):
        parse(text.replace(right, wrong, 1), OTHERS[name])


def test_rules_ask_the_data_source_that_is_provisioned_for_recording_rules_that_exist() -> None:
    recorded = {nameless(rule.name) for rule in recording_rules()}
    queries = [each for group in read("rules.yml", RulesFile).groups for rule in group.rules for each in rule.data]
    for each in queries:
        if not each.is_expression:
            assert each.datasource_uid == DATASOURCE["uid"]
            assert each.model["expr"] in recorded


def test_the_data_source_is_provisioned() -> None:
    file = yaml.safe_load((ALERTING.parent / "datasources" / "prometheus.yml").read_text(encoding="utf-8"))
    assert [each["uid"] for each in file["datasources"]] == [DATASOURCE["uid"]]


def test_alerts_have_a_folder_of_their_own() -> None:
    provider = yaml.safe_load((ALERTING.parent / "dashboards" / "wachtmonitor.yml").read_text(encoding="utf-8"))
    assert {group.folder for group in read("rules.yml", RulesFile).groups}.isdisjoint(
        each["folder"] for each in provider["providers"]
    )


def test_rules_only_compare() -> None:
    """Arithmetic belongs to recording rules, and norms to the settings."""
    assert {alarm.series for alarm in ALARMS} <= {
        rule.name for rule in recording_rules() if rule.file == "alarms.yml"
    }
    for alarm in ALARMS:
        assert alarm.fires_above >= alarm.recovers_below
        assert "45" not in alarm.summary


def test_burn_rates_can_fire() -> None:
    """A norm of 70 % leaves 30 %, which burns 3.3 times too fast at most; 20 % burns 5 times."""
    norms = load(None, {}).norms
    fastest = {"service_level": 1 / (1 - norms.service_level_ratio), "missed_calls": 1 / norms.missed_ratio}
    burning = [alarm for alarm in ALARMS if "burn_rate" in alarm.series]
    assert burning
    for alarm in burning:
        (limit,) = (limit for name, limit in fastest.items() if name in alarm.series)
        assert alarm.fires_above < limit * 0.8


def test_policies_name_receivers_mute_timings_and_labels_that_exist() -> None:
    points = {point.name for point in read("contact-points.yml", ContactPointsFile).contact_points}
    timings = {timing.name for timing in read("mute-timings.yml", MuteTimesFile).mute_times}
    (policy,) = read("policies.yml", PoliciesFile).policies
    assert {policy.receiver, *(route.receiver for route in policy.routes)} == points
    assert {name for route in policy.routes for name in route.mute_time_intervals} == timings == {MUTE_TIMING}
    known = {"alarm": {alarm.uid for alarm in ALARMS}, "severity": {each.value for each in Severity}}
    for route in policy.routes:
        for label, _, value in route.object_matchers:
            assert value in known[label]


def test_addresses_come_from_the_environment() -> None:
    for point in read("contact-points.yml", ContactPointsFile).contact_points:
        for receiver in point.receivers:
            address = receiver.settings.get("url") or receiver.settings["addresses"]
            assert address.startswith("$ALERT_")


def test_uids_are_given_once() -> None:
    points = read("contact-points.yml", ContactPointsFile).contact_points
    uids = [receiver.uid for point in points for receiver in point.receivers]
    assert len(set(uids)) == len(uids)
    assert len({alarm.uid for alarm in ALARMS}) == len(ALARMS) == len({alarm.title for alarm in ALARMS})


def test_every_alarm_has_a_section_in_the_runbook_and_every_section_an_alarm() -> None:
    titles = [title for title, _ in sections(RUNBOOK.read_text(encoding="utf-8"))]
    assert titles == ["Draaiboek", *(alarm.title for alarm in ALARMS)]


def test_every_alarm_is_explained() -> None:
    explained = (ALERTING.parents[1] / "README.md").read_text(encoding="utf-8")
    assert [alarm.uid for alarm in ALARMS if f"`{alarm.uid}`" not in explained] == []


def test_the_mute_timing_is_the_closed_time_of_the_settings() -> None:
    """Each quarter of an hour of a year, read as Grafana reads it."""
    rules = load(None, {}).rules
    calendar = Calendar(rules)
    intervals = mute_timings_file(rules)["muteTimes"][0]["time_intervals"]
    first_ms = 1_798_758_000_000  # 2027-01-01 00:00 in Brussels
    differing = [
        at
        for at in range(first_ms, first_ms + 365 * 24 * 60 * MINUTE_MS, 15 * MINUTE_MS)
        if _muted(intervals, at, rules.zone) is (calendar.opening(at) is Opening.OPEN)
    ]
    assert differing == []


def test_the_mute_timing_reaches_into_the_future() -> None:
    assert MUTED_YEARS[-1] >= 2030


def _muted(intervals: list[dict[str, Any]], at_ms: int, zone: str) -> bool:
    """By Alertmanager's definition: every field that is given must hold, and within a field any."""
    local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(zone))
    weekdays = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    clock = f"{local:%H:%M}"
    for interval in intervals:
        spans = [each.partition(":")[::2] for each in interval.get("weekdays", [])]
        held = (
            not spans or any(weekdays.index(a) <= local.weekday() <= weekdays.index(b or a) for a, b in spans),
            "times" not in interval or any(t["start_time"] <= clock < t["end_time"] for t in interval["times"]),
            "days_of_month" not in interval or str(local.day) in interval["days_of_month"],
            "months" not in interval or str(local.month) in interval["months"],
            "years" not in interval or str(local.year) in interval["years"],
        )
        if all(held):
            return True
    return False


def test_rules_are_evaluated_as_often_as_grafana_can() -> None:
    (group,) = read("rules.yml", RulesFile).groups
    assert group.interval == f"{EVALUATION_SECONDS}s"
