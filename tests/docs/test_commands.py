"""Every command of the README and of docs/ does what they say, and every file they name is there.

Commands are the lines of shell blocks. They are run here in groups: what needs Kafka beside one worker, what writes
generated files in a copy of the repository, what needs Docker where there is an engine.
"""

import argparse
import asyncio
import base64
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

import click
import pytest

from dashboards.alarms.rules import ALARMS
from streams.commands.main import main
from streams.kafka.embedded import BrokerProcess
from streams.kafka.rights import Role, rights_of
from streams.settings import load
from tests.brokers.ports import next_port
from tests.docs.pages import PAGES, ROOT
from tests.mapped_calls import MAPPING
from tests.runtime.workers import until

EXPORT: Final = "export WACHTMONITOR_KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092"

CALLS: Final = """\
id,queue,came,taken
1,KCC,2026-10-05 09:30:00,2026-10-05 09:30:12
2,KCC,2026-10-05 09:31:00,
3,KCC,2026-09-07 09:31:00,2026-09-07 09:31:20
"""


def commands() -> set[str]:
    """The lines of all shell blocks, also of those that stand in a list."""
    blocks = [
        block
        for page in PAGES.values()
        for block in re.findall(r"^ *```sh\n(.*?)^ *```", page, re.MULTILINE | re.DOTALL)
    ]
    return {line.strip() for block in blocks for line in block.splitlines()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a user stands, with a file of calls and its mapping."""
    (tmp_path / "calls.csv").write_text(CALLS)
    (tmp_path / "mapping.toml").write_text(MAPPING)
    shutil.copy(ROOT / "streams" / "wachtmonitor.toml", tmp_path / "lier.toml")
    return tmp_path


@pytest.fixture
def environment(apache_kafka: BrokerProcess) -> dict[str, str]:
    """The variables of the README, with the address of this run's broker and a free port."""
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "WACHTMONITOR_KAFKA_BOOTSTRAP_SERVERS": apache_kafka.bootstrap,
        "WACHTMONITOR_WEB_PORT": str(next_port()),
    }


BESIDE_A_WORKER: Final = (
    "wachtmonitor check",
    "wachtmonitor check --settings lier.toml --offline",
    "wachtmonitor check --settings lier.toml",
    "wachtmonitor publish calls.csv --guess > mapping.toml",
    "wachtmonitor publish calls.csv --mapping mapping.toml --dry-run",
    "wachtmonitor publish calls.csv --mapping mapping.toml",
    "wachtmonitor simulate --date 2026-10-05 --seed 7 --kafka --at-once",
)
"""What `test_running_it_for_real` runs in this order, once a worker serves its pages."""

WITH_FIGURES: Final = (
    "wachtmonitor report --month 2026-10",
    "wachtmonitor report --year 2026 --format html --output 2026.html",
    "wachtmonitor month list",
    'wachtmonitor month close 2026-09 --why "filled from the archive"',
    'wachtmonitor month reopen 2026-09 --why "the exchange sent a day late"',
)
"""What it runs then, once there are month totals."""

DEMOS: Final = ("make demo", 'make demo ARGS="--replay calls.csv --mapping mapping.toml --speed 60"')

WITH_DOCKER: Final = (
    "docker compose up -d",
    "docker compose up -d --scale worker=3",
    "docker compose exec grafana cat /run/wachtmonitor/admin",
    "docker compose exec worker wachtmonitor simulate --kafka",
    "docker compose build worker",
    "docker compose restart prometheus",
)
"""What `test_with_docker` runs where there is a Docker engine with Compose."""

IN_A_COPY: Final = ("make docs", "WACHTMONITOR_SETTINGS=lier.toml make dashboards")
"""What `test_what_writes_files` runs in a copy of the repository."""

GRANTS: Final = (
    "kafka-acls.sh --bootstrap-server kafka:9092 --add --allow-principal User:wachtmonitor --operation Read "
    "--topic calls",
)
"""What `test_a_right_is_granted_with_the_options_that_are_named` reads as Kafka's own script does."""


