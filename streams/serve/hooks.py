"""The web server that others call: each path is one source, and each request is read within bounds and then judged.

Whoever stands outside may send anything, as much and as slowly as they like: connections, heads, bodies and the time
for each are bounded, and nothing of a request is ever logged. It must not know what an event means nor where it comes
from: callables judge a request and say what to answer.
"""

import asyncio
import logging
import re
import ssl
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final, NamedTuple

from aiohttp import web

from streams.serve.web import AddressError, address_advice

HEAD_SECONDS: Final = 10.0
"""How long a connection may take to send the head of a request; who is connected and idle is cut off after it too."""

BODY_SECONDS: Final = 10.0
"""How long a body may take."""

CONNECTIONS_MAX: Final = 512
"""Most connections at a time: one more is closed at once. Each holds some kilobytes until it has sent a head."""

REQUESTS_MAX: Final = 256
"""Most requests at a time: one more is answered 503."""

RETRY_AFTER_SECONDS: Final = 5

TOLD_SECONDS: Final = 60.0
"""How often it is logged that requests are refused for one reason: whoever stands outside could fill the log."""

CERTIFICATE_SECONDS: Final = 60.0
"""How often it is looked whether the certificate was renewed."""

LINGER_SECONDS: Final = 2.0
"""For how long the rest of a body is thrown away that nobody wants: closing at once could lose the answer."""

_ORIGIN: Final = re.compile(r"[A-Za-z0-9.*:_-]{1,253}")

log = logging.getLogger(__name__)


class HookAnswer(NamedTuple):
    """What to answer."""

    status: int
    text: str = ""
    reason: str = ""
    """Why it is refused, for the log: one of few fixed names."""


class HookRequest(NamedTuple):
    """A request that was read to its end."""

    source: str
    address: str
    """As the sender has it, with the query."""
    headers: Mapping[str, str]
    """By their names in small letters; values of one that came more than once are joined with commas."""
    body: bytes


Judge = Callable[[HookRequest], Awaitable[HookAnswer]]
"""Takes a request to its end, and says what to answer. May take its time, within bounds of its own."""

Refused = Callable[[str, str], None]
"""Told of a source and the reason for which a request to it never came to be judged."""


class Hooks:
    """The handlers of all sources."""

    def __init__(
        self,
        sources: Collection[str],
        judge: Judge,
        refused: Refused,
        *,
        body_bytes_max: int,
        public_url: str | None = None,
        asking: Collection[str] = (),
    ) -> None:
        """`public_url` is the address by which senders know this server; None takes what they say themselves.

        Of the sources some are `asking` whether they may send, as senders of CloudEvents do before they begin.
        """
        self._sources = frozenset(sources)
        self._judge = judge
        self._refused = refused
        self._body_bytes_max = body_bytes_max
        self._public_url = public_url
        self._asking = frozenset(asking)
        self._under_way = 0
        self._ending = False
        self._told: Counter[tuple[str, str]] = Counter()
        self._tell_from = 0.0

    def application(self) -> web.Application:
        """The application: `POST /SOURCE`."""
        app = web.Application(client_max_size=self._body_bytes_max)
        app.router.add_post("/{source:[a-z0-9-]+}", self.called)
        app.router.add_options("/{source:[a-z0-9-]+}", self.asked)
        app.on_response_prepare.append(_protect)
        return app

    def end(self) -> None:
        """Answer what is under way, and 503 to all that comes from now on."""
        self._ending = True

    async def asked(self, request: web.Request) -> web.Response:
        """Whether somebody may send (abuse protection of CloudEvents): yes, since each request shows who it is."""
        origin = request.headers.get("WebHook-Request-Origin", "")
        if request.match_info["source"] not in self._asking or not _ORIGIN.fullmatch(origin):
            raise web.HTTPMethodNotAllowed("OPTIONS", ["POST"])
        headers = {"Allow": "POST", "WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*"}
        return web.Response(headers=headers)

    async def called(self, request: web.Request) -> web.Response:
        """One request; counted and logged, whatever becomes of it."""
        source = request.match_info["source"]
        if source not in self._sources:
            raise web.HTTPNotFound(text="There is no such source.")
        began = asyncio.get_running_loop().time()
        try:
            answer = await self._answer(source, request)
        except Exception as error:  # noqa: BLE001 - its text may be that of a request, which nobody is to read
            log.error("source %s: a request failed: %s\n%s", source, type(error).__name__, _where(error))
            answer = self._refuse(source, _FAILED)
        took_ms = (asyncio.get_running_loop().time() - began) * 1000
        log.debug("POST /%s %d %s %.0f ms", source, answer.status, answer.reason or "-", took_ms)
        if answer.reason:
            self._tell(source, answer.reason)
        return _response(answer)

    async def _answer(self, source: str, request: web.Request) -> HookAnswer:
        if self._ending or self._under_way >= REQUESTS_MAX:
            return self._refuse(source, _STOPPING if self._ending else _BUSY)
        self._under_way += 1
        try:
            read = await self._read(source, request)
            return self._refuse(source, read) if isinstance(read, HookAnswer) else await self._judge(read)
        finally:
            self._under_way -= 1

    def _refuse(self, source: str, answer: HookAnswer) -> HookAnswer:
        self._refused(source, answer.reason)
        return answer

    async def _read(self, source: str, request: web.Request) -> HookRequest | HookAnswer:
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            return _PACKED
        if (request.content_length or 0) > self._body_bytes_max:
            return _TOO_LARGE
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return _TOO_LARGE
        except TimeoutError:
            return _TOO_SLOW
        except (ConnectionError, web.RequestPayloadError):
            return _BROKEN
        return HookRequest(source, self._address(request), _headers(request), body)

    def _address(self, request: web.Request) -> str:
        path = request.raw_path
        own = f"{'https' if request.secure else 'http'}://{request.headers.get('Host', '')}"
        return f"{own if self._public_url is None else self._public_url}{path if path.startswith('/') else ''}"

    def _tell(self, source: str, reason: str) -> None:
        """Log refusals, all of a minute in one line."""
        self._told[source, reason] += 1
        now = asyncio.get_running_loop().time()
        if now >= self._tell_from:
            self._tell_from = now + TOLD_SECONDS
            for (name, why), count in sorted(self._told.items()):
                log.warning("source %s: %d %s refused: %s", name, count, "request" if count == 1 else "requests", why)
            self._told.clear()


