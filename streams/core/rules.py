"""The rules that waiting is judged by: plain data, filled from the settings, kept inside every checkpoint.

A tally made under one set of rules can only be corrected under the same set, so the rules travel with it.
This module must not know TOML, files or the environment.
"""

from enum import StrEnum
from typing import Final

import msgspec

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60 * SECOND_MS
QUARTER_MS: Final = 15 * MINUTE_MS
"""Zones change their offset on whole quarters of an hour of UTC, so each quarter lies in one local hour and day."""
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS


class Channel(StrEnum):
    """How a citizen reaches the city."""

    PHONE = "phone"
    DESK = "desk"


class Cluster(msgspec.Struct, frozen=True, gc=False):
    """One activity cluster on one channel and the norm for its average wait."""

    name: str
    channel: Channel
    norm_ms: int


class OpenInterval(msgspec.Struct, frozen=True, gc=False):
    """Opening hours within one local day, half open: `from_minute` is open, `to_minute` no longer.

    Minutes since local midnight by the clock on the wall; `to_minute` 1440 is midnight at the day's end.
    """

    from_minute: int
    to_minute: int


class Rules(msgspec.Struct, frozen=True, gc=False):
    """Everything a measurement depends on besides the facts."""

    clusters: tuple[Cluster, ...]
    zone: str
    """IANA name of the zone whose days and months count, such as Europe/Brussels."""
    opening_hours: tuple[tuple[OpenInterval, ...], ...]
    """Seven entries, Monday first."""
    closing_days: tuple[str, ...]
    """Local closing days, ISO dates, besides the public holidays and the days without opening hours."""
    public_holidays: tuple[str, ...]
    """Public holidays, ISO dates: by name, so that another version of the library that knows them is a change of
    the rules and not of what was counted under them."""
    speed_categories_ms: tuple[int, ...] = (30_000, 60_000, 90_000, 120_000, 300_000)
    """Upper bounds of the speed categories; each holds its bound, and one more category is unbounded."""
    lead_norm_days: int = 5
    """Working days within which an appointment must be had."""
    windows_minutes: tuple[int, ...] = (5, 15, 60)
    slot_ms: int = 10 * SECOND_MS
    """Length of a slot of the rolling windows: their edges move in steps of this."""
    call_expiry_ms: int = 4 * HOUR_MS
    """A call without an end is `unresolved` this long after it was offered."""
    ticket_expiry_ms: int = 12 * HOUR_MS
    """A visit without an end is `unresolved` this long after it was due."""
    longest_wait_ms: int = 4 * HOUR_MS
    """A longer wait is `implausible`: a clock went wrong, not a citizen waited."""
    memory_ms: int = 35 * DAY_MS
    """How long after its last record a contact is remembered, and so corrected and told from a duplicate."""
    earliest_ms: int = 1_451_606_400_000
    """Events before this moment are refused: 2016-01-01, the start of the reported history."""
    future_tolerance_ms: int = 5 * MINUTE_MS
    """How far an event may lie after its record's own time before it is refused."""
    plan_ahead_ms: int = 3 * 366 * DAY_MS
    """How far ahead of the event an appointment may be planned before it is refused."""

    def channel_clusters(self, channel: Channel) -> dict[str, Cluster]:
        """The clusters of one channel by name, in the order of the settings."""
        return {c.name: c for c in self.clusters if c.channel is channel}
