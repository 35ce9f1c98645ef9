"""What a person says of a file, or of JSON documents: which of their columns or fields are which facts."""

from streams.sources.mapping.documents import DocumentMapping, load_document_mapping, read_document_mapping
from streams.sources.mapping.reading import (
    EventRule,
    FileMapping,
    MappingError,
    load_mapping,
    parse_mapping,
    read_mapping,
)
from streams.sources.mapping.tables import Conditions, DurationSource, FileFormat, TimeSource

__all__ = [
    "Conditions",
    "DocumentMapping",
    "DurationSource",
    "EventRule",
    "FileFormat",
    "FileMapping",
    "MappingError",
    "TimeSource",
    "load_document_mapping",
    "load_mapping",
    "parse_mapping",
    "read_document_mapping",
    "read_mapping",
]
