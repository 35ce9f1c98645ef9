"""The members of an exchange's queues, from what its manager interface says of them to counts for each cluster.

Names and interfaces end here: a member is a keyed digest, whose key is this run's alone. A member of several queues
of one cluster counts once. Any bytes may come; what is no event of a member that can be read is none. Must not know
the clock, files or Kafka.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from streams.contracts.staffing import OTHER_PAUSE, Staffing
from streams.core.rules import SECOND_MS
from streams.sources.asterisk.blocks import field_of
from streams.sources.asterisk.parameters import StaffRules
from streams.sources.call_rules import CallRules, named

EVERY_MS: Final = 60 * SECOND_MS
"""How often counts are told though they are the same."""

LOOK_MS: Final = SECOND_MS
"""How often it is looked whether somebody has wrapped up, which no event tells."""

MEMBERS_MAX: Final = 20_000
"""So many members of queues are known at a time; what is more is left out and counted."""

_MEMBER: Final = b"Event: QueueMember"
_REMOVED: Final = b"Event: QueueMemberRemoved\r\n"
_QUEUE: Final = b"Event: QueueParams\r\n"
_COMPLETE: Final = b"Event: QueueStatusComplete\r\n"

_TALKING: Final = frozenset((b"2", b"3", b"7", b"8"))
"""In use, busy, in use and ringing, on hold."""
_AWAY: Final = frozenset((b"4", b"5"))
"""Invalid, unavailable: the telephone is not there, whoever the settings of the exchange name."""
_RINGING: Final = b"6"

_DIGITS_MAX: Final = 10


class _Entry(msgspec.Struct, frozen=True):
    """A member of one queue."""

    cluster: str
    person: bytes
    """By the telephone, which is the same in all queues."""
    status: bytes
    is_in_call: bool
    pause: str | None
    """The kind of pause; None for none."""
    wraps_up_ms: int | None
    """Until when, by the clock of the exchange; None where the exchange names no time to wrap up."""


class Members:
    """The members of one exchange."""

    def __init__(self, rules: CallRules, staff: StaffRules, key: bytes) -> None:
        """`key` makes the digests: at most 64 random bytes of this run."""
        self.left_out: Counter[str] = Counter()
        """What could not be counted, by reason."""
        self._clusters = named(rules.queues)
        self._staff = staff
        self._key = key
        self._is_known = False
        """Whether the exchange has listed its queues since it is heard."""
        self._queues: set[bytes] = set()
        self._entries: dict[tuple[bytes, bytes], _Entry] = {}
        self._is_news = False
        self._looked_ms = 0
        self._told: dict[str, tuple[int, Staffing]] = {}
        """What was told last of each cluster, and when."""

    def connected(self) -> None:
        """The exchange is asked for its lists; what was known before may be wrong."""
        self._is_known = False
        self._queues.clear()
        self._entries.clear()

    def lost(self) -> None:
        """The exchange is not heard, so nothing is told until it has listed its queues again."""
        self._is_known = False

    def received(self, blocks: Iterable[bytes]) -> None:
        """Take in blocks: nearly all are about something else, so that is found out first."""
        for block in blocks:
            if block.startswith(_MEMBER):
                self._member(block)
            elif block.startswith(_QUEUE):
                self._queues.add(field_of(block, b"\r\nQueue:"))
            elif block.startswith(_COMPLETE):
                self._is_known = self._is_news = True

    def news(self, now_ms: int, at_ms: int) -> list[Staffing]:
        """What there is to tell: of each cluster whose counts are others, and of each once a minute.

        `at_ms` is the time of the exchange.
        """
        if not self._is_known or not (self._is_news or now_ms >= self._looked_ms + LOOK_MS):
            return []
        self._is_news, self._looked_ms = False, now_ms
        return list(self._changed(now_ms, at_ms))

    def _member(self, block: bytes) -> None:
        queue = field_of(block, b"\r\nQueue:")
        cluster = self._clusters.get(queue)
        interface = field_of(block, b"\r\nInterface:") or field_of(block, b"\r\nLocation:")
        if cluster is None or not interface:
            return
        self._queues.add(queue)
        self._is_news = True
        place = (queue, self._digest(interface))
        if (block + b"\r\n").startswith(_REMOVED):
            self._entries.pop(place, None)
        elif place not in self._entries and len(self._entries) >= MEMBERS_MAX:
            self.left_out["too_many_members"] += 1
        elif status := field_of(block, b"\r\nStatus:"):
            person = self._digest(field_of(block, b"\r\nStateInterface:") or interface)
            self._entries[place] = self._entry(block, cluster, person, status)

    def _entry(self, block: bytes, cluster: str, person: bytes, status: bytes) -> _Entry:
        wrap_up, last_call = _whole(block, b"\r\nWrapuptime:"), _whole(block, b"\r\nLastCall:")
        is_paused = field_of(block, b"\r\nPaused:") == b"1"
        return _Entry(
            cluster,
            person,
            status,
            field_of(block, b"\r\nInCall:") == b"1",
            self._pause(field_of(block, b"\r\nPausedReason:")) if is_paused else None,
            (last_call + wrap_up) * SECOND_MS if wrap_up else None,
        )

    def _pause(self, reason: bytes) -> str:
        """The kind of a pause: one that the settings name, or another. What was typed goes no further."""
        typed = "-".join(reason.decode("utf-8", "replace").casefold().split())
        return typed if typed in self._staff.pauses else OTHER_PAUSE

    def _digest(self, interface: bytes) -> bytes:
        return hashlib.blake2b(interface, digest_size=16, key=self._key).digest()

    def _changed(self, now_ms: int, at_ms: int) -> Iterator[Staffing]:
        by_cluster: dict[str, defaultdict[bytes, list[_Entry]]] = {
            self._clusters[queue]: defaultdict(list) for queue in self._queues if queue in self._clusters
        }
        for entry in self._entries.values():
            by_cluster[entry.cluster][entry.person].append(entry)
        for cluster, people in by_cluster.items():
            told_ms, told = self._told.get(cluster, (0, None))
            last_ms = 0 if told is None else round(told.at * SECOND_MS)  # type: ignore[operator] # ours are numbers
            event = self._counted(cluster, list(people.values()), max(at_ms, last_ms + 1))
            if told is None or now_ms >= told_ms + EVERY_MS or msgspec.structs.replace(event, at=told.at) != told:
                self._told[cluster] = now_ms, event
                yield event

    def _counted(self, cluster: str, people: Sequence[Sequence[_Entry]], at_ms: int) -> Staffing:
        states: Counter[str] = Counter()
        pauses: Counter[str] = Counter()
        for entries in people:
            state = _state(entries, at_ms)
            states[state] += 1
            if state == "paused":
                pauses[entries[0].pause or OTHER_PAUSE] += 1
        tells_wrap_up = any(entry.wraps_up_ms is not None for entries in people for entry in entries)
        return Staffing(
            self._staff.source,
            self._staff.channel,
            cluster,
            at_ms / SECOND_MS,
            logged_in=len(people) - states["away"],
            free=states["free"],
            talking=states["talking"],
            wrapping_up=states["wrapping_up"] if tells_wrap_up else None,
            paused=states["paused"],
            paused_by=dict(sorted(pauses.items())),
        )


def _state(entries: Sequence[_Entry], at_ms: int) -> str:
    """What a member does, by the queues of one cluster."""
    if any(entry.is_in_call or entry.status in _TALKING for entry in entries):
        return "talking"
    if all(entry.status in _AWAY for entry in entries):
        return "away"
    serving = [entry for entry in entries if entry.pause is None]
    if not serving:
        return "paused"
    if any(entry.status == _RINGING for entry in entries):
        return "ringing"
    return "wrapping_up" if all((entry.wraps_up_ms or 0) > at_ms for entry in serving) else "free"


def _whole(block: bytes, key: bytes) -> int:
    text = field_of(block, key)
    return int(text) if text.isdigit() and len(text) <= _DIGITS_MAX else 0
