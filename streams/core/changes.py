"""What has changed in a state since somebody last took its changes: what a checkpoint has to write."""

from collections.abc import Mapping
from typing import Generic, TypeVar

from streams.core.contact import Contact

C = TypeVar("C", bound=Contact)
K = TypeVar("K")

Periods = dict[tuple[str, int], set[str]]
"""Clusters by month and day."""

Slots = dict[int, set[str]]
"""Clusters by slot of the rolling windows."""


class Changes(Generic[C]):
    """What has changed since somebody last took the changes."""

    def __init__(
        self,
        contacts: dict[str, C] | None = None,
        forgotten: list[str] | None = None,
        periods: Periods | None = None,
        slots: Slots | None = None,
    ) -> None:
        """Takes over what it is given."""
        self.contacts: dict[str, C] = {} if contacts is None else contacts
        """The contacts that records came for."""
        self.forgotten: list[str] = [] if forgotten is None else forgotten
        """Open contacts that were forgotten."""
        self.periods: Periods = {} if periods is None else periods
        """The clusters of everything that was counted or taken back, by month and day."""
        self.slots: Slots = {} if slots is None else slots
        """The same by slot of the rolling windows."""

    def add(self, later: "Changes[C]") -> None:
        """Take in what has changed since, and take over what it holds."""
        if self.contacts:
            self.contacts.update(later.contacts)
        else:
            self.contacts = later.contacts
        _add_clusters(self.periods, later.periods)
        _add_clusters(self.slots, later.slots)
        self.forgotten += later.forgotten

    @property
    def months(self) -> set[tuple[str, str]]:
        """Month and cluster of the month totals that may differ."""
        return {(month, cluster) for (month, _), clusters in self.periods.items() for cluster in clusters}


def _add_clusters(mine: dict[K, set[str]], later: Mapping[K, set[str]]) -> None:
    for span, clusters in later.items():
        mine.setdefault(span, set()).update(clusters)
