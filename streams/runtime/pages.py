"""What the worker's web pages are told: metrics, the wall, health, each from the states as they are at that moment.

Metrics are of this worker alone, since Prometheus adds them up; the wall and the health are of the whole group. Runs
on the event loop that folds, so a page never sees half a batch.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Final, Protocol

import msgspec
from aiokafka import TopicPartition

from streams.channels import channel_names, topics_of
from streams.live.faults import faults_in
from streams.live.notes import id_notes
from streams.live.observed import Observed, Reading, Reported
from streams.live.problems import Problem
from streams.live.share import Part, Share, counts_in_line, parts_of
from streams.live.staffing import Place, Staff
from streams.live.whole import Needed, Own, Whole, whole
from streams.records.closings import Closing
from streams.runtime.clock import Clock
from streams.runtime.fetching.fetched import Fetched
from streams.runtime.group.neighbours import Neighbours
from streams.runtime.partitions import Partitions
from streams.runtime.reading import Answer
from streams.serve.metrics.collector import Metrics
from streams.serve.metrics.months import MonthMetrics
from streams.serve.wall.figures import feeds, wall_moment
from streams.serve.wall.payload import HealthPayload, WallPayload
from streams.serve.wall.say import said
from streams.settings import Settings
from streams.words import message, words_of

_CENTS: Final = 100
"""Cents in a euro."""


class Engine(Protocol):
    """What the pages ask of the engine."""

    def high_watermarks(self) -> Mapping[TopicPartition, int | None]:
        """The end of each assigned partition, as far as fetches have told."""

    def answers(self) -> Mapping[TopicPartition, Answer | None]:
        """What the brokers said last of each assigned partition."""

    def generation(self) -> int:
        """How many times the group has shared out its partitions."""

    def owns_partitions(self) -> bool:
        """Whether the assigned partitions are this worker's for certain."""

    def problems(self) -> tuple[Problem, ...]:
        """Why the worker is not well; empty while it is."""


