"""What becomes of one row of a file: its events, or the reason why it has none."""

from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
from typing import Final, NamedTuple

import msgspec

from streams.contracts.decode import Event
from streams.contracts.rejections import Rejection


class Unreadable(StrEnum):
    """Why a row could not be read. Rows left out on purpose have the mapping's own reasons instead."""

    ROW = "broken quoting or row too long"
    FIELDS = "other number of fields than columns"
    JSON = "no JSON object on the line, or one that is too long"
    CONTRACT = "no event of the contract"
    GROUP = "a group of fields where a text or number is expected"
    TEXT = "bytes that are no text in the file's encoding"
    ID = "no id"
    ID_SHORTENED = "id without its last digits"
    CLUSTER = "no cluster"
    ID_LENGTH = "id too long"
    CLUSTER_LENGTH = "cluster too long"
    TIME = "unreadable time"
    DURATION = "unreadable duration"
    ZONE = "local time without a zone"
    NONEXISTENT = "local time skipped when clocks went forward"
    PLAN = "request without planned time"
    NOTHING = "no event in the row"

    @property
    def remedy(self) -> str:
        """What to write in the mapping; empty where the rows themselves must be looked at."""
        return _REMEDIES.get(self, "")


_REMEDIES: Final = {
    Unreadable.FIELDS: "If rows lack only what is empty at their end, set uneven_rows = true in [file]; lines above "
    "the names or totals below: lines_before and rows_after.",
    Unreadable.TEXT: "Correct encoding in [file]; --guess tells which one it may be.",
    Unreadable.JSON: "Expected a whole record on each line: jq -c . FILE | wachtmonitor publish - ...",
    Unreadable.CONTRACT: "If the records are of another kind, say with --mapping FILE which field is what; --guess "
    "writes a draft.",
    Unreadable.GROUP: "Name a field in it with a dot between, such as Queue.Name.",
    Unreadable.ID_SHORTENED: "A spreadsheet has saved long numbers as it shows them, so that many contacts would be "
    "one: export the ids as text.",
    Unreadable.ZONE: 'Say by which clock these times are: zone = "Europe/Brussels" in [time].',
    Unreadable.NOTHING: "If such rows are no contacts, say so once: a [[leave_out]] with all_else = true.",
}

OTHER_CLUSTER: Final = "of a cluster that rename does not name"
"""The reason for which rows are left out that `named_only` is about."""

AFTER_LAST: Final = "after the last row"
"""The reason for which rows are left out that `rows_after` is about."""


class LeftOut(msgspec.Struct, frozen=True):
    """Why a row became no event; it names columns and formats, never what stands in them."""

    reason: str
    on_purpose: bool = False
    column: str = ""
    expected: str = ""
    detail: str = ""
    """What is wrong, in words, where it is neither a column nor a format."""


class RefusedEvent(NamedTuple):
    """An event that no worker with these settings would count if its record were of this moment, and why not."""

    event: Event
    rejection: Rejection
    record_ms: int


class Row(msgspec.Struct, frozen=True):
    """What became of one row: its events, or why there are none. `line` is its first line, from 1."""

    line: int
    events: list[Event]
    left_out: LeftOut | None = None
    is_ambiguous: bool = False
    """Whether a time in it comes twice, as clocks go back, and nothing tells that its first coming is not meant."""
    refused: RefusedEvent | None = None
    """The event for which the settings refuse the row."""


NumberedCells = tuple[int, list[str] | LeftOut]
"""The number of a row's first line, and its cells in the columns that the mapping names, or why it has none."""


class RowLeftOutError(Exception):
    """A row becomes no event."""

    def __init__(self, left_out: LeftOut) -> None:
        super().__init__(left_out.reason)
        self.left_out = left_out


def unreadable(reason: Unreadable, column: str = "", expected: str = "", detail: str = "") -> RowLeftOutError:
    """The error for a row that cannot be read."""
    return RowLeftOutError(LeftOut(reason, column=column, expected=expected, detail=detail))


def begun(rows: Iterator[Row]) -> Iterator[Row]:
    """The same rows, of which the first is read at once: what is wrong with a whole file is said before any row."""
    first = next(rows, None)
    return iter(()) if first is None else chain((first,), rows)
