"""The words of the report: figures with their units, norms and verdicts, in its language."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from streams.channels import indicator_of
from streams.core.indicators import Comparison, Measure, Unit
from streams.months.definitions import OFFICIAL_FORMULA, Formula
from streams.months.report.indicators import Line
from streams.records.closings import Basis
from streams.words import Words, told_apart

SIGNS: Final = {
    Comparison.BELOW: "<",
    Comparison.AT_MOST: "≤",
    Comparison.AT_LEAST: "≥",
}

MINUTE_SECONDS: Final = 60
MEDIAN: Final = 0.5


class Wording:
    """What sections, tables and charts are written with."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self.all = words("report-all")
        """Stands in the place of a cluster for all of them."""
        self.none = words("report-none")
        """Stands where there is nothing to average: not 0, and not 100 %."""
        self.yes = words("report-yes")
        self.no = words("report-no")

    # Units.

    def seconds(self, value: float, decimals: int = 1) -> str:
        """`31,4 s`."""
        return self.words("unit-seconds", number=self.words.number(value, decimals))

    def short_seconds(self, value: float) -> str:
        """A norm: `45 s`."""
        return self.words("unit-seconds", number=self.words.short(value))

    def minutes(self, value_seconds: float, decimals: int = 1) -> str:
        """Seconds as `1,2 min`."""
        return self.words("unit-minutes", number=self.words.number(value_seconds / MINUTE_SECONDS, decimals))

    def workdays(self, value: float, decimals: int = 1) -> str:
        """`3,4 werkdagen`."""
        return self._workdays(Decimal(f"{value:.{decimals}f}"), self.words.number(value, decimals))

    def _workdays(self, amount: Decimal, number: str) -> str:
        """The number as it is written, with the form of the unit that it asks for."""
        return self.words("unit-workdays", form=self.words.form(amount), number=number)

    def or_none(self, value: float | None, write: Callable[[float], str]) -> str:
        """The figure as it is written, or that there is none."""
        return self.none if value is None else write(value)

    # A line of the report.

    def value(self, line: Line) -> str:
        """The figure with its unit, precise enough to be told from its norm."""
        return self._told(line, self._write(line))

    def value_in_cell(self, line: Line) -> str:
        """The same where a unit is too long and stands above the table instead."""
        return self._told(line, self.words.number if line.unit is Unit.WORKING_DAYS else self._write(line))

    def _write(self, line: Line) -> Callable[[float, int], str]:
        if line.unit is Unit.SECONDS:
            return self.seconds if _tells_seconds(line) else self.minutes
        return self.workdays if line.unit is Unit.WORKING_DAYS else self.words.percent

    def _told(self, line: Line, write: Callable[[float, int], str]) -> str:
        if line.value is None:
            return self.none
        measure, _ = indicator_of(line.indicator)
        decimals = measure.decimals
        if line.norm is None:
            return write(line.value, decimals)
        return told_apart(line.value, line.norm, write, decimals)

    def norm(self, line: Line) -> str:
        """The norm as people say it: at most `5 min`."""
        if line.norm is None:
            return self.words("report-no-norm")
        short = self.words.short
        if line.unit is Unit.SECONDS and _tells_seconds(line):
            said = self.short_seconds(line.norm)
        elif line.unit is Unit.SECONDS:
            said = self.words("unit-minutes", number=short(line.norm / MINUTE_SECONDS))
        elif line.unit is Unit.WORKING_DAYS:
            said = self._workdays(Decimal(str(line.norm)).normalize(), short(line.norm))
        else:
            said = self.words.short_percent(line.norm)
        return f"{SIGNS[line.comparison]} {said}"

    def norm_in_full(self, line: Line, basis: Basis) -> str:
        """The norm, with the bound that the service level is about."""
        norm = self.norm(line)
        measure, _ = indicator_of(line.indicator)
        if not measure.has_bound:
            return norm
        _, channel = indicator_of(line.indicator)
        if line.cluster is None:
            bound = basis.norms.common_bound_seconds(channel.name, basis.rules.channel_clusters(channel.name))
        else:
            bound = basis.norms.service_level(channel.name, line.cluster).seconds
        return self.words("unit-within", norm=norm, within=self.within(bound))

    def within(self, bound_seconds: float | None) -> str:
        """Within the bound of the service level; None for lines of several."""
        if bound_seconds is None:
            return self.words("report-within-own-bound")
        return self.words("report-within-bound", bound=self.words.short(bound_seconds))

    def after(self, bound_seconds: float | None) -> str:
        """After it."""
        if bound_seconds is None:
            return self.words("report-after-own-bound")
        return self.words("report-after-bound", bound=self.words.short(bound_seconds))

    def verdict(self, line: Line) -> str:
        """A plain yes or no; neither where there is nothing to judge or to judge by."""
        if line.value is None:
            return self.words("report-no-figure")
        if line.met is None:
            return self.words("report-no-norm")
        return self.yes if line.met else self.no

    # Names.

    def indicator(self, indicator: Measure) -> str:
        """Its name."""
        return self.words(indicator.words_key)

    def formula(self, formula: Formula, bound_seconds: float | None) -> str:
        """A formula of the service level, with its bound."""
        key = f"formula-{formula.value.replace('_', '-')}"
        return self.words(key, within=self.within(bound_seconds), after=self.after(bound_seconds))

    def official(self, formula: Formula) -> str:
        """Says which formula is the city's, and nothing of the others."""
        return self.words("report-official") if formula is OFFICIAL_FORMULA else ""

    def exclusion(self, reason: str) -> str:
        """Why a contact is left out; a reason of another version by its own name."""
        key = f"exclusion-{reason.replace('_', '-')}"
        return self.words(key) if key in self.words.keys else reason

    def feed(self, channel: str) -> str:
        """What comes in of a channel; of one without a word for it what its contacts are called, or else its name."""
        keys = (f"feed-{channel}", f"contacts-{channel}")
        return next((self.words(key) for key in keys if key in self.words.keys), channel)

    def count(self, field: str) -> str:
        """A count of the totals; one of another version by its own name."""
        key = count_key(field)
        return self.words(key) if key in self.words.keys else field

    def norm_is(self, norm: str) -> str:
        """What stands beside the line of a norm."""
        return self.words("report-norm-is", norm=norm)

    def quantile(self, ratio: float) -> str:
        """What a quantile is called."""
        if ratio == MEDIAN:
            return self.words("report-median")
        return self.words("report-percentile", percent=self.words.short(100 * ratio))


def _tells_seconds(line: Line) -> bool:
    """As the channel of the indicator tells all of its waits."""
    _, channel = indicator_of(line.indicator)
    return channel.tells_seconds


def count_key(field: str) -> str:
    """The key of what a count of the totals is called."""
    return f"count-{field.replace('_', '-')}"
