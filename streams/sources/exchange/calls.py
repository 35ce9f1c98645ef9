"""The calls of an exchange that are not over, and which facts of them are told, each once.

The rules are the same whatever an exchange speaks: the number that was dialled says the cluster of a call, or else
the first queue that it joins; the first employee who picks up answers it. Must not know the clock or files.
"""

from collections import Counter
from typing import Final, NamedTuple

import msgspec

from streams.channels.calls.events import Abandoned, Answered, CallEvent, Ended, Offered
from streams.core.rules import SECOND_MS

UNSEEN_MS: Final = 60 * SECOND_MS
"""The longest that a call is thought to have lived on unseen."""

NOT_KNOWN: Final = -1
"""In the place of a cluster."""

OFFERED: Final = 1
ANSWERED: Final = 2
LEFT: Final = 4
"""Facts of a call that are told, as bits."""


class Call(msgspec.Struct, array_like=True, gc=False):
    """A call that is not over. Times are UTC ms by the clock of the exchange."""

    dialled_ms: int
    cluster: int = NOT_KNOWN
    """Place in the clusters of the memory."""
    answered_ms: int | None = None
    left_ms: int | None = None
    """When it seemed to be over, by what is not sure of it: unless more is heard of it, it was."""
    seen_ms: int = 0
    """When it was last known to live."""
    told: int = 0
    joined: bool = False
    """Whether it has been in a queue."""
    in_queue: bool = False
    idle: bool = False
    """Whether it is neither in a queue nor in a talk any more: its end is likely to be next."""
    aside: bool = False
    """It was answered before anybody watched, and nothing tells when: left out."""


class Told(NamedTuple):
    """A fact, and whether it happened while nobody watched."""

    event: CallEvent
    missed: bool


class CallFacts:
    """What is told of calls."""

    def __init__(self, calls: dict[str, Call], clusters: list[str]) -> None:
        """Both are those of a memory, and change with what is told."""
        self.told: list[Told] = []
        """Facts since they were last taken, in order."""
        self.left_out: Counter[str] = Counter()
        self.missed = False
        """Whether what is said now happened while nobody watched."""
        self._calls = calls
        self._names = clusters
        self._clusters = {name: place for place, name in enumerate(clusters)}

    def _cluster(self, name: str | None) -> int:
        if name is None:
            return NOT_KNOWN
        place = self._clusters.setdefault(name, len(self._names))
        if place == len(self._names):
            self._names.append(name)
        return place

    def _decide(self, call: Call, cluster: str | None) -> None:
        """The first queue that is named says the cluster, where the number has not."""
        call.joined = True
        if call.cluster == NOT_KNOWN:
            call.cluster = self._cluster(cluster)

    def _goes_on(self, call_id: str, call: Call) -> None:
        """A call that seemed to be over is not."""

    def _come_back(self, call_id: str, call: Call, at_ms: int) -> None:
        """Somebody who seemed to have left was on the line all the time."""
        if call.told & LEFT and call.answered_ms is None:
            call.told &= ~LEFT
            self._say(call, call_id, Offered, at_ms, OFFERED)

    def _picked_up(self, call_id: str, call: Call, at_ms: int) -> None:
        call.in_queue = call.idle = False
        call.seen_ms = max(call.seen_ms, at_ms)
        self._goes_on(call_id, call)
        self._come_back(call_id, call, at_ms)
        if call.answered_ms is None:
            call.answered_ms = max(at_ms, call.dialled_ms)
        self._tell(call_id, call)

    def _left_out_as(self, call: Call) -> str:
        """Why a call that is over becomes no fact; empty where it does."""
        if call.aside:
            return "began_before"
        if call.cluster == NOT_KNOWN:
            return "queue_not_named" if call.joined else "no_queue"
        return ""

    def _may_tell(self, call: Call) -> bool:
        """Whether anything is told of a call by now."""
        return call.cluster != NOT_KNOWN and not call.aside

    def _tell(self, call_id: str, call: Call) -> None:
        """Tell what is known of a call and not told yet."""
        if not self._may_tell(call):
            return
        if not call.told & OFFERED:
            self._say(call, call_id, Offered, call.dialled_ms, OFFERED)
        if call.answered_ms is not None and not call.told & ANSWERED:
            self._say(call, call_id, Answered, call.answered_ms, ANSWERED)

    def _tell_end(self, call_id: str, call: Call, at_ms: int) -> None:
        """Tell that a call is over, with whatever was not told before."""
        self._tell(call_id, call)
        if call.answered_ms is not None:
            self._say(call, call_id, Ended, at_ms, 0)
        elif not call.told & LEFT:
            self._say(call, call_id, Abandoned, at_ms, LEFT)

    def _say(self, call: Call, call_id: str, kind: type[CallEvent], at_ms: int, bit: int) -> None:
        """Never before what came before it in the call: the middle of a second may be."""
        call.told |= bit
        at_ms = max(at_ms, call.dialled_ms, 0 if bit == OFFERED else call.answered_ms or 0)
        event = kind(call_id, self._names[call.cluster], at_ms / 1000)
        self.told.append(Told(event, self.missed))


def forget_least(calls: dict[str, Call], share: float) -> int:
    """Drop a share of the calls, at least one, and give how many: those of no cluster first, then those that are
    answered, of which but the end would be told; the oldest first."""
    least = sorted(calls, key=lambda each: _worth(calls[each]))
    least = least[: max(1, int(len(least) * share))]
    for each in least:
        del calls[each]
    return len(least)


def _worth(call: Call) -> tuple[int, int]:
    if call.cluster == NOT_KNOWN or call.aside:
        return 0, call.dialled_ms
    return (1 if call.answered_ms is not None else 2), call.dialled_ms
