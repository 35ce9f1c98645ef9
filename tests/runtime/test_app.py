"""The app's tasks, with a stand-in for the engine: no engine drops batches on demand."""

from typing import Any

from aiokafka import TopicPartition

from streams.runtime.app import _fetch_dropped_again

QUIET, BUSY = TopicPartition("calls", 0), TopicPartition("calls", 1)


class App:
    """An engine in which one partition stands still and the other goes on, looked at three times."""

    def __init__(self) -> None:
        self.owner = self.consumer = self
        self.looks = 0
        self.rewound: list[tuple[TopicPartition, int]] = []

    @property
    def should_stop(self) -> bool:
        """After three looks."""
        return self.looks == 3

    async def sleep(self, _: float) -> None:
        """Until the next look."""
        self.looks += 1

    def next_offsets(self) -> dict[TopicPartition, int]:
        """What is folded."""
        return {QUIET: 7, BUSY: self.looks}

    async def rewind(self, tp: TopicPartition, offset: int) -> None:
        """Asked to hand over again."""
        self.rewound.append((tp, offset))


async def test_what_stands_still_is_handed_over_again_without_waiting_for_the_next_batch() -> None:
    app: Any = App()
    await _fetch_dropped_again(app)()
    assert app.rewound == [(QUIET, 7), (QUIET, 7)]
