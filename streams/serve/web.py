"""The web server of a worker: its metrics, the health of group and worker, the wall page and its stream of figures.

It runs on the event loop that owns the figures, so that it reads them between two folds and needs no lock. It must
not know what a figure means nor where it comes from: callables give it what it serves.
"""

import asyncio
import errno
import gzip
import logging
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import aclosing, suppress
from typing import Final

import msgspec
from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from streams.serve.wall.page import Page, read_page
from streams.serve.wall.payload import HealthPayload, WallPayload
from streams.words import Language

RECONNECT_MS: Final = 2_000
"""How long a browser waits before it connects again: short for people who look, long for a worker that starts."""

FRESH_INTERVALS: Final = 2
"""For how many intervals a frame is one of now, but for a second at least."""

FRESH_SECONDS: Final = 1.0

PACKING_LEVEL: Final = 1
"""Of zlib: it makes a text 22 times smaller in a third of the time in which the usual level makes it 24 times so."""

_NOT_AT_ALL: Final = re.compile(r"q\s*=\s*0(\.0{0,3})?", re.IGNORECASE)

SHUTDOWN_SECONDS: Final = 3.0
"""How long stopping waits for answers under way; a browser that no longer reads would hold it up for ever."""

_SERVED: Final = {"web": "/metrics and the wall page", "follow": "/metrics and /health", "receive": "webhooks"}
"""What is served at the address that a table of the settings says."""

log = logging.getLogger(__name__)


class AddressError(Exception):
    """The web server cannot listen where it is told to; the message says what to do."""


