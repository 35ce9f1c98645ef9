"""What the telephone tells the report of itself."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from streams.channels import CALLS, ChannelParts
from streams.channels.calls.counts import PhoneTally
from streams.months.definitions import OFFICIAL_FORMULA
from streams.months.report.calls.figures import TOLD, Phone, phone_figures
from streams.months.report.calls.sections import category, history, month_charts, phone
from streams.months.report.channel import ReportChannel, Row, Spread
from streams.months.report.data import Report
from streams.months.report.declared import DeclaredCounts
from streams.months.report.rows import count_rows, excluded_rows, ids_rows, ids_said, quantile_rows
from streams.months.report.section import Chart, Section
from streams.months.report.wording import Wording
from streams.records.closings import Basis


class CallsReport(ReportChannel):
    """Besides the indicators: calls by speed category, the service level by every formula, the years since 2016."""

    key = "phone"

    def __init__(self, channel: ChannelParts = CALLS) -> None:
        """Whatever else the tally of the channel declares stands behind it."""
        self._name = channel.name
        self._more = DeclaredCounts(channel, TOLD)

    def figures(self, tallies: Mapping[str, PhoneTally], basis: Basis) -> list[Phone]:
        """The calls of each cluster."""
        return phone_figures(tallies, basis, self._more)

    def sections(self, report: Report, say: Wording) -> list[Section]:
        """By speed category, and the service level."""
        return [*phone(report, say), *self._more.sections(report.summary.of(self._name), say)]

    def year_sections(self, report: Report, say: Wording) -> list[Section]:
        """The share of missed calls, year by year."""
        return [history(report, say)]

    def spread(self, say: Wording) -> Spread:
        """Of the answered calls, in seconds."""
        return Spread(say.words("report-spread-phone"), say.seconds, lambda part: int(part.answered))

    def month_heads(self, report: Report, say: Wording) -> list[str]:
        """Calls, missed, wait, and within the bound of each month."""
        words = say.words
        return [
            words("report-month-calls"),
            words("report-month-missed"),
            words("report-month-wait"),
            self._within(report, say),
        ]

    def _within(self, report: Report, say: Wording) -> str:
        """The bound of all lines together, which may have changed in the year."""
        together = [each.of(self.key)[-1] for each in report.months if each.of(self.key)]
        bounds = {each.service_level_seconds for each in together} or {report.basis.norms.service_level_seconds}
        known = sorted(bound for bound in bounds if bound is not None)
        if len(known) < len(bounds):
            return say.within(None)
        return say.words("report-within-bound", bound=say.words.either(map(say.words.short, known)))

    def month_cells(self, part: Phone | None, say: Wording) -> list[str]:
        """The same of one month."""
        words = say.words
        return [
            words.number(part.answered + part.missed if part else 0),
            say.or_none(part.missed_ratio if part else None, lambda ratio: words.percent(ratio, 2)),
            say.or_none(part.average_wait_seconds if part else None, say.seconds),
            say.or_none(part.service_levels[0].ratio if part else None, words.percent),
        ]

    def month_charts(self, report: Report, say: Wording) -> list[Chart]:
        """Missed calls and waits."""
        return month_charts(report, say)

    def all(self, say: Wording) -> str:
        """All calls."""
        return say.words("report-all-phone")

    def left_out(self, parts: Sequence[Any], say: Wording) -> list[str]:
        """Ids that were used again."""
        return ids_said(parts, CALLS.name, say)

    def rows(self, part: Phone, say: Wording) -> Iterator[Row]:
        """Counts, quantiles, categories and service levels."""
        words = say.words
        yield from count_rows(part, {"answered": "calls", "missed": "calls"}, say)
        yield from quantile_rows(part, "sheet-wait-quantile-phone", say)
        for each in part.categories:
            yield (words("sheet-answered-after", category=category(each)), each.calls, "calls")
        for level in part.service_levels:
            key = "sheet-service-level-official" if level.formula is OFFICIAL_FORMULA else "sheet-service-level"
            if level.ratio is not None:
                formula = say.formula(level.formula, part.service_level_seconds)
                yield (words(key, formula=formula), level.ratio, "ratio")
        yield from self._without_short(part, say)
        counts = ("callbacks_requested", "called_back", "answered_too_late")
        yield from count_rows(part, dict.fromkeys(counts, "calls"), say)
        if part.average_called_back_seconds is not None:
            yield (words("sheet-called-back-after"), part.average_called_back_seconds, "seconds")
        yield from ids_rows(part, CALLS.name, say)
        yield from self._more.rows(part, say)
        yield from excluded_rows(part, "sheet-excluded-phone", "calls", say)

    def _without_short(self, part: Phone, say: Wording) -> Iterator[Row]:
        """Nothing where it is not known."""
        if part.missed_without_short is not None:
            yield from count_rows(part, {"short_abandoned": "calls", "missed_without_short": "calls"}, say)
        if part.missed_without_short_ratio is not None:
            yield (say.words("sheet-share-without-short"), part.missed_without_short_ratio, "ratio")
