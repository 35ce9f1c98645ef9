"""Who sent a request: signatures and shared secrets, compared in a time that does not depend on where they differ.

Must not know HTTP or Kafka.
"""

import base64
import binascii
import hmac
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha1, sha256
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from streams.sources.webhooks.request import Request

Check = Callable[[Request], bool]
"""Whether a request comes from who knows the secret. Never raises."""

FIELDS_MAX: Final = 500
"""Most fields of a form: TaskRouter sends some dozens."""

_PORTS: Final = {"https": 443, "http": 80}


def bearer(secret: bytes) -> Check:
    """The secret itself, in the header Authorization."""
    expected = b"bearer " + secret

    def check(request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return hmac.compare_digest(_bytes(f"{scheme.lower()} {token.strip()}"), expected)

    return check


def over_body(secret: bytes, header: str) -> Check:
    """HMAC-SHA256 over the body in a header, in hexadecimal digits or Base64, `sha256=` before it or not."""
    name = header.lower()

    def check(request: Request) -> bool:
        expected = hmac.new(secret, request.body, sha256).digest()
        given = request.headers.get(name, "").strip()
        return hmac.compare_digest(_digest(given.removeprefix("sha256=")), expected)

    return check


def qminder(secret: bytes) -> Check:
    """As Qminder signs: HMAC-SHA256 over the address and the body, in hexadecimal digits."""

    def check(request: Request) -> bool:
        expected = hmac.new(secret, _bytes(request.address) + request.body, sha256).hexdigest()
        given = request.headers.get("x-qminder-signature", "").strip().lower()
        return hmac.compare_digest(_bytes(given), expected.encode())

    return check


def twilio(secret: bytes) -> Check:
    """As Twilio signs: HMAC-SHA1 over the address and the sorted fields of the form, in Base64.

    Whether the port stands in the address depends on where it was entered, so both are tried.
    """

    def check(request: Request) -> bool:
        given = _bytes(request.headers.get("x-twilio-signature", "").strip())
        try:
            fields = form(request.body)
        except ValueError:
            return False
        signed = _sorted(fields)
        matches = [
            hmac.compare_digest(given, base64.b64encode(hmac.new(secret, _bytes(address) + signed, sha1).digest()))
            for address in _with_and_without_port(request.address)
        ]
        return any(matches)

    return check


def form(body: bytes) -> list[tuple[str, str]]:
    """The fields of a form in their order.

    Raises `ValueError` for what is none: no UTF-8, or too many fields.
    """
    text = body.decode()
    return parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")


def _sorted(fields: Iterable[tuple[str, str]]) -> bytes:
    """Each field once, its name right before its value."""
    return "".join(name + value for name, value in sorted(set(fields))).encode()


def _with_and_without_port(address: str) -> Sequence[str]:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return [address]
    usual = _PORTS.get(parts.scheme)
    if port is None and usual is not None:
        return [address, parts._replace(netloc=f"{parts.netloc}:{usual}").geturl()]
    return [address, parts._replace(netloc=parts.netloc.rpartition(":")[0]).geturl()] if port == usual else [address]


def _digest(text: str) -> bytes:
    """What a text says in hexadecimal digits or Base64; empty for any other."""
    try:
        return bytes.fromhex(text) if len(text) == 2 * sha256().digest_size else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
