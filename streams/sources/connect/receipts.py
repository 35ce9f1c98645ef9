"""Which messages of the queue are done with: those whose facts are on Kafka, and the facts of all before them.

A message may repeat a fact of one before it that is still on its way, and then tells none itself: so order matters.
Must not know Kafka or settings.
"""

from collections import deque
from collections.abc import Sequence


class _Step:
    def __init__(self, left: int, receipts: Sequence[str]) -> None:
        self.left = left
        self.receipts = receipts


class Receipts:
    """Of the messages that are under way."""

    def __init__(self) -> None:
        """None is."""
        self._steps: deque[_Step] = deque()

    def expect(self, facts: int, receipts: Sequence[str] = ()) -> None:
        """Note that so many facts go on their way next, and the receipts of the messages that told them."""
        self._steps.append(_Step(facts, receipts))

    def delivered(self, count: int) -> list[str]:
        """The receipts of the messages that are done with, once so many facts more have arrived."""
        done: list[str] = []
        while self._steps:
            first = self._steps[0]
            some = min(count, first.left)
            first.left -= some
            count -= some
            if first.left:
                break
            done += self._steps.popleft().receipts
        return done
