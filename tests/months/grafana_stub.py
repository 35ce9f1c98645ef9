"""A Grafana for tests that is as strict as the real one, and stricter about what it would only show wrongly.

Its replies are those of Grafana's source (pkg/api/dashboard_snapshot.go, pkg/services/dashboardsnapshots,
pkg/api/dashboard.go, pkg/services/accesscontrol/api/api.go) for versions 10 to 13, and those of its Kubernetes API
(pkg/registry/apis/dashboard/snapshot/routes.go). Beyond Grafana it refuses a snapshot that would need a data source,
and frames whose columns do not fit their schema: Grafana stores those and shows nothing.
"""

import json
import re
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from jsonschema import Draft202012Validator

Json = dict[str, Any]

TOKEN: Final = "glsa_of-the-test-alone"
EDITOR: Final = frozenset({"snapshots:create", "snapshots:delete", "dashboards:read"})

COMMAND: Final = Draft202012Validator(
    {
        "type": "object",
        "required": ["dashboard"],
        "additionalProperties": False,
        "properties": {
            "dashboard": {"type": "object"},
            "name": {"type": "string", "minLength": 1, "maxLength": 255},
            "expires": {"type": "integer", "minimum": 0},
            "external": {"type": "boolean"},
            "key": {"type": "string", "maxLength": 190},
            "deleteKey": {"type": "string", "maxLength": 190},
        },
    }
)
"""`CreateDashboardSnapshotCommand` of the published API description, with the lengths of the database's columns."""


HANG_SECONDS: Final = 60.0
"""Longer than any client waits here."""

KINDS: Final[dict[str, tuple[type, ...]]] = {"time": (int,), "number": (int, float), "string": (str,)}
"""What the values of a field's type are in JSON."""


@dataclass
class GrafanaStub:
    """The server's state; tests set what it has, and read what it was sent."""

    version: int = 12
    dashboards: dict[str, Json] = field(default_factory=dict)
    permissions: frozenset[str] = EDITOR
    enabled: bool = True
    kubernetes: bool = False
    """Whether snapshots go through its Kubernetes API, as they may in 13."""
    tells_permissions: bool = True
    bytes_max: int = 16 * 1024 * 1024
    snapshots: dict[str, Json] = field(default_factory=dict)
    """What was stored, by key: the command and when it expires."""
    faults: list[str] = field(default_factory=list)
    """What goes wrong with the next requests: `drop` before, `lose` after doing it, `hang`, or a status as `502`."""
    ended: threading.Event = field(default_factory=threading.Event)
    """Set when the server stops: until then a request hangs."""
    requests: list[str] = field(default_factory=list)
    redirect_to: str | None = None
    scheme: str = "http"
    port: int = 0

    @property
    def url(self) -> str:
        """With a path, as behind a proxy."""
        return f"{self.scheme}://127.0.0.1:{self.port}/grafana"

    # What Grafana does.

    def reply(self, method: str, path: str, token: str | None, body: bytes) -> tuple[int, Json]:
        """Status and JSON."""
        route = f"{method} {path.removeprefix('/grafana/api')}"
        if not path.startswith("/grafana/api/"):
            return 404, {"message": "Not found"}
        if match := re.fullmatch(r"GET /snapshots/([^/]+)", route):  # public: whoever has the key may look
            return self._get(match[1])
        if route == "GET /health":
            return 200, {"database": "ok", "version": f"{self.version}.1.0", "commit": "abc"}
        if token != f"Bearer {TOKEN}":
            return 401, {"message": "Invalid API key", "messageId": "api-key.invalid", "statusCode": 401}
        return self._signed_in(route, body)

    def _signed_in(self, route: str, body: bytes) -> tuple[int, Json]:
        if match := re.fullmatch(r"GET /dashboards/uid/([^/]+)", route):
            return self._dashboard(match[1])
        if route == "GET /access-control/user/permissions" and self.tells_permissions:
            return 200, {permission: [""] for permission in self.permissions}
        if route == "GET /snapshot/shared-options":
            return 200, {"snapshotEnabled": self.enabled, "externalEnabled": False}
        if not self.enabled:
            return 403, {"message": "Dashboard Snapshots are disabled"}
        if match := re.fullmatch(r"GET /snapshots-delete/([^/]+)", route):
            return self._delete(match[1])
        return self._create(body) if route == "POST /snapshots" else (404, {"message": "Not found"})

    def _dashboard(self, uid: str) -> tuple[int, Json]:
        if "dashboards:read" not in self.permissions:
            return 403, {"message": "You'll need additional permissions to perform this action."}
        if uid not in self.dashboards:
            return 404, {"message": "Dashboard not found"}
        return 200, {"meta": {"type": "db"}, "dashboard": {"id": 7, **self.dashboards[uid]}}

    def _create(self, body: bytes) -> tuple[int, Json]:
        if len(body) > self.bytes_max:
            return 413, {}
        if "snapshots:create" not in self.permissions:
            return 403, {"message": "access denied" if self.kubernetes else "forbidden"}
        command: Json = json.loads(body)
        if error := next(COMMAND.iter_errors(command), None):
            return 400, {"message": f"bad request data: {error.message}"}
        if refusal := self._of_which(command["dashboard"].get("uid", "")):
            return refusal
        try:
            check_snapshot(command["dashboard"])
        except AssertionError as error:
            return 400, {"message": f"a snapshot that Grafana would not show: {error}"}
        return self._insert(command)

    def _of_which(self, uid: str) -> tuple[int, Json] | None:
        """Whether there may be a snapshot of this dashboard."""
        if self.kubernetes and uid not in self.dashboards:
            said = f'dashboard with UID "{uid}" not found' if uid else "dashboard UID is required"
            return 400, {"message": said}
        if self.version >= 13 and "dashboards:read" not in self.permissions:
            return 403, {"message": "forbidden"}
        if self.version >= 11 and not uid:
            return 400, {"message": "Unique identifier needed to be able to get a dashboard"}
        if self.version >= 11 and uid not in self.dashboards:
            return 400, {"message": "Dashboard not found"}
        return None if re.fullmatch(r"[A-Za-z0-9_-]{0,40}", uid) else (500, {"message": "Invalid app URL"})

    def _insert(self, command: Json) -> tuple[int, Json]:
        key, delete_key = command.get("key") or "of-grafana", command.get("deleteKey") or "delete-of-grafana"
        if key in self.snapshots or any(delete_key == each["deleteKey"] for each in self.snapshots.values()):
            return 500, {"message": "Failed to create snapshot"}  # both are unique in the database
        if self.kubernetes and not re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", key):
            return 422, {"message": f'Snapshot "{key}" is invalid: metadata.name'}  # its key is a name there
        expires = command.get("expires", 0)
        expires_at = time.time() + (expires or 50 * 365 * 86_400)
        self.snapshots[key] = {**command, "key": key, "deleteKey": delete_key, "expiresAt": expires_at}
        reply = {
            "key": key,
            "deleteKey": delete_key,
            "url": f"{self.url}/dashboard/snapshot/{key}",
            "deleteUrl": f"{self.url}/api/snapshots-delete/{delete_key}",
        }
        return 200, reply | ({"id": len(self.snapshots)} if self.version < 11 else {})

    def _get(self, key: str) -> tuple[int, Json]:
        if not self.enabled:
            return 403, {"message": "Dashboard Snapshots are disabled"}
        found = self.snapshots.get(key)
        if found is None or found["expiresAt"] < time.time():
            return 404, {"message": "Dashboard snapshot not found"}
        return 200, {"meta": {"isSnapshot": True}, "dashboard": found["dashboard"]}

    def _delete(self, delete_key: str) -> tuple[int, Json]:
        if "snapshots:delete" not in self.permissions:
            return 403, {"message": "You'll need additional permissions to perform this action."}
        for key, each in self.snapshots.items():
            if each["deleteKey"] == delete_key:
                del self.snapshots[key]
                return 200, {"message": "Snapshot deleted. It might take an hour before it's cleared."}
        return 404, {"message": "Snapshot not found"}


