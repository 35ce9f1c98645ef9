"""What the worker hands over to be published: its partitions with their states, at one moment.

The figures, the wall and the month totals are all read from this. It must not know Kafka, Faust or the settings file,
nor how anything is shown.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from streams.core.calendar import Calendar, Opening
from streams.core.rules import SECOND_MS, Channel, Rules
from streams.core.state import CallState, TicketState
from streams.core.tally import PhoneTally

DELETED_UNREAD: Final = "deleted_unread"
"""Under this key a state counts, beside the records that were rejected, those that were deleted before they were
read: like the others it must survive restarts."""


class PartitionHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One partition that this worker owns. None is what is not known (yet): it is left out, never shown as 0."""

    topic: str
    partition: int
    state: CallState | TicketState
    """What was folded from the records before `next_offset`; read, never changed."""
    next_offset: int
    """The first offset that is not in `state`."""
    high_watermark: int | None = None
    """The offset after the last record that the broker has, from the latest fetch."""
    delay_ms: int | None = None
    """How old the last record was when it was folded."""
    checkpoint_offset: int | None = None
    """`next_offset` of the last checkpoint that is known to be written: a restart begins here."""
    checkpoint_written_ms: int | None = None
    checkpoint_bytes: int | None = None
    checkpoint_seconds: float | None = None
    """How long encoding and writing the last checkpoint took."""

    @property
    def lag(self) -> int | None:
        """Records that wait to be read."""
        return None if self.high_watermark is None else max(0, self.high_watermark - self.next_offset)

    @property
    def behind_ms(self) -> int:
        """How far behind the figures are while records wait to be read: as much as the last one came late.

        0 when none waits. The newest event of a feed does not tell it: one partition may be up to date while another
        works off a backlog.
        """
        return max(0, self.delay_ms or 0) if self.lag else 0


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one worker knows at `now_ms`; figures of several workers add up.

    `service_level_ratio` of the answered calls should wait `service_level_seconds` at most, and at most
    `missed_ratio` of all calls be missed.
    """

    now_ms: int
    rules: Rules
    service_level_ratio: float
    service_level_seconds: float
    missed_ratio: float
    calls_stale_seconds: float = 90
    """Silence of a feed, in opening hours, after which its figures count as old."""
    tickets_stale_seconds: float = 900
    partitions: Sequence[PartitionHealth]

    def __post_init__(self) -> None:
        """Refuse a service level that cannot be counted.

        Raises ValueError when its bound is no speed category's: tallies know waits by category only.
        """
        if self.service_level_ms not in self.rules.speed_categories_ms:
            bounds = ", ".join(f"{bound / SECOND_MS:g}" for bound in self.rules.speed_categories_ms)
            raise ValueError(
                f"the service level is counted from the speed categories, so its bound should be one of theirs "
                f"({bounds} s), but it is {self.service_level_seconds:g} s: change one of them in the settings"
            )

    @property
    def service_level_ms(self) -> int:
        """The service level's bound, as the speed categories have it."""
        return round(self.service_level_seconds * SECOND_MS)

    @property
    def states(self) -> list[CallState | TicketState]:
        """The states of all partitions."""
        return [each.state for each in self.partitions]

    @property
    def opening(self) -> Opening:
        """Whether the city is open now."""
        return _calendar(self.rules).opening(self.now_ms)

    def stale_seconds(self, channel: Channel) -> float:
        """Silence of a channel's feed, in opening hours, after which its figures count as old."""
        return self.calls_stale_seconds if channel is Channel.PHONE else self.tickets_stale_seconds

    def feed(self, channel: Channel) -> list[PartitionHealth]:
        """The partitions that carry the events of one channel; empty when others own them all."""
        return [each for each in self.partitions if each.state.channel is channel]


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings tell of whole years, to show beside what was measured; nothing unless they do."""

    missed_ratios: Mapping[int, float] = {}
    """The share of missed calls as it was reported, by year."""
    expenses_euros: Mapping[tuple[int, str], float] = {}
    """Expenses of the plan, by year and `accounts` or `budget`."""


def last_event_ms(partitions: Sequence[PartitionHealth]) -> int | None:
    """When the newest event of these partitions happened; None when there never was one."""
    return max((at for each in partitions if (at := each.state.last_event_ms) is not None), default=None)


def answered_within(tally: PhoneTally, bound_ms: int) -> int:
    """Calls answered within a bound, which must be the bound of a speed category."""
    return sum(count for bound, count in tally.speed_categories.items() if bound <= bound_ms)


@lru_cache(maxsize=4)
def _calendar(rules: Rules) -> Calendar:
    """The rules' calendar, kept: it looks up public holidays, and a worker without partitions has none at hand."""
    return Calendar(rules)
