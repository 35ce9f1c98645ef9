"""A channel that tells the report nothing of itself: its declared counts, by cluster.

The words are those of its catalogue: `feed-<channel>`, for each count `count-<field>` and for its unit
`sheet-unit-<unit>`; what has no word there is called by its name.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from streams.channels import ChannelParts
from streams.core.counts import Declared, Shown, Tally, Terms
from streams.core.rules import SECOND_MS
from streams.months.report.channel import ReportChannel, Row
from streams.months.report.data import Report
from streams.months.report.indicators import counted_of, with_sum
from streams.months.report.parts import excluded_of, figure_name, in_unit
from streams.months.report.section import Section, Table
from streams.months.report.wording import Wording
from streams.records.closings import Basis


class Counted(msgspec.Struct, frozen=True):
    """The declared counts of one cluster, or of all (cluster None), in the units in which they are shown."""

    cluster: str | None
    counts: dict[str, float]
    counts_by: dict[str, dict[str, float]]
    """Those that come apart, by the label of each part."""
    excluded: dict[str, int]


class CountedReport(ReportChannel):
    """What is shown of a month of any channel, from the declarations of its counts."""

    def __init__(self, channel: ChannelParts) -> None:
        """Those left out are told with those of the other channels."""
        self.key = str(channel.name)
        self._name = channel.name
        self._tally = channel.tally
        shown = [each for each in channel.tally.shown(Shown.MONTH) if each.field != "excluded"]
        self._plain = [each for each in shown if each.count.by is None]
        self._apart = [each for each in shown if each.count.by is not None]

    def figures(self, tallies: Mapping[str, Tally], basis: Basis) -> list[Counted]:
        """The counts of each cluster."""
        counted = counted_of(self._name, tallies, basis)
        return [self._part(name, tally, counted[name]) for name, tally in with_sum(tallies, self._tally())]

    def _part(self, cluster: str | None, tally: Tally, counted: Sequence[tuple[Tally, Terms]]) -> Counted:
        return Counted(
            cluster,
            {figure_name(each): in_unit(_read(each, counted), each.count.unit) for each in self._plain},
            {figure_name(each): _parts(each, tally, counted[0][1]) for each in self._apart},
            excluded_of(tally),
        )

    def sections(self, report: Report, say: Wording) -> list[Section]:
        """A table of the counts, and one for each count that comes apart."""
        words, parts = say.words, report.summary.of(self.key)
        tables = [_table(parts, self._plain, say), *(_apart(parts, each, say) for each in self._apart)]
        return [Section(words("report-channel", feed=say.feed(self._name)), [], tables)]

    def all(self, say: Wording) -> str:
        """All of its clusters, by the name of its feed."""
        return say.words("report-all-of", feed=say.feed(self._name))

    def rows(self, part: Counted, say: Wording) -> Iterator[Row]:
        """Every count, with the name of the feed: clusters of two channels may have the same name."""
        for each in self._plain:
            yield (self._named(say.count(each.field), say), part.counts[figure_name(each)], each.count.unit.name)
        for each in self._apart:
            for label, value in part.counts_by[figure_name(each)].items():
                what = say.words("difference-reason", what=say.count(each.field), reason=label)
                yield (self._named(what, say), value, each.count.unit.name)
        for reason, count in part.excluded.items():
            what = say.words("difference-reason", what=say.count("excluded"), reason=say.exclusion(reason))
            yield (self._named(what, say), count, "contacts")

    def _named(self, count: str, say: Wording) -> str:
        return say.words("sheet-count-of", feed=say.feed(self._name), count=count)


def _read(each: Declared, counted: Sequence[tuple[Tally, Terms]]) -> int:
    """Of several clusters the sum of what is read of each."""
    return sum(each.read(tally, terms) for tally, terms in counted)


def _parts(each: Declared, tally: Tally, terms: Terms) -> dict[str, float]:
    """Those of the rules, and what was counted besides."""
    by, counted = each.count.by, each.read(tally, terms)
    assert by is not None, "asked of counts that come apart"
    return {label: in_unit(counted.get(key, 0), each.count.unit) for key, label in terms.parts(by, counted).items()}


def _table(parts: list[Counted], counts: list[Declared], say: Wording) -> Table:
    head = (say.words("report-cluster"), *(say.count(each.field) for each in counts))
    rows = [
        (part.cluster or say.all, *(_written(part.counts[figure_name(each)], each, say) for each in counts))
        for part in parts
    ]
    return Table(head, rows)


def _apart(parts: list[Counted], each: Declared, say: Wording) -> Table:
    labels = list(dict.fromkeys(label for part in parts for label in part.counts_by[figure_name(each)]))
    rows = [
        (
            part.cluster or say.all,
            *(_written(part.counts_by[figure_name(each)].get(label, 0), each, say) for label in labels),
        )
        for part in parts
    ]
    return Table((say.words("report-cluster"), *labels), rows, caption=say.count(each.field))


def _written(value: float, each: Declared, say: Wording) -> str:
    unit: Any = each.count.unit
    return say.seconds(value) if unit.per == SECOND_MS else say.words.number(value)
