"""Asks Kafka whether a role has all the rights that it needs.

Every command asks when it starts, so that all missing rights are named before anything is read or written. Which
rights there are is said by `streams.kafka.rights`.
"""

from collections.abc import Coroutine, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    IncompatibleBrokerVersion,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Schema, String

from streams.kafka.client import KafkaProblemsError, admin_client, require_topics
from streams.kafka.rights import Operation, Right, Role, rights_of
from streams.settings import KafkaSettings

T = TypeVar("T")

_GROUP: Final = 0
_TRANSACTION: Final = 1
"""Kinds of coordinators in Kafka's protocol."""

_OPERATION_BITS: Final[Mapping[Operation, int]] = {"Read": 1 << 3, "Write": 1 << 4, "Describe": 1 << 8}
"""`AclOperation` of Kafka's protocol, as bits of a set."""

_NOT_TOLD: Final = -(1 << 31)
"""What a broker answers that does not tell what may be done."""


async def require_rights(kafka: KafkaSettings, role: Role) -> None:
    """Return when Kafka grants a role everything it needs, or does not tell what it grants.

    Without transactions it is the embedded broker, which refuses nobody and creates topics that it is asked about.
    Raises `KafkaProblemsError` when rights are missing, with each of them and how to grant it.
    """
    if kafka.writer == "plain":
        return
    rights = rights_of(role, kafka)
    async with admin_client(kafka) as admin:
        missing = [*await _missing_on_topics(admin, rights), *await _missing_elsewhere(admin, kafka, rights)]
    if missing:
        user = kafka.sasl_username or "the name that Kafka knows this program by"
        grant = "\n".join(f"  {right.options()}" for right in missing)
        raise KafkaProblemsError(
            [
                f"Kafka does not allow this program, as the role {role}, all that it needs. Missing:\n{grant}\n"
                "Have somebody grant it: kafka-acls.sh --bootstrap-server "
                f"{kafka.bootstrap_servers[0]} --add --allow-principal 'User:{user}' and a line of these at a time."
            ]
        )


async def allowed(kafka: KafkaSettings, role: Role, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which begins once `require_rights` has returned and the role's topics exist."""
    try:
        await require_rights(kafka, role)
        await require_topics(kafka, sorted({r.name for r in rights_of(role, kafka) if r.resource == "topic"}))
    except BaseException:
        work.close()
        raise
    return await work


async def _missing_on_topics(admin: AIOKafkaAdminClient, rights: Sequence[Right]) -> list[Right]:
    wanted = [right for right in rights if right.resource == "topic"]
    try:
        answer = await admin._send_request(_RightsRequest(sorted({right.name for right in wanted})))
    except (IncompatibleBrokerVersion, NotImplementedError):  # older than Kafka 2.3: the first refusal will tell
        return []
    granted = {
        name: 0 if error == TopicAuthorizationFailedError.errno else bits for error, name, bits in _told(answer)
    }
    return [
        right
        for right in wanted
        if granted.get(right.name, _NOT_TOLD) != _NOT_TOLD
        and not granted[right.name] & _OPERATION_BITS[right.operation]
    ]


def _told(answer: Any) -> Iterator[tuple[int, str, int]]:
    for error, name, _internal, _partitions, bits in answer.topics:
        yield error, name, bits


async def _missing_elsewhere(
    admin: AIOKafkaAdminClient, kafka: KafkaSettings, rights: Sequence[Right]
) -> list[Right]:
    """Rights to the group and to transactional ids: who has them is told who coordinates those."""
    missing = []
    for right in rights:
        if right.resource == "group":
            refusal, request = GroupAuthorizationFailedError, FindCoordinatorRequest(right.name, _GROUP)
        elif right.resource == "transactional-id":
            one = f"{right.name}{kafka.calls_topic}-0" if right.prefixed else right.name
            refusal, request = TransactionalIdAuthorizationFailed, FindCoordinatorRequest(one, _TRANSACTION)
        else:
            continue
        answer = await admin._send_request(request)
        if answer.error_code == refusal.errno:
            missing.append(right)
    return missing


class _RightsResponse(Response):
    """Version 8 of Kafka's Metadata response, the first that tells what may be done (KIP-430)."""

    API_KEY = 3
    API_VERSION = 8
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            Array(("node_id", Int32), ("host", String("utf-8")), ("port", Int32), ("rack", String("utf-8"))),
        ),
        ("cluster_id", String("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("topic", String("utf-8")),
                ("is_internal", Boolean),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", Array(Int32)),
                        ("isr", Array(Int32)),
                        ("offline_replicas", Array(Int32)),
                    ),
                ),
                ("authorized_operations", Int32),
            ),
        ),
        ("cluster_authorized_operations", Int32),
    )


class _RightsRequestV8(RequestStruct):
    API_KEY = 3
    API_VERSION = 8
    RESPONSE_TYPE = _RightsResponse
    SCHEMA = Schema(
        ("topics", Array(String("utf-8"))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
    )


class _RightsRequest(Request[_RightsRequestV8]):
    """Asks what may be done with topics. aiokafka has no request for it."""

    API_KEY = 3

    def __init__(self, topics: Sequence[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_RightsRequestV8]) -> _RightsRequestV8:
        """The request; no topic is created by asking, nothing is asked about the cluster."""
        return request_struct_class(list(self._topics), False, False, True)
