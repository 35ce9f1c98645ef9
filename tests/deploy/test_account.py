"""The secrets that a first start makes: once, whole, and asked of a Grafana as strict as its documentation."""

import base64
import json
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

SCRIPT: Final = Path(__file__).parents[2] / "deploy" / "grafana" / "account.py"
PASSWORD: Final = "first-given"
LOOK_SECONDS: Final = 2.0
"""How often the script looks."""


@dataclass
class Grafana:
    """The part of Grafana's HTTP API that service accounts need, by its documentation."""

    unready: int = 0
    """So many questions about its health are answered with 503 first."""
    accounts: list[dict[str, Any]] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    """By name; a name is given once."""
    url: str = ""
    refused: int = 0
    """So many passwords."""

    def reply(self, method: str, path: str, authorization: str, body: Any) -> tuple[int, Any]:
        """Status and JSON."""
        if path == "/api/health":
            self.unready -= 1
            return (503 if self.unready >= 0 else 200), {}
        if authorization.removeprefix("Bearer ") in self.tokens.values():
            return (200 if path == "/api/org" else 403), {}
        if authorization != f"Basic {base64.b64encode(f'admin:{PASSWORD}'.encode()).decode()}":
            self.refused += authorization.startswith("Basic")
            return 401, {"message": "Invalid username or password"}
        return self._for_the_administrator(method, path, body)

    def _for_the_administrator(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if (method, path) == ("GET", "/api/serviceaccounts/search"):
            return 200, {"totalCount": len(self.accounts), "serviceAccounts": self.accounts}
        if (method, path) == ("POST", "/api/serviceaccounts"):
            if body["name"] in {each["name"] for each in self.accounts} or body["role"] not in {"Viewer", "Editor"}:
                return 400, {"message": "Failed to create service account"}
            self.accounts.append({"id": len(self.accounts) + 7, **body})
            return 201, self.accounts[-1]
        for each in self.accounts:
            if (method, path) == ("POST", f"/api/serviceaccounts/{each['id']}/tokens"):
                if body["name"] in self.tokens:
                    return 409, {"message": "name exists"}
                self.tokens[body["name"]] = f"glsa_{len(self.tokens)}"
                return 200, {"id": 1, "name": body["name"], "key": self.tokens[body["name"]]}
        return 404, {"message": "Not found"}


@pytest.fixture
def grafana() -> Iterator[Grafana]:
    """A server on this machine."""
    state = Grafana()

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else None
            path, authorization = urlsplit(self.path).path, self.headers.get("Authorization", "")
            status, reply = state.reply(self.command, path, authorization, body)
            content = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _any  # noqa: N815 - names of the library

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield state
        server.shutdown()


def run(what: str, file: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The script as Compose runs it."""
    return subprocess.run(
        [sys.executable, str(SCRIPT), what, str(file)],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def wait_for(condition: Callable[[], bool]) -> None:
    """Until it holds."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def mode(file: Path) -> int:
    """Who may do what with a file."""
    return stat.S_IMODE(file.stat().st_mode)


# What Grafana starts with.


def kept(directory: Path) -> dict[str, str]:
    """The secrets by name."""
    return {file.name: file.read_text() for file in directory.iterdir()}


def test_without_a_password_one_is_made_and_kept(tmp_path: Path) -> None:
    assert run("secrets", tmp_path).returncode == 0
    made = kept(tmp_path)
    assert set(made) == {"admin", "key"}
    assert all(len(secret) >= 24 for secret in made.values())
    assert made["admin"] != made["key"]
    assert run("secrets", tmp_path, GRAFANA_ADMIN_PASSWORD="").returncode == 0
    assert kept(tmp_path) == made


def test_two_installations_have_nothing_in_common(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        run("secrets", tmp_path / name)
    assert not set(kept(tmp_path / "one").values()) & set(kept(tmp_path / "other").values())


def test_a_password_of_the_environment_goes_first_and_is_not_said(tmp_path: Path) -> None:
    run("secrets", tmp_path)
    key = kept(tmp_path)["key"]
    done = run("secrets", tmp_path, GRAFANA_ADMIN_PASSWORD="of-the-city")
    assert kept(tmp_path) == {"admin": "of-the-city", "key": key}
    assert mode(tmp_path / "admin") == 0o644, "Grafana is another user"
    assert "of-the-city" not in done.stdout + done.stderr


# The token.


def token(grafana: Grafana, directory: Path, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
    """Ask for a token, into the file `workers`."""
    (directory / "admin").write_text(password)
    return run("token", directory / "workers", **environment_of(grafana, directory))


def environment_of(grafana: Grafana, directory: Path) -> dict[str, str]:
    """What Compose gives it."""
    return {"GRAFANA_URL": grafana.url, "GRAFANA_PASSWORD_FILE": str(directory / "admin")}


@contextmanager
def asking(grafana: Grafana, directory: Path) -> Iterator[subprocess.Popen[str]]:
    """The script while it asks for a token."""
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), "token", str(directory / "workers")],
        env={"PATH": os.environ["PATH"], **environment_of(grafana, directory)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line_of(process: subprocess.Popen[str]) -> str:
    """The next one that it says."""
    assert process.stderr is not None
    return process.stderr.readline()


def test_a_token_is_asked_for_once_grafana_is_ready(grafana: Grafana, tmp_path: Path) -> None:
    grafana.unready = 2
    done = token(grafana, tmp_path)
    assert done.returncode == 0, done.stderr
    (key,) = grafana.tokens.values()
    assert (tmp_path / "workers").read_text() == key
    assert mode(tmp_path / "workers") == 0o600
    assert [(each["name"], each["role"]) for each in grafana.accounts] == [("wachtmonitor", "Editor")]
    assert key not in done.stdout + done.stderr
    assert PASSWORD not in done.stdout + done.stderr


def test_a_token_that_works_is_kept(grafana: Grafana, tmp_path: Path) -> None:
    token(grafana, tmp_path)
    assert token(grafana, tmp_path, "long since changed").returncode == 0
    assert len(grafana.tokens) == 1


def test_a_token_that_grafana_does_not_know_is_replaced(grafana: Grafana, tmp_path: Path) -> None:
    """As after its volume has gone, or when somebody has taken the token back."""
    token(grafana, tmp_path)
    grafana.tokens = {"workers of another time": "glsa_old"}
    assert token(grafana, tmp_path).returncode == 0
    assert (tmp_path / "workers").read_text() in grafana.tokens.values()
    assert len(grafana.accounts) == 1


def test_it_asks_until_grafana_is_there(grafana: Grafana, tmp_path: Path) -> None:
    """For as long as it takes: it says once that it waits, and once that it is done."""
    (tmp_path / "admin").write_text(PASSWORD)
    grafana.unready = 1_000_000
    with asking(grafana, tmp_path) as process:
        assert "is not ready: its log says why. It is tried again; until then the snapshots" in line_of(process)
        asked = grafana.unready
        wait_for(lambda: grafana.unready <= asked - 2)
        assert process.poll() is None
        grafana.unready = 0
        assert "Grafana gave a token" in line_of(process), "and nothing in between"
        assert process.wait(timeout=240) == 0
    assert (tmp_path / "workers").read_text() in grafana.tokens.values()


def test_a_token_of_before_is_judged_once_grafana_is_there(grafana: Grafana, tmp_path: Path) -> None:
    """It may be of a Grafana that has gone with its volume; nobody waits for the answer."""
    (tmp_path / "workers").write_text("glsa_of-another-grafana")
    grafana.unready = 2
    assert token(grafana, tmp_path).returncode == 0
    assert (tmp_path / "workers").read_text() in grafana.tokens.values()


def test_a_password_that_grafana_refuses_is_explained_and_another_one_is_taken(
    grafana: Grafana, tmp_path: Path
) -> None:
    """The same one is not tried again and again: Grafana would lock its people out."""
    (tmp_path / "admin").write_text("another")
    with asking(grafana, tmp_path) as process:
        said = line_of(process)
        assert "Set GRAFANA_ADMIN_PASSWORD to that one" in said
        assert "another" not in said
        time.sleep(2.5 * LOOK_SECONDS)
        assert grafana.refused == 1
        assert not (tmp_path / "workers").exists()
        (tmp_path / "admin").write_text(PASSWORD)
        assert "Grafana gave a token" in line_of(process)
        assert process.wait(timeout=240) == 0


def test_it_ends_when_it_is_told_to(grafana: Grafana, tmp_path: Path) -> None:
    """A container waits ten seconds for who does not, and it may have to ask for days."""
    (tmp_path / "admin").write_text(PASSWORD)
    grafana.unready = 1_000_000
    with asking(grafana, tmp_path) as process:
        line_of(process)
        process.terminate()
        assert process.wait(timeout=240) == 1, "by its own handler: the first process of a container has no other"
