"""Kafka as the rest of the package uses it: options, topics that must exist, reading a partition to its end."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAlreadyExistsError, for_code
from aiokafka.helpers import create_ssl_context

from streams.channels import topics_of
from streams.channels.topics import topic_specs
from streams.contracts.topics import TopicSpec
from streams.kafka.broker_time import Bounds
from streams.kafka.consumer import Consumer, stopped
from streams.kafka.refusal import refusals
from streams.settings import KafkaSettings

BROKER_DEFAULT: Final = -1
"""The replication factor that leaves the number of copies to the broker, in Kafka's protocol as in the settings."""

SETTLE_SECONDS: Final = 30.0
"""How long new topics may take until a broker lists them with leaders; a healthy cluster needs less than a second."""

ASK_AGAIN_SECONDS: Final = 0.05
"""Pause between two polls for something that is about to be true."""

FETCH_WAIT_MS: Final = 50
"""How long a broker may hold back an empty answer: the end of an idle partition is known after one of these."""

LOG_APPEND_TIME: Final = 1
"""How the Kafka protocol marks a record whose time the broker has set."""

PATIENCE_SECONDS: Final = 30.0
"""Reading a partition times out when nothing has come for this long."""

ANSWER_SECONDS: Final = 3.0
"""How long a broker that is up may take to accept a connection; a healthy one needs some hundredths of a second."""


class KafkaProblemsError(Exception):
    """Kafka cannot be used as the settings ask; `problems` says everything that is wrong and what to do."""

    def __init__(self, problems: Iterable[str]) -> None:
        """At least one problem, each a sentence or two."""
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def client_options(kafka: KafkaSettings) -> dict[str, Any]:
    """The arguments that every aiokafka client needs: the brokers and the credentials.

    Raises `KafkaProblemsError` when a certificate or key cannot be read.
    """
    options: dict[str, Any] = {
        "bootstrap_servers": list(kafka.bootstrap_servers),
        "security_protocol": kafka.security_protocol,
    }
    if kafka.security_protocol in ("SSL", "SASL_SSL"):
        options["ssl_context"] = _ssl_context(kafka)
    if kafka.security_protocol in ("SASL_PLAINTEXT", "SASL_SSL"):
        options["sasl_mechanism"] = kafka.sasl_mechanism
        options["sasl_plain_username"] = kafka.sasl_username
        options["sasl_plain_password"] = kafka.sasl_password and kafka.sasl_password.get_secret_value()
    return options


def _ssl_context(kafka: KafkaSettings) -> Any:
    try:
        return create_ssl_context(
            cafile=kafka.ssl_ca_file, certfile=kafka.ssl_certificate_file, keyfile=kafka.ssl_key_file
        )
    except OSError as error:  # ssl.SSLError is one
        files = ", ".join(
            f"{name} = {path}"
            for name in ("ssl_ca_file", "ssl_certificate_file", "ssl_key_file")
            if (path := getattr(kafka, name)) is not None
        )
        raise KafkaProblemsError(
            [f"The certificates for Kafka cannot be used ({error}). Expected PEM files that can be read: {files}."]
        ) from None


async def ensure_topics(kafka: KafkaSettings, only: Collection[str] | None = None) -> list[str]:
    """Create the topics that are missing; return the names of those created, in the order of `topic_specs`.

    With `only`, just the topics of these names: a role may lack the right to see the others.

    Workers may call it at the same moment. It asks for the list of all topics, never for a topic by its name: the
    embedded broker creates any topic that it is asked about, with four partitions.

    Raises `KafkaProblemsError`, after creating what can be created, when no broker answers, a topic is refused, or an
    existing topic has another number of partitions than the settings say.
    """
    specs = {spec.name: spec for spec in topic_specs(kafka) if only is None or spec.name in only}
    async with admin_client(kafka) as admin:
        before = await _partitions_by_topic(admin)
        missing = [spec for name, spec in specs.items() if name not in before]
        created, refusals = await _create(admin, missing, kafka.replication_factor)
        for spec in _to_raise(kafka, specs.values(), before):
            await raise_partitions(kafka, spec.name, spec.partitions)
        found = await _settled(admin, specs.keys() - refusals.keys())
    shortcomings = (_shortcoming(spec, found.get(name)) for name, spec in specs.items() if name not in refusals)
    if problems := [*refusals.values(), *filter(None, shortcomings)]:
        raise KafkaProblemsError(problems)
    return [name for name in specs if name in created]


def _to_raise(kafka: KafkaSettings, specs: Iterable[TopicSpec], before: Mapping[str, int]) -> list[TopicSpec]:
    """Topics of our own with fewer partitions than the settings say, where all topics of events have as many.

    The partitions of those of events are for whoever runs their sources to choose.
    """
    sources = topics_of(kafka)
    if any(before.get(source) != kafka.partitions for source in sources):
        return []
    return [
        spec
        for spec in specs
        if spec.name not in sources and before.get(spec.name, spec.partitions) < spec.partitions
    ]


