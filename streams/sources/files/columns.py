"""The columns of a table: their names, whether they are those that a mapping names, and a row's cells in them."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from streams.settings.toml.text import shown
from streams.sources.files.lines import NumberedRow
from streams.sources.files.row import Unreadable, unreadable
from streams.sources.files.unpacking import FileError
from streams.sources.mapping import FileMapping, MappingError

ROWS_SEARCHED: Final = 50
"""Rows in which the names are looked for when the first line does not hold them: titles above are a few."""

DELIMITERS: Final = (",", ";", "\t", "|")
"""Those that files are written with; any other can be said."""


def used_columns(mapping: FileMapping) -> list[str]:
    """Every column that the mapping reads, once."""
    return list(dict.fromkeys(column for _, column in mapping.named_columns()))


def header(rows: Iterator[NumberedRow], mapping: FileMapping) -> list[str]:
    """The names, in the first row.

    Raises `MappingError` when none of them is one that the mapping names, `FileError` where there is no row.
    """
    first = next(rows, None)
    if first is None:
        raise FileError("There is nothing in it, not even the names of columns.")
    _, names = first
    if names is None:
        raise MappingError(
            ["the data: expected the columns' names in its first line, but its quoting is broken or it is too long"]
        )
    columns = [name.strip() for name in names]
    used = used_columns(mapping)
    if not any(column in columns for column in used):
        # Perhaps a row of data: what stands in it may be about a person, and is not shown.
        raise MappingError(
            [
                f"[file]: none of the columns {', '.join(used)} is in the first line of the data, which has "
                f"{len(columns)} when split at {shown(mapping.file.delimiter)}; {_where_instead(columns, rows, used)}"
            ]
        )
    return columns


def _where_instead(columns: list[str], rows: Iterator[NumberedRow], used: list[str]) -> str:
    """Where the names stand, if they are found; else what it may be."""
    for line, row in islice(rows, ROWS_SEARCHED):
        if row is not None and sum(name.strip() in used for name in row) * 2 > len(used):
            return f"the names stand in line {line}: add lines_before = {line - 1}"
    for delimiter in DELIMITERS:
        if any(name.strip().strip('"') in used for text in columns for name in text.split(delimiter)):
            return f"it has them when split at {shown(delimiter)}: correct delimiter"
    return "correct delimiter, or if that line holds no names, add columns = [...]"


class Fields:
    """Takes a row's texts to its cells in the used columns: without spaces around them, null values as empty."""

    def __init__(self, mapping: FileMapping, columns: Sequence[str], *, uneven: bool) -> None:
        _check(mapping, columns)
        self._width = len(columns)
        self._uneven = uneven
        self._nulls = mapping.file.null_values
        self._places = [columns.index(column) for column in used_columns(mapping)]

    def __call__(self, row: Sequence[str]) -> list[str]:
        """The cells.

        Raises `RowLeftOutError` when the row has not as many fields as there are columns.
        """
        if len(row) != self._width:
            row = self._evened(row)
        nulls = self._nulls
        return ["" if (text := row[place].strip()) in nulls else text for place in self._places]

    def _evened(self, row: Sequence[str]) -> Sequence[str]:
        if not self._uneven or any(map(str.strip, row[self._width :])):
            raise unreadable(Unreadable.FIELDS, expected=f"{self._width}, got {len(row)}")
        return [*row, *[""] * (self._width - len(row))]


def _check(mapping: FileMapping, columns: Sequence[str]) -> None:
    """Return when each named column is there once.

    Raises `MappingError`, with all problems, when not.
    """
    places: dict[str, list[str]] = {}
    for place, column in mapping.named_columns():
        places.setdefault(column, []).append(place)
    problems = []
    for column, named in places.items():
        if (count := columns.count(column)) == 0:
            problems.append(f"{', '.join(named)}: no column {column!r}; the file has: {', '.join(columns)}")
        elif count > 1:
            problems.append(
                f"{', '.join(named)}: {count} columns are called {column!r}; rename them in [file]: columns"
            )
    if problems:
        raise MappingError(problems)