_STOPPING: Final = HookAnswer(HTTPStatus.SERVICE_UNAVAILABLE, "This receiver is being stopped.", "stopping")
_BUSY: Final = HookAnswer(HTTPStatus.SERVICE_UNAVAILABLE, "Too many requests are under way.", "too_many")
_PACKED: Final = HookAnswer(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Expected a body that is not packed.", "packed_body")
_TOO_LARGE: Final = HookAnswer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large.", "too_large")
_TOO_SLOW: Final = HookAnswer(HTTPStatus.REQUEST_TIMEOUT, "The body took too long.", "too_slow")

_BROKEN: Final = HookAnswer(HTTPStatus.BAD_REQUEST, "The body broke off.", "broken_off")
_FAILED: Final = HookAnswer(HTTPStatus.INTERNAL_SERVER_ERROR, "The request failed here: send it again.", "failed")


def _where(error: BaseException) -> str:
    """Where it happened, without what it says."""
    return "".join(traceback.format_tb(error.__traceback__))


def _headers(request: web.Request) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in request.headers.items():
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def _response(answer: HookAnswer) -> web.Response:
    headers = {}
    if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if answer.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    response = web.Response(status=answer.status, text=answer.text or None, headers=headers)
    if answer.status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE):
        response.force_close()
    return response


async def _protect(_: web.BaseRequest, response: web.StreamResponse) -> None:
    """Nothing is cached or sniffed, and nobody is told what this server is made of."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Server"] = "wachtmonitor"


class HookServer:
    """Listens for requests to the sources, within bounds."""

    def __init__(self, hooks: Hooks, certificate: "Certificate | None" = None, stop_seconds: float = 0.0) -> None:
        """Without a certificate in plain HTTP: for loopback, behind a proxy.

        Once it is told to stop, what is under way has `stop_seconds` to be answered.
        """
        self._hooks = hooks
        self._certificate = certificate
        self._stop_seconds = stop_seconds
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None
        self._renewing: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port, which is a free one for 0.

        Raises `AddressError` when the address cannot be bound.
        """
        self._runner = web.AppRunner(
            self._hooks.application(),
            access_log=None,
            logger=logging.Logger("silent", logging.CRITICAL),  # what aiohttp says of a bad request repeats it
            shutdown_timeout=self._stop_seconds,
            keepalive_timeout=HEAD_SECONDS,
            lingering_time=LINGER_SECONDS,
            auto_decompress=False,
        )
        await self._runner.setup()
        assert self._runner.server is not None
        context = None if self._certificate is None else self._certificate.context
        timeout = None if context is None else HEAD_SECONDS
        bounded = _Bounded(self._runner.server)
        try:
            self._server = await asyncio.get_running_loop().create_server(
                bounded, host, port, ssl=context, ssl_handshake_timeout=timeout
            )
        except OSError as error:
            await self.stop()
            raise AddressError(address_advice(host, port, error, "receive")) from error
        if self._certificate is not None:
            self._renewing = asyncio.create_task(self._certificate.renew(), name="certificate")
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    async def stop(self) -> None:
        """Listen no more; what is under way is answered, what comes on open connections is not heard any more."""
        self._hooks.end()
        if self._renewing is not None:
            self._renewing.cancel()
        if self._server is not None:
            self._server.close()
        if self._runner is not None:
            await self._runner.cleanup()


class _Bounded:
    """Makes the protocols of new connections, as long as there are not too many."""

    def __init__(self, server: web.Server) -> None:
        self._server = server

    def __call__(self) -> asyncio.Protocol:
        return _Closed() if len(self._server.connections) >= CONNECTIONS_MAX else self._server()


class _Closed(asyncio.Protocol):
    """Closes a connection at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


class CertificateError(Exception):
    """The certificate or its key cannot be used; the text says what to do."""


class Certificate:
    """The certificate of this server, which is read again when it was renewed."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Raises `CertificateError` when they cannot be used."""
        self._files = (certificate, key)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            self._seen = self._times()
            self.context.load_cert_chain(certificate, key)
        except OSError as error:  # ssl.SSLError is one
            why = error.strerror or type(error).__name__
            raise CertificateError(
                f"[receive]: certificate_file and key_file cannot be used ({why}): expected a certificate with those "
                "that vouch for it, and its key, both PEM files that this program may read"
            ) from None

    def _times(self) -> tuple[float, ...]:
        return tuple(file.stat().st_mtime for file in self._files)

    async def renew(self) -> None:
        """Take up a renewed certificate, for ever. One that cannot be used leaves the old one in its place."""
        while True:
            await asyncio.sleep(CERTIFICATE_SECONDS)
            try:
                if (found := self._times()) != self._seen:
                    tried = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # a pair that does not fit would spoil ours
                    tried.load_cert_chain(*self._files)
                    self.context.load_cert_chain(*self._files)
                    self._seen = found
                    log.info("the certificate was renewed")
            except OSError as error:
                log.warning("the renewed certificate cannot be used (%s): the old one stays", type(error).__name__)
