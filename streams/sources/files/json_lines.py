"""JSON lines: a record on each line, and the cells that a mapping's dotted names find in it.

`Queue.EnqueueTimestamp` is the field of that name in the object `Queue`; `Legs.0.Start` that of the first item of a
list. A field whose own name has dots in it is found by it too.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, BinaryIO, Final

import msgspec

from streams.contracts.names import ALIKE_RATIO, most_like
from streams.settings.toml.text import shown
from streams.sources.files.columns import used_columns
from streams.sources.files.row import Unreadable, unreadable
from streams.sources.mapping import FileMapping

RECORD_BYTES_MAX: Final = 1024 * 1024
"""Longest line: records of contact centres have some kilobytes."""

PATHS_KEPT: Final = 500
"""Names of fields that are remembered, of the first records, to tell which one is meant."""

NESTING_SHOWN: Final = 6
ITEMS_SHOWN: Final = 2

_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")

NOT_THERE: Final = object()
"""In the place of a value that a record does not have."""

IN_NULL: Final = object()
"""The same where it would stand in something that is null."""


def numbered_lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Each line with its number, from 1; None for one that is too long. Blank ones and remarks (#) are left out."""
    number = 0
    while line := stream.readline(RECORD_BYTES_MAX + 1):
        number += 1
        if len(line) > RECORD_BYTES_MAX:
            while line and not line.endswith(b"\n"):
                line = stream.readline(RECORD_BYTES_MAX)
            yield number, None
        elif (record := line.removeprefix(b"\xef\xbb\xbf").strip()) and not record.startswith(b"#"):
            yield number, record


def record_of(line: bytes | None) -> dict[str, Any]:
    """The object on a line.

    Raises `RowLeftOutError` when there is none.
    """
    try:
        record = None if line is None else msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise unreadable(Unreadable.JSON)
    return record


class Cells:
    """Takes a record to its cells in the used columns: without spaces around them, null values as empty."""

    def __init__(self, mapping: FileMapping) -> None:
        self._columns = used_columns(mapping)
        self._nulls = mapping.file.null_values
        self._places = list(mapping.named_columns())
        self._unmet = set(self._columns)
        self._perhaps: set[str] = set()
        """Of these a record has the group empty, so that nobody can tell whether it would hold them."""
        self._known: dict[str, None] = {}

    def __call__(self, record: Mapping[str, Any]) -> list[str]:
        """The cells.

        Raises `RowLeftOutError` when a column is a group of fields.
        """
        if self._unmet and len(self._known) < PATHS_KEPT:
            self._known.update(dict.fromkeys(name for name, _ in islice(fields(record), PATHS_KEPT)))
        return [self._cell(record, column) for column in self._columns]

    def _cell(self, record: Mapping[str, Any], column: str) -> str:
        value = found(record, column)
        if value is IN_NULL:
            self._perhaps.add(column)
            return ""
        if value is NOT_THERE:
            return ""
        self._unmet.discard(column)
        if isinstance(value, dict | list):
            raise unreadable(Unreadable.GROUP, column)
        text = written(value).strip()
        return "" if text in self._nulls else text

    def unmet(self) -> Iterator[tuple[str, bool]]:
        """What to say of columns that no record so far has, and whether one of another name is surely meant."""
        for column in self._columns:
            if column in self._unmet:
                like = most_like(column, self._known, ALIKE_RATIO)
                if like is None and column in self._perhaps:
                    continue
                places = ", ".join(place for place, named in self._places if named == column)
                meant = f"; did you mean {shown(like.name)}?" if like else ""
                yield f"No record has {shown(column)} ({places}){meant}", like is not None


def written(value: object) -> str:
    """A value of JSON as the text that a mapping speaks of."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def fields(record: Mapping[str, Any], before: str = "", depth: int = 1) -> Iterator[tuple[str, str]]:
    """The dotted names of all that is no group, with their texts, in the order of the record."""
    for name, value in record.items():
        inside = dict(zip(map(str, range(ITEMS_SHOWN)), value, strict=False)) if isinstance(value, list) else value
        if isinstance(inside, dict) and depth < NESTING_SHOWN:
            yield from fields(inside, f"{before}{name}.", depth + 1)
        else:
            yield before + name, written(inside)


def found(value: Any, path: str) -> Any:
    """The value at a dotted path; `IN_NULL` inside of null, `NOT_THERE` where there is nothing by this name."""
    if value is None:
        return IN_NULL
    if isinstance(value, list):
        name, _, rest = path.partition(".")
        inside = value[int(name)] if _INDEX.fullmatch(name) and int(name) < len(value) else NOT_THERE
        return found(inside, rest) if rest else inside
    if not isinstance(value, dict):
        return NOT_THERE
    if path in value:
        return value[path]
    end = path.find(".")
    while end >= 0:
        if path[:end] in value:
            return found(value[path[:end]], path[end + 1 :])
        end = path.find(".", end + 1)
    return NOT_THERE
