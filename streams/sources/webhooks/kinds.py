"""From a table of the settings to what judges the requests of its source. Must not know HTTP or Kafka."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from streams.settings.sources import CloudEventsSource, JsonSource, QminderSource, ReceivedSource, TwilioSource
from streams.sources.documents.facts import DocumentFacts
from streams.sources.mapping import DocumentMapping, MappingError, load_document_mapping, read_document_mapping
from streams.sources.source import SourceError
from streams.sources.webhooks import bodies, signatures
from streams.sources.webhooks.bodies import Documents
from streams.sources.webhooks.hook import Hook
from streams.sources.webhooks.signatures import Check

Make = Callable[[Any, bytes], tuple[Check, Documents]]
"""The table of a source and its secret: who sent a request, and what is in it."""


def _cloud_events(table: CloudEventsSource, secret: bytes) -> tuple[Check, Documents]:
    if table.signature_header is None:
        return signatures.bearer(secret), bodies.cloud_events
    return signatures.over_body(secret, table.signature_header), bodies.signed_cloud_events


def _json(table: JsonSource, secret: bytes) -> tuple[Check, Documents]:
    header = table.signature_header
    check = signatures.bearer(secret) if header is None else signatures.over_body(secret, header)
    return check, bodies.json_documents


_KINDS: Final[Mapping[type[ReceivedSource], Make]] = {
    CloudEventsSource: _cloud_events,
    JsonSource: _json,
    QminderSource: lambda _, secret: (signatures.qminder(secret), bodies.json_documents),
    TwilioSource: lambda _, secret: (signatures.twilio(secret), bodies.form_document),
}

_EXTENDED: Final[Mapping[type[ReceivedSource], str]] = {
    QminderSource: "qminder",
    TwilioSource: "twilio-taskrouter",
}
"""The mappings that come along."""


def hook_of(name: str, table: ReceivedSource, secret: str) -> Hook:
    """What judges the requests to a source.

    Raises `SourceError`, with all that is wrong, when its mapping cannot be used.
    """
    check, documents = _KINDS[type(table)](table, secret.encode())
    return Hook(check, documents, DocumentFacts(mapping_of(name, table)))


def mapping_of(name: str, table: ReceivedSource) -> DocumentMapping:
    """The mapping of a source: its own, or the one that comes along for its kind, with the clusters of the settings.

    Raises `SourceError`, with all that is wrong, when it cannot be used.
    """
    if table.mapping is not None:
        return _loaded(name, table.mapping)
    assert isinstance(table, QminderSource | TwilioSource), "of the others the mapping is compulsory"
    return read_document_mapping({"extends": _EXTENDED[type(table)], "cluster": {"rename": table.clusters}})


def _loaded(name: str, path: Path) -> DocumentMapping:
    place = f"[source.{name}]: mapping"
    try:
        return load_document_mapping(path)
    except OSError as error:
        raise SourceError(f"{place}: {path} cannot be read ({error.strerror}); name a file that can") from None
    except MappingError as error:
        raise SourceError("\n".join(f"{place}: {path}: {problem}" for problem in error.problems)) from None