def check_snapshot(dashboard: Json) -> None:
    """What Grafana would store and then show nothing of: whatever is not here already."""
    text = json.dumps(dashboard, allow_nan=False)
    assert '"prometheus"' not in text, "a snapshot needs no data source"
    assert "expr" not in dashboard, "and asks nothing"
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids)), "panels have ids of their own"
    for moment in dashboard["time"].values():
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", moment), "the time range is absolute"
    assert dashboard["refresh"] == ""
    for variable in dashboard["templating"]["list"]:
        assert variable["type"] == "custom", "variables ask nothing"
        assert variable["options"] or variable["current"]["value"] == "", "and have their value, if there is one"
        assert variable["query"] == ""
    for panel in dashboard["panels"]:
        assert "repeat" not in panel, "repeats are resolved"
        _check_targets(panel)


def _check_targets(panel: Json) -> None:
    for target in panel.get("targets", []):
        assert target["datasource"] == panel["datasource"] == {"type": "grafana", "uid": "grafana"}
        assert target["queryType"] == "snapshot"
        assert set(target) == {"refId", "datasource", "queryType", "snapshot"}
        for frame in target["snapshot"]:
            fields, values = frame["schema"]["fields"], frame["data"]["values"]
            assert len(fields) == len(values), "a column for each field"
            assert len({len(column) for column in values}) <= 1, "columns are equally long"
            assert frame["schema"]["refId"]
            for each, column in zip(fields, values, strict=True):
                assert all(value is None or isinstance(value, KINDS[each["type"]]) for value in column), each


class _Handler(BaseHTTPRequestHandler):
    """Speaks HTTP for the stub."""

    stub: GrafanaStub

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        stub = self.stub
        stub.requests.append(f"{self.command} {self.path}")
        if stub.redirect_to is not None:
            self._send(302, b"", {"Location": stub.redirect_to + self.path})
            return
        fault = stub.faults.pop(0) if stub.faults else ""
        if fault in ("drop", "hang"):
            stub.ended.wait(HANG_SECONDS if fault == "hang" else 0)
            self.close_connection = True
            return
        if fault.isdecimal():
            self._send(int(fault), b'<html>the word "message" stands here</html>')
            return
        status, reply = stub.reply(self.command, self.path, self.headers.get("Authorization"), body)
        if fault == "lose":
            self.close_connection = True
            return
        self._send(status, json.dumps(reply).encode(), {"Content-Type": "application/json"})

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - the names that http.server looks for

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the signature of the base class
        """Quiet: failures are asserted."""


@contextmanager
def running_grafana(*, tls: ssl.SSLContext | None = None, **state: Any) -> Iterator[GrafanaStub]:
    """The stub, answering on a port of this machine, by TLS if there is a context for it."""
    stub = GrafanaStub(scheme="http" if tls is None else "https", **state)
    handler = type("Handler", (_Handler,), {"stub": stub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    stub.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        stub.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
