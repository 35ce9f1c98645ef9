"""What every measurement is given: the broker, a place for files, how much to do, and topics of its own."""

from collections.abc import Sequence
from pathlib import Path
from time import time
from typing import Any, Final, NamedTuple

from streams.kafka.client import ensure_topics
from streams.settings import KafkaSettings
from tests.bench.events import LIER_DESKS, LIER_PHONE, SPAN_MS, Load
from tests.bench.settings import write_settings
from tests.brokers.apache import ApacheKafka
from tests.brokers.topics import kafka_settings

_SPARE_MS: Final = 4 * 60_000
"""The last contacts end some minutes after the span: still before now."""


SAME_HOP_SECONDS: Final = 10
"""The worker's windows move each 10 s (`slot_seconds`): so do the peers'."""
EASY_HOP_SECONDS: Final = 60
"""A sixth of the work for them, and figures that are up to a minute old."""


class Sizes(NamedTuple):
    """How much each measurement does."""

    peers: bool
    """Whether the peers are measured too."""
    repeats: int
    worker_events: int
    """For the worker and the bare client; fewer than a million and the first fetches are most of it."""
    bytewax_events: int
    quix_events: int
    faust_events: int
    hops_seconds: tuple[int, ...]
    """Steps by which the peers' windows move."""
    latency_seconds: float
    latency_rates: tuple[int, ...]
    scrape_clusters: tuple[int, ...]
    scrape_events: int
    scrapes: int
    open_contacts: int
    """Contacts to recover."""
    backlog_events: int
    webhook_seconds: float
    fold_events: int
    """Events of a point of a curve."""
    fold_clusters: tuple[int, ...]
    fold_open: tuple[int, ...]
    fold_disorder: tuple[float, ...]
    fold_turns: int
    """Ratios of single turns scatter by 7 %."""
    worker_turns: int
    """Those of workers with half a core by 10 %."""
    follow_seconds: float
    whole_cores: bool
    """Whether workers are measured with as many cores as they get, too."""


FULL: Final = Sizes(
    peers=True,
    repeats=3,
    worker_events=2_000_000,
    bytewax_events=300_000,
    quix_events=20_000,
    faust_events=1_500,
    hops_seconds=(SAME_HOP_SECONDS, EASY_HOP_SECONDS),
    latency_seconds=12.0,
    latency_rates=(1_000, 20_000),
    scrape_clusters=(7, 100, 1_000),
    scrape_events=200_000,
    scrapes=25,
    open_contacts=100_000,
    backlog_events=500_000,
    webhook_seconds=10.0,
    fold_events=300_000,
    fold_clusters=(7, 100, 1_000),
    fold_open=(1_000, 10_000, 100_000, 1_000_000),
    fold_disorder=(0.0, 0.1, 0.25, 0.5),
    fold_turns=9,
    worker_turns=5,
    follow_seconds=15.0,
    whole_cores=True,
)

QUICK: Final = FULL._replace(
    repeats=1,
    worker_events=500_000,
    bytewax_events=100_000,
    quix_events=5_000,
    faust_events=500,
    latency_seconds=8.0,
    fold_events=100_000,
    fold_open=(1_000, 100_000),
    fold_disorder=(0.0, 0.5),
    fold_turns=3,
    worker_turns=1,
    follow_seconds=5.0,
)


class Bench(NamedTuple):
    """The benchmark under way."""

    broker: ApacheKafka
    directory: Path
    sizes: Sizes
    seed: int

    async def topics(self, **changes: Any) -> KafkaSettings:
        """A group and topics that nobody has used; `changes` win."""
        kafka = kafka_settings(self.broker, **changes)
        await ensure_topics(kafka)
        return kafka

    def settings_file(self, phone: Sequence[str] = LIER_PHONE, desks: Sequence[str] = LIER_DESKS) -> Path:
        """Settings for a worker with these clusters."""
        return write_settings(self.directory / f"clusters-{len(phone)}-{len(desks)}.toml", phone, desks)

    def load(self, size: int, phone: Sequence[str] = LIER_PHONE, desks: Sequence[str] = LIER_DESKS) -> Load:
        """So many events of the last half hour."""
        return Load(size, int(time() * 1000) - SPAN_MS - _SPARE_MS, self.seed, phone, desks)

    def log(self, name: str) -> Path:
        """Where a process of that name writes."""
        return self.directory / f"{name}.log"


def cluster_names(count: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Phone and desk clusters: those of Lier for 7, else so many halves."""
    if count == len(LIER_PHONE) + len(LIER_DESKS):
        return LIER_PHONE, LIER_DESKS
    half = count // 2
    return (
        tuple(f"Lijn {number:03}" for number in range(half)),
        tuple(f"Loket {number:03}" for number in range(count - half)),
    )
