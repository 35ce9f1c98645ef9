"""Samples where the keys of the topics of events are, while they are folded: a few each second."""

from collections.abc import Mapping, Sequence
from typing import Final

from streams.channels import topics_of
from streams.contracts.batch import RejectedRecord
from streams.kafka.placement import SeenKeys
from streams.live.faults import keys_problem
from streams.live.problems import Problem
from streams.runtime.fetching.record import Record
from streams.settings import KafkaSettings

KEYS_A_SECOND: Final = 20
"""So many keys of each partition are looked at in a second: all on an ordinary day, and so few in a flood that it is
not felt, though Python hashes them."""


class TopicKeys:
    """The keys of one topic."""

    def __init__(self) -> None:
        """Nothing is seen."""
        self.seen = SeenKeys()
        self._left: dict[int, int] = {}

    def note(self, partition: int, records: Sequence[Record], rejected: Sequence[RejectedRecord]) -> None:
        """Look at some of the records that were accepted, spread over all of them."""
        left = self._left.get(partition, KEYS_A_SECOND)
        if not left:
            return
        if rejected:
            places = {each.place for each in rejected}
            records = [record for place, record in enumerate(records) if place not in places]
        some = records[:: max(1, len(records) // left)][:left]
        self._left[partition] = left - len(some)
        self.seen.note(partition, [record.key for record in some if record.key])

    def begin_second(self) -> None:
        """As many may be looked at again."""
        self._left.clear()


class Placements:
    """The keys of all topics of events, as far as this worker reads them."""

    def __init__(self, kafka: KafkaSettings) -> None:
        """Nothing is seen, so nothing is wrong."""
        self._channels = topics_of(kafka)
        self._topics = {topic: TopicKeys() for topic in self._channels}
        self._problems: tuple[Problem, ...] = ()

    def of(self, topic: str) -> TopicKeys:
        """Where the topic's records are to be noted."""
        return self._topics[topic]

    def look(self, partition_counts: Mapping[str, int]) -> None:
        """Judge what was seen, once a second, with how many partitions each topic has, where that is known."""
        for topic, keys in self._topics.items():
            keys.begin_second()
            if topic in partition_counts:
                keys.seen.has(partition_counts[topic])
        found = (
            keys_problem(topic, self._channels[topic], each.seen.placement()) for topic, each in self._topics.items()
        )
        self._problems = tuple(problem for problem in found if problem is not None)

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong, as of the last look."""
        return self._problems
