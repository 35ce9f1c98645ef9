"""The secrets that a first start makes: once, whole, and asked of a Grafana as strict as its documentation."""

import base64
import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from streams.runtime.embedded import free_port

SCRIPT: Final = Path(__file__).parents[2] / "deploy" / "grafana" / "account.py"
PASSWORD: Final = "first-given"


@dataclass
class Grafana:
    """The part of Grafana's HTTP API that service accounts need, by its documentation."""

    unready: int = 0
    """So many questions about its health are answered with 503 first."""
    accounts: list[dict[str, Any]] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    """By name; a name is given once."""
    url: str = ""

    def reply(self, method: str, path: str, authorization: str, body: Any) -> tuple[int, Any]:
        """Status and JSON."""
        if path == "/api/health":
            self.unready -= 1
            return (503 if self.unready >= 0 else 200), {}
        if authorization.removeprefix("Bearer ") in self.tokens.values():
            return (200 if path == "/api/org" else 403), {}
        if authorization != f"Basic {base64.b64encode(f'admin:{PASSWORD}'.encode()).decode()}":
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
        timeout=60,
    )


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
    return run(
        "token", directory / "workers", GRAFANA_URL=grafana.url, GRAFANA_PASSWORD_FILE=str(directory / "admin")
    )


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


def test_workers_that_have_a_token_do_not_wait_for_grafana(tmp_path: Path) -> None:
    (tmp_path / "workers").write_text("glsa_kept")
    done = token(Grafana(url=f"http://127.0.0.1:{free_port()}"), tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "workers").read_text() == "glsa_kept"


def test_a_password_that_grafana_refuses_is_explained(grafana: Grafana, tmp_path: Path) -> None:
    done = token(grafana, tmp_path, "another")
    assert done.returncode == 1
    assert "GRAFANA_ADMIN_PASSWORD" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "workers").exists()
