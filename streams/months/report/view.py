"""The report for people to read: its title, whether it stands, and its sections in their order.

What the text and the HTML say is said here once.
"""

from streams.months.report.channels import reports
from streams.months.report.data import Report
from streams.months.report.section import Section
from streams.months.report.sections.basis import closing, coverage, exclusions, status_said
from streams.months.report.sections.indicators import by_month, indicators
from streams.months.report.sections.settings import definitions_section
from streams.months.report.sections.spread import spread_sections
from streams.months.report.sections.years import budget, months
from streams.months.report.wording import Wording
from streams.words import Words, words_of


def words(report: Report) -> Words:
    """The words of the language that it is made in."""
    return words_of(report.language)


def title(report: Report) -> str:
    """The report's own."""
    said = words(report)
    return said("report-title", period=report.period if report.is_year else said.month(report.period))


def subtitle(report: Report) -> str:
    """Whether the figures stand."""
    if report.is_year:
        closed = sum(status.state == "closed" for status in report.statuses)
        return words(report)("report-year-subtitle", months=len(report.statuses), closed=closed)
    return status_said(report.statuses[0], report.basis.rules.zone, words(report))


def sections(report: Report) -> list[Section]:
    """The whole report."""
    say = Wording(words(report))
    return [
        indicators(report, say),
        *([by_month(report, say)] if report.is_year else []),
        *_of_channels(report, say),
        *spread_sections(report, say),
        months(report, say),
        exclusions(report, say),
        coverage(report, say),
        closing(report, say),
        *(section for each in reports().values() for section in each.year_sections(report, say)),
        *([budget(report, say)] if report.budget else []),
        definitions_section(report, say),
    ]


def _of_channels(report: Report, say: Wording) -> list[Section]:
    return [
        section
        for name, each in reports().items()
        if report.summary.of(name)
        for section in each.sections(report, say)
    ]
