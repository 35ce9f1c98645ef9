"""One telephone call, as far as its facts are known."""

from typing import Final

from streams.channels.calls.events import (
    Abandoned,
    Answered,
    AnyCallEvent,
    CallbackRequested,
    CalledBack,
    CallEvent,
    Ended,
    Offered,
)
from streams.core.contact import Contact
from streams.core.pool import APART_MS, Fact, Facts


class _Pooled(Contact, gc=False, array_like=True, kw_only=True):
    """By name, so that it comes last in a checkpoint: older ones lack it."""

    more: Facts | None = None
    """All facts of the id, where one time of each of the first four and one cluster do not say everything."""


class Call(_Pooled, gc=False, array_like=True):
    """One telephone call: the time of each fact, UTC ms.

    Nearly every call has each of its facts once, within hours. Of any other all facts are in `more`; what the fields
    beside it say is of the latest call of the id: the cluster, and when its caller began to wait for the last time.
    """

    offered: int | None = None
    answered: int | None = None
    abandoned: int | None = None
    ended: int | None = None


OFFERED_RANK: Final = 0
ANSWERED_RANK: Final = 1
ABANDONED_RANK: Final = 2
ENDED_RANK: Final = 3
CALLBACK_REQUESTED_RANK: Final = 4
CALLED_BACK_RANK: Final = 5

CALL_FACTS: Final[dict[type[CallEvent], tuple[str, int]]] = {
    Offered: ("offered", OFFERED_RANK),
    Answered: ("answered", ANSWERED_RANK),
    Abandoned: ("abandoned", ABANDONED_RANK),
    Ended: ("ended", ENDED_RANK),
    CallbackRequested: ("callback_requested", CALLBACK_REQUESTED_RANK),
    CalledBack: ("called_back", CALLED_BACK_RANK),
}
"""Event to the fact it states and its rank in saying the cluster: the one dialled before the one that answered. Facts
of the last two ranks are kept in `Call.more` alone."""

LEAVING: Final = frozenset({Abandoned, Ended})
"""What ends the wait of a caller without an answer."""

PLAIN_FIELDS: Final = ("offered", "answered", "abandoned", "ended")
"""The fields of a call that hold a fact each, by rank."""


def begin_otherwise(call: Call, event: AnyCallEvent, at: int) -> None:
    """Make a call that is begun as one offered at a moment one of which another fact was the first to come."""
    fact, call.cluster_rank = CALL_FACTS[type(event)]
    call.offered = None
    if call.cluster_rank > ENDED_RANK:
        call.more = ((at, call.cluster_rank, call.cluster),)
    else:
        setattr(call, fact, at)


def facts_of(call: Call) -> Facts:
    """All facts that are known of a call. One states the cluster."""
    if call.more is not None:
        return call.more
    times = (call.offered, call.answered, call.abandoned, call.ended)
    said = call.cluster_rank, call.cluster_at
    facts: list[Fact] = [
        (at, rank, call.cluster if (rank, at) == said else "") for rank, at in enumerate(times) if at is not None
    ]
    return tuple(sorted(facts))


def fits(call: Call, rank: int, at: int) -> bool:
    """Whether the fields of a call without `more` have room for a fact: the first of its type, near the others."""
    if rank > ENDED_RANK:
        return False
    times = (call.offered, call.answered, call.abandoned, call.ended)
    if times[rank] is not None:
        return times[rank] == at
    if -APART_MS <= call.cluster_at - at <= APART_MS:  # one of them: nearly always enough, and quickly asked
        return True
    return any(known is not None and abs(known - at) <= APART_MS for known in times)


def is_plain(facts: Facts) -> bool:
    """Whether the fields of a call have room for these facts."""
    return (
        facts[-1][0] - facts[0][0] <= APART_MS
        and all(rank <= ENDED_RANK for _, rank, _ in facts)
        and len({rank for _, rank, _ in facts}) == len(facts)
    )
