"""The last section of the report: what the figures mean, and the settings that they were made and judged by.

Of a year these may have changed in it; each is shown for the months in which it counted.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from streams.channels import channels, indicator_of
from streams.core.indicators import Period
from streams.core.rules import DatedHours, OpenInterval
from streams.months.report.data import Report
from streams.months.report.figures import in_order
from streams.months.report.indicators import Line, lines_of
from streams.months.report.section import Section, Table
from streams.months.report.spells import Spell
from streams.months.report.wording import Wording
from streams.records.closings import Basis
from streams.words import Words

ANY: Final = ""
"""Stands for a cluster where the norm is the same for all."""

MINUTES_IN_HOUR: Final = 60


def definitions_section(report: Report, say: Wording) -> Section:
    """The definitions, and the settings of the whole period."""
    words = say.words
    versions = sorted({status.definitions for status in report.statuses})
    zones = dict.fromkeys(spell.basis.rules.zone for spell in report.spells)
    rows = [(each.name, each.text, each.period) for each in report.definitions]
    closed = [day for spell in report.spells for day in spell.days]
    sentences = [
        words("report-definition-version", versions=", ".join(map(str, versions)), zones=", ".join(zones)),
        words("report-closing-days", days=", ".join(closed) or words("report-no-days")),
    ]
    head = (words("report-indicator"), words("report-definition"), words("report-definition-period"))
    hours = _settings_table(
        report.spells, lambda basis: _hours(basis, words), (words("report-day"), words("report-hours")), words
    )
    tables = [Table(head, rows, texts=3), hours, *_changes(report.spells, say)]
    return Section(words("report-settings"), sentences, tables)


def _settings_table(
    spells: Sequence[Spell], read: Callable[[Basis], dict[str, str]], head: tuple[str, str], words: Words
) -> Table:
    """What the settings say; a column for each spell where they do not say the same in all of them."""
    columns = [read(spell.basis) for spell in spells]
    if all(column == columns[0] for column in columns):
        return Table(head, list(columns[0].items()), texts=2)
    names = dict.fromkeys(name for column in columns for name in column)
    rows = [(name, *(column.get(name, "-") for column in columns)) for name in names]
    heads = (head[0], *(_spell_name(spell, words) for spell in spells))
    return Table(heads, rows, texts=1 + len(columns), caption=head[1])


def _spell_name(spell: Spell, words: Words) -> str:
    first, last = words.month_name(spell.from_month), words.month_name(spell.to_month)
    return first if first == last else words("report-period-to", first=first, last=last)


def _hours(basis: Basis, words: Words) -> dict[str, str]:
    """The common hours by weekday and date, and below them those of lines with hours of their own."""
    rules = basis.rules
    said = _hours_of(rules.opening_hours, rules.dated_hours, words)
    for line in rules.clusters:
        own = _hours_of(line.opening_hours, line.dated_hours, words)
        said |= {words("report-hours-of-line", day=day, line=line.name): hours for day, hours in own.items()}
    return said


def _hours_of(week: Sequence[Sequence[OpenInterval]], dated: Sequence[DatedHours], words: Words) -> dict[str, str]:
    days = [*zip(words.weekdays, week, strict=False), *((each.day, each.hours) for each in dated)]
    return {
        day: ", ".join(f"{_clock(each.from_minute)}-{_clock(each.to_minute)}" for each in intervals)
        or words("report-closed")
        for day, intervals in days
    }


def _changes(spells: Sequence[Spell], say: Wording) -> list[Table]:
    """The norms that were not the same in all months: what each month was judged by."""
    head = (say.words("report-norm"), say.words("report-norms-changed"))
    table = _settings_table(spells, lambda basis: _norms(basis, say), head, say.words)
    rows = [row for row in table.rows if len(set(row[1:])) > 1]
    return [msgspec.structs.replace(table, rows=rows)] if table.caption and rows else []


def _norms(basis: Basis, say: Wording) -> dict[str, str]:
    """Every norm as it is said beside its figure."""
    said = {}
    for line in _lines(basis):
        if line.norm is not None:
            measure, _ = indicator_of(line.indicator)
            name = say.indicator(measure)
            is_of_line = measure.of_cluster or (measure.has_bound and basis.norms.own_service_levels)
            if is_of_line and line.cluster is not None:
                name = say.words("report-norm-of-cluster", indicator=name, cluster=line.cluster)
            said[name] = say.norm_in_full(line, basis)
    return said


def _lines(basis: Basis) -> list[Line]:
    """Of every cluster without anything counted, those with a norm for the year last and once."""
    lines: list[Line] = []
    of_year: list[Line] = []
    for each in channels():
        clusters = basis.rules.channel_clusters(each.name)
        lines += lines_of(each, dict.fromkeys(clusters, each.tally()), basis)
        of_year += lines_of(each, {ANY: each.tally()}, basis, Period.YEAR)
    return [*in_order(lines), *of_year]


def _clock(minute: int) -> str:
    return f"{minute // MINUTES_IN_HOUR:02d}:{minute % MINUTES_IN_HOUR:02d}"
