"""Consecutive records of one partition on their way from whoever fetches them to whoever folds them."""

from collections.abc import Sequence

import msgspec

from streams.contracts.rejections import Reason
from streams.runtime.fetching.packed import Origin
from streams.runtime.fetching.record import Record


class RefusedTogether(msgspec.Struct, frozen=True):
    """Why the records of a batch are not read, and what their source's packing says of them."""

    reason: Reason
    origin: Origin


class Fetched(msgspec.Struct, frozen=True):
    """Consecutive records of one partition: everything there is from offset `start` up to, not including, `end`.

    Of records that are refused together there are none at hand.
    """

    start: int
    end: int
    records: Sequence[Record]
    deleted: int = 0
    """Records from `start` on that Kafka deleted before anybody read them."""
    refused: RefusedTogether | None = None

    @property
    def newest_ms(self) -> int | None:
        """The last record's own time; None without records."""
        if self.refused is not None:
            return self.refused.origin.timestamp
        return self.records[-1].timestamp if self.records else None

    @property
    def oldest_ms(self) -> int | None:
        """The first record's own time; None without records."""
        return self.records[0].timestamp if self.records else self.newest_ms

    @property
    def timestamp_type(self) -> int | None:
        """Who set the records' times; None without records."""
        if self.refused is not None:
            return self.refused.origin.timestamp_type
        return self.records[0].timestamp_type if self.records else None
