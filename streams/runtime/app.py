"""The Faust app: two agents that fold, a task that writes checkpoints, and the pages beside them.

Faust is the engine: it runs the consumer group, hands over partitions, drives the agents and commits. What is
folded lives in `Partitions`. Any error in a fold or a checkpoint ends the process before anything is committed.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import faust
from aiokafka import TopicPartition
from faust.types import TP

from streams.runtime.clock import Clock, system_clock
from streams.runtime.consumer import BatchSchema, BatchTransport
from streams.runtime.pages import Pages
from streams.runtime.partition import Batch
from streams.runtime.partitions import Partitions
from streams.settings import Settings

SESSION_TIMEOUT_SECONDS: Final = 6.0
"""Silence after which the group takes a worker for dead: how long its partitions stand still after a kill. Faust's
60 s would keep the wall stale for a minute; below 6 s a busy machine loses its partitions for nothing."""

HEARTBEAT_SECONDS: Final = 1.5
"""Several heartbeats fit into the session timeout, so that one lost packet costs nothing."""

REBALANCE_TIMEOUT_SECONDS: Final = 30.0
"""How long the others wait for a worker that still writes its last checkpoint."""

BUFFERED_BATCHES: Final = 16
"""Batches that may wait for an agent; Faust counts messages, and ours are batches."""

COMMIT_SECONDS: Final = 1.0
"""How often covered offsets are committed: only tools that show lag read them, recovery does not."""


class MonitorApp(faust.App):
    """The Faust app with our transport and the owner of its partitions."""

    owner: Partitions
    pages: Pages
    pages_address: str
    """`host:port` at which the pages are served."""

    crash_event: asyncio.Event
    """Set when the app has crashed."""
    first_crash_reason: BaseException | None = None

    def _crash(self, reason: BaseException) -> None:
        """Every crash passes here, of the app itself and of any service below it; the first reason counts."""
        super()._crash(reason)
        if not self.crash_event.is_set():
            self.first_crash_reason = reason
            self.crash_event.set()

    def high_watermarks(self) -> Mapping[TopicPartition, int | None]:
        """The end of each owned partition, as far as fetches have told."""
        return {tp: self.consumer.highwater(TP(*tp)) for tp in self.owner.owned()}

    def owns_partitions(self) -> bool:
        """Whether the partitions at hand are this worker's for certain.

        They are not after a crash, nor when the brokers have not confirmed it for longer than the session timeout:
        then another worker may show them already.
        """
        return not self.crash_event.is_set() and self.consumer.is_member()

    def problems(self) -> tuple[str, ...]:
        """Why the worker is not well; empty while it is."""
        if self.crash_event.is_set():
            return (f"the worker has stopped by an error: {self.first_crash_reason!r}",)
        if self.rebalancing or not self.tables.recovery.completed.is_set():
            return ("the worker is waiting for its partitions",)
        if not self.owns_partitions():
            return ("the worker does not reach the brokers: another one may have its partitions",)
        return ()

    def _create_directories(self) -> None:
        """Faust would make a data directory for its tables; there are none."""

    def _new_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_producer, self)


def create_app(settings: Settings, *, clock: Clock = system_clock, demo: bool = False) -> MonitorApp:
    """The app of one worker. Nothing connects before it is started."""
    kafka = settings.kafka
    app = MonitorApp(
        kafka.group,
        broker=[f"kafka://{server}" for server in kafka.bootstrap_servers],
        store="memory://",
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        broker_session_timeout=SESSION_TIMEOUT_SECONDS,
        broker_heartbeat_interval=HEARTBEAT_SECONDS,
        broker_rebalance_timeout=REBALANCE_TIMEOUT_SECONDS,
        broker_commit_interval=COMMIT_SECONDS,
        stream_buffer_maxsize=BUFFERED_BATCHES,
        stream_wait_empty=True,
    )
    app.crash_event = asyncio.Event()
    app.owner = Partitions(settings, clock)
    app.pages = Pages(settings, app.owner, app, clock, demo=demo)
    for topic in (kafka.calls_topic, kafka.tickets_topic):
        app.agent(app.topic(topic, schema=BatchSchema()), name=f"fold-{topic}")(_fold(app))
    app.task(_write_checkpoints(app, settings.checkpoint.interval_seconds))
    return app


def _fold(app: MonitorApp) -> Any:
    async def fold(stream: faust.Stream[Batch]) -> None:
        async for event in stream.events():
            message = event.message
            tp = TopicPartition(message.topic, message.partition)
            try:
                await app.owner.fold(tp, event.value)
            except Exception as error:  # noqa: BLE001 - whatever it is, nothing may be counted or committed after it
                await app.crash(error)
                return
            app.pages.observe_latency(event.value)

    return fold


def _write_checkpoints(app: MonitorApp, interval_seconds: float) -> Any:
    async def write_checkpoints() -> None:
        while not app.should_stop:
            await app.sleep(interval_seconds)
            try:
                await app.owner.checkpoint()
            except Exception as error:  # noqa: BLE001 - a checkpoint of which nobody knows whether it is written
                await app.crash(error)

    return write_checkpoints
