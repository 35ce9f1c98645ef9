"""The facts in one JSON document, as a mapping says, or the reason why there are none.

Reasons are few and fixed, since they become labels; what they are about names a field of the mapping, and never what
stands in a document. Each document stands for itself. Must not know Kafka or HTTP.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from streams.contracts.decode import Event
from streams.sources.files.columns import used_columns
from streams.sources.files.json_lines import IN_NULL, NOT_THERE, found, written
from streams.sources.files.row import OTHER_CLUSTER, LeftOut, RowLeftOutError, Unreadable, unreadable
from streams.sources.files.row_events import RowEvents
from streams.sources.mapping import DocumentMapping


class NoFact(StrEnum):
    """Why a document became no fact."""

    LEFT_OUT = "left_out"
    """The mapping leaves such documents out."""
    NO_ROW = "no_row"
    """There is nothing where the fields should stand: a deleted row."""
    UNCHANGED = "unchanged"
    """All that it tells was told before the change."""
    NOT_YET = "no_fact"
    """No field of a time has come yet."""
    OTHER_CLUSTER = "other_cluster"
    """It is of a cluster that the mapping does not name."""
    NO_OBJECT = "no_object"
    NO_ID = "no_id"
    LONG_ID = "long_id"
    NO_CLUSTER = "no_cluster"
    LONG_CLUSTER = "long_cluster"
    BAD_TIME = "unreadable_time"
    BAD_DURATION = "unreadable_duration"
    NO_ZONE = "no_zone"
    SKIPPED_TIME = "skipped_time"
    NO_PLAN = "no_planned_time"
    GROUP = "group_of_fields"
    BAD_TEXT = "unreadable_text"

    @property
    def is_mistake(self) -> bool:
        """Whether the document is not as the mapping expects it; others have nothing to tell."""
        return self not in _EXPECTED


_EXPECTED: Final = frozenset({NoFact.LEFT_OUT, NoFact.NO_ROW, NoFact.UNCHANGED, NoFact.NOT_YET, NoFact.OTHER_CLUSTER})

_REASONS: Final[Mapping[str, NoFact]] = {
    Unreadable.ID: NoFact.NO_ID,
    Unreadable.ID_SHORTENED: NoFact.NO_ID,
    Unreadable.ID_LENGTH: NoFact.LONG_ID,
    Unreadable.CLUSTER: NoFact.NO_CLUSTER,
    Unreadable.CLUSTER_LENGTH: NoFact.LONG_CLUSTER,
    Unreadable.TIME: NoFact.BAD_TIME,
    Unreadable.DURATION: NoFact.BAD_DURATION,
    Unreadable.ZONE: NoFact.NO_ZONE,
    Unreadable.NONEXISTENT: NoFact.SKIPPED_TIME,
    Unreadable.PLAN: NoFact.NO_PLAN,
    Unreadable.NOTHING: NoFact.NOT_YET,
    Unreadable.GROUP: NoFact.GROUP,
    Unreadable.TEXT: NoFact.BAD_TEXT,
}
"""The reasons for which a row is unreadable, as far as a document can be."""


class Told(NamedTuple):
    """What a document tells."""

    events: Sequence[Event]
    reason: NoFact | None = None
    """Why it tells nothing."""
    column: str = ""
    """The field that this is about, as the mapping names it."""
    expected: str = ""
    """What was expected there."""

    def why(self) -> str:
        """The reason for people, without anything of the document."""
        field = f", field {self.column}" if self.column else ""
        return f"{self.reason}{field}{f', expected {self.expected}' if self.expected else ''}"


class DocumentFacts:
    """Reads documents: calling it gives what one tells."""

    def __init__(self, mapping: DocumentMapping) -> None:
        self._mapping = mapping
        self._columns = used_columns(mapping.fields)
        self._nulls = mapping.fields.file.null_values
        self._events_of = RowEvents(mapping.fields)

    def __call__(self, document: object) -> Told:
        """What it tells; never raises."""
        told = self._told(document, self._mapping.root)
        if not told.events or not self._mapping.before:
            return told
        before = self._told(document, self._mapping.before).events
        news = [event for event in told.events if event not in before]
        return Told(news) if news else Told((), NoFact.UNCHANGED)

    def _told(self, document: object, root: str) -> Told:
        fields = found(document, root) if root else document
        if root and (fields is None or fields is NOT_THERE or fields is IN_NULL):
            return Told((), NoFact.NO_ROW, root)
        if not isinstance(fields, dict):
            return Told((), NoFact.NO_OBJECT, root, "an object")
        try:
            return Told(self._events_of([self._cell(fields, column) for column in self._columns]).events)
        except RowLeftOutError as error:
            return _left_out(error.left_out)

    def _cell(self, fields: Mapping[str, Any], column: str) -> str:
        value = found(fields, column)
        if value is NOT_THERE or value is IN_NULL:
            return ""
        if isinstance(value, dict | list):
            raise unreadable(Unreadable.GROUP, column)
        text = written(value).strip()
        return "" if text in self._nulls else text


def _left_out(left_out: LeftOut) -> Told:
    if not left_out.on_purpose:
        return Told((), _REASONS[left_out.reason], left_out.column, left_out.expected)
    reason = NoFact.OTHER_CLUSTER if left_out.reason == OTHER_CLUSTER else NoFact.LEFT_OUT
    return Told((), reason, left_out.column)
