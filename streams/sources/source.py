"""What a source is: it watches an exchange, a desk system or a topic of others, and yields facts and a position.

A source keeps nothing and sends nothing. Whoever follows it sends the facts of each step to Kafka and stores the
position with them; after a restart the source begins at the last position that was stored, so that facts come again,
which changes no figure, and none is skipped. Must not know Kafka.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Final, Protocol, runtime_checkable

import msgspec

from streams.contracts.decode import Event

POSITION_BYTES_MAX: Final = 256 * 1024
"""Largest position, in bytes: a record with it must fit in what brokers take by default, with room to spare."""


class Link(msgspec.Struct, frozen=True):
    """Whether a source hears what it watches."""

    connected: bool
    why: str = ""
    """Why not, for people: what was expected, what came, where. No name and no number of a person."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What a source yields at a time: each part may be absent."""

    events: Sequence[Event] = ()
    """Facts in the terms of the contract, in the order in which they are to be sent."""
    position: bytes | None = None
    """Where to begin anew once these events, and those of the steps before, are in Kafka, with whatever must be known
    of contacts that are not over. Opaque to all but the source."""
    left_out: Mapping[str, int] = {}
    """What became no fact though it might have been one, counted by reason: short fixed names such as `no_cluster`,
    never anything that came from outside."""
    missed_before: bool = False
    """Whether these events happened while nobody watched, and fill that gap now."""
    link: Link | None = None
    """Given when it changes: connected, or not and why. The source tries again by itself."""


class Source(Protocol):
    """Something that is watched."""

    def steps(self, position: bytes | None) -> AsyncGenerator[Step]:
        """What is to be told, from a position of an earlier run on, or from now on where there is none.

        Never ends by itself: whoever follows closes it. Raises `SourceError` for what waiting cannot mend.
        """


@runtime_checkable
class Lender(Protocol):
    """A source that lends what it tells, and takes it back from where it came once it is written."""

    def delivered(self, count: int) -> None:
        """Tell that Kafka has so many facts more, of those that were told first; 0 for a position alone."""


class SourceError(Exception):
    """A source cannot go on; the text says what was expected, what came, where, and what to do."""
