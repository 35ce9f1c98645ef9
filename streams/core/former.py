"""The rules by which contacts were counted before the rules changed, and what of that is there to be taken back.

Must not know the state in which they are counted.
"""

from typing import Final, NamedTuple

from streams.core.calendar import Calendar
from streams.core.measure import Measurement
from streams.core.places import Places
from streams.core.rules import HOUR_MS, MINUTE_MS, Channel, Rules

_DAYS_KEPT: Final = 3
"""Local days of tallies kept before the log's day: today, and what late records and readers may still ask for."""

_SLOTS_SPARE_MS: Final = 10 * MINUTE_MS
"""Slots kept beyond the longest window, for a reader whose clock is behind the log's."""

_NONE_YET: Final = 10**15
"""Later than every slot and every day."""


class Horizons(NamedTuple):
    """Where what is kept begins."""

    first_slot: int
    first_day: int
    forgotten_before_ms: int


def horizons(rules: Rules, calendar: Calendar, log_ms: int) -> Horizons:
    """The horizons when the newest record is of `log_ms`: they move on at the turn of each hour."""
    longest_ms = max(rules.windows_minutes, default=0) * MINUTE_MS + _SLOTS_SPARE_MS
    hour_start_ms = log_ms // HOUR_MS * HOUR_MS
    return Horizons(
        first_slot=(hour_start_ms - longest_ms) // rules.slot_ms,
        first_day=calendar.day(hour_start_ms) - _DAYS_KEPT,
        forgotten_before_ms=hour_start_ms - rules.memory_ms,
    )


def places(rules: Rules, channel: Channel) -> Places:
    """Where the waits of one channel fall."""
    return Places(rules, {name: cluster.norm_ms for name, cluster in rules.channel_clusters(channel).items()})


class Former:
    """The rules of before, as they stood when today's took their place."""

    def __init__(self, rules: Rules, today: Rules, channel: Channel, log_ms: int, version: int) -> None:
        """`log_ms` is the newest record's time by then, `version` that of the snapshot."""
        self.version = version
        """Says what a contact's facts meant then."""
        self.rules = rules
        self.calendar = Calendar(rules)
        self.places = places(rules, channel)
        self.horizons = horizons(rules, self.calendar, log_ms)
        # Slots of another length and days of another zone are given up at once.
        self.first_slot = self.horizons.first_slot if rules.slot_ms == today.slot_ms else _NONE_YET
        """The first slot in which anything is counted by these rules."""
        self.first_day = self.horizons.first_day if rules.zone == today.zone else _NONE_YET
        """The first day in which anything is."""
        self.has_same_spans = (rules.zone, rules.slot_ms, rules.windows_minutes) == (
            today.zone,
            today.slot_ms,
            today.windows_minutes,
        )
        """Whether the same measurement falls into the same spans of time as by today's rules."""
        self._norms_ms = self.places.norms_ms
        self._norms_ms_today = places(today, channel).norms_ms
        self._has_same_bounds = (rules.speed_categories_ms, rules.lead_norm_days, rules.short_abandon_ms) == (
            today.speed_categories_ms,
            today.lead_norm_days,
            today.short_abandon_ms,
        )

    def spans(self, measured: Measurement) -> tuple[str, int, int]:
        """Month, day and slot that a measurement was counted in, whether or not they are still kept."""
        month, day = self.calendar.month_and_day(measured.period_ms)
        return month, day, measured.known_ms // self.rules.slot_ms

    def has_same_place(self, cluster: str) -> bool:
        """Whether the same measurement of a cluster counts for the same by today's rules."""
        return self._has_same_bounds and self._norms_ms.get(cluster, 0) == self._norms_ms_today.get(cluster, 0)
