"""The rules that waiting is judged by: plain data, filled from the settings, kept inside every checkpoint.

A tally made under one set of rules can only be corrected under the same set, so the rules travel with it.
This module must not know TOML, files or the environment.
"""

import hashlib
from enum import StrEnum
from typing import Any, Final, Self

import msgspec

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60 * SECOND_MS
QUARTER_MS: Final = 15 * MINUTE_MS
"""Zones change their offset on whole quarters of an hour of UTC, so each quarter lies in one local hour and day."""
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS


class Channel(StrEnum):
    """How a citizen reaches the city: the names of the channels, which are open to more of them (`named`).

    Going through it gives the two that it has here; `streams.channels.channel_names` are all.
    """

    PHONE = "phone"
    DESK = "desk"

    @classmethod
    def named(cls, name: str) -> Self:
        """The channel of a name, known from now on if it was not.

        >>> Channel.named("desk").name
        'DESK'
        """
        try:
            return cls(name)
        except ValueError:
            member = str.__new__(cls, name)
            member._name_, member._value_ = name.upper(), name
            _MORE_CHANNELS[name] = member
            return member

    @classmethod
    def _missing_(cls, value: object) -> "Channel | None":
        """Where `enum` and decoders look for what is no member."""
        return _MORE_CHANNELS.get(value) if isinstance(value, str) else None


_MORE_CHANNELS: Final[dict[str, Any]] = {}
"""By name, the channels that are known besides the members."""


class OpenInterval(msgspec.Struct, frozen=True, gc=False):
    """Opening hours within one local day, half open: `from_minute` is open, `to_minute` no longer.

    Minutes since local midnight by the clock on the wall; `to_minute` 1440 is midnight at the day's end.
    """

    from_minute: int
    to_minute: int


class DatedHours(msgspec.Struct, frozen=True, gc=False):
    """The opening hours of one local day, instead of those of its weekday; none is closed.

    A day with hours is no closing day for who dials in, whatever the lists of those say: it stays one for working
    days, which are those of the law and not of a line.
    """

    day: str
    """ISO date."""
    hours: tuple[OpenInterval, ...]


class Cluster(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One activity cluster on one channel and the norm for its average wait.

    What is left out in the settings is left out when it is written too, so that rules that say nothing of it keep
    their digest.
    """

    name: str
    channel: Channel
    norm_ms: int
    aliases: tuple[str, ...] = ()
    """What else events may call it, such as its name before or after it was renamed."""
    opening_hours: tuple[tuple[OpenInterval, ...], ...] = ()
    """Hours of its own by weekday, Monday first; empty for the common ones."""
    dated_hours: tuple[DatedHours, ...] = ()
    """Hours of its own on single days, before the common ones of the day."""

    @property
    def has_own_hours(self) -> bool:
        """Whether it may be open when others are not."""
        return bool(self.opening_hours or self.dated_hours)


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
    early_start_days: int = 0
    """A visit that starts more local days than this before it was planned is `implausible`; on the day itself, 0, no
    start is too early."""
    memory_ms: int = 35 * DAY_MS
    """How long after its last record a contact is remembered, and so corrected and told from a duplicate."""
    earliest_ms: int = 1_451_606_400_000
    """Events before this moment are refused: 2016-01-01, the start of the reported history."""
    future_tolerance_ms: int = 5 * MINUTE_MS
    """How far an event may lie after its record's own time before it is refused."""
    plan_ahead_ms: int = 3 * 366 * DAY_MS
    """How far ahead of the event an appointment may be planned before it is refused."""
    dated_hours: tuple[DatedHours, ...] = ()
    """Hours of single days, before those of their weekday: for every line without others of its own on that day."""

    short_abandon_ms: int | None = None
    """Who hangs up within this long is told apart from the other missed calls; None for nobody."""

    clock_skew_ms: int = 2 * SECOND_MS
    """How far the clocks of two systems may differ: an answer so much before the dialling in came after 0 s."""

    def channel_clusters(self, channel: Channel) -> dict[str, Cluster]:
        """The clusters of one channel by name, in the order of the settings."""
        return {c.name: c for c in self.clusters if c.channel is channel}

    def channel_aliases(self, channel: Channel) -> dict[str, str]:
        """What else events of one channel may call its clusters, each with the cluster's name."""
        return {alias: name for name, c in self.channel_clusters(channel).items() for alias in c.aliases}

    def digest(self) -> str:
        """Names these rules in a few characters: others have another.

        Rules that say nothing of what came to them later keep the name of before, which stands with what was counted.
        """
        said = {name: value for name, value in msgspec.structs.asdict(self).items() if value != _LATER.get(name, _NO)}
        return hashlib.blake2b(msgspec.msgpack.encode(said), digest_size=16).hexdigest()


_NO: Final = object()
_LATER: Final[dict[str, Any]] = {"dated_hours": (), "short_abandon_ms": None}
"""What rules are by default in what they were given after their digests were first kept."""
