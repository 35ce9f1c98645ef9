"""The server that others call: its bounds, its answers, and that it stops in order. Nothing here needs Kafka."""

import asyncio
import logging
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
import trustme
from aiohttp import ClientSession, TCPConnector

from streams.serve import hooks as module
from streams.serve.hooks import Certificate, CertificateError, HookAnswer, HookRequest, Hooks, HookServer
from streams.serve.web import AddressError

BODY_BYTES_MAX: Final = 1000

PERSON: Final = "Jan Peeters"


class Judge:
    """Keeps what comes, and answers as it is told."""

    def __init__(self) -> None:
        self.seen: list[HookRequest] = []
        self.refused: Counter[tuple[str, str]] = Counter()
        self.answer = HookAnswer(204)
        self.go = asyncio.Event()
        self.go.set()
        self.came = asyncio.Event()

    async def __call__(self, request: HookRequest) -> HookAnswer:
        self.seen.append(request)
        self.came.set()
        await self.go.wait()
        return self.answer

    def refuse(self, source: str, reason: str) -> None:
        self.refused[source, reason] += 1


@asynccontextmanager
async def serving(
    judge: Judge, *, public_url: str | None = None, certificate: Certificate | None = None, stop_seconds: float = 60.0
) -> AsyncIterator[tuple[str, HookServer]]:
    """The server and its address."""
    hooks = Hooks({"desks"}, judge, judge.refuse, body_bytes_max=BODY_BYTES_MAX, public_url=public_url)
    server = HookServer(hooks, certificate, stop_seconds)
    port = await server.start("127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{port}", server
    finally:
        await server.stop()


async def test_a_request_comes_whole_to_whoever_judges_it() -> None:
    judge = Judge()
    async with serving(judge) as (at, _), ClientSession() as session:
        answer = await session.post(f"http://{at}/desks?a=1&b=%20", data=b"body", headers={"X-One": "1"})
        assert (answer.status, await answer.read()) == (204, b"")
        assert answer.headers["Server"] == "wachtmonitor"
        assert answer.headers["Cache-Control"] == "no-store"
        (seen,) = judge.seen
        assert (seen.source, seen.address, seen.body) == ("desks", f"http://{at}/desks?a=1&b=%20", b"body")
        assert seen.headers["x-one"] == "1"


async def test_behind_a_proxy_the_address_is_the_public_one() -> None:
    judge = Judge()
    async with serving(judge, public_url="https://hooks.lier.be/w") as (at, _), ClientSession() as session:
        await session.post(f"http://{at}/desks?a=1", headers={"X-Forwarded-Host": "x", "Host": "y"})
        await session.post(f"http://{at}/desks", headers=[("X-S", "1"), ("X-S", "2")])
    assert [seen.address for seen in judge.seen] == [
        "https://hooks.lier.be/w/desks?a=1",
        "https://hooks.lier.be/w/desks",
    ]
    assert judge.seen[1].headers["x-s"] == "1, 2"


async def test_what_is_answered_says_what_to_do_next(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    judge = Judge()
    async with serving(judge) as (at, _), ClientSession() as session:
        for status, header in ((503, "Retry-After"), (401, "WWW-Authenticate"), (400, "Content-Type")):
            judge.answer = HookAnswer(status, "Why.", "because")
            answer = await session.post(f"http://{at}/desks?name={PERSON}", data=PERSON.encode())
            assert (answer.status, await answer.text()) == (status, "Why.")
            assert header in answer.headers
        for method, path, status in (("GET", "/desks", 405), ("POST", "/other", 404), ("GET", "/metrics", 405)):
            answer = await session.request(method, f"http://{at}{path}")
            assert answer.status == status
    logged = " ".join(record.getMessage() for record in caplog.records if record.name == module.__name__)
    assert "POST /desks 503 because" in logged
    assert logged.count("refused") == 1  # all of a minute in one line
    assert "Jan" not in logged


async def test_who_asks_before_sending_is_told_that_it_may_where_such_senders_are_known() -> None:
    judge = Judge()
    hooks = Hooks({"desks", "hall"}, judge, judge.refuse, body_bytes_max=1, asking=["hall"])
    server = HookServer(hooks)
    at = f"http://127.0.0.1:{await server.start('127.0.0.1', 0)}"
    asking = {"WebHook-Request-Origin": "events.example.com", "WebHook-Request-Rate": "120"}
    async with ClientSession() as session:
        answer = await session.options(f"{at}/hall", headers=asking)
        assert (answer.status, answer.headers["Allow"]) == (200, "POST")
        assert answer.headers["WebHook-Allowed-Origin"] == "events.example.com"
        assert answer.headers["WebHook-Allowed-Rate"] == "*"
        strange = asking | {"WebHook-Request-Origin": "é <x>"}
        for source, headers in (("hall", {}), ("hall", strange), ("desks", asking), ("other", asking)):
            answer = await session.options(f"{at}/{source}", headers=headers)
            assert answer.status == 405
            assert "WebHook-Allowed-Origin" not in answer.headers
    await server.stop()


async def test_what_is_too_large_or_packed_is_not_read() -> None:
    judge = Judge()
    async with serving(judge) as (at, _), ClientSession() as session:
        large = b"x" * (BODY_BYTES_MAX + 1)

        async def in_pieces() -> AsyncIterator[bytes]:
            for _ in range(3):
                yield large[:500]

        assert (await session.post(f"http://{at}/desks", data=large)).status == 413
        assert (await session.post(f"http://{at}/desks", data=in_pieces())).status == 413
        packed = await session.post(f"http://{at}/desks", data=b"x", headers={"Content-Encoding": "gzip"})
        assert packed.status == 415
        assert (await session.post(f"http://{at}/desks", data=large[:-1])).status == 204
    assert judge.refused == {("desks", "too_large"): 2, ("desks", "packed_body"): 1}
    assert len(judge.seen) == 1


async def raw(at: str, text: bytes) -> bytes:
    """What comes until the server closes the connection."""
    host, _, port = at.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(text)
    found = await reader.read()
    writer.close()
    return found


HEAD: Final = b"POST /desks HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"


async def test_who_is_too_slow_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEAD_SECONDS", 0.05)
    monkeypatch.setattr(module, "BODY_SECONDS", 0.05)
    monkeypatch.setattr(module, "LINGER_SECONDS", 0.0)
    judge = Judge()
    async with serving(judge) as (at, _):
        assert await raw(at, b"") == b""
        assert await raw(at, HEAD) == b""
        assert (await raw(at, HEAD + b"\r\nab")).startswith(b"HTTP/1.1 408 ")
    assert judge.refused == {("desks", "too_slow"): 1}
    assert judge.seen == []


async def test_heads_are_bounded_and_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    judge = Judge()
    async with serving(judge) as (at, _):
        many = b"".join(b"X-%d: 1\r\n" % number for number in range(200))
        for more in (many, b"X: " + b"y" * 9000 + b"\r\n"):
            assert b" 400 " in (await raw(at, HEAD + more + b"\r\nabcde")).splitlines()[0]
    assert judge.seen == []
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []


async def test_what_breaks_off_or_fails_is_counted_and_no_text_of_it_logged(caplog: pytest.LogCaptureFixture) -> None:
    judge = Judge()

    async def fail(_: HookRequest) -> HookAnswer:
        raise ValueError(PERSON)

    hooks = Hooks({"desks"}, fail, judge.refuse, body_bytes_max=BODY_BYTES_MAX, public_url=None)
    server = HookServer(hooks)
    at = f"127.0.0.1:{await server.start('127.0.0.1', 0)}"
    async with ClientSession() as session:
        assert (await session.post(f"http://{at}/desks")).status == 500
    _, writer = await asyncio.open_connection(*at.split(":"))
    writer.write(HEAD + b"\r\nab")
    await writer.drain()
    writer.close()
    while ("desks", "broken_off") not in judge.refused:  # noqa: ASYNC110 - what aiohttp does tells no event
        await asyncio.sleep(0.001)
    await server.stop()
    assert judge.refused == {("desks", "failed"): 1, ("desks", "broken_off"): 1}
    assert "a request failed: ValueError" in caplog.text
    assert PERSON not in caplog.text


async def test_connections_and_requests_at_a_time_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECTIONS_MAX", 2)
    monkeypatch.setattr(module, "REQUESTS_MAX", 1)
    judge = Judge()
    judge.go.clear()
    async with serving(judge) as (at, _), ClientSession() as session:
        first = asyncio.create_task(session.post(f"http://{at}/desks"))
        await judge.came.wait()
        second = await session.post(f"http://{at}/desks")
        assert (second.status, second.headers["Retry-After"]) == (503, "5")
        assert await raw(at, HEAD) == b""
        judge.go.set()
        assert (await first).status == 204
    assert judge.refused == {("desks", "too_many"): 1}


async def test_what_is_under_way_is_answered_before_it_stops() -> None:
    judge = Judge()
    judge.go.clear()
    async with serving(judge) as (at, server), ClientSession() as session:
        waiting = asyncio.create_task(session.post(f"http://{at}/desks"))
        await judge.came.wait()
        stopping = asyncio.create_task(server.stop())
        while True:  # until nobody listens any more
            try:
                await raw(at, b"")
            except OSError:
                break
        assert not stopping.done()
        judge.go.set()
        assert (await waiting).status == 204
        await stopping


async def test_an_address_that_is_taken_is_said_with_what_to_do() -> None:
    judge = Judge()
    async with serving(judge) as (at, _):
        server = HookServer(Hooks({"desks"}, judge, judge.refuse, body_bytes_max=1, public_url=None))
        with pytest.raises(AddressError, match=r"should be free for webhooks.*\[receive\] port"):
            await server.start("127.0.0.1", int(at.partition(":")[2]))


async def test_it_speaks_tls_and_takes_up_a_renewed_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CERTIFICATE_SECONDS", 0.01)
    authority = trustme.CA()
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    files = tmp_path / "hooks.pem", tmp_path / "hooks.key"

    def issue(name: str) -> None:
        issued = authority.issue_cert("127.0.0.1", common_name=name)
        issued.private_key_pem.write_to_path(files[1])
        issued.cert_chain_pems[0].write_to_path(files[0])

    issue("old")
    certificate = Certificate(*files)
    async with serving(Judge(), certificate=certificate) as (at, _):

        async def name_of() -> str:
            async with ClientSession(connector=TCPConnector(ssl=trusting)) as session:
                answer = await session.post(f"https://{at}/desks")
                assert answer.status == 204
            reader, writer = await asyncio.open_connection(*at.split(":"), ssl=trusting)
            subject = dict(part[0] for part in writer.get_extra_info("peercert")["subject"])
            writer.close()
            del reader
            return str(subject["commonName"])

        assert await name_of() == "old"
        issue("new")
        while await name_of() == "old":
            continue
    files[1].write_text("x")
    with pytest.raises(CertificateError, match=r"\[receive\]: certificate_file and key_file cannot be used"):
        Certificate(*files)
