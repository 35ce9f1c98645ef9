"""The report for a spreadsheet: one row for each figure, as Excel reads it in the language when the file is opened.

Excel in Dutch and in French, as it is set in Belgium, reads semicolons between the columns and a comma before the
decimals; in English commas between the columns and a point. UTF-8 with a byte order mark, figures unrounded and
without thousands. The first three columns say which figure it is: whatever report of a language a row comes from, the
same three are the same figure. A text that a spreadsheet would take for a formula has an apostrophe before it: nobody
who names a cluster writes into somebody's spreadsheet.
"""

import csv
import io
from collections.abc import Iterator
from typing import Final, NamedTuple
from unicodedata import normalize

from streams.channels import indicator_of
from streams.core.indicators import Period
from streams.months.report.channels import reports
from streams.months.report.data import YEAR_LENGTH, Figures, Report
from streams.months.report.indicators import Line
from streams.months.report.wording import SIGNS, Wording
from streams.words import Language, plain, words_of

BYTE_ORDER_MARK: Final = "\ufeff"

HEADS: Final = ("period", "cluster", "name", "value", "unit", "norm", "norm-met", "count")


class Separators(NamedTuple):
    """What stands between columns, and before decimals."""

    columns: str
    decimals: str


SEPARATORS: Final = {
    Language.DUTCH: Separators(";", ","),
    Language.FRENCH: Separators(";", ","),
    Language.ENGLISH: Separators(",", "."),
}

Cells = tuple[str, ...]

_NUMBERS: Final = {HEADS.index("value"), HEADS.index("count")}

_FORMULAS: Final = frozenset("=+-@\t\r\n")
"""What a formula begins with."""


def as_csv(report: Report) -> str:
    """The indicators of the period, what they were made from, and the indicators of each month of a year."""
    stream = io.StringIO()
    sheet = _Sheet(report)
    writer = csv.writer(stream, delimiter=sheet.separators.columns, lineterminator="\r\n")
    writer.writerow(sheet.head())
    writer.writerows(map(_without_formulas, sheet.rows()))
    return BYTE_ORDER_MARK + plain(stream.getvalue())


def _without_formulas(row: Cells) -> Cells:
    """Numbers stay what they are, negative ones too."""
    return tuple(cell if index in _NUMBERS else guarded(cell) for index, cell in enumerate(row))


def guarded(cell: str) -> str:
    """A cell that Excel and LibreOffice take for the text that it is.

    Both take what begins with one of these signs for a formula, Excel in some countries the full-width ones too, and
    quotation marks around a cell do not matter to them.

    >>> guarded("=1+1"), guarded("OCMW")
    ("'=1+1", 'OCMW')
    """
    return f"'{cell}" if normalize("NFKC", cell[:1]) in _FORMULAS else cell


class _Sheet:
    """The rows of one report."""

    def __init__(self, report: Report) -> None:
        self.separators = SEPARATORS[report.language]
        self._report = report
        self._words = words_of(report.language)
        self._say = Wording(self._words)

    def head(self) -> Cells:
        """The names of the columns."""
        return tuple(self._words(f"sheet-{each}") for each in HEADS)

    def rows(self) -> Iterator[Cells]:
        """One for each figure."""
        report, words = self._report, self._words
        period = self._year_so_far()
        yield from (self._indicator(period, line) for line in report.year_so_far)
        yield from self._figures(report.summary, without_yearly=report.is_year)
        if report.is_year:
            for month in report.months:
                yield from self._figures(month)
        for year in report.history:
            if not year.measured and year.value is not None:
                measure, _ = indicator_of(year.indicator)
                name = words("sheet-reported", indicator=self._say.indicator(measure))
                yield self._row(str(year.year), None, name, year.value, measure.unit)
        for each in report.budget:
            name = words("sheet-expenses", kind=words(f"budget-{each.kind}"))
            yield self._row(str(each.year), None, name, each.expenses_cents / 100, "euro")

    def _year_so_far(self) -> str:
        """The year, or its months up to the one that is reported."""
        period = self._report.period
        if self._report.is_year:
            return period
        return self._words("report-period-to", first=f"{period[:YEAR_LENGTH]}-01", last=period)

    def _figures(self, figures: Figures, *, without_yearly: bool = False) -> Iterator[Cells]:
        """Of one period; what has a norm for the year is judged apart in a year."""
        for line in figures.lines:
            measure, _ = indicator_of(line.indicator)
            if not (without_yearly and measure.period is Period.YEAR):
                yield self._indicator(figures.period, line)
        yield from self._counts(figures)

    def _indicator(self, period: str, line: Line) -> Cells:
        say = self._say
        value = "" if line.value is None else self._number(line.value)
        bound = "" if line.norm is None else f"{SIGNS[line.comparison]} {self._number(line.norm)}"
        measure, _ = indicator_of(line.indicator)
        names = (period, line.cluster or say.all, say.indicator(measure))
        return (*names, value, self._unit(line.unit), bound, say.verdict(line), str(line.contacts))

    def _counts(self, figures: Figures) -> Iterator[Cells]:
        period = figures.period
        for name, report in reports().items():
            for part in figures.of(name):
                yield from (self._row(period, part.cluster, *each) for each in report.rows(part, self._say))
        for each in figures.coverage:
            feed = self._say.feed(each.channel)
            opening, silent = (self._words(f"sheet-{name}-hours", feed=feed) for name in ("opening", "silent"))
            yield self._row(period, None, opening, each.opening_hours, "hours")
            yield self._row(period, None, silent, each.silent_hours, "hours")

    def _row(self, period: str, cluster: str | None, name: str, value: float, unit: str) -> Cells:
        return (period, cluster or self._say.all, name, self._number(value), self._unit(unit), "", "", "")

    def _unit(self, unit: str) -> str:
        """In words; what a channel without words for it counts in by the name of that."""
        key = f"sheet-unit-{unit.replace('_', '-')}"
        return self._words(key) if key in self._words.keys else unit

    def _number(self, value: float) -> str:
        """As many decimals as the figure has, so that nothing is lost on the way."""
        return f"{value:.12g}".replace(".", self.separators.decimals)
