"""The installation with Docker: pinned, bounded, without rights, on this machine alone, and whole.

`docker compose config` reads the file where there is a client with Compose; what it must say is tested without.
"""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from streams.settings import DEFAULT_FILE, load
from streams.settings.environment import PREFIX
from streams.words import Language
from tests.alerting.prometheus import metric_names
from tests.alerting.schema import ContactPointsFile, read

ROOT: Final = Path(__file__).parents[2]
TEXT: Final = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: Final[dict[str, Any]] = yaml.safe_load(TEXT)
SERVICES: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
DOCKERFILE: Final = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")

LASTING: Final = {name: SERVICES[name] for name in ("kafka", "worker", "follow", "receive", "prometheus", "grafana")}
ONCE: Final = {name: SERVICES[name] for name in ("grafana-secrets", "grafana-token")}
"""They run to their end and make what others need."""

each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
each_lasting = pytest.mark.parametrize("service", LASTING.values(), ids=LASTING)
each_once = pytest.mark.parametrize("service", ONCE.values(), ids=ONCE)


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
    assert set(SERVICES) == {*LASTING, *ONCE}


def _against_the_specification(file: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_file_keeps_to_the_compose_specification() -> None:
    done = _against_the_specification(ROOT / "docker-compose.yml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("mem_limit: ", "memory_limit: "), ("service_healthy}", "healthy}"), ("tmpfs: ", "tmp: ")],
)
def test_what_the_specification_does_not_know_is_found(right: str, wrong: str, tmp_path: Path) -> None:
    assert right in TEXT
    file = tmp_path / "docker-compose.yml"
    file.write_text(TEXT.replace(right, wrong, 1), encoding="utf-8")
    done = _against_the_specification(file)
    assert done.returncode == 1
    assert f"'{wrong.strip(': }')}'" in done.stdout


@each_service
def test_an_image_is_pinned_or_built_here(service: dict[str, Any]) -> None:
    assert service["image"] == "wachtmonitor" or re.fullmatch(r"[a-z]+/[a-z]+:v?\d+\.\d+\.\d+", service["image"])


def test_the_image_is_built_once_by_a_service_that_needs_nothing_of_grafana() -> None:
    """Two builds of one name at the same time fail; whoever does not build must not look for it in a registry.

    Compose builds all images before it starts a service, so the builder need not be started first.
    """
    assert [name for name, service in SERVICES.items() if "build" in service] == ["worker"]
    for name, service in SERVICES.items():
        if service["image"] == "wachtmonitor" and name != "worker":
            assert service["pull_policy"] == "never"


def _awaited(name: str) -> set[str]:
    """Every service that starts before this one."""
    direct = set(SERVICES[name].get("depends_on", ()))
    return direct | {each for other in direct for each in _awaited(other)}


@pytest.mark.parametrize(
    ("name", "awaited"),
    [
        ("kafka", set()),
        ("worker", {"kafka"}),
        ("follow", {"kafka"}),
        ("receive", {"kafka"}),
        ("prometheus", set()),
    ],
)
def test_measuring_waits_for_nothing_of_grafana(name: str, awaited: set[str]) -> None:
    """Whatever Grafana does, a worker counts, shows its wall and is scraped."""
    assert _awaited(name) == awaited


def test_nothing_that_may_fail_or_last_is_waited_for_on_the_way_to_grafana() -> None:
    """`up` ends with an error when somebody waits for a service that does not become what it is waited for."""
    conditions = {
        (name, other): needed["condition"]
        for name, service in SERVICES.items()
        for other, needed in service.get("depends_on", {}).items()
    }
    assert conditions == {
        ("worker", "kafka"): "service_healthy",
        ("follow", "kafka"): "service_healthy",
        ("receive", "kafka"): "service_healthy",
        ("grafana", "prometheus"): "service_started",
        ("grafana", "grafana-secrets"): "service_completed_successfully",
        ("grafana-token", "grafana"): "service_started",
    }
    assert SERVICES["grafana-secrets"]["network_mode"] == "none", "so that it waits for nobody"


