"""Grafana through the real client over real HTTP: what is refused, what is tried again, what never happens twice."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import msgspec
import pytest
import trustme

from streams.months.snapshot.grafana import Grafana, GrafanaError, Made, MissingError, token_of
from streams.settings import DEFAULT_FILE, GrafanaSettings, Secret, SettingsError, load
from tests.brokers.ports import next_port
from tests.months.grafana_stub import TOKEN, GrafanaStub, running_grafana

DASHBOARD: Final = {
    "uid": "maand",
    "panels": [],
    "refresh": "",
    "templating": {"list": []},
    "time": {"from": "2026-09-30T22:00:00.000Z", "to": "2026-10-31T22:59:59.999Z"},
}


@pytest.fixture(params=[10, 11, 12, 13, "13, by its Kubernetes API"])
def stub(request: pytest.FixtureRequest) -> Iterator[GrafanaStub]:
    """Each version in turn, with the dashboard in it."""
    version, kubernetes = (13, True) if isinstance(request.param, str) else (request.param, False)
    with running_grafana(version=version, kubernetes=kubernetes, dashboards={"maand": DASHBOARD}) as running:
        yield running


@pytest.fixture
def newest() -> Iterator[GrafanaStub]:
    """The newest version alone."""
    with running_grafana(version=13, dashboards={"maand": DASHBOARD}) as running:
        yield running


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nobody waits between tries; how long they would have."""
    noted: list[float] = []
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=noted.append))
    return noted


def client(stub: GrafanaStub, **changes: Any) -> Grafana:
    """A client of it."""
    settings: dict[str, Any] = {"url": stub.url, "token": Secret(TOKEN), "timeout_seconds": 5.0} | changes
    return Grafana(GrafanaSettings(**settings))


def made(grafana: Grafana, dashboard: dict[str, Any] = DASHBOARD, key: str = "k1") -> Made:
    """A snapshot under this key."""
    return grafana.make_snapshot(dashboard, name="Oktober", key=key, delete_key=f"delete-{key}", expires_seconds=60)


def test_a_snapshot_is_made_found_and_deleted(stub: GrafanaStub) -> None:
    """In every version, under the keys that we have chosen."""
    grafana = client(stub)
    assert grafana.dashboard("maand")["id"] == 7
    assert not grafana.has_snapshot("k1")
    assert made(grafana) == Made("k1", "delete-k1", f"{stub.url}/dashboard/snapshot/k1")
    assert stub.snapshots["k1"]["name"] == "Oktober"
    assert stub.snapshots["k1"]["expires"] == 60
    assert grafana.has_snapshot("k1")
    assert grafana.delete_snapshot("delete-k1")
    assert not grafana.delete_snapshot("delete-k1")
    assert stub.snapshots == {}


def test_the_dashboard_must_exist_since_eleven(stub: GrafanaStub) -> None:
    """Before, any uid would do; and without a uid there is none since then."""
    grafana = client(stub)
    unknown, without = ("Dashboard not found", "Unique identifier needed")
    if stub.kubernetes:
        unknown, without = ('dashboard with UID "unknown" not found', "dashboard UID is required")
    for uid, said in (("unknown", unknown), ("", without)):
        dashboard = DASHBOARD | {"uid": uid}
        if stub.version < 11:
            assert made(grafana, dashboard, f"k-{uid}").key == f"k-{uid}"
        else:
            with pytest.raises(
                GrafanaError, match=rf"\(400: {said}.*set dashboard_uid in \[grafana\]|save it in Grafana"
            ):
                made(grafana, dashboard, f"k-{uid}")
    with pytest.raises(MissingError, match="Dashboard not found"):
        grafana.dashboard("unknown")


@pytest.mark.parametrize(
    ("state", "changes", "problem"),
    [
        ({}, {"token": Secret("wrong")}, r"\(401: Invalid API key\)\. The token is not valid"),
        ({"permissions": frozenset()}, {}, r"\(403: forbidden\)\. The service account lacks a permission"),
        (
            {"permissions": frozenset(), "kubernetes": True},
            {},
            r"\(403: access denied\)\. The service account lacks a permission",
        ),
        (
            {"enabled": False},
            {},
            r"\(403: Dashboard Snapshots are disabled\)\. Set enabled = true",
        ),
        ({"bytes_max": 10}, {}, r"\(413: \)\. The snapshot is larger than a proxy"),
        ({"faults": ["412"]}, {}, r"\(412: Precondition Failed\)\. Somebody else has changed the same thing"),
        ({"faults": ["404"]}, {}, r"\(404: Not Found\)\. It is not there\. Is url in \[grafana\] the address"),
        ({"faults": ["418"]}, {}, r"\(418: .*Grafana's log says more"),
        ({"faults": ["200"]}, {}, "is no Grafana: the reply is no JSON"),
    ],
)
def test_each_refusal_says_what_to_do(
    newest: GrafanaStub, pauses: list[float], state: dict[str, Any], changes: dict[str, Any], problem: str
) -> None:
    """At once, without another try."""
    for name, value in state.items():
        setattr(newest, name, value)
    with pytest.raises(GrafanaError, match=problem):
        made(client(newest, **changes))
    assert pauses == []
    assert len(newest.requests) == 1


