"""What watches each kind of source that the settings may name."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from streams.settings import Settings, SourceTable
from streams.settings.sources import TopicSource
from streams.sources.source import Source, SourceError
from streams.sources.topic import topic_source

Make = Callable[[str, Any, Settings], Source]
"""The name of a source, its table and all settings: what watches it."""

WATCHED: Final[Mapping[type[SourceTable], Make]] = {TopicSource: topic_source}
"""By the table of the settings that says it."""


def source_of(name: str, table: SourceTable, settings: Settings) -> Source:
    """What watches a source of the settings.

    Raises `SourceError` where nothing does: its facts come to whoever is called by it.
    """
    make = WATCHED.get(type(table))
    if make is None:
        raise SourceError(f"source {name} is not watched, but calls by itself: start `wachtmonitor receive` for it")
    return make(name, table, settings)
