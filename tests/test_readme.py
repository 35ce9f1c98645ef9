"""Every command of the README does what the README says, and every file it names is there."""

import asyncio
import base64
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

import pytest

from dashboards.alarms import ALARMS
from streams.runtime.embedded import BrokerProcess, free_port
from tests.runtime.workers import until

ROOT: Final = Path(__file__).parents[1]
README: Final = (ROOT / "README.md").read_text(encoding="utf-8")
EXPORT: Final = "export WACHTMONITOR_KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092"

CALLS: Final = "id,queue,came,taken\n1,KCC,2026-10-05 09:30:00,2026-10-05 09:30:12\n2,KCC,2026-10-05 09:31:00,\n"
MAPPING: Final = """
[file]
delimiter = ","
[time]
zone = "Europe/Brussels"
format = "%Y-%m-%d %H:%M:%S"
[id]
columns = ["id"]
[cluster]
constant = "Klantencontactcentrum"
[[event]]
type = "offered"
at = "came"
[[event]]
type = "answered"
at = "taken"
"""


def commands() -> list[str]:
    """The lines of the README's shell blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a user stands, with a file of calls and its mapping."""
    (tmp_path / "calls.csv").write_text(CALLS)
    (tmp_path / "mapping.toml").write_text(MAPPING)
    return tmp_path


@pytest.fixture
def environment(apache_kafka: BrokerProcess) -> dict[str, str]:
    """The variables of the README, with the address of this run's broker and a free port."""
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "WACHTMONITOR_KAFKA_BOOTSTRAP_SERVERS": apache_kafka.bootstrap,
        "WACHTMONITOR_WEB_PORT": str(free_port()),
    }


RUN_BELOW: Final = {
    "make demo",
    'make demo ARGS="--replay calls.csv --mapping mapping.toml --speed 60"',
    EXPORT,
    "wachtmonitor check",
    "wachtmonitor worker",
    "wachtmonitor publish calls.csv --mapping mapping.toml --dry-run",
    "wachtmonitor publish calls.csv --mapping mapping.toml",
    "wachtmonitor simulate --date 2026-10-05 --seed 7 --kafka --at-once",
    "wachtmonitor report --month 2026-10",
    "wachtmonitor report --year 2026 --format html --output 2026.html",
    "wachtmonitor month list",
}
"""What these tests run; `make test` is what runs them."""

WITH_DOCKER: Final = (
    "docker compose up -d",
    "docker compose up -d --scale worker=3",
    "docker compose exec grafana cat /run/wachtmonitor/admin",
    "docker compose exec worker wachtmonitor simulate --kafka",
)
"""What `test_with_docker` runs where there is a Docker engine with Compose."""


def test_every_command_is_run() -> None:
    assert set(commands()) == RUN_BELOW | {"make test", *WITH_DOCKER}


def test_every_promise_is_held_by_tests() -> None:
    """A file with tests that run and can fail, a directory with some, or a target of the Makefile."""
    table = README.partition("| promise | held by |\n| --- | --- |\n")[2].partition("\n\n")[0]
    held_by = [re.findall(r"`([^`]+)`", row.rpartition(" | ")[2]) for row in table.splitlines()]
    assert len(held_by) > 20
    assert [number for number, names in enumerate(held_by) if not names] == []
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for name in {name for names in held_by for name in names}:
        if name.startswith("make "):
            assert f"\n{name.removeprefix('make ')}:" in makefile, name
        else:
            files = [ROOT / name] if name.endswith(".py") else (ROOT / name).glob("test_*.py")
            texts = [file.read_text(encoding="utf-8") for file in files]
            assert any(re.search(r"^(async )?def test_", text, re.MULTILINE) for text in texts), name


def test_every_file_that_is_named_is_there() -> None:
    linked = re.findall(r"\]\(([^)#:]+)\)", README)
    named = re.findall(r"`(tests/[\w/.]+)`", README)
    assert linked
    assert named
    assert [name for name in linked + named if not (ROOT / name).exists()] == []


@pytest.mark.kafka
@pytest.mark.timeout(240)
async def test_running_it_for_real(environment: dict[str, str], folder: Path) -> None:
    """The worker starts first here: it makes the topics that `check` then finds."""
    with running("wachtmonitor worker", folder, environment) as worker:
        address = f"http://127.0.0.1:{environment['WACHTMONITOR_WEB_PORT']}"
        await until(lambda: answers(f"{address}/health"), "a healthy worker")
        for command in (
            "wachtmonitor check",
            "wachtmonitor publish calls.csv --mapping mapping.toml --dry-run",
            "wachtmonitor publish calls.csv --mapping mapping.toml",
            "wachtmonitor simulate --date 2026-10-05 --seed 7 --kafka --at-once",
        ):
            done = await asyncio.to_thread(run, command, folder, environment)
            assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        month = "wachtmonitor report --month 2026-10"
        await until(lambda: run(month, folder, environment).returncode == 0, "month totals on their topic")
        for command in (
            "wachtmonitor report --year 2026 --format html --output 2026.html",
            "wachtmonitor month list",
        ):
            done = await asyncio.to_thread(run, command, folder, environment)
            assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        assert (folder / "2026.html").stat().st_size > 0
        assert answers(f"{address}/wall")
        assert answers(f"{address}/metrics")
        worker.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(worker.wait, 60) == 0


