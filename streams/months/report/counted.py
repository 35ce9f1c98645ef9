"""A channel that tells the report nothing of itself: its declared counts, by cluster, are what there is."""

from collections.abc import Iterator, Mapping

import msgspec

from streams.channels import ChannelParts
from streams.core.counts import Tally
from streams.months.report.channel import ReportChannel, Row
from streams.months.report.data import Report
from streams.months.report.declared import Apart, DeclaredCounts, Plain
from streams.months.report.indicators import counted_of, with_sum
from streams.months.report.parts import excluded_of
from streams.months.report.section import Section
from streams.months.report.wording import Wording
from streams.records.closings import Basis


class Counted(msgspec.Struct, frozen=True):
    """The declared counts of one cluster, or of all (cluster None), in the units in which they are shown."""

    cluster: str | None
    counts: Plain
    counts_by: Apart
    """Those that come apart, by the label of each part."""
    excluded: dict[str, int]


class CountedReport(ReportChannel):
    """What is shown of a month of any channel, from the declarations of its counts."""

    def __init__(self, channel: ChannelParts) -> None:
        """Those left out are told with those of the other channels."""
        self.key = str(channel.name)
        self._name = channel.name
        self._counts = DeclaredCounts(channel, {"excluded"})

    def figures(self, tallies: Mapping[str, Tally], basis: Basis) -> list[Counted]:
        """The counts of each cluster."""
        counted = counted_of(self._name, tallies, basis)
        return [
            Counted(
                name,
                self._counts.plain(counted[name]),
                self._counts.apart(tally, counted[name][0][1]),
                excluded_of(tally),
            )
            for name, tally in with_sum(tallies)
        ]

    def sections(self, report: Report, say: Wording) -> list[Section]:
        """A table of the counts, and one for each count that comes apart."""
        return self._counts.sections(report.summary.of(self.key), say)

    def all(self, say: Wording) -> str:
        """All of its clusters, by the name of its feed."""
        return say.words("report-all-of", feed=say.feed(self._name))

    def rows(self, part: Counted, say: Wording) -> Iterator[Row]:
        """Every count, and who was left out, by reason."""
        yield from self._counts.rows(part, say)
        for reason, count in part.excluded.items():
            what = say.words("difference-reason", what=say.count("excluded"), reason=say.exclusion(reason))
            yield (self._counts.named(what, say), count, "contacts")
