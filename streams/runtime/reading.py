"""Whether a partition's figures are those of this moment: everything read, and the brokers still answering.

A worker that has just taken a partition over shows the figures of its checkpoint until it has caught up, one that was
suspended shows those of before, and one that gets more than it can count those of a while ago. All look current. Must
not know Kafka clients nor what is read.
"""

from typing import Final, NamedTuple

from streams.core.rules import SECOND_MS
from streams.live.observed import Reading
from streams.live.whole import FRESH_MS

ANSWER_SECONDS: Final = FRESH_MS / SECOND_MS
"""So old may the last word of the brokers be; they are asked twenty times a second."""

STANDSTILL_SECONDS: Final = 1.5
"""Without a look for so long, the process stood still: it looks several times a second."""

CURRENT_SECONDS: Final = FRESH_MS / SECOND_MS
"""So long ago may be the moment of which everything is counted; under load some records always wait."""

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


class _Goal(NamedTuple):
    """What there was to read at a moment."""

    at: float
    end: int


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
        self._goal: _Goal | None = None
        self._still: tuple[float, int] | None = None
        self._read_at: float | None = None

    def age_ms(self, now: float) -> int:
        """How old the figures are: everything from before then is counted. 0 where that is not known yet."""
        return 0 if self._read_at is None else round((now - self._read_at) * SECOND_MS)

    def look(self, now: float, answer: Answer | None, next_offset: int) -> Reading:
        """How the figures up to `next_offset` are now."""
        if now - self._looked > STANDSTILL_SECONDS:
            self._begin_anew(now)
        self._looked = now
        if answer is None or answer.age_seconds > ANSWER_SECONDS:
            self._begin_anew(now)
            waiting = answer is not None and answer.end > next_offset
            return Reading.BEHIND if waiting else Reading.UNANSWERED
        self._read_on(now, answer, next_offset)
        if self._read_at is not None and now - self._read_at > CURRENT_SECONDS:
            self._begin_anew(now)
        return Reading.BEHIND if self._read_at is None else Reading.CURRENT

    def _read_on(self, now: float, answer: Answer, next_offset: int) -> None:
        """Note of which moment everything is read, and set the next goal: what there is by the newest answer."""
        if self._goal is not None and not self._is_reached(self._goal, now, answer, next_offset):
            return
        said_at = now - answer.age_seconds
        self._goal = _Goal(said_at, answer.end) if said_at >= self._since else None
        if self._goal is not None:
            self._is_reached(self._goal, now, answer, next_offset)

    def _is_reached(self, goal: _Goal, now: float, answer: Answer, next_offset: int) -> bool:
        if next_offset < goal.end and not self._only_markers_left(goal, now, answer, next_offset):
            return False
        self._read_at = goal.at
        return True

    def _only_markers_left(self, goal: _Goal, now: float, answer: Answer, next_offset: int) -> bool:
        """Whether the client has handed out everything, and it was folded, and nothing more came of it."""
        if answer.read_to < goal.end or (answer.handed_to is not None and next_offset < answer.handed_to):
            self._still = None
            return False
        if self._still is None or self._still[1] != next_offset:
            self._still = now, next_offset
        return now - self._still[0] >= SETTLE_SECONDS
