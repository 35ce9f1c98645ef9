"""The report for a spreadsheet: one row for each figure, as Excel in Dutch reads it when the file is opened.

Semicolons between the columns and a comma before the decimals, UTF-8 with a byte order mark, figures unrounded. Must
not know how anything else is shown.
"""

import csv
import io
from collections.abc import Iterator
from typing import Final

from streams.reports.definitions import DEFINITIONS, EXCLUSIONS, FORMULAS, NAMES, OFFICIAL_FORMULA, Indicator
from streams.reports.figures import Desk, Figures, Line, Phone, Unit
from streams.reports.report import Report
from streams.reports.view import ALL, SIGNS, category, verdict

BYTE_ORDER_MARK: Final = "\ufeff"

HEAD: Final = ("periode", "cluster", "gegeven", "waarde", "eenheid", "norm", "norm gehaald", "aantal")

UNITS: Final = {Unit.SECONDS: "seconden", Unit.RATIO: "aandeel", Unit.WORKING_DAYS: "werkdagen"}


def as_csv(report: Report) -> str:
    """The indicators of the period, what they were made from, and the indicators of each month of a year."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=";", lineterminator="\r\n")
    writer.writerow(HEAD)
    writer.writerows(_rows(report))
    return BYTE_ORDER_MARK + stream.getvalue()


def _rows(report: Report) -> Iterator[tuple[str, ...]]:
    for definition in DEFINITIONS:
        for line in report.lines(definition.indicator):
            yield _indicator(report.period, line)
    yield from _counts(report.period, report.summary, report.basis.norms.service_level_seconds)
    if report.is_year:
        for month in report.months:
            yield from (_indicator(month.period, line) for line in month.lines)
            yield from _counts(month.period, month, report.basis.norms.service_level_seconds)
    reported = f"{NAMES[Indicator.MISSED_SHARE]} (gerapporteerd)"
    for year in report.history:
        if not year.measured and year.missed_ratio is not None:
            yield _row(str(year.year), None, reported, year.missed_ratio, "aandeel")
    for each in report.budget:
        kind = "rekening" if each.kind == "accounts" else "budget"
        yield _row(str(each.year), None, f"Uitgaven van het actieplan ({kind})", each.expenses_cents / 100, "euro")


def _indicator(period: str, line: Line) -> tuple[str, ...]:
    value = "" if line.value is None else _number(line.value)
    bound = "" if line.norm is None else f"{SIGNS[line.comparison]} {_number(line.norm)}"
    cells = (period, line.cluster or ALL, NAMES[line.indicator], value, UNITS[line.unit], bound, verdict(line))
    return (*cells, str(line.contacts))


def _counts(period: str, figures: Figures, bound: int) -> Iterator[tuple[str, ...]]:
    for phone in figures.phone:
        yield from (_row(period, phone.cluster, *each) for each in _phone_counts(phone, bound))
    for desk in figures.desks:
        yield from (_row(period, desk.cluster, *each) for each in _desk_counts(desk))
    for each in figures.coverage:
        feed = "oproepen" if each.channel == "phone" else "tickets"
        yield _row(period, None, f"Openingsuren ({feed})", each.opening_hours, "uren")
        yield _row(period, None, f"Stille uren ({feed})", each.silent_hours, "uren")


def _phone_counts(phone: Phone, bound: int) -> Iterator[tuple[str, float, str]]:
    yield ("Beantwoorde oproepen", phone.answered, "oproepen")
    yield ("Gemiste oproepen", phone.missed, "oproepen")
    for each in phone.categories:
        yield (f"Beantwoord na {category(each)} s", each.calls, "oproepen")
    for level in phone.service_levels:
        official = " (officieel)" if level.formula is OFFICIAL_FORMULA else ""
        if level.ratio is not None:
            yield (f"Serviceniveau{official}: {FORMULAS[level.formula].format(bound=bound)}", level.ratio, "aandeel")
    yield from _excluded(phone, "oproepen")


def _desk_counts(desk: Desk) -> Iterator[tuple[str, float, str]]:
    yield ("Ontvangen bezoekers met afspraak", desk.served, "bezoekers")
    yield ("Bezoekers zonder afspraak", desk.walk_ins, "bezoekers")
    yield ("Weggegaan zonder afspraak", desk.walk_ins_left, "bezoekers")
    yield ("Niet gekomen", desk.no_shows, "afspraken")
    yield ("Geannuleerd", desk.cancelled, "afspraken")
    yield ("Aanvragen", desk.requests, "aanvragen")
    yield ("Aanvragen binnen de norm", desk.requests_within_norm, "aanvragen")
    yield ("Aanvragen met onmogelijke dag", desk.implausible_requests, "aanvragen")
    yield from _excluded(desk, "bezoeken")


def _excluded(part: Phone | Desk, unit: str) -> Iterator[tuple[str, float, str]]:
    for reason, count in part.excluded.items():
        yield (f"Niet meegeteld: {EXCLUSIONS.get(reason, reason)}", count, unit)


def _row(period: str, cluster: str | None, name: str, value: float, unit: str) -> tuple[str, ...]:
    return (period, cluster or ALL, name, _number(value), unit, "", "", "")


def _number(value: float) -> str:
    """As many decimals as the figure has, so that nothing is lost on the way."""
    return f"{value:.12g}".replace(".", ",")
