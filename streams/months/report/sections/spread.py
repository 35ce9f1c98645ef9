"""How the waits are spread: the median and the wait that nine of ten did not exceed.

They come from a sketch that adds up over clusters and months, and not from averages.
"""

from typing import Any

from streams.core.sketch import RELATIVE_ERROR, SHOWN
from streams.months.report.channel import Spread
from streams.months.report.channels import reports
from streams.months.report.data import Figures, Report
from streams.months.report.section import Section, Table
from streams.months.report.wording import Wording


def spread_sections(report: Report, say: Wording) -> list[Section]:
    """The quantiles of the period by cluster, and of a year those of each of its months."""
    words = say.words
    found = [
        table
        for name, each in reports().items()
        if report.summary.of(name) and (spread := each.spread(say)) is not None
        for table in _tables(report, name, spread, say)
    ]
    sentences = [words("report-spread-text"), words("report-spread-error", error=words.percent(RELATIVE_ERROR, 0))]
    return [Section(words("report-spread"), sentences, found)] if found else []


def _tables(report: Report, channel: str, spread: Spread, say: Wording) -> list[Table]:
    """The period's own and, of a year, one of its months for each quantile."""
    head = (say.words("report-cluster"), *map(say.quantile, SHOWN), say.words("report-spread-from"))
    rows = [
        (
            part.cluster or say.all,
            *(say.or_none(each.seconds, spread.write) for each in part.wait_quantiles),
            say.words.number(spread.waits(part)),
        )
        for part in report.summary.of(channel)
    ]
    by_month = [_by_month(report, channel, index, spread, say) for index in range(len(SHOWN))]
    return [Table(head, rows, caption=spread.title), *(by_month if report.is_year else [])]


def _by_month(report: Report, channel: str, index: int, spread: Spread, say: Wording) -> Table:
    words, names = say.words, say.words.short_months
    months = [_by_cluster(each, channel) for each in report.months]
    head = (words("report-cluster"), *(names[int(each.period[5:]) - 1] for each in report.months))
    rows = [
        (part.cluster or say.all, *(_text(each.get(part.cluster), index, spread, say) for each in months))
        for part in report.summary.of(channel)
    ]
    caption = words("report-spread-by-month", of=spread.title, quantile=say.quantile(SHOWN[index]))
    return Table(head, rows, caption=caption)


def _by_cluster(figures: Figures, channel: str) -> dict[str | None, Any]:
    return {each.cluster: each for each in figures.of(channel)}


def _text(part: Any | None, index: int, spread: Spread, say: Wording) -> str:
    return say.none if part is None else say.or_none(part.wait_quantiles[index].seconds, spread.write)
