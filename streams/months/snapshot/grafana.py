"""Grafana as snapshots need it, through the client `grafana-api`: bounded in time, tried again, and clear on refusal.

The client is at its last release (1.0.3): it makes the requests, stamina repeats those that broke down with growing
pauses, requests refuses redirects, on which a POST would become a GET, and every refusal says here what to do. The
token is read when it is needed: until it is there, snapshots wait, nothing else. What Grafana replies is from its
source (pkg/api/dashboard_snapshot.go and pkg/services/dashboardsnapshots, 10 to 13;
pkg/registry/apis/dashboard/snapshot, where it is switched on in 13).
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests
from grafana_api.grafana_api import GrafanaException
from grafana_api.grafana_face import GrafanaFace

from streams.months.snapshot.asking import ATTEMPTS, cause, tries
from streams.settings import GrafanaSettings, Secret
from streams.settings.environment import TOKEN_VARIABLE

T = TypeVar("T")
Json = dict[str, Any]

SNAPSHOT_BYTES_MAX: Final = 16 * 1024 * 1024
"""Largest snapshot: the database column that keeps it on MySQL is a MEDIUMBLOB (Grafana's migrations)."""

NAME_LENGTH_MAX: Final = 255
"""Longest name of a snapshot, in characters (Grafana's migrations)."""

TOKEN_BYTES_MAX: Final = 4096
"""So much of a file is looked at: a token of Grafana has 46 characters."""

_SERVER_ERRORS: Final = range(500, 600)
_NOT_FOUND: Final = 404


class GrafanaError(Exception):
    """Grafana cannot be used, or refuses; the text says why and what to do."""

    may_pass = False
    """Whether another try may help."""


class MissingError(GrafanaError):
    """What was asked for is not there."""


class Made(msgspec.Struct, frozen=True):
    """A snapshot that Grafana has taken."""

    key: str
    delete_key: str
    url: str


class _Reply(msgspec.Struct):
    key: str
    deleteKey: str  # noqa: N815 - Grafana's name
    url: str = ""


def token_of(settings: GrafanaSettings) -> Secret:
    """The token of this moment. Raises `GrafanaError` when there is none; no text of the file is repeated."""
    if settings.token is not None:
        return _checked(settings.token.get_secret_value(), f"the value of {TOKEN_VARIABLE}")
    if settings.token_file is None:
        raise GrafanaError(
            "No token for Grafana is set. Make a service account with the role Editor, give it a token "
            f"and put that alone into a file that token_file in [grafana] names, or in {TOKEN_VARIABLE}."
        )
    found = _read(settings.token_file, "token_file", "that file alone", TOKEN_BYTES_MAX)
    return _checked(found.decode("utf-8", "replace").strip(), "the file that token_file in [grafana] names")


def _read(path: Path, key: str, what: str, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise GrafanaError(
            f"The file that {key} in [grafana] names cannot be read ({reason}). Expected {what}: put it there, and "
            "let this user read it. It is looked for again by itself."
        ) from None


def _checked(token: str, where: str) -> Secret:
    """What can stand in a header: the client's refusal of anything else repeats it."""
    if token and token.isascii() and token.isprintable() and " " not in token:
        return Secret(token)
    got = "nothing" if not token else "something with blanks, line ends or letters beyond ASCII"
    raise GrafanaError(f"Expected the token of a service account and nothing else in {where}, got {got}.")


class Grafana:
    """One Grafana, by its settings."""

    def __init__(
        self,
        settings: GrafanaSettings,
        *,
        attempts: int = ATTEMPTS,
        anonymous: bool = False,
    ) -> None:
        """Nothing connects yet; what breaks down is asked so many times.

        Raises `GrafanaError` when the settings name no Grafana or there is no token, without which `anonymous` does.
        """
        if settings.url is None:
            raise GrafanaError(
                "No Grafana is set. Name it: url in [grafana] of the settings, or WACHTMONITOR_GRAFANA_URL."
            )
        if settings.ca_file is not None:
            _read(settings.ca_file, "ca_file", "the authority that its certificate is checked by, as PEM", 0)
        token = None if anonymous else token_of(settings)
        self._settings = settings
        self._attempts = attempts
        self._status: int | None = None
        self._text = ""
        self._face = _client(settings, token, self._remember)

    def _remember(self, response: requests.Response, *_: Any, **__: Any) -> None:
        """The client loses the status of some replies in errors of its own."""
        self._status, self._text = response.status_code, _message(response)

    # What is asked.

    def version(self) -> str:
        """Its version, such as `12.1.0`; empty where it hides that. Needs no valid token."""
        health: Json = self._tried(lambda: self._face.api.GET("/health"), "say how it is")
        return str(health.get("version", ""))

    def permissions(self) -> frozenset[str] | None:
        """What the service account may do, whatever the scope; None where Grafana does not tell."""
        try:
            found: Json = self._tried(
                lambda: self._face.api.GET("/access-control/user/permissions"), "say what the token permits"
            )
        except MissingError:
            return None
        return frozenset(found)

    def snapshots_enabled(self) -> bool:
        """Whether snapshots are switched on; a Grafana that does not tell has them."""
        options: Json = self._tried(
            lambda: self._face.api.GET("/snapshot/shared-options"), "say whether snapshots are on"
        )
        return options.get("snapshotEnabled", options.get("snapshotsEnabled", True)) is not False

    def dashboard(self, uid: str) -> Json:
        """The dashboard with this uid, as Grafana stores it. Raises `MissingError` when there is none."""
        found: Json = self._tried(lambda: self._face.dashboard.get_dashboard(uid), f"read the dashboard {uid}")
        dashboard: Json = found["dashboard"]
        return dashboard

    def has_snapshot(self, key: str) -> bool:
        """Whether there is a snapshot with this key."""
        try:
            self._tried(lambda: self._face.snapshots.get_snapshot_by_key(key), "look for a snapshot")
        except MissingError:
            return False
        return True

    def make_snapshot(self, dashboard: Json, *, name: str, key: str, delete_key: str, expires_seconds: int) -> Made:
        """Store a snapshot under these keys; 0 seconds is for ever.

        Keys that are ours make trying again harmless: if an earlier try has arrived after all, its snapshot is found.
        """

        def create() -> Json:
            reply: Json = self._face.snapshots.create_new_snapshot(
                dashboard, name=name, expires=expires_seconds, key=key, delete_key=delete_key
            )
            return reply

        try:
            reply = msgspec.convert(
                self._tried(create, "make a snapshot", done=lambda: self._arrived(key, delete_key)), _Reply
            )
        except msgspec.ValidationError as error:
            raise GrafanaError(f"Grafana took the snapshot but its reply is not understood: {error}.") from error
        return Made(reply.key, reply.deleteKey, reply.url or f"{self._settings.url}/dashboard/snapshot/{reply.key}")

    def _arrived(self, key: str, delete_key: str) -> Json | None:
        if not self.has_snapshot(key):
            return None
        return {"key": key, "deleteKey": delete_key}

    def delete_snapshot(self, delete_key: str) -> bool:
        """Remove a snapshot; False when it was gone already."""
        try:
            self._tried(lambda: self._face.snapshots.delete_snapshot_by_delete_key(delete_key), "delete a snapshot")
        except MissingError:
            return False
        return True

    # How it is asked.

    def _tried(self, ask: Callable[[], T], what: str, done: Callable[[], T | None] = lambda: None) -> T:
        """The reply; `done` finds what an earlier try has brought about before it is tried again."""
        for attempt in tries(self._attempts, _may_pass):
            if attempt.num > 1 and (found := done()) is not None:
                return found
            with attempt:
                return self._asked(ask, what)
        raise AssertionError("the last try returns or raises")

    def _asked(self, ask: Callable[[], T], what: str) -> T:
        self._status = None
        try:
            return ask()
        except (requests.RequestException, GrafanaException, ValueError, TypeError) as error:
            problem = self._problem(error, what)
            problem.may_pass = self._may_try_again(error)
            raise problem from error

    def _may_try_again(self, error: Exception) -> bool:
        """After a broken connection or an error of the server; a certificate or an address stays wrong."""
        if self._status is not None:
            return self._status in _SERVER_ERRORS
        stays_wrong = requests.exceptions.SSLError | requests.exceptions.InvalidURL
        return isinstance(error, requests.RequestException) and not isinstance(error, stays_wrong)

    def _problem(self, error: Exception, what: str) -> GrafanaError:
        url = self._settings.url
        begin = f"Grafana at {url} could not be asked to {what}"
        if isinstance(error, requests.exceptions.SSLError):
            return GrafanaError(
                f"{begin}: its certificate is not trusted ({cause(error)}). Name its authority in ca_file."
            )
        if isinstance(error, requests.TooManyRedirects):
            return GrafanaError(
                f"{begin}: it sends to another address. Set url in [grafana] to that one, with https."
            )
        if isinstance(error, requests.Timeout):
            return GrafanaError(f"{begin}: no answer within {self._settings.timeout_seconds:g} s. Is it up?")
        if isinstance(error, requests.RequestException) and self._status is None:
            return GrafanaError(f"{begin}: {cause(error)}. Is it up, and is url in [grafana] right?")
        return self._refusal(what)

    def _refusal(self, what: str) -> GrafanaError:
        status, said = self._status, self._text
        kind = MissingError if status == _NOT_FOUND else GrafanaError
        if status is None or status < 400:  # noqa: PLR2004 - below it nothing is refused
            return GrafanaError(
                f"What answers at {self._settings.url} is no Grafana: the reply is no JSON. Correct url in [grafana]."
            )
        advice = next((text for words, text in _BY_WORDS.items() if words in said), None) or _BY_STATUS.get(status)
        return kind(f"Grafana refuses to {what} ({status}: {said}). {advice or _OTHER}")


def _may_pass(error: Exception) -> bool:
    return isinstance(error, GrafanaError) and error.may_pass


_NO_DASHBOARD: Final = (
    "Since version 11 a snapshot needs the dashboard that it is of: provision the Month dashboard, or set "
    "dashboard_uid in [grafana] to the uid that it has, and let the service account read it."
)
_NO_UID: Final = "The dashboard has no uid: save it in Grafana, and set dashboard_uid in [grafana]."
_BY_WORDS: Final[Mapping[str, str]] = {
    "Snapshots are disabled": "Set enabled = true under [snapshots] in grafana.ini.",
    "Dashboard not found": _NO_DASHBOARD,
    "dashboard with UID": _NO_DASHBOARD,  # these words and the next but one come from its Kubernetes API, in 13
    "Unique identifier needed": _NO_UID,
    "dashboard UID is required": _NO_UID,
}
"""Advice by what Grafana says."""

_BY_STATUS: Final[Mapping[int, str]] = {
    401: "The token is not valid, or has expired: make a new one for the service account and set it.",
    403: (
        "The service account lacks a permission: it needs the role Editor, or snapshots:create, snapshots:delete and "
        "dashboards:read on the Month dashboard."
    ),
    404: "It is not there. Is url in [grafana] the address of Grafana itself, with its path if it has one?",
    412: "Somebody else has changed the same thing at this moment: look in Grafana, and run the command again.",
    413: "The snapshot is larger than a proxy in front of Grafana lets through: raise its limit.",
}
_OTHER: Final = "Grafana's log says more."


def _client(settings: GrafanaSettings, token: Secret | None, remember: Callable[..., None]) -> GrafanaFace:
    url = settings.url
    assert url is not None, "checked before"
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    prefix = parts.path.strip("/")
    face = GrafanaFace(
        token.get_secret_value() if token is not None else "",
        host=host,
        port=parts.port,
        url_path_prefix=f"{prefix}/" if prefix else "",
        protocol=parts.scheme,
        verify=str(settings.ca_file) if settings.ca_file else True,
        timeout=settings.timeout_seconds,
    )
    if token is None:
        face.api.auth = None
    session: requests.Session = face.api.s
    session.max_redirects = 0
    session.hooks["response"].append(remember)
    return face


def _message(response: requests.Response) -> str:
    """What Grafana says about it, in a line."""
    try:
        said = response.json()
    except ValueError:
        return response.reason or ""
    return str(said.get("message", "")) if isinstance(said, dict) else ""
