"""The Faust app: for each channel an agent that folds, a task that writes checkpoints, and the pages beside them.

Faust is the engine: it runs the consumer group, hands over partitions, drives the agents and commits. What is
folded lives in `Partitions`. Any error in a fold or a checkpoint ends the process before anything is committed.
"""

import asyncio
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import faust
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from faust.types import TP

from streams.channels import topics_of
from streams.kafka.client import KafkaProblemsError
from streams.kafka.remade import SourceReplacedError
from streams.live.problems import Problem
from streams.process.clock import system_clock
from streams.records.closings import Closing
from streams.runtime.clock import Clock
from streams.runtime.clock_watch import ClockWatch
from streams.runtime.closings import ClosedMonths
from streams.runtime.consumer import BatchSchema, BatchTransport
from streams.runtime.feed_faults import grown, held_back, made_anew
from streams.runtime.fetching.tail import newest_of_each, seen_keys
from streams.runtime.fetching.turns import Bundle
from streams.runtime.followed import FollowedSources
from streams.runtime.group.neighbours import Neighbours
from streams.runtime.id_log import TELL_SECONDS as IDS_SECONDS
from streams.runtime.id_log import IdLog
from streams.runtime.pages import Pages
from streams.runtime.partitions import Partitions
from streams.runtime.reading import Answer
from streams.runtime.refusals import TELL_SECONDS
from streams.runtime.staffing import StaffingFollowed
from streams.runtime.staffing_letters import StaffingLetters
from streams.settings import KafkaSettings, Settings
from streams.words import message

SESSION_TIMEOUT_SECONDS: Final = 6.0
"""Silence after which the group takes a worker for dead: how long its partitions stand still after a kill. Faust's
60 s would keep the wall stale for a minute; below 6 s a busy machine loses its partitions for nothing."""

HEARTBEAT_SECONDS: Final = 1.5
"""Several heartbeats fit into the session timeout, so that one lost packet costs nothing."""

REBALANCE_TIMEOUT_SECONDS: Final = 30.0
"""How long the others wait for a worker that still writes its last checkpoint."""

BUFFERED_BUNDLES: Final = 16
"""Bundles that may wait for an agent; Faust counts messages, and ours are bundles of at most some 1.5 MiB."""

ENGINE_WAIT_SECONDS: Final = 24 * 3600.0
"""How long Faust lets taking over partitions last. It takes the end of this time (90 s by default) for its own end:
its recovery stops without a word and the worker waits for its partitions for good. What may take how long is bound by
`Partitions.load`, and `watch` ends a worker that waits all the same."""

JUDGING_REST_SECONDS: Final = 0.01
"""Between two slices of judging anew: at least half of the time is everybody else's."""

NOTHING_TO_JUDGE_SECONDS: Final = 1.0
"""How often is looked whether partitions that were taken over are to be judged anew."""

COMMIT_SECONDS: Final = 1.0
"""How often covered offsets are committed: only tools that show lag read them, recovery does not."""

TAIL_SECONDS: Final = 10.0
"""How long brokers may take to hand over the newest records of a topic."""

VERDICT_LOOKS: Final = 10
"""How often a worker that is not certain of its partitions looks whether the group has told, before it writes all the
same: whoever lost them is ended by that. Looks are counted and not time, which goes on while a process is stopped."""

VERDICT_LOOK_SECONDS: Final = 1.0

WAITING_FOR_PARTITIONS: Final = Problem(
    code="waiting_for_partitions",
    text="the worker is waiting for its partitions",
    on_wall=message("problem-waiting"),
    in_process=True,
)

CUT_OFF: Final = Problem(
    code="cut_off",
    text="the worker does not reach the brokers: another one may have its partitions",
    on_wall=message("problem-cut-off"),
    in_process=True,
)


def _stopped(reason: BaseException | None) -> Problem:
    text = f"the worker has stopped by an error: {reason!r}"
    return Problem(code="stopped", text=text, on_wall=message("problem-stopped"), in_process=True)


