"""The web server: what it serves, with which headers, to how many at once, and that it always stops."""

import asyncio
import base64
import gzip
import hashlib
import itertools
import logging
import re
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from aiohttp import ClientResponse, ClientSession
from aiohttp.web import AppRunner, TCPSite
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from streams.core.rules import Channel
from streams.live.problems import Problem
from streams.serve import web
from streams.serve.wall.moment import Trouble
from streams.serve.wall.page import read_page
from streams.serve.wall.payload import HealthPayload, WallPayload
from streams.serve.web import AddressError, LatestFrame, create_web, serve
from streams.words import Language, message
from tests.serve.wall_payloads import NO_VISITS, desk, phone, wall_moment, wall_payload

ONCE_SECONDS = 3600.0
"""An interval that no test lives through: the payload is rendered once, at the start."""

FAST_SECONDS = 0.005

PROMPT_SECONDS = 60.0
"""What stopping may take when nothing is wrong, on the busiest machine: less than the patience for what hangs."""


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience for answers that hang, which no test lives through."""
    monkeypatch.setattr(web, "SHUTDOWN_SECONDS", ONCE_SECONDS)


def no_metrics() -> bytes:
    """An exposition without samples."""
    return b""


@asynccontextmanager
async def serving(
    *,
    metrics: Callable[[], bytes] = no_metrics,
    months: Callable[[], bytes] = no_metrics,
    wall: Callable[[], WallPayload] = wall_payload,
    health: Callable[[], HealthPayload] = HealthPayload,
    worker_health: Callable[[], HealthPayload] = HealthPayload,
    interval_seconds: float = ONCE_SECONDS,
) -> AsyncIterator[tuple[AppRunner, ClientSession]]:
    """The server on a free port, and a client that asks it."""
    runner = await serve(
        create_web(
            metrics=metrics,
            months=months,
            wall=wall,
            health=health,
            worker_health=worker_health,
            interval_seconds=interval_seconds,
        ),
        "127.0.0.1",
        0,
    )
    try:
        async with ClientSession(f"http://127.0.0.1:{port_of(runner)}") as client:
            yield runner, client
    finally:
        await runner.cleanup()


def port_of(runner: AppRunner) -> int:
    """The port that the server took."""
    port: int = runner.addresses[0][1]
    return port


async def next_event(response: ClientResponse) -> dict[str, str]:
    """The fields of the next server-sent event."""
    block = await response.content.readuntil(b"\n\n")
    return dict(line.split(": ", 1) for line in block.decode().splitlines() if line)


async def next_payload(response: ClientResponse) -> Any:
    """The JSON document of the next event with figures."""
    event = await next_event(response)
    while "event" in event:
        event = await next_event(response)
    return msgspec.json.decode(event["data"])


def as_json(payload: WallPayload) -> Any:
    """The payload as a browser sees it."""
    return msgspec.json.decode(msgspec.json.encode(payload))


async def one_turn() -> None:
    """Let every ready task run once; no time passes."""
    await asyncio.sleep(0)


async def test_months_have_a_page_of_their_own_of_the_same_type() -> None:
    months = serving(metrics=lambda: b"wachtmonitor_up 1\n", months=lambda: b"wachtmonitor_month 2\n")
    async with months as (_, client), client.get("/metrics/months") as response:
        assert (response.status, await response.text()) == (200, "wachtmonitor_month 2\n")
        assert response.headers["Content-Type"] == CONTENT_TYPE_LATEST


async def test_metrics_are_the_exposition_with_its_content_type() -> None:
    async with serving(metrics=lambda: b"wachtmonitor_up 1\n") as (_, client), client.get("/metrics") as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == CONTENT_TYPE_LATEST
        assert await response.read() == b"wachtmonitor_up 1\n"


EXPOSED = b"".join(b'wachtmonitor_waiting_contacts{cluster="Loket %03d"} 1.0\n' % number for number in range(400))


@pytest.mark.parametrize("path", ["/metrics", "/metrics/months"])
@pytest.mark.parametrize(
    ("accepted", "is_packed"),
    [
        ("gzip", True),
        ("br, GZIP ; q=0.7, *;q=0.1", True),
        ("gzip;q=0, identity", False),
        ("gzip; q=0.000", False),
        ("gzip;q=0.001", True),
        ("deflate, x-gzipped", False),
        ("identity", False),
        ("", False),
        (None, False),
    ],
)
async def test_metrics_are_packed_for_whoever_asks(path: str, accepted: str | None, is_packed: bool) -> None:
    headers = {} if accepted is None else {"Accept-Encoding": accepted}
    async with serving(metrics=lambda: EXPOSED, months=lambda: EXPOSED) as (runner, _):
        plain = ClientSession(
            f"http://127.0.0.1:{port_of(runner)}", auto_decompress=False, skip_auto_headers=["Accept-Encoding"]
        )
        async with plain as client, client.get(path, headers=headers) as response:
            body = await response.read()
            assert response.headers["Vary"] == "Accept-Encoding"
            assert response.headers["Content-Type"] == CONTENT_TYPE_LATEST
            assert response.headers.get("Content-Encoding") == ("gzip" if is_packed else None)
    assert (gzip.decompress(body) if is_packed else body) == EXPOSED
    assert len(body) < len(EXPOSED) / 10 or not is_packed


async def test_packing_does_not_hold_up_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Health is answered while a page is being packed."""
    asked = threading.Event()

    def slowly(text: bytes, *_: object, **__: object) -> bytes:
        assert asked.wait(PROMPT_SECONDS)
        return text

    monkeypatch.setattr(gzip, "compress", slowly)
    async with serving(metrics=lambda: EXPOSED) as (runner, _):
        address = f"http://127.0.0.1:{port_of(runner)}"
        async with ClientSession(address, auto_decompress=False) as client, asyncio.TaskGroup() as group:
            packed = group.create_task(client.get("/metrics", headers={"Accept-Encoding": "gzip"}))
            async with client.get("/health") as response:
                assert response.status == 200
            asked.set()
            (await packed).release()


