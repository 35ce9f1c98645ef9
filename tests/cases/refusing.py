"""A worker that refuses what comes in, looked at from every side that people look from."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from aiokafka import AIOKafkaProducer
from click.testing import CliRunner, Result

from streams.commands.check.command import check
from streams.kafka.client import client_options, ensure_topics
from streams.settings import KafkaSettings
from tests.runtime.workers import WorkerProcess, environment, until

KCC = "Klantencontactcentrum"

Fact = dict[str, Any]


def call(call_id: str, later_seconds: float = 0, cluster: str = KCC) -> Fact:
    """A call that dials in now, by a clock that is so much ahead."""
    return {"type": "offered", "call_id": call_id, "cluster": cluster, "at": time.time() + later_seconds}


def visit(ticket_id: str, cluster: str = "Burgerzaken", later_seconds: float = 0) -> Fact:
    """A visitor who takes a ticket now."""
    return {"type": "arrived", "ticket_id": ticket_id, "cluster": cluster, "at": time.time() + later_seconds}


async def send(kafka: KafkaSettings, facts: Iterable[Fact]) -> None:
    """Send as a source does that knows the contract alone: JSON, by the contact's id."""
    await ensure_topics(kafka)
    async with AIOKafkaProducer(**client_options(kafka)) as producer:
        for fact in facts:
            is_call = "call_id" in fact
            topic = kafka.calls_topic if is_call else kafka.tickets_topic
            key = str(fact["call_id" if is_call else "ticket_id"]).encode()
            await producer.send_and_wait(topic, json.dumps(fact).encode(), key)


@asynccontextmanager
async def working(kafka: KafkaSettings, log: Path, settings_file: Path | None = None) -> AsyncIterator[WorkerProcess]:
    """A worker that is healthy."""
    worker = WorkerProcess(kafka, log, settings_file, verbose=False)
    try:
        await until(worker.is_healthy, "a healthy worker")
        yield worker
    finally:
        worker.stop()


def health(worker: WorkerProcess) -> list[str]:
    """The problems on /health."""
    try:
        text = worker.get("/health")
    except HTTPError as error:
        text = error.read().decode()
    problems: list[str] = json.loads(text)["problems"]
    return problems


def on_wall(worker: WorkerProcess) -> list[str]:
    """The problems on the wall, by its next frame."""
    with urlopen(f"http://127.0.0.1:{worker.port}/wall/events", timeout=30) as stream:
        frame = next(line for line in stream if line.startswith(b"data: {"))
    return [problem["text"] for problem in json.loads(frame.removeprefix(b"data: "))["problems"]]


async def checked(worker: WorkerProcess) -> Result:
    """What `wachtmonitor check` says beside the worker."""
    return await asyncio.to_thread(
        lambda: CliRunner().invoke(check, [], env=environment(worker.kafka, worker.port, None))
    )
