"""Batches to a broker exactly as they are."""

import asyncio

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, NotLeaderForPartitionError, for_code
from aiokafka.protocol.produce import ProduceRequest

from streams.kafka.client import ASK_AGAIN_SECONDS, client_options
from streams.settings import KafkaSettings
from tests.runtime.batches import as_sent


async def send_raw(kafka: KafkaSettings, topic: str, partition: int, *batches: bytes) -> None:
    """Write batches to a partition, each by itself; raises what the broker says against one.

    The leader of a new partition may not know yet that it is: it is asked again.
    """
    async with AIOKafkaProducer(**client_options(kafka)) as producer:
        await producer.partitions_for(topic)
        for batch in batches:
            while (error := await _refusal(producer, TopicPartition(topic, partition), batch)) is not None:
                if error is not NotLeaderForPartitionError:
                    raise error
                await asyncio.sleep(ASK_AGAIN_SECONDS)


async def _refusal(producer: AIOKafkaProducer, place: TopicPartition, batch: bytes) -> type[KafkaError] | None:
    """Write a batch; what the broker says against it, None where it took it."""
    request = ProduceRequest(
        transactional_id=None,
        required_acks=-1,
        timeout=60_000,
        topics=[(place.topic, [(place.partition, as_sent(batch))])],
    )
    answer = await producer.client.send(producer.client.cluster.leader_for_partition(place), request)
    error: type[KafkaError] = for_code(answer.topics[0][1][0][1])
    return error if error.errno else None
