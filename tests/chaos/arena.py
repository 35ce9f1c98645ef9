"""What a scenario takes place in: its brokers, topics, workers and publisher, and what was done to them when."""

import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from aiokafka.client import AIOKafkaClient, CoordinationType

from streams.kafka.client import admin_client, read_to_end
from streams.settings import KafkaSettings
from tests.brokers.apache import ApacheCluster
from tests.chaos.crew import Crew, Place, Slot
from tests.chaos.proxy import Network
from tests.chaos.publisher import Publisher
from tests.chaos.sources.stage import Sources

SESSION_TIMEOUT_SECONDS: Final = 6.0
"""That of the workers, by which the length of faults goes."""


SIGKILL: Final = "SIGKILL"

AT_ONCE_SECONDS: Final = 1.0
"""Strikes within this count as one."""


class Moment(NamedTuple):
    """Something that happened, so many seconds after the start."""

    seconds: float
    text: str


class Timeline:
    """What happened when, as printed for a scenario that failed."""

    def __init__(self, file: Path) -> None:
        self.moments: list[Moment] = []
        self.faults: Counter[str] = Counter()
        """How often each kind of fault struck."""
        self._started = time.monotonic()
        self._file = file

    def note(self, text: str) -> None:
        """Something happened."""
        moment = Moment(time.monotonic() - self._started, text)
        self.moments.append(moment)
        with self._file.open("a", encoding="utf-8") as out:
            out.write(f"{moment.seconds:8.2f} s  {moment.text}\n")


class Arena:
    """One scenario while it runs: what faults act upon."""

    def __init__(
        self,
        kafka: KafkaSettings,
        cluster: ApacheCluster,
        *,
        crew: Crew,
        publisher: Publisher,
        network: Network,
        timeline: Timeline,
        sources: Sources | None = None,
    ) -> None:
        self.kafka = kafka
        self.cluster = cluster
        self.crew = crew
        self.publisher = publisher
        self.network = network
        """The way between the brokers and the first worker."""
        self.timeline = timeline
        self.sources = sources
        """None where only a publisher tells of anything."""
        self.started = time.monotonic()
        self.strikes: list[tuple[float, str]] = []
        """When which faults struck, or were healed, in this round, by the monotonic clock."""

    def kill(self, slot: Slot, pause_seconds: float = 0.0) -> None:
        """SIGKILL a worker."""
        self._struck_worker(SIGKILL, slot)
        self._crew_of(slot).kill(slot, pause_seconds)

    def terminate(self, slot: Slot, pause_seconds: float = 0.0) -> None:
        """SIGTERM a worker."""
        self._struck_worker("SIGTERM", slot)
        self._crew_of(slot).terminate(slot, pause_seconds)

    def freeze(self, slot: Slot) -> None:
        """SIGSTOP a worker."""
        self._struck_worker("SIGSTOP", slot)
        self._crew_of(slot).freeze(slot)

    def thaw(self, slot: Slot) -> None:
        """SIGCONT a worker."""
        self.healed("SIGCONT", slot.name)
        self._crew_of(slot).thaw(slot)

    def _crew_of(self, slot: Slot) -> Crew:
        return self.crew if self.sources is None or slot in self.crew.slots else self.sources.crew

    def _struck_worker(self, signal: str, slot: Slot) -> None:
        """Count a signal, unless the worker is just not there to get it."""
        if slot.process is not None:
            self.struck(signal, slot.name)

    def struck(self, kind: str, whom: str = "") -> None:
        """A fault strikes."""
        self.timeline.faults[kind] += 1
        self.timeline.note(f"{kind} {whom}")
        self.strikes.append((time.monotonic(), kind))

    def healed(self, what: str, whom: str = "") -> None:
        """A fault is over: figures cannot be right before that."""
        self.timeline.note(f"{what} {whom}")
        self.strikes.append((time.monotonic(), what))

    def struck_by_kill_alone(self) -> bool:
        """Whether all that struck in this round are SIGKILLs at one moment."""
        moments = [moment for moment, kind in self.strikes if kind == SIGKILL]
        return 0 < len(moments) == len(self.strikes) and moments[-1] - moments[0] < AT_ONCE_SECONDS

    def someone(self, random: Random) -> Slot:
        """A worker to strike."""
        return random.choice(self.crew.running() or self.crew.slots[:1])

    def several(self, random: Random, count: int) -> list[Slot]:
        """Workers to strike."""
        running = self.crew.running()
        return random.sample(running, min(count, len(running)))

    async def is_right_now(self) -> bool:
        """Whether that is so of all that was told; with sources, offsets count markers of transactions too."""
        if self.sources is None:
            return await self.is_right(dict(self.publisher.ends))
        return await self.is_right({}) and await self.is_right(await self._records())

    async def _records(self) -> Mapping[Place, int]:
        topics = (self.kafka.calls_topic, self.kafka.tickets_topic)
        found = [(topic, await read_to_end(self.kafka, topic, range(self.kafka.partitions))) for topic in topics]
        return {(topic, number): len(records) for topic, each in found for number, records in each.items()}

    async def is_right(self, wanted: Mapping[Place, int]) -> bool:
        """Whether every partition is owned by one worker, which has folded what was confirmed by then."""
        if any(slot.frozen or slot.cut_off for slot in self.crew.slots):
            return False
        folded = await self.crew.folded()
        places = [
            (topic, number)
            for topic in (self.kafka.calls_topic, self.kafka.tickets_topic)
            for number in range(self.kafka.partitions)
        ]
        return folded.keys() == set(places) and all(
            len(folded[place]) == 1 and folded[place][0] >= wanted.get(place, 0) for place in places
        )

    async def brokers_in_sync(self) -> bool:
        """Whether every broker has every record: only then may one of them be lost without harm."""
        async with admin_client(self.kafka) as admin:
            topics = await admin.describe_topics()
        copies = len(self.cluster.brokers)
        in_sync = [len(partition["isr"]) for topic in topics for partition in topic["partitions"]]
        return bool(in_sync) and min(in_sync) == copies

    async def coordinator(self) -> int:
        """The id of the broker that coordinates the workers' group."""
        client = AIOKafkaClient(bootstrap_servers=list(self.cluster.bootstrap_servers))
        try:
            await client.bootstrap()
            node: int = await client.coordinator_lookup(CoordinationType.GROUP, self.kafka.group)
        finally:
            await client.close()
        return node
