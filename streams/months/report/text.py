"""The report on a terminal or in a mail: plain text."""

from collections.abc import Iterator
from textwrap import fill
from typing import Final

from streams.months.report.data import Report
from streams.months.report.section import Section, Table
from streams.months.report.view import sections, subtitle, title, words
from streams.words import Words, plain

WIDTH: Final = 110
"""Characters to which sentences are broken; tables are as wide as their words."""

WORDS: Final = 60
"""Characters to which a column of words is broken."""


def as_text(report: Report) -> str:
    """The whole report."""
    lines = [title(report), "=" * len(title(report)), "", subtitle(report)]
    for section in sections(report):
        lines.extend(_section(section, words(report)))
    return plain("\n".join(lines)) + "\n"


def _section(section: Section, say: Words) -> Iterator[str]:
    yield from ("", section.title, "-" * len(section.title))
    for sentence in section.sentences:
        yield fill(sentence, WIDTH)
    for table in section.tables:
        yield ""
        if table.caption:
            yield say("report-caption", caption=table.caption)
        yield from _table(table)


def _table(table: Table) -> Iterator[str]:
    """Columns two spaces apart, words to the left, figures to the right."""
    rows = [[_broken(cell, index < table.texts) for index, cell in enumerate(row)] for row in table.rows]
    heads = [[cell] for cell in table.head]
    widths = [
        max(len(line) for cell in column for line in cell) if column else 0
        for column in zip(heads, *rows, strict=True)
    ]
    for row in [heads, *rows]:
        for number in range(max(len(cell) for cell in row)):
            cells = [cell[number] if number < len(cell) else "" for cell in row]
            yield _line(cells, widths, table.texts)


def _broken(cell: str, is_text: bool) -> list[str]:
    return fill(cell, WORDS).split("\n") if is_text and len(cell) > WORDS else [cell]


def _line(cells: list[str], widths: list[int], texts: int) -> str:
    parts = [
        cell.ljust(width) if index < texts else cell.rjust(width)
        for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(parts).rstrip()
