"""The installation with Docker: pinned, bounded, without rights, on this machine alone, and whole.

`docker compose config` reads the file where there is a client with Compose; what it must say is tested without.
"""

import re
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from streams.settings import DEFAULT_FILE, Secret, load
from streams.settings.environment import PREFIX
from tests.alerting.schema import ContactPointsFile, read

ROOT: Final = Path(__file__).parents[2]
TEXT: Final = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: Final[dict[str, Any]] = yaml.safe_load(TEXT)
SERVICES: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
DOCKERFILE: Final = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")

KEYS: Final = {
    "build", "cap_drop", "command", "depends_on", "environment", "expose", "healthcheck", "image", "logging",
    "mem_limit", "ports", "read_only", "restart", "security_opt", "stop_grace_period", "tmpfs", "user", "volumes",
}  # fmt: skip
"""The keys of a service that the file uses, all of them in the Compose Specification."""

each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)


def _compose() -> bool:
    try:
        return subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not _compose(), reason="no docker client with compose")
def test_docker_compose_takes_the_file() -> None:
    done = subprocess.run(
        ["docker", "compose", "config", "--quiet"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_parts_are_there() -> None:
    assert set(COMPOSE) == {"name", "x-defaults", "services", "volumes"}
    assert set(SERVICES) == {"kafka", "worker", "prometheus", "grafana"}


@each_service
def test_a_service_has_known_keys_only(service: dict[str, Any]) -> None:
    assert set(service) <= KEYS


@each_service
def test_an_image_is_pinned_or_built_here(service: dict[str, Any]) -> None:
    assert "build" in service or re.fullmatch(r"[a-z]+/[a-z]+:v?\d+\.\d+\.\d+", service["image"])


@each_service
def test_a_service_is_watched_bounded_and_started_again(service: dict[str, Any]) -> None:
    assert service["healthcheck"]["test"][0] == "CMD"
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert service["restart"] == "unless-stopped"
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


@each_service
def test_a_service_has_no_rights(service: dict[str, Any]) -> None:
    assert int(service["user"]) > 0
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("read_only") or service is SERVICES["kafka"]


@each_service
def test_ports_are_published_on_this_machine_alone_unless_asked_for(service: dict[str, Any]) -> None:
    for port in service.get("ports", []):
        assert port.startswith("${PUBLISH_ADDRESS:-127.0.0.1}:")


def test_workers_can_be_many() -> None:
    """No name, no port of the host and no volume of its own: `--scale worker=3` needs nothing else."""
    worker = SERVICES["worker"]
    assert not {"container_name", "ports", "hostname"} & set(worker)
    assert all(volume.endswith(":ro") for volume in worker["volumes"])
    assert load(None, {}).kafka.partitions >= 3


def test_a_worker_reads_the_settings_and_refuses_none_of_its_variables() -> None:
    mounted = {target: source for source, target in _mounts("worker")}
    assert mounted[SERVICES["worker"]["environment"]["WACHTMONITOR_SETTINGS"]].default == DEFAULT_FILE
    settings = load(DEFAULT_FILE, _worker_environment({}))
    assert settings.kafka.bootstrap_servers == ("kafka:19092",)
    assert settings.web.host == "0.0.0.0"
    assert str(settings.web.port) in SERVICES["worker"]["expose"]
    assert settings.prometheus.url == "http://prometheus:9090"


def test_a_token_is_all_that_snapshots_need() -> None:
    """Without it none are made; with it the worker knows where Grafana is and which rules the dashboard uses."""
    without = load(DEFAULT_FILE, _worker_environment({}))
    given = load(DEFAULT_FILE, _worker_environment({"GRAFANA_SNAPSHOT_TOKEN": "glsa_x"}))
    assert without.grafana.url is None
    assert given.grafana.url == "http://grafana:3000"
    assert given.grafana.token == Secret("glsa_x")
    mounted = {target: source.default for source, target in _mounts("worker")}
    for file in given.grafana.rules_files:
        assert (mounted[str(file.parent)] / file.name).is_file()


def _worker_environment(variables: dict[str, str]) -> dict[str, str]:
    """The worker's settings as Compose fills them in: `${NAME:-default}` and `${NAME:+if it is set}`."""

    def fill(match: re.Match[str]) -> str:
        name, sign, other = match.groups()
        value = variables.get(name, "")
        return (value or other) if sign == "-" else (other if value else "")

    return {
        name: re.sub(r"\$\{(\w+):([-+])([^}]*)\}", fill, str(value))
        for name, value in SERVICES["worker"]["environment"].items()
        if name.startswith(PREFIX)
    }


class _Source(str):
    """A mounted path, which a variable may replace."""

    @property
    def default(self) -> Path:
        """The path without the variable, in the repository."""
        return (ROOT / re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", self)).resolve()


def _mounts(name: str) -> list[tuple[_Source, str]]:
    pattern = re.compile(r"^(\$\{[^}]*\}|[^:]+):([^:]+)")
    found = [pattern.match(volume) for volume in SERVICES[name]["volumes"]]
    return [(_Source(match[1]), match[2]) for match in found if match]


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_exists(name: str) -> None:
    for source, _ in _mounts(name):
        if source.startswith((".", "$")):
            assert source.default.exists(), source
        else:
            assert source in COMPOSE["volumes"]


def test_data_outlives_its_container() -> None:
    kept = {str(source) for name in SERVICES for source, _ in _mounts(name)}
    assert set(COMPOSE["volumes"]) <= kept


def test_prometheus_keeps_more_than_a_year() -> None:
    (days,) = re.findall(r"retention\.time=\$\{\w+:-(\d+)d\}", TEXT)
    assert int(days) >= 366 + 31


def test_grafana_speaks_dutch_in_brussels_and_lets_nobody_look_unasked() -> None:
    environment = SERVICES["grafana"]["environment"]
    assert environment["GF_USERS_DEFAULT_LANGUAGE"] == "nl-NL"
    assert environment["GF_DATE_FORMATS_DEFAULT_TIMEZONE"] == environment["TZ"] == "Europe/Brussels"
    assert environment["GF_AUTH_ANONYMOUS_ENABLED"] == "${GRAFANA_ANONYMOUS:-false}"
    home = environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    (dashboards,) = (source for source, target in _mounts("grafana") if home.startswith(target))
    assert (dashboards.default / Path(home).name).exists()


def test_grafana_finds_the_dashboards_where_its_provider_looks() -> None:
    provider = ROOT / "deploy" / "grafana" / "provisioning" / "dashboards" / "wachtmonitor.yml"
    (found,) = yaml.safe_load(provider.read_text(encoding="utf-8"))["providers"]
    assert found["options"]["path"] in {target for _, target in _mounts("grafana")}


def test_every_variable_of_the_contact_points_is_set() -> None:
    """Grafana makes nothing of a variable that is not set, and does not start with an empty address."""
    settings = [
        str(value)
        for point in read("contact-points.yml", ContactPointsFile).contact_points
        for receiver in point.receivers
        for value in receiver.settings.values()
    ]
    named = {name for value in settings for name in re.findall(r"\$(\w+)", value)}
    environment = SERVICES["grafana"]["environment"]
    assert named
    for name in named:
        assert re.fullmatch(rf"\$\{{{name}:-.+\}}", environment[name])


def test_every_variable_is_explained_with_its_default() -> None:
    used = set(re.findall(r"\$\{(\w+)", TEXT))
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^#? ?(\w+)=", example, re.MULTILINE)) == used
    defaults = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", TEXT))
    for name, value in re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE):
        assert defaults[name] == value, name


def test_no_secret_is_in_the_repository() -> None:
    assert ".env" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    for name, value in SERVICES["grafana"]["environment"].items():
        if "PASSWORD" in name:
            assert str(value).startswith("${")


def test_the_image_has_locked_dependencies_two_stages_and_no_rights() -> None:
    stages = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(stages) == 2
    assert len(set(stages)) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", stages[0])
    assert "--require-hashes" in DOCKERFILE
    (user,) = re.findall(r"^USER (\d+)", DOCKERFILE, re.MULTILINE)
    assert user == SERVICES["worker"]["user"] != "0"


def test_what_the_image_copies_is_sent_to_the_builder() -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sent = {line.removeprefix("!") for line in ignore if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    assert sent == {name for names in copied for name in names.split()}
    assert all((ROOT / name).exists() for name in sent)
