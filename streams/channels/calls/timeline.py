"""What happened to a caller, read from the facts of one call in the order of time.

Waiting begins at the first dialling in. Whoever leaves the queue and is in it again waits on, since first dialling
in; whoever asks to be called back waits no longer, and dialling in again is then another wait. Once answered, nothing
that follows matters.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from streams.channels.calls.contact import (
    ABANDONED_RANK,
    ANSWERED_RANK,
    CALLBACK_REQUESTED_RANK,
    CALLED_BACK_RANK,
    ENDED_RANK,
    OFFERED_RANK,
)
from streams.core.pool import Fact, Life
from streams.core.rules import QUARTER_MS

_LEAVES: Final = {ABANDONED_RANK, ENDED_RANK}

_BACK_WITHIN_MS: Final = QUARTER_MS
"""Somebody who has left, or whose call has ended, and dials in later than this may well be another caller."""


class Wait(msgspec.Struct):
    """One wait of a caller, as far as it has come."""

    start: int
    answered: int | None = None
    left: int | None = None
    """The last departure: a second one while the caller is gone already is another system's word for the first."""
    requested: int | None = None
    """When the caller asked to be called back, having waited until then."""
    called_back: int | None = None
    late: int | None = None
    """The first answer after the departure, with nobody in the queue."""
    late_after_end: bool = False
    """Whether the call had ended by then."""

    @property
    def is_waiting(self) -> bool:
        """Whether it goes on."""
        return self.answered is None and self.left is None and self.requested is None


class Story(msgspec.Struct):
    """Everything that the facts of one call say."""

    waits: list[Wait]
    """None of a call that was never seen to be offered; all but the last ended in asking to be called back."""
    early_answer: int | None = None
    early_leave: int | None = None
    """The first fact of the kind that lies before the dialling in by more than clocks may differ."""
    is_unclear: bool = False
    """Whether the facts may be those of more than one call, which cannot be told."""


def begins_anew(stretch: Sequence[Fact], skew_ms: int) -> bool:
    """Whether facts that follow hours after others of the same id are of another call: somebody dials in."""
    return any(rank == OFFERED_RANK and at <= stretch[0][0] + skew_ms for at, rank, _ in stretch)


def told(life: Life, skew_ms: int) -> Story:
    """The story of one call."""
    facts = [fact for stretch in life for fact in stretch]
    start = min((at for at, rank, _ in facts if rank == OFFERED_RANK), default=None)
    story = Story([], is_unclear=_is_unclear(life, facts))
    if start is None:
        return story
    story.waits.append(Wait(start))
    story.early_answer = _first(facts, {ANSWERED_RANK}, start - skew_ms)
    story.early_leave = _first(facts, _LEAVES, start - skew_ms)
    moments: dict[int, set[int]] = {}
    for at, rank, _ in facts:
        if at >= start - skew_ms:
            moments.setdefault(max(at, start), set()).add(rank)
    _Teller(story, moments.items())
    return story


def _first(facts: Iterable[Fact], ranks: set[int], before: int) -> int | None:
    return next((at for at, rank, _ in facts if rank in ranks and at < before), None)


def _is_unclear(life: Life, facts: Iterable[Fact]) -> bool:
    """Whether hours after an answer or a departure something is said that needs a caller, and nobody had dialled in.

    An end alone is that of a long talk, and calling back may take days.
    """
    if len(life) == 1 or any(rank == CALLBACK_REQUESTED_RANK for _, rank, _ in facts):
        return False
    is_served = False
    for stretch in life:
        ranks = {rank for _, rank, _ in stretch}
        if is_served and min(ranks) < ENDED_RANK:
            return True
        is_served = is_served or bool(ranks & {ANSWERED_RANK, *_LEAVES})
    return False


class _Teller:
    """Goes through the moments of a call, each with everything that happened at it, up to the answer."""

    def __init__(self, story: Story, moments: Iterable[tuple[int, set[int]]]) -> None:
        self._story = story
        self._ended = False
        """Whether the call has ended since the caller was last in the queue."""
        last: tuple[int, set[int]] | None = None
        for at, ranks in moments:
            comes = OFFERED_RANK in ranks and last is not None
            if comes and last is not None and self._is_long_after(at, *last):
                story.is_unclear = True
            if story.waits[-1].answered is None:
                self._go_on(at, ranks, comes=comes)
            last = at, ranks

    def _is_long_after(self, at: int, before: int, ranks: set[int]) -> bool:
        has_left = bool(ranks & _LEAVES) and OFFERED_RANK not in ranks
        return has_left and at > before + _BACK_WITHIN_MS and self._story.waits[-1].requested is None

    def _go_on(self, at: int, ranks: set[int], *, comes: bool) -> None:
        """Who is answered the moment they come back was in the queue; who leaves at that moment had left before."""
        wait = self._story.waits[-1]
        if comes and wait.requested is not None:
            wait = Wait(at)
            self._story.waits.append(wait)
        if ANSWERED_RANK in ranks and (wait.is_waiting or comes):
            wait.answered, wait.left = at, None
        elif wait.requested is not None:
            if wait.called_back is None and ranks & {ANSWERED_RANK, CALLED_BACK_RANK}:
                wait.called_back = at
        elif wait.left is not None:
            self._after_leaving(wait, at, ranks)
        elif not (comes and wait.start == at):  # else what is of this moment besides was of the wait before
            self._while_waiting(wait, at, ranks)
        if comes:
            self._come_back(wait, at)

    def _while_waiting(self, wait: Wait, at: int, ranks: set[int]) -> None:
        if CALLBACK_REQUESTED_RANK in ranks:
            wait.requested = at
        elif ranks & _LEAVES:
            wait.left, self._ended = at, ENDED_RANK in ranks

    def _after_leaving(self, wait: Wait, at: int, ranks: set[int]) -> None:
        if ANSWERED_RANK in ranks and wait.late is None:
            wait.late, wait.late_after_end = at, self._ended
        self._ended = self._ended or ENDED_RANK in ranks

    def _come_back(self, wait: Wait, at: int) -> None:
        """What the moment says besides was before the coming back."""
        if wait.requested == at:
            self._story.waits.append(Wait(at))
        elif wait.left is not None:
            wait.left = wait.late = None
            wait.late_after_end = self._ended = False
