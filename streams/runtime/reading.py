"""Whether a partition's figures are those of this moment: everything read, and the brokers still answering.

A worker that has just taken a partition over shows the figures of its checkpoint until it has caught up, and one that
was suspended shows those of before. Both look current. Must not know Kafka clients nor what is read.
"""

from typing import Final, NamedTuple

from streams.core.rules import SECOND_MS
from streams.live.observed import Reading
from streams.live.whole import FRESH_MS

ANSWER_SECONDS: Final = FRESH_MS / SECOND_MS
"""So old may the last word of the brokers be; they are asked twenty times a second."""

STANDSTILL_SECONDS: Final = 1.5
"""Without a look for so long, the process stood still: it looks several times a second."""

SETTLE_SECONDS: Final = 0.5
"""So long nothing may move before markers of transactions, which are no records, pass for the rest of a partition."""


class Answer(NamedTuple):
    """What the last response to a fetch of a partition said, and what has become of it."""

    age_seconds: float
    end: int
    """The offset after the last record that may be read."""
    read_to: int
    """Up to here the client has handed out records, and passed over what is none."""
    handed_to: int | None
    """Up to here they were given to be folded, if any were."""
    high_watermark: int = 0
    """The offset after the last record that there is; behind `end` those of transactions that have not ended."""


def answer_ms(answer: Answer | None) -> int:
    """The age of an answer; 0 of none, which makes nothing current."""
    return 0 if answer is None else round(answer.age_seconds * SECOND_MS)


class HeldBackWatch:
    """For how long a transaction that does not end has held records of one partition back."""

    def __init__(self) -> None:
        """Nothing is held back."""
        self._end: int | None = None
        self._since = 0.0

    def look(self, now: float, answer: Answer | None) -> float:
        """Seconds, 0 while all there is may be read; what is known of the last answer holds until the next."""
        if answer is not None and answer.end >= answer.high_watermark:
            self._end = None
        elif answer is not None and answer.end != self._end:
            self._end, self._since = answer.end, now
        return 0.0 if self._end is None else now - self._since


class ReadingWatch:
    """Watches one partition from when it is taken over."""

    def __init__(self, now: float) -> None:
        """`now` and that of every look are seconds by a clock that goes on while the process stands still."""
        self._begin_anew(now)
        self._looked = now

    def _begin_anew(self, now: float) -> None:
        self._since = now
        self._target: int | None = None
        self._still: tuple[float, int] | None = None
        self._current = False

    def look(self, now: float, answer: Answer | None, next_offset: int) -> Reading:
        """How the figures up to `next_offset` are now."""
        if now - self._looked > STANDSTILL_SECONDS:
            self._begin_anew(now)
        self._looked = now
        if answer is None or answer.age_seconds > ANSWER_SECONDS:
            self._begin_anew(now)
            waiting = answer is not None and answer.end > next_offset
            return Reading.BEHIND if waiting else Reading.UNANSWERED
        if not self._current:
            self._current = self._has_caught_up(now, answer, next_offset)
        return Reading.CURRENT if self._current else Reading.BEHIND

    def _has_caught_up(self, now: float, answer: Answer, next_offset: int) -> bool:
        if self._target is None and now - answer.age_seconds >= self._since:
            self._target = answer.end
        if self._target is None:
            return False
        return next_offset >= self._target or self._only_markers_left(now, answer, next_offset)

    def _only_markers_left(self, now: float, answer: Answer, next_offset: int) -> bool:
        """Whether the client has handed out everything, and it was folded, and nothing more came of it."""
        assert self._target is not None, "there is an end to read to"
        if answer.read_to < self._target or (answer.handed_to is not None and next_offset < answer.handed_to):
            self._still = None
            return False
        if self._still is None or self._still[1] != next_offset:
            self._still = now, next_offset
        return now - self._still[0] >= SETTLE_SECONDS