@pytest.mark.parametrize("name", ["worker", "follow", "receive", "prometheus"])
def test_a_healthcheck_asks_nobody_else(name: str) -> None:
    asked = re.findall(r"https?://([^:/]+)", " ".join(SERVICES[name]["healthcheck"]["test"]))
    assert asked == ["127.0.0.1"]


@each_service
def test_a_service_is_bounded(service: dict[str, Any]) -> None:
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


@each_lasting
def test_a_lasting_service_is_watched_and_started_again(service: dict[str, Any]) -> None:
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] == "unless-stopped"


@each_once
def test_a_service_that_runs_once_is_not_started_again_once_it_is_done(service: dict[str, Any]) -> None:
    assert service["restart"] == ("on-failure" if service is SERVICES["grafana-token"] else "no")
    assert service["healthcheck"] == {"disable": True}, "the image's own would ask for a worker"


@each_service
def test_a_service_has_no_rights(service: dict[str, Any]) -> None:
    assert int(service["user"]) > 0
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("read_only") or service is SERVICES["kafka"]


@each_service
def test_ports_are_published_on_this_machine_alone_unless_asked_for(service: dict[str, Any]) -> None:
    for port in service.get("ports", []):
        assert re.match(r"\$\{[A-Z]+_ADDRESS:-127\.0\.0\.1\}:", port)


def test_letting_others_look_lets_nobody_write() -> None:
    """Grafana and `receive` ask who is there; Kafka and Prometheus do not, so all have addresses of their own."""
    ports = [port for each in SERVICES.values() for port in each.get("ports", [])]
    variables = [name for port in ports for name in re.findall(r"^\$\{(\w+)", port)]
    assert sorted(variables) == ["GRAFANA_ADDRESS", "KAFKA_ADDRESS", "PROMETHEUS_ADDRESS", "RECEIVE_ADDRESS"]


def test_kafka_listens_as_its_file_says_and_sources_outside_find_the_port_that_is_published() -> None:
    """The image would make `listeners` of the advertised ones, without the controller's, where it is not given."""
    environment = SERVICES["kafka"]["environment"]
    assert "${KAFKA_PORT:-9092}" in environment["KAFKA_ADVERTISED_LISTENERS"]
    properties = (ROOT / "deploy" / "kafka" / "server.properties").read_text(encoding="utf-8")
    for name in ("listeners", "advertised.listeners"):
        (written,) = re.findall(rf"^{re.escape(name)}=(.*)$", properties, re.MULTILINE)
        given = environment[f"KAFKA_{name.upper().replace('.', '_')}"]
        assert re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", given) == written


def test_workers_can_be_many() -> None:
    """No name, no port of the host and no volume of its own: `--scale worker=3` needs nothing else."""
    worker = SERVICES["worker"]
    assert not {"container_name", "ports", "hostname"} & set(worker)
    assert all(volume.endswith(":ro") for volume in worker["volumes"])
    assert load(None, {}).kafka.partitions >= 3


def test_a_worker_reads_the_settings_and_refuses_none_of_its_variables() -> None:
    """As at the first start, when there is no token."""
    given = SERVICES["worker"]["environment"].items()
    environment = {key: re.sub(r"^\$\{\w+:-\}$", "", str(value)) for key, value in given}
    mounted = {target: source for source, target in _mounts("worker")}
    file = environment.pop("WACHTMONITOR_SETTINGS")
    assert mounted[file].default == DEFAULT_FILE
    settings = load(DEFAULT_FILE, {name: value for name, value in environment.items() if name.startswith(PREFIX)})
    assert settings.kafka.bootstrap_servers == ("kafka:19092",)
    assert settings.web.host == "0.0.0.0"
    assert str(settings.web.port) in SERVICES["worker"]["expose"]
    assert settings.prometheus.url == "http://prometheus:9090"
    assert settings.grafana.url == "http://grafana:3000"


