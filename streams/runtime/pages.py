"""What the worker's web pages are told: metrics, the wall, health, each from the states as they are at that moment.

Runs on the event loop that folds, so a page never sees half a batch. Must not know how the pages look.
"""

from collections.abc import Mapping
from typing import Final, Protocol

import msgspec
from aiokafka import TopicPartition

from streams.publish.collector import Metrics
from streams.publish.month_metrics import MonthMetrics
from streams.publish.observed import Observed, Reported
from streams.publish.wall import HealthPayload, WallPayload
from streams.publish.wall_figures import feeds, wall_payload
from streams.runtime.clock import Clock
from streams.runtime.partition import Batch
from streams.runtime.partitions import Partitions
from streams.settings import Settings

_CENTS: Final = 100
"""Cents in a euro."""


class Engine(Protocol):
    """What the pages ask of the engine."""

    def high_watermarks(self) -> Mapping[TopicPartition, int | None]:
        """The end of each assigned partition, as far as fetches have told."""

    def owns_partitions(self) -> bool:
        """Whether the assigned partitions are this worker's for certain."""

    def problems(self) -> tuple[str, ...]:
        """Why the worker is not well; empty while it is."""


class Pages:
    """The four views of one worker."""

    def __init__(
        self, settings: Settings, partitions: Partitions, engine: Engine, clock: Clock, *, demo: bool
    ) -> None:
        self._settings = settings
        self._partitions = partitions
        self._engine = engine
        self._clock = clock
        self._demo = demo
        self._metrics = Metrics(self.additive)
        self._months = MonthMetrics(self.additive, _reported(settings))

    def additive(self) -> Observed:
        """What may be added to what other workers show: nothing of partitions that another one may show already."""
        observed = self.observed()
        return observed if self._engine.owns_partitions() else msgspec.structs.replace(observed, partitions=())

    def observed(self) -> Observed:
        """Everything there is to show, now."""
        norms = self._settings.norms
        return Observed(
            now_ms=self._clock(),
            rules=self._settings.rules,
            service_level_ratio=norms.service_level_ratio,
            service_level_seconds=norms.service_level_seconds,
            missed_ratio=norms.missed_ratio,
            calls_stale_seconds=self._settings.web.calls_stale_seconds,
            tickets_stale_seconds=self._settings.web.tickets_stale_seconds,
            partitions=self._partitions.health(self._engine.high_watermarks()),
        )

    def observe_latency(self, batch: Batch) -> None:
        """Note how long the oldest record of a folded batch was under way to the metrics."""
        self._metrics.observe_latency((self._clock() - batch.records[0].timestamp) / 1000)

    def metrics(self) -> bytes:
        """The Prometheus exposition."""
        return self._metrics.render()

    def months(self) -> bytes:
        """The Prometheus exposition of whole months and reported years."""
        return self._months.render()

    def wall(self) -> WallPayload:
        """The figures on the wall."""
        return wall_payload(self.observed(), demo=self._demo)

    def health(self) -> HealthPayload:
        """Whether the worker is well."""
        return HealthPayload(problems=self._engine.problems(), feeds=feeds(self.observed()))


def _reported(settings: Settings) -> Reported:
    return Reported(
        missed_ratios={each.year: each.missed_ratio for each in settings.history},
        expenses_euros={(each.year, each.kind): each.expenses_cents / _CENTS for each in settings.budget},
    )