@pytest.mark.parametrize("faults", [["502"], ["drop"], ["503", "drop", "500"]])
def test_what_broke_down_is_tried_again_with_longer_pauses(
    newest: GrafanaStub, pauses: list[float], faults: list[str]
) -> None:
    """Connection errors and errors of the server; in between Grafana is asked whether it has arrived."""
    newest.faults = [each for fault in faults for each in (fault, "")][:-1]
    assert made(client(newest)).key == "k1"
    assert pauses == [1.0, 4.0, 10.0][: len(faults)]
    assert len(newest.snapshots) == 1


def test_a_lost_reply_makes_no_second_snapshot(newest: GrafanaStub) -> None:
    """It has arrived: the next try finds it by its key and is not made."""
    newest.faults = ["lose"]
    assert made(client(newest)).key == "k1"
    assert list(newest.snapshots) == ["k1"]
    assert newest.requests == ["POST /grafana/api/snapshots", "GET /grafana/api/snapshots/k1"]


def test_it_gives_up_after_some_tries(newest: GrafanaStub) -> None:
    """And says what the server said."""
    newest.faults = ["503", ""] * 4
    with pytest.raises(GrafanaError, match="503: Service Unavailable"):
        made(client(newest))
    assert newest.snapshots == {}


def test_an_answer_that_does_not_come_is_given_up(newest: GrafanaStub) -> None:
    """After the time of the settings; a snapshot that may have arrived is looked for before each new try."""
    newest.faults = ["hang", "", "hang"]
    assert made(client(newest, timeout_seconds=0.2)).key == "k1"
    assert list(newest.snapshots) == ["k1"]
    newest.faults = ["hang"] * 4
    with pytest.raises(GrafanaError, match=r"no answer within 0\.2 s\. Is it up\?"):
        client(newest, timeout_seconds=0.2).dashboard("maand")


def test_nobody_there_and_another_address(newest: GrafanaStub) -> None:
    """No stack trace: where it was asked, and what to correct; a redirect is not followed with the token."""
    settings = GrafanaSettings(url=f"http://127.0.0.1:{next_port()}", token=Secret(TOKEN), timeout_seconds=1.0)
    with pytest.raises(GrafanaError, match="Is it up, and is url in"):
        Grafana(settings).dashboard("maand")
    with running_grafana(dashboards={"maand": DASHBOARD}) as other:
        newest.redirect_to = f"http://127.0.0.1:{other.port}"
        with pytest.raises(GrafanaError, match="it sends to another address"):
            made(client(newest))
        assert other.requests == []


def test_without_a_token_nothing_is_asked() -> None:
    """And the message says how to get one."""
    with pytest.raises(GrafanaError, match="Make a service account"):
        Grafana(GrafanaSettings(url="http://127.0.0.1:1"))
    with pytest.raises(GrafanaError, match="No Grafana is set"):
        Grafana(GrafanaSettings())


# TLS.


def server_context(authority: trustme.CA, name: str) -> ssl.SSLContext:
    """A certificate for this name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_a_certificate_is_checked_by_the_authority_of_the_settings(tmp_path: Path, pauses: list[float]) -> None:
    """Not by the system's, which does not know it; and then nothing is sent, and nothing tried again."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with running_grafana(tls=server_context(authority, "127.0.0.1"), dashboards={"maand": DASHBOARD}) as stub:
        assert made(client(stub, ca_file=tmp_path / "ca.pem")).url.startswith("https://")
        stub.requests.clear()
        with pytest.raises(GrafanaError, match=r"its certificate is not trusted .* Name its authority in ca_file"):
            made(client(stub))
        assert (stub.requests, pauses) == ([], [])


