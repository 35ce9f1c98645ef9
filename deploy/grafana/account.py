"""What Grafana and the workers have to know of each other, made at the first `docker compose up`.

`secrets DIRECTORY` keeps what Grafana starts with: in `admin` the password of its first user, which is the one in
GRAFANA_ADMIN_PASSWORD or, without it, a random one that is made once; in `key` the key that it encrypts with.
`token FILE` keeps the token by which workers make snapshots: Grafana is asked for it once, for a service account that
is no administrator, and until it answers it is asked again, for as long as it takes: nobody waits for it but the
snapshots of months. Both leave alone what is there and works, so every start may run them. Must not know workers, nor
print a secret.

The requests are those of Grafana's documentation, "Service account API" (9.1 to 13).
"""

import logging
import os
import secrets
import signal
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
LOOK_SECONDS: Final = 2.0
"""How often is looked whether Grafana is ready, or the password another: a first start takes up to a minute."""

TIMEOUT_SECONDS: Final = 10.0
_UNAUTHORIZED: Final = 401
_OF_ALL: Final = 0o644
"""Grafana is another user than the workers; who does not mount the volume sees none of it."""
_OF_OWNER: Final = 0o600


class AccountError(Exception):
    """There is no secret to keep yet; the text says what to do."""

    pause_seconds = 60.0
    """Before it is tried again with the same password."""


class UnreadyError(AccountError):
    """Grafana does not answer yet."""

    pause_seconds = LOOK_SECONDS


class PasswordError(AccountError):
    """Grafana refuses the password: it locks out who fails five times in five minutes, whoever else has that name."""

    pause_seconds = 600.0


def keep_secrets(directory: Path, environ: Mapping[str, str]) -> None:
    """The password of the environment, or the one that is there, or a new one; and a key that never changes."""
    for name, given in (("admin", environ.get("GRAFANA_ADMIN_PASSWORD", "")), ("key", "")):
        file = directory / name
        if given or not file.exists():
            _write(file, given or secrets.token_urlsafe(24), _OF_ALL)


def keep_token(file: Path, environ: Mapping[str, str]) -> None:
    """The token that is there, unless Grafana refuses it, or a new one; returns once there is one that works.

    What it waits for is said when it changes.
    """
    said = ""
    while True:
        password = _read(Path(environ["GRAFANA_PASSWORD_FILE"]))
        try:
            _keep_token(file, environ["GRAFANA_URL"], password)
        except AccountError as error:
            if str(error) != said:
                log.warning("%s It is tried again; until then the snapshots of months wait, and nothing else.", error)
            said = str(error)
            _wait(error.pause_seconds, Path(environ["GRAFANA_PASSWORD_FILE"]), password)
        else:
            return


def _keep_token(file: Path, url: str, password: str) -> None:
    _ask_health(url)
    token = _read(file)
    if token and not _is_refused(url, token):
        return
    if not password:
        raise AccountError("There is no password to log in at Grafana with: `secrets` makes it.")
    _write(file, _new_token(url, password), _OF_OWNER)
    log.info("Grafana gave a token for snapshots; workers take it by themselves")


def _wait(seconds: float, password_file: Path, password: str) -> None:
    """So long, or until there is another password, which may be right."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and _read(password_file) == password:
        time.sleep(LOOK_SECONDS)


def _read(file: Path) -> str:
    """What it holds; nothing where it is not there yet."""
    return file.read_text(encoding="utf-8") if file.exists() else ""


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
    """Whether Grafana says so."""
    headers = {"Authorization": f"Bearer {token}"}
    try:
        reply = _session().get(f"{url}/api/org", headers=headers, timeout=TIMEOUT_SECONDS)
    except requests.RequestException as error:
        raise _unready(url) from error
    return reply.status_code == _UNAUTHORIZED


def _ask_health(url: str) -> None:
    try:
        ready = _session().get(f"{url}/api/health", timeout=TIMEOUT_SECONDS).ok
    except requests.RequestException as error:
        raise _unready(url) from error
    if not ready:
        raise _unready(url)


def _unready(url: str) -> UnreadyError:
    """In the same words, whatever it is that it lacks."""
    return UnreadyError(f"Grafana at {url} is not ready: its log says why.")


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
        raise UnreadyError("Grafana was there and no longer answers: its log says why.") from error
    if reply.status_code == _UNAUTHORIZED:
        raise PasswordError(
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
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the first process of a container is not ended otherwise
    what, place = sys.argv[1:]
    try:
        KEEP[what](Path(place), os.environ)
    except AccountError as error:
        log.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
