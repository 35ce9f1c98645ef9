"""The mapping of JSON documents: which fields of a webhook's body, or a record of somebody's topic, are facts.

    # extends = "qminder"               # one that comes along says all that this one does not

    [document]                          # all optional
    root = "payload.after"              # where the fields stand; default the whole document
    before = "payload.before"           # the same before the change: its facts are told already
    null_values = ["0001-01-01T00:00:00Z"]   # read as empty, besides null and the empty text

    [id]
    columns = "ticket.number"           # a column is the dotted name of a field, as in JSON lines

    [cluster]
    column = "service.name"
    rename = { PAS = "Burgerzaken" }
    named_only = true                   # documents of other services are left out and counted

    [types]                             # one fact in each document, of the type that a field says
    column = "type"
    values = { "be.city.ticket.printed" = "arrived", "be.city.ticket.called" = "started" }
    at = "time"

    [[event]]                           # or besides: a fact as soon as the field of its time is there
    type = "finished"
    at = "closed_at"

[time], [id], [cluster], [[leave_out]] and [[event]] are those of files. What holds for documents besides:

- A field whose own name has dots in it is found by it: `be.city.status` is the field of that name, or `status` in
  `city` in `be`, in this order, the longest name first. Items of a list are counted from 0: `desks.0.name`.
- A document whose `root` is null or missing is left out, as that of a deleted row is.
- A document without any fact is left out and counted; it is no mistake, since facts appear one after the other.
- With `before`, facts that the row had before it changed are not told again. Telling them again would change no
  figure.
- What `values` does not name is left out and counted.

This module holds what such a mapping may say, and reads it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from pydantic import AfterValidator, Field, ValidationInfo

from streams.channels.named_events import has_plan, name_of, needs_plan, planned_contacts
from streams.settings.toml.section import Always, Expected, Section, together
from streams.sources import mapping_kinds as kinds
from streams.sources.mapping import packaged
from streams.sources.mapping.reading import FileMapping, mapping_of, read_tables, text_in, values_in
from streams.sources.mapping.tables import (
    ClusterTable,
    EventTable,
    FileFormat,
    IdTable,
    LeaveOut,
    LeaveOuts,
    OwnTime,
    Time,
    TimeTable,
)

NO_TYPE: Final = "of a type that values does not name"
"""The reason for which documents are left out that [types] is about."""


class DocumentTable(Section, frozen=True, kw_only=True):
    """Where the fields of a document stand."""

    root: kinds.Column = ""
    before: kinds.Column = ""
    """Where they stand as they were before a change; empty when documents do not tell."""
    null_values: kinds.OneOf = frozenset()


def _some_plan(planned: OwnTime | None, info: ValidationInfo) -> OwnTime | None:
    """A plan is for events that have one, and compulsory for some."""
    events = list(info.data.get("values", {}).values())
    if planned is None and (needing := next(filter(needs_plan, events), None)):
        raise together(f"missing, expected since {name_of(needing)} names the planned start")
    if planned is not None and events and not any(map(has_plan, events)):
        raise together(f"only {', '.join(planned_contacts())} are planned")
    return planned


class TypesTable(Section, frozen=True, kw_only=True):
    """One fact in each document, of the type that a field says."""

    column: kinds.Column
    values: Annotated[
        dict[str, kinds.EventType],
        Field(min_length=1),
        Expected("a table of texts, each with the type of its event", '{ printed = "arrived" }'),
    ]
    """What the field says, to the type of event."""
    at: Time
    planned_at: Annotated[Time | None, AfterValidator(_some_plan), Always()] = None

    def events(self) -> Iterator[EventTable]:
        """The same as one event for each type."""
        for event in dict.fromkeys(self.values.values()):
            texts = frozenset(text for text, each in self.values.items() if each is event)
            planned = self.planned_at if has_plan(event) else None
            yield EventTable(type=event, at=self.at, planned_at=planned, when={self.column: texts})


def _some_fact(events: tuple[EventTable, ...], info: ValidationInfo) -> tuple[EventTable, ...]:
    if not events and info.data.get("types", True) is None:
        raise together("expected a table [types], or one or more that begin with [[event]], got neither")
    return events


class DocumentFile(Section, frozen=True, kw_only=True):
    """The tables of the mapping. That of times comes before those that depend on it."""

    extends: packaged.DocumentName | None = None
    """The mapping that comes along and says all that this one does not."""
    document: DocumentTable = DocumentTable()
    time: TimeTable
    id: IdTable
    cluster: ClusterTable
    leave_out: LeaveOuts = ()
    types: TypesTable | None = None
    event: Annotated[tuple[EventTable, ...], AfterValidator(_some_fact), Always()] = ()


class DocumentMapping(msgspec.Struct, frozen=True):
    """A mapping of documents, complete and free of contradictions."""

    root: str
    """Empty where the fields stand in the document itself."""
    before: str
    """Empty where nothing tells how they were before a change."""
    fields: FileMapping
    """What they are: to the mapping a document is a row, whose columns are dotted names."""


def load_document_mapping(path: Path) -> DocumentMapping:
    """The mapping in a TOML file.

    Raises `MappingError`, with all problems, when it is wrong, and `OSError` when it cannot be read.
    """
    return read_document_mapping(values_in(text_in(path)))


def read_document_mapping(values: Mapping[str, Any]) -> DocumentMapping:
    """The mapping in tables as `tomllib` gives them.

    Raises `MappingError`, with all problems, when it is wrong.
    """
    file = read_tables(DocumentFile, packaged.extended(values, packaged.DOCUMENT_NAMES))
    events = (*(file.types.events() if file.types else ()), *file.event)
    mapping = mapping_of(file, FileFormat(null_values=file.document.null_values), events)
    if file.types and not file.event:
        mapping = msgspec.structs.replace(mapping, leave_out=(*mapping.leave_out, *_of_no_type(mapping)))
    return DocumentMapping(file.document.root, file.document.before, mapping)


def _of_no_type(mapping: FileMapping) -> Iterator[LeaveOut]:
    """What leaves out documents of other types, unless the mapping says what to make of them."""
    if not any(rule.all_else for rule in mapping.leave_out):
        yield LeaveOut(reason=NO_TYPE, all_else=True)