async def test_health_is_200_without_problems() -> None:
    async with serving() as (_, client), client.get("/health") as response:
        assert response.status == 200
        assert await response.json() == {"healthy": True, "problems": [], "notes": [], "feeds": []}


async def test_health_is_503_with_the_problems_in_it() -> None:
    problem = Problem(
        code="silent", text="topic calls has been silent for 12 min", on_wall=message("problem-cut-off")
    )
    silent = HealthPayload(problems=(problem,), feeds=wall_payload().feeds)
    async with serving(health=lambda: silent) as (_, client), client.get("/health") as response:
        assert response.status == 503
        body = await response.json()
        assert body["healthy"] is False
        assert body["problems"] == ["topic calls has been silent for 12 min"]
        assert [feed["topic"] for feed in body["feeds"]] == ["calls", "tickets"]


@pytest.mark.parametrize("path", ["/", "/wall"])
async def test_the_page_is_served_as_html(path: str) -> None:
    async with serving() as (_, client), client.get(path) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        assert await response.read() == read_page(Language.DUTCH)


async def test_the_health_of_the_worker_alone_has_a_page_of_its_own() -> None:
    """Whoever starts a worker again that is ill must not do so because another one is."""
    problem = Problem(code="part_missing", text="the other worker is gone", on_wall=message("problem-part-missing"))
    ill = serving(health=lambda: HealthPayload(problems=(problem,)))
    async with ill as (_, client), client.get("/health") as whole, client.get("/health/worker") as alone:
        assert (whole.status, alone.status) == (503, 200)
        assert await alone.json() == {"healthy": True, "problems": [], "notes": [], "feeds": []}


@pytest.mark.parametrize(
    "path",
    ["/", "/metrics", "/metrics/months", "/health", "/health/worker", "/wall/events", "/no-such-page"],
)
async def test_every_answer_is_neither_stored_nor_sniffed_nor_framed(path: str) -> None:
    async with serving() as (_, client), client.get(path) as response:
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]


async def test_the_policy_allows_exactly_the_style_and_script_of_the_page() -> None:
    async with serving() as (_, client), client.get("/wall") as response:
        policy = dict(part.split(" ", 1) for part in response.headers["Content-Security-Policy"].split("; "))
        page = await response.text()
    for tag in ("style", "script"):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert policy[f"{tag}-src"] == f"'sha256-{digest}'"
    assert policy["connect-src"] == "'self'"
    assert not re.search(r"https?:|\*|unsafe", " ".join(policy.values()))


def test_the_page_names_no_other_host() -> None:
    without_namespaces = read_page(Language.DUTCH).decode().replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"(?:https?:)?//[\w-]+\.\w", without_namespaces)


