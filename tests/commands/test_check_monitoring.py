"""`wachtmonitor check` on Grafana and Prometheus: all that is wrong at once, with the fix, and nothing is changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web
from click.testing import CliRunner

from streams.commands.check import prometheus as check_prometheus
from streams.commands.check.command import check
from streams.commands.check.finding import Finding, Status
from streams.commands.check.grafana import grafana_findings
from streams.commands.check.prometheus import prometheus_findings
from streams.kafka.embedded import HOST
from streams.serve.web import serve
from streams.settings import GrafanaSettings, PrometheusSettings, Secret
from tests.alerting import scraped
from tests.alerting.prometheus import RULES
from tests.brokers.ports import next_port
from tests.months.grafana_stub import TOKEN, GrafanaStub, running_grafana
from tests.runtime.workers import until

RULES_FILES: Final = tuple(sorted(RULES.glob("*.yml")))
PATIENCE: Final = 5.0


@pytest.fixture
def stub() -> Iterator[GrafanaStub]:
    """A Grafana as it should be."""
    dashboards: dict[str, Any] = {"wachtmonitor-month": {"uid": "wachtmonitor-month", "title": "Maand"}}
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
    no_token = found(stub, token=None)
    assert list(wrong(no_token)) == ["Grafana token"]
    assert "Make a service account" in wrong(no_token)["Grafana token"]
    assert "snapshots wait, and nothing else" in wrong(no_token)["Grafana token"]
    assert no_token[0].text == "answers, version 13.1.0", "which needs no token"
    assert wrong(found(stub, rules_files=())) == {}, "files of rules are for `check` alone"
    nobody = GrafanaSettings(url=f"http://{HOST}:{next_port()}", token=Secret(TOKEN))
    assert "Is it up, and is url in [grafana] right?" in wrong(grafana_findings(nobody, PATIENCE))["Grafana"]
    assert [each.status for each in grafana_findings(GrafanaSettings(), PATIENCE)] == [Status.SKIPPED]


def test_without_grafana_what_is_wrong_with_the_token_is_said_all_the_same(tmp_path: Path) -> None:
    """At the first start there is neither; a token that is there may be right or not."""
    token = tmp_path / "token"
    settings = GrafanaSettings(url=f"http://{HOST}:{next_port()}", token_file=token, rules_files=RULES_FILES)
    said = wrong(grafana_findings(settings, PATIENCE))
    assert list(said) == ["Grafana", "Grafana token"]
    assert "Connection refused" in said["Grafana"]
    assert "cannot be read (No such file or directory)" in said["Grafana token"]
    token.write_text(TOKEN)
    assert list(wrong(grafana_findings(settings, PATIENCE))) == ["Grafana"]


def test_a_grafana_that_does_not_tell_permissions_is_a_note(stub: GrafanaStub) -> None:
    stub.tells_permissions = False
    assert [each.subject for each in found(stub) if each.status is not Status.GOOD] == ["Grafana token"]
    stub.tells_permissions, stub.version, stub.permissions = True, 10, frozenset({"dashboards:read"})
    assert wrong(found(stub)) == {}


# Prometheus.


async def test_nobody_there_and_another_program() -> None:
    nobody = await prometheus_findings(PrometheusSettings(url=f"http://{HOST}:{next_port()}"), (), PATIENCE)
    assert "Is it up, and is url in [prometheus] right?" in next(iter(wrong(nobody).values()))
    port = next_port()
    runner = await serve(web.Application(), HOST, port)
    try:
        other = await prometheus_findings(PrometheusSettings(url=f"http://{HOST}:{port}"), (), PATIENCE)
    finally:
        await runner.cleanup()
    assert "is no Prometheus" in next(iter(wrong(other).values()))
    assert [each.status for each in await prometheus_findings(PrometheusSettings(), (), 1)] == [Status.SKIPPED]


WORKER: Final = b"""\
wachtmonitor_open 1
wachtmonitor_clusters 3
wachtmonitor_build_info{version="1"} 1
wachtmonitor_norm_wait_seconds{channel="phone",cluster="KCC"} 45
wachtmonitor_norm_wait_seconds{channel="desk",cluster="Wonen"} 300
wachtmonitor_norm_wait_seconds{channel="desk",cluster="OCMW"} 600
wachtmonitor_events_applied_total{partition="0",topic="calls"} 7
"""


@contextmanager
def scraping(directory: Path, **changes: Any) -> Iterator[str]:
    """A Prometheus that scrapes a worker each second, by the configuration of deploy/ with changes to its jobs.

    Its targets have a label of their own that is called cluster, as on Kubernetes.
    """
    with scraped.pages(lambda: WORKER) as target:
        configuration = scraped.configuration([target], {"cluster": "prod-1"})
        configuration["global"] = dict.fromkeys(("scrape_interval", "scrape_timeout", "evaluation_interval"), "1s")
        jobs = [job | changes for job in configuration["scrape_configs"]]
        with scraped.prometheus(configuration | {"scrape_configs": jobs}, directory) as url:
            yield url


async def recorded(url: str, rule: str, count: int) -> list[tuple[dict[str, str], float]]:
    """The series of a recording rule, once there are as many."""
    await until(lambda: len(scraped.series(url, rule)) == count, f"{count} series of {rule}")
    return scraped.series(url, rule)


async def said_of(url: str) -> list[Finding]:
    """What is said of a Prometheus."""
    return await prometheus_findings(PrometheusSettings(url=url), RULES_FILES, PATIENCE)


NORMS: Final = "cluster:wachtmonitor_norm_wait_seconds:max"


async def test_a_target_label_called_cluster_changes_nothing_where_labels_are_honoured(tmp_path: Path) -> None:
    """As they are by the configuration of deploy/."""
    with scraping(tmp_path) as url:
        norms = await recorded(url, NORMS, 3)
        assert {labels["cluster"] for labels, _ in norms} == {"KCC", "Wonen", "OCMW"}
        assert wrong(await said_of(url)) == {}


async def test_a_target_label_called_cluster_is_said_where_labels_are_not_honoured(tmp_path: Path) -> None:
    with scraping(tmp_path, honor_labels=False) as url:
        await recorded(url, "city:wachtmonitor_alarm_labels:renamed > 0", 1)
        said = wrong(await said_of(url))
    assert "label cluster became exported_cluster" in said["Prometheus job wachtmonitor"]
    assert "Set honor_labels: true" in said["Prometheus job wachtmonitor"]


@pytest.mark.parametrize(
    ("honoured", "relabelling"),
    [
        (True, {"target_label": "cluster", "replacement": "prod-1"}),
        (False, {"regex": "exported_.+", "action": "labeldrop"}),
    ],
)
async def test_a_job_that_makes_one_of_all_clusters_is_said(
    honoured: bool, relabelling: dict[str, str], tmp_path: Path
) -> None:
    """No label is renamed, and Prometheus has no error."""
    with scraping(tmp_path, honor_labels=honoured, metric_relabel_configs=[relabelling]) as url:
        ((_, lost),) = await recorded(url, "city:wachtmonitor_alarm_labels:renamed > 0", 1)
        said = wrong(await said_of(url))
    assert lost == 1
    assert "is one: this job writes over their label cluster" in said["Prometheus job wachtmonitor"]


async def test_a_worker_that_two_jobs_scrape_is_said_with_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second job here is that of the months, which reads the first page once more."""
    monkeypatch.setattr(check_prometheus, "SETTLED_SECONDS", 2)
    with scraping(tmp_path, metrics_path="/metrics", scrape_interval="1s", scrape_timeout="1s") as url:
        await recorded(url, "topic:wachtmonitor_alarm_partitions:doubled > 0", 1)
        await recorded(url, "wachtmonitor_events_applied_total offset 3s", 2)
        ((_, workers),) = await recorded(url, "city:wachtmonitor_workers:count", 1)
        findings = await said_of(url)
    said = wrong(findings)["Prometheus targets"]
    assert "by job wachtmonitor, " in said
    assert "by job wachtmonitor-months. Scrape each worker by one job" in said
    assert "answers, and scrapes 1 workers" in [each.text for each in findings]
    assert workers == 1


def test_the_command_asks_all_of_them(stub: GrafanaStub) -> None:
    """In one go, with the brokers; without them it fails."""
    environ = {
        "WACHTMONITOR_KAFKA_BOOTSTRAP_SERVERS": f"{HOST}:{next_port()}",
        "WACHTMONITOR_WEB_PORT": str(next_port()),
        "WACHTMONITOR_GRAFANA_URL": stub.url,
        "WACHTMONITOR_GRAFANA_TOKEN": TOKEN,
        "WACHTMONITOR_GRAFANA_RULES_FILES": ",".join(map(str, RULES_FILES)),
        "WACHTMONITOR_PROMETHEUS_URL": f"http://{HOST}:{next_port()}",
    }
    result = CliRunner().invoke(check, [], env=environ)
    assert result.exit_code == 1
    assert "answers, version 13.1.0" in result.output
    assert "is url in [prometheus] right?" in result.output
    assert TOKEN not in result.output
    assert "2 wrong" in result.output
