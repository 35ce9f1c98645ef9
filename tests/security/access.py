"""Users of the test broker: how they log in, and what they are allowed."""

import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from aiokafka.protocol.admin import CreateAclsRequest

from streams.kafka.client import KafkaProblemsError, admin_client
from streams.kafka.permission import require_rights
from streams.kafka.rights import Right, Role
from streams.settings import KafkaSettings, Secret
from tests.brokers.apache import PASSWORD, USERNAME, ApacheKafka, Certificate
from tests.runtime.workers import until

_RESOURCES: Final = {"topic": 2, "group": 3, "transactional-id": 5}
_OPERATIONS: Final = {"Read": 3, "Write": 4, "Describe": 8}
_LITERAL, _PREFIXED, _ALLOW = 3, 4, 3
"""Numbers of Kafka's protocol: `ResourceType`, `AclOperation`, `PatternType`, `AclPermissionType`."""


def with_password(broker: ApacheKafka, **changes: Any) -> dict[str, Any]:
    """Settings that log in with TLS and a password, as a user that may do everything; `changes` win."""
    right: dict[str, Any] = {
        "bootstrap_servers": (broker.secure_bootstrap,),
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_username": USERNAME,
        "sasl_password": Secret(PASSWORD),
        "ssl_ca_file": broker.authority.certificate,
    }
    return right | changes


def with_certificate(broker: ApacheKafka, certificate: Certificate) -> dict[str, Any]:
    """Settings that log in with a certificate alone."""
    return {
        "bootstrap_servers": (broker.mutual_bootstrap,),
        "security_protocol": "SSL",
        "ssl_ca_file": broker.authority.certificate,
        "ssl_certificate_file": certificate.certificate,
        "ssl_key_file": certificate.key,
    }


async def allow(admin: KafkaSettings, user: str, rights: Iterable[Right]) -> None:
    """Allow a user this much; `admin` are settings of somebody who may do everything."""
    async with admin_client(admin) as client:
        for right in rights:
            pattern = _PREFIXED if right.prefixed else _LITERAL
            operation, kind = _OPERATIONS[right.operation], _RESOURCES[right.resource]
            request = CreateAclsRequest(kind, right.name, pattern, f"User:{user}", "*", operation, _ALLOW)
            ((code, text),) = (await client._send_request(request)).creation_responses
            assert code == 0, text


async def missing(user: KafkaSettings, role: Role) -> str:
    """What the user is told to be missing for a role; nothing when it has all."""
    try:
        await require_rights(user, role)
    except KafkaProblemsError as error:
        return str(error)
    return ""


async def until_allowed(user: KafkaSettings, role: Role) -> None:
    """Wait until the broker heeds what was allowed: it does so a moment after it has answered."""

    async def has_all() -> bool:
        return not await missing(user, role)

    await until(has_all, f"the rights of the role {role}")


_LISTENS: Final = "0A"
"""The state of a socket that listens, as Linux writes it."""


def listening_at(pid: int) -> set[str]:
    """`address:port` of every TCP socket that a process listens on."""
    own = {link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    lines = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{table}").read_text(encoding="ascii").splitlines()[1:]
    ]
    return {_address(line[1]) for line in lines if line[3] == _LISTENS and f"socket:[{line[9]}]" in own}


def _address(written: str) -> str:
    """An address as Linux writes it: hexadecimal words of four bytes, the last byte first."""
    host, _, port = written.partition(":")
    words = b"".join(bytes.fromhex(host[at : at + 8])[::-1] for at in range(0, len(host), 8))
    return f"{socket.inet_ntop(socket.AF_INET if len(words) == 4 else socket.AF_INET6, words)}:{int(port, 16)}"