@pytest.mark.kafka
@pytest.mark.timeout(240)
@pytest.mark.parametrize("command", sorted(line for line in RUN_BELOW if line.startswith("make demo")))
async def test_the_demo(command: str, folder: Path, environment: dict[str, str]) -> None:
    """It answers on its pages, shows figures, and ends by Ctrl-C with a word and without a stack trace.

    A terminal sends Ctrl-C to make and to the demo alike; make then ends by the signal, whatever the demo's status.
    """
    port = free_port()
    arguments = command.partition('ARGS="')[2].rstrip('"')
    started = f'exec make --no-print-directory -C {ROOT} demo ARGS="{_absolute(arguments, folder)} --port {port}"'
    with running(started, folder, {"PATH": environment["PATH"], "HOME": os.environ["HOME"]}) as demo:
        await until(lambda: answers(f"http://127.0.0.1:{port}/health"), "a healthy demo")
        await until(lambda: counts_something(f"http://127.0.0.1:{port}/metrics"), "figures")
        os.killpg(demo.pid, signal.SIGINT)
        said = (await asyncio.to_thread(demo.communicate, timeout=60))[0]
    assert "Stop with Ctrl-C" in said
    assert "Stopped." in said
    assert "Traceback" not in said


def _docker_compose() -> bool:
    try:
        return all(
            subprocess.run(["docker", *words], capture_output=True, check=False).returncode == 0
            for words in (["info"], ["compose", "version"])
        )
    except OSError:
        return False


@pytest.mark.skipif(not _docker_compose(), reason="no Docker engine with Compose")
@pytest.mark.timeout(1800)
async def test_with_docker() -> None:
    """The commands as they stand, in a project of its own: three workers answer, and Grafana has the alert rules."""
    ports = {name: str(free_port()) for name in ("GRAFANA_PORT", "PROMETHEUS_PORT", "KAFKA_PORT")}
    environment = {**os.environ, **ports, "COMPOSE_PROJECT_NAME": f"wachtmonitor-{os.getpid()}"}
    up, scaled, shown, simulated = WITH_DOCKER
    workers = f"http://127.0.0.1:{ports['PROMETHEUS_PORT']}/api/v1/query?query=sum(up{{job=%22wachtmonitor%22}})"
    rules = f"http://127.0.0.1:{ports['GRAFANA_PORT']}/api/v1/provisioning/alert-rules"
    try:
        for command in (up, f"{scaled} --wait"):
            await asyncio.to_thread(run, command, ROOT, environment, 1_200)
        await until(lambda: [each["value"][1] for each in _json(workers)["data"]["result"]] == ["3"], "three workers")
        password = (await asyncio.to_thread(run, shown.replace("exec", "exec -T"), ROOT, environment)).stdout.strip()
        assert {rule["uid"] for rule in _json(rules, password)} == {alarm.uid for alarm in ALARMS}
        with suppress(subprocess.TimeoutExpired):  # it goes on for as long as the day does
            done = await asyncio.to_thread(run, simulated.replace("exec", "exec -T"), ROOT, environment, 20)
            assert done.returncode == 0, done.stderr
    finally:
        await asyncio.to_thread(run, "docker compose down --volumes", ROOT, environment)


def _json(address: str, password: str = "") -> Any:
    """The answer of Prometheus or of Grafana, where the first administrator may read everything."""
    login = base64.b64encode(f"admin:{password}".encode()).decode()
    with urlopen(Request(address, headers={"Authorization": f"Basic {login}"}), timeout=10) as answer:
        return json.load(answer)


def _absolute(arguments: str, folder: Path) -> str:
    return re.sub(r"(calls\.csv|mapping\.toml)", rf"{folder}/\1", arguments)


def run(
    command: str, folder: Path, environment: dict[str, str], seconds: int = 120
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end."""
    return subprocess.run(
        command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=seconds
    )


class running:  # noqa: N801 - reads as the statement that it is
    """A command that runs while the block does."""

    def __init__(self, command: str, folder: Path, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            command if command.startswith("exec") else f"exec {command}",
            shell=True,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> "subprocess.Popen[str]":
        return self._process

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()


def answers(address: str) -> bool:
    """Whether a page is served with status 200."""
    try:
        with urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def counts_something(address: str) -> bool:
    """Whether some call or visitor has been counted or waits."""
    with urlopen(address, timeout=5) as answer:
        return any(value > 0 for value in _figures(answer.read().decode()))


def _figures(exposition: str) -> Iterator[float]:
    for line in exposition.splitlines():
        if line.startswith(("wachtmonitor_served_contacts{", "wachtmonitor_waiting_contacts{")):
            yield float(line.rsplit(" ", 1)[1])