async def test_a_stream_begins_with_the_page_version_and_the_current_figures() -> None:
    async with serving() as (_, client), client.get("/wall/events") as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        first = await next_event(response)
        version = hashlib.sha256(read_page(Language.DUTCH)).hexdigest()
        assert first == {"retry": "2000", "event": "page", "data": version}
        assert await next_payload(response) == as_json(wall_payload())


async def test_a_payload_on_the_wire_has_the_documented_form() -> None:
    about = message("problem-part-missing", contacts=message("contacts-phone"), missing=1, count=4)
    missing = Trouble(message=about, channels=(Channel.PHONE,))
    desks = desk("Burgerzaken", 60, 2, 80.0, 50.0, 41.5)
    payload = wall_payload(wall_moment(phone(), desks, demo=True, ages=(1.2, None), problems=(missing,)))
    async with serving(wall=lambda: payload) as (_, client), client.get("/wall/events") as response:
        assert await next_payload(response) == {
            "at": "2026-11-23T10:31:05+01:00",
            "opening": "open",
            "demo": True,
            "pages": [],
            "turn_seconds": 10,
            "link": {"state": "problem", "text": "✕ Deel ontbreekt: oproepen 1 van 4"},
            "announcement": "Deel ontbreekt: oproepen 1 van 4.",
            "feeds": [
                {"topic": "calls", "age_seconds": 1.2, "lag": 0, "behind_seconds": 0.0, "stale_after_seconds": 90.0},
                {
                    "topic": "tickets",
                    "age_seconds": None,
                    "lag": 0,
                    "behind_seconds": 0.0,
                    "stale_after_seconds": 90.0,
                },
            ],
            "channels": [
                {
                    "channel": "phone",
                    "form": "tiles",
                    "title": "telefoon",
                    "place": "lijn",
                    "columns": [
                        {"key": "waiting", "label": "wachtend nu", "unit": "count", "is_now": True},
                        {"key": "longest", "label": "langste wacht nu", "unit": "seconds", "is_now": True},
                        {"key": "average", "label": "gemiddeld 15 min", "unit": "seconds", "is_now": False},
                        {"key": "service_level", "label": "binnen 30 s vandaag", "unit": "ratio", "is_now": False},
                        {"key": "missed", "label": "gemist vandaag", "unit": "ratio", "is_now": False},
                    ],
                    "clusters": [
                        {
                            "cluster": "Klantencontactcentrum",
                            "cells": [
                                {"value": 3, "text": "3"},
                                {"value": 32.1, "text": "32 s", "limit_seconds": 45.0, "over": "▲ boven norm"},
                                {
                                    "value": 38.6,
                                    "text": "39 s",
                                    "norm": "norm < 45 s",
                                    "note": "41 beantwoord",
                                    "verdict": "✓ binnen norm",
                                    "state": "good",
                                },
                                {
                                    "value": 0.743,
                                    "text": "74\N{NO-BREAK SPACE}%",
                                    "norm": "norm ≥ 70\N{NO-BREAK SPACE}%",
                                    "note": "812 beantwoord",
                                    "contacts": 812,
                                    "verdict": "✓ norm gehaald",
                                    "state": "good",
                                },
                                {
                                    "value": 0.0688,
                                    "text": "6,9\N{NO-BREAK SPACE}%",
                                    "norm": "norm ≤ 20\N{NO-BREAK SPACE}%",
                                    "note": "60 oproepen",
                                    "contacts": 872,
                                    "verdict": "✓ binnen norm",
                                    "state": "good",
                                },
                            ],
                            "norm": "norm < 45 s",
                            "note": "",
                            "state": "good",
                        }
                    ],
                    "stale": "Deel ontbreekt: oproepen 1 van 4",
                    "never": "",
                    "age": "gegevens van {duration} geleden",
                    "silent_seconds": None,
                },
                {
                    "channel": "desk",
                    "form": "table",
                    "title": "Loketten",
                    "place": "loket",
                    "columns": [
                        {"key": "waiting", "label": "wachtend", "unit": "count", "is_now": True},
                        {"key": "longest", "label": "langste wacht nu", "unit": "seconds", "is_now": True},
                        {"key": "average", "label": "gemiddeld 15 min", "unit": "seconds", "is_now": False},
                        {"key": "average_today", "label": "gemiddeld vandaag", "unit": "seconds", "is_now": False},
                    ],
                    "clusters": [
                        {
                            "cluster": "Burgerzaken",
                            "cells": [
                                {"value": 2, "text": "2"},
                                {
                                    "value": 80.0,
                                    "text": "1 min 20 s",
                                    "verdict": "▲ boven norm",
                                    "state": "bad",
                                    "limit_seconds": 60,
                                    "over": "▲ boven norm",
                                },
                                {
                                    "value": 50.0,
                                    "text": "50 s",
                                    "norm": "norm ≤ 1 min",
                                    "verdict": "✓ binnen norm",
                                    "state": "good",
                                },
                                {
                                    "value": 41.5,
                                    "text": "42 s",
                                    "norm": "norm ≤ 1 min",
                                    "verdict": "✓ binnen norm",
                                    "state": "good",
                                },
                            ],
                            "norm": "norm ≤ 1 min",
                            "note": "vandaag 33 op afspraak, 5 zonder afspraak, 1 niet gekomen",
                            "state": "good",
                        }
                    ],
                    "stale": "",
                    "never": "nog geen gegevens ontvangen",
                    "age": "gegevens van {duration} geleden",
                    "silent_seconds": None,
                },
            ],
            "problems": [{"text": "Deel ontbreekt: oproepen 1 van 4", "channels": ["phone"]}],
        }


