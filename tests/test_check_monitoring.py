"""`wachtmonitor check` on Grafana and Prometheus: all that is wrong at once, with the fix, and nothing is changed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web
from click.testing import CliRunner

from streams.check import check
from streams.check_grafana import grafana_findings
from streams.check_prometheus import prometheus_findings
from streams.finding import Finding, Status
from streams.publish.web import serve
from streams.runtime.embedded import HOST, free_port
from streams.settings import GrafanaSettings, PrometheusSettings, Secret
from tests.alerting.prometheus import RULES
from tests.reports.grafana_stub import TOKEN, GrafanaStub, running_grafana

RULES_FILES: Final = tuple(sorted(RULES.glob("*.yml")))
PATIENCE: Final = 5.0


@pytest.fixture
def stub() -> Iterator[GrafanaStub]:
    """A Grafana as it should be."""
    dashboards: dict[str, Any] = {"wachtmonitor-maand": {"uid": "wachtmonitor-maand", "title": "Maand"}}
    with running_grafana(version=13, dashboards=dashboards) as running:
        yield running


def found(stub: GrafanaStub, **changes: Any) -> list[Finding]:
    """What is said of the stub."""
    settings: dict[str, Any] = {"url": stub.url, "token": Secret(TOKEN), "rules_files": RULES_FILES} | changes
    return grafana_findings(GrafanaSettings(**settings), PATIENCE)


def wrong(findings: list[Finding]) -> dict[str, str]:
    """What is wrong, by subject."""
    return {each.subject: each.text for each in findings if each.status is Status.WRONG}


def test_a_grafana_as_it_should_be_is_good_and_stays_as_it_is(stub: GrafanaStub) -> None:
    findings = found(stub)
    assert {each.status for each in findings} == {Status.GOOD}
    assert [each.text for each in findings][:2] == [
        "answers, version 13.1.0",
        "accepted, and may make and delete snapshots",
    ]
    assert all(request.startswith("GET ") for request in stub.requests)
    assert stub.snapshots == {}


def test_everything_wrong_with_grafana_is_said_at_once(stub: GrafanaStub, tmp_path: Path) -> None:
    stub.version, stub.enabled, stub.permissions = 9, False, frozenset({"dashboards:read", "snapshots:create"})
    said = wrong(found(stub, dashboard_uid="other", rules_files=(tmp_path / "none.yml",)))
    assert len(said) == 5
    assert said[f"Grafana {stub.url}"] == "expected version 10 to 13, got 9.1.0; upgrade it"
    assert said["Grafana token"].endswith("give the service account the role Editor, or snapshots:delete")
    assert said["Grafana snapshots"] == "switched off: set enabled = true under [snapshots] in grafana.ini"
    assert "set dashboard_uid in [grafana]" in said["Grafana dashboard other"]
    assert "correct rules_files" in said["rules_files"]


def test_a_token_that_is_refused_is_said_once(stub: GrafanaStub) -> None:
    said = wrong(found(stub, token=Secret("glsa_secret")))
    assert list(said) == ["Grafana token"]
    assert "make a new one" in said["Grafana token"]
    assert "glsa_secret" not in str(said)


def test_without_a_token_without_rules_and_without_a_grafana(stub: GrafanaStub) -> None:
    assert "Make a service account" in wrong(found(stub, token=None))["Grafana"]
    assert "name them" in wrong(found(stub, rules_files=()))["rules_files"]
    nobody = GrafanaSettings(url=f"http://{HOST}:{free_port()}", token=Secret(TOKEN))
    assert "Is it up, and is url in [grafana] right?" in wrong(grafana_findings(nobody, PATIENCE))["Grafana"]
    assert [each.status for each in grafana_findings(GrafanaSettings(), PATIENCE)] == [Status.SKIPPED]


def test_a_grafana_that_does_not_tell_permissions_is_a_note(stub: GrafanaStub) -> None:
    stub.tells_permissions = False
    assert [each.subject for each in found(stub) if each.status is not Status.GOOD] == ["Grafana token"]
    stub.tells_permissions, stub.version, stub.permissions = True, 10, frozenset({"dashboards:read"})
    assert wrong(found(stub)) == {}


# Prometheus.


async def test_nobody_there_and_another_program() -> None:
    nobody = await prometheus_findings(PrometheusSettings(url=f"http://{HOST}:{free_port()}"), (), PATIENCE)
    assert "Is it up, and is url in [prometheus] right?" in next(iter(wrong(nobody).values()))
    port = free_port()
    runner = await serve(web.Application(), HOST, port)
    try:
        other = await prometheus_findings(PrometheusSettings(url=f"http://{HOST}:{port}"), (), PATIENCE)
    finally:
        await runner.cleanup()
    assert "is no Prometheus" in next(iter(wrong(other).values()))
    assert [each.status for each in await prometheus_findings(PrometheusSettings(), (), 1)] == [Status.SKIPPED]


def test_the_command_asks_all_of_them(stub: GrafanaStub) -> None:
    """In one go, with the brokers; without them it fails."""
    environ = {
        "WACHTMONITOR_KAFKA_BOOTSTRAP_SERVERS": f"{HOST}:{free_port()}",
        "WACHTMONITOR_WEB_PORT": str(free_port()),
        "WACHTMONITOR_GRAFANA_URL": stub.url,
        "WACHTMONITOR_GRAFANA_TOKEN": TOKEN,
        "WACHTMONITOR_GRAFANA_RULES_FILES": ",".join(map(str, RULES_FILES)),
        "WACHTMONITOR_PROMETHEUS_URL": f"http://{HOST}:{free_port()}",
    }
    result = CliRunner().invoke(check, [], env=environ)
    assert result.exit_code == 1
    assert "answers, version 13.1.0" in result.output
    assert "is url in [prometheus] right?" in result.output
    assert TOKEN not in result.output
    assert "2 wrong" in result.output
