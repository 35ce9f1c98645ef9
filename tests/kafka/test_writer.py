"""The writer of a partition when its client misbehaves: a stand-in, for no broker makes it do so on demand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka.errors import IllegalOperation, ProducerFenced

from streams.kafka import writer
from streams.kafka.writer import FencedWriter, OutgoingRecord


class Producer:
    """A client that was fenced behind its back, and that waits for brokers for ever when it is stopped."""

    def __init__(self, **_: Any) -> None: ...

    async def start(self) -> None:
        """At once."""

    async def stop(self) -> None:
        """Never."""
        await asyncio.Event().wait()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Begins in peace."""
        yield

    async def send(self, *_: Any, **__: Any) -> None:
        """What aiokafka says when the sender was told of a newer producer since."""
        raise IllegalOperation("Can't send messages while not in transaction")


@pytest.fixture
async def started(monkeypatch: pytest.MonkeyPatch) -> FencedWriter:
    """A transactional writer on that client."""
    monkeypatch.setattr(writer, "AIOKafkaProducer", Producer)
    monkeypatch.setattr(writer, "STOP_SECONDS", 0.05)
    one = FencedWriter({}, "id")
    await one.start()
    return one


async def test_stopping_does_not_wait_for_brokers_for_ever(started: FencedWriter) -> None:
    async with asyncio.timeout(5):
        await started.stop()


async def test_a_client_that_was_fenced_unnoticed_says_so(started: FencedWriter) -> None:
    with pytest.raises(ProducerFenced):
        await started.write([OutgoingRecord("topic", b"key", b"value")])
