"""From a call's facts to what is counted: the indicators of the telephone in the city's action plan.

The source of each indicator and norm is the action plan of the city of Lier, "01/16/SAP/01 Klantgerichte
dienstverlening".
"""

from collections.abc import Sequence
from typing import ClassVar, Final

from streams.channels.calls.contact import Call, facts_of
from streams.channels.calls.timeline import Story, Wait, begins_anew, told
from streams.core.calendar import Calendar, Opening
from streams.core.measure import Excluded, Exclusion, Measurement, ReusedId, UnclearId, earliest
from streams.core.pool import Fact, Facts, Life, lives, said_best
from streams.core.rules import Rules

_OPEN: Final = Opening.OPEN
"""Looked up once: finding a member in its enum takes longer than the rest of asking for the opening."""


class AnsweredCall(Measurement, frozen=True, gc=False):
    """Counts for "Gemiddelde wachttijd beantwoorde oproepen" and "Beantwoorde oproepen naar snelheidscategorie".

    The wait runs from dialling in to the answer by an employee. Answered calls only; norms: below 45 s on average
    in the month, at least 70 % within 30 s. Counts as answered for "Aandeel gemiste oproepen" too.
    """

    wait_ms: int


class MissedCall(Measurement, frozen=True, gc=False):
    """Counts for "Aandeel gemiste oproepen": unanswered calls over all calls, dialled in within opening hours.

    Norm: at most 20 % in the year. `wait_ms` is how long the caller held on.
    """

    wait_ms: int


class LateAnswer(Measurement, frozen=True, gc=False):
    """An answer after the caller had left, without coming back: none. The call is missed, which is counted too."""

    is_outcome: ClassVar[bool] = False


class CallbackRequested(Measurement, frozen=True, gc=False):
    """A caller who asked to be called back, and waited no longer: neither answered nor missed."""


class CallbackOvertaken(CallbackRequested, frozen=True, gc=False):
    """One who dialled in again afterwards, which is another wait."""

    is_outcome: ClassVar[bool] = False


class CalledBack(Measurement, frozen=True, gc=False):
    """Somebody who had asked for it was called back."""

    is_outcome: ClassVar[bool] = False

    after_ms: int


CallMeasurement = AnsweredCall | MissedCall | Excluded
Measured = tuple[Measurement, ...]


def measure_call(call: Call, rules: Rules, calendar: Calendar) -> Measured:
    """What is counted for a call, the outcome last; nothing while it is open.

    Of an id that was used again, this for each of its calls.
    """
    offered, more = call.offered, call.more
    if more is not None:
        return _measure_pool(more, rules, calendar)
    if offered is None:
        return ()
    answered, left = call.answered, earliest(call.abandoned, call.ended)
    if _is_out_of_order(offered, answered, left):
        return _measure_pool(facts_of(call), rules, calendar)
    opening = calendar.of(call.cluster).opening(offered)
    if opening is not _OPEN:
        return (Excluded(call.cluster, offered, offered, Exclusion(opening.value)),)
    if answered is not None:
        return (_waited(AnsweredCall, call.cluster, offered, answered, rules),)
    return () if left is None else (_waited(MissedCall, call.cluster, offered, left, rules),)


def _is_out_of_order(offered: int, answered: int | None, left: int | None) -> bool:
    """Whether the order of the facts is another than dialling in, the answer and the end."""
    if answered is not None and (answered < offered or (left is not None and left < answered)):
        return True
    return left is not None and left < offered


def _waited(
    kind: type[AnsweredCall | MissedCall], cluster: str, start: int, until: int, rules: Rules
) -> CallMeasurement:
    wait = until - start
    if wait <= rules.longest_wait_ms:
        return kind(cluster, start, until, wait)
    return Excluded(cluster, start, until, Exclusion.IMPLAUSIBLE)


def calls_of(facts: Sequence[Fact], rules: Rules) -> list[Life]:
    """The calls of one id, the earliest first."""
    return lives(facts, lambda stretch: begins_anew(stretch, rules.clock_skew_ms))


def _measure_pool(facts: Facts, rules: Rules, calendar: Calendar) -> Measured:
    measured: list[Measurement] = []
    calls = calls_of(facts, rules)
    for number, life in enumerate(calls):
        story = told(life, rules.clock_skew_ms)
        cluster = said_best(fact for stretch in life for fact in stretch)[2]
        first = story.waits[0].start if story.waits else life[0][0][0]
        if number:
            measured.append(ReusedId(cluster, first, first))
        if story.is_unclear:
            measured.append(UnclearId(cluster, first, life[-1][-1][0]))
        found = _measure_story(story, cluster, rules, calendar)
        is_over = number < len(calls) - 1  # hours before the next, so that it has expired
        if is_over and not (found and found[-1].is_outcome):
            found.append(_unresolved(cluster, story.waits[-1].start if story.waits else first, calendar))
        measured += found
    return tuple(measured)


