"""The messages as people get them: Grafana's template engine is Alertmanager's, and amtool renders with it."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from dashboards.alarms.messages import description, summary
from dashboards.alarms.rules import ALARMS, OnSilence
from streams.words import Language, words_of
from tests.alerting.schema import ContactPointsFile, TemplatesFile, read
from tests.deploy.tools import needs

GRAFANA_URL: Final = "https://grafana.example.org"

WAIT: Final = {
    "status": "firing",
    "labels": {
        "alertname": "Langste wachttijd boven de norm",
        "alarm": "longest-wait",
        "severity": "critical",
        "cluster": "Klantencontactcentrum",
    },
    "annotations": {
        "summary": "Klantencontactcentrum: er wacht iemand al 78 s, de norm is 45 s.",
        "description": "Zet iemand bij.",
    },
    "startsAt": "2026-10-05T09:30:05Z",
    "endsAt": "0001-01-01T00:00:00Z",
}
OVER: Final = {**WAIT, "status": "resolved", "endsAt": "2026-10-05T09:45:15Z"}


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """The templates as the file that amtool reads."""
    return written(Language.DUTCH, tmp_path)


def written(language: Language, tmp_path: Path) -> Path:
    """The templates of a language as a file."""
    (template,) = read("templates.yml", TemplatesFile, language).templates
    file = tmp_path / "wachtmonitor.tmpl"
    file.write_text(template.template, encoding="utf-8")
    return file


def rendered(text: str, templates: Path, *alerts: dict[str, Any]) -> str:
    """A field of a contact point, as somebody receives it in Brussels."""
    data = {
        "receiver": "wachtmonitor-on-call",
        "status": "firing" if any(alert["status"] == "firing" for alert in alerts) else "resolved",
        "alerts": alerts,
        "groupLabels": {},
        "commonLabels": _common([alert["labels"] for alert in alerts]),
        "commonAnnotations": {},
        "externalURL": GRAFANA_URL,
    }
    file = templates.with_name("data.json")
    file.write_text(json.dumps(data))
    arguments = [f"--template.glob={templates}", f"--template.text={text}", f"--template.data={file}"]
    done = subprocess.run(
        [needs("amtool"), "template", "render", *arguments],
        env={"PATH": os.environ["PATH"], "TZ": "Europe/Brussels", "HOME": str(templates.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _common(labels: list[dict[str, str]]) -> dict[str, str]:
    return {name: value for name, value in labels[0].items() if all(each.get(name) == value for each in labels)}


def settings() -> list[dict[str, Any]]:
    """The settings of every receiver, with Grafana's address where the environment puts it."""
    points = read("contact-points.yml", ContactPointsFile).contact_points
    return [
        {name: str(value).replace("$GRAFANA_URL", GRAFANA_URL) for name, value in receiver.settings.items()}
        for point in points
        for receiver in point.receivers
    ]


@pytest.mark.parametrize("each", settings(), ids=lambda each: each.get("url") or each["addresses"])
def test_a_message_says_where_what_the_norm_since_when_and_what_to_do(each: dict[str, Any], templates: Path) -> None:
    title = rendered(each.get("title") or each["subject"], templates, WAIT)
    assert title == "[Alarm] Langste wachttijd boven de norm: Klantencontactcentrum"
    message = rendered(each["message"], templates, WAIT)
    assert message == (
        "Klantencontactcentrum: er wacht iemand al 78 s, de norm is 45 s.\n"
        "Sinds 05/10/2026 11:30:05.\n"
        "Zet iemand bij.\n"
        "\n"
        f"Muur: {GRAFANA_URL}/d/wachtmonitor-wall\n"
        f'Draaiboek: {GRAFANA_URL}/d/wachtmonitor-runbook, deel "Langste wachttijd boven de norm"'
    )


def test_the_end_says_from_when_to_when(templates: Path) -> None:
    each = settings()[0]
    assert rendered(each["subject"], templates, OVER).startswith("[Opgelost] Langste wachttijd")
    message = rendered(each["message"], templates, OVER)
    assert "Opgelost: Klantencontactcentrum, van 05/10/2026 11:30:05 tot 11:45:15." in message


