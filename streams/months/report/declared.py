"""Counts that a channel declares, as the report shows them without knowing more: by cluster, in their units.

The words are those of the catalogue: `feed-<channel>`, for each count `count-<field>` and for its unit
`sheet-unit-<unit>`; what has no word there is called by its name.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from streams.channels import ChannelParts
from streams.core.counts import Declared, Shown, Tally, Terms, Unit
from streams.core.rules import SECOND_MS
from streams.months.report.channel import Row
from streams.months.report.parts import figure_name, in_unit
from streams.months.report.section import Section, Table
from streams.months.report.wording import Wording

Plain = dict[str, float]
"""Counts in the units in which they are shown; what is not known of a cluster is absent."""

Apart = dict[str, dict[str, float]]
"""Those that come apart, by the label of each part."""


class CountedPart(Protocol):
    """The figures of one cluster of a channel, or of all (cluster None), as far as they are asked here."""

    @property
    def cluster(self) -> str | None:
        """None for all clusters together."""

    @property
    def counts(self) -> Plain:
        """By name."""

    @property
    def counts_by(self) -> Apart:
        """By name and label."""


class DeclaredCounts:
    """The counts of months that a channel declares, besides those that it tells of in its own way."""

    def __init__(self, channel: ChannelParts, besides: Collection[str]) -> None:
        """`besides` are fields that the tally of the channel declares."""
        mine = [each for each in channel.tally.shown(Shown.MONTH) if each.field not in besides]
        self._name = channel.name
        self._plain = [each for each in mine if each.count.by is None]
        self._apart = [each for each in mine if each.count.by is not None]

    def plain(self, counted: Sequence[tuple[Tally, Terms]]) -> Plain:
        """What is counted in these tallies, each read by its own terms."""
        found = {each: [each.read(tally, terms) for tally, terms in counted] for each in self._plain}
        return {
            figure_name(each): in_unit(sum(read), each.count.unit) for each, read in found.items() if None not in read
        }

    def apart(self, tally: Tally, terms: Terms) -> Apart:
        """What comes apart: the parts that the rules have, and what was counted besides."""
        return {figure_name(each): _parts(each, tally, terms) for each in self._apart}

    def sections(self, parts: Sequence[CountedPart], say: Wording) -> list[Section]:
        """One with their tables, called as the feed; nothing where there are none."""
        tables = self.tables(parts, say)
        return [Section(say.words("report-channel", feed=say.feed(self._name)), [], tables)] if tables else []

    def tables(self, parts: Sequence[CountedPart], say: Wording) -> list[Table]:
        """A table of the plain counts, and one for each count that comes apart; none where there are none."""
        plain = [self._table(parts, say)] if self._plain else []
        return [*plain, *(_apart_table(parts, each, say) for each in self._apart)]

    def _table(self, parts: Sequence[CountedPart], say: Wording) -> Table:
        head = (say.words("report-cluster"), *(say.count(each.field) for each in self._plain))
        rows = [
            (
                part.cluster or say.all,
                *(_written(part.counts.get(figure_name(each)), each.count.unit, say) for each in self._plain),
            )
            for part in parts
        ]
        return Table(head, rows)

    def rows(self, part: CountedPart, say: Wording) -> Iterator[Row]:
        """Every count, with the name of the feed: clusters of two channels may have the same name."""
        for each in self._plain:
            if (value := part.counts.get(figure_name(each))) is not None:
                yield (self.named(say.count(each.field), say), value, each.count.unit.name)
        for each in self._apart:
            for label, value in part.counts_by[figure_name(each)].items():
                what = say.words("difference-reason", what=say.count(each.field), reason=label)
                yield (self.named(what, say), value, each.count.unit.name)

    def named(self, count: str, say: Wording) -> str:
        """What the spreadsheet calls a count of the channel."""
        return say.words("sheet-count-of", feed=say.feed(self._name), count=count)


def _parts(each: Declared, tally: Tally, terms: Terms) -> dict[str, float]:
    by, counted = each.count.by, each.read(tally, terms)
    assert by is not None, "asked of counts that come apart"
    return {label: in_unit(counted.get(key, 0), each.count.unit) for key, label in terms.parts(by, counted).items()}


def _apart_table(parts: Sequence[CountedPart], each: Declared, say: Wording) -> Table:
    labels = list(dict.fromkeys(label for part in parts for label in part.counts_by[figure_name(each)]))
    rows = [
        (
            part.cluster or say.all,
            *(_written(part.counts_by[figure_name(each)].get(label, 0), each.count.unit, say) for label in labels),
        )
        for part in parts
    ]
    return Table((say.words("report-cluster"), *labels), rows, caption=say.count(each.field))


def _written(value: float | None, unit: Unit, say: Wording) -> str:
    return say.or_none(value, say.seconds if unit.per == SECOND_MS else say.words.number)