def test_sources_are_for_who_asks_for_them() -> None:
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["follow", "receive"]
    assert SERVICES["follow"]["command"] == ["follow", "${FOLLOW_SOURCE:-kcc}"]
    assert SERVICES["receive"]["command"] == ["receive"]


@pytest.mark.parametrize("name", ["follow", "receive"])
def test_a_source_reads_the_settings_and_refuses_none_of_its_variables(name: str) -> None:
    service = SERVICES[name]
    environment = {each: str(value) for each, value in service["environment"].items() if each.startswith(PREFIX)}
    file = environment.pop("WACHTMONITOR_SETTINGS")
    assert {target: source for source, target in _mounts(name)}[file].default == DEFAULT_FILE
    settings = load(DEFAULT_FILE, environment)
    assert settings.kafka.bootstrap_servers == ("kafka:19092",)
    assert str(settings.follow.port) in service["expose"]
    assert all(port.endswith(f":{settings.receive.port}") for port in service.get("ports", []))


def test_a_worker_can_make_snapshots() -> None:
    """The token is where it is put, and the mounted rules answer every query of the dashboard that is snapshot."""
    environment = SERVICES["worker"]["environment"]
    (put,) = (target for source, target in _mounts("grafana-token") if source == "grafana-token")
    (found,) = (target for source, target in _mounts("worker") if source == "grafana-token")
    assert (
        SERVICES["grafana-token"]["command"][1].replace(put, found) == environment["WACHTMONITOR_GRAFANA_TOKEN_FILE"]
    )
    mounted = {target: source for source, target in _mounts("worker")}
    files = [Path(file) for file in environment["WACHTMONITOR_GRAFANA_RULES_FILES"].split(",")]
    rules = {
        rule["record"]
        for file in files
        for group in yaml.safe_load((mounted[str(file.parent)].default / file.name).read_text("utf-8"))["groups"]
        for rule in group["rules"]
    }
    month = (ROOT / "dashboards" / "json" / "nl" / "month.json").read_text("utf-8")
    named = {name for target in re.findall(r'"expr": "(.*)"', month) for name in metric_names(target)}
    assert {name for name in named if ":" in name} <= rules


def test_grafana_reads_the_secrets_that_are_kept_and_the_token_is_asked_for_with_the_password() -> None:
    (put,) = (target for source, target in _mounts("grafana-secrets") if source == "grafana-secrets")
    assert SERVICES["grafana-secrets"]["command"] == ["secrets", put]
    for name, variable, file in (
        ("grafana", "GF_SECURITY_ADMIN_PASSWORD__FILE", "admin"),
        ("grafana", "GF_SECURITY_SECRET_KEY__FILE", "key"),
        ("grafana-token", "GRAFANA_PASSWORD_FILE", "admin"),
    ):
        (found,) = (target for source, target in _mounts(name) if source == "grafana-secrets")
        assert SERVICES[name]["environment"][variable] == f"{found}/{file}"