def test_a_payload_without_the_windows_of_the_wall_is_refused_with_every_gap() -> None:
    hourless = msgspec.structs.replace(phone(), windows={})
    quarterless = msgspec.structs.replace(desk("Wonen", 300), windows={"today": NO_VISITS})
    with pytest.raises(ValueError, match="Klantencontactcentrum lacks 15m, today; Wonen lacks 15m"):
        wall_moment(hourless, quarterless)


async def test_streams_get_new_figures_as_time_goes_by() -> None:
    numbers = itertools.count()

    def counting() -> WallPayload:
        return wall_payload(wall_moment(phone(waiting=next(numbers))))

    served = serving(wall=counting, interval_seconds=FAST_SECONDS)
    async with served as (_, client), client.get("/wall/events") as response:
        seen = [(await next_payload(response))["channels"][0]["clusters"][0]["cells"][0]["value"] for _ in range(5)]
    assert seen == sorted(set(seen)), "each payload is newer than the one before"


async def test_the_payload_is_rendered_once_for_all_streams() -> None:
    calls: list[WallPayload] = []

    def counted() -> WallPayload:
        calls.append(wall_payload())
        return calls[-1]

    async with serving(wall=counted) as (_, client):
        for _ in range(3):
            async with client.get("/wall/events") as response:
                assert await next_payload(response) == as_json(wall_payload())
    assert len(calls) == 1


async def test_a_failing_wall_is_logged_once_and_sends_nothing_until_it_recovers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def script() -> Iterator[WallPayload | Exception]:
        yield ZeroDivisionError("no figures")
        yield ZeroDivisionError("no figures")
        while True:
            yield wall_payload(wall_moment(phone(waiting=7)))

    steps = script()

    def wall() -> WallPayload:
        step = next(steps)
        if isinstance(step, Exception):
            raise step
        return step

    served = serving(wall=wall, interval_seconds=FAST_SECONDS)
    async with served as (_, client), client.get("/wall/events") as response:
        assert (await next_payload(response))["channels"][0]["clusters"][0]["cells"][0]["value"] == 7
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.getMessage() for record in errors] == [
        "the wall page gets no figures: its screens turn grey until this is over"
    ]


async def test_requests_leave_no_address_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving() as (_, client), client.get("/metrics") as response:
        assert response.status == 200
    assert not [record for record in caplog.records if "127.0.0.1" in record.getMessage()]


async def test_stopping_ends_open_streams_at_once() -> None:
    async with serving() as (runner, client), client.get("/wall/events") as response:
        await next_payload(response)
        async with asyncio.timeout(PROMPT_SECONDS):
            await runner.cleanup()
            assert await response.content.read() == b"", "the stream ends, and properly"


