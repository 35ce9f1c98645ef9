"""The norms that figures are judged by: of every line, what single lines have of their own, and of added channels.

They say how what was counted is read and change nothing of it, so they may differ from month to month. Must not know
what is counted.
"""

from collections.abc import Iterable

import msgspec

from streams.core.rules import Channel


class ServiceLevel(msgspec.Struct, frozen=True):
    """How many contacts are to be answered how soon."""

    seconds: int
    """The wait within which they are: the bound of a speed category."""
    ratio: float
    """At least this share of those answered."""


class OwnServiceLevel(msgspec.Struct, frozen=True):
    """The service level of one cluster that has another bound or another share than the others."""

    channel: Channel
    cluster: str
    level: ServiceLevel


class Norms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The norms that hold for every telephone line, those of single ones, and those of added channels.

    What no line has is left out when it is written, so that norms without it stay what they were.
    """

    service_level_seconds: int
    """The wait within which `service_level_ratio` of the answered calls must be answered; bound of a category."""
    service_level_ratio: float
    """All lines together are judged by it, each line counted by a bound of its own where it has one."""
    missed_ratio: float
    """Largest share of missed calls in a year."""
    own_service_levels: tuple[OwnServiceLevel, ...] = ()
    indicators: dict[str, float] = {}
    """Of the indicators that added channels declare, by name, as they are counted: a ratio, ms, working days."""

    def service_level(self, channel: Channel, cluster: str | None) -> ServiceLevel:
        """That of a cluster, or the one by which all of them together are judged (None)."""
        own = (each.level for each in self.own_service_levels if (each.channel, each.cluster) == (channel, cluster))
        return next(own, ServiceLevel(self.service_level_seconds, self.service_level_ratio))

    @property
    def bounds_seconds(self) -> tuple[int, ...]:
        """Every bound that anything is counted by."""
        return (self.service_level_seconds, *(each.level.seconds for each in self.own_service_levels))

    def common_bound_seconds(self, channel: Channel, clusters: Iterable[str]) -> int | None:
        """The one bound of all of these clusters; None where they have several."""
        bounds = {self.service_level(channel, each).seconds for each in clusters} or {self.service_level_seconds}
        return bounds.pop() if len(bounds) == 1 else None