def test_a_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    """Also from an authority that is trusted."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with running_grafana(tls=server_context(authority, "grafana.lier.be")) as stub:
        with pytest.raises(GrafanaError, match="its certificate is not trusted"):
            made(client(stub, ca_file=tmp_path / "ca.pem"))
        assert stub.requests == []


# Its settings.


def test_the_token_comes_from_a_file_or_the_environment(tmp_path: Path) -> None:
    """Never from the settings file, and it shows itself nowhere; the file is read when the token is needed."""
    file = tmp_path / "token"
    settings = load(None, {"WACHTMONITOR_GRAFANA_TOKEN_FILE": str(file)}).grafana
    for token in ("glsa_x", "glsa_changed"):
        file.write_text(f"{token}\n")
        assert token_of(settings) == Secret(token)
    grafana = load(None, {"WACHTMONITOR_GRAFANA_TOKEN": "glsa_y"}).grafana
    assert token_of(grafana) == Secret("glsa_y")
    assert "glsa_y" not in repr(grafana)
    written = tmp_path / "settings.toml"
    written.write_text(DEFAULT_FILE.read_text().replace("[grafana]", '[grafana]\ntoken = "glsa_z"'))
    with pytest.raises(SettingsError, match="a token must not stand in this file") as raised:
        load(written, {})
    assert "glsa_z" not in str(raised.value)


TOKEN_FILES: Final[dict[str, tuple[bytes | None, str]]] = {
    "missing": (None, r"cannot be read \(No such file or directory\)"),
    "empty": (b"", "got nothing"),
    "blank": (b" \n\t\n", "got nothing"),
    "two lines": (b"glsa_a\nglsa_b\n", "got something with blanks, line ends"),
    "a header more": (b"glsa_a\r\nX-Org: 1", "got something with blanks, line ends"),
    "not UTF-8": (b"glsa_\xff", "got something with .* letters beyond ASCII"),
    "not ASCII": ("glsa_\u00e9".encode(), "letters beyond ASCII"),
}


@pytest.mark.parametrize("case", TOKEN_FILES)
def test_a_token_file_without_a_token_is_no_error_of_the_settings(case: str, tmp_path: Path) -> None:
    """It may come later. What stands in it is repeated nowhere: it may be half a token."""
    content, problem = TOKEN_FILES[case]
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    environ = {"WACHTMONITOR_GRAFANA_TOKEN_FILE": str(file), "WACHTMONITOR_GRAFANA_URL": "http://127.0.0.1:1"}
    settings = load(None, environ).grafana
    with pytest.raises(GrafanaError, match=problem) as raised:
        Grafana(settings)
    assert "glsa_" not in str(raised.value)
    assert "token_file in [grafana]" in str(raised.value)


def test_a_directory_in_the_place_of_the_token_is_explained(tmp_path: Path) -> None:
    """Docker makes one where a file that it is to mount is not there."""
    with pytest.raises(GrafanaError, match=r"token_file in \[grafana\] names cannot be read \(Is a directory\)"):
        token_of(GrafanaSettings(token_file=tmp_path))


def test_a_token_of_the_environment_that_is_none_is_not_repeated() -> None:
    """The client would, in its error about a header."""
    with pytest.raises(GrafanaError, match="in the value of WACHTMONITOR_GRAFANA_TOKEN, got something") as raised:
        token_of(load(None, {"WACHTMONITOR_GRAFANA_TOKEN": "glsa_a\nglsa_b"}).grafana)
    assert "glsa_" not in str(raised.value)


def test_an_authority_that_is_not_there_stops_no_worker_either(tmp_path: Path) -> None:
    """It is looked for when Grafana is asked."""
    settings = load(None, {"WACHTMONITOR_GRAFANA_CA_FILE": str(tmp_path / "ca.pem")}).grafana
    with pytest.raises(GrafanaError, match=r"ca_file in \[grafana\] names cannot be read \(No such file"):
        Grafana(msgspec.structs.replace(settings, url="https://127.0.0.1:1", token=Secret(TOKEN)))


def test_the_same_trouble_is_told_in_the_same_words() -> None:
    """So that a log says it once: the client's own text has the address of an object, another one each time."""
    settings = GrafanaSettings(url=f"http://127.0.0.1:{next_port()}", token=Secret(TOKEN))
    texts = set()
    for _ in range(3):
        with pytest.raises(GrafanaError) as raised:
            Grafana(settings, attempts=1).dashboard("maand")
        texts.add(str(raised.value))
    assert texts == {
        f"Grafana at {settings.url} could not be asked to read the dashboard maand: Connection refused. "
        "Is it up, and is url in [grafana] right?"
    }


@pytest.mark.parametrize(
    "url", ["grafana.lier.be", "ftp://x", "http://", "https://me:pw@x", "http://x:y", "http://x?a=b"]
)
def test_an_address_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    """It may hold a password."""
    with pytest.raises(SettingsError, match="WACHTMONITOR_GRAFANA_URL: expected an address") as raised:
        load(None, {"WACHTMONITOR_GRAFANA_URL": url})
    assert "me:pw" not in str(raised.value)