class MonitorApp(faust.App):
    """The Faust app with our transport and the owner of its partitions."""

    owner: Partitions
    pages: Pages
    neighbours: Neighbours
    clocks: ClockWatch
    closed_months: ClosedMonths
    followed: FollowedSources
    staffing: StaffingFollowed
    staffing_letters: StaffingLetters
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

    def answers(self) -> Mapping[TopicPartition, Answer | None]:
        """What the brokers said last of each owned partition."""
        found: Mapping[TopicPartition, Answer | None] = self.consumer.answers(self.owner.owned())
        return found

    def generation(self) -> int:
        """How many times the group has shared out its partitions."""
        return int(self.consumer_generation_id)

    def owns_partitions(self) -> bool:
        """Whether the partitions at hand are this worker's for certain.

        They are not after a crash, nor when the brokers have not confirmed it for longer than the session timeout:
        then another worker may show them already.
        """
        return not self.crash_event.is_set() and self.consumer.is_member()

    def is_waiting(self) -> bool:
        """Whether it has yet to get its partitions."""
        return self.rebalancing or not self.tables.recovery.completed.is_set()

    def known_closings(self) -> Mapping[str, Closing] | None:
        """What is frozen of each closed month; None while nobody knows, as where the worker is cut off."""
        return self.closed_months.closings() if self.is_waiting() or self.owns_partitions() else None

    def problems(self) -> tuple[Problem, ...]:
        """Why the worker is not well; empty while it is."""
        if self.crash_event.is_set():
            return self._why_it_stopped()
        if self.is_waiting():
            return (WAITING_FOR_PARTITIONS,)
        if not self.owns_partitions():
            return (CUT_OFF,)
        return (
            *self.clocks.problems(),
            *self.closed_months.problems(),
            *self.owner.judging(),
            *self.owner.problems(),
            *self.feed_faults(),
            *self.followed.problems(),
        )

    def _why_it_stopped(self) -> tuple[Problem, ...]:
        reason = self.first_crash_reason
        if isinstance(reason, SourceReplacedError):
            return tuple(made_anew(topics_of(self.pages.settings.kafka), reason))
        return (_stopped(reason),)

    def feed_faults(self) -> tuple[Problem, ...]:
        """What is wrong with the topics of events on Kafka itself."""
        settings = self.pages.settings
        partitions = self.owner.health(self.high_watermarks(), self.answers())
        return (
            *grown(settings.kafka, settings.rules, self.neighbours.partition_counts),
            *held_back(settings.kafka, partitions),
        )

    def _create_directories(self) -> None:
        """Faust would make a data directory for its tables; there are none."""

    def _new_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_producer, self)


def create_app(settings: Settings, *, clock: Clock = system_clock, demo: bool = False) -> MonitorApp:
    """The app of one worker. Nothing connects before it is started."""
    kafka, worker = settings.kafka, uuid.uuid4().hex
    app = _app(kafka)
    app.crash_event = asyncio.Event()
    app.clocks = ClockWatch(kafka, clock)
    app.closed_months = ClosedMonths(kafka)
    app.followed = FollowedSources(kafka, settings.sources, app.clocks.clock)
    app.staffing = StaffingFollowed(settings)
    app.staffing_letters = StaffingLetters(settings)
    app.owner = Partitions(settings, app.clocks.clock)
    app.neighbours = Neighbours(kafka.group, worker)
    app.pages = Pages(
        settings,
        app.owner,
        app,
        app.clocks.clock,
        worker=worker,
        neighbours=app.neighbours,
        clock_ahead_seconds=app.clocks.ahead_seconds,
        closings=app.known_closings,
        sources_away=app.followed.away,
        staffing=app.staffing.now,
        staffing_rejected=app.staffing_letters.rejected,
        demo=demo,
    )
    _let_work(app, settings)
    return app