async def test_nothing_is_rendered_for_nobody() -> None:
    """And who comes after a while gets the figures of that moment first, not those of the last screen before."""
    rendered = 0

    def counted() -> WallPayload:
        nonlocal rendered
        rendered += 1
        return wall_payload(wall_moment(phone(cluster=f"line {rendered}")))

    async with serving(wall=counted, interval_seconds=FAST_SECONDS) as (_, client):
        first = await client.get("/wall/events")
        await next_payload(first)
        first.close()
        while True:  # the server notices that a client went away when it writes to it
            before = rendered
            await asyncio.sleep(10 * FAST_SECONDS)
            if rendered == before:
                break
        second = await client.get("/wall/events")
        payload = await next_payload(second)
        second.close()
        assert payload["channels"][0]["clusters"][0]["cluster"] == f"line {before + 1}"


async def test_a_client_that_went_away_is_no_error_and_holds_nothing_up(caplog: pytest.LogCaptureFixture) -> None:
    rendered = 0
    later = asyncio.Event()

    def counted() -> WallPayload:
        nonlocal rendered
        rendered += 1
        if rendered == 20:
            later.set()
        return wall_payload()

    async with serving(wall=counted, interval_seconds=FAST_SECONDS) as (runner, client):
        response, other = await client.get("/wall/events"), await client.get("/wall/events")
        await next_payload(response)
        response.close()
        await later.wait()
        other.close()
        async with asyncio.timeout(PROMPT_SECONDS):
            await runner.cleanup()
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_stopping_does_not_wait_for_a_client_that_no_longer_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "SHUTDOWN_SECONDS", 0.05)
    more_than_buffers_hold = wall_payload(wall_moment(phone(cluster="x" * 32_000_000)))
    async with serving(wall=lambda: more_than_buffers_hold) as (runner, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(runner), limit=1024)
        writer.write(b"GET /wall/events HTTP/1.1\r\nHost: wall\r\n\r\n")
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        async with asyncio.timeout(PROMPT_SECONDS):
            await runner.cleanup()
        writer.close()


async def test_a_taken_port_says_what_to_do() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(AddressError, match=rf"port {port} on 127\.0\.0\.1 .* another program .*\[web\] port"):
            await serve(
                create_web(
                    metrics=no_metrics,
                    months=no_metrics,
                    wall=wall_payload,
                    health=HealthPayload,
                    worker_health=HealthPayload,
                ),
                "127.0.0.1",
                port,
            )


async def test_an_address_of_another_machine_says_what_to_do() -> None:
    application = create_web(
        metrics=no_metrics, months=no_metrics, wall=wall_payload, health=HealthPayload, worker_health=HealthPayload
    )
    with pytest.raises(AddressError, match=r"cannot listen on 203\.0\.113\.7 port 0 .*\[web\] host"):
        await serve(application, "203.0.113.7", 0)


async def test_a_port_for_administrators_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(_: TCPSite) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(TCPSite, "start", refused)
    application = create_web(
        metrics=no_metrics, months=no_metrics, wall=wall_payload, health=HealthPayload, worker_health=HealthPayload
    )
    with pytest.raises(AddressError, match=r"port 80 .* 1024 or more"):
        await serve(application, "127.0.0.1", 80)


async def test_a_slow_stream_gets_the_latest_frame_and_not_the_ones_it_missed() -> None:
    latest = LatestFrame(fresh_seconds=60)
    latest.publish(b"1")
    frames = latest.frames()
    assert await anext(frames) == b"1"
    latest.publish(b"2")
    latest.publish(b"3")
    assert await anext(frames) == b"3"


async def test_a_withdrawn_frame_is_not_given_to_new_streams() -> None:
    latest = LatestFrame(fresh_seconds=60)
    latest.publish(b"old")
    latest.publish(None)
    waiting = asyncio.ensure_future(anext(latest.frames()))
    await one_turn()
    assert not waiting.done()
    latest.publish(b"new")
    assert await waiting == b"new"


async def test_a_frame_that_is_not_fresh_any_more_begins_no_stream() -> None:
    """A process that stood still has one at hand when it goes on."""
    latest = LatestFrame(fresh_seconds=0)
    latest.publish(b"old")
    waiting = asyncio.ensure_future(anext(latest.frames(), "ended"))
    await one_turn()
    assert not waiting.done()
    latest.close()
    assert await waiting == "ended"


async def test_closing_ends_waiting_streams_and_new_ones() -> None:
    latest = LatestFrame(fresh_seconds=60)
    waiting = asyncio.ensure_future(anext(latest.frames(), "ended"))
    await one_turn()
    latest.close()
    assert await waiting == "ended"
    assert [frame async for frame in latest.frames()] == []