class Pages:
    """What one worker shows: its own metrics and health, the wall and the health of the group, its share of both."""

    def __init__(
        self,
        settings: Settings,
        partitions: Partitions,
        engine: Engine,
        clock: Clock,
        *,
        worker: str,
        neighbours: Neighbours,
        clock_ahead_seconds: Callable[[], float | None] = lambda: None,
        closings: Callable[[], Mapping[str, Closing] | None] = dict,
        sources_away: Callable[[], Mapping[str, bool]] = dict,
        staffing: Callable[[int], Mapping[Place, Staff]] = lambda _: {},
        staffing_rejected: Callable[[], Mapping[str, int] | None] = lambda: None,
        demo: bool,
    ) -> None:
        """`worker` is the name by which the others know this process.

        `clock_ahead_seconds` tells how far this machine's clock is ahead of the brokers', None while unknown, and
        `closings` what is frozen of each closed month, None while nobody knows which are. `sources_away` tells of
        each source of the settings whether it is not heard, `staffing` who serves each cluster at a moment (UTC ms),
        and `staffing_rejected` how many records of it were refused here.
        """
        self.settings = settings
        self._partitions = partitions
        self._engine = engine
        self._clock = clock
        self._worker = worker
        self._neighbours = neighbours
        self._clock_ahead_seconds = clock_ahead_seconds
        self._sources_away = sources_away
        self._staffing = staffing
        self._staffing_rejected = staffing_rejected
        self._demo = demo
        self._rules = _digest(settings)
        self._words = words_of(settings.language)
        self._metrics = Metrics(self.additive)
        self._months = MonthMetrics(self.additive, _reported(settings), closings)

    def additive(self) -> Observed:
        """What may be added to what other workers show: nothing of partitions that another one may show already."""
        observed = self.observed()
        return observed if self._engine.owns_partitions() else msgspec.structs.replace(observed, partitions=())

    def observed(self) -> Observed:
        """Everything there is to show, now."""
        now_ms = self._clock()
        return Observed(
            now_ms=now_ms,
            rules=self.settings.rules,
            norms=self.settings.norms,
            stale_seconds=self.settings.web.silences(),
            clock_ahead_seconds=self._clock_ahead_seconds(),
            partitions=self._partitions.health(self._engine.high_watermarks(), self._engine.answers()),
            refused_topics=self._partitions.refused_topics(),
            sources_away=self._sources_away(),
            staffing=self._staffing(now_ms),
            staffing_rejected=self._staffing_rejected(),
            faults=faults_in({each.code for each in self._engine.problems()}, topics_of(self.settings.kafka)),
        )

    def observe_latency(self, batch: Fetched) -> None:
        """Note how long the oldest record of a folded batch was under way to the metrics."""
        if batch.oldest_ms is not None:
            self._metrics.observe_latency((self._clock() - batch.oldest_ms) / 1000)

    def metrics(self) -> bytes:
        """The Prometheus exposition."""
        return self._metrics.render()

    def months(self) -> bytes:
        """The Prometheus exposition of whole months and reported years."""
        return self._months.render()

    def wall(self) -> WallPayload:
        """The figures of the whole group on the wall."""
        observed = self.observed()
        moment = wall_moment(observed, self._whole(observed, parts_of(observed)), demo=self._demo)
        return said(moment, self._words)

    def health(self) -> HealthPayload:
        """Whether the whole group is well."""
        observed = self.observed()
        whole = self._whole(observed, parts_of(observed, with_figures=False))
        of_ids = id_notes({channel: feed.ids for channel, feed in whole.feeds.items()})
        notes = (*self._partitions.notes(), *of_ids)
        return HealthPayload(problems=whole.problems, notes=notes, feeds=feeds(observed, whole))

    def worker_health(self) -> HealthPayload:
        """Whether this process is well, whatever has become of the others and of what comes in."""
        problems = tuple(problem for problem in self._engine.problems() if problem.in_process)
        return HealthPayload(problems=problems, feeds=feeds(self.observed()))

    def share(self, computed_ms: int | None) -> Share:
        """What this worker adds to what the others show, computed at this moment by the brokers' clock.

        The figures are of the moment of which everything is read, which is a little before.
        """
        observed = self.additive()
        age_ms = max((each.age_ms for each in observed.partitions if each.reading is Reading.CURRENT), default=0)
        return Share(
            group=self.settings.kafka.group,
            worker=self._worker,
            generation=self._engine.generation(),
            rules=self._rules,
            computed_ms=None if computed_ms is None else computed_ms - age_ms,
            parts=list(parts_of(observed)),
            problems=list(self._engine.problems()),
        )

    def standing(self) -> Hashable:
        """Which partitions this worker shows, how current they are, and what is wrong with it."""
        readings = {(each.topic, each.partition): each.reading for each in self.additive().partitions}
        return frozenset(readings.items()), tuple(each.code for each in self._engine.problems())

    def _whole(self, observed: Observed, parts: tuple[Part, ...]) -> Whole:
        needed = self._needed(observed)
        own = Own(parts=parts, is_certain=self._engine.owns_partitions(), problems=self._engine.problems())
        found = whole(own, self._neighbours.fresh(), needed)
        return msgspec.structs.replace(found, problems=(*found.problems, *self._exchange_problems(parts, needed)))

    def _needed(self, observed: Observed) -> Needed:
        kafka, counts = self.settings.kafka, self._neighbours.partition_counts
        return Needed(
            topics={
                channel: (topic, counts.get(topic, kafka.partitions)) for topic, channel in topics_of(kafka).items()
            },
            day=observed.day,
            rules=self._rules,
            line_counts={channel: counts_in_line(channel, observed.rules) for channel in channel_names()},
        )

    def _exchange_problems(self, parts: Sequence[Part], needed: Needed) -> Iterable[Problem]:
        """What is wrong with the exchange of shares, where anybody needs it: who owns everything does not."""
        claims = {part.channel: len(part.claims) for part in parts}
        if all(claims.get(channel, 0) >= count for channel, (_, count) in needed.topics.items()):
            return
        writing, reading = self._neighbours.writing_trouble, self._neighbours.reading_trouble
        if writing is not None and claims:
            text = f"the figures of this worker do not reach the others of the group: {writing}"
            yield Problem(code="share_unwritten", text=text, on_wall=message("problem-share-unwritten"), channels=())
        if reading is not None:
            text = f"the figures of the other workers are not read: {reading}"
            yield Problem(code="shares_unread", text=text, on_wall=message("problem-shares-unread"), channels=())


def _digest(settings: Settings) -> str:
    """Of all that the sums on the wall were counted by."""
    own = (
        f"/{each.channel}/{each.cluster}/{each.level.seconds}"
        for each in sorted(settings.norms.own_service_levels, key=lambda each: (each.channel, each.cluster))
    )
    return f"{settings.rules.digest()}/{settings.norms.service_level_seconds}{''.join(own)}"


def _reported(settings: Settings) -> Reported:
    return Reported(
        indicators={(each.indicator, each.year): each.value for each in settings.history},
        expenses_euros={(each.year, each.kind): each.expenses_cents / _CENTS for each in settings.budget},
    )
