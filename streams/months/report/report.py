"""Builds the report of a month or a year.

Nothing in it depends on when it was made, except the figures of a month that has not ended.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from streams.channels import channels
from streams.core.indicators import Counted, Measure, Period
from streams.core.months import MONTHS_IN_YEAR, month_end_ms, month_start_ms, months_of_year, year_of
from streams.months.definitions import DEFINITIONS_VERSION, definitions
from streams.months.month import Month, Sources, month_of
from streams.months.report.data import YEAR_LENGTH, PastYear, Report, Status, Step
from streams.months.report.figures import counted_in, figures_of, tallies_of
from streams.months.report.indicators import Line, lines_of
from streams.months.report.spells import spells_of
from streams.records.closings import Basis, Closing, Entry
from streams.settings import ReportedYear, Settings
from streams.words import words_of


class NoFiguresError(ValueError):
    """There is nothing to report of the period; the text says what there is."""


def build_report(sources: Sources, period: str, settings: Settings, now_ms: int) -> Report:
    """The report of a month (`YYYY-MM`) or a year (`YYYY`); raises `NoFiguresError` for one without figures."""
    is_month = len(period) > YEAR_LENGTH
    language, zone = settings.language, settings.rules.zone
    begun = [month for month in sources.months() if month_start_ms(month, zone) <= now_ms]
    known = [month for month in begun if year_of(month) == year_of(period)]
    if not known or (is_month and period not in known):
        raise NoFiguresError(_nothing(sources, period))
    last = period if is_month else known[-1]
    today = Basis(settings.rules, settings.norms)
    months = [month_of(sources, month, today) for month in known if month <= last]
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
        spells=spells_of([period] if is_month else months_of_year(year_of(period)), sources.account, today),
        statuses=[_status(month, _counted_otherwise(sources, today)) for month in reported],
        summary=figures_of(period, reported, now_ms),
        year_so_far=_year_so_far(months, basis),
        months=[figures_of(month.month, [month], now_ms) for month in months],
        history=_history(sources, last, settings.history, today),
        budget=sorted(settings.budget, key=lambda each: (each.year, each.kind)),
        language=language,
        definitions=definitions(words_of(language)),
    )


def _nothing(sources: Sources, period: str) -> str:
    months = sources.months()
    have = f"There are figures of {', '.join(months)}." if months else "There are no month totals at all."
    return (
        f"There are no figures of {period}. {have} Has a worker read the events of that period, and do the settings "
        "name the right month_totals_topic?"
    )


def _counted_otherwise(sources: Sources, today: Basis) -> list[str]:
    """Settings have changed, and workers have not applied them to what they remember yet."""
    digest = today.rules.digest()
    return sorted(each.source for each in sources.beside.positions.values() if each.rules and each.rules != digest)


def _status(month: Month, counted_otherwise: list[str]) -> Status:
    closing, entries = month.closing, month.entries
    account = [_step(entry) for entry in entries]
    state: Literal["closed", "open", "reopened"] = "reopened" if entries else "open"
    if closing is None:
        return Status(
            month=month.month,
            state=state,
            definitions=DEFINITIONS_VERSION,
            counted_otherwise=counted_otherwise,
            account=account,
            late=month.late,
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


def _year_so_far(months: Sequence[Month], basis: Basis) -> list[Line]:
    """The indicators of these months of a year against the norms that hold for the year."""
    return [line for each in channels() for line in lines_of(each, tallies_of(months, each.name), basis, Period.YEAR)]


def _history(sources: Sources, until_month: str, reported: Iterable[ReportedYear], today: Basis) -> list[PastYear]:
    """The years that the settings tell of, and beside them the measured ones up to a month."""
    by_year: dict[int, list[Month]] = {}
    for month in sources.months():
        if month <= until_month:
            by_year.setdefault(year_of(month), []).append(month_of(sources, month, today))
    measured = [
        _measured(measure, year, [counted_in(month, channel.name) for month in months])
        for channel in channels()
        for measure in channel.indicators
        if measure.period is Period.YEAR
        for year, months in by_year.items()
    ]
    return sorted([*_told(reported), *measured], key=lambda each: (each.year, each.measured, each.indicator))


def _told(reported: Iterable[ReportedYear]) -> Iterator[PastYear]:
    """As the settings have it of earlier years."""
    for each in reported:
        yield PastYear(
            indicator=each.indicator, year=each.year, value=each.value, measured=False, months=MONTHS_IN_YEAR
        )


def _measured(measure: Measure, year: int, months: Sequence[Counted]) -> PastYear:
    """Of the months with contacts, each read by its own terms."""
    known = [each for each in months if each and measure.judged(each, None, Period.YEAR).contacts]
    value = measure.judged([pair for each in known for pair in each], None, Period.YEAR).value if known else None
    return PastYear(indicator=measure.name, year=year, value=value, measured=True, months=len(known))
