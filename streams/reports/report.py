"""The report of a month or a year as plain data: what every format of it shows.

Its JSON is the report for programs, so the names of the fields are an interface. Must not know Kafka, nor how
anything is shown; nothing in it depends on when it was made, except the figures of a month that has not ended.
"""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from streams.core.months import MONTHS_IN_YEAR, month_end_ms, month_start_ms, year_of
from streams.core.rules import Channel
from streams.core.tally import PhoneTally
from streams.reports.closed_months import Basis, Closing, Entry
from streams.reports.definitions import (
    DEFINITIONS,
    DEFINITIONS_VERSION,
    OFFICIAL_FORMULA,
    Definition,
    Formula,
    Indicator,
)
from streams.reports.figures import Figures, Line, clusters, figures_of, missed_share, phone_tally, with_sum
from streams.reports.month import Late, Month, Sources, month_of
from streams.settings import BudgetYear, Settings

FORMAT: Final = 1
"""Format of the report's JSON: raise it whenever a field changes its meaning."""


YEAR_LENGTH: Final = 4
"""Characters of a period that is a year; a month has more."""


class NoFiguresError(ValueError):
    """There is nothing to report of the period; the text says what there is."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A closing or a reopening of a month."""

    action: Literal["closed", "reopened"]
    at_ms: int
    by: str
    """`schedule` when nobody did it."""
    why: str


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a month's figures stand."""

    month: str
    state: Literal["closed", "open", "reopened"]
    closed_at_ms: int | None = None
    definitions: int
    """Version of the definitions that the figures were made by."""
    behind_records: int = 0
    """Records from before the closing moment that the frozen figures do not hold."""
    account: list[Step]
    """Every closing and reopening, in their order."""
    late: list[Late]
    """What came after the closing, by cluster and source partition."""

    @property
    def late_facts(self) -> int:
        """Facts that came after the closing, repeated ones included."""
        return sum(each.facts for each in self.late)


class MeasuredYear(msgspec.Struct, frozen=True):
    """The share of missed calls of a year: reported, or measured from month totals."""

    year: int
    missed_ratio: float | None
    measured: bool
    months: int
    """Months with calls; 12 of a reported year."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The report of one month, or of one year. Times are UTC ms, waits seconds, shares ratios, money cents."""

    format: int = FORMAT
    period: str
    """`2026-10` or `2026`."""
    from_ms: int
    to_ms: int
    figures_until_ms: int
    """The figures know nothing of what lies after this moment."""
    basis: Basis
    """The settings that count for the period, of a year those of its last month."""
    statuses: list[Status]
    summary: Figures
    """The figures of the period; of a year those of all its months together."""
    missed_in_year: list[Line]
    """The indicator whose period is the year: January up to the period's end, against the norm."""
    months: list[Figures]
    """The year's months with figures, up to the period's end."""
    history: list[MeasuredYear]
    budget: list[BudgetYear]
    definitions: Sequence[Definition] = DEFINITIONS
    official_formula: Formula = OFFICIAL_FORMULA

    @property
    def is_year(self) -> bool:
        """Whether the period is a year."""
        return len(self.period) == YEAR_LENGTH

    def lines(self, indicator: Indicator) -> list[Line]:
        """One indicator of the period by cluster; the share of missed calls is that of the year so far."""
        if indicator is Indicator.MISSED_SHARE:
            return self.missed_in_year
        return [line for line in self.summary.lines if line.indicator is indicator]


def build_report(sources: Sources, period: str, settings: Settings, now_ms: int) -> Report:
    """The report of a month (`YYYY-MM`) or a year (`YYYY`); raises `NoFiguresError` for one without figures."""
    is_month = len(period) > YEAR_LENGTH
    zone = settings.rules.zone
    begun = [month for month in sources.months() if month_start_ms(month, zone) <= now_ms]
    known = [month for month in begun if year_of(month) == year_of(period)]
    if not known or (is_month and period not in known):
        raise NoFiguresError(_nothing(sources, period))
    last = period if is_month else known[-1]
    months = [month_of(sources, month, settings) for month in known if month <= last]
    reported = months[-1:] if is_month else months
    basis = months[-1].basis
    first, final = (period, period) if is_month else (f"{period}-01", f"{period}-12")
    to_ms = month_end_ms(final, zone)
    return Report(
        period=period,
        from_ms=month_start_ms(first, zone),
        to_ms=to_ms,
        figures_until_ms=min(now_ms, to_ms),
        basis=basis,
        statuses=[_status(month) for month in reported],
        summary=figures_of(period, reported, now_ms),
        missed_in_year=_missed_so_far(months, basis),
        months=[figures_of(month.month, [month], now_ms) for month in months],
        history=_history(sources, last, settings),
        budget=sorted(settings.budget, key=lambda each: (each.year, each.kind)),
    )


def _nothing(sources: Sources, period: str) -> str:
    months = sources.months()
    have = f"There are figures of {', '.join(months)}." if months else "There are no month totals at all."
    return (
        f"There are no figures of {period}. {have} Has a worker read the events of that period, and do the settings "
        "name the right month_totals_topic?"
    )


def _status(month: Month) -> Status:
    closing, entries = month.closing, month.entries
    account = [_step(entry) for entry in entries]
    state: Literal["closed", "open", "reopened"] = "reopened" if entries else "open"
    if closing is None:
        return Status(
            month=month.month, state=state, definitions=DEFINITIONS_VERSION, account=account, late=month.late
        )
    return Status(
        month=month.month,
        state="closed",
        closed_at_ms=closing.at_ms,
        definitions=closing.definitions,
        behind_records=sum(closing.behind.values()),
        account=account,
        late=month.late,
    )


def _step(entry: Entry) -> Step:
    action: Literal["closed", "reopened"] = "closed" if isinstance(entry, Closing) else "reopened"
    return Step(action=action, at_ms=entry.at_ms, by=entry.by, why=entry.why)


def _missed_so_far(months: Sequence[Month], basis: Basis) -> list[Line]:
    """The share of missed calls over these months of a year, against the norm, which holds for the year."""
    phone = {name: phone_tally(months, name) for name in clusters(months, Channel.PHONE)}
    ratio = basis.norms.missed_ratio
    return [missed_share(name, tally, ratio) for name, tally in with_sum(phone, PhoneTally())]


def _history(sources: Sources, until_month: str, settings: Settings) -> list[MeasuredYear]:
    """The years that the settings tell of, and beside them the measured ones up to a month."""
    reported = [MeasuredYear(each.year, each.missed_ratio, False, MONTHS_IN_YEAR) for each in settings.history]
    by_year: dict[int, list[Month]] = {}
    for month in sources.months():
        if month <= until_month:
            by_year.setdefault(year_of(month), []).append(month_of(sources, month, settings))
    measured = [_measured(year, months) for year, months in by_year.items()]
    return sorted((*reported, *measured), key=lambda each: (each.year, each.measured))


def _measured(year: int, months: Sequence[Month]) -> MeasuredYear:
    tallies = [tally for month in months if (tally := _all_calls(month)).offered]
    missed, offered = sum(each.missed for each in tallies), sum(each.offered for each in tallies)
    return MeasuredYear(year, missed / offered if offered else None, True, len(tallies))


def _all_calls(month: Month) -> PhoneTally:
    total = PhoneTally()
    for name in clusters([month], Channel.PHONE):
        total.add(phone_tally([month], name))
    return total
