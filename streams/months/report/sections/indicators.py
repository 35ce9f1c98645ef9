"""The indicators against their norms: of the period, and of a year by month."""

from collections.abc import Iterator, Sequence

from streams.channels import indicators as all_indicators
from streams.core.indicators import Measure, Period, Unit
from streams.months.report.data import Figures, Report
from streams.months.report.indicators import Line
from streams.months.report.section import Section, Table
from streams.months.report.wording import Wording


def indicators(report: Report, say: Wording) -> Section:
    """Every indicator of every cluster."""
    words = say.words
    rows = [
        (
            say.indicator(indicator) if first else "",
            line.cluster or say.all,
            say.value(line),
            say.norm_in_full(line, report.basis),
            say.verdict(line),
            words(indicator.contacts_key, count=line.contacts),
        )
        for indicator in all_indicators()
        for first, line in _firsts(report.lines(indicator))
    ]
    heads = ("indicator", "cluster", "figure", "norm", "norm-met", "made-from")
    head = tuple(words(f"report-{each}") for each in heads)
    return Section(words("report-indicators"), _sentences(report, say), [Table(head, rows, texts=2)])


def _firsts(lines: Sequence[Line]) -> Iterator[tuple[bool, Line]]:
    return ((index == 0, line) for index, line in enumerate(lines))


def _sentences(report: Report, say: Wording) -> list[str]:
    until = say.words.month(report.months[-1].period)
    of_year = [say.indicator(each) for each in all_indicators() if each.period is Period.YEAR]
    sentences = [say.words("report-year-norm", indicator=each, month=until) for each in of_year]
    if report.is_year:
        sentences.append(say.words("report-month-norms"))
    return sentences


def by_month(report: Report, say: Wording) -> Section:
    """A table for each indicator with a norm for the month: clusters down, months across."""
    words = say.words
    months = (words.short_months[int(each.period[5:]) - 1] for each in report.months)
    head = (words("report-cluster"), *months, words("report-months-met"))
    tables = []
    for indicator in all_indicators():
        if indicator.period is Period.YEAR:
            continue
        clusters = [line.cluster for line in report.lines(indicator)]
        rows = [_month_row(report, indicator, cluster, say) for cluster in clusters]
        if rows:
            tables.append(Table(head, rows, caption=_caption(indicator, say)))
    return Section(words("report-norms-by-month"), [words("report-norms-by-month-text")], tables)


def _caption(indicator: Measure, say: Wording) -> str:
    """Its name, with the unit where that is too long for a cell."""
    name = say.indicator(indicator)
    return say.words("report-in-workdays", indicator=name) if indicator.unit is Unit.WORKING_DAYS else name


def _month_row(report: Report, indicator: Measure, cluster: str | None, say: Wording) -> list[str]:
    found = [_line(each, indicator, cluster) for each in report.months]
    judged = [line.met for line in found if line and line.met is not None]
    met = say.words("report-met-of", met=sum(judged), judged=len(judged))
    return [cluster or say.all, *(_cell(line, say) for line in found), met]


def _cell(line: Line | None, say: Wording) -> str:
    if line is None or line.value is None:
        return say.none
    return f"{say.value_in_cell(line)} {say.verdict(line)}"


def _line(figures: Figures, indicator: Measure, cluster: str | None) -> Line | None:
    lines = (line for line in figures.lines if line.indicator == indicator.name and line.cluster == cluster)
    return next(lines, None)
