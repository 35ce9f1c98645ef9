"""What visits tell the report of themselves."""

# ruff: noqa: ARG002 - every channel is asked the same way, and not every one needs all that it is given

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from streams.channels import VISITS, ChannelParts
from streams.channels.visits.counts import DeskTally
from streams.months.report.channel import ReportChannel, Row, Spread
from streams.months.report.data import Report
from streams.months.report.declared import DeclaredCounts
from streams.months.report.rows import count_rows, excluded_rows, ids_rows, ids_said, quantile_rows
from streams.months.report.section import Section
from streams.months.report.visits.figures import TOLD, Desk, desk_figures
from streams.months.report.visits.sections import desks
from streams.months.report.wording import Wording
from streams.records.closings import Basis


class VisitsReport(ReportChannel):
    """Besides the indicators: whoever came without an appointment, did not come or asked for one."""

    key = "desks"

    def __init__(self, channel: ChannelParts = VISITS) -> None:
        """Whatever else the tally of the channel declares stands behind it."""
        self._name = channel.name
        self._more = DeclaredCounts(channel, TOLD)

    def figures(self, tallies: Mapping[str, DeskTally], basis: Basis) -> list[Desk]:
        """The visits of each cluster."""
        return desk_figures(tallies, basis, self._more)

    def sections(self, report: Report, say: Wording) -> list[Section]:
        """One, with a row for each cluster."""
        return [desks(report, say), *self._more.sections(report.summary.of(self._name), say)]

    def spread(self, say: Wording) -> Spread:
        """Of visitors with an appointment, in minutes."""
        return Spread(say.words("report-spread-desk"), say.minutes, lambda part: int(part.served))

    def month_heads(self, report: Report, say: Wording) -> list[str]:
        """Visitors and their wait."""
        return [say.words("report-month-visitors"), say.words("report-month-desk-wait")]

    def month_cells(self, part: Desk | None, say: Wording) -> list[str]:
        """The same of one month."""
        return [
            say.words.number(part.served if part else 0),
            say.or_none(part.average_wait_seconds if part else None, say.minutes),
        ]

    def all(self, say: Wording) -> str:
        """All visits."""
        return say.words("report-all-desk")

    def left_out(self, parts: Sequence[Any], say: Wording) -> list[str]:
        """Requests for a day that had been, and ticket numbers that were used again."""
        count = sum(each.implausible_requests for each in parts if each.cluster is not None)
        requests = [say.words("report-impossible-requests", count=count)] if count else []
        return [*requests, *ids_said(parts, VISITS.name, say)]

    def rows(self, part: Desk, say: Wording) -> Iterator[Row]:
        """Counts and quantiles."""
        yield from count_rows(part, {"served": "visitors"}, say)
        yield from quantile_rows(part, "sheet-wait-quantile-desk", say)
        yield from count_rows(
            part,
            {
                "walk_ins": "visitors",
                "walk_ins_left": "visitors",
                "no_shows": "appointments",
                "cancelled": "appointments",
                "left": "appointments",
                "onward": "visitors",
                "onward_left": "visitors",
                "requests": "requests",
                "requests_within_norm": "requests",
                "implausible_requests": "requests",
            },
            say,
        )
        yield from ids_rows(part, VISITS.name, say)
        yield from self._more.rows(part, say)
        yield from excluded_rows(part, "sheet-excluded-desk", "visits", say)
