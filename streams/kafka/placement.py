"""By which rule the records of a topic are placed in its partitions, as far as a sample of their keys tells.

One rule is well, whichever it is: then all events of a contact are in one partition, which is what is counted by. Two
rules are not. To tell them from a topic that got more partitions, whose older keys are where they belonged before,
takes a few keys more. Must not know Kafka clients.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from streams.kafka.partitioners import Hashes, Partitioner, hashes

KEYS_MAX: Final = 2_000
"""So many keys are remembered, the newest ones: enough to see one in a hundred that is elsewhere."""

STRAYS: Final = 2
"""So many keys that are where the rule of the others does not put them are no single trial any more."""

TELLING: Final = 10
"""With fewer keys that fit no rule nothing is said about their rule."""

BY_CHANCE: Final = 1 / 1_000
"""What comes about less often by chance is none."""

MISSED_TURNS: Final = 8
"""Keys go astray no more after so many times the keys that there used to be between two: by chance that happens once
in 3,000 times."""


MENDED_KEYS: Final = 50
"""And after no fewer keys, since a source that sends now and then sends many at a time."""

_Fitting = Mapping[Partitioner, Sequence[bool]]
"""Of each key, whether it is where a rule puts it."""


class SeenKey(NamedTuple):
    """A key, and the partition that a record with it is in."""

    hashes: Hashes
    partition: int


class Placement(NamedTuple):
    """How the keys of a topic are placed."""

    rule: Partitioner | None = None
    """The rule of all, or of most; None where it is another one, or too little is seen to tell."""
    keys: int = 0
    """How many keys were looked at."""
    strays: int = 0
    """How many are where that rule does not put them, where that is a fault; 0 while all is well."""
    stray_rule: Partitioner | None = None
    """The rule of all of those; None where it is none of these."""
    has_other_rule: bool = False
    """Whether all keys follow a rule that is none of these: well, as long as every source goes by it."""


class SeenKeys:
    """The newest keys of one topic with their partitions, each once."""

    def __init__(self, partitions: int = 0) -> None:
        """`partitions` is how many the topic has; nothing is said before that is known."""
        self._partitions = partitions
        self._seen: dict[SeenKey, None] = {}
        self._judged: Placement | None = None

    def has(self, partitions: int) -> None:
        """Take in how many partitions there are. With more of them all keys have other places: none is remembered."""
        if partitions != self._partitions:
            if self._partitions:
                self._seen.clear()
            self._partitions, self._judged = partitions, None

    def note(self, partition: int, keys: Iterable[bytes]) -> None:
        """Take in keys of a partition, in their order."""
        for key in keys:
            seen = SeenKey(hashes(key), partition)
            if seen not in self._seen:
                self._seen[seen] = None
                self._judged = None
                if len(self._seen) > KEYS_MAX:
                    del self._seen[next(iter(self._seen))]

    def take(self, other: "SeenKeys") -> None:
        """Take in what somebody else has seen of the same topic."""
        self._seen = dict.fromkeys([*other._seen, *self._seen][-KEYS_MAX:])
        self._judged = None

    def placement(self) -> Placement:
        """How they are placed; looked at anew only when there are more."""
        if self._judged is None:
            self._judged = judge(list(self._seen), self._partitions)
        return self._judged


def judge(seen: Sequence[SeenKey], partitions: int) -> Placement:
    """How keys are placed, each once with each partition that it was seen in, in the order in which they came."""
    if partitions < 2 or not seen:  # noqa: PLR2004 - one partition has room for every rule
        return Placement(keys=len(seen))
    fitting = {rule: [_fits(each, rule, partitions) for each in seen] for rule in Partitioner}
    main = max(Partitioner, key=lambda rule: sum(fitting[rule]))
    if all(map(all, fitting.values())):
        return Placement(keys=len(seen))
    for rule in (main, *Partitioner):
        if all(fitting[rule]) or _is_grown(seen, fitting[rule], rule, partitions):
            return Placement(rule, len(seen))
    if _is_main(seen, fitting, main, partitions):
        return _with_strays(seen, fitting, main)
    return _by_another_rule(seen)


def _with_strays(seen: Sequence[SeenKey], fitting: _Fitting, main: Partitioner) -> Placement:
    """One rule, and keys that are elsewhere: a fault unless there are next to none, or no more."""
    stray = [number for number, fits in enumerate(fitting[main]) if not fits]
    if len(stray) < STRAYS or _is_over(len(seen), stray):
        return Placement(main, len(seen))
    others = [rule for rule in Partitioner if rule is not main and all(fitting[rule][number] for number in stray)]
    return Placement(main, len(seen), len(stray), others[0] if others else None)


def _by_another_rule(seen: Sequence[SeenKey]) -> Placement:
    """None of the two rules: well, unless keys are in two partitions."""
    count = Counter(each.hashes for each in seen)
    split = [number for number, each in enumerate(seen) if count[each.hashes] > 1]
    if _split(seen) < STRAYS or _is_over(len(seen), split):
        return Placement(keys=len(seen), has_other_rule=len(seen) > TELLING)
    return Placement(None, len(seen), _split(seen))


def _fits(seen: SeenKey, rule: Partitioner, partitions: int) -> bool:
    return seen.hashes.of(rule) % partitions == seen.partition


def _is_grown(seen: Sequence[SeenKey], fits: Sequence[bool], rule: Partitioner, partitions: int) -> bool:
    """Whether all that is elsewhere by a rule is where it belonged when there were fewer partitions."""
    elsewhere = [each for each, is_here in zip(seen, fits, strict=True) if not is_here]
    return any(all(_fits(each, rule, fewer) for each in elsewhere) for fewer in range(1, partitions))


def _is_main(seen: Sequence[SeenKey], fitting: _Fitting, main: Partitioner, partitions: int) -> bool:
    """Whether it is no chance that so many keys are where the rule puts them, or where one of the two does."""
    by_either = sum(any(fits) for fits in zip(*fitting.values(), strict=True))
    if by_either == len(seen):
        chance: float = (1 - (1 - 1 / partitions) ** 2) ** len(seen)
        return chance < BY_CHANCE or _split(seen) >= STRAYS
    expected = len(seen) / partitions
    spread: float = (expected * (1 - 1 / partitions)) ** 0.5
    return sum(fitting[main]) > expected + 4 * spread + 1


def _split(seen: Sequence[SeenKey]) -> int:
    """How many keys are in more than one partition."""
    return sum(count > 1 for count in Counter(each.hashes for each in seen).values())


def _is_over(keys: int, strays: Sequence[int]) -> bool:
    """Whether so many keys have come since the last stray that no source sends them any more."""
    return bool(strays) and keys - 1 - strays[-1] >= max(MENDED_KEYS, MISSED_TURNS * keys / len(strays))