def test_every_command_is_run() -> None:
    run_below = {*BESIDE_A_WORKER, *WITH_FIGURES, *DEMOS, *WITH_DOCKER, *IN_A_COPY, *GRANTS}
    assert commands() == run_below | {EXPORT, "wachtmonitor worker", "make test"}


def test_every_command_in_a_sentence_has_the_options_that_it_is_given() -> None:
    """`wachtmonitor snapshot --month 2026-10 --dry-run` within a line; what is compulsory may be left out there."""
    named = {code for page in PAGES.values() for code in re.findall(r"`wachtmonitor ([a-z][^`]*)`", page)}
    assert len(named) > 10
    for code in named:
        _parse(main, shlex.split(re.sub(r"\b[A-Z]{3,}\b", str(ROOT / "README.md"), code)))


def _parse(command: click.Command, arguments: list[str]) -> None:
    """Read the arguments as click does, and run nothing."""
    if isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        found = command.get_command(click.Context(command), arguments[0])
        assert found is not None, arguments
        _parse(found, arguments[1:])
    else:
        with suppress(click.MissingParameter, click.exceptions.NoArgsIsHelpError):
            command.make_context(command.name, arguments)


def test_every_target_of_make_that_is_named_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = {name for page in PAGES.values() for name in re.findall(r"`make ([a-z]+)", page)}
    assert len(named) > 5
    assert [name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []


def test_every_file_that_is_named_is_there() -> None:
    """In backticks, from the root of the repository; the changelog names those of before too."""
    folders = "streams|dashboards|deploy|tests|docs"
    pages = [page for path, page in PAGES.items() if path != "CHANGELOG.md"]
    named = {name for page in pages for name in re.findall(rf"`((?:{folders})/[\w/.*-]+)`", page)}
    assert len(named) > 20
    assert [name for name in named if not list(ROOT.glob(name.rstrip("/")))] == []


def test_a_right_is_granted_with_the_options_that_are_named() -> None:
    """They are options of the list, so what a command asks to be granted is what the page says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("script")
    parser.add_argument("--bootstrap-server", required=True)
    parser.add_argument("--add", action="store_true", required=True)
    parser.add_argument("--allow-principal", required=True)
    for grant in GRANTS:
        _, options = parser.parse_known_args(shlex.split(grant))
        granted = {right.options() for role in Role for right in rights_of(role, load(None, {}).kafka)}
        assert shlex.join(options) in granted


def test_what_writes_files(tmp_path: Path) -> None:
    """In a copy: `make docs` finds all as it is; with other opening hours the alarms' mute timing has these."""
    copy = tmp_path / "copy"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    for name in listed.stdout.decode().splitlines():
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    (copy / ".venv").symlink_to(ROOT / ".venv")
    for name in ("pyproject.toml", *(lock.name for lock in ROOT.glob("*.lock"))):
        os.utime(copy / name, (0, 0))  # or make would install the copy into the environment, which all tests use
    settings = (ROOT / "streams" / "wachtmonitor.toml").read_text(encoding="utf-8")
    (copy / "lier.toml").write_text(settings.replace('"08:30-12:00, 13:00-16:00"', '"09:10-11:50"'))
    everything, dashboards = IN_A_COPY
    before = _contents(copy)
    done = run(everything, copy, dict(os.environ))
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path for path, text in _contents(copy).items() if before.get(path) != text] == []
    done = run(dashboards, copy, dict(os.environ))
    assert done.returncode == 0, done.stdout + done.stderr
    timings = (copy / "deploy/grafana/alerting/nl/mute-timings.yml").read_text(encoding="utf-8")
    assert "09:10" in timings
    assert "11:50" in timings