class LatestFrame:
    """The last rendered frame, shared by all streams.

    A stream that is slow misses frames instead of piling them up: only the latest figures are worth sending.
    """

    def __init__(self, fresh_seconds: float) -> None:
        """Start empty: a stream waits for the first frame. One that is not fresh any more begins no stream."""
        self._fresh_seconds = fresh_seconds
        self._published = 0.0
        self._frame: bytes | None = None
        self._changed = asyncio.Event()
        self._closed = False
        self._streams = 0
        self.watched = asyncio.Event()
        """Set while there is a stream: nothing needs to be rendered for nobody."""

    def publish(self, frame: bytes | None) -> None:
        """Replace the frame and wake the streams; None withdraws the last one, so that nobody takes it for fresh."""
        self._frame = frame
        self._published = time.monotonic()
        self._wake()

    def close(self) -> None:
        """End all streams."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def frames(self) -> AsyncGenerator[bytes]:
        """The current frame at once, then each new one, until `close`.

        A process that stood still has an old one at hand, and who knocked meanwhile would take it for that of now.
        """
        self._streams += 1
        self.watched.set()
        try:
            while not self._closed:
                changed = self._changed
                if self._frame is not None and time.monotonic() - self._published < self._fresh_seconds:
                    yield self._frame
                await changed.wait()
        finally:
            self._streams -= 1
            if not self._streams:
                self.watched.clear()
                self._frame = None  # it would be old when the next stream comes


class _Routes:
    """The handlers, with what they serve."""

    def __init__(
        self,
        *,
        metrics: Callable[[], bytes],
        months: Callable[[], bytes],
        health: Callable[[], HealthPayload],
        worker_health: Callable[[], HealthPayload],
        page: Page,
        latest: LatestFrame,
    ) -> None:
        self._metrics = metrics
        self._months = months
        self._health = health
        self._worker_health = worker_health
        self._page = page
        self._latest = latest

    def table(self) -> list[web.RouteDef]:
        """Which path is answered by what."""
        return [
            web.get("/metrics", self.metrics),
            web.get("/metrics/months", self.months),
            web.get("/health", self.health),
            web.get("/health/worker", self.worker_health),
            web.get("/", self.wall),
            web.get("/wall", self.wall),
            web.get("/wall/events", self.events, allow_head=False),
        ]

    async def metrics(self, request: web.Request) -> web.Response:
        """The Prometheus text exposition."""
        return await _exposition(request, self._metrics())

    async def months(self, request: web.Request) -> web.Response:
        """The Prometheus text exposition of whole months."""
        return await _exposition(request, self._months())

    async def health(self, _: web.Request) -> web.Response:
        """200 while the whole group is healthy, 503 with the problems when it is not."""
        return _health_response(self._health())

    async def worker_health(self, _: web.Request) -> web.Response:
        """The same of this worker alone: for whoever starts it again when it is ill, which helps nobody else."""
        return _health_response(self._worker_health())

    async def wall(self, _: web.Request) -> web.Response:
        """The wall page."""
        headers = {"Content-Security-Policy": self._page.policy}
        return web.Response(body=self._page.html, content_type="text/html", charset="utf-8", headers=headers)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: the page's version first, so that a screen takes up a new page, then the figures."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        with suppress(ConnectionError):  # the browser went away, which is its right
            await response.prepare(request)
            await response.write(f"retry: {RECONNECT_MS}\nevent: page\ndata: {self._page.version}\n\n".encode())
            async with aclosing(self._latest.frames()) as frames:
                async for frame in frames:
                    await response.write(frame)
        return response


async def _exposition(request: web.Request, text: bytes) -> web.Response:
    """The text, packed for whoever takes it so. It is packed beside the event loop, which goes on counting."""
    headers = {"Content-Type": CONTENT_TYPE_LATEST, "Vary": "Accept-Encoding"}
    if not takes_gzip(request.headers.getall("Accept-Encoding", ())):
        return web.Response(body=text, headers=headers)
    packed = await asyncio.to_thread(gzip.compress, text, PACKING_LEVEL, mtime=0)
    return web.Response(body=packed, headers=headers | {"Content-Encoding": "gzip"})


def takes_gzip(accepted: Iterable[str]) -> bool:
    """Whether the values of Accept-Encoding ask for gzip by its name (RFC 9110, section 12.5.3).

    >>> takes_gzip(["gzip"]), takes_gzip(["br, GZIP;q=0.5"]), takes_gzip(["gzip;q=0, deflate"]), takes_gzip(["*"])
    (True, True, False, False)
    """
    for each in ",".join(accepted).split(","):
        coding, _, parameter = each.partition(";")
        if coding.strip().lower() == "gzip":
            return _NOT_AT_ALL.fullmatch(parameter.strip()) is None
    return False


def _health_response(health: HealthPayload) -> web.Response:
    problems = [problem.text for problem in health.problems]
    body = {"healthy": not problems, "problems": problems, "notes": health.notes, "feeds": health.feeds}
    return web.Response(
        body=msgspec.json.encode(body), status=503 if problems else 200, content_type="application/json"
    )


def create_web(
    *,
    metrics: Callable[[], bytes],
    months: Callable[[], bytes],
    wall: Callable[[], WallPayload],
    health: Callable[[], HealthPayload],
    worker_health: Callable[[], HealthPayload],
    language: Language = Language.DUTCH,
    interval_seconds: float = 1.0,
) -> web.Application:
    """The application with both pages of metrics and of health, the wall page (`/`, `/wall`) and its events.

    `metrics` and `months` give the Prometheus text exposition of the moment and of whole months, `wall` the figures
    on the wall, `health` the state of the group and `worker_health` that of this worker. All are called on the event
    loop and must be quick. `wall` is called once in `interval_seconds`, however many screens watch. While it fails
    nothing is sent, and the screens turn grey by themselves. The page is in `language`.
    """
    page = Page(read_page(language))
    latest = LatestFrame(fresh_seconds=max(FRESH_SECONDS, FRESH_INTERVALS * interval_seconds))
    app = web.Application()
    routes = _Routes(
        metrics=metrics, months=months, health=health, worker_health=worker_health, page=page, latest=latest
    )
    app.add_routes(routes.table())

    async def rendering(_: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(_render_frames(wall, latest, interval_seconds), name="wall page")
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def close_streams(_: web.Application) -> None:
        latest.close()

    app.cleanup_ctx.append(rendering)
    app.on_shutdown.append(close_streams)
    app.on_response_prepare.append(_protect)
    return app


def create_source_web(*, metrics: Callable[[], bytes], health: Callable[[], HealthPayload]) -> web.Application:
    """The application of whoever follows a source: /metrics and /health of its own, and nothing else."""
    app = web.Application()

    async def show_metrics(request: web.Request) -> web.Response:
        return await _exposition(request, metrics())

    async def show_health(_: web.Request) -> web.Response:
        return _health_response(health())

    app.add_routes([web.get("/metrics", show_metrics), web.get("/health", show_health)])
    app.on_response_prepare.append(_protect)
    return app


async def serve(app: web.Application, host: str, port: int, table: str = "web") -> web.AppRunner:
    """Listen on `host` and `port`, which `table` of the settings says; `await runner.cleanup()` ends it.

    Port 0 takes a free one, which `runner.addresses` names. Requests are not logged: an address is a personal datum,
    and a line for each scrape tells nothing. Raises `AddressError` when the address cannot be bound.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    try:
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise AddressError(address_advice(host, port, error, table)) from error
    return runner


def address_advice(host: str, port: int, error: OSError, table: str) -> str:
    """What to do about an address that cannot be listened on."""
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} on {host} should be free for {_SERVED[table]}, but another program listens there: "
            f"stop that program or choose another port in the settings ([{table}] port)"
        )
    if error.errno == errno.EACCES:
        return (
            f"port {port} on {host} may not be opened by this user: choose a port of 1024 or more in the settings "
            f"([{table}] port)"
        )
    return (
        f"cannot listen on {host} port {port} ({error.strerror or error}): [{table}] host in the settings should be "
        "an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them"
    )


async def _render_frames(wall: Callable[[], WallPayload], latest: LatestFrame, interval_seconds: float) -> None:
    """Render the payload once in each interval, for all streams together, while there are any.

    A failure is logged when it begins and not each second that it lasts.
    """
    failing = False
    while True:
        while not latest.watched.is_set():  # whoever came may have gone again before this goes on
            await latest.watched.wait()
        try:
            latest.publish(b"data: %b\n\n" % msgspec.json.encode(wall()))
            failing = False
        except Exception:
            latest.publish(None)
            if not failing:
                log.exception("the wall page gets no figures: its screens turn grey until this is over")
            failing = True
        await asyncio.sleep(interval_seconds)


async def _protect(_: web.BaseRequest, response: web.StreamResponse) -> None:
    """Put the headers on every answer, errors too: nothing is cached, sniffed, framed or loaded from elsewhere."""
    response.headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
