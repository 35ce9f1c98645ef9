"""What time it is by the brokers' clocks, and how far the clock of this machine is from them.

The time of every record is that of a broker, so whether all records from before a moment are there is a question to
those clocks, and no other clock may answer it. Here is what follows from what they show.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from streams.core.rules import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

DIFFERENT_MS: Final = 5 * SECOND_MS
"""Clocks further apart than this are told of: time synchronisation keeps them within a tenth of a second, and waits
are judged against norms of 45 s."""

APART_MS: Final = MINUTE_MS
"""Clocks further apart than this are not synchronised at all, and nobody knows which of them is right. Months close
at a minute that the settings name: with less than one the right day and hour are beyond doubt."""

SYNCHRONISE: Final = (
    "let time synchronisation (chrony, systemd-timesyncd, or that of the host) set the clocks of this machine and of "
    "the brokers; timedatectl shows whether it does"
)

Place = tuple[str, int]
"""A topic and one of its partitions."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A reading of one broker's clock, compared with this machine's."""

    broker: int
    shown_ms: int
    """Its time, UTC ms: from then on it shows at least this."""
    ahead_ms: float
    """How far this machine's clock was ahead of it, negative when behind."""
    error_ms: float
    """By so much the difference may be more or less: half the time that the answer took."""
    sent_ms: float
    """When it was asked, by this machine's monotonic clock: it showed at most `shown_ms` then."""

    def is_apart(self, by_ms: float) -> bool:
        """Whether the clocks are further apart than this beyond doubt."""
        return abs(self.ahead_ms) - self.error_ms > by_ms

    def __str__(self) -> str:
        direction = "ahead of" if self.ahead_ms > 0 else "behind"
        return f"{_length(abs(self.ahead_ms))} {direction} that of broker {self.broker}"


def _length(length_ms: float) -> str:
    for unit_ms, name in ((DAY_MS, "days"), (HOUR_MS, "h"), (MINUTE_MS, "min")):
        if length_ms >= 2 * unit_ms:
            return f"{length_ms / unit_ms:.1f} {name}"
    return f"{length_ms / SECOND_MS:.1f} s"


def farthest(readings: Iterable[Reading]) -> Reading | None:
    """The reading of the clock that certainly differs most."""
    return max(readings, key=lambda each: abs(each.ahead_ms) - each.error_ms, default=None)


class BrokerTime(msgspec.Struct, frozen=True):
    """The time of the brokers at one moment."""

    now_ms: int
    """It is at least this on every broker that was heard, UTC ms."""
    readings: Sequence[Reading] = ()
    leaders: Mapping[Place, int] | None = None
    """The broker that leads each source partition, whose clock its records have; None where all have one clock."""

    def awaited(self, bounds: Mapping[Place, "Bounds"], moment_ms: int) -> list[str]:
        """The source partitions of which nobody knows whether all records from before a moment are there.

        It is known when one from then on is there, or when the leader's clock has passed the moment: what comes
        after that is later. `bounds` must have been asked after the clocks.
        """
        return [
            f"{topic}-{partition}"
            for (topic, partition), each in sorted(bounds.items())
            if not (each.is_passed or self._has_passed((topic, partition), moment_ms))
        ]

    def _has_passed(self, place: Place, moment_ms: int) -> bool:
        if self.leaders is None:
            return self.now_ms >= moment_ms
        leader = self.leaders.get(place)
        return any(each.broker == leader and each.shown_ms >= moment_ms for each in self.readings)

    @property
    def doubt(self) -> str | None:
        """Why nothing official may be done by these clocks; None where they agree."""
        differs = farthest(self.readings)
        if differs is None or not differs.is_apart(APART_MS):
            return None
        return f"this machine's clock is {differs}, and nobody knows which is right; {SYNCHRONISE}"


class Bounds(NamedTuple):
    """Where a source partition's records from before a moment begin and end."""

    first: int
    """Offset of the first record that is still there."""
    end: int
    """Offset of the first record from the moment on; of the next one to come where there is none."""
    is_passed: bool
    """Whether there is one from the moment on."""


def one_clock(now_ms: int) -> BrokerTime:
    """The time where the brokers run on this machine and have its clock."""
    return BrokerTime(now_ms)


def heard(readings: Sequence[Reading], leaders: Mapping[Place, int]) -> BrokerTime:
    """The time by what at least one broker showed."""
    return BrokerTime(min(each.shown_ms for each in readings), readings, leaders)