def _contents(directory: Path) -> dict[Path, bytes]:
    """Of the folders that hold anything generated."""
    folders = ("dashboards", "deploy", "docs")
    paths = [path for folder in folders for path in (directory / folder).rglob("*")]
    return {path: path.read_bytes() for path in paths if path.is_file() and path.suffix != ".pyc"}


@pytest.mark.kafka
async def test_running_it_for_real(environment: dict[str, str], folder: Path) -> None:
    """The worker starts first here: it makes the topics that `check` then finds."""
    with running("wachtmonitor worker", folder, environment) as worker:
        address = f"http://127.0.0.1:{environment['WACHTMONITOR_WEB_PORT']}"
        await until(lambda: answers(f"{address}/health"), "a healthy worker")
        for command in BESIDE_A_WORKER:
            done = await asyncio.to_thread(run, command, folder, environment)
            assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        for month in ("2026-09", "2026-10"):
            report = f"wachtmonitor report --month {month}"
            await until(lambda: run(report, folder, environment).returncode == 0, f"totals of {month}")  # noqa: B023 - awaited in its turn
        for command in WITH_FIGURES:
            done = await asyncio.to_thread(run, command, folder, environment)
            assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        assert (folder / "2026.html").stat().st_size > 0
        assert answers(f"{address}/wall")
        assert answers(f"{address}/metrics")
        worker.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(worker.wait, 240) == 0


@pytest.mark.kafka
@pytest.mark.parametrize("command", DEMOS)
async def test_the_demo(command: str, folder: Path, environment: dict[str, str]) -> None:
    """It answers on its pages, shows figures, and ends by Ctrl-C with a word and without a stack trace.

    A terminal sends Ctrl-C to make and to the demo alike; make then ends by the signal, whatever the demo's status.
    """
    port = next_port()
    arguments = command.partition('ARGS="')[2].rstrip('"')
    started = f'exec make --no-print-directory -C {ROOT} demo ARGS="{_absolute(arguments, folder)} --port {port}"'
    with running(started, folder, {"PATH": environment["PATH"], "HOME": os.environ["HOME"]}) as demo:
        await until(lambda: answers(f"http://127.0.0.1:{port}/health"), "a healthy demo")
        await until(lambda: counts_something(f"http://127.0.0.1:{port}/metrics"), "figures")
        os.killpg(demo.pid, signal.SIGINT)
        said = (await asyncio.to_thread(demo.communicate, timeout=240))[0]
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
    ports = {name: str(next_port()) for name in ("GRAFANA_PORT", "PROMETHEUS_PORT", "KAFKA_PORT")}
    environment = {**os.environ, **ports, "COMPOSE_PROJECT_NAME": f"wachtmonitor-{os.getpid()}"}
    up, scaled, shown, simulated, *upgrade = WITH_DOCKER
    workers = f"http://127.0.0.1:{ports['PROMETHEUS_PORT']}/api/v1/query?query=sum(up{{job=%22wachtmonitor%22}})"
    rules = f"http://127.0.0.1:{ports['GRAFANA_PORT']}/api/v1/provisioning/alert-rules"
    try:
        for command in (up, *upgrade, f"{scaled} --wait"):
            await asyncio.to_thread(run, command, ROOT, environment, 1_200)
        await until(lambda: [each["value"][1] for each in _json(workers)["data"]["result"]] == ["3"], "three workers")
        password = (await asyncio.to_thread(run, shown.replace("exec", "exec -T"), ROOT, environment)).stdout.strip()
        assert {rule["uid"] for rule in _json(rules, password)} == {alarm.uid for alarm in ALARMS}
        with running(f"exec {simulated.replace('exec', 'exec -T')}", ROOT, environment) as feed:
            assert feed.stdout is not None  # it goes on for as long as the day does, and says first what that holds
            said = await asyncio.to_thread(feed.stdout.readline)
            assert re.match(r"\d{4}-\d\d-\d\d(, seed 1: \d+ events| is closed in the settings)", said), said
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
    command: str, folder: Path, environment: dict[str, str], seconds: int = 240
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
