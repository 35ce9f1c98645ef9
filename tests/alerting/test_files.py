"""The files of Grafana's alerting say what they mean: Grafana ignores wrong keys, and stops at dangling names."""

from itertools import product
from typing import Final

import msgspec
import pytest
import yaml

from dashboards.alarms.alerts import EVALUATION_SECONDS, MUTE_TIMING, held, nameless
from dashboards.alarms.messages import summary, title
from dashboards.alarms.rules import ALARMS, Severity
from dashboards.alarms.write import alert_files
from dashboards.grafana import DATASOURCE
from dashboards.runbook.page import runbook, sections
from streams.settings import load
from streams.words import Language, words_of
from tests.alerting.prometheus import recording_rules
from tests.alerting.schema import (
    ALERTING,
    FILES,
    GRAFANA,
    OTHERS,
    PROVISIONING,
    ContactPointsFile,
    FormerFile,
    MuteTimesFile,
    PoliciesFile,
    RulesFile,
    parse,
    read,
)


def test_every_file_is_known_and_keeps_to_its_schema() -> None:
    alerting = {GRAFANA / "alerting" / language.value / name for language in Language for name in FILES}
    assert {path for path in (GRAFANA / "alerting").rglob("*") if path.is_file()} == alerting
    assert {path for path in PROVISIONING.rglob("*") if path.is_file()} == {PROVISIONING / name for name in OTHERS}
    for language, (name, kind) in product(Language, FILES.items()):
        read(name, kind, language)
    for name, kind in OTHERS.items():
        parse((PROVISIONING / name).read_text(encoding="utf-8"), kind)


@pytest.mark.parametrize("language", Language)
def test_what_is_committed_is_what_is_made(language: Language) -> None:
    folder = GRAFANA / "alerting" / language.value
    committed = {name: (folder / name).read_text(encoding="utf-8") for name in FILES}
    assert committed == alert_files(language, load(None, {}).rules), "run `make dashboards`"


@pytest.mark.parametrize("language", [language for language in Language if language is not Language.DUTCH])
def test_rules_differ_in_their_words_alone(language: Language) -> None:
    """The same uids, queries and bounds; no text is the same, so none was left out."""
    for rule, dutch in zip(
        *(read("rules.yml", RulesFile, each).groups[0].rules for each in (language, Language.DUTCH)), strict=True
    ):
        texts = [(each.title, each.annotations.summary, each.annotations.description) for each in (rule, dutch)]
        assert not set(texts[0]) & set(texts[1])
        spoken = msgspec.structs.replace(rule, title=dutch.title, annotations=dutch.annotations)
        assert spoken == dutch


NEW: Final = {"feed-faulty", "source-away", "source-refused"}
"""Alarms that never had another name."""


def test_what_had_another_name_before_is_removed_and_nothing_else() -> None:
    former = read("former.yml", FormerFile)
    assert len(former.delete_rules) == len({alarm.uid for alarm in ALARMS} - NEW)
    assert {each.uid for each in former.delete_rules}.isdisjoint(alarm.uid for alarm in ALARMS)
    points = read("contact-points.yml", ContactPointsFile).contact_points
    present = {receiver.uid for point in points for receiver in point.receivers}
    assert len({each.uid for each in former.delete_contact_points}) == len(present)
    assert {each.uid for each in former.delete_contact_points}.isdisjoint(present)
    assert [each.name for each in former.delete_mute_times] != [MUTE_TIMING]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("keepFiringFor:", "keep_firing_for:"),
        ("for: 30s", "for: 25s"),
        ("refId: figure", "refId: picture"),
        ("uid: longest-wait", "uid: ''"),
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
        ("datasources/prometheus.yml", "isDefault:", "is_default:"),
        ("datasources/prometheus.yml", "timeInterval:", "timeinterval:"),
        ("datasources/prometheus.yml", "access: proxy", "access: direct"),
        ("dashboards/wachtmonitor.yml", "folderUid:", "folderUID:"),
        ("dashboards/wachtmonitor.yml", "allowUiUpdates: false", "allowUiUpdates: true"),
    ],
)
def test_a_wrong_key_or_value_in_the_other_files_is_found(name: str, right: str, wrong: str) -> None:
    text = (PROVISIONING / name).read_text(encoding="utf-8")
    assert right in text
    with pytest.raises(msgspec.ValidationError):
        parse(text.replace(right, wrong, 1), OTHERS[name])


def test_rules_ask_the_data_source_that_is_provisioned_for_recording_rules_that_exist() -> None:
    recorded = {nameless(rule.name) for rule in recording_rules()} | {nameless(held(alarm)) for alarm in ALARMS}
    queries = [each for group in read("rules.yml", RulesFile).groups for rule in group.rules for each in rule.data]
    for each in queries:
        if not each.is_expression:
            assert each.datasource_uid == DATASOURCE["uid"]
            assert each.model["expr"] in recorded


def test_the_data_source_is_provisioned() -> None:
    file = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yml").read_text(encoding="utf-8"))
    assert [each["uid"] for each in file["datasources"]] == [DATASOURCE["uid"]]


def test_alerts_have_a_folder_of_their_own() -> None:
    provider = yaml.safe_load((PROVISIONING / "dashboards" / "wachtmonitor.yml").read_text(encoding="utf-8"))
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
        assert not any("45" in summary(alarm.uid, words_of(language)) for language in Language)


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
    assert len({alarm.uid for alarm in ALARMS}) == len(ALARMS)


def test_every_alarm_has_a_section_in_the_runbook_and_every_section_an_alarm() -> None:
    for language in Language:
        words = words_of(language)
        titles = [each for each, _ in sections(runbook(language))]
        assert titles == [words("grafana-runbook"), *(title(alarm.uid, words) for alarm in ALARMS)]
        assert len(set(titles)) == len(titles)


def test_every_alarm_is_explained() -> None:
    explained = (GRAFANA.parents[1] / "docs" / "guides" / "alarms.md").read_text(encoding="utf-8")
    assert [alarm.uid for alarm in ALARMS if f"`{alarm.uid}`" not in explained] == []


def test_rules_are_evaluated_as_often_as_grafana_can() -> None:
    (group,) = read("rules.yml", RulesFile).groups
    assert group.interval == f"{EVALUATION_SECONDS}s"