def _measure_story(story: Story, cluster: str, rules: Rules, calendar: Calendar) -> list[Measurement]:
    """What is counted for one call: each of its waits by the opening hours in which it began."""
    if not story.waits:
        return []
    start = story.waits[0].start
    against = story.early_answer
    if against is None and all(wait.answered is None for wait in story.waits):
        against = story.early_leave
    if against is not None and calendar.of(cluster).opening(start) is _OPEN:
        return [Excluded(cluster, start, against, Exclusion.IMPLAUSIBLE)]
    if against is not None:
        return [Excluded(cluster, start, start, Exclusion(calendar.of(cluster).opening(start).value))]
    last = story.waits[-1]
    return [
        each for wait in story.waits for each in _measure_wait(wait, cluster, rules, calendar, is_last=wait is last)
    ]


def _measure_wait(
    wait: Wait, cluster: str, rules: Rules, calendar: Calendar, *, is_last: bool
) -> tuple[Measurement, ...]:
    """What is counted for one wait. Of those before the last, which is the call's outcome, only asking to be called
    back within opening hours is."""
    start = wait.start
    opening = calendar.of(cluster).opening(start)
    if opening is not _OPEN:
        return (Excluded(cluster, start, start, Exclusion(opening.value)),) if is_last else ()
    if wait.requested is not None:
        return _measure_callback(wait, wait.requested, cluster, rules, is_last=is_last)
    if wait.answered is not None:
        return (_waited(AnsweredCall, cluster, start, wait.answered, rules),)
    return () if wait.left is None else _measure_missed(wait, wait.left, cluster, rules)


def _measure_missed(wait: Wait, left: int, cluster: str, rules: Rules) -> tuple[Measurement, ...]:
    """What is counted for a caller who has left: with an answer after that, the two contradict each other."""
    missed = _waited(MissedCall, cluster, wait.start, left, rules)
    if wait.late is None:
        return (missed,)
    if wait.late_after_end:
        return (Excluded(cluster, wait.start, wait.late, Exclusion.IMPLAUSIBLE),)
    return LateAnswer(cluster, wait.start, wait.late), missed


def _measure_callback(
    wait: Wait, requested: int, cluster: str, rules: Rules, *, is_last: bool
) -> tuple[Measurement, ...]:
    start = wait.start
    if requested - start > rules.longest_wait_ms:
        return (Excluded(cluster, start, requested, Exclusion.IMPLAUSIBLE),) if is_last else ()
    asked = (CallbackRequested if is_last else CallbackOvertaken)(cluster, start, requested)
    if wait.called_back is None:
        return (asked,)
    return CalledBack(cluster, start, wait.called_back, wait.called_back - requested), asked


def expire_call(call: Call, calendar: Calendar) -> Excluded:
    """What is counted for an open call that will not be heard of again."""
    return _unresolved(call.cluster, begun(call), calendar)


def begun(call: Call) -> int:
    """When the caller dialled in, or the earliest fact known of the call."""
    if call.offered is not None:
        return call.offered
    at = call.more[0][0] if call.more else earliest(call.answered, call.abandoned, call.ended)
    assert at is not None, "a contact has at least one fact"
    return at


def _unresolved(cluster: str, at: int, calendar: Calendar) -> Excluded:
    opening = calendar.of(cluster).opening(at)
    reason = Exclusion.UNRESOLVED if opening is _OPEN else Exclusion(opening.value)
    return Excluded(cluster, at, at, reason)


def measure_by_earliest_facts(call: Call, rules: Rules, calendar: Calendar) -> Measured:
    """What versions before counted for a call whose checkpoint holds the earliest of each fact: to be taken back."""
    offered = call.offered
    if offered is None:
        return ()
    opening = calendar.of(call.cluster).opening(offered)
    if opening is not _OPEN:
        return (Excluded(call.cluster, offered, offered, Exclusion(opening.value)),)
    kind: type[AnsweredCall | MissedCall] = AnsweredCall
    until = call.answered
    if until is None:
        kind, until = MissedCall, earliest(call.abandoned, call.ended)
        if until is None:
            return ()
    if until < offered:
        return (Excluded(call.cluster, offered, until, Exclusion.IMPLAUSIBLE),)
    return (_waited(kind, call.cluster, offered, until, rules),)
