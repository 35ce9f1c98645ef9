"""What Grafana and the workers have to know of each other, made at the first `docker compose up`.

`secrets DIRECTORY` keeps what Grafana starts with: in `admin` the password of its first user, which is the one in
GRAFANA_ADMIN_PASSWORD or, without it, a random one that is made once; in `key` the key that it encrypts with.
`token FILE` keeps the token by which workers make snapshots: Grafana is asked for it once, for a service account that
is no administrator. Both leave alone what is there and works, so every start may run them, and workers start without
Grafana once they have a token. Must not know workers, nor print a secret.

The requests are those of Grafana's documentation, "Service account API" (9.1 to 13).
"""

import logging
import os
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import requests

log = logging.getLogger("account")

ACCOUNT: Final = "wachtmonitor"
ROLE: Final = "Editor"
"""The lowest role that may make and delete snapshots."""

FIRST_USER: Final = "admin"
PATIENCE_SECONDS: Final = 180.0
"""A first start makes the database: on a slow machine that takes a minute."""

TIMEOUT_SECONDS: Final = 10.0
_UNAUTHORIZED: Final = 401
_OF_ALL: Final = 0o644
"""Grafana is another user than the workers; who does not mount the volume sees none of it."""
_OF_OWNER: Final = 0o600


class AccountError(Exception):
    """There is no secret to keep; the text says what to do."""


def keep_secrets(directory: Path, environ: Mapping[str, str]) -> None:
    """The password of the environment, or the one that is there, or a new one; and a key that never changes."""
    for name, given in (("admin", environ.get("GRAFANA_ADMIN_PASSWORD", "")), ("key", "")):
        file = directory / name
        if given or not file.exists():
            _write(file, given or secrets.token_urlsafe(24), _OF_ALL)


def keep_token(file: Path, environ: Mapping[str, str]) -> None:
    """The token that is there, unless Grafana refuses it, or a new one. Raises `AccountError`."""
    url = environ["GRAFANA_URL"]
    if file.exists() and not _is_refused(url, file.read_text(encoding="utf-8")):
        return
    password = Path(environ["GRAFANA_PASSWORD_FILE"]).read_text(encoding="utf-8")
    _wait(url)
    _write(file, _new_token(url, password), _OF_OWNER)
    log.info("Grafana gave a token for snapshots; workers that run already take it when they are restarted")


def _write(file: Path, secret: str, mode: int) -> None:
    """Whole or not at all, and never readable by more users than in the end."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=_OF_OWNER)
    fresh.write_text(secret, encoding="utf-8")
    fresh.chmod(mode)
    fresh.replace(file)


# Grafana.


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # a proxy for the internet does not lead to the next container
    return session


def _is_refused(url: str, token: str) -> bool:
    """Whether Grafana says so: one that does not answer refuses nothing."""
    headers = {"Authorization": f"Bearer {token}"}
    try:
        reply = _session().get(f"{url}/api/org", headers=headers, timeout=TIMEOUT_SECONDS)
    except requests.RequestException:
        return False
    return reply.status_code == _UNAUTHORIZED


def _wait(url: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _is_healthy(url):
        if time.monotonic() > deadline:
            raise AccountError(f"Grafana at {url} is not ready after {PATIENCE_SECONDS:.0f} s: its log says why.")
        time.sleep(1)


def _is_healthy(url: str) -> bool:
    try:
        return _session().get(f"{url}/api/health", timeout=TIMEOUT_SECONDS).ok
    except requests.RequestException:
        return False


def _new_token(url: str, password: str) -> str:
    accounts = f"{url}/api/serviceaccounts"
    found = _ask(password, "GET", f"{accounts}/search?query={ACCOUNT}")["serviceAccounts"]
    known = [each["id"] for each in found if each["name"] == ACCOUNT]
    account = known[0] if known else _ask(password, "POST", accounts, {"name": ACCOUNT, "role": ROLE})["id"]
    # The names of an account's tokens differ.
    name = f"workers {secrets.token_hex(4)}"
    return str(_ask(password, "POST", f"{accounts}/{account}/tokens", {"name": name})["key"])


def _ask(password: str, method: str, url: str, body: Mapping[str, str] | None = None) -> Any:
    try:
        reply = _session().request(
            method, url, json=body, auth=(FIRST_USER, password), timeout=TIMEOUT_SECONDS, allow_redirects=False
        )
    except requests.RequestException as error:
        raise AccountError(f"Grafana was there and no longer answers: {error}. Its log says why.") from error
    if reply.status_code == _UNAUTHORIZED:
        raise AccountError(
            "Grafana refuses the password: it keeps the one that it was given first, or was changed to since. "
            "Set GRAFANA_ADMIN_PASSWORD to that one, and start again."
        )
    if not reply.ok or reply.is_redirect:
        raise AccountError(f"Grafana refuses {method} {url} ({reply.status_code}: {reply.text[:200]}).")
    return reply.json()


KEEP: Final[Mapping[str, Callable[[Path, Mapping[str, str]], None]]] = {
    "secrets": keep_secrets,
    "token": keep_token,
}


def main() -> int:
    """Exit status: 0 when all is there."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    what, place = sys.argv[1:]
    try:
        KEEP[what](Path(place), os.environ)
    except AccountError as error:
        log.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
