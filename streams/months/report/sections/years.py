"""The months of the year, and the money."""

from streams.months.report.channels import reports
from streams.months.report.data import Figures, Report
from streams.months.report.section import Chart, Section, Table
from streams.months.report.wording import Wording


def months(report: Report, say: Wording) -> Section:
    """The year's months so far: what the figures of all clusters of a channel did."""
    words = say.words
    heads = (head for each in reports().values() for head in each.month_heads(report, say))
    rows = [_month_summary(each, say) for each in report.months]
    charts = [
        chart
        for name, each in reports().items()
        if report.summary.of(name)
        for chart in each.month_charts(report, say)
    ]
    title = words("report-months", year=report.period[:4])
    return Section(title, [], [Table((words("report-month"), *heads), rows)], charts)


def _month_summary(figures: Figures, say: Wording) -> list[str]:
    """Of all clusters together, which stand last."""
    cells = [say.words.month(figures.period)]
    for name, each in reports().items():
        parts = figures.of(name)
        cells += each.month_cells(parts[-1] if parts else None, say)
    return cells


def budget(report: Report, say: Wording) -> Section:
    """What the plan has cost by year."""
    words = say.words
    rows = [
        (
            str(each.year),
            words(f"budget-{each.kind}"),
            words.euro(each.expenses_cents),
            words.euro(-each.expenses_cents),
        )
        for each in report.budget
    ]
    chart = Chart(
        title=words("report-budget-chart"),
        labels=[str(each.year) for each in report.budget],
        values=[each.expenses_cents / 100 for each in report.budget],
        texts=[words.number(each.expenses_cents / 100) for each in report.budget],
        marked=[each.kind == "accounts" for each in report.budget],
        legend=(words("budget-budget"), words("budget-accounts")),
    )
    head = (words("report-year"), words("report-kind"), words("report-expenses"), words("report-balance"))
    return Section(words("report-budget"), [], [Table(head, rows, texts=2)], [chart])
