"""What this worker refuses: noted by topic while it folds, told as problems, logged when it begins and ends."""

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from typing import Final

from streams.channels import topics_of
from streams.channels.refusals import RecentRefusals
from streams.core.rules import DAY_MS, Rules
from streams.core.state import AnyState
from streams.live.problems import Problem
from streams.live.refused import TopicRefusals
from streams.runtime.clock import Clock
from streams.runtime.partition import Partition
from streams.settings import KafkaSettings

log = logging.getLogger(__name__)

CLAIM_MS: Final = DAY_MS
"""What is said of the newest records holds for as long after them; then nothing comes any more, which is another
problem. So a single trial of long ago on a topic that nobody uses is no problem for ever."""

TELL_SECONDS: Final = 1.0
"""How often the log is brought up to date with what is refused: sooner than anybody reads it."""


class Refusals:
    """The topics of events of one worker."""

    def __init__(self, kafka: KafkaSettings, rules: Rules, clock: Clock) -> None:
        """Nothing is refused until records come."""
        self._topics = {topic: TopicRefusals(topic, channel, rules) for topic, channel in topics_of(kafka).items()}
        self._clock = clock
        self._told: dict[str, Problem] = {}

    def of(self, topic: str) -> RecentRefusals:
        """Where the topic's batches are to be noted."""
        return self._topics[topic].recent

    def problems(self, owned: Iterable[Partition]) -> tuple[Problem, ...]:
        """What is wrong now with the records of these partitions; nothing is said of topics that others read."""
        return tuple(chain.from_iterable(self.by_topic(owned).values()))

    def by_topic(self, owned: Iterable[Partition]) -> dict[str, tuple[Problem, ...]]:
        """The same by topic, those of which nothing is refused without any."""
        partitions, now_ms = list(owned), self._clock()
        found: dict[str, tuple[Problem, ...]] = {}
        for topic, refusals in self._topics.items():
            states = [partition.state for partition in partitions if partition.tp.topic == topic]
            if states:
                is_recent = now_ms - max(state.log_ms for state in states) <= CLAIM_MS
                found[topic] = self._of(refusals, states) if is_recent else ()
        return found

    @staticmethod
    def _of(refusals: TopicRefusals, states: Sequence[AnyState]) -> tuple[Problem, ...]:
        rejected = sum((Counter(state.rejected) for state in states), Counter[str]())
        return refusals.problems(sum(state.applied for state in states), rejected)

    def tell(self, problems: Collection[Problem]) -> None:
        """Log each problem when it begins, and when it is over: once each, however many records it is about."""
        now = {problem.code: problem for problem in problems}
        for code, problem in now.items():
            if code not in self._told:
                log.error("%s", problem.text)
        for code in self._told.keys() - now.keys():
            log.info("over: %s", self._told[code].text)
        self._told = now
