"""What a person says of a file: which of its columns are which facts."""

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
    "DurationSource",
    "EventRule",
    "FileFormat",
    "FileMapping",
    "MappingError",
    "TimeSource",
    "load_mapping",
    "parse_mapping",
    "read_mapping",
]
