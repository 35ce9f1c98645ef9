"""One month as the report needs it: the figures that count, and what has come in since they were frozen.

Of a closed month the frozen figures count, and what came later stands beside them; of an open one the totals on the
topic count. Must not know Kafka or how anything is shown.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from streams.channels import empty_tally
from streams.core.counts import Tally
from streams.core.coverage import QuarterMap
from streams.core.rules import Channel
from streams.records.closings import (
    Account,
    Basis,
    Closing,
    Entry,
    FrozenFeed,
    basis_of,
    closing_of,
    frozen_totals,
    summed,
)
from streams.records.month_totals import TotalKey
from streams.records.progress import BesideTotals, Feed

COUNTED_APART: Final = frozenset({"sketch"})
"""Fields of a tally that follow from others: a late fact is not listed twice."""


Place = tuple[Channel, str, str]
"""Channel, cluster and source partition."""


class Sources(msgspec.Struct):
    """Everything that reports are made from, as read from Kafka."""

    totals: dict[TotalKey, Tally]
    beside: BesideTotals
    account: Account

    def months(self) -> list[str]:
        """The months with figures, frozen or not, in their order."""
        return sorted({month for month, *_ in self.totals} | self.account.keys())


class Late(msgspec.Struct, frozen=True):
    """What came into one cluster of one source partition after the month was closed."""

    channel: Channel
    cluster: str
    source: str
    facts: int
    """Facts about the month that have come since, repeated ones included."""
    difference: dict[str, int]
    """What the frozen totals would become: by field of the tally, or field and key, what would be added."""


class Month(msgspec.Struct):
    """The figures of one month that count, over all source partitions."""

    month: str
    basis: Basis
    totals: dict[tuple[Channel, str], Tally]
    spoke: dict[Channel, QuarterMap]
    """The hours of each channel; a channel whose hours nobody recorded is absent."""
    entries: list[Entry]
    closing: Closing | None
    late: list[Late]

    def tally(self, channel: Channel, cluster: str) -> Tally:
        """The cluster's tally; an empty one where nothing is counted."""
        return self.totals.get((channel, cluster)) or empty_tally(channel)

    def clusters(self, channel: Channel) -> list[str]:
        """The clusters of the settings in their order, then any others with figures."""
        named = list(self.basis.rules.channel_clusters(channel))
        others = {cluster for of, cluster in self.totals if of == channel} - set(named)
        return named + sorted(others)


def month_of(sources: Sources, month: str, today: Basis) -> Month:
    """The month's figures: frozen if it is closed; if it is not those of now, judged by the settings of `today`."""
    entries = sources.account.get(month, [])
    current = {key[1:]: tally for key, tally in sources.totals.items() if key[0] == month}
    feeds = [feed for (of, _), feed in sources.beside.feeds.items() if of == month]
    closing = closing_of(sources.account, month)
    if closing is not None:
        frozen = frozen_totals(closing)
        late = list_late(closing, current, _late_facts(feeds))
        return Month(month, closing.basis, summed(frozen), _spoke((), closing.feeds), entries, closing, late)
    channels = {position.channel for position in sources.beside.positions.values()}
    basis = basis_of(month, today.rules, today.norms)
    return Month(month, basis, summed(current), _spoke(channels, feeds), entries, None, [])


def _spoke(channels: Iterable[Channel], feeds: Iterable[Feed | FrozenFeed]) -> dict[Channel, QuarterMap]:
    """The hours of these channels, and of all whose feeds said something."""
    spoke = {channel: QuarterMap() for channel in channels}
    for feed in feeds:
        spoke.setdefault(feed.channel, QuarterMap()).add(feed.quarters)
    return spoke


def _late_facts(feeds: Iterable[Feed | FrozenFeed]) -> dict[Place, int]:
    return {
        (feed.channel, cluster, feed.source): count for feed in feeds for cluster, count in feed.late_facts.items()
    }


def list_late(closing: Closing, current: Mapping[Place, Tally], late_facts: Mapping[Place, int]) -> list[Late]:
    """What came after the closing: by cluster and source, the late facts and the counts that differ.

    `current` are the totals of now, `late_facts` all that have come since the month's end.
    """
    frozen = frozen_totals(closing)
    before = _late_facts(closing.feeds)
    late = []
    for place in sorted(frozen.keys() | current.keys() | late_facts.keys()):
        empty = empty_tally(place[0])
        difference = _difference(frozen.get(place, empty), current.get(place, empty))
        since = late_facts.get(place, 0) - before.get(place, 0)
        if difference or since:
            late.append(Late(*place, since, difference))
    return late


def _difference(before: Tally, after: Tally) -> dict[str, int]:
    one, other = _flat(before), _flat(after)
    return {
        name: difference
        for name in sorted(one.keys() | other.keys())
        if (difference := other.get(name, 0) - one.get(name, 0))
    }


def _flat(tally: Tally) -> dict[str, int]:
    """The tally's counts by field, those in dicts by field and key with a dot between."""
    flat: dict[str, int] = {}
    for name in tally.__struct_fields__:
        value = getattr(tally, name)
        if name in COUNTED_APART:
            continue
        if isinstance(value, dict):
            flat |= {f"{name}.{key}": count for key, count in value.items()}
        else:
            flat[name] = value
    return flat
