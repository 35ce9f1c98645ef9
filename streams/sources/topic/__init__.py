"""A topic of somebody else's as a source: each record is a JSON document, and a mapping says what it tells."""

from streams.sources.topic.source import topic_source

__all__ = ["topic_source"]
