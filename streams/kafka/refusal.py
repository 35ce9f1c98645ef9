"""Why a connection to a broker is refused, in words and with the fix. The words hold nothing of the login."""

import asyncio
import socket
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiokafka.conn import AIOKafkaConnection, collect_hosts, create_conn
from aiokafka.errors import KafkaConnectionError, KafkaError

PATIENCE_SECONDS: Final = 5.0
"""How long a broker may take to answer; a healthy one needs a fraction."""

REASONS: Final[Mapping[type[Exception], str]] = {
    TimeoutError: "no answer within {seconds:.0f} s; is it a Kafka broker, does security_protocol fit this port?",
    ConnectionRefusedError: "connection refused; start the broker, or correct bootstrap_servers",
    ConnectionResetError: "connection reset; does security_protocol fit this port?",
    socket.gaierror: "the host name does not resolve; correct bootstrap_servers, or DNS",
    ssl.SSLError: "TLS fails ({detail}); does ssl_ca_file hold the authority of its certificate?",
    OSError: "cannot connect ({detail}); correct bootstrap_servers",
    KafkaConnectionError: (
        "it closed the connection; does security_protocol fit this port, and does it trust ssl_certificate_file?"
    ),
    KafkaError: "it refuses the login ({detail}); correct security_protocol or the login",
}
"""What a failed connection means and what to do, by its error: the first type that fits counts."""


def reason(error: OSError | KafkaError, patience_seconds: float = PATIENCE_SECONDS) -> str:
    """Why a connection failed, with the fix."""
    text = next(text for kind, text in REASONS.items() if isinstance(error, kind))
    detail = error.reason if isinstance(error, ssl.SSLError) else getattr(error, "strerror", None)
    return text.format(detail=detail or type(error).__name__, seconds=patience_seconds)


async def connect(server: str, client_options: Mapping[str, Any]) -> AIOKafkaConnection:
    """An authenticated connection to one broker.

    Raises `OSError` or `KafkaError` when it fails; `reason` explains both.
    """
    ((host, port, _),) = collect_hosts([server])
    security = {name: value for name, value in client_options.items() if name != "bootstrap_servers"}
    return await create_conn(host, port, **security)


async def refusals(servers: Sequence[str], client_options: Mapping[str, Any]) -> list[str]:
    """The address of each broker that cannot be used, with the reason."""
    found = await asyncio.gather(*(_refusal(server, client_options) for server in servers))
    return [each for each in found if each is not None]


async def _refusal(server: str, client_options: Mapping[str, Any]) -> str | None:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            (await connect(server, client_options)).close()
    except (OSError, KafkaError) as error:  # TimeoutError and ssl.SSLError are OSErrors
        return f"{server}: {reason(error)}"
    return None