def _app(kafka: KafkaSettings) -> MonitorApp:
    """Faust's app, as this worker needs it."""
    return MonitorApp(
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
        broker_request_timeout=ENGINE_WAIT_SECONDS,
        stream_buffer_maxsize=BUFFERED_BUNDLES,
        stream_wait_empty=True,
    )


def _let_work(app: MonitorApp, settings: Settings) -> None:
    """What runs once it is started: an agent that folds each topic of events, and what is to be done meanwhile."""
    kafka = settings.kafka
    for topic in topics_of(kafka):
        app.agent(app.topic(topic, schema=BatchSchema()), name=f"fold-{topic}")(_fold(app))
    app.task(_write_checkpoints(app, settings.checkpoint.interval_seconds))
    app.task(_tell_problems(app))
    app.task(_look_at_newest_keys(app, kafka))
    app.task(_judge(app))
    app.task(_tell_ids(app))


def _fold(app: MonitorApp) -> Any:
    async def fold(stream: faust.Stream[Bundle]) -> None:
        async for event in stream.events():
            message = event.message
            tp = TopicPartition(message.topic, message.partition)
            try:
                for batch in event.value.batches():
                    await app.owner.fold(tp, batch)
                    app.pages.observe_latency(batch)
            except Exception as error:  # noqa: BLE001 - whatever it is, nothing may be counted or committed after it
                await app.crash(error)
                return

    return fold


def _write_checkpoints(app: MonitorApp, interval_seconds: float) -> Any:
    async def write_checkpoints() -> None:
        while not app.should_stop:
            await app.sleep(interval_seconds)
            await _hear_from_group(app)
            try:
                await app.owner.checkpoint()
            except Exception as error:  # noqa: BLE001 - a checkpoint of which nobody knows whether it is written
                await app.crash(error)

    return write_checkpoints


async def _hear_from_group(app: MonitorApp) -> None:
    """Let the group tell a worker that was stopped for a while whether it is a member still, before it writes.

    Others may have its partitions by then. To write would end it, while the group tells at once and gives it others.
    """
    for _ in range(VERDICT_LOOKS):
        if app.consumer.is_member() or app.should_stop:
            return
        await app.sleep(VERDICT_LOOK_SECONDS)


def _tell_problems(app: MonitorApp) -> Any:
    async def tell_problems() -> None:
        while not app.should_stop:
            await app.sleep(TELL_SECONDS)
            app.owner.placements.look(app.neighbours.partition_counts)
            app.owner.refusals.tell((*app.owner.problems(), *app.feed_faults()))

    return tell_problems


def _tell_ids(app: MonitorApp) -> Any:
    told = IdLog()

    async def tell_ids() -> None:
        while not app.should_stop:
            await app.sleep(IDS_SECONDS)
            told.tell(app.owner.health(app.high_watermarks(), app.answers()))

    return tell_ids


def _look_at_newest_keys(app: MonitorApp, kafka: KafkaSettings) -> Any:
    """What was folded before this start is not seen again, but says as much of how sources place their keys."""

    async def look_at_newest_keys() -> None:
        while not app.should_stop and not (counts := app.neighbours.partition_counts):
            await app.sleep(TELL_SECONDS)
        for topic, partitions in counts.items():
            with suppress(OSError, KafkaError, KafkaProblemsError):  # what is folded from now on tells it too
                found = await newest_of_each(kafka, topic, partitions, TAIL_SECONDS)
                keys = await asyncio.to_thread(seen_keys, found)  # to unpack what is large takes a while
                app.owner.placements.of(topic).seen.take(keys)

    return look_at_newest_keys


def _judge(app: MonitorApp) -> Any:
    async def judge() -> None:
        while not app.should_stop:
            try:
                was_any = app.owner.judge_slice()
            except Exception as error:  # noqa: BLE001 - as with a fold: nothing may be counted after it
                await app.crash(error)
                return
            await app.sleep(JUDGING_REST_SECONDS if was_any else NOTHING_TO_JUDGE_SECONDS)

    return judge
