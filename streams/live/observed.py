"""What the worker hands over to be published: its partitions with their states, at one moment.

The figures, the wall and the month totals are all read from this. It must not know Kafka, Faust or the settings file,
nor how anything is shown.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from functools import lru_cache
from typing import Final

import msgspec

from streams.channels.shared_ids import Ids, ids_in
from streams.core.calendar import Calendar, Opening
from streams.core.month_notes import MonthNote
from streams.core.norms import Norms
from streams.core.rules import SECOND_MS, Channel, Rules
from streams.core.settled import AnySettled
from streams.core.state import AnyState
from streams.core.terms import AllTerms
from streams.live.staffing import Place, Staff

DELETED_UNREAD: Final = "deleted_unread"
"""Under this key a state counts, beside the records that were rejected, those that were deleted before they were
read: like the others it must survive restarts."""


class Reading(IntEnum):
    """Whether the figures of a partition are those of this moment."""

    CURRENT = 0
    """All that the broker has was read, and it goes on answering."""
    BEHIND = 1
    """Records from before this worker took the partition over, or stood still, wait to be read."""
    UNANSWERED = 2
    """No broker has said for a while what there is to read."""


class PartitionHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One partition that this worker owns. None is what is not known (yet): it is left out, never shown as 0."""

    topic: str
    partition: int
    state: AnyState
    """What was folded from the records before `next_offset`; its tallies are read through `Observed.settle`."""
    next_offset: int
    """The first offset that is not in `state`."""
    high_watermark: int | None = None
    """The offset after the last record that the broker has, from the latest fetch."""
    reading: Reading = Reading.CURRENT
    age_ms: int = 0
    """How old current figures are: all that the broker had to read then is counted."""
    held_ms: int = 0
    """For how long records have waited behind a transaction that has not ended."""
    notes: Mapping[str, MonthNote] = {}
    """What is noted of each month besides its totals; read, never changed."""
    delay_ms: int | None = None
    """How old the last record was when it was folded."""
    checkpoint_offset: int | None = None
    """`next_offset` of the last checkpoint that is known to be written: a restart begins here."""
    checkpoint_written_ms: int | None = None
    checkpoint_bytes: int | None = None
    checkpoint_seconds: float | None = None
    """How long encoding and writing the last checkpoint took."""

    @property
    def source(self) -> str:
        """The partition as one word, as in the keys of month totals."""
        return f"{self.topic}-{self.partition}"

    @property
    def lag(self) -> int | None:
        """Records that wait to be read."""
        return None if self.high_watermark is None else max(0, self.high_watermark - self.next_offset)

    @property
    def behind_ms(self) -> int:
        """How far behind the figures are while records wait to be read: as much as the last one came late.

        Or as long as a transaction has held them back. 0 when none waits. The newest event of a feed does not tell
        it: one partition may be up to date while another works off a backlog.
        """
        return max(0, self.delay_ms or 0, self.held_ms) if self.lag else 0


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one worker knows at `now_ms`; figures of several workers add up."""

    now_ms: int
    rules: Rules
    norms: Norms
    stale_seconds: Mapping[Channel, float]
    """Silence of a channel's feed, in opening hours, after which its figures count as old."""
    clock_ahead_seconds: float | None = None
    """How far the worker's clock is ahead of that broker's which differs most; None while it is not known."""
    partitions: Sequence[PartitionHealth]
    refused_topics: frozenset[str] = frozenset()
    """Of these most of the newest records are refused, or all of a cluster."""
    faults: frozenset[tuple[str, str]] = frozenset()
    """What is wrong with topics on Kafka itself, with each topic; of some that are not read for it too."""
    sources_away: Mapping[str, bool] = {}
    """Whether each source of the settings is not connected, or not followed."""
    staffing: Mapping[Place, Staff] = {}
    """Who serves each cluster of which enough is known."""
    staffing_rejected: Mapping[str, int] | None = None
    """Records of staffing that this worker refused, by reason; None where nobody tells of it."""

    def __post_init__(self) -> None:
        """Refuse a service level that cannot be counted.

        Raises `ValueError` when a bound is no speed category's: tallies know waits by category only.
        """
        for seconds in self.norms.bounds_seconds:
            if seconds * SECOND_MS not in self.rules.speed_categories_ms:
                bounds = ", ".join(f"{bound / SECOND_MS:g}" for bound in self.rules.speed_categories_ms)
                raise ValueError(
                    f"the service level is counted from the speed categories, so its bound should be one of theirs "
                    f"({bounds} s), but it is {seconds:g} s: change one of them in the settings"
                )

    @property
    def terms(self) -> AllTerms:
        """What the counts of each cluster are read by."""
        return AllTerms(self.rules, self.norms)

    def settle(self) -> list[AnySettled]:
        """Count what is pending in the states of all partitions: to be read, until more is folded."""
        return [each.state.settle() for each in self.partitions]

    @property
    def opening(self) -> Opening:
        """Whether the city is open now, on any of its lines."""
        return _calendar(self.rules).opening_of_any(self.now_ms)

    @property
    def day(self) -> int:
        """The local day, which the figures of today are about."""
        return _calendar(self.rules).day(self.now_ms)

    def feed(self, channel: Channel) -> list[PartitionHealth]:
        """The partitions that carry the events of one channel; empty when others own them all."""
        return [each for each in self.partitions if each.state.channel is channel]

    def unjudged(self, channel: Channel) -> int:
        """Contacts of a channel that are still counted by the rules of before: what is counted is mixed meanwhile."""
        return sum(each.state.unjudged for each in self.feed(channel))


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings tell of whole years, to show beside what was measured; nothing unless they do."""

    indicators: Mapping[tuple[str, int], float] = {}
    """What was reported, by the name of the indicator and the year: a ratio, seconds, working days."""
    expenses_euros: Mapping[tuple[int, str], float] = {}
    """Expenses of the plan, by year and `accounts` or `budget`."""


def last_event_ms(partitions: Sequence[PartitionHealth]) -> int | None:
    """When the newest event of these partitions happened; None when there never was one."""
    return max((at for each in partitions if (at := each.state.last_event_ms) is not None), default=None)


def ids_of(partitions: Iterable[PartitionHealth]) -> Ids:
    """Ids that were used again, or may have been, in the days of which figures are kept."""
    days = (by_cluster for each in partitions for by_cluster in each.state.settle().days.values())
    return ids_in(tally for by_cluster in days for tally in by_cluster.values())


@lru_cache(maxsize=4)
def _calendar(rules: Rules) -> Calendar:
    """The rules' calendar, kept: it looks up public holidays, and a worker without partitions has none at hand."""
    return Calendar(rules)
