"""The channels of the report: what each tells of itself, and of one that tells nothing, its declared counts."""

from typing import Final

from streams.channels import CALLS, VISITS, channels
from streams.core.rules import Channel
from streams.months.report.calls.report import CallsReport
from streams.months.report.channel import ReportChannel
from streams.months.report.counted import CountedReport
from streams.months.report.visits.report import VisitsReport

_REPORTS: Final[dict[Channel, ReportChannel]] = {CALLS.name: CallsReport(), VISITS.name: VisitsReport()}


def add_report(channel: Channel, report: ReportChannel) -> None:
    """Let a channel that is registered tell of itself, in place of the table of its counts."""
    _REPORTS[channel] = report


def reports() -> dict[Channel, ReportChannel]:
    """What each channel tells, in the order of the channels."""
    return {each.name: _REPORTS.get(each.name) or CountedReport(each) for each in channels()}