async def raise_partitions(kafka: KafkaSettings, topic: str, count: int) -> None:
    """Return when a topic has at least so many partitions; other workers may raise it at the same moment.

    Raises `KafkaProblemsError` when it cannot be raised.
    """
    why = ""
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_SECONDS), admin_client(kafka) as admin:
            while (await _partitions_by_topic(admin)).get(topic, count) < count:
                try:
                    await admin.create_partitions({topic: NewPartitions(count)})
                except KafkaError as error:  # mostly another worker was first
                    why = str(error)
                await asyncio.sleep(ASK_AGAIN_SECONDS)
            return
    raise KafkaProblemsError(
        [
            f"Topic {topic} needs {count} partitions, since more were added to its source, and cannot be given them "
            f"({why or 'no answer'}). Raise it with kafka-topics.sh --alter --topic {topic} --partitions {count}, or "
            "allow this user Alter on it."
        ]
    )


@asynccontextmanager
async def admin_client(kafka: KafkaSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected client for topics and their settings.

    Raises `KafkaProblemsError` when no broker can be reached.
    """
    client = AIOKafkaAdminClient(**client_options(kafka))
    try:
        await _start(client, kafka)
        yield client
    finally:
        await stopped(client.close())


async def is_there(kafka: KafkaSettings) -> bool:
    """Whether some broker answers at this moment."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS), admin_client(kafka):
            return True
    except (OSError, KafkaError, KafkaProblemsError):  # TimeoutError is an OSError
        return False


async def _start(client: AIOKafkaAdminClient | Consumer, kafka: KafkaSettings) -> None:
    try:
        await client.start()
    except KafkaConnectionError:
        why = await refusals(kafka.bootstrap_servers, client_options(kafka))
        raise KafkaProblemsError(
            [
                f"Cannot connect to a Kafka broker at {', '.join(kafka.bootstrap_servers)} (security_protocol "
                f"{kafka.security_protocol}). Start one, or correct bootstrap_servers and the security settings.",
                *why,
            ]
        ) from None


async def _create(
    admin: AIOKafkaAdminClient, specs: Sequence[TopicSpec], copies: int
) -> tuple[set[str], dict[str, str]]:
    """The names created, and the problem of each topic refused; one that another worker created first is neither."""
    if not specs:
        return set(), {}
    answer = await admin.create_topics([_new_topic(spec, copies) for spec in specs])
    created, refusals = set(), {}
    for name, code, text in answer.topic_errors:
        if code == 0:
            created.add(name)
        elif (error := for_code(code)) is not TopicAlreadyExistsError:
            refusals[name] = (
                f"Kafka refuses to create topic {name}: {text or error.description} "
                "Correct the settings, or have somebody create it who may; if it is there, we may not see it."
            )
    return created, refusals


def _new_topic(spec: TopicSpec, copies: int) -> NewTopic:
    assignments: dict[int, list[int]] | None = {} if copies == BROKER_DEFAULT else None  # it takes -1 only with some
    return NewTopic(spec.name, spec.partitions, copies, assignments, dict(spec.config))


async def _settled(admin: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, int]:
    """The partitions of all topics, when these names are among them or `SETTLE_SECONDS` are over."""
    found: dict[str, int] = {}
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_SECONDS):
            while not (found := await _partitions_by_topic(admin)).keys() >= set(names):  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(ASK_AGAIN_SECONDS)
    return found


async def _partitions_by_topic(admin: AIOKafkaAdminClient) -> dict[str, int]:
    """The number of partitions of each topic of which every partition has a leader."""
    return {
        topic["topic"]: len(topic["partitions"])
        for topic in await admin.describe_topics()
        if topic["partitions"] and all(partition["leader"] >= 0 for partition in topic["partitions"])
    }


def _shortcoming(spec: TopicSpec, partitions: int | None) -> str | None:
    """What is wrong with a topic that has these partitions, or None partitions while it has no leader."""
    if partitions is None:
        return (
            f"Topic {spec.name} has no leader after {SETTLE_SECONDS:.0f} s. Are all brokers up, may we describe it?"
        )
    if partitions != spec.partitions:
        return (
            f"Topic {spec.name} has {partitions} partitions where the settings ask for {spec.partitions}. "
            "Set kafka.partitions to what calls and tickets have, or choose another name for the topic, or stop all "
            "workers, delete the topic and start again."
        )
    return None