class _Source(str):
    """A mounted path, which a variable may replace."""

    @property
    def default(self) -> Path:
        """The path without the variable, in the repository."""
        return (ROOT / re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", self)).resolve()


def _mounts(name: str) -> list[tuple[_Source, str]]:
    return _mounts_of(SERVICES[name])


def _mounts_of(service: dict[str, Any]) -> list[tuple[_Source, str]]:
    pattern = re.compile(r"^((?:\$\{[^}]*\}|[^:$])+):([^:]+)")
    found = [pattern.match(volume) for volume in service["volumes"]]
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


def in_language(text: str, language: Language) -> Path:
    """A path of the file in the repository, for a language."""
    return ROOT / text.replace("${WACHTMONITOR_LANGUAGE:-nl}", language.value)


@pytest.mark.parametrize("language", Language)
def test_one_variable_chooses_the_language_of_grafana_and_of_the_workers(language: Language) -> None:
    grafana = SERVICES["grafana"]
    spoken = in_language(grafana["env_file"], language).read_text(encoding="utf-8")
    assert re.findall(r"^GF_USERS_DEFAULT_LANGUAGE=(\w\w)-\w\w$", spoken, re.MULTILINE) == [language.value]
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    (dashboards,) = (source for source, target in _mounts("grafana") if home.startswith(target))
    assert (in_language(dashboards, language) / Path(home).name).exists()
    variable = SERVICES["worker"]["environment"]["WACHTMONITOR_LANGUAGE"]
    assert variable == "${WACHTMONITOR_LANGUAGE:-}", "empty: that of the settings"
    assert load(None, {"WACHTMONITOR_LANGUAGE": language.value}).language == language.value


def test_grafana_is_in_brussels_and_lets_nobody_look_unasked() -> None:
    environment = SERVICES["grafana"]["environment"]
    assert environment["GF_DATE_FORMATS_DEFAULT_TIMEZONE"] == environment["TZ"] == "Europe/Brussels"
    assert environment["GF_AUTH_ANONYMOUS_ENABLED"] == "${GRAFANA_ANONYMOUS:-false}"


def test_grafana_asks_nobody_outside_by_itself() -> None:
    """Its own defaults have it ask for reports, updates, news, plugins and the keys of their signatures."""
    environment = SERVICES["grafana"]["environment"]
    off = {name for name, value in environment.items() if name.endswith("_ENABLED") and value == "false"}
    off |= {name for name, value in environment.items() if "_DISABLE" in name and value == "true"}
    off |= {name for name, value in environment.items() if name.startswith("GF_ANALYTICS_") and value == "false"}
    assert off >= {
        "GF_ANALYTICS_REPORTING_ENABLED",
        "GF_ANALYTICS_CHECK_FOR_UPDATES",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES",
        "GF_NEWS_NEWS_FEED_ENABLED",
        "GF_PLUGINS_PREINSTALL_DISABLED",
        "GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED",
        "GF_SECURITY_DISABLE_GRAVATAR",
        "GF_SNAPSHOTS_EXTERNAL_ENABLED",
    }


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
    """A password comes from the environment, without a default that everybody knows, or from a file."""
    assert ".env" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    secrets = [
        (name, str(value))
        for service in SERVICES.values()
        for name, value in service.get("environment", {}).items()
        if re.search("PASSWORD|TOKEN|SECRET", name)
    ]
    assert secrets
    for name, value in secrets:
        assert value.startswith("/") if name.endswith("_FILE") else re.fullmatch(r"\$\{\w+:-\}", value)


def test_secrets_are_shown_to_whom_they_are_for() -> None:
    seen = {secret: {name for name in SERVICES if secret in dict(_mounts(name))} for secret in ONCE}
    assert seen["grafana-secrets"] == {"grafana-secrets", "grafana", "grafana-token"}
    assert seen["grafana-token"] == {"grafana-token", "worker"}
    for secret, names in seen.items():
        for name in names - {secret}:
            assert any(volume.startswith(f"{secret}:") and volume.endswith(":ro") for volume in _volumes(name))


def test_volumes_for_secrets_belong_to_the_user_who_writes_them() -> None:
    """A new volume takes the owner of the directory of the image that it is mounted on first."""
    (owned,) = re.findall(r"install --directory --owner (\d+ .*)$", DOCKERFILE, re.MULTILINE)
    user, *directories = owned.split()
    for name, service in ONCE.items():
        (directory,) = (target for source, target in _mounts(name) if source == name)
        assert directory in directories
        assert service["user"] == user
        # Whoever mounts it before the one who writes it mounts it on the same directory of the same image.
        for other in SERVICES.values():
            places = {target for source, target in _mounts_of(other) if source == name}
            if other["image"] == service["image"]:
                assert places <= {directory}
            elif places:
                assert name in other["depends_on"]


def _volumes(name: str) -> list[str]:
    volumes: list[str] = SERVICES[name]["volumes"]
    return volumes


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