def test_several_clusters_are_one_message_without_a_cluster_in_the_title(templates: Path) -> None:
    other = {**WAIT, "labels": {**WAIT["labels"], "cluster": "Tweede lijn"}}  # type: ignore[dict-item]  # a mapping
    each = settings()[0]
    assert rendered(each["subject"], templates, WAIT, other) == "[Alarm] Langste wachttijd boven de norm"
    assert rendered(each["message"], templates, WAIT, other).count("Sinds ") == 2


@pytest.mark.parametrize(
    ("severity", "word"), [("critical", "Alarm"), ("warning", "Waarschuwing"), ("info", "Melding")]
)
def test_the_title_says_how_bad_it_is(severity: str, word: str, templates: Path) -> None:
    alert = {**WAIT, "labels": {**WAIT["labels"], "severity": severity}}  # type: ignore[dict-item]  # a mapping
    assert rendered(settings()[0]["subject"], templates, alert).startswith(f"[{word}] ")


@pytest.mark.parametrize("language", Language)
def test_the_texts_of_alarms_are_templates_that_render(language: Language, templates: Path) -> None:
    """Grafana gives annotations the variables `$labels` and `$values`; here they are made from the alert's labels."""
    words = words_of(language)
    given = "{{ $labels := .CommonLabels }}{{ $values := .CommonLabels }}"
    texts = [f"{summary(alarm.uid, words)} {description(alarm.uid, words)}" for alarm in ALARMS]
    plain = [
        re.sub(r"\$values\.\w+\.Value", "2.5", text).replace("humanizePercentage 2.5", '"70%"') for text in texts
    ]
    said = rendered(given + "\n".join(plain), templates, WAIT).splitlines()
    for text, line in zip(texts, said, strict=True):
        assert "{{" not in line
        assert (words.number(2.5, 1) in line) == ("%.1f" in text)
        assert ("Klantencontactcentrum" in line) == ("$labels.cluster" in text)


@pytest.mark.parametrize(
    ("language", "title", "message", "over"),
    [
        (
            Language.ENGLISH,
            "[Alarm] A: KCC",
            "S.\nSince 05/10/2026 11:30:05.\nD.\n\nWall: {url}/d/wachtmonitor-wall\n"
            'Runbook: {url}/d/wachtmonitor-runbook, section "A"',
            "Resolved: KCC, from 05/10/2026 11:30:05 to 11:45:15.",
        ),
        (
            Language.FRENCH,
            "[Alarme] A\u00a0: KCC",
            "S.\nDepuis le 05/10/2026 11:30:05.\nD.\n\nÉcran mural\u00a0: {url}/d/wachtmonitor-wall\n"
            'Manuel d\'intervention\u00a0: {url}/d/wachtmonitor-runbook, section "A"',
            "Résolu\u00a0: KCC, du 05/10/2026 11:30:05 à 11:45:15.",
        ),
    ],
)
def test_messages_are_in_the_language_of_the_templates(
    language: Language, title: str, message: str, over: str, tmp_path: Path
) -> None:
    said = {"summary": "S.", "description": "D."}
    alert = {**WAIT, "labels": {"alertname": "A", "severity": "critical", "cluster": "KCC"}, "annotations": said}
    each, file = settings()[0], written(language, tmp_path)
    assert rendered(each["subject"], file, alert) == title
    assert rendered(each["message"], file, alert) == message.replace("{url}", GRAFANA_URL)
    resolved = {**alert, "status": "resolved", "endsAt": OVER["endsAt"]}
    assert over in rendered(each["message"], file, resolved)


def test_who_hears_nothing_of_prometheus_is_not_told_that_nobody_measures() -> None:
    """It fires when Prometheus is away as well, and then the workers count on and their own wall lives."""
    (alarm,) = (alarm for alarm in ALARMS if alarm.on_silence is OnSilence.ALERTING)
    words = words_of(Language.DUTCH)
    assert "antwoordt zelf niet" in summary(alarm.uid, words)
    assert "niemand" not in summary(alarm.uid, words)
    assert "muur in Grafana" in description(alarm.uid, words)