async def require_topics(kafka: KafkaSettings, names: Iterable[str]) -> None:
    """Return when every topic exists: a reader would wait for a missing one for ever.

    Raises `KafkaProblemsError` when one is missing.
    """
    async with admin_client(kafka) as admin:
        # All topics, because the embedded broker creates those that are asked for by name.
        found = {topic["topic"] for topic in await admin.describe_topics()}
    missing = [name for name in names if name not in found]
    if missing:
        raise KafkaProblemsError(
            f"Topic {name} is not there. A worker creates it when it starts; if one runs here, correct the name of "
            "the topic in [kafka] of the settings."
            for name in missing
        )


async def read_to_end(kafka: KafkaSettings, topic: str, partitions: Sequence[int]) -> dict[int, list[ConsumerRecord]]:
    """All committed records of these partitions of a topic, in their order, by partition.

    The end is the last stable offset in the first answer to a fetch, or what ListOffsets says if that is more: every
    transaction before it is decided, and records after it may be there too. Either alone would not do: the embedded
    broker answers ListOffsets wrongly, with too little, and a broker that has just become leader may answer a fetch
    before it knows the end, but not ListOffsets (KIP-207). Nor would the last record, markers of transactions may
    follow it. To see the last word of a former transactional writer, fence that writer first.

    Raises `KafkaProblemsError` when no broker answers or nothing comes for `PATIENCE_SECONDS`.
    """
    if not partitions:
        return {}
    consumer = Consumer(
        **client_options(kafka),
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_wait_ms=FETCH_WAIT_MS,
    )
    try:
        await _start(consumer, kafka)
        consumer.assign([TopicPartition(topic, partition) for partition in partitions])
        return await _drain(consumer)
    finally:
        await consumer.stop()


async def first_offset(kafka: KafkaSettings, topic: str, partition: int) -> int:
    """The offset of the first record that a partition still holds, or of the next one when it holds none.

    Raises `KafkaProblemsError` when no broker answers.
    """
    consumer = Consumer(**client_options(kafka), enable_auto_commit=False)
    try:
        await _start(consumer, kafka)
        place = TopicPartition(topic, partition)
        offset: int = (await consumer.beginning_offsets([place]))[place]
    finally:
        await consumer.stop()
    return offset


async def _drain(consumer: Consumer) -> dict[int, list[ConsumerRecord]]:
    unfinished = set(consumer.assignment())
    records: dict[int, list[ConsumerRecord]] = {place.partition: [] for place in unfinished}
    ends: dict[TopicPartition, int] = {}
    try:
        async with asyncio.timeout(PATIENCE_SECONDS) as patience:
            listed = await consumer.end_offsets(list(unfinished))
            while unfinished:
                batches = await consumer.getmany(timeout_ms=FETCH_WAIT_MS)
                for place, batch in batches.items():
                    records[place.partition].extend(batch)
                if batches.keys() & unfinished:
                    patience.reschedule(asyncio.get_running_loop().time() + PATIENCE_SECONDS)
                unfinished = {place for place in unfinished if not await _is_read(consumer, place, ends, listed)}
    except TimeoutError:
        raise KafkaProblemsError(
            f"Reading partition {place.partition} of topic {place.topic}: nothing came for {PATIENCE_SECONDS:.0f} s "
            f"before its end (offset {ends.get(place, 'unknown')}). Does the topic exist, are all brokers up?"
            for place in sorted(unfinished)
        ) from None
    return records


async def _is_read(
    consumer: Consumer,
    place: TopicPartition,
    ends: dict[TopicPartition, int],
    listed: Mapping[TopicPartition, int],
) -> bool:
    """Whether the consumer stands at or past the end, which is noted in `ends` when the first answer tells it."""
    if place not in ends:
        if (end := consumer.last_stable_offset(place)) is None:
            return False
        ends[place] = max(end, listed[place])
    position: int = await consumer.position(place)
    return position >= ends[place]


async def offsets_at(kafka: KafkaSettings, topics: Iterable[str], at_ms: int) -> dict[TopicPartition, Bounds]:
    """Of every partition of these topics where its records from before `at_ms` begin and end.

    Asks for offsets by time, which the embedded broker does not answer rightly. Raises `KafkaProblemsError` when no
    broker answers.
    """
    consumer = Consumer(**client_options(kafka), enable_auto_commit=False)
    try:
        await _start(consumer, kafka)
        places = [TopicPartition(topic, partition) for topic in topics for partition in range(kafka.partitions)]
        first = await consumer.beginning_offsets(places)
        ends = await consumer.end_offsets(places)
        found = await consumer.offsets_for_times(dict.fromkeys(places, at_ms))
    finally:
        await consumer.stop()
    later = {place: known.offset for place, known in found.items() if known is not None}
    return {place: Bounds(first[place], later.get(place, ends[place]), place in later) for place in places}
