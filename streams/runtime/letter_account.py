"""Dead letters as people read them: by topic and reason, with examples, and which would be accepted by now.

Nothing of a refused record is told but what its letter says in words. Must not know how letters are read or sent.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from streams.channels.acceptance import decoder_of
from streams.channels.staffing import AnyStaffing
from streams.contracts.rejections import Reason, Rejection
from streams.core.rules import Channel, Rules
from streams.records.dead_letters import DeadLetter

EXAMPLES_SHOWN: Final = 3
"""So many details of a reason are told, those of most records first: misspelt names, not every minute of a clock."""

DETAILS_KEPT: Final = 200
"""So many details of a reason are told apart."""

DETAIL_SHOWN_MAX: Final = 500
"""Longer details are cut: ours are shorter, and another program may have written the letter."""


class Refusal(NamedTuple):
    """Why a letter's record is not worth sending again: it would be refused, or it cannot be sent."""

    reason: str
    """A reason of the contract where these settings refuse it too, else what is in the way, in words."""
    is_by_settings: bool


class Judge:
    """Tells which letters' records these settings accept, as of the time at which they came."""

    def __init__(self, topics: Mapping[str, Channel], rules: Rules, staffing_topic: str) -> None:
        self._decoders: dict[str, Any] = {topic: decoder_of(channel, rules) for topic, channel in topics.items()}
        self._decoders[staffing_topic] = AnyStaffing(rules)

    def refusal(self, letter: DeadLetter) -> Refusal | None:
        """Why its record is refused still; None where it would be accepted.

        By the record's own time, though its copy will have a later one: an event that lay in the future must not be
        taken for good because time has passed.
        """
        if letter.records is not None:
            return Refusal("refused together and never read, so no letter holds them", is_by_settings=False)
        decode = self._decoders.get(letter.topic)
        if decode is None:
            return Refusal("of a topic that these settings do not name", is_by_settings=False)
        outcome = decode(letter.key, letter.value, letter.timestamp_ms)
        return Refusal(outcome.reason.value, is_by_settings=True) if isinstance(outcome, Rejection) else None


class Example:
    """A detail, how many records it is of, and the newest of them."""

    def __init__(self, newest: DeadLetter) -> None:
        self.records = 0
        self.newest = newest

    def add(self, letter: DeadLetter) -> None:
        """One more letter with the same detail."""
        self.records += records_of(letter)
        if letter.timestamp_ms >= self.newest.timestamp_ms:
            self.newest = letter


class Kind:
    """The letters of one topic and one reason."""

    def __init__(self, topic: str, reason: str) -> None:
        self.topic = topic
        self.reason = reason
        self.records = 0
        self.accepted = 0
        """How many these settings would accept."""
        self.first_ms = self.last_ms = 0
        self._examples: dict[str, Example] = {}

    def add(self, letter: DeadLetter, *, is_accepted: bool) -> None:
        """One more of them."""
        at_ms = letter.timestamp_ms
        self.first_ms = min(self.first_ms, at_ms) if self.records else at_ms
        self.last_ms = max(self.last_ms, at_ms)
        self.records += records_of(letter)
        self.accepted += is_accepted
        detail = detail_of(letter)
        if detail in self._examples or len(self._examples) < DETAILS_KEPT:
            self._examples.setdefault(detail, Example(letter)).add(letter)

    def examples(self) -> list[tuple[str, Example]]:
        """The details of most records, with an example each."""
        ordered = sorted(self._examples.items(), key=lambda each: (-each[1].records, each[0]))
        return ordered[:EXAMPLES_SHOWN]

    @property
    def other_details(self) -> int:
        """How many more details there are, of those that are told apart."""
        return max(0, len(self._examples) - EXAMPLES_SHOWN)

    @property
    def known(self) -> Reason | None:
        """The reason of the contract; None for one of another version."""
        return Reason(self.reason) if self.reason in set(Reason) else None


class Letters:
    """An account of letters, taken in one by one."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._kinds: dict[tuple[str, str], Kind] = {}

    def add(self, letter: DeadLetter) -> Refusal | None:
        """Take in a letter; why its record would be refused or cannot be sent, None where it would be accepted."""
        refusal = self._judge.refusal(letter)
        kind = self._kinds.setdefault((letter.topic, letter.reason), Kind(letter.topic, letter.reason))
        kind.add(letter, is_accepted=refusal is None)
        return refusal

    def kinds(self) -> Iterator[Kind]:
        """Those of most records first."""
        yield from sorted(self._kinds.values(), key=lambda kind: (-kind.records, kind.topic, kind.reason))

    @property
    def records(self) -> int:
        """How many records were refused."""
        return sum(kind.records for kind in self._kinds.values())


def records_of(letter: DeadLetter) -> int:
    """How many records a letter is about."""
    return 1 if letter.records is None else letter.records


def detail_of(letter: DeadLetter) -> str:
    """What was wrong, in words that are fit for a terminal; of letters without words what the reason says."""
    if letter.detail is None:
        return Reason(letter.reason).explanation if letter.reason in set(Reason) else letter.reason
    shown = "".join(char if char.isprintable() else " " for char in letter.detail)
    return shown if len(shown) <= DETAIL_SHOWN_MAX else f"{shown[:DETAIL_SHOWN_MAX]} ..."
