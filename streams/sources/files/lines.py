"""The bytes of a delimited file as rows of texts, each with the number of its first line.

Nothing of a file but one row is held in memory, and no row is longer than a bound.
"""

import csv
import io
import re
from collections.abc import Iterator
from typing import BinaryIO, Final, Self

from streams.sources.mapping import FileFormat

ROW_CHARACTERS_MAX: Final = 128 * 1024
"""Longest row, all of its lines together: as much as the csv module lets one field have. Bounds time and memory."""


NumberedRow = tuple[int, list[str] | None]
"""The number of a row's first line, from 1, and its texts; None for a row that is broken."""

_SEPARATOR: Final = re.compile(r"""\ufeff?"?sep=([^"'\w\r\n])\1*"?""", re.IGNORECASE)
"""A first line by which a spreadsheet program is told the delimiter."""


def said_separator(line: str) -> str | None:
    """The delimiter that a first line says."""
    said = _SEPARATOR.fullmatch(line.rstrip("\r\n"))
    return said[1] if said else None


class _Lines:
    """The lines of a text, of each row no more than `ROW_CHARACTERS_MAX`: a quote that nobody closes has no end."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self.number = 0
        """Of the last line that was read, from 1."""
        self._text = text
        self._left = 0
        self._again: str | None = None
        """The first line, when it was looked at already; empty when it is too long."""

    def begin_row(self) -> None:
        """Lines now belong to the next row."""
        self._left = ROW_CHARACTERS_MAX

    def separator(self) -> str | None:
        """The delimiter, if the first line says it: then that line is passed over. To be asked before all else."""
        self.begin_row()
        try:
            first = next(self)
        except StopIteration:
            return None
        except csv.Error:
            first = ""
        if (said := said_separator(first)) is not None:
            return said
        self.number, self._again = 0, first
        return None

    def skip(self, count: int) -> None:
        """Pass over so many lines, or as many as there are."""
        for _ in range(count):
            self.begin_row()
            try:
                next(self)
            except StopIteration:
                return
            except csv.Error:
                continue

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        """The next line; `csv.Error`, once all of it is passed over, when it makes the row too long."""
        if self._again is not None:
            self.number, line, self._again = 1, self._again, None
            if not line:
                raise csv.Error("row too long")
            self._left -= len(line)
            return line
        line = self._text.readline(self._left + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) <= self._left:
            self._left -= len(line)
            return line
        while line and line[-1] not in "\r\n":
            line = self._text.readline(ROW_CHARACTERS_MAX)
        raise csv.Error("row too long")


def numbered_rows(stream: BinaryIO, form: FileFormat) -> Iterator[NumberedRow]:
    """Each row with the number of its first line, without the lines above. Lines of empty fields are no rows."""
    # A byte order mark before UTF-8 is no part of the first name; a file without one reads the same.
    marked = "utf-8-sig" if form.encoding.lower() in {"utf-8", "utf8"} else form.encoding
    text = io.TextIOWrapper(stream, marked, errors="replace", newline="")
    try:
        lines = _Lines(text)
        delimiter = lines.separator() or form.delimiter
        lines.skip(form.lines_before - lines.number)
        yield from _parsed(lines, delimiter, form.quote)
    finally:
        if not stream.closed:
            text.detach()  # else the wrapper would close a stream that is not its own


def _parsed(lines: _Lines, delimiter: str, quote: str) -> Iterator[NumberedRow]:
    reader = csv.reader(
        lines,
        delimiter=delimiter,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        strict=True,
    )
    while True:
        lines.begin_row()
        line = lines.number + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield line, None
            continue
        if any(row) and any(map(str.strip, row)):
            yield line, row
