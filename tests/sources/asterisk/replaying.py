"""Plays recordings of an Asterisk to the pure part of the source, in no time, by a clock of its own.

A recording is what an exchange sent and wrote, with the truth beside it as it was seen outside. `play` cuts the
connection, starts the follower again, or chops what comes, where it is told to.
"""

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from streams.channels.calls.events import CallEvent
from streams.contracts.events import instant_ms
from streams.sources.asterisk.blocks import BlockReader
from streams.sources.asterisk.memory import Memory, Place, restored
from streams.sources.asterisk.watch import LIVING, WAITING, Line, Watch
from streams.sources.call_rules import CallRules

RECORDINGS: Final = Path(__file__).parent / "recordings"
SCENARIOS: Final = sorted(path.name for path in RECORDINGS.iterdir())

QUEUES: Final = (
    "klantencontactcentrum",
    "snelbalie",
    "leeg",
    "loopt-leeg",
    "Burgerzaken & café Ü",
    "lokaal",
    "lokaal-n",
)
RULES: Final = CallRules(queues={name: name for name in QUEUES})

_STAMP: Final = re.compile(rb"^Timestamp: (\d+\.\d+)\r?$", re.MULTILINE)
_FIELD: Final = re.compile(rb"^(Uniqueid|Linkedid|Exten|Queue|BridgeUniqueid): (.*?)\r?$", re.MULTILINE)


class Sent(NamedTuple):
    """A block that the exchange sent, and when."""

    at_ms: int
    block: bytes


class Written(NamedTuple):
    """A line of queue_log, and the second in which it was written."""

    at_ms: int
    line: bytes


class Recording(NamedTuple):
    """What an exchange sent and wrote."""

    sent: Sequence[Sent]
    written: Sequence[Written]
    expected: Sequence[Mapping[str, Any]]
    calls: Sequence[Mapping[str, Any]] = ()


def recording(name: str) -> Recording:
    """One of those in the folder."""
    folder = RECORDINGS / name
    facts = json.loads((folder / "facts.json").read_text("utf-8"))
    return Recording(
        sent_in(gzip.decompress((folder / "ami.txt.gz").read_bytes())),
        written_in((folder / "queue_log").read_bytes()),
        facts["expected"],
        facts["calls"],
    )


def sent_in(data: bytes) -> list[Sent]:
    """Events with their moments; answers to what the recorder asked are left out."""
    now_ms, sent = 0, []
    for block in data.split(b"\r\n\r\n"):
        stamp = _STAMP.search(block)
        if stamp is not None:
            now_ms = round(float(stamp[1]) * 1000)
        if block.startswith(b"Event: ") and b"\nActionID: " not in block and now_ms:
            sent.append(Sent(now_ms, block))
    return sent


def answers_in(data: bytes, actions: Mapping[str, str]) -> list[bytes]:
    """What was answered to the recorder's questions, as answers to ours: `actions` says which is which."""
    found = []
    for block in data.split(b"\r\n\r\n"):
        for theirs, ours in actions.items():
            if re.search(rb"^ActionID: \d+-" + theirs.encode() + rb"\r?$", block, re.MULTILINE):
                found.append(re.sub(rb"\nActionID: [^\r]*", b"\nActionID: " + ours.encode(), block))
    return found


def written_in(data: bytes) -> list[Written]:
    """Lines, each at the beginning of its second."""
    return [Written(int(line.partition(b"|")[0]) * 1000, line) for line in data.splitlines()]


class _Channels:
    """The channels that an exchange has, by the events that it has sent."""

    def __init__(self) -> None:
        self.living: dict[str, tuple[str, str]] = {}
        self.waiting: dict[str, tuple[str, int]] = {}
        self.bridged: dict[str, str] = {}

    def take_in(self, sent: Sent) -> None:
        """The next event."""
        fields = {key.decode(): value.decode() for key, value in _FIELD.findall(sent.block)}
        call = fields.get("Uniqueid", "")
        match sent.block[7 : sent.block.find(b"\r\n")]:
            case b"Newchannel":
                self.living[call] = fields["Linkedid"], fields.get("Exten", "")
            case b"Hangup":
                for each in (self.living, self.waiting, self.bridged):
                    each.pop(call, None)
            case b"QueueCallerJoin":
                self.waiting[call] = fields["Queue"], sent.at_ms
            case b"QueueCallerLeave":
                self.waiting.pop(call, None)
            case b"BridgeEnter":
                self.bridged[call] = fields["BridgeUniqueid"]
            case b"BridgeLeave":
                self.bridged.pop(call, None)


