"""Ids that were used again, or may have been: how many there are of a channel, and what is said of them.

Nothing is wrong where each contact still counts on its own; where it cannot be told, the source is to be mended.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from streams.channels.channel import ChannelParts
from streams.core.counts import Tally


class Ids(NamedTuple):
    """Contacts that had an id together with others."""

    reused: int = 0
    """Those whose id another contact had before, which can be told: each counts on its own."""
    unclear: int = 0
    """Those whose facts may be those of more than one: they count as one."""

    def with_those(self, other: "Ids") -> "Ids":
        """Both together."""
        return Ids(self.reused + other.reused, self.unclear + other.unclear)

    def texts(self, channel: ChannelParts, when: str = "") -> Iterator[str]:
        """What to say of them, each without its full stop; nothing where there are none."""
        contacts = channel.contacts
        if self.reused:
            yield f"ids of {contacts} that were used again{when}: {self.reused:,}; each contact counts on its own"
        if self.unclear:
            yield (
                f"ids of {contacts} that may be those of more than one contact, which cannot be told{when}: "
                f"{self.unclear:,}; each counts as one contact. Let the source give every contact an id of its own, "
                "such as the day and the number"
            )


def ids_in(tallies: Iterable[Tally]) -> Ids:
    """Those that are counted in some tallies."""
    reused = unclear = 0
    for tally in tallies:
        reused += tally.reused_ids
        unclear += tally.unclear_ids
    return Ids(reused, unclear)