class Exchange:
    """What an exchange would list at a moment, worked out from what it sent."""

    def __init__(self, sent: Sequence[Sent]) -> None:
        self._sent = sent

    def lists(self, at_ms: int) -> Iterator[bytes]:
        """Answers to QueueStatus and CoreShowChannels."""
        now = _Channels()
        for sent in self._sent:
            if sent.at_ms <= at_ms:
                now.take_in(sent)
        yield f"Response: Success\r\nActionID: {WAITING}\r\nEventList: start".encode()
        for call, (queue, since_ms) in now.waiting.items():
            yield (
                f"Event: QueueEntry\r\nQueue: {queue}\r\nUniqueid: {call}\r\nCallerIDNum: 0612000001\r\n"
                f"Wait: {(at_ms - since_ms) // 1000}\r\nActionID: {WAITING}"
            ).encode()
        yield f"Event: QueueStatusComplete\r\nActionID: {WAITING}\r\nEventList: Complete".encode()
        yield f"Response: Success\r\nActionID: {LIVING}\r\nEventList: start".encode()
        for call, (linked, dialled) in now.living.items():
            yield (
                f"Event: CoreShowChannel\r\nActionID: {LIVING}\r\nExten: {dialled}\r\nUniqueid: {call}\r\n"
                f"Linkedid: {linked}\r\nBridgeId: {now.bridged.get(call, '')}"
            ).encode()
        yield f"Event: CoreShowChannelsComplete\r\nActionID: {LIVING}\r\nEventList: Complete".encode()

    @staticmethod
    def no_lists(_at_ms: int) -> Iterator[bytes]:
        """What something answers that has none."""
        for name in (WAITING, LIVING):
            yield f"Response: Success\r\nActionID: {name}\r\nMessage: Replayed".encode()


class Player:
    """A follower without sockets and files, and what it told."""

    def __init__(self, rules: CallRules, *, has_manager: bool, has_log: bool, position: bytes | None = None) -> None:
        self.told: list[tuple[CallEvent, bool]] = []
        self.left_out: Counter[str] = Counter()
        self._rules, self._has_manager, self._has_log = rules, has_manager, has_log
        self.watch = self._begin(position)
        self._position = position
        self._lines: list[bytes] = []

    def _begin(self, position: bytes | None) -> Watch:
        memory = Memory() if position is None else restored(position)
        return Watch(self._rules, memory, has_manager=self._has_manager, has_log=self._has_log)

    def stop(self) -> list[bytes]:
        """Be killed: what is left is a position. Gives the lines that were read and are not in it."""
        self._position = self.watch.position()
        place = restored(self._position).place
        done = 0 if place is None else place.offset
        left, self._lines = self._lines[done:], self._lines[:done]
        return left

    def start(self) -> None:
        """Begin anew at the last position."""
        self.watch = self._begin(self._position)

    def lines(self, lines: Sequence[bytes], now_ms: int) -> None:
        """Take in lines; a place is how many were read."""
        batch = []
        for line in lines:
            self._lines.append(line)
            batch.append(Line(line, Place(0, len(self._lines), b"", b"", 0)))
        self.watch.lines(batch, now_ms)
        self.take()

    def received(self, blocks: Iterable[bytes], now_ms: int) -> None:
        """Take in blocks."""
        self.watch.received(blocks, now_ms)
        self.take()

    def passed(self, now_ms: int) -> None:
        """Let time pass."""
        self.watch.passed(now_ms)
        self.take()

    def take(self) -> None:
        """Collect what is told."""
        told, left_out = self.watch.take()
        self.told += told
        self.left_out += left_out


class Stage(msgspec.Struct):
    """How a recording is played."""

    rules: CallRules = RULES
    manager: bool = True
    log: bool = True
    away: Sequence[tuple[int, int]] = ()
    """Stretches in which the manager interface is not heard."""
    restarts: bool = False
    """Whether the program does not run in these, and begins at its last position then."""
    lists: Callable[[int], Iterator[bytes]] | None = None
    """What the exchange lists at a moment."""
    chop: Callable[[bytes], Iterable[bytes]] = lambda data: (data,)
    """Cuts what is sent to pieces."""
    late_ms: int = 999
    """When lines are read, after the beginning of their second: then, or before what they tell of has happened."""
    begins_ms: int = 0
    """When the program starts for the first time: lines of before are there by then."""
    behind_ms: int = 0
    """By how much this machine's clock is behind that of the exchange."""


class _Play:
    """A recording that is being played, by the clock of the exchange."""

    def __init__(self, recorded: Recording, stage: Stage) -> None:
        self.player = Player(stage.rules, has_manager=stage.manager, has_log=stage.log)
        self._stage = stage
        self._lists = stage.lists or Exchange(recorded.sent).lists
        self._reader = BlockReader()
        self._is_connected = False
        self._is_running = True
        self._unread: list[bytes] = []
        self._old: list[bytes] = []
        steps: list[tuple[int, int, Callable[[], None]]] = []
        if stage.manager:
            steps += [(sent.at_ms, 1, partial(self._send, sent.block)) for sent in recorded.sent]
        if stage.log:
            new = [line for line in recorded.written if line.at_ms >= stage.begins_ms]
            steps += [(line.at_ms + stage.late_ms, 2, partial(self._write, line.line)) for line in new]
            self._old = [line.line for line in recorded.written if line.at_ms < stage.begins_ms]
        self._clock_ms = stage.begins_ms or min((step[0] for step in steps), default=0) - 1000
        for since, until in stage.away:
            steps += [(since, 0, self._cut), (until, 0, self._come_back)]
        self._steps = sorted(steps, key=lambda step: step[:2])

    def run(self) -> Player:
        """All of it, and a minute more."""
        self.player.lines(self._old, self._now())
        self.player.watch.caught_up(self._now())
        self._connect()
        for at_ms, _, step in self._steps:
            self._pass_to(at_ms)
            step()
        self._pass_to(self._clock_ms + 60_000)
        return self.player

    def _now(self) -> int:
        return self._clock_ms - self._stage.behind_ms

    def _pass_to(self, at_ms: int) -> None:
        while self._clock_ms + 500 < at_ms:
            self._clock_ms += 500
            if self._is_running:
                self.player.passed(self._now())
        self._clock_ms = max(self._clock_ms, at_ms)

    def _connect(self) -> None:
        if self._stage.manager:
            self._reader, self._is_connected = BlockReader(), True
            self.player.watch.connected(self._now())
            self.player.received(self._lists(self._clock_ms), self._now())

    def _send(self, block: bytes) -> None:
        if self._is_connected:
            for piece in self._stage.chop(block + b"\r\n\r\n"):
                self.player.received(self._reader.feed(piece), self._now())

    def _write(self, line: bytes) -> None:
        self._unread.append(line)
        if self._is_running:
            self._read()

    def _read(self) -> None:
        self.player.lines(self._unread, self._now())
        self._unread = []

    def _cut(self) -> None:
        self._is_connected = False
        if self._stage.restarts:
            self._is_running = False
            self._unread = self.player.stop() + self._unread
        elif self._stage.manager:
            self.player.watch.lost(self._now())
            self.player.take()

    def _come_back(self) -> None:
        if self._stage.restarts:
            self.player.start()
        self._is_running = True
        if self._stage.log:
            self._read()
            self.player.watch.caught_up(self._now())
        self._connect()


def play(recorded: Recording, **stage: Any) -> Player:
    """Play a recording as a stage says."""
    return _Play(recorded, Stage(**stage)).run()


Fact = tuple[str, str, str, float]


def fact_of(event: CallEvent) -> Fact:
    """Type, call, cluster and time in seconds."""
    kind = type(event).__struct_config__.tag
    return str(kind), event.call_id, event.cluster, instant_ms(event.at) / 1000


def wanted(recorded: Recording, clusters: Callable[[Mapping[str, Any]], str | None] | None = None) -> list[Fact]:
    """The truth, without calls that reach neither a queue nor a number."""
    by_call = {call["uniqueid"]: call for call in recorded.calls}
    found = []
    for each in recorded.expected:
        cluster = each["cluster"] if clusters is None else clusters(by_call[each["call_id"]])
        if cluster is not None:
            found.append((each["type"], each["call_id"], cluster, each["at"]))
    return found


def differences(
    told: Iterable[Fact], truth: Iterable[Fact], within_seconds: float | Callable[[Fact], tuple[float, float]]
) -> list[str]:
    """What is missing, too many or too far off; empty when all is true.

    `within_seconds` may give how much too early and too late a fact may be told.
    """
    left = {fact[:3]: fact for fact in truth}
    wrong = []
    for fact in told:
        true = left.pop(fact[:3], None)
        if true is None:
            wrong.append(f"too many: {fact}")
            continue
        early, late = within_seconds(true) if callable(within_seconds) else (within_seconds, within_seconds)
        if not -early <= fact[3] - true[3] <= late:
            wrong.append(f"off by {fact[3] - true[3]:+.3f} s: {fact}")
    return wrong + [f"missing: {fact}" for fact in left.values()]
